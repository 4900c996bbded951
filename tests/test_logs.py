"""A log line holds no words of a library, no number, no address and no traceback, whatever is thrown at it."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from types import TracebackType

import pytest

from bot.logs import SafeFormatter, place_of

NUMBER, WORDS = "+447700900123", "he hits me every night"


def line(message: str, *arguments: object, name: str = "bot.duty", error: BaseException | None = None) -> str:
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


@pytest.mark.parametrize("name", ["bot.duty", "conversations", "admin.auth", "heard", "wsgi"])
def test_our_own_event_is_logged(name: str) -> None:
    assert "job failed: texts" in line("job failed: %s", "texts", name=name)


NUMBERS = [NUMBER, "07700 900123", "(07700) 900-123", "0044 7700 900 123", "07700.900.123", "whatsapp:+447700900123"]


@pytest.mark.parametrize("number", NUMBERS)
def test_a_number_that_slipped_into_our_own_line_is_struck_out(number: str) -> None:
    said = line("cannot send to %s now", number)
    assert "900" not in said
    assert "[number]" in said
    assert "now" in said


@pytest.mark.parametrize("address", ["sam@example.org", "Sam <sam.smith+x@example.org>"])
def test_an_address_that_slipped_into_our_own_line_is_struck_out(address: str) -> None:
    said = line("cannot mail %s", address)
    assert "example" not in said
    assert "[address]" in said


@pytest.mark.parametrize("kept", ["way=sms code=21610", "smtp 550", "at duty.py:87", "version 0001"])
def test_a_code_is_no_number(kept: str) -> None:
    assert kept in line("%s", kept)


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


def test_an_event_is_one_line() -> None:
    assert "\n" not in line("one\ntwo %s", "three\nfour", error=raised(ValueError("five\nsix")))


def test_an_error_without_a_place_is_still_named() -> None:
    trace: TracebackType | None = None
    assert place_of((KeyError, KeyError(WORDS), trace)) == "KeyError"
    assert place_of((None, None, None)) == "no error"


PROCESS = """
import logging, warnings
from bot.logs import set_up
set_up()
words, number = "he hits me every night", "+447700900123"
logging.getLogger("twilio.http_client").warning("Body=%s", words)
logging.getLogger("twilio.http_client").info("To=%s", number)
logging.getLogger("sqlalchemy.engine").error("parameters %s", [words])
logging.getLogger("gunicorn.error").error("cannot answer %s", number)
logging.getLogger("bot.duty").error("%d is no number", words)
warnings.warn(words)
try:
    raise ValueError(words)
except ValueError:
    logging.getLogger("bot.jobs").exception("job failed: texts")
    logging.getLogger("somebody").exception(words)
"""


def test_a_whole_process_says_nothing_of_what_it_was_given() -> None:
    ran = subprocess.run([sys.executable, "-c", PROCESS], capture_output=True, text=True, check=True)
    said = ran.stdout + ran.stderr
    assert "hits" not in said
    assert "7700" not in said
    assert "Traceback" not in said
    assert "job failed: texts; ValueError at <string>:" in said
    assert "To=" not in said


def test_a_library_that_speaks_of_every_request_is_not_heard_at_info() -> None:
    run = "import logging\nfrom bot.logs import set_up\nset_up()\n"
    run += (
        "print([logging.getLogger(n).isEnabledFor(20) for n in ('twilio.http_client', 'urllib3', 'werkzeug', 'bot')])"
    )
    ran = subprocess.run([sys.executable, "-c", run], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[False, False, False, True]"


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n", "\x0b", "\x85", "\u2028"])
def test_a_second_line_cannot_be_forged(end: str) -> None:
    assert len(line("first%s00h00m00s ERROR bot.duty: second", end).splitlines()) == 1


def test_the_time_is_in_utc_wherever_the_machine_stands() -> None:
    run = "import logging\nfrom bot.logs import SafeFormatter\n"
    run += "record = logging.makeLogRecord({'created': 0})\nprint(SafeFormatter().formatTime(record))"
    zone = {**os.environ, "TZ": "Asia/Kolkata"}
    ran = subprocess.run([sys.executable, "-c", run], capture_output=True, text=True, check=True, env=zone)
    assert ran.stdout.strip() == "00h00m00s"
