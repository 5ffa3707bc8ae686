"""Every rule of the catalogue is specified; every demanded one has a test and code that names it."""

from __future__ import annotations

import pytest

from tests.house.rules import laws
from tests.house.rules.catalogue import CONCERNS, DEMANDED, STATEMENTS, WAITED_FOR
from tests.house.rules.collected import ids_by_test, is_whole
from tests.house.rules.index import entries_in, marked_tests, modules_in
from tests.house.rules.page import PACKAGE
from tests.house.tree import ROOT

SHOWN, STRAYS = marked_tests(ROOT)
MODULES = modules_in(ROOT / PACKAGE)
LISTED = [id_ for concern in CONCERNS for id_ in (*concern.binding, *concern.further)]


def none_of(breaches: list[str]) -> None:
    """Fails with one line per breach: they are read by somebody who has not read this file."""
    if breaches:
        pytest.fail("\n".join(breaches), pytrace=False)


def test_every_demanded_rule_has_a_test() -> None:
    """A rule that binds in this release has a test that runs."""
    none_of(laws.untested(DEMANDED, SHOWN))


def test_every_rule_that_a_test_names_is_known() -> None:
    """A test names no id that the catalogue does not have."""
    none_of(laws.unknown(CONCERNS, SHOWN))


def test_every_marked_test_says_its_rule() -> None:
    """A marked test has a docstring: it is the sentence of the rule."""
    none_of(laws.silent(SHOWN))


def test_every_mark_is_read() -> None:
    """No mark stands where it belongs to no test or has no plain id."""
    none_of(laws.stray(STRAYS))


def test_every_rule_is_named_in_the_code() -> None:
    """Who looks for an id finds the module that keeps the rule."""
    tested = {id_ for it in SHOWN for id_ in it.ids}
    none_of(laws.unnamed((tested | DEMANDED) - WAITED_FOR, MODULES))


def test_every_rule_is_specified() -> None:
    """Each id of the catalogue has one entry in the specification, and the specification has no
    other.
    """
    none_of(laws.unspecified((*LISTED, *STATEMENTS), entries_in(ROOT)))


def test_an_id_belongs_to_one_concern() -> None:
    """No id is in the catalogue twice, and what states no behaviour binds nowhere."""
    assert sorted(LISTED) == sorted(set(LISTED))
    assert set(STATEMENTS) & set(LISTED) == set()


def test_pytest_and_the_index_agree(request: pytest.FixtureRequest) -> None:
    """The marks that pytest collected are those that were read, and in a run of all tests none is
    missing.
    """
    read = {(it.path, it.name): it.ids for it in SHOWN}
    collected = ids_by_test(request.session.items, ROOT)
    compared = (
        read if is_whole(request.config) else {key: read[key] for key in collected if key in read}
    )
    assert collected == compared
