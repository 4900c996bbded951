"""CPU and latency of one inbound text, ours against the smallest honest webhook, side by side in one run."""

from __future__ import annotations

import http.client
import json
import os
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode

from twilio.request_validator import RequestValidator

from conversations import keys

TEXTS = ("hi", "2", "4", "they asked me what i think", "3", "yes", "aye", "a lot", "my worker listens to me", "dunno")
PHONES = 60
ROUNDS = 5
CLIENTS = 4
WARM_UP = 40
ACCOUNT, TOKEN, OURS = "AC" + "0" * 32, "t" * 32, "+447700900999"
SERVERS = {"floor": "bench.floor:create_app()", "heard": "wsgi:create_app()"}
TICK = os.sysconf("SC_CLK_TCK")


def measure(database_url: str = "") -> Iterator[dict[str, object]]:
    """One line for each server with its medians, then one with the ratio; rounds are taken in turn."""
    with tempfile.TemporaryDirectory() as folder, _servers(Path(folder), database_url) as running:
        found: dict[str, list[tuple[float, float, float]]] = {name: [] for name in running}
        for number in range(ROUNDS):
            for name, server in running.items():
                found[name].append(_round(server, f"{name}-{number}"))
    medians = {name: tuple(map(statistics.median, zip(*rounds, strict=True))) for name, rounds in found.items()}
    kind = "postgresql" if database_url else "sqlite"
    for name, (cpu, p50, p99) in medians.items():
        spread = [round(each[0], 2) for each in found[name]]
        yield {
            "bench": "webhook",
            "database": kind,
            "server": name,
            "cpu_ms": round(cpu, 2),
            "cpu_ms_rounds": spread,
            "p50_ms": round(p50, 1),
            "p99_ms": round(p99, 1),
            "requests_a_round": PHONES * len(TEXTS),
            "memory_mb": running[name].memory,
        }
    yield {
        "bench": "webhook",
        "database": kind,
        "ratio_cpu": round(medians["heard"][0] / medians["floor"][0], 2),
        "ratio_p99": round(medians["heard"][2] / medians["floor"][2], 2),
    }


class Server:
    """A running gunicorn with two sync workers."""

    def __init__(self, application: str, environment: Mapping[str, str]) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.public_url = f"http://127.0.0.1:{self.port}"
        command = ["-m", "gunicorn", application, "--bind", f"127.0.0.1:{self.port}", "--workers", "2", "--preload"]
        self.process = subprocess.Popen(
            [sys.executable, *command, "--log-level", "error"],
            env={**environment, "HEARD_PUBLIC_URL": self.public_url},
        )
        self.memory = 0
        self._wait()

    def cpu_seconds(self) -> float:
        """User and system time of every process of the tree so far."""
        return sum(sum(map(int, _stat(pid)[11:13])) for pid in self._tree()) / TICK

    def note_memory(self) -> None:
        """Remember the proportional memory of the tree, in MB."""
        self.memory = round(sum(_pss(pid) for pid in self._tree()) / 1024)

    def stop(self) -> None:
        """End it."""
        self.process.terminate()
        self.process.wait(10)

    def _tree(self) -> list[int]:
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return [self.process.pid, *map(int, children)]

    def _wait(self) -> None:
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        raise RuntimeError("the server did not start")


@contextmanager
def _servers(folder: Path, database_url: str) -> Iterator[dict[str, Server]]:
    running: dict[str, Server] = {}
    try:
        for name, application in SERVERS.items():
            environment = _environment(folder, name, database_url)
            if name == "heard":
                subprocess.run([sys.executable, "-m", "flask", "data", "upgrade"], env=environment, check=True)
            running[name] = Server(application, environment)
        yield running
    finally:
        for server in running.values():
            server.stop()


def _environment(folder: Path, name: str, database_url: str) -> dict[str, str]:
    keys.make_ahead(folder / "keys", folder / "sealing", datetime.now(UTC))
    url = f"{database_url}{name}" if database_url else f"sqlite:///{folder}/{name}.db"
    return {
        **os.environ,
        "HEARD_DEMO": "1",
        "HEARD_DATABASE_URL": url,
        "HEARD_PUBLIC_URL": "http://127.0.0.1:1",
        "HEARD_SECRET_KEY": "s" * 32,
        "HEARD_RECORD_KEY": "r" * 32,
        "HEARD_SEALING_DIR": str(folder / "sealing"),
        "HEARD_KEYS_DIR": str(folder / "keys"),
        "HEARD_TWILIO_ACCOUNT_SID": ACCOUNT,
        "HEARD_TWILIO_AUTH_TOKEN": TOKEN,
        "HEARD_TWILIO_API_URL": "http://127.0.0.1:1",
        "HEARD_TWILIO_NUMBERS": OURS,
        "HEARD_DUTY_PHONE": "+447700900900",
        "HEARD_DUTY_EMAIL": "duty@example.org",
        "HEARD_SMTP_HOST": "127.0.0.1",
        "HEARD_MAIL_FROM": "heard@example.org",
    }


def _round(server: Server, seed: str) -> tuple[float, float, float]:
    """CPU in ms a request, median and 99th percentile of latency in ms."""
    dice = random.Random(seed)  # noqa: S311  # not for secrets
    numbers = [f"+4477009{dice.randrange(10**5):05}" for _ in range(PHONES)]
    requests = [_signed(server.public_url, number, text, dice) for text in TEXTS for number in numbers]
    for body, headers in requests[:WARM_UP]:
        _post(server.port, body, headers)
    before = server.cpu_seconds()
    with ThreadPoolExecutor(CLIENTS) as pool:
        took = sorted(pool.map(lambda each: _post(server.port, *each), requests[WARM_UP:]))
    cpu = (server.cpu_seconds() - before) * 1000 / len(took)
    server.note_memory()
    return cpu, took[len(took) // 2], took[int(len(took) * 0.99)]


def _signed(public_url: str, number: str, text: str, dice: random.Random) -> tuple[bytes, dict[str, str]]:
    sid = f"SM{dice.getrandbits(128):032x}"
    empty = dict.fromkeys(("ToState", "ToCity", "ToZip", "FromState", "FromCity", "FromZip"), "")
    form = empty | {
        "ToCountry": "GB",
        "FromCountry": "GB",
        "NumMedia": "0",
        "NumSegments": "1",
        "SmsStatus": "received",
        "AccountSid": ACCOUNT,
        "From": number,
        "To": OURS,
        "ApiVersion": "2010-04-01",
        "MessageSid": sid,
        "SmsMessageSid": sid,
        "SmsSid": sid,
        "Body": text,
    }
    signature = RequestValidator(TOKEN).compute_signature(f"{public_url}/sms/inbound", form)
    headers = {"Content-Type": "application/x-www-form-urlencoded", "X-Twilio-Signature": signature}
    return urlencode(form).encode(), headers


def _post(port: int, body: bytes, headers: dict[str, str]) -> float:
    started = time.perf_counter()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("POST", "/sms/inbound", body, headers)
    response = connection.getresponse()
    response.read()
    connection.close()
    if response.status != 200:
        raise RuntimeError(f"the webhook answered {response.status}")
    return (time.perf_counter() - started) * 1000


def _stat(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def _pss(pid: int) -> int:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1])
    return 0


if __name__ == "__main__":
    for line in measure(*sys.argv[1:]):
        print(json.dumps(line), flush=True)
