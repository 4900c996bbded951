"""A worker of the matrix: rounds of the real loops in a session of its own, which is killed and stopped in them."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy.orm import Session

from bot import jobs
from bot.desk import Desk
from conversations.db import db
from tests.faults.stage import Stage
from tests.faults.store import Killed

TO_THE_CALL = ("lost on the way", "alerts due", "attempts")


class Stopped(Desk):
    """A desk whose calls begin only when the process goes on, or never when it does not."""

    def __init__(self) -> None:
        super().__init__()
        self._stands = True
        self._waiting: list[tuple[str, object, Callable[[], object]]] = []

    def call(self, way: str, subject: object, call: Callable[[], object]) -> None:
        """Keep a call back while we are stopped."""
        if self._stands:
            self._waiting.append((way, subject, call))
        else:
            super().call(way, subject, call)

    def go_on(self) -> None:
        """Begin what was kept back; from now on nothing is."""
        self._stands = False
        for way, subject, call in self._waiting:
            super().call(way, subject, call)
        self._waiting.clear()


class Worker:
    """A worker process, as far as alerts see one."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.session, self.desk = Session(stage.store.engine), Desk()

    def round(self) -> None:
        """A round of the urgent loop, to its end; dies in it when the store says so."""
        try:
            jobs.urgent_once(self.session, self.stage.parts, self.desk)
            jobs.finish(self.session, self.stage.parts, self.desk)
            self.session.close()
        except Killed:
            self.die()

    def rest(self) -> None:
        """A round of the other loop."""
        try:
            with self.stage.app.app_context():
                jobs.rest_once(db.session(), self.stage.parts)
        except Killed:
            self.die()

    def begin(self, desk: Desk) -> None:
        """A round as far as the calls, at this desk."""
        self.desk, old = desk, self.desk
        old.__exit__()
        try:
            for name in TO_THE_CALL:
                jobs._do(self.session, name, lambda job=jobs.URGENT[name]: job(self.session, self.stage.parts, desk))
        except Killed:
            self.die()

    def go_on(self) -> None:
        """What was begun comes to its end."""
        if isinstance(self.desk, Stopped):
            self.desk.go_on()
        try:
            jobs.finish(self.session, self.stage.parts, self.desk)
        except Killed:
            self.die()

    def die(self) -> None:
        """End without a word: what is on its way to a provider arrives, and what came of it is forgotten."""
        self.stage.store.spare()
        self.session.invalidate()
        self.session.close()
        self.desk.__exit__()
        self.session, self.desk = Session(self.stage.store.engine), Desk()

    def close(self) -> None:
        """Let go of everything."""
        self.desk.__exit__()
        self.session.close()
