"""Whose value stands: the policies of a field, case by case (MAP-1 to MAP-4)."""

from dataclasses import replace

import pytest

from crmsync.model.fields import FieldRule, Update
from crmsync.model.records import Origin, Side, Value
from crmsync.rules.merge.policies import (
    NO_CHANGE,
    FieldDecision,
    FieldState,
    may_pass,
    merge_field,
    newest_of,
)
from tests.builders import OUR_APP, a_contact, a_lead, at

H, S = Side.HUBSPOT, Side.SALESFORCE


def showing(now: Value, base: Value | type[NotImplemented] = NotImplemented) -> FieldState:
    """What a side shows; without a base the two never agreed on this field."""
    return FieldState(now, now, None if base is NotImplemented else now != base)


def verdict(
    update: Update, hubspot: FieldState, salesforce: FieldState, newest: Side = H
) -> FieldDecision:
    return merge_field(FieldRule("phone", "Phone", update), hubspot, salesforce, newest)


@pytest.mark.rule("MAP-3")
@pytest.mark.parametrize(
    ("hubspot", "salesforce", "newest", "expected"),
    [
        pytest.param(
            showing("2", "1"),
            showing("1", "1"),
            S,
            FieldDecision(H, "MAP-3"),
            id="only HubSpot changed",
        ),
        pytest.param(
            showing("1", "1"),
            showing("2", "1"),
            H,
            FieldDecision(S, "MAP-3"),
            id="only Salesforce changed",
        ),
        pytest.param(
            showing(None, "1"),
            showing("1", "1"),
            S,
            FieldDecision(H, "MAP-3"),
            id="deleted in HubSpot",
        ),
        pytest.param(
            showing("1", "1"),
            showing(None, "1"),
            H,
            FieldDecision(S, "MAP-3"),
            id="deleted in Salesforce",
        ),
        pytest.param(
            showing("2", "1"),
            showing("3", "1"),
            H,
            FieldDecision(H, "MAP-3", conflict=True),
            id="both, HubSpot later",
        ),
        pytest.param(
            showing("2", "1"),
            showing("3", "1"),
            S,
            FieldDecision(S, "MAP-3", conflict=True),
            id="both, Salesforce later",
        ),
        pytest.param(
            showing("2", "1"),
            showing("2", "1"),
            S,
            NO_CHANGE,
            id="both to the same value",
        ),
        pytest.param(
            showing("+1 55", "+1 55"),
            showing("155", "155"),
            H,
            NO_CHANGE,
            id="each in its own form, settled before",
        ),
        pytest.param(
            showing("1"),
            showing(None),
            S,
            FieldDecision(H, "MAP-3"),
            id="first meeting, blank in Salesforce",
        ),
        pytest.param(
            showing(None),
            showing("1"),
            H,
            FieldDecision(S, "MAP-3"),
            id="first meeting, blank in HubSpot",
        ),
        pytest.param(
            showing("1"),
            showing("2"),
            S,
            FieldDecision(S, "MAP-3", conflict=True),
            id="first meeting, Salesforce later",
        ),
        pytest.param(
            showing("1"),
            showing("1"),
            S,
            NO_CHANGE,
            id="first meeting, already equal",
        ),
    ],
)
def test_two_way_follows_the_most_recent_value(hubspot, salesforce, newest, expected):
    """Two-way: the most recent value wins, and a deletion on either side deletes on the other."""
    assert verdict(Update.TWO_WAY, hubspot, salesforce, newest) == expected


@pytest.mark.rule("MAP-1")
@pytest.mark.parametrize(
    ("hubspot", "salesforce", "expected"),
    [
        pytest.param(
            showing("2", "1"),
            showing("1", "1"),
            FieldDecision(S, "MAP-1"),
            id="HubSpot's edit is put back",
        ),
        pytest.param(
            showing("1", "1"),
            showing("2", "1"),
            FieldDecision(S, "MAP-1"),
            id="Salesforce's value overwrites",
        ),
        pytest.param(
            showing("1", "1"),
            showing(None, "1"),
            FieldDecision(S, "MAP-1"),
            id="its deletion deletes in HubSpot",
        ),
        pytest.param(
            showing("1", None),
            showing(None, None),
            FieldDecision(H, "MAP-1"),
            id="HubSpot fills the blank",
        ),
        pytest.param(
            showing("1"),
            showing(None),
            FieldDecision(H, "MAP-1"),
            id="HubSpot fills it on the first meeting too",
        ),
        pytest.param(
            showing("1"),
            showing("2"),
            FieldDecision(S, "MAP-1"),
            id="first meeting, both have one",
        ),
        pytest.param(
            showing("2", "1"),
            showing("3", "1"),
            FieldDecision(S, "MAP-1", conflict=True),
            id="both changed",
        ),
        pytest.param(
            showing("2", "1"),
            showing(None, "1"),
            FieldDecision(H, "MAP-1", conflict=True),
            id="both changed, and Salesforce deleted it, so HubSpot fills the blank",
        ),
        pytest.param(
            replace(showing("1", "2"), undelivered=True),
            showing("2", "2"),
            FieldDecision(H, "MAP-1"),
            id="an older write of ours left Salesforce's value",
        ),
        pytest.param(
            replace(showing(None, "2"), undelivered=True),
            showing("3", "3"),
            FieldDecision(S, "MAP-1"),
            id="an older write of ours left it, and HubSpot's value was deleted",
        ),
        pytest.param(
            replace(showing("1", "2"), undelivered=True),
            showing("3", "2"),
            FieldDecision(S, "MAP-1", conflict=True),
            id="a person has set another since",
        ),
    ],
)
def test_prefer_salesforce_unless_blank(hubspot, salesforce, expected):
    """Prefer Salesforce unless blank: HubSpot's value crosses only while Salesforce has none."""
    assert verdict(Update.PREFER_SALESFORCE, hubspot, salesforce) == expected


@pytest.mark.rule("MAP-2")
@pytest.mark.parametrize(
    ("hubspot", "salesforce", "expected"),
    [
        pytest.param(
            showing("2", "1"),
            showing("1", "1"),
            FieldDecision(S, "MAP-2"),
            id="HubSpot's edit is put back",
        ),
        pytest.param(
            showing("1", None),
            showing(None, None),
            NO_CHANGE,
            id="not even into an empty field",
        ),
        pytest.param(
            showing("1"),
            showing(None),
            NO_CHANGE,
            id="nor on the first meeting",
        ),
        pytest.param(showing(None, "1"), showing(None, None), NO_CHANGE, id="two blanks"),
        pytest.param(
            showing("1", "1"),
            showing(None, "1"),
            FieldDecision(S, "MAP-2"),
            id="its deletion deletes in HubSpot",
        ),
        pytest.param(
            showing("2", "1"),
            showing(None, "1"),
            FieldDecision(S, "MAP-2", conflict=True),
            id="even what was edited meanwhile",
        ),
        pytest.param(
            showing("1", "1"),
            showing("2", "1"),
            FieldDecision(S, "MAP-2"),
            id="its value overwrites",
        ),
        pytest.param(
            showing("1"),
            showing("2"),
            FieldDecision(S, "MAP-2"),
            id="on the first meeting too",
        ),
        pytest.param(
            showing("true"),
            showing(False),
            FieldDecision(S, "MAP-2"),
            id="a box that is not ticked is a value",
        ),
    ],
)
def test_always_salesforce(hubspot, salesforce, expected):
    """Always use Salesforce: HubSpot's value never crosses, Salesforce's always overwrites, and so
    does its deletion.
    """
    assert verdict(Update.ALWAYS_SALESFORCE, hubspot, salesforce) == expected


@pytest.mark.rule("MAP-4")
@pytest.mark.parametrize("hubspot", [showing("2", "1"), showing(None, "1"), showing("1")])
@pytest.mark.parametrize(
    "salesforce",
    [showing("3", "1"), showing(None, "1"), showing("4")],
)
def test_never_lets_nothing_cross(hubspot, salesforce):
    """Don't sync: nothing crosses, not even a deletion."""
    assert verdict(Update.NEVER, hubspot, salesforce) == NO_CHANGE


@pytest.mark.rule("CH-4")
@pytest.mark.parametrize(
    ("update", "mirror"),
    [
        (Update.PREFER_HUBSPOT, Update.PREFER_SALESFORCE),
        (Update.ALWAYS_HUBSPOT, Update.ALWAYS_SALESFORCE),
    ],
)
@pytest.mark.parametrize(
    "one",
    [
        showing("1", "1"),
        showing("2", "1"),
        showing(None, "1"),
        showing("1"),
        showing(None),
    ],
)
@pytest.mark.parametrize(
    "two",
    [
        showing("1", "1"),
        showing("3", "1"),
        showing(None, "1"),
        showing("4"),
        showing(None),
    ],
)
def test_the_policies_that_favour_hubspot_mirror_those_that_favour_salesforce(
    update, mirror, one, two
):
    """With the sides swapped, the same favourite wins."""
    mirrored = verdict(mirror, two, one)
    winner = mirrored.winner.other if mirrored.winner else None
    assert verdict(update, one, two) == FieldDecision(winner, mirrored.because, mirrored.conflict)


@pytest.mark.rule("CH-4")
@pytest.mark.parametrize(
    ("hubspot", "salesforce", "expected"),
    [
        pytest.param(
            showing("1"),
            showing(None),
            FieldDecision(H, "CH-4"),
            id="HubSpot fills Salesforce",
        ),
        pytest.param(
            showing(None),
            showing("1"),
            FieldDecision(S, "CH-4"),
            id="Salesforce fills HubSpot",
        ),
        pytest.param(
            showing("2", "1"),
            showing("1", "1"),
            NO_CHANGE,
            id="an edit overwrites nothing",
        ),
        pytest.param(
            replace(showing("1", "2"), undelivered=True),
            showing("2", "2"),
            FieldDecision(H, "CH-4"),
            id="an older write of ours left Salesforce's value",
        ),
        pytest.param(
            showing("2", "2"),
            replace(showing("1", "2"), undelivered=True),
            FieldDecision(S, "CH-4"),
            id="an older write of ours left HubSpot's value",
        ),
        pytest.param(
            replace(showing("1", "2"), undelivered=True),
            showing("3", "2"),
            NO_CHANGE,
            id="a person has set another since",
        ),
        pytest.param(
            replace(showing(None, "2"), undelivered=True),
            showing("3", "3"),
            FieldDecision(S, "CH-4"),
            id="an older write of ours left it, and HubSpot's value was deleted",
        ),
    ],
)
def test_fill_blank_only_fills(hubspot, salesforce, expected):
    """Set once: a value fills a blank and overwrites nothing."""
    assert verdict(Update.FILL_BLANK, hubspot, salesforce) == expected


@pytest.mark.parametrize("update", list(Update))
def test_a_policy_that_keeps_hubspot_out_keeps_it_out_of_new_records_too(update):
    """A value that a policy never lets cross does not reach a new record either."""
    assert may_pass(FieldRule("phone", "Phone", update), H) == (
        update not in {Update.NEVER, Update.ALWAYS_SALESFORCE}
    )
    assert may_pass(FieldRule("phone", "Phone", update), S) == (
        update not in {Update.NEVER, Update.ALWAYS_HUBSPOT}
    )


@pytest.mark.rule("Q-21")
@pytest.mark.parametrize(
    ("origin", "newest"),
    [
        pytest.param(Origin(at(6), "CRM_UI"), H, id="a person, later than Salesforce"),
        pytest.param(Origin(at(5), "CRM_UI"), S, id="a person, at the same time"),
        pytest.param(Origin(at(4), "CRM_UI"), S, id="a person, earlier"),
        pytest.param(Origin(at(6), OUR_APP), S, id="we ourselves, later"),
        pytest.param(None, H, id="unknown, so the time of the record counts"),
    ],
)
def test_the_newest_value_is_the_later_one_and_never_our_own(origin, newest):
    """The time of the HubSpot property is compared with that of the Salesforce record; a value that
    we wrote to HubSpot is no edit.
    """
    origins = {"phone": origin} if origin else {}
    contact = replace(a_contact(modified=9), origins=origins)
    assert newest_of("phone", contact, a_lead(modified=5), OUR_APP) == newest
