"""Staff sessions as rows, so that the server can end one; every other path keeps Flask's own signed cookie."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from flask import Flask, Request, Response
from flask.sessions import SecureCookieSessionInterface, SessionInterface, SessionMixin
from flask.sessions import session_json_serializer as tagged_json
from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.orm import Session
from werkzeug.datastructures import CallbackDict

from conversations.db import db
from conversations.staff_models import SessionRow, StaffRow

COOKIE = "heard_staff"
PATH = "/staff"
IDLE = timedelta(minutes=30)
ABSOLUTE = timedelta(hours=8)
TOUCH = timedelta(minutes=1)
"""How stale the idle time may get before a row is written for it alone."""

Clock = Callable[[], datetime]


class StaffSession(CallbackDict[str, Any], SessionMixin):
    """What one browser's session holds while a request lasts."""

    def __init__(self, content: dict[str, Any], cookie: str, began_at: datetime | None, expires_at: datetime | None):
        self.modified = False
        self.accessed = True
        super().__init__(content, self._changed)
        self.cookie = cookie
        self.began_at = began_at
        self.expires_at = expires_at
        self.person_at_start = content.get("_user_id")

    def _changed(self, _: Any) -> None:
        self.modified = True


class StaffSessions(SessionInterface):
    """Keeps a session's content in SessionRow; the cookie holds a random word, the row its hash."""

    def __init__(self, clock: Clock, secure: bool) -> None:
        self.clock = clock
        self.secure = secure

    def open_session(self, app: Flask, request: Request) -> StaffSession:
        """The session that the cookie names while it lives, else a new one without a row."""
        cookie, now = request.cookies.get(COOKIE, ""), self.clock()
        row = _find(cookie, now) if cookie else None
        if row is None:
            return StaffSession({}, "", None, None)
        return StaffSession(_read(row.content), cookie, row.began_at, row.expires_at)

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Write what changed; whoever logs in or out gets a new cookie, and the old one is dead."""
        assert isinstance(session, StaffSession)  # noqa: S101  # open_session made it
        db.session.rollback()  # what a view has not committed by now, it did not mean to keep
        now = self.clock()
        if session.modified and (not session or session.get("_user_id") != session.person_at_start):
            with db.engine.begin() as connection:
                connection.execute(delete(SessionRow).where(SessionRow.id == _hash(session.cookie)))
            session.cookie, session.began_at = "", None
        if session.modified and not session:
            response.delete_cookie(COOKIE, path=PATH)
        elif session.modified or _stale(session, now):
            self._keep(session, response, now)

    def _keep(self, session: StaffSession, response: Response, now: datetime) -> None:
        began_at = session.began_at or now
        expires_at = min(now + IDLE, began_at + ABSOLUTE)
        with db.engine.begin() as connection:
            content = {
                "staff_id": _staff_id(connection, session.get("_user_id")),
                "content": tagged_json.dumps(dict(session)).encode(),
                "expires_at": expires_at,
            }
            if not session.cookie:
                session.cookie = secrets.token_urlsafe(32)
                connection.execute(delete(SessionRow).where(SessionRow.expires_at <= now))
                row = {"id": _hash(session.cookie), "began_at": began_at, **content}
                connection.execute(insert(SessionRow).values(row))
            else:  # an update alone: a session that was ended meanwhile must not come back
                this = SessionRow.id == _hash(session.cookie)
                connection.execute(update(SessionRow).where(this).values(content))
        response.set_cookie(
            COOKIE, session.cookie, path=PATH, httponly=True, secure=self.secure, samesite="Lax", expires=expires_at
        )
        response.vary.add("Cookie")


class SessionsByPath(SessionInterface):
    """Staff pages get sessions on the server; the public face is left as it was."""

    def __init__(self, staff: StaffSessions) -> None:
        self.staff = staff
        self.public = SecureCookieSessionInterface()

    def open_session(self, app: Flask, request: Request) -> SessionMixin | None:
        """The session of the side that the path belongs to."""
        if under_staff(request.path):
            return self.staff.open_session(app, request)
        if app.secret_key and not request.cookies:  # what Flask would give, without making its signer first
            return self.public.session_class()
        return self.public.open_session(app, request)

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Save on the side that the session came from."""
        side = self.staff if isinstance(session, StaffSession) else self.public
        side.save_session(app, session, response)


def under_staff(path: str) -> bool:
    """Whether a path belongs to the staff face."""
    return path == PATH or path.startswith(f"{PATH}/")


def end_all(session: Session, staff_id: int) -> None:
    """End every session of this member of staff, with the caller's transaction."""
    session.execute(delete(SessionRow).where(SessionRow.staff_id == staff_id))


def _find(cookie: str, now: datetime) -> Any:
    columns = select(SessionRow.content, SessionRow.began_at, SessionRow.expires_at)
    with db.engine.connect().execution_options(sqlite_begin="DEFERRED") as connection:
        return connection.execute(columns.where(SessionRow.id == _hash(cookie), SessionRow.expires_at > now)).first()


def _stale(session: StaffSession, now: datetime) -> bool:
    return session.expires_at is not None and session.expires_at - now < IDLE - TOUCH


def _staff_id(connection: Connection, person: Any) -> int | None:
    return connection.scalar(select(StaffRow.id).where(StaffRow.fs_uniquifier == person)) if person else None


def _read(content: bytes) -> dict[str, Any]:
    try:
        found = tagged_json.loads(content.decode())
    except (ValueError, json.JSONDecodeError):
        return {}
    return found if isinstance(found, dict) else {}


def _hash(cookie: str) -> str:
    return hashlib.sha256(cookie.encode()).hexdigest()
