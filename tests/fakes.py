"""Fakes that remember: a clock that moves when told, and senders that keep what they were given."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from bot.sender import NotSent, Outgoing

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

    def send(self, message: Outgoing) -> str:
        """Keep the message, or raise the next failure."""
        if self.failures:
            raise self.failures.pop(0)
        self.sent.append(message)
        return f"SM{len(self.sent):032x}"
