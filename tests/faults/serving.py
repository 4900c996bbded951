"""Heard as an operator runs it: real processes on loopback ports, with a carrier and a mail server that remember."""

from __future__ import annotations

import os
import random
import re
import resource
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from html import unescape
from pathlib import Path
from threading import Thread
from typing import Any
from xml.etree import ElementTree

import psutil
import requests
import sqlalchemy
from aiosmtpd.controller import Controller
from sqlalchemy.engine import Engine
from werkzeug.serving import make_server

from bot.channels.simulator.account import Account
from bot.channels.simulator.carrier import Carrier
from bot.channels.simulator.service import create_carrier_app
from bot.channels.simulator.serving import SilentRequests
from conversations import keys
from conversations.db import engine_options
from conversations.script import load_words
from tests.make import ACCOUNT, OUR_NUMBER, TOKEN, make_form, signature

ROOT = Path(__file__).parents[2]
LOOPBACK = "127.0.0.1"
DUTY_PHONE = "+447700900900"
START_SECONDS = 60.0
ANSWER_SECONDS = 30.0
SAFETY_WORDS = load_words()["en"].line("store_down")
RECORD_KEY = "r" * 32
FIELD = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)">')


def free_port() -> int:
    """A loopback port that nobody listens on, below those that callers get: a retry on a closed one can meet itself."""
    for port in random.sample(range(20_000, 32_000), 50):
        with socket.socket() as probe, suppress(OSError):
            probe.bind((LOOPBACK, port))
            return port
    raise OSError("no free port")


def wait_for(true: Callable[[], object], seconds: float = START_SECONDS) -> None:
    """Wait until this holds; fails the test when it does not in time."""
    ends = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < ends, "it did not happen in time"
        time.sleep(0.02)


# --- the world outside ----------------------------------------------------------------------------------------------


@dataclass
class Outside:
    """A practice carrier and a mail server; both keep what they were handed."""

    carrier: Carrier
    carrier_url: str
    mail_port: int = 0
    mails: list[bytes] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    """The line of every request to the carrier, as any proxy on the way would log it."""

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # aiosmtpd's name
        """Keep a mail."""
        self.mails.append(bytes(envelope.content))
        return "250 OK"

    @property
    def texts(self) -> list[str]:
        """The words of every text that the carrier took for the duty phone, oldest first."""
        with self.carrier.lock:
            newest = list(self.carrier.ledger.newest(lambda message: message.to == DUTY_PHONE))
        return [message.body for message in reversed(newest)]

    def forget(self) -> None:
        """Forget what was sent so far."""
        self.mails.clear()
        self.asked.clear()
        with self.carrier.lock:
            for message in list(self.carrier.ledger.newest(lambda message: True)):
                self.carrier.ledger.remove(message.sid)


@contextmanager
def outside() -> Iterator[Outside]:
    """A carrier and a mail server on loopback ports until the end of the block."""
    carrier = Carrier(Account(ACCOUNT, TOKEN, (OUR_NUMBER,)))
    carrier_app, asked = create_carrier_app(carrier), list[str]()

    def noting(environ: Any, start_response: Any) -> Any:
        asked.append(f"{environ['REQUEST_METHOD']} {environ['REQUEST_URI']} {environ.get('HTTP_REFERER', '')}")
        return carrier_app(environ, start_response)

    server = make_server(LOOPBACK, 0, noting, threaded=True, request_handler=SilentRequests)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    world = Outside(carrier, f"http://{LOOPBACK}:{server.server_port}", free_port(), asked=asked)
    mail = Controller(world, hostname=LOOPBACK, port=world.mail_port)
    mail.start()
    try:
        yield world
    finally:
        mail.stop()
        carrier.released.set()
        server.shutdown()
        thread.join()
        server.server_close()


# --- our own processes ----------------------------------------------------------------------------------------------


@dataclass
class House:
    """One folder with keys, logs and temporary files, one database, and the processes that share them."""

    folder: Path
    database_url: str
    world: Outside
    port: int = field(default_factory=free_port)
    started: list[subprocess.Popen[bytes]] = field(default_factory=list)
    also: dict[str, str] = field(default_factory=dict)
    """What lies about in the environment besides our own settings."""

    def __post_init__(self) -> None:
        (self.folder / "tmp").mkdir(parents=True, exist_ok=True)
        self.make_keys()

    @property
    def base(self) -> str:
        """The address of the web process."""
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def log(self) -> Path:
        """Everything that our processes have said, on either stream."""
        return self.folder / "said.log"

    @property
    def sealing(self) -> Path:
        """The folder with public day keys and weekly keys."""
        return self.folder / "sealing"

    def make_keys(self) -> None:
        """Make the keys of the coming week, as the worker does."""
        keys.make_ahead(self.folder / "keys", self.sealing, datetime.now(UTC))

    def environment(self, **changes: str) -> dict[str, str]:
        """The whole environment of a process of ours; a setting changed to nothing is left out."""
        settings = {
            "DEMO": "1",
            "DATABASE_URL": self.database_url,
            "PUBLIC_URL": self.base,
            "SECRET_KEY": "s" * 32,
            "RECORD_KEY": RECORD_KEY,
            "SEALING_DIR": str(self.sealing),
            "KEYS_DIR": str(self.folder / "keys"),
            "TWILIO_ACCOUNT_SID": ACCOUNT,
            "TWILIO_AUTH_TOKEN": TOKEN,
            "TWILIO_API_URL": self.world.carrier_url,
            "TWILIO_NUMBERS": OUR_NUMBER,
            "DUTY_PHONE": DUTY_PHONE,
            "DUTY_EMAIL": "duty@example.org",
            "SMTP_HOST": LOOPBACK,
            "SMTP_PORT": str(self.world.mail_port),
            "MAIL_FROM": "heard@example.org",
            "PARTNERSHIP": "Demo Council",
            "AREAS": "north,south",
        } | changes
        ours = {f"HEARD_{name}": value for name, value in settings.items() if value}
        folder = str(self.folder / "tmp")
        system = {"PATH": os.environ.get("PATH", ""), "TMPDIR": folder, "HOME": folder, "PYTHONUNBUFFERED": "1"}
        return self.also | ours | system

    def run(self, *arguments: str, **changes: str) -> subprocess.Popen[bytes]:
        """Start a module of Python as a process group of its own, which goes with this house."""
        with self.log.open("ab") as said:
            process = subprocess.Popen(
                [sys.executable, "-m", *arguments],
                cwd=ROOT,
                env=self.environment(**changes),
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                start_new_session=True,
            )
        self.started.append(process)
        return process

    def serve(self, *options: str, workers: int = 2, **changes: str) -> subprocess.Popen[bytes]:
        """Start the web process and wait until it answers."""
        bound = ("--bind", f"{LOOPBACK}:{self.port}", "--no-control-socket", "--workers", str(workers))
        web = self.run("gunicorn", "--config", "python:bot.dumps", *bound, *options, "wsgi:create_app()", **changes)
        wait_for(lambda: web.poll() is not None or self.answers())
        assert web.poll() is None, self.log.read_text()
        return web

    def answers(self) -> bool:
        """Whether the web process answers."""
        try:
            return self.get("/healthz").ok
        except requests.ConnectionError:
            return False

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        """End a process and all its children at once, without a word."""
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        # Children of a dead leader are reaped by init, in its own time.
        wait_for(lambda: not _group(process.pid))

    def close(self) -> None:
        """End whatever still runs."""
        for process in self.started:
            self.kill(process)

    def limit_files(self, web: subprocess.Popen[bytes], size: int) -> None:
        """Let no file of the web process grow beyond this many bytes, which is what a full disk looks like to it."""
        for child in _group(web.pid):
            resource.prlimit(child.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

    # --- as Twilio and as a browser ---

    def get(self, path: str, **options: Any) -> requests.Response:
        """Ask for a page."""
        return self.ask("GET", path, **options)

    def ask(self, method: str, path: str, **options: Any) -> requests.Response:
        """Make any request; redirects are not followed."""
        with requests.Session() as session:
            session.trust_env = False
            options = {"timeout": ANSWER_SECONDS, "allow_redirects": False} | options
            return session.request(method, f"{self.base}{path}", **options)

    def post(self, form: dict[str, str], path: str = "/sms/inbound", **headers: str) -> requests.Response:
        """Post a form as Twilio would, signed."""
        signed = {"X-Twilio-Signature": signature(path, form, public_url=self.base)}
        return self.ask("POST", path, data=form, headers=signed | headers)

    def says(self, body: str, sender: str = "+447700900123", **changes: str) -> list[str]:
        """Text in; gives the replies. Twilio must always get an answer that it can use."""
        answer = self.post(make_form(body, sender, **({"MessageSid": fresh_sid()} | changes)))
        assert answer.status_code == 200, answer.status_code
        return replies(answer)

    def engine(self) -> Engine:
        """The database, for looking at."""
        return sqlalchemy.create_engine(self.database_url, **engine_options(self.database_url))


@dataclass
class Visitor:
    """Somebody with a browser on the real web process."""

    house: House
    session: requests.Session = field(default_factory=requests.Session)
    page: requests.Response | None = None

    def __post_init__(self) -> None:
        self.session.trust_env = False

    def opens(self) -> requests.Response:
        """Look at the page."""
        self.page = self.session.get(f"{self.house.base}/chat/", timeout=ANSWER_SECONDS, allow_redirects=False)
        return self.page

    def posts(self, path: str = "/chat/", **fields: Any) -> requests.Response:
        """Send the form that is on the page, with these fields; redirects are not followed."""
        hidden = dict(reversed(FIELD.findall(self.page.text.split("<main", 1)[-1]))) if self.page else {}
        carried = {name: unescape(hidden.get(name, "")) for name in ("csrf_token", "once", "asked")}
        return self.session.post(
            f"{self.house.base}{path}", data=carried | fields, timeout=ANSWER_SECONDS, allow_redirects=False
        )

    def starts(self) -> requests.Response:
        """Begin, past the question about age."""
        self.opens()
        assert self.posts(start="check-in").status_code == 303
        self.opens()
        assert self.posts(text="skip").status_code == 303
        return self.opens()

    def close(self) -> None:
        """Let go of the connection."""
        self.session.close()


@contextmanager
def house(folder: Path, database_url: str, world: Outside) -> Iterator[House]:
    """A house whose processes are gone at the end of the block, whatever happens in it."""
    made = House(folder, database_url, world)
    try:
        yield made
    finally:
        made.close()


def fresh_sid() -> str:
    """A message id that no run before this one has used."""
    return f"SM{secrets.token_hex(16)}"


def replies(answer: requests.Response) -> list[str]:
    """The messages in a TwiML answer."""
    return [message.text or "" for message in ElementTree.fromstring(answer.content).iter("Message")]


def _group(leader: int) -> list[psutil.Process]:
    """Who of a process group is still alive."""
    return [each for each in psutil.process_iter() if _belongs(each, leader)]


def _belongs(process: psutil.Process, leader: int) -> bool:
    try:
        return os.getpgid(process.pid) == leader and process.status() != psutil.STATUS_ZOMBIE
    except (ProcessLookupError, psutil.NoSuchProcess):
        return False
