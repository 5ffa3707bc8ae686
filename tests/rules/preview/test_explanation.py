"""Why a pair is merged as it is: the lines that people read, made of what the merge decided."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crmsync.model.changes import Cause
from crmsync.model.facts import Facts
from crmsync.model.fields import FieldRule, Update
from crmsync.model.kinds.owners import Owner
from crmsync.model.links import Link
from crmsync.model.plan import Note, Plan
from crmsync.model.records import Origin, Record, Ref, Side, Value
from crmsync.rules.merge.owners import OwnerMatches
from crmsync.rules.merge.policies import FieldState
from crmsync.rules.merge.ruleset import Ruleset
from crmsync.rules.pair.plan import plan_pair
from crmsync.rules.preview.explanation import (
    ChangedSide,
    DecisionLine,
    FieldLine,
    FieldOutcome,
    Pairing,
    changed_side_of,
    lines_of,
    pairing_of,
)
from tests.builders import (
    NOON,
    a_change,
    a_contact,
    a_lead,
    a_link,
    a_ruleset,
    a_salesforce_contact,
)

GRACE = "005000000000007AAA"


def lines(
    hubspot: Record, salesforce: Record, ruleset: Ruleset, link: Link | None = None
) -> tuple[dict[str, FieldLine], dict[str, DecisionLine]]:
    """The lines of a pair that is planned as it stands, by the name of the property and by
    topic.
    """
    here = link or Link("acme", ruleset.kind, hubspot.ref, salesforce.ref)
    plan = plan_pair(hubspot, salesforce, here, ruleset, always_save=link is None)
    told, decisions = lines_of(Pairing(hubspot, salesforce, link), plan, ruleset)
    return {one.hubspot: one for one in told}, {one.topic: one for one in decisions}


@pytest.mark.parametrize(
    ("hubspot", "salesforce", "changed_side"),
    [
        (None, None, ChangedSide.NEVER_AGREED),
        (False, False, ChangedSide.NOWHERE),
        (True, False, ChangedSide.HUBSPOT),
        (False, True, ChangedSide.SALESFORCE),
        (True, True, ChangedSide.BOTH),
        (None, False, ChangedSide.HUBSPOT),
        (True, None, ChangedSide.BOTH),
    ],
)
def test_where_a_field_has_changed(
    *, hubspot: bool | None, salesforce: bool | None, changed_side: ChangedSide
) -> None:
    """Since the two agreed; a side that never agreed beside one that did has news."""
    assert (
        changed_side_of(FieldState("x", "x", hubspot), FieldState("y", "y", salesforce))
        is changed_side
    )


@pytest.mark.rule("CH-8")
def test_a_value_that_cannot_cross_and_one_that_is_cut() -> None:
    """An outcome of its own, and the rule beside it; of a text that is too long the beginning
    crosses.
    """
    told, _ = lines(a_contact({"phone": "1" * 50, "jobtitle": "x" * 200}), a_lead(), a_ruleset())
    assert (told["phone"].outcome, told["phone"].because) == (
        FieldOutcome.INCOMPATIBLE,
        ("MAP-3", "CH-8"),
    )
    shown = told["jobtitle"].outcome, told["jobtitle"].because, told["jobtitle"].is_truncated
    assert shown == (FieldOutcome.TO_SALESFORCE, ("MAP-3", "CH-8"), True)


def test_a_policy_that_lets_nothing_pass() -> None:
    """Two values, no holder, and both are left."""
    row = FieldRule("fax", "Fax", Update.FILL_BLANK)
    told, _ = lines(a_contact({"fax": "1"}), a_lead({"Fax": "2"}), a_ruleset(field=(row,)))
    assert (told["fax"].winner, told["fax"].policy, told["fax"].outcome) == (
        None,
        "fill_blank",
        FieldOutcome.LEFT,
    )


def test_values_that_stay_as_they_were_before_the_mapping() -> None:
    """The row says so, by its rule (MAP-6)."""
    contact, lead = a_contact({"nickname": "Ada"}), a_lead({"Nickname__c": "Countess"})
    link = a_link(contact, lead, a_ruleset())
    row = FieldRule("nickname", "Nickname__c", since=contact.modified_at)
    told, _ = lines(contact, lead, a_ruleset(field=(row,)), link)
    assert (told["nickname"].outcome, told["nickname"].because) == (
        FieldOutcome.STAYS_DIVERGED,
        ("MAP-6",),
    )


def owning(hubspot: str, salesforce: str) -> tuple[Record, Record, Link]:
    """A pair that agreed on having no owner, and whose owners are these now."""
    contact, lead = a_contact({"hubspot_owner_id": ""}), a_lead({"OwnerId": ""})
    link = a_link(contact, lead, a_ruleset())
    now = replace(contact, fields={**contact.fields, "hubspot_owner_id": hubspot})
    return now, replace(lead, fields={**lead.fields, "OwnerId": salesforce}), link


MATCHES = OwnerMatches(
    {"7": GRACE},
    {GRACE: "7"},
    {GRACE: Owner(GRACE, "Grace", "grace@example.com", is_active=True, kind="Standard")},
)


@pytest.mark.parametrize(
    ("hubspot", "salesforce", "text", "because"),
    [
        ("7", "", f"Salesforce gets {GRACE}", ("OWN-12",)),
        ("", GRACE, "HubSpot gets 7", ("OWN-12",)),
        ("7", GRACE, "stays as it is", ()),
        ("8", "005000000000008AAA", "HubSpot's is cleared", ("OWN-12",)),
    ],
)
def test_owners(hubspot: str, salesforce: str, text: str, because: tuple[str, ...]) -> None:
    """Who gets whom, or that nobody stands for them on the other side."""
    contact, lead, link = owning(hubspot, salesforce)
    _, decisions = lines(contact, lead, a_ruleset(owners=MATCHES), link)
    assert decisions["owner"] == DecisionLine("owner", hubspot, salesforce, text, because)


@pytest.mark.parametrize(
    ("hubspot", "salesforce", "was", "text", "rule"),
    [
        ("true", False, False, "Salesforce's box is ticked", "OPT-3"),
        (None, True, False, "is unsubscribed in HubSpot", "OPT-4"),
        (None, True, True, "Salesforce's box is cleared", "OPT-6"),
    ],
)
def test_opt_outs(*, hubspot: Value, salesforce: bool, was: bool, text: str, rule: str) -> None:
    """What becomes of the subscription, and of the box."""
    link = a_link(
        a_contact({"hs_email_optout": "true" if was else None}),
        a_lead({"HasOptedOutOfEmail": was}),
        a_ruleset(),
    )
    contact, lead = (
        a_contact({"hs_email_optout": hubspot}),
        a_lead({"HasOptedOutOfEmail": salesforce}),
    )
    contact = replace(contact, origins={"hs_email_optout": Origin(NOON, "EMAIL")})
    _, decisions = lines(contact, lead, a_ruleset(), link)
    assert decisions["e-mail opt-out"] == DecisionLine(
        "e-mail opt-out", hubspot, salesforce, text, (rule,)
    )


COMPANY, ACCOUNT = (
    Ref(Side.HUBSPOT, "company", "91"),
    Ref(Side.SALESFORCE, "Account", "001000000000001AAA"),
)


@pytest.mark.parametrize(
    ("company", "account", "knows", "text", "because"),
    [
        ("91", "", True, f"Salesforce gets account {ACCOUNT.id}", ("FLD-8", "DUP-4")),
        ("", ACCOUNT.id, True, "HubSpot gets company 91", ("FLD-8", "FLD-9")),
        ("91", "", False, f"waits for {COMPANY}", ("FLD-8",)),
        ("92", "", False, "stays until a counterpart that was deleted is there again", ("FLD-8",)),
        ("91", ACCOUNT.id, True, "stays as it is", ()),
    ],
)
def test_companies(
    *, company: str, account: str, knows: bool, text: str, because: tuple[str, ...]
) -> None:
    """Which parent follows which, or what must be there first."""
    contact, theirs = (
        a_contact({"associatedcompanyid": company}),
        a_salesforce_contact({"AccountId": account}),
    )
    pair = {COMPANY: ACCOUNT, ACCOUNT: COMPANY} if knows else {}
    ruleset = replace(a_ruleset(), parents={**pair, replace(COMPANY, id="92"): None})
    _, decisions = lines(contact, theirs, ruleset)
    assert decisions["company"] == DecisionLine("company", company, account, text, because)


def test_a_frozen_pair_shows_its_news_and_writes_nothing() -> None:
    """The plan decides, the lines only tell: what it does not write goes nowhere."""
    contact, lead = a_contact({"jobtitle": "Countess"}), a_lead({"Phone": "0100"})
    link = a_link(a_contact(), a_lead(), a_ruleset())
    frozen = Plan(notes=(Note("is outside the inclusion list", ("INC-7",)),))
    told, _ = lines_of(Pairing(contact, lead, link), frozen, a_ruleset())
    assert {one.hubspot: (one.changed_side, one.outcome) for one in told if one.winner} == {
        "jobtitle": (ChangedSide.HUBSPOT, FieldOutcome.LEFT),
        "phone": (ChangedSide.SALESFORCE, FieldOutcome.LEFT),
    }


def test_half_a_pair_has_no_lines() -> None:
    """Where a record is gone there is nothing to merge, and nothing is made."""
    contact, lead = a_contact(), a_lead()
    link = a_link(contact, lead, a_ruleset())
    facts = Facts(a_change(contact.ref, Cause.AGAIN), link, contact)
    pairing = pairing_of(facts, Plan(), a_ruleset())
    assert pairing == Pairing(contact, None, link)
    assert lines_of(pairing, Plan(), a_ruleset()) == ((), ())
