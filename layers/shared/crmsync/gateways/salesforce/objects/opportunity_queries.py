"""Queries about opportunities, contact roles and stages. Texts only; `queries` runs them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from crmsync.gateways.salesforce.queries import Query, checked, packed
from crmsync.gateways.salesforce.sdk import format_soql
from crmsync.model import names
from crmsync.model.crm_names import CONTACT_ROLE, OPPORTUNITY, OPPORTUNITY_STAGE, RECORD_TYPE

IDS = 400
"""Ids per query, so that the roles mostly fit into one page."""


TYPES = Query(
    "SELECT Id, Name FROM RecordType"
    " WHERE SobjectType = 'Opportunity' AND IsActive = true ORDER BY Id",
    RECORD_TYPE,
)
STAGES = Query(
    "SELECT ApiName, MasterLabel, IsActive, IsClosed, IsWon, DefaultProbability"
    " FROM OpportunityStage ORDER BY SortOrder, Id",
    OPPORTUNITY_STAGE,
)
"""Includes inactive stages, as opportunities may still be in one."""

UNTYPED = Query("SELECT Id FROM Opportunity WHERE RecordTypeId = null LIMIT 1", OPPORTUNITY)
"""Only for orgs with record types of opportunities: in others the column does not exist."""

_TIES = (
    "SELECT Id, ContactId, OpportunityId, Opportunity.CreatedDate, Opportunity.CloseDate,"
    " Opportunity.Amount, Opportunity.StageName, Opportunity.IsClosed, Opportunity.IsWon"
    " FROM OpportunityContactRole WHERE ContactId IN {ids}"
)
_ROLES = (
    "SELECT Id, OpportunityId, ContactId, IsDeleted, {key:literal} FROM OpportunityContactRole"
    " WHERE {by:literal} IN {ids}"
)
_OF_ACCOUNTS = "SELECT Id FROM Opportunity WHERE AccountId IN {ids}"
_IN_BIN = "SELECT Id, SystemModstamp FROM Opportunity WHERE Id IN {ids} AND IsDeleted = true"
_BY_VALUE = "SELECT Id, {name:literal} FROM Opportunity WHERE {name:literal} IN {values}"


def roles(by: str, ids: Iterable[str]) -> Iterator[Query]:
    """Roles by their own ids (`by` = ``Id``) or by those of their opportunities
    (``OpportunityId``), including the recycle bin.
    """
    return _of_ids(_ROLES, CONTACT_ROLE, ids, by=by, deleted_too=True)


def ties(contacts: Iterable[str]) -> Iterator[Query]:
    """The roles of contacts, with the fields of each opportunity that roll-ups need. Amounts are
    not converted.

    Salesforce documents ``convertCurrency()`` only for fields of the queried object, not of its
    parent, and it converts to the currency of our user, which may not be that of the HubSpot
    account.
    """
    return _of_ids(_TIES, CONTACT_ROLE, contacts)


def of_accounts(accounts: Iterable[str]) -> Iterator[Query]:
    """The opportunities of accounts."""
    return _of_ids(_OF_ACCOUNTS, OPPORTUNITY, accounts)


def in_bin(opportunities: Iterable[str]) -> Iterator[Query]:
    """Those of the opportunities that are in the recycle bin. Their deletion is the last change of
    their timestamp.
    """
    return _of_ids(_IN_BIN, OPPORTUNITY, opportunities, deleted_too=True)


def by_value(name: str, values: Iterable[str]) -> Iterator[Query]:
    """The opportunities that have one of the values in a field; SOQL ignores case in texts."""

    def query(part: list[str]) -> Query:
        return Query(format_soql(_BY_VALUE, name=checked(name), values=part), OPPORTUNITY)

    return packed(list(values), query, lambda value: format_soql("{},", value), most=IDS)


def _of_ids(
    form: str, name: str, ids: Iterable[str], *, by: str = "", deleted_too: bool = False
) -> Iterator[Query]:
    def query(part: list[str]) -> Query:
        return Query(
            format_soql(form, by=by, key=names.SALESFORCE_KEY, ids=part),
            name,
            deleted_too=deleted_too,
        )

    return packed(list(ids), query, lambda one: format_soql("{},", one), most=IDS)
