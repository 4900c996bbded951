"""An alert in somebody's hands: report, handover, taking over, joining, opening again; and what nobody can rewrite."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from bot import duty
from bot.parts import Parts
from conversations import alerts, boxes, joining, outcomes
from conversations.duty_models import HandoverRow, ReportRow
from conversations.models import AlertEventRow, AlertRow, AttemptRow, ConversationRow
from conversations.outcomes import Worker
from conversations.sealing import CannotOpen
from conversations.staff_models import StaffRow
from tests.conversations.test_reporting import WHOLE
from tests.fakes import Clock
from tests.make import Phone
from tests.seeds import DANGER, WORRY, acknowledge, make_seals, own_session, seed_alert, worker_contacts

ADA, BEA = Worker(1, "Ada"), Worker(2, "Bea")


@pytest.fixture(autouse=True)
def accounts(session: Session) -> None:
    """Ada and Bea may log in."""
    for each in (ADA, BEA):
        session.add(StaffRow(id=each.id, email=each.name, name=each.name, password="x", fs_uniquifier=each.name))
    session.commit()


@pytest.fixture
def alert_id(session: Session, app_parts: Parts, clock: Clock) -> str:
    """An alert that Ada has."""
    return taken(session, seed_alert(session, app_parts), clock)


def taken(session: Session, alert_id: str, clock: Clock, who: str = "Ada") -> str:
    acknowledge(session, alert_id, who, clock())
    session.commit()
    return alert_id


def row(session: Session, alert_id: str) -> AlertRow:
    session.expire_all()
    return session.get_one(AlertRow, alert_id)


def history(session: Session, alert_id: str) -> list[tuple[str, str, str]]:
    return [(each.what, each.who, each.detail) for each in alerts.timeline(session, alert_id)]


def close(session: Session, parts: Parts, alert_id: str, worker: Worker = ADA, **changes: str) -> bool:
    report = replace(WHOLE, **changes)
    seals = make_seals(parts, words=report.notes)
    closed = outcomes.close(session, alert_id, worker, report, seals, parts.clock())
    session.commit()
    return closed


def told(session: Session, parts: Parts) -> int:
    """How many attempts the worker makes of what is due now."""
    before = session.scalar(select(func.count()).select_from(AttemptRow)) or 0
    duty.act_on_due(session, parts)
    return (session.scalar(select(func.count()).select_from(AttemptRow)) or 0) - before


def test_report_and_closing_are_one_and_the_notes_are_sealed(session: Session, app_parts: Parts, alert_id: str) -> None:
    assert close(session, app_parts, alert_id)
    report = session.scalars(select(ReportRow)).one()
    assert (row(session, alert_id).state, row(session, alert_id).outcome) == ("closed", "social_work")
    assert (report.who, report.where_now, report.told) == ("Ada", "home", ["police", "social_work"])
    assert "They are at home" not in repr([tuple(row) for row in session.execute(text("SELECT * FROM report"))])
    contacts = worker_contacts(app_parts)
    assert contacts.content(report.sealed_notes, outcomes.REPORT_NOTES, report.id, app_parts.clock()) == WHOLE.notes
    with pytest.raises(CannotOpen):
        contacts.content(report.sealed_notes, outcomes.HANDOVER_NOTES, report.id, app_parts.clock())


@pytest.mark.parametrize(("worker", "changes"), [(BEA, {}), (ADA, {"where_now": ""}), (ADA, {"outcome": "partner"})])
def test_nothing_closes_for_somebody_else_or_with_a_fault(
    session: Session, app_parts: Parts, alert_id: str, worker: Worker, changes: dict[str, str]
) -> None:
    assert not close(session, app_parts, alert_id, worker, **changes)
    assert row(session, alert_id).state == "acknowledged"
    assert session.scalars(select(ReportRow)).all() == []


def test_the_account_rules_where_it_is_known_and_the_name_where_it_is_not() -> None:
    alert = AlertRow(state="acknowledged", acknowledged_by="Ada", owner_id=None)
    assert (ADA.has(alert), BEA.has(alert)) == (True, False)
    alert.owner_id = 2
    assert (ADA.has(alert), BEA.has(alert)) == (False, True)
    alert.state = "open"
    assert not BEA.has(alert)


def test_a_handover_leaves_alert_and_clock_with_us_until_the_receipt(
    session: Session, app_parts: Parts, alert_id: str, clock: Clock
) -> None:
    before = row(session, alert_id).next_action_at
    assert outcomes.hand_over(session, alert_id, ADA, "Women's Aid", make_seals(app_parts), clock())
    assert not outcomes.hand_over(session, alert_id, ADA, "Women's Aid", None, clock())
    session.commit()
    assert (row(session, alert_id).state, row(session, alert_id).next_action_at) == ("acknowledged", before)
    assert not close(session, app_parts, alert_id, outcome="partner")
    handover = session.scalars(select(HandoverRow)).one()
    assert outcomes.receive(session, handover, "Kim", clock(), BEA, clock())
    assert not outcomes.receive(session, handover, "Lee", clock(), BEA, clock())
    session.commit()
    session.refresh(handover)
    assert (handover.received_by, handover.received_at) == ("Kim", clock())
    assert close(session, app_parts, alert_id, outcome="partner")
    said = history(session, alert_id)
    assert ("handed over", "Ada", "to Women's Aid, who have yet to say they have it") in said
    assert ("handover received", "Bea", "by Kim, Women's Aid") in said


def test_a_handover_that_nobody_confirms_does_not_keep_it_from_opening_again(
    session: Session, app_parts: Parts, alert_id: str, clock: Clock
) -> None:
    outcomes.hand_over(session, alert_id, ADA, "Women's Aid", None, clock())
    session.commit()
    clock.forward(minutes=61)
    assert told(session, app_parts) > 0
    assert row(session, alert_id).state == "open"
    assert not outcomes.hand_over(session, alert_id, ADA, "Samaritans", None, clock())


def hand_and_receive(session: Session, alert_id: str, clock: Clock) -> None:
    assert outcomes.hand_over(session, alert_id, ADA, "Women's Aid", None, clock())
    waiting = session.scalars(select(HandoverRow).where(HandoverRow.received_at.is_(None))).one()
    assert outcomes.receive(session, waiting, "Kim", clock(), ADA, clock())
    session.commit()


def start_anew(session: Session, parts: Parts, alert_id: str, clock: Clock, how: str) -> None:
    if how == "by hand":
        assert close(session, parts, alert_id, outcome="partner")
        assert outcomes.reopen(session, alert_id, ADA, "news", clock())
    elif how == "everybody":
        assert outcomes.tell_everybody(session, alert_id, ADA, clock())
    elif how == "graver":
        assert alerts.add_to_alert(session, alert_id, DANGER, make_seals(parts), clock())
    else:
        clock.forward(minutes=61)
        told(session, parts)
    session.commit()


@pytest.mark.parametrize("how", ["by hand", "everybody", "graver", "no outcome"])
def test_a_receipt_from_before_it_began_anew_no_longer_counts(
    session: Session, app_parts: Parts, alert_id: str, clock: Clock, how: str
) -> None:
    hand_and_receive(session, alert_id, clock)
    assert outcomes.is_received(session, alert_id)
    clock.forward(minutes=5)
    start_anew(session, app_parts, alert_id, clock, how)
    assert row(session, alert_id).state == "open"
    clock.forward(minutes=5)
    acknowledge(session, alert_id, "Ada", clock())
    assert not outcomes.is_received(session, alert_id)
    assert not close(session, app_parts, alert_id, outcome="partner")
    hand_and_receive(session, alert_id, clock)
    assert len(outcomes.receipts(session, alert_id)) == 1
    assert close(session, app_parts, alert_id, outcome="partner")


def test_a_receipt_counts_that_comes_after_it_opened_again_or_before_a_colleague_took_it_over(
    session: Session, app_parts: Parts, alert_id: str, clock: Clock
) -> None:
    assert outcomes.hand_over(session, alert_id, ADA, "Women's Aid", None, clock())
    start_anew(session, app_parts, alert_id, clock, "no outcome")
    clock.forward(minutes=1)
    acknowledge(session, alert_id, "Ada", clock())
    waiting = session.scalars(select(HandoverRow)).one()
    assert outcomes.receive(session, waiting, "Kim", clock(), ADA, clock())
    assert outcomes.is_received(session, alert_id)
    clock.forward(minutes=1)
    assert outcomes.take_over(session, alert_id, BEA, "shift", clock())
    assert outcomes.is_received(session, alert_id)


@pytest.mark.parametrize("reason", ["news", "not_done", "mistake", "apart"])
def test_a_closed_alert_opens_again_and_is_told_at_once(
    session: Session, app_parts: Parts, alert_id: str, clock: Clock, reason: str
) -> None:
    close(session, app_parts, alert_id)
    clock.forward(days=2)
    assert outcomes.reopen(session, alert_id, BEA, reason, clock())
    session.commit()
    found = row(session, alert_id)
    assert (found.state, found.outcome, found.closed_at, found.acknowledged_by) == ("open", None, None, None)
    assert (found.step, found.clock_from, found.next_action_at) == (0, clock(), clock())
    assert told(session, app_parts) > 0
    assert ("outcome", "Ada", "Passed to social work") in history(session, alert_id)
    assert ("opened again", "Bea") in [event[:2] for event in history(session, alert_id)]
    assert not outcomes.reopen(session, alert_id, BEA, reason, clock())


def test_taking_over_changes_the_owner_says_from_whom_and_why_and_begins_the_hour_anew(
    session: Session, alert_id: str, clock: Clock
) -> None:
    before = row(session, alert_id).next_action_at
    clock.forward(minutes=40)
    assert outcomes.take_over(session, alert_id, BEA, "silent", clock())
    session.commit()
    found = row(session, alert_id)
    assert (found.acknowledged_by, found.owner_id, found.acknowledged_at) == ("Bea", BEA.id, clock())
    assert (found.clock_from, found.next_action_at) == (clock(), before)
    assert history(session, alert_id)[-1] == ("taken over", "Bea", "from Ada: They do not answer and it cannot wait")
    assert not outcomes.take_over(session, alert_id, BEA, "silent", clock())


@pytest.mark.parametrize("state", ["open", "closed"])
def test_nothing_is_taken_over_that_nobody_has(
    session: Session, app_parts: Parts, alert_id: str, clock: Clock, state: str
) -> None:
    other = seed_alert(session, app_parts)
    close(session, app_parts, alert_id)
    assert not outcomes.take_over(session, {"open": other, "closed": alert_id}[state], BEA, "shift", clock())


@pytest.mark.parametrize("had", [True, False])
def test_everybody_is_told_when_somebody_asks_for_it(
    session: Session, app_parts: Parts, alert_id: str, clock: Clock, had: bool
) -> None:
    chosen = alert_id if had else seed_alert(session, app_parts)
    assert outcomes.tell_everybody(session, chosen, ADA, clock())
    session.commit()
    found = row(session, chosen)
    assert (found.state, found.step, found.next_action_at) == ("open", outcomes.EVERYBODY, clock())
    assert found.acknowledged_by is None
    assert chosen in {alert.id for alert in alerts.due(session, app_parts.policy, clock())}


def test_a_drill_is_never_told_to_everybody(session: Session, app_parts: Parts, alert_id: str, clock: Clock) -> None:
    session.execute(update(AlertRow).where(AlertRow.id == alert_id).values(drill=True))
    assert not outcomes.tell_everybody(session, alert_id, ADA, clock())


def test_nobody_gives_back_what_a_colleague_has_or_what_is_closed(
    session: Session, app_parts: Parts, alert_id: str, clock: Clock
) -> None:
    assert not outcomes.tell_everybody(session, alert_id, BEA, clock())
    close(session, app_parts, alert_id)
    assert not outcomes.tell_everybody(session, alert_id, ADA, clock())


@pytest.mark.parametrize("seen_first", ["older", "younger"])
def test_the_younger_of_two_joins_the_older_from_whichever_page(
    session: Session, app_parts: Parts, alert_id: str, clock: Clock, seen_first: str
) -> None:
    clock.forward(minutes=5)
    younger = taken(session, seed_alert(session, app_parts), clock)
    pair = (alert_id, younger) if seen_first == "older" else (younger, alert_id)
    assert outcomes.merge(session, *pair, ADA, clock()) == alert_id
    session.commit()
    gone, kept = row(session, younger), row(session, alert_id)
    assert (gone.state, gone.outcome, gone.merged_into, gone.next_action_at) == ("closed", "merged", alert_id, None)
    assert (kept.state, kept.acknowledged_by) == ("acknowledged", "Ada")
    assert history(session, younger)[-1] == ("joined", "Ada", f"to alert {kept.reference}, as one young person's")
    assert history(session, alert_id)[-1] == ("joined by", "Ada", f"alert {gone.reference}, as one young person's")
    assert [each.id for each in joining.joined(session, alert_id)] == [younger]


@pytest.mark.parametrize("owner", ["Ada", "Bea", ""])
def test_a_rise_by_joining_tells_again_unless_they_have_it_themselves(
    session: Session, app_parts: Parts, clock: Clock, owner: str
) -> None:
    older = seed_alert(session, app_parts, WORRY)
    if owner:
        taken(session, older, clock, owner)
    clock.forward(minutes=2)
    younger = taken(session, seed_alert(session, app_parts, DANGER), clock)
    assert outcomes.merge(session, younger, older, ADA, clock()) == older
    session.commit()
    found = row(session, older)
    assert found.level == "immediate"
    assert found.state == ("acknowledged" if owner == "Ada" else "open")
    assert (found.next_action_at == clock()) is (owner != "Ada")
    assert ("level rose", "Heard", "immediate") in history(session, older)


def test_joining_never_lowers_a_level(session: Session, app_parts: Parts, clock: Clock) -> None:
    older = taken(session, seed_alert(session, app_parts, DANGER), clock)
    younger = seed_alert(session, app_parts, WORRY)
    session.execute(update(AlertRow).where(AlertRow.id == younger).values(raised_at=clock() + timedelta(minutes=1)))
    assert outcomes.merge(session, older, younger, ADA, clock()) == older
    assert row(session, older).level == "immediate"


CANNOT_JOIN: dict[str, Callable[[AlertRow], object]] = {
    "it is not mine": lambda alert: setattr(alert, "acknowledged_by", "Bea"),
    "nobody has it": lambda alert: setattr(alert, "state", "open"),
    "it is a drill": lambda alert: setattr(alert, "drill", True),
}


@pytest.mark.parametrize("why", CANNOT_JOIN)
def test_two_are_not_joined_when(session: Session, app_parts: Parts, alert_id: str, clock: Clock, why: str) -> None:
    other = seed_alert(session, app_parts)
    CANNOT_JOIN[why](row(session, alert_id))
    session.commit()
    assert outcomes.merge(session, alert_id, other, ADA, clock()) is None
    assert {row(session, each).merged_into for each in (alert_id, other)} == {None}


def test_nothing_is_joined_to_itself_to_a_closed_one_or_to_none(
    session: Session, app_parts: Parts, alert_id: str, clock: Clock
) -> None:
    done = taken(session, seed_alert(session, app_parts), clock)
    close(session, app_parts, done)
    for other in (alert_id, done, "x"):
        assert outcomes.merge(session, alert_id, other, ADA, clock()) is None


def test_what_was_joined_before_goes_along_and_later_texts_come_to_the_one_that_goes_on(
    session: Session, app_parts: Parts, phone: Phone, clock: Clock
) -> None:
    first = taken(session, seed_alert(session, app_parts), clock)
    clock.forward(minutes=1)
    second = taken(session, seed_alert(session, app_parts), clock)
    clock.forward(minutes=1)
    phone.says("he hits me every night")
    third = session.scalars(select(ConversationRow.alert_id)).one()
    assert third is not None
    assert outcomes.merge(session, second, third, ADA, clock()) == second
    assert outcomes.merge(session, first, second, ADA, clock()) == first
    session.commit()
    assert {each.id for each in joining.joined(session, first)} == {second, third}
    phone.says("he hits me every night")
    session.expire_all()
    assert session.scalars(select(func.count()).select_from(AlertRow)).one() == 3
    assert "another message" in [what for what, _, _ in history(session, first)]


def test_the_words_of_both_are_read_together_with_the_notes(session: Session, app_parts: Parts, clock: Clock) -> None:
    older = taken(session, seed_alert(session, app_parts, words="older words"), clock)
    clock.forward(minutes=1)
    younger = seed_alert(session, app_parts, words="younger words")
    outcomes.hand_over(session, older, ADA, "Women's Aid", make_seals(app_parts, words="what I told them"), clock())
    outcomes.merge(session, older, younger, ADA, clock())
    clock.forward(minutes=1)
    close(session, app_parts, older, notes="how it ended")
    read = list(worker_contacts(app_parts)._of_alert(session, older, clock()))
    assert [each["words"] for each in sorted(read, key=lambda each: each["at"])] == [
        "older words",
        "younger words",
        "what I told them",
        "how it ended",
    ]
    assert {each.get("by") for each in read} == {None, "Ada"}
    alone = worker_contacts(app_parts)._of_alert(session, younger, clock())
    assert [each["words"] for each in alone] == ["younger words"]


def test_two_who_join_the_same_two_at_once_join_them_once(
    app: Flask, session: Session, app_parts: Parts, alert_id: str, clock: Clock
) -> None:
    clock.forward(minutes=1)
    younger = taken(session, seed_alert(session, app_parts), clock)

    def join(pair: tuple[str, str]) -> str | None:
        with own_session(app) as mine:
            kept = outcomes.merge(mine, *pair, ADA, clock())
            mine.commit()
        return kept

    with ThreadPoolExecutor(2) as pool:
        kept = list(pool.map(join, [(alert_id, younger), (younger, alert_id)]))
    session.rollback()
    assert sorted(kept, key=bool) == [None, alert_id]


RESULTS = {"close": "closed", "take over": "acknowledged"}


def test_of_a_report_and_a_taking_over_at_once_one_holds(
    app: Flask, session: Session, app_parts: Parts, alert_id: str, clock: Clock
) -> None:
    seals = make_seals(app_parts)

    def close_it() -> bool:
        with own_session(app) as mine:
            done = outcomes.close(mine, alert_id, ADA, WHOLE, seals, clock())
            mine.commit()
        return done

    def take_it() -> bool:
        with own_session(app) as mine:
            done = outcomes.take_over(mine, alert_id, BEA, "shift", clock())
            mine.commit()
        return done

    with ThreadPoolExecutor(2) as pool:
        closed, taken_over = (future.result() for future in [pool.submit(close_it), pool.submit(take_it)])
    session.rollback()
    assert closed is not taken_over
    assert row(session, alert_id).state == RESULTS["close" if closed else "take over"]


HISTORY: dict[str, str] = {
    "an event is changed": "UPDATE alert_event SET who = 'nobody'",
    "an event is moved in time": "UPDATE alert_event SET at = raised_at FROM alert",
    "a report is changed": "UPDATE report SET outcome = 'no_harm'",
    "a handover is changed": "UPDATE handover SET partner = 'another'",
}


@pytest.mark.parametrize("what", HISTORY)
def test_b42_the_database_refuses_that(
    session: Session, app_parts: Parts, alert_id: str, clock: Clock, what: str
) -> None:
    outcomes.hand_over(session, alert_id, ADA, "Women's Aid", None, clock())
    close(session, app_parts, alert_id)
    before = history(session, alert_id)
    with pytest.raises(IntegrityError, match="only added to"):
        session.execute(text(HISTORY[what]))
    session.rollback()
    assert history(session, alert_id) == before
    assert session.scalar(select(func.count()).select_from(ReportRow)) == 1


@pytest.mark.parametrize("closed", [True, False])
def test_b42_what_a_young_person_said_goes_and_the_trail_of_what_was_done_stays(
    session: Session, app_parts: Parts, alert_id: str, clock: Clock, closed: bool
) -> None:
    outcomes.hand_over(session, alert_id, ADA, "Women's Aid", make_seals(app_parts), clock())
    if closed:
        close(session, app_parts, alert_id)
    before = history(session, alert_id)
    boxes.empty_ended(session, clock() + timedelta(days=6), boxes.KEPT)
    assert outcomes.notes(session, [alert_id])
    boxes.empty_ended(session, clock() + timedelta(days=7), boxes.KEPT)
    session.commit()
    session.expire_all()
    assert bool(outcomes.notes(session, [alert_id])) is not closed
    assert (row(session, alert_id).sealed_contact is None) is closed
    assert history(session, alert_id) == before
    assert len(outcomes.reports(session, alert_id)) == closed
    assert session.scalar(select(func.count()).select_from(AlertEventRow)) == len(before)
