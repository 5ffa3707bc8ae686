"""Every citation resolves: comments, docstrings, the template and the pages cite only what is in
the repository.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from tests.docs.pages import Page
from tests.house.cited import (
    House,
    Passage,
    PythonText,
    comment_passages,
    dangling,
    page_passages,
    read_python,
    unknown_rules,
)
from tests.house.rules.index import entries_in
from tests.house.tree import ROOT, modules, text_of, tracked

TEMPLATE = Path("template.yaml")
SETTINGS = (TEMPLATE, Path("samconfig.toml"), Path("pyproject.toml"), Path(".importlinter"))
"""Files with comments that are neither Python nor pages."""

HOMES = ("", "docs", "layers/shared/crmsync", "layers/shared")
PACKAGES = ("layers/shared", "")
EVENT_SOURCES = frozenset({"crmsync.hubspot", "crmsync.salesforce"})
"""Names on the event bus, which look like modules."""

ROSES = House(
    files=frozenset(
        {"docs/garden.md", "docs/vendors.md", "docs/decisions/0007-roses.md", "rules/rose.py"}
    ),
    folders=frozenset({"docs", "rules", "decisions"}),
    homes=("", "docs"),
    anchors={"docs/garden.md": frozenset({"red-roses"}), "docs/vendors.md": frozenset({"fault-3"})},
    modules={
        "crmsync.rules.rose": "RED = 1\n\n\nclass Rose:\n    def smell(self): ...\n\n\ndef plant(): ...\n"
    },
    rules=frozenset({"ROSE-1", "ROSE-2"}),
    words=frozenset({"rose", "Rose", "smell"}),
)


@cache
def python_texts() -> dict[Path, PythonText]:
    """Every module as people read it."""
    return {path: read_python(path.as_posix(), text_of(path)) for path in modules()}


@cache
def pages() -> dict[str, str]:
    """The text of every page."""
    return {path.as_posix(): text_of(path) for path in tracked() if path.suffix == ".md"}


@cache
def house() -> House:
    """This repository."""
    return House(
        files=frozenset(path.as_posix() for path in tracked()),
        folders=frozenset(
            path.relative_to(home).parts[0]
            for path in tracked()
            for home in HOMES
            if path.is_relative_to(home) and path.relative_to(home).parent != Path()
        ),
        homes=HOMES,
        anchors={path: frozenset(Page(Path(path), text).anchors) for path, text in pages().items()},
        modules={
            ".".join(path.relative_to(home).with_suffix("").parts).removesuffix(
                ".__init__"
            ): text_of(path)
            for path in modules()
            for home in PACKAGES
            if path.is_relative_to(home)
        },
        rules=frozenset(it.id for it in entries_in(ROOT)),
        words=frozenset(read_python("template", f"'''{text_of(TEMPLATE)}'''").words).union(
            *(it.words for it in python_texts().values())
        ),
    )


def all_passages() -> list[Passage]:
    """What people read in the repository: comments, docstrings, the template and the like, the
    pages.
    """
    read = [it for text in python_texts().values() for it in text.passages]
    read += [it for path, text in pages().items() for it in page_passages(path, text)]
    read += [it for path in SETTINGS for it in comment_passages(path.as_posix(), text_of(path))]
    return read


def cited(text: str, path: str = "rules/rose.py") -> list[str]:
    """The dangling citations of one passage in a small house."""
    return dangling(ROSES, Passage(path, 1, text))


def test_every_citation_resolves() -> None:
    """Nothing cites a page, heading, file, module, name, decision, fault or rule that is not there."""
    breaches = [
        f"{it.path}:{it.line}: {name}"
        for it in all_passages()
        for name in dangling(house(), it)
        if name not in EVENT_SOURCES
    ]
    if breaches:
        pytest.fail("These lead nowhere:\n" + "\n".join(breaches), pytrace=False)


def test_the_code_names_no_unknown_rule() -> None:
    """The ids that the package gives as reasons are in the specification."""
    package = {path: text_of(path) for path in modules() if path.parts[0] == "layers"}
    assert {
        str(path): named
        for path, text in package.items()
        if (named := unknown_rules(house(), text))
    } == {}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Facts: platforms.md and docs/meadow.md.", ["platforms.md", "docs/meadow.md"]),
        ("See docs/garden.md#white-roses.", ["docs/garden.md#white-roses"]),
        ("Decided in `rules/tulip.py`.", ["rules/tulip.py"]),
        (
            "That is ``crmsync.rules.tulip``, and ``crmsync.rules.rose.Tulip``.",
            ["crmsync.rules.tulip", "crmsync.rules.rose.Tulip"],
        ),
        ("Read by `tulip` and `Rose.bloom`, not `Rose`.", ["tulip", "Rose.bloom"]),
        ("As decided (decisions 7 and 8).", ["decision 8"]),
        ("Survives faults 3, 4.", ["fault 4"]),
        ("Facts: platforms, section 1.2.", ["platforms, section 1.2"]),
        ("A limit (platforms 2.2; architecture 4.7).", ["platforms 2.2", "architecture 4.7"]),
        (
            "The interface of architecture.md, section 6.",
            ["architecture.md", "architecture.md, section 6"],
        ),
        ("Kept here (ROSE-1 to ROSE-3, LILY-4).", ["LILY-4", "ROSE-3"]),
    ],
)
def test_what_leads_nowhere_is_seen(text: str, found: list[str]) -> None:
    """Pages, headings, files, modules, names, decisions, faults, numbered sections and rules that
    are not there are reported.
    """
    assert cited(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "See docs/garden.md#red-roses, garden.md and `rules/rose.py`.",
        "`crmsync.rules.rose`, `crmsync.rules.rose.Rose.smell`, ``crmsync.rules.rose.RED``, ``crmsync.rules``.",
        "`Rose`, and a vendor's ``tulip``.",
        "Decision 7, decision 0007, fault 3, ROSE-1 to ROSE-2.",
        "UTF-8 and SHA-256; the bucket EU-WEST-1; see https://example.com/docs/meadow.md#top.",
        "Any `<name>.md` and *.py, the rules, the sections; somebody's ``src/app/app.json``.",
    ],
)
def test_what_leads_somewhere_is_no_breach(text: str) -> None:
    """What is there may be cited in every form; standards, patterns and other people's files and
    names are no citations.
    """
    assert cited(text) == []


def test_a_page_names_what_it_likes() -> None:
    """Between the backticks of a page stand a vendor's names as well; what its links lead to is
    seen from its own folder.
    """
    text = "`tulip`: see [decision 7](../decisions/0007-roses.md) and [the garden](../garden.md#white)."
    assert cited(text, "docs/other/a.md") == ["../garden.md#white"]


def test_what_is_read_in_a_module() -> None:
    """Docstrings and comments with their line breaks joined; of other strings, and of names, the
    words.
    """
    source = '"""Law.\n\nSee platforms\n1.2."""\n\nRED = "docs/none.md"  # as\n"""The colour."""\n\n# one\n# two\n'
    assert read_python("rules/a.py", source) == PythonText(
        passages=(
            Passage("rules/a.py", 1, "Law. See platforms 1.2."),
            Passage("rules/a.py", 6, "as"),
            Passage("rules/a.py", 7, "The colour."),
            Passage("rules/a.py", 9, "one two"),
        ),
        words=frozenset({"rules", "a", "RED", "docs", "none", "md"}),
    )


def test_what_is_read_in_a_page() -> None:
    """Paragraphs and items with the line that they begin in, without code blocks."""
    text = "# Head\n\nOne\ntwo.\n- Four\n  five.\n\n```text\ndocs/none.md\n```\n\nThree.\n"
    assert page_passages("a.md", text) == [
        Passage("a.md", 1, "# Head"),
        Passage("a.md", 3, "One two."),
        Passage("a.md", 5, "- Four five."),
        Passage("a.md", 12, "Three."),
    ]


def test_what_is_read_in_the_template() -> None:
    """Comments and texts, the hash signs taken away."""
    assert comment_passages(
        "t.yaml", "# As decision\n# 36 says\nA: 1\n\n  Description: >\n    See\n"
    ) == [
        Passage("t.yaml", 1, "As decision 36 says A: 1"),
        Passage("t.yaml", 5, "Description: > See"),
    ]
