"""Log lines that can hold no text and no number: our own events by name, and of an error only its kind and place."""

from __future__ import annotations

import logging
import re
import sys
import time
import traceback
from types import TracebackType

OURS = ("bot", "admin", "conversations", "heard", "wsgi")
NUMBER = re.compile(r"\+?\d[\d\s().-]{5,}\d")
ADDRESS = re.compile(r"\S+@\S+")

ErrorInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class SafeFormatter(logging.Formatter):
    """One line an event. What a library says may hold what it was given, so of theirs only the name is kept."""

    def format(self, record: logging.LogRecord) -> str:
        """The line for a record; a number or address that slipped into it is struck out."""
        ours = record.name.split(".")[0] in OURS
        said = record.getMessage() if ours else "a library's words are not logged"
        line = f"{self.formatTime(record)} {record.levelname} {record.name}: {said}"
        if record.exc_info:
            line = f"{line}; {place_of(record.exc_info)}"
        return " ".join(ADDRESS.sub("[address]", NUMBER.sub("[number]", line)).splitlines())

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # logging's name
        """The second, in UTC, written without a run of digits that the guard below would strike out."""
        return time.strftime("%Hh%Mm%Ss", time.gmtime(record.created))


def place_of(error: ErrorInfo) -> str:
    """The kind of an error and the file and line that it came from; never its words, which may quote a text."""
    kind, _, trace = error
    if kind is None:
        return "no error"
    frames = traceback.extract_tb(trace)
    where = f" at {frames[-1].filename.rpartition('/')[2]}:{frames[-1].lineno}" if frames else ""
    return f"{kind.__name__}{where}"


def set_up() -> None:
    """Send every log line of this process through the safe formatter, to standard error."""
    logging.raiseExceptions = False  # else a line that cannot be formatted is printed with its arguments
    logging.captureWarnings(True)  # a warning may quote what a library was given
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(SafeFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    for name in ("twilio", "urllib3", "werkzeug", "alembic", "sqlalchemy"):
        logging.getLogger(name).setLevel(logging.WARNING)  # twilio logs addresses with numbers at INFO
    server, requests = logging.getLogger("gunicorn.error"), logging.getLogger("gunicorn.access")
    server.handlers.clear()
    server.propagate = True
    requests.disabled = True  # a line a request would keep the second, the network address, the browser and the link
