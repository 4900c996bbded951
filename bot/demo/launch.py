"""Everything on one machine with made-up data: makes secrets once, fills the database, runs the processes."""

from __future__ import annotations

import fcntl
import http.client
import json
import os
import re
import secrets
import socket
import sys
import time
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import click
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

import conversations
from bot.demo import week
from bot.demo.processes import Failed, Household, Stopped, Ties, listen_for_the_end
from conversations import keys

FOLDER = Path(".demo")
HOST = "127.0.0.1"
OTHER_PORTS = range(8100, 10_000, 100)
OUR_NUMBER = "+447700900999"
DUTY_PHONE = week.DUTY_PHONE
CONVERSATIONS = 4000
START_SECONDS = 60.0
LOOK_SECONDS = 0.3
MIGRATIONS = Path(conversations.__file__).parent / "migrations" / "versions"
# A setting, a proxy or an option of gunicorn that lies about here must not reach what is for this machine alone.
NOT_HANDED_ON = ("HEARD_", "FLASK_", "GUNICORN_", "WEB_CONCURRENCY")


@dataclass(frozen=True, slots=True)
class Places:
    """The three ports, and the addresses that go with them."""

    port: int

    @property
    def ports(self) -> dict[str, int]:
        """What listens where."""
        return {"web": self.port, "carrier": self.port + 1, "mail": self.port + 2}

    @property
    def web(self) -> str:
        """Where chat and staff pages are."""
        return f"http://{HOST}:{self.port}"

    @property
    def carrier(self) -> str:
        """Where the practice phone is, and what Heard takes for Twilio."""
        return f"http://{HOST}:{self.port + 1}"


@click.command("run-demo")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1024, 65533), help="And the two after it.")
@click.option("--conversations", "count", default=CONVERSATIONS, show_default=True, help="In the year that is made up.")
def command(port: int, count: int) -> None:
    """Run everything on this machine with made-up data; no account anywhere is needed."""
    raise SystemExit(run_demo(Places(port), count))


def run_demo(places: Places, count: int = CONVERSATIONS) -> int:
    """Set up, start carrier, web, worker and watch, and wait for the end; gives the exit code."""
    ties = Ties(started_by_make="MAKELEVEL" in os.environ)
    try:
        listen_for_the_end()
        with ExitStack() as held:
            check_ports(places)
            hold_folder(held)
            household = held.enter_context(Household(demo_environment(places)))
            set_up(household, count)
            start(household, places)
            tell(welcome(places, logins()))
            stay(household, ties)
    except Stopped:
        tell("\nHeard has stopped.")
        return 0
    except Failed as reason:
        tell(f"Heard has stopped: {reason}", err=True)
    return 1


def check_ports(places: Places) -> None:
    """Raise Failed, naming it, for the first port that something else listens on."""
    for name, port in places.ports.items():
        if not _is_free(port):
            free = next((each for each in OTHER_PORTS if all(map(_is_free, Places(each).ports.values()))), None)
            another = f", or choose another: make run PORT={free}" if free else ""
            raise Failed(f"port {port} (for {name}) is in use. Stop what uses it{another}")


def _is_free(port: int) -> bool:
    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((HOST, port))
            trial.listen()
        except OSError:
            return False
    return True


def hold_folder(held: ExitStack) -> None:
    """Keep the folder of the demonstration to ourselves; a second launcher would share its database."""
    FOLDER.mkdir(mode=0o700, exist_ok=True)
    FOLDER.chmod(0o700)
    lock = held.enter_context((FOLDER / "lock").open("w"))
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise Failed("the demonstration in this folder is running already.") from None


def demo_environment(places: Places) -> dict[str, str]:
    """The environment of the processes: ours without what could lead elsewhere, and the demonstration's settings."""
    handed_on = {name: value for name, value in os.environ.items() if not name.startswith(NOT_HANDED_ON)}
    return {**handed_on, **demo_settings(places), **_kept_secrets()}


def demo_settings(places: Places) -> dict[str, str]:
    """What the demonstration sets; its secrets are made once and come on top."""
    folder = FOLDER.resolve()
    return {
        "HEARD_DEMO": "1",
        "HEARD_DATABASE_URL": f"sqlite:///{folder / 'heard.db'}",
        "HEARD_PUBLIC_URL": places.web,
        "HEARD_SEALING_DIR": str(folder / "sealing"),
        "HEARD_KEYS_DIR": str(folder / "keys"),
        "HEARD_TWILIO_NUMBERS": OUR_NUMBER,
        "HEARD_TWILIO_API_URL": places.carrier,
        "HEARD_DUTY_PHONE": DUTY_PHONE,
        "HEARD_DUTY_EMAIL": "duty@heard.example",
        "HEARD_SMTP_HOST": HOST,
        "HEARD_SMTP_PORT": str(places.ports["mail"]),
        "HEARD_MAIL_FROM": "heard@heard.example",
        "HEARD_PARTNERSHIP": "Demo Council",
        "HEARD_AREAS": "north,south,east,west",
        "FLASK_APP": "wsgi:create_app",
        "FLASK_SKIP_DOTENV": "1",
        "NO_PROXY": HOST,
        "no_proxy": HOST,
        "PYTHONUNBUFFERED": "1",
    }


def set_up(household: Household, count: int) -> None:
    """Make keys, whatever is not there yet, and the rota of the week that begins now. Raises Failed."""
    keys.make_ahead(FOLDER / "keys", FOLDER / "sealing", datetime.now(UTC))
    make_up(household, count)
    engine = create_engine(f"sqlite:///{(FOLDER / 'heard.db').resolve()}")
    with Session(engine) as session, session.begin():
        week.prepare(session, datetime.now(UTC))
    engine.dispose()


def make_up(household: Household, count: int) -> None:
    """Make whatever is not there yet: tables, logins, and a year. Raises Failed."""
    made, form = FOLDER / "made", "\n".join(sorted(path.name for path in MIGRATIONS.glob("*.py")))
    if made.exists() and made.read_text(encoding="utf-8") == form:
        return
    flask = [sys.executable, "-m", "flask"]
    tell("Setting up the demonstration, once: a year of made-up conversations takes about half a minute.")
    tell("Making the database …")
    household.finish("the upgrade of the database", [*flask, "data", "upgrade"])
    tell("Making the logins …")
    _keep("logins", household.finish("making the logins", [*flask, "staff", "demo"]))
    tell("Making up the year …")
    tell(household.finish("making up a year", [*flask, "data", "demo", "--conversations", str(count)]))
    _keep("made", form)


def start(household: Household, places: Places) -> None:
    """Start the processes, each when what it asks for is there. Raises Failed when they are not ready in time."""
    python, token = sys.executable, FOLDER / "token"
    _keep(token.name, _kept_secrets()["HEARD_TWILIO_AUTH_TOKEN"])
    account = ["--account", _kept_secrets()["HEARD_TWILIO_ACCOUNT_SID"], "--token-file", str(token)]
    ports = ["--port", str(places.ports["carrier"]), "--mail-port", str(places.ports["mail"])]
    lines = ["--number", OUR_NUMBER, "--duty", DUTY_PHONE, "--webhook", places.web, "--quiet"]
    household.start("carrier", [python, "-m", "bot.channels.simulator", *account, *ports, *lines])
    tell("Starting the practice phone and the web pages …")
    household.start("web", [python, "-m", "gunicorn", *_web(places)])
    household.wait_until(lambda: _answers(places.port + 1, "/demo/phone/"), START_SECONDS)
    tell("Starting the worker; then waiting until the web pages are ready …")
    household.start("worker", [python, "-m", "flask", "bot", "worker"])
    household.wait_until(lambda: _answers(places.port, "/readyz"), START_SECONDS)
    household.start("watch", [python, "-m", "flask", "bot", "watch"])


def stay(household: Household, ties: Ties) -> None:
    """Stay until Stopped, or until a process ends: then raise Failed."""
    while True:
        ties.check()
        household.check()
        time.sleep(LOOK_SECONDS)


def logins() -> list[str]:
    """The logins that the staff side printed when it made them."""
    path = FOLDER / "logins"
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


def welcome(places: Places, known: list[str]) -> str:
    """What to open, and how to log in."""
    duty, lead = (number.replace("+", "%2B") for number in week.PHONES.values())
    lines = [
        "",
        "Heard is running, with made-up people and made-up answers. Press Ctrl-C to stop.",
        "",
        f"  A phone to text from   {places.carrier}/demo/phone/",
        f"  The duty phone         {places.carrier}/demo/phone/?number={duty}",
        f"  The lead's phone       {places.carrier}/demo/phone/?number={lead}",
        f"  The duty desk's mail   {places.carrier}/demo/mail/",
        f"  Web chat               {places.web}/chat/",
        f"  Staff                  {places.web}/staff/",
        "",
        *(f"  {line}" for line in _in_columns(known)),
        "",
        "  The code that staff are asked for next is shown on the page, here on this machine only.",
        "",
        "In the demonstration all processes run as one user; in real use only the worker can open a number.",
        "",
    ]
    return "\n".join(lines)


def tell(words: str, err: bool = False) -> None:
    """Print, if there still is somebody to read it."""
    with suppress(OSError):
        click.echo(words, err=err)


def _in_columns(lines: list[str]) -> list[str]:
    rows = [re.split(r" {2,}", line) for line in lines]
    widths = [max(map(len, column)) for column in zip(*rows, strict=False)]
    return ["   ".join(map(str.ljust, row, widths)).rstrip() for row in rows]


def _web(places: Places) -> list[str]:
    # Preloaded: the app is made once, and opens no database connection that a fork would share. Threads: a browser that
    # connects ahead and says nothing would hold a plain worker for half a minute. The control socket lies in the home.
    how = ["--workers", "2", "--threads", "8", "--preload", "--no-control-socket", "--log-level", "warning"]
    return ["wsgi:create_app()", "--bind", f"{HOST}:{places.port}", *how]


def _answers(port: int, path: str) -> bool:
    connection = http.client.HTTPConnection(HOST, port, timeout=2)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _kept_secrets() -> dict[str, str]:
    path = FOLDER / "secrets.json"
    if not path.exists():
        made = {
            "HEARD_SECRET_KEY": secrets.token_hex(32),
            "HEARD_RECORD_KEY": secrets.token_hex(32),
            "HEARD_TWILIO_ACCOUNT_SID": f"AC{secrets.token_hex(16)}",
            "HEARD_TWILIO_AUTH_TOKEN": secrets.token_hex(16),
        }
        _keep(path.name, json.dumps(made))
    kept: Mapping[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return dict(kept)


def _keep(name: str, words: str) -> None:
    """Write a file that only we can read, whole or not at all."""
    partial = FOLDER / f"{name}.partial"
    partial.unlink(missing_ok=True)
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(words)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(FOLDER / name)
