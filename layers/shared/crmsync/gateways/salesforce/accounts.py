"""What Salesforce knows of accounts beside their records: web domains, contacts, whether an account
may be a person.

Nothing here knows what an account is good for.

SOQL cannot take a host out of a URL, so accounts are looked up by every way in which a website of
the domain may begin, and what comes back is taken apart here. The beginnings are anchored, so that
an org that has an index on ``Website`` uses it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from crmsync.gateways.salesforce.ids import full, is_id
from crmsync.gateways.salesforce.places import places_of
from crmsync.gateways.salesforce.queries import by_account, by_website, run
from crmsync.gateways.salesforce.session import SalesforceSession
from crmsync.model.crm_names import IS_PERSON_ACCOUNT, PARENT_ACCOUNT, SALESFORCE_CONTACT
from crmsync.model.places import Places
from crmsync.model.records import Ref, Side
from crmsync.rules.fields.domains import asked, host_of


def accounts_by_domain(
    session: SalesforceSession, domains: Iterable[str], persons: PersonAccounts
) -> Mapping[str, str]:
    """Domain, small, -> the id of the one business account whose website is there; with or without
    ``www.``. Raises `SyncError`.
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
    """Account -> its contacts in the order of their ids, all but deleted ones; a person account has
    its own one. Raises `SyncError`.

    Accounts are named as they were asked for, by 15 or 18 characters.
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


_ASKED = frozenset({IS_PERSON_ACCOUNT, "MailingCountryCode", "MailingStateCode"})
"""What is kept of the description of contacts."""


class PersonAccounts:
    """Whether an org has person accounts. Switching them on cannot be undone, so only a "no" could
    grow old; a warm Lambda is young.
    """

    def __init__(self, session: SalesforceSession) -> None:
        """Ask through `session`, at the first question."""
        self._session = session
        self._known: Mapping[str, Mapping[str, Any]] | None = None

    def are_on(self) -> bool:
        """The answer of the first call: the columns of person accounts do not exist where they are
        off (PA-1). Raises `SyncError`.

        Contact is asked, as not every deployment of ours may read accounts.
        """
        return IS_PERSON_ACCOUNT in self._described()

    def places(self) -> Places | None:
        """The org's countries and states, told by the same call; None where addresses take any
        text. Raises `SyncError`.
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
