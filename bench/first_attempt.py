"""From the commit of an alert to its first attempt: a hundred alerts a minute, a real worker, the practice carrier."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from aiosmtpd.controller import Controller
from sqlalchemy import create_engine, func, select
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from bench.databases import Database
from bench.webhook import ACCOUNT, OURS, TOKEN, environment_of, make_tables
from bot.channels.simulator.account import Account
from bot.channels.simulator.carrier import Carrier
from bot.channels.simulator.serving import make_carrier_server
from conversations import alerts
from conversations.db import engine_options
from conversations.keys import PublicKeys
from conversations.models import AlertRow, AttemptRow, HeartbeatRow
from conversations.sealing import Sealable, Seals
from conversations.values import Assessment, Level

NAME = "duty"
ALERTS, SECONDS = 100, 60.0
START_SECONDS, END_SECONDS = 60.0, 30.0


class Box:
    """A mail server that takes everything and keeps nothing."""

    async def handle_DATA(self, _server: object, _session: object, _envelope: object) -> str:  # aiosmtpd's name
        """Take a mail."""
        return "250 OK"


def measure(folder: Path, database: Database) -> Iterator[dict[str, object]]:
    """One line: median, 99th percentile and worst of the seconds from commit until the provider had taken it."""
    with _outside() as (carrier_url, mail_port):
        url = database.url(NAME)
        environment = environment_of(folder, url) | {
            "HEARD_TWILIO_API_URL": carrier_url,
            "HEARD_SMTP_PORT": str(mail_port),
        }
        make_tables(environment)
        engine = create_engine(url, **engine_options(url))
        with _worker(environment, engine):
            _raise_all(engine, PublicKeys(folder / "sealing"))
            took = _first_attempts(engine)
        engine.dispose()
    yield {
        "bench": "first attempt",
        "database": database.kind,
        "alerts_a_minute": round(ALERTS * 60 / SECONDS),
        "n": len(took),
        "p50_s": round(took[len(took) // 2], 2),
        "p99_s": round(took[int(len(took) * 0.99)], 2),
        "worst_s": round(took[-1], 2),
    }


@contextmanager
def _outside() -> Iterator[tuple[str, int]]:
    carrier = Carrier(Account(ACCOUNT, TOKEN, (OURS,)))
    server = make_carrier_server(carrier)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    mail_port = _free_port()
    mail = Controller(Box(), hostname="127.0.0.1", port=mail_port)
    mail.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", mail_port
    finally:
        mail.stop()
        carrier.released.set()
        server.shutdown()
        thread.join()
        server.server_close()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@contextmanager
def _worker(environment: Mapping[str, str], engine: Engine) -> Iterator[None]:
    worker = subprocess.Popen([sys.executable, "-m", "flask", "bot", "worker"], env=environment)
    try:
        _wait(START_SECONDS, lambda: _beats(engine) > 2)
        yield
    finally:
        worker.terminate()
        worker.wait(30)


def _raise_all(engine: Engine, public: PublicKeys) -> None:
    began = time.monotonic()
    for number in range(ALERTS):
        time.sleep(max(0.0, began + number * SECONDS / ALERTS - time.monotonic()))
        now = datetime.now(UTC)
        contact = Sealable(f"+4477009{number:05}")
        seals = Seals(public.of_day(now), Sealable("words"), contact, now + timedelta(days=7))
        with Session(engine) as session:
            alerts.raise_alert(session, Assessment(Level.IMMEDIATE), "sms", seals, now)
            session.commit()


def _first_attempts(engine: Engine) -> list[float]:
    _wait(END_SECONDS, lambda: _told(engine) >= ALERTS)
    at = func.min(AttemptRow.sent_at).label("at")
    first = select(at, AttemptRow.alert_id).group_by(AttemptRow.alert_id).subquery()
    wanted = select(AlertRow.raised_at, first.c.at).join(first, first.c.alert_id == AlertRow.id)
    with Session(engine) as session:
        return sorted((row.at - row.raised_at).total_seconds() for row in session.execute(wanted))


def _told(engine: Engine) -> int:
    with Session(engine) as session:
        told = select(func.count(AttemptRow.alert_id.distinct())).where(AttemptRow.sent_at.is_not(None))
        return session.scalar(told) or 0


def _beats(engine: Engine) -> int:
    with Session(engine) as session:
        return session.scalar(select(func.count()).select_from(HeartbeatRow)) or 0


def _wait(seconds: float, true: Callable[[], bool]) -> None:
    ends = time.monotonic() + seconds
    while not true():
        if time.monotonic() > ends:
            raise RuntimeError("it did not happen in time")
        time.sleep(0.2)
