"""People who work in the two CRMs of the laptop stack, through the vendors' own clients and with a person's token.

Law: nothing of the product is used here; what is done and seen is done and seen from outside.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import requests
from hubspot import HubSpot
from simple_salesforce.api import Salesforce


class Loopback(requests.Session):
    """A session that leads every call to one plain-http address: simple-salesforce always speaks https."""

    def __init__(self, url: str) -> None:
        """Lead to `url`."""
        super().__init__()
        self._to = urlsplit(url)

    def request(self, method: str | bytes, url: str | bytes, *args: Any, **options: Any) -> requests.Response:
        """Send it to the address instead of the host that it names."""
        there = urlsplit(url.decode() if isinstance(url, bytes) else url)
        options.setdefault("timeout", 30)
        to = urlunsplit((self._to.scheme, self._to.netloc, there.path, there.query, ""))
        return super().request(method, to, *args, **options)


class People:
    """Somebody in a HubSpot account and somebody in the Salesforce org, as the ready file names them."""

    def __init__(self, ready: Mapping[str, Any], *, portal: int = 0, product: bool = False) -> None:
        """Act in the portal of that number; with `product`, with the product's tokens instead of the persons'."""
        token = "access_token" if product else "user_token"
        account, org = ready["portals"][portal], ready["salesforce"]
        self.hubspot: Any = HubSpot(access_token=account[token], host=account["base_url"], base_url=account["base_url"])
        self.salesforce: Any = Salesforce(
            instance_url="https://salesforce.example.com",
            session_id=org[token],
            version=org["api_version"],
            session=Loopback(org["instance_url"]),
        )
        self._contacts = self.hubspot.crm.contacts

    def new_contact(self, **properties: str) -> str:
        """Make a HubSpot contact; its id."""
        return str(self._contacts.basic_api.create({"properties": properties}).id)

    def edit_contact(self, contact_id: str, **properties: str) -> None:
        """Edit a HubSpot contact."""
        self._contacts.basic_api.update(contact_id, {"properties": properties})

    def contact(self, contact_id: str, *properties: str) -> dict[str, Any]:
        """These properties of a HubSpot contact; blank ones as None."""
        found = self._contacts.basic_api.get_by_id(contact_id, properties=list(properties)).properties
        return {name: found.get(name) or None for name in properties}

    def contact_with(self, email: str) -> str | None:
        """The id of the HubSpot contact with that address."""
        batch = {"idProperty": "email", "properties": [], "propertiesWithHistory": [], "inputs": [{"id": email}]}
        found = self._contacts.batch_api.read(batch).results
        return str(found[0].id) if found else None

    def new_record(self, object_: str, **fields: Any) -> str:
        """Make a Salesforce record; its id."""
        return str(getattr(self.salesforce, object_).create(fields)["id"])

    def edit_record(self, object_: str, record_id: str, **fields: Any) -> None:
        """Edit a Salesforce record."""
        getattr(self.salesforce, object_).update(record_id, fields)

    def record(self, object_: str, record_id: str, *fields: str) -> dict[str, Any]:
        """These fields of a Salesforce record."""
        found = getattr(self.salesforce, object_).get(record_id)
        return {name: found.get(name) for name in fields}

    def records(self, soql: str) -> list[dict[str, Any]]:
        """The rows of a query, without their attributes."""
        rows = self.salesforce.query_all(soql)["records"]
        return [{name: value for name, value in row.items() if name != "attributes"} for row in rows]
