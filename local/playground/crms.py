"""What a person sees and does in the two CRMs, over their APIs with the person's token.

Law: knows the vendors' paths and nothing of the product.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import requests

from local.playground.objects import HUBSPOT, Object

MOST_ROWS = 50
"""So many records of an object are shown, the newest ones."""
_PAGE = 100
_TIMEOUT = 30
_MISSING = 404
_REFUSED = 400


class CrmError(Exception):
    """A CRM refuses; the message is its own."""


@dataclass(frozen=True, slots=True)
class Row:
    """A record: its object, its id, and what it shows."""

    object: Object
    id: str
    values: Mapping[str, str]

    @property
    def title(self) -> str:
        """How a person calls it."""
        return " ".join(filter(None, map(self.values.get, self.object.titles))) or self.id


class Crms:
    """One HubSpot account and the Salesforce org."""

    def __init__(self, ready: Mapping[str, Any], portal_id: int) -> None:
        """Read and write in this account and in the org of a ready file."""
        portal = next(one for one in ready["portals"] if one["portal_id"] == portal_id)
        org = ready["salesforce"]
        self._hubspot = str(portal["base_url"])
        self._salesforce = f"{org['instance_url']}/services/data/v{org['api_version']}"
        self._tokens = {
            self._hubspot: str(portal["user_token"]),
            self._salesforce: str(org["user_token"]),
        }

    def rows(self, object_: Object) -> list[Row]:
        """Return the newest records of an object, newest first."""
        if object_.side != HUBSPOT:
            names = ", ".join(field.name for field in object_.fields)
            soql = f"SELECT Id, {names} FROM {object_.name}"  # noqa: S608 - names of our own tables
            query = {"q": f"{soql} ORDER BY CreatedDate DESC LIMIT {MOST_ROWS}"}
            found = self._call("GET", self._salesforce, "/query", query)
            return [_salesforce_row(object_, one) for one in found["records"]]
        path = f"/crm/v3/objects/{object_.plural}"
        names = ",".join(field.name for field in object_.fields)
        page = self._call("GET", self._hubspot, path, {"limit": str(_PAGE), "properties": names})
        listed = {one["id"]: one for one in page["results"]}
        if "paging" in page:
            # The list begins with the oldest records, the search with the newest; it is a few
            # seconds late.
            wanted = {
                "limit": MOST_ROWS,
                "properties": names.split(","),
                "sorts": [{"propertyName": "createdate", "direction": "DESCENDING"}],
                "filterGroups": [],
            }
            searched = self._call("POST", self._hubspot, f"{path}/search", json=wanted)
            listed |= {one["id"]: one for one in searched["results"]}
        newest = sorted(listed, key=int, reverse=True)[:MOST_ROWS]
        return [_hubspot_row(object_, listed[one]) for one in newest]

    def row(self, object_: Object, record_id: str) -> Row | None:
        """Return a record, None if there is no such record."""
        if object_.side == HUBSPOT:
            path = f"/crm/v3/objects/{object_.plural}/{record_id}"
            names = ",".join(field.name for field in object_.fields)
            found = self._call("GET", self._hubspot, path, {"properties": names}, missing=True)
            return _hubspot_row(object_, found) if found else None
        path = f"/sobjects/{object_.name}/{record_id}"
        found = self._call("GET", self._salesforce, path, missing=True)
        return _salesforce_row(object_, found) if found else None

    def write(self, object_: Object, record_id: str, values: Mapping[str, str]) -> str:
        """Write these values of a record, or make one if the id is ""; return its id.

        Raises `CrmError`.
        """
        method = "PATCH" if record_id else "POST"
        if object_.side == HUBSPOT:
            path = f"/crm/v3/objects/{object_.plural}" + (f"/{record_id}" if record_id else "")
            given = {"properties": self._with_pipeline(values)}
            return str(self._call(method, self._hubspot, path, json=given)["id"])
        path = f"/sobjects/{object_.name}/" + record_id
        fields: dict[str, str | None] = {name: value or None for name, value in values.items()}
        made = self._call(method, self._salesforce, path, json=fields)
        return record_id or str(made["id"])

    def choices(self, object_: Object) -> dict[str, list[tuple[str, str]]]:
        """Return what fields of the type ``choice`` offer: name -> (value, label)."""
        if object_.name == "deal":
            stages = [
                (stage["id"], f"{pipeline['label']}: {stage['label']}")
                for pipeline in self._pipelines()
                for stage in pipeline["stages"]
            ]
            return {"dealstage": stages}
        if object_.name == "Opportunity":
            soql = "SELECT ApiName FROM OpportunityStage WHERE IsActive = true ORDER BY SortOrder"
            found = self._call("GET", self._salesforce, "/query", {"q": soql})["records"]
            return {"StageName": [(one["ApiName"], one["ApiName"]) for one in found]}
        return {}

    def _pipelines(self) -> Sequence[Mapping[str, Any]]:
        found: Sequence[Mapping[str, Any]] = self._call(
            "GET", self._hubspot, "/crm/v3/pipelines/deals"
        )["results"]
        return found

    def _with_pipeline(self, values: Mapping[str, str]) -> dict[str, str]:
        """A deal's stage with the pipeline that it belongs to."""
        stage = values.get("dealstage")
        pipeline = next(
            (
                str(one["id"])
                for one in (self._pipelines() if stage else ())
                if any(each["id"] == stage for each in one["stages"])
            ),
            "",
        )
        return {**values, **({"pipeline": pipeline} if pipeline else {})}

    def _call(
        self,
        method: str,
        side: str,
        path: str,
        query: Mapping[str, str] | None = None,
        *,
        json: Any = None,
        missing: bool = False,
    ) -> Any:
        """Return the content of an answer; None for a 404 if that may be `missing`."""
        answer = requests.request(
            method,
            side + path,
            params=query,
            json=json,
            headers={"Authorization": f"Bearer {self._tokens[side]}"},
            timeout=_TIMEOUT,
        )
        if missing and answer.status_code == _MISSING:
            return None
        if answer.status_code >= _REFUSED:
            raise CrmError(_refusal(answer))
        return answer.json() if answer.content else None


def _refusal(answer: requests.Response) -> str:
    """Return what a CRM says of a refused call."""
    try:
        said = answer.json()
    except ValueError:
        return f"HTTP {answer.status_code}"
    rows = said if isinstance(said, list) else [said]
    return "; ".join(str(row.get("message", row)) for row in rows)


def _hubspot_row(object_: Object, found: Mapping[str, Any]) -> Row:
    shown = found.get("properties") or {}
    return Row(object_, str(found["id"]), _values(object_, shown))


def _salesforce_row(object_: Object, found: Mapping[str, Any]) -> Row:
    return Row(object_, str(found["Id"]), _values(object_, found))


def _values(object_: Object, shown: Mapping[str, Any]) -> dict[str, str]:
    """What a form shows: texts, of times their day."""
    found = {}
    for field in object_.fields:
        value = shown.get(field.name)
        text = "" if value is None else str(value)
        found[field.name] = text[:10] if field.type == "date" else text
    return found
