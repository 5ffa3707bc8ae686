"""The store of overwritten values behind its ports, and what its table shows of them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from crmsync.errors import Refused, TryAgain
from crmsync.gateways.aws.encryption import MAX_AGE, OpeningKeys, SealingKeys
from crmsync.gateways.dynamodb.overwritten import PART, OverwrittenKeeper, OverwrittenReader
from crmsync.model.operations.overwritten import Overwrite, OverwrittenBatch, OverwrittenPair
from crmsync.model.records import Kind, Ref, Side
from tests import aws
from tests.builders import LEAD_ID, at
from tests.contracts.stores.tables import dynamodb
from tests.memory import MemoryOverwritten

THREE_DAYS = timedelta(hours=72)


@dataclass
class Store:
    """Both halves of a store."""

    keeper: Any
    reader: Any

    def found(
        self, connection: str = "acme", minutes: float = 0, now: float = 0
    ) -> list[OverwrittenBatch]:
        """The batches stored so many minutes after noon or later, as read at `now`."""
        return list(self.reader.since(connection, at(minutes), at(now)))


@dataclass
class Table:
    """The store in moto, with its clients."""

    store: Store
    client: Any
    kms: Any
    key: str
    seconds: list[float]

    @property
    def items(self) -> list[dict[str, Any]]:
        """All items of the table."""
        found: list[dict[str, Any]] = self.client.scan(TableName="Table")["Items"]
        return found


@contextmanager
def table() -> Iterator[Table]:
    """An empty table and a key."""
    with dynamodb("pk", "sk") as client:
        kms = aws.client("kms")
        key = kms.create_key()["KeyMetadata"]["KeyId"]
        seconds = [0.0]
        keeper = OverwrittenKeeper(client, "Table", SealingKeys(kms, key, now=lambda: seconds[-1]))
        yield Table(
            Store(keeper, OverwrittenReader(client, "Table", OpeningKeys(kms))),
            client,
            kms,
            key,
            seconds,
        )


@pytest.fixture(params=["memory", "dynamodb"])
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    """Each implementation in turn."""
    if request.param == "memory":
        memory = MemoryOverwritten()
        yield Store(memory, memory)
    else:
        with table() as made:
            yield made.store


def a_pair(number: int = 81, old: Any = "Lang", new: Any = "HACKED") -> OverwrittenPair:
    """A lead whose last name was overwritten."""
    overwrite = Overwrite(Side.SALESFORCE, "lastname", "LastName", old, new)
    return OverwrittenPair(
        Ref(Side.HUBSPOT, "contact", str(number)),
        Ref(Side.SALESFORCE, "Lead", LEAD_ID),
        (overwrite,),
    )


def a_batch(
    *pairs: OverwrittenPair, minutes: float = 0, connection: str = "acme", kind: Kind = Kind.CONTACT
) -> OverwrittenBatch:
    """What was overwritten so many minutes after noon."""
    return OverwrittenBatch(connection, kind, at(minutes), pairs or (a_pair(),))


def test_batches_are_read_oldest_first(store: Store) -> None:
    """Batches are read per connection and since a moment; two batches of the same moment are both
    read.
    """
    early, late = a_batch(minutes=1), a_batch(a_pair(82), minutes=2)
    twin = a_batch(a_pair(83), minutes=2, kind=Kind.ACCOUNT)
    for one in (late, early, twin, a_batch(connection="beta", minutes=3)):
        store.keeper.keep(one, THREE_DAYS)

    found = store.found(minutes=1)

    assert found[0] == early
    assert sorted(found[1:], key=lambda one: one.kind) == [twin, late]
    assert sorted(store.found(minutes=2), key=lambda one: one.kind) == [twin, late]
    assert store.found(minutes=3) == []


def test_expired_batches_are_not_read(store: Store) -> None:
    """DynamoDB deletes an expired item days later; it is not read meanwhile."""
    store.keeper.keep(a_batch(), THREE_DAYS)

    assert store.found(now=72 * 60 - 1) == [a_batch()]
    assert store.found(now=72 * 60) == []


def test_every_type_of_value_is_read_back(store: Store) -> None:
    """Text in any script, numbers, booleans and blanks are read back."""
    values = ("Łukasz \u202e 名", "", None, 12, 12.5, True, False)
    batch = a_batch(*(a_pair(number, old, "x") for number, old in enumerate(values)))

    store.keeper.keep(batch, THREE_DAYS)

    assert store.found() == [batch]


def test_a_batch_of_any_size_is_stored(store: Store) -> None:
    """A thousand long texts that compress badly need several items."""
    dice = random.Random(7)
    batch = a_batch(*(a_pair(number, dice.randbytes(600).hex()) for number in range(1000)))

    store.keeper.keep(batch, THREE_DAYS)

    assert store.found() == [batch]


def test_the_table_shows_no_value() -> None:
    """An item has neither a name nor an id in plain text, and it has an expiry."""
    with table() as store:
        store.store.keeper.keep(a_batch(minutes=15), THREE_DAYS)
        (item,) = store.items
    sealed, key, place = item.pop("b")["B"], item.pop("k")["B"], item.pop("sk")["S"]
    assert not any(
        word in sealed + key for word in (b"Lang", b"HACKED", b"LastName", LEAD_ID.encode())
    )
    assert place.startswith("2026-11-02T12:15:00.000000Z#")
    assert place.endswith("#000")
    expires = int((at(15) + THREE_DAYS).timestamp())
    assert item == {
        "pk": {"S": "acme"},
        "n": {"N": "1"},
        "c": {"S": "contact"},
        "expires_at": {"N": str(expires)},
    }


def test_an_incomplete_batch_is_left_out() -> None:
    """The process that stored it died before anything was overwritten."""
    dice = random.Random(7)
    with table() as store:
        store.store.keeper.keep(
            a_batch(*(a_pair(n, dice.randbytes(PART).hex()) for n in range(2))), THREE_DAYS
        )
        last = max(store.items, key=lambda item: item["sk"]["S"])
        store.client.delete_item(TableName="Table", Key={name: last[name] for name in ("pk", "sk")})

        assert len(store.items) > 1
        assert store.store.found() == []


@pytest.mark.parametrize("changed", ["pk", "sk", "c", "expires_at", "b"])
def test_an_item_can_be_decrypted_only_under_its_own_key(changed: str) -> None:
    """An item that is copied to another connection or time, has another kind or expiry, or is
    altered is refused.
    """
    with table() as store:
        store.store.keeper.keep(a_batch(), THREE_DAYS)
        (item,) = store.items
        sealed = item["b"]["B"]
        others = {
            "pk": {"S": "beta"},
            "sk": {"S": item["sk"]["S"].replace("T12", "T13")},
            "c": {"S": "account"},
            "expires_at": {"N": str(int(item["expires_at"]["N"]) + 1)},
            "b": {"B": sealed[:-1] + bytes([sealed[-1] ^ 1])},
        }
        store.client.delete_item(TableName="Table", Key={name: item[name] for name in ("pk", "sk")})
        store.client.put_item(TableName="Table", Item={**item, changed: others[changed]})

        with pytest.raises(Refused):
            store.store.found("beta" if changed == "pk" else "acme")


def test_a_data_key_is_used_for_five_minutes_per_connection() -> None:
    """KMS is called for the first batch and when the key is too old; what older keys encrypted can
    still be read.
    """
    with table() as store:
        for connection, seconds in (
            ("acme", 0.0),
            ("acme", MAX_AGE - 1),
            ("beta", MAX_AGE - 1),
            ("acme", MAX_AGE),
        ):
            store.seconds.append(seconds)
            store.store.keeper.keep(a_batch(connection=connection), THREE_DAYS)
        keys = {
            name: {item["k"]["B"] for item in store.items if item["pk"]["S"] == name}
            for name in ("acme", "beta")
        }

        assert {name: len(found) for name, found in keys.items()} == {"acme": 2, "beta": 1}
        assert not keys["acme"] & keys["beta"]
        assert store.store.found() == [a_batch()] * 3


def test_without_its_key_nothing_is_stored() -> None:
    """A missing key is waited for; the error says so and names no value."""
    with table() as store:
        keys = SealingKeys(store.kms, "00000000-0000-0000-0000-000000000000", now=lambda: 0.0)
        with pytest.raises(TryAgain) as told:
            OverwrittenKeeper(store.client, "Table", keys).keep(a_batch(), THREE_DAYS)
        assert (
            told.value.text
            == "The key of the overwritten values could not do it now (NotFoundException)."
        )
        assert store.items == []
