"""A Salesforce org that several HubSpot accounts are connected to: only one of them at a time
creates a record for a person there (TEN-1).

Each connection searches for an address before it creates a lead or contact, and one account has an
address only once. But two accounts may have the same new person at the same moment, find nothing,
and both create a record. So the address is claimed first. If another connection has claimed it, the
record is synced again a little later: by then a search finds it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from crmsync.errors import TryAgain
from crmsync.gateways.dynamodb.claims import Claims
from crmsync.model.crm_names import SALESFORCE_EMAIL
from crmsync.model.effects import CreateRecord, UpdateRecord
from crmsync.model.kinds.emails import normalise_email
from crmsync.model.records import Record, Ref
from crmsync.ports.crm import Crm, Fields, Outcome, Survivors

WAIT = 30
"""Seconds after which another connection's record will be found."""


class Records(Crm, Survivors, Protocol):
    """An org's records, and the survivors of merged ones."""


class SharedOrg:
    """Implements `Crm` and `Survivors` for an org that other connections write to as well."""

    def __init__(self, org: Records, claims: Claims) -> None:
        """Create people in `org` under these `claims`."""
        self._org = org
        self._claims = claims

    def create(self, effects: Sequence[CreateRecord]) -> Sequence[Outcome]:
        """Create records whose address no other connection has claimed; the outcome of the others
        is `TryAgain`. Raises `SyncError`.
        """
        addresses = [_address(effect) for effect in effects]
        ours = self._claims.take(filter(None, addresses)) | {""}
        places = [at for at, address in enumerate(addresses) if address in ours]
        outcomes: list[Outcome] = [_claimed() for _ in effects]
        if places:
            created = self._org.create([effects[at] for at in places])
            for at, outcome in zip(places, created, strict=True):
                outcomes[at] = outcome
        return outcomes

    def read(
        self, refs: Iterable[Ref], fields: Fields, *, history: bool = False
    ) -> Mapping[Ref, Record]:
        """Forwarded to the org."""
        return self._org.read(refs, fields, history=history)

    def find(self, emails: Iterable[str], fields: Fields) -> Sequence[Record]:
        """Forwarded to the org."""
        return self._org.find(emails, fields)

    def made_by(self, keys: Mapping[str, Sequence[str]]) -> Mapping[str, Ref]:
        """Forwarded to the org."""
        return self._org.made_by(keys)

    def update(self, effects: Sequence[UpdateRecord]) -> Sequence[Outcome]:
        """Forwarded to the org."""
        return self._org.update(effects)

    def survivors(self, refs: Iterable[Ref]) -> Mapping[Ref, Ref]:
        """Forwarded to the org."""
        return self._org.survivors(refs)


def _address(effect: CreateRecord) -> str:
    return normalise_email(effect.fields.get(SALESFORCE_EMAIL))


def _claimed() -> TryAgain:
    return TryAgain(
        "another HubSpot account is making a record with this address", after=WAIT, code="CLAIMED"
    )
