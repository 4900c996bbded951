"""Whatever comes in from outside is answered calmly: odd, broken, too big, forged, or of another version than ours."""

from __future__ import annotations

import random
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text as sql

from conversations.settings import REQUIRED, variable
from tests.databases import BACKENDS, fresh_postgres
from tests.faults.serving import LOOPBACK, SAFETY_WORDS, House, Outside, Visitor, fresh_sid, house, replies
from tests.make import make_form

TWILIO_WAITS = 15.0
LIMIT = 64 * 1024
ANY_TEXT = st.text(st.characters(codec="utf-8"), max_size=1700)


@pytest.fixture(scope="module", params=BACKENDS)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, world: Outside) -> Iterator[House]:
    """One web process for all these tests, on SQLite and then on PostgreSQL; it must come through all of them."""
    folder = tmp_path_factory.mktemp("limits")
    if request.param == "sqlite":
        shutil.copyfile(request.getfixturevalue("sqlite_template"), folder / "heard.sqlite3")
        yield from _server(folder, f"sqlite:///{folder / 'heard.sqlite3'}", world)
        return
    with fresh_postgres(request.getfixturevalue("postgres_url"), request.getfixturevalue("postgres_template")) as url:
        yield from _server(folder, url, world)


def _server(folder: Path, url: str, world: Outside) -> Iterator[House]:
    with house(folder, url, world) as made:
        web = made.serve(workers=1)
        yield made
        said = made.log.read_text()
        assert web.poll() is None
        assert made.says("hello", "+447700900188") != [SAFETY_WORDS]  # not ready: no worker is here to tell of alerts
        assert "Booting worker" not in said.split("Booting worker", 1)[1]
        assert not [line for line in said.splitlines() if "unhandled" in line or "Traceback" in line or "store" in line]


@pytest.fixture
def visitor(server: House) -> Iterator[Visitor]:
    """Somebody who has begun."""
    made = Visitor(server)
    made.starts()
    yield made
    made.close()


# --- texts ----------------------------------------------------------------------------------------------------------

ODD_TEXTS = {
    "nothing": "",
    "spaces": " \t\r\n\u00a0\u2003\u3000",
    "NUL": "my plan\0is\0fine",
    "control characters": "".join(map(chr, range(1, 32))) + "\x7f\x85",
    "bidi overrides": "\u202eneewteb dias yeht\u202c \u2066x\u2069 \u200f",
    "zero width": "\u200b".join("they listened") + "\ufeff\u2060\u00ad",
    "as long as a text can be": "a" * 1600,
    "longer than a text can be": "we talked and " * 715,
    "nearly all that we take": "ą" * 8_000,
    "one word without end": "x" * 60_000,
    "cuneiform and private use": "\U00012000\U00012001 \ue000\U0010fffd \ufffe",
    "many marks on one letter": "e" + "\u0301" * 1500,
    "emoji": "👩🏽‍🚒" * 200,
    "not characters": "\ufffd\uffff\U0001fffe",
    "XML": "<Response><Message>]]>&lt;&#0;</Message>",
    "template": "{{ config }} {% for x in () %} ${7*7} %s %(a)s {partnership}",
    "statement": "'; DROP TABLE alert; --",
    "digits in another script": "٤٥٦ ४ 𝟜 ④",
    "brackets": "[name][name]" * 100 + "[" * 500,
    "full width": "ＳＫＩＰ ｐｌｅａｓｅ",
}


@pytest.mark.parametrize("name", ODD_TEXTS)
def test_an_odd_text_message_is_answered_in_time(server: House, name: str) -> None:
    started = time.monotonic()
    said = server.says(ODD_TEXTS[name], f"+4477009004{list(ODD_TEXTS).index(name):02}")
    assert said
    assert said != [SAFETY_WORDS]
    assert time.monotonic() - started < TWILIO_WAITS


@pytest.mark.parametrize("name", ODD_TEXTS)
def test_an_odd_text_in_the_chat_is_taken_or_given_back(visitor: Visitor, name: str) -> None:
    answer = visitor.posts(text=ODD_TEXTS[name], typed="1")
    assert answer.status_code in {303, 422}
    assert visitor.opens().status_code == 200


@settings(max_examples=40)
@given(text=ANY_TEXT, sender=st.integers(0, 999), media=st.sampled_from("0001"))
def test_any_text_message_is_answered(server: House, text: str, sender: int, media: str) -> None:
    answer = server.post(make_form(text, f"+447700900{sender:03}", MessageSid=fresh_sid(), NumMedia=media))
    assert answer.status_code == 200
    assert replies(answer) != [SAFETY_WORDS]


@settings(max_examples=40)
@given(text=ANY_TEXT, fields=st.dictionaries(st.sampled_from(["asked", "once", "start", "typed", "k"]), ANY_TEXT))
def test_any_text_in_the_chat_is_taken_or_given_back(server: House, text: str, fields: dict[str, str]) -> None:
    visitor = Visitor(server)
    visitor.opens()
    visitor.posts(start="check-in")
    visitor.opens()
    assert visitor.posts(text=text, **fields).status_code in {303, 413, 422}
    assert visitor.opens().status_code == 200
    visitor.close()


# --- sizes and shapes -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [LIMIT - 2000, LIMIT + 1, 5_000_000])
def test_a_text_message_that_is_too_big_is_refused(server: House, size: int) -> None:
    try:
        status = server.post(make_form("a" * size, "+447700900600", MessageSid=fresh_sid())).status_code
    except requests.ConnectionError:
        assert size > LIMIT
        return
    assert status == (200 if size < LIMIT else 403)


@pytest.mark.parametrize("size", [LIMIT + 1, 5_000_000])
def test_what_is_too_big_for_the_chat_is_refused_calmly(visitor: Visitor, size: int) -> None:
    try:
        answer = visitor.posts(text="a" * size)
    except requests.ConnectionError:
        assert size > 2 * LIMIT
        return
    assert answer.status_code == 413
    assert "words only" in answer.text


def test_two_thousand_fields_are_no_trouble(server: House, visitor: Visitor) -> None:
    many = {f"Field{number}": str(number) for number in range(2000)}
    assert server.post(make_form("hi", "+447700900601", MessageSid=fresh_sid()) | many).status_code == 200
    assert visitor.posts(text=["1"] * 2000).status_code in {303, 422}
    assert visitor.posts(text="1", **many).status_code == 303


PATHS = (
    *("/", "/nothing/here", "/healthz", "/readyz", "/sms/", "/sms/inbound", "/sms/status", "/staff/", "/staff/login"),
    *("/chat/", "/chat/leave", "/chat/static/../wsgi.py", "/chat/%ff%00", "/chat/?k=%ff%ed%a0%80", "//evil.example/"),
)
METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "BREW")
BODIES: tuple[tuple[str, bytes], ...] = (
    ("", b""),
    ("application/x-www-form-urlencoded", b"Body=%ff%ed%a0%80&text=\xff\xfe&a=%zz&=&&&"),
    ("application/x-www-form-urlencoded; charset=utf-16", "text=hi".encode("utf-16")),
    ("multipart/form-data", b"no boundary"),
    ("multipart/form-data; boundary=x", b'--x\r\nContent-Disposition: form-data; name="text"\r\n\r\nhalf'),
    ("multipart/form-data; boundary=x", b'--x\r\nContent-Disposition: form-data; name="text"\r\n\r\na\r\n' * 1500),
    ("application/json", b'{"text": "hi"}'),
    ("text/xml", b"<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>"),
    (";;=", b"\0\0\0"),
)


@pytest.mark.parametrize("path", PATHS)
def test_any_method_and_body_gets_a_calm_answer(server: House, path: str) -> None:
    for method in METHODS:
        assert server.ask(method, path).status_code < 500, method
    for kind, body in BODIES:
        answer = server.ask("POST", path, data=body, headers={"Content-Type": kind} if kind else {})
        assert 300 <= answer.status_code < 500, kind
        assert "Traceback" not in answer.text


COOKIES = (
    "heard=",
    "heard=x; heard=y; heard=z",
    "heard=eyJ2aXNpdG9yIjoiMSJ9.ZZZZ.AAAA",
    "heard=" + "A" * 6000,
    "heard=\xff\xfe; =; ;;; a=b=c; heard",
    "; ".join(f"c{number}=1" for number in range(500)),
    'heard="\\000\\012"; session=../../etc/passwd',
)


@pytest.mark.parametrize("cookie", COOKIES)
@pytest.mark.parametrize("path", ["/chat/", "/staff/", "/readyz"])
def test_a_bad_cookie_is_as_good_as_none(server: House, path: str, cookie: str) -> None:
    answer = server.get(path, headers={"Cookie": cookie.encode("latin-1")})
    assert answer.status_code in {200, 302, 303}


def test_two_cookies_of_two_visitors_do_not_mix_and_do_not_break(server: House) -> None:
    visitors = [Visitor(server), Visitor(server)]
    values = []
    for each in visitors:
        each.starts()
        values.append(each.session.cookies["heard"])
        each.close()
    both = "; ".join(f"heard={value}" for value in values)
    assert server.get("/chat/", headers={"Cookie": both}).status_code == 200


JUNK_REQUESTS: dict[str, bytes] = {
    "no request": b"\0\1\2\3\r\n\r\n",
    "another protocol": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "an old version": b"GET /chat/\r\n\r\n",
    "a version to come": b"GET /chat/ HTTP/9.9\r\nHost: a\r\n\r\n",
    "no colon": b"GET /chat/ HTTP/1.1\r\nHost: a\r\njunk\r\n\r\n",
    "NUL in a header": b"GET /chat/ HTTP/1.1\r\nHost: a\r\nX: \0\r\n\r\n",
    "no host": b"GET /chat/ HTTP/1.1\r\n\r\n",
    "a host that is none": b"GET /chat/ HTTP/1.1\r\nHost: <script>@[::\r\nConnection: close\r\n\r\n",
    "two lengths": b"POST /chat/ HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    "a length below nothing": b"POST /chat/ HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
    "length and chunks": b"POST /chat/ HTTP/1.1\r\nHost: a\r\n"
    b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunks that are none": b"POST /chat/ HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n",
    "a long line": b"GET /" + b"a" * 10_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
    "many headers": b"GET /chat/ HTTP/1.1\r\nHost: a\r\n" + b"X: y\r\n" * 500 + b"\r\n",
    "a big header": b"GET /chat/ HTTP/1.1\r\nHost: a\r\nX: " + b"y" * 100_000 + b"\r\n\r\n",
    "folded headers": b"GET /chat/ HTTP/1.1\r\nHost: a\r\nX: y\r\n z\r\n\r\n",
    "two signatures": b"POST /sms/inbound HTTP/1.1\r\nHost: a\r\nX-Twilio-Signature: a\r\nX-Twilio-Signature: b\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 4\r\nConnection: close\r\n\r\na=bc",
}


@pytest.mark.parametrize("name", JUNK_REQUESTS)
def test_what_is_hardly_http_is_refused_and_harms_nobody_else(server: House, name: str) -> None:
    with socket.create_connection((LOOPBACK, server.port), timeout=10) as wire:
        wire.sendall(JUNK_REQUESTS[name])
        wire.shutdown(socket.SHUT_WR)
        try:
            answer = wire.recv(4096)
        except ConnectionResetError:
            answer = b""
    assert b"Traceback" not in answer
    assert answer[9:10] in {b"", b"2", b"3", b"4"}, answer[:100]
    assert server.get("/healthz").status_code == 200


def test_twilio_fields_full_of_junk_change_no_status_to_a_5xx(server: House) -> None:
    chance = random.Random(11)
    names = [*make_form(), "OptOutType", "MediaUrl0", "MessageStatus", "ErrorCode"]
    junk = ("", "\0", "-1", "9" * 5000, "٣", "\u202e", "+447700900123", "whatsapp:", "SM" + "0" * 32, "a\r\nb: c")
    for _ in range(60):
        form = make_form("hi", f"+4477009007{chance.randrange(100):02}", MessageSid=fresh_sid(), MessageStatus="sent")
        form |= {chance.choice(names): chance.choice(junk) for _ in range(chance.randrange(1, 3))}
        for path in ("/sms/inbound", "/sms/status"):
            assert server.post(form, path).status_code in {200, 204, 403}, form


# --- starts and versions --------------------------------------------------------------------------------------------

STARTS = (("gunicorn", "--no-control-socket", "--bind", "127.0.0.1:0", "wsgi:create_app()"), ("flask", "bot", "doctor"))


def outcome(started: subprocess.Popen[bytes], made: House) -> tuple[int, str]:
    """How a start ended, and everything that it said."""
    return started.wait(60), made.log.read_text()


@pytest.mark.parametrize("command", STARTS, ids=["gunicorn", "flask"])
def test_a_start_without_settings_names_all_that_are_missing_at_once(sqlite_house: House, command: tuple[str]) -> None:
    without: dict[str, Any] = {variable(name).removeprefix("HEARD_"): "" for name in REQUIRED}
    code, said = outcome(sqlite_house.run(*command, **without), sqlite_house)
    assert code != 0
    assert [name for name in sorted(REQUIRED) if f"{variable(name)} is missing: " not in said] == []


def test_a_start_with_wrong_settings_names_them_and_repeats_no_secret(sqlite_house: House) -> None:
    wrong = {"SECRET_KEY": "tooshortzebra", "TWILIO_NUMBERS": "07700", "AREAS": "1", "COVER_HOURS": "late"}
    code, said = outcome(sqlite_house.run(*STARTS[0], **wrong), sqlite_house)
    assert code != 0
    assert [name for name in wrong if f"HEARD_{name} is wrong: " not in said] == []
    assert "zebra" not in said


def test_a_start_of_the_demonstration_anywhere_but_here_is_refused(sqlite_house: House) -> None:
    code, said = outcome(sqlite_house.run(*STARTS[0], PUBLIC_URL="https://heard.example.org"), sqlite_house)
    assert code != 0
    assert "HEARD_DEMO=1 is for this machine alone" in said


VERSIONS = {
    "behind": "UPDATE alembic_version SET version_num = '0000'",
    "ahead": "UPDATE alembic_version SET version_num = '9999_from_the_future'",
    "two at once": "INSERT INTO alembic_version VALUES ('0000')",
    "none": "DELETE FROM alembic_version",
}


def test_a_database_of_another_version_is_not_ready_and_nobody_sees_an_error(our_house: House) -> None:
    our_house.serve(workers=1)
    engine = our_house.engine()
    assert our_house.get("/readyz").status_code == 200
    for name, statement in VERSIONS.items():
        with engine.begin() as connection:
            kept = connection.execute(sql("SELECT version_num FROM alembic_version")).scalar_one()
            connection.execute(sql(statement))
        answer = our_house.get("/readyz")
        assert (answer.status_code, answer.text) == (503, "not ready\n"), name
        assert our_house.get("/healthz").status_code == 200
        with engine.begin() as connection:
            connection.execute(sql("DELETE FROM alembic_version"))
            connection.execute(sql("INSERT INTO alembic_version VALUES (:kept)"), {"kept": kept})
    with engine.begin() as connection:
        connection.execute(sql("ALTER TABLE conversation RENAME TO conversation_of_another_version"))
    assert our_house.says("hi") == [SAFETY_WORDS]
    visitor = Visitor(our_house)
    assert visitor.opens().status_code == 200
    answer = visitor.posts(start="check-in")
    assert answer.status_code == 503
    assert "Traceback" not in answer.text
    visitor.close()
    assert "Traceback" not in our_house.log.read_text()
    engine.dispose()
