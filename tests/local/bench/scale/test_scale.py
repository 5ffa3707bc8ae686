"""The axes of the scale bench measure real work, at sizes small enough for a test."""

from __future__ import annotations

import pytest

from local.bench.contacts import CONTACTS_ONLY, WORLD, Contacts
from local.bench.scale import by_connections, by_contacts, by_fields
from local.bench.scale.__main__ import AXES, main
from local.bench.scale.by_connections import stack_of
from local.bench.scale.growth import Axis
from local.stack import Stack
from local.stack.operator import ROOT
from tests.stack_clock import pass_near_sweep

_LASTS = 300
"""Seconds: far longer than a test with twenty connections lasts on a busy machine. The stack's clock
goes on meanwhile.
"""


def column(axis: Axis, at: int) -> dict[str, float]:
    """The figures at one size."""
    return {one.name: one.values[at] for one in axis.series}


def test_an_unknown_axis_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is measured; the message has the name."""
    with pytest.raises(SystemExit):
        main(["records"])
    assert "nothing is called records" in capsys.readouterr().err


def test_the_page_has_a_place_for_each_axis() -> None:
    """docs/scale.md has the marks of every axis and a table between them."""
    page = (ROOT / "docs/scale.md").read_text()
    for axis in AXES:
        table = page.partition(f"<!-- {axis}: begin -->")[2].partition(f"<!-- {axis}: end -->")[0]
        assert f"| {axis.capitalize()} |" in table


@pytest.mark.long
def test_contacts_that_do_not_change_cost_nothing() -> None:
    """Ten times as many links, half of them copies: a change takes as many calls and units."""
    axis = by_contacts.measure((20, 200), made=100, changed=20)
    few, many = column(axis, 0), column(axis, 1)
    for name in ("Edits in HubSpot", "Edits in Salesforce", "Writes of an update"):
        assert many[name] == few[name] > 0


@pytest.mark.long
def test_copied_links_are_links() -> None:
    """The table grows by an item for each side of every copy."""
    with Stack(CONTACTS_ONLY, WORLD) as stack:
        Contacts(stack, 2)
        by_contacts.copy_links(stack, 10)
        items = stack.cloud.aws.client("dynamodb").scan(TableName="crmsync-links")["Items"]
    assert len(items) == 2 * (2 + 10)


@pytest.mark.long
def test_fields_beyond_a_unit_cost_another_one() -> None:
    """A link of 120 fields has more than two units; the calls stay the same."""
    axis = by_fields.measure((10, 120), contacts=10)
    few, many = column(axis, 0), column(axis, 1)
    assert many["Edits in HubSpot"] == few["Edits in HubSpot"] > 0
    assert few["Writes of an update"] < 2_000 < many["Writes of an update"]


@pytest.mark.long
def test_every_connection_stays_signed_in() -> None:
    """With twenty connections an idle minute without a sweep takes a call for each poll, others
    only where another schedule of HubSpot falls into it, and no sign-in.
    """
    with stack_of(20) as (stack, orgs):
        moves = (1 + by_connections.IDLE_MINUTES) * by_connections.MINUTE
        pass_near_sweep(stack, _LASTS + moves)
        idle = by_connections.idle(stack, orgs)
    assert idle["Idle sign-ins"] == 0
    assert 20 <= idle["Idle calls"] <= 40


@pytest.mark.long
def test_edits_of_several_connections_cross() -> None:
    """Both connections' edits reach their own orgs, and count."""
    with stack_of(2) as (stack, orgs):
        assert by_connections.edited(stack, orgs, 3)["Edits in HubSpot"] == pytest.approx(1_000)
