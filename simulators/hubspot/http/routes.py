"""The path table: every endpoint once, with all spellings of its path.

HubSpot has the same endpoints under ``/vN/`` and under date-based versions; a family lists its
prefixes, and a route is relative to them. Ids in a path are ``{...}``; the statistics keep the
object types among them (`KEPT`) and hide all others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from simulators.hubspot.api import (
    account,
    associations,
    batches,
    labels,
    lists,
    mail,
    memberships,
    objects,
    owners,
    pipelines,
    schemas,
    searches,
    subscriptions,
)
from simulators.hubspot.api.call import Endpoint
from simulators.hubspot.http import shapes

DATES = ("2026-03", "2026-09")
KEPT = frozenset({"type", "to"})

FAMILIES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "objects": ("/crm/v3/objects", *(f"/crm/objects/{date}" for date in DATES)),
        "object associations": ("/crm/v4/objects", *(f"/crm/objects/{date}" for date in DATES)),
        "associations": ("/crm/v4/associations", *(f"/crm/associations/{date}" for date in DATES)),
        "properties": ("/crm/v3/properties", *(f"/crm/properties/{date}" for date in DATES)),
        "schemas": ("/crm/v3/schemas", *(f"/crm/schemas/{date}" for date in DATES)),
        "lists": ("/crm/v3/lists", *(f"/crm/lists/{date}" for date in DATES)),
        "dated lists": tuple(f"/crm/lists/{date}" for date in DATES),
        "owners": ("/crm/v3/owners", *(f"/crm/owners/{date}" for date in DATES)),
        "pipelines": ("/crm/v3/pipelines", *(f"/crm/pipelines/{date}" for date in DATES)),
        "limits": ("/crm/v3/limits", *(f"/crm/limits/{date}" for date in DATES)),
        "statuses v3": ("/communication-preferences/v3",),
        "statuses": (
            "/communication-preferences/v4",
            *(f"/communication-preferences/{date}" for date in DATES),
        ),
        "account": ("/account-info/v3", *(f"/account-info/{date}" for date in DATES)),
        "mail": ("/email/public/v1",),
        "tokens": ("/oauth/v2/private-apps",),
    }
)


@dataclass(frozen=True, slots=True)
class Route:
    """One endpoint: `reads` says that it changes nothing, `is_search` that the search limit
    applies; `shape` is that of its body.
    """

    method: str
    path: str
    endpoint: Endpoint
    reads: bool
    is_search: bool = False
    shape: type[shapes.Shape] | None = None


def _read(
    method: str, path: str, endpoint: Endpoint, shape: type[shapes.Shape] | None = None
) -> Route:
    return Route(method, path, endpoint, reads=True, shape=shape)


def _write(
    method: str, path: str, endpoint: Endpoint, shape: type[shapes.Shape] | None = None
) -> Route:
    return Route(method, path, endpoint, reads=False, shape=shape)


_OBJECTS = (
    Route(
        "POST", "/{type}/search", searches.search, reads=True, is_search=True, shape=shapes.Search
    ),
    _read("POST", "/{type}/batch/read", batches.read, shapes.Reads),
    _write("POST", "/{type}/batch/create", batches.create, shapes.Writes),
    _write("POST", "/{type}/batch/update", batches.update, shapes.Writes),
    _write("POST", "/{type}/batch/upsert", batches.upsert, shapes.Writes),
    _write("POST", "/{type}/batch/archive", batches.archive),
    _write("POST", "/{type}/merge", objects.merge),
    _write("POST", "/{type}/gdpr-delete", objects.forget),
    _read("GET", "/{type}", objects.list_page),
    _write("POST", "/{type}", objects.create, shapes.Write),
    _read("GET", "/{type}/{id}", objects.read),
    _write("PATCH", "/{type}/{id}", objects.update, shapes.Write),
    _write("DELETE", "/{type}/{id}", objects.archive),
)
_OBJECT_ASSOCIATIONS = (
    _read("GET", "/{type}/{id}/associations/{to}", associations.list_page),
    _write("PUT", "/{type}/{id}/associations/default/{to}/{other}", associations.create_default),
    _write("PUT", "/{type}/{id}/associations/{to}/{other}", associations.create),
    _write("DELETE", "/{type}/{id}/associations/{to}/{other}", associations.archive),
)
_ASSOCIATIONS = (
    _read("POST", "/{type}/{to}/batch/read", associations.batch_read, shapes.AssociationInputs),
    _write(
        "POST", "/{type}/{to}/batch/create", associations.batch_create, shapes.AssociationInputs
    ),
    _write(
        "POST",
        "/{type}/{to}/batch/associate/default",
        associations.batch_default,
        shapes.AssociationInputs,
    ),
    _write(
        "POST", "/{type}/{to}/batch/archive", associations.batch_archive, shapes.AssociationArchives
    ),
    _write(
        "POST",
        "/{type}/{to}/batch/labels/archive",
        associations.batch_archive_labels,
        shapes.AssociationInputs,
    ),
    _read("GET", "/{type}/{to}/labels", labels.list_all),
    _write("POST", "/{type}/{to}/labels", labels.create, shapes.Label),
    _write("PUT", "/{type}/{to}/labels", labels.update, shapes.Label),
    _write("DELETE", "/{type}/{to}/labels/{id}", labels.archive),
)
_PROPERTIES = (
    _read("GET", "/{type}/groups", schemas.list_groups),
    _write("POST", "/{type}/groups", schemas.create_group, shapes.Definition),
    _read("GET", "/{type}/groups/{name}", schemas.read_group),
    _write("PATCH", "/{type}/groups/{name}", schemas.update_group, shapes.Definition),
    _write("DELETE", "/{type}/groups/{name}", schemas.archive_group),
    _read("POST", "/{type}/batch/read", schemas.batch_read),
    _write("POST", "/{type}/batch/create", schemas.batch_create, shapes.Definitions),
    _write("POST", "/{type}/batch/archive", schemas.batch_archive),
    _read("GET", "/{type}", schemas.list_all),
    _write("POST", "/{type}", schemas.create, shapes.Definition),
    _read("GET", "/{type}/{name}", schemas.read),
    _write("PATCH", "/{type}/{name}", schemas.update, shapes.Definition),
    _write("DELETE", "/{type}/{name}", schemas.archive),
)
_LISTS = (
    _read("GET", "/idmapping", lists.map_one),
    _read("POST", "/idmapping", lists.map_many),
    _read("POST", "/search", lists.search, shapes.ListSearch),
    _read("GET", "/object-type-id/{type}/name/{name}", lists.read_by_name),
    _read("GET", "/records/{type}/{id}/memberships", memberships.of_record),
    _read("GET", "", lists.list_some),
    _write("POST", "", lists.create, shapes.RecordList),
    _read("GET", "/{id}", lists.read),
    _write("DELETE", "/{id}", lists.delete),
    _write("PUT", "/{id}/restore", lists.restore),
    _write("PUT", "/{id}/update-list-name", lists.rename),
    _write("PUT", "/{id}/update-list-filters", lists.refilter, shapes.RecordList),
    _read("GET", "/{id}/memberships", memberships.list_page),
    _read("GET", "/{id}/memberships/join-order", memberships.list_page_by_time),
    _write("PUT", "/{id}/memberships/add", memberships.add),
    _write("PUT", "/{id}/memberships/remove", memberships.remove),
    _write("PUT", "/{id}/memberships/add-and-remove", memberships.add_and_remove),
    _write("PUT", "/{id}/memberships/add-from/{other}", memberships.add_from),
    _write("DELETE", "/{id}/memberships", memberships.remove_all),
)
_PIPELINES = (
    _read("GET", "/{type}", pipelines.list_all),
    _write("POST", "/{type}", pipelines.create, shapes.Pipeline),
    _read("GET", "/{type}/{id}", pipelines.read),
    _write("PUT", "/{type}/{id}", pipelines.replace, shapes.Pipeline),
    _write("PATCH", "/{type}/{id}", pipelines.update, shapes.Pipeline),
    _write("DELETE", "/{type}/{id}", pipelines.delete),
    _read("GET", "/{type}/{id}/stages", pipelines.list_stages),
    _write("POST", "/{type}/{id}/stages", pipelines.create_stage, shapes.Stage),
    _read("GET", "/{type}/{id}/stages/{stage}", pipelines.read_stage),
    _write("PUT", "/{type}/{id}/stages/{stage}", pipelines.update_stage, shapes.Stage),
    _write("PATCH", "/{type}/{id}/stages/{stage}", pipelines.update_stage, shapes.Stage),
    _write("DELETE", "/{type}/{id}/stages/{stage}", pipelines.delete_stage),
)
_STATUSES_V3 = (
    _read("GET", "/definitions", subscriptions.definitions_v3),
    _read("GET", "/status/email/{email}", subscriptions.status_v3),
    _write("POST", "/subscribe", subscriptions.subscribe_v3),
    _write("POST", "/unsubscribe", subscriptions.unsubscribe_v3),
)
_STATUSES = (
    _read("GET", "/definitions", subscriptions.definitions),
    _read("POST", "/statuses/batch/read", subscriptions.batch_read),
    _write("POST", "/statuses/batch/write", subscriptions.batch_write),
    _write("POST", "/statuses/batch/unsubscribe-all", subscriptions.batch_unsubscribe_all),
    _read("POST", "/statuses/batch/unsubscribe-all/read", subscriptions.batch_read_all),
    _read("GET", "/statuses/{email}", subscriptions.status),
    _write("POST", "/statuses/{email}", subscriptions.update),
    _read("GET", "/statuses/{email}/unsubscribe-all", subscriptions.read_all),
    _write("POST", "/statuses/{email}/unsubscribe-all", subscriptions.unsubscribe_all),
)

ROUTES: Mapping[str, tuple[Route, ...]] = MappingProxyType(
    {
        "objects": _OBJECTS,
        "object associations": _OBJECT_ASSOCIATIONS,
        "associations": _ASSOCIATIONS,
        "properties": _PROPERTIES,
        "schemas": (_read("GET", "", schemas.list_custom_objects),),
        "lists": _LISTS,
        "dated lists": (
            _read("POST", "/records/memberships/batch/read", memberships.batch_of_records),
        ),
        "owners": (_read("GET", "", owners.list_page), _read("GET", "/{id}", owners.read)),
        "pipelines": _PIPELINES,
        "limits": (_read("GET", "/pipelines", pipelines.limits),),
        "statuses v3": _STATUSES_V3,
        "statuses": _STATUSES,
        "account": (
            _read("GET", "/details", account.details),
            _read("GET", "/api-usage/daily/private-apps", account.usage),
        ),
        "mail": (
            _read("GET", "/events", mail.list_page),
            _read("GET", "/events/{created}/{id}", mail.read_event),
            _read("GET", "/campaigns/by-id", mail.list_campaigns),
            _read("GET", "/campaigns/{id}", mail.read_campaign),
        ),
        "tokens": (_read("POST", "/get/access-token-info", account.token),),
    }
)


@dataclass(frozen=True, slots=True)
class Match:
    """A route with the ids of a path, and the name that the statistics use."""

    route: Route
    ids: Mapping[str, str]
    endpoint_name: str


_Segments = tuple[str, ...]


def _table() -> Mapping[tuple[str, int], Sequence[tuple[_Segments, Route]]]:
    table: dict[tuple[str, int], list[tuple[_Segments, Route]]] = {}
    for family, prefixes in FAMILIES.items():
        for prefix in prefixes:
            for route in ROUTES[family]:
                segments = tuple((prefix + route.path).strip("/").split("/"))
                table.setdefault((route.method, len(segments)), []).append((segments, route))
    return MappingProxyType(table)


_TABLE = _table()


def match(method: str, path: str) -> Match | None:
    """Return the route of a path (a trailing slash does not matter), the most literal one if
    several fit.
    """
    parts = path.strip("/").split("/")
    for segments, route in _TABLE.get((method, len(parts)), ()):
        if all(want[:1] == "{" or want == part for want, part in zip(segments, parts, strict=True)):
            ids = {
                want[1:-1]: part
                for want, part in zip(segments, parts, strict=True)
                if want[:1] == "{"
            }
            shown = [
                part if want[:1] != "{" or want[1:-1] in KEPT else "{id}"
                for want, part in zip(segments, parts, strict=True)
            ]
            return Match(route, ids, f"{method} /" + "/".join(shown))
    return None
