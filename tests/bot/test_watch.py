"""The second pair of eyes sees a worker that stopped and alerts that wait, and says so without a detail."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from bot import jobs, second_look, watch
from bot.parts import Parts
from bot.stopping import Stopping
from conversations import alerts, heartbeats, worries
from conversations.db import Base, db
from tests.fakes import Clock
from tests.seeds import make_seals, seed_alert, seed_told, seed_worry

WORKER = "the worker does not answer"
OVERDUE = "alerts are overdue"
WAITING = "attempts to tell a duty worker are waiting"
UNREAD = "worries are waiting past their time"
UNSEEN = "texts wait for a second look"


@pytest.fixture
def database_url(sqlite_database_url: str) -> str:
    """Three plain questions: one database is enough."""
    return sqlite_database_url


def beat(session: Session, clock: Clock) -> None:
    heartbeats.beat(session, "worker", clock())
    session.commit()


def test_all_is_well_after_a_round_of_the_worker(session: Session, app_parts: Parts, clock: Clock) -> None:
    seed_alert(session, app_parts)
    jobs.work_once(session, app_parts)
    assert watch.troubles(session, clock()) == ()


def test_a_worker_that_was_never_there_is_missed(session: Session, app_parts: Parts, clock: Clock) -> None:
    assert watch.troubles(session, clock()) == (WORKER,)


@pytest.mark.parametrize(("seconds", "found"), [(0, ()), (120, ()), (121, (WORKER,)), (86400, (WORKER,))])
def test_a_worker_that_stopped_is_missed_after_two_minutes(
    session: Session, app_parts: Parts, clock: Clock, seconds: int, found: tuple[str, ...]
) -> None:
    beat(session, clock)
    assert watch.troubles(session, clock() + timedelta(seconds=seconds)) == found


@pytest.mark.parametrize(
    ("seconds", "found"), [(120, ()), (121, (OVERDUE,)), (1020, (OVERDUE,)), (86400, (OVERDUE,))]
)
def test_an_alert_that_nobody_is_told_about_is_seen(
    session: Session, app_parts: Parts, clock: Clock, seconds: int, found: tuple[str, ...]
) -> None:
    seed_alert(session, app_parts)
    clock.forward(seconds=seconds)
    beat(session, clock)
    assert watch.troubles(session, clock()) == found


@pytest.mark.parametrize(
    ("seconds", "found"), [(120, ()), (121, (WAITING,)), (1020, (WAITING,)), (1021, (OVERDUE, WAITING))]
)
def test_attempts_that_nobody_makes_are_seen(
    session: Session, app_parts: Parts, clock: Clock, seconds: int, found: tuple[str, ...]
) -> None:
    seed_told(session, app_parts)
    clock.forward(seconds=seconds)
    beat(session, clock)
    assert watch.troubles(session, clock()) == found


@pytest.mark.parametrize(("minutes", "found"), [(46, ()), (48, (OVERDUE,))])
def test_an_acknowledged_alert_without_outcome_is_overdue_when_the_worker_does_not_open_it_again(
    session: Session, app_parts: Parts, clock: Clock, minutes: int, found: tuple[str, ...]
) -> None:
    alert_id = seed_alert(session, app_parts)
    alerts.acknowledge(session, alert_id, "Ada", clock())
    clock.forward(minutes=minutes)
    beat(session, clock)
    assert watch.troubles(session, clock()) == found


@pytest.mark.parametrize(("hours", "found"), [(5, ()), (5.01, (UNREAD,))])
def test_a_worry_that_nobody_reads_in_time_is_seen(
    session: Session, app_parts: Parts, clock: Clock, hours: float, found: tuple[str, ...]
) -> None:
    worry_id = seed_worry(session, app_parts)
    clock.forward(hours=hours)
    beat(session, clock)
    assert watch.troubles(session, clock()) == found
    worries.record_outcome(session, worry_id, "Ada", "read", clock())
    assert watch.troubles(session, clock()) == ()


@pytest.mark.parametrize(
    ("seconds", "looks", "found"), [(120, True, ()), (121, True, (UNSEEN,)), (3000, True, (UNSEEN,)), (3000, False, ())]
)
def test_a_text_that_waits_for_its_second_look_is_seen_where_the_worker_is_to_look(
    session: Session, app_parts: Parts, clock: Clock, seconds: int, looks: bool, found: tuple[str, ...]
) -> None:
    second_look.ask(session, make_seals(app_parts), "sms", None, clock())
    clock.forward(seconds=seconds)
    beat(session, clock)
    assert watch.troubles(session, clock(), looks=looks) == found


@pytest.mark.parametrize(("setting", "said"), [("worker", True), ("request", False), ("off", False)])
def test_the_watch_says_so_only_where_the_worker_is_to_look(
    session: Session, app_parts: Parts, clock: Clock, caplog: pytest.LogCaptureFixture, setting: str, said: bool
) -> None:
    second_look.ask(session, make_seals(app_parts), "sms", None, clock())
    clock.forward(minutes=3)
    beat(session, clock)
    settings = replace(app_parts.settings, triage_encoder=setting)
    with caplog.at_level(logging.ERROR):
        look_once(session, replace(app_parts, settings=settings))
    assert (f"watch: {UNSEEN}" in caplog.text) == said


def test_a_closed_alert_is_nobodys_trouble(session: Session, app_parts: Parts, clock: Clock) -> None:
    alert_id = seed_alert(session, app_parts)
    alerts.acknowledge(session, alert_id, "Ada", clock())
    alerts.record_outcome(session, alert_id, "Ada", "no_harm", clock())
    clock.forward(days=9)
    beat(session, clock)
    assert watch.troubles(session, clock()) == ()


def look_once(session: Session, parts: Parts) -> None:
    """One round of the watch, which looks before it rests."""
    watch.watch(session, parts, Once())


class Once(Stopping):
    """Stopped as soon as somebody would rest."""

    def wait(self, seconds: float) -> None:
        """Stop instead."""
        self.asked = True


def test_it_logs_what_is_wrong_by_name_and_beats(
    session: Session, app_parts: Parts, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    alert_id = seed_told(session, app_parts)
    reference = session.get_one(alerts.AlertRow, alert_id).reference
    clock.forward(minutes=30)
    with caplog.at_level(logging.ERROR):
        look_once(session, app_parts)
    assert [record.getMessage() for record in caplog.records] == [
        f"watch: {each}" for each in (OVERDUE, WAITING)
    ]
    assert alert_id not in caplog.text
    assert reference not in caplog.text
    assert heartbeats.last(session, "watch") == clock()


@pytest.mark.parametrize(("minutes", "silent"), [(1, False), (3, True)])
def test_after_a_start_the_worker_has_two_minutes_for_its_own(
    session: Session, app_parts: Parts, clock: Clock, minutes: int, silent: bool
) -> None:
    started = clock()
    clock.forward(minutes=minutes)
    assert (WORKER in watch.troubles(session, clock(), started)) == silent
    assert WORKER in watch.troubles(session, clock())


BREAKS: dict[str, Callable[[Session], object]] = {
    "no tables": lambda session: Base.metadata.drop_all(db.engine),
    "no heartbeats": lambda session: session.execute(text("DROP TABLE heartbeat")),
}


@pytest.mark.parametrize("how", BREAKS)
def test_a_store_that_does_not_answer_is_said_and_does_not_end_the_watch(
    session: Session, app_parts: Parts, caplog: pytest.LogCaptureFixture, how: str
) -> None:
    BREAKS[how](session)
    session.commit()
    with caplog.at_level(logging.ERROR):
        look_once(session, app_parts)
    assert "watch: the database does not answer: OperationalError" in caplog.text
    assert "SELECT" not in caplog.text


def test_a_watch_that_is_told_to_stop_stops(session: Session, app_parts: Parts) -> None:
    watch.watch(session, app_parts, Stopping(asked=True))
    assert heartbeats.last(session, "watch") is None
