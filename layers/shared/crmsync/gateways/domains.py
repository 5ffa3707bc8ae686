"""Web domains as people type them and as they are compared: small, without ``www.``. No calls, and no CRM by name."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit


def asked(domains: Iterable[str]) -> list[str]:
    """The domains that somebody may have, small and each once; what can be none is left out."""
    return list(dict.fromkeys(domain for domain in (one.strip().lower() for one in domains) if _is_domain(domain)))


def host_of(website: str) -> str:
    """The host of a website as people type it, without ``www.``; "" where there is none."""
    text = website.strip().lower()
    try:
        host = urlsplit(text if "//" in text else f"//{text}").hostname or ""
    except ValueError:
        return ""
    return host.removeprefix("www.").rstrip(".")


def _is_domain(text: str) -> bool:
    return "." in text and text.isprintable() and not set(text) & set(" /\\'\"@:%")
