"""The bank holidays of Scotland, on which nobody is at work: one list of days, good until it ends."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from types import MappingProxyType

FILE = Path(__file__).with_name("holidays.toml")
WARN_BEFORE = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Holidays:
    """The days with their names, where they are from, and when somebody last compared them with it."""

    days: Mapping[date, str]
    source: str
    checked_on: date

    @property
    def last(self) -> date:
        """The last day that the list knows."""
        return max(self.days)


@functools.cache
def load(path: Path = FILE) -> Holidays:
    """The list; a day that is none is a ValueError."""
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    days = {date.fromisoformat(day): str(name) for day, name in table["days"].items()}
    return Holidays(MappingProxyType(days), str(table["source"]), table["checked_on"])


def name_of(day: date) -> str:
    """What this day is called if it is a bank holiday here; else empty."""
    return load().days.get(day, "")


def ends_soon(holidays: Holidays, today: date) -> bool:
    """Whether the last day that the list knows is less than ninety days away, or behind us."""
    return holidays.last - today < WARN_BEFORE
