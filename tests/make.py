"""Plain functions that make what a test needs; every argument has a default."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from flask import Flask
from flask.testing import FlaskClient
from twilio.request_validator import RequestValidator
from werkzeug.test import TestResponse

from conversations.settings import Settings

ACCOUNT = "AC" + "0" * 32
TOKEN = "t" * 32
OUR_NUMBER = "+447700900999"
PUBLIC_URL = "http://127.0.0.1:8000"
_ids = itertools.count(1)


def make_settings(folder: Path, database_url: str, **changes: Any) -> Settings:
    """Settings as in the demonstration, with keys under this folder."""
    values: dict[str, Any] = {
        "demo": True,
        "database_url": database_url,
        "public_url": PUBLIC_URL,
        "secret_key": "s" * 32,
        "record_key": "r" * 32,
        "sealing_dir": folder / "sealing",
        "keys_dir": folder / "keys",
        "twilio_account_sid": ACCOUNT,
        "twilio_auth_token": TOKEN,
        "twilio_api_url": "http://127.0.0.1:8001",
        "twilio_numbers": (OUR_NUMBER,),
        "duty_phone": "+447700900900",
        "duty_email": "duty@example.org",
        "smtp_host": "127.0.0.1",
        "mail_from": "heard@example.org",
        "partnership": "Demo Council",
        "areas": ("north", "south"),
        "reconcile": False,
    }
    return Settings(**(values | changes))


def make_message_id() -> str:
    """A Twilio message id that no other call gives."""
    return f"SM{next(_ids):032x}"


def make_form(body: str = "hi", sender: str = "+447700900123", **changes: str) -> dict[str, str]:
    """The form that Twilio posts for one text."""
    message_id = make_message_id()
    form = {
        "ToCountry": "GB",
        "ToCity": "",
        "FromCountry": "GB",
        "FromCity": "",
        "NumMedia": "0",
        "NumSegments": "1",
        "SmsStatus": "received",
        "AccountSid": ACCOUNT,
        "From": sender,
        "To": f"whatsapp:{OUR_NUMBER}" if sender.startswith("whatsapp:") else OUR_NUMBER,
        "ApiVersion": "2010-04-01",
        "MessageSid": message_id,
        "SmsMessageSid": message_id,
        "SmsSid": message_id,
        "Body": body,
    }
    return form | changes


def signature(path: str, form: Mapping[str, Any], token: str = TOKEN, public_url: str = PUBLIC_URL) -> str:
    """What Twilio would sign this form with."""
    signed: str = RequestValidator(token).compute_signature(f"{public_url}{path}", form)
    return signed


def texts_of(response: TestResponse) -> list[str]:
    """The messages in a TwiML answer."""
    root = ElementTree.fromstring(response.data)
    return [message.text or "" for message in root.iter("Message")]


@dataclass
class Phone:
    """A handset: says a text by a signed webhook and hears the messages that come back."""

    app: Flask
    number: str = "+447700900123"
    heard: list[str] = field(default_factory=list)

    def says(self, body: str, **changes: str) -> list[str]:
        """Send a text; gives the replies to it."""
        response = self.post(make_form(body, self.number, **changes))
        assert response.status_code == 200, response.status
        self.heard = texts_of(response)
        return self.heard

    def post(self, form: dict[str, str], client: FlaskClient | None = None) -> TestResponse:
        """Post a form as Twilio would."""
        return (client or self.app.test_client()).post(
            "/sms/inbound", data=form, headers={"X-Twilio-Signature": signature("/sms/inbound", form)}
        )
