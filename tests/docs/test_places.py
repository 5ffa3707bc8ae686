"""What the pages point at is there: files, headings, make targets."""

from __future__ import annotations

import re
from pathlib import Path
from posixpath import normpath

import pytest

from tests.docs.pages import ROOT, Page, page, pages
from tests.house.tree import tracked

PAGES = pages()
PACKAGE = ROOT / "layers" / "shared" / "crmsync"
FOLDERS = {
    path.relative_to(home).parts[0]
    for home in (ROOT, PACKAGE)
    for path in (ROOT / name for name in tracked())
    if path.is_relative_to(home)
    and len(path.relative_to(home).parts) > 1
    and path.relative_to(home).parts[0][0] != "."
}
"""The folders at the top of the repository and of the package, without those that a build leaves
there.
"""
FILES = {
    path.name
    for name in ("functions", "layers", "local", "simulators", "tests")
    for path in (ROOT / name).rglob("*.py")
}
IN_CODE = re.compile(
    r"(?:^|(?<=[\s='\"]))(?:" + "|".join(sorted(FOLDERS)) + r")/[\w./-]+", re.MULTILINE
)
PATH = re.compile(r"\.?[\w-]+(?:[/.][\w.-]+)*/?")
MAKE = re.compile(r"\bmake ([a-z]+)\b")
TARGETS = set(
    re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
)


def broken_links(one: Page) -> list[str]:
    """The links of a page into this repository that lead nowhere."""
    return [
        link
        for link in one.links
        if not link.startswith("https://") and not leads_somewhere(one, link)
    ]


def leads_somewhere(one: Page, link: str) -> bool:
    """Whether the file of a link is there, and the heading in it."""
    name, _, anchor = link.partition("#")
    target = normpath((one.path.parent / name).as_posix()) if name else str(one.path)
    if not (ROOT / target).exists():
        return False
    return not anchor or anchor in (page(target) if name else one).anchors


def missing_paths(one: Page) -> list[str]:
    """The paths that a page names, in running text or in code, and that are not there."""
    spans = [span for span in one.spans if PATH.fullmatch(span) and is_path(span)]
    named = [*spans, *(path for code in one.blocks() for path in IN_CODE.findall(code))]
    return [name for name in named if name not in FILES and not stands(name)]


def stands(name: str) -> bool:
    """Whether the file or folder is there, seen from the repository or from the package."""
    return any((home / name).exists() for home in (ROOT, PACKAGE))


def is_path(span: str) -> bool:
    """Whether a span means a file: it begins with a folder of ours, or has a suffix of our files
    and nothing before it.
    """
    first, slash, _ = span.partition("/")
    return first in FOLDERS if slash else Path(span).suffix in {".py", ".yaml"}


def missing_targets(one: Page) -> list[str]:
    """The make targets that a page names and the Makefile does not have."""
    return [
        target
        for code in [*one.spans, *one.blocks()]
        for target in MAKE.findall(code)
        if target not in TARGETS
    ]


@pytest.mark.parametrize("one", PAGES, ids=lambda one: str(one.path))
def test_links_lead_somewhere(one: Page) -> None:
    """Every link inside the repository leads to a file, and to a heading in it where it names
    one.
    """
    assert broken_links(one) == []


@pytest.mark.parametrize("one", PAGES, ids=lambda one: str(one.path))
def test_paths_are_there(one: Page) -> None:
    """Every file and folder that is named is there."""
    assert missing_paths(one) == []


@pytest.mark.parametrize("one", PAGES, ids=lambda one: str(one.path))
def test_targets_are_there(one: Page) -> None:
    """Every make target that is named is in the Makefile."""
    assert missing_targets(one) == []


def test_the_main_pages_are_checked() -> None:
    """The laws above look at the pages that people begin with, and there is something in them to
    look at.
    """
    beginnings = {
        "README.md",
        "CONTRIBUTING.md",
        "CHANGELOG.md",
        "docs/architecture.md",
        "docs/settings.md",
    }
    assert beginnings <= {str(one.path) for one in PAGES}
    assert page("README.md").commands() == ["make demo", "make test"]


def test_what_is_not_there_is_seen() -> None:
    """A dead link, a dead anchor, a path and a target that do not exist are found, in text and in
    code.
    """
    text = (
        '# One head, two\n<a id="three"></a>\n[a](gone.md) [b](#one-head-two) [b](#three) [c](#other) '
        "[d](../README.md#licence) [e](../README.md#x)\n"
        "`rules/merge/policies.py` `rules/none.py` `errors.py` `none.py` `crmsync/acme/hubspot` `local/none` `make test`\n"
        "```console\n$ make none EVENT=events/none.json\n```\n"
    )
    one = Page(Path("docs/local.md"), text)
    assert broken_links(one) == ["gone.md", "#other", "../README.md#x"]
    assert missing_paths(one) == ["rules/none.py", "none.py", "local/none", "events/none.json"]
    assert missing_targets(one) == ["none"]
