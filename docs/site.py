"""What the documentation site does with the pages beyond what mkdocs does: pages from outside
docs/, and links that leave the site.

The pages are written for the repository: their links go to files beside them. On the site a link to
a page of it goes to that page; a link to any other file goes to the repository, or is plain text
where nobody has said where that is.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Collection
from pathlib import Path
from posixpath import dirname, normpath, relpath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parents[1]
OUTSIDE = {
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security.md",
}
"""Pages of the site that are not in docs/: where they are in the repository, and on the site."""
START = {"README.md": "index.md"}
"""The repository's front page, and that of the site."""

_CODE_OR_LINK = re.compile(
    r"^ *```.*?^ *```$|`[^`\n]+`|\[([^\]]*)\]\(([^()\s]+)(\s+\"[^\"]*\")?\)",
    re.DOTALL | re.MULTILINE,
)
_PATH = re.compile(r"^[\w-]*[/.][\w./-]*$")
_FETCHED = re.compile(
    r"<(?:script|link|img|iframe)\b[^>]*\b(?:src|href)=[\"']?(?:https?:)?//[^\s\"'>]*",
    re.IGNORECASE,
)
_log = logging.getLogger("mkdocs.hooks.site")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages from outside docs/."""
    from mkdocs.structure.files import File  # noqa: PLC0415 - what stands below is tested without mkdocs

    for name, uri in OUTSIDE.items():
        files.append(File.generated(config, uri, abs_src_path=str(ROOT / name)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Let the links of a page lead where they can on the site."""
    site = [one.src_uri for one in files.documentation_pages()]
    return with_links_of_the_site(markdown, page.file.src_uri, site, config.extra["repository"])


def on_post_page(output: str, page: Page, config: MkDocsConfig) -> str:  # noqa: ARG001 - mkdocs gives them by name
    """Complain about whatever a browser would fetch from elsewhere; with --strict that is an
    error.
    """
    for tag in fetched(output):
        _log.warning("%s fetches from elsewhere: %s", page.file.src_uri, tag)
    return output


def with_links_of_the_site(markdown: str, uri: str, site: Collection[str], repository: str) -> str:
    """The Markdown of the page `uri` with links for the site.

    Args:
        markdown: The page as it is written for the repository.
        uri: The page's path on the site, such as ``decisions/README.md``.
        site: The paths of all pages of the site.
        repository: The address of the repository; "" where none was given.
    """
    here = next((name for name, there in OUTSIDE.items() if there == uri), f"docs/{uri}")

    def replaced(found: re.Match[str]) -> str:
        text, link, title = found[1], found[2], found[3] or ""
        if link is None or link.startswith(("https://", "http://", "#")):
            return found[0]
        name, hash_, anchor = link.partition("#")
        target = normpath(f"{dirname(here)}/{name}".lstrip("/"))
        there = page_of(target, site)
        if there is not None:
            return f"[{text}]({relpath(there, dirname(uri) or '.')}{hash_}{anchor}{title})"
        if not (ROOT / target).exists():
            return found[0]  # mkdocs complains of it
        return (
            f"[{text}]({repository.rstrip('/')}/blob/HEAD/{target}{hash_}{anchor}{title})"
            if repository
            else _PATH.sub(r"`\g<0>`", text)
        )

    return _CODE_OR_LINK.sub(replaced, markdown)


def page_of(target: str, site: Collection[str]) -> str | None:
    """The page of the site that shows a file or folder of the repository; None where none does."""
    inside = target.removeprefix("docs/")
    shown = {**OUTSIDE, **START}.get(target) or (inside if inside != target else None)
    return next((uri for uri in (shown, f"{shown}/README.md") if uri in site), None)


def fetched(html: str) -> list[str]:
    """The beginnings of the tags with which a page has the browser fetch something from another
    host.
    """
    return _FETCHED.findall(html)
