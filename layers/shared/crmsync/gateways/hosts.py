"""Addresses that a secret may name: a credential crosses no network in clear."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit


def parts_of(address: str) -> SplitResult:
    """An address in its parts; all blank where it is none."""
    try:
        parts = urlsplit(address)
        _ = parts.port
    except ValueError:
        return urlsplit("")
    return parts


def is_safe(parts: SplitResult) -> bool:
    """Whether what is sent there is encrypted, or stays on the machine."""
    return bool(parts.hostname) and (parts.scheme == "https" or _is_loopback(parts.hostname or ""))


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
