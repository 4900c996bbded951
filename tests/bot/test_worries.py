"""What nobody is woken for and somebody must read: which texts come onto a list, with what, and by when."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.inbound import SEALED_FOR
from bot.parts import Parts
from conversations import alerts, worries
from conversations.db import db
from conversations.keys import keyed_hash
from conversations.models import AlertRow, AlertWordsRow, ConversationRow
from conversations.staff_models import StaffNumberRow
from conversations.triage_models import WorryRow
from tests.bot.test_web import Visitor
from tests.fakes import Clock
from tests.make import Phone, make_form
from tests.seeds import acknowledge, worker_contacts
from wsgi import create_app

LONELY = "i feel so lonely in my new house"
UKRAINIAN = "мені сьогодні подобається ця розмова ввечері"
HURT = "he hits me every night"


def listed(session: Session) -> list[WorryRow]:
    session.rollback()
    return list(session.scalars(select(WorryRow)))


@pytest.mark.parametrize(
    ("text", "kind", "due"),
    [
        (LONELY, "wellbeing", datetime(2026, 11, 24, 17, tzinfo=UTC)),
        ("im not suicidal", "wellbeing", datetime(2026, 11, 24, 17, tzinfo=UTC)),
        (UKRAINIAN, "same_day", datetime(2026, 11, 23, 21, tzinfo=UTC)),
    ],
)
def test_it_comes_onto_its_list_due_in_time(
    phone: Phone, session: Session, app_parts: Parts, clock: Clock, text: str, kind: str, due: datetime
) -> None:
    phone.says("hi")
    assert phone.says(text)
    (row,) = listed(session)
    assert (row.kind, row.owner, row.channel, row.state, row.due_at) == (kind, "duty", "sms", "open", due)
    assert row.reasons
    assert row.version
    contacts = worker_contacts(app_parts)
    assert contacts.number(row.sealed_contact, "worry", row.id, clock()) == phone.number
    assert session.scalars(select(AlertRow)).all() == []
    assert not row.cannot_be_texted


@pytest.mark.parametrize("text", ["2", "yes", "they asked me what i think", "a lot", "skip", HURT])
def test_ordinary_texts_and_those_that_alert_come_onto_no_list(phone: Phone, session: Session, text: str) -> None:
    phone.says("hi")
    phone.says(text)
    assert listed(session) == []


def test_a_bare_help_is_read_by_somebody_too(phone: Phone, session: Session) -> None:
    phone.says("hi")
    phone.says("HELP")
    assert [row.reasons for row in listed(session)] == [["context:help-alone"]]


def test_the_words_become_a_comment_as_before(phone: Phone, session: Session) -> None:
    phone.says("hi")
    phone.says(UKRAINIAN)
    phone.says(LONELY)
    kept = session.scalars(select(ConversationRow.state)).one()["comments"]
    assert [each["text"] for each in kept] == [UKRAINIAN, LONELY]
    assert len(listed(session)) == 2


def test_a_first_text_that_is_a_worry_is_listed_too(phone: Phone, session: Session) -> None:
    phone.says(LONELY)
    assert len(listed(session)) == 1


def test_a_repeat_is_listed_once(phone: Phone, session: Session) -> None:
    phone.says("hi")
    form = make_form(LONELY, phone.number)
    phone.post(form)
    phone.post(form)
    assert len(listed(session)) == 1


def test_what_goes_to_an_open_alert_needs_no_row_and_after_it_is_closed_it_alerts_anew(
    phone: Phone, session: Session, clock: Clock
) -> None:
    phone.says("hi")
    phone.says(HURT)
    phone.says(LONELY)
    assert listed(session) == []
    alert = session.scalars(select(AlertRow)).one()
    assert len(session.scalars(select(AlertWordsRow)).all()) == 2
    acknowledge(session, alert.id, "Ada", clock())
    alerts.record_outcome(session, alert.id, "Ada", "spoken", clock())
    session.commit()
    phone.says(LONELY)  # after a worry that was told of, the next is one too many for a list
    assert listed(session) == []
    again = session.scalars(select(AlertRow).where(AlertRow.id != alert.id)).one()
    assert "context:second-worry" in again.reasons
    assert session.scalars(select(ConversationRow.alert_id)).one() == again.id


def test_past_the_limit_of_replies_a_worry_is_still_listed(phone: Phone, session: Session) -> None:
    phone.says("hi")
    for _ in range(31):
        phone.says("what do you mean by that question")
    phone.says(LONELY)
    assert len(listed(session)) == 1


def test_past_the_limit_neither_new_danger_nor_help_meets_silence_after_an_alert_that_was_closed(
    phone: Phone, session: Session, clock: Clock
) -> None:
    phone.says("hi")
    phone.says(HURT)
    alert = session.scalars(select(AlertRow)).one()
    acknowledge(session, alert.id, "Ada", clock())
    alerts.record_outcome(session, alert.id, "Ada", "spoken", clock())
    session.commit()
    for _ in range(31):
        phone.says("hello")
        clock.forward(seconds=5)
    assert phone.says("hello") == []
    for text in ("he has a knife outside my door right now", "HELP"):
        (said,) = phone.says(text)
        assert "999" in said
        assert phone.says(text) == []


def test_a_sender_who_cannot_be_answered_is_listed_once_and_says_so(app: Flask, session: Session) -> None:
    shop = Phone(app, number="60777")
    form = make_form(LONELY, shop.number)
    for _ in range(2):
        shop.post(form)
    (row,) = listed(session)
    assert row.cannot_be_texted


@pytest.mark.parametrize(("text", "number"), [(LONELY, 1), ("hello there", 0)])
def test_staff_who_write_are_listed_like_anybody(
    phone: Phone, session: Session, app_parts: Parts, text: str, number: int
) -> None:
    hashed = keyed_hash("staff-number", phone.number, app_parts.settings.record_key)
    session.add(StaffNumberRow(number=hashed))
    session.commit()
    assert phone.says(text) == []
    assert len(listed(session)) == number


def test_the_cover_hours_decide_by_when(make_parts: Callable[..., Parts], sqlite_database_url: str) -> None:
    app = create_app(parts=make_parts(sqlite_database_url, cover_hours="08:00-13:00"))
    for text in ("hi", UKRAINIAN, LONELY):
        Phone(app).says(text)
    with app.app_context():
        due = {row.kind: row.due_at for row in db.session.scalars(select(WorryRow))}
    assert due == {
        "wellbeing": datetime(2026, 11, 24, 13, tzinfo=UTC), "same_day": datetime(2026, 11, 24, 10, tzinfo=UTC),
    }
    with app.app_context():
        db.engine.dispose()


def test_words_live_as_long_as_the_seal_and_no_longer() -> None:
    assert SEALED_FOR == worries.BOX_LIFE == timedelta(days=7)


def test_words_and_number_lie_nowhere_in_the_open(phone: Phone, session: Session, app: Flask) -> None:
    phone.says("hi")
    phone.says(LONELY)
    (row,) = listed(session)
    names = [column.name for column in WorryRow.__table__.columns if not column.name.startswith("sealed")]
    plain = {name: getattr(row, name) for name in names}
    assert not [name for name, value in plain.items() if "lonely" in str(value) or phone.number in str(value)]
    for box in (row.sealed_words, row.sealed_contact):
        assert box
        assert b"lonely" not in box


# --- the web --------------------------------------------------------------------------------------------------------


@pytest.fixture
def visitor(app: Flask) -> Visitor:
    return Visitor(app)


def test_a_worry_on_the_web_has_no_number(visitor: Visitor, session: Session) -> None:
    visitor.starts()
    visitor.says(LONELY)
    (row,) = listed(session)
    assert (row.channel, row.cannot_be_texted, row.sealed_contact) == ("web", True, None)


@pytest.mark.parametrize(
    ("fields", "status", "number"),
    [
        ({"text": LONELY, "csrf_token": "old"}, 400, 1),
        ({"text": "it was fine", "csrf_token": "old"}, 400, 0),
        ({"text": LONELY + " and it goes on" * 200}, 422, 1),
    ],
)
def test_a_text_that_the_page_gives_back_is_listed_all_the_same(
    visitor: Visitor, session: Session, fields: dict[str, Any], status: int, number: int
) -> None:
    visitor.starts()
    answer = visitor.posts(**fields)
    assert answer.status_code == status
    assert "duty worker" not in answer.text
    assert len(listed(session)) == number
