"""A watch of ours in a process of its own, whose clock is as far ahead as a file says, and whose rounds are short."""

from __future__ import annotations

import os
import sys
import tempfile
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot import watch
from bot.parts import real_parts
from bot.stopping import Stopping, on_signals
from conversations.db import db
from conversations.settings import Settings
from wsgi import create_app

AHEAD = "ahead"
ROUND_SECONDS = 0.2


def clock() -> datetime:
    """Now, and so many seconds more."""
    ahead = 0.0
    with suppress(OSError, ValueError):
        ahead = float((Path(tempfile.gettempdir()) / AHEAD).read_text())
    return datetime.now(UTC) + timedelta(seconds=ahead)


class Hurried(Stopping):
    """Rests for a moment only."""

    def wait(self, seconds: float) -> None:
        """Rest."""
        Stopping.wait(self, ROUND_SECONDS)
        self.asked = self.asked or asked.asked


def main() -> int:
    """Watch until told to stop."""
    parts = replace(real_parts(Settings.from_env(os.environ)), clock=clock)
    with create_app(parts=parts).app_context():
        watch.watch(db.session(), parts, Hurried())
    return 0


asked = on_signals()
if __name__ == "__main__":
    sys.exit(main())
