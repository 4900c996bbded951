"""An address becomes a Person, here and nowhere else; and whether a text would reach it."""

from __future__ import annotations

import hashlib
import hmac
import re

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberType

from conversations.values import Person

PHONE = re.compile(r"(whatsapp:)?\+[1-9][0-9]{6,14}")
# Ofcom's numbering plan: behind 07 there are mobiles, pagers and personal numbers, and never a landline.
BRITISH_MOBILE = re.compile(r"(whatsapp:)?\+447[0-9]{9}")


def pseudonym(address: str, key: bytes) -> Person:
    """The Person of an address under one weekly key: 128 bits of HMAC-SHA256, in hex."""
    return Person(hmac.new(key, address.encode("utf-8", "replace"), hashlib.sha256).hexdigest()[:32])


def can_be_texted(address: str) -> bool:
    """Whether a reply would reach a handset: not a landline, where the network reads it out, nor a name or short code.

    Numbers for drama are possible and not valid, so nothing is asked beyond what kind of number it is.
    """
    if BRITISH_MOBILE.fullmatch(address):
        return True
    if not PHONE.fullmatch(address):
        return False
    try:
        number = phonenumbers.parse(address.removeprefix("whatsapp:"))
    except NumberParseException:
        return False
    return phonenumbers.number_type(number) != PhoneNumberType.FIXED_LINE
