"""What the processes of a tree have used, from Linux's own books."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")


def tree(pid: int) -> list[int]:
    """A process with its children."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *map(int, children)]


def cpu_seconds(pids: Iterable[int]) -> float:
    """User and system time of these processes so far, and of their children that have ended."""
    return sum(sum(map(int, _stat(pid)[11:15])) for pid in pids) / TICK


def _stat(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
