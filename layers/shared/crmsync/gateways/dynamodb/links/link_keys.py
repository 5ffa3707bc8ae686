"""The keys of the links in Secrets Manager, and a scan of the link table that counts their use.

The scan costs half a read unit per 4 KB of the table and writes nothing.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from crmsync.errors import Refused
from crmsync.gateways.aws.errors import aws_error
from crmsync.gateways.aws.key_ring import Keys, keys_of, text_of
from crmsync.gateways.dynamodb.links.link_items import key_number_of, record_of, state_of
from crmsync.gateways.dynamodb.table import DynamoTable, Item, Key
from crmsync.model.records import Kind
from crmsync.ports.link_keys import KeysStored, KeyUse

_BYTES = 32


class StoredKeys:
    """Implements `KeyStore` on one secret."""

    def __init__(self, client: Any, name: str) -> None:
        """Use the boto3 `client` ("secretsmanager") and the secret called `name`."""
        self._client = client
        self._name = name

    def stored(self) -> KeysStored:
        """The keys' numbers, and when they were stored. Raises `TryAgain`, and `Refused` if the
        secret does not contain keys.
        """
        answer = self._read()
        return KeysStored(tuple(self._keys(answer)), answer["CreatedDate"])

    def add(self) -> int:
        """Add a new random key of 64 characters as the first one, and return its number.

        Raises what `stored` raises.
        """
        keys = self._keys(self._read())
        number = max(keys) + 1
        self._write({number: secrets.token_hex(_BYTES).encode(), **keys})
        return number

    def keep(self, numbers: Sequence[int]) -> None:
        """Remove all keys but those with these numbers. Raises what `stored` raises."""
        self._write(
            {number: key for number, key in self._keys(self._read()).items() if number in numbers}
        )

    def _read(self) -> Mapping[str, Any]:
        try:
            answer: Mapping[str, Any] = self._client.get_secret_value(SecretId=self._name)
        except (BotoCoreError, ClientError) as problem:
            raise aws_error(problem, "Secrets Manager") from None
        return answer

    def _keys(self, answer: Mapping[str, Any]) -> Keys:
        try:
            return keys_of(str(answer.get("SecretString", "")))
        except ValueError:
            text = f"The secret {self._name} does not hold the keys of the links."
            raise Refused(text, code="SECRET", hint="Put back what it held before.") from None

    def _write(self, keys: Keys) -> None:
        try:
            self._client.put_secret_value(SecretId=self._name, SecretString=text_of(keys))
        except (BotoCoreError, ClientError) as problem:
            raise aws_error(problem, "Secrets Manager") from None


class LinksCensus:
    """Implements `Census` on the links table."""

    def __init__(self, client: Any, table: str) -> None:
        """Use the boto3 `client` ("dynamodb")."""
        self._table = DynamoTable(client, table, "The link table")

    def pages(self) -> Iterator[Sequence[KeyUse]]:
        """What each link needs, one megabyte of the table at a time. Raises `TryAgain`."""
        after: Key = ()
        while True:
            items, after = self._table.scan_page(
                after,
                FilterExpression="attribute_exists(v)",
                ProjectionExpression="pk, k, t, e",
            )
            yield [_key_use(item) for item in items]
            if not after:
                return


def _key_use(item: Item) -> KeyUse:
    key = str(item["pk"]["S"])
    return KeyUse(
        key.rpartition("#")[0],
        Kind(item["k"]["S"]),
        record_of(key),
        state_of(item),
        key_number_of(item),
    )
