"""What else happens when a record is saved: values that the org derives, and other records that it
writes.

Tables per sObject, which `writes` goes through. `DERIVE` runs before the checks and may change the
new row; `FOLLOW` runs after the record is stored.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from simulators.salesforce.objects.fields import Row
from simulators.salesforce.objects.people import PERSON_MIRROR
from simulators.salesforce.objects.schema import person_account_name
from simulators.salesforce.org import activities, campaigns
from simulators.salesforce.org.org import Org
from simulators.salesforce.org.stamps import stamped, touch
from simulators.salesforce.org.transaction import Transaction
from simulators.salesforce.refusals import RefusalError

Derive = Callable[[Org, Transaction, Row | None, Row], None]
"""(org, transaction, row before or None, new row to complete)."""
Follow = Callable[[Org, Transaction, Row | None, Row], None]
"""(org, transaction, row before or None, stored row)."""

_ALIAS: Final = 8


def _person(_org: Org, _transaction: Transaction, _before: Row | None, row: Row) -> None:
    row["Name"] = (
        " ".join(part for part in (row.get("FirstName"), row.get("LastName")) if part) or None
    )


def _lead_owner(org: Org, transaction: Transaction, _before: Row | None, row: Row) -> None:
    """The active assignment rule sets the owner on create, and on update unless the caller disables
    it [D, PLT-1].
    """
    if (
        org.lead_owner_id is not None
        and transaction.actor.auto_assign
        and not transaction.actor.trusted
    ):
        row["OwnerId"] = org.lead_owner_id


def _converted_lead(_org: Org, transaction: Transaction, before: Row | None, _row: Row) -> None:
    if before is not None and before.get("IsConverted") and not transaction.actor.trusted:
        raise RefusalError("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead", [])


def _bounced(_org: Org, _transaction: Transaction, _before: Row | None, row: Row) -> None:
    row["IsEmailBounced"] = row.get("EmailBouncedDate") is not None


def _user(_org: Org, _transaction: Transaction, _before: Row | None, row: Row) -> None:
    row.setdefault("Alias", (row.get("LastName") or "")[:_ALIAS] or None)


def _person_account(org: Org, _transaction: Transaction, before: Row | None, row: Row) -> None:
    """A last name makes a new account a person account; its name is that of the person [D, PA-2,
    PA-5].
    """
    if not org.schema.person_accounts:
        return
    kind = org.store.get("RecordType", row.get("RecordTypeId") or "") or {}
    chosen = before is None and row.get("LastName") is not None and row.get("Name") is None
    person = bool(kind.get("IsPersonType") or chosen or row.get("IsPersonAccount"))
    row["IsPersonAccount"] = person
    if not person:
        return
    if not kind.get("IsPersonType"):
        row["RecordTypeId"] = next(
            (
                r["Id"]
                for r in org.store.tables["RecordType"]
                if r.get("IsPersonType") and r["SobjectType"] == "Account"
            ),
            None,
        )
    if row.get("LastName") is None:
        raise RefusalError(
            "REQUIRED_FIELD_MISSING", "Required fields are missing: [LastName]", ["LastName"]
        )
    row["Name"] = " ".join(part for part in (row.get("FirstName"), row.get("LastName")) if part)
    if row.get("PersonContactId") is None:
        row["PersonContactId"] = org.ids.make("003")


def _stage(org: Org, _transaction: Transaction, before: Row | None, row: Row) -> None:
    """Probability and forecast category follow the stage when it changes; closed and won always do
    [D].

    An undefined stage, or one that the record type's sales process does not have, is accepted: the
    picklist is not restricted [M].
    """
    stage = next(
        (
            item
            for item in org.store.tables["OpportunityStage"]
            if item["ApiName"] == row.get("StageName")
        ),
        None,
    )
    facts: Mapping[str, Any] = stage or {}
    row["IsClosed"], row["IsWon"] = bool(facts.get("IsClosed")), bool(facts.get("IsWon"))
    old: Mapping[str, Any] = before or {}
    if stage is None or old.get("StageName") == row.get("StageName"):
        return
    follows = {
        "Probability": facts.get("DefaultProbability"),
        "ForecastCategoryName": facts.get("ForecastCategoryName"),
    }
    for name, value in follows.items():
        if row.get(name) == old.get(name):
            row[name] = value
    row["ForecastCategory"] = facts.get("ForecastCategory")


def _products(_org: Org, transaction: Transaction, before: Row | None, row: Row) -> None:
    """With products an opportunity's amount is their sum: a given amount is ignored silently,
    another currency is refused [D].
    """
    if before is None or not before.get("HasOpportunityLineItem") or transaction.actor.trusted:
        return
    row["Amount"] = before.get("Amount")
    if before.get("CurrencyIsoCode") != row.get("CurrencyIsoCode"):
        # [M] code and text; the fact is [D].
        message = (
            "Opportunity Currency: the currency of an opportunity with products cannot be changed"
        )
        raise RefusalError("FIELD_INTEGRITY_EXCEPTION", message, ["CurrencyIsoCode"])


def _hidden_contact(org: Org, transaction: Transaction, _before: Row | None, row: Row) -> None:
    """The org creates the contact behind a person account and keeps it equal [D, PA-3]."""
    contact_id = row.get("PersonContactId")
    if contact_id is None:
        return
    mirrored = {theirs: row.get(ours) for ours, theirs in PERSON_MIRROR.items()}
    mirrored |= {
        name: row.get(person_account_name(name)) for name in _custom_fields(org, "Contact")
    }
    known = org.store.get("Contact", contact_id)
    fixed = {
        "Id": contact_id,
        "AccountId": row["Id"],
        "IsPersonAccount": True,
        "Name": row["Name"],
        "IsDeleted": bool(row.get("IsDeleted")),
    }
    new = (
        (known or {"DoNotCall": False, "HasOptedOutOfFax": False, "IsEmailBounced": False})
        | mirrored
        | fixed
    )
    if known is None and row.get("CreatedDate") is not None:
        new["CreatedDate"] = row["CreatedDate"]
    transaction.put("Contact", contact_id, stamped(transaction, known, new))


def _custom_fields(org: Org, sobject: str) -> list[str]:
    found = org.schema.get(sobject)
    return [field.name for field in found.fields if field.custom] if found is not None else []


def _first_role(org: Org, transaction: Transaction, before: Row | None, row: Row) -> None:
    """`ContactId` on a new opportunity creates its primary contact role [D]."""
    if before is None and row.get("ContactId") is not None:
        role = {
            "Id": org.ids.make("00K"),
            "IsDeleted": False,
            "OpportunityId": row["Id"],
            "ContactId": row["ContactId"],
            "IsPrimary": True,
        }
        transaction.put("OpportunityContactRole", role["Id"], stamped(transaction, None, role))


def _one_primary(org: Org, transaction: Transaction, before: Row | None, row: Row) -> None:
    """An opportunity has one primary contact role: a new one replaces the old one [D]."""
    opportunity = org.store.live("Opportunity", row["OpportunityId"])
    if not row.get("IsPrimary"):
        _no_primary(org, transaction, before or {"OpportunityId": row["OpportunityId"]})
        return
    for other in org.store.tables["OpportunityContactRole"].matching(
        "OpportunityId", [row["OpportunityId"]]
    ):
        if other["Id"] != row["Id"] and other.get("IsPrimary") and not other.get("IsDeleted"):
            touch(transaction, "OpportunityContactRole", other, IsPrimary=False)
    if opportunity is not None and opportunity.get("ContactId") != row["ContactId"]:
        transaction.put(
            "Opportunity",
            opportunity["Id"],
            opportunity | {"ContactId": row["ContactId"], "SystemModstamp": transaction.now_ms},
        )


def _no_primary(org: Org, transaction: Transaction, before: Row) -> None:
    """Without a primary contact role an opportunity has no `ContactId` [M]."""
    opportunity = org.store.live("Opportunity", before["OpportunityId"])
    if (
        before.get("IsPrimary")
        and opportunity is not None
        and opportunity.get("ContactId") == before["ContactId"]
    ):
        new = opportunity | {"ContactId": None, "SystemModstamp": transaction.now_ms}
        transaction.put("Opportunity", opportunity["Id"], new)


def _granted(org: Org, transaction: Transaction, _before: Row | None, row: Row) -> None:
    """A grant changes what describe shows of its object, and of the objects whose fields wait for
    one [M].
    """
    for sobject in {
        *(name for name, _ in org.schema.guarded),
        *filter(None, [row.get("SobjectType")]),
    }:
        org.schema.changed_ms[sobject] = transaction.now_ms


def _statuses(org: Org, transaction: Transaction, before: Row | None, row: Row) -> None:
    """A new campaign has two statuses [M]."""
    if before is not None:
        return
    for number, (label, default, responded) in enumerate(campaigns.NEW_STATUSES, start=1):
        status = {
            "Id": org.ids.make("01Y"),
            "IsDeleted": False,
            "CampaignId": row["Id"],
            "Label": label,
            "SortOrder": number,
            "IsDefault": default,
            "HasResponded": responded,
        }
        transaction.put(campaigns.STATUS, status["Id"], stamped(transaction, None, status))


def _one_default(org: Org, transaction: Transaction, _before: Row | None, row: Row) -> None:
    for other in campaigns.without_default(org, row):
        touch(transaction, campaigns.STATUS, other, IsDefault=False)


DERIVE: Final[Mapping[str, tuple[Derive, ...]]] = MappingProxyType(
    {
        "Lead": (_converted_lead, _person, _lead_owner),
        "Contact": (_person, _bounced),
        "User": (_person, _user),
        "Account": (_person_account,),
        "Opportunity": (_stage, _products),
        "Task": (activities.task,),
        "Event": (activities.event,),
        "TaskRelation": (activities.relation,),
        "EventRelation": (activities.relation,),
        "CampaignMember": (campaigns.complete_member,),
    }
)
FOLLOW: Final[Mapping[str, tuple[Follow, ...]]] = MappingProxyType(
    {
        "Account": (_hidden_contact,),
        "Opportunity": (_first_role,),
        "OpportunityContactRole": (_one_primary,),
        "Campaign": (_statuses,),
        "CampaignMemberStatus": (_one_default,),
        "Task": (activities.relate,),
        "Event": (activities.relate,),
        "TaskRelation": (activities.related,),
        "EventRelation": (activities.related,),
        "FieldPermissions": (_granted,),
        "ObjectPermissions": (_granted,),
        "PermissionSetAssignment": (_granted,),
    }
)
GONE: Final[Mapping[str, tuple[Callable[[Org, Transaction, Row], None], ...]]] = MappingProxyType(
    {
        "OpportunityContactRole": (_no_primary,),
        "TaskRelation": (activities.unrelated,),
        "EventRelation": (activities.unrelated,),
        "Contact": (activities.person_gone,),
        "Lead": (activities.person_gone,),
    }
)
"""What follows when a record is deleted: (org, transaction, the row before)."""
