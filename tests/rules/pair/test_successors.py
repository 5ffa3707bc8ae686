"""Which pair goes on after HubSpot has merged several linked records, and what the survivor says of
them.
"""

from __future__ import annotations

import pytest

from crmsync.model.links import Link
from crmsync.model.records import Record, Ref, Side
from crmsync.rules.pair.successors import merged_from, primary_link
from tests.builders import a_contact, a_lead, a_link, a_ruleset

RULESET = a_ruleset()
ADA = {"email": "ada@example.com", "firstname": "Ada", "phone": None, "jobtitle": "Engineer"}
BEA = {"email": "bea@example.com", "firstname": "Bea", "phone": "0100", "jobtitle": "Baker"}


def a_pair(fields: dict[str, str | None], record_id: str, lead_id: str) -> Link:
    """The link of a contact that showed these fields, and a lead."""
    lead = a_lead()
    there = Record(
        Ref(Side.SALESFORCE, "Lead", lead_id), lead.fields, lead.created_at, lead.modified_at
    )
    return a_link(a_contact(fields, record_id=record_id), there, RULESET)


ONE, TWO = a_pair(ADA, "81", "00Q1"), a_pair(BEA, "93", "00Q2")
"""Ada's and Bea's links."""


def chosen(
    shown: dict[str, str | None], named: str = "", links: tuple[Link, ...] = (TWO, ONE)
) -> Link | None:
    """The link that goes on for a survivor that shows these fields and names that lead."""
    leads = {Ref(Side.SALESFORCE, "Lead", named)} if named else set()
    return primary_link(
        a_contact(shown, record_id="99"), leads, [(one, {one.salesforce}) for one in links], RULESET
    )


@pytest.mark.rule("MRG-3")
@pytest.mark.parametrize(
    ("shown", "named", "expected"),
    [
        (BEA, "00Q1", ONE),
        (ADA, "00Q2", TWO),
        (ADA | {"phone": "0100"}, "", ONE),
        (BEA, "", TWO),
        (ADA | {"phone": "0100", "jobtitle": "Pilot"}, "00Q9", ONE),
        (
            {"email": "new@example.com", "firstname": "Eve", "jobtitle": "Pilot", "phone": "7"},
            "",
            ONE,
        ),
    ],
    ids=[
        "names Ada's lead",
        "names Bea's lead",
        "shows Ada",
        "shows Bea",
        "names a third lead",
        "shows neither",
    ],
)
def test_the_primary_records_link_goes_on(shown: dict[str, str | None], named: str, expected: Link):
    """The lead that the survivor names decides; else the values that it shows, where filled blanks
    do not count; else the age of the record.
    """
    assert (chosen(shown, named), chosen(shown, named, (ONE, TWO))) == (expected, expected)


def test_without_a_link_none_goes_on():
    """None of the merged records was linked."""
    assert chosen(ADA, links=()) is None


@pytest.mark.parametrize(
    ("listed", "expected"),
    [(None, []), ("", []), ("81", ["81"]), ("81; 93;", ["81", "93"]), ("99;81", ["81"])],
)
def test_a_survivor_lists_the_records_merged_into_it(listed: str | None, expected: list[str]):
    """Its own id, which some survivors list as well, does not count."""
    survivor = a_contact({"hs_merged_object_ids": listed}, record_id="99")
    assert [ref.id for ref in merged_from(survivor)] == expected
