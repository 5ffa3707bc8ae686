"""The documentation site: where links lead on it, what its pages may not fetch, and that they read
there as in the repository.
"""

from __future__ import annotations

import re

import pytest

from docs.site import OUTSIDE, fetched, with_links_of_the_site
from tests.docs.pages import ROOT, Page, pages

SITE = {
    "index.md",
    "deploy.md",
    "changelog.md",
    "decisions/README.md",
    "decisions/0001-state-driven-plans.md",
}
SHOWN = [one for one in pages() if one.path.parts[0] == "docs" or str(one.path) in OUTSIDE]
_FENCE = re.compile(r" *```")
_ITEM = re.compile(r" *(?:[-*]|\d+\.) ")


def on_the_site(markdown: str, uri: str = "deploy.md", repository: str = "") -> str:
    """A line of a page as the site has it."""
    return with_links_of_the_site(markdown, uri, SITE, repository)


def shown_otherwise(text: str) -> list[str]:
    """The lines that GitHub and Python-Markdown understand differently.

    They begin a block inside an item of a list, or an item in an item, and are not indented by
    four; or they begin a list or a table right after text.
    """
    found = []
    in_code, before = False, ""
    for line in text.splitlines():
        is_fence = bool(_FENCE.match(line))
        if (is_fence or not in_code) and line.strip():
            indent = len(line) - len(line.lstrip(" "))
            begins = (is_fence and not in_code) or not before.strip()
            after_text = bool(before.strip()) and before[0] != " " and not _ITEM.match(before)
            if (
                ((begins or _ITEM.match(line)) and indent % 4)
                or (_ITEM.match(line) and after_text)
                or (
                    line.lstrip().startswith("|")
                    and before.strip()
                    and not before.lstrip().startswith("|")
                )
            ):
                found.append(line)
        in_code ^= is_fence
        before = "" if is_fence and not in_code else line
    return found


@pytest.mark.parametrize("one", SHOWN, ids=lambda one: str(one.path))
def test_pages_read_alike(one: Page) -> None:
    """No page has a list, table or block that the site shows otherwise than the repository."""
    assert shown_otherwise(one.text) == []


def test_what_reads_otherwise_is_seen() -> None:
    """Blocks and items by two or three, and lists and tables without a line before them; code is
    not looked into.
    """
    text = (
        "Text:\n- item\n\n- item\n  goes on\n\n  more of it\n\n    ```\n  code\n    ```\n\n1. one\n   - two\n\nText:\n| a |\n"
        "|---|\n| b |\n\n   ```\n   code\n   ```\n"
    )
    assert shown_otherwise(text) == ["- item", "  more of it", "   - two", "| a |", "   ```"]


def test_links_to_pages_lead_to_the_site() -> None:
    """A page, a page outside docs/, the index of a folder and the front page are found from
    wherever a link stands, with anchors.
    """
    assert on_the_site("[a](decisions/) [b](../CHANGELOG.md#x) [c](../README.md) [d](#e)") == (
        "[a](decisions/README.md) [b](changelog.md#x) [c](index.md) [d](#e)"
    )
    assert on_the_site("[a](docs/deploy.md#1-x) [b](docs/decisions)", "changelog.md") == (
        "[a](deploy.md#1-x) [b](decisions/README.md)"
    )
    assert on_the_site(
        "[a](../deploy.md) [b](0001-state-driven-plans.md)", "decisions/README.md"
    ) == ("[a](../deploy.md) [b](0001-state-driven-plans.md)")


def test_links_to_sources_lead_to_the_repository() -> None:
    """Any other file is in the repository, or plain text where nobody says where that is, and a
    path then looks like one; other hosts, code and dead links stay.
    """
    line = '[`a`](../template.yaml "t") [b](https://example.com/) `[c](d)` [e](deploy.md "f")'
    others = '[b](https://example.com/) `[c](d)` [e](deploy.md "f")'
    assert on_the_site(line) == f"`a` {others}"
    assert on_the_site(line, repository="https://example.com/crmsync/") == (
        f'[`a`](https://example.com/crmsync/blob/HEAD/template.yaml "t") {others}'
    )
    assert on_the_site("[local/x.py](../template.yaml) [see a.b](../LICENSE)") == (
        "`local/x.py` see a.b"
    )
    assert on_the_site("[a](gone.md)") == "[a](gone.md)"
    assert on_the_site("```\n[a](b.md)\n```\n") == "```\n[a](b.md)\n```\n"


def test_what_a_page_fetches_is_seen() -> None:
    """Scripts, styles and pictures of other hosts are found; those of the site and links for people
    are let be.
    """
    html = (
        '<script src="https://cdn.example.com/a.js"></script><link rel=stylesheet href=//example.com/a.css>'
        '<img src="a.png"><script src="assets/a.js"></script><a href="https://example.com/">x</a>'
    )
    assert fetched(html) == [
        '<script src="https://cdn.example.com/a.js',
        "<link rel=stylesheet href=//example.com/a.css",
    ]


def test_every_page_is_in_the_navigation() -> None:
    """Each page is in the navigation, but for the single decisions, which their index has."""
    navigation = re.findall(
        r"- [\w, -]+: ([\w/-]+\.md)$",
        (ROOT / "mkdocs.yml").read_text(encoding="utf-8"),
        re.MULTILINE,
    )
    docs = ROOT / "docs"
    written = {
        path.relative_to(docs).as_posix()
        for path in (*docs.glob("*.md"), *docs.glob("specification/*.md"))
    }
    assert sorted(navigation) == sorted({*written, *OUTSIDE.values(), "decisions/README.md"})
