"""Envelope encryption: bytes under a data key of KMS, which alone can open its own keys again.

Law: whoever seals asks KMS for new data keys only, and whoever opens for the plain form of an old
one, so that neither needs the other's right. A data key is used for five minutes at most, by one
process, for one `context`; no plain key leaves this module.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from crmsync.errors import Refused
from crmsync.gateways.aws.errors import aws_error

MAX_AGE = 300.0
"""Seconds for which a data key seals."""

NONCE = 12
"""Bytes of a nonce, new for each seal, as NIST SP 800-38D recommends for GCM."""

_WHAT = "The key of the overwritten values"


@dataclass(frozen=True, slots=True)
class Sealed:
    """What was sealed, and the data key that opens it, itself encrypted by KMS."""

    key: bytes
    text: bytes


@dataclass(frozen=True, slots=True)
class _DataKey:
    cipher: AESGCM = field(repr=False)
    encrypted: bytes
    at: float


class SealingKeys:
    """Seals with data keys made by the KMS key `key_id`."""

    def __init__(self, kms: Any, key_id: str, *, now: Callable[[], float]) -> None:
        """Use the boto3 client `kms`; `now` gives seconds on a clock that does not go back."""
        self._kms = kms
        self._key_id = key_id
        self._now = now
        self._keys: dict[tuple[tuple[str, str], ...], _DataKey] = {}
        self._lock = threading.Lock()

    def seal(self, text: bytes, bound: bytes, context: Mapping[str, str]) -> Sealed:
        """Encrypt `text`; it opens only with the same `bound` bytes, its key only in the same
        `context`. Raises `SyncError`.
        """
        key = self._key(context)
        nonce = os.urandom(NONCE)
        return Sealed(key.encrypted, nonce + key.cipher.encrypt(nonce, text, bound))

    def _key(self, context: Mapping[str, str]) -> _DataKey:
        name = tuple(sorted(context.items()))
        with self._lock:
            key = self._keys.get(name)
            if key is None or self._now() - key.at >= MAX_AGE:
                key = self._keys[name] = self._made(context)
            return key

    def _made(self, context: Mapping[str, str]) -> _DataKey:
        try:
            made = self._kms.generate_data_key(
                KeyId=self._key_id, KeySpec="AES_256", EncryptionContext=dict(context)
            )
        except (BotoCoreError, ClientError) as problem:
            raise aws_error(problem, _WHAT) from None
        return _DataKey(AESGCM(made["Plaintext"]), made["CiphertextBlob"], self._now())


class OpeningKeys:
    """Opens what was sealed."""

    def __init__(self, kms: Any) -> None:
        """Use the boto3 client `kms`, which finds the KMS key by the encrypted data key."""
        self._kms = kms
        self._ciphers: dict[bytes, AESGCM] = {}

    def open(self, sealed: Sealed, bound: bytes, context: Mapping[str, str]) -> bytes:
        """The text that was sealed. Raises `Refused` where it was changed or moved since, or its
        key is no key of KMS; else `TryAgain`.
        """
        cipher = self._ciphers.get(sealed.key)
        if cipher is None:
            cipher = self._ciphers[sealed.key] = AESGCM(self._plain(sealed.key, context))
        try:
            return cipher.decrypt(sealed.text[:NONCE], sealed.text[NONCE:], bound)
        except InvalidTag:
            raise Refused(
                "Overwritten values were changed since they were kept.", code="SEAL"
            ) from None

    def _plain(self, key: bytes, context: Mapping[str, str]) -> bytes:
        try:
            plain: bytes = self._kms.decrypt(CiphertextBlob=key, EncryptionContext=dict(context))[
                "Plaintext"
            ]
        except (BotoCoreError, ClientError) as problem:
            if (
                isinstance(problem, ClientError)
                and problem.response["Error"]["Code"] == "InvalidCiphertextException"
            ):
                raise Refused(
                    "The key of overwritten values was changed since they were kept.", code="SEAL"
                ) from None
            raise aws_error(problem, _WHAT) from None
        return plain
