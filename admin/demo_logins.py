"""Logins of the demonstration, shown to this machine alone; without the demonstration none of this is registered."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from types import MappingProxyType

from flask import Flask, abort, current_app, redirect, render_template, request, session, url_for
from flask_security.utils import hash_password
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from admin import accounts
from admin.accounts import Staff
from admin.sessions import PATH
from conversations.db import db
from conversations.settings import LOOPBACK

PASSWORD = "everybody-knows-this"  # noqa: S105  # the demonstration alone
STEP = 30
PEOPLE: Mapping[str, str] = MappingProxyType(
    {
        "duty": "Dougie Duty",
        "reviewer": "Rhona Reviewer",
        "viewer": "Vina Viewer",
        "lead": "Lorna Lead",
        "admin": "Ailsa Admin",
    }
)


def add_demo_staff(session: Session) -> None:
    """Make one login a role, where it is not there yet; the caller commits. Needs the app's context."""
    for role, name in PEOPLE.items():
        if accounts.by_email(session, address(role)):
            continue
        accounts.add(session, address(role), name, [role])
        person = accounts.by_email(session, address(role))
        assert person is not None  # noqa: S101  # made a line above
        person.password, person.password_is_temporary = hash_password(PASSWORD), False
        person.tf_primary_method = "authenticator"
        person.tf_totp_secret = current_app.extensions["security"].totp_factory.generate_totp_secret()
        person.fs_uniquifier = uuid.uuid4().hex


def address(role: str) -> str:
    """The mail address of a demonstration login."""
    return f"{role}@heard.example"


def init_demo(app: Flask) -> None:
    """Show the logins on the login page, and the codes to requests from this machine."""
    app.add_url_rule(f"{PATH}/demo-codes", "staff.demo_codes", demo_codes)
    security = app.extensions["security"]
    people = [(role, address(role)) for role in PEOPLE]
    security.login_context_processor(lambda: {"demo_people": people, "demo_password": PASSWORD})
    security.tf_token_validation_context_processor(_code_of_this_login)


def demo_codes() -> str | Response:
    """The codes that count now, for somebody at this machine."""
    if request.remote_addr not in LOOPBACK:
        abort(404)
    found = db.session.scalars(select(Staff).where(Staff.email.in_([address(role) for role in PEOPLE])))
    codes = [(person.email, code_of(person)) for person in found if person.active and person.tf_totp_secret]
    return render_template("staff/demo_codes.html", codes=codes) if codes else redirect(url_for("security.login"))


def code_of(person: Staff) -> str:
    """The code of this step, or of the next one when this one has been used; empty when both have."""
    current = int(time.time()) // STEP
    step = max(current, (person.tf_last_step or 0) + 1)
    if step > current + 1 or not person.tf_totp_secret:
        return ""
    totp = current_app.extensions["security"].totp_factory._totp.from_source(person.tf_totp_secret)
    return str(totp.generate(step * STEP).token)


def _code_of_this_login() -> dict[str, str]:
    if request.remote_addr not in LOOPBACK:
        return {}
    person = db.session.scalar(select(Staff).where(Staff.fs_uniquifier == session.get("tf_user_id", "")))
    known = person is not None and person.email in {address(role) for role in PEOPLE}
    return {"demo_code": code_of(person)} if person is not None and known else {}
