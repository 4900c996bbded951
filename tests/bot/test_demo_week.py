"""The demonstration has somebody on duty at every moment of the week to come, however often it is started."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot import duty
from bot.demo import week
from bot.parts import Parts
from conversations import duty_rota
from conversations.duty_models import ShiftRow, WayRow
from conversations.rota import HERE
from conversations.shifts import on_duty
from conversations.staff_models import StaffRow
from tests.fakes import Clock, RecordingSender
from tests.seeds import seed_alert, seed_on_duty


@pytest.fixture
def duty_worker(session: Session, app_parts: Parts) -> int:
    """The two logins that the demonstration gives a rota, without it yet."""
    people = [seed_on_duty(session, app_parts, name, lead=name == "Lorna") for name in ("Dougie", "Lorna")]
    for staff_id, email in zip(people, week.PHONES, strict=True):
        session.get_one(StaffRow, staff_id).email = email
    for row in (WayRow, ShiftRow):
        session.query(row).delete()
    session.commit()
    return people[0]


def test_the_duty_worker_is_told_on_the_duty_phone(
    session: Session, app_parts: Parts, duty_worker: int, texts_out: RecordingSender
) -> None:
    week.prepare(session, app_parts.clock())
    seed_alert(session, app_parts)
    duty.act_on_due(session, app_parts)
    duty.send_due(session, app_parts)
    assert [message.to for message in texts_out.sent] == [week.DUTY_PHONE]


@pytest.mark.parametrize("starts", [1, 2, 3])
def test_there_is_no_gap_in_the_week_however_often_it_is_started(
    session: Session, duty_worker: int, clock: Clock, starts: int
) -> None:
    clock.now = datetime(2026, 10, 22, 9, tzinfo=HERE)  # the clocks go back within these days
    for _ in range(starts):
        week.prepare(session, clock())
        session.commit()
    assert session.scalar(select(func.count()).select_from(WayRow)) == 4
    rota = duty_rota.load(session, clock(), timedelta(days=23))
    assert len(rota.shifts) == 21
    assert all(on_duty(rota, clock() + timedelta(hours=hour)) == (duty_worker,) for hour in range(20 * 24))


def test_without_its_logins_nothing_is_made(session: Session, clock: Clock) -> None:
    week.prepare(session, clock())
    assert session.scalar(select(func.count()).select_from(ShiftRow)) == 0
