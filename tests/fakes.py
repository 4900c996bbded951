"""Fakes that remember: a clock that moves when told, senders that keep what they were given, minds told what to say."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import Lock

from bot.safeguards.triage import linear
from bot.safeguards.triage.encoder import Looked
from bot.safeguards.triage.linear import HEADS, Linear, Trained
from bot.sender import NotSent, Outgoing
from conversations.values import Level

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@dataclass
class Clock:
    """Stands still until it is moved."""

    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **amount: float) -> None:
        """Move on, by days, hours, minutes or seconds."""
        self.now += timedelta(**amount)


@dataclass
class RecordingSender:
    """Keeps every message; fails as often as it is told to."""

    sent: list[Outgoing] = field(default_factory=list)
    failures: list[NotSent] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)
    gives_ids: bool = True

    def send(self, message: Outgoing) -> str:
        """Keep the message, or raise the next failure."""
        with self.lock:
            if self.failures:
                raise self.failures.pop(0)
            self.sent.append(message)
            return f"SM{len(self.sent):032x}" if self.gives_ids else ""


@dataclass
class ToldLook:
    """An encoder that says what it was told to of each text and nothing of others; remembers what it was shown."""

    levels: Mapping[str, Level] = field(default_factory=dict)
    failures: Mapping[str, Exception] = field(default_factory=dict)
    meanwhile: Callable[[], object] = lambda: None
    seen: list[str] = field(default_factory=list)

    def __call__(self, text: str) -> Looked:
        """What it was told, after what happens meanwhile."""
        self.seen.append(text)
        if text in self.failures:
            raise self.failures[text]
        self.meanwhile()
        return Looked(self.levels.get(text, Level.NONE), 0.93, "exploitation", "e1")


BARS: Mapping[str, float] = {"alert": 2.0, "doubt": -1.0, "immediate": 2.0, "wellbeing": 2.0}
"""Bars that no chance reaches: the model never raises and never doubts."""


def tiny_model(bars: Mapping[str, float] = BARS, **heads: Trained) -> Linear:
    """A linear model of 16 places that says 0.5 of everything, but for the heads that are given."""
    even = {name: Trained([0.0] * 16, {}, 0.0) for name in sorted(HEADS)}
    return linear.read(linear.write(even | heads, bars))
