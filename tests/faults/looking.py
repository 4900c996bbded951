"""A worker of ours in a process of its own, whose encoder is slow until it is let go, and worried about every text."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from bot import jobs
from bot.parts import real_parts
from bot.safeguards.triage.encoder import Looked
from bot.stopping import on_signals
from conversations.db import db
from conversations.settings import Settings
from conversations.values import Level
from wsgi import create_app

LOOKING, GO = "looking", "go"


def look(text: str) -> Looked:
    """Say that we look, and answer once we may."""
    folder = Path(tempfile.gettempdir())
    (folder / LOOKING).touch()
    while not (folder / GO).exists():
        time.sleep(0.02)
    time.sleep(0.02)
    return Looked(Level.CONCERN, 0.9, "exploitation", "slow")


def main() -> int:
    """Work until told to stop."""
    parts = replace(real_parts(Settings.from_env(os.environ)), look=look)
    with create_app(parts=parts).app_context():
        jobs.work(db.session(), parts, on_signals())
    return 0


if __name__ == "__main__":
    sys.exit(main())
