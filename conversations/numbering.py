"""British phone numbers, in every way people write them."""

from __future__ import annotations

import re
from dataclasses import dataclass

import phonenumbers
from phonenumbers import NumberParseException, ValidationResult

SIGNS = re.compile(r"[0-9+() .\u2010-\u2015\u00a0-]{7,32}")
# Ofcom's numbering plan: 01 and 02 are landlines; behind 07 there are also pagers and dear personal numbers.
LANDLINE = re.compile(r"[12]\d{8,9}")
MOBILE = re.compile(r"7(?:[1-57-9]\d{8}|624\d{6})")


@dataclass(frozen=True, slots=True)
class British:
    """A British number as carriers want it, like +447700900123; whether it is a mobile."""

    number: str
    mobile: bool


def british(text: str) -> British | None:
    """The mobile or landline that a text is and nothing more; None for anything else.

    Numbers for drama are possible and not valid, so nothing is asked beyond its length and what it begins with.
    """
    if not SIGNS.fullmatch(text.strip()):
        return None
    try:
        number = phonenumbers.parse(text, "GB")
    except NumberParseException:
        return None
    national = str(number.national_number)
    possible = phonenumbers.is_possible_number_with_reason(number) == ValidationResult.IS_POSSIBLE
    mobile = bool(MOBILE.fullmatch(national))
    if number.country_code != 44 or not possible or not (mobile or LANDLINE.fullmatch(national)):
        return None
    return British(f"+44{national}", mobile)
