"""How many texts one message is: the alphabet it needs, the room it takes, and the parts it is cut into."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

Encoding = Literal["GSM-7", "UCS-2"]

# GSM 03.38 default alphabet, in code order; 0x1B is the escape and stands for no letter.
BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅå"
    "Δ_ΦΓΛΩΠΨΣΘΞÆæßÉ"
    " !\"#¤%&'()*+,-./"
    "0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNO"
    "PQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmno"
    "pqrstuvwxyzäöñüà"
)
# GSM 03.38 extension table: each of these is sent as the escape and one more septet.
EXTENSION = frozenset("\f^{}\\[~]|€")
_WIDTHS = MappingProxyType({**dict.fromkeys(BASIC, 1), **dict.fromkeys(EXTENSION, 2)})

# Room in a message that stands alone, and in each part of a longer one (six bytes go to the joining header).
ROOM: MappingProxyType[Encoding, tuple[int, int]] = MappingProxyType({"GSM-7": (160, 153), "UCS-2": (70, 67)})


@dataclass(frozen=True, slots=True)
class Segments:
    """What a message costs: `units` are septets in GSM-7 and 16-bit code units in UCS-2."""

    encoding: Encoding
    units: int
    segments: int


def is_gsm7(text: str) -> bool:
    """Whether every letter is in the GSM 03.38 basic or extension table."""
    return all(letter in _WIDTHS for letter in text)


def count(text: str) -> Segments:
    """Count as the carrier does when it replaces nothing (no smart encoding). An empty text still fills one."""
    encoding: Encoding = "GSM-7" if is_gsm7(text) else "UCS-2"
    widths = [_WIDTHS[letter] if encoding == "GSM-7" else _code_units(letter) for letter in text]
    alone, part = ROOM[encoding]
    units = sum(widths)
    return Segments(encoding, units, 1 if units <= alone else _fill(widths, part))


def _code_units(letter: str) -> int:
    return 2 if ord(letter) > 0xFFFF else 1


def _fill(widths: list[int], room: int) -> int:
    """Count the parts when no escape pair and no surrogate pair may be cut in two."""
    parts, used = 1, 0
    for width in widths:
        if used + width > room:
            parts, used = parts + 1, 0
        used += width
    return parts
