"""Accounts by web domain, the contacts of accounts, the leads of contacts, and whether an org has
person accounts.

SOQL cannot extract the host from a URL, so accounts are searched by all ways in which a website of
the domain may begin, and the hosts of the results are compared here. The conditions are anchored at
the start, so that an index on ``Website`` can be used.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from crmsync.gateways.salesforce.ids import full, is_id
from crmsync.gateways.salesforce.places import places_of
from crmsync.gateways.salesforce.queries import Query, by_account, by_website, packed, run
from crmsync.gateways.salesforce.sdk import format_soql
from crmsync.gateways.salesforce.session import SalesforceSession
from crmsync.model.crm_names import IS_PERSON_ACCOUNT, LEAD, PARENT_ACCOUNT, SALESFORCE_CONTACT
from crmsync.model.kinds.places import Places
from crmsync.model.records import Ref, Side
from crmsync.rules.fields.domains import asked, host_of


def accounts_by_domain(
    session: SalesforceSession, domains: Iterable[str], persons: PersonAccounts
) -> Mapping[str, str]:
    """The id of the only business account whose website has each domain, with or without ``www.``,
    by the domain in lowercase. Raises `SyncError`.
    """
    wanted = asked(domains)
    holders: dict[str, set[str]] = {}
    for _, rows in run(
        session, list(by_website(wanted, person_accounts=bool(wanted) and persons.are_on()))
    ):
        for row in rows:
            holders.setdefault(host_of(str(row.get("Website") or "")), set()).add(
                full(str(row["Id"]))
            )
    return {
        domain: next(iter(holders[domain]))
        for domain in wanted
        if len(holders.get(domain, ())) == 1
    }


def contacts_of(
    session: SalesforceSession, accounts: Iterable[str]
) -> Mapping[str, tuple[Ref, ...]]:
    """The contacts of each account in the order of their ids, without deleted ones. Raises
    `SyncError`.

    The result uses the account ids of the call, of 15 or 18 characters. A person account has its
    own contact.
    """
    names = {full(one): one for one in accounts if is_id(one)}
    found: dict[str, list[str]] = {}
    for _, rows in run(session, list(by_account(names))):
        for row in rows:
            found.setdefault(names[full(str(row[PARENT_ACCOUNT]))], []).append(full(str(row["Id"])))
    return {
        account: tuple(Ref(Side.SALESFORCE, SALESFORCE_CONTACT, one) for one in sorted(ids))
        for account, ids in found.items()
    }


def by_converted(contacts: Iterable[str]) -> Iterator[Query]:
    """Queries for the leads that were converted to the contacts."""
    form = "SELECT Id, ConvertedContactId FROM Lead WHERE ConvertedContactId IN {ids}"

    def query(part: list[str]) -> Query:
        return Query(format_soql(form, ids=part), LEAD)

    return packed(list(contacts), query, lambda one: format_soql("{},", one))


def leads_of(session: SalesforceSession, contacts: Iterable[Ref]) -> Mapping[Ref, tuple[Ref, ...]]:
    """The leads that were converted to each contact, in the order of their ids, without deleted
    ones. Raises `SyncError`.
    """
    names = {full(one.id): one for one in contacts if is_id(one.id)}
    found: dict[Ref, list[str]] = {}
    for _, rows in run(session, list(by_converted(names))):
        for row in rows:
            found.setdefault(names[full(str(row["ConvertedContactId"]))], []).append(
                full(str(row["Id"]))
            )
    return {
        contact: tuple(Ref(Side.SALESFORCE, LEAD, one) for one in sorted(ids))
        for contact, ids in found.items()
    }


_ASKED = frozenset({IS_PERSON_ACCOUNT, "MailingCountryCode", "MailingStateCode"})
"""The described fields of Contact that are kept."""


class PersonAccounts:
    """Whether an org has person accounts. Enabling them cannot be undone, so only "no" may become
    outdated, and not for longer than a Lambda lives.
    """

    def __init__(self, session: SalesforceSession) -> None:
        """Call through `session` when the first question is asked."""
        self._session = session
        self._known: Mapping[str, Mapping[str, Any]] | None = None

    def are_on(self) -> bool:
        """Whether the columns of person accounts exist (PA-1). Raises `SyncError`.

        The object Contact is described, because not every deployment may read accounts.
        """
        return IS_PERSON_ACCOUNT in self._described()

    def places(self) -> Places | None:
        """The org's countries and states, from the same call; None if addresses may have any text.
        Raises `SyncError`.
        """
        fields = self._described()
        if "MailingCountryCode" not in fields:
            return None
        return places_of(fields["MailingCountryCode"], fields.get("MailingStateCode", {}))

    def _described(self) -> Mapping[str, Mapping[str, Any]]:
        if self._known is None:
            described = self._session.call("GET", "sobjects/Contact/describe")
            self._known = {
                str(row["name"]): row for row in described["fields"] if row["name"] in _ASKED
            }
        return self._known
