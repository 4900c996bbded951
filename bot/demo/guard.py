"""Outlives the launcher by a moment: when it goes, even by kill -9, everything that it started goes too."""

from __future__ import annotations

import os
import signal
import sys
import time

MERCY_SECONDS = 5.0


def main() -> None:
    """Wait until the launcher's end of the pipe closes, which the system does however it ends; then stop our group.

    A pipe and a process group rather than Linux's parent death signal, which a grandchild such as a web worker does not
    inherit and other systems do not have.
    """
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    sys.stdin.buffer.read()
    os.killpg(0, signal.SIGTERM)
    ends = time.monotonic() + MERCY_SECONDS
    while time.monotonic() < ends and _company():
        time.sleep(0.1)
    os.killpg(0, signal.SIGKILL)


def _company() -> bool:
    """Whether anybody else is in our group; without /proc the whole of the mercy is given."""
    ours = str(os.getpgrp())
    try:
        numbers = [name for name in os.listdir("/proc") if name.isdecimal() and int(name) != os.getpid()]
    except OSError:
        return True
    return any(_group(number) == ours for number in numbers)


def _group(number: str) -> str:
    try:
        with open(f"/proc/{number}/stat", encoding="utf-8", errors="replace") as file:
            fields = file.read().rpartition(")")[2].split()
    except OSError:
        return ""
    state, _, group = fields[:3]
    return "" if state == "Z" else group


if __name__ == "__main__":
    main()
