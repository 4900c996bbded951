"""How soon who is told: the policy of the duty clock, read once from its file, or refused with every fault in words."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

FILE = Path(__file__).with_name("escalation.toml")
WHOM = ("first", "next", "everyone")
LEVELS = ("immediate", "concern")
MINUTES = ("remind_after", "outcome_within", "longest_wait", "new_words_every")
NUMBERS = ("ways_at_once", *MINUTES)
CONTACT_WAYS = ("sms", "email")
"""The ways to the duty contact in the settings, which are always there."""


class PolicyError(Exception):
    """The file cannot be a policy; `faults` says everything that is wrong with it."""

    def __init__(self, faults: tuple[str, ...]) -> None:
        self.faults = faults
        super().__init__("escalation.toml is no policy:\n" + "\n".join(f"  - {fault}" for fault in faults))


@dataclass(frozen=True, slots=True)
class Step:
    """Whom to tell when an alert has been open for so long, and whether the organisation hears of it."""

    after: timedelta
    tell: str
    alarm: bool = False


@dataclass(frozen=True, slots=True)
class Timetable:
    """The steps of one level, how often the last is repeated, and whether the first may wait for cover."""

    steps: tuple[Step, ...]
    every: timedelta
    waits_for_cover: bool


@dataclass(frozen=True, slots=True)
class Policy:
    """The whole policy; `cover` and `ways_out` are those of the service that follows it."""

    levels: Mapping[str, Timetable]
    ways_at_once: int
    remind_after: timedelta
    outcome_within: timedelta
    longest_wait: timedelta
    new_words_every: timedelta
    cover: str = "always"
    ways_out: frozenset[str] = frozenset(CONTACT_WAYS)

    def timetable(self, level: str) -> Timetable:
        """The timetable of a level; what has none of its own is a concern."""
        return self.levels.get(level, self.levels["concern"])

    def fitted(self, cover: str, ways_out: Mapping[str, object]) -> Policy:
        """This policy for a service with these cover hours and these ways out."""
        return replace(self, cover=cover, ways_out=frozenset(ways_out))


@functools.cache
@functools.cache  # a page asks for it for every alert that it shows
def load(path: Path = FILE) -> Policy:
    """The policy of a file; raises PolicyError."""
    return read(path.read_text(encoding="utf-8"))


def read(text: str) -> Policy:
    """The policy that a text holds; raises PolicyError with every fault that it has."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as wrong:
        raise PolicyError((f"not TOML: {wrong}",)) from None
    if faults := [*_faults_of_whole(table), *_faults_of_levels(table.get("levels"))]:
        raise PolicyError(tuple(faults))
    levels = {name: _timetable(level) for name, level in table["levels"].items()}
    remind_after, outcome_within, longest_wait, new_words_every = (timedelta(minutes=table[name]) for name in MINUTES)
    return Policy(
        MappingProxyType(levels), table["ways_at_once"], remind_after, outcome_within, longest_wait, new_words_every
    )


def _timetable(level: Mapping[str, Any]) -> Timetable:
    steps = (Step(timedelta(minutes=step["at"]), step["tell"], step.get("alarm", False)) for step in level["steps"])
    return Timetable(tuple(steps), timedelta(minutes=level["every"]), level["waits_for_cover"])


def _faults_of_whole(table: Mapping[str, Any]) -> list[str]:
    faults = [f"{name}: give a whole number above 0" for name in NUMBERS if not _is_number(table.get(name), 1)]
    faults += [f"{name}: nobody knows this word" for name in table if name not in (*NUMBERS, "levels")]
    if not faults and table["remind_after"] >= table["outcome_within"]:
        faults.append("remind_after: a reminder must come before outcome_within")
    return faults


def _faults_of_levels(levels: object) -> list[str]:
    if not isinstance(levels, dict) or set(levels) != set(LEVELS):
        return [f"levels: give exactly {' and '.join(LEVELS)}"]
    return [f"levels.{name}: {fault}" for name, level in levels.items() for fault in _faults_of_level(level)]


def _faults_of_level(level: Mapping[str, Any]) -> list[str]:
    if not isinstance(level, dict) or set(level) != {"every", "waits_for_cover", "steps"}:
        return ["give every, waits_for_cover and steps, and nothing else"]
    faults = [] if _is_number(level["every"], 1) else ["every: give a whole number above 0"]
    if not isinstance(level["waits_for_cover"], bool):
        faults.append("waits_for_cover: give true or false")
    steps = level["steps"]
    if not isinstance(steps, list) or not steps:
        return [*faults, "steps: give at least one"]
    if found := [f"step {place}: {fault}" for place, step in enumerate(steps) for fault in _faults_of_step(step)]:
        return faults + found
    times = [step["at"] for step in steps]
    if times[0] != 0 or times != sorted(set(times)):
        faults.append("steps: begin at 0, and let each come later than the one before")
    if steps[-1]["tell"] != "everyone":
        faults.append("steps: the last must tell everyone, since it is repeated without end")
    return faults


def _faults_of_step(step: Mapping[str, Any]) -> list[str]:
    if not isinstance(step, dict) or not {"at", "tell"} <= set(step) <= {"at", "tell", "alarm"}:
        return ["give at and tell, perhaps alarm, and nothing else"]
    faults = [] if _is_number(step["at"], 0) else ["at: give minutes"]
    faults += [] if step["tell"] in WHOM else [f"tell: choose one of {', '.join(WHOM)}"]
    return faults + ([] if isinstance(step.get("alarm", False), bool) else ["alarm: give true or false"])


def _is_number(value: object, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least
