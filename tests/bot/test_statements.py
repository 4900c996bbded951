"""What one message asks of the database, and what it writes by hand for the sake of speed."""

from __future__ import annotations

import dataclasses
import json
import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import phonenumbers
import pytest
from flask import Flask
from sqlalchemy import event, select
from sqlalchemy.orm import Session
from twilio.twiml.messaging_response import MessagingResponse

from bot.channels.sms import _twiml
from bot.identity import BRITISH_MOBILE, can_be_texted
from bot.parts import Parts
from conversations.db import db
from conversations.keys import make_ahead
from conversations.models import ConversationRow
from conversations.sealing import key_name
from conversations.store import state_of, stored
from conversations.values import Comment, RedactedText, State
from tests.fakes import Clock
from tests.make import Phone, make_form

MOST = 5
NOT_COUNTED = ("BEGIN", "COMMIT", "PRAGMA")
A_CONVERSATION = ("2", "4", "they asked me what i think", "3", "yes", "aye", "a lot", "what does that mean", "dunno")


@contextmanager
def counted(app: Flask) -> Iterator[list[str]]:
    """The statements that reach the database meanwhile."""
    statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if not statement.startswith(NOT_COUNTED):
            statements.append(statement)

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(engine, "before_cursor_execute", note)


@pytest.mark.parametrize("place", range(1, len(A_CONVERSATION) + 1))
def test_a_message_within_a_conversation_costs_at_most_five_statements(app: Flask, phone: Phone, place: int) -> None:
    for text in ("hi", *A_CONVERSATION[: place - 1]):
        phone.says(text)
    with counted(app) as statements:
        assert phone.says(A_CONVERSATION[place - 1])
    assert 2 <= len(statements) <= MOST, statements


def test_a_text_that_somebody_must_read_costs_one_statement_more(app: Flask, phone: Phone) -> None:
    for text in ("hi", "2", "4"):
        phone.says(text)
    with counted(app) as statements:
        assert phone.says("i feel so lonely")
    assert len([each for each in statements if each.startswith("INSERT INTO worry")]) == 1
    assert len(statements) <= MOST + 1, statements


def test_a_repeat_writes_nothing_and_costs_at_most_five_statements(app: Flask, phone: Phone) -> None:
    phone.says("hi")
    form = make_form("2", phone.number)
    phone.post(form)
    with counted(app) as statements:
        phone.post(form)
    assert 1 <= len(statements) <= MOST
    assert not [each for each in statements if each.startswith("UPDATE")]


def test_a_message_that_opens_a_conversation_is_counted_too(app: Flask, phone: Phone) -> None:
    with counted(app) as statements:
        phone.says("hi")
    assert MOST < len(statements) <= 10, statements


def test_the_number_is_sealed_once_a_day_and_let_go_at_the_end(
    phone: Phone, session: Session, clock: Clock, app_parts: Parts
) -> None:
    def box() -> bytes | None:
        session.rollback()
        return session.scalars(select(ConversationRow.sealed_contact)).one()

    phone.says("hi")
    first = box()
    phone.says("2")
    assert first is not None
    assert box() == first
    clock.forward(days=1)
    make_ahead(app_parts.settings.keys_dir, app_parts.settings.sealing_dir, clock())
    phone.says("yes")
    later = box()
    assert later is not None
    assert key_name(later) != key_name(first)
    phone.says("STOP")
    assert box() is None


def test_the_end_brings_the_expiry_forward(phone: Phone, session: Session, clock: Clock) -> None:
    phone.says("hi")
    before = session.scalars(select(ConversationRow.expires_at)).one()
    session.rollback()
    phone.says("STOP")
    after = session.scalars(select(ConversationRow.expires_at)).one()
    assert after <= clock() + timedelta(hours=1) < before


def test_a_state_is_stored_as_its_fields_and_comes_back_the_same() -> None:
    said = Comment("free", RedactedText("they asked [name]"), "1" * 32, "box")
    state = State("check-in", "v", "pl", answers={"a": ("1", "2")}, comments=(said,), trail=("a", "b"), tries=1)
    assert stored(state) == dataclasses.asdict(state) | {"comments": [dataclasses.asdict(said)]}
    assert state_of(json.loads(json.dumps(stored(state)))) == state


@pytest.mark.parametrize("text", ["plain", "a & b <i>\"c\" 'd'</i>", "two\nlines\t]]>", "ż ґ ش 😀", ""])
def test_our_twiml_is_what_the_library_writes(app: Flask, text: str) -> None:
    with app.app_context():
        ours = _twiml((text, "and more")).get_data(as_text=True)
    library = MessagingResponse()
    for each in (text, "and more"):
        library.message(each)
    if text:
        assert ours == str(library)
    else:
        assert "<Message></Message><Message>and more</Message>" in ours


def test_a_british_mobile_is_known_without_the_library_and_never_differs_from_it() -> None:
    dice = random.Random(7)
    for number in (f"+447{dice.randrange(10**9):09}" for _ in range(500)):
        kind = phonenumbers.number_type(phonenumbers.parse(number))
        assert kind != phonenumbers.PhoneNumberType.FIXED_LINE
        assert can_be_texted(number)
        assert can_be_texted(f"whatsapp:{number}")


OTHER_NUMBERS = ("+441632960123", "+44770090012", "+4477009001234", "+447700900123\n", "447700900123")


@pytest.mark.parametrize("number", OTHER_NUMBERS)
def test_other_numbers_still_ask_the_library(number: str) -> None:
    assert not BRITISH_MOBILE.fullmatch(number)
