"""What a process holds in memory stays there: no core file, and no look from another process of the same user."""

from __future__ import annotations

import ctypes
import resource
import sys

PR_SET_DUMPABLE = 4  # linux/prctl.h


def forbid() -> None:
    """Leave no core file when this process dies. On Linux others of its user cannot read its memory either."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # The limit does not count where the system hands a core to a program, as most do (man 5 core).
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)


def on_starting(_server: object) -> None:
    """The same for gunicorn's first process, which holds our secrets: it is started with --config python:bot.dumps."""
    forbid()
