"""The duty clock over a rota: who is told when, what follows a failure, and what holds when clocks and people fail."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from threading import Event

import pytest
from flask import Flask
from sqlalchemy import delete, func, select, text, update
from sqlalchemy.orm import Session

from bot import duty
from bot.desk import Desk
from bot.parts import Parts
from bot.sender import NotSent, Outgoing
from conversations import alerts, outbox
from conversations.models import AlertEventRow, AlertRow, AttemptRow
from conversations.policy import Timetable
from conversations.staff_models import StaffRow
from conversations.values import Assessment, Level
from tests.fakes import Clock, RecordingSender
from tests.make import PUBLIC_URL, Phone
from tests.seeds import DANGER, WORDS, WORRY, acknowledge, make_seals, seed_alert, seed_on_duty, seed_told

VECTORS = Path(__file__).parents[1] / "vectors" / "twilio" / "status_sequences.json"
SEQUENCES = json.loads(VECTORS.read_text())["sequences"]
ANN, BOB, LEAD, FALLBACK = "+447700900991", "+447700900992", "+447700900993", "+447700900900"


@pytest.fixture
def database_url(sqlite_database_url: str) -> str:
    """One database is enough: locks and leases are tested on both in test_outbox, test_alerts and tests/faults."""
    return sqlite_database_url


@pytest.fixture
def team(session: Session, app_parts: Parts) -> dict[str, int]:
    """Two people on duty and a safeguarding lead."""
    names = {"Ann": False, "Bob": False, "Lea": True}
    return {name: seed_on_duty(session, app_parts, name, lead=lead) for name, lead in names.items()}


def work(session: Session, parts: Parts) -> None:
    """What the worker does for alerts in one round."""
    duty.settle_lost(session, parts)
    duty.act_on_due(session, parts)
    duty.send_due(session, parts)
    with Desk() as desk:
        duty.ask_for_news(session, parts, desk)
        desk.settle()
        duty.take_back(session, parts, desk)


def numbers(sender: RecordingSender) -> list[str]:
    return [message.to for message in sender.sent]


def history(session: Session) -> list[tuple[str, str]]:
    return [(row.what, row.detail) for row in session.scalars(select(AlertEventRow).order_by(AlertEventRow.id))]


# --- the way up -----------------------------------------------------------------------------------------------------


def test_the_first_the_next_and_then_everyone_are_told_by_text_and_by_mail(
    session: Session,
    app_parts: Parts,
    team: dict[str, int],
    texts_out: RecordingSender,
    mails_out: RecordingSender,
    clock: Clock,
) -> None:
    seed_alert(session, app_parts, DANGER)
    told = []
    for _ in range(31):
        before = len(texts_out.sent)
        work(session, app_parts)
        told.append(sorted(numbers(texts_out)[before:]))
        clock.forward(minutes=1)
    everyone = sorted([ANN, BOB, LEAD, FALLBACK])
    assert {minute: who for minute, who in enumerate(told) if who} == {
        0: [ANN],
        5: [BOB],
        10: everyone,
        20: everyone,
        30: everyone,
    }
    assert len(mails_out.sent) == len(texts_out.sent)
    assert ("needs the operator", "nobody has acknowledged it: everyone") in history(session)


def test_b11_without_an_answer_it_is_told_for_two_days_and_the_operator_hears_of_it(
    session: Session, app_parts: Parts, texts_out: RecordingSender, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    alert_id = seed_alert(session, app_parts)
    for _ in range(48 * 60 // 45 + 1):
        work(session, app_parts)
        clock.forward(minutes=45)
    assert len(texts_out.sent) == 48 * 60 // 45 + 1
    assert f"alert {session.get_one(AlertRow, alert_id).reference} needs the operator" in caplog.text


def test_b16_with_nobody_on_the_rota_the_fallback_is_told_at_once(
    session: Session, app_parts: Parts, texts_out: RecordingSender, mails_out: RecordingSender
) -> None:
    seed_on_duty(session, app_parts, "Lea", lead=True)
    seed_alert(session, app_parts)
    work(session, app_parts)
    assert (numbers(texts_out), numbers(mails_out)) == ([FALLBACK], ["duty@example.org"])


def test_b12_the_owner_alone_is_reminded(
    session: Session, app_parts: Parts, team: dict[str, int], texts_out: RecordingSender, clock: Clock
) -> None:
    alert_id = seed_alert(session, app_parts, DANGER)
    work(session, app_parts)
    acknowledge(session, alert_id, "Bob", clock(), team["Bob"])
    session.commit()
    clock.forward(minutes=45)
    work(session, app_parts)
    assert numbers(texts_out) == [ANN, BOB]
    assert "Its outcome is missing" in texts_out.sent[1].body
    clock.forward(minutes=15)
    work(session, app_parts)
    assert numbers(texts_out) == [ANN, BOB, ANN]
    assert session.get_one(AlertRow, alert_id).owner_id is None


MORE = re.compile(
    r"Heard alert [A-HJKMNP-Z2-9]{6}, level (concern|immediate)\. "
    rf"It is yours, and more has come in\. Look now: {PUBLIC_URL}/staff/alerts/"
)


def add(session: Session, parts: Parts, alert_id: str, assessment: Assessment) -> None:
    """Another text of theirs, as its request keeps it."""
    alerts.add_to_alert(session, alert_id, assessment, make_seals(parts), parts.clock())
    session.commit()


def taken_by_bob(session: Session, parts: Parts, team: dict[str, int], assessment: Assessment = DANGER) -> str:
    """An alert that Bob took twenty minutes ago."""
    alert_id = seed_alert(session, parts, assessment)
    work(session, parts)
    acknowledge(session, alert_id, "Bob", parts.clock(), team["Bob"])
    session.commit()
    parts.clock.forward(minutes=20)  # type: ignore[attr-defined]  # the moved clock of these tests
    return alert_id


@pytest.mark.parametrize("assessment", [WORRY, DANGER], ids=["concern", "immediate"])
def test_new_danger_in_an_alert_that_is_taken_is_told_to_its_owner_alone_and_puts_nothing_off(
    session: Session,
    app_parts: Parts,
    team: dict[str, int],
    texts_out: RecordingSender,
    mails_out: RecordingSender,
    clock: Clock,
    assessment: Assessment,
) -> None:
    alert_id = taken_by_bob(session, app_parts, team, assessment)
    told = {}
    for minute in range(20, 61):
        if minute in (20, 21, 22, 23, 40):
            add(session, app_parts, alert_id, assessment)
        before = len(texts_out.sent)
        work(session, app_parts)
        work(session, app_parts)
        if sent := texts_out.sent[before:]:
            told[minute] = [(message.to, MORE.fullmatch(message.body) is not None) for message in sent]
        clock.forward(minutes=1)
    assert told == {20: [(BOB, True)], 25: [(BOB, True)], 40: [(BOB, True)], 45: [(BOB, False)], 60: [(ANN, False)]}
    assert len(mails_out.sent) == len(texts_out.sent)
    assert ("telling the owner of new words", "new words in it") in history(session)


@pytest.mark.parametrize("later", [Assessment(), Assessment(Level.WELLBEING)], ids=["none", "wellbeing"])
def test_words_that_alert_nobody_are_not_told_to_the_owner(
    session: Session, app_parts: Parts, team: dict[str, int], texts_out: RecordingSender, later: Assessment
) -> None:
    alert_id = taken_by_bob(session, app_parts, team)
    add(session, app_parts, alert_id, later)
    work(session, app_parts)
    assert numbers(texts_out) == [ANN]


def test_an_owner_whom_no_way_reaches_with_new_danger_gives_the_alert_to_whoever_is_next_at_once(
    session: Session, app_parts: Parts, team: dict[str, int], texts_out: RecordingSender, mails_out: RecordingSender
) -> None:
    alert_id = taken_by_bob(session, app_parts, team)
    for out in (texts_out, mails_out):
        out.failures = [NotSent("21211", again=False)]
    add(session, app_parts, alert_id, DANGER)
    for _ in range(2):
        work(session, app_parts)
    assert numbers(texts_out) == [ANN, ANN]
    assert session.get_one(AlertRow, alert_id).state == "open"
    assert ("opened again", "its owner is not reached") in history(session)


def test_an_owner_whom_one_way_reaches_with_new_danger_keeps_the_alert_whatever_an_earlier_notice_did(
    session: Session, app_parts: Parts, team: dict[str, int], texts_out: RecordingSender, clock: Clock
) -> None:
    alert_id = taken_by_bob(session, app_parts, team)
    for _ in range(2):
        texts_out.failures = [NotSent("21211", again=False)]
        add(session, app_parts, alert_id, DANGER)
        for _ in range(2):
            work(session, app_parts)
        clock.forward(minutes=6)
    found = session.get_one(AlertRow, alert_id)
    assert (found.state, found.owner_id) == ("acknowledged", team["Bob"])
    assert numbers(texts_out) == [ANN]


def test_a_notice_of_new_danger_that_did_not_arrive_is_followed_although_the_one_before_did(
    session: Session,
    app_parts: Parts,
    team: dict[str, int],
    texts_out: RecordingSender,
    mails_out: RecordingSender,
    clock: Clock,
) -> None:
    alert_id = taken_by_bob(session, app_parts, team)
    add(session, app_parts, alert_id, DANGER)
    work(session, app_parts)
    clock.forward(minutes=6)
    for out in (texts_out, mails_out):
        out.failures = [NotSent("21211", again=False)]
    add(session, app_parts, alert_id, DANGER)
    for _ in range(2):
        work(session, app_parts)
    assert numbers(texts_out) == [ANN, BOB, ANN]


def test_a_notice_of_new_danger_that_still_waits_is_not_sent_once_the_alert_is_closed(
    session: Session, app_parts: Parts, team: dict[str, int], texts_out: RecordingSender, clock: Clock
) -> None:
    alert_id = taken_by_bob(session, app_parts, team)
    texts_out.failures = [NotSent("20429", again=True)]
    add(session, app_parts, alert_id, DANGER)
    work(session, app_parts)
    assert alerts.record_outcome(session, alert_id, "Bob", "police", clock())
    session.commit()
    clock.forward(seconds=10)
    work(session, app_parts)
    assert numbers(texts_out) == [ANN]


def test_b37_a_drill_that_nobody_takes_never_reaches_the_lead_nor_everybody(
    session: Session, app_parts: Parts, team: dict[str, int], texts_out: RecordingSender, clock: Clock
) -> None:
    seed_alert(session, app_parts)
    session.execute(update(AlertRow).values(drill=True))
    session.commit()
    for _ in range(48):  # the watch, which would close it, is dead for two days
        work(session, app_parts)
        clock.forward(hours=1)
    assert numbers(texts_out) == [ANN]


def test_b37_a_drill_that_waited_for_its_sender_is_not_sent_at_night(
    session: Session, app_parts: Parts, team: dict[str, int], texts_out: RecordingSender, clock: Clock
) -> None:
    office = replace(app_parts, settings=replace(app_parts.settings, cover_hours="09:00-17:00"))
    seed_alert(session, office)
    real = seed_alert(session, office)
    session.execute(update(AlertRow).where(AlertRow.id != real).values(drill=True))
    session.commit()
    duty.act_on_due(session, office)  # and then worker and watch are dead until three in the morning
    clock.forward(hours=15)
    work(session, office)
    assert ANN in numbers(texts_out)
    assert not [text for text in texts_out.sent if "DRILL" in text.body]


def test_a_drill_is_told_like_any_alert_and_says_so(
    session: Session, app_parts: Parts, texts_out: RecordingSender, mails_out: RecordingSender
) -> None:
    seed_alert(session, app_parts)
    session.execute(update(AlertRow).values(drill=True))
    session.commit()
    work(session, app_parts)
    assert texts_out.sent[0].body.startswith("DRILL. Heard alert ")
    assert mails_out.sent[0].subject.startswith("DRILL. Heard alert ")


# --- what fails -----------------------------------------------------------------------------------------------------


def report(session: Session, status: str, error: str, clock: Clock, number: int = 1) -> None:
    outbox.note_status(session, f"SM{number:032x}", status, error, clock())
    session.commit()


@pytest.mark.parametrize("status", ["undelivered", "failed"])
def test_b7_what_is_not_delivered_starts_the_next_person_within_ten_seconds(
    session: Session, app_parts: Parts, team: dict[str, int], texts_out: RecordingSender, clock: Clock, status: str
) -> None:
    seed_alert(session, app_parts, DANGER)
    work(session, app_parts)
    clock.forward(seconds=9)
    report(session, status, "30005", clock)
    clock.forward(seconds=1)
    work(session, app_parts)
    assert numbers(texts_out) == [ANN, BOB]
    assert ("not delivered", "sms: 30005") in history(session)


def test_b7_the_next_way_to_the_same_person_comes_before_the_next_person(
    session: Session, app_parts: Parts, texts_out: RecordingSender, mails_out: RecordingSender, clock: Clock
) -> None:
    calls_out = RecordingSender()
    parts = replace(app_parts, ways={"sms": texts_out, "email": mails_out, "voice": calls_out})
    seed_on_duty(session, app_parts, "Ann", "sms", "email", "voice")
    seed_on_duty(session, app_parts, "Bob")
    texts_out.failures = [NotSent("21610", again=False)]
    seed_alert(session, app_parts, DANGER)
    for _ in range(3):
        work(session, parts)
    assert (numbers(texts_out), numbers(calls_out), len(mails_out.sent)) == ([], [ANN], 1)


def test_b7_a_phone_that_was_off_is_tried_again_as_well(
    session: Session, app_parts: Parts, team: dict[str, int], texts_out: RecordingSender, clock: Clock
) -> None:
    seed_alert(session, app_parts, DANGER)
    work(session, app_parts)
    report(session, "undelivered", "30003", clock)
    for _ in range(6):
        work(session, app_parts)
        clock.forward(seconds=1)
    assert sorted(numbers(texts_out)) == [ANN, ANN, BOB]
    report(session, "delivered", "", clock, number=3)
    for _ in range(30):
        work(session, app_parts)
        clock.forward(seconds=2)
    assert len(texts_out.sent) == 3


def test_b5_when_every_way_to_somebody_fails_the_next_person_is_told_at_once(
    session: Session,
    app_parts: Parts,
    team: dict[str, int],
    texts_out: RecordingSender,
    mails_out: RecordingSender,
    clock: Clock,
) -> None:
    texts_out.failures = [NotSent("ReadTimeout", again=True)]
    mails_out.failures = [NotSent("smtp 451", again=True)]
    seed_alert(session, app_parts, DANGER)
    for _ in range(2):
        work(session, app_parts)
    assert numbers(texts_out) == [BOB]
    clock.forward(seconds=5)
    work(session, app_parts)
    assert numbers(texts_out) == [BOB, ANN]


@pytest.mark.parametrize("minutes", [4, 30, 100])
def test_b5_when_no_way_to_anybody_has_worked_somebody_is_told_soon_after_one_works_again(
    session: Session,
    app_parts: Parts,
    team: dict[str, int],
    texts_out: RecordingSender,
    mails_out: RecordingSender,
    clock: Clock,
    minutes: int,
) -> None:
    texts_out.failures = [NotSent("503", again=True)] * 4000
    mails_out.failures = [NotSent("smtp 451", again=True)] * 4000
    alert_id = seed_alert(session, app_parts)
    for _ in range(minutes * 3):
        work(session, app_parts)
        clock.forward(seconds=20)
    assert session.scalar(select(func.count()).select_from(AttemptRow)) < 60 + 4 * minutes
    texts_out.failures = mails_out.failures = []
    for _ in range(4 + minutes // 10 * 3):
        work(session, app_parts)
        clock.forward(seconds=20)
    assert texts_out.sent
    once = len(texts_out.sent)
    for _ in range(30):
        work(session, app_parts)
        clock.forward(seconds=20)
    assert len(texts_out.sent) <= once + 4  # somebody knows: the next step comes in its own time
    assert session.get_one(AlertRow, alert_id).next_action_at > clock()


def test_a_hiccup_wakes_nobody_else(
    session: Session, app_parts: Parts, team: dict[str, int], texts_out: RecordingSender, clock: Clock
) -> None:
    texts_out.failures = [NotSent("20429", again=True)]
    seed_alert(session, app_parts, DANGER)
    for _ in range(20):
        work(session, app_parts)
        clock.forward(seconds=5)
    assert numbers(texts_out) == [ANN]


def test_when_nobody_at_all_is_reached_the_operator_is_told(
    session: Session,
    app_parts: Parts,
    texts_out: RecordingSender,
    mails_out: RecordingSender,
    caplog: pytest.LogCaptureFixture,
) -> None:
    texts_out.failures = [NotSent("20003", again=False)]
    mails_out.failures = [NotSent("smtp 550", again=False)]
    seed_alert(session, app_parts)
    work(session, app_parts)
    assert "needs the operator: nobody is reached" in caplog.text
    assert "7700" not in caplog.text


@dataclass
class Hanging(RecordingSender):
    """Takes no message until it is let go."""

    go: Event = field(default_factory=Event)

    def send(self, message: Outgoing) -> str:
        """Hang."""
        assert self.go.wait(60)
        return super().send(message)


def test_b5_and_b26_a_provider_that_hangs_delays_neither_the_other_way_nor_the_next_alert(
    session: Session, app_parts: Parts, mails_out: RecordingSender
) -> None:
    hanging = Hanging()
    parts = replace(app_parts, ways={"sms": hanging, "email": mails_out})
    with Desk() as desk:
        for number in range(3):
            seed_told(session, app_parts)
            duty.hand_out(session, parts, desk)
            for _ in range(2):
                duty.take_back(session, parts, desk, patience=0.2)
            assert len(mails_out.sent) == number + 1
        assert (hanging.sent, desk.room("sms"), desk.room("email")) == ([], 29, 32)
        hanging.go.set()
        desk.settle()
        duty.take_back(session, parts, desk)
    assert len(hanging.sent) == 3
    assert set(session.scalars(select(AttemptRow.state))) == {"sent"}


def test_b20_a_result_that_cannot_be_kept_is_kept_later_and_nothing_is_sent_twice(
    session: Session, app_parts: Parts, texts_out: RecordingSender, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    seed_told(session, app_parts)
    with Desk() as desk:
        duty.hand_out(session, app_parts, desk)
        desk.settle()
        session.execute(text("ALTER TABLE alert_event RENAME TO away"))
        session.commit()
        assert duty.take_back(session, app_parts, desk) == 0
        session.execute(text("ALTER TABLE away RENAME TO alert_event"))
        session.commit()
        assert duty.take_back(session, app_parts, desk) == 2
        assert not desk.busy
    clock.forward(seconds=61)
    work(session, app_parts)
    assert len(texts_out.sent) == 1
    assert caplog.text.count("a result could not be kept: OperationalError") == 2


def test_b20_one_attempt_that_cannot_be_begun_does_not_hold_up_the_others(
    session: Session, app_parts: Parts, texts_out: RecordingSender, mails_out: RecordingSender, clock: Clock
) -> None:
    class Refusing(Desk):
        def call(self, way: str, subject: object, call: Callable[[], object]) -> None:
            if way == "sms":
                raise ConnectionError
            super().call(way, subject, call)

    seed_told(session, app_parts)
    with Refusing() as desk:
        duty.hand_out(session, app_parts, desk)
        desk.settle()
        duty.take_back(session, app_parts, desk)
    assert (len(texts_out.sent), len(mails_out.sent)) == (0, 1)
    clock.forward(seconds=60)
    work(session, app_parts)
    assert (len(texts_out.sent), len(mails_out.sent)) == (1, 1)


def test_a_way_without_room_takes_no_lease(session: Session, app_parts: Parts, mails_out: RecordingSender) -> None:
    hanging = Hanging()
    with Desk() as desk:
        for number in range(32):
            desk.call("sms", number, lambda: hanging.send(Outgoing("", "", "")))
        seed_told(session, app_parts)
        duty.hand_out(session, replace(app_parts, ways={"sms": hanging, "email": mails_out}), desk)
        assert dict(session.execute(select(AttemptRow.way, AttemptRow.state)).all()) == {
            "sms": "due",
            "email": "leased",
        }  # type: ignore[arg-type]
        hanging.go.set()


def test_b6_after_an_outage_only_what_is_still_needed_goes_and_none_of_it_is_of_use_for_long(
    session: Session, app_parts: Parts, texts_out: RecordingSender, mails_out: RecordingSender, clock: Clock
) -> None:
    texts_out.failures = [NotSent("503", again=True)] * 400
    taken, waiting = seed_alert(session, app_parts, DANGER), seed_alert(session, app_parts, DANGER)
    for _ in range(28):
        work(session, app_parts)
        clock.forward(minutes=1)  # the texts of both wait for another try
    acknowledge(session, taken, "Ada", clock())
    session.commit()
    texts_out.failures = []
    work(session, app_parts)
    sent = [message.body for message in texts_out.sent]
    assert len(sent) == 1
    assert session.get_one(AlertRow, waiting).reference in sent[0]
    assert {message.life for message in texts_out.sent} == {300}


@dataclass
class Answering(RecordingSender):
    """Says what became of a message when it is asked."""

    status_word: tuple[str, str] | Exception = ("sent", "")
    asked: list[str] = field(default_factory=list)

    def status(self, provider_id: str) -> tuple[str, str]:
        """What became of it."""
        self.asked.append(provider_id)
        if isinstance(self.status_word, Exception):
            raise self.status_word
        return self.status_word


def test_b8_what_is_not_heard_of_for_a_minute_is_asked_about_and_the_next_step_keeps_its_time(
    session: Session, app_parts: Parts, team: dict[str, int], mails_out: RecordingSender, clock: Clock
) -> None:
    texts_out = Answering()
    parts = replace(app_parts, ways={"sms": texts_out, "email": mails_out})
    seed_alert(session, app_parts, DANGER)
    asked = []
    for _ in range(301):
        work(session, parts)
        asked.append(len(texts_out.asked))
        clock.forward(seconds=1)
    assert (asked[59], asked[60], asked[119], asked[120]) == (0, 1, 1, 2)
    assert numbers(texts_out) == [ANN, BOB]
    assert set(texts_out.asked) == {f"SM{1:032x}"}


def test_b8_bad_news_that_was_asked_for_starts_the_next_person(
    session: Session, app_parts: Parts, team: dict[str, int], mails_out: RecordingSender, clock: Clock
) -> None:
    texts_out = Answering(status_word=("undelivered", "30005"))
    parts = replace(app_parts, ways={"sms": texts_out, "email": mails_out})
    seed_alert(session, app_parts, DANGER)
    work(session, parts)
    clock.forward(seconds=60)
    for _ in range(2):
        work(session, parts)
    assert numbers(texts_out) == [ANN, BOB]


def test_b8_a_provider_that_does_not_answer_is_asked_again(
    session: Session, app_parts: Parts, mails_out: RecordingSender, clock: Clock
) -> None:
    texts_out = Answering(status_word=NotSent("503", again=True))
    parts = replace(app_parts, ways={"sms": texts_out, "email": mails_out})
    seed_alert(session, app_parts)
    for _ in range(14):
        work(session, parts)
        clock.forward(minutes=1)
    assert len(texts_out.asked) == 9  # for ten minutes


BACK = {"state": "sent", "provider_id": f"SM{1:032x}", "provider_status": None}
LOST = ("undelivered", "failed", "canceled")


@pytest.mark.parametrize(
    "sequence",
    [each for each in SEQUENCES if each["events"][0].endswith("*") and len(each["events"]) <= 5],
    ids=lambda each: each["id"],
)
def test_b9_in_whatever_order_reports_come_the_end_is_the_same(
    session: Session, app_parts: Parts, clock: Clock, sequence: Mapping[str, object]
) -> None:
    events = [event for event in sequence["events"] if not event.endswith("*")]  # type: ignore[attr-defined]
    final = str(sequence["final_status"])
    seed_told(session, app_parts)
    duty.send_due(session, app_parts)
    for order in sorted(set(itertools.permutations(events))):
        session.execute(update(AttemptRow).where(AttemptRow.way == "sms").values(BACK))
        for event in order:
            status, _, error = event.partition(":")
            report(session, status, error, clock)
        shown = session.scalar(select(AttemptRow.provider_status).where(AttemptRow.way == "sms"))
        assert (shown or final) == final
        assert duty.settle_lost(session, app_parts) == (final in LOST)


def test_b34_an_alert_that_breaks_stops_no_other_and_goes_to_the_operator_after_three_tries(
    session: Session, app_parts: Parts, texts_out: RecordingSender, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    class Poisoned(dict[str, Timetable]):
        def get(self, level: str, default: object = None) -> Timetable:  # type: ignore[override]
            return self[level]  # a KeyError for the level that no timetable has

    parts = replace(app_parts, policy=replace(app_parts.policy, levels=Poisoned(app_parts.policy.levels)))
    poison = seed_alert(session, app_parts, Assessment(Level.WELLBEING))
    for _ in range(20):
        seed_alert(session, app_parts, DANGER)
    work(session, parts)
    assert len(texts_out.sent) == 20
    for _ in range(40):
        clock.forward(seconds=1)
        work(session, parts)
    reference = session.get_one(AlertRow, poison).reference
    assert f"alert {reference} needs the operator: it cannot be worked on: KeyError" in caplog.text
    assert caplog.text.count("cannot be worked on") == 1
    assert [reference in message.body for message in texts_out.sent].count(True) == 1
    assert history(session).count(("could not be worked on", "KeyError")) == 3


# --- people ---------------------------------------------------------------------------------------------------------


def test_b40_whoever_leaves_is_passed_over_at_once_and_it_is_noted(
    session: Session, app_parts: Parts, team: dict[str, int], texts_out: RecordingSender
) -> None:
    seed_told(session, app_parts, DANGER)
    session.execute(update(StaffRow).where(StaffRow.id == team["Ann"]).values(active=False))
    session.commit()
    for _ in range(2):
        work(session, app_parts)
    assert numbers(texts_out) == [BOB]
    assert ("leads nowhere any more", "sms") in history(session)
    assert session.scalar(select(func.count()).where(AttemptRow.state == "cancelled")) == 2


def test_b40_an_account_that_is_deleted_between_two_steps_stops_nothing(
    session: Session, app_parts: Parts, team: dict[str, int], texts_out: RecordingSender, clock: Clock
) -> None:
    seed_alert(session, app_parts, DANGER)
    work(session, app_parts)
    session.execute(delete(StaffRow).where(StaffRow.id == team["Bob"]))
    session.commit()
    clock.forward(minutes=5)
    work(session, app_parts)
    assert numbers(texts_out) == [ANN, FALLBACK]


def test_a_way_that_is_no_longer_set_up_is_not_waited_for(
    session: Session, app_parts: Parts, texts_out: RecordingSender, mails_out: RecordingSender
) -> None:
    seed_on_duty(session, app_parts, "Ann", "voice")
    parts = replace(app_parts, ways={"sms": texts_out, "email": mails_out, "voice": RecordingSender()})
    seed_alert(session, app_parts, DANGER)
    duty.act_on_due(session, parts)
    for _ in range(2):
        work(session, app_parts)
    assert ("leads nowhere any more", "voice") in history(session)
    assert numbers(texts_out) == [FALLBACK]


# --- clocks and storms ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("jump", [{"hours": 1}, {"hours": -1}, {"days": 1}, {"days": -1}], ids=str)
@pytest.mark.parametrize("after", [2, 17])
def test_b19_a_clock_that_jumps_loses_nothing_and_floods_nobody(
    session: Session, app_parts: Parts, texts_out: RecordingSender, clock: Clock, jump: dict[str, float], after: int
) -> None:
    seed_alert(session, app_parts, DANGER)
    told = []
    for minute in range(40):
        if minute == after:
            clock.forward(**jump)
        before = len(texts_out.sent)
        work(session, app_parts)
        told.append(len(texts_out.sent) - before)
        clock.forward(minutes=1)
    when = [minute for minute, number in enumerate(told) if number]
    assert max(told) == 1
    assert max(later - at for at, later in itertools.pairwise(when)) <= 10
    assert len(when) <= 6


@pytest.mark.parametrize("jump", [{"hours": -1}, {"days": -1}], ids=str)
def test_b19_neither_a_lease_nor_a_retry_outlives_a_clock_that_is_put_back(
    session: Session,
    app_parts: Parts,
    texts_out: RecordingSender,
    mails_out: RecordingSender,
    clock: Clock,
    jump: dict[str, float],
) -> None:
    texts_out.failures = [NotSent("503", again=True)]
    seed_told(session, app_parts, DANGER)
    outbox.claim(session, AttemptRow, clock(), only=AttemptRow.way == "email")
    session.commit()
    duty.send_due(session, app_parts)
    clock.forward(**jump)
    work(session, app_parts)
    assert set(session.scalars(select(AttemptRow.state))) == {"sent"}
    assert len(texts_out.sent) == 1
    assert 1 <= len(mails_out.sent) <= 2  # a clock that was put back brings the next action, and with it one more


@pytest.mark.parametrize("assessment", [WORRY, DANGER], ids=["concern", "immediate"])
def test_b19_what_was_raised_while_the_clock_was_ahead_is_told_once_and_at_once_when_it_is_right(
    session: Session, app_parts: Parts, texts_out: RecordingSender, clock: Clock, assessment: Assessment
) -> None:
    seed_alert(session, app_parts, assessment)
    clock.forward(hours=-1)
    for _ in range(5):
        work(session, app_parts)
        assert len(texts_out.sent) == 1
        clock.forward(seconds=30)


def test_b19_an_outcome_is_asked_for_in_time_although_the_clock_is_put_back(
    session: Session, app_parts: Parts, texts_out: RecordingSender, clock: Clock
) -> None:
    alert_id = seed_alert(session, app_parts, DANGER)
    work(session, app_parts)
    acknowledge(session, alert_id, "Ada", clock())
    session.commit()
    clock.forward(days=-1)
    for _ in range(61):
        work(session, app_parts)
        clock.forward(minutes=1)
    assert session.get_one(AlertRow, alert_id).state == "open"


def test_b26_a_storm_of_one_person_does_not_delay_the_first_alert_of_another(
    app: Flask, session: Session, app_parts: Parts, texts_out: RecordingSender, clock: Clock
) -> None:
    many, other = Phone(app), Phone(app, "+447700900124")
    for phone in (many, other):
        phone.says("hi")
    for number in range(60):
        many.says(WORDS)
        if number == 30:
            other.says("he is here now and he has a knife")
            clock.forward(seconds=1)
            work(session, app_parts)
            assert "level immediate" in texts_out.sent[-1].body
        clock.forward(seconds=0.6)
        work(session, app_parts)
    assert len(texts_out.sent) == 2


def test_a_hundred_alerts_are_all_told_in_one_round(
    session: Session, app_parts: Parts, texts_out: RecordingSender, mails_out: RecordingSender
) -> None:
    for _ in range(20):
        seed_alert(session, app_parts, DANGER)
    work(session, app_parts)
    references = {re.search(r"alert (\w+)", message.body)[1] for message in texts_out.sent}  # type: ignore[index]
    assert len(references) == len(texts_out.sent) == len(mails_out.sent) == 20
    assert session.scalar(select(func.min(AttemptRow.sent_at))) - session.scalar(
        select(func.max(AlertRow.raised_at))
    ) < timedelta(seconds=5)  # type: ignore[operator]
