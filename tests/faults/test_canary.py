"""A known number, name and words go in by every way there is; afterwards they are in no log and no file in clear."""

from __future__ import annotations

import base64
import gzip
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest
import requests
from sqlalchemy import text as sql

from admin.demo_logins import PEOPLE
from admin.exports import offered
from admin.presenting import Cell, Row, Sheet, Table
from tests.databases import BACKENDS, fresh_postgres
from tests.faults.canary import (
    COMMENT,
    COMMENT_WORD,
    NEVER_IN_CLEAR,
    NEVER_IN_LOGS,
    NUMBERS,
    RISK,
    RISK_WORDS,
    SAID_NUMBER,
    SENDER,
    files,
    hits,
    hits_in,
    ways_to_write,
)
from tests.faults.serving import (
    LOOPBACK,
    ROOT,
    SAFETY_WORDS,
    House,
    Outside,
    Visitor,
    free_port,
    fresh_sid,
    house,
    wait_for,
)
from tests.faults.staff_reading import (
    FORMS,
    MAY_READ,
    REDACTED,
    Reader,
    leave_something_to_read,
    page_of,
    says_what_was_said,
    taken_away,
)
from tests.make import make_form


@pytest.mark.parametrize("words", [RISK_WORDS[0], "+44 7700 900731", "07700-900842", "(07700) 900 731"])
def test_the_search_finds_them_in_every_way_of_writing(tmp_path: Path, words: str) -> None:
    place = tmp_path / "found"
    for way in (words.encode(), *ways_to_write(words if words.isalpha() else NUMBERS[0])):
        place.write_bytes(b"\0\xff" + way + b"\n")
        assert hits(place, NEVER_IN_CLEAR), way
    for other in (b"zanzibar quince", b"+447700900732", b"he hit the ball"):
        place.write_bytes(other)
        assert not hits(place, NEVER_IN_CLEAR), other


def test_the_search_unpacks_what_was_packed(tmp_path: Path) -> None:
    place = tmp_path / "found"
    place.write_bytes(b"head" + gzip.compress(RISK.encode()) + b"tail")
    assert hits(place, NEVER_IN_CLEAR)
    place.write_bytes(b"head" + gzip.compress(b"nothing at all") + b"tail")
    assert not hits(place, NEVER_IN_CLEAR)


@pytest.mark.parametrize("kind", ["xlsx", "pdf"])
def test_the_search_reads_what_figures_are_taken_away_in(kind: str) -> None:
    for words, there in ((RISK, True), ("nothing at all", False)):
        table = Table(words, words, "", ("",), (Row(words, (Cell(10, "10", None, 100),)),), (10,))
        assert bool(hits_in(offered(with_paper=True)[kind].make(Sheet("2026-05", [table])), NEVER_IN_CLEAR)) is there


@pytest.fixture(params=BACKENDS)
def watched(request: pytest.FixtureRequest, tmp_path: Path, world: Outside) -> Iterator[tuple[House, list[Path]]]:
    """A house, and every place to which its database writes."""
    world.forget()
    if request.param == "sqlite":
        shutil.copyfile(request.getfixturevalue("sqlite_template"), tmp_path / "heard.sqlite3")
        with house(tmp_path / "house", f"sqlite:///{tmp_path / 'heard.sqlite3'}", world) as made:
            yield made, [tmp_path]
        return
    server = request.getfixturevalue("postgres_url")
    with psycopg.connect(server.replace("+psycopg", "", 1)) as connection:
        row = connection.execute("SHOW data_directory").fetchone()
    assert row is not None
    with (
        fresh_postgres(server, request.getfixturevalue("postgres_template")) as url,
        house(tmp_path / "house", url, world) as made,
    ):
        yield made, [tmp_path, Path(row[0])]


def check_address(answer: Any) -> None:
    """No address that a browser keeps holds anything that was said."""
    assert answer.headers.get("Location", "/chat/") in {"/chat/", "https://www.bbc.co.uk/weather"}
    assert "?" not in answer.request.url


def in_cookie(value: str) -> bytes:
    """What anybody reads in a signed cookie: the first of three parts, packed when a point stands before it."""
    part = value.lstrip(".").split(".")[0]
    whole = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    return zlib.decompress(whole) if value.startswith(".") else whole


def text_everything(made: House, sender: str) -> None:
    """Every way that a text can go."""
    for body in ("hi", COMMENT, "1", RISK, COMMENT, "STOP", RISK, "START", "CHECKIN", COMMENT, "DELETE", "1", RISK):
        made.says(body, sender)
    made.says(RISK, sender, NumMedia="1", MediaUrl0=f"https://api.twilio.com/{RISK_WORDS[0]}")
    made.says(f"{RISK} " * 50, sender)
    made.says(COMMENT, sender, OptOutType="HELP", ProfileName=RISK)
    repeat = {"MessageSid": fresh_sid()}
    assert made.says(RISK, sender, **repeat) == made.says(RISK, sender, **repeat)
    refused: tuple[dict[str, str], ...] = (
        {"To": sender},
        {"AccountSid": RISK},
        {"MessageSid": RISK},
        {"NumMedia": RISK},
    )
    for changes in refused:
        assert made.post(make_form(RISK, sender) | changes).status_code == 403
    assert made.post(make_form(RISK * 2000, sender)).status_code == 403
    assert made.ask("POST", "/sms/inbound", data=make_form(RISK, sender)).status_code == 403
    assert made.ask("POST", "/sms/inbound", json=make_form(RISK, sender)).status_code == 403


def chat_everything(made: House, visitor: Visitor) -> None:
    """Every way that the chat can go."""
    visitor.starts()
    for body in (COMMENT, RISK, COMMENT, "no", RISK, "delete", "1", COMMENT):
        answer = visitor.posts(text=body, typed="1")
        assert answer.status_code in {303, 422}
        check_address(answer)
        check_address(visitor.opens())
    for fields in (
        {"text": RISK * 50, "typed": "1"},
        {"text": RISK * 2000},
        {"text": RISK, "csrf_token": "old"},
        {"start": RISK, "text": "", "once": RISK, "asked": RISK},
        {"language": SENDER},
    ):
        answer = visitor.posts(**fields)
        assert answer.status_code in {303, 400, 413, 422}
        check_address(answer)
    # A cookie is signed and not sealed: a browser keeps it, and anybody with the device can read it.
    held = [in_cookie(str(value)) for value in visitor.session.cookies.values()]
    assert b"visitor" in b"".join(held)
    assert hits_in(b"".join(held), NEVER_IN_LOGS) == []
    visitor.posts(text=RISK, typed="1")
    for number in (SENDER, RISK, f"call {SAID_NUMBER}"):
        answer = visitor.posts("/chat/reach", number=number)
        assert answer.status_code in {303, 409, 422}
        check_address(answer)
        check_address(visitor.opens())
    check_address(visitor.posts("/chat/leave", text=RISK))
    visitor.starts()


def upload_everything(made: House, visitor: Visitor) -> None:
    """Files where none are expected: a server may lay them down somewhere while it reads them."""
    for words in (RISK, f"{RISK} {SAID_NUMBER} " * 9000):
        part = {"text": (f"{RISK}.txt", words.encode(), "text/plain")}
        assert made.ask("POST", "/sms/inbound", files=part).status_code in {403, 413}
        assert made.ask("POST", "/chat/", files=part).status_code in {400, 413}
        assert visitor.session.post(f"{made.base}/chat/", files=part, timeout=30).status_code in {400, 413, 422}
        assert made.ask("POST", "/staff/login", files=part, data={"email": RISK}).status_code in {400, 413}


def ask_for_trouble(made: House, sender: str) -> None:
    """Words and number where they do not belong: in lines that servers like to repeat in their logs."""
    word = RISK_WORDS[0]
    for line in (
        f"GET /{word}/{sender} HTTP/7.7",
        f"{word.upper()} / HTTP/1.1",
        f"GET / HTTP/1.1\r\n{word} {sender}: x",
    ):
        with socket.create_connection((LOOPBACK, made.port), timeout=10) as wire:
            wire.sendall(f"{line}\r\nHost: {word}\r\nX-{word}: {sender}\r\n\r\n".encode())
            wire.recv(4096)
    for path in (f"/{word}", f"/chat/{sender}", f"/chat/?k={word}", f"/staff/alerts/{word}?q={sender}"):
        assert made.get(path, headers={"User-Agent": RISK, "Referer": f"https://x.example/{sender}"}).status_code < 500


class Reporter:
    """Where an error reporter would send what it caught, with the variables of every frame."""

    def __init__(self) -> None:
        self.calls: list[bytes] = []
        self.door = socket.create_server((LOOPBACK, 0))
        threading.Thread(target=self._listen, daemon=True).start()

    @property
    def environment(self) -> dict[str, str]:
        """What switches on such a reporter where one is installed; and what makes Python tell more as it dies."""
        key = f"http://key@{LOOPBACK}:{self.door.getsockname()[1]}/1"
        return {"SENTRY_DSN": key, "OTEL_EXPORTER_OTLP_ENDPOINT": key, "PYTHONFAULTHANDLER": "1", "PYTHONDEVMODE": "1"}

    def _listen(self) -> None:
        while True:
            try:
                wire, _ = self.door.accept()
            except OSError:
                return
            self.calls.append(wire.recv(65536))
            wire.close()


@contextmanager
def cores_allowed() -> Iterator[None]:
    """Whoever is started in the block may leave a core, as far as this machine lets it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_CORE, (soft, hard))


def crash(made: House) -> None:
    """Let every process of ours die as a fault in a library would kill it, with all that it holds."""
    leaders = [psutil.Process(each.pid) for each in made.started if each.poll() is None]
    ours = [each for leader in leaders for each in (*leader.children(recursive=True), leader)]
    for each in ours:
        each.send_signal(signal.SIGSEGV)
    psutil.wait_procs(ours, timeout=20)
    made.close()


READ_THE_FIGURES = {"viewer", "reviewer", "lead"}


def staff_read_everything(made: House) -> None:
    """Each role logs in, opens all there is and takes every figure away: they read what they are there to read."""
    alerts, control = leave_something_to_read(made), set[str]()
    answered = dict(zip(("duty", "lead"), alerts, strict=True))
    for role in PEOPLE:
        reader = Reader(made, role)
        reader.logs_in()
        if role in answered:
            reader.takes(answered[role])
            assert says_what_was_said(reader.opens_words(answered[role]))
        else:
            assert reader.asks("GET", f"/staff/alerts/{alerts[0]}").status_code == 403
        reader.reads_everything()
        assert reader.found() == []
        assert reader.missed() == set()
        assert taken_away(reader) == (set(FORMS) if role in READ_THE_FIGURES else set())
        control |= {page_of(path) for path, content in reader.read.items() if hits_in(content, tuple(REDACTED))}
        reader.session.close()
    # The search finds what is there: whoever reviews does read what is left of a comment.
    assert control == set(MAY_READ)


def run(made: House, *arguments: str) -> bytes:
    """What a command of an operator says, on either stream."""
    command = [sys.executable, "-m", "flask", *arguments]
    ran = subprocess.run(command, cwd=ROOT, env=made.environment(), capture_output=True, check=False, timeout=120)
    return ran.stdout + ran.stderr


def back_up(made: House, folder: Path) -> list[Path]:
    """Backups as operators make them: a copy of the file or a dump, and the same packed."""
    engine, dump = made.engine(), folder / "backup.sql"
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            raw: Any = connection.connection.driver_connection
            dump.write_text("\n".join(raw.iterdump()))
        else:
            programs = connection.execute(sql("SELECT setting FROM pg_config WHERE name = 'BINDIR'")).scalar_one()
            address = made.database_url.replace("+psycopg", "", 1)
            dumped = subprocess.run([f"{programs}/pg_dump", address], capture_output=True, check=True)
            dump.write_bytes(dumped.stdout)
    engine.dispose()
    (folder / "backup.sql.gz").write_bytes(gzip.compress(dump.read_bytes()))
    return [dump, folder / "backup.sql.gz"]


@pytest.mark.parametrize("sender", [f"+44{SENDER[1:]}"])
def test_what_was_said_is_in_no_log_and_no_file_in_clear(
    watched: tuple[House, list[Path]], sender: str, tmp_path: Path
) -> None:
    made, places = watched
    reporter, metrics_port, cores = Reporter(), free_port(), set(ROOT.glob("core*"))
    made.also = reporter.environment
    logs = {name: made.folder / f"{name}.log" for name in ("access", "error")}
    with cores_allowed():
        loud = ("--access-logfile", str(logs["access"]), "--error-logfile", str(logs["error"]), "--log-level", "debug")
        made.serve(*loud, "--access-logformat", "%(h)s %(r)s %(q)s %(f)s %(a)s")
        made.run("flask", "bot", "worker", METRICS_PORT=str(metrics_port))
        made.run("flask", "bot", "watch", METRICS_PORT=str(metrics_port))
    visitor, engine = Visitor(made), made.engine()
    text_everything(made, sender)
    text_everything(made, f"whatsapp:{sender}")
    chat_everything(made, visitor)
    upload_everything(made, visitor)
    ask_for_trouble(made, sender)
    made.says(COMMENT, "+447700900732")
    wait_for(lambda: made.world.texts)

    rename = "ALTER TABLE {} RENAME TO {}"
    with engine.begin() as connection:
        connection.execute(sql(rename.format("received", "gone")))
    assert made.says(RISK, sender) == [SAFETY_WORDS]
    assert made.says(COMMENT, sender) == [SAFETY_WORDS]
    answer = visitor.posts(text=RISK, typed="1")
    assert answer.status_code == 503
    assert RISK in answer.text
    check_address(answer)
    with engine.begin() as connection:
        connection.execute(sql(rename.format("gone", "received")))

    figures = b"".join(_figures(port) for port in (metrics_port, metrics_port + 1))
    assert b"heard_alerts_open" in figures
    assert hits_in(figures, NEVER_IN_LOGS) == []
    assert hits_in(Visitor(made).opens().content, NEVER_IN_LOGS) == []
    for command in (("bot", "doctor"), ("bot", "triage", "--export-marks"), ("data", "purge"), ("staff", "demo")):
        assert hits_in(run(made, *command), NEVER_IN_LOGS) == []
    staff_read_everything(made)
    crash(made)
    assert set(ROOT.glob("core*")) == cores
    assert reporter.calls == []
    reporter.door.close()

    if engine.dialect.name == "postgresql":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(sql("CHECKPOINT"))
    engine.dispose()
    visitor.close()
    backups = back_up(made, tmp_path)
    said = {made.log, *(path for path in logs.values() if path.exists())}
    kept = [path for path in files(*places) if path not in said]
    assert {*backups} <= {*kept}
    assert [hit for path in kept for hit in hits(path, NEVER_IN_CLEAR)] == []
    # The search finds what is there: redacted words of an ordinary comment are kept, and only in the database.
    assert COMMENT_WORD.encode() in backups[0].read_bytes()
    assert any(COMMENT_WORD.encode() in path.read_bytes() for path in kept if path not in backups and path.exists())
    assert [hit for path in said for hit in hits(path, NEVER_IN_LOGS)] == []
    told = made.log.read_text()
    assert "store down" in told
    assert "Segmentation fault" in told
    assert "Traceback" not in told
    assert made.world.asked
    for notice in (*made.world.asked, *made.world.texts, *(mail.decode() for mail in made.world.mails)):
        assert hits_in(notice.encode(), NEVER_IN_LOGS) == []


def _figures(port: int) -> bytes:
    with requests.Session() as session:
        session.trust_env = False
        return session.get(f"http://{LOOPBACK}:{port}/metrics", timeout=10).content


REPORTERS = re.compile(
    r"^(sentry|rollbar|bugsnag|airbrake|honeybadger|raygun|newrelic|ddtrace|datadog|elastic-apm|opentelemetry|opencensus"
    r"|scout-apm|logtail|loguru)",
    re.MULTILINE,
)


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-build.lock"])
def test_nothing_that_reports_errors_to_somebody_else_is_installed(lock: str) -> None:
    """Such a reporter sends the variables of every frame, so what somebody wrote as well."""
    assert REPORTERS.search("flask==3\nsentry-sdk==2")
    assert not REPORTERS.search((ROOT / lock).read_text())
