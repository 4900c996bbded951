"""Texts to young people: sent once, tried again where that may help, and one nudge without content."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from bot import outbound
from bot.contacts import Contacts
from bot.parts import Parts
from bot.sender import NotSent, Outgoing
from conversations import outbox, store
from conversations.models import AlertEventRow, ConversationRow, OutboxRow
from conversations.script import load_words
from tests.fakes import Clock, RecordingSender
from tests.make import OUR_NUMBER, Phone
from tests.seeds import NUMBER, WORDS, make_seals, seed_text, sole_text, worker_contacts


@pytest.fixture
def database_url(sqlite_database_url: str) -> str:
    """One database is enough: leases and locks are tested on both in test_outbox and test_alerts."""
    return sqlite_database_url


@pytest.fixture
def contacts(app_parts: Parts) -> Contacts:
    return worker_contacts(app_parts)


def work(session: Session, parts: Parts, contacts: Contacts) -> None:
    """What the worker does for texts in one round."""
    session.rollback()
    contacts.settle_opt_requests(session, parts.clock())
    session.commit()
    outbound.send_due(session, parts, contacts)
    outbound.nudge_due(session, parts, contacts)
    outbound.send_due(session, parts, contacts)


def test_a_text_goes_once_to_its_number_from_ours(
    session: Session, app_parts: Parts, contacts: Contacts, texts_out: RecordingSender
) -> None:
    seed_text(session, app_parts, "hello you")
    for _ in range(3):
        work(session, app_parts, contacts)
    assert texts_out.sent == [Outgoing(NUMBER, OUR_NUMBER, "hello you", life=3600)]
    assert (sole_text(session).state, sole_text(session).provider_id) == ("sent", f"SM{1:032x}")


def test_a_try_that_may_help_is_made_again_with_waits_and_then_given_up(
    session: Session, app_parts: Parts, contacts: Contacts, texts_out: RecordingSender, clock: Clock
) -> None:
    seed_text(session, app_parts)
    texts_out.failures = [NotSent("20429", again=True)] * 9
    tried = []
    for second in range(200):
        work(session, app_parts, contacts)
        if len(texts_out.failures) < 9 - len(tried):
            tried.append(second)
        clock.forward(seconds=1)
    assert tried == [0, 5, 25, 85]
    assert (sole_text(session).state, sole_text(session).error) == ("failed", "20429")


def test_a_try_that_cannot_help_is_not_made_again(
    session: Session, app_parts: Parts, contacts: Contacts, texts_out: RecordingSender, clock: Clock
) -> None:
    seed_text(session, app_parts)
    texts_out.failures = [NotSent("21610", again=False)]
    for _ in range(5):
        work(session, app_parts, contacts)
        clock.forward(hours=1)
    assert texts_out.sent == []
    assert (sole_text(session).state, sole_text(session).error) == ("failed", "21610")


def test_a_text_whose_number_can_no_longer_be_opened_is_cancelled_and_the_others_go(
    session: Session, app_parts: Parts, contacts: Contacts, texts_out: RecordingSender, clock: Clock
) -> None:
    seed_text(session, app_parts, "old")
    session.execute(text("UPDATE outbox SET sealed_contact = :box"), {"box": b"junk" * 100})
    seed_text(session, app_parts, "new")
    work(session, app_parts, contacts)
    assert [message.body for message in texts_out.sent] == ["new"]
    assert sorted(session.scalars(select(OutboxRow.state))) == ["cancelled", "sent"]


def test_a_number_sealed_for_one_text_cannot_be_put_on_another(
    session: Session, app_parts: Parts, contacts: Contacts, texts_out: RecordingSender
) -> None:
    seed_text(session, app_parts, "for sam")
    box = sole_text(session).sealed_contact
    session.execute(text("UPDATE outbox SET state = 'cancelled'"))
    seed_text(session, app_parts, "for kim", number="+447700900456")
    session.execute(text("UPDATE outbox SET sealed_contact = :box WHERE body = 'for kim'"), {"box": box})
    session.commit()
    work(session, app_parts, contacts)
    assert texts_out.sent == []


def test_no_lock_is_held_while_a_text_is_on_its_way(session: Session, app_parts: Parts, contacts: Contacts) -> None:
    held: list[bool] = []

    class Looking(RecordingSender):
        def send(self, message: Outgoing) -> str:
            held.append(session.in_transaction())
            return super().send(message)

    for kind in ("reply", "nudge"):
        seed_text(session, app_parts, kind=kind)
    outbound.send_due(session, replace(app_parts, ways={"sms": Looking()}), contacts)
    assert held == [False, False]


# --- what is too late -----------------------------------------------------------------------------------------------

QUESTIONS = ("A worker will read this tomorrow.", "Are you safe right now? Reply 1: I am safe. 2: I am not safe.")
LATE_WORDS = load_words()["en"].line("found_late")


def leave_replies(session: Session, parts: Parts, phone: Phone, said: str) -> None:
    """A conversation of which two replies are in the outbox."""
    phone.says(said)
    session.rollback()
    whose = session.scalars(select(ConversationRow.id)).one()
    outbox.reply(session, outbox.Saying(OUR_NUMBER, QUESTIONS), make_seals(parts), whose, parts.clock())
    session.commit()


def sent_by(session: Session, parts: Parts, contacts: Contacts, texts_out: RecordingSender) -> list[str]:
    for _ in range(2):
        session.rollback()
        contacts.settle_opt_requests(session, parts.clock())
        session.commit()
        outbound.send_due(session, parts, contacts)
    return [message.body for message in texts_out.sent]


@pytest.mark.parametrize(("minutes", "sent"), [(59, list(QUESTIONS)), (61, [LATE_WORDS])])
def test_a_reply_is_of_use_for_an_hour_and_then_they_hear_once_that_we_are_late(
    phone: Phone, session: Session, app_parts: Parts, contacts: Contacts, texts_out: RecordingSender, clock: Clock,
    minutes: int, sent: list[str],
) -> None:  # fmt: skip
    leave_replies(session, app_parts, phone, "hi")
    clock.forward(minutes=minutes)
    assert sent_by(session, app_parts, contacts, texts_out) == sent
    assert {message.life for message in texts_out.sent} == {3600}


def test_what_comes_late_comes_by_day_where_nobody_has_an_alert_of_theirs(
    phone: Phone, session: Session, app_parts: Parts, contacts: Contacts, texts_out: RecordingSender, clock: Clock
) -> None:
    leave_replies(session, app_parts, phone, "hi")
    clock.forward(hours=15)  # three at night
    assert sent_by(session, app_parts, contacts, texts_out) == []
    clock.forward(hours=6)
    assert sent_by(session, app_parts, contacts, texts_out) == [LATE_WORDS]


def test_what_comes_late_to_who_has_an_alert_comes_at_once_and_the_alert_says_that_they_had_no_reply(
    phone: Phone, session: Session, app_parts: Parts, contacts: Contacts, texts_out: RecordingSender, clock: Clock
) -> None:
    leave_replies(session, app_parts, phone, WORDS)
    clock.forward(hours=15)
    assert sent_by(session, app_parts, contacts, texts_out) == [LATE_WORDS]
    events = session.execute(select(AlertEventRow.what, AlertEventRow.detail)).all()
    assert [tuple(each) for each in events].count(("our reply did not arrive", outbound.TOO_LATE)) == 1


def test_a_second_outage_is_owned_up_to_again(
    phone: Phone, session: Session, app_parts: Parts, contacts: Contacts, texts_out: RecordingSender, clock: Clock
) -> None:
    for number in (1, 2):
        leave_replies(session, app_parts, phone, "hi")
        clock.forward(hours=2)
        assert sent_by(session, app_parts, contacts, texts_out) == [LATE_WORDS] * number
        clock.forward(minutes=1)


def test_who_has_stopped_texts_meanwhile_does_not_hear_that_we_are_late(
    phone: Phone, session: Session, app_parts: Parts, contacts: Contacts, texts_out: RecordingSender, clock: Clock
) -> None:
    leave_replies(session, app_parts, phone, "hi")
    phone.says("STOP")
    clock.forward(hours=2)
    assert sent_by(session, app_parts, contacts, texts_out) == []


def test_a_late_reply_that_belongs_to_no_conversation_any_more_is_not_sent(
    session: Session, app_parts: Parts, contacts: Contacts, texts_out: RecordingSender, clock: Clock
) -> None:
    seed_text(session, app_parts)
    clock.forward(hours=2)
    assert sent_by(session, app_parts, contacts, texts_out) == []
    assert (sole_text(session).state, sole_text(session).error) == ("cancelled", outbound.TOO_LATE)


def rest(phone: Phone, clock: Clock, hours: float = 22) -> None:
    """A conversation that has rested for this long."""
    phone.says("CHECKIN")
    phone.says("12-15")
    clock.forward(hours=hours)


def test_one_nudge_after_twenty_hours_and_never_a_second(
    phone: Phone, session: Session, app_parts: Parts, contacts: Contacts, texts_out: RecordingSender, clock: Clock
) -> None:
    rest(phone, clock, 19.99)
    work(session, app_parts, contacts)
    assert texts_out.sent == []
    for _ in range(60):
        clock.forward(hours=1)
        work(session, app_parts, contacts)
    assert [(message.to, message.sender) for message in texts_out.sent] == [(phone.number, OUR_NUMBER)]


@pytest.mark.parametrize("language", sorted(load_words()))
def test_a_nudge_says_nothing_of_what_it_is_about(language: str) -> None:
    nudge = load_words()[language].line("nudge").lower()
    about = [
        "heard",
        "council",
        "social",
        "plan",
        "meeting",
        "care",
        "listen",
        "question",
        "alert",
        "worry",
        "check",
        "survey",
        "answer",
        "age",
        "spotkan",
        "rada",
    ]
    assert nudge
    assert not [word for word in about if word in nudge.split() or word in ("heard", "council") and word in nudge]
    assert "stop" in nudge


def test_a_nudge_is_the_fixed_words_in_the_language_of_the_conversation(
    phone: Phone, session: Session, app_parts: Parts, contacts: Contacts, texts_out: RecordingSender, clock: Clock
) -> None:
    phone.says("CHECKIN")
    phone.says("polski")
    language = session.scalars(select(ConversationRow.state)).one()["language"]
    clock.forward(hours=22)
    work(session, app_parts, contacts)
    assert language == "pl"
    assert [message.body for message in texts_out.sent] == [load_words()["pl"].line("nudge")]


ENDS = {"stopped": ["STOP"], "finished": ["4", "1", "yes"], "erased": ["DELETE", "yes"]}


@pytest.mark.parametrize("ending", ENDS)
def test_a_conversation_that_is_over_is_not_nudged(
    phone: Phone,
    session: Session,
    app_parts: Parts,
    contacts: Contacts,
    texts_out: RecordingSender,
    clock: Clock,
    ending: str,
) -> None:
    rest(phone, clock, 0)
    for said in ENDS[ending]:
        phone.says(said)
    assert session.scalars(select(ConversationRow.state)).one()["ending"] == ending
    clock.forward(hours=22)
    work(session, app_parts, contacts)
    assert texts_out.sent == []


def test_who_opted_out_elsewhere_is_not_nudged(
    phone: Phone, session: Session, app_parts: Parts, contacts: Contacts, texts_out: RecordingSender, clock: Clock
) -> None:
    rest(phone, clock, 0)
    session.rollback()
    seed_opt_out(session, app_parts)
    clock.forward(hours=22)
    work(session, app_parts, contacts)
    assert texts_out.sent == []
    assert session.scalar(select(func.count()).select_from(OutboxRow)) == 0


def test_a_stop_between_a_nudge_and_its_sending_is_heard(
    phone: Phone, session: Session, app_parts: Parts, contacts: Contacts, texts_out: RecordingSender, clock: Clock
) -> None:
    rest(phone, clock)
    session.rollback()
    texts_out.failures = [NotSent("20429", again=True)]
    work(session, app_parts, contacts)
    phone.says("STOP")
    clock.forward(seconds=10)
    work(session, app_parts, contacts)
    assert texts_out.sent == []
    assert (sole_text(session).state, sole_text(session).error) == ("cancelled", "opted out")


def test_an_answer_to_a_text_of_theirs_goes_also_to_who_has_opted_out(
    session: Session, app_parts: Parts, contacts: Contacts, texts_out: RecordingSender
) -> None:
    seed_opt_out(session, app_parts)
    seed_text(session, app_parts, kind="reply")
    work(session, app_parts, contacts)
    assert len(texts_out.sent) == 1


def seed_opt_out(session: Session, parts: Parts) -> None:
    """A STOP of this number that came in another conversation."""
    store.request_opt(session, "stop", make_seals(parts), parts.clock())
    session.commit()


def test_a_conversation_that_has_expired_is_not_nudged(
    phone: Phone, session: Session, app_parts: Parts, contacts: Contacts, texts_out: RecordingSender, clock: Clock
) -> None:
    rest(phone, clock, 72)
    work(session, app_parts, contacts)
    assert texts_out.sent == []


def test_a_nudge_that_could_not_go_before_the_end_does_not_go_after_it(
    phone: Phone, session: Session, app_parts: Parts, contacts: Contacts, texts_out: RecordingSender, clock: Clock
) -> None:
    rest(phone, clock)
    session.rollback()
    outbound.nudge_due(session, app_parts, contacts)
    clock.forward(hours=52)
    work(session, app_parts, contacts)
    assert texts_out.sent == []
    assert sole_text(session).state == "cancelled"


def test_without_a_key_no_nudge_is_made_and_nothing_breaks(
    phone: Phone, session: Session, app_parts: Parts, contacts: Contacts, texts_out: RecordingSender, clock: Clock
) -> None:
    rest(phone, clock)
    session.rollback()
    for path in app_parts.settings.keys_dir.glob("day-*"):
        path.unlink()
    outbound.nudge_due(session, app_parts, contacts)
    assert session.scalar(select(func.count()).select_from(OutboxRow)) == 0


def test_a_whatsapp_conversation_is_nudged_on_whatsapp(
    phone: Phone, session: Session, app_parts: Parts, contacts: Contacts, texts_out: RecordingSender, clock: Clock
) -> None:
    phone.number = f"whatsapp:{NUMBER}"
    rest(phone, clock)
    work(session, app_parts, contacts)
    assert [(message.to, message.sender) for message in texts_out.sent] == [(phone.number, f"whatsapp:{OUR_NUMBER}")]


@pytest.mark.parametrize(("hours", "nudges"), [(20, 0), (20.9, 0), (21, 1), (31, 1), (32.1, 0)])
def test_no_nudge_comes_at_night(
    phone: Phone, session: Session, app_parts: Parts, contacts: Contacts, clock: Clock, hours: float, nudges: int
) -> None:
    """It begins at noon: nine in the morning is 21 hours later, eight in the evening 32."""
    rest(phone, clock, hours)
    assert outbound.nudge_due(session, app_parts, contacts) == nudges
