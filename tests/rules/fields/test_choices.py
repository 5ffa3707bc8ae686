"""How HubSpot's options match Salesforce's picklist values."""

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
    """Choices match by value or else by label, without case, the better match first and each
    once.
    """
    assert pair_choices(options(*hubspot), options(*salesforce), restricted=True) == pairs


def test_an_unrestricted_picklist_takes_any_option() -> None:
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
    """HubSpot ignores an earlier stage than the one it shows, but a stage can always be cleared."""
    stages = tuple((value, label) for value, _, label in (stage.partition("=") for stage in STAGES))

    assert moves_back("lifecyclestage", stages, shown, coming) == back
    assert not moves_back("hs_lead_status", stages, shown, coming)
