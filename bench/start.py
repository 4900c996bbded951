"""From nothing to the first answer: processor time and wall time, ours beside the smallest honest webhook."""

from __future__ import annotations

import random
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench.webhook import SERVERS, Server, environment_of, make_tables, post, signed

STARTS = 3


def measure() -> Iterator[dict[str, object]]:
    """A line for each server: medians of a few starts, taken in turn."""
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in SERVERS}
    for number in range(STARTS):
        for name, application in SERVERS.items():
            with tempfile.TemporaryDirectory() as folder:
                found[name].append(_start(Path(folder), name, application, number))
    for name, starts in found.items():
        wall, cpu = (statistics.median(each) for each in zip(*starts, strict=True))
        yield {"bench": "start", "server": name, "wall_s": round(wall, 2), "cpu_s": round(cpu, 2), "starts": STARTS}


def _start(folder: Path, name: str, application: str, number: int) -> tuple[float, float]:
    environment = environment_of(folder, f"sqlite:///{folder}/{name}.db")
    if name == "heard":
        make_tables(environment)
    began = time.perf_counter()
    server = Server(application, environment)
    try:
        post(server.port, *signed(server.public_url, "+447700900321", "hi", random.Random(number)))
        return time.perf_counter() - began, server.cpu_seconds()
    finally:
        server.stop()
