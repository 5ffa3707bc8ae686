"""Helpers of the stories about deals and opportunities: settings, actions of people on deals, and
records of both sides.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from simple_salesforce.format import format_soql

from local.people import People
from local.stack import Stack
from tests.flows.conftest import SETTINGS
from tests.flows.stories.story_contacts import rows
from tests.flows.stories.story_owners import WORLD as OWNED

JUNE, JULY = "2027-06-30", "2027-07-31"
DEFAULT_PIPELINE = "Salesforce - Default pipeline"
SALES_PIPELINE = "Sales Pipeline"
"""HubSpot's own pipeline, which every account has."""
PRIMARY = 5
"""HubSpot's association type "primary company" of a deal (docs/vendors.md#hubspot-associations)."""

CURRENCY: Mapping[str, Any] = {
    "name": "CurrencyIsoCode",
    "type": "picklist",
    "label": "Opportunity Currency",
    "picklistValues": [
        {"value": "EUR", "label": "Euro", "defaultValue": True},
        {"value": "USD", "label": "US Dollar"},
    ],
}
"""A field of opportunities in an org with several currencies."""

WORLD: Mapping[str, Any] = {
    "hubspot": [{**OWNED["hubspot"][0], "properties": {"deals": [{"name": "region"}]}}],
    "salesforce": {
        **OWNED["salesforce"],
        "custom_fields": {
            "Opportunity": [
                CURRENCY,
                {"name": "Region__c", "length": 40},
                {
                    "name": "Sponsor__c",
                    "type": "reference",
                    "referenceTo": ["Contact"],
                    "relationshipName": "Sponsor__r",
                },
            ]
        },
    },
}
"""Owners on both sides, two currencies, and two custom fields: a text, and a lookup to a contact that
gives it no role.
"""

ROW = """
[[connection.deals.field]]
hubspot = "region"
salesforce = "Region__c"
update = "two_way"
"""


def settings(deals: Mapping[str, str] | None = None, rows: str = "") -> str:
    """A settings file in which new contacts become contacts, with these keys for deals, whose
    values are TOML text.
    """
    contacts = ["[connection.contacts]", 'create_in_salesforce = "contact"']
    lines = [f"{key} = {value}" for key, value in (deals or {}).items()]
    return "\n".join([SETTINGS, *contacts, "[connection.deals]", *lines, rows])


def new_opportunity(people: People, name: str, **fields: Any) -> str:
    """Make an opportunity; its id."""
    return people.new_record(
        "Opportunity", **({"StageName": "Prospecting", "CloseDate": JUNE} | fields), Name=name
    )


def new_deal(people: People, name: str, **properties: str) -> str:
    """Make a deal, by default in the first stage of HubSpot's own pipeline; its id."""
    default = {"pipeline": "default", "dealstage": "appointmentscheduled", "closedate": JUNE}
    return str(
        people.hubspot.crm.deals.basic_api.create(
            {"properties": {**default, **properties, "dealname": name}}
        ).id
    )


def edit_deal(people: People, deal: str, **properties: str) -> None:
    """Edit a deal."""
    people.hubspot.crm.deals.basic_api.update(deal, {"properties": properties})


def delete_deal(people: People, deal: str) -> None:
    """Move a deal into the recycle bin."""
    people.hubspot.crm.deals.basic_api.archive(deal)


def merge_deals(people: People, deal: str, into: str) -> str:
    """Merge a deal into another; the survivor's id."""
    ids = {"primaryObjectId": into, "objectIdToMerge": deal}
    return str(people.hubspot.crm.deals.basic_api.merge(ids).id)


def deal(people: People, deal_id: str, *properties: str) -> dict[str, Any]:
    """Properties of a deal, blank ones as None."""
    found = people.hubspot.crm.deals.basic_api.get_by_id(
        deal_id, properties=list(properties)
    ).properties
    return {name: found.get(name) or None for name in properties}


def deals(people: People, name: str) -> list[str]:
    """The ids of the deals with a name."""
    found = people.hubspot.crm.deals.get_all(properties=["dealname"])
    return [str(one.id) for one in found if one.properties.get("dealname") == name]


def opportunities(people: People, name: str, *fields: str) -> list[dict[str, Any]]:
    """The opportunities with a name."""
    # The names of the fields are the test's own; only the opportunity's is a value.
    query = f"SELECT {', '.join(fields or ('Id',))} FROM Opportunity WHERE Name = {{}} ORDER BY CreatedDate, Id"  # noqa: S608
    return people.records(format_soql(query, name))


def opportunity(people: People, opportunity_id: str, *fields: str) -> dict[str, Any]:
    """Fields of an opportunity."""
    return people.record("Opportunity", opportunity_id, *fields)


def counterpart(people: People, deal_id: str) -> str:
    """The id of the opportunity that a deal is linked with."""
    return str(deal(people, deal_id, "crmsync_salesforce_id")["crmsync_salesforce_id"])


def stage_of(people: People, deal_id: str) -> tuple[str, str]:
    """The labels of a deal's pipeline and stage."""
    shown = deal(people, deal_id, "pipeline", "dealstage")
    (pipeline,) = [one for one in pipelines(people) if one.id == shown["pipeline"]]
    (stage,) = [one.label for one in pipeline.stages if one.id == shown["dealstage"]]
    return str(pipeline.label), str(stage)


def pipelines(people: People) -> list[Any]:
    """HubSpot's pipelines of deals."""
    return list(people.hubspot.crm.pipelines.pipelines_api.get_all("deals").results)


def pipeline(people: People, label: str) -> Any:
    """The pipeline with a label."""
    (found,) = [one for one in pipelines(people) if one.label == label]
    return found


def stages(people: People, label: str) -> list[str]:
    """The labels of a pipeline's stages, in order."""
    return [
        one.label
        for one in sorted(pipeline(people, label).stages, key=lambda one: one.display_order)
    ]


def stage_ids(people: People, label: str, stage: str) -> dict[str, str]:
    """The ids of a pipeline and its stage, given by their labels, as properties of a deal."""
    found = pipeline(people, label)
    (stage_id,) = [one.id for one in found.stages if one.label == stage]
    return {"pipeline": found.id, "dealstage": stage_id}


def associate(people: People, deal_id: str, to: str, record_id: str) -> None:
    """Associate a deal with one of the ``contacts`` or ``companies``."""
    people.hubspot.crm.associations.v4.basic_api.create_default("deals", deal_id, to, record_id)


def dissociate(people: People, deal_id: str, to: str, record_id: str) -> None:
    """Remove a deal's associations with a contact or company."""
    people.hubspot.crm.associations.v4.basic_api.archive("deals", deal_id, to, record_id)


def associated(people: People, deal_id: str, to: str = "contacts") -> set[str]:
    """The contacts or companies that a deal is associated with."""
    page = people.hubspot.crm.associations.v4.basic_api.get_page("deals", deal_id, to, limit=500)
    return {str(one.to_object_id) for one in page.results}


def primary(people: People, deal_id: str) -> str | None:
    """The primary company of a deal."""
    page = people.hubspot.crm.associations.v4.basic_api.get_page(
        "deals", deal_id, "companies", limit=500
    )
    kinds = {
        str(one.to_object_id): {kind.type_id for kind in one.association_types}
        for one in page.results
    }
    return next((company for company, of_one in kinds.items() if PRIMARY in of_one), None)


def new_role(people: People, opportunity_id: str, person: str) -> str:
    """Give a Salesforce contact a role in an opportunity; the role's id."""
    return people.new_record(
        "OpportunityContactRole", OpportunityId=opportunity_id, ContactId=person
    )


def roles(people: People, opportunity_id: str) -> list[str]:
    """The Salesforce contacts with a role in an opportunity."""
    query = (
        "SELECT ContactId FROM OpportunityContactRole WHERE OpportunityId = {} ORDER BY ContactId"
    )
    return [row["ContactId"] for row in people.records(format_soql(query, opportunity_id))]


@dataclass(frozen=True, slots=True)
class LinkedContact:
    """A HubSpot contact and the Salesforce contact it is linked with."""

    contact: str
    person: str


def linked_contact(stack: Stack, people: People, address: str) -> LinkedContact:
    """Make a HubSpot contact that becomes a Salesforce contact."""
    contact = people.new_contact(email=address, lastname="Lang")
    stack.settle()
    (row,) = rows(people, "Contact", address)
    return LinkedContact(contact, row["Id"])


def from_opportunity(stack: Stack, people: People, name: str, **fields: Any) -> tuple[str, str]:
    """Make an opportunity that becomes a deal; the ids of the deal and the opportunity."""
    made = new_opportunity(people, name, **fields)
    stack.settle()
    (found,) = deals(people, name)
    return found, made


def from_deal(stack: Stack, people: People, name: str, **properties: str) -> tuple[str, str]:
    """Make a deal that becomes an opportunity; the ids of the deal and the opportunity."""
    made = new_deal(people, name, **properties)
    stack.settle()
    (found,) = opportunities(people, name)
    return made, found["Id"]


def record_type(people: People, name: str) -> str:
    """The id of an opportunity record type, given by its name."""
    query = "SELECT Id FROM RecordType WHERE SobjectType = 'Opportunity' AND Name = {}"
    (row,) = people.records(format_soql(query, name))
    return str(row["Id"])
