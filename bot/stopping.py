"""Being asked to stop: a flag that a signal may set at any moment, also while we wait for it."""

from __future__ import annotations

import signal
import time
from dataclasses import dataclass

SLICE_SECONDS = 0.1


@dataclass(slots=True)
class Stopping:
    """Whether somebody has asked this process to stop. An Event's lock could be held by the very wait that is woken."""

    asked: bool = False

    def wait(self, seconds: float) -> None:
        """Rest for this long, or until asked to stop."""
        ends = time.monotonic() + seconds
        while not self.asked and time.monotonic() < ends:
            time.sleep(SLICE_SECONDS)


def on_signals() -> Stopping:
    """What SIGTERM and Ctrl-C ask of this process from now on."""
    stopping = Stopping()

    def ask(_number: int, _frame: object) -> None:
        stopping.asked = True

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, ask)
    return stopping
