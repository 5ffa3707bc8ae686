"""The key of the links is changed in the middle of edits: nothing is written twice, none is lost,
and nothing is taken for an edit.
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


def in_step() -> tuple[MemoryWorld, Ref, Ref]:
    """A contact and its lead that agreed under the first key; the second one is in use since."""
    world = MemoryWorld()
    ada = world.new_contact(phone="0100", jobtitle="Engineer")
    world.sync(ada)
    world.drain()
    world.wait()
    world.fingerprinter = NEXT_FINGERPRINTER
    return world, ada, world.counterpart(ada)


def written(world: MemoryWorld, act: Callable[[], object]) -> tuple[int, int]:
    """How often the CRMs, and the link table, were written meanwhile."""
    before = world.writes(), world.links.writes
    act()
    links = world.links.writes - before[1]
    return world.writes() - before[0] - links, links


def keys(world: MemoryWorld) -> list[int]:
    """The numbers of the links' keys."""
    return [link.key for link in world.links.all]


def test_what_shows_nothing_new_costs_nothing() -> None:
    """Echoes are known under the earlier key; neither the other side is read nor the link saved."""
    world, ada, lead = in_step()

    assert written(world, lambda: world.sync(ada, lead)) == (0, 0)
    assert keys(world) == [1]


def test_an_edit_crosses_and_takes_the_new_key_along() -> None:
    """One write, one save, as ever; afterwards the link is sealed with the key in use, and the echo
    of the write is quiet.
    """
    world, ada, lead = in_step()
    world.hubspot.edit(ada, {"phone": "0200"})

    assert written(world, lambda: world.sync(ada)) == (1, 1)
    assert (world.salesforce.fields(lead)["Phone"], keys(world)) == ("0200", [2])
    assert written(world, lambda: world.sync(ada, lead)) == (0, 0)


def test_edits_of_both_sides_survive() -> None:
    """Each side has changed another field before the key was changed."""
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


def test_a_look_seals_anew_and_writes_to_no_crm() -> None:
    """As the command that has every link looked at brings about: one save, and no more at the next
    look.
    """
    world, ada, _ = in_step()

    assert written(world, lambda: world.sync(ada, cause=Cause.AGAIN)) == (0, 1)
    assert written(world, lambda: world.sync(ada, cause=Cause.AGAIN)) == (0, 0)
    assert keys(world) == [2]


@pytest.mark.rule("INC-7")
def test_an_edit_that_must_wait_keeps_its_key() -> None:
    """A frozen pair shows what was never agreed on: its link stays under the earlier key, and the
    edit crosses once it may.
    """
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

    assert written(world, lambda: world.sync(ada, cause=Cause.AGAIN)) == (0, 0)
    assert keys(world) == [1]

    world.lists.add_to_list("77", ada)
    world.salesforce.edit(lead, {"Title": "Director"})
    world.sync(ada, cause=Cause.AGAIN)
    assert (world.salesforce.fields(lead)["Phone"], world.hubspot.fields(ada)["jobtitle"]) == (
        "0200",
        "Director",
    )
    assert keys(world) == [2]


def test_without_the_earlier_key_two_records_meet_as_for_the_first_time() -> None:
    """Blanks are filled, of two values the more recent one wins; nothing is blanked."""
    world, ada, lead = in_step()
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


def test_every_kind_of_link_is_sealed_anew() -> None:
    """A company with its account, a contact in it, a converted lead, and a deal with its
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
    assert written(world, lambda: world.sync(*everyone, cause=Cause.AGAIN)) == (0, len(everyone))
    assert set(keys(world)) == {3}


class InStepWhileKeysChange(InStep):
    """People create, edit, delete and convert while the key is changed again and again, and earlier
    keys go once no pair needs them.
    """

    moved = merged = killed_before_the_link_is_saved = None  # type: ignore[assignment]

    @rule()
    @precondition(lambda self: self.world.fingerprinter.number < 6)
    def key_is_changed(self) -> None:
        """The operator has a new key made."""
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
    def earlier_keys_go(self) -> None:
        """The operator has the links looked at, and takes those keys away that none needs any
        more.
        """
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


def test_a_name_that_stands_for_a_text_stays_while_the_first_key_is_there() -> None:
    """So a task that stands for several e-mail events is known again after the key was changed."""
    names = [
        one.alias("ada@example.com") for one in (FINGERPRINTER, NEXT_FINGERPRINTER, NEXT_BUT_ONE)
    ]

    assert names == [names[0]] * 3
    assert ONLY_NEXT.alias("ada@example.com") != names[0]


def test_a_key_that_is_gone_seals_like_no_other() -> None:
    """What was sealed with it is equal to nothing."""
    gone = ONLY_NEXT.of(1)

    assert (gone.number, ONLY_NEXT.knows(1), NEXT_FINGERPRINTER.knows(1)) == (1, False, True)
    assert len({one.fingerprint("phone", "0100") for one in (gone, FINGERPRINTER, ONLY_NEXT)}) == 3
