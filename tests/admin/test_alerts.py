"""The duty inbox: taking an alert, saying what was done, and reading words once."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select

from conversations.db import db
from conversations.models import AlertRow, OpeningRow
from conversations.staff_models import AuditRow
from conversations.values import Level
from tests.admin.app import Hands, Visitor, fill_opening, logged_in, make_alert, text_of


def acts(app: Flask) -> list[tuple[str, str]]:
    with app.app_context():
        return [(line.what, line.on) for line in db.session.scalars(select(AuditRow).order_by(AuditRow.id))]


def test_the_most_urgent_alert_comes_first_and_says_how_long_it_waits(app: Flask) -> None:
    make_alert(app, Level.CONCERN, ago=timedelta(minutes=75))
    make_alert(app, Level.IMMEDIATE, ago=timedelta(minutes=3))
    page = text_of(logged_in(app, "duty").get("/staff/alerts/"))
    assert re.search(r"Immediate open for 3 min .* Concern open for 1 h 15 min", page)
    assert "Nobody has taken it." in page


def test_an_alert_that_cannot_be_texted_says_so(app: Flask) -> None:
    make_alert(app, cannot_be_texted=True, channel="web")
    assert "Cannot be texted: the web chat leaves us no number" in text_of(logged_in(app, "duty").get("/staff/alerts/"))


def test_what_could_not_be_screened_says_so(app: Flask) -> None:
    make_alert(app, screen={"assessed": False})
    assert "Could not be screened" in text_of(logged_in(app, "duty").get("/staff/alerts/"))


def test_whoever_is_first_takes_it_and_the_second_is_told(app: Flask) -> None:
    alert_id = make_alert(app)
    first, second = logged_in(app, "duty"), logged_in(app, "lead")
    for visitor in (first, second):
        visitor.get("/staff/alerts/")
    first.post(f"/staff/alerts/{alert_id}/acknowledge")
    second.post(f"/staff/alerts/{alert_id}/acknowledge")
    assert "You have taken this alert." in text_of(first.get(f"/staff/alerts/{alert_id}"))
    assert "A colleague has this alert already." in text_of(second.get(f"/staff/alerts/{alert_id}"))
    assert ("acknowledged", f"alert {alert_id}") in acts(app)
    with app.app_context():
        row = db.session.get(AlertRow, alert_id)
        assert row is not None
        assert row.acknowledged_by is not None
        assert row.acknowledged_by.startswith("Person duty")


def test_an_outcome_closes_it_and_the_history_says_by_whom(app: Flask) -> None:
    alert_id, duty = make_alert(app), logged_in(app, "duty")
    duty.get("/staff/alerts/")
    duty.post(f"/staff/alerts/{alert_id}/acknowledge")
    answer = duty.post(f"/staff/alerts/{alert_id}/outcome", {"outcome": "social_work"})
    assert answer.location == "/staff/alerts/"
    page = text_of(duty.get(f"/staff/alerts/{alert_id}"))
    assert "Outcome: Passed to social work" in page
    assert re.search(r"Raised.*Acknowledged.*Outcome: Passed to social work \( ?Person duty", page)


@pytest.mark.parametrize("outcome", ["", "made up", "known' OR 1=1"])
def test_without_a_real_outcome_it_stays_open(app: Flask, outcome: str) -> None:
    alert_id, duty = make_alert(app), logged_in(app, "duty")
    duty.get("/staff/alerts/")
    duty.post(f"/staff/alerts/{alert_id}/acknowledge")
    duty.post(f"/staff/alerts/{alert_id}/outcome", {"outcome": outcome})
    assert "Choose what was done." in text_of(duty.get(f"/staff/alerts/{alert_id}"))
    with app.app_context():
        assert db.session.scalar(select(AlertRow.state)) == "acknowledged"


def test_nobody_closes_an_alert_that_nobody_has_taken(app: Flask) -> None:
    alert_id, duty = make_alert(app), logged_in(app, "duty")
    duty.get("/staff/alerts/")
    duty.post(f"/staff/alerts/{alert_id}/outcome", {"outcome": "known"})
    assert "Somebody must take the alert first" in text_of(duty.get(f"/staff/alerts/{alert_id}"))


def ask(visitor: Visitor, alert_id: str, reason: str = "acting") -> str:
    visitor.get(f"/staff/alerts/{alert_id}")
    answer = visitor.post(f"/staff/alerts/{alert_id}/words", {"reason": reason})
    assert answer.status_code == 302
    return str(answer.location)


def test_words_are_waited_for_and_then_shown_once(app: Flask) -> None:
    alert_id, duty = make_alert(app), logged_in(app, "duty")
    where = ask(duty, alert_id)
    waiting = duty.get(where)
    assert waiting.headers["Refresh"] == "2"
    fill_opening(app, ("concern", "I am scared <b>at</b> home"), ("immediate", "please hurry"))
    page = text_of(duty.get(where))
    assert "I am scared <b>at</b> home" in page
    assert "please hurry" in page
    assert "no longer here" in text_of(duty.get(where))
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(OpeningRow)) == 0
    assert acts(app)[-2:] == [("asked to read words", f"alert {alert_id}"), ("read words", f"alert {alert_id}")]


def test_the_key_lives_in_this_browser_alone(app: Flask) -> None:
    alert_id, duty = make_alert(app), logged_in(app, "duty")
    duty.get(f"/staff/alerts/{alert_id}")
    answer = duty.post(f"/staff/alerts/{alert_id}/words", {"reason": "acting"})
    cookie = next(each for each in answer.headers.getlist("Set-Cookie") if each.startswith("heard_opening"))
    assert all(part in cookie for part in ("HttpOnly", "SameSite=Strict", f"Path=/staff/alerts/{alert_id}/words"))
    private = cookie.partition("=")[2].partition(";")[0]
    with app.app_context():
        row = db.session.scalars(select(OpeningRow)).one()
        assert private not in f"{row.public_half} {row.id}"


def test_a_colleague_cannot_read_what_somebody_else_asked_for(app: Flask) -> None:
    alert_id, duty, colleague = make_alert(app), logged_in(app, "duty"), logged_in(app, "lead")
    where = ask(duty, alert_id)
    ask(colleague, alert_id)
    fill_opening(app, ("concern", "I am scared"))
    assert "no longer here" in text_of(colleague.get(where))
    assert "I am scared" in text_of(duty.get(where))


def test_another_browser_of_the_same_person_cannot_read_it(app: Flask) -> None:
    alert_id, duty = make_alert(app), logged_in(app, "duty")
    where = ask(duty, alert_id)
    fill_opening(app, ("concern", "I am scared"))
    duty.client.delete_cookie("heard_opening", path=f"/staff/alerts/{alert_id}/words")
    assert "no longer here" in text_of(duty.get(where))
    duty.client.set_cookie("heard_opening", "A" * 44, path=f"/staff/alerts/{alert_id}/words")
    assert "no longer here" in text_of(duty.get(where))


def test_words_of_one_alert_do_not_open_under_another(app: Flask) -> None:
    alert_id, other, duty = make_alert(app), make_alert(app), logged_in(app, "duty")
    where = ask(duty, alert_id)
    fill_opening(app, ("concern", "I am scared"))
    assert "no longer here" in text_of(duty.get(where.replace(alert_id, other)))


@pytest.mark.parametrize(("minutes", "readable"), [(14, True), (16, False)])
def test_words_wait_a_quarter_of_an_hour(app: Flask, hands: Hands, minutes: int, readable: bool) -> None:
    alert_id, duty = make_alert(app), logged_in(app, "duty")
    where = ask(duty, alert_id)
    fill_opening(app, ("concern", "I am scared"))
    hands.ahead += timedelta(minutes=minutes)
    assert ("I am scared" in text_of(duty.get(where))) is readable


@pytest.mark.parametrize("reason", ["", "curious"])
def test_nobody_reads_without_one_of_the_reasons(app: Flask, reason: str) -> None:
    alert_id, duty = make_alert(app), logged_in(app, "duty")
    duty.get(f"/staff/alerts/{alert_id}")
    assert duty.post(f"/staff/alerts/{alert_id}/words", {"reason": reason}).status_code == 400
    with app.app_context():
        assert db.session.scalars(select(OpeningRow)).all() == []


def test_an_alert_that_is_not_there_is_not_there(app: Flask) -> None:
    duty = logged_in(app, "duty")
    duty.get("/staff/")
    answers = [duty.get("/staff/alerts/x"), duty.get("/staff/alerts/x/words")]
    for what in ("acknowledge", "outcome", "words"):
        answers.append(duty.post(f"/staff/alerts/x/{what}", {"reason": "acting"}))
    assert {answer.status_code for answer in answers} == {404}
