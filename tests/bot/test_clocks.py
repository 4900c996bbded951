"""On PostgreSQL every process goes by the database's time, and the watch says when a machine's clock is wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from bot import jobs, seeing, troubles
from bot.clocks import StoreClock, keep_right
from bot.parts import Parts
from bot.stopping import Stopping
from conversations import heartbeats, keys
from conversations.db import db
from conversations.models import AlertRow
from tests.bot.test_statements import counted
from tests.make import Phone, make_form
from tests.seeds import seed_alert
from wsgi import create_app

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


# --- web processes --------------------------------------------------------------------------------------------------


@dataclass
class Web:
    """A web process whose machine's clock is so many seconds off, and a handset."""

    app: Flask
    clock: StoreClock
    hands: dict[str, float]

    def texts(self, words: str) -> TestResponse:
        """A text, as far as its answer; what is done behind that begins when it is closed."""
        return Phone(self.app).post(make_form(words))


@contextmanager
def web(parts: Parts, off: float) -> Iterator[Web]:
    for day in (-2, -1, 0):
        now = datetime.now(UTC) + timedelta(days=day)
        keys.make_ahead(parts.settings.keys_dir, parts.settings.sealing_dir, now)
    hands = {"off": off}
    clock = StoreClock(lambda: machine(hands["off"])())
    app = create_app(parts=replace(parts, clock=clock))
    try:
        yield Web(app, clock, hands)
    finally:
        with app.app_context():
            db.engine.dispose()


@pytest.mark.parametrize("off", [-86400.0, -3600.0, 3600.0])
def test_b19_a_web_process_whose_machine_is_wrong_goes_by_the_databases_time_from_its_first_answer_on(
    session: Session, app_parts: Parts, off: float
) -> None:
    if not is_postgres(session):
        off = 0.0  # there it is the machine's, for every process
    with web(app_parts, off) as process:
        assert process.texts("he hits me every night").status_code == 200
        raised_at = session.scalars(select(AlertRow.raised_at)).one()
        assert abs((raised_at - datetime.now(UTC)).total_seconds()) < 5
        session.rollback()
        with process.app.app_context():
            staff_time = process.app.extensions["heard_staff"].clock()
        assert abs((staff_time - datetime.now(UTC)).total_seconds()) < 5
        assert found(session, app_parts, StoreClock(machine())) == is_postgres(session)


@pytest.mark.parametrize("off", [0.0, 3.0])
def test_a_web_process_whose_machine_is_right_says_nothing(session: Session, app_parts: Parts, off: float) -> None:
    with web(app_parts, off) as process:
        process.texts("hi").close()
        assert not found(session, app_parts, StoreClock(machine()))


def test_a_machine_that_goes_wrong_later_is_found_out_behind_an_answer_and_no_message_costs_a_statement_more(
    session: Session, app_parts: Parts
) -> None:
    with web(app_parts, 0.0) as process:
        for words in ("hi", "2"):
            process.texts(words).close()
        with counted(process.app) as usual:
            process.texts("4").close()
        process.hands["off"] = 3600.0  # and so it is stale as well
        with counted(process.app) as later:
            answer = process.texts("3")
            before_it_was_sent = len(later)
            answer.close()
        assert before_it_was_sent == len(usual)
        assert process.clock.is_wrong == is_postgres(session)
        assert abs(seconds_off(process.clock)) < 1 or not is_postgres(session)
        assert found(session, app_parts, StoreClock(machine())) == is_postgres(session)
        with counted(process.app) as afterwards:
            process.texts("yes").close()
        assert len(afterwards) <= len(usual)


def test_a_database_that_is_down_is_asked_for_the_time_once_and_the_safety_words_go_back(
    make_parts: Callable[..., Parts],
) -> None:
    parts = make_parts("postgresql+psycopg://nobody@127.0.0.1:9/nothing")
    with web(parts, 0.0) as process:
        assert not process.clock.was_asked
        assert "999" in process.texts("hi").text
        assert process.clock.was_asked
        assert not process.clock.is_stale


def test_a_real_application_has_a_clock_that_is_put_right(app_parts: Parts) -> None:
    app = create_app(app_parts.settings)
    assert isinstance(app.extensions["heard"].clock, StoreClock)
    assert app.extensions["heard_staff"].clock is app.extensions["heard"].clock
