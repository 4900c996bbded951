"""Sealed boxes: what the web process may close and only the worker may open."""

from __future__ import annotations

import hashlib
import json
from base64 import b64decode, b64encode
from dataclasses import dataclass
from datetime import datetime

from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, PublicKey, SealedBox

BLOCK = 64
SEPARATOR = b"\n"
READER = "reader"
"""The purpose of a box that a web visitor reads."""


class CannotOpen(Exception):
    """The box is damaged, was made for another row or purpose, has expired, or its key is gone."""


@dataclass(frozen=True, slots=True)
class SealingKey:
    """The public half of a key, and the name under which the worker finds the private half."""

    name: str
    public: PublicKey


class Sealable:
    """Content that may be sealed; it shows itself to nobody, also not in an error or a log."""

    __slots__ = ("__content",)

    def __init__(self, content: str) -> None:
        self.__content = content

    def __repr__(self) -> str:
        return "<sealable>"

    def seal(self, key: SealingKey, purpose: str, row: str, expires: datetime) -> bytes:
        """Close the content for one purpose and row; a sealed box has no associated data, so both lie inside."""
        inside = {"purpose": purpose, "row": row, "expires": expires.isoformat(), "content": self.__content}
        plain = json.dumps(inside, ensure_ascii=True).encode()
        padded = plain + b" " * (-len(plain) % BLOCK)  # equal lengths: a box must not tell how long a text was
        return key.name.encode() + SEPARATOR + SealedBox(key.public).encrypt(padded)


def key_name(box: bytes) -> str:
    """The name of the key that a box was sealed to."""
    return box.partition(SEPARATOR)[0].decode("ascii", "replace")


def open_box(box: bytes, private: PrivateKey, purpose: str, row: str, now: datetime) -> str:
    """Open a box for the purpose and row that it was made for, before it expires; else raise CannotOpen."""
    try:
        inside = json.loads(SealedBox(private).decrypt(box.partition(SEPARATOR)[2]))
        made_for, content = (inside["purpose"], inside["row"]), str(inside["content"])
        expired = datetime.fromisoformat(inside["expires"]) <= now
    except (CryptoError, ValueError, TypeError, KeyError) as broken:  # anybody may seal anything to a public key
        raise CannotOpen("the box is damaged or its key is another") from broken
    if made_for != (purpose, row):
        raise CannotOpen("the box was made for another row or purpose")
    if expired:
        raise CannotOpen("the box has expired")
    return content


def new_pair() -> tuple[str, str]:
    """A one-time pair for one browser session: private and public half as text."""
    private = PrivateKey.generate()
    return b64encode(bytes(private)).decode(), b64encode(bytes(private.public_key)).decode()


def public_half(text: str) -> SealingKey:
    """The sealing key of a browser session, from its text."""
    return SealingKey("session", PublicKey(b64decode(text)))


def private_half(text: str) -> PrivateKey:
    """The opening key of a browser session, from its text; raises CannotOpen when it is none."""
    try:
        return PrivateKey(b64decode(text, validate=True))
    except (ValueError, TypeError, CryptoError) as broken:
        raise CannotOpen("this browser session holds no key") from broken


class Reader:
    """A web visitor who reads what was sealed to them: their key is made from the secret in their cookie, each time.

    It is never stored, so that nobody reads it without that cookie.
    """

    __slots__ = ("__private",)

    def __init__(self, secret: str) -> None:
        self.__private = PrivateKey(hashlib.blake2b(secret.encode(), digest_size=32, person=b"heard-reader").digest())

    @property
    def half(self) -> str:
        """The public half of their key, as text."""
        return b64encode(bytes(self.__private.public_key)).decode()

    def read(self, box: bytes, row: str, now: datetime) -> str:
        """The words in a box made for this visitor and row; raises CannotOpen."""
        return open_box(box, self.__private, READER, row, now)


@dataclass(frozen=True, slots=True)
class Seals:
    """What one message may leave behind in sealed form: its words and its number, to the key of its day."""

    key: SealingKey
    words: Sealable
    contact: Sealable | None
    expires: datetime

    def seal_words(self, row: str, purpose: str = "words") -> bytes:
        """The words, for one row; the purpose `words` is that of an alert."""
        return self.words.seal(self.key, purpose, row, self.expires)

    def seal_contact(self, purpose: str, row: str) -> bytes | None:
        """The number, for one row; None where there is none, as on the web."""
        return self.contact.seal(self.key, purpose, row, self.expires) if self.contact else None
