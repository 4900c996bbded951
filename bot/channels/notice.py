"""What young people are told about what we keep of theirs: once for about 8 to 11, once for 12 and up."""

from __future__ import annotations

import functools
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from conversations import helplines

FILE = Path(__file__).with_name("privacy.toml")
YEARS = {12: "a year", 24: "two years", 36: "three years", 48: "four years", 60: "five years"}


@dataclass(frozen=True, slots=True)
class Part:
    """One question, and what we say to it."""

    heading: str
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Notice:
    """One of the two, part by part."""

    heading: str
    parts: tuple[Part, ...]


def notices(partnership: str, contact: str, months: int) -> tuple[Notice, Notice]:
    """Both, the younger first: who asks, whom to ask (else any worker there), for how many months answers are kept."""
    kept = YEARS.get(months, "a month" if months == 1 else f"{months} months")
    stand_ins = {"partnership": partnership, "contact": contact or f"any worker at {partnership}", "kept": kept}
    younger, older = (_filled(_read()[name], stand_ins) for name in ("younger", "older"))
    return younger, older


def _filled(table: dict[str, Any], stand_ins: dict[str, str]) -> Notice:
    parts = (
        Part(part["heading"], tuple(helplines.fill(text).format_map(stand_ins) for text in part["texts"]))
        for part in table["parts"]
    )
    return Notice(table["heading"], tuple(parts))


@functools.cache
def _read() -> dict[str, Any]:
    return tomllib.loads(FILE.read_text(encoding="utf-8"))
