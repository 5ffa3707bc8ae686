"""Planted breaches: each law can fail, and then says what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.house.rules import laws
from tests.house.rules.catalogue import Concern, ids
from tests.house.rules.index import (
    Entry,
    Shown,
    Stray,
    entries_in,
    marked_tests,
    modules_in,
    shown_in,
)
from tests.house.rules.page import pages

FLOWERS = Concern("Flowers", "1.0.0", ids("ROSE 1-3"), ids("Q 1"))
BIRDS = Concern("Birds", None, ids("OWL 1-2 4-6"), ())
MODULES = {"ROSE-1": ["rules/rose.py"], "ROSE-2": ["model/rose.py", "rules/rose.py"]}
GOOD = '''
@pytest.mark.rule("ROSE-1")
def test_roses_are_red():
    """Roses are `a|b` red [all] of <them>
    in May.

    More is said here.
    """
'''
ROSE_PAGE = """\
<!-- Written by `make rules` from the tests and the code. Do not edit. -->

# ROSE

## ROSE-1

[Specification](../../docs/specification/flowers.md#rose-1). Named in [rules/rose](../../layers/shared/crmsync/rules/rose.py).

- Roses are `a|b` red \\[all] of \\<them> in May. ([test_roses](../../tests/test_roses.py "test_roses_are_red"))
"""
INDEX = """\
- Flowers (binding from release 1.0.0 on): [ROSE](rose.md)

## Not in this release

- Flowers: ROSE-2, ROSE-3
- Birds: OWL-1, OWL-2, OWL-4 to OWL-6
"""


def a_test(
    name: str = "test_roses", *shows: str, path: str = "tests/test_roses.py", sentence: str = "Red."
) -> Shown:
    """Return a marked test with one sentence."""
    return Shown(path, 1, name, frozenset(shows), sentence)


def test_a_missing_test_is_seen() -> None:
    """Every required id without a test is reported; a test that never runs does not count."""
    skipped, _ = shown_in(
        "tests/test_a.py",
        '@pytest.mark.rule("ROSE-2")\n@pytest.mark.skip(reason="rain")\ndef test_a(): ...',
    )
    assert laws.untested(FLOWERS.binding, [a_test("test_roses", "ROSE-1"), *skipped]) == [
        'ROSE-2: no test is marked with pytest.mark.rule("ROSE-2")',
        'ROSE-3: no test is marked with pytest.mark.rule("ROSE-3")',
    ]
    assert laws.untested((), []) == []


def test_an_unknown_id_is_seen() -> None:
    """An id that no concern has, or that states no behaviour, is reported with its test."""
    assert laws.unknown(
        [FLOWERS, BIRDS], [a_test("test_roses", "ROSE-1", "Q-1", "OWL-4", "ROSE-9", "INC-3")]
    ) == [
        "tests/test_roses.py: test_roses names INC-3, which states no behaviour",
        "tests/test_roses.py: test_roses names ROSE-9, not in tests/house/rules/catalogue.py",
    ]


def test_a_silent_test_is_seen() -> None:
    """A marked test without a docstring is reported; tests without a mark need none here."""
    shown, _ = shown_in(
        "tests/test_a.py", '@pytest.mark.rule("ROSE-1")\ndef test_a(): ...\n\ndef test_b(): ...\n'
    )
    assert laws.silent(shown) == ["tests/test_a.py: test_a has no docstring that says the rule"]


def test_a_rule_without_code_is_seen() -> None:
    """An id that no module names is reported."""
    assert laws.unnamed(FLOWERS.binding, MODULES) == [
        "ROSE-3: named nowhere in layers/shared/crmsync"
    ]


def test_a_rule_that_is_not_specified_is_seen() -> None:
    """Ids without an entry, entries without an id, repeated entries and wrong anchors are reported,
    and nothing else.
    """
    page = "docs/specification/flowers.md"
    good = [Entry(id_, page, id_.lower()) for id_ in ("ROSE-1", "ROSE-2")]
    assert laws.unspecified(("ROSE-1", "ROSE-2"), good) == []
    assert laws.unspecified(
        ("ROSE-1", "ROSE-2", "ROSE-3"), [*good, good[0], Entry("OWL-1", page, "owl")]
    ) == [
        "ROSE-3: has no entry in docs/specification",
        "OWL-1: specified, but not in tests/house/rules/catalogue.py",
        "ROSE-1: specified 2 times",
        "docs/specification/flowers.md: OWL-1 has the anchor owl",
    ]


def test_entries_are_read(tmp_path: Path) -> None:
    """An entry is an anchor followed by the id, on the specification's page or one below it; other
    pages have none.
    """
    for name, text in {
        "docs/specification.md": '| <a id="rose-1"></a>ROSE-1 | Red. |\n[ROSE-2](#rose-2), <a id="other"></a>none\n',
        "docs/specification/birds.md": '| <a id="owl"></a>OWL-1 | Wise. |\n',
        "docs/vendors.md": '| <a id="owl-2"></a>OWL-2 | Wise. |\n',
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert entries_in(tmp_path) == [
        Entry("ROSE-1", "docs/specification.md", "rose-1"),
        Entry("OWL-1", "docs/specification/birds.md", "owl"),
    ]


@pytest.mark.parametrize(
    "source",
    [
        '@pytest.mark.rule("ROSE-1")\ndef a_rose(): ...',
        '@pytest.mark.rule("ROSE-" + "1")\ndef test_a(): ...',
        '@pytest.mark.rule("ROSE-1", "ROSE-2")\ndef test_a(): ...',
        "@pytest.mark.rule()\ndef test_a(): ...",
        'RED = pytest.mark.rule("ROSE-1")\n@RED\ndef test_a(): ...',
        'TestRoses = pytest.mark.rule("ROSE-1")(Machine.TestCase)',
        '@mark.rule("ROSE-1")\nclass Roses:\n    red = True',
    ],
)
def test_a_mark_that_cannot_be_read_is_seen(source: str) -> None:
    """A mark that is not on a test, or whose id is not one plain string, is reported with
    its line.
    """
    assert shown_in("tests/test_a.py", source) == ([], [Stray("tests/test_a.py", 1)])
    assert laws.stray([Stray("tests/test_a.py", 1)]) == [
        "tests/test_a.py:1: a mark that is on no test, or whose id is not written out"
    ]


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        (
            '@pytest.mark.rule("R-1")\n@pytest.mark.rule("R-2")\ndef test_a(): ...',
            {"test_a": {"R-1", "R-2"}},
        ),
        (
            '@pytest.mark.parametrize("x", [pytest.param(1, marks=pytest.mark.rule("R-1")), 2])\ndef test_a(x): ...',
            {"test_a": {"R-1"}},
        ),
        (
            'pytestmark = [pytest.mark.slow, pytest.mark.rule("R-1")]\ndef test_a(): ...\ndef b(): ...',
            {"test_a": {"R-1"}},
        ),
        (
            '@pytest.mark.rule("R-1")\nclass TestA:\n @pytest.mark.rule("R-2")\n def test_b(self): ...\n def test_c(self): ...',
            {"TestA.test_b": {"R-1", "R-2"}, "TestA.test_c": {"R-1"}},
        ),
        ("def test_a(): ...", {}),
    ],
)
def test_where_a_mark_may_stand(source: str, shown: dict[str, set[str]]) -> None:
    """Above a test or its class, among its parameters, or in pytestmark; a parametrised test counts
    once.
    """
    read, strays = shown_in("tests/test_a.py", source)
    assert ({it.name: set(it.ids) for it in read}, strays) == (shown, [])


def test_a_repository_is_read(tmp_path: Path) -> None:
    """All files below tests are read, by path; a module names an id by itself or within a range."""
    for name, text in {
        "tests/plans/test_b.py": GOOD,
        "tests/house/test_a.py": GOOD,
        "package/rules/a.py": '"""Kept here (ROSE-1 to ROSE-3)."""',
        "package/b.py": "# ROSE-2, not XROSE-1 or ROSE-20",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    shown, strays = marked_tests(tmp_path)
    assert ([(it.path, it.name, it.sentence) for it in shown], strays) == (
        [
            (path, "test_roses_are_red", "Roses are `a|b` red [all] of <them> in May.")
            for path in ("tests/house/test_a.py", "tests/plans/test_b.py")
        ],
        [],
    )
    assert modules_in(tmp_path / "package") == {
        "ROSE-1": ["rules/a.py"],
        "ROSE-2": ["b.py", "rules/a.py"],
        "ROSE-3": ["rules/a.py"],
        "XROSE-1": ["b.py"],
        "ROSE-20": ["b.py"],
    }


def test_what_the_pages_say() -> None:
    """A family has a page of what tests show; the index links it by concern and lists what tests do
    not show.
    """
    shown, _ = shown_in("tests/test_roses.py", GOOD)
    written = pages(
        [FLOWERS, BIRDS],
        shown,
        MODULES,
        [Entry("ROSE-1", "docs/specification/flowers.md", "rose-1")],
    )
    index = written.pop("index.md")
    assert written == {"rose.md": ROSE_PAGE}
    assert index[index.index("- Flowers") : index.index("\nNo behaviour")] == INDEX


def test_a_rule_of_several_tests_is_one_section() -> None:
    """A repeated sentence is printed once, files are linked once, and the rule's own test comes
    before the story.
    """
    shown = [
        a_test("test_story", "ROSE-2", path="tests/flows/test_a.py", sentence="A day."),
        a_test("test_b", "ROSE-2", path="tests/rules/test_b.py"),
        a_test("test_c", "ROSE-2", path="tests/rules/test_b.py"),
    ]
    text = pages([FLOWERS], shown, MODULES, [])["rose.md"]
    assert text[text.index("## ROSE-2") :] == (
        "## ROSE-2\n\nNamed in [model/rose](../../layers/shared/crmsync/model/rose.py), "
        "[rules/rose](../../layers/shared/crmsync/rules/rose.py).\n\n"
        '- Red. ([rules/test_b](../../tests/rules/test_b.py "test_b, test_c"))\n'
        '- A day. ([flows/test_a](../../tests/flows/test_a.py "test_story"))\n'
    )
