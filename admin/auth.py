"""Logging in, and the door: every request under /staff passes here or is refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from flask import (
    Blueprint,
    Flask,
    Response,
    abort,
    current_app,
    g,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_login import user_logged_out
from flask_security import Security, current_user, password_changed, user_authenticated
from sqlalchemy import select
from sqlalchemy.orm import Session

from admin import throttle
from admin.accounts import OneTimeTotp, Staff, datastore
from admin.roles import PAGES, Verdict, verdict
from admin.security import NoRescueForm, OneMethodForm, PasswordLengths, StaffLoginForm, security_config
from admin.sessions import PATH, Clock, SessionsByPath, StaffSessions, end_all, under_staff
from admin.typed import given_back
from conversations.audit import Act, audit_key, record
from conversations.db import begin_reading, db
from conversations.policy import Policy
from conversations.settings import Settings

READING = frozenset({"GET", "HEAD", "OPTIONS"})
SECOND_STEPS = frozenset({"security.two_factor_token_validation", "security.mf_recovery"})
SECOND_FACTOR = "second_factor_at"
"""Where the session holds when its owner last gave a second factor."""


@dataclass(frozen=True, slots=True)
class Side:
    """What the staff side was started with."""

    settings: Settings
    policy: Policy
    clock: Clock


def side() -> Side:
    """What the staff side of this app was started with."""
    found: Side = current_app.extensions["heard_staff"]
    return found


def now() -> datetime:
    """The moment of this request: read once."""
    if "heard_now" not in g:
        g.heard_now = side().clock()
    moment: datetime = g.heard_now
    return moment


def staff_blueprint(name: str, path: str) -> Blueprint:
    """Pages under /staff/`path`; the door lets in who the table in admin.roles names, and refuses a name not in it."""
    if name not in PAGES:
        raise KeyError(f"admin.roles.PAGES does not say who may open {name}")
    return Blueprint(name, __name__, url_prefix=f"{PATH}/{path}".rstrip("/"))


def audit(*acts: Act) -> None:
    """Put what this member of staff does on the audit, with the view's transaction."""
    key = audit_key(side().settings.record_key)
    record(db.session(), current_user.email, acts, now(), key)


def begin_writing() -> None:
    """Let a page that is only read write its audit lines: end the reading transaction that the door began."""
    db.session.rollback()


def init_auth(app: Flask, started: Side) -> None:
    """Set up sessions, the throttle, the door and Flask-Security; before any other part of the staff side."""
    app.extensions["heard_staff"] = started
    settings, clock = started.settings, started.clock
    app.session_interface = SessionsByPath(StaffSessions(clock, settings.public_url.startswith("https://")))
    app.config.update(security_config(settings))
    app.before_request(_slow_down)
    app.before_request(_stand_at_the_door)
    app.after_request(_forget_tries)
    security = Security(totp_cls=OneTimeTotp, password_util_cls=PasswordLengths)
    security.init_app(
        app,
        datastore(),
        login_form=StaffLoginForm,
        two_factor_setup_form=OneMethodForm,
        two_factor_rescue_form=NoRescueForm,
    )
    _identify_staff_only(security.principal)
    security.login_manager.request_loader(lambda _request: None)  # no token in a header or address logs anybody in
    security.want_json(lambda _request: False)
    user_logged_out.connect(_end_session, app)
    password_changed.connect(_own_password_chosen, app)
    user_authenticated.connect(_note_login, app)


def _identify_staff_only(principal: Any) -> None:
    """Ask who somebody is under /staff alone: Flask-Security asks at every request, and a text pays for it too."""
    loaders = tuple(principal.identity_loaders)
    principal.identity_loaders.clear()
    for each in reversed(loaders):  # each new one goes to the front
        principal.identity_loader(lambda load=each: load() if under_staff(request.path) else None)


def _stand_at_the_door() -> ResponseReturnValue | None:
    if not under_staff(request.path):
        return None
    if request.method in READING or request.endpoint == "security.login":
        begin_reading(db.session())  # also where a password is checked: that takes long, and others want to write
    elif request.endpoint in SECOND_STEPS:
        _lock_account()
    roles = [role.name for role in current_user.roles] if current_user.is_authenticated else None
    if roles is not None and request.routing_exception is not None:
        return None  # a redirect to the same page with a slash, and nothing else: what is not there is staff.nowhere
    temporary = roles is not None and current_user.password_is_temporary
    answer = ANSWERS[verdict(request.endpoint or "", roles, temporary)]()
    if answer is not None:
        g.pop("heard_counters", None)  # nobody looked at what came with it, so it makes up for no try
    return answer


def _log_in() -> ResponseReturnValue:
    if given_back():
        abort(401)  # its page keeps what was typed; the way to the login would lose it
    back = request.full_path.rstrip("?") if request.method == "GET" else None
    return redirect(url_for("security.login", next=back))


def _change_password() -> ResponseReturnValue:
    return redirect(url_for("security.change_password"))


def _refuse() -> ResponseReturnValue:
    return render_template("staff/refused.html"), 403


ANSWERS: Mapping[Verdict, Callable[[], ResponseReturnValue | None]] = MappingProxyType(
    {
        Verdict.PASS: lambda: None,
        Verdict.LOG_IN: _log_in,
        Verdict.GO_HOME: lambda: redirect(url_for("home.index")),
        Verdict.CHANGE_PASSWORD: _change_password,
        Verdict.REFUSE: _refuse,
    }
)


def _lock_account() -> None:
    """Let tries with one account's codes pass one after the other, so that no code counts twice."""
    account = select(Staff).where(Staff.fs_uniquifier == session.get("tf_user_id", ""))
    db.session.scalar(account.with_for_update(of=Staff))


COUNTED: Mapping[str, Callable[[], tuple[str, Callable[[str, str, str], tuple[throttle.Counter, ...]]]]] = (
    MappingProxyType(
        {
            "security.login": lambda: (request.form.get("email", ""), throttle.of_password),
            "security.two_factor_token_validation": lambda: (session.get("tf_user_id", ""), throttle.of_code),
            "security.mf_recovery": lambda: (session.get("tf_user_id", ""), throttle.of_code),
            "security.verify": lambda: (session.get("_user_id", ""), throttle.of_password),
            "security.change_password": lambda: (session.get("_user_id", ""), throttle.of_password),
            "number.ask": lambda: _code_in_form(),
            "number.open_it": lambda: _code_in_form(),
            "numbers.decide": lambda: _code_in_form(),
        }
    )
)
"""The forms that somebody could guess at: whose account it is, and which counters hold."""


def _code_in_form() -> tuple[str, Callable[[str, str, str], tuple[throttle.Counter, ...]]]:
    """A form that may carry a code counts when it does: whoever needs none is never made to wait."""
    return (session.get("_user_id", "") if request.form.get("code") else ""), throttle.of_code


PASSWORD_DONE: Mapping[str, str] = MappingProxyType(
    {"security.login": "tf_user_id", "security.verify": "_user_id", "security.change_password": "_user_id"}
)
"""What the session holds once a password was right, by the form that asks for it."""


def _slow_down() -> ResponseReturnValue | None:
    counted = COUNTED.get(request.endpoint or "")
    if request.method != "POST" or counted is None:
        return None
    account, counters_of = counted()
    if not account:
        return None
    counters = counters_of(account, request.remote_addr or "", side().settings.record_key)
    with Session(db.engine) as own, own.begin():
        wait = throttle.book(own, counters, now())
    if not wait:
        g.heard_counters = counters
        return None
    seconds = max(1, round(wait.total_seconds()))
    return render_template("staff/wait.html", seconds=seconds), 429, {"Retry-After": str(seconds)}


def _forget_tries(response: Response) -> Response:
    counters = g.pop("heard_counters", ())
    if counters and response.status_code == 302 and _proved():
        with Session(db.engine) as own, own.begin():
            throttle.clear(own, counters)
    return response


def _proved() -> bool:
    """Whether what the form asks for was looked at in this very request, and was right."""
    # A form may answer 302 without having looked at the code in it: a no to a colleague, a wish that needs none.
    done = PASSWORD_DONE.get(request.endpoint or "")
    return done in session if done else session.get(SECOND_FACTOR) == now().isoformat()


def _end_session(_app: Flask, **_: Any) -> None:
    session.clear()


def _own_password_chosen(_app: Flask, user: Staff, **_: Any) -> None:
    user.password_is_temporary = False
    end_all(db.session(), user.id)
    _record_own(user, Act("chose a password", f"staff {user.id}"))


def _note_login(_app: Flask, user: Staff, **_: Any) -> None:
    if request.endpoint in SECOND_STEPS:
        session[SECOND_FACTOR] = now().isoformat()
    _record_own(user, Act("logged in", f"staff {user.id}"))


def _record_own(user: Staff, act: Act) -> None:
    record(db.session(), user.email, [act], now(), audit_key(side().settings.record_key))
