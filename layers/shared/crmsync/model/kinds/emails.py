"""E-mail addresses are compared trimmed and in lowercase, everywhere in the same way."""

from __future__ import annotations

from crmsync.model.records import Value


def normalise_email(address: Value) -> str:
    """The address in the form in which addresses are compared, "" for none."""
    return str(address or "").strip().lower()
