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
from html import escape
from pathlib import Path
from urllib.parse import urlencode

from twilio.request_validator import RequestValidator

from bench.databases import Database, postgres, sqlite
from bench.processes import cpu_seconds, tree
from conversations import keys
from conversations.script import load_words

NOT_KEPT = escape(load_words()["en"].line("store_down"), quote=False)[:40].encode()
"""What the webhook says when it could not keep a text: a quick answer that must not count."""

TEXTS = ("hi", "2", "4", "they asked me what i think", "3", "yes", "aye", "a lot", "my worker listens to me", "dunno")
PHONES = 60
ROUNDS = 5
CLIENTS = 4
WARM_UP = 40
ACCOUNT, TOKEN, OURS = "AC" + "0" * 32, "t" * 32, "+447700900999"
SERVERS = {"floor": "bench.floor:create_app()", "heard": "wsgi:create_app()"}


def measure(database: Database) -> Iterator[dict[str, object]]:
    """One line for each server with its medians, then one with the ratio; rounds are taken in turn."""
    with tempfile.TemporaryDirectory() as folder, _servers(Path(folder), database) as running:
        found: dict[str, list[tuple[float, float, float]]] = {name: [] for name in running}
        for number in range(ROUNDS):
            for name, server in running.items():
                found[name].append(_round(server, f"{name}-{number}", database))
    medians = {name: tuple(map(statistics.median, zip(*rounds, strict=True))) for name, rounds in found.items()}
    kind = database.kind
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
        "ratio_memory": round(running["heard"].memory / running["floor"].memory, 2),
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
        return cpu_seconds(self._tree())

    def note_memory(self) -> None:
        """Remember the proportional memory of the tree, in MB."""
        self.memory = round(sum(_pss(pid) for pid in self._tree()) / 1024)

    def stop(self) -> None:
        """End it."""
        self.process.terminate()
        self.process.wait(10)

    def _tree(self) -> list[int]:
        return tree(self.process.pid)

    def _wait(self) -> None:
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        raise RuntimeError("the server did not start")


@contextmanager
def _servers(folder: Path, database: Database) -> Iterator[dict[str, Server]]:
    running: dict[str, Server] = {}
    try:
        for name, application in SERVERS.items():
            environment = environment_of(folder, database.url(name))
            if name == "heard":
                make_tables(environment)
            running[name] = Server(application, environment)
        yield running
    finally:
        for server in running.values():
            server.stop()


def make_tables(environment: Mapping[str, str]) -> None:
    """Make every table of ours, as an operator does."""
    command = [sys.executable, "-m", "flask", "data", "upgrade"]
    subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)


def environment_of(folder: Path, database_url: str) -> dict[str, str]:
    """The settings of a demonstration with this database; its keys are made in the folder."""
    keys.make_ahead(folder / "keys", folder / "sealing", datetime.now(UTC))
    return {
        **os.environ,
        "HEARD_DEMO": "1",
        "HEARD_DATABASE_URL": database_url,
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


def _round(server: Server, seed: str, database: Database) -> tuple[float, float, float]:
    """CPU in ms a request with that of the database server, median and 99th percentile of latency in ms."""
    dice = random.Random(seed)  # not for secrets
    numbers = [f"+4477009{dice.randrange(10**5):05}" for _ in range(PHONES)]
    requests = [signed(server.public_url, number, text, dice) for text in TEXTS for number in numbers]
    for body, headers in requests[:WARM_UP]:
        post(server.port, body, headers)
    before = server.cpu_seconds() + database.cpu_seconds()
    with ThreadPoolExecutor(CLIENTS) as pool:
        took = sorted(pool.map(lambda each: post(server.port, *each), requests[WARM_UP:]))
    cpu = (server.cpu_seconds() + database.cpu_seconds() - before) * 1000 / len(took)
    server.note_memory()
    return cpu, took[len(took) // 2], took[int(len(took) * 0.99)]


def signed(public_url: str, number: str, text: str, dice: random.Random) -> tuple[bytes, dict[str, str]]:
    """Body and headers of one text as Twilio would post it."""
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


def post(port: int, body: bytes, headers: dict[str, str]) -> float:
    """Post one text on a connection of its own; gives the milliseconds that the answer took."""
    started = time.perf_counter()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("POST", "/sms/inbound", body, headers)
    response = connection.getresponse()
    answer = response.read()
    connection.close()
    if response.status != 200 or NOT_KEPT in answer:
        raise RuntimeError(f"the webhook answered {response.status}")
    return (time.perf_counter() - started) * 1000


def _pss(pid: int) -> int:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1])
    return 0


def main() -> int:
    """Print the figures on SQLite, or on PostgreSQL when that is the argument."""
    start = postgres if "postgresql" in sys.argv else sqlite
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, start(Path(folder), SERVERS) as database:
        for line in measure(database):
            print(json.dumps(line), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
