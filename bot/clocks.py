"""The database's time, where it has one: then every process goes by one clock, whatever its machine says."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from flask import Flask, Response
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from bot.parts import Clock
from conversations import heartbeats
from conversations.db import db

log = logging.getLogger(__name__)

WRONG = timedelta(seconds=5)
UNSURE = timedelta(seconds=2)
"""An answer that took longer than this says too little of what the time is."""
SAID_EVERY = timedelta(seconds=5)
STALE = timedelta(seconds=10)
"""How long a process that only works when it is asked goes by what it read."""
CLOCK_OF = "clock of "
Tick = Callable[[Session], object]
"""What is done with the clock at the beginning of each round."""


class StoreClock:
    """A machine's clock put right by the database's; the machine's own until it is read, and on SQLite."""

    def __init__(self, machine: Clock) -> None:
        self._machine, self._behind = machine, timedelta()
        self._asked_at: datetime | None = None

    def __call__(self) -> datetime:
        """What the time is."""
        return self._machine() + self._behind

    @property
    def is_wrong(self) -> bool:
        """Whether the machine's clock differs from the database's by more than it may."""
        return abs(self._behind) > WRONG

    @property
    def was_asked(self) -> bool:
        """Whether the database has been asked, whatever came of it."""
        return self._asked_at is not None

    @property
    def is_stale(self) -> bool:
        """Whether that was too long ago, or later than now: then the machine's clock was put back."""
        return self._asked_at is None or not timedelta() <= self._machine() - self._asked_at < STALE

    def read(self, session: Session) -> None:
        """Ask the database for the time: one statement on PostgreSQL, none on SQLite, which has the machine's."""
        before = self._asked_at = self._machine()
        if session.get_bind().dialect.name != "postgresql":
            return
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


def keep_web_right(app: Flask, clock: StoreClock) -> None:
    """Have web go by the database's time: asked before a process's first answer, from then on behind its answers.

    So no message waits for it or costs a statement more, and a database that is down is asked in vain once.
    """
    tick = keep_right(clock, "web")

    def read() -> None:
        try:
            with app.app_context(), Session(db.engine) as own:
                tick(own)
        except SQLAlchemyError as down:
            log.error("the time could not be read: %s", type(down).__name__)

    def before() -> None:
        if not clock.was_asked:
            read()

    def behind(response: Response) -> Response:
        if clock.is_stale:
            response.call_on_close(read)
        return response

    app.before_request(before)
    app.after_request(behind)


def as_it_is(session: Session) -> None:
    """Go by the clock that there is."""
