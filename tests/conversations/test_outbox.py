"""Rows to be sent: one holder at a time, the row of a dead one goes on, and reports move a row forward only."""

from __future__ import annotations

import itertools
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from bot.parts import Parts
from conversations import outbox
from conversations.models import AttemptRow, DeliveryRow, OutboxRow
from tests.fakes import Clock
from tests.seeds import own_session, seed_text, seed_told, sole_text

VECTORS = Path(__file__).parents[1] / "vectors" / "twilio" / "status_sequences.json"
SEQUENCES = json.loads(VECTORS.read_text())["sequences"]
REPORTED = {
    each["id"]: [event for event in each["events"] if event[0].islower() and not event.endswith("*")]
    for each in SEQUENCES
}
FINAL = {each["id"]: each["final_status"] for each in SEQUENCES}
SID = "SM" + "1" * 32


def claim_one(session: Session, clock: Clock) -> tuple[str, str | None]:
    row = outbox.claim(session, OutboxRow, clock())[0]
    held = row.id, row.lease
    session.commit()
    return held


def note(session: Session, event: str, clock: Clock, provider_id: str = SID) -> None:
    status, _, error = event.partition(":")
    outbox.note_status(session, provider_id, status, error, clock())
    session.commit()


@pytest.fixture
def row_id(session: Session, app_parts: Parts) -> str:
    seed_text(session, app_parts)
    return sole_text(session).id


def test_a_row_that_is_held_is_not_given_to_another(session: Session, row_id: str, clock: Clock) -> None:
    assert claim_one(session, clock)[0] == row_id
    assert outbox.claim(session, OutboxRow, clock()) == []
    clock.now += outbox.LEASE - timedelta(seconds=1)
    assert outbox.claim(session, OutboxRow, clock()) == []


def test_a_row_is_not_claimed_before_it_is_due(session: Session, row_id: str, clock: Clock) -> None:
    assert outbox.claim(session, OutboxRow, clock() - timedelta(seconds=1)) == []


def test_the_row_of_a_holder_that_died_goes_on_to_the_next(session: Session, row_id: str, clock: Clock) -> None:
    _, first = claim_one(session, clock)
    clock.forward(seconds=60)
    assert not outbox.still_held(session, OutboxRow, row_id, first, clock())
    _, second = claim_one(session, clock)
    assert second != first
    assert not outbox.still_held(session, OutboxRow, row_id, first, clock())
    assert outbox.still_held(session, OutboxRow, row_id, second, clock())
    assert sole_text(session).tries == 2


@pytest.mark.parametrize("state", ["sent", "failed", "cancelled", "due"])
def test_a_row_that_is_no_longer_leased_is_no_longer_held(
    session: Session, row_id: str, clock: Clock, state: str
) -> None:
    _, lease = claim_one(session, clock)
    sole_text(session).state = state
    session.commit()
    assert not outbox.still_held(session, OutboxRow, row_id, lease, clock())


def test_nobody_holds_without_a_lease(session: Session, row_id: str, clock: Clock) -> None:
    claim_one(session, clock)
    assert not outbox.still_held(session, OutboxRow, row_id, None, clock())


def test_many_claimers_at_once_never_hold_the_same_row(app: Flask, session: Session, app_parts: Parts) -> None:
    for _ in range(30):
        seed_text(session, app_parts)

    def claim_some(_: int) -> list[str]:
        with own_session(app) as mine:
            claimed = [row.id for row in outbox.claim(mine, OutboxRow, app_parts.clock(), limit=5)]
            mine.commit()
        return claimed

    with ThreadPoolExecutor(6) as pool:
        claimed = list(itertools.chain(*pool.map(claim_some, range(6))))
    assert len(claimed) == len(set(claimed))
    assert claimed


def test_what_has_been_sent_stays_sent_when_a_slow_holder_comes_back(
    session: Session, row_id: str, clock: Clock
) -> None:
    claim_one(session, clock)
    clock.forward(seconds=61)
    claim_one(session, clock)
    outbox.mark_sent(session, OutboxRow, row_id, SID, clock())
    outbox.mark_failed(session, OutboxRow, row_id, "ReadTimeout", clock() + timedelta(seconds=5))
    assert sole_text(session).state == "leased"  # nothing was committed
    outbox.mark_sent(session, OutboxRow, row_id, SID, clock())
    session.commit()
    outbox.mark_failed(session, OutboxRow, row_id, "ReadTimeout", clock() + timedelta(seconds=5))
    outbox.cancel(session, OutboxRow, row_id, "too late")
    session.commit()
    row = sole_text(session)
    assert (row.state, row.provider_id, row.error) == ("sent", SID, None)


def test_a_failed_try_is_due_again_or_over(session: Session, row_id: str, clock: Clock) -> None:
    claim_one(session, clock)
    outbox.mark_failed(session, OutboxRow, row_id, "20429", clock() + timedelta(seconds=5))
    session.commit()
    assert outbox.claim(session, OutboxRow, clock()) == []
    clock.forward(seconds=5)
    claim_one(session, clock)
    outbox.mark_failed(session, OutboxRow, row_id, "21610", None)
    session.commit()
    clock.forward(days=1)
    assert outbox.claim(session, OutboxRow, clock()) == []
    assert (sole_text(session).state, sole_text(session).error) == ("failed", "21610")


def orders(events: list[str]) -> list[tuple[str, ...]]:
    return sorted(set(itertools.permutations(events)))


@pytest.mark.parametrize("sequence", [name for name, events in REPORTED.items() if events])
def test_in_whatever_order_reports_come_the_status_never_goes_back(
    session: Session, row_id: str, clock: Clock, sequence: str
) -> None:
    ends = set()
    for number, order in enumerate(orders(REPORTED[sequence])):
        sid = f"SM{number:032x}"
        session.execute(update(OutboxRow).values(provider_id=sid, provider_status=None))
        ranks = [-1]
        for event in order:
            status, _, error = event.partition(":")
            outbox.note_status(session, sid, status, error, clock())
            shown = session.scalar(select(OutboxRow.provider_status).where(OutboxRow.id == row_id))
            ranks.append(outbox.RANK.get(shown or "", -1))
        assert ranks == sorted(ranks), order
        ends.add(shown)
    wanted = FINAL[sequence]
    assert ends == {wanted or "delivered"}


@pytest.mark.parametrize("sequence", [name for name, events in REPORTED.items() if events])
def test_reports_that_come_before_our_own_record_are_found_when_it_comes(
    session: Session, row_id: str, clock: Clock, sequence: str
) -> None:
    claim_one(session, clock)
    for event in REPORTED[sequence]:
        note(session, event, clock)
    assert sole_text(session).provider_status is None
    outbox.mark_sent(session, OutboxRow, row_id, SID, clock())
    session.commit()
    assert sole_text(session).provider_status == (FINAL[sequence] or "delivered")


def test_a_report_moves_attempts_and_texts_and_only_those_of_its_id(
    session: Session, row_id: str, app_parts: Parts, clock: Clock
) -> None:
    seed_told(session, app_parts)
    other = "SM" + "2" * 32
    claim_one(session, clock)
    outbox.mark_sent(session, OutboxRow, row_id, other, clock())
    attempt = outbox.claim(session, AttemptRow, clock())[0]
    outbox.mark_sent(session, AttemptRow, attempt.id, SID, clock())
    session.commit()
    note(session, "undelivered:30003", clock)
    session.expire_all()
    found = session.execute(select(AttemptRow.provider_status, AttemptRow.error)).all()
    assert {tuple(each) for each in found} == {(None, None), ("undelivered", "30003")}
    assert sole_text(session).provider_status is None


def test_each_status_is_kept_once_and_an_unknown_one_changes_nothing(
    session: Session, row_id: str, clock: Clock
) -> None:
    claim_one(session, clock)
    outbox.mark_sent(session, OutboxRow, row_id, SID, clock())
    for event in ["sent", "brand_new_status", "sent", "brand_new_status", "partially_delivered"]:
        note(session, event, clock)
    assert session.scalar(select(func.count()).select_from(DeliveryRow)) == 3
    assert sole_text(session).provider_status == "sent"


def test_a_mail_without_an_id_takes_no_report_of_another(session: Session, row_id: str, clock: Clock) -> None:
    claim_one(session, clock)
    outbox.mark_sent(session, OutboxRow, row_id, "", clock())
    session.commit()
    note(session, "failed:30001", clock, provider_id="")
    assert sole_text(session).provider_status is None
    assert sole_text(session).state == "sent"


def test_the_number_of_a_text_is_nowhere_in_its_row(session: Session, row_id: str) -> None:
    row = sole_text(session)
    assert "7700900123" not in repr({column.name: getattr(row, column.name) for column in OutboxRow.__table__.columns})
