"""What Salesforce is asked about opportunities beside their records, as queries. Texts only;
`queries` packs and runs them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from crmsync.gateways.salesforce.queries import Query, checked, packed
from crmsync.gateways.salesforce.sdk import format_soql
from crmsync.model import names
from crmsync.model.crm_names import CONTACT_ROLE, OPPORTUNITY, OPPORTUNITY_STAGE, RECORD_TYPE

IDS = 400
"""Ids in one query: an answer of roles is short enough then to come in one page, mostly."""


TYPES = Query(
    "SELECT Id, Name FROM RecordType WHERE SobjectType = 'Opportunity' AND IsActive = true ORDER BY Id",
    RECORD_TYPE,
)
STAGES = Query(
    "SELECT ApiName, MasterLabel, IsActive, IsClosed, IsWon, DefaultProbability FROM OpportunityStage ORDER BY SortOrder, Id",
    OPPORTUNITY_STAGE,
)
"""Inactive ones too: an opportunity may still be in one."""

UNTYPED = Query("SELECT Id FROM Opportunity WHERE RecordTypeId = null LIMIT 1", OPPORTUNITY)
"""Only for orgs that have record types of opportunities: elsewhere the column does not exist."""

_TIES = (
    "SELECT ContactId, OpportunityId, Opportunity.CreatedDate, Opportunity.CloseDate, Opportunity.Amount, Opportunity.StageName,"
    " Opportunity.IsClosed, Opportunity.IsWon FROM OpportunityContactRole WHERE ContactId IN {ids}"
)
_ROLES = "SELECT Id, OpportunityId, ContactId, IsDeleted, {key:literal} FROM OpportunityContactRole WHERE {by:literal} IN {ids}"
_OF_ACCOUNTS = "SELECT Id FROM Opportunity WHERE AccountId IN {ids}"
_IN_BIN = "SELECT Id, SystemModstamp FROM Opportunity WHERE Id IN {ids} AND IsDeleted = true"
_BY_VALUE = "SELECT Id, {name:literal} FROM Opportunity WHERE {name:literal} IN {values}"


def roles(by: str, ids: Iterable[str]) -> Iterator[Query]:
    """Roles by their own ids (`by` = ``Id``) or those of their opportunities (``OpportunityId``),
    the recycle bin included.
    """
    return _of_ids(_ROLES, CONTACT_ROLE, ids, by=by, deleted_too=True)


def ties(contacts: Iterable[str]) -> Iterator[Query]:
    """The roles of contacts with what their roll-ups need of each opportunity, amounts as they
    stand.

    Salesforce's reference shows ``convertCurrency()`` on fields of the queried object alone, not by
    way of a parent, and it gives the currency of whoever asks, which need not be that of the
    HubSpot account.
    """
    return _of_ids(_TIES, CONTACT_ROLE, contacts)


def of_accounts(accounts: Iterable[str]) -> Iterator[Query]:
    """The opportunities of accounts."""
    return _of_ids(_OF_ACCOUNTS, OPPORTUNITY, accounts)


def in_bin(opportunities: Iterable[str]) -> Iterator[Query]:
    """Those of the opportunities that are in the recycle bin; a deletion is the last thing that
    moves a record's stamp.
    """
    return _of_ids(_IN_BIN, OPPORTUNITY, opportunities, deleted_too=True)


def by_value(name: str, values: Iterable[str]) -> Iterator[Query]:
    """The opportunities that hold one of the values in a field; SOQL compares texts without
    case.
    """

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
