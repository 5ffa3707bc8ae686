"""Builders of values for tests, with defaults that do not matter to the tests that use them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from crmsync.model.changes import Cause, Change
from crmsync.model.fingerprints import Base, Fingerprinter, tags
from crmsync.model.links import Link
from crmsync.model.operations.jobs import Job, JobStep, JobType
from crmsync.model.records import Kind, Origin, Record, Ref, Side, Value
from crmsync.model.settings import (
    CompanySettings,
    Connection,
    ContactSettings,
    HubspotAccount,
    SalesforceOrg,
)
from crmsync.rules.kinds.account.ruleset import account_ruleset
from crmsync.rules.kinds.contact.ruleset import contact_ruleset
from crmsync.rules.merge.baseline import rebased
from crmsync.rules.merge.owners import OwnerMatches
from crmsync.rules.merge.ruleset import ContactRules, Ruleset

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
FINGERPRINTER = Fingerprinter(b"a key for tests only, nothing more")
NEXT_FINGERPRINTER = Fingerprinter(b"another key, for what comes after it", 2, [FINGERPRINTER])
"""With the next key, while `FINGERPRINTER`'s is kept."""

OUR_USER = "005000000000001AAA"
OUR_APP = "INTEGRATION/990077"
LEAD_ID = "00Q000000000001AAA"
CONTACT_ID = "003000000000001AAA"
ACCOUNT_ID = "001000000000001AAA"


def at(minutes: float = 0) -> datetime:
    """Return the time so many minutes after noon."""
    return NOON + timedelta(minutes=minutes)


def a_connection(**contacts: object) -> Connection:
    """Return a connection; keywords are settings of its contacts."""
    return Connection(
        "acme",
        HubspotAccount(555001, "crmsync/acme/hubspot"),
        SalesforceOrg("https://acme.example.com", "crmsync/acme/salesforce"),
        ContactSettings(**contacts),  # type: ignore[arg-type]
    )


def a_ruleset(
    *,
    owners: OwnerMatches | None = None,
    members: Iterable[Ref] = (),
    person_accounts: bool = False,
    **contacts: object,
) -> Ruleset:
    """Return the ruleset of `a_connection`, with owners if given, and the members of the inclusion
    list.
    """
    ruleset = contact_ruleset(
        a_connection(**contacts), FINGERPRINTER, OUR_USER, OUR_APP, person_accounts=person_accounts
    )
    return replace(ruleset, owners=owners, contact=ContactRules(frozenset(members)))


def a_contact(
    fields: Mapping[str, Value] | None = None,
    *,
    record_id: str = "81",
    modified: float = 0,
    ages: Mapping[str, float] | None = None,
    salesforce_id: str | None = None,
) -> Record:
    """Return a HubSpot contact called Ada; `ages` has the minutes after noon at which properties
    were set.
    """
    shown: dict[str, Value] = {
        "email": "ada@example.com",
        "firstname": "Ada",
        "lastname": "Lang",
        "hs_email_optout": None,
    }
    shown |= {"crmsync_salesforce_id": salesforce_id} | dict(fields or {})
    origins = {name: Origin(at(minutes), "CRM_UI") for name, minutes in (ages or {}).items()}
    return Record(
        Ref(Side.HUBSPOT, "contact", record_id), shown, at(-60), at(modified), "", origins
    )


def a_lead(
    fields: Mapping[str, Value] | None = None,
    *,
    record_id: str = LEAD_ID,
    modified: float = 0,
    created: float = -60,
    by: str = "005000000000009AAA",
    key: str | None = None,
) -> Record:
    """Return a Salesforce lead called Ada, last changed by a person."""
    shown: dict[str, Value] = {
        "Email": "ada@example.com",
        "FirstName": "Ada",
        "LastName": "Lang",
        "Company": "example.com",
    }
    shown |= {"HasOptedOutOfEmail": False, "Crmsync_HubSpot_Id__c": key} | dict(fields or {})
    return Record(Ref(Side.SALESFORCE, "Lead", record_id), shown, at(created), at(modified), by)


def a_salesforce_contact(
    fields: Mapping[str, Value] | None = None, *, record_id: str = CONTACT_ID, created: float = -60
) -> Record:
    """Return a Salesforce contact called Ada."""
    shown: dict[str, Value] = {"Email": "ada@example.com", "FirstName": "Ada", "LastName": "Lang"}
    shown |= {"HasOptedOutOfEmail": False, "Crmsync_HubSpot_Id__c": None} | dict(fields or {})
    return Record(
        Ref(Side.SALESFORCE, "Contact", record_id), shown, at(created), at(), "005000000000009AAA"
    )


def a_company(
    fields: Mapping[str, Value] | None = None,
    *,
    record_id: str = "91",
    modified: float = 0,
    created: float = -60,
    salesforce_id: str | None = None,
) -> Record:
    """Return a HubSpot company called Example AG."""
    shown: dict[str, Value] = {
        "name": "Example AG",
        "domain": "example.com",
        "crmsync_salesforce_id": salesforce_id,
    }
    return Record(
        Ref(Side.HUBSPOT, "company", record_id),
        shown | dict(fields or {}),
        at(created),
        at(modified),
    )


def an_account(
    fields: Mapping[str, Value] | None = None,
    *,
    record_id: str = ACCOUNT_ID,
    modified: float = 0,
    created: float = -60,
    by: str = "005000000000009AAA",
    key: str | None = None,
) -> Record:
    """Return a Salesforce account called Example AG, last changed by a person."""
    shown: dict[str, Value] = {
        "Name": "Example AG",
        "Website": "example.com",
        "Crmsync_HubSpot_Id__c": key,
    }
    shown |= dict(fields or {})
    return Record(Ref(Side.SALESFORCE, "Account", record_id), shown, at(created), at(modified), by)


def an_account_ruleset(
    *,
    owners: OwnerMatches | None = None,
    companies: CompanySettings | None = None,
    **contacts: object,
) -> Ruleset:
    """Return the ruleset of the accounts of `a_connection`, with owners if given."""
    connection = replace(a_connection(**contacts), companies=companies or CompanySettings())
    return replace(account_ruleset(connection, FINGERPRINTER, OUR_USER, OUR_APP), owners=owners)


def a_link(
    hubspot: Record,
    salesforce: Record,
    ruleset: Ruleset,
    *,
    wrote: tuple[str, ...] = (),
    version: int = 1,
) -> Link:
    """Return a link of two records that agreed on the values that they have here."""
    mapping = ruleset.mappings[salesforce.ref.object]
    return Link(
        "acme",
        ruleset.kind,
        hubspot.ref,
        salesforce.ref,
        rebased(
            Base(),
            mapping.hubspot_forms,
            _all(mapping.hubspot_forms, hubspot),
            ruleset.fingerprinter,
        ),
        rebased(
            Base(),
            mapping.salesforce_forms,
            _all(mapping.salesforce_forms, salesforce),
            ruleset.fingerprinter,
        ),
        tags(wrote),
        version=version,
        hubspot_owner=str(hubspot.fields.get("hubspot_owner_id") or ""),
        salesforce_owner=str(salesforce.fields.get("OwnerId") or ""),
    )


def base_of(
    values: Mapping[str, Value], ruleset: Ruleset, side: Side, salesforce_object: str = "Lead"
) -> Base:
    """Return the base of a side with `values`, and blanks in all other fields of the mapping."""
    forms = ruleset.mappings[salesforce_object].forms(side)
    return rebased(Base(), forms, {name: values.get(name) for name in forms}, ruleset.fingerprinter)


def a_change(
    ref: Ref, cause: Cause = Cause.EDITED, *, minutes: float = 0, tries: int = 0
) -> Change:
    """Return a change of a record."""
    return Change("acme", Kind.CONTACT, ref, cause, at(minutes), tries)


def _all(forms: Mapping[str, object], record: Record) -> dict[str, Value]:
    return {name: record.fields.get(name) for name in forms}


def a_step(total: int = 0, **more: object) -> JobStep:
    """Return the step of a backfill of so many Salesforce contacts."""
    return JobStep(**{"side": Side.SALESFORCE, "object": "Contact", "total": total, **more})  # type: ignore[arg-type]


def a_job(*steps: JobStep, **more: object) -> Job:
    """Return a resync that began at noon, by default with `a_step`."""
    plain = {
        "connection": "acme",
        "id": "7f3a2c",
        "type": JobType.RESYNC,
        "started_at": NOON,
        "moved_at": NOON,
    }
    return Job(**{**plain, "steps": steps or (a_step(),), **more})  # type: ignore[arg-type]
