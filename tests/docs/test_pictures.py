"""The pictures in the documentation: each is shown, in both colour schemes, and says what it shows."""

from __future__ import annotations

import re
import struct

import pytest

from tests.browser.screenshots import IMAGES, PICTURES, SCREEN
from tests.browser.tab import SCHEMES
from tests.docs.pages import ROOT, Page, pages

MOST = 150 * 1024
"""The size of a picture, in bytes, that a page may make a reader load."""

_PICTURE = re.compile(
    r"<picture>\n"
    r'<source media="\(prefers-color-scheme: dark\)" srcset="(?P<dark>[^"]+)">\n'
    r'<img src="(?P<light>[^"]+)" alt="(?P<alt>[^"]{20,})" width="720">\n'
    r"</picture>\n"
)
FILES = sorted(f"{name}-{scheme}.png" for name in PICTURES for scheme in SCHEMES)


def shown(page: Page) -> list[tuple[str, str]]:
    """The pictures on a page, for light and dark, from the root of the repository."""
    folder = (ROOT / page.path).parent
    return [
        tuple(str((folder / found[scheme]).resolve().relative_to(ROOT)) for scheme in SCHEMES)
        for found in _PICTURE.finditer(page.text)
    ]


def test_every_picture_is_shown_and_no_other():
    """Each one that `make screenshots` makes, in light and in dark, on some page."""
    made = {tuple(f"docs/images/{name}-{scheme}.png" for scheme in SCHEMES) for name in PICTURES}

    assert {one for page in pages() for one in shown(page)} == made
    assert sorted(path.name for path in IMAGES.iterdir()) == FILES


def test_a_picture_is_written_in_one_way():
    """With a dark version, a text for those who do not see it, and a width."""
    tags = [(page.path, page.text.count("<img")) for page in pages()]

    assert tags == [(page.path, len(shown(page))) for page in pages()]


@pytest.mark.parametrize("name", FILES)
def test_a_picture_is_small(name: str):
    """In bytes, and of the size of the screen that it was made of."""
    content = (IMAGES / name).read_bytes()

    assert len(content) < MOST
    assert content[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">II", content[16:24]) == (SCREEN["width"], SCREEN["height"])
