"""Writing to a young person: once, when they said yes, to what takes texts or to a page; nothing is lost silently."""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from bot import duty, jobs, outbound, relay
from bot.contacts import Contacts
from bot.desk import Desk
from bot.parts import Parts
from bot.sender import NotSent, Outgoing
from conversations import alerts, openings, outbox, relays, retention
from conversations.duty_models import RelayRow
from conversations.models import AlertRow, ConversationRow
from conversations.sealing import CannotOpen, Reader, Sealable, new_pair, open_box, private_half
from conversations.templates import Draft, Ruling
from tests.bot.test_web import Visitor
from tests.fakes import Clock, RecordingSender
from tests.make import OUR_NUMBER, Phone, signature
from tests.seeds import NUMBER, acknowledge, make_seals, own_session, seed_alert, seed_staff, worker_contacts

VECTORS = Path(__file__).parents[1] / "vectors" / "twilio" / "inbound_fixtures.json"
FIXTURES = {each["id"]: each["form"] for each in json.loads(VECTORS.read_text())["fixtures"]}
HARM, MORE = "stop him hurting me", "i want to kill myself tonight"
HELLO = Draft("Hi, it is Ana. Are you OK?", "hello")
SAID = Draft("I am the duty worker. Are you safe?")
_rows = itertools.count(1)
one_database = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""For what depends on no row, lock or time of the database."""


@pytest.fixture
def contacts(app_parts: Parts) -> Contacts:
    return worker_contacts(app_parts)


@pytest.fixture
def alert_id(phone: Phone, session: Session) -> str:
    """The alert of a young person who has texted of harm and been asked whether it is OK to text."""
    phone.says(HARM)
    return the_alert(session).id


def the_alert(session: Session) -> AlertRow:
    session.rollback()
    found = session.scalars(select(AlertRow).execution_options(populate_existing=True)).one()
    session.expunge(found)
    session.rollback()
    return found


def page_of(visitor: Visitor, session: Session) -> str:
    """What a visitor sees who opens the page again."""
    session.rollback()
    assert visitor.opens().status_code == 200
    return visitor.seen.text


def write(session: Session, parts: Parts, alert_id: str, draft: Draft = SAID, row_id: str = "") -> Ruling:
    session.rollback()
    row_id = row_id or f"{next(_rows):032x}"
    written = relays.Written(row_id, "Ana Reid", draft, parts.keys.of_day(parts.clock()))
    found = relays.write(session, alert_id, written, parts.clock(), ("Demo Council",))
    session.commit()
    return found


def work(session: Session, parts: Parts, contacts: Contacts) -> None:
    session.rollback()
    contacts.settle_opt_requests(session, parts.clock())
    session.commit()
    relay.send_due(session, parts, contacts)


def state_of(session: Session) -> list[tuple[str, str | None]]:
    session.rollback()
    wanted = select(RelayRow.state, RelayRow.error).order_by(RelayRow.written_at, RelayRow.id)
    found = [(state, error) for state, error in session.execute(wanted)]
    session.rollback()
    return found


def history(session: Session, alert_id: str) -> list[str]:
    session.rollback()
    found = [f"{each.what}: {each.detail}".rstrip(": ") for each in alerts.timeline(session, alert_id)]
    session.rollback()
    return found


def read_by_staff(session: Session, contacts: Contacts, alert_id: str, clock: Clock) -> list[dict[str, str]]:
    session.rollback()
    staff_id = session.scalar(text("SELECT id FROM staff")) or seed_staff(session)
    private, public = new_pair()
    opening = openings.ask_to_open(session, staff_id, public, clock(), alert_id=alert_id)
    contacts.fill_openings(session, clock())
    session.commit()
    box = openings.opened(session, opening, staff_id, clock())
    assert box is not None
    found: list[dict[str, str]] = json.loads(open_box(box, private_half(private), "opening", opening, clock()))
    return found


# --- "are you safe right now?" --------------------------------------------------------------------------------------

ASKED = Draft("Hi, I am Ana, a duty worker. Are you safe right now? You can just text back.", "safe")


def asked_whether_safe(phone: Phone, session: Session, parts: Parts, contacts: Contacts, alert_id: str) -> None:
    """They may be texted; Kim has the alert and has asked them."""
    phone.says("1")
    session.rollback()
    acknowledge(session, alert_id, "Kim", parts.clock())
    session.commit()
    assert write(session, parts, alert_id, ASKED).state == "due"
    work(session, parts, contacts)
    session.rollback()


@one_database
@pytest.mark.parametrize(
    ("answers", "level", "state"),
    [
        (["2"], "immediate", "open"),
        (["who is this", "no"], "immediate", "open"),
        (["not sure"], "concern", "acknowledged"),
        (["yes", "no"], "concern", "acknowledged"),
    ],
    ids=str,
)
def test_an_answer_to_whether_they_are_safe_raises_what_it_says(
    alert_id: str, phone: Phone, session: Session, app_parts: Parts, contacts: Contacts, clock: Clock,
    answers: list[str], level: str, state: str
) -> None:  # fmt: skip
    asked_whether_safe(phone, session, app_parts, contacts, alert_id)
    for answer in answers:
        clock.forward(seconds=30)
        phone.says(answer)
    found = the_alert(session)
    assert (found.id, found.level, found.state) == (alert_id, level, state)
    duty.act_on_due(session, app_parts)
    told = "telling the owner of new words: new words in it" in history(session, alert_id)
    assert told == (answers == ["not sure"])


@one_database
def test_a_no_to_whether_they_are_safe_counts_also_after_the_alert_was_closed(
    alert_id: str, phone: Phone, session: Session, app_parts: Parts, contacts: Contacts, clock: Clock
) -> None:
    asked_whether_safe(phone, session, app_parts, contacts, alert_id)
    alerts.record_outcome(session, alert_id, "Kim", "spoken", clock())
    session.commit()
    clock.forward(hours=2)
    assert "999" in phone.says("no")[0]
    session.rollback()
    assert session.scalars(select(AlertRow.level).where(AlertRow.id != alert_id)).one() == "immediate"


# --- once, and when they said yes -----------------------------------------------------------------------------------


def test_a_message_waits_for_their_yes_and_then_goes_once_to_a_number_that_nobody_sees(
    alert_id: str, phone: Phone, session: Session, app_parts: Parts, contacts: Contacts,
    texts_out: RecordingSender, clock: Clock
) -> None:  # fmt: skip
    assert write(session, app_parts, alert_id).state == "waiting"
    for _ in range(2):
        work(session, app_parts, contacts)
    assert texts_out.sent == []
    clock.forward(minutes=1)
    assert "When is it safe to text you?" in "".join(phone.says("1"))
    for _ in range(3):
        work(session, app_parts, contacts)
    assert texts_out.sent == [Outgoing(phone.number, OUR_NUMBER, SAID.words, life=relay.LIFE)]
    assert (the_alert(session).ok_to_text, state_of(session)) == (True, [("sent", None)])
    row = session.scalars(select(RelayRow)).one()
    assert SAID.words.encode() not in row.sealed_words
    assert not [line for line in history(session, alert_id) if "safe?" in line or NUMBER in line]


def test_on_a_no_what_waits_is_cancelled_and_the_worker_reads_it(
    alert_id: str, phone: Phone, session: Session, app_parts: Parts, contacts: Contacts, texts_out: RecordingSender
) -> None:
    write(session, app_parts, alert_id)
    phone.says("2")
    work(session, app_parts, contacts)
    assert (texts_out.sent, the_alert(session).ok_to_text) == ([], False)
    assert state_of(session) == [("cancelled", "they said no")]
    assert "message not sent: they said: do not text here" in history(session, alert_id)
    assert write(session, app_parts, alert_id).state == ""


def test_a_reason_is_recorded_with_what_nobody_asked_for(
    alert_id: str, session: Session, app_parts: Parts, contacts: Contacts, texts_out: RecordingSender, clock: Clock
) -> None:
    clock.forward(minutes=11)
    assert write(session, app_parts, alert_id, replace(HELLO, reason="just_texted")).state == ""
    assert write(session, app_parts, alert_id, replace(SAID, reason="danger")).state == ""
    assert write(session, app_parts, alert_id, replace(HELLO, reason="danger")).state == "due"
    work(session, app_parts, contacts)
    assert [message.body for message in texts_out.sent] == [HELLO.words]
    assert session.scalars(select(RelayRow.unasked_reason)).all() == ["danger"]
    assert any("They may be in immediate danger" in line for line in history(session, alert_id))


def test_safe_times_are_kept_and_hold_back_what_has_no_reason(
    alert_id: str, phone: Phone, session: Session, app_parts: Parts
) -> None:
    phone.says("1")
    phone.says("3")
    assert the_alert(session).safe_times == "evenings"
    assert "safe times: evenings" in history(session, alert_id)
    assert write(session, app_parts, alert_id).state == ""
    assert write(session, app_parts, alert_id, replace(SAID, reason="danger")).state == "due"


def test_the_same_button_pressed_twice_is_one_message(
    alert_id: str, session: Session, app_parts: Parts, contacts: Contacts, texts_out: RecordingSender
) -> None:
    for _ in range(2):
        write(session, app_parts, alert_id, replace(HELLO, reason="danger"), "a" * 32)
        work(session, app_parts, contacts)
    assert len(texts_out.sent) == 1
    assert len([line for line in history(session, alert_id) if line.startswith("message written")]) == 1


@one_database
def test_a_failed_try_is_made_again_and_a_lost_message_is_in_the_history_at_once(
    alert_id: str, session: Session, app_parts: Parts, contacts: Contacts, texts_out: RecordingSender, clock: Clock
) -> None:
    texts_out.failures = [NotSent("20429", again=True)] * 9
    write(session, app_parts, alert_id, replace(HELLO, reason="danger"))
    tried = []
    for second in range(120):
        work(session, app_parts, contacts)
        if len(texts_out.failures) < 9 - len(tried):
            tried.append(second)
        clock.forward(seconds=1)
    assert tried == [0, 5, 25, 85]
    assert state_of(session) == [("failed", "20429")]
    assert "message did not go: 20429" in history(session, alert_id)
    assert not the_alert(session).cannot_be_texted


def test_two_workers_send_a_message_once(
    alert_id: str, app: Flask, session: Session, app_parts: Parts, contacts: Contacts, texts_out: RecordingSender
) -> None:
    write(session, app_parts, alert_id, replace(HELLO, reason="danger"))
    others: list[int] = []

    class Meanwhile(RecordingSender):
        def send(self, message: Outgoing) -> str:
            with own_session(app) as other:
                others.append(relay.send_due(other, app_parts, contacts))
            return super().send(message)

    sender = Meanwhile()
    relay.send_due(session, replace(app_parts, ways={"sms": sender}), contacts)
    assert (len(sender.sent), others, texts_out.sent) == (1, [0], [])


def test_a_lease_that_was_lost_before_the_call_sends_nothing(
    alert_id: str, session: Session, app_parts: Parts, contacts: Contacts, texts_out: RecordingSender, clock: Clock
) -> None:
    write(session, app_parts, alert_id, replace(HELLO, reason="danger"))
    held = outbox.claim(session, RelayRow, clock())[0]
    paused = relay.Held(held.id, held.lease, alert_id, alert_id, held.sealed_words, "rest", 1)
    session.commit()
    clock.forward(seconds=61)
    work(session, app_parts, contacts)
    relay._deliver(session, app_parts, contacts, paused)
    assert len(texts_out.sent) == 1
    assert "message may come twice" in history(session, alert_id)


def test_no_lock_is_held_while_a_message_is_on_its_way(
    alert_id: str, session: Session, app_parts: Parts, contacts: Contacts
) -> None:
    held: list[bool] = []

    class Looking(RecordingSender):
        def send(self, message: Outgoing) -> str:
            held.append(session.in_transaction())
            return super().send(message)

    write(session, app_parts, alert_id, replace(HELLO, reason="danger"))
    relay.send_due(session, replace(app_parts, ways={"sms": Looking()}), contacts)
    assert held == [False]


def test_a_closed_alert_cancels_what_waits_and_takes_nothing_more(
    alert_id: str, session: Session, app_parts: Parts, contacts: Contacts, texts_out: RecordingSender
) -> None:
    write(session, app_parts, alert_id)
    write(session, app_parts, alert_id, replace(HELLO, reason="danger"))
    close(session, alert_id)
    work(session, app_parts, contacts)
    assert texts_out.sent == []
    assert state_of(session) == [("cancelled", "the alert is closed")] * 2
    assert write(session, app_parts, alert_id).why_not == "This alert is closed."


def close(session: Session, alert_id: str) -> None:
    session.execute(text("UPDATE alert SET state = 'closed', outcome = 'spoken', next_action_at = NULL"))
    session.commit()


@one_database
def test_the_worker_does_it_with_everything_else(
    alert_id: str, session: Session, app_parts: Parts, texts_out: RecordingSender
) -> None:
    write(session, app_parts, alert_id, replace(HELLO, reason="danger"))
    jobs.work_once(session, app_parts)
    assert HELLO.words in [message.body for message in texts_out.sent]


# --- their answers --------------------------------------------------------------------------------------------------


def test_b27_every_text_is_screened_while_an_alert_is_open(
    alert_id: str, phone: Phone, session: Session, app_parts: Parts, contacts: Contacts, clock: Clock
) -> None:
    write(session, app_parts, alert_id, replace(HELLO, reason="danger"))
    work(session, app_parts, contacts)
    clock.forward(minutes=1)
    said = "".join(phone.says(MORE))
    assert "999" in said
    assert the_alert(session).level == "immediate"
    assert "level rose: immediate" in history(session, alert_id)
    thread = read_by_staff(session, contacts, alert_id, clock)
    assert [(each["words"], each.get("by", "")) for each in thread] == [
        (HARM, ""), (HELLO.words, "Ana Reid"), (MORE, ""),
    ]  # fmt: skip


@one_database
def test_b27_every_text_is_screened_after_a_stop(phone: Phone, session: Session) -> None:
    phone.says("hi")
    phone.says("STOP")
    phone.says(MORE)
    assert the_alert(session).level == "immediate"


def test_b28_a_retraction_never_lowers_nor_closes_and_the_worker_sees_it(
    alert_id: str, phone: Phone, session: Session, contacts: Contacts, clock: Clock
) -> None:
    clock.forward(minutes=1)
    phone.says(FIXTURES["retraction"]["Body"])
    found = the_alert(session)
    assert (found.level, found.state) == ("concern", "open")
    assert read_by_staff(session, contacts, alert_id, clock)[-1]["words"] == FIXTURES["retraction"]["Body"]


def test_an_answer_to_a_message_is_no_answer_to_a_question(
    phone: Phone, session: Session, app_parts: Parts, contacts: Contacts, clock: Clock
) -> None:
    """The questions were over, their conversation was closed, and no other alert of theirs is open."""
    alert_id = seed_alert(session, app_parts)
    write(session, app_parts, alert_id, replace(SAID, reason="by_phone"))
    work(session, app_parts, contacts)
    clock.forward(hours=5)
    assert phone.says("1") == ["Thank you. The duty worker will see this too."]
    session.rollback()
    assert session.scalars(select(ConversationRow.state)).one()["answers"] == {}
    assert [each["words"] for each in read_by_staff(session, contacts, alert_id, clock)][-1] == "1"


@pytest.mark.parametrize("before", [(), ("CHECKIN", "12-15"), ("hi", "12-15", "4", "1", "yes")])
def test_whether_it_is_ok_is_heard_also_in_a_conversation_that_had_moved_on(
    phone: Phone, session: Session, app_parts: Parts, contacts: Contacts, clock: Clock, before: tuple[str, ...]
) -> None:
    for said in before:
        phone.says(said)
    session.rollback()
    alert_id = seed_alert(session, app_parts)
    write(session, app_parts, alert_id, SAID)
    asked = Draft("Is it OK to text you here? Reply 1 for yes, 2 for no.", "ok")
    assert write(session, app_parts, alert_id, asked).reason == "asking"
    work(session, app_parts, contacts)
    clock.forward(minutes=3)
    phone.says("1")
    assert the_alert(session).ok_to_text is True
    work(session, app_parts, contacts)
    assert sorted(state_of(session)) == [("sent", None), ("sent", None)]


@one_database
def test_after_the_alert_the_questions_may_go_on(
    phone: Phone, session: Session, app_parts: Parts, contacts: Contacts, clock: Clock
) -> None:
    alert_id = seed_alert(session, app_parts)
    write(session, app_parts, alert_id, replace(SAID, reason="by_phone"))
    work(session, app_parts, contacts)
    close(session, alert_id)
    assert "Carry on?" in "".join(phone.says("hello"))


@one_database
def test_a_no_of_before_holds_for_the_next_alert_of_the_same_conversation(
    alert_id: str, phone: Phone, session: Session
) -> None:
    phone.says("2")
    close(session, alert_id)
    phone.says(MORE)
    session.rollback()
    newer = session.scalars(select(AlertRow).where(AlertRow.state != "closed")).one()
    assert newer.ok_to_text is False


# --- what cannot be texted ------------------------------------------------------------------------------------------


def test_b31_a_message_to_who_has_stopped_texts_says_so_with_its_time(
    alert_id: str, phone: Phone, session: Session, app_parts: Parts, contacts: Contacts,
    texts_out: RecordingSender, clock: Clock
) -> None:  # fmt: skip
    texts_out.failures = [NotSent("21610", again=False)]
    write(session, app_parts, alert_id, replace(HELLO, reason="danger"))
    write(session, app_parts, alert_id)
    clock.forward(minutes=3)
    work(session, app_parts, contacts)
    found = the_alert(session)
    assert found.cannot_be_texted
    known = relays.cut_off_by(session, alert_id)
    assert known is not None
    assert (known.detail, known.at) == ("21610", clock())
    assert sorted(state_of(session)) == [("cancelled", "21610"), ("failed", "21610")]
    assert write(session, app_parts, alert_id, replace(HELLO, reason="danger")).state == ""
    phone.says("START", OptOutType="START")
    assert not the_alert(session).cannot_be_texted
    assert "can be texted again: they sent START" in history(session, alert_id)


def test_b31_a_stop_is_on_the_alert_with_its_time(alert_id: str, phone: Phone, session: Session) -> None:
    phone.says("STOP")
    assert the_alert(session).cannot_be_texted
    assert "cannot be texted: stop" in history(session, alert_id)


@pytest.mark.parametrize(("code", "barred"), [("21610", True), ("30006", True), ("30003", False)])
def test_b31_a_safety_reply_that_is_lost_is_not_lost_silently(
    alert_id: str, app_parts: Parts, session: Session, contacts: Contacts, texts_out: RecordingSender,
    code: str, barred: bool
) -> None:  # fmt: skip
    session.rollback()
    conversation = session.scalars(select(ConversationRow.id)).one()
    words = outbox.Text("reply", OUR_NUMBER, "words")
    outbox.add(session, words, make_seals(app_parts), conversation, app_parts.clock())
    session.commit()
    texts_out.failures = [NotSent(code, again=False)]
    outbound.send_due(session, app_parts, contacts)
    assert the_alert(session).cannot_be_texted == barred
    assert [line for line in history(session, alert_id) if line.startswith("our reply did not arrive")]


@pytest.mark.parametrize("early", [False, True])
def test_b31_a_report_that_a_message_did_not_arrive_is_on_the_alert_once(
    alert_id: str, app: Flask, session: Session, app_parts: Parts, contacts: Contacts, early: bool
) -> None:
    sid = f"SM{1:032x}"
    form = {"MessageSid": sid, "AccountSid": app_parts.settings.twilio_account_sid, "MessageStatus": "undelivered",
            "ErrorCode": "30006"}  # fmt: skip
    headers = {"X-Twilio-Signature": signature("/sms/status", form)}
    write(session, app_parts, alert_id, replace(HELLO, reason="danger"))
    if early:
        assert app.test_client().post("/sms/status", data=form, headers=headers).status_code == 204
    work(session, app_parts, contacts)
    for _ in range(2):
        assert app.test_client().post("/sms/status", data=form, headers=headers).status_code == 204
    assert the_alert(session).cannot_be_texted
    assert len([line for line in history(session, alert_id) if line.startswith("message did not arrive")]) == 1
    assert session.scalars(select(RelayRow.provider_status)).one() == "undelivered"


@dataclass
class Answering(RecordingSender):
    """A carrier whose reports are all lost, and that says what became of a text when it is asked."""

    word: tuple[str, str] = ("sent", "")
    asked: list[str] = field(default_factory=list)

    def status(self, provider_id: str) -> tuple[str, str]:
        """What became of it."""
        self.asked.append(provider_id)
        return self.word


def ask(session: Session, parts: Parts) -> None:
    with Desk() as desk:
        duty.ask_for_news(session, parts, desk)
        desk.settle()
        duty.take_back(session, parts, desk)


@pytest.mark.parametrize(("word", "lost"), [(("undelivered", "30006"), 1), (("delivered", ""), 0)])
def test_b8_and_b31_a_message_whose_reports_are_lost_is_asked_about_and_what_became_of_it_is_on_the_alert(
    alert_id: str, session: Session, app_parts: Parts, contacts: Contacts, word: tuple[str, str], lost: int
) -> None:
    carrier, clock = Answering(), app_parts.clock
    assert isinstance(clock, Clock)
    parts = replace(app_parts, ways={"sms": carrier, "email": app_parts.ways["email"]})
    write(session, parts, alert_id, replace(HELLO, reason="danger"))
    work(session, parts, contacts)
    text_id = session.scalars(select(RelayRow.provider_id)).one()
    for seconds, times in ((59, 0), (1, 1), (30, 1), (30, 2)):  # not at once, and once a minute while it is on its way
        clock.forward(seconds=seconds)
        ask(session, parts)
        assert carrier.asked == [text_id] * times
    carrier.word = word
    for _ in range(3):
        clock.forward(seconds=60)
        ask(session, parts)
    assert carrier.asked == [text_id] * 3  # what is final is not asked about again
    assert session.scalars(select(RelayRow.provider_status)).one() == word[0]
    assert len([line for line in history(session, alert_id) if line.startswith("message did not arrive")]) == lost
    assert the_alert(session).cannot_be_texted == bool(lost)


def test_b33_a_landline_that_texted_us_is_never_texted_and_the_alert_says_why(
    phone: Phone, session: Session, app_parts: Parts, contacts: Contacts, texts_out: RecordingSender
) -> None:
    phone.number = FIXTURES["landline-sender"]["From"]
    assert phone.says(HARM) == []
    found = the_alert(session)
    assert (found.cannot_be_texted, found.sealed_contact is None) == (True, False)
    assert "cannot be texted: landline" in history(session, found.id)
    assert write(session, app_parts, found.id, replace(HELLO, reason="danger")).state == ""
    jobs.work_once(session, app_parts)
    assert [message for message in texts_out.sent if message.to == phone.number] == []


@pytest.mark.parametrize(("number", "why"), [(FIXTURES["landline-sender"]["From"], "landline"), ("HEARD", "landline")])
def test_b33_the_last_look_before_sending_stops_a_text_to_a_landline(
    session: Session, app_parts: Parts, contacts: Contacts, texts_out: RecordingSender, number: str, why: str
) -> None:
    alert_id = seed_alert(session, app_parts, number=number)
    write(session, app_parts, alert_id, replace(HELLO, reason="danger"))
    work(session, app_parts, contacts)
    assert (texts_out.sent, state_of(session)) == ([], [("failed", why)])
    assert the_alert(session).cannot_be_texted


@one_database
def test_b33_no_text_of_the_relay_repeats_what_they_said(
    alert_id: str, session: Session, app_parts: Parts, contacts: Contacts, texts_out: RecordingSender
) -> None:
    write(session, app_parts, alert_id, replace(HELLO, reason="danger"))
    jobs.work_once(session, app_parts)
    assert not [message for message in texts_out.sent if HARM in message.body or NUMBER in message.body]


@one_database
def test_who_sent_stop_elsewhere_is_not_texted(
    session: Session, app_parts: Parts, contacts: Contacts, phone: Phone, texts_out: RecordingSender
) -> None:
    phone.says("STOP")
    session.rollback()
    alert_id = seed_alert(session, app_parts)
    write(session, app_parts, alert_id, replace(HELLO, reason="danger"))
    work(session, app_parts, contacts)
    assert (texts_out.sent, state_of(session)) == ([], [("failed", "stop")])


@one_database
def test_a_number_that_can_no_longer_be_opened_is_said_to_be_gone(
    session: Session, app_parts: Parts, contacts: Contacts, texts_out: RecordingSender
) -> None:
    alert_id = seed_alert(session, app_parts)
    write(session, app_parts, alert_id, replace(HELLO, reason="danger"))
    session.execute(text("UPDATE alert SET sealed_contact = :box"), {"box": b"junk" * 50})
    session.commit()
    work(session, app_parts, contacts)
    assert (texts_out.sent, state_of(session)) == ([], [("failed", "gone")])


# --- web visitors ---------------------------------------------------------------------------------------------------


@pytest.fixture
def visitor(app: Flask) -> Visitor:
    """A web visitor who has told of harm."""
    visitor = Visitor(app)
    visitor.starts()
    visitor.says(HARM)
    return visitor


LETTER = "A duty worker wrote:"


def test_b44_a_visitor_who_comes_back_reads_what_the_worker_wrote_and_the_worker_sees_it(
    visitor: Visitor, session: Session, app_parts: Parts, contacts: Contacts, texts_out: RecordingSender, clock: Clock
) -> None:
    alert_id = the_alert(session).id
    assert LETTER not in page_of(visitor, session)
    assert write(session, app_parts, alert_id).state == "due"
    work(session, app_parts, contacts)
    assert (texts_out.sent, state_of(session)) == ([], [("sent", None)])
    clock.forward(hours=3)
    page = page_of(visitor, session)
    assert LETTER in page
    assert page.index(LETTER) < page.index(SAID.words) < page.index("<h1")
    assert SAID.words in page_of(visitor, session)
    assert history(session, alert_id).count("message seen on their page") == 1
    close(session, alert_id)
    assert SAID.words not in page_of(visitor, session)


@one_database
def test_b44_it_is_there_also_after_the_end_of_the_questions(
    visitor: Visitor, session: Session, app_parts: Parts, contacts: Contacts, clock: Clock
) -> None:
    visitor.says("stop")
    clock.forward(hours=3)
    write(session, app_parts, the_alert(session).id)
    work(session, app_parts, contacts)
    assert SAID.words in page_of(visitor, session)


@one_database
def test_b44_a_worry_that_was_sent_is_there_when_the_tab_was_closed_before_the_answer(
    app: Flask, session: Session, contacts: Contacts, clock: Clock
) -> None:
    visitor = Visitor(app)
    visitor.starts()
    visitor.posts(text=HARM)  # and the answer is never read
    alert_id = the_alert(session).id
    assert read_by_staff(session, contacts, alert_id, clock)[0]["words"] == HARM
    visitor.posts("/chat/leave")
    assert the_alert(session).state == "open"


@one_database
def test_nobody_else_reads_it_and_the_database_alone_cannot(
    visitor: Visitor, app: Flask, session: Session, app_parts: Parts, contacts: Contacts, clock: Clock
) -> None:
    other = Visitor(app)
    other.starts()
    write(session, app_parts, the_alert(session).id)
    work(session, app_parts, contacts)
    assert LETTER not in page_of(other, session)
    row = session.scalars(select(RelayRow)).one()
    assert row.sealed_for_reader is not None
    with pytest.raises(CannotOpen):
        Reader("f" * 32).read(row.sealed_for_reader, row.id, clock())
    with visitor.client.session_transaction() as cookie:
        secret = cookie["visitor"]
    assert Reader(secret).read(row.sealed_for_reader, row.id, clock()) == SAID.words
    session.rollback()
    stored = [str(tuple(each)) for each in session.execute(text("SELECT * FROM conversation"))]
    assert not [each for each in stored if secret in each]


@one_database
def test_a_box_of_another_message_is_not_shown(
    visitor: Visitor, session: Session, app_parts: Parts, contacts: Contacts
) -> None:
    write(session, app_parts, the_alert(session).id)
    work(session, app_parts, contacts)
    session.execute(text("UPDATE relay SET sealed_for_reader = :box"), {"box": b"session\njunk"})
    session.commit()
    assert LETTER not in page_of(visitor, session)


@one_database
def test_who_has_left_cannot_be_written_to_and_the_worker_is_told(
    visitor: Visitor, session: Session, app_parts: Parts, contacts: Contacts
) -> None:
    alert_id = the_alert(session).id
    write(session, app_parts, alert_id)
    visitor.posts("/chat/leave")
    work(session, app_parts, contacts)
    assert state_of(session) == [("failed", "nobody can be written to")]
    assert "message did not go: nobody can be written to" in history(session, alert_id)
    assert LETTER not in page_of(visitor, session)
    assert write(session, app_parts, alert_id).state == ""


@one_database
def test_a_mobile_that_a_visitor_leaves_is_a_yes_and_a_landline_is_never_texted(
    visitor: Visitor, app: Flask, session: Session, app_parts: Parts, contacts: Contacts, texts_out: RecordingSender
) -> None:
    alert_id = the_alert(session).id
    visitor.posts("/chat/reach", number="0131 496 0731")
    assert "cannot be texted: landline" in history(session, alert_id)
    page_of(visitor, session)
    assert visitor.posts("/chat/reach", number="07700 900731").status_code == 303
    assert the_alert(session).ok_to_text is True
    write(session, app_parts, alert_id)
    work(session, app_parts, contacts)
    assert [message.to for message in texts_out.sent] == ["+447700900731"]
    assert SAID.words in page_of(visitor, session)
    their_phone = Phone(app, "+447700900731")
    assert their_phone.says("ok") == ["Thank you. The duty worker will see this too."]


def test_words_for_a_page_go_with_their_week(
    visitor: Visitor, session: Session, app_parts: Parts, contacts: Contacts, clock: Clock
) -> None:


    write(session, app_parts, the_alert(session).id)
    work(session, app_parts, contacts)
    retention.purge(session, clock() + timedelta(days=7) - timedelta(seconds=1))
    assert session.scalars(select(RelayRow.sealed_for_reader)).one() is not None
    retention.purge(session, clock() + timedelta(days=7))
    assert session.scalars(select(RelayRow.sealed_for_reader)).one() is None


@one_database
def test_a_sealed_message_opens_for_its_own_row_alone(app_parts: Parts, contacts: Contacts, clock: Clock) -> None:
    box = Sealable("hi").seal(app_parts.keys.of_day(clock()), relays.PURPOSE, "row1", clock() + timedelta(days=7))
    assert contacts.content(box, "relay", "row1", clock()) == "hi"
    with pytest.raises(CannotOpen):
        contacts.content(box, "relay", "row2", clock())
