"""A number that a visitor leaves: only a British one, only on an open alert, only the worker reads it."""

from __future__ import annotations

import logging

import pytest
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from bot.numbers import british
from bot.parts import Parts
from conversations import alerts, escalation
from conversations.db import db
from conversations.models import AlertEventRow, AlertRow, AlertWordsRow, ConversationRow
from conversations.script import load_words
from tests.bot.test_web import Visitor
from tests.fakes import Clock
from tests.seeds import acknowledge, worker_contacts

WORRY = "my stepdad hits me every night"
MOBILE, LANDLINE = "07700 900 731", "0131 496 0731"


@pytest.fixture
def database_url(sqlite_database_url: str) -> str:
    """Nothing here depends on the database."""
    return sqlite_database_url


@pytest.fixture
def visitor(app: Flask) -> Visitor:
    """Somebody who has told us a worry on the page."""
    told = Visitor(app)
    told.starts()
    told.says(WORRY, typed="1")
    return told


def alert(session: Session) -> AlertRow:
    session.rollback()
    return session.scalars(select(AlertRow).execution_options(populate_existing=True)).one()


@pytest.mark.parametrize(
    ("text", "mobile"),
    [
        (MOBILE, True), ("07700900731", True), ("+447700900731", True), ("+44 (0)7700 900731", True),
        ("0044 7700 900731", True), ("07700-900-731", True), ("07624 123456", True), (" 07911 123456 ", True),
        ("0131 496 0731", False), ("(020) 7946 0731", False), ("+44 141 496 0731", False), ("01334 49673", False),
    ],
)  # fmt: skip
def test_a_british_mobile_or_landline_is_understood(text: str, mobile: bool) -> None:
    left = british(text)
    assert left is not None
    assert left.mobile == mobile
    assert not [digit for digit in "0123456789" if digit in repr(left.number)]


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "hello", "999", "0800 1111", "07700 900", "07700 900 7311", "770090073", "+48 601 234 567",
        "call me on 07700 900731", "07700 900731 after six", "09011 123456", "0300 123 4567", "070 1234 5678",
        "07600 123456", "+1 202 555 0143", "07700 900731\n07700 900732", "٠٧٧٠٠ ٩٠٠٧٣١", "-------", "+" * 10,
        "1" * 33, "0" * 11,
    ],
)  # fmt: skip
def test_nothing_else_is_a_number_to_call(text: str) -> None:
    assert british(text) is None


@pytest.mark.parametrize(("number", "mobile", "plain"), [
    (MOBILE, True, "+447700900731"), (LANDLINE, False, "+441314960731"),
])  # fmt: skip
def test_a_number_is_sealed_onto_the_alert_for_the_worker_alone(
    visitor: Visitor, session: Session, app_parts: Parts, clock: Clock, number: str, mobile: bool, plain: str
) -> None:
    assert (alert(session).sealed_contact, alert(session).cannot_be_texted) == (None, True)
    answer = visitor.posts("/chat/reach", number=number)
    assert (answer.status_code, answer.location) == (303, "/chat/")
    page = visitor.opens().text
    assert load_words()["en"].line("web.reach_kept") in page
    assert 'id="number"' not in page
    found = alert(session)
    assert worker_contacts(app_parts).number(found.sealed_contact, "alert", found.id, clock()) == plain
    assert found.cannot_be_texted == (not mobile)
    assert [event.what for event in alerts.timeline(session, found.id)].count("left a number") == 1


def test_the_number_is_nowhere_in_the_open(
    visitor: Visitor, session: Session, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        answer = visitor.posts("/chat/reach", number=MOBILE)
        page = visitor.opens()
    session.rollback()
    rows = [str(tuple(row)) for table in ("conversation", "alert", "alert_event", "alert_words", "received")
            for row in session.execute(text(f"SELECT * FROM {table}"))]
    for place in (answer.text, str(answer.headers), page.text, str(page.headers), caplog.text, *rows):
        assert "900731" not in place.replace(" ", "")
    with visitor.client.session_transaction() as cookie:
        assert "900731" not in str(dict(cookie))


def test_a_wrong_number_is_answered_kindly_and_not_kept(visitor: Visitor, session: Session) -> None:
    answer = visitor.posts("/chat/reach", number="07700 900")
    assert answer.status_code == 422
    assert "does not look like a UK phone number" in answer.text
    assert "07700" not in answer.text
    assert 'id="number"' in answer.text
    assert alert(session).sealed_contact is None
    assert len(session.scalars(select(AlertWordsRow)).all()) == 1


def test_words_in_the_field_are_screened_like_every_text(visitor: Visitor, session: Session) -> None:
    answer = visitor.posts("/chat/reach", number="i want to kill myself tonight")
    assert answer.status_code == 422
    assert "kill" not in answer.text
    assert "You did the right thing" in answer.text
    assert alert(session).level == "immediate"
    assert len(session.scalars(select(AlertWordsRow)).all()) == 2


def test_nothing_is_kept_where_no_alert_is_open(app: Flask, session: Session, clock: Clock) -> None:
    calm = Visitor(app)
    assert calm.posts("/chat/reach", number=MOBILE).status_code == 409
    calm.starts()
    answer = calm.posts("/chat/reach", number=MOBILE)
    assert answer.status_code == 409
    assert "could not keep your number" in answer.text
    assert 'id="number"' not in calm.opens().text
    assert session.scalars(select(AlertEventRow)).all() == []


def test_a_closed_alert_takes_no_number(visitor: Visitor, session: Session, clock: Clock) -> None:
    found = alert(session)
    assert acknowledge(session, found.id, "kim", clock())
    assert alerts.record_outcome(session, found.id, "kim", next(iter(escalation.OUTCOMES)), clock())
    session.commit()
    session.close()
    assert visitor.posts("/chat/reach", number=MOBILE).status_code == 409
    assert alert(session).sealed_contact is None
    session.close()
    visitor.opens()
    assert visitor.heading == "Do you want to carry on?"


def test_while_the_alert_is_open_nothing_can_be_started_again(visitor: Visitor, session: Session) -> None:
    visitor.says("", start="check-in")
    assert visitor.heading == "You can tell us more if you want"
    assert "We will not ask you more questions for now" in visitor.bubbles
    session.rollback()
    state = session.scalars(select(ConversationRow.state)).one()
    assert state["alert"]


def test_what_they_said_can_be_deleted_while_the_alert_is_open(visitor: Visitor) -> None:
    visitor.says("delete")
    assert visitor.heading == "Do you want us to delete what you told us here?"
    visitor.says("2")
    assert visitor.heading == "You can tell us more if you want"
    visitor.says("delete")
    visitor.says("1")
    assert "That part stays" in visitor.bubbles


def test_after_a_silence_neither_words_nor_form_are_shown(visitor: Visitor, clock: Clock) -> None:
    clock.forward(minutes=31)
    page = visitor.opens().text
    assert visitor.heading == "Do you want to carry on?"
    assert 'id="number"' not in page
    assert "duty worker" not in page
    visitor.says("1")
    assert visitor.heading == "You can tell us more if you want"


def test_when_the_store_is_down_it_says_so(app: Flask, visitor: Visitor) -> None:
    with app.app_context():
        db.session.execute(text("ALTER TABLE conversation RENAME TO gone"))
        db.session.commit()
    answer = visitor.posts("/chat/reach", number=MOBILE)
    assert answer.status_code == 503
    assert "could not keep your number" in answer.text
    assert "0800 1111" in answer.text
    assert "900" not in answer.text.split("<main", 1)[1]


@pytest.mark.parametrize("language", sorted(load_words()))
def test_the_form_speaks_every_language(visitor: Visitor, language: str) -> None:
    page = visitor.says(load_words()[language].line("language.name"))
    for key in ("web.reach_why", "web.reach_label", "web.reach_send", "web.resting"):
        assert load_words()[language].line(key).replace("'", "&#39;") in page, key


def test_the_supportive_question_has_three_buttons(app: Flask, session: Session) -> None:
    sad = Visitor(app)
    sad.starts()
    page = sad.says("im really sad all the time", typed="1")
    assert sad.heading == "Are you safe right now?"
    assert [label for label in ("I am safe", "I am not safe", "I want someone to talk to me") if label in page]
    assert "A worker will read this" in sad.bubbles
    sad.says("2")
    assert alert(session).level == "immediate"
    assert "context:not-safe" in alert(session).reasons
    assert sad.heading == "You can tell us more if you want"


def test_a_tap_on_the_question_before_does_not_answer_it(app: Flask, session: Session) -> None:
    sad = Visitor(app)
    sad.starts()
    old = sad.seen
    sad.says("im really sad all the time", typed="1")
    sad.seen = old
    assert sad.posts(text="2").status_code == 303
    sad.opens()
    assert sad.heading == "Are you safe right now?"
    assert session.scalars(select(AlertRow)).all() == []
