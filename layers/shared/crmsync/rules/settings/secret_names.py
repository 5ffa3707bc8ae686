"""Which secrets go with those that the settings name, and what to say about where the webhook's
keys are. Pure: names in and out.

A function's right to read a secret depends on the beginning of the secret's name, so each of these
begins with a word of its own.
"""

from __future__ import annotations

from dataclasses import dataclass

ALERTS = "alerts/"
"""What the name of the secret with the address of the alerts' webhook begins with."""


def admin_secret(secret: str) -> str:
    """The secret with an administrator's credentials, by the name of the integration user's:
    ``admin/crmsync/acme/salesforce``. No function may read it.
    """
    return f"admin/{_name(secret)}"


def signing_secret(secret: str) -> str:
    """The secret with the key that HubSpot signs webhooks with, by the name of HubSpot's secret:
    ``signing/crmsync/acme/hubspot``.

    The function that is reachable from the Internet may read it, but not the one with the access
    token.
    """
    return f"signing/{_name(secret)}"


def _name(secret: str) -> str:
    """The ARN of a secret ends in its name and six characters that Secrets Manager has added."""
    name = secret.rpartition(":secret:")[2]
    return name[:-7] if secret.startswith("arn:") else name


@dataclass(frozen=True, slots=True)
class KeyPlace:
    """A secret that may contain the webhook's keys.

    Attributes:
        name: Its name.
        has_key: Whether it has a client secret.
        app_id: The app that it names.
    """

    name: str
    has_key: bool = False
    app_id: str = ""


def objection_to_keys(apart: KeyPlace, beside: KeyPlace) -> str:
    """Why webhooks of a connection cannot be accepted, or "".

    `apart` is the webhook's own secret, `beside` the one with the token.
    """
    if not (apart.has_key or beside.has_key):
        return (
            f"neither {apart.name} nor {beside.name} has a client_secret: its webhooks are "
            "answered 503. "
            f"Store the app's client_secret and app_id in {apart.name}."
        )
    if apart.has_key and apart.app_id != beside.app_id:
        return (
            f"{apart.name} {_app(apart)}, {beside.name} {_app(beside)}: "
            "store the same app_id in both, or our own writes come back as news (CH-5)."
        )
    return ""


def remark_on_keys(apart: KeyPlace, beside: KeyPlace) -> str:
    """What could be better about the place of the keys, or ""."""
    if not beside.has_key:
        return ""
    if apart.has_key:
        return (
            f"{beside.name} has a client_secret as well, for all that may read the token: "
            "take it out where the stack has SigningSecrets=apart."
        )
    return (
        f"it stands in {beside.name}, beside the token, where the webhook may read it only if the "
        "stack has "
        f"SigningSecrets=with_tokens. Better store it with the app_id in {apart.name}, and take it "
        "out there."
    )


def _app(place: KeyPlace) -> str:
    return f"names app {place.app_id}" if place.app_id else "names no app_id"
