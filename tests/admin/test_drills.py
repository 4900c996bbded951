"""The page of drills and alarms says how long each part took, and what rings now."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import insert, update

from admin.drills import took
from conversations import alerts, drills
from conversations.db import db
from conversations.duty_models import AlarmRow
from conversations.models import AttemptRow
from tests.admin.app import Hands, logged_in
from tests.seeds import acknowledge


def page(app: Flask) -> str:
    return " ".join(logged_in(app, "lead").get("/staff/drills/").text.split())


def test_without_drills_and_alarms_it_says_so(app: Flask) -> None:
    shown = page(app)
    assert "No alarm rings." in shown
    assert "No drill has been made yet." in shown


def test_it_shows_how_long_each_part_of_a_drill_took(app: Flask) -> None:
    began = Hands()() - timedelta(minutes=20)
    with app.app_context():
        alert_id = drills.begin(db.session(), began)
        sent = update(AttemptRow).where(AttemptRow.alert_id == alert_id)
        made = {"id": "x", "alert_id": alert_id, "way": "sms", "due_at": began, "state": "due", "tries": 1}
        db.session.execute(insert(AttemptRow).values(**made))
        db.session.execute(sent.values(state="sent", sent_at=began + timedelta(seconds=2)))
        alerts.record(db.session(), alert_id, began + timedelta(seconds=9), drills.DELIVERED, "Heard")
        acknowledge(db.session(), alert_id, "Ada", began + timedelta(seconds=125))
        db.session.commit()
    shown = page(app)
    assert "Sent after 2 s; text delivered after 9 s; taken after 2 min 5 s by Ada" in shown


def test_it_shows_a_drill_that_nobody_took(app: Flask) -> None:
    began = Hands()() - timedelta(hours=2)
    with app.app_context():
        drills.begin(db.session(), began)
        made = drills.latest(db.session())[0]
        drills.close(db.session(), made, began + timedelta(hours=1), "nobody answered the drill")
        db.session.commit()
    assert "Sent never; <strong>nobody took it</strong>" in page(app)


def test_it_shows_what_rings_and_what_has_ended(app: Flask) -> None:
    began = Hands()() - timedelta(hours=2)
    ended = {"trouble": "alerts are overdue", "told_at": began, "ended_at": began + timedelta(minutes=40)}
    lasts = {"trouble": "the worker does not answer", "told_at": None, "ended_at": None}
    with app.app_context():
        for place, row in enumerate((ended, lasts)):
            db.session.execute(insert(AlarmRow).values(id=str(place), began_at=began, **row))
        db.session.commit()
    shown = page(app)
    assert "1 alarm rings now." in shown
    assert "Alerts are overdue</strong>" in shown
    assert "for 40 min" in shown
    assert "and still</strong>; nobody could be told" in shown


@pytest.mark.parametrize(
    ("span", "words"),
    [(None, "never"), (timedelta(), "0 s"), (timedelta(seconds=61), "1 min 1 s"), (timedelta(-1), "0 s")],
)
def test_seconds_matter(span: timedelta | None, words: str) -> None:
    assert took(span) == words
