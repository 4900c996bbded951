"""Log lines that can hold no text and no number: words from a closed list, and of an error only its kind and place."""

from __future__ import annotations

import logging
import re
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from types import TracebackType
from typing import Any

OURS = ("bot", "admin", "conversations", "heard", "wsgi")
MOST_DIGITS = 5  # codes, ports and counts; no telephone number is as short
LONGEST = 120
WORD = re.compile(r"[^\W\d_]+")
FIELD = re.compile(r"%[a-z]")
WITHHELD, LIBRARY = "[withheld]", "a library's words are not logged"

# Every word that a line of ours may hold. A test walks the code: each of these is needed, and none is missing.
WORDS = frozenset(
    """
    a acknowledged again alarm alarms alert alerts alone an and another answer answered approvers are arrived asked at
    attempt attempts autherror badrequesterror bank batch be been before begun box broke broken brought browser by came
    cannot checked clock code codes comment comments copies copy could daily damaged database day days dead deleted
    destroyed does door doubtful down drill due duty earlier email encoder ends everyone expired failed figures file
    first flagged folder for found from front gap had has have heartbeat helpline here holds holidays hours house id in
    is it its itself job json kept key keys knows later lead leads leaving life list listed loaded log longer
    look looked looks loop lost machine made makes man marks match mended message messages metrics minute missed missing
    needs never new news nightly no nobody none noresultfound not nothing notice notify nudges number numbers object of
    older on open opened operator opt or other others outcome outs overdue own past people port private process purpose
    raised ratelimiterror reach reached read reads refused request requests result results reviewed rewritten rota row s
    second sending sense sent session set sms smtp something stands stop store switch taken takes teams tell text texts
    than that the their then this time to toomanyrequestserror twilio two unhandled up urgent validationerror wait
    waiting was watch way ways webhook weeks wishes with within without words worked worker workers worries worrying
    wrong young
    """.split()  # noqa: SIM905  # to be read, not to be scrolled
)

ErrorInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class Vouched(str):
    """A string that is on no list and may be logged: an alert's reference, the place of an error."""


class SafeFormatter(logging.Formatter):
    """One line an event. What a library says may hold what it was given, so of theirs only name and place are kept."""

    def format(self, record: logging.LogRecord) -> str:
        """The line for a record; whatever is not on the list is withheld, and the place says who wanted to say it."""
        ours = record.name.split(".")[0] in OURS
        name = record.name if ours else ".".join(WORD.findall(record.name))
        said = _said(record.msg, record.args) if ours else LIBRARY
        line = f"{self.formatTime(record)} {record.levelname} {name}: {said}"
        if WITHHELD in line or not ours:
            line = f"{line} ({record.filename}:{record.lineno})"
        return f"{line}; {place_of(record.exc_info)}" if record.exc_info else line

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # logging's name
        """The second, in UTC."""
        return time.strftime("%Hh%Mm%Ss", time.gmtime(record.created))


def place_of(error: ErrorInfo) -> Vouched:
    """The kind of an error and the file and line that it came from; never its words, which may quote a text."""
    kind, _, trace = error
    if kind is None:
        return Vouched("no error")
    frames = traceback.extract_tb(trace)
    where = f" at {frames[-1].filename.rpartition('/')[2]}:{frames[-1].lineno}" if frames else ""
    return Vouched(f"{kind.__name__}{where}")


def sayable(words: str) -> bool:
    """Whether each word is on the list, or the name of a kind of error, with no more digits than a code has."""
    if len(words) > LONGEST or sum(each.isnumeric() for each in words) > MOST_DIGITS or not words.isprintable():
        return False
    unknown = {word for word in WORD.findall(words) if word.lower() not in WORDS}
    return not unknown or unknown <= set(_kinds(BaseException))


def set_up() -> None:
    """Send every log line of this process through the safe formatter to standard error."""
    logging.raiseExceptions = False  # else a line that cannot be formatted is printed with its arguments
    logging.captureWarnings(True)  # a warning may quote what a library was given
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(SafeFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    for name in ("twilio", "urllib3", "werkzeug", "alembic", "sqlalchemy"):
        logging.getLogger(name).setLevel(logging.WARNING)  # twilio logs addresses with numbers at INFO
    # Where it finds no handler, SQLAlchemy's echo brings one of its own, which prints statements as they are.
    logging.getLogger("sqlalchemy.engine.Engine").addHandler(logging.NullHandler())
    server, requests = logging.getLogger("gunicorn.error"), logging.getLogger("gunicorn.access")
    server.handlers.clear()
    server.propagate = True
    requests.disabled = True  # a line a request would keep the second, the network address, the browser and the link


def catch_the_rest() -> None:
    """Log an error that nobody caught as every other: Python would print its words, from threads and destructors too.

    Not before the start is over: until then errors are about settings and scripts, and the operator must read them.
    """
    sys.excepthook = lambda kind, error, trace: _uncaught((kind, error, trace))
    threading.excepthook = lambda thrown: _uncaught((thrown.exc_type, thrown.exc_value, thrown.exc_traceback))
    sys.unraisablehook = lambda thrown: _uncaught((thrown.exc_type, thrown.exc_value, thrown.exc_traceback))


def _uncaught(error: Any) -> None:
    logging.getLogger("heard").error("unhandled: %s", place_of(error))


def _said(template: object, arguments: Any) -> str:
    if not isinstance(template, str) or not sayable(FIELD.sub("", template)):
        return WITHHELD
    try:
        return template % tuple(_value(each) for each in arguments or ())
    except (TypeError, ValueError):
        return WITHHELD


def _value(argument: object) -> object:
    if isinstance(argument, Vouched):
        return str(argument)
    if not sayable(str(argument)):
        return WITHHELD
    return argument if isinstance(argument, int) else str(argument)


def _kinds(of: type[BaseException]) -> Iterator[str]:
    """The names of all kinds of error that this process knows: classes of programs, which nobody can text us."""
    yield of.__name__
    for each in type.__subclasses__(of):
        yield from _kinds(each)
