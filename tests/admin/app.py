"""A small app with the staff side alone, people to log in as, and a browser that logs in for real."""

from __future__ import annotations

import json
import re
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from html import unescape
from pathlib import Path
from typing import Any

from flask import Flask, Response
from flask.testing import FlaskClient
from flask_security.utils import hash_password
from flask_wtf import CSRFProtect
from nacl.public import PrivateKey
from sqlalchemy import select
from werkzeug.test import TestResponse

from admin import accounts
from admin.accounts import Staff
from admin.face import init_staff
from admin.sessions import Clock
from conversations import alerts, policy, worries
from conversations.db import db, engine_options
from conversations.duty_models import HandoverRow
from conversations.models import AlertEventRow, AlertRow, AnswerRow, CommentRow, OpeningRow, ResponseRow
from conversations.sealing import Sealable, SealingKey, Seals, public_half
from conversations.settings import Settings
from conversations.triage_models import WorryRow
from conversations.values import Assessment, Level
from tests.application import hurry

PASSWORD = "correct horse battery"
STEP = 30


@dataclass
class Hands:
    """A clock whose hands a test moves."""

    ahead: timedelta = field(default_factory=timedelta)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


def make_settings(database_url: str, **changes: Any) -> Settings:
    made: dict[str, Any] = {
        "database_url": database_url,
        "public_url": "http://127.0.0.1:8000",
        "secret_key": "s" * 32,
        "record_key": "r" * 32,
        "sealing_dir": Path("sealing"),
        "keys_dir": Path("keys"),
        "twilio_account_sid": "AC" + "0" * 32,
        "twilio_auth_token": "token",
        "twilio_numbers": ("+447700900999",),
        "duty_phone": "+447700900998",
        "duty_email": "duty@heard.example",
        "smtp_host": "127.0.0.1",
        "mail_from": "heard@heard.example",
    }
    return Settings(**made | changes)


def make_app(database_url: str, clock: Clock | None = None, **changes: Any) -> Flask:
    """The staff side on a database with tables; a public page and one that nobody gave a place in the table."""
    app, settings = Flask("heard"), make_settings(database_url, **changes)
    app.config.from_mapping(
        SECRET_KEY=settings.secret_key,
        SQLALCHEMY_DATABASE_URI=database_url,
        SQLALCHEMY_ENGINE_OPTIONS=engine_options(database_url),
        SECURITY_PASSWORD_HASH_PASSLIB_OPTIONS={"argon2__rounds": 1, "argon2__memory_cost": 32},
    )
    db.init_app(app)
    CSRFProtect(app)
    init_staff(app, settings, policy.load(), clock or Hands())
    hurry(app)
    app.add_url_rule("/chat/", "public", _public)
    app.add_url_rule("/staff/forgotten", "forgotten", lambda: "nobody thought of me")
    return app


def make_app_in(folder: Path, **changes: Any) -> Flask:
    """The staff side on a new SQLite file in this folder."""
    app = make_app(f"sqlite:///{folder / 'heard.sqlite3'}", **changes)
    with app.app_context():
        db.create_all()
    return app


def close(app: Flask) -> None:
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


def _public() -> str:
    from flask import session

    session["seen"] = session.get("seen", 0) + 1
    return str(session["seen"])


def make_person(app: Flask, *roles: str, email: str = "", second_factor: bool = True, **changes: Any) -> str:
    """An account with an authenticator; gives its mail address."""
    email = email or f"{'-'.join(roles) or 'nobody'}-{secrets.token_hex(3)}@heard.example"
    with app.app_context():
        person = Staff(
            email=email,
            name=f"Person {email.partition('@')[0]}",
            password=_hashed(),
            fs_uniquifier=secrets.token_hex(16),
        )
        db.session.add(person)
        accounts.set_roles(db.session(), person, roles)
        if second_factor:
            person.tf_primary_method = "authenticator"
            person.tf_totp_secret = app.extensions["security"].totp_factory.generate_totp_secret()
        for name, value in changes.items():
            setattr(person, name, value)
        db.session.commit()
    return email


@cache
def _hashed() -> str:
    return str(hash_password(PASSWORD))


def find_person(email: str) -> Staff:
    person = accounts.by_email(db.session(), email)
    assert person is not None
    return person


def code_for(app: Flask, email: str, steps: int = 0) -> str:
    """The code that this person's app shows, or will show in so many half minutes."""
    with app.app_context():
        secret = find_person(email).tf_totp_secret
        totp = app.extensions["security"].totp_factory._totp.from_source(secret)
        return str(totp.generate(time.time() + steps * STEP).token)


class Visitor:
    """A browser of one person: keeps cookies, reads the token out of each form, follows nothing by itself."""

    def __init__(self, app: Flask, address: str = "127.0.0.1") -> None:
        self.app = app
        self.client: FlaskClient = app.test_client()
        self.address = address
        self.token = ""

    def get(self, path: str, **options: Any) -> TestResponse:
        return self._noticed(self.client.get(path, environ_base={"REMOTE_ADDR": self.address}, **options))

    def post(self, path: str, data: dict[str, Any] | None = None, **options: Any) -> TestResponse:
        return self.open("POST", path, data, **options)

    def open(self, method: str, path: str, data: dict[str, Any] | None = None, **options: Any) -> TestResponse:
        form = {"csrf_token": self.token} | (data or {})
        sent = self.client.open(
            path, method=method, data=form, environ_base={"REMOTE_ADDR": self.address}, **options
        )
        return self._noticed(sent)

    def log_in(self, email: str, password: str = PASSWORD, code: str = "", steps: int = 0) -> TestResponse:
        """Password, then code, through the real forms."""
        self.get("/staff/login")
        answer = self.post("/staff/login", {"email": email, "password": password})
        if answer.status_code != 302:
            return answer
        self.get(answer.location)
        return self.post("/staff/tf-validate", {"code": code or code_for(self.app, email, steps)})

    def cookie(self) -> str:
        found = self.client.get_cookie("heard_staff", path="/staff")
        return found.value if found else ""

    def is_in(self) -> bool:
        return self.get("/staff/").status_code == 200

    def _noticed(self, response: TestResponse) -> TestResponse:
        page = response.get_data(as_text=True) if response.mimetype == "text/html" else ""
        found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
        if found:
            self.token = unescape(found[1])
        return response


def logged_in(app: Flask, *roles: str, **options: Any) -> Visitor:
    """Somebody new with these roles, logged in."""
    visitor = Visitor(app, **options)
    answer = visitor.log_in(make_person(app, *roles))
    assert answer.status_code == 302, answer.get_data(as_text=True)
    return visitor


def make_seals(words: str = "words", contact: str | None = "+447700900123") -> Seals:
    key = SealingKey("day-2026-11-23", PrivateKey.generate().public_key)
    expires = datetime.now(UTC) + timedelta(days=7)
    return Seals(key, Sealable(words), Sealable(contact) if contact else None, expires)


def make_alert(app: Flask, level: Level = Level.CONCERN, ago: timedelta = timedelta(), **options: Any) -> str:
    with app.app_context():
        assessment = Assessment(level=level, reasons=("en.harm.3",), version="1", **options.pop("screen", {}))
        channel, moment = options.pop("channel", "sms"), datetime.now(UTC) - ago
        alert_id = alerts.raise_alert(db.session(), assessment, channel, make_seals(), moment, **options)
        db.session.commit()
    return alert_id


def make_raised(
    app: Flask, number: int, at: datetime, taken: Sequence[timedelta] = (), counted: bool = True, **changes: Any
) -> list[str]:
    """So many alerts of that moment, each taken so long after; the first digit of an id decides which count."""
    made: dict[str, Any] = {
        "level": "concern", "assessed": True, "reasons": [], "version": "1", "channel": "sms", "state": "open",
        "cannot_be_texted": False, "raised_at": at, "next_action_at": at, "clock_from": at,
    }  # fmt: skip
    ids = [f"{'f' if counted else '0'}{secrets.token_hex(16)[1:]}" for _ in range(number)]
    with app.app_context():
        db.session.add_all([AlertRow(id=each, reference=each[-8:], **made | changes) for each in ids])
        db.session.flush()
        line = {"what": "acknowledged", "who": "Ada", "detail": ""}
        db.session.add_all([AlertEventRow(alert_id=each, at=at + after, **line) for each in ids for after in taken])
        db.session.commit()
    return ids


def make_handover(app: Flask, alert_id: str = "", partner: str = "Women's Aid", ago: timedelta = timedelta()) -> str:
    """An alert, or this one, that was handed to a partner agency; gives the id of the handover."""
    alert_id, handover_id = alert_id or make_alert(app), secrets.token_hex(16)
    with app.app_context():
        handed = {"partner": partner, "handed_at": datetime.now(UTC) - ago, "handed_by": "Ada"}
        db.session.add(HandoverRow(id=handover_id, alert_id=alert_id, **handed))
        db.session.commit()
    return handover_id


def make_worry(app: Flask, kind: str = "wellbeing", due_in: timedelta = timedelta(hours=4), **changes: Any) -> str:
    """A worry that came in an hour ago; `changes` are of its row."""
    with app.app_context():
        reasons = {"wellbeing": ("en-low-mood",), "same_day": ("not-covered",)}[kind]
        found = Assessment(Level.WELLBEING, covered=kind == "wellbeing", reasons=reasons, version="1")
        seals = replace(make_seals(), expires=datetime.now(UTC) + worries.BOX_LIFE - timedelta(hours=1))
        worry_id = worries.keep(db.session(), found, seals, worries.Listing(kind, "sms", datetime.now(UTC) + due_in))
        for name, value in changes.items():
            setattr(db.session.get_one(WorryRow, worry_id), name, value)
        db.session.commit()
    return worry_id


def make_comment(app: Flask, text: str = "I liked the meeting", **changes: Any) -> str:
    values: dict[str, Any] = {
        "id": secrets.token_hex(16), "script": "check-in", "step": "would_help", "theme": "involvement",
        "language": "en", "text": text, "doubtful": [], "state": "waiting", "due_on": date(2026, 11, 26),
        "sealed_link": b"sealed", "link_expires_on": date(2026, 11, 30),
    }
    with app.app_context():
        db.session.add(CommentRow(**values | changes))
        db.session.commit()
    return str((values | changes)["id"])


def make_responses(
    app: Flask, number: int, question: str, code: str, month: str = "2026-05", counted: bool = True, **changes: Any
) -> None:
    """So many people who gave this answer; `changes` are of their rows. The first digit of an id decides who counts."""
    values = {"month": month, "script": "check-in", "version": "1", "language": "en", "ending": "finished"}
    with app.app_context():
        for _ in range(number):
            response = ResponseRow(id="01f"[2 * counted] + secrets.token_hex(16)[1:], **values | changes)
            db.session.add(response)
            db.session.flush()
            db.session.add(AnswerRow(response_id=response.id, question=question, code=code))
        db.session.commit()


def fill_opening(app: Flask, *messages: tuple[str, str]) -> None:
    """What the worker does with every opening that waits."""
    with app.app_context():
        for row in db.session.scalars(select(OpeningRow).where(OpeningRow.sealed.is_(None))):
            content = [{"at": "2026-11-23T07:00:00+00:00", "level": level, "words": words} for level, words in messages]
            box = Sealable(json.dumps(content))
            row.sealed = box.seal(public_half(row.public_half), "opening", row.id, row.expires_at)
        db.session.commit()


def text_of(response: Response | TestResponse) -> str:
    """The words of a page, without its tags."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", response.get_data(as_text=True))).split())
