"""The duty inbox: what is open and what happens next, taking an alert, and reading words once."""

from __future__ import annotations

import itertools
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from admin.alerts import REFRESHES
from conversations.db import db
from conversations.duty_models import HandoverRow, ReportRow
from conversations.models import AlertEventRow, AlertRow, AttemptRow, OpeningRow
from conversations.staff_models import AuditRow
from conversations.values import Level
from tests.admin.app import Hands, Visitor, fill_opening, logged_in, make_alert, make_handover, text_of
from tests.seeds import acknowledge


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


def change(app: Flask, alert_id: str, **values: object) -> None:
    with app.app_context():
        db.session.execute(update(AlertRow).where(AlertRow.id == alert_id).values(**values))
        db.session.commit()


def test_the_inbox_says_what_happens_next_and_who_has_it(sqlite_app: Flask) -> None:
    open_one, taken = make_alert(sqlite_app), make_alert(sqlite_app, Level.IMMEDIATE)
    change(sqlite_app, open_one, next_action_at=datetime.now(UTC) + timedelta(minutes=5), step=1)
    duty = logged_in(sqlite_app, "duty")
    duty.get("/staff/alerts/")
    duty.post(f"/staff/alerts/{taken}/acknowledge")
    page = text_of(duty.get("/staff/alerts/"))
    assert re.search(r"Nobody has these 1 .* At \d\d:\d\d( on \w+)? the next person is told, unless", page)
    assert re.search(r"Somebody has these 1 .* You have it, since \d\d:\d\d\. Without an outcome Heard", page)
    change(sqlite_app, open_one, next_action_at=datetime.now(UTC) - timedelta(seconds=5))
    assert "Duty workers are being told now." in text_of(duty.get("/staff/alerts/"))
    other = text_of(logged_in(sqlite_app, "lead").get("/staff/alerts/"))
    assert re.search(r"Person duty-\w+ has it, since \d\d:\d\d\.", other)


@pytest.mark.parametrize(("flag", "words"), [("drill", "DRILL"), ("late", "Found late")])
def test_drills_and_late_ones_are_marked_wherever_they_are_named(sqlite_app: Flask, flag: str, words: str) -> None:
    alert_id, duty = make_alert(sqlite_app), logged_in(sqlite_app, "duty")
    pages = ["/staff/alerts/", f"/staff/alerts/{alert_id}", f"/staff/alerts/{alert_id}/chronology"]
    assert not any(words in text_of(duty.get(page)) for page in pages)
    change(sqlite_app, alert_id, **{flag: True})
    assert all(words in text_of(duty.get(page)) for page in pages)
    page = text_of(duty.get(pages[1]))
    assert ("Nobody is in danger" in page) == (flag == "drill")
    assert ("Whoever is on duty first is told, once." in page) == (flag == "drill")
    assert ("Tell everybody now" in page) == (flag != "drill")


def test_a_drill_never_stands_before_a_real_alert(sqlite_app: Flask) -> None:
    drill = make_alert(sqlite_app, Level.IMMEDIATE, ago=timedelta(minutes=9))
    real = make_alert(sqlite_app, Level.CONCERN)
    change(sqlite_app, drill, drill=True)
    page = logged_in(sqlite_app, "duty").get("/staff/alerts/").get_data(as_text=True)
    assert page.index(f'id="alert-{real}"') < page.index(f'id="alert-{drill}"')


def test_the_inbox_looks_again_by_itself_for_a_while_and_no_other_page_does(sqlite_app: Flask) -> None:
    alert_id, duty = make_alert(sqlite_app), logged_in(sqlite_app, "duty")
    turns, page = 0, duty.get("/staff/alerts/")
    while "Refresh" in page.headers:
        wait, _, where = page.headers["Refresh"].partition("; url=")
        assert wait == "60"
        turns, page = turns + 1, duty.get(where)
    assert turns == REFRESHES
    assert "no longer looks by itself" in text_of(page)
    for path in ("?turn=-1", "?turn=999999", alert_id, f"{alert_id}/chronology", f"{alert_id}/handover"):
        assert "Refresh" not in duty.get(f"/staff/alerts/{path}").headers


def test_b14_opening_a_link_never_acknowledges(app: Flask) -> None:
    """Mail scanners, link previews and a worker's own thumb: whatever only looks changes no row of any alert."""
    alert_id, handover_id = make_alert(app), make_handover(app)
    duty, stranger = logged_in(app, "duty"), Visitor(app)
    kept = everything(app)
    links = ["", alert_id, *(f"{alert_id}/{page}" for page in ACTIONS), f"handovers/{handover_id}/receipt"]
    for agent, link, method in itertools.product(PREVIEWS, links, ("GET", "HEAD", "OPTIONS")):
        for visitor in (duty, stranger):
            visitor.client.open(f"/staff/alerts/{link}", method=method, headers={"User-Agent": agent})
    assert everything(app) == kept
    duty.get("/staff/alerts/")
    duty.post(f"/staff/alerts/{alert_id}/acknowledge")
    assert everything(app) != kept


ACTIONS = (
    "acknowledge", "outcome", "handover", "take-over", "reopen", "everybody", "merge", "mark", "words", "chronology"
)
PREVIEWS = (
    "WhatsApp/2.24.6.77 A",
    "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 SkypeUriPreview Preview/0.5",
    "facebookexternalhit/1.1",
    "Mozilla/5.0 (compatible; Microsoft Office Existence Discovery)",
    "Twilio-Link-Shortening/1.0",
)


def everything(app: Flask) -> list[list[object]]:
    tables = (AlertRow, AlertEventRow, AttemptRow, ReportRow, HandoverRow, OpeningRow)
    with app.app_context():
        return [sorted(map(repr, db.session.execute(select(*row.__table__.columns)))) for row in tables]


@pytest.mark.parametrize("how", ["bot", "page"])
def test_b13_the_second_is_told_who_and_when_whoever_was_first(app: Flask, how: str) -> None:
    alert_id, first, second = make_alert(app), logged_in(app, "duty"), logged_in(app, "duty")
    if how == "bot":
        with app.app_context():
            acknowledge(db.session(), alert_id, "Ada by text", datetime.now(UTC))
            db.session.commit()
    first.get("/staff/alerts/")
    first.post(f"/staff/alerts/{alert_id}/acknowledge")
    second.get("/staff/alerts/")
    second.post(f"/staff/alerts/{alert_id}/acknowledge")
    owner = "Ada by text" if how == "bot" else r"Person duty-\w+"
    page = text_of(second.get(f"/staff/alerts/{alert_id}"))
    assert re.search(rf"{owner} has taken it already, at \d\d:\d\d\.", page)
    assert page.count("Also tried to acknowledge") == (2 if how == "bot" else 1)
    with app.app_context():
        assert re.fullmatch(owner, str(db.session.get_one(AlertRow, alert_id).acknowledged_by))


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
    page = text_of(second.get(f"/staff/alerts/{alert_id}"))
    assert re.search(r"Person duty-\w+ has taken it already, at \d\d:\d\d\.", page)
    assert re.search(r"Person duty-\w+ has it, since \d\d:\d\d\.", page)
    assert ("acknowledged", f"alert {alert_id}") in acts(app)
    with app.app_context():
        row = db.session.get(AlertRow, alert_id)
        assert row is not None
        assert row.acknowledged_by is not None
        assert row.acknowledged_by.startswith("Person duty")


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
    for what in ("chronology", "outcome", "handover"):
        answers.append(duty.get(f"/staff/alerts/x/{what}"))
    for what in ("acknowledge", "outcome", "words", "handover", "take-over", "reopen", "everybody", "merge"):
        answers.append(duty.post(f"/staff/alerts/x/{what}", {"reason": "acting"}))
    answers.append(duty.post("/staff/alerts/handovers/x/receipt"))
    assert {answer.status_code for answer in answers} == {404}


def test_the_reminder_comes_when_the_policy_of_this_service_says(app: Flask) -> None:
    started, alert_id = app.extensions["heard_staff"], make_alert(app)
    app.extensions["heard_staff"] = replace(
        started, policy=replace(started.policy, remind_after=timedelta(minutes=7))
    )
    logged_in(app, "duty").post(f"/staff/alerts/{alert_id}/acknowledge")
    with app.app_context():
        alert = db.session.get_one(AlertRow, alert_id)
        assert alert.acknowledged_at is not None
        assert alert.next_action_at == alert.acknowledged_at + timedelta(minutes=7)
