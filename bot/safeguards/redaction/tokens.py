"""A text as tokens: words, numbers, marks and signs, each where it stands."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from bot.safeguards.redaction.words import folded

MARK = re.compile(
    r"\[(?:name|phone|email|link|postcode|handle|school|number|address|date of birth|plate|place|club|workplace|age)\]"
)
_ACCENTS = "\u0300-\u036f\u064b-\u0652\u0670\u0900-\u0dff"
_FACE = r"(?<!\w)[:;=xX8]['-]?[()\[\]DPpOoSs3/|\\*]{1,3}(?!\w)|[:;=]['-]?[()DPpO]{1,3}(?!\w)|\._\.|-_+-|;_+;|>_+<"
_TOKEN = re.compile(
    rf"{MARK.pattern}|{_FACE}|\d+|(?:[^\W\d_]|[{_ACCENTS}])+(?:['’](?:[^\W\d_]|[{_ACCENTS}])+)*|[^\w\s]|_"
)


class Token(NamedTuple):
    """One token where it stands; `glued` when nothing is between it and the one before."""

    start: int
    end: int
    text: str
    plain: str
    glued: bool


def tokens_of(text: str) -> tuple[Token, ...]:
    """The tokens of a text in their order."""
    found, last = list[Token](), -1
    for match in _TOKEN.finditer(text):
        start, end = match.span()
        word = match.group()
        found.append(Token(start, end, word, folded(word), start == last))
        last = end
    return tuple(found)


def kind_at(token: Token, found: Iterable[tuple[int, int, str]]) -> str:
    """The kind of the first of these details that the token lies in, or ""."""
    return next((kind for start, end, kind in found if start < token.end and token.start < end), "")
