"""Turns a text as it was typed into plain words to compare: hidden characters gone, common disguises undone."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

BREAK = "."
"""The token that stands for the end of a sentence; no gap in a rule reaches across it."""

_APOSTROPHES = re.compile("['`´‘’ʼ＇]")
_ARABIC_MARKS = re.compile("[\u0640\u064b-\u065f\u0670]")
_LETTER_FORMS = str.maketrans("يىكأإآةłё", "ییکاااهlе")
_TOKENS = re.compile(r"[.!?؟۔\n]+|[^\W_](?:[\w*@$]*[^\W_])?|[☀-➿\U0001F300-\U0001FAFF]")
_SPELT_OUT = re.compile(r"(?<!\w)(?:\w[ .\-]){3,}\w(?!\w)")
_RUNS = re.compile(r"(.)\1+")
_LONG_RUNS = re.compile(r"(.)\1{2,}")
_LEET = str.maketrans("013457@$", "oieastas")


def normalised(text: str) -> str:
    """One form for all the ways of typing a text: compatibility forms, case, accents, hidden characters."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    plain = _ARABIC_MARKS.sub("", _APOSTROPHES.sub("", plain)).translate(_LETTER_FORMS)
    if not (plain.isascii() and plain.isprintable()):
        plain = "".join([_visible(character) for character in plain])
    return _SPELT_OUT.sub(lambda match: re.sub(r"[ .\-]", "", match.group()), plain)


def _visible(character: str) -> str:
    if character < "\x7f" and character >= " " or character == "\n":
        return character
    if character in "\t\r\v\f\u2028\u2029":
        return " "
    category = unicodedata.category(character)
    if category in ("Cc", "Cf", "Cs", "Mn", "Me"):
        return ""
    return _without_accent(character) if category == "Ll" else character


def _without_accent(character: str) -> str:
    """Latin letters only: й and ї are letters of their own."""
    base = unicodedata.normalize("NFD", character)[0]
    return base if "a" <= base <= "z" else character


def tokens(plain: str) -> tuple[str, ...]:
    """Words, emoji and sentence ends of a normalised text, in order."""
    return tuple(BREAK if token[0] in ".!?؟۔\n" else token for token in _TOKENS.findall(plain))


def spellings(token: str) -> Iterator[str]:
    """What a token may stand for, best first: as typed, with letters for digits, and with fewer repeats."""
    yield token
    if token.isdigit():
        return
    letters = token.translate(_LEET)
    if letters != token:
        yield letters
    if _RUNS.search(letters):
        yield _LONG_RUNS.sub(r"\1\1", letters)
        yield _LONG_RUNS.sub(r"\1", letters)
        yield _RUNS.sub(r"\1", letters)


def squeezed(token: str) -> str:
    """A token with no letter more than twice in a row."""
    return _LONG_RUNS.sub(r"\1\1", token)
