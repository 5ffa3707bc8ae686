"""What people do in the user interface and no REST resource offers: convert a lead, merge records,
undelete or purge them, define stages, change
the type of a field.

Law: such actions only; each writes through `writes`, in one transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from simulators.salesforce.objects.fields import Row
from simulators.salesforce.objects.schema import View
from simulators.salesforce.objects.sobject import SObject
from simulators.salesforce.org import activities, administration, campaigns, writes
from simulators.salesforce.org.org import Org
from simulators.salesforce.org.stamps import touch
from simulators.salesforce.org.transaction import Actor, Transaction
from simulators.salesforce.refusals import RefusalError
from simulators.salesforce.resources.rows import read_id
from simulators.salesforce.times import DAY, day_of

Action = Mapping[str, Any]
_CONVERTED: Final = "Closed - Converted"
_TO_CONTACT: Final = (
    "FirstName",
    "LastName",
    "Salutation",
    "Email",
    "Phone",
    "MobilePhone",
    "Fax",
    "Title",
    "LeadSource",
    "HasOptedOutOfEmail",
    "HasOptedOutOfFax",
    "DoNotCall",
    "Description",
)
_TO_ACCOUNT: Final = (
    "Phone",
    "Fax",
    "Website",
    "Industry",
    "Rating",
    "AnnualRevenue",
    "NumberOfEmployees",
)
_ADDRESS: Final = ("Street", "City", "State", "PostalCode", "Country")
_PERSONAL: Final = {
    "Email": "PersonEmail",
    "Title": "PersonTitle",
    "MobilePhone": "PersonMobilePhone",
    "LeadSource": "PersonLeadSource",
    "HasOptedOutOfEmail": "PersonHasOptedOutOfEmail",
    "DoNotCall": "PersonDoNotCall",
}


def act(org: Org, actor: Actor, action: Action) -> dict[str, Any]:
    """Do one action of the control URL's ``/person``. Raises `ValueError` for an unknown action,
    `RefusalError` if the org refuses.
    """
    do = _ACTIONS.get(str(action.get("do")))
    if do is None:
        msg = f"unknown action: {action.get('do')!r}"
        raise ValueError(msg)
    with org.transaction(actor) as transaction:
        return do(org, transaction, org.view(actor.user_id), action)


def _convert_lead(org: Org, transaction: Transaction, view: View, action: Action) -> dict[str, Any]:
    """Lead conversion: an account (or person account), a contact, perhaps an opportunity; the lead
    stays, read-only [D].
    """
    lead = _live(org, "Lead", action["lead_id"])
    if lead.get("IsConverted"):
        raise RefusalError("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead", [])
    owner = {"OwnerId": lead["OwnerId"]} if lead["OwnerId"].startswith("005") else {}
    account_id, contact_id = _account_and_contact(org, transaction, view, lead, action, owner)
    opportunity_id = None
    if action.get("create_opportunity"):
        opportunity_id = _opportunity(
            org,
            transaction,
            view,
            lead,
            action,
            owner | {"AccountId": account_id, "ContactId": contact_id},
        )
    touch(
        transaction,
        "Lead",
        lead,
        IsConverted=True,
        Status=_CONVERTED,
        ConvertedDate=day_of(transaction.now_ms),
        ConvertedAccountId=account_id,
        ConvertedContactId=contact_id,
        ConvertedOpportunityId=opportunity_id,
    )
    what_id = opportunity_id or account_id
    activities.follow_conversion(org, transaction, lead["Id"], contact_id, what_id)
    _convert_members(org, transaction, lead["Id"], contact_id)
    return {"account_id": account_id, "contact_id": contact_id, "opportunity_id": opportunity_id}


def _convert_members(org: Org, transaction: Transaction, lead_id: str, contact_id: str) -> None:
    """Move the campaign members of a lead to the contact [D]; they still name the lead, and of two
    rows in one campaign the contact's stays [M].
    """
    for member in org.store.tables[campaigns.MEMBER].matching("LeadId", [lead_id]):
        if member.get("IsDeleted"):
            continue
        if campaigns.members(org, "ContactId", contact_id, member["CampaignId"]):
            writes.delete(org, transaction, _sobject(org, campaigns.MEMBER), member["Id"])
        else:
            touch(transaction, campaigns.MEMBER, member, ContactId=contact_id)


def _account_and_contact(
    org: Org, transaction: Transaction, view: View, lead: Row, action: Action, owner: Row
) -> tuple[str, str]:
    contact_id = action.get("contact_id")
    if contact_id:
        contact = _live(org, "Contact", contact_id)
        return str(contact.get("AccountId")), str(contact["Id"])
    account_id = action.get("account_id")
    if not account_id:
        account_id = writes.create(
            org, transaction, view, _sobject(org, "Account"), _new_account(org, lead) | owner
        )
    account = _live(org, "Account", account_id)
    if account.get("IsPersonAccount"):
        return str(account["Id"]), str(account["PersonContactId"])
    contact_values = _copied(lead, _TO_CONTACT) | {
        f"Mailing{part}": lead.get(part) for part in _ADDRESS
    }
    values = {name: value for name, value in contact_values.items() if value is not None}
    new_id = writes.create(
        org,
        transaction,
        view,
        _sobject(org, "Contact"),
        values | owner | {"AccountId": account["Id"]},
    )
    return str(account["Id"]), new_id


def _new_account(org: Org, lead: Row) -> Row:
    """Create a business account for a lead with a company, a person account for one without [D,
    PA-8, PA-9].
    """
    if lead.get("Company") is not None or not org.schema.person_accounts:
        address = {f"Billing{part}": lead.get(part) for part in _ADDRESS}
        return (
            {"Name": lead.get("Company") or lead["Name"]}
            | _copied(lead, _TO_ACCOUNT)
            | _filled(address)
        )
    personal = {theirs: lead.get(ours) for ours, theirs in _PERSONAL.items()}
    address = {f"PersonMailing{part}": lead.get(part) for part in _ADDRESS}
    return (
        _copied(lead, ("FirstName", "LastName", "Salutation", "Phone", "Fax", "Website"))
        | _filled(personal)
        | _filled(address)
    )


def _opportunity(
    org: Org, transaction: Transaction, view: View, lead: Row, action: Action, links: Row
) -> str:
    stages = sorted(org.store.tables["OpportunityStage"], key=lambda row: row["SortOrder"])
    stage = next(
        (row["ApiName"] for row in stages if row["IsActive"] and not row["IsClosed"]), "Prospecting"
    )
    name = action.get("opportunity_name") or f"{lead.get('Company') or lead['Name']}-"
    values = {
        "Name": name,
        "StageName": stage,
        "CloseDate": day_of(transaction.now_ms + 90 * DAY),
        "LeadSource": lead.get("LeadSource"),
    }
    return writes.create(
        org, transaction, view, _sobject(org, "Opportunity"), _filled(values) | links
    )


def _merge(org: Org, transaction: Transaction, view: View, action: Action) -> dict[str, Any]:
    """Merge: losers go to the recycle bin with `MasterRecordId`, their related records move to the
    winner [D].
    """
    sobject = _sobject(org, str(action["object"]))
    if not sobject.merges:
        raise RefusalError("INVALID_TYPE", f"entity type cannot be merged: {sobject.label}", [])
    winner = _live(org, sobject.name, action["winner"])
    losers = [_live(org, sobject.name, loser) for loser in action["losers"]]
    if any(
        bool(loser.get("IsPersonAccount")) != bool(winner.get("IsPersonAccount"))
        for loser in losers
    ):
        # [M] the code and the text; that the two kinds cannot be merged is documented [D].
        raise RefusalError(
            "INVALID_FIELD", "business accounts and person accounts cannot be merged", []
        )
    for loser in losers:
        _merge_hidden(org, transaction, winner, loser)
        _absorb(org, transaction, sobject, winner["Id"], loser["Id"])
    fields = action.get("fields") or {}
    if fields:
        writes.update(org, transaction, view, sobject, winner["Id"], fields)
    else:
        touch(transaction, sobject.name, winner)
    return {"id": winner["Id"], "merged": [loser["Id"] for loser in losers]}


def _absorb(org: Org, transaction: Transaction, sobject: SObject, winner: str, loser: str) -> None:
    """Move the loser's related records to the winner, and the loser to the recycle bin."""
    for child, field in org.schema.children(sobject.name):
        if field.name not in {"MasterRecordId", "PersonContactId"}:
            for row in org.store.tables[child.name].matching(field.name, [loser]):
                if row.get("MasterRecordId") is None and not _is_member_twice(
                    org, child, field.name, winner, row
                ):
                    touch(transaction, child.name, row, **{field.name: winner})
    writes.delete(org, transaction, sobject, loser, MasterRecordId=winner)


def _is_member_twice(org: Org, child: SObject, name: str, winner: str, row: Row) -> bool:
    """Return whether the winner is a member of the loser's campaign already: then the loser's row
    goes with the loser [M].
    """
    return child.name == campaigns.MEMBER and bool(
        campaigns.members(org, name, winner, row["CampaignId"])
    )


def _merge_hidden(org: Org, transaction: Transaction, winner: Row, loser: Row) -> None:
    """Merging two person accounts also merges the contacts behind them [M]."""
    if loser.get("PersonContactId"):
        _absorb(
            org,
            transaction,
            _sobject(org, "Contact"),
            winner["PersonContactId"],
            loser["PersonContactId"],
        )


def _undelete(org: Org, transaction: Transaction, _view: View, action: Action) -> dict[str, Any]:
    ids = [read_id(str(record_id)) for record_id in action["ids"]]
    for record_id in ids:
        writes.undelete(org, transaction, _of_prefix(org, record_id), record_id)
    return {"ids": ids}


def _hard_delete(org: Org, transaction: Transaction, _view: View, action: Action) -> dict[str, Any]:
    """Delete records, whether they are in the recycle bin or not, so that they are in no bin
    afterwards.
    """
    ids = [read_id(str(record_id)) for record_id in action["ids"]]
    for record_id in ids:
        sobject = _of_prefix(org, record_id)
        if org.store.get(sobject.name, record_id) is None:
            raise RefusalError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", [])
        writes.purge(org, transaction, sobject, record_id)
    return {"ids": ids}


def _archive_activities(
    org: Org, transaction: Transaction, _view: View, _action: Action
) -> dict[str, Any]:
    return {"ids": activities.archive(org, transaction)}


def _of_prefix(org: Org, record_id: str) -> SObject:
    sobject = next(
        (item for item in org.schema.objects.values() if item.prefix == record_id[:3]), None
    )
    if sobject is None:
        raise RefusalError("MALFORMED_ID", f"malformed id {record_id}", [])
    return sobject


def _define_stage(
    org: Org, transaction: Transaction, _view: View, action: Action
) -> dict[str, Any]:
    return administration.define_stage(org, transaction, action)


def _define_task_status(
    org: Org, transaction: Transaction, _view: View, action: Action
) -> dict[str, Any]:
    return administration.define_task_status(org, transaction, action)


def _define_record_type(
    org: Org, transaction: Transaction, _view: View, action: Action
) -> dict[str, Any]:
    return administration.define_record_type(org, transaction, action)


def _change_type(
    org: Org, _transaction: Transaction, _view: View, action: Action
) -> dict[str, Any]:
    return administration.change_type(org, action)


_ACTIONS: Final[Mapping[str, Callable[[Org, Transaction, View, Action], dict[str, Any]]]] = (
    MappingProxyType(
        {
            "convert_lead": _convert_lead,
            "merge": _merge,
            "undelete": _undelete,
            "archive_activities": _archive_activities,
            "hard_delete": _hard_delete,
            "define_stage": _define_stage,
            "define_record_type": _define_record_type,
            "define_task_status": _define_task_status,
            "change_type": _change_type,
        }
    )
)


def _live(org: Org, sobject: str, record_id: Any) -> Row:
    row = org.store.live(sobject, read_id(str(record_id)))
    if row is None:
        raise RefusalError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", [])
    return row


def _sobject(org: Org, name: str) -> SObject:
    found = org.schema.get(name)
    if found is None:
        raise RefusalError("INVALID_TYPE", f"sObject type '{name}' is not supported.", [])
    return found


def _copied(row: Row, names: tuple[str, ...]) -> Row:
    return _filled({name: row.get(name) for name in names})


def _filled(values: Row) -> Row:
    return {name: value for name, value in values.items() if value is not None}
