"""A turn is found under last week's key and under the words it began with; two people never meet."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from bot.parts import Parts, named
from conversations import keys, retention, store
from conversations.models import ClosedDraftRow, ConversationRow, ReceivedRow, ResponseRow, ScriptVersionRow
from conversations.script.values import Script, versioned
from tests.fakes import Clock
from tests.make import Phone, make_form, texts_of
from tests.seeds import own_session
from wsgi import create_app

SUNDAY = datetime(2026, 11, 29, 23, 50, tzinfo=UTC)  # ten minutes before the weekly key changes
NEW_WORDS = "Entirely new words: how well did they listen?"


@pytest.fixture
def database_url(sqlite_database_url: str) -> str:
    """One database is enough here: the concurrent cases are in test_sms and test_alerts, on both."""
    return sqlite_database_url


def worker_makes_keys(parts: Parts) -> None:
    keys.make_ahead(parts.settings.keys_dir, parts.settings.sealing_dir, parts.clock())
    keys.destroy_expired(parts.settings.keys_dir, parts.settings.sealing_dir, parts.clock())


def conversations(session: Session) -> list[ConversationRow]:
    session.rollback()
    session.expire_all()
    return list(session.scalars(select(ConversationRow)))


def test_a_conversation_begun_under_last_weeks_key_goes_on(
    phone: Phone, session: Session, app_parts: Parts, clock: Clock
) -> None:
    clock.now = SUNDAY
    worker_makes_keys(app_parts)
    phone.says("CHECKIN")
    [before] = conversations(session)
    person, conversation = before.person, before.id
    clock.forward(minutes=15)
    worker_makes_keys(app_parts)
    assert "listen" in " ".join(phone.says("12-15"))
    [after] = conversations(session)
    assert (after.person, after.id) == (person, conversation)


def test_in_its_last_hour_it_is_still_found_and_a_new_one_gets_the_new_key(
    phone: Phone, session: Session, app_parts: Parts, clock: Clock
) -> None:
    clock.now = SUNDAY
    worker_makes_keys(app_parts)
    phone.says("CHECKIN")
    old = conversations(session)[0].person
    clock.forward(hours=71)
    worker_makes_keys(app_parts)
    phone.says("12-15")
    assert [each.person for each in conversations(session)] == [old]
    clock.forward(hours=2)
    phone.says("hello")
    [new] = conversations(session)
    assert new.person != old


def test_a_repeat_across_the_change_of_key_gets_the_same_reply(phone: Phone, app_parts: Parts, clock: Clock) -> None:
    clock.now = SUNDAY
    worker_makes_keys(app_parts)
    form = make_form("CHECKIN", phone.number)
    first = texts_of(phone.post(form))
    clock.forward(minutes=15)
    worker_makes_keys(app_parts)
    assert texts_of(phone.post(form)) == first != []


def test_two_people_have_two_conversations_and_neither_sees_the_other(app: Flask, session: Session) -> None:
    sam, kim = Phone(app), Phone(app, "+447700900456")
    sam.says("CHECKIN")
    kim.says("CHECKIN")
    sam.says("12-15")
    answers = sorted(len(each.state["answers"]) for each in conversations(session))
    assert answers == [0, 1]


def test_one_handset_by_text_and_by_whatsapp_is_two_people(app: Flask, session: Session) -> None:
    Phone(app).says("CHECKIN")
    Phone(app, "whatsapp:+447700900123").says("CHECKIN")
    assert len(conversations(session)) == 2


def deploy(app_parts: Parts, name: str, change: Callable[[Script], Script]) -> tuple[Flask, Parts]:
    """The same service with one script changed, on the same database."""
    changed = versioned(change(app_parts.scripts[name]))
    parts = replace(app_parts, scripts={**app_parts.scripts, name: named(changed, "Demo Council")})
    return create_app(parts=parts), parts


def reworded(script: Script) -> Script:
    """Other words for one question, and one question fewer."""
    words = {code: replace(each, ask={**each.ask, "listened": NEW_WORDS}) for code, each in script.words.items()}
    return replace(script, words=words, steps=tuple(step for step in script.steps if step.id != "trusted"))


def test_who_began_before_a_deploy_is_asked_the_old_words_to_the_end(
    phone: Phone, session: Session, app_parts: Parts, clock: Clock
) -> None:
    old = app_parts.scripts["check-in"]
    phone.says("CHECKIN")
    app, parts = deploy(app_parts, "check-in", reworded)
    assert parts.scripts["check-in"].version != old.version
    later = Phone(app)
    assert later.says("12-15")[0].startswith(old.words["en"].ask["listened"])
    later.says("4")
    assert old.words["en"].ask["trusted"] in " ".join(later.says("1"))
    later.says("yes")
    [kept] = conversations(session)
    assert (kept.version, kept.state["ending"]) == (old.version, "finished")
    assert set(kept.state["answers"]) == {"age", "listened", "changed", "trusted"}


def test_their_answers_move_on_under_the_version_that_they_answered(
    phone: Phone, session: Session, app_parts: Parts, clock: Clock
) -> None:
    old = app_parts.scripts["check-in"]
    for said in ("CHECKIN", "12-15", "4", "1", "yes"):
        phone.says(said)
    app, parts = deploy(app_parts, "check-in", reworded)
    kim = Phone(app, "+447700900456")
    kim.says("CHECKIN")
    assert NEW_WORDS in " ".join(kim.says("12-15"))
    kim.says("4")
    clock.forward(hours=73)
    session.rollback()
    with own_session(app) as mine:
        retention.close_expired(mine, clock())
        retention.move_closed(mine, clock().date(), random.Random(1))
        mine.commit()
    versions = sorted(session.scalars(select(ResponseRow.version)))
    assert versions == sorted([old.version, parts.scripts["check-in"].version])
    assert session.execute(text("SELECT count(*) FROM answer WHERE question = 'trusted'")).scalar_one() == 1


def test_who_begins_again_after_a_deploy_gets_the_new_words(phone: Phone, session: Session, app_parts: Parts) -> None:
    for said in ("CHECKIN", "12-15", "4", "1", "yes"):
        phone.says(said)
    app, parts = deploy(app_parts, "check-in", reworded)
    later = Phone(app)
    later.says("CHECKIN")
    assert NEW_WORDS in later.says("12-15")[0]
    [kept] = conversations(session)
    assert kept.version == parts.scripts["check-in"].version
    assert session.scalars(select(ClosedDraftRow.draft)).one()["version"] == app_parts.scripts["check-in"].version


def test_a_script_that_a_deploy_took_away_is_finished_too(phone: Phone, session: Session, app_parts: Parts) -> None:
    old = app_parts.scripts["my-plan"]
    phone.says(old.keyword)
    left = {name: script for name, script in app_parts.scripts.items() if name != "my-plan"}
    later = Phone(create_app(parts=replace(app_parts, scripts=left)))
    assert later.says("SKIP")
    assert conversations(session)[0].version == old.version


def test_each_version_is_kept_once(app: Flask, session: Session, app_parts: Parts) -> None:
    for number in range(3):
        Phone(app, f"+44770090020{number}").says("CHECKIN")
    assert session.scalars(select(ScriptVersionRow.version)).all() == [app_parts.scripts["check-in"].version]


def test_a_state_that_an_older_or_newer_version_stored_can_be_read(phone: Phone, session: Session) -> None:
    phone.says("CHECKIN")
    [row] = conversations(session)
    older = {key: value for key, value in row.state.items() if key not in ("area", "offered_later")}
    state = store.state_of({**older, "said": list(row.state["said"]), "a_field_of_tomorrow": 1})
    assert (state.script, state.area) == ("check-in", "")


def test_only_the_last_ten_replies_are_remembered_and_every_id_is(phone: Phone, session: Session) -> None:
    forms = [make_form("what", phone.number) for _ in range(14)]
    phone.says("hi")
    replies = [texts_of(phone.post(form)) for form in forms]
    assert len(conversations(session)[0].replies) == 10
    assert texts_of(phone.post(forms[-1])) == replies[-1]
    assert texts_of(phone.post(forms[0])) == []
    assert len(session.scalars(select(ReceivedRow.message)).all()) == 15


@pytest.mark.parametrize("hours", [0, 71.9])
def test_a_reply_never_lengthens_a_conversation(phone: Phone, session: Session, clock: Clock, hours: float) -> None:
    phone.says("CHECKIN")
    first = conversations(session)[0].expires_at
    clock.forward(hours=hours)
    phone.says("12-15")
    assert conversations(session)[0].expires_at == first


def test_after_its_end_a_conversation_rests_an_hour_and_no_longer(phone: Phone, session: Session, clock: Clock) -> None:
    phone.says("CHECKIN")
    phone.says("STOP")
    assert conversations(session)[0].expires_at == clock() + store.REST
    clock.forward(minutes=30)
    phone.says("thanks")
    assert (conversations(session)[0].expires_at - clock()).total_seconds() == 30 * 60


def test_the_number_is_sealed_only_while_a_nudge_may_be_due(phone: Phone, session: Session) -> None:
    phone.says("CHECKIN")
    [row] = conversations(session)
    assert row.sealed_contact is not None
    assert row.nudge_at is not None
    phone.says("STOP")
    [row] = conversations(session)
    assert (row.sealed_contact, row.nudge_at) == (None, None)
