"""What is kept of a plan, what of it is put back, and what is left; what becomes of it afterwards
is a story of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from crmsync.model.effects import SaveLink, UpdateRecord
from crmsync.model.facts import Facts
from crmsync.model.fields import FieldRule, FieldType
from crmsync.model.fingerprints import REVISION_BYTES, tag, tags
from crmsync.model.links import EarlierWrites, Intent, LinkState
from crmsync.model.operations.overwritten import Overwrite, OverwrittenPair
from crmsync.model.plan import Plan
from crmsync.model.records import Record, Ref, Side, Value
from crmsync.rules.merge.baseline import rebased, view
from crmsync.rules.merge.intents import withdraw_lost
from crmsync.rules.merge.lost_writes import UNKNOWN_OWNER
from crmsync.rules.merge.person_accounts import through_account
from crmsync.rules.merge.ruleset import Ruleset
from crmsync.rules.pair.overwriting import overwritten
from crmsync.rules.pair.undo import (
    Restoration,
    SkipReason,
    WriteHistory,
    restoration,
    with_writes,
    with_writes_of_another,
)
from tests.builders import (
    ACCOUNT_ID,
    OUR_USER,
    a_change,
    a_contact,
    a_lead,
    a_link,
    a_ruleset,
    a_salesforce_contact,
)

RULESET = a_ruleset()
REVISION = RULESET.revision_field(Side.SALESFORCE)
STAGES = FieldRule(
    "lifecyclestage",
    "Stage__c",
    form=FieldType.CHOICE,
    choices=(("lead", "Lead"), ("opportunity", "Opportunity"), ("customer", "Customer")),
)


def a_write(
    field: tuple[str, str], old: Value, new: Value, side: Side = Side.SALESFORCE
) -> Overwrite:
    """One field that was overwritten."""
    return Overwrite(side, *field, old, new)


def the_pair(*fields: Overwrite) -> OverwrittenPair:
    """The values of Ada that were overwritten."""
    return OverwrittenPair(a_contact().ref, a_lead().ref, fields)


PHONE, NAME = ("phone", "Phone"), ("lastname", "LastName")
OWNER = ("hubspot_owner_id", "OwnerId")


def facts(
    hubspot: Mapping[str, Value],
    salesforce: Mapping[str, Value],
    ruleset: Ruleset = RULESET,
    **lead: Any,
) -> Facts:
    """A pair that agreed on what both sides show."""
    contact, other = a_contact(hubspot), a_lead(salesforce, **lead)
    return Facts(
        a_change(contact.ref),
        a_link(contact, other, ruleset, wrote=("Phone", "Title")),
        contact,
        other,
    )


def judged(one: Facts, *writes: Overwrite, ruleset: Ruleset = RULESET) -> Restoration:
    """What is restored after these writes."""
    return restoration(with_writes({}, the_pair(*writes)), one, ruleset)


def reasons(found: Restoration) -> list[SkipReason]:
    """Why mappings are not restored."""
    return [why for _, why in found.left]


def test_a_restored_value_is_not_taken_for_that_of_an_earlier_write_that_comes_late() -> None:
    """A first write was lost, and the second one of the same field arrived: both replaced the value
    that the undo restores, and a late write would leave it.
    """
    one = facts({"phone": "0200"}, {"Phone": "0200", REVISION: "0b" * REVISION_BYTES}, by=OUR_USER)
    key = RULESET.mappings["Lead"].salesforce_forms["Phone"].key
    empty = RULESET.fingerprinter.fingerprint(key, None)
    other = RULESET.fingerprinter.fingerprint(key, "0100")
    intent = Intent(
        b"\x0b" * REVISION_BYTES,
        {tag(key): frozenset({empty, other})},
        earlier=EarlierWrites(frozenset({b"\x0a" * REVISION_BYTES}), frozenset({tag(key)})),
    )
    assert one.link is not None
    one = replace(one, link=one.link.announcing(Side.SALESFORCE, intent))

    found = judged(one, a_write(PHONE, "", "0200"))

    assert found.fields[Side.SALESFORCE] == {"Phone": ""}
    assert found.link is not None
    assert found.link.salesforce_intent == replace(intent, replaces={tag(key): frozenset({other})})
    assert one.hubspot is not None
    after = a_lead({"Phone": "", REVISION: "0b" * REVISION_BYTES}, by=OUR_USER)
    assert withdraw_lost(found.link, one.hubspot, after, RULESET) == found.link


def test_a_restored_owner_is_not_taken_for_one_that_a_write_of_ours_left() -> None:
    """A write of the owner was lost, and a person had entered the very same one: after the undo the
    record was last edited by us and still shows an earlier revision.
    """
    shown = {"OwnerId": "005B", REVISION: "0a" * REVISION_BYTES}
    one = facts({"hubspot_owner_id": "2"}, shown)
    intent = Intent(
        b"\x0b" * REVISION_BYTES,
        {tag("OwnerId"): frozenset({RULESET.fingerprinter.fingerprint("OwnerId", "005A")})},
    )
    assert one.link is not None
    link = replace(one.link, hubspot_owner="2", salesforce_owner="005B")
    one = replace(one, link=link.announcing(Side.SALESFORCE, intent))

    found = judged(one, a_write(OWNER, "005A", "005B"))

    assert found.fields[Side.SALESFORCE] == {"OwnerId": "005A"}
    assert found.link is not None
    assert found.link.owners == ("2", UNKNOWN_OWNER)
    assert one.hubspot is not None
    after = a_lead({**shown, "OwnerId": "005A"}, by=OUR_USER)
    assert withdraw_lost(found.link, one.hubspot, after, RULESET) == found.link


def test_an_owner_restored_in_hubspot_counts_as_an_edit_of_its_side() -> None:
    """The link says so before the write, as it does of a field."""
    one = facts({"hubspot_owner_id": "2"}, {"OwnerId": "005B"})
    assert one.link is not None
    owners = {"hubspot_owner": "2", "salesforce_owner": "005B", "overtaken_owner": "005C"}
    one = replace(one, link=replace(one.link, **owners))

    found = judged(one, a_write(OWNER, "1", "2", Side.HUBSPOT))

    assert found.fields[Side.HUBSPOT] == {"hubspot_owner_id": "1"}
    assert found.link is not None
    assert found.link.owners == (UNKNOWN_OWNER, "005B")
    assert found.link.overtaken_owner == ""


def test_the_oldest_write_and_the_last_one_on_its_side_count() -> None:
    """The writes to both sides count together, including a value that crossed back."""
    there = the_pair(a_write(PHONE, "0100", "0200"), a_write(NAME, "Lang", "HACKED"))
    again = the_pair(a_write(PHONE, "0200", ""))
    back = the_pair(a_write(PHONE, "", "0100", Side.HUBSPOT))

    histories = with_writes(with_writes(with_writes({}, there), again), back)

    lead = a_lead().ref
    assert histories == {
        (*PHONE, lead): WriteHistory(a_write(PHONE, "0100", "0200"), lead, "", ("0100",)),
        (*NAME, lead): WriteHistory(a_write(NAME, "Lang", "HACKED"), lead, "HACKED"),
    }


def test_a_record_that_takes_the_place_of_another_has_a_history_of_its_own() -> None:
    """A lead is converted between two writes to it and to its contact. HubSpot's record stays the
    same, so its history goes on; and what crosses from the contact begins none.
    """
    title = ("jobtitle", "Title")
    contact, lead, became = a_contact().ref, a_lead().ref, a_salesforce_contact().ref
    before = the_pair(
        a_write(PHONE, "0100", "0200"),
        a_write(NAME, "Lang", "HACKED", Side.HUBSPOT),
        a_write(title, "Judge", "HACKED"),
    )
    after = (
        a_write(PHONE, "0200", "0300"),
        a_write(NAME, "HACKED", "Lang-Berg", Side.HUBSPOT),
        a_write(title, "HACKED", "Judge", Side.HUBSPOT),
    )

    histories = with_writes(with_writes({}, before), OverwrittenPair(contact, became, after))

    name = a_write(NAME, "Lang", "HACKED", Side.HUBSPOT)
    judge = a_write(title, "Judge", "HACKED")
    assert histories == {
        (*PHONE, lead): WriteHistory(a_write(PHONE, "0100", "0200"), lead, "0200"),
        (*NAME, contact): WriteHistory(name, contact, "Lang-Berg"),
        (*title, lead): WriteHistory(judge, lead, "HACKED", ("Judge",)),
        (*PHONE, became): WriteHistory(a_write(PHONE, "0200", "0300"), became, "0300"),
    }


@pytest.mark.parametrize("row", [PHONE, ("hubspot_owner_id", "OwnerId")])
def test_a_value_of_a_converted_lead_is_not_put_into_its_contact(row: tuple[str, str]) -> None:
    """The contact shows what was written to the lead; what it overwrote itself is restored."""
    contact, other = a_contact({"phone": "0200"}), a_salesforce_contact({row[1]: "0200"})
    link = a_link(contact, other, RULESET)
    one = Facts(a_change(contact.ref), link, contact, other)
    old = a_write(row, "0100", "0200")
    own = a_write(("city", "MailingCity"), "Graz", other.fields.get("MailingCity"))
    histories = with_writes({}, the_pair(old))
    histories = with_writes(histories, OverwrittenPair(contact.ref, other.ref, (own,)))

    found = restoration(histories, one, RULESET)

    assert found.left == ((WriteHistory(old, a_lead().ref, "0200"), SkipReason.GONE),)
    assert found.fields == {Side.SALESFORCE: {"MailingCity": "Graz"}, Side.HUBSPOT: {}}


def test_a_write_to_its_side_begins_the_crossed_values_anew() -> None:
    """An edit before our last write to the side is none made since."""
    first = the_pair(a_write(PHONE, "0100", "0200"))
    back = the_pair(a_write(PHONE, "0200", "0300", Side.HUBSPOT))
    again = the_pair(a_write(PHONE, "0300", "0400"))

    histories = with_writes(with_writes(with_writes({}, first), back), again)

    lead = a_lead().ref
    assert histories == {(*PHONE, lead): WriteHistory(a_write(PHONE, "0100", "0200"), lead, "0400")}


@pytest.mark.parametrize(
    ("crossed", "why"),
    [
        ((), None),
        (("0200",), None),
        (("0200", "+1 555 0200"), SkipReason.EDITED),
        (("0100", "0200"), SkipReason.EDITED),
    ],
)
def test_an_edit_that_repeats_what_we_wrote_stays(
    crossed: tuple[str, ...], why: SkipReason | None
) -> None:
    """An earlier undo put the value back, it crossed, and then a person made the change once more."""
    writes = [a_write(PHONE, "0100", "0200")]
    writes += [a_write(PHONE, "", value, Side.HUBSPOT) for value in crossed]

    found = judged(facts({"phone": "0200"}, {"Phone": "0200"}), *writes)

    assert [reason for _, reason in found.left] == ([why] if why else [])


def test_an_owner_that_was_given_again_stays() -> None:
    """Two different owners that crossed since our last write show that a person chose again."""
    one = facts({}, {"OwnerId": "005B"})
    writes = [a_write(OWNER, "005A", "005B")]
    writes += [a_write(OWNER, "9", new, Side.HUBSPOT) for new in ("1", "2")]

    assert [reason for _, reason in judged(one, *writes).left] == [SkipReason.EDITED]


@pytest.mark.parametrize(
    ("row", "others", "why"),
    [
        (PHONE, ("0300",), SkipReason.EDITED),
        (PHONE, (None,), SkipReason.EDITED),
        (PHONE, ("0300", "0200"), None),
        (PHONE, ("0200",), None),
        (OWNER, ("005C",), SkipReason.EDITED),
        (OWNER, ("005C", "0200"), None),
    ],
)
def test_what_another_connection_has_written_since_shows_an_edit(
    row: tuple[str, str], others: tuple[Value, ...], why: SkipReason | None
) -> None:
    """If the field shows what we wrote and not what the other one wrote last, a person set it back."""
    shown = {"OwnerId": "0200"} if row == OWNER else {"Phone": "0200"}
    histories = with_writes({}, the_pair(a_write(row, "0100", "0200")))
    for value in others:
        histories = with_writes_of_another(
            histories,
            OverwrittenPair(
                Ref(Side.HUBSPOT, "contact", "7"), a_lead().ref, (a_write(row, "", value),)
            ),
        )

    found = restoration(histories, facts({"phone": "0200"}, shown), RULESET)

    assert [reason for _, reason in found.left] == ([why] if why else [])


def test_writes_of_another_connection_count_for_one_field_until_we_write_it_again() -> None:
    """Writes to another record or to HubSpot, or before our own last write, say nothing."""
    contact, lead = Ref(Side.HUBSPOT, "contact", "7"), a_lead().ref
    histories = with_writes({}, the_pair(a_write(PHONE, "0100", "0200")))

    for pair in (
        OverwrittenPair(contact, a_salesforce_contact().ref, (a_write(PHONE, "", "0300"),)),
        OverwrittenPair(contact, lead, (a_write(NAME, "", "Lang"),)),
        OverwrittenPair(contact, lead, (a_write(PHONE, "", "0300", Side.HUBSPOT),)),
    ):
        assert with_writes_of_another(histories, pair) == histories
    over = with_writes_of_another(
        histories, OverwrittenPair(contact, lead, (a_write(PHONE, "0200", "0300"),))
    )

    assert [one.by_others for one in over.values()] == [("0300",)]
    again = with_writes(over, the_pair(a_write(PHONE, "0300", "0400")))
    first = WriteHistory(a_write(PHONE, "0100", "0200"), lead, "0400")
    assert again == {(*PHONE, lead): first}


def test_a_restored_value_counts_as_an_edit_of_its_side() -> None:
    """The link says so before the write, so that the integration user's own write is no echo."""
    one = facts({"phone": "0200"}, {"Phone": "0200"}, by=OUR_USER)

    found = judged(one, a_write(PHONE, "0100", "0200"))

    assert (found.fields, found.left, found.crosses) == (
        {Side.SALESFORCE: {"Phone": "0100"}, Side.HUBSPOT: {}},
        (),
        True,
    )
    assert found.link is not None
    after = a_lead({"Phone": "0100"}, by=OUR_USER)
    seen = view(
        after,
        RULESET.mappings["Lead"].salesforce_forms,
        found.link,
        RULESET.fingerprinter,
        OUR_USER,
    )
    assert [
        name for name, with_fingerprints in seen.states.items() if with_fingerprints.changed
    ] == ["Phone"]
    assert (seen.normalised, found.link.wrote) == (frozenset(), frozenset())
    assert one.link is not None
    assert (
        replace(found.link, salesforce_base=one.link.salesforce_base, wrote=one.link.wrote)
        == one.link
    )


def test_a_value_restored_in_hubspot_keeps_what_we_wrote_to_salesforce() -> None:
    """Only a write to Salesforce makes us its last editor."""
    one = facts({"phone": "0200"}, {"Phone": "0200"})

    found = judged(one, a_write(PHONE, "0100", "0200", Side.HUBSPOT))

    assert found.fields == {Side.HUBSPOT: {"phone": "0100"}, Side.SALESFORCE: {}}
    assert found.link is not None
    assert found.link.wrote == tags(("Phone", "Title"))


@pytest.mark.parametrize(
    ("revision", "edits"), [("0b" * REVISION_BYTES, ["0100"]), ("", ["0100", "0200"])]
)
def test_what_an_undo_leaves_in_a_field_that_was_left_different_is_no_edit(
    revision: str, edits: list[str]
) -> None:
    """If the write is refused, the value that should have gone does not replace the other side's,
    unless only a mark tells the restored value from what a late write of ours leaves.
    """
    one = facts({"phone": "0300"}, {"Phone": "0200", REVISION: revision}, by=OUR_USER)
    assert one.link is not None
    forms = RULESET.mappings["Lead"].salesforce_forms
    base = rebased(
        one.link.salesforce_base, forms, {"Phone": "0200"}, RULESET.fingerprinter, ["Phone"]
    )
    link = replace(one.link, salesforce_base=base).announcing(
        Side.SALESFORCE, Intent(b"\x0b" * REVISION_BYTES)
    )

    found = judged(replace(one, link=link), a_write(PHONE, "0100", "0200"))

    assert found.fields[Side.SALESFORCE] == {"Phone": "0100"}
    shown = {value: a_lead({"Phone": value}, by=OUR_USER) for value in ("0100", "0200")}
    assert edits == [
        value
        for value, lead in shown.items()
        if view(lead, forms, found.link, RULESET.fingerprinter, OUR_USER).has_news_of("Phone")
    ]


@pytest.mark.parametrize(
    ("side", "field"), [(Side.SALESFORCE, "Stage__c"), (Side.HUBSPOT, "lifecyclestage")]
)
def test_a_lifecycle_stage_is_not_moved_back(side: Side, field: str) -> None:
    """HubSpot would ignore it, on its own side and after it has crossed (PLT-5); a later stage is
    allowed.
    """
    ruleset = a_ruleset(field=(STAGES,))
    row = ("lifecyclestage", "Stage__c")
    values = {
        Side.SALESFORCE: ("Lead", "Opportunity", "Customer"),
        Side.HUBSPOT: ("lead", "opportunity", "customer"),
    }
    first, now, last = values[side]
    one = facts({"lifecyclestage": "opportunity"}, {"Stage__c": "Opportunity"}, ruleset)

    assert reasons(judged(one, a_write(row, first, now, side), ruleset=ruleset)) == [
        SkipReason.STAGE
    ]
    assert judged(one, a_write(row, last, now, side), ruleset=ruleset).fields[side] == {field: last}


def test_fields_that_are_no_longer_mapped_are_not_restored() -> None:
    """A field of another object, or one that was removed from the settings, would not sync."""
    one = facts({}, {"Colour__c": "red"})
    assert reasons(judged(one, a_write(("colour", "Colour__c"), "blue", "red"))) == [
        SkipReason.UNMAPPED
    ]


def test_a_pair_that_has_ended_is_not_restored() -> None:
    """A tombstone, no link at all, a record that is gone or has been replaced."""
    one = facts({"phone": "0200"}, {"Phone": "0200"})
    assert one.link is not None
    contact = Ref(Side.SALESFORCE, "Contact", "003000000000001AAA")
    cases = {
        SkipReason.UNLINKED: (
            replace(one, link=None),
            replace(one, link=replace(one.link, state=LinkState.TOMBSTONE)),
        ),
        SkipReason.GONE: (
            replace(one, salesforce=None),
            replace(one, hubspot=None),
            replace(one, salesforce=a_salesforce_contact(record_id=contact.id)),
        ),
    }
    for why, several in cases.items():
        assert [judged(case, a_write(PHONE, "0100", "0200")) for case in several] == [
            Restoration(
                left=((WriteHistory(a_write(PHONE, "0100", "0200"), a_lead().ref, "0200"), why),)
            )
        ] * len(several)


def test_unsynced_values_of_salesforce_come_first() -> None:
    """An edit in another field, and a value that Salesforce normalised after our write: our next
    write would lose both.
    """
    write = a_write(PHONE, "0100", "0200")
    base = facts({"phone": "0200"}, {"Phone": "0200"})
    for by in ("005000000000009AAA", OUR_USER):
        one = replace(base, salesforce=a_lead({"Phone": "0200", "Title": "Countess"}, by=by))
        assert reasons(judged(one, write)) == [SkipReason.MOVING]
        assert reasons(judged(one, a_write(PHONE, "0100", "0200", Side.HUBSPOT))) == []


def plan_of(
    contact: Record, other: Record, *effects: UpdateRecord, ruleset: Ruleset = RULESET
) -> Plan:
    """A plan of the two."""
    return Plan((SaveLink(a_link(contact, other, ruleset)), *effects))


def test_the_overwritten_values_of_mapped_fields_and_owners_are_kept() -> None:
    """The values of both sides as they were read; not those of an opt-out, an account, our own
    fields, another record or a best-effort write.
    """
    contact, lead = (
        a_contact({"phone": "0200", "city": None}),
        a_lead({"Phone": "0100", "OwnerId": "005A"}),
    )
    ours = {
        "Crmsync_Revision_555001__c": "0123456789",
        "HasOptedOutOfEmail": True,
        "AccountId": "001",
    }
    plan = plan_of(
        contact,
        lead,
        UpdateRecord(lead.ref, Side.SALESFORCE, {"Phone": "0200", "OwnerId": "005B", **ours}),
        UpdateRecord(contact.ref, Side.HUBSPOT, {"city": "Graz", "crmsync_owner_name": "Ann"}),
        UpdateRecord(contact.ref, Side.HUBSPOT, {"phone": "0300"}, best_effort=True),
        UpdateRecord(replace(contact.ref, id="99"), Side.HUBSPOT, {"phone": "0300"}),
    )
    kept = (
        a_write(PHONE, "0100", "0200"),
        a_write(("hubspot_owner_id", "OwnerId"), "005A", "005B"),
        a_write(("city", "City"), None, "Graz", Side.HUBSPOT),
    )
    both = Facts(a_change(contact.ref), None, contact, None, candidates=(lead,))

    assert overwritten(both, plan, RULESET) == OverwrittenPair(contact.ref, lead.ref, kept)
    assert overwritten(both, plan, RULESET, {contact.ref}) == OverwrittenPair(
        contact.ref, lead.ref, kept[:2]
    )
    assert overwritten(both, Plan(plan.effects[1:]), RULESET) is None
    assert overwritten(both, Plan(plan.effects[:1]), RULESET) is None


def test_the_contact_of_a_person_account_is_kept_under_its_own_names() -> None:
    """It is written through its account, and read like any contact (PA-3)."""
    ruleset = a_ruleset(person_accounts=True)
    shown = {"IsPersonAccount": True, "AccountId": ACCOUNT_ID, "Phone": "0100", "Title": "Judge"}
    contact, hidden = a_contact({"phone": "0200"}), a_salesforce_contact(shown)
    update = UpdateRecord(hidden.ref, Side.SALESFORCE, {"Phone": "0200", "Title": "Countess"})
    plan = plan_of(contact, hidden, through_account(update, hidden), ruleset=ruleset)

    kept = (a_write(("jobtitle", "Title"), "Judge", "Countess"), a_write(PHONE, "0100", "0200"))
    found = overwritten(Facts(a_change(contact.ref), None, contact, hidden), plan, ruleset)
    assert found == OverwrittenPair(contact.ref, hidden.ref, kept)
