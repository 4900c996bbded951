"""What young people are told about what we keep of theirs: once for about 8 to 11, once for 12 and up."""

from __future__ import annotations

import functools
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from conversations import helplines

FILE = Path(__file__).with_name("privacy.toml")
KEPT = "three years"


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


def notices(partnership: str, contact: str) -> tuple[Notice, Notice]:
    """Both, the younger first, with who asks and whom to ask; without a contact that is any worker there."""
    stand_ins = {"partnership": partnership, "contact": contact or f"any worker at {partnership}", "kept": KEPT}
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
