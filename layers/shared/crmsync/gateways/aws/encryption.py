"""Envelope encryption: bytes are encrypted with a data key, and the data key by KMS.

Law: encrypting only asks KMS for new data keys, and decrypting only for the plain form of old ones,
so that neither needs the other's permission. A data key is used for at most five minutes, by one
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
"""Seconds for which a data key encrypts."""

NONCE = 12
"""Bytes of a nonce, new for each encryption, as NIST SP 800-38D recommends for GCM."""

_WHAT = "The key of the overwritten values"


@dataclass(frozen=True, slots=True)
class Sealed:
    """Encrypted bytes.

    Attributes:
        key: The data key, encrypted by KMS.
        text: The nonce and the encrypted bytes.
    """

    key: bytes
    text: bytes


@dataclass(frozen=True, slots=True)
class _DataKey:
    cipher: AESGCM = field(repr=False)
    encrypted: bytes
    at: float


class SealingKeys:
    """Encrypts with data keys from the KMS key `key_id`."""

    def __init__(self, kms: Any, key_id: str, *, now: Callable[[], float]) -> None:
        """Use the boto3 client `kms`; `now` gives seconds on a clock that does not go back."""
        self._kms = kms
        self._key_id = key_id
        self._now = now
        self._keys: dict[tuple[tuple[str, str], ...], _DataKey] = {}
        self._lock = threading.Lock()

    def seal(self, text: bytes, bound: bytes, context: Mapping[str, str]) -> Sealed:
        """Encrypt `text`. Decrypting needs the same `bound` bytes (authenticated data) and, for the
        data key, the same `context`. Raises `SyncError`.
        """
        key = self._key(context)
        nonce = os.urandom(NONCE)
        return Sealed(key.encrypted, nonce + key.cipher.encrypt(nonce, text, bound))

    def _key(self, context: Mapping[str, str]) -> _DataKey:
        name = tuple(sorted(context.items()))
        with self._lock:
            key = self._keys.get(name)
            if key is None or self._now() - key.at >= MAX_AGE:
                key = self._keys[name] = self._new_key(context)
            return key

    def _new_key(self, context: Mapping[str, str]) -> _DataKey:
        try:
            made = self._kms.generate_data_key(
                KeyId=self._key_id, KeySpec="AES_256", EncryptionContext=dict(context)
            )
        except (BotoCoreError, ClientError) as problem:
            raise aws_error(problem, _WHAT) from None
        return _DataKey(AESGCM(made["Plaintext"]), made["CiphertextBlob"], self._now())


class OpeningKeys:
    """Decrypts what `SealingKeys` encrypted."""

    def __init__(self, kms: Any) -> None:
        """Use the boto3 client `kms`; KMS finds its key from the encrypted data key."""
        self._kms = kms
        self._ciphers: dict[bytes, AESGCM] = {}

    def open(self, sealed: Sealed, bound: bytes, context: Mapping[str, str]) -> bytes:
        """The decrypted text. Raises `Refused` if it or its data key was changed or moved, else
        `TryAgain`.
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
