"""Which scopes a connection needs of its HubSpot app, and whether a token has them (CH-18, SET-4).
Pure.

As few as the concerns that are switched on need. Scopes are HubSpot's words; its OpenAPI documents
say which endpoint takes which. Those of contacts also open activities, but the content of e-mails
has one of its own (docs/vendors.md#hubspot-activities).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from crmsync.model.concerns import mail_kinds_of, objects_of
from crmsync.model.crm_names import COMPANY, DEAL, HUBSPOT_CONTACT
from crmsync.model.kinds.activities import ActivityKind
from crmsync.model.records import Side
from crmsync.model.settings import Connection

ALWAYS = ("crm.objects.contacts.read", "crm.objects.owners.read")
"""Webhooks of any kind need the first (docs/vendors.md#hubspot-webhooks), the owners of every
object the second (OWN-1).
"""

_OF_OBJECT = (
    "crm.objects.{}.read",
    "crm.objects.{}.write",
    "crm.schemas.{}.read",
    "crm.schemas.{}.write",
)
_PLURALS: Mapping[str, str] = MappingProxyType(
    {HUBSPOT_CONTACT: "contacts", COMPANY: "companies", DEAL: "deals"}
)


@dataclass(frozen=True, slots=True)
class App:
    """What HubSpot says about a token.

    Attributes:
        id: The app it belongs to.
        stored_id: The app that the secret names.
        scopes: What it may do.
    """

    id: str
    stored_id: str
    scopes: frozenset[str]


def scopes_of(connection: Connection) -> tuple[str, ...]:
    """The scopes that a connection needs, sorted."""
    return tuple(sorted({*ALWAYS, *_wanted(connection)}))


def _wanted(connection: Connection) -> Iterator[str]:
    activities = connection.activities.on
    opened_by = {HUBSPOT_CONTACT} if activities else set[str]()
    for name in (objects_of(connection, Side.HUBSPOT).keys() & _PLURALS.keys()) | opened_by:
        yield from (scope.format(_PLURALS[name]) for scope in _OF_OBJECT)
    if ActivityKind.EMAIL in activities:
        yield "sales-email-read"
    if connection.contacts.sync:
        yield "communication_preferences.read_write"
        if connection.contacts.inclusion_list.isdecimal() or connection.campaigns:
            yield "crm.lists.read"
    if mail_kinds_of(connection):
        yield "content"


def lacking_scopes(connection: Connection, app: App) -> tuple[str, ...]:
    """Those of the connection's scopes that the token lacks, sorted."""
    return tuple(scope for scope in scopes_of(connection) if scope not in app.scopes)


def missing_scopes(connection: Connection, app: App) -> str:
    """The sentence about scopes that the token lacks, or ""."""
    missing = lacking_scopes(connection, app)
    return (
        f"the app lacks {', '.join(missing)}: add them to it and install it again (CH-18)"
        if missing
        else ""
    )


def strange_app(app: App) -> str:
    """The sentence about a token of another app than the secret names, or "".

    Webhooks about our own writes would not be recognised.
    """
    if app.id == app.stored_id:
        return ""
    named = f"names app {app.stored_id}" if app.stored_id else "names no app_id"
    return f"the token belongs to app {app.id}, the secret {named}: store app_id {app.id} (CH-5)"
