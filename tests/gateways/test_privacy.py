"""No personal data leaves in an error."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmsync.gateways.privacy import LONGEST, clean


@pytest.mark.parametrize(
    ("text", "values", "names", "cleaned"),
    [
        (
            "Last Name: data value too large: Lang (max length=3)",
            ["Lang"],
            [],
            "Last Name: data value too large: … (max length=3)",
        ),
        ("Contact ada@example.com exists. Existing ID: 501", [], [], "Contact … exists. Existing ID: 501"),
        ('Property "nope" does not exist, not "secret"', [], ["nope"], 'Property "nope" does not exist, not …'),
        ("No such column 'Nope__c' on Lead", [], ["Nope__c"], "No such column 'Nope__c' on Lead"),
        ("LI is not an option of list Li", ["Li"], [], "… is not an option of list …"),
        ("of 1 option in 12", [1], [], "of … option in 12"),
        ("Augusta Ada is Ada", ["Ada", "Augusta Ada"], [], "… is …"),
        ("Required fields are missing: [LastName]", [None, ""], [], "Required fields are missing: [LastName]"),
        ("x" * 400, [], [], "x" * (LONGEST - 1) + "…"),
    ],
)
def test_a_vendors_sentence_loses_what_is_personal_and_keeps_what_helps(
    text: str, values: list[object], names: list[str], cleaned: str
) -> None:
    """Values of the row, addresses and quoted strings go; field names and record ids stay."""
    assert clean(text, values=values, names=names) == cleaned


@given(
    canary=st.text(st.characters(categories=("L", "N")), min_size=4, max_size=30),
    before=st.text(max_size=30),
    after=st.text(max_size=30),
)
def test_a_value_of_the_row_is_never_in_the_cleaned_sentence(canary: str, before: str, after: str) -> None:
    """Wherever it stands and whatever stands around it."""
    assert canary not in clean(f"{before}{canary}{after}", values=[canary])
