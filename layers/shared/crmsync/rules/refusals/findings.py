"""The codes of what crmsync itself finds wrong, without a CRM's refusal. Data only."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from crmsync.errors import Drifted, Refused, SyncError, TryAgain
from crmsync.model.effects import Category
from crmsync.rules.refusals.refusal import Extent, Fixer, Refusal

OTHER_PLACE_HINT = (
    "Put the former address and secret back. Another account or org needs a connection with "
    "another name."
)


def _finding(
    category: Category,
    cause: str,
    who: Fixer,
    hint: str,
    error: type[SyncError] = Refused,
) -> Refusal:
    """It stays until somebody does something."""
    return Refusal(error, category, cause, who, hint)


def _other_place(cause: str) -> Refusal:
    """No call of the connection may be made until its secret is put right."""
    return Refusal(
        Refused,
        Category.PERMISSIONS,
        cause,
        Fixer.OPERATOR,
        OTHER_PLACE_HINT,
        extent=Extent.SIDE,
    )


def _later(cause: str, wait: float) -> Refusal:
    """It passes by itself."""
    return Refusal(TryAgain, Category.UNAVAILABLE, cause, Fixer.NOBODY, "", wait)


FINDINGS: Mapping[str, Refusal] = MappingProxyType(
    {
        # records of either side
        "NO_ADDRESS": _finding(
            Category.WAITING,
            "The record has no e-mail address yet, so it waits.",
            Fixer.RECORD_OWNER,
            "Give it an e-mail address; it then syncs by itself.",
        ),
        "SHARED_ADDRESS": _finding(
            Category.DUPLICATES,
            "A linked record has the same e-mail address.",
            Fixer.RECORD_OWNER,
            "Merge the two records, or give one of them another address.",
        ),
        "SHARED_ADDRESS_OPTED_OUT": _finding(
            Category.DUPLICATES,
            "A linked record has the same e-mail address, and only this one is opted out.",
            Fixer.HUBSPOT_ADMIN,
            "Its contact is outside the inclusion list: unsubscribe it in HubSpot by hand, "
            "then merge the two records.",
        ),
        "COUNTERPART_TAKEN": _finding(
            Category.DUPLICATES,
            "The record that crmsync made for it belongs to another pair by now.",
            Fixer.RECORD_OWNER,
            "Merge it with the record of that pair on its side; they are probably one person.",
        ),
        "MADE_AGAIN": _finding(
            Category.DUPLICATES,
            "crmsync made it once more while the first one was deleted; its contact is gone.",
            Fixer.RECORD_OWNER,
            "Delete it in Salesforce; or, to keep it, clear its HubSpot id there: "
            "it then gets a new contact.",
        ),
        "ADDRESS_TAKEN": _finding(
            Category.DUPLICATES,
            "Another HubSpot contact has the new e-mail address.",
            Fixer.RECORD_OWNER,
            "Merge the two contacts in HubSpot, or correct the address in Salesforce.",
        ),
        "OPT_OUT_NOT_SHOWN": _finding(
            Category.UNAVAILABLE,
            "HubSpot accepted an opt-out and does not show it.",
            Fixer.HUBSPOT_ADMIN,
            "Look at its communication subscriptions in HubSpot, those of every brand too, "
            "and unsubscribe it there.",
            TryAgain,
        ),
        "NAME_MISSING": _finding(
            Category.VALIDATION,
            "Salesforce requires a name that HubSpot does not have.",
            Fixer.RECORD_OWNER,
            "Fill it in HubSpot, or set a fallback under [connection.contacts].",
        ),
        "VALUE_DOES_NOT_FIT": _finding(
            Category.VALIDATION,
            "The field of the other side cannot hold the value; all others are in step.",
            Fixer.RECORD_OWNER,
            "Correct the value; the field then syncs by itself.",
        ),
        "TEXT_TRUNCATED": _finding(
            Category.VALIDATION,
            "The other side shows only the beginning of a text.",
            Fixer.RECORD_OWNER,
            "Shorten the text; the whole of it stays where it was written.",
        ),
        "DELETIONS_OVER_LIMIT": _finding(
            Category.BRAKE,
            "More records were deleted than max_deletes_per_hour allows.",
            Fixer.OPERATOR,
            "Find out who deleted them, and undelete those that are to stay. crmsync brakes "
            "release deletes this record, crmsync brakes drop keeps it.",
        ),
        "CHANGES_OVER_LIMIT": _finding(
            Category.BRAKE,
            "More records were changed than the settings allow in an hour.",
            Fixer.OPERATOR,
            "Find out who changed so many: crmsync brakes release lets it cross, crmsync "
            "brakes drop leaves the other side as it is.",
        ),
        "FIELD_LOOP": _finding(
            Category.VALIDATION,
            "crmsync and somebody else kept writing a field in turn, so crmsync has stopped it.",
            Fixer.OPERATOR,
            "Find the workflow, flow or other HubSpot account that writes the field, and stop it "
            "or change the field's policy; then run crmsync errors retry.",
        ),
        "DEAL_INCOMPLETE": _finding(
            Category.VALIDATION,
            "The other side requires a value that the deal or opportunity does not have.",
            Fixer.RECORD_OWNER,
            "Fill it in; for a stage, see that it is active in Salesforce, and run crmsync "
            "setup --apply.",
        ),
        "SHARED_VALUE": _finding(
            Category.DUPLICATES,
            "Several records have the value by which deals and opportunities are paired.",
            Fixer.RECORD_OWNER,
            "Give each record a value of its own, or switch the matching off.",
        ),
        "DELETION_DEFERRED": _finding(
            Category.HELD,
            "A deletion waits for hold_deletes_hours.",
            Fixer.RECORD_OWNER,
            "Undelete it in Salesforce within that time if it is to stay.",
        ),
        "WAITS_FOR_ACCOUNT": _finding(
            Category.ASSOCIATIONS,
            "The company or account of the record does not sync.",
            Fixer.RECORD_OWNER,
            "Look for the error of its company or account and mend that; the contact then "
            "follows by itself.",
        ),
        "DELETED_FOR_PRIVACY": _finding(
            Category.PRIVACY,
            "A contact was deleted in HubSpot for privacy and is still in Salesforce.",
            Fixer.OPERATOR,
            "Decide what becomes of the Salesforce record, then run crmsync errors done.",
        ),
        "FIELD_LACKING": _finding(
            Category.MAPPING,
            "A side does not have, show or accept a mapped field.",
            Fixer.OPERATOR,
            "Restore the field or the right to it, or take it out of the settings.",
            Drifted,
        ),
        # HubSpot
        "ASSOCIATION_LIMIT": _finding(
            Category.ASSOCIATIONS,
            "The record has as many associations as HubSpot allows.",
            Fixer.HUBSPOT_ADMIN,
            "Remove or move associations of the record in HubSpot, or raise the limit in HubSpot's "
            "settings (ERR-2).",
        ),
        "STILL_SUBSCRIBED": _finding(
            Category.VALIDATION,
            "HubSpot accepted an opt-out and left some subscriptions on.",
            Fixer.HUBSPOT_ADMIN,
            "Unsubscribe the contact by hand in HubSpot, from every brand, and look at who may "
            "change its subscriptions.",
        ),
        "LIST_NOT_FOUND": _finding(
            Category.VALIDATION,
            "HubSpot does not have the inclusion list.",
            Fixer.OPERATOR,
            "Name a list that exists as contacts.inclusion_list in the settings (SET-9).",
        ),
        "API_VERSION": _finding(
            Category.VALIDATION,
            "The secret's api_version is neither a date nor v3.",
            Fixer.OPERATOR,
            "Correct api_version in the connection's HubSpot secret, or take it out.",
        ),
        # the connection
        "SECRET": _finding(
            Category.PERMISSIONS,
            "A secret is missing or lacks a part.",
            Fixer.OPERATOR,
            "Store the secret again.",
        ),
        "LOGIN_HOST": _finding(
            Category.VALIDATION,
            "The secret names a login address that is not Salesforce's.",
            Fixer.OPERATOR,
            "Store Salesforce's login address in the secret.",
        ),
        "NEEDED_FIELD": _finding(
            Category.PERMISSIONS,
            "A side does not have, or no longer shows, a field that crmsync needs.",
            Fixer.OPERATOR,
            "Run crmsync check, then crmsync setup --apply.",
        ),
        "OTHER_ACCOUNT": _other_place(
            "The secret leads to another HubSpot account than the connection's."
        ),
        "OTHER_ORG": _other_place(
            "The secret leads to another Salesforce org than the connection's."
        ),
        # our own stores
        "OVERTAKEN": _later("Others keep changing the record while it is synced.", 5),
        "CLAIMED": _later("Another HubSpot account is creating a record with this address.", 5),
        "BUSY": _later("Several workers count changes at once.", 5),
        "LINK_KEY": _later("A link was stored with a key that is too new.", 5),
    }
)
