"""No alert is lost and none falls silent: one owner, no end without outcome, and the database refuses silence."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from bot import duty
from bot.parts import Parts
from conversations import alerts, attempts, openings, outbox
from conversations.alerts import Taken
from conversations.escalation import OUTCOMES
from conversations.models import AlertEventRow, AlertRow, AlertWordsRow, AttemptRow
from conversations.sealing import new_pair
from conversations.values import Assessment, Level
from tests.fakes import Clock, RecordingSender
from tests.make import Phone
from tests.seeds import (
    DANGER,
    NUMBER,
    WORDS,
    WORRY,
    acknowledge,
    make_seals,
    own_session,
    seed_alert,
    seed_staff,
    seed_told,
)

PENDING = ("due", "leased")
DANGEROUS, WORRIED = "i have the tablets and will take them all tonight", "level concern"


@pytest.fixture
def alert_id(session: Session, app_parts: Parts) -> str:
    return seed_told(session, app_parts)


def row(session: Session, alert_id: str) -> AlertRow:
    session.expire_all()
    return session.get_one(AlertRow, alert_id)


def pending(session: Session) -> list[str]:
    return sorted(session.scalars(select(AttemptRow.way).where(AttemptRow.state.in_(PENDING))))


def history(session: Session, alert_id: str) -> list[str]:
    return [event.what for event in alerts.timeline(session, alert_id)]


def add(session: Session, parts: Parts, alert_id: str, assessment: Assessment) -> bool:
    added = alerts.add_to_alert(session, alert_id, assessment, make_seals(parts), parts.clock())
    session.commit()
    return added


def test_a_new_alert_is_open_and_due_now_and_once_told_looked_at_again_soon(
    session: Session, app_parts: Parts, clock: Clock
) -> None:
    alert_id = seed_alert(session, app_parts)
    found = row(session, alert_id)
    assert (found.state, found.level, found.outcome) == ("open", "concern", None)
    assert (found.next_action_at, pending(session)) == (clock(), [])
    duty.act_on_due(session, app_parts)
    assert row(session, alert_id).next_action_at == clock() + timedelta(minutes=15)
    assert pending(session) == ["email", "sms"]
    assert re.fullmatch(r"[A-HJKMNP-Z2-9]{6}", found.reference)


def test_nothing_of_number_or_words_is_in_any_row_of_it(session: Session, alert_id: str) -> None:
    for table in ("alert", "alert_words", "alert_event", "attempt"):
        rows = repr([tuple(row) for row in session.execute(text(f"SELECT * FROM {table}"))])
        assert NUMBER not in rows
        assert "hits" not in rows
        assert alert_id in rows


def test_b13_of_fifty_who_acknowledge_at_once_one_is_the_owner_and_all_hear_who_and_when(
    app: Flask, session: Session, alert_id: str, clock: Clock
) -> None:
    session.rollback()

    def take(who: str) -> Taken:
        with own_session(app) as mine:
            taken = acknowledge(mine, alert_id, who, clock())
            mine.commit()
        return taken

    people = [f"worker {number}" for number in range(50)]
    with ThreadPoolExecutor(12) as pool:
        taken = dict(zip(people, pool.map(take, people), strict=True))
    session.rollback()
    owner = str(row(session, alert_id).acknowledged_by)
    assert [who for who, each in taken.items() if each.mine] == [owner]
    assert {(each.owner, each.at) for each in taken.values()} == {(owner, clock())}
    said = history(session, alert_id)
    assert (said.count("acknowledged"), said.count("also tried to acknowledge")) == (1, 49)
    assert {event.who for event in alerts.timeline(session, alert_id)} == {"Heard", *people}


@pytest.mark.parametrize("missing", ["", "0" * 32])
def test_b13_of_an_alert_that_is_not_there_nobody_is_the_owner(session: Session, clock: Clock, missing: str) -> None:
    assert acknowledge(session, missing, "Ada", clock()) == Taken(mine=False)


def test_b13_one_that_is_closed_says_who_had_it(session: Session, alert_id: str, clock: Clock) -> None:
    taken_at = clock()
    assert acknowledge(session, alert_id, "Ada", clock(), seed_staff(session), "text") == Taken(
        True, "Ada", clock()
    )
    alerts.record_outcome(session, alert_id, "Ada", "no_harm", clock())
    clock.forward(hours=3)
    assert acknowledge(session, alert_id, "Bea", clock()) == Taken(False, "Ada", taken_at)
    details = [(event.what, event.who, event.detail) for event in alerts.timeline(session, alert_id)]
    assert ("acknowledged", "Ada", "text") in details
    assert ("also tried to acknowledge", "Bea", "page") in details


def test_acknowledging_stops_the_telling_and_still_leaves_a_next_moment(
    session: Session, alert_id: str, clock: Clock
) -> None:
    assert acknowledge(session, alert_id, "Ada", clock())
    session.commit()
    assert pending(session) == []
    assert row(session, alert_id).next_action_at == clock() + timedelta(minutes=45)


@pytest.mark.parametrize("outcome", ["", "done", "NO_HARM", "no_harm ", "closed"])
def test_an_alert_is_not_closed_without_an_outcome_of_the_list(
    session: Session, alert_id: str, clock: Clock, outcome: str
) -> None:
    acknowledge(session, alert_id, "Ada", clock())
    assert not alerts.record_outcome(session, alert_id, "Ada", outcome, clock())
    assert row(session, alert_id).state == "acknowledged"


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_an_outcome_needs_an_acknowledgement_and_is_given_once(
    session: Session, alert_id: str, clock: Clock, outcome: str
) -> None:
    assert not alerts.record_outcome(session, alert_id, "Ada", outcome, clock())
    assert row(session, alert_id).state == "open"
    acknowledge(session, alert_id, "Ada", clock())
    assert alerts.record_outcome(session, alert_id, "Ada", outcome, clock())
    assert not alerts.record_outcome(session, alert_id, "Bea", "no_harm", clock())
    found = row(session, alert_id)
    assert (found.state, found.outcome, found.next_action_at) == ("closed", outcome, None)
    assert not acknowledge(session, alert_id, "Bea", clock())
    assert row(session, alert_id).acknowledged_by == "Ada"


REFUSED = {
    "open and silent": "state = 'open', next_action_at = NULL",
    "acknowledged and silent": "state = 'acknowledged', next_action_at = NULL",
    "silent": "next_action_at = NULL",
    "closed without outcome": "state = 'closed', next_action_at = NULL",
    "closed without outcome, still due": "state = 'closed'",
    "a state that nobody looks for": "state = 'paused'",
    "no state": "state = NULL",
    "an empty state": "state = ''",
}


@pytest.mark.parametrize("change", REFUSED)
def test_b2_the_database_refuses_to_make_an_alert_silent(session: Session, alert_id: str, change: str) -> None:
    with pytest.raises(IntegrityError):
        session.execute(text(f"UPDATE alert SET {REFUSED[change]}"))
    session.rollback()
    assert row(session, alert_id).next_action_at is not None


@pytest.mark.parametrize(
    ("state", "next_at", "outcome"),
    [("open", None, None), ("acknowledged", None, None), ("closed", None, None), ("other", "2026-11-23", None)],
)
def test_b2_the_database_refuses_an_alert_that_begins_silent(
    session: Session, state: str, next_at: str | None, outcome: str | None
) -> None:
    columns = "id, reference, level, assessed, reasons, version, channel, state, cannot_be_texted, raised_at"
    values = "'a', 'R', 'concern', true, '[]', 'v', 'sms', :state, false, '2026-11-23 12:00:00'"
    insert = text(f"INSERT INTO alert ({columns}, next_action_at, outcome) VALUES ({values}, :next, :outcome)")
    with pytest.raises(IntegrityError):
        session.execute(insert, {"state": state, "next": next_at, "outcome": outcome})
    session.rollback()


def test_a_rise_in_level_opens_it_again_and_tells_again_at_once(
    session: Session, app_parts: Parts, alert_id: str, clock: Clock
) -> None:
    acknowledge(session, alert_id, "Ada", clock())
    session.commit()
    assert add(session, app_parts, alert_id, DANGER)
    found = row(session, alert_id)
    assert (found.state, found.level, found.acknowledged_by) == ("open", "immediate", None)
    assert (found.next_action_at, found.step, found.owner_id) == (clock(), 0, None)
    duty.act_on_due(session, app_parts)
    assert pending(session) == ["email", "sms"]


@pytest.mark.parametrize("later", [WORRY, Assessment(Level.WELLBEING), Assessment(), Assessment(assessed=False)])
def test_b28_a_later_message_that_is_no_worse_is_added_and_takes_nothing_back(
    session: Session, app_parts: Parts, alert_id: str, clock: Clock, later: Assessment
) -> None:
    acknowledge(session, alert_id, "Ada", clock())
    session.commit()
    assert add(session, app_parts, alert_id, later)
    assert (row(session, alert_id).state, row(session, alert_id).level) == ("acknowledged", "concern")
    assert session.scalar(select(func.count()).select_from(AlertWordsRow)) == 2


def test_while_nobody_has_acted_at_most_one_attempt_waits_for_each_way(
    session: Session, app_parts: Parts, alert_id: str, clock: Clock
) -> None:
    add(session, app_parts, alert_id, DANGER)
    for _ in range(5):
        assert duty.act_on_due(session, app_parts) == 1
        assert pending(session) == ["email", "sms"]
        clock.forward(minutes=10)


def test_an_attempt_that_waits_for_its_retry_is_brought_forward_by_a_rise(
    session: Session, app_parts: Parts, alert_id: str, clock: Clock
) -> None:
    for held in outbox.claim(session, AttemptRow, clock()):
        outbox.mark_failed(session, AttemptRow, held.id, "20429", clock() + timedelta(seconds=60))
    session.commit()
    add(session, app_parts, alert_id, DANGER)
    duty.act_on_due(session, app_parts)
    assert [each.due_at for each in attempts.of_alert(session, alert_id)] == [clock(), clock()]


def test_an_attempt_that_is_being_made_may_still_say_the_old_level_so_another_follows(
    session: Session, app_parts: Parts, alert_id: str, clock: Clock
) -> None:
    outbox.claim(session, AttemptRow, clock())
    session.commit()
    add(session, app_parts, alert_id, DANGER)
    duty.act_on_due(session, app_parts)
    assert pending(session) == ["email", "email", "sms", "sms"]


def test_words_after_the_outcome_make_a_new_alert(
    session: Session, app_parts: Parts, alert_id: str, clock: Clock
) -> None:
    acknowledge(session, alert_id, "Ada", clock())
    alerts.record_outcome(session, alert_id, "Ada", "no_harm", clock())
    session.commit()
    assert not alerts.is_open(session, alert_id)
    assert not add(session, app_parts, alert_id, WORRY)
    assert session.scalar(select(func.count()).select_from(AlertWordsRow)) == 1


@pytest.mark.parametrize("missing", [None, "", "0" * 32])
def test_an_alert_that_is_not_there_is_not_open(session: Session, missing: str | None) -> None:
    assert not alerts.is_open(session, missing)


def test_words_are_given_to_the_one_who_asked_once_and_in_time(session: Session, alert_id: str, clock: Clock) -> None:
    staff_id = seed_staff(session)
    first, second, late = (
        openings.ask_to_open(session, staff_id, new_pair()[1], clock(), alert_id=alert_id) for _ in range(3)
    )
    assert openings.opened(session, first, staff_id, clock()) is None
    session.execute(text("UPDATE opening SET sealed = :box"), {"box": b"box"})
    assert openings.opened(session, first, staff_id + 1, clock()) is None
    assert openings.opened(session, first, staff_id, clock()) == b"box"
    assert openings.opened(session, first, staff_id, clock()) is None
    assert openings.opened(session, second, staff_id, clock() + timedelta(minutes=14)) == b"box"
    assert openings.opened(session, late, staff_id, clock() + timedelta(minutes=15)) is None


def test_b25_a_storm_of_two_hundred_texts_makes_one_alert_and_tells_a_worker_three_times_at_most(
    phone: Phone, session: Session, app_parts: Parts, clock: Clock, texts_out: RecordingSender
) -> None:
    phone.says("hi")
    for number in range(200):
        phone.says(DANGEROUS if number == 120 else WORDS)
        clock.forward(seconds=0.6)
        if number % 10 == 0:
            duty.act_on_due(session, app_parts)
            duty.send_due(session, app_parts)
    assert session.scalar(select(func.count()).select_from(AlertRow)) == 1
    assert session.scalar(select(func.count()).select_from(AlertWordsRow)) == 200
    assert [WORRIED in message.body for message in texts_out.sent] == [True, False]
    whats = session.scalars(select(AlertEventRow.what)).all()
    assert (whats.count("raised"), whats.count("another message"), whats.count("level rose")) == (1, 198, 1)


def test_b25_a_storm_of_two_hundred_texts_in_an_alert_that_is_taken_tells_its_owner_twice_at_most(
    session: Session, app_parts: Parts, alert_id: str, clock: Clock, texts_out: RecordingSender
) -> None:
    duty.send_due(session, app_parts)
    acknowledge(session, alert_id, "Ada", clock())
    session.commit()
    for number in range(200):
        clock.forward(seconds=2)
        add(session, app_parts, alert_id, Assessment(assessed=False) if number % 3 else WORRY)
        if number % 10 == 0:
            duty.act_on_due(session, app_parts)
            duty.send_due(session, app_parts)
    assert ["more has come in" in message.body for message in texts_out.sent] == [False, True, True]
    assert history(session, alert_id).count("telling the owner of new words") == 2
    assert row(session, alert_id).state == "acknowledged"


def test_a_text_that_came_just_before_it_was_taken_and_was_added_just_after_is_told_to_the_owner(
    session: Session, app_parts: Parts, alert_id: str, clock: Clock
) -> None:
    came = clock()
    clock.forward(seconds=2)
    acknowledge(session, alert_id, "Ada", clock())
    alerts.add_to_alert(session, alert_id, WORRY, make_seals(app_parts), came)
    session.commit()
    duty.act_on_due(session, app_parts)
    assert history(session, alert_id)[-1] == "telling the owner of new words"


def test_the_inbox_shows_what_is_urgent_first_and_what_is_closed_last(
    session: Session, app_parts: Parts, clock: Clock
) -> None:
    names = {}
    for name, assessment in (("worry", WORRY), ("danger", DANGER), ("done", DANGER), ("later", WORRY)):
        names[seed_alert(session, app_parts, assessment)] = name
        clock.forward(minutes=1)
    done = next(alert_id for alert_id, name in names.items() if name == "done")
    acknowledge(session, done, "Ada", clock())
    alerts.record_outcome(session, done, "Ada", "no_harm", clock())
    session.commit()
    assert [names[each.id] for each in alerts.inbox(session)] == ["danger", "worry", "later", "done"]
