"""Writing to a young person from the alert: what may be chosen, what is given back, and what became of it."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from conversations import alerts, keys, relays
from conversations.db import db
from conversations.duty_models import RelayRow
from conversations.models import AlertRow
from conversations.staff_models import AuditRow
from conversations.values import Level
from tests.admin.app import Hands, Visitor, close, logged_in, make_alert, make_app, make_person, text_of
from tests.admin.test_staff_browser import SIZES, log_in, look
from tests.browser import OpenContext, serving

OPEN = "I am the duty worker. Are you safe?"


@pytest.fixture
def app(database_url: str, hands: Hands, tmp_path: Path) -> Iterator[Flask]:
    """The staff side with keys to seal to."""
    keys.make_ahead(tmp_path / "keys", tmp_path / "sealing", datetime.now(UTC))
    made = make_app(database_url, hands, sealing_dir=tmp_path / "sealing")
    yield made
    close(made)


def change(app: Flask, alert_id: str, **values: Any) -> None:
    with app.app_context():
        for name, value in values.items():
            setattr(db.session.get_one(AlertRow, alert_id), name, value)
        db.session.commit()


def rows(app: Flask) -> list[tuple[str, str | None, str | None]]:
    with app.app_context():
        wanted = select(RelayRow.state, RelayRow.template, RelayRow.unasked_reason).order_by(RelayRow.written_at)
        return [tuple(row) for row in db.session.execute(wanted)]


def send(duty: Visitor, alert_id: str, **form: str) -> str:
    path = f"/staff/alerts/{alert_id}/messages"
    duty.get(path)
    answer = duty.post(path, {"once": secrets.token_hex(16), "template": "", "words": "", "reason": ""} | form)
    return text_of(duty.get(path) if answer.status_code == 302 else answer)


def test_own_words_wait_for_a_yes_sealed_and_are_in_the_history_without_content(app: Flask) -> None:
    alert_id, duty = make_alert(app), logged_in(app, "duty")
    page = send(duty, alert_id, words=OPEN)
    assert "It is kept and goes when they say that it is OK to text." in page
    assert "Waits for them to say that it is OK to text" in page
    assert rows(app) == [("waiting", None, None)]
    with app.app_context():
        sealed = db.session.scalars(select(RelayRow.sealed_words)).one()
        lines = [f"{each.what} {each.detail}" for each in alerts.timeline(db.session(), alert_id)]
        audited = [f"{each.what} {each.why}" for each in db.session.scalars(select(AuditRow))]
    assert b"safe" not in sealed
    assert "message waits for a yes own words" in lines
    assert "wrote to the young person " in audited
    assert not [line for line in (*lines, *audited) if OPEN in line]


def test_a_wording_goes_with_the_first_name_alone(app: Flask) -> None:
    alert_id, duty = make_alert(app), logged_in(app, "duty")
    change(app, alert_id, ok_to_text=True)
    page = send(duty, alert_id, template="safe")
    assert "It is going out now." in page
    assert "Hi, I am Person, a duty worker." in page
    assert rows(app) == [("due", "safe", None)]


@pytest.mark.parametrize(("changes", "form", "why_not"), [
    ({}, {}, "Write something"),
    ({}, {"words": OPEN, "reason": "danger"}, "Leave out: duty, worker, safe"),
    ({}, {"words": "Hi", "reason": "made up"}, "Choose one of the reasons"),
    ({}, {"words": "a" * 310}, "This is too long"),
    ({}, {"template": "again"}, "Say when you will text again"),
    ({}, {"template": "again", "at": "25:00"}, "Say when you will text again"),
    ({}, {"words": "Hi", "once": "x"}, "Try again"),
    ({"ok_to_text": False}, {"words": "Hi"}, "They said: do not text here"),
    ({"sealed_contact": None}, {"words": "Hi", "reason": "danger"}, "They cannot be written to"),
    ({"cannot_be_texted": True}, {"words": "Hi", "reason": "danger"}, "They cannot be written to"),
])
def test_what_may_not_go_is_given_back_with_the_reason_and_not_kept(
    app: Flask, changes: dict[str, Any], form: dict[str, str], why_not: str
) -> None:
    alert_id, duty = make_alert(app), logged_in(app, "duty")
    change(app, alert_id, **changes)
    page = send(duty, alert_id, **form)
    assert why_not in page
    assert rows(app) == []
    assert form.get("words", "") in page


def test_what_they_said_of_it_is_plain(app: Flask) -> None:
    alert_id, duty = make_alert(app), logged_in(app, "duty")
    path = f"/staff/alerts/{alert_id}"
    assert "They have not said whether it is OK to text here." in text_of(duty.get(path))
    change(app, alert_id, ok_to_text=False)
    assert "They said: do not text here." in text_of(duty.get(path))
    change(app, alert_id, ok_to_text=True, safe_times="evenings,not_weekends")
    page = text_of(duty.get(path))
    assert "They said: it is OK to text me here." in page
    assert "Safe times: evenings, not at weekends." in page


@pytest.mark.parametrize(("code", "told"), [
    ("21610", "They have stopped texts from us: 21610, at "),
    ("stop", "They sent STOP, at "),
    ("landline", "Their number takes no texts: it is a landline, a name or a short code, at "),
    ("39999", "The provider refused it: 39999, at "),
])
def test_b31_the_alert_says_plainly_why_and_when_they_cannot_be_texted(app: Flask, code: str, told: str) -> None:
    alert_id, duty = make_alert(app), logged_in(app, "duty")
    assert "Cannot be texted" not in text_of(duty.get("/staff/alerts/"))
    with app.app_context():
        relays.cut_off(db.session(), alert_id, code, datetime(2026, 11, 23, 3, 12, tzinfo=UTC))
        db.session.commit()
    for path in ("/staff/alerts/", f"/staff/alerts/{alert_id}", f"/staff/alerts/{alert_id}/messages"):
        assert f"{told}03:12, Monday 23 November." in text_of(duty.get(path)), path
    assert "Send it" not in text_of(duty.get(f"/staff/alerts/{alert_id}/messages"))


def test_a_lost_message_is_seen_on_the_alert_at_once(app: Flask) -> None:
    alert_id, duty = make_alert(app), logged_in(app, "duty")
    send(duty, alert_id, template="hello", reason="danger")
    with app.app_context():
        row = db.session.scalars(select(RelayRow)).one()
        row.state, row.provider_status, row.error = "sent", "undelivered", "30003"
        db.session.commit()
    for path in (f"/staff/alerts/{alert_id}", f"/staff/alerts/{alert_id}/messages"):
        assert "Did not arrive: 30003" in text_of(duty.get(path))


def test_a_closed_alert_takes_no_message(app: Flask) -> None:
    alert_id, duty = make_alert(app), logged_in(app, "duty")
    change(app, alert_id, state="closed", outcome="spoken", next_action_at=None)
    page = send(duty, alert_id, words="Hi you")
    assert "This alert is closed" in page
    assert "Hi you" in page
    assert rows(app) == []


def test_without_a_key_nothing_is_kept_and_the_words_are_given_back(app: Flask, hands: Hands) -> None:
    alert_id, duty = make_alert(app), logged_in(app, "duty")
    for path in app.extensions["heard_staff"].settings.sealing_dir.glob("day-*"):
        path.unlink()
    page = send(duty, alert_id, words="Hi you")
    assert "It cannot be sealed" in page
    assert "Hi you" in page
    assert rows(app) == []


@pytest.mark.parametrize("role", ["viewer", "reviewer", "admin"])
def test_only_duty_may_write(app: Flask, role: str) -> None:
    alert_id = make_alert(app)
    assert logged_in(app, role).get(f"/staff/alerts/{alert_id}/messages").status_code == 403


def test_an_alert_that_is_not_there_is_not_found(app: Flask) -> None:
    assert logged_in(app, "duty").get("/staff/alerts/none/messages").status_code == 404


@pytest.mark.parametrize("size", SIZES)
def test_b44_a_message_is_written_and_refused_without_javascript(
    sqlite_database_url: str, tmp_path: Path, open_context: OpenContext, size: str
) -> None:
    keys.make_ahead(tmp_path / "keys", tmp_path / "sealing", datetime.now(UTC))
    app = make_app(sqlite_database_url, sealing_dir=tmp_path / "sealing")
    alert_id = make_alert(app, Level.IMMEDIATE)
    email = make_person(app, "duty", email="lorna@heard.example", name="Lorna Lead")
    page = open_context(**SIZES[size], java_script_enabled=False).new_page()
    pictured = open_context(**SIZES[size]).new_page()
    with serving(app) as address:
        for each in (page, pictured):
            log_in(each, (app, address, email))
            each.goto(f"{address}/staff/alerts/{alert_id}")
        look(pictured, size, "30-alert-with-writing")
        page.get_by_role("link", name="Write to the young person").click()
        page.get_by_label("My own words").last.fill(OPEN)
        page.get_by_text("They may be in immediate danger").click()
        page.get_by_role("button", name="Send it").click()
        page.get_by_text("Leave out: duty, worker, safe").wait_for()
        page.get_by_text("It can wait until they say yes").click()
        page.get_by_role("button", name="Send it").click()
        page.get_by_text("It is kept and goes when they say").wait_for()
        page.get_by_text("Ask whether it is OK to text").first.click()
        page.get_by_role("button", name="Send it").click()
        page.get_by_text("It is going out now.").wait_for()
        pictured.goto(page.url)
        look(pictured, size, "31-writing")
        pictured.get_by_role("button", name="Send it").click()
        look(pictured, size, "32-writing-refused")
    assert [state for state, *_ in rows(app)] == ["waiting", "due"]
    close(app)
