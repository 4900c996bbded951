"""The helplines that our words name: one list of numbers, each with the day on which somebody last made sure of it."""

from __future__ import annotations

import functools
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

FILE = Path(__file__).with_name("helplines.toml")
GOOD_FOR = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Helpline:
    """One line: who answers, at which number, and for whom; `word` is what to text where texts are taken."""

    id: str
    name: str
    number: str
    how: Literal["call", "text"]
    for_whom: str
    checked_on: date
    source: str
    word: str = ""

    @property
    def link(self) -> str:
        """The address that calls or texts this line from a page."""
        return f"{'sms' if self.how == 'text' else 'tel'}:{self.number.replace(' ', '')}"


@functools.cache
def load(path: Path = FILE) -> tuple[Helpline, ...]:
    """Every line of the file, in its order; a line with a missing or unknown field is a TypeError."""
    tables: list[dict[str, Any]] = tomllib.loads(path.read_text(encoding="utf-8"))["lines"]
    return tuple(Helpline(**table) for table in tables)


@functools.cache
def named() -> Mapping[str, str]:
    """What words may refer to, and what stands there in the end: {childline}, {shout_word}, {shout_number}."""
    found: dict[str, str] = {}
    for line in load():
        texted = {f"{line.id}_word": line.word, f"{line.id}_number": line.number}
        found |= texted if line.word else {line.id: line.number}
    return MappingProxyType(found)


def fill(text: str) -> str:
    """The text with its helplines in it; whatever else stands in braces is left as it is.

    >>> fill("{who}: call {emergency}")
    '{who}: call 999'
    """
    for name, number in named().items():
        text = text.replace(f"{{{name}}}", number)
    return text


def written_out(text: str) -> tuple[str, ...]:
    """The numbers of helplines that a text holds itself, however they are spaced.

    >>> written_out("ring 0800-1111 in 1999")
    ('0800 1111',)
    """
    return tuple(line.number for line in load() if _anyhow(line.number).search(text))


def stale(lines: Iterable[Helpline], today: date) -> tuple[Helpline, ...]:
    """The lines that nobody has made sure of for more than ninety days."""
    return tuple(line for line in lines if today - line.checked_on > GOOD_FOR)


def _anyhow(number: str) -> re.Pattern[str]:
    digits = "[ \u00a0-]?".join(number.replace(" ", ""))
    return re.compile(rf"(?<![\d+]){digits}(?!\d)")
