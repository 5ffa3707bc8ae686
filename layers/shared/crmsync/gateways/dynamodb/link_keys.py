"""The keys of the links in Secrets Manager, and the links table read from end to end for who needs
which.

A census costs half a read unit per 4 KB of the table and writes nothing.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from crmsync.errors import Refused
from crmsync.gateways.aws.errors import aws_error
from crmsync.gateways.aws.key_ring import Keys, keys_of, text_of
from crmsync.gateways.dynamodb.links_items import record_of
from crmsync.model.links import LinkState
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
        """The numbers, and since when. Raises `TryAgain`, and `Refused` where the secret holds no
        keys.
        """
        answer = self._read()
        return KeysStored(tuple(self._keys(answer)), answer["CreatedDate"])

    def add(self) -> int:
        """Put a new random key of 64 characters in front. Raises as `stored` does."""
        keys = self._keys(self._read())
        number = max(keys) + 1
        self._write({number: secrets.token_hex(_BYTES).encode(), **keys})
        return number

    def keep(self, numbers: Sequence[int]) -> None:
        """Take the others away. Raises as `stored` does."""
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
        self._client = client
        self._table = table

    def pages(self) -> Iterator[Sequence[KeyUse]]:
        """A megabyte of the table at a time; only what is counted is sent. Raises `TryAgain`."""
        request: dict[str, Any] = {
            "TableName": self._table,
            "FilterExpression": "attribute_exists(v)",
            "ProjectionExpression": "pk, k, t, e",
        }
        while True:
            try:
                page = self._client.scan(**request)
            except (BotoCoreError, ClientError) as problem:
                raise aws_error(problem, "The link table") from None
            yield [_counted(item) for item in page["Items"]]
            if "LastEvaluatedKey" not in page:
                return
            request["ExclusiveStartKey"] = page["LastEvaluatedKey"]


def _counted(item: Mapping[str, Any]) -> KeyUse:
    key = str(item["pk"]["S"])
    state = LinkState.TOMBSTONE if "t" in item else LinkState.ACTIVE
    number = int(item["e"]["N"]) if "e" in item else 1
    return KeyUse(key.rpartition("#")[0], Kind(item["k"]["S"]), record_of(key), state, number)
