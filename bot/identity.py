"""An address becomes a Person, here and nowhere else."""

from __future__ import annotations

import hashlib
import hmac

from conversations.values import Person


def pseudonym(address: str, key: bytes) -> Person:
    """The Person of an address under one weekly key: 128 bits of HMAC-SHA256, in hex."""
    return Person(hmac.new(key, address.encode("utf-8", "replace"), hashlib.sha256).hexdigest()[:32])
