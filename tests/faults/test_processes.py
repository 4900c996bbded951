"""Worker and watch as real processes: killed, stopped and doubled, they lose no alert and say when one went twice."""

from __future__ import annotations

import re
import signal
import subprocess
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import select, update
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from conversations import alerts
from conversations.keys import PublicKeys
from conversations.models import AlertEventRow, AlertRow, AttemptRow, HeartbeatRow
from conversations.outbox import LEASE
from conversations.sealing import Sealable, Seals
from conversations.values import Assessment, Level
from tests.faults.serving import House, wait_for

STOP_SECONDS = 5.0


def raise_alert(house: House, engine: Engine) -> str:
    """An alert whose attempts are due now, as a worrying text leaves it."""
    now = datetime.now(UTC)
    contact = Sealable("+447700900123")
    seals = Seals(PublicKeys(house.sealing).of_day(now), Sealable("words"), contact, now + timedelta(days=7))
    with Session(engine) as session, session.begin():
        return alerts.raise_alert(session, Assessment(Level.CONCERN), "sms", seals, now)


def attempts(engine: Engine) -> dict[str, list[tuple[str, int]]]:
    """State and number of tries of every attempt, by way."""
    with Session(engine) as session:
        rows = session.execute(select(AttemptRow.way, AttemptRow.state, AttemptRow.tries)).all()
    return {way: sorted((row.state, row.tries) for row in rows if row.way == way) for way in ("sms", "email")}


def history(engine: Engine) -> list[str]:
    """What the events of all alerts say."""
    with Session(engine) as session:
        return [f"{row.what} {row.detail}" for row in session.execute(select(AlertEventRow.what, AlertEventRow.detail))]


def beats(engine: Engine) -> set[Any]:
    """Which processes have shown that they are alive."""
    with Session(engine) as session:
        return set(session.scalars(select(HeartbeatRow.process)))


def stop(process: subprocess.Popen[bytes]) -> float:
    """Ask a process to stop; gives how many seconds it took."""
    started = time.monotonic()
    process.send_signal(signal.SIGTERM)
    process.wait(60)
    return time.monotonic() - started


def test_b4_a_worker_killed_while_it_sends_leaves_an_attempt_that_is_made_again_and_noted(our_house: House) -> None:
    house, engine = our_house, our_house.engine()
    raise_alert(house, engine)
    house.world.carrier.play("timeout-but-accepted")
    first = house.run("flask", "bot", "worker")
    wait_for(lambda: house.world.texts)
    wait_for(lambda: attempts(engine)["email"] == [("sent", 1)])  # the text that hangs does not hold it up
    house.kill(first)
    assert attempts(engine) == {"sms": [("leased", 1)], "email": [("sent", 1)]}
    with Session(engine) as session, session.begin():
        ends = session.scalars(select(AttemptRow.lease_until)).all()
        assert all(end <= datetime.now(UTC) + LEASE for end in ends if end)
        session.execute(update(AttemptRow).values(lease_until=datetime.now(UTC)))
    house.run("flask", "bot", "worker")
    wait_for(lambda: attempts(engine) == {"sms": [("sent", 2)], "email": [("sent", 1)]})
    assert (len(house.world.texts), len(house.world.mails)) == (2, 1)
    assert sorted(history(engine)) == [
        "raised concern",
        "sent email",
        "sent sms: try 2, perhaps twice",
        "telling nobody is on duty",
    ]
    house.world.carrier.released.clear()
    engine.dispose()


def hears_stop(process: subprocess.Popen[bytes]) -> bool:
    """Whether a process ends by itself when asked by now: another worker may have done all the work alone."""
    caught = re.search(r"SigCgt:\s*(\w+)", Path(f"/proc/{process.pid}/status").read_text())
    return caught is not None and bool(int(caught[1], 16) >> (signal.SIGTERM - 1) & 1)


def test_two_workers_at_once_make_each_attempt_once_and_both_stop_when_asked(our_house: House) -> None:
    house, engine = our_house, our_house.engine()
    for _ in range(12):
        raise_alert(house, engine)
    workers = [house.run("flask", "bot", "worker") for _ in range(2)]
    wait_for(lambda: attempts(engine) == {way: [("sent", 1)] * 12 for way in ("sms", "email")})
    assert (len(set(house.world.texts)), len(house.world.texts), len(house.world.mails)) == (12, 12, 12)
    assert sorted({*history(engine)}) == ["raised concern", "sent email", "sent sms", "telling nobody is on duty"]
    wait_for(lambda: {"worker", "urgent", "housekeeping"} <= beats(engine) and all(map(hears_stop, workers)))
    assert max(map(stop, workers)) < STOP_SECONDS
    assert [each.returncode for each in workers] == [0, 0]
    assert "Traceback" not in house.log.read_text()
    engine.dispose()


def test_watch_says_that_alerts_are_overdue_and_stops_when_asked(sqlite_house: House) -> None:
    engine = sqlite_house.engine()
    raise_alert(sqlite_house, engine)
    with engine.begin() as connection:
        connection.execute(update(AlertRow).values(next_action_at=datetime(2020, 1, 1, tzinfo=UTC)))
    watch = sqlite_house.run("flask", "bot", "watch")
    wait_for(lambda: "alerts are overdue" in sqlite_house.log.read_text())
    assert "watch" in beats(engine)
    assert stop(watch) < STOP_SECONDS
    assert watch.returncode == 0
    engine.dispose()


def test_a_worker_whose_connections_are_cut_goes_on(postgres_house: House) -> None:
    house, engine = postgres_house, postgres_house.engine()
    worker = house.run("flask", "bot", "worker")
    wait_for(lambda: "worker" in beats(engine))
    engine.dispose()
    with psycopg.connect(house.database_url.replace("+psycopg", "", 1), autocommit=True) as other:
        for _ in range(20):
            other.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            time.sleep(0.1)
    raise_alert(house, engine)
    wait_for(lambda: attempts(engine) == {"sms": [("sent", 1)], "email": [("sent", 1)]})
    assert worker.poll() is None
    assert stop(worker) < STOP_SECONDS
    engine.dispose()
