"""Every rule of the catalogue is specified; every required one has a test, and code that
names it.
"""

from __future__ import annotations

from functools import cache

import pytest

from tests.house.rules import laws
from tests.house.rules.catalogue import CONCERNS, DEMANDED, STATEMENTS, WAITED_FOR
from tests.house.rules.collected import ids_by_test, is_whole
from tests.house.rules.index import Shown, Stray, entries_in, marked_tests, modules_in
from tests.house.rules.page import PACKAGE
from tests.house.rules.shipped import SHIPPED, shipped
from tests.house.tree import ROOT

LISTED = [id_ for concern in CONCERNS for id_ in (*concern.binding, *concern.further)]


@cache
def marked() -> tuple[list[Shown], list[Stray]]:
    """Return the marked tests of this repository and its stray marks, read when a test first needs
    them.
    """
    return marked_tests(ROOT)


def shown() -> list[Shown]:
    """Return the marked tests."""
    return marked()[0]


def none_of(breaches: list[str]) -> None:
    """Fail with one line per breach, for a reader who does not know this file."""
    if breaches:
        pytest.fail("\n".join(breaches), pytrace=False)


def test_every_demanded_rule_has_a_test() -> None:
    """A rule that is binding in this release has a test that runs."""
    none_of(laws.untested(DEMANDED, shown()))


def test_every_rule_that_a_test_names_is_known() -> None:
    """A test names only ids of the catalogue."""
    none_of(laws.unknown(CONCERNS, shown()))


def test_every_marked_test_says_its_rule() -> None:
    """A marked test has a docstring, which states the rule."""
    none_of(laws.silent(shown()))


def test_every_mark_is_read() -> None:
    """Every mark is on a test and has a plain id."""
    none_of(laws.stray(marked()[1]))


def test_every_rule_is_named_in_the_code() -> None:
    """A search for an id finds the module that implements the rule."""
    tested = {id_ for it in shown() for id_ in it.ids}
    none_of(laws.unnamed((tested | DEMANDED) - WAITED_FOR, modules_in(ROOT / PACKAGE)))


def test_every_rule_is_specified() -> None:
    """Each id of the catalogue has one entry in the specification, and the specification has no
    others.
    """
    none_of(laws.unspecified((*LISTED, *STATEMENTS), entries_in(ROOT)))


def test_an_id_belongs_to_one_concern() -> None:
    """No id is in the catalogue twice, and an id that states no behaviour is not binding."""
    assert sorted(LISTED) == sorted(set(LISTED))
    assert set(STATEMENTS) & set(LISTED) == set()


def test_pytest_and_the_index_agree(request: pytest.FixtureRequest) -> None:
    """The marks that pytest collected are those that were read, and a run of all tests
    misses none.
    """
    read = {(it.path, it.name): it.ids for it in shown()}
    collected = ids_by_test(request.session.items, ROOT)
    compared = (
        read if is_whole(request.config) else {key: read[key] for key in collected if key in read}
    )
    assert collected == compared


def test_the_package_ships_the_specification_of_the_pages() -> None:
    """What `crmsync rule` shows is what docs/specification says; `make rules` writes it."""
    assert (ROOT / SHIPPED).read_text(encoding="utf-8") == shipped(ROOT)
