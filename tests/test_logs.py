"""A log line holds no words but our own, no number, no address and no traceback, whatever is thrown at it."""

from __future__ import annotations

import logging
import os
import re
import subprocess
import sys
from pathlib import Path
from types import TracebackType

import pytest

from bot.logs import WITHHELD, SafeFormatter, Vouched, place_of, sayable
from conversations.settings import REQUIRED

ROOT = Path(__file__).resolve().parent.parent
NUMBER, WORDS = "+447700900123", "he hits me every night"


def line(message: object, *arguments: object, name: str = "bot.duty", error: BaseException | None = None) -> str:
    record = logging.LogRecord(name, logging.ERROR, "file.py", 1, message, arguments, None)
    if error:
        record.exc_info = (type(error), error, error.__traceback__)
        record.exc_text = f"ValueError: {error}"
    record.stack_info = f"Stack: {WORDS}"
    return SafeFormatter().format(record)


def raised(error: BaseException) -> BaseException:
    try:
        raise error
    except BaseException as caught:
        return caught


@pytest.mark.parametrize(
    "name",
    [
        "twilio.http_client",
        "sqlalchemy.engine.Engine",
        "urllib3",
        "werkzeug",
        "py.warnings",
        "gunicorn.error",
        "gunicorn.access",
        "root",
        "botany",
        "administration",
        "",
    ],
)
def test_the_words_of_a_library_are_not_logged(name: str) -> None:
    said = line("POST %s Body=%s", NUMBER, WORDS, name=name)
    assert "hits" not in said
    assert "7700" not in said
    assert "POST" not in said
    assert "(file.py:1)" in said


@pytest.mark.parametrize("name", ["bot.duty", "conversations", "admin.auth", "heard", "wsgi"])
def test_our_own_event_is_logged(name: str) -> None:
    assert line("job failed: %s", "texts", name=name).endswith(f"{name}: job failed: texts")


# As people and programs write them, and as nobody has thought of.
NUMBERS = [
    NUMBER, "07700 900123", "(07700) 900-123", "0044 7700 900 123", "07700.900.123", "whatsapp:+447700900123",
    "07700/900/123", "07700_900_123", "0-7-7-0-0-9-0-0-1-2-3", "０７７００９００１２３", "٠٧٧٠٠٩٠٠١٢٣",
    "%2B447700900123", "oh seven seven double oh nine hundred", "KzQ0NzcwMDkwMDEyMw==", "2b343437373030393030313233",
    447700900123, ["07700", "900123"], b"+447700900123",
]  # fmt: skip
TEXTS = [
    WORDS, "hits", "kayleigh", "Kayleigh McDonald", "MacLeod", "my social worker is Zanzibarquince", "ela bateu-me",
    "он бьёт меня", "يضربني كل ليلة", "text the worker: kayleigh", "sam@example.org", "EH1 2AB", ValueError(WORDS),
    {"Body": WORDS}, (WORDS,), f"job failed\n{WORDS}",
]  # fmt: skip


@pytest.mark.parametrize("slipped", [*NUMBERS, *TEXTS], ids=str)
def test_what_slipped_into_our_own_line_is_withheld_whole(slipped: object) -> None:
    said = line("job failed: %s", slipped)
    assert said.endswith(f"bot.duty: job failed: {WITHHELD} (file.py:1)")


@pytest.mark.parametrize("slipped", [*NUMBERS, *TEXTS], ids=str)
def test_what_was_written_into_the_line_itself_is_withheld_with_the_line(slipped: object) -> None:
    assert line(f"job failed: {slipped}").endswith(f"bot.duty: {WITHHELD} (file.py:1)")
    assert line(slipped).endswith(f"bot.duty: {WITHHELD} (file.py:1)")


@pytest.mark.parametrize("kept", ["21610", "smtp 550", "notify 429 RateLimitError", "ValueError", 8001, None, "texts"])
def test_a_code_and_a_kind_of_error_are_kept(kept: object) -> None:
    assert line("%s", kept).endswith(f"bot.duty: {kept}")


def test_what_is_vouched_for_is_kept() -> None:
    assert "alert 7KQM2R needs" in line("alert %s needs the operator: %s", Vouched("7KQM2R"), "nobody is on duty")
    assert f"alert {WITHHELD} needs" in line("alert %s needs the operator: %s", "7KQM2R", "nobody is on duty")


@pytest.mark.parametrize(
    ("template", "arguments"),
    [("job failed: %d", (WORDS,)), ("job failed: %s %s", ("texts",)), ("job failed", ("texts",)), ("job failed %", ())],
)
def test_a_line_that_cannot_be_put_together_is_still_a_line(template: str, arguments: tuple[object, ...]) -> None:
    said = line(template, *arguments)
    assert "ERROR bot.duty: " in said
    assert "hits" not in said


def test_a_long_run_of_our_own_words_is_withheld() -> None:
    assert sayable("nobody is on duty")
    assert not sayable("nobody is on duty " * 20)


def test_of_an_error_only_kind_and_place_are_logged() -> None:
    said = line("job failed", error=raised(ValueError(f"{WORDS} {NUMBER}")))
    assert "ValueError at test_logs.py:" in said
    assert "hits" not in said
    assert "7700" not in said
    assert "Traceback" not in said


def test_the_error_behind_an_error_is_not_logged_either() -> None:
    try:
        try:
            raise ValueError(WORDS)
        except ValueError as first:
            raise RuntimeError(NUMBER) from first
    except RuntimeError as second:
        said = line("job failed", error=second)
    assert "hits" not in said
    assert "7700" not in said
    assert "RuntimeError" in said


def test_an_error_without_a_place_is_still_named() -> None:
    trace: TracebackType | None = None
    assert place_of((KeyError, KeyError(WORDS), trace)) == "KeyError"
    assert place_of((None, None, None)) == "no error"


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n", "\x0b", "\x85", "\u2028", "\x1b[2K"])
def test_a_second_line_cannot_be_forged(end: str) -> None:
    assert len(line("job failed: %s", f"texts{end}00h00m00s ERROR bot.duty: alert").splitlines()) == 1
    assert len(line("job failed: %s", f"texts{end}job failed").splitlines()) == 1
    assert WITHHELD in line("job failed: %s", f"texts{end}job failed")


# Each library as it really speaks: with a number and words in its hands, as loudly as it can be made to.
PROCESS = """
import gc, http.client, logging, threading, warnings
from bot.logs import catch_the_rest, set_up
set_up()
catch_the_rest()
words, number = "he hits me every night", "+447700900123"
for name in ("twilio", "sqlalchemy", "urllib3", "werkzeug", "alembic", "gunicorn.error", "asyncio", "phonenumbers"):
    logging.getLogger(name).setLevel(logging.DEBUG)
logging.getLogger("twilio.http_client").warning("Body=%s", words)
logging.getLogger("twilio.http_client").info("To=%s", number)
logging.getLogger("gunicorn.error").error("cannot answer %s", number)
logging.getLogger("gunicorn.access").critical("GET /?q=%s", number)
logging.getLogger("bot.duty").error("%d is no number", words)
logging.error(words)
warnings.warn(words)

import sqlalchemy
from conversations.db import engine_options
engine = sqlalchemy.create_engine("sqlite://", echo=True, **engine_options("sqlite://"))
table = sqlalchemy.Table("t", sqlalchemy.MetaData(), sqlalchemy.Column("a", sqlalchemy.String, primary_key=True))
table.metadata.create_all(engine)
try:
    with engine.begin() as connection:
        connection.execute(table.insert(), [{"a": words}, {"a": words}])
except sqlalchemy.exc.SQLAlchemyError as broken:
    assert "hits" not in str(broken), "the words are in the error itself"
    logging.getLogger("bot.jobs").exception("job failed: texts")

import requests
from twilio.http.http_client import TwilioHttpClient
client = TwilioHttpClient(timeout=1)
client.session.trust_env = False
try:
    client.request("GET", "http://127.0.0.1:9/Messages.json", params={"To": number, "Body": words})
except requests.RequestException as refused:
    assert "7700" in str(refused), "this library no longer quotes the address: look whether another does"
    logging.getLogger("bot.reconcile").error("job failed: %s", refused)
    logging.getLogger("urllib3.connectionpool").exception("Retrying %s", refused)

class Dropped:
    def __del__(self):
        raise ValueError(words)
Dropped()
gc.collect()
def fail():
    raise ValueError(number)
thread = threading.Thread(target=fail, name=words)
thread.start()
thread.join()
raise ExceptionGroup(words, [ValueError(number)])
"""


def test_a_whole_process_says_nothing_of_what_it_was_given() -> None:
    ran = subprocess.run([sys.executable, "-c", PROCESS], capture_output=True, text=True, check=False)
    said = ran.stdout + ran.stderr
    assert ran.returncode == 1
    assert "unhandled: ExceptionGroup at <string>:" in said, said
    assert said.count("unhandled: ValueError at <string>:") == 2
    assert "job failed: texts; IntegrityError at " in said
    for given in ("hits", "night", "7700", "900123", "%2B44", "Traceback", "To=", "INSERT"):
        assert given not in said


def start(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Start a program of the service with these settings and no other."""
    environment = {"PATH": os.environ.get("PATH", ""), "FLASK_APP": "wsgi:create_app", **settings}
    command = [sys.executable, "-m", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment, cwd=ROOT)


STARTS = {
    "flask": ("flask", "data", "upgrade"),
    "gunicorn": ("gunicorn", "--bind", "127.0.0.1:0", "--no-control-socket", "wsgi:create_app()"),
}


@pytest.mark.parametrize("name", STARTS)
def test_an_operator_reads_one_plain_list_of_why_a_start_stopped(name: str) -> None:
    stopped = start(*STARTS[name])
    assert stopped.returncode == 3
    assert stopped.stdout == ""
    said = [line for line in stopped.stderr.splitlines() if not re.search(r"\bINFO\b|\[ERROR\]", line)]
    assert said[0] == "Heard cannot start:"
    assert all(re.match(r"  - HEARD_\w+ is missing: ", line) for line in said[1:]), said
    assert len(said) == 1 + len(REQUIRED)


@pytest.mark.parametrize("command", [("flask", "bot", "worker"), ("flask", "run", "--port", "1")])
def test_it_does_not_start_with_a_debugger_that_shows_what_people_wrote(command: tuple[str, ...]) -> None:
    stopped = start(*command, FLASK_DEBUG="1")
    assert stopped.returncode == 3
    assert "FLASK_DEBUG is set" in stopped.stderr
    assert "HEARD_DATABASE_URL" not in stopped.stderr


def test_a_library_that_speaks_of_every_request_is_not_heard_at_info() -> None:
    run = "import logging\nfrom bot.logs import set_up\nset_up()\n"
    run += (
        "print([logging.getLogger(n).isEnabledFor(20) for n in ('twilio.http_client', 'urllib3', 'werkzeug', 'bot')])"
    )
    ran = subprocess.run([sys.executable, "-c", run], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[False, False, False, True]"


def test_the_time_is_in_utc_wherever_the_machine_stands() -> None:
    run = "import logging\nfrom bot.logs import SafeFormatter\n"
    run += "record = logging.makeLogRecord({'created': 0})\nprint(SafeFormatter().formatTime(record))"
    zone = {**os.environ, "TZ": "Asia/Kolkata"}
    ran = subprocess.run([sys.executable, "-c", run], capture_output=True, text=True, check=True, env=zone)
    assert ran.stdout.strip() == "00h00m00s"
