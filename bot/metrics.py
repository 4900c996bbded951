"""Figures for monitoring, at a port that this machine alone can reach: ages and counts, with nothing about anybody."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from prometheus_client import CollectorRegistry, Gauge, Histogram, start_http_server
from prometheus_client.gc_collector import GCCollector
from prometheus_client.process_collector import ProcessCollector

from bot.calls import Get
from bot.seeing import Seen
from bot.troubles import troubles
from conversations.queues import QUEUES

log = logging.getLogger(__name__)

HERE_ALONE = "127.0.0.1"
NEVER = float("nan")
PROCESSES = ("worker", "urgent", "watch", "housekeeping", "daily batch")


@contextmanager
def served(port: int, registry: CollectorRegistry) -> Iterator[None]:
    """Serve these figures until the end of the block; 0 serves none. A port that is taken is logged and no more."""
    if not port:
        yield
        return
    try:
        server, thread = start_http_server(port, addr=HERE_ALONE, registry=registry)
    except OSError as taken:
        log.error("metrics: port %d cannot be had: %s", port, type(taken).__name__)
        yield
        return
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def of_process() -> CollectorRegistry:
    """A registry with what a process uses of the machine."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    GCCollector(registry=registry)
    return registry


class Figures:
    """What the watch sees, as figures. The names of queues, processes and troubles are ours; no other label exists."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def gauge(name: str, meaning: str, *labels: str) -> Gauge:
            return Gauge(f"heard_{name}", meaning, labels, registry=registry)

        self.unsent = gauge("oldest_unsent_alert_seconds", "Age of the oldest alert that has reached nobody")
        self.open = gauge("alerts_open", "Alerts that are not closed")
        self.waiting = gauge("queue_waiting", "Rows that are due", "queue")
        self.oldest = gauge("queue_oldest_seconds", "How long the oldest row has been due; 0 for none", "queue")
        self.beat = gauge("heartbeat_age_seconds", "Since a process or task last showed itself", "process")
        self.troubles = gauge("troubles", "What the watch finds wrong")
        self.drill = gauge("drill_seconds", "How long the last drill took", "part")
        self.looked = gauge("watch_looked_at_seconds", "When the watch last looked, as Unix time")
        self.web = gauge("web_silent_seconds", "Since the front door last answered")
        self.answer = Histogram("heard_web_answer_seconds", "Answers of the front door to the watch", registry=registry)

    def show(self, seen: Seen) -> None:
        """Take over what one look has seen."""
        self.unsent.set(_age(seen, seen.unsent_since))
        self.open.set(seen.open_alerts)
        self.troubles.set(len(troubles(seen)))
        self.looked.set(seen.now.timestamp())
        self.web.set(_age(seen, seen.web_at))
        for name in QUEUES:
            self.waiting.labels(name).set(seen.queues[name].waiting)
            self.oldest.labels(name).set(_age(seen, seen.queues[name].oldest))
        for name in PROCESSES:
            self.beat.labels(name).set(_age(seen, seen.beats.get(name), NEVER))
        if seen.drill:
            parts = {each: getattr(seen.drill, f"{each}_at") for each in ("sent", "delivered", "acknowledged")}
            for part, moment in parts.items():
                took = seen.drill.after(moment)
                self.drill.labels(part).set(took.total_seconds() if took else NEVER)

    def measured(self, get: Get) -> Get:
        """The same question, with the time that good answers take counted."""

        def ask(url: str) -> float | None:
            took = get(url)
            if took is not None and url.endswith("/healthz"):
                self.answer.observe(took)
            return took

        return ask


def _age(seen: Seen, moment: datetime | None, otherwise: float = 0.0) -> float:
    return max(0.0, (seen.now - moment).total_seconds()) if moment else otherwise
