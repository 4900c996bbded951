"""The lists in the duty inbox: what must be read by when, reading it once, what was done, and raising an alert."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from admin.reasons import plain
from conversations.db import db
from conversations.models import AlertRow, OpeningRow
from conversations.staff_models import AuditRow
from conversations.triage_models import WorryRow
from tests.admin.app import Hands, Visitor, fill_opening, logged_in, make_alert, make_worry, text_of

EMPTY: dict[str, Any] = {"sealed_words": None, "sealed_contact": None, "expires_at": None}


def acts(app: Flask) -> list[tuple[str, str, str]]:
    with app.app_context():
        return [(line.what, line.on, line.why) for line in db.session.scalars(select(AuditRow).order_by(AuditRow.id))]


def row_of(app: Flask, worry_id: str) -> WorryRow:
    with app.app_context():
        found = db.session.get_one(WorryRow, worry_id)
        db.session.expunge(found)
    return found


def test_the_inbox_shows_both_lists_under_the_alerts_with_the_time_that_is_left(app: Flask) -> None:
    make_alert(app)
    make_worry(app, due_in=timedelta(hours=26, minutes=5))
    make_worry(app, "same_day", due_in=timedelta(minutes=90, seconds=30))
    make_worry(app, due_in=-timedelta(hours=2, seconds=30), reasons=["en-bullying"])
    page = text_of(logged_in(app, "duty").get("/staff/alerts/"))
    assert re.search(
        r"Nobody has taken it.*To read today 1 .*No reviewed word list covers this language.* 1 h (29|30) min left"
        r".*Worries 2 .*Bullying , 1 of 2 Overdue by 2 h 0 min , was due by.*Low mood , 2 of 2 26 h [34] min left",
        page,
    )


def test_empty_lists_say_so_and_what_is_done_is_not_on_them(app: Flask) -> None:
    make_worry(app, state="done", outcome="read", done_by="Ada", **EMPTY)
    page = text_of(logged_in(app, "lead").get("/staff/alerts/"))
    assert "Nothing to read today." in page
    assert "No worries are waiting." in page


@pytest.mark.parametrize(
    ("dues", "said"),
    [
        ((), ""),
        ((timedelta(hours=1),), "1 text to read , the next by"),
        ((timedelta(hours=1), -timedelta(hours=1)), "2 texts to read , overdue"),
    ],
)
def test_the_first_page_says_what_waits(app: Flask, dues: tuple[timedelta, ...], said: str) -> None:
    for due_in in dues:
        make_worry(app, due_in=due_in)
    page = text_of(logged_in(app, "duty").get("/staff/"))
    assert said in page
    assert ("to read ," in page) == bool(dues)
    assert "to read ," not in text_of(logged_in(app, "reviewer").get("/staff/"))


def test_a_worry_says_in_plain_words_why_it_is_here(app: Flask) -> None:
    worry_id = make_worry(app, reasons=["pl-low-mood", "denied", "context:stopped"], cannot_be_texted=True)
    page = text_of(logged_in(app, "duty").get(f"/staff/worries/{worry_id}"))
    for words in ("Low mood (Polish words)", "They say that it is not so", "They stopped right after a worry"):
        assert words in page
    assert "Cannot be texted: we may not or cannot text this number" in page
    assert re.search(r"3 h 5\d min left", page)


PLAIN = {
    "en-low-mood": "Low mood",
    "ar-hits": "Hits (Arabic words)",
    "not-covered": "No reviewed word list covers this language",
    "model:sad_words": "Model sad words",
    "model:neglect:0.97": "Reads like neglect",
    "encoder:self_harm:0.91": "The second look: reads like self harm",
    "model:worry": "It reads like a worry",
    "xx-thing": "Xx thing",
    "": "",
}


@pytest.mark.parametrize(("reason", "words"), PLAIN.items())
def test_every_reason_has_words_also_one_that_nobody_thought_of(reason: str, words: str) -> None:
    assert plain(reason) == words


def ask(visitor: Visitor, worry_id: str, reason: str = "acting") -> str:
    visitor.get(f"/staff/worries/{worry_id}")
    answer = visitor.post(f"/staff/worries/{worry_id}/words", {"reason": reason})
    assert answer.status_code == 302
    return str(answer.location)


def test_words_are_waited_for_and_then_shown_once(app: Flask) -> None:
    worry_id, duty = make_worry(app), logged_in(app, "duty")
    where = ask(duty, worry_id)
    with app.app_context():
        row = db.session.scalars(select(OpeningRow)).one()
        assert (row.worry_id, row.alert_id) == (worry_id, None)
    assert duty.get(where).headers["Refresh"] == "2"
    fill_opening(app, ("wellbeing", "i miss <b>my</b> mum"))
    page = text_of(duty.get(where))
    assert "The words of this worry" in page
    assert "i miss <b>my</b> mum" in page
    assert "no longer here" in text_of(duty.get(where))
    assert acts(app)[-2:] == [
        ("asked to read words", f"worry {worry_id}", "I am reading this list"),
        ("read words", f"worry {worry_id}", "asked for with a reason before"),
    ]


def test_a_colleague_cannot_read_what_somebody_else_asked_for_and_no_alert_shows_it(app: Flask) -> None:
    worry_id, alert_id = make_worry(app), make_alert(app)
    duty, colleague = logged_in(app, "duty"), logged_in(app, "lead")
    where = ask(duty, worry_id)
    ask(colleague, worry_id)
    fill_opening(app, ("wellbeing", "i miss my mum"))
    assert "no longer here" in text_of(colleague.get(where))
    assert "no longer here" in text_of(duty.get(where.replace(f"worries/{worry_id}", f"alerts/{alert_id}")))
    assert "i miss my mum" in text_of(duty.get(where))


@pytest.mark.parametrize("reason", ["", "curious"])
def test_nobody_reads_without_one_of_the_reasons(app: Flask, reason: str) -> None:
    worry_id, duty = make_worry(app), logged_in(app, "duty")
    duty.get(f"/staff/worries/{worry_id}")
    assert duty.post(f"/staff/worries/{worry_id}/words", {"reason": reason}).status_code == 400
    with app.app_context():
        assert db.session.scalars(select(OpeningRow)).all() == []


def test_words_that_have_gone_are_not_promised(app: Flask) -> None:
    worry_id, duty = make_worry(app, due_in=-timedelta(days=6), **EMPTY), logged_in(app, "duty")
    page = text_of(duty.get(f"/staff/worries/{worry_id}"))
    assert "Overdue by 6 days" in page
    assert "The words can no longer be opened." in page
    assert "Open the words for me" not in page
    duty.post(f"/staff/worries/{worry_id}/words", {"reason": "acting"})
    assert "The words are no longer kept." in text_of(duty.get(f"/staff/worries/{worry_id}"))
    with app.app_context():
        assert db.session.scalars(select(OpeningRow)).all() == []
    duty.post(f"/staff/worries/{worry_id}/outcome", {"outcome": "passed"})
    assert row_of(app, worry_id).outcome == "passed"


def test_an_outcome_takes_it_off_the_list_and_says_by_whom(app: Flask) -> None:
    worry_id, duty = make_worry(app), logged_in(app, "duty")
    duty.get(f"/staff/worries/{worry_id}")
    answer = duty.post(f"/staff/worries/{worry_id}/outcome", {"outcome": "spoken"})
    assert answer.location == "/staff/alerts/"
    assert "No worries are waiting." in text_of(duty.get("/staff/alerts/"))
    page = text_of(duty.get(f"/staff/worries/{worry_id}"))
    assert "Spoken with them. Person duty" in page
    assert "Say what was done" not in page
    assert acts(app)[-1] == ("recorded an outcome", f"worry {worry_id}", "Spoken with them")
    assert row_of(app, worry_id).sealed_words is None


@pytest.mark.parametrize("outcome", ["", "raised", "police"])
def test_without_a_real_outcome_it_stays(app: Flask, outcome: str) -> None:
    worry_id, duty = make_worry(app), logged_in(app, "duty")
    duty.get(f"/staff/worries/{worry_id}")
    duty.post(f"/staff/worries/{worry_id}/outcome", {"outcome": outcome})
    assert "Choose what was done." in text_of(duty.get(f"/staff/worries/{worry_id}"))
    assert row_of(app, worry_id).state == "open"


@pytest.mark.parametrize("level", ["concern", "immediate"])
def test_an_alert_is_raised_at_once_and_the_duty_worker_lands_on_it(app: Flask, level: str) -> None:
    worry_id, duty = make_worry(app), logged_in(app, "duty")
    duty.get(f"/staff/worries/{worry_id}")
    answer = duty.post(f"/staff/worries/{worry_id}/raise", {"level": level})
    with app.app_context():
        alert = db.session.scalars(select(AlertRow)).one()
        assert (alert.level, alert.state) == (level, "open")
        assert alert.next_action_at == alert.raised_at  # due at once
        assert answer.location == f"/staff/alerts/{alert.id}"
        alert_id = alert.id
    page = text_of(duty.get(str(answer.location)))
    assert "The alert is raised, and the duty contacts are being told." in page
    assert "I am taking this one" in page
    assert re.search(r"Raised from a worry \( ?Person duty", page)
    assert acts(app)[-1] == ("raised an alert", f"worry {worry_id}", f"alert {alert_id}, {level}")
    assert "An alert was raised. Person duty" in text_of(duty.get(f"/staff/worries/{worry_id}"))
    assert "No worries are waiting." in text_of(duty.get("/staff/alerts/"))


@pytest.mark.parametrize("level", ["", "wellbeing", "none"])
def test_no_alert_is_raised_by_accident(app: Flask, level: str) -> None:
    worry_id, duty = make_worry(app), logged_in(app, "duty")
    duty.get(f"/staff/worries/{worry_id}")
    duty.post(f"/staff/worries/{worry_id}/raise", {"level": level})
    assert "Choose how urgent it is." in text_of(duty.get(f"/staff/worries/{worry_id}"))
    assert row_of(app, worry_id).state == "open"


def test_the_second_of_two_is_told_that_a_colleague_was_quicker(app: Flask) -> None:
    worry_id, first, second = make_worry(app), logged_in(app, "duty"), logged_in(app, "lead")
    for visitor in (first, second):
        visitor.get(f"/staff/worries/{worry_id}")
    first.post(f"/staff/worries/{worry_id}/outcome", {"outcome": "known"})
    second.post(f"/staff/worries/{worry_id}/raise", {"level": "immediate"})
    assert "A colleague has dealt with this one already." in text_of(second.get(f"/staff/worries/{worry_id}"))
    second.post(f"/staff/worries/{worry_id}/outcome", {"outcome": "read"})
    assert "A colleague has dealt with this one already." in text_of(second.get(f"/staff/worries/{worry_id}"))
    with app.app_context():
        assert db.session.scalars(select(AlertRow)).all() == []


@pytest.mark.parametrize("what", ["outcome", "raise", "words"])
def test_a_form_from_elsewhere_changes_nothing(app: Flask, what: str) -> None:
    worry_id, duty = make_worry(app), logged_in(app, "duty")
    form = {"outcome": "read", "level": "concern", "reason": "acting", "csrf_token": "made up"}
    assert duty.post(f"/staff/worries/{worry_id}/{what}", form).status_code == 400
    assert row_of(app, worry_id).state == "open"


def test_a_worry_that_is_not_there_is_not_there(app: Flask) -> None:
    duty = logged_in(app, "duty")
    duty.get("/staff/")
    answers = [duty.get("/staff/worries/x"), duty.get("/staff/worries/x/words")]
    for what in ("outcome", "raise", "words"):
        answers.append(duty.post(f"/staff/worries/x/{what}", {"reason": "acting", "level": "concern"}))
    assert {answer.status_code for answer in answers} == {404}


@pytest.mark.parametrize(("minutes", "readable"), [(14, True), (16, False)])
def test_words_wait_a_quarter_of_an_hour(app: Flask, hands: Hands, minutes: int, readable: bool) -> None:
    worry_id, duty = make_worry(app), logged_in(app, "duty")
    where = ask(duty, worry_id)
    fill_opening(app, ("wellbeing", "i miss my mum"))
    hands.ahead += timedelta(minutes=minutes)
    assert ("i miss my mum" in text_of(duty.get(where))) is readable


def test_an_alert_whose_words_could_not_be_brought_over_says_so(app: Flask) -> None:
    alert_id, duty = make_alert(app), logged_in(app, "duty")
    duty.get(f"/staff/alerts/{alert_id}")
    where = duty.post(f"/staff/alerts/{alert_id}/words", {"reason": "acting"}).location
    fill_opening(app)
    assert "There is nothing to show: the words could no longer be opened." in text_of(duty.get(str(where)))
