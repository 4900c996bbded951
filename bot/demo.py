"""Everything on one machine with made-up data: makes secrets once, fills the database, starts and stops the processes."""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path

FOLDER = Path(".demo")
OUR_NUMBER = "+447700900999"
DUTY_PHONE = "+447700900900"
START_SECONDS = 60.0
STOP_SECONDS = 10.0


def run_demo(port: int) -> int:
    """Set up, start carrier, web, worker and watch, and wait for Ctrl-C; gives the exit code."""
    environment = {**os.environ, **demo_environment(port)}
    signal.signal(signal.SIGTERM, _interrupt)
    children: list[subprocess.Popen[bytes]] = []
    try:
        if not _set_up(environment):
            return 1
        children += [_start(command, environment) for command in processes(port, environment)]
        _wait_until_ready(port, children)
        print(welcome(port), flush=True)
        return _wait(children)
    except KeyboardInterrupt:
        return 0
    finally:
        _stop(children)


def demo_environment(port: int) -> dict[str, str]:
    """The settings of the demonstration; secrets are made once and kept in an ignored folder."""
    FOLDER.mkdir(mode=0o700, exist_ok=True)
    kept = _kept_secrets()
    return {
        "HEARD_DEMO": "1",
        "HEARD_DATABASE_URL": f"sqlite:///{(FOLDER / 'heard.db').resolve()}",
        "HEARD_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "HEARD_SEALING_DIR": str((FOLDER / "sealing").resolve()),
        "HEARD_KEYS_DIR": str((FOLDER / "keys").resolve()),
        "HEARD_TWILIO_NUMBERS": OUR_NUMBER,
        "HEARD_TWILIO_API_URL": f"http://127.0.0.1:{port + 1}",
        "HEARD_DUTY_PHONE": DUTY_PHONE,
        "HEARD_DUTY_EMAIL": "duty@example.org",
        "HEARD_SMTP_HOST": "127.0.0.1",
        "HEARD_SMTP_PORT": str(port + 2),
        "HEARD_MAIL_FROM": "heard@example.org",
        "HEARD_PARTNERSHIP": "Demo Council",
        "HEARD_AREAS": "north,south,east,west",
        "PYTHONUNBUFFERED": "1",
        **kept,
    }


def processes(port: int, environment: Mapping[str, str]) -> list[list[str]]:
    """The commands of the four processes; the carrier stands in for Twilio and the mail server."""
    python = sys.executable
    account, token = environment["HEARD_TWILIO_ACCOUNT_SID"], environment["HEARD_TWILIO_AUTH_TOKEN"]
    web = ["gunicorn", "wsgi:create_app()", "--bind", f"127.0.0.1:{port}", "--workers", "2", "--log-level", "warning"]
    carrier = ["--port", str(port + 1), "--mail-port", str(port + 2), "--webhook", f"http://127.0.0.1:{port}"]
    return [
        [python, "-m", "bot.channels.simulator", *carrier, "--account", account, "--token", token],
        [python, "-m", *web],
        [python, "-m", "flask", "bot", "worker"],
        [python, "-m", "flask", "bot", "watch"],
    ]


def welcome(port: int) -> str:
    """What to open, and how to log in."""
    logins = json.loads((FOLDER / "staff.json").read_text()) if (FOLDER / "staff.json").exists() else {}
    lines = [
        "",
        "Heard is running, with made-up people and made-up answers. Press Ctrl-C to stop.",
        "",
        f"  a phone to text from   http://127.0.0.1:{port + 1}/demo/phone/",
        f"  web chat               http://127.0.0.1:{port}/chat/",
        f"  staff                  http://127.0.0.1:{port}/staff/",
        f"  mail to the duty desk  http://127.0.0.1:{port + 1}/demo/mail/",
        "",
        *(f"  {email:<22} {password}" for email, password in logins.items()),
        "  The second factor's code is shown on its page, here on this machine only.",
        "",
        "In the demonstration all processes run as one user; in real use only the worker can open a number.",
        "",
    ]
    return "\n".join(lines)


def _set_up(environment: Mapping[str, str]) -> bool:
    flask = [sys.executable, "-m", "flask"]
    commands = (["data", "upgrade"], ["staff", "demo"], ["data", "demo"])
    return all(subprocess.run([*flask, *command], env=dict(environment), check=False).returncode == 0 for command in commands)


def _kept_secrets() -> dict[str, str]:
    path = FOLDER / "secrets.json"
    if not path.exists():
        made = {
            "HEARD_SECRET_KEY": secrets.token_hex(32),
            "HEARD_RECORD_KEY": secrets.token_hex(32),
            "HEARD_TWILIO_ACCOUNT_SID": f"AC{secrets.token_hex(16)}",
            "HEARD_TWILIO_AUTH_TOKEN": secrets.token_hex(16),
        }
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(made, file)
    kept: dict[str, str] = json.loads(path.read_text())
    return kept


def _start(command: list[str], environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    # A session of its own: Ctrl-C reaches us alone, and we stop each child and its children in order.
    return subprocess.Popen(command, env=dict(environment), start_new_session=True)


def _wait_until_ready(port: int, children: list[subprocess.Popen[bytes]]) -> None:
    ends = time.monotonic() + START_SECONDS
    while time.monotonic() < ends:
        if any(child.poll() is not None for child in children):
            raise SystemExit("a process did not start: its own words are above")
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2):  # noqa: S310  # loopback
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise SystemExit("the web process was not ready within a minute")


def _wait(children: list[subprocess.Popen[bytes]]) -> int:
    while all(child.poll() is None for child in children):
        time.sleep(0.3)
    print("a process has stopped, so everything stops", file=sys.stderr)
    return 1


def _stop(children: list[subprocess.Popen[bytes]]) -> None:
    for child in reversed(children):
        _signal(child, signal.SIGTERM)
    ends = time.monotonic() + STOP_SECONDS
    for child in children:
        try:
            child.wait(max(0.1, ends - time.monotonic()))
        except subprocess.TimeoutExpired:
            _signal(child, signal.SIGKILL)
            child.wait()


def _signal(child: subprocess.Popen[bytes], number: int) -> None:
    try:
        os.killpg(child.pid, number)
    except ProcessLookupError:
        pass


def _interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt
