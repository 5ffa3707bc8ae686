"""The link key changes between edits: no write is repeated or lost, and nothing is taken for an
edit.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import settings
from hypothesis.stateful import precondition, rule

from crmsync.model.changes import Cause
from crmsync.model.fingerprints import Fingerprinter
from crmsync.model.links import Link, LinkState
from crmsync.model.records import Ref
from tests.builders import FINGERPRINTER, NEXT_FINGERPRINTER
from tests.flows.convergence.test_in_step import EXAMPLES, InStep
from tests.memory.world import MemoryWorld

ONLY_NEXT = Fingerprinter(b"another key, for what comes after it", 2)
NEXT_BUT_ONE = Fingerprinter(b"and a third one, for what comes then", 3, [ONLY_NEXT, FINGERPRINTER])


def linked() -> tuple[MemoryWorld, Ref, Ref]:
    """A contact and its lead that were synced under the first key; the second key is in use."""
    world = MemoryWorld()
    ada = world.new_contact(phone="0100", jobtitle="Engineer")
    world.sync(ada)
    world.drain()
    world.wait()
    world.fingerprinter = NEXT_FINGERPRINTER
    return world, ada, world.counterpart(ada)


def writes(world: MemoryWorld, act: Callable[[], object]) -> tuple[int, int]:
    """The number of writes to the CRMs and to the link table."""
    before = world.writes(), world.links.writes
    act()
    links = world.links.writes - before[1]
    return world.writes() - before[0] - links, links


def keys(world: MemoryWorld) -> list[int]:
    """The numbers of the links' keys."""
    return [link.key for link in world.links.all]


def test_an_echo_under_the_earlier_key_costs_nothing() -> None:
    """The echo is recognised, so that neither the other side is read nor the link saved."""
    world, ada, lead = linked()

    assert writes(world, lambda: world.sync(ada, lead)) == (0, 0)
    assert keys(world) == [1]


def test_an_edit_syncs_and_saves_its_link_with_the_new_key() -> None:
    """It takes one write and one save, and the echo of the write is recognised."""
    world, ada, lead = linked()
    world.hubspot.edit(ada, {"phone": "0200"})

    assert writes(world, lambda: world.sync(ada)) == (1, 1)
    assert (world.salesforce.fields(lead)["Phone"], keys(world)) == ("0200", [2])
    assert writes(world, lambda: world.sync(ada, lead)) == (0, 0)


def test_edits_of_both_sides_are_kept() -> None:
    """Each side changed another field before the key changed."""
    world = MemoryWorld()
    ada = world.new_contact(phone="0100", jobtitle="Engineer")
    world.sync(ada)
    world.wait()
    lead = world.counterpart(ada)
    world.hubspot.edit(ada, {"phone": "0200"})
    world.wait()
    world.salesforce.edit(lead, {"Title": "Director"})
    world.wait()
    world.fingerprinter = NEXT_FINGERPRINTER

    world.sync(ada, lead)

    contact, record = world.hubspot.fields(ada), world.salesforce.fields(lead)
    assert (
        (contact["phone"], contact["jobtitle"])
        == (record["Phone"], record["Title"])
        == ("0200", "Director")
    )
    assert keys(world) == [2]


def test_a_sync_renews_the_fingerprints_and_writes_to_no_crm() -> None:
    """A requested sync of every link saves each once, and the next one saves nothing."""
    world, ada, _ = linked()

    assert writes(world, lambda: world.sync(ada, cause=Cause.AGAIN)) == (0, 1)
    assert writes(world, lambda: world.sync(ada, cause=Cause.AGAIN)) == (0, 0)
    assert keys(world) == [2]


@pytest.mark.rule("INC-7")
def test_an_edit_that_must_wait_keeps_its_key() -> None:
    """A frozen pair keeps its earlier key, and its edit syncs once it may."""
    world = MemoryWorld(settings={"inclusion_list": "77"})
    world.lists.make("77")
    ada = world.new_contact(phone="0100")
    world.lists.add_to_list("77", ada)
    world.sync(ada)
    world.wait()
    lead = world.counterpart(ada)
    world.lists.remove_from_list("77", ada)
    world.hubspot.edit(ada, {"phone": "0200"})
    world.wait()
    world.fingerprinter = NEXT_FINGERPRINTER

    assert writes(world, lambda: world.sync(ada, cause=Cause.AGAIN)) == (0, 0)
    assert keys(world) == [1]

    world.lists.add_to_list("77", ada)
    world.salesforce.edit(lead, {"Title": "Director"})
    world.sync(ada, cause=Cause.AGAIN)
    assert (world.salesforce.fields(lead)["Phone"], world.hubspot.fields(ada)["jobtitle"]) == (
        "0200",
        "Director",
    )
    assert keys(world) == [2]


def test_without_the_earlier_key_a_pair_is_merged_as_at_its_first_sync() -> None:
    """Blanks are filled, of two values the more recent wins, and nothing is blanked."""
    world, ada, lead = linked()
    world.hubspot.edit(ada, {"phone": None})
    world.wait()
    world.salesforce.edit(lead, {"Title": "Director"})
    world.wait()
    world.fingerprinter = ONLY_NEXT

    world.sync(ada, lead)

    contact, record = world.hubspot.fields(ada), world.salesforce.fields(lead)
    assert (
        (contact["phone"], contact["jobtitle"])
        == (record["Phone"], record["Title"])
        == ("0100", "Director")
    )
    assert keys(world) == [2]


def test_every_kind_of_link_gets_the_new_key() -> None:
    """These are a company and its account, a contact in it, a converted lead, and a deal with its
    contact.
    """
    world = MemoryWorld()
    ada, ben = world.new_contact(), world.new_contact(email="ben@example.com")
    company = world.new_company(ada)
    world.sync(company)
    world.sync(ada, ben)
    world.drain()
    world.sync(world.salesforce.convert(world.counterpart(ben)))
    deal = world.new_deal(ben, company=company)
    world.sync(deal)
    world.drain()
    world.wait(30)
    world.sync(
        *(link.hubspot for link in world.links.all if isinstance(link.hubspot, Ref)),
        cause=Cause.AGAIN,
    )
    world.drain()
    world.wait(30)
    world.fingerprinter = NEXT_BUT_ONE
    everyone = [link.hubspot for link in world.links.all if isinstance(link.hubspot, Ref)]

    assert {one.object for one in everyone} == {"contact", "company", "deal"}
    assert writes(world, lambda: world.sync(*everyone, cause=Cause.AGAIN)) == (0, len(everyone))
    assert set(keys(world)) == {3}


class InStepWhileKeysChange(InStep):
    """People create, edit, delete and convert while the key changes repeatedly and unused earlier
    keys are removed.
    """

    moved = merged = killed_before_the_link_is_saved = None  # type: ignore[assignment]

    @rule()
    @precondition(lambda self: self.world.fingerprinter.number < 6)
    def key_is_changed(self) -> None:
        """The operator creates a new key."""
        number = self.world.fingerprinter.number
        earlier = [
            self.world.fingerprinter.of(one)
            for one in range(1, number + 1)
            if self.world.fingerprinter.knows(one)
        ]
        self.world.fingerprinter = Fingerprinter(
            f"the key of number {number + 1}, for tests".encode(), number + 1, earlier
        )

    @rule()
    def remove_earlier_keys(self) -> None:
        """The operator has every link synced and removes the keys that none needs."""
        self._seal_anew()
        fingerprinter = self.world.fingerprinter
        stand = [link for link in self.world.links.all if link.state is LinkState.ACTIVE]
        needed = {link.key for link in stand} - {fingerprinter.number}
        own = Fingerprinter(
            f"the key of number {fingerprinter.number}, for tests".encode(),
            fingerprinter.number,
            map(fingerprinter.of, needed),
        )
        self.world.fingerprinter = own if fingerprinter.number > 1 else fingerprinter

    def _in_step(self) -> None:
        """Sealing anew is a save of its own, so it comes before what counts the writes."""
        self._seal_anew()
        super()._in_step()

    def _seal_anew(self) -> None:
        stand = [
            one
            for one in self.world.links.all
            if one.state is LinkState.ACTIVE and self._is_older(one)
        ]
        if stand:
            self._deliver(
                [(one.hubspot, Cause.AGAIN) for one in stand if isinstance(one.hubspot, Ref)]
            )
            self._deliver([(ref, Cause.EDITED) for ref in sorted(self._everyone())])

    def _is_older(self, link: Link) -> bool:
        return link.key != self.world.fingerprinter.number


InStepWhileKeysChange.TestCase.settings = settings(
    max_examples=EXAMPLES, stateful_step_count=25, deadline=None
)
TestInStepWhileKeysChange = pytest.mark.long(InStepWhileKeysChange.TestCase)


def test_a_task_key_stays_while_the_first_key_exists() -> None:
    """A task that counts several e-mail events is recognised after the key changed."""
    names = [
        one.alias("ada@example.com") for one in (FINGERPRINTER, NEXT_FINGERPRINTER, NEXT_BUT_ONE)
    ]

    assert names == [names[0]] * 3
    assert ONLY_NEXT.alias("ada@example.com") != names[0]


def test_a_removed_key_matches_no_value() -> None:
    """A fingerprint made with it equals no value."""
    gone = ONLY_NEXT.of(1)

    assert (gone.number, ONLY_NEXT.knows(1), NEXT_FINGERPRINTER.knows(1)) == (1, False, True)
    assert len({one.fingerprint("phone", "0100") for one in (gone, FINGERPRINTER, ONLY_NEXT)}) == 3
