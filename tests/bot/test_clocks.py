"""On PostgreSQL worker and watch go by the database's time, and the watch says when a machine's clock is wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from bot import jobs, seeing, troubles
from bot.clocks import StoreClock, keep_right
from bot.parts import Parts
from bot.stopping import Stopping
from conversations import heartbeats
from conversations.models import AlertRow
from tests.bot.test_statements import counted
from tests.seeds import seed_alert

Machine = Callable[[], datetime]
TROUBLE = "a clock is wrong"


def machine(off: float = 0.0) -> Machine:
    """A machine whose clock is so many seconds off; the database of a test is on this one, and right."""
    return lambda: datetime.now(UTC) + timedelta(seconds=off)


def seconds_off(clock: StoreClock) -> float:
    return (clock() - datetime.now(UTC)).total_seconds()


def is_postgres(session: Session) -> bool:
    return session.get_bind().dialect.name == "postgresql"


@pytest.mark.parametrize("off", [-3600.0, -6.0, -4.0, 0.0, 4.0, 6.0, 86400.0])
def test_the_databases_time_is_used_where_it_has_one_and_a_wrong_machine_is_found_out(
    session: Session, off: float
) -> None:
    clock = StoreClock(machine(off))
    assert abs(seconds_off(clock) - off) < 1
    clock.read(session)
    assert abs(seconds_off(clock) - (0 if is_postgres(session) else off)) < 1
    assert clock.is_wrong == (is_postgres(session) and abs(off) > 5)


def test_an_answer_that_took_long_says_nothing(session: Session) -> None:
    moments = iter([timedelta(), timedelta(seconds=3), timedelta(seconds=3)])
    began = datetime(2026, 11, 23, tzinfo=UTC)
    clock = StoreClock(lambda: began + next(moments))
    clock.read(session)
    assert not clock.is_wrong


def found(session: Session, parts: Parts, clock: StoreClock) -> bool:
    session.commit()
    seen = seeing.look(session, replace(parts, clock=clock), datetime.now(UTC), datetime.now(UTC))
    session.rollback()
    return TROUBLE in troubles.troubles(seen)


@pytest.mark.parametrize(("off", "wrong"), [(-6.0, True), (6.0, True), (4.0, False), (0.0, False)])
@pytest.mark.parametrize("process", ["worker", "watch"])
def test_b19_the_watch_tells_of_a_clock_that_is_wrong_until_it_is_right(
    session: Session, app_parts: Parts, process: str, off: float, wrong: bool
) -> None:
    hands = {"off": off}
    clock, seer = StoreClock(lambda: machine(hands["off"])()), StoreClock(machine())
    tick = keep_right(clock, process)
    tick(session)
    assert found(session, app_parts, seer) == (wrong and is_postgres(session))
    hands["off"] = 0.0
    tick(session)
    assert not clock.is_wrong
    heartbeats.beat(session, f"clock of {process}", datetime.now(UTC) - timedelta(seconds=61))  # a minute passes
    assert not found(session, app_parts, seer)


def test_the_worker_reads_it_each_round_and_acts_by_it(session: Session, app_parts: Parts) -> None:
    """A worker whose machine is an hour behind writes what is right, where the database has a time."""
    alert_id = seed_alert(session, replace(app_parts, clock=machine()))
    stopping, clock = Stopping(), StoreClock(machine(-3600))
    reading = keep_right(clock, "worker")

    def tick(own: Session) -> None:
        reading(own)
        stopping.asked = True

    jobs.work_urgently(Session(session.get_bind()), replace(app_parts, clock=clock), stopping, tick)
    session.rollback()
    next_action_at = session.get_one(AlertRow, alert_id, populate_existing=True).next_action_at
    assert next_action_at is not None
    is_right = abs(next_action_at - datetime.now(UTC) - timedelta(minutes=15)) < timedelta(minutes=1)
    assert is_right == is_postgres(session)


def test_one_statement_a_round_on_postgres_and_none_on_sqlite(session: Session, app_parts: Parts, app: object) -> None:
    tick = keep_right(StoreClock(machine()), "worker")
    with counted(app) as statements:  # type: ignore[arg-type]
        tick(session)
    assert len(statements) == (1 if is_postgres(session) else 0)
