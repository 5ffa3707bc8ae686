"""People who work in the two CRMs of the laptop stack, with the vendors' own clients and a person's
token.

Law: uses nothing of the product; acts and reads from outside only.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import requests
from hubspot import HubSpot
from simple_salesforce.api import Salesforce

PRIMARY_COMPANY = 1
"""HubSpot's association type "primary company" of a contact (docs/vendors.md#hubspot-associations).
"""


class Loopback(requests.Session):
    """A session that sends every call to one plain http address, as simple-salesforce always uses
    https.
    """

    def __init__(self, url: str) -> None:
        """Send every call to `url`."""
        super().__init__()
        self._to = urlsplit(url)

    def request(
        self, method: str | bytes, url: str | bytes, *args: Any, **options: Any
    ) -> requests.Response:
        """Send the request to the fixed address instead of the host that it names."""
        there = urlsplit(url.decode() if isinstance(url, bytes) else url)
        options.setdefault("timeout", 30)
        to = urlunsplit((self._to.scheme, self._to.netloc, there.path, there.query, ""))
        return super().request(method, to, *args, **options)


class People:
    """A person in a HubSpot account and a person in the Salesforce org."""

    def __init__(self, ready: Mapping[str, Any], *, portal: int = 0, product: bool = False) -> None:
        """Act in the portal at the index `portal` of the ready file.

        With `product`, use the product's tokens instead of the persons' tokens.
        """
        token = "access_token" if product else "user_token"
        account, org = ready["portals"][portal], ready["salesforce"]
        self.hubspot: Any = HubSpot(
            access_token=account[token], host=account["base_url"], base_url=account["base_url"]
        )
        self.salesforce: Any = Salesforce(
            instance_url="https://salesforce.example.com",
            session_id=org[token],
            version=org["api_version"],
            session=Loopback(org["instance_url"]),
        )
        self._contacts = self.hubspot.crm.contacts
        self._companies = self.hubspot.crm.companies

    def new_contact(self, **properties: str) -> str:
        """Create a HubSpot contact; return its id."""
        return str(self._contacts.basic_api.create({"properties": properties}).id)

    def edit_contact(self, contact_id: str, **properties: str) -> None:
        """Edit a HubSpot contact."""
        self._contacts.basic_api.update(contact_id, {"properties": properties})

    def contact(self, contact_id: str, *properties: str) -> dict[str, Any]:
        """Return these properties of a HubSpot contact, None for blank ones."""
        found = self._contacts.basic_api.get_by_id(
            contact_id, properties=list(properties)
        ).properties
        return {name: found.get(name) or None for name in properties}

    def contact_with(self, email: str) -> str | None:
        """Return the id of the HubSpot contact with that e-mail address, None if there is no such
        contact.
        """
        batch = {
            "idProperty": "email",
            "properties": [],
            "propertiesWithHistory": [],
            "inputs": [{"id": email}],
        }
        found = self._contacts.batch_api.read(batch).results
        return str(found[0].id) if found else None

    def new_company(self, **properties: str) -> str:
        """Create a HubSpot company; return its id."""
        return str(self._companies.basic_api.create({"properties": properties}).id)

    def edit_company(self, company_id: str, **properties: str) -> None:
        """Edit a HubSpot company."""
        self._companies.basic_api.update(company_id, {"properties": properties})

    def company(self, company_id: str, *properties: str) -> dict[str, Any]:
        """Return these properties of a HubSpot company, None for blank ones."""
        found = self._companies.basic_api.get_by_id(
            company_id, properties=list(properties)
        ).properties
        return {name: found.get(name) or None for name in properties}

    def companies(self, *properties: str) -> list[dict[str, Any]]:
        """Return every company of the account with its ``id`` and these properties, None for blank
        ones.
        """
        rows = self._companies.get_all(properties=list(properties))
        return [
            {"id": str(row.id)} | {name: row.properties.get(name) or None for name in properties}
            for row in rows
        ]

    def delete_company(self, company_id: str) -> None:
        """Move a HubSpot company into the recycle bin."""
        self._companies.basic_api.archive(company_id)

    def merge_companies(self, company_id: str, into: str) -> str:
        """Merge a HubSpot company into another one; return the survivor's id, which may be new."""
        merge = {"primaryObjectId": into, "objectIdToMerge": company_id}
        return str(self.hubspot.crm.companies.basic_api.merge(merge).id)

    def associate(self, contact_id: str, company_id: str, *, primary: bool = False) -> None:
        """Associate a HubSpot contact with a company, as its primary company if `primary`.

        A contact's first company becomes primary by itself.
        """
        pair = ("contacts", contact_id, "companies", company_id)
        if primary:
            spec = [
                {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": PRIMARY_COMPANY}
            ]
            self.hubspot.crm.associations.v4.basic_api.create(*pair, spec)
        else:
            self.hubspot.crm.associations.v4.basic_api.create_default(*pair)

    def dissociate(self, contact_id: str, company_id: str) -> None:
        """Remove the association of a HubSpot contact with a company."""
        self.hubspot.crm.associations.v4.basic_api.archive(
            "contacts", contact_id, "companies", company_id
        )

    def companies_of(self, contact_id: str) -> dict[str, bool]:
        """Return the companies of a HubSpot contact: id -> whether it is the primary company."""
        page = self.hubspot.crm.associations.v4.basic_api.get_page(
            "contacts", contact_id, "companies", limit=500
        )
        return {
            str(row.to_object_id): PRIMARY_COMPANY in {one.type_id for one in row.association_types}
            for row in page.results
        }

    def new_account(self, **fields: Any) -> str:
        """Create a Salesforce account; return its id."""
        return self.new_record("Account", **fields)

    def account(self, account_id: str, *fields: str) -> dict[str, Any]:
        """Return these fields of a Salesforce account."""
        return self.record("Account", account_id, *fields)

    def delete_record(self, object_: str, record_id: str) -> None:
        """Move a Salesforce record into the recycle bin."""
        getattr(self.salesforce, object_).delete(record_id)

    def new_record(self, object_: str, **fields: Any) -> str:
        """Create a Salesforce record; return its id."""
        return str(getattr(self.salesforce, object_).create(fields)["id"])

    def edit_record(self, object_: str, record_id: str, **fields: Any) -> None:
        """Edit a Salesforce record."""
        getattr(self.salesforce, object_).update(record_id, fields)

    def record(self, object_: str, record_id: str, *fields: str) -> dict[str, Any]:
        """Return these fields of a Salesforce record."""
        found = getattr(self.salesforce, object_).get(record_id)
        return {name: found.get(name) for name in fields}

    def records(self, soql: str) -> list[dict[str, Any]]:
        """Return the rows of a query, without their ``attributes``."""
        rows = self.salesforce.query_all(soql)["records"]
        return [
            {name: value for name, value in row.items() if name != "attributes"} for row in rows
        ]
