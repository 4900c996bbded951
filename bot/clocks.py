"""The database's time, where it has one: then worker and watch go by one clock, whatever their machines say."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot.parts import Clock
from conversations import heartbeats

log = logging.getLogger(__name__)

WRONG = timedelta(seconds=5)
UNSURE = timedelta(seconds=2)
"""An answer that took longer than this says too little of what the time is."""
SAID_EVERY = timedelta(seconds=5)
CLOCK_OF = "clock of "
Tick = Callable[[Session], object]
"""What is done with the clock at the beginning of each round."""


class StoreClock:
    """A machine's clock put right by the database's; the machine's own until it is read, and on SQLite."""

    def __init__(self, machine: Clock) -> None:
        self._machine, self._behind = machine, timedelta()

    def __call__(self) -> datetime:
        """What the time is."""
        return self._machine() + self._behind

    @property
    def is_wrong(self) -> bool:
        """Whether the machine's clock differs from the database's by more than it may."""
        return abs(self._behind) > WRONG

    def read(self, session: Session) -> None:
        """Ask the database for the time: one statement on PostgreSQL, none on SQLite, which has the machine's."""
        if session.get_bind().dialect.name != "postgresql":
            return
        before = self._machine()
        there = session.scalars(select(func.clock_timestamp())).one()
        took = self._machine() - before
        if timedelta() <= took <= UNSURE:
            self._behind = there - (before + took / 2)


def keep_right(clock: StoreClock, process: str) -> Tick:
    """What a process does at the beginning of each round: read the database's time, and say when its machine is wrong.

    It says so in a row, which the watch reads wherever it runs.
    """

    def tick(session: Session) -> None:
        clock.read(session)
        name = f"{CLOCK_OF}{process}"
        if clock.is_wrong and heartbeats.due(session, name, clock(), SAID_EVERY):
            log.error("the clock of this machine is wrong: process=%s", process)
            heartbeats.beat(session, name, clock())
        session.commit()

    return tick


def as_it_is(session: Session) -> None:
    """Go by the clock that there is."""
