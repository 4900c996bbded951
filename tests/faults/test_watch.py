"""Each process is killed in turn, and somebody is told: by the watch, or when that is dead by a switch elsewhere."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
import requests
from sqlalchemy import text, update
from sqlalchemy.engine import Engine

from conversations.models import AlertRow
from tests.faults.serving import House, free_port, wait_for
from tests.faults.test_processes import beats, raise_alert
from tests.faults.watching import AHEAD

Popen = subprocess.Popen[bytes]


@dataclass
class Switch:
    """A dead-man's switch: counts the calls that it gets."""

    url: str = ""
    calls: list[float] = field(default_factory=list)


@pytest.fixture
def switch() -> Iterator[Switch]:
    """One on a loopback port."""
    made = Switch()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # the library's name
            made.calls.append(time.monotonic())
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_said: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.url = f"http://127.0.0.1:{server.server_address[1]}/ping"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield made
    server.shutdown()
    server.server_close()
    thread.join()


def ahead(house: House, seconds: float) -> None:
    """Move the clock of the watch."""
    partial = house.folder / "tmp" / "ahead.partial"
    partial.write_text(str(seconds))
    partial.replace(house.folder / "tmp" / AHEAD)


def heard(house: House, words: str) -> Callable[[], bool]:
    return lambda: any(words in each for each in house.world.texts)


@contextmanager
def watched(house: House, engine: Engine, switch: Switch) -> Iterator[tuple[Popen, Popen]]:
    """Web, worker and watch, with nothing wrong; gives the last two."""
    house.serve(workers=1)
    worker = house.run("flask", "bot", "worker")
    wait_for(lambda: {"worker", "housekeeping", "daily batch"} <= beats(engine))
    watch = house.run("tests.faults.watching", DEADMAN_URL=switch.url)
    wait_for(lambda: "watch" in beats(engine))
    yield worker, watch


def test_b36_whoever_dies_somebody_is_told(our_house: House, switch: Switch) -> None:
    house, engine = our_house, our_house.engine()
    with watched(house, engine, switch) as (worker, watch):
        house.kill(worker)
        raise_alert(house, engine)
        ahead(house, 100)
        wait_for(heard(house, "The worker does not answer."))
        wait_for(heard(house, "An alert has reached nobody."))
        assert any(b"Subject: Heard alarm" in mail for mail in house.world.mails)
        wait_for(lambda: switch.calls)  # somebody has been told, and the watch is alive
        house.kill(watch)
        called = len(switch.calls)
        ahead(house, 400)
        time.sleep(1)
        assert len(switch.calls) == called
    engine.dispose()


def test_b36_a_sender_that_is_dead_makes_the_web_not_ready_and_no_longer_when_it_is_back(sqlite_house: House) -> None:
    house, engine = sqlite_house, sqlite_house.engine()
    house.serve(workers=1)
    raise_alert(house, engine)
    assert house.get("/readyz").status_code == 200
    long_ago = text("datetime('now', '-5 minutes')")
    with engine.begin() as connection:
        connection.execute(update(AlertRow).values(clock_from=long_ago, raised_at=long_ago, next_action_at=long_ago))
    assert (house.get("/healthz").status_code, house.get("/readyz").status_code) == (200, 503)
    house.run("flask", "bot", "worker")
    wait_for(lambda: house.get("/readyz").status_code == 200)
    engine.dispose()


def test_b36_a_database_that_is_gone_is_told_by_a_watch_that_still_stands(
    sqlite_house: House, switch: Switch
) -> None:
    house, engine = sqlite_house, sqlite_house.engine()
    watch = house.run("tests.faults.watching", DEADMAN_URL=switch.url)
    wait_for(lambda: "watch" in beats(engine))
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE heartbeat RENAME TO gone"))
    ahead(house, 1)
    time.sleep(0.5)
    ahead(house, 45)
    wait_for(heard(house, "The database does not answer."))
    assert watch.poll() is None
    engine.dispose()


def test_figures_are_served_by_watch_and_worker(sqlite_house: House) -> None:
    house, engine, port = sqlite_house, sqlite_house.engine(), free_port()
    for process in ("watch", "worker"):
        house.run("flask", "bot", process, METRICS_PORT=str(port))
    wait_for(lambda: {"watch", "worker"} <= beats(engine))
    engine.dispose()

    def shown(at: int) -> str:
        with requests.Session() as session:
            session.trust_env = False
            try:
                return session.get(f"http://127.0.0.1:{at}/metrics", timeout=5).text
            except requests.ConnectionError:
                return ""

    wait_for(lambda: "heard_oldest_unsent_alert_seconds 0.0" in shown(port))
    wait_for(lambda: "process_cpu_seconds_total" in shown(port + 1))
