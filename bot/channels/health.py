"""Whether the service is up and ready: a word, and never a figure."""

from __future__ import annotations

from datetime import datetime, timedelta

from flask import Blueprint, Response, redirect
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from bot.parts import parts
from conversations import queues
from conversations.db import begin_reading, db
from conversations.keys import MissingKey
from conversations.schema import is_current

UNSENT = timedelta(seconds=60)

health = Blueprint("health", __name__)


@health.get("/")
def root() -> BaseResponse:
    """Who comes to the bare address is taken to the face that is open here."""
    return redirect("/chat/" if "public" in parts().settings.faces else "/staff/")


@health.get("/privacy")
def privacy() -> BaseResponse:
    """The address that fits into a text and on a poster, for what we do with what somebody says."""
    return redirect("/chat/privacy") if "public" in parts().settings.faces else Response(status=404)


@health.get("/healthz")
def healthz() -> Response:
    """The process answers."""
    return Response("ok\n", content_type="text/plain")


@health.get("/readyz")
def readyz() -> Response:
    """A message could be kept now, and an alert would leave: the database answers and has the code's version, today's
    keys are there, and no alert has waited too long for its first way out.
    """
    session = db.session()
    try:
        begin_reading(session)
        parts().keys.of_day(parts().clock())
        ready = is_current(session) and not _alert_waits(session, parts().clock())
    except (SQLAlchemyError, MissingKey):
        ready = False
    finally:
        session.rollback()
    return Response("ok\n" if ready else "not ready\n", status=200 if ready else 503, content_type="text/plain")


def _alert_waits(session: Session, now: datetime) -> bool:
    since = queues.unsent_since(session, now)
    return since is not None and now - since > UNSENT
