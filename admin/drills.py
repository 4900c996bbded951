"""How well alerts reach people: the drills that were made, measured, and the alarms about the service itself."""

from __future__ import annotations

from datetime import timedelta

from flask import render_template

from admin.auth import now, staff_blueprint
from conversations import alarms
from conversations import drills as store
from conversations.db import db

SHOWN = 30
drills = staff_blueprint("drills", "drills")


@drills.get("/")
def lately() -> str:
    """The last drills and alarms, newest first."""
    made = store.latest(db.session(), SHOWN)
    return render_template("staff/drills.html", made=made, rung=alarms.lately(db.session(), now()), took=took)


def took(span: timedelta | None) -> str:
    """How long a part of a drill took; seconds matter here.

    >>> took(timedelta(seconds=125))
    '2 min 5 s'
    """
    if span is None:
        return "never"
    minutes, seconds = divmod(max(0, int(span.total_seconds())), 60)
    return f"{minutes} min {seconds} s" if minutes else f"{seconds} s"
