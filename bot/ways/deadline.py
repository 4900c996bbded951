"""A call to the outside that is over in time, whatever the far end does."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from typing import TypeVar

Given = TypeVar("Given")
THREAD = "heard-way"
BETWEEN_CUTS = 0.5


def within(seconds: float, call: Callable[[], Given], hang_up: Callable[[], None]) -> Given:
    """What the call gives or raises, or TimeoutError after so many seconds.

    A socket's own time-out starts anew with every byte, so a slow drip would outlast it, and looking up a name has
    none. The call therefore runs beside us; when it is late, `hang_up` is repeated until it has noticed.
    """
    done: Future[Given] = Future()
    beside = threading.Thread(target=_settle, args=(done, call), name=THREAD, daemon=True)
    beside.start()
    try:
        return done.result(seconds)
    finally:
        if not done.done():
            threading.Thread(target=_end, args=(beside, hang_up), name=THREAD, daemon=True).start()


def cut(line: socket.socket | None) -> None:
    """End a connection under whoever waits on it; nothing when there is none (any more).

    TLS has a shutdown of its own that waits for the far end, hence the plain one.
    """
    if line is not None:
        with suppress(OSError):
            socket.socket.shutdown(line, socket.SHUT_RDWR)


def _settle(done: Future[Given], call: Callable[[], Given]) -> None:
    try:
        done.set_result(call())
    except Exception as failed:  # it belongs to whoever waits, if somebody still does
        done.set_exception(failed)


def _end(late: threading.Thread, hang_up: Callable[[], None]) -> None:
    while late.is_alive():
        hang_up()
        late.join(BETWEEN_CUTS)
