"""The worker does what is due, alerts first; a job that fails stops neither the others nor the worker."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from bot import jobs
from bot.parts import Parts
from bot.sender import Outgoing
from bot.stopping import Stopping
from conversations import alerts, heartbeats
from conversations.models import (
    AlertRow,
    AttemptRow,
    ClosedDraftRow,
    ConversationRow,
    HeartbeatRow,
    OpeningRow,
    ResponseRow,
)
from tests.fakes import Clock, RecordingSender
from tests.make import Phone
from tests.seeds import WORDS, own_session, seed_alert, seed_staff, seed_text, worker_contacts


@pytest.fixture
def database_url(sqlite_database_url: str) -> str:
    """One database is enough for the order of jobs; the jobs themselves are tested on both."""
    return sqlite_database_url


def test_one_round_tells_opens_sends_and_beats(
    phone: Phone,
    session: Session,
    app_parts: Parts,
    texts_out: RecordingSender,
    mails_out: RecordingSender,
    clock: Clock,
) -> None:
    phone.says(WORDS)
    phone.says("STOP")
    seed_text(session, app_parts)
    jobs.work_once(session, app_parts)
    assert len(texts_out.sent) == 2
    assert len(mails_out.sent) == 1
    assert session.scalar(text("SELECT count(*) FROM opt_out")) == 1
    assert session.scalar(text("SELECT count(*) FROM opt_request")) == 0
    assert heartbeats.last(session, "worker") == clock()


def test_a_second_round_at_once_does_nothing_again(
    phone: Phone, session: Session, app_parts: Parts, texts_out: RecordingSender
) -> None:
    phone.says(WORDS)
    for _ in range(3):
        jobs.work_once(session, app_parts)
    assert len(texts_out.sent) == 1


def test_alerts_come_before_everything_else(session: Session, app_parts: Parts, texts_out: RecordingSender) -> None:
    seed_text(session, app_parts)
    seed_alert(session, app_parts)
    jobs.work_once(session, app_parts)
    assert [message.to == app_parts.settings.duty_phone for message in texts_out.sent] == [True, False]


def test_the_worker_goes_on_when_a_job_meets_something_that_nobody_thought_of(
    phone: Phone,
    session: Session,
    app_parts: Parts,
    texts_out: RecordingSender,
    clock: Clock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    alert_id = seed_alert(session, app_parts)
    session.add(
        OpeningRow(
            id="o",
            alert_id=alert_id,
            staff_id=seed_staff(session),
            public_half="no key at all",
            expires_at=clock() + timedelta(minutes=9),
        )
    )
    phone_state(phone, session)
    session.commit()
    clock.forward(hours=22)
    with caplog.at_level(logging.ERROR):
        for _ in range(2):
            jobs.work_once(session, app_parts)
    assert heartbeats.last(session, "worker") == clock()
    assert len(texts_out.sent) == 1
    assert "job failed: nudges: KeyError" in caplog.text
    assert "kl-ingon" not in caplog.text


def phone_state(phone: Phone, session: Session) -> None:
    """A conversation whose language no deployment knows."""
    phone.says("CHECKIN")
    row = session.scalars(select(ConversationRow)).one()
    row.state = {**row.state, "language": "kl-ingon"}


class Broken(RecordingSender):
    """A provider's library that breaks in a way of its own."""

    def send(self, message: Outgoing) -> str:
        raise ZeroDivisionError(message.to)


def test_a_sender_that_breaks_leaves_the_attempt_to_the_next_round_and_the_number_out_of_the_log(
    session: Session, app_parts: Parts, texts_out: RecordingSender, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    seed_alert(session, app_parts)
    broken = replace(app_parts, ways={"sms": Broken(), "email": Broken()})
    with caplog.at_level(logging.ERROR):
        jobs.work_once(session, broken)
    assert "sending broke: way=sms ZeroDivisionError" in caplog.text
    assert "7700" not in caplog.text
    clock.forward(seconds=5)
    jobs.work_once(session, app_parts)
    assert len(texts_out.sent) == 1


def test_a_broken_store_is_logged_and_survived(
    session: Session, app_parts: Parts, texts_out: RecordingSender, caplog: pytest.LogCaptureFixture
) -> None:
    seed_alert(session, app_parts)
    session.execute(text("DROP TABLE outbox"))
    session.commit()
    with caplog.at_level(logging.ERROR):
        jobs.work_once(session, app_parts)
    assert "job failed: texts: OperationalError" in caplog.text
    assert len(texts_out.sent) == 1


def test_the_first_round_of_a_new_house_makes_its_keys(session: Session, app_parts: Parts, clock: Clock) -> None:
    settings = app_parts.settings
    for folder in (settings.keys_dir, settings.sealing_dir):
        for path in folder.iterdir():
            path.unlink()
    jobs.work_once(session, app_parts)
    assert app_parts.keys.of_day(clock())
    assert app_parts.keys.weekly(clock())


def test_house_is_kept_every_five_minutes_and_the_batch_moved_once_a_day_in_local_time(
    phone: Phone, session: Session, app_parts: Parts, clock: Clock
) -> None:
    clock.now = clock.now.replace(month=7, day=6, hour=12)
    jobs.keep_house(session, app_parts, worker_contacts(app_parts))
    session.commit()
    moved = []
    for said in ("CHECKIN", "12-15", "4", "1", "yes"):
        phone.says(said)
    for _ in range(24 * 12):
        clock.forward(minutes=5)
        jobs.keep_house(session, app_parts, worker_contacts(app_parts))
        session.commit()
        if not moved and session.scalar(select(func.count()).select_from(ResponseRow)):
            moved.append(clock())
    assert [f"{moment:%d %H:%M}" for moment in moved] == ["06 23:00"]  # midnight here, in July
    assert session.scalar(select(func.count()).select_from(ClosedDraftRow)) == 0
    assert session.scalar(select(func.count()).select_from(ConversationRow)) == 0


@pytest.mark.parametrize(("month", "day"), [(10, 24), (3, 27)], ids=["back", "forward"])
def test_over_a_change_of_the_clocks_the_batch_is_moved_once_each_day_and_the_file_rewritten_with_it(
    session: Session, app_parts: Parts, clock: Clock, month: int, day: int
) -> None:
    clock.now = clock.now.replace(year=2027 if month == 3 else 2026, month=month, day=day, hour=0, minute=1)
    beats: dict[str, set[str]] = {"daily batch": set(), "rewritten": set()}
    for _ in range(72 * 4):
        jobs.keep_house(session, app_parts, worker_contacts(app_parts))
        session.commit()
        for task, seen in beats.items():
            seen.add(f"{heartbeats.last(session, task) or clock():%d %H:%M}")
        clock.forward(minutes=15)
    midnights = {(10): {"24 00:01", "24 23:01", "26 00:01"}, (3): {"27 00:01", "28 00:01", "28 23:01", "29 23:01"}}
    assert beats == dict.fromkeys(beats, midnights[month])


def test_between_two_times_the_house_is_left_alone(session: Session, app_parts: Parts, clock: Clock) -> None:
    jobs.work_once(session, app_parts)
    first = heartbeats.last(session, "housekeeping")
    clock.forward(seconds=299)
    jobs.work_once(session, app_parts)
    assert heartbeats.last(session, "housekeeping") == first
    clock.forward(seconds=1)
    jobs.work_once(session, app_parts)
    assert heartbeats.last(session, "housekeeping") == clock()


def test_many_expired_conversations_are_all_closed_in_one_round(
    app: Flask, session: Session, app_parts: Parts, clock: Clock
) -> None:
    for number in range(105):
        Phone(app, f"+4477009{number:05}").says("CHECKIN")
    clock.forward(hours=73)
    jobs.work_once(session, app_parts)
    assert session.scalar(select(func.count()).select_from(ConversationRow)) == 0


def test_two_workers_at_once_send_once(
    app: Flask, app_parts: Parts, session: Session, texts_out: RecordingSender
) -> None:
    for _ in range(5):
        seed_alert(session, app_parts)
    session.rollback()

    def work() -> None:
        with own_session(app) as mine:
            jobs.work_once(mine, app_parts)

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(texts_out.sent) == 5
    assert set(session.scalars(select(AttemptRow.state))) == {"sent"}


def test_a_worker_that_is_told_to_stop_stops(session: Session, app_parts: Parts) -> None:
    jobs.work(session, app_parts, Stopping(asked=True))
    assert heartbeats.last(session, "worker") is None


def test_an_alert_that_waited_while_the_worker_was_away_is_told_when_it_is_back(
    session: Session, app_parts: Parts, texts_out: RecordingSender, clock: Clock
) -> None:
    alert_id = seed_alert(session, app_parts)
    clock.forward(days=2)
    jobs.work_once(session, app_parts)
    assert len(texts_out.sent) == 1
    assert session.get_one(AlertRow, alert_id).next_action_at == clock() + timedelta(minutes=45)
    assert alerts.is_open(session, alert_id)


def test_housekeeping_leaves_no_copy_of_what_was_erased_in_the_journal(
    phone: Phone, session: Session, app_parts: Parts, clock: Clock
) -> None:
    file = Path(app_parts.settings.database_url.removeprefix("sqlite:///"))
    phone.says("hi")
    phone.says("skip")
    phone.says("they never asked about the trampoline")
    assert b"trampoline" in Path(f"{file}-wal").read_bytes()
    phone.says("delete")
    phone.says("1")
    clock.forward(minutes=6)
    jobs.work_once(session, app_parts)
    left = file.read_bytes() + Path(f"{file}-wal").read_bytes()
    assert b"trampoline" not in left


def real_loops(app: Flask, parts: Parts, stopping: Stopping) -> threading.Thread:
    """The worker's two loops, as the command runs them, until `stopping` says so."""

    def run() -> None:
        with own_session(app) as mine:
            jobs.work(mine, parts, stopping)

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def wait_until(true: Callable[[], bool], seconds: float = 30.0) -> float:
    """Wait until this holds; gives how long it took."""
    began = time.monotonic()
    while not true():
        assert time.monotonic() < began + seconds, "it did not happen in time"
        time.sleep(0.02)
    return time.monotonic() - began


def test_b26_alerts_are_told_while_everything_else_is_stuck_and_each_loop_shows_that_it_is_alive(
    app: Flask, app_parts: Parts, session: Session, texts_out: RecordingSender, clock: Clock
) -> None:
    go, stopping = threading.Event(), Stopping()

    class Stuck(RecordingSender):
        def send(self, message: Outgoing) -> str:
            assert message.to == app_parts.settings.duty_phone or go.wait(60)
            return texts_out.send(message)

    seed_text(session, app_parts)
    parts = replace(app_parts, ways={**app_parts.ways, "sms": Stuck()})
    loops = real_loops(app, parts, stopping)
    try:
        for number in range(3):
            seed_alert(session, app_parts)
            session.rollback()
            wait_until(lambda number=number: len(texts_out.sent) == number + 1)  # type: ignore[misc]
        wait_until(lambda: beats(session) == {"urgent"})
        go.set()
        wait_until(lambda: {"urgent", "worker"} <= beats(session))
    finally:
        go.set()
        stopping.asked = True
        loops.join(30)
    assert not loops.is_alive()
    assert len(texts_out.sent) == 4


def beats(session: Session) -> set[str]:
    """Which loops have shown that they are alive."""
    session.rollback()
    found = set(session.scalars(select(HeartbeatRow.process)))
    session.rollback()
    return found & {"urgent", "worker"}


def test_what_is_under_way_when_the_worker_is_told_to_stop_is_waited_for_and_kept(
    app: Flask, app_parts: Parts, session: Session, texts_out: RecordingSender
) -> None:
    go, asked, stopping = threading.Event(), threading.Event(), Stopping()

    class Slow(RecordingSender):
        def send(self, message: Outgoing) -> str:
            asked.set()
            assert go.wait(60)
            return texts_out.send(message)

    seed_alert(session, app_parts)
    session.rollback()
    loops = real_loops(app, replace(app_parts, ways={**app_parts.ways, "sms": Slow()}), stopping)
    assert asked.wait(30)
    stopping.asked = True
    go.set()
    loops.join(30)
    assert not loops.is_alive()
    assert set(session.scalars(select(AttemptRow.state))) == {"sent"}


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_worker_whose_loop_for_alerts_has_died_ends(app: Flask, app_parts: Parts, session: Session) -> None:
    class Gone(BaseException):
        pass

    class Deadly(RecordingSender):
        def send(self, message: Outgoing) -> str:
            raise Gone

    seed_alert(session, app_parts)
    session.rollback()
    with own_session(app) as mine, pytest.raises(jobs.Dead):
        jobs.work(mine, replace(app_parts, ways={"sms": Deadly(), "email": RecordingSender()}), Stopping())
