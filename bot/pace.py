"""How often something may be said: the first at once, a worse one at once, and else nothing within the pause."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock

from conversations.values import Level


@dataclass(slots=True)
class Pace:
    """What one process remembers of when it last spoke up, since there is no store to remember it."""

    pause: timedelta = timedelta(minutes=1)
    at: datetime | None = None
    level: Level = Level.NONE
    lock: Lock = field(default_factory=Lock, repr=False)

    def takes(self, level: Level, now: datetime) -> bool:
        """Whether this may be said now; if so, it counts as said."""
        with self.lock:
            paused = self.at is not None and timedelta() <= now - self.at < self.pause
            if paused and level <= self.level:
                return False
            self.at, self.level = now, level
            return True

    def forget(self) -> None:
        """It could not be said after all: the next is the first again."""
        with self.lock:
            self.at = None
