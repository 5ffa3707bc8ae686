"""A Salesforce org with which several HubSpot accounts are connected: one person is made there by
one account at a time (TEN-1).

    pk                       sk                                  attributes
    claim#<org>#<alias>      claim                               c (connection), u (good until, ms), expires_at

Each account looks for an address before it makes a lead or contact, and one account has an address
once. But two accounts may have the same new person at the same moment, find nothing, and both make
one. So whoever makes one claims its address first. Somebody else's claim means to look again: by
then the record is there. A claim outlasts the call that took it and is not given back. The key
holds no address.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from crmsync.errors import TryAgain
from crmsync.gateways.aws.errors import aws_error
from crmsync.model.effects import CreateRecord, UpdateRecord
from crmsync.model.links import Fingerprinter
from crmsync.model.records import Record, Ref
from crmsync.ports import Crm, Fields, Outcome, Survivors

GOOD_FOR = timedelta(minutes=5)
"""Longer than any Lambda runs that has looked for the address before and is yet to make the
record.
"""

KEPT = timedelta(days=1)
WAIT = 30
"""Seconds after which somebody else's record will be found."""

THREADS = 8
_EMAIL = "Email"


class Claims:
    """Addresses that one connection is about to make records of, in a table with the keys `pk` and
    `sk`.
    """

    def __init__(
        self,
        client: Any,
        table: str,
        org: str,
        connection: str,
        *,
        fingerprinter: Fingerprinter,
        now: Callable[[], datetime],
    ) -> None:
        """Claim for `connection` in the org of that name, with the boto3 `client` ("dynamodb")."""
        self._client = client
        self._table = table
        self._org = org
        self._connection = connection
        self._sealer = fingerprinter
        self._now = now

    def take(self, addresses: Iterable[str]) -> frozenset[str]:
        """Those of the addresses that are ours to make; the others are another connection's at
        present. Raises `TryAgain`.
        """
        wanted = sorted(set(addresses))
        with ThreadPoolExecutor(THREADS) as pool:
            return frozenset(
                one
                for one, is_ours in zip(wanted, pool.map(self._take, wanted), strict=True)
                if is_ours
            )

    def _take(self, address: str) -> bool:
        now = self._now()
        values = {":c": {"S": self._connection}, ":now": {"N": _ms(now)}}
        try:
            self._client.put_item(
                TableName=self._table,
                Item={
                    "pk": {"S": f"claim#{self._org}#{self._sealer.alias(address)}"},
                    "sk": {"S": "claim"},
                    "c": values[":c"],
                    "u": {"N": _ms(now + GOOD_FOR)},
                    "expires_at": {"N": str(int((now + KEPT).timestamp()))},
                },
                ConditionExpression="attribute_not_exists(pk) OR c = :c OR u < :now",
                ExpressionAttributeValues=values,
            )
        except ClientError as problem:
            if problem.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise aws_error(problem, "The claims") from None
            return False
        except BotoCoreError as problem:
            raise aws_error(problem, "The claims") from None
        return True


class Records(Crm, Survivors, Protocol):
    """An org's records, and what became of those that are gone."""


class SharedOrg:
    """Implements `Crm` and `Survivors` for an org that others write to as well."""

    def __init__(self, org: Records, claims: Claims) -> None:
        """Make people in `org` under these `claims`."""
        self._org = org
        self._claims = claims

    def create(self, effects: Sequence[CreateRecord]) -> Sequence[Outcome]:
        """Make records whose address is nobody else's to make; the others are to be looked at
        again. Raises `SyncError`.
        """
        addresses = [_address(effect) for effect in effects]
        ours = self._claims.take(filter(None, addresses)) | {""}
        mine = [
            effect for effect, address in zip(effects, addresses, strict=True) if address in ours
        ]
        made = iter(self._org.create(mine) if mine else ())
        return [next(made) if address in ours else _taken() for address in addresses]

    def read(
        self, refs: Iterable[Ref], fields: Fields, *, history: bool = False
    ) -> Mapping[Ref, Record]:
        """As the org does."""
        return self._org.read(refs, fields, history=history)

    def find(self, emails: Iterable[str], fields: Fields) -> Sequence[Record]:
        """As the org does."""
        return self._org.find(emails, fields)

    def made_by(self, keys: Mapping[str, Sequence[str]]) -> Mapping[str, Ref]:
        """As the org does."""
        return self._org.made_by(keys)

    def update(self, effects: Sequence[UpdateRecord]) -> Sequence[Outcome]:
        """As the org does."""
        return self._org.update(effects)

    def survivors(self, refs: Iterable[Ref]) -> Mapping[Ref, Ref]:
        """As the org does."""
        return self._org.survivors(refs)


def _address(effect: CreateRecord) -> str:
    return str(effect.fields.get(_EMAIL) or "").strip().lower()


def _taken() -> TryAgain:
    return TryAgain(
        "another HubSpot account is making a record with this address", after=WAIT, code="CLAIMED"
    )


def _ms(moment: datetime) -> str:
    return str(int(moment.timestamp() * 1000))
