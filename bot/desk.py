"""Calls that are under way at this moment, each in a thread of its own: one that hangs keeps nobody else waiting."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Any, Self

LINES = 32
"""Calls at once by one way. A hundred alerts a minute, each tried four times for ten seconds, need no more."""


class Desk:
    """Telephones, so to speak: as many for each way. Sessions stay with whoever owns the desk; only calls are here."""

    def __init__(self) -> None:
        self._lines: dict[str, ThreadPoolExecutor] = {}
        self._calls: dict[Future[Any], tuple[str, Any]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        for line in self._lines.values():
            line.shutdown()

    def settle(self) -> None:
        """Wait until every call is over."""
        wait(self._calls)

    @property
    def busy(self) -> bool:
        """Whether any call is under way, or over and not taken back yet."""
        return bool(self._calls)

    def room(self, way: str) -> int:
        """How many calls by this way could begin at once."""
        return LINES - sum(name == way for name, _ in self._calls.values())

    def call(self, way: str, subject: object, call: Callable[[], object]) -> None:
        """Begin a call now; ask `room` before, or it waits behind others."""
        line = self._lines.get(way) or self._lines.setdefault(way, ThreadPoolExecutor(LINES, f"desk-{way}"))
        self._calls[line.submit(call)] = way, subject

    def over(self, patience: float) -> Iterator[tuple[Future[Any], Any, Any]]:
        """Calls that are over, each with its subject and what came of it, a value or an error; waits a while for one.

        Each comes again until it is taken off. What is not an Exception ends the process, as it would anywhere.
        """
        done, _ = wait(self._calls, patience, FIRST_COMPLETED)
        for each in done:
            _, subject = self._calls[each]
            error = each.exception()
            if error is not None and not isinstance(error, Exception):
                raise error
            yield each, subject, error if error is not None else each.result()

    def take_off(self, call: Future[Any]) -> None:
        """Forget a call of which everything is kept."""
        del self._calls[call]
