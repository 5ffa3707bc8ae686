"""Secrets from Secrets Manager: read when first needed, kept for five minutes, and read again when
a vendor no longer accepts them.

Law: no error, log or `repr` contains a secret's content.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

from botocore.exceptions import BotoCoreError, ClientError

from crmsync.errors import Refused, SyncError
from crmsync.gateways.aws.errors import aws_error

MAX_AGE = 300.0
"""Seconds for which a secret is kept, so that a rotation takes effect within five minutes even if
the old secret is still accepted.
"""

MIN_AGE = 5.0
"""Seconds within which a secret is not read again, so that a revoked or unusable secret does not
cause a storm of calls.
"""

Content: TypeAlias = Mapping[str, str]


def part(content: Content, name: str, whose: str) -> str:
    """One entry of a secret, which must be valid in a header: ASCII without spaces. Raises
    `Refused` without showing it.
    """
    text = content.get(name, "")
    if not text:
        raise _refused(f"The {whose} secret lacks {name}.")
    if not (text.isascii() and text.isprintable()) or " " in text:
        raise _refused(
            f"The {whose} secret's {name} has a space or another character that no header may hold."
        )
    return text


class Secret(Protocol):
    """One named secret."""

    def current(self) -> Content:
        """The content in memory, read if it is too old. Raises `SyncError`."""

    def renewed(self) -> Content:
        """The content, read again because a vendor refused it. Raises `SyncError`."""


@dataclass(slots=True)
class _Kept:
    content: Content = field(repr=False)
    at: float
    error: SyncError | None = None


class SecretStore:
    """Secrets Manager, with a cache that all threads of a Lambda share."""

    def __init__(self, client: Any, *, now: Callable[[], float]) -> None:
        """Use the boto3 `client` ("secretsmanager"); `now` gives seconds on a clock that does not
        go back.
        """
        self._client = client
        self._now = now
        self._kept: dict[str, _Kept] = {}
        self._lock = threading.Lock()

    def secret(self, name: str) -> Secret:
        """The secret called `name`, which is not read yet."""
        return _StoredSecret(self, name)

    def read(self, name: str, *, max_age: float = MAX_AGE) -> Content:
        """The content, at most `max_age` seconds old. Raises `Refused` if the secret does not exist
        or is not a JSON object, else `TryAgain`.
        """
        with self._lock:
            kept = self._kept.get(name)
            if kept is None or self._now() - kept.at >= (MIN_AGE if kept.error else max_age):
                kept = self._kept[name] = self._read_now(name)
            if kept.error:
                raise kept.error
            return kept.content

    def text(self, name: str) -> str:
        """The secret's text, without keeping it: for secrets that are read once or are not JSON.

        Raises `SyncError`.
        """
        try:
            return str(self._client.get_secret_value(SecretId=name)["SecretString"])
        except (BotoCoreError, ClientError) as problem:
            raise _unreadable(name, problem) from None
        except KeyError:
            raise _refused(f"The secret {name} holds bytes and no text.") from None

    def _read_now(self, name: str) -> _Kept:
        """The content of a secret now, or why it cannot be used."""
        try:
            return _Kept(self._fetch(name), self._now())
        except SyncError as error:
            return _Kept({}, self._now(), error)

    def _fetch(self, name: str) -> Content:
        text = self.text(name)
        try:
            content = json.loads(text)
        except ValueError:
            content = None
        if not isinstance(content, dict):
            raise _refused(f"The secret {name} does not hold a JSON object.")
        return {str(key): str(value) for key, value in content.items() if value is not None}


@dataclass(frozen=True, slots=True)
class _StoredSecret:
    store: SecretStore
    name: str

    def current(self) -> Content:
        return self.store.read(self.name)

    def renewed(self) -> Content:
        return self.store.read(self.name, max_age=MIN_AGE)


def _refused(text: str) -> Refused:
    return Refused(text, code="SECRET", hint="Store it again.")


def _unreadable(name: str, problem: BotoCoreError | ClientError) -> SyncError:
    if (
        isinstance(problem, ClientError)
        and problem.response["Error"]["Code"] == "ResourceNotFoundException"
    ):
        return Refused(
            f"There is no secret {name}.",
            code="SECRET",
            hint="Store it in Secrets Manager under this name.",
        )
    return aws_error(problem, "Secrets Manager")
