"""The demonstration's mail server keeps what alerts send, and its page shows it without trusting it."""

from __future__ import annotations

import re
import smtplib
import socket
import threading
from email.message import EmailMessage
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from bot.channels.simulator.account import Account
from bot.channels.simulator.carrier import Carrier
from bot.channels.simulator.desk import Desk
from bot.channels.simulator.mail import Mailbox, make_mail_server
from bot.channels.simulator.mail_page import mail_blueprint
from bot.channels.simulator.phone import phone_blueprint
from bot.sender import NotSent, Outgoing
from bot.ways.mail import MailSender
from tests.make import make_settings

HEARD = "http://127.0.0.1:8000"
MAIL = "/demo/mail/"


@pytest.fixture
def desk() -> Desk:
    return Desk(Carrier(Account("AC" + "0" * 32, "token", webhook=HEARD)), duty="+447700900900")


@pytest.fixture
def client(desk: Desk) -> FlaskClient:
    app = Flask("desk")
    app.register_blueprint(phone_blueprint(desk))
    app.register_blueprint(mail_blueprint(desk))
    return app.test_client()


def put(desk: Desk, body: str, subject: str = "Heard alert ABC234") -> None:
    mail = EmailMessage()
    mail["Subject"] = subject
    mail.set_content(body)
    desk.mailbox.put("heard@heard.example", "duty@heard.example", mail.as_bytes())


def free_port() -> int:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return int(trial.getsockname()[1])


def shown(client: FlaskClient) -> str:
    return client.get(MAIL).get_data(as_text=True)


def test_what_our_own_sender_sends_arrives(tmp_path: Path) -> None:
    mailbox, port = Mailbox(), free_port()
    server = make_mail_server(mailbox, port)
    server.start()
    try:
        settings = make_settings(tmp_path, "sqlite://", smtp_port=port)
        MailSender(settings).send(Outgoing("duty@example.org", "heard@example.org", "Ünlucky: £5", subject="Heard"))
    finally:
        server.stop(no_assert=True)
    (mail,) = mailbox.newest()
    assert (mail.sender, mail.to, mail.subject) == ("heard@example.org", "duty@example.org", "Heard")
    assert mail.body.strip() == "Ünlucky: £5"
    with pytest.raises(NotSent):
        MailSender(settings).send(Outgoing("duty@example.org", "heard@example.org", "nobody is there", subject="x"))


@pytest.mark.parametrize("host", ["", "0.0.0.0", "192.0.2.1", "example.org"])
def test_the_mail_server_listens_on_this_machine_only(host: str) -> None:
    with pytest.raises(ValueError, match="this machine only"):
        make_mail_server(Mailbox(), 8002, host)


def test_a_mail_too_large_is_refused() -> None:
    mailbox, port = Mailbox(), free_port()
    server = make_mail_server(mailbox, port)
    server.start()
    try:
        with smtplib.SMTP("127.0.0.1", port, timeout=5) as wire, pytest.raises(smtplib.SMTPException):
            wire.sendmail("a@example.org", ["b@example.org"], b"a" * 300_000)
    finally:
        server.stop(no_assert=True)
    assert mailbox.newest() == ()


def test_the_newest_mail_comes_first_and_the_oldest_go(desk: Desk, client: FlaskClient) -> None:
    assert "No mail yet" in shown(client)
    for number in range(205):
        put(desk, "words", subject=f"Heard alert {number}.")
    subjects = re.findall(r"<h3>Heard alert (\d+)", shown(client))
    assert subjects == [str(number) for number in range(204, 4, -1)]


@pytest.mark.parametrize("link", [f"{HEARD}/staff/alerts/", f"{HEARD}/staff/alerts/?a=1&amp;b=2", HEARD])
def test_a_link_to_heard_can_be_followed(desk: Desk, client: FlaskClient, link: str) -> None:
    put(desk, f"Open it: {link.replace('&amp;', '&')}, please.")
    assert f'Open it: <a href="{link}">{link}</a>, please.' in shown(client)


@pytest.mark.parametrize(
    "link",
    [
        "https://example.org/",
        "http://127.0.0.1:8001/",
        "https://127.0.0.1:8000/",
        "http://127.0.0.1:8000@example.org/",
        "http://127.0.0.1:8000.example.org/",
        "http://localhost:8000/",
        "http://[/",
        "javascript:alert(1)//http://",
    ],
)
def test_no_other_link_can_be_followed(desk: Desk, client: FlaskClient, link: str) -> None:
    put(desk, f"Open it: {link}")
    page = shown(client)
    assert link in page
    assert set(re.findall(r'href="(http[^"]+|javascript[^"]+)"', page)) == {f"{HEARD}/chat/", f"{HEARD}/staff/"}


def test_what_a_mail_says_is_shown_and_never_obeyed(desk: Desk, client: FlaskClient) -> None:
    put(desk, "<script>alert(1)</script>{{7*7}}", subject="<b>Heard</b>")
    page = shown(client)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;{{7*7}}" in page
    assert "<h3>&lt;b&gt;Heard&lt;/b&gt;</h3>" in page


@pytest.mark.parametrize(
    "content",
    [b"", b"\n", b"\xff\xfe", b"Content-Type: text/plain; charset=nonsense\n\nwords", b"Content-Type: image/png\n\nx"],
)
def test_a_strange_mail_breaks_nothing(desk: Desk, client: FlaskClient, content: bytes) -> None:
    desk.mailbox.put("heard@heard.example", "duty@heard.example", content)
    assert client.get(MAIL).status_code == 200
    assert len(desk.mailbox) == 1


def test_the_page_needs_nothing_inline_sets_no_cookie_and_answers_to_this_machine_only(client: FlaskClient) -> None:
    answer = client.get(MAIL)
    assert "Set-Cookie" not in answer.headers
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)", answer.get_data(as_text=True))
    assert client.get(MAIL, headers={"Host": "evil.example.org"}).status_code == 403


def test_two_readers_and_a_writer_get_along(desk: Desk) -> None:
    writers = [threading.Thread(target=lambda: [put(desk, "a") for _ in range(50)]) for _ in range(3)]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        desk.mailbox.newest()
    assert len(desk.mailbox) == 150
