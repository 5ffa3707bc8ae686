"""Web domains as people type them, and as they are compared: lowercase, without ``www.``. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

_SCHEME = re.compile(r"(?:[a-z][a-z0-9+.-]*:)?//")
_END = re.compile(r"[/?#\\]")


def asked(domains: Iterable[str]) -> list[str]:
    """The possible domains among these, in lowercase and each once."""
    return list(
        dict.fromkeys(
            domain for domain in (one.strip().lower() for one in domains) if is_domain(domain)
        )
    )


def host_of(website: str) -> str:
    """The host of a website as people type it, without ``www.``; "" for none."""
    text = website.strip().lower()
    begin = _SCHEME.match(text)
    authority = _END.split(text[begin.end() :] if begin else text, maxsplit=1)[0]
    return authority.rpartition("@")[2].partition(":")[0].removeprefix("www.").rstrip(".")


def is_domain(text: str) -> bool:
    """Whether a lowercase text may be a domain."""
    return "." in text and text.isprintable() and not set(text) & set(" /\\'\"@:%")
