"""A known number and known words go in by every way there is; afterwards they are in no log and no file in clear."""

from __future__ import annotations

import base64
import os
import re
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import text as sql

from tests.databases import BACKENDS, fresh_postgres
from tests.faults.serving import (
    LOOPBACK,
    SAFETY_WORDS,
    House,
    Outside,
    Visitor,
    fresh_sid,
    house,
    wait_for,
)
from tests.make import make_form

# Words that occur nowhere else. The second number is said in a text, so redaction has to find it.
SENDER, SAID_NUMBER = "07700900731", "07700900842"
RISK = "he hits me every night at zanzibarquince and i want to die"
RISK_WORDS = ("zanzibarquince", "hits me every night", "want to die")
COMMENT = f"they asked me about my quokkamarmalade in the meeting, my number is {SAID_NUMBER}"
COMMENT_WORD = "quokkamarmalade"
DIGITS = re.compile("|".join("[ ().-]{0,2}".join(number[1:]) for number in (SENDER, SAID_NUMBER)).encode())


def ways_to_write(words: str) -> Iterator[bytes]:
    """The same words as programs may write them down: plain, wide, escaped, and in base64 at each of three places."""
    plain = words.encode()
    yield from (plain, plain.upper(), plain.title(), plain.replace(b" ", b"+"), plain.replace(b" ", b"%20"))
    yield from (
        words.encode("utf-16-le"),
        words.encode("utf-16-be"),
        plain.hex().encode(),
        plain.hex().upper().encode(),
    )
    for shift in range(3):
        coded = base64.b64encode(b"\0" * shift + plain)
        yield coded[4 if shift else 0 : -4]


NUMBERS = tuple(f"7700{space}900{space}{end}" for space in ("", " ") for end in ("731", "842"))
NEVER_IN_CLEAR = tuple(way for words in (*RISK_WORDS, *NUMBERS) for way in ways_to_write(words))
NEVER_IN_LOGS = (*NEVER_IN_CLEAR, *ways_to_write(COMMENT_WORD), b"asked me about my")


def hits(path: Path, needles: tuple[bytes, ...]) -> list[str]:
    """Where something was found that should not be there."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return []
    found = [f"{path.name}: {needle!r}" for needle in needles if needle in content]
    return found + [f"{path.name}: digits {match.group()!r}" for match in DIGITS.finditer(content)]


def files(*places: Path) -> list[Path]:
    """Every file in these places."""
    return [path for place in places for path in (place.rglob("*") if place.is_dir() else [place]) if path.is_file()]


@pytest.mark.parametrize("words", [RISK_WORDS[0], "+44 7700 900731", "07700-900842", "(07700) 900 731"])
def test_the_search_finds_them_in_every_way_of_writing(tmp_path: Path, words: str) -> None:
    place = tmp_path / "found"
    for way in (words.encode(), *ways_to_write(words if words.isalpha() else NUMBERS[0])):
        place.write_bytes(b"\0\xff" + way + b"\n")
        assert hits(place, NEVER_IN_CLEAR), way
    for other in (b"zanzibar quince", b"+447700900732", b"he hit the ball"):
        place.write_bytes(other)
        assert not hits(place, NEVER_IN_CLEAR), other


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
    visitor.posts(text=RISK, typed="1")
    for number in (SENDER, RISK, f"call {SAID_NUMBER}"):
        answer = visitor.posts("/chat/reach", number=number)
        assert answer.status_code in {303, 409, 422}
        check_address(answer)
        check_address(visitor.opens())
    check_address(visitor.posts("/chat/leave", text=RISK))
    visitor.starts()


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


@pytest.mark.parametrize("sender", [f"+44{SENDER[1:]}"])
def test_what_was_said_is_in_no_log_and_no_file_in_clear(watched: tuple[House, list[Path]], sender: str) -> None:
    made, places = watched
    made.serve("--access-logfile", os.devnull)
    worker = made.run("flask", "bot", "worker")
    visitor, engine = Visitor(made), made.engine()
    text_everything(made, sender)
    text_everything(made, f"whatsapp:{sender}")
    chat_everything(made, visitor)
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

    made.kill(worker)
    if engine.dialect.name == "postgresql":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(sql("CHECKPOINT"))
    engine.dispose()
    visitor.close()
    kept = [path for path in files(*places) if path != made.log]
    assert len(kept) > 3
    assert [hit for path in kept for hit in hits(path, NEVER_IN_CLEAR)] == []
    # The search finds what is there: redacted words of an ordinary comment are kept, and only in the database.
    assert any(COMMENT_WORD.encode() in path.read_bytes() for path in kept if path.exists())
    assert hits(made.log, NEVER_IN_LOGS) == []
    assert "store down" in made.log.read_text()
    assert "Traceback" not in made.log.read_text()
    for notice in (*made.world.texts, *(mail.decode() for mail in made.world.mails)):
        assert not [way for way in NEVER_IN_LOGS if way in notice.encode()]
