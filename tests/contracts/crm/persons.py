"""People who work in a CRM, over HTTP, with a user's token and rights."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import pytest
import requests

from crmsync.gateways.hubspot.versions import PLURALS
from crmsync.model.records import Ref, Side, Value


class HubspotPerson:
    """A user of a HubSpot account, over HTTP."""

    def __init__(self, url: str, token: str) -> None:
        """Work at `url` with a user's `token`."""
        self._base = f"{url}/crm/v3/objects"
        self._pairs = f"{url}/crm/v4/objects"
        self._headers = {"Authorization": f"Bearer {token}"}

    def add(self, name: str, fields: Mapping[str, Value]) -> Ref:
        """Create a record."""
        url = f"{self._base}/{PLURALS[name]}"
        answer = requests.post(url, json={"properties": fields}, headers=self._headers, timeout=30)
        answer.raise_for_status()
        return Ref(Side.HUBSPOT, name, answer.json()["id"])

    def edit(self, ref: Ref, fields: Mapping[str, Value]) -> None:
        """Change a record."""
        body = {"properties": {name: value or "" for name, value in fields.items()}}
        requests.patch(
            self._url(ref), json=body, headers=self._headers, timeout=30
        ).raise_for_status()

    def delete(self, ref: Ref) -> None:
        """Delete a record."""
        requests.delete(self._url(ref), headers=self._headers, timeout=30).raise_for_status()

    def merge(self, winner: Ref, loser: Ref) -> Ref:
        """Merge two records; return the survivor, mostly under a new id."""
        body = {"primaryObjectId": winner.id, "objectIdToMerge": loser.id}
        url = f"{self._base}/{PLURALS[winner.object]}/merge"
        answer = requests.post(url, json=body, headers=self._headers, timeout=30)
        answer.raise_for_status()
        return Ref(Side.HUBSPOT, winner.object, answer.json()["id"])

    def convert(self, lead: Ref) -> Ref:
        """HubSpot has no leads that are converted."""
        raise NotImplementedError

    def restore(self, ref: Ref) -> None:
        """HubSpot has no REST resource for its recycle bin."""
        raise NotImplementedError

    def add_association(self, one: Ref, other: Ref, *, primary: bool = False) -> None:
        """Associate two records, as primary where requested."""
        types = [
            {
                "associationCategory": "HUBSPOT_DEFINED",
                "associationTypeId": 5 if one.object == "deal" else 1,
            }
        ]
        way = "associations" if primary else "associations/default"
        url = f"{self._pairs}/{one.object}/{one.id}/{way}/{other.object}/{other.id}"
        requests.put(
            url, json=types if primary else None, headers=self._headers, timeout=30
        ).raise_for_status()

    def remove_association(self, one: Ref, other: Ref) -> None:
        """Remove the association of two records."""
        url = f"{self._pairs}/{one.object}/{one.id}/associations/{other.object}/{other.id}"
        requests.delete(url, headers=self._headers, timeout=30).raise_for_status()

    def _url(self, ref: Ref) -> str:
        return f"{self._base}/{PLURALS[ref.object]}/{ref.id}"


class HubspotListEditor:
    """A user who creates lists and changes their members, over HTTP."""

    def __init__(self, url: str, token: str) -> None:
        """Work at `url` with a user's `token`."""
        self._url = f"{url}/crm/v3/lists"
        self._headers = {"Authorization": f"Bearer {token}"}

    def make(self) -> str:
        """Create a list; return its id."""
        row = {
            "name": f"Chosen {uuid.uuid4().hex[:8]}",
            "objectTypeId": "0-1",
            "processingType": "MANUAL",
        }
        answer = requests.post(f"{self._url}/", json=row, headers=self._headers, timeout=30)
        answer.raise_for_status()
        return str(answer.json()["list"]["listId"])

    def add_to_list(self, list_id: str, ref: Ref) -> None:
        """Add a contact to a list."""
        self._change(list_id, "add", ref)

    def remove_from_list(self, list_id: str, ref: Ref) -> None:
        """Remove a contact from a list."""
        self._change(list_id, "remove", ref)

    def _change(self, list_id: str, verb: str, ref: Ref) -> None:
        url = f"{self._url}/{list_id}/memberships/{verb}"
        requests.put(url, json=[ref.id], headers=self._headers, timeout=30).raise_for_status()


Act: TypeAlias = Callable[[Mapping[str, Any]], Mapping[str, Any]]
"""Does for a person what no REST resource does."""


def _skip(_action: Mapping[str, Any]) -> Mapping[str, Any]:
    pytest.skip("Salesforce has no REST resource for this; do it by hand in the sandbox")


class SalesforcePerson:
    """A user of a Salesforce org, over HTTP; `act` does what only the user interface can."""

    def __init__(self, url: str, token: str, act: Act = _skip) -> None:
        """Work at `url` with a user's `token`; as in the user interface, assignment rules do not
        run.
        """
        self._url = f"{url}/services/data/v66.0/sobjects"
        self._headers = {"Authorization": f"Bearer {token}", "Sforce-Auto-Assign": "FALSE"}
        self._act = act

    def add(self, name: str, fields: Mapping[str, Value]) -> Ref:
        """Create a record."""
        answer = requests.post(
            f"{self._url}/{name}", json=fields, headers=self._headers, timeout=30
        )
        answer.raise_for_status()
        return Ref(Side.SALESFORCE, name, answer.json()["id"])

    def edit(self, ref: Ref, fields: Mapping[str, Value]) -> None:
        """Change a record."""
        url = f"{self._url}/{ref.object}/{ref.id}"
        requests.patch(url, json=fields, headers=self._headers, timeout=30).raise_for_status()

    def delete(self, ref: Ref) -> None:
        """Delete a record."""
        requests.delete(
            f"{self._url}/{ref.object}/{ref.id}", headers=self._headers, timeout=30
        ).raise_for_status()

    def merge(self, winner: Ref, loser: Ref) -> Ref:
        """Merge two records; return the winner."""
        self._act(
            {"do": "merge", "object": winner.object, "winner": winner.id, "losers": [loser.id]}
        )
        return winner

    def convert(self, lead: Ref) -> Ref:
        """Convert a lead; return the contact."""
        return Ref(
            Side.SALESFORCE,
            "Contact",
            self._act({"do": "convert_lead", "lead_id": lead.id})["contact_id"],
        )

    def restore(self, ref: Ref) -> None:
        """Restore a record from the recycle bin."""
        self._act({"do": "undelete", "ids": [ref.id]})

    def purge(self, ref: Ref) -> None:
        """Delete a record for good, whether or not it is in the recycle bin."""
        self._act({"do": "hard_delete", "ids": [ref.id]})


class CampaignEditor:
    """A Salesforce user who makes campaigns and their members."""

    def __init__(self, person: SalesforcePerson) -> None:
        """Work as this person."""
        self._person = person

    def make(self, name: str = "Fair") -> str:
        """Make a campaign; its id."""
        return self._person.add("Campaign", {"Name": name}).id

    def add_status(self, campaign: str, label: str) -> None:
        """Give a campaign one more status."""
        row = {"CampaignId": campaign, "Label": label, "SortOrder": 9}
        self._person.add("CampaignMemberStatus", row)

    def delete(self, campaign: str) -> None:
        """Delete a campaign with its members."""
        self._person.delete(Ref(Side.SALESFORCE, "Campaign", campaign))

    def add_member(self, campaign: str, person: Ref, status: str) -> None:
        """Make somebody a member."""
        row = {"CampaignId": campaign, f"{person.object}Id": person.id, "Status": status}
        self._person.add("CampaignMember", row)
