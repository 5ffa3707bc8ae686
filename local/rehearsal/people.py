"""Two people at their CRMs: they make and change records and look at what is there, over the vendors' APIs, with tokens of their own.

Law: plain HTTP, no part of the product. Every call raises `requests.HTTPError` when the CRM refuses it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import requests

from local.stack.crms import Crms

PATIENCE = 30


class HubspotUser:
    """Somebody in the portal."""

    def __init__(self, crms: Crms) -> None:
        """Sign in to the first portal."""
        self._url = f"{crms.hubspot_url}/crm/v3/objects/contacts"
        self._session = requests.Session()
        self._session.headers["Authorization"] = f"Bearer {crms.hubspot.portals[0].user_token}"

    def create(self, properties: Mapping[str, str]) -> str:
        """Make a contact; its id."""
        return str(self._call("POST", self._url, {"properties": properties})["id"])

    def change(self, contact: str, properties: Mapping[str, str]) -> None:
        """Edit a contact."""
        self._call("PATCH", f"{self._url}/{contact}", {"properties": properties})

    def see(self, email: str) -> dict[str, Any] | None:
        """The properties of the contact with that address, if there is one."""
        rows = {
            "inputs": [{"id": email}],
            "idProperty": "email",
            "properties": ["email", "firstname", "lastname", "phone"],
        }
        found = self._call("POST", f"{self._url}/batch/read", {**rows, "propertiesWithHistory": []})["results"]
        return dict(found[0]["properties"]) if found else None

    def _call(self, method: str, url: str, body: Mapping[str, Any]) -> Any:
        answer = self._session.request(method, url, json=body, timeout=PATIENCE)
        answer.raise_for_status()
        return answer.json()


class SalesforceUser:
    """Somebody in the org."""

    def __init__(self, crms: Crms) -> None:
        """Sign in."""
        sim = crms.salesforce
        self._url = f"{crms.salesforce_url}/services/data/v{sim.api_version}"
        self._session = requests.Session()
        self._session.headers["Authorization"] = f"Bearer {sim.user_token}"

    def create(self, fields: Mapping[str, str]) -> str:
        """Make a lead; its id."""
        return str(self._call("POST", "/sobjects/Lead", fields)["id"])

    def change(self, lead: str, fields: Mapping[str, str]) -> None:
        """Edit a lead."""
        self._call("PATCH", f"/sobjects/Lead/{lead}", fields)

    def see(self, email: str) -> dict[str, Any] | None:
        """The lead with that address, if there is one. The address is one of this story's: it needs no escaping."""
        query = f"SELECT Id, Email, FirstName, LastName, Company, Phone FROM Lead WHERE Email = '{email}'"  # noqa: S608 - not SQL
        found = self._call("GET", "/query", params={"q": query})["records"]
        if len(found) > 1:
            raise AssertionError(f"{len(found)} leads have the address {email}")
        return dict(found[0]) if found else None

    def _call(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, *, params: Mapping[str, str] | None = None
    ) -> Any:
        answer = self._session.request(method, self._url + path, json=body, params=params, timeout=PATIENCE)
        answer.raise_for_status()
        return answer.json() if answer.content else None
