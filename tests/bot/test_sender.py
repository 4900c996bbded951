"""Texts and mails leave by the real senders, over real sockets, and every failure is one of two kinds."""

from __future__ import annotations

import json
import smtplib
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from flask import Flask, Response, request
from werkzeug.serving import make_server

from bot import sender as senders
from bot.channels.simulator.refusals import REFUSED
from bot.channels.simulator.serving import SilentRequests
from bot.sender import NotSent, Outgoing
from bot.ways.mail import MailSender
from bot.ways.sms import TwilioSender
from conversations import outbox
from tests.bot.carrier_house import OURS, SAM, SERVICE, SID, TOKEN, House, open_house, running
from tests.make import make_settings

VECTORS = Path(__file__).parents[1] / "vectors" / "twilio" / "error_codes.json"
CODES = {each["code"]: each["klass"] for each in json.loads(VECTORS.read_text())["codes"]}
TEXT = Outgoing(SAM, OURS, "Hi. You can carry on any time.")
MAIL = Outgoing("duty@example.org", "heard@example.org", "Heard alert ABC234, level concern.", "Heard alert ABC234")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@pytest.fixture
def house() -> Iterator[House]:
    with open_house() as house:
        yield house
        assert not house.carrier.breaches


def texter(house: House, tmp_path: Path, **changes: Any) -> TwilioSender:
    given = {"twilio_api_url": house.base, "public_url": house.web, "twilio_auth_token": TOKEN} | changes
    return TwilioSender(make_settings(tmp_path, "sqlite://", **given))


def refusal(sender: TwilioSender | MailSender, message: Outgoing) -> NotSent:
    with pytest.raises(NotSent) as failed:
        sender.send(message)
    assert message.to not in str(failed.value) + repr(failed.value.__cause__)
    assert failed.value.__suppress_context__ or failed.value.__context__ is None  # a traceback would show it
    assert len(failed.value.code) <= 64
    return failed.value


def test_a_text_reaches_the_handset_and_its_reports_come_back_signed(house: House, tmp_path: Path) -> None:
    sid = texter(house, tmp_path).send(TEXT)
    house.carrier.settle()
    assert sid in [message.sid for message in house.messages.list()]
    message = house.messages(sid).fetch()
    assert (message.to, message.from_, message.body, message.status) == (SAM, OURS, TEXT.body, "delivered")
    assert [(each["MessageSid"], each["MessageStatus"]) for each in house.product.statuses] == [
        (sid, "sent"),
        (sid, "delivered"),
    ]


def test_with_a_messaging_service_the_service_chooses_the_number(tmp_path: Path) -> None:
    with open_house(service=SERVICE) as house:
        sid = texter(house, tmp_path, twilio_messaging_service=SERVICE).send(TEXT)
        assert house.messages(sid).fetch().messaging_service_sid == SERVICE


@pytest.mark.parametrize("life", [None, 300])
def test_a_text_of_limited_use_says_how_long_it_is_of_use(tmp_path: Path, life: int | None) -> None:
    forms: list[dict[str, str]] = []
    app = Flask("carrier")

    @app.post(f"/2010-04-01/Accounts/{SID}/Messages.json")
    def take() -> tuple[dict[str, str], int]:
        forms.append(request.form.to_dict())
        return {"sid": "SM" + "1" * 32}, 201

    with serving(app) as base:
        settings = make_settings(tmp_path, "sqlite://", twilio_api_url=base)
        assert TwilioSender(settings).send(Outgoing(SAM, OURS, "x", life=life)) == "SM" + "1" * 32
    assert forms[0].get("ValidityPeriod") == (str(life) if life else None)
    assert forms[0]["StatusCallback"] == "http://127.0.0.1:8000/sms/status"


REFUSABLE = sorted(code for code in CODES if code in REFUSED)


@pytest.mark.parametrize("code", REFUSABLE)
def test_a_refusal_is_tried_again_only_where_that_may_help(house: House, tmp_path: Path, code: int) -> None:
    house.carrier.play(str(code))
    failed = refusal(texter(house, tmp_path), TEXT)
    assert (failed.code, failed.again) == (str(code), CODES[code] == "retry")
    assert len(house.carrier.ledger) == 0


UNKNOWN = {
    "500": True,
    "503": True,
    "429": True,
    "500/99999": True,
    "429/99999": True,
    "503/21610": False,
    "400/99999": False,
    "401": False,
    "403/99999": False,
    "404": False,
}


@pytest.mark.parametrize(("play", "again"), UNKNOWN.items())
def test_an_unknown_code_is_judged_by_the_status_of_the_answer(
    house: House, tmp_path: Path, play: str, again: bool
) -> None:
    house.carrier.play(play)
    assert refusal(texter(house, tmp_path), TEXT).again == again
    assert texter(house, tmp_path).send(TEXT)


@pytest.mark.parametrize("play", ["reset", "hang", "timeout-but-accepted"])
def test_an_answer_that_never_comes_may_be_tried_again_and_is_waited_for_only_so_long(
    house: House, tmp_path: Path, play: str, prove: bool
) -> None:
    house.carrier.patience = 3 * senders.SECONDS if prove else 0.05
    house.carrier.play(play)
    started = time.monotonic()
    assert refusal(texter(house, tmp_path), TEXT).again
    assert time.monotonic() - started < senders.SECONDS + 2
    assert len(house.carrier.ledger) == (play == "timeout-but-accepted")


def test_two_tries_fit_into_a_lease() -> None:
    assert timedelta(seconds=2 * senders.SECONDS) < outbox.LEASE


def test_a_carrier_that_is_not_there_may_be_tried_again_and_is_noticed_at_once(tmp_path: Path) -> None:
    settings = make_settings(tmp_path, "sqlite://", twilio_api_url=f"http://127.0.0.1:{free_port()}")
    started = time.monotonic()
    assert refusal(TwilioSender(settings), TEXT).again
    assert time.monotonic() - started < 3


STRANGE = {
    "a page instead of JSON": ("<html>busy</html>", 201),
    "nothing": ("", 201),
    "half an answer": ('{"sid": "SM1', 201),
    "an error page": ("<html>proxy error</html>", 502),
    "an error without a code": ("{}", 503),
}


@pytest.mark.parametrize("name", STRANGE)
def test_a_strange_answer_may_be_tried_again(tmp_path: Path, name: str) -> None:
    body, status = STRANGE[name]
    app = Flask("strange")
    app.add_url_rule("/<path:any>", "any", lambda any: Response(body, status), methods=["POST"])
    with serving(app) as base:
        settings = make_settings(tmp_path, "sqlite://", twilio_api_url=base)
        assert refusal(TwilioSender(settings), TEXT).again


def serving(app: Flask) -> Any:
    return running(make_server("127.0.0.1", 0, app, threaded=True, request_handler=SilentRequests))


# --- mail -----------------------------------------------------------------------------------------------------------


@dataclass
class Mailbox:
    """What a mail server took, and what it answers to a recipient and to a mail."""

    rcpt: str = "250 OK"
    data: str = "250 OK"
    got: list[tuple[str, list[str], bytes]] = field(default_factory=list)

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        if self.rcpt.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.rcpt

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.got.append((envelope.mail_from, envelope.rcpt_tos, envelope.content))
        return self.data


@pytest.fixture
def mailbox() -> Iterator[tuple[Mailbox, int]]:
    mailbox, port = Mailbox(), free_port()
    controller = Controller(mailbox, hostname="127.0.0.1", port=port)
    controller.start()
    yield mailbox, port
    controller.stop()


def mailer(tmp_path: Path, port: int, **changes: Any) -> MailSender:
    return MailSender(make_settings(tmp_path, "sqlite://", smtp_port=port, **changes))


def test_a_mail_arrives_as_it_was_written(mailbox: tuple[Mailbox, int], tmp_path: Path) -> None:
    box, port = mailbox
    assert mailer(tmp_path, port).send(MAIL) == ""
    [(sender, recipients, content)] = box.got
    mail = message_from_bytes(content)
    assert (sender, recipients) == (MAIL.sender, [MAIL.to])
    assert (mail["From"], mail["To"], mail["Subject"]) == (MAIL.sender, MAIL.to, MAIL.subject)
    assert str(mail.get_payload()).strip() == MAIL.body


@pytest.mark.parametrize(
    ("rcpt", "data", "code", "again"),
    [
        ("550 no such person", "250 OK", "smtp 550", False),
        ("450 try later", "250 OK", "smtp 450", True),
        ("250 OK", "554 refused", "smtp 554", False),
        ("250 OK", "451 try later", "smtp 451", True),
    ],
)
def test_what_a_mail_server_refuses_for_good_is_not_tried_again(
    mailbox: tuple[Mailbox, int], tmp_path: Path, rcpt: str, data: str, code: str, again: bool
) -> None:
    box, port = mailbox
    box.rcpt, box.data = rcpt, data
    failed = refusal(mailer(tmp_path, port), MAIL)
    assert (failed.code, failed.again) == (code, again)


def test_a_mail_server_that_is_not_there_may_be_tried_again(tmp_path: Path) -> None:
    assert refusal(mailer(tmp_path, free_port()), MAIL).again


def test_a_mail_server_that_says_nothing_may_be_tried_again_and_is_waited_for_only_so_long(
    tmp_path: Path, prove: bool
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        done = threading.Event()

        def say_nothing() -> None:
            connection, _ = server.accept()
            done.wait(3 * senders.SECONDS if prove else 0.05)
            connection.close()

        thread = threading.Thread(target=say_nothing)
        thread.start()
        started = time.monotonic()
        assert refusal(mailer(tmp_path, server.getsockname()[1]), MAIL).again
        assert time.monotonic() - started < senders.SECONDS + 2
        done.set()
        thread.join()


def test_a_password_that_the_server_cannot_take_is_said_and_not_shown(
    mailbox: tuple[Mailbox, int], tmp_path: Path
) -> None:
    _, port = mailbox
    failed = refusal(mailer(tmp_path, port, smtp_user="heard", smtp_password="hunter2hunter2"), MAIL)
    assert failed.code == smtplib.SMTPNotSupportedError.__name__
    assert "hunter2" not in str(failed)
