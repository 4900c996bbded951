"""`make run` as a newcomer meets it: the real launcher, real processes, and nothing left behind however it ends."""

from __future__ import annotations

import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import ProxyHandler, build_opener

import psutil
import pytest

from bot.demo.launch import OTHER_PORTS, Places, check_ports, demo_settings
from bot.demo.processes import Failed
from conversations.db import db
from conversations.settings import Settings, SettingsError
from tests.make import make_settings
from wsgi import create_app

PHONE, DUTY = "+447700900101", "+447700900900"
PATIENCE = 40.0
SECRETS = {
    "HEARD_SECRET_KEY": "s" * 32,
    "HEARD_RECORD_KEY": "r" * 32,
    "HEARD_TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
    "HEARD_TWILIO_AUTH_TOKEN": "t" * 32,
}
# What may lie about in somebody's shell, and must not reach the demonstration.
STRAY = {"HEARD_FACES": "staff", "HEARD_SMTP_USER": "x", "GUNICORN_CMD_ARGS": "--bind 0.0.0.0:1", "HTTP_PROXY": "http://192.0.2.1:1"}


@dataclass
class Launcher:
    """A launcher in a process group of its own, as a terminal would start it."""

    process: subprocess.Popen[str]
    port: int
    output: Path

    def says(self, words: str) -> bool:
        return words in self.output.read_text()

    def get(self, path: str) -> str:
        return self._ask(path, None)

    def text(self, body: str) -> None:
        self._ask("/demo/phone/", urlencode({"number": PHONE, "body": body}).encode())

    def texts(self, number: str) -> str:
        return self.get(f"/demo/phone/thread?{urlencode({'number': number})}")

    def family(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def signal(self, number: int) -> None:
        os.killpg(self.process.pid, number)

    def _ask(self, path: str, form: bytes | None) -> str:
        with build_opener(ProxyHandler({})).open(f"http://127.0.0.1:{self.port + 1}{path}", form, timeout=20) as answer:
            return str(answer.read().decode())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for all, so that the year is made once."""
    return tmp_path_factory.mktemp("demo")


@pytest.fixture
def launch(tmp_path: Path) -> Iterator[Callable[..., Launcher]]:
    """Starts launchers; what a failed test leaves behind is killed."""
    with ExitStack() as held:

        def launched(folder: Path, *options: str, port: int = 0, terminal: int = subprocess.DEVNULL) -> Launcher:
            port = port or three_free_ports()
            output = tmp_path / f"output-{time.monotonic_ns()}"
            command = [sys.executable, "-m", "bot.demo", "--port", str(port), "--conversations", "50", *options]
            with output.open("w") as file:
                process = subprocess.Popen(command, cwd=folder, env=os.environ | STRAY, stdout=file, stderr=file,
                                           stdin=terminal, start_new_session=True, text=True)
            launcher = Launcher(process, port, output)
            held.callback(end, launcher)
            return launcher

        yield launched


def end(launcher: Launcher) -> None:
    if launcher.process.poll() is None:
        left = launcher.family()
        launcher.process.kill()
        launcher.process.wait()
        for each in left:
            each.kill()


def three_free_ports() -> int:
    """The first of three free ports in a row, below those that the system gives out by itself."""
    for port in range(20_000 + os.getpid() % 500 * 20, 32_000, 3):
        with ExitStack() as held:
            try:
                for each in range(port, port + 3):
                    held.enter_context(socket.socket()).bind(("127.0.0.1", each))
            except OSError:
                continue
        return port
    raise AssertionError("no free ports")


def wait_for(what: Callable[[], object], seconds: float = PATIENCE) -> None:
    ends = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < ends, "it did not happen in time"
        time.sleep(0.05)


def started(launcher: Launcher) -> Launcher:
    wait_for(lambda: launcher.says("Press Ctrl-C") or launcher.process.poll() is not None)
    assert launcher.process.poll() is None, launcher.output.read_text()
    return launcher


def alerts(folder: Path) -> set[str]:
    """The references of all alerts in the demonstration's database."""
    with closing(sqlite3.connect(f"file:{folder / '.demo' / 'heard.db'}?mode=ro", uri=True)) as database:
        return {reference for (reference,) in database.execute("SELECT reference FROM alert")}


def gone(family: Sequence[psutil.Process]) -> bool:
    """Whether each has ended; one that nobody has collected yet does nothing any more."""
    return not [each for each in family if each.is_running() and each.status() != psutil.STATUS_ZOMBIE]


def test_a_newcomer_texts_reads_the_alert_and_leaves_with_ctrl_c(folder: Path, launch: Callable[..., Launcher]) -> None:
    running = started(launch(folder))
    welcome = running.output.read_text()
    steps = ("the database", "Making up the year", "Starting the practice", "Starting the worker", "Heard is running")
    assert sorted(steps, key=welcome.index) == [*steps]
    for words in ("/chat/", "/staff/", "/demo/phone/", "/demo/mail/", "duty@heard.example", "admin@heard.example"):
        assert words in welcome
    running.text("hi")
    assert "Demo Council" in running.texts(PHONE)
    known = alerts(folder)
    running.text("my dad hits me and i am scared to go home")
    assert "We are telling a duty worker" in running.texts(PHONE)
    (raised,) = alerts(folder) - known
    wait_for(lambda: f"Heard alert {raised}, level" in running.texts(DUTY))
    wait_for(lambda: f"<h3>Heard alert {raised}</h3>" in running.get("/demo/mail/"))
    family = running.family()
    assert len(family) == 7  # guard, carrier, web and its two workers, worker, watch
    running.signal(signal.SIGINT)
    assert running.process.wait(15) == 0
    assert gone(family)
    assert running.output.read_text().endswith("Heard has stopped.\n")
    assert "Traceback" not in running.output.read_text()


def test_it_ends_cleanly_when_the_terminal_goes(folder: Path, launch: Callable[..., Launcher]) -> None:
    ours, theirs = os.openpty()
    running = started(launch(folder, terminal=theirs))
    os.close(theirs)
    family = running.family()
    os.close(ours)
    assert running.process.wait(15) == 0
    assert gone(family)


def test_nothing_outlives_a_killed_launcher(folder: Path, launch: Callable[..., Launcher]) -> None:
    running = started(launch(folder))
    family = running.family()
    running.process.kill()
    wait_for(lambda: gone(family), 15)


def test_when_one_process_dies_all_end_and_its_name_is_said(folder: Path, launch: Callable[..., Launcher]) -> None:
    running = started(launch(folder))
    family = running.family()
    next(each for each in family if "bot worker" in " ".join(each.cmdline())).kill()
    assert running.process.wait(15) == 1
    assert gone(family)
    assert running.says("Heard has stopped: the worker process has ended (by SIGKILL).")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_when_it_is_ended_while_it_is_set_up_nothing_is_left(
    tmp_path: Path, launch: Callable[..., Launcher], number: signal.Signals
) -> None:
    running = launch(tmp_path)
    wait_for(lambda: running.says("Setting up"))
    wait_for(lambda: len(running.family()) == 2)
    family = running.family()
    running.signal(number)
    assert running.process.wait(15) == 0
    assert gone(family)
    assert (tmp_path / ".demo").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(("place", "name"), [(0, "web"), (1, "carrier"), (2, "mail")])
def test_a_port_in_use_is_named_before_anything_starts(
    tmp_path: Path, launch: Callable[..., Launcher], place: int, name: str
) -> None:
    port = three_free_ports()
    with socket.create_server(("127.0.0.1", port + place)):
        refused = launch(tmp_path, port=port)
        assert refused.process.wait(15) == 1
    assert refused.says(f"port {port + place} (for {name}) is in use")
    assert not (tmp_path / ".demo").exists()


def free_to_take(port: int) -> bool:
    try:
        check_ports(Places(port))
    except Failed:
        return False
    return True


def test_the_port_that_is_recommended_has_been_tried() -> None:
    taken = next(filter(free_to_take, OTHER_PORTS))
    with socket.create_server(("127.0.0.1", taken + 1)):
        with pytest.raises(Failed, match=rf"port {taken + 1} \(for carrier\) is in use") as refused:
            check_ports(Places(taken))
        recommended = re.search(r"make run PORT=(\d+)", f"{refused.value}")
        assert recommended
        assert int(recommended[1]) != taken
        assert free_to_take(int(recommended[1]))


@pytest.mark.parametrize("options", [("--host", "0.0.0.0"), ("--bind", "0.0.0.0"), ("--port", "80"), ("--port", "x")])
def test_it_cannot_be_asked_to_listen_elsewhere(
    tmp_path: Path, launch: Callable[..., Launcher], options: tuple[str, str]
) -> None:
    refused = launch(tmp_path, *options)
    assert refused.process.wait(15) == 2
    assert list(tmp_path.glob(".demo")) == []


def environment(**changes: str) -> dict[str, str]:
    return demo_settings(Places(8000)) | SECRETS | changes


def test_the_settings_of_the_demonstration_are_good() -> None:
    assert Settings.from_env(environment()).demo


@pytest.mark.parametrize(
    "address",
    ["http://0.0.0.0:8000", "http://192.0.2.1:8000", "http://example.org", "http://127.0.0.1.example.org", "http://[::]:8000"],
)
def test_the_demonstration_does_not_start_at_another_address(address: str) -> None:
    with pytest.raises(SettingsError, match="HEARD_PUBLIC_URL must be a loopback address"):
        Settings.from_env(environment(HEARD_PUBLIC_URL=address))


@pytest.mark.parametrize("address", ["", "https://api.twilio.com", "http://192.0.2.1:8001"])
def test_the_demonstration_does_not_start_with_the_real_twilio(address: str) -> None:
    with pytest.raises(SettingsError, match="HEARD_TWILIO_API_URL must be a loopback address"):
        Settings.from_env(environment(HEARD_TWILIO_API_URL=address))


@pytest.mark.parametrize("demo", [True, False])
def test_demo_pages_exist_in_the_demonstration_alone(tmp_path: Path, demo: bool) -> None:
    changes = {} if demo else {"demo": False, "public_url": "https://heard.example.org", "twilio_api_url": ""}
    app = create_app(make_settings(tmp_path, f"sqlite:///{tmp_path / 'heard.db'}", **changes))
    assert [rule.rule for rule in app.url_map.iter_rules() if "demo" in rule.rule] == ["/staff/demo-codes"] * demo
    with app.app_context():
        db.create_all()
    login = app.test_client().get("/staff/login", base_url="https://heard.example.org").get_data(as_text=True)
    assert ("everybody-knows-this" in login) is demo
    assert app.test_client().get("/demo/phone/").status_code == 404


def test_the_app_can_be_made_before_a_fork_since_it_opens_no_connection(tmp_path: Path) -> None:
    create_app(make_settings(tmp_path, f"sqlite:///{tmp_path / 'heard.db'}"))
    assert not (tmp_path / "heard.db").exists()
