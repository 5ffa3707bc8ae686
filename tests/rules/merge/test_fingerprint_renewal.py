"""A link is fingerprinted anew as a whole or not at all: nothing is taken for agreed on that was
not, nothing for changed that was not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from crmsync.model.effects import SaveLink, UpdateRecord
from crmsync.model.facts import Facts
from crmsync.model.fingerprints import CHANGED, UNAGREED, UNDELIVERED, Base, Fingerprinter, tag
from crmsync.model.links import Intent, Link, LinkState
from crmsync.model.names import revision_fields
from crmsync.model.plan import Plan
from crmsync.model.records import Record, Side
from crmsync.rules.merge.fingerprint_renewal import readable, ruleset_for, with_newer_fingerprints
from crmsync.rules.merge.ruleset import Ruleset
from tests.builders import (
    FINGERPRINTER,
    NEXT_FINGERPRINTER,
    a_change,
    a_contact,
    a_lead,
    a_link,
    a_ruleset,
    at,
)

RULESET = replace(a_ruleset(), fingerprinter=NEXT_FINGERPRINTER)
OLD = a_ruleset()
CONTACT, LEAD = a_contact({"phone": "0100"}), a_lead({"Phone": "0100"})
LINK = a_link(CONTACT, LEAD, OLD)
NEW = replace(a_link(CONTACT, LEAD, RULESET), key=2)
PHONE = tag("phone")


def planned(
    plan: Plan, link: Link = LINK, ruleset: Ruleset = RULESET, contact: Record = CONTACT
) -> Plan:
    """The plan of the pair after renewal."""
    return with_newer_fingerprints(plan, Facts(a_change(contact.ref), link, contact, LEAD), ruleset)


def test_a_pair_that_shows_what_was_agreed_on_is_renewed() -> None:
    """All fingerprints are made with the newer key, and nothing else of the link changes."""
    assert planned(Plan()) == Plan((SaveLink(NEW),))


def test_values_that_the_plan_writes_are_renewed_too() -> None:
    """The edit that the plan writes is fingerprinted with the newer key in the save that it makes
    anyway.
    """
    edited = a_contact({"phone": "0200"})
    after = a_link(edited, a_lead({"Phone": "0200"}), OLD)
    write = UpdateRecord(LEAD.ref, Side.SALESFORCE, {"Phone": "0200"})

    plan = planned(Plan((SaveLink(after), write)), contact=edited)

    assert plan == Plan(
        (SaveLink(replace(a_link(edited, a_lead({"Phone": "0200"}), RULESET), key=2)), write)
    )


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(
            lambda link: replace(
                link,
                hubspot_base=link.hubspot_base.with_fingerprints(
                    {"phone": FINGERPRINTER.fingerprint("phone", "1")}
                ),
            ),
            id="edit",
        ),
        pytest.param(
            lambda link: replace(
                link, hubspot_intent=Intent(b"12345", {PHONE: frozenset({b"other"})})
            ),
            id="in flight",
        ),
        pytest.param(
            lambda link: replace(link, tying=Intent(b"", {PHONE: frozenset({b"other"})})), id="tie"
        ),
        pytest.param(lambda link: replace(link, state=LinkState.TOMBSTONE), id="buried"),
    ],
)
def test_a_link_that_cannot_be_renewed_keeps_its_key(change: Callable[[Link], Link]) -> None:
    """A value that no record shows, a write or an association in flight, a tombstone: the link is
    not saved for its key.
    """
    assert planned(Plan(), change(LINK)) == Plan()
    assert planned(Plan((SaveLink(change(LINK)),)), change(LINK)) in (
        Plan((SaveLink(change(LINK)),)),
        Plan((SaveLink(replace(NEW, state=LinkState.TOMBSTONE)),)),
    )


def test_a_write_in_flight_is_renewed_where_its_values_are_shown() -> None:
    """The record still shows the value that the write replaces."""
    intent = Intent(
        b"12345", {PHONE: frozenset({FINGERPRINTER.fingerprint("phone", "0100")})}, at()
    )
    newer = replace(
        intent, replaces={PHONE: frozenset({NEXT_FINGERPRINTER.fingerprint("phone", "0100")})}
    )

    assert planned(Plan(), replace(LINK, hubspot_intent=intent)) == Plan(
        (SaveLink(replace(NEW, hubspot_intent=newer)),)
    )


def test_a_write_that_has_arrived_is_no_longer_in_flight() -> None:
    """The values that it replaced are no longer needed; the record shows its revision."""
    shown = a_contact({"phone": "0100", revision_fields(555001)[Side.HUBSPOT]: b"12345".hex()})
    link = replace(LINK, hubspot_intent=Intent(b"12345", {PHONE: frozenset({b"other"})}, at()))

    assert planned(Plan(), link, contact=shown) == Plan(
        (SaveLink(replace(NEW, hubspot_intent=Intent(b"12345"))),)
    )


def test_entries_without_a_value_are_the_same_under_every_key() -> None:
    """A field that was never agreed on, those that have still to cross, and one in which the two
    sides were left different.
    """
    marks = {
        PHONE: UNAGREED,
        tag("email"): CHANGED,
        tag("fax"): UNDELIVERED,
        tag("firstname"): FINGERPRINTER.fingerprint_diverged("firstname", "Ada"),
    }
    newer = marks | {tag("firstname"): NEXT_FINGERPRINTER.fingerprint_diverged("firstname", "Ada")}

    plan = planned(
        Plan(), replace(LINK, hubspot_base=Base({**LINK.hubspot_base.fingerprints, **marks}))
    )

    assert plan == Plan(
        (SaveLink(replace(NEW, hubspot_base=Base({**NEW.hubspot_base.fingerprints, **newer}))),)
    )


def test_a_mapping_that_rests_keeps_the_key() -> None:
    """Its field cannot be read now, and edits made meanwhile must cross when the mapping syncs
    again.
    """
    mapping = RULESET.mappings["Lead"]
    rows = tuple(rule for rule in mapping.field_map if rule.hubspot != "phone")
    forms = mapping.hubspot_forms.only(mapping.hubspot_forms.keys() - {"phone"})
    resting = replace(mapping, field_map=rows, hubspot_forms=forms, whole=mapping)

    assert (
        planned(Plan(), ruleset=replace(RULESET, mappings={**RULESET.mappings, "Lead": resting}))
        == Plan()
    )


def test_fields_that_are_no_longer_mapped_are_dropped() -> None:
    """A mapping that is removed and added again starts afresh, whatever was agreed on before."""
    former = LINK.hubspot_base.with_fingerprints(
        {"shoe_size": FINGERPRINTER.fingerprint("shoe_size", "42")}
    )

    assert planned(Plan(), replace(LINK, hubspot_base=former)) == Plan((SaveLink(NEW),))


def test_a_link_is_read_by_its_own_key() -> None:
    """With a key that is gone, nothing is agreed on any more; a tombstone stays as it is, and
    everything in it counts as news.
    """
    alone = replace(
        RULESET, fingerprinter=Fingerprinter(b"another key, for what comes after it", 2)
    )
    tombstone = replace(LINK, state=LinkState.TOMBSTONE)

    assert (
        ruleset_for(LINK, RULESET).fingerprinter,
        ruleset_for(NEW, RULESET),
        ruleset_for(None, RULESET),
    ) == (
        FINGERPRINTER,
        RULESET,
        RULESET,
    )
    assert (readable(LINK, RULESET), readable(tombstone, alone)) == (LINK, tombstone)
    assert readable(LINK, alone) == replace(
        LINK, hubspot_base=Base(), salesforce_base=Base(), key=2
    )
