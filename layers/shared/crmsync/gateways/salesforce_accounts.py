"""Which Salesforce account has which web domain. Nothing here knows what an account is good for.

SOQL cannot take a host out of a URL, so accounts are looked up by every way in which a website of the domain may begin, and what comes back
is taken apart here. The beginnings are anchored, so that an org that has an index on ``Website`` uses it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

from crmsync.gateways.salesforce_ids import full
from crmsync.gateways.salesforce_queries import by_website, run
from crmsync.gateways.salesforce_session import SalesforceSession


def accounts_by_domain(session: SalesforceSession, domains: Iterable[str]) -> Mapping[str, str]:
    """Domain, small, -> the id of the one account whose website is there; with or without ``www.``. Raises `SyncError`."""
    wanted = dict.fromkeys(domain for domain in (one.strip().lower() for one in domains) if _is_domain(domain))
    holders: dict[str, set[str]] = {}
    for _, rows in run(session, list(by_website(wanted))):
        for row in rows:
            holders.setdefault(host_of(str(row.get("Website") or "")), set()).add(full(str(row["Id"])))
    return {domain: next(iter(holders[domain])) for domain in wanted if len(holders.get(domain, ())) == 1}


def host_of(website: str) -> str:
    """The host of a website as people type it, without ``www.``; "" where there is none."""
    text = website.strip().lower()
    try:
        host = urlsplit(text if "//" in text else f"//{text}").hostname or ""
    except ValueError:
        return ""
    return host.removeprefix("www.").rstrip(".")


def _is_domain(text: str) -> bool:
    return "." in text and text.isprintable() and not set(text) & set(" /\\'\"@:%")
