"""The second look: which texts wait for it, what it raises, what is said then, and what stops it from doing harm."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from bot import jobs, second_look
from bot.parts import Parts
from bot.safeguards.triage import lexicon as lexicons
from bot.safeguards.triage.encoder import EncoderAbsent
from conversations import alerts, comments, heartbeats, rota, store, worries
from conversations.db import db
from conversations.models import AlertRow, AlertWordsRow, ClosedDraftRow, ConversationRow, OutboxRow
from conversations.script import load_words
from conversations.triage_models import SecondLookRow, WorryRow
from conversations.values import Level, Person, RedactedText
from tests.bot.test_web import Visitor
from tests.fakes import Clock, RecordingSender, ToldLook, tiny_model
from tests.make import Phone, make_form
from tests.seeds import acknowledge, make_seals, own_session, worker_contacts
from wsgi import create_app

HINT, PLAIN = "he waits for me at the gate again", "they talked over me in the meeting"
HURT, LONELY = "he hits me every night", "i feel so lonely in my new house"
UKRAINIAN = "мені сьогодні подобається ця розмова ввечері"
SAFETY_WORDS = load_words()["en"].line("store_down")
SAYS = {
    Level.CONCERN: "Thank you for telling us. It is not your fault.",
    Level.IMMEDIATE: "You did the right thing telling us.",
}


@pytest.fixture
def look() -> ToldLook:
    """Finds a concern in the hint alone."""
    return ToldLook({HINT: Level.CONCERN})


@pytest.fixture
def told_parts(make_parts: Callable[..., Parts], look: ToldLook) -> Callable[..., Parts]:
    """Parts whose linear model says nothing and whose encoder is told what to say."""

    def make(database_url: str, **changes: Any) -> Parts:
        rules = replace(lexicons.bare(), model=tiny_model())
        return replace(make_parts(database_url, **changes), lexicon=rules, look=look)

    return make


@pytest.fixture
def app_parts(told_parts: Callable[..., Parts], database_url: str) -> Parts:
    return told_parts(database_url)


@pytest.fixture
def make_app(told_parts: Callable[..., Parts], sqlite_database_url: str) -> Iterator[Callable[..., Flask]]:
    """Makes the application with these settings, on SQLite."""
    made: list[Flask] = []

    def make(**changes: Any) -> Flask:
        made.append(create_app(parts=told_parts(sqlite_database_url, **changes)))
        return made[-1]

    yield make
    for app in made:
        with app.app_context():
            db.engine.dispose()


def count(session: Session, row: Any) -> int:
    session.rollback()
    return session.scalar(select(func.count()).select_from(row)) or 0


def begun(phone: Phone) -> Phone:
    phone.says("hi")
    phone.says("skip")
    return phone


def work(session: Session, parts: Parts) -> int:
    """One round of the second look alone."""
    session.rollback()
    return second_look.look_due(session, parts, worker_contacts(parts))


def alert(session: Session) -> AlertRow:
    session.rollback()
    return session.scalars(select(AlertRow).execution_options(populate_existing=True)).one()


def state(session: Session) -> dict[str, Any]:
    session.rollback()
    return session.scalars(select(ConversationRow.state)).one()


def kept(session: Session) -> list[str]:
    return [each["text"] for each in state(session)["comments"]]


def close_alert(session: Session, clock: Clock) -> None:
    found = alert(session)
    acknowledge(session, found.id, "Ada", clock())
    alerts.record_outcome(session, found.id, "Ada", "spoken", clock())
    session.commit()


# --- which texts wait -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "number"),
    [(PLAIN, 1), (LONELY, 1), ("5 and they asked me", 1), ("a lot", 0), ("4", 0), (HURT, 0), (UKRAINIAN, 0)],
)
def test_words_that_did_not_alert_wait_for_a_look(phone: Phone, session: Session, said: str, number: int) -> None:
    begun(phone).says(said)
    assert count(session, SecondLookRow) == number


def test_a_first_text_waits_too_and_a_repeat_does_not_wait_twice(phone: Phone, session: Session) -> None:
    form = make_form(PLAIN, phone.number)
    phone.post(form)
    phone.post(form)
    assert count(session, SecondLookRow) == 1


def test_a_picture_is_with_a_person_already(phone: Phone, session: Session) -> None:
    begun(phone).says(PLAIN, NumMedia="1", MediaUrl0="https://example.org/x", MediaContentType0="image/jpeg")
    assert count(session, SecondLookRow) == 0


def test_what_goes_to_an_open_alert_is_looked_at_too(phone: Phone, session: Session, clock: Clock) -> None:
    begun(phone).says(HURT)
    assert count(session, SecondLookRow) == 0
    phone.says(PLAIN)
    assert count(session, AlertWordsRow) == 2
    assert session.scalars(select(SecondLookRow.alert_id)).one() == alert(session).id
    phone.says("he hits me every day")
    assert (count(session, AlertWordsRow), count(session, SecondLookRow)) == (3, 1)
    close_alert(session, clock)
    phone.says(PLAIN)
    assert count(session, SecondLookRow) == 2


def test_answers_beside_a_picture_that_nobody_has_read_are_looked_at(phone: Phone, session: Session) -> None:
    begun(phone).says("", NumMedia="1", MediaUrl0="https://example.org/x", MediaContentType0="image/jpeg")
    assert alert(session)
    phone.says("1")
    phone.says(HINT)
    assert (count(session, AlertWordsRow), count(session, SecondLookRow)) == (1, 1)


@pytest.mark.parametrize(("setting", "number"), [("worker", 1), ("request", 0), ("off", 0)])
def test_the_setting_decides(make_app: Callable[..., Flask], setting: str, number: int) -> None:
    app = make_app(triage_encoder=setting)
    begun(Phone(app)).says(PLAIN)
    with app.app_context():
        assert count(db.session(), SecondLookRow) == number


def test_the_row_is_written_with_the_message_or_not_at_all(phone: Phone, session: Session) -> None:
    begun(phone)
    before = count(session, SecondLookRow)
    session.execute(text("ALTER TABLE second_look RENAME TO elsewhere"))
    session.commit()
    assert phone.says(PLAIN) == [SAFETY_WORDS]
    assert kept(session) == []
    session.execute(text("ALTER TABLE elsewhere RENAME TO second_look"))
    session.commit()
    phone.says(PLAIN)
    assert (count(session, SecondLookRow), kept(session)) == (before + 1, [PLAIN])


def test_words_and_number_lie_in_it_sealed_to_the_worker(
    phone: Phone, session: Session, app_parts: Parts, clock: Clock
) -> None:
    begun(phone).says(HINT)
    row = session.scalars(select(SecondLookRow)).one()
    names = [column.name for column in SecondLookRow.__table__.columns if not column.name.startswith("sealed")]
    assert not [name for name in names if "gate" in str(getattr(row, name)) or "7700" in str(getattr(row, name))]
    assert b"gate" not in row.sealed_words
    contacts = worker_contacts(app_parts)
    assert contacts.content(row.sealed_words, second_look.PURPOSE, row.id, clock()) == HINT
    assert contacts.number(row.sealed_contact, second_look.PURPOSE, row.id, clock()) == phone.number


# --- what the look raises -------------------------------------------------------------------------------------------


def test_nothing_found_leaves_no_row_and_says_nothing(
    phone: Phone, session: Session, app_parts: Parts, look: ToldLook, texts_out: RecordingSender
) -> None:
    begun(phone).says(PLAIN)
    jobs.work_once(session, app_parts)
    assert look.seen == [PLAIN]
    assert (count(session, SecondLookRow), count(session, AlertRow), count(session, OutboxRow)) == (0, 0, 0)
    assert texts_out.sent == []
    assert kept(session) == [PLAIN]


@pytest.mark.parametrize("level", list(SAYS))
def test_what_is_found_becomes_a_real_alert_and_the_young_person_hears_of_it(
    phone: Phone, session: Session, app_parts: Parts, look: ToldLook, clock: Clock, texts_out: RecordingSender,
    level: Level,
) -> None:  # fmt: skip
    look.levels = {HINT: level}
    begun(phone).says(HINT)
    assert work(session, app_parts) == 1
    found = alert(session)
    assert (found.level, found.assessed, found.channel, found.cannot_be_texted) == (level.word, True, "sms", False)
    assert list(found.reasons) == ["encoder:exploitation:0.93"]
    assert found.version == f"{app_parts.lexicon.version}+e1"
    contacts = worker_contacts(app_parts)
    assert contacts.number(found.sealed_contact, "alert", found.id, clock()) == phone.number
    assert contacts.words(session.scalars(select(AlertWordsRow)).one(), clock()) == HINT
    assert session.scalars(select(ConversationRow.alert_id)).one() == found.id
    assert count(session, SecondLookRow) == 0
    jobs.work_once(session, app_parts)
    to_them = [message for message in texts_out.sent if message.to == phone.number]
    assert [message.body[: len(SAYS[level])] for message in to_them] == [SAYS[level]]
    assert to_them[0].sender == app_parts.settings.twilio_numbers[0]
    assert [message.to for message in texts_out.sent].count(app_parts.settings.duty_phone) == 1


def test_the_conversation_rests_and_nobody_is_nudged(phone: Phone, session: Session, app_parts: Parts) -> None:
    begun(phone).says(HINT)
    work(session, app_parts)
    assert state(session)["awaiting"] == "reach"
    assert session.scalars(select(ConversationRow.nudge_at)).one() is None
    assert "When is it safe to text you?" in "".join(phone.says("1"))
    assert session.scalars(select(ConversationRow.nudge_at)).one() is None
    assert "Reply" not in phone.says("and another thing about it")[0]
    assert count(session, AlertWordsRow) == 2


def test_the_words_do_not_also_stay_a_comment_and_others_do(phone: Phone, session: Session, app_parts: Parts) -> None:
    begun(phone)
    for said in (PLAIN, HINT, "he waits", "we had pizza at the meeting"):
        phone.says(said)
    before = kept(session)
    assert HINT in before
    work(session, app_parts)
    assert kept(session) == [each for each in before if each != HINT]


def test_words_beside_an_answer_go_too_and_the_answer_stays(
    phone: Phone, session: Session, app_parts: Parts, look: ToldLook
) -> None:
    said = f"2 {HINT}"
    look.levels = {said: Level.CONCERN}
    begun(phone).says(said)
    assert kept(session) == [HINT]
    answers = state(session)["answers"]
    assert answers
    work(session, app_parts)
    assert (kept(session), state(session)["answers"]) == ([], answers)


def test_a_short_comment_of_before_is_not_taken_for_a_part_of_a_word(
    phone: Phone, session: Session, app_parts: Parts, look: ToldLook
) -> None:
    look.levels = {"5 nobody knows this at all": Level.CONCERN}
    begun(phone).says("5 no")
    before = kept(session)
    phone.says("5 nobody knows this at all")
    work(session, app_parts)
    assert kept(session) == before


def test_where_no_duty_worker_is_here_it_says_until_when(make_app: Callable[..., Flask]) -> None:
    app = make_app(cover_hours="13:00-17:00")
    begun(Phone(app)).says(HINT)
    with app.app_context():
        session = db.session()
        work(session, app.extensions["heard"])
        assert "No duty worker is here until" in session.scalars(select(OutboxRow.body)).one()


# --- what happens meanwhile -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("level", list(SAYS))
def test_it_is_added_to_an_alert_that_was_raised_meanwhile(
    phone: Phone, session: Session, app_parts: Parts, look: ToldLook, level: Level
) -> None:
    look.levels = {HINT: level}
    begun(phone).says(HINT)
    phone.says(HURT)
    work(session, app_parts)
    assert alert(session).level == level.word
    assert count(session, AlertWordsRow) == 2
    assert count(session, OutboxRow) == 0
    assert kept(session) == []


@pytest.mark.parametrize("conversation", ["runs", "has closed"])
def test_words_of_an_open_alert_that_weigh_more_raise_it_and_tell_at_once(
    phone: Phone, session: Session, app_parts: Parts, look: ToldLook, clock: Clock, conversation: str
) -> None:
    look.levels = {HINT: Level.IMMEDIATE}
    begun(phone).says(HURT)
    acknowledge(session, alert(session).id, "Ada", clock())
    session.commit()
    phone.says(HINT)
    if conversation == "has closed":
        end(session, clock)
    work(session, app_parts)
    found = alert(session)
    assert (found.level, found.state, found.next_action_at) == ("immediate", "open", clock())
    assert [event.what for event in alerts.timeline(session, found.id)].count("level rose") == 1
    assert (count(session, SecondLookRow), count(session, OutboxRow)) == (0, 0)


def test_words_of_an_open_alert_that_weigh_no_more_stand_there_once(
    phone: Phone, session: Session, app_parts: Parts, clock: Clock
) -> None:
    begun(phone).says(HURT)
    acknowledge(session, alert(session).id, "Ada", clock())
    session.commit()
    phone.says(HINT)
    work(session, app_parts)
    assert (alert(session).level, alert(session).state) == ("concern", "acknowledged")
    assert (count(session, AlertWordsRow), count(session, SecondLookRow)) == (2, 0)


def test_words_of_an_alert_that_closes_before_the_look_raise_a_new_one(
    phone: Phone, session: Session, app_parts: Parts, clock: Clock
) -> None:
    begun(phone).says(HURT)
    phone.says(HINT)
    close_alert(session, clock)
    work(session, app_parts)
    assert sorted(session.scalars(select(AlertRow.state)).all()) == ["closed", "open"]


def test_the_words_of_the_second_look_hold_a_conversation_that_is_over_open_for_a_day(
    phone: Phone, session: Session, app_parts: Parts, clock: Clock
) -> None:
    begun(phone)
    for _ in range(12):
        phone.says("skip")
    phone.says(HINT)
    assert session.scalars(select(ConversationRow.expires_at)).one() == clock() + timedelta(hours=1)
    work(session, app_parts)
    session.rollback()
    assert session.scalars(select(ConversationRow.expires_at)).one() == clock() + timedelta(hours=24)
    clock.forward(minutes=61)
    assert phone.says("2")[0].startswith("Thank you. The duty worker will see this too.")


def test_an_alert_that_is_closed_already_is_not_opened_again(
    phone: Phone, session: Session, app_parts: Parts, clock: Clock
) -> None:
    begun(phone).says(HINT)
    phone.says(HURT)
    close_alert(session, clock)
    work(session, app_parts)
    states = session.scalars(select(AlertRow.state)).all()
    assert sorted(states) == ["closed", "open"]
    open_one = session.scalars(select(AlertRow.id).where(AlertRow.state == "open")).one()
    assert session.scalars(select(ConversationRow.alert_id)).one() == open_one


def test_a_picture_meanwhile_leaves_the_choice_and_the_worry_then_takes_it(
    phone: Phone, session: Session, app_parts: Parts
) -> None:
    begun(phone).says(HINT)
    phone.says("", NumMedia="1", MediaUrl0="https://example.org/x", MediaContentType0="image/jpeg")
    assert state(session)["unread"]
    work(session, app_parts)
    assert (count(session, AlertRow), count(session, AlertWordsRow)) == (1, 2)
    assert (state(session)["unread"], state(session)["awaiting"]) == (False, "reach")
    assert session.scalars(select(OutboxRow.body)).one().startswith(SAYS[Level.CONCERN])


def end(session: Session, clock: Clock) -> None:
    person = Person(session.scalars(select(ConversationRow.person)).one())
    turn = store.find(session, (person, person))
    assert turn is not None
    store.close(session, turn, clock())
    session.commit()


@pytest.mark.parametrize("when", ["before the look", "during the look"])
def test_a_conversation_that_has_closed_still_raises_and_nothing_is_said(
    app: Flask, phone: Phone, session: Session, app_parts: Parts, look: ToldLook, clock: Clock, when: str
) -> None:
    begun(phone).says(HINT)
    phone.says(PLAIN)
    session.rollback()

    def close() -> None:
        with own_session(app) as own:
            if own.scalar(select(func.count()).select_from(ConversationRow)):
                end(own, clock)

    if when == "before the look":
        close()
    look.meanwhile = close
    work(session, app_parts)
    found = alert(session)
    assert worker_contacts(app_parts).number(found.sealed_contact, "alert", found.id, clock()) == phone.number
    assert count(session, OutboxRow) == 0
    (draft,) = session.scalars(select(ClosedDraftRow.draft)).all()
    assert [each["text"] for each in draft["comments"]] == [PLAIN]


def test_only_exactly_these_words_are_taken_from_conversations_that_are_over(session: Session) -> None:
    drafts = {"a": [HINT, PLAIN], "b": [f"{HINT} x"], "c": []}
    for key, said in drafts.items():
        session.add(ClosedDraftRow(id=key, draft={"answers": {}, "comments": [{"text": each} for each in said]}))
    session.commit()
    assert comments.forget(session, RedactedText(HINT)) == 1
    session.commit()
    left = {row.id: [each["text"] for each in row.draft["comments"]] for row in session.scalars(select(ClosedDraftRow))}
    assert left == {"a": [PLAIN], "b": [f"{HINT} x"], "c": []}


def test_whoever_said_stop_meanwhile_is_not_texted_and_the_alert_says_so(
    phone: Phone, session: Session, app_parts: Parts, texts_out: RecordingSender
) -> None:
    begun(phone).says(HINT)
    phone.says("STOP")
    jobs.work_once(session, app_parts)
    assert alert(session).cannot_be_texted
    assert phone.number not in [message.to for message in texts_out.sent]


def test_stop_after_the_last_question_counts_too(
    phone: Phone, session: Session, app_parts: Parts, texts_out: RecordingSender
) -> None:
    begun(phone).says(HINT)
    row = session.scalars(select(ConversationRow)).one()
    row.state = {**row.state, "ending": "finished"}
    session.commit()
    phone.says("STOP")
    jobs.work_once(session, app_parts)
    assert alert(session).cannot_be_texted
    assert phone.number not in [message.to for message in texts_out.sent]


def test_two_workers_raise_it_once(
    app: Flask, phone: Phone, session: Session, app_parts: Parts, look: ToldLook
) -> None:
    begun(phone).says(HINT)
    others = [0]

    def other_worker() -> None:
        look.meanwhile = lambda: None
        with own_session(app) as own:
            others[0] += work(own, app_parts)

    look.meanwhile = other_worker
    assert work(session, app_parts) + others[0] == 1
    assert look.seen == [HINT, HINT]
    assert (count(session, AlertRow), count(session, OutboxRow)) == (1, 1)


def test_a_worker_that_dies_while_it_looks_leaves_the_row_for_the_next(
    phone: Phone, session: Session, app_parts: Parts, look: ToldLook
) -> None:
    begun(phone).says(HINT)

    def die() -> None:
        raise SystemExit

    look.meanwhile = die
    with pytest.raises(SystemExit):
        work(session, app_parts)
    assert (count(session, SecondLookRow), count(session, AlertRow)) == (1, 0)
    look.meanwhile = lambda: None
    assert (work(session, app_parts), work(session, app_parts)) == (1, 0)
    assert count(session, AlertRow) == 1


def test_others_can_write_while_it_looks(
    app: Flask, phone: Phone, session: Session, app_parts: Parts, look: ToldLook
) -> None:
    begun(phone).says(HINT)
    look.meanwhile = lambda: phone.says(PLAIN)
    work(session, app_parts)
    assert PLAIN in kept(session)


# --- are you safe right now? ---


@pytest.mark.parametrize(
    ("reply", "level"),
    [("2", "immediate"), ("no", "immediate"), ("not safe", "immediate"), ("im not", "immediate"), ("3", "concern")],
)
def test_the_safe_question_stands_when_the_look_is_quicker_than_the_answer(
    phone: Phone, session: Session, app_parts: Parts, look: ToldLook, texts_out: RecordingSender, reply: str, level: str
) -> None:
    look.levels = {LONELY: Level.CONCERN}
    assert "Are you safe right now?" in begun(phone).says(LONELY)[-1]
    work(session, app_parts)
    jobs.work_once(session, app_parts)
    told = [text.body for text in texts_out.sent if text.to == phone.number][-1]
    assert told.startswith(SAYS[Level.CONCERN])
    assert "1 for yes" not in told
    phone.says(reply)
    assert alert(session).level == level
    history = [event.what for event in alerts.timeline(session, alert(session).id)]
    assert "not ok to text" not in history
    assert ("level rose" in history) == (level == "immediate")
    assert count(session, AlertWordsRow) == 2
    assert not state(session)["safe_stands"]


def test_who_then_says_that_they_are_safe_is_asked_whether_a_text_is_all_right(
    phone: Phone, session: Session, app_parts: Parts, look: ToldLook
) -> None:
    look.levels = {LONELY: Level.CONCERN}
    begun(phone).says(LONELY)
    work(session, app_parts)
    heard = "".join(phone.says("1"))
    assert heard.startswith("Thank you. The duty worker will see this too.")
    assert "Is it OK to text you here?" in heard
    phone.says("2")
    history = [event.what for event in alerts.timeline(session, alert(session).id)]
    assert [what for what in history if "safe" in what or "ok" in what] == ["said that they are safe", "not ok to text"]
    assert alert(session).level == "concern"


@pytest.mark.parametrize("reply", ["2", "I am not safe"])
def test_on_a_page_that_still_shows_it_the_answer_counts(
    app: Flask, session: Session, app_parts: Parts, look: ToldLook, reply: str
) -> None:
    look.levels = {LONELY: Level.CONCERN}
    visitor = Visitor(app)
    visitor.starts()
    visitor.says(LONELY, typed="1")
    assert "Are you safe right now?" in visitor.heading
    work(session, app_parts)
    visitor.posts(text=reply)
    assert SAYS[Level.IMMEDIATE] in visitor.opens().text
    assert alert(session).level == "immediate"


# --- on the web -----------------------------------------------------------------------------------------------------


def test_on_the_page_it_is_said_at_the_next_view(
    app: Flask, session: Session, app_parts: Parts, texts_out: RecordingSender
) -> None:
    visitor = Visitor(app)
    visitor.starts()
    visitor.says(HINT, typed="1")
    work(session, app_parts)
    assert SAYS[Level.CONCERN] in visitor.opens().text
    assert "We do not know who you are" in visitor.seen.text
    assert alert(session).cannot_be_texted
    assert count(session, OutboxRow) == 0
    assert kept(session) == []


# --- when it cannot look --------------------------------------------------------------------------------------------


def test_without_an_encoder_texts_wait_and_the_worker_goes_on(
    phone: Phone, session: Session, app_parts: Parts, look: ToldLook, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    begun(phone).says(HINT)
    look.failures = {HINT: EncoderAbsent("the encoder cannot be loaded: ModuleNotFoundError")}
    session.rollback()
    with caplog.at_level(logging.INFO):
        jobs.work_once(session, app_parts)
    assert "second look: the encoder cannot be loaded: ModuleNotFoundError" in caplog.text
    assert not [word for word in ("gate", "7700") if word in caplog.text]
    assert (count(session, SecondLookRow), count(session, WorryRow)) == (1, 0)
    assert heartbeats.last(session, "worker") == clock()
    look.failures = {}
    assert work(session, app_parts) == 1
    assert alert(session)


def test_a_text_that_breaks_the_encoder_goes_to_a_person_the_same_day_and_stops_no_other(
    phone: Phone, session: Session, app_parts: Parts, look: ToldLook, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    begun(phone).says(PLAIN)
    phone.says(HINT)
    look.failures = {PLAIN: ZeroDivisionError(PLAIN)}
    with caplog.at_level(logging.INFO):
        assert work(session, app_parts) == 2
    assert "second look: ZeroDivisionError" in caplog.text
    assert "talked over" not in caplog.text
    assert alert(session)
    (worry,) = session.scalars(select(WorryRow)).all()
    assert (worry.kind, list(worry.reasons), worry.cannot_be_texted) == ("same_day", [second_look.BROKEN], False)
    assert worker_contacts(app_parts).content(worry.sealed_words, "worry words", worry.id, clock()) == PLAIN
    assert count(session, SecondLookRow) == 0
    assert count(session, OutboxRow) == 1


def test_an_encoder_that_breaks_on_everything_is_as_good_as_absent(
    phone: Phone, session: Session, app_parts: Parts, look: ToldLook, caplog: pytest.LogCaptureFixture
) -> None:
    begun(phone).says(HINT)
    look.failures = {said: MemoryError() for said in (HINT, second_look.PLAIN)}
    with caplog.at_level(logging.ERROR):
        assert work(session, app_parts) == 0
    assert "second look: the encoder reads nothing: MemoryError" in caplog.text
    assert (count(session, SecondLookRow), count(session, WorryRow), count(session, AlertRow)) == (1, 0, 0)


def test_a_text_whose_key_is_gone_is_let_go_and_logged(
    phone: Phone, session: Session, app_parts: Parts, look: ToldLook, caplog: pytest.LogCaptureFixture
) -> None:
    begun(phone).says(HINT)
    for path in app_parts.settings.keys_dir.glob("day-*.private"):
        path.unlink()
    with caplog.at_level(logging.ERROR):
        assert work(session, app_parts) == 1
    assert "a text cannot be looked at again" in caplog.text
    assert (look.seen, count(session, SecondLookRow)) == ([], 0)


def test_in_the_request_setting_the_worker_still_looks_at_what_waits_from_before(
    phone: Phone, session: Session, app_parts: Parts
) -> None:
    begun(phone).says(HINT)
    assert work(session, replace(app_parts, settings=replace(app_parts.settings, triage_encoder="request"))) == 1
    assert alert(session)


def waiting(session: Session, parts: Parts, *said: str, days: int = 0) -> None:
    """These texts wait for their second look, in this order, sealed to the key of a day."""
    now = parts.clock()
    key = parts.keys.of_day(now + timedelta(days=days))
    for words in said:
        second_look.ask(session, replace(make_seals(parts, words), key=key), "sms", None, now)
    session.commit()


def reasons(session: Session) -> list[list[str]]:
    session.rollback()
    return [list(found) for found in session.scalars(select(WorryRow.reasons))]


def test_after_the_worker_has_been_away_every_text_is_looked_at_before_the_house_is_kept(
    session: Session, app_parts: Parts, look: ToldLook, clock: Clock
) -> None:
    waiting(session, app_parts, *[PLAIN] * 60)
    clock.forward(seconds=1)
    waiting(session, app_parts, HINT)
    clock.forward(minutes=61)
    jobs.rest_once(session, app_parts)
    assert len(look.seen) == 61
    assert (count(session, SecondLookRow), count(session, WorryRow)) == (0, 0)
    assert alert(session)


def test_a_round_that_takes_long_leaves_the_others_to_the_next_and_none_to_the_house(
    session: Session, app_parts: Parts, look: ToldLook, clock: Clock
) -> None:
    waiting(session, app_parts, *[PLAIN] * 7)
    clock.forward(hours=2)
    look.meanwhile = lambda: clock.forward(seconds=1)
    jobs.rest_once(session, app_parts)
    assert (len(look.seen), count(session, SecondLookRow)) == (5, 2)
    jobs.rest_once(session, app_parts)
    assert (len(look.seen), count(session, SecondLookRow)) == (7, 0)


def test_a_key_that_is_refused_makes_its_text_wait_and_no_other(
    session: Session, app_parts: Parts, look: ToldLook, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    key = app_parts.settings.keys_dir / f"day-{clock().date()}.private"
    waiting(session, app_parts, HINT)
    waiting(session, app_parts, PLAIN, days=1)
    key.chmod(0o640)
    assert work(session, app_parts) == 1
    assert look.seen == [PLAIN]
    assert "a text is waiting for its second look: ExposedKey" in caplog.text
    key.chmod(0o600)
    assert work(session, app_parts) == 1
    assert alert(session)


@pytest.mark.parametrize("away", ["absent", "off"])
def test_when_the_encoder_has_been_away_for_an_hour_a_person_reads_the_text_the_same_day(
    session: Session, app_parts: Parts, look: ToldLook, clock: Clock, caplog: pytest.LogCaptureFixture, away: str
) -> None:
    look.failures = {said: EncoderAbsent("gone") for said in (HINT, PLAIN)}
    setting = "off" if away == "off" else "worker"
    parts = replace(app_parts, settings=replace(app_parts.settings, triage_encoder=setting))
    came_at = clock()
    waiting(session, parts, HINT)
    jobs.rest_once(session, parts)
    clock.forward(minutes=59, seconds=59)
    waiting(session, parts, PLAIN)
    jobs.rest_once(session, parts)
    assert (count(session, SecondLookRow), reasons(session)) == (2, [])
    clock.forward(seconds=1)
    jobs.rest_once(session, parts)
    assert (count(session, SecondLookRow), reasons(session)) == (1, [[second_look.NOBODY]])
    assert "texts that no encoder read are on the list: 1" in caplog.text
    worry = session.scalars(select(WorryRow)).one()
    assert (worry.kind, worry.expires_at) == ("same_day", came_at + worries.BOX_LIFE)
    assert worker_contacts(parts).content(worry.sealed_words, "worry words", worry.id, clock()) == HINT
    assert count(session, AlertRow) == 0


def test_a_text_that_is_old_when_the_encoder_is_first_missed_waits_another_hour_for_it(
    session: Session, app_parts: Parts, look: ToldLook, clock: Clock
) -> None:
    waiting(session, app_parts, HINT)
    look.failures = {HINT: EncoderAbsent("gone")}
    clock.forward(hours=3)
    jobs.rest_once(session, app_parts)
    clock.forward(minutes=59)
    jobs.rest_once(session, app_parts)
    assert (count(session, SecondLookRow), reasons(session)) == (1, [])
    look.failures = {}
    jobs.rest_once(session, app_parts)
    assert alert(session)
    waiting(session, app_parts, HINT)
    look.failures = {HINT: EncoderAbsent("gone again")}
    clock.forward(minutes=61)
    jobs.rest_once(session, app_parts)
    assert (count(session, SecondLookRow), reasons(session)) == (1, []), "its hour begins anew"


def test_the_list_is_given_no_more_than_somebody_can_read_and_the_others_wait_for_the_encoder(
    session: Session, app_parts: Parts, look: ToldLook, clock: Clock
) -> None:
    look.failures = {said: EncoderAbsent("gone") for said in (HINT, PLAIN)}
    bears = second_look.LIST_BEARS
    waiting(session, app_parts, *[PLAIN] * bears)
    clock.forward(seconds=1)
    waiting(session, app_parts, HINT)
    work(session, app_parts)
    session.commit()
    clock.forward(hours=1)
    assert work(session, app_parts) == bears
    assert work(session, app_parts) == 0
    assert (worries.open_on(session, "same_day"), count(session, SecondLookRow)) == (bears, 1)
    clock.forward(days=2)
    jobs.rest_once(session, app_parts)
    assert count(session, SecondLookRow) == 1, "the house leaves it alone"
    worries.record_outcome(session, session.scalars(select(WorryRow.id)).first() or "", "Ada", "read", clock())
    session.commit()
    assert work(session, app_parts) == 1
    assert (worries.open_on(session, "same_day"), count(session, SecondLookRow)) == (bears, 0)


def test_an_alert_of_a_text_that_waited_long_says_when_it_was_written(
    session: Session, app_parts: Parts, clock: Clock
) -> None:
    written = f"written on {clock().astimezone(rota.HERE):%d/%m at %H:%M}"
    waiting(session, app_parts, HINT)
    clock.forward(hours=5)
    work(session, app_parts)
    session.commit()
    assert written in [line.detail for line in alerts.timeline(session, alert(session).id)]


def test_an_alert_of_a_text_that_was_looked_at_in_time_says_nothing_of_it(
    session: Session, app_parts: Parts, clock: Clock
) -> None:
    waiting(session, app_parts, HINT)
    clock.forward(seconds=90)
    work(session, app_parts)
    session.commit()
    assert not [line for line in alerts.timeline(session, alert(session).id) if line.what == "found later"]


@pytest.mark.parametrize(("seconds", "late"), [(120, False), (121, True)])
def test_a_text_that_waits_for_two_minutes_is_late(
    phone: Phone, session: Session, clock: Clock, seconds: int, late: bool
) -> None:
    begun(phone).says(HINT)
    assert second_look.waits(session, clock() + timedelta(seconds=seconds)) == late


# --- in the request -------------------------------------------------------------------------------------------------


def test_in_the_request_it_is_raised_before_the_answer(make_app: Callable[..., Flask]) -> None:
    app = make_app(triage_encoder="request")
    assert begun(Phone(app)).says(HINT)[0].startswith(SAYS[Level.CONCERN])
    with app.app_context():
        found = alert(db.session())
        assert list(found.reasons) == ["encoder:exploitation:0.93"]
        assert kept(db.session()) == []


@pytest.mark.parametrize("broken", [EncoderAbsent("none"), ZeroDivisionError(HINT)])
def test_in_the_request_a_broken_look_leaves_what_the_others_decided(
    make_app: Callable[..., Flask], look: ToldLook, broken: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    app = make_app(triage_encoder="request")
    look.failures = {HINT: broken, LONELY: broken, HURT: broken}
    phone = begun(Phone(app))
    with caplog.at_level(logging.INFO):
        assert phone.says(HINT)
        phone.says(LONELY)
    assert f"second look: {type(broken).__name__}" in caplog.text
    assert "gate" not in caplog.text
    with app.app_context():
        assert count(db.session(), AlertRow) == 0
        assert count(db.session(), WorryRow) == 1
    phone.says(HURT)
    assert HURT not in look.seen
    with app.app_context():
        assert count(db.session(), AlertRow) == 1


@pytest.mark.parametrize("said", ["a lot", "4", HURT, UKRAINIAN])
def test_in_the_request_it_looks_at_no_more_than_the_worker_would(
    make_app: Callable[..., Flask], look: ToldLook, said: str
) -> None:
    begun(Phone(make_app(triage_encoder="request"))).says(said)
    assert said not in look.seen
