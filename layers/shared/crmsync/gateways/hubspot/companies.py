"""Which HubSpot company has which web domain.

HubSpot stores a domain as it was written, with or without ``www.``, so both are searched. Several
companies may have the same domain, as the property is not unique. Only the search index has it,
and the index lags by seconds to minutes (docs/vendors.md#hubspot-search): a company that was just
created is not found yet, so an empty result proves nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from crmsync.gateways.hubspot.client import HubspotClient
from crmsync.gateways.retry import chunks
from crmsync.model.crm_names import COMPANY, DOMAIN
from crmsync.rules.fields.domains import asked, host_of

VALUES = 100
"""Values that an IN filter may have [D]."""

PAGE = 200
FORMS = ("", "www.")


class HubspotCompanies:
    """Implements `Companies`."""

    def __init__(self, client: HubspotClient) -> None:
        """Call through `client`."""
        self._client = client

    def companies_by_domain(self, domains: Iterable[str]) -> Mapping[str, str]:
        """The id of the only company with each domain (CH-15), by the domain in lowercase; a domain
        that several companies have is left out.

        One search for every fifty domains, more if the results are long. Raises `SyncError`.
        """
        wanted = asked(domains)
        ids: dict[str, set[str]] = {}
        for part in chunks(wanted, VALUES // len(FORMS)):
            for row in _found(self._client, [form + domain for domain in part for form in FORMS]):
                domain = str((row.get("properties") or {}).get(DOMAIN) or "")
                ids.setdefault(host_of(domain), set()).add(str(row["id"]))
        return {
            domain: next(iter(ids[domain])) for domain in wanted if len(ids.get(domain, ())) == 1
        }


def _found(client: HubspotClient, values: list[str]) -> Iterator[dict[str, Any]]:
    """The companies that have one of the values. They are paged by id, as a search returns at most
    10,000 rows.
    """
    last, more = "0", True
    while more:
        filters = [
            {"propertyName": DOMAIN, "operator": "IN", "values": values},
            {"propertyName": "hs_object_id", "operator": "GT", "value": last},
        ]
        body = {
            "filterGroups": [{"filters": filters}],
            "sorts": [{"propertyName": "hs_object_id", "direction": "ASCENDING"}],
            "properties": [DOMAIN],
            "limit": PAGE,
            "after": "0",
        }
        reply = client.search(COMPANY, body)
        yield from reply.rows
        more = bool(reply.rows) and bool((reply.body.get("paging") or {}).get("next"))
        last = str(reply.rows[-1]["id"]) if more else last
