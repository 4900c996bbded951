"""A store that breaks when it is told to: it fails, is locked by somebody else, or the process dies at a statement."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import psycopg
from sqlalchemy import Connection, event
from sqlalchemy.engine import Engine
from sqlalchemy.exc import OperationalError

from tests.databases import Ward


class Killed(BaseException):
    """The process is no more: nothing of ours may catch this and go on."""


def deadlock() -> OperationalError:
    """What a database says that has chosen us to give way."""
    return OperationalError("", None, sqlite3.OperationalError("deadlock detected"))


def gone() -> OperationalError:
    """What a database says that is not there."""
    return OperationalError("", None, sqlite3.OperationalError("the database is gone"))


@dataclass
class Store:
    """The database of one service, and what is wrong with it."""

    engine: Engine
    url: str
    fails: Callable[[], Exception] | None = None
    strikes: int = 0
    """How often something broke at its statement."""
    _place: int | None = None
    _error: Callable[[], BaseException] = Killed
    _lasting: bool = True
    _thread: int = 0
    _locks: ExitStack = field(default_factory=ExitStack)
    _locked: bool = False

    def __post_init__(self) -> None:
        self._listeners = {
            "connect": self._hurry,
            "before_cursor_execute": self._statement,
            "commit": self._statement,
        }
        for name, listener in self._listeners.items():
            event.listen(self.engine, name, listener)

    def break_at(self, place: int, error: Callable[[], BaseException], lasting: bool) -> None:
        """Raise this at the so-manieth statement or commit of this thread, and at all later ones if it is lasting."""
        self._place, self._error, self._lasting = place, error, lasting
        self._thread = threading.get_ident()

    def mend(self) -> None:
        """Nothing is wrong any more."""
        self.fails, self._place = None, None
        self._locks.close()
        self._locked = False

    def close(self) -> None:
        """Let go of the database."""
        self.mend()
        for name, listener in self._listeners.items():
            event.remove(self.engine, name, listener)
        self.engine.dispose()

    def spare(self) -> None:
        """Whatever was to break at a statement does not."""
        self._place = None

    def lock(self) -> None:
        """Somebody else holds a lock on everything until it is mended."""
        if self._locked:
            return
        self._locked = True
        if self.url.startswith("sqlite"):
            other: Any = sqlite3.connect(self.url.removeprefix("sqlite:///"), isolation_level=None, timeout=5)
            other.execute("BEGIN IMMEDIATE")
        else:
            other = psycopg.connect(self.url.replace("+psycopg", "", 1))
            other.execute("LOCK TABLE alert, attempt, heartbeat, received, conversation IN EXCLUSIVE MODE")
        self._locks.callback(other.close)

    def cut(self) -> None:
        """Every connection that is open is no more."""
        if self.url.startswith("sqlite"):
            self.engine.dispose()
        else:
            Ward(self.url).throw_out()

    def _hurry(self, connection: Any, _record: object) -> None:
        """Wait as short for a lock as the test wants; a crash of the machine loses nothing that anybody wants."""
        sqlite = isinstance(connection, sqlite3.Connection)
        wishes = ("PRAGMA busy_timeout=20", "PRAGMA synchronous=OFF") if sqlite else ("SET lock_timeout='20ms'",)
        for wish in wishes:
            connection.execute(wish)
        if not sqlite:
            connection.commit()

    def _statement(self, connection: Connection, *_given: object) -> None:
        if self.fails:
            raise self.fails()
        if self._place is None or threading.get_ident() != self._thread:
            return
        self._place -= 1
        if self._place < 0 and (self._lasting or self._place == -1):
            self.strikes += 1
            if self._error is Killed:  # the database notices that nobody is there any more
                connection.connection.rollback()
            raise self._error()
