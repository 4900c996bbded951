"""An alert in a duty worker's hands, on the pages: the report, the handover, taking over, joining, opening again."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from admin.accounts import Staff
from admin.chronology import clock_of
from conversations import keys
from conversations.db import db
from conversations.duty_models import HandoverRow, ReportRow
from conversations.models import AlertRow, AttemptRow
from conversations.outcomes import EVERYBODY
from conversations.reporting import QUESTIONS
from conversations.values import Level
from tests.admin.app import Hands, Visitor, close, logged_in, make_alert, make_app, make_handover, text_of
from tests.admin.test_alerts import acts, change

WHOLE = {
    "outcome": "social_work",
    "where_now": "home",
    "safe_now": "for_now",
    "told": ["police", "worker"],
    "young_person_told": "yes",
    "next_step": "social_work",
    "notes": "He is at his gran's. <b>Back</b> on Monday.",
}


@pytest.fixture
def app(database_url: str, hands: Hands, tmp_path: Path) -> Iterator[Flask]:
    """The staff side, on SQLite and on PostgreSQL, with keys to seal to."""
    keys.make_ahead(tmp_path / "keys", tmp_path / "sealing", datetime.now(UTC))
    made = make_app(database_url, hands, sealing_dir=tmp_path / "sealing")
    yield made
    close(made)


@pytest.fixture
def sqlite_app(sqlite_database_url: str, hands: Hands, tmp_path: Path) -> Iterator[Flask]:
    """The same, where the database makes no difference."""
    keys.make_ahead(tmp_path / "keys", tmp_path / "sealing", datetime.now(UTC))
    made = make_app(sqlite_database_url, hands, sealing_dir=tmp_path / "sealing")
    yield made
    close(made)


def row(app: Flask, alert_id: str) -> AlertRow:
    with app.app_context():
        return db.session.get_one(AlertRow, alert_id)


def take(app: Flask, alert_id: str = "", *roles: str) -> tuple[str, Visitor]:
    """An alert, and the duty worker who has it."""
    alert_id, duty = alert_id or make_alert(app), logged_in(app, *(roles or ("duty",)))
    duty.get("/staff/alerts/")
    duty.post(f"/staff/alerts/{alert_id}/acknowledge")
    return alert_id, duty


def said(visitor: Visitor, alert_id: str) -> str:
    return text_of(visitor.get(f"/staff/alerts/{alert_id}"))


def test_a_report_closes_it_and_everybody_reads_what_was_done(app: Flask) -> None:
    alert_id, duty = take(app)
    assert "Where is the young person now?" in text_of(duty.get(f"/staff/alerts/{alert_id}/outcome"))
    assert duty.post(f"/staff/alerts/{alert_id}/outcome", WHOLE).location == "/staff/alerts/"
    assert acts(app)[-1] == ("recorded an outcome", f"alert {alert_id}")
    page = said(logged_in(app, "lead"), alert_id)
    assert "Outcome: Passed to social work" in page
    assert re.search(r"Who else has been told\? Police, Their own worker", page)
    assert re.search(r"Raised.*Acknowledged.*Outcome: Passed to social work \( ?Person duty", page)
    assert "gran" not in page
    with app.app_context():
        assert b"gran" not in (db.session.scalars(select(ReportRow.sealed_notes)).one() or b"")


def test_every_missing_answer_is_named_at_once_and_nothing_typed_is_lost(sqlite_app: Flask) -> None:
    alert_id, duty = take(sqlite_app)
    answer = duty.post(f"/staff/alerts/{alert_id}/outcome", {"notes": "<b>what</b> I know", "safe_now": "no"})
    assert answer.status_code == 422
    page, words = answer.get_data(as_text=True), text_of(answer)
    assert "5 answers are missing or do not fit" in words
    for name, question in QUESTIONS.items():
        assert (question.missing in words) is (name != "safe_now")
        assert (f'href="#{name}"' in page) is (name != "safe_now")
        assert f'id="{name}"' in page
    assert unescape(page).count("<b>what</b> I know") == 1
    assert "<b>what</b>" not in page
    assert re.search(r'value="no" checked', page)
    assert row(sqlite_app, alert_id).state == "acknowledged"


def test_each_answer_that_was_given_is_still_chosen_when_one_is_missing(sqlite_app: Flask) -> None:
    alert_id, duty = take(sqlite_app)
    page = duty.post(f"/staff/alerts/{alert_id}/outcome", WHOLE | {"next_step": ""}).get_data(as_text=True)
    chosen = set(re.findall(r'name="(\w+)" value="(\w+)" checked', page))
    kept = {(name, each) for name in QUESTIONS for each in [WHOLE[name]] if isinstance(each, str)}
    assert chosen == kept - {("next_step", "social_work")} | {("told", "police"), ("told", "worker")}


def test_a_note_that_cannot_be_sealed_is_not_lost_and_closes_nothing(
    sqlite_app: Flask, tmp_path: Path
) -> None:
    for key in (tmp_path / "sealing").glob("day-*"):
        key.unlink()
    alert_id, duty = take(sqlite_app)
    answer = duty.post(f"/staff/alerts/{alert_id}/outcome", WHOLE)
    assert answer.status_code == 503
    assert "We cannot keep this safely just now" in text_of(answer)
    assert "Back</b> on Monday." in unescape(answer.get_data(as_text=True))
    assert row(sqlite_app, alert_id).state == "acknowledged"


def test_a_false_alarm_leads_to_the_mark(sqlite_app: Flask) -> None:
    alert_id, duty = take(sqlite_app)
    answer = duty.post(f"/staff/alerts/{alert_id}/outcome", WHOLE | {"outcome": "false_alarm"})
    assert answer.location == f"/staff/alerts/{alert_id}#mark"
    assert re.search(r'id="mark" open', duty.get(f"/staff/alerts/{alert_id}").get_data(as_text=True))


@pytest.mark.parametrize("state", ["open", "a colleague's", "closed"])
def test_nobody_closes_what_is_not_theirs(app: Flask, state: str) -> None:
    alert_id, other = take(app) if state != "open" else (make_alert(app), logged_in(app, "duty"))
    if state == "closed":
        other.post(f"/staff/alerts/{alert_id}/outcome", WHOLE)
    before, me = row(app, alert_id).state, logged_in(app, "lead")
    assert me.get(f"/staff/alerts/{alert_id}/outcome").location == f"/staff/alerts/{alert_id}"
    me.get(f"/staff/alerts/{alert_id}")
    answer = me.post(f"/staff/alerts/{alert_id}/outcome", WHOLE)
    assert answer.status_code == 409
    assert "This alert is not yours any more" in text_of(answer)
    assert row(app, alert_id).state == before
    with app.app_context():
        assert len(db.session.scalars(select(ReportRow)).all()) == (state == "closed")


def begin_anew(app: Flask, alert_id: str) -> None:
    """What Heard does when no outcome comes in time: nobody has it any more."""
    anew = {"state": "open", "acknowledged_at": None, "acknowledged_by": None, "owner_id": None}
    change(app, alert_id, **anew, next_action_at=datetime.now(UTC))


def test_a_report_whose_alert_was_opened_again_is_given_back_taken_again_and_recorded(app: Flask) -> None:
    alert_id, duty = take(app)
    duty.get(f"/staff/alerts/{alert_id}/outcome")
    begin_anew(app, alert_id)
    for path, status in (("outcome", 409), ("outcome/take", 200)):
        answer = duty.post(f"/staff/alerts/{alert_id}/{path}", WHOLE)
        page = unescape(answer.get_data(as_text=True))
        assert answer.status_code == status
        assert page.count("He is at his gran's. <b>Back</b> on Monday.") == 1
        chosen = set(re.findall(r'name="(\w+)" value="(\w+)" checked', page))
        assert chosen >= {("told", "police"), ("told", "worker"), ("outcome", "social_work"), ("where_now", "home")}
        assert ("Take it again and keep what I typed" in page) is (status == 409)
    assert ("acknowledged", f"alert {alert_id}") in acts(app)
    assert duty.post(f"/staff/alerts/{alert_id}/outcome", WHOLE).location == "/staff/alerts/"
    assert row(app, alert_id).state == "closed"


def test_a_handover_whose_alert_was_opened_again_is_given_back_taken_again_and_noted(app: Flask) -> None:
    alert_id, duty = take(app)
    duty.get(f"/staff/alerts/{alert_id}/handover")
    begin_anew(app, alert_id)
    form = {"partner": "Women's Aid", "notes": "gran knows"}
    for path, status in (("handover", 409), ("handover/take", 200)):
        answer = duty.post(f"/staff/alerts/{alert_id}/{path}", form)
        assert answer.status_code == status
        assert "gran knows" in text_of(answer)
        assert 'value="Women&#39;s Aid"' in answer.get_data(as_text=True)
        assert ("Take it again and keep what I typed" in text_of(answer)) is (status == 409)
    assert duty.post(f"/staff/alerts/{alert_id}/handover", form).location == f"/staff/alerts/{alert_id}/handover"
    again = duty.post(f"/staff/alerts/{alert_id}/handover", form)
    assert again.status_code == 409
    assert "were asked already" in text_of(again)
    assert "gran knows" in text_of(again)


@pytest.mark.parametrize("form", ["outcome", "handover"])
def test_what_a_colleague_was_quicker_to_take_is_not_taken_from_them(sqlite_app: Flask, form: str) -> None:
    alert_id, _ = take(sqlite_app)
    late = logged_in(sqlite_app, "duty")
    late.get("/staff/alerts/")
    answer = late.post(f"/staff/alerts/{alert_id}/{form}/take", WHOLE | {"partner": "x"})
    assert answer.status_code == 409
    assert "Look at it in a new tab : there you can take it over." in text_of(answer)
    assert "He is at his gran" in text_of(answer)
    assert "Take it again" not in text_of(answer)


IDLE = timedelta(minutes=31)
LATE_FORMS = [
    ("outcome", WHOLE, "He is at his gran's. <b>Back</b> on Monday."),
    ("handover", {"partner": "Women's Aid", "notes": "<i>Gran</i> knows"}, "<i>Gran</i> knows"),
    ("messages", {"once": "0" * 32, "template": "", "words": "<i>Hi</i> there", "reason": ""}, "<i>Hi</i> there"),
]


def typed_again(page: str) -> dict[str, list[str]]:
    """What the page would send with its second button."""
    form = page.partition('<form class="step"')[2].partition("</form>")[0]
    found = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form)
    found += re.findall(r'<textarea [^>]*name="(\w+)"[^>]*>([^<]*)</textarea>', form)
    names = dict.fromkeys(name for name, _ in found)
    return {name: [unescape(value) for each, value in found if each == name] for name in names}


@pytest.mark.parametrize(("path", "form", "words"), LATE_FORMS)
def test_what_was_typed_outlives_the_session_and_is_sent_again_after_logging_in(
    app: Flask, hands: Hands, path: str, form: dict[str, Any], words: str
) -> None:
    alert_id, duty = take(app)
    change(app, alert_id, ok_to_text=True)
    address = f"/staff/alerts/{alert_id}/{path}"
    duty.get(address)
    hands.ahead += IDLE
    answer = duty.post(address, form | {"code": "123456", "password": "hidden away"})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 400
    assert answer.headers["Cache-Control"] == "no-store"
    assert unescape(page).count(words) == 1
    assert words not in page
    assert "123456" not in page
    assert "hidden away" not in page
    kept = typed_again(page)
    assert {name: kept[name] for name in form} == {
        name: value if isinstance(value, list) else [value] for name, value in form.items()
    }
    assert duty.post(address, kept).status_code == 401, "not logged in yet"
    assert typed_again(duty.post(address, kept).get_data(as_text=True)) | kept == kept
    with app.app_context():
        email = db.session.scalars(select(Staff.email)).one()
    duty.log_in(email, steps=1)
    assert duty.post(address, kept).status_code == 302


def test_what_a_page_of_a_stranger_sends_is_not_shown(sqlite_app: Flask) -> None:
    visitor, form = Visitor(sqlite_app), {"notes": "Ring this number", "csrf_token": ""}
    for origin, shown in (("https://stranger.example", False), ("null", False), ("http://localhost", True)):
        answer = visitor.post("/staff/alerts/x/outcome", form, headers={"Origin": origin})
        assert answer.status_code == 400
        assert ("Ring this number" in text_of(answer)) is shown


def test_a_form_that_is_not_named_is_never_shown(sqlite_app: Flask) -> None:
    for path in ("change", "people/", "alerts/x/number", "login"):
        answer = Visitor(sqlite_app).post(f"/staff/{path}", {"notes": "secret", "password": "secret", "code": "secret"})
        assert answer.status_code == 400
        assert "secret" not in answer.get_data(as_text=True)


def test_a_report_is_given_back_when_it_could_not_be_kept(sqlite_app: Flask) -> None:
    alert_id, duty = take(sqlite_app)
    with sqlite_app.app_context():
        ReportRow.__table__.drop(db.engine)  # type: ignore[attr-defined]
    answer = duty.post(f"/staff/alerts/{alert_id}/outcome", WHOLE)
    assert answer.status_code == 500
    assert "He is at his gran's." in text_of(answer)


def test_a_handover_needs_a_receipt_before_it_closes_as_one(app: Flask) -> None:
    alert_id, duty = take(app)
    handover_page = f"/staff/alerts/{alert_id}/handover"
    duty.get(handover_page)
    assert duty.post(handover_page, {"partner": "Women's Aid", "notes": "gran knows"}).location == handover_page
    assert "They have yet to say that they have it." in said(duty, alert_id)
    closing = WHOLE | {"outcome": "partner", "next_step": "partner"}
    refused = duty.post(f"/staff/alerts/{alert_id}/outcome", closing)
    assert "Record first who at the partner agency has it" in text_of(refused)
    assert row(app, alert_id).next_action_at is not None
    with app.app_context():
        handed = db.session.scalars(select(HandoverRow)).one()
        assert b"gran" not in (handed.sealed_notes or b"")
    assert f'value="{now_here()}"' in duty.get(handover_page).get_data(as_text=True)
    receipt = {"received_by": "Kim Reid", "at": now_here()}
    duty.post(f"/staff/alerts/handovers/{handed.id}/receipt", receipt)
    assert "Kim Reid at Women's Aid has had this alert since" in said(duty, alert_id)
    assert duty.post(f"/staff/alerts/{alert_id}/outcome", closing).location == "/staff/alerts/"
    assert {"handed over", "recorded a receipt"} <= {what for what, _ in acts(app)}
    duty.post(f"/staff/alerts/{alert_id}/reopen", {"reason": "news"})
    assert "before it began anew. That no longer counts: to pass it to them" in said(duty, alert_id)
    assert "Kim Reid had it from" in text_of(duty.get(handover_page))


def test_a_colleague_may_hear_the_receipt_and_nobody_records_it_twice(app: Flask) -> None:
    alert_id, _ = take(app)
    handover_id, other = make_handover(app, alert_id), logged_in(app, "lead")
    page = text_of(other.get(f"/staff/alerts/{alert_id}/handover"))
    assert "Who there has it?" in page
    assert "Ask another agency" not in page
    for name in ("Kim", "Lee"):
        receipt = {"received_by": name, "at": now_here()}
        other.post(f"/staff/alerts/handovers/{handover_id}/receipt", receipt)
    assert "A colleague has recorded this already." in said(other, alert_id)
    with app.app_context():
        assert db.session.scalars(select(HandoverRow.received_by)).one() == "Kim"


def now_here() -> str:
    return clock_of(datetime.now(UTC))


@pytest.mark.parametrize(
    ("form", "fault"),
    [
        ({"received_by": "", "at": "00:00"}, "Say who at the agency has it."),
        ({"received_by": "x" * 65, "at": "00:00"}, "Say who at the agency has it."),
        ({"received_by": "Kim", "at": ""}, "Say when, like 03:25."),
        ({"received_by": "Kim", "at": "soon"}, "Say when, like 03:25."),
        ({"received_by": "Kim", "at": "before"}, "That was before it was handed over."),
    ],
)
def test_a_receipt_that_cannot_be_is_refused_and_kept_in_the_form(
    sqlite_app: Flask, form: dict[str, str], fault: str
) -> None:
    alert_id, duty = take(sqlite_app)
    handover_id = make_handover(sqlite_app, alert_id)
    if form["at"] == "before":
        form = form | {"at": earlier(now_here())}
    duty.get(f"/staff/alerts/{alert_id}")
    answer = duty.post(f"/staff/alerts/handovers/{handover_id}/receipt", form)
    assert answer.status_code == 422
    assert fault in text_of(answer)
    assert f'value="{form["received_by"]}"' in answer.get_data(as_text=True)
    with sqlite_app.app_context():
        assert db.session.scalars(select(HandoverRow.received_at)).one() is None


def earlier(clock: str) -> str:
    hours, minutes = map(int, clock.split(":"))
    return f"{(hours * 60 + minutes - 10) // 60 % 24:02}:{(minutes - 10) % 60:02}"


@pytest.mark.parametrize("partner", ["", "x" * 65, "Somebody Else"])
def test_only_a_named_agency_is_handed_to_where_the_settings_name_them(
    sqlite_database_url: str, hands: Hands, partner: str
) -> None:
    app = make_app(sqlite_database_url, hands, partners=("Women's Aid", "Barnardo's"))
    alert_id, duty = take(app)
    page = duty.get(f"/staff/alerts/{alert_id}/handover").get_data(as_text=True)
    assert all(f'value="{name}"' in unescape(page) for name in ("Women's Aid", "Barnardo's"))
    answer = duty.post(f"/staff/alerts/{alert_id}/handover", {"partner": partner})
    assert answer.status_code == 422
    duty.post(f"/staff/alerts/{alert_id}/handover", {"partner": "Barnardo's"})
    with app.app_context():
        assert db.session.scalars(select(HandoverRow.partner)).all() == ["Barnardo's"]
    close(app)


def test_a_handover_note_that_is_wrong_keeps_what_was_typed(sqlite_app: Flask) -> None:
    alert_id, duty = take(sqlite_app)
    duty.get(f"/staff/alerts/{alert_id}")
    answer = duty.post(f"/staff/alerts/{alert_id}/handover", {"partner": "", "notes": "I told them all"})
    assert answer.status_code == 422
    assert "I told them all" in text_of(answer)


def test_taking_over_needs_a_reason_and_both_are_in_the_history(app: Flask) -> None:
    alert_id, first = take(app)
    second = logged_in(app, "lead")
    assert "Why do you take it over?" in said(second, alert_id)
    second.post(f"/staff/alerts/{alert_id}/take-over", {"reason": "because"})
    assert "Choose why you take it over." in said(second, alert_id)
    second.post(f"/staff/alerts/{alert_id}/take-over", {"reason": "silent"})
    page = said(second, alert_id)
    assert "You have this alert now." in page
    assert re.search(r"Taken over: from Person duty-\w+: They do not answer and it cannot wait \( ?Person lead", page)
    assert re.search(r"Person lead-\w+ has this alert\.", said(first, alert_id))
    first.post(f"/staff/alerts/{alert_id}/outcome", WHOLE)
    assert row(app, alert_id).state == "acknowledged"
    assert ("took over", f"alert {alert_id}") in acts(app)


def test_a_closed_alert_opens_again_with_a_reason(app: Flask) -> None:
    alert_id, duty = take(app)
    duty.post(f"/staff/alerts/{alert_id}/reopen", {"reason": "news"})
    assert "not yours any more" in said(duty, alert_id)
    duty.post(f"/staff/alerts/{alert_id}/outcome", WHOLE)
    duty.get(f"/staff/alerts/{alert_id}")
    duty.post(f"/staff/alerts/{alert_id}/reopen", {"reason": ""})
    assert "Choose why it must be opened again." in said(duty, alert_id)
    duty.post(f"/staff/alerts/{alert_id}/reopen", {"reason": "news"})
    page = said(duty, alert_id)
    assert "It is open again" in page
    assert "Duty workers are being told now." in page
    assert "What was reported" in page


def test_everybody_is_told_at_once_by_a_button(app: Flask) -> None:
    alert_id, duty = make_alert(app), logged_in(app, "duty")
    duty.get(f"/staff/alerts/{alert_id}")
    duty.post(f"/staff/alerts/{alert_id}/everybody")
    page = said(duty, alert_id)
    assert "Everybody on duty and the safeguarding lead are being told now." in page
    assert "Duty workers are being told now." in page
    assert row(app, alert_id).step == EVERYBODY


def test_two_alerts_of_one_young_person_become_one(app: Flask) -> None:
    older = make_alert(app, Level.CONCERN, ago=timedelta(minutes=30))
    younger, duty = take(app, make_alert(app, Level.IMMEDIATE))
    assert f'value="{older}"' in duty.get(f"/staff/alerts/{younger}").get_data(as_text=True)
    duty.post(f"/staff/alerts/{younger}/merge", {"other": ""})
    assert "Choose the other alert" in said(duty, younger)
    assert duty.post(f"/staff/alerts/{younger}/merge", {"other": older}).location == f"/staff/alerts/{older}"
    page = said(duty, older)
    assert f"Joined to this one, and read together with it: alert {row(app, younger).reference}" in page
    assert f"Joined by: alert {row(app, younger).reference}" in page
    assert "Immediate" in page
    assert f"Go to alert {row(app, older).reference}" in said(duty, younger)
    assert "Joined to another alert" in text_of(duty.get("/staff/alerts/"))


@pytest.mark.parametrize("what", ["outcome", "handover", "take-over", "reopen", "everybody", "merge"])
def test_a_form_from_elsewhere_changes_nothing(sqlite_app: Flask, what: str) -> None:
    alert_id, duty = take(sqlite_app)
    form = WHOLE | {"csrf_token": "made up", "partner": "x", "reason": "news", "other": make_alert(sqlite_app)}
    assert duty.post(f"/staff/alerts/{alert_id}/{what}", form).status_code == 400
    assert row(sqlite_app, alert_id).state == "acknowledged"


def test_the_chronology_has_every_line_and_no_button(sqlite_app: Flask) -> None:
    alert_id, duty = take(sqlite_app)
    with sqlite_app.app_context():
        told = {"id": "a", "alert_id": alert_id, "way": "voice", "person_id": 1, "tries": 1, "state": "sent"}
        moment = datetime.now(UTC)
        db.session.add(AttemptRow(**told, due_at=moment, sent_at=moment, provider_status="no-answer"))
        db.session.commit()
    duty.post(f"/staff/alerts/{alert_id}/outcome", WHOLE)
    page = duty.get(f"/staff/alerts/{alert_id}/chronology")
    words = text_of(page)
    assert re.search(r"Raised.*Acknowledged.*Phone call to Person duty-\w+ nobody picked up.*Outcome", words)
    assert "Who else has been told? Police, Their own worker" in words
    assert "<button" not in page.get_data(as_text=True).partition("<main")[2]


def test_a_drill_is_closed_like_a_real_one(sqlite_app: Flask) -> None:
    alert_id, duty = take(sqlite_app)
    change(sqlite_app, alert_id, drill=True)
    assert "This is a drill." in said(duty, alert_id)
    assert duty.get(f"/staff/alerts/{alert_id}/outcome").status_code == 200
