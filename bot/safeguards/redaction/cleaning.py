"""Makes any text safe to store: one form of each letter, no hidden or control characters, a set length."""

from __future__ import annotations

import re
import unicodedata

LONGEST = 1_600
"""Characters that are kept of one text: ten concatenated messages."""

_JOINER = "\u200d"
_VARIATION = "\ufe0e\ufe0f"
_CHANGED = (*_VARIATION, "\ufffd")
"""What counts as printable and may have to go all the same."""

_BLACK_FLAG = "\U0001f3f4"
_KEYCAPS = "0123456789#*"
_HALF_MARK = re.compile(r"\[[a-z ]{0,14}$")
_SPACES = re.compile(r"\s+")


def cleaned(text: str) -> str:
    """The text without what nobody can see; emoji of several characters stay whole. Cleaning twice changes nothing."""
    previous = None
    while text != previous:
        previous = text
        text = unicodedata.normalize("NFC", _visible(text))
    return _SPACES.sub(" ", text).strip()


def _visible(text: str) -> str:
    if text.isprintable() and not any(each in text for each in _CHANGED):
        return text
    kept: list[str] = []
    for position, character in enumerate(text):
        following = text[position + 1 : position + 2]
        if kept_character := _kept(character, kept[-1] if kept else "", following):
            kept.append(kept_character)
    return "".join(kept)


def _kept(character: str, before: str, after: str) -> str:
    if " " <= character <= "~":
        return character
    if character.isspace():
        return " "
    if character == _JOINER:
        return character if _pictorial(before) and _pictorial(after) else ""
    if character in _VARIATION:
        return character if before and (_pictorial(before) or before in _KEYCAPS) and before not in _VARIATION else ""
    if "\U000e0020" <= character <= "\U000e007f":
        return character if before == _BLACK_FLAG or "\U000e0020" <= before <= "\U000e007e" else ""
    return "" if _hidden(character) else character


def _pictorial(character: str) -> bool:
    return bool(character) and (character in _VARIATION or unicodedata.category(character) in ("So", "Sk", "Sm", "Po"))


def _hidden(character: str) -> bool:
    code = ord(character)
    return (
        unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co") or code & 0xFFFE == 0xFFFE or character == "\ufffd"
    )


def shortened(text: str) -> str:
    """At most the longest text that is kept, cut after a word and never inside a mark."""
    if len(text) <= LONGEST:
        return text
    cut = text[:LONGEST]
    if not text[LONGEST].isspace() and " " in cut[-60:]:
        cut = cut[: cut.rindex(" ")]
    return _HALF_MARK.sub("", cut).strip()
