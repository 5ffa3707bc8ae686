"""HubSpot's options and Salesforce's picklist values find each other."""

from __future__ import annotations

import pytest

from crmsync.model.records import Side
from crmsync.rules.fields.choices import alone, missing_stages, moves_back, pair_choices
from tests.rules.settings.test_schemas import LABELS, STAGES, options


@pytest.mark.rule("MAP-7")
@pytest.mark.parametrize(
    ("hubspot", "salesforce", "pairs"),
    [
        (("red",), ("red",), (("red", "red"),)),
        (("red",), ("Red",), (("red", "Red"),)),
        (("dark_blue=Dark Blue",), ("dark blue",), (("dark_blue", "dark blue"),)),
        (("dark_blue=Dark Blue",), ("DB=Dark blue",), (("dark_blue", "DB"),)),
        (("1=2", "2=1"), ("1=1", "2=2"), (("1", "1"), ("2", "2"))),
        (("x=Red", "red=Rouge"), ("Red",), (("red", "Red"),)),
        (("x=Red", "y=red"), ("Red",), (("x", "Red"),)),
        (("red", "RED"), ("RED", "red"), (("red", "red"), ("RED", "RED"))),
        (("red",), ("Green",), ()),
        ((), ("Green",), ()),
    ],
)
def test_a_choice_finds_its_counterpart(
    hubspot: tuple[str, ...], salesforce: tuple[str, ...], pairs: tuple[tuple[str, str], ...]
) -> None:
    """By value, else by label, without regard to case; the better likeness goes first, and nobody
    is taken twice.
    """
    assert pair_choices(options(*hubspot), options(*salesforce), restricted=True) == pairs


def test_a_picklist_that_takes_anything_takes_an_option_as_it_is() -> None:
    """Only a restricted picklist leaves an option without a counterpart."""
    mine, theirs = options("red=Red", "teal=Teal"), options("Red", "Green")

    assert pair_choices(mine, theirs, restricted=False) == (("red", "Red"), ("teal", "teal"))
    pairs = pair_choices(mine, theirs, restricted=True)
    assert (pairs, alone(mine, theirs, pairs)) == (
        (("red", "Red"),),
        {Side.HUBSPOT: ("Teal",), Side.SALESFORCE: ("Green",)},
    )


@pytest.mark.rule("MAP-16")
def test_a_lifecycle_picklist_has_every_label() -> None:
    """The picklist's values are the labels; a label that is missing is named."""
    assert missing_stages(options(*STAGES), options(*LABELS, "Fan")) == ()
    assert missing_stages(options(*STAGES), options(*LABELS[1:], "subscribers")) == ("Subscriber",)


@pytest.mark.rule("PLT-5")
@pytest.mark.parametrize(
    ("shown", "coming", "back"),
    [
        ("customer", "lead", True),
        ("lead", "customer", False),
        ("lead", "lead", False),
        ("", "lead", False),
        ("customer", "", False),
        ("hero", "lead", False),
    ],
)
def test_a_lifecycle_stage_moves_only_forward(shown: str, coming: str, back: bool) -> None:  # noqa: FBT001 - a table's column
    """HubSpot ignores a stage that comes before the one it shows; clearing it is always
    possible.
    """
    stages = tuple((value, label) for value, _, label in (stage.partition("=") for stage in STAGES))

    assert moves_back("lifecyclestage", stages, shown, coming) == back
    assert not moves_back("hs_lead_status", stages, shown, coming)
