"""Listing all records of an object behind the port."""

from __future__ import annotations

import pytest

from crmsync.model.records import Ref
from tests.contracts.stages import Stage


def walk(stage: Stage, name: str, size: int, *, with_email: bool = False) -> list[Ref]:
    """Every record of an object, page by page, as a backfill reads them."""
    found: list[Ref] = []
    after: str | None = ""
    while after is not None:
        page = stage.lister.page(name, after, size, with_email=with_email)
        assert len(page.refs) <= size
        found.extend(page.refs)
        after = page.after
    return found


@pytest.mark.parametrize("size", [1, 3, 7, 100])
def test_every_record_is_listed_once(stage: Stage, size: int) -> None:
    """With any page size no record is lost or returned twice, and the count is right."""
    before = set(walk(stage, stage.words.object, 100))
    made = [stage.add(name) for name in ("ada", "bob", "cleo", "dan", "o'brien", "eve", "finn")]
    stage.catch_up()

    seen = [ref for ref in walk(stage, stage.words.object, size) if ref not in before]

    assert sorted(seen) == sorted(made)
    assert stage.lister.count(stage.words.object) == len(before) + len(made)


def test_deleted_records_are_not_listed(stage: Stage) -> None:
    """Records in the recycle bin are left out."""
    ada, nobody = stage.add("ada"), stage.nobody()
    stage.catch_up()

    seen = walk(stage, stage.words.object, 100)

    assert ada in seen
    assert nobody not in seen


def test_records_created_and_deleted_meanwhile_do_not_shift_pages(stage: Stage) -> None:
    """A page begins after the last record of the page before, so created and deleted records do not
    shift it.
    """
    made = [stage.add(name) for name in ("ada", "bob", "cleo", "dan")]
    first = stage.lister.page(stage.words.object, "", len(walk(stage, stage.words.object, 100)) - 1)
    stage.person.delete(made[0])
    stage.add("eve")

    rest = stage.lister.page(stage.words.object, first.after, 100)

    assert set(made[-1:]) <= {*first.refs, *rest.refs}
    assert set(first.refs).isdisjoint(rest.refs)
    assert {*made[1:]} <= {*first.refs, *rest.refs}


@pytest.mark.rule("IMP-4")
def test_records_without_an_address_are_left_out_of_imports(salesforce: Stage) -> None:
    """They are neither imported nor counted."""
    ada = salesforce.add("ada")
    mute = salesforce.person.add("Lead", {"LastName": "Mute", "Company": "Example Works"})
    salesforce.made.append(mute)

    assert walk(salesforce, "Lead", 2, with_email=True) == [ada]
    assert (salesforce.lister.count("Lead", with_email=True), salesforce.lister.count("Lead")) == (
        1,
        2,
    )


def test_converted_leads_are_not_listed(salesforce: Stage) -> None:
    """The contact that such a lead became is listed instead."""
    lead = salesforce.add("ada")
    contact = salesforce.person.convert(lead)

    assert (walk(salesforce, "Lead", 10), walk(salesforce, "Contact", 10)) == ([], [contact])
    assert salesforce.lister.count("Lead") == 0


def test_the_daily_calls_are_read(salesforce: Stage) -> None:
    """The used calls of all apps, and the limit."""
    calls = salesforce.lister.calls()

    assert 0 <= calls.used < calls.allowed


def test_the_daily_calls_are_known_after_every_response(salesforce: Stage) -> None:
    """They are unknown before the first response; a later one replaces them, with its time."""
    before = salesforce.meter.known()
    salesforce.crm.read([], {})
    salesforce.crm.find([salesforce.address("ada")], {"Lead": ["Email"]})
    first = salesforce.meter.known()
    salesforce.crm.find([salesforce.address("ada")], {"Lead": ["Email"]})
    second = salesforce.meter.known()

    assert before is None
    assert 0 <= first.calls.used <= second.calls.used < second.calls.allowed
    assert first.at <= second.at
