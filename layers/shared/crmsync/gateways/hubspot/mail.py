"""HubSpot's e-mail event log (docs/vendors.md#hubspot-e-mail-log): GET /email/public/v1/events,
newest first, and the campaigns that its events name.

The offset of a page is opaque, short-lived and valid for the same query only [D], so it is not kept
after the last page.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from crmsync.gateways.hubspot.client import HubspotClient
from crmsync.gateways.hubspot.versions import CAMPAIGN, MAIL_EVENTS
from crmsync.model.mail import Campaign, MailEvent
from crmsync.wire.mail_event import campaign, mail_event

PAGE = 1000
"""Events per call, the most that the log allows [D]."""

REMEMBERED = 2000
"""Campaigns kept while the Lambda is warm, a few hundred bytes each. A renamed campaign keeps its
old name that long.
"""

_UNKNOWN = frozenset({400, 404})
"""Statuses for a campaign that HubSpot does not know."""


class HubspotMail:
    """Implements `MailLog` for one HubSpot account."""

    def __init__(self, client: HubspotClient, *, page: int = PAGE) -> None:
        """Call through `client`; read `page` events per call."""
        self._client = client
        self._page = page
        self._campaigns: OrderedDict[tuple[str, str], Campaign | None] = OrderedDict()

    def events(
        self, kind: str, start: int, end: int, *, without_bots: bool = False
    ) -> Iterator[Sequence[MailEvent]]:
        """Pages of events of a kind created from `start` to `end`, both included, newest first.

        Raises `SyncError`; `Refused` without the scope ``content``.
        """
        query = {
            "eventType": kind,
            "startTimestamp": str(start),
            "endTimestamp": str(end),
            "limit": str(self._page),
        }
        if without_bots:
            query["excludeFilteredEvents"] = "true"
        while True:
            answer = self._client.ask("GET", MAIL_EVENTS, query=query).body
            page = [mail_event(row) for row in answer.get("events") or ()]
            if page:
                yield page
            if not answer.get("hasMore") or not answer.get("offset"):
                return
            query["offset"] = str(answer["offset"])

    def campaigns(self, named: Iterable[tuple[str, str]]) -> Mapping[tuple[str, str], Campaign]:
        """The e-mails by app and campaign; one call for each that is not in memory, as the log has
        no batch call. Raises `SyncError`.
        """
        found: dict[tuple[str, str], Campaign] = {}
        for key in dict.fromkeys(named):
            known = self._known(key) if key[1] else None
            if known is not None:
                found[key] = known
        return found

    def _known(self, key: tuple[str, str]) -> Campaign | None:
        if key not in self._campaigns:
            self._campaigns[key] = self._ask(*key)
        self._campaigns.move_to_end(key)
        while len(self._campaigns) > REMEMBERED:
            self._campaigns.popitem(last=False)
        return self._campaigns[key]

    def _ask(self, app: str, identifier: str) -> Campaign | None:
        query = {"appId": app} if app else {}
        reply = self._client.ask(
            "GET", CAMPAIGN, inside={"id": identifier}, query=query, see=_UNKNOWN
        )
        return None if reply.status in _UNKNOWN else campaign(reply.body)
