"""The demo's story: what people do, step by step, and what both CRMs must show afterwards.

Law: a step acts, lets the stack settle, and returns what it observed and what it expected. It
prints nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import requests

from local.demo.call import LifeOfACall
from local.demo.steps import Observation, Step
from local.people import People
from local.stack import Stack

CONTACT = ("firstname", "lastname", "email", "phone", "jobtitle", "company")
ADAS_LEADS = (
    "SELECT Id, FirstName, LastName, Email, Phone, Title, Company "
    "FROM Lead WHERE Email = 'ada@example.com'"
)


class Story:
    """Ada is created in HubSpot, Grace in Salesforce. Both sides edit Ada; then come a duplicate, a
    forged webhook, and the life of a call.
    """

    def __init__(self, stack: Stack) -> None:
        """Play on a stack that has just started."""
        self._stack = stack
        self._people = People(stack.ready())
        self._ada = self._lead = self._grace = ""

    def steps(self) -> Iterator[Callable[[], Step]]:
        """Yield the steps in order; each is played when it is called."""
        yield self.created_in_hubspot
        yield self.created_in_salesforce
        yield self.different_fields
        yield self.same_field
        yield self.nothing_to_do
        yield self.duplicate
        yield self.forged
        yield from LifeOfACall(
            self._stack, self._people, self._ada, self._lead, self._grace
        ).steps()

    def created_in_hubspot(self) -> Step:
        """A contact is created in HubSpot and appears as a lead."""
        ada = {
            "firstname": "Ada",
            "lastname": "Lang",
            "email": "ada@example.com",
            "company": "Example GmbH",
        }
        self._ada = self._people.new_contact(**ada)
        self._stack.settle()
        leads = self._people.records(ADAS_LEADS)
        self._lead = leads[0]["Id"] if leads else ""
        shown = [{name: value for name, value in lead.items() if name != "Id"} for lead in leads]
        return Step(
            "A contact is created in HubSpot",
            ["A person creates the contact Ada Lang in HubSpot."],
            [
                Observation(
                    "Salesforce leads with her address",
                    shown,
                    [_lead("Ada", "Lang", "ada@example.com", "Example GmbH")],
                ),
                Observation(
                    "Salesforce id in HubSpot",
                    self._people.contact(self._ada, "crmsync_salesforce_id"),
                    _key(self._lead),
                ),
            ],
        )

    def created_in_salesforce(self) -> Step:
        """A lead is created in Salesforce and appears as a contact."""
        fields = {
            "FirstName": "Grace",
            "LastName": "Holm",
            "Email": "grace@example.org",
            "Company": "Example AB",
            "Phone": "+46 8 100",
        }
        self._people.new_record("Lead", **fields)
        self._stack.settle()
        grace = self._people.contact_with("grace@example.org")
        self._grace = grace or ""
        expected = dict(
            zip(
                CONTACT,
                ["Grace", "Holm", "grace@example.org", "+46 8 100", None, "Example AB"],
                strict=True,
            )
        )
        return Step(
            "A lead is created in Salesforce",
            ["A person creates the lead Grace Holm in Salesforce."],
            [
                Observation(
                    "HubSpot contact",
                    self._people.contact(grace, *CONTACT) if grace else None,
                    expected,
                )
            ],
        )

    def different_fields(self) -> Step:
        """Both sides edit the same person in different fields, and both edits survive."""
        self._people.edit_contact(self._ada, phone="+49 731 100")
        self._people.edit_record("Lead", self._lead, Title="Engineer")
        self._stack.settle()
        return Step(
            "Both sides edit Ada, in different fields",
            [
                "In HubSpot her phone becomes +49 731 100.",
                "In Salesforce her title becomes Engineer, before either edit has synced.",
            ],
            self._both_show("phone", "Phone", "+49 731 100")
            + self._both_show("jobtitle", "Title", "Engineer"),
        )

    def same_field(self) -> Step:
        """Both sides edit the same field, and the later edit wins on both."""
        self._people.edit_contact(self._ada, jobtitle="Chief engineer")
        self._stack.advance(5, settle=False)
        self._people.edit_record("Lead", self._lead, Title="Head of engineering")
        self._stack.settle()
        return Step(
            "Both sides edit Ada's title; the later edit wins",
            [
                "In HubSpot it becomes Chief engineer.",
                "Five seconds later, in Salesforce, Head of engineering.",
            ],
            self._both_show("jobtitle", "Title", "Head of engineering"),
        )

    def nothing_to_do(self) -> Step:
        """When nothing has changed, a settled stack writes nothing."""
        before = self._stack.stats()
        self._stack.settle()
        after = self._stack.stats()
        writes = {
            side: after[side]["writes"] - before[side]["writes"]
            for side in ("hubspot", "salesforce")
        }
        return Step(
            "Nobody does anything",
            ["The echoes of all these writes have come back, and nothing is left to do."],
            [Observation("Writes", writes, {"hubspot": 0, "salesforce": 0})],
        )

    def duplicate(self) -> Step:
        """A second lead with Ada's address is reported and creates no second contact."""
        self._people.new_record(
            "Lead", FirstName="A.", LastName="Lang", Email="ada@example.com", Company="Example GmbH"
        )
        settled = self._stack.settle()
        names = self._people.contact(self._ada, "firstname", "crmsync_salesforce_id")
        return Step(
            "Somebody enters Ada in Salesforce a second time",
            ["A person creates another lead with Ada's address."],
            [
                Observation(
                    "HubSpot contact with her address",
                    names,
                    {"firstname": "Ada", **_key(self._lead)},
                ),
                Observation("Records in the error inbox", settled["open_errors"], 1),
            ],
        )

    def forged(self) -> Step:
        """A webhook that HubSpot did not sign is refused and changes nothing."""
        before = self._stack.stats()["hubspot"]["calls"]
        event = {
            "subscriptionType": "contact.propertyChange",
            "portalId": 555001,
            "objectId": int(self._ada),
            "propertyName": "phone",
        }
        headers = {
            "X-HubSpot-Signature-v3": "Zm9yZ2Vk",
            "X-HubSpot-Request-Timestamp": str(self._stack.clock.now_ms()),
        }
        status = requests.post(
            self._stack.webhook_url, data=json.dumps([event]), headers=headers, timeout=10
        ).status_code
        self._stack.settle()
        return Step(
            "A stranger forges a webhook",
            ["Somebody without the client secret posts an event about Ada."],
            [
                Observation("Answer", status, 401),
                Observation(
                    "HubSpot calls caused", self._stack.stats()["hubspot"]["calls"] - before, 0
                ),
            ],
        )

    def _both_show(self, property_: str, field_: str, value: str) -> list[Observation]:
        lead = self._people.record("Lead", self._lead, field_)
        return [
            Observation(
                f"HubSpot {property_}", self._people.contact(self._ada, property_)[property_], value
            ),
            Observation(f"Salesforce {field_}", lead[field_], value),
        ]


def _lead(first: str, last: str, email: str, company: str) -> dict[str, Any]:
    return {
        "FirstName": first,
        "LastName": last,
        "Email": email,
        "Phone": None,
        "Title": None,
        "Company": company,
    }


def _key(lead_id: str) -> dict[str, str]:
    return {"crmsync_salesforce_id": lead_id}
