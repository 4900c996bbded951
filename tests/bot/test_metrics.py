"""The figures are at a port that this machine alone can reach, and hold ages and counts and nothing else."""

from __future__ import annotations

import math
import re
import socket
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import psutil
import pytest
import requests
from prometheus_client import CollectorRegistry, generate_latest
from sqlalchemy.orm import Session

from bot import jobs, metrics, seeing
from bot.calls import get
from bot.parts import Parts
from conversations import queues
from conversations.drills import Drill
from tests.fakes import NOON, Clock
from tests.faults.serving import free_port
from tests.make import Phone
from tests.seeds import seed_alert, seed_told, seed_worry

LABEL = re.compile(r'(\w+)="([^"]*)"')
OURS = {"queue": set(queues.QUEUES), "process": set(metrics.PROCESSES), "part": {"sent", "delivered", "acknowledged"}}


@pytest.fixture
def registry() -> CollectorRegistry:
    """Figures of one process."""
    return metrics.of_process()


@pytest.fixture
def port(registry: CollectorRegistry) -> Iterator[int]:
    """Where they are served."""
    port = free_port()
    with metrics.served(port, registry):
        yield port


def ask(port: int, host: str = "127.0.0.1") -> requests.Response:
    with requests.Session() as session:
        session.trust_env = False
        return session.get(f"http://{host}:{port}/metrics", timeout=5)


def value(registry: CollectorRegistry, name: str, **labels: str) -> float | None:
    return registry.get_sample_value(f"heard_{name}", labels)


def test_they_are_served_on_loopback_alone_and_no_longer_than_the_process(registry: CollectorRegistry) -> None:
    port = free_port()
    with metrics.served(port, registry):
        assert "process_cpu_seconds_total" in ask(port).text
        listening = {each.laddr for each in psutil.Process().net_connections("tcp") if each.status == "LISTEN"}
        assert {host for host, listens in listening if listens == port} == {"127.0.0.1"}
        for other in _other_addresses():
            with pytest.raises(requests.ConnectionError):
                ask(port, other)
    with pytest.raises(requests.ConnectionError):
        ask(port)


def _other_addresses() -> list[str]:
    mine = (each.address for group in psutil.net_if_addrs().values() for each in group if each.family == socket.AF_INET)
    return [address for address in mine if not address.startswith("127.")]


def test_a_port_that_is_taken_stops_nothing(caplog: pytest.LogCaptureFixture, registry: CollectorRegistry) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with metrics.served(taken.getsockname()[1], registry):
            assert "cannot be had" in caplog.text


def test_without_a_port_nothing_is_served(registry: CollectorRegistry) -> None:
    def listening() -> int:
        return sum(each.status == "LISTEN" for each in psutil.Process().net_connections("tcp"))

    before = listening()
    with metrics.served(0, registry):
        assert listening() == before


def look(session: Session, parts: Parts, **changes: object) -> seeing.Seen:
    session.commit()
    seen = seeing.look(session, parts, parts.clock(), parts.clock())
    session.rollback()
    return replace(seen, **changes)  # type: ignore[arg-type]  # by name


def test_the_figures_say_how_old_what_waits_is(
    session: Session, app_parts: Parts, clock: Clock, registry: CollectorRegistry
) -> None:
    figures = metrics.Figures(registry)
    jobs.work_once(session, app_parts)
    figures.show(look(session, app_parts))
    assert value(registry, "oldest_unsent_alert_seconds") == 0
    assert value(registry, "troubles") == 0
    seed_told(session, app_parts)
    clock.forward(seconds=75)
    figures.show(look(session, app_parts))
    assert value(registry, "oldest_unsent_alert_seconds") == 75
    assert value(registry, "alerts_open") == 1
    assert value(registry, "queue_waiting", queue="attempts") == 2
    assert value(registry, "queue_oldest_seconds", queue="attempts") == 75
    assert value(registry, "heartbeat_age_seconds", process="worker") == 75
    assert math.isnan(value(registry, "heartbeat_age_seconds", process="watch") or 0)
    assert (value(registry, "troubles") or 0) >= 2


def test_a_drill_is_measured(session: Session, app_parts: Parts, registry: CollectorRegistry) -> None:
    figures = metrics.Figures(registry)
    made = Drill("d", "K7MQ2X", NOON, sent_at=NOON + timedelta(seconds=2), acknowledged_at=NOON + timedelta(seconds=65))
    figures.show(look(session, app_parts, drill=made))
    assert value(registry, "drill_seconds", part="sent") == 2
    assert value(registry, "drill_seconds", part="acknowledged") == 65
    assert math.isnan(value(registry, "drill_seconds", part="delivered") or 0)


def test_the_front_doors_answers_are_counted_with_their_time(registry: CollectorRegistry) -> None:
    measured = metrics.Figures(registry).measured(lambda url: None if "shut" in url else 0.25)
    assert [measured(url) for url in ("http://shut/healthz", "http://x/healthz", "http://deadman/ping")] == [
        None, 0.25, 0.25,
    ]
    assert value(registry, "web_answer_seconds_count") == 1
    assert value(registry, "web_answer_seconds_sum") == 0.25


def test_nothing_in_them_points_to_anybody_or_to_a_script_area_language_or_level(
    phone: Phone, session: Session, app_parts: Parts, clock: Clock, port: int, registry: CollectorRegistry
) -> None:
    phone.says("plan north")
    phone.says("he hits me every night")
    seed_alert(session, app_parts)
    seed_worry(session, app_parts)
    clock.forward(minutes=9)
    metrics.Figures(registry).show(look(session, app_parts))
    shown = ask(port).text
    for name, said in LABEL.findall("\n".join(line for line in shown.splitlines() if line.startswith("heard_"))):
        assert said in OURS.get(name, {"+Inf", *(f"{edge}" for edge in metrics_edges())}), (name, said)
    for word in ("check-in", "my-plan", "north", "concern", "immediate", "wellbeing", "sms", "7700900", "hits"):
        assert word not in shown


def metrics_edges() -> set[str]:
    """The edges of the histogram's buckets, as they are written."""
    edges = re.findall(r'le="([^"]+)"', generate_latest(metrics_registry()).decode())
    return {edge for edge in edges if re.fullmatch(r"[0-9.]+", edge)}


def metrics_registry() -> CollectorRegistry:
    registry = CollectorRegistry()
    metrics.Figures(registry)
    return registry


def test_an_address_that_answers_badly_or_not_at_all_is_no_good_answer(port: int) -> None:
    assert get(f"http://127.0.0.1:{port}/metrics") is not None
    with suppress(OSError), socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        assert get(f"http://127.0.0.1:{probe.getsockname()[1]}/healthz") is None
    assert get("http://[nowhere") is None


def test_each_name_begins_with_heard_or_is_the_processes_own() -> None:
    process = generate_latest(metrics.of_process()).decode().splitlines()
    names = {line.split()[2] for line in process if line.startswith("# TYPE")}
    assert all(name.startswith(("process_", "python_gc_")) for name in names)
    ours = generate_latest(metrics_registry()).decode().splitlines()
    assert all(line.split()[2].startswith("heard_") for line in ours if line.startswith("# TYPE"))

