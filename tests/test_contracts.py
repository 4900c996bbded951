"""Every import contract is broken on purpose, in a copy, and must say so."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("bot", "conversations", "admin")
VERDICT = re.compile(r"^(?P<name>.+) (?P<verdict>KEPT|BROKEN)(?: \(.+\))?\s*$", re.MULTILINE)

# The contract, the module that breaks it, and the import that does. Modules that are not there are made for the breach.
BREACHES = [
    ("sides", "bot.inbound", "import admin.auth"),
    ("sides", "admin.auth", "import bot.inbound"),
    ("sides", "conversations.values", "import bot.identity"),
    ("sides", "conversations.values", "import admin.auth"),
    ("inside-bot", "bot.stray", ""),
    ("inside-bot", "bot.safeguards.language", "import bot.inbound"),
    ("inside-bot", "bot.identity", "import bot.sender"),
    ("inside-bot", "bot.inbound", "from bot.channels import sms"),
    ("inside-bot", "bot.sender", "def late() -> None:\n    import bot.jobs"),
    ("inside-conversations", "conversations.stray", ""),
    ("inside-conversations", "conversations.duty_rota", "from conversations import shift_book"),
    ("inside-conversations", "conversations.values", "import conversations.settings"),
    ("inside-conversations", "conversations.models", "from conversations import store"),
    ("inside-conversations", "conversations.script.values", "import conversations.engine"),
    ("inside-admin", "admin.stray", ""),
    ("inside-admin", "admin.roles", "import admin.auth"),
    ("inside-admin", "admin.auth", "from admin import alerts"),
    ("pure-core", "conversations.values", "import flask"),
    ("pure-core", "conversations.settings", "from sqlalchemy import select"),
    ("pure-core", "conversations.script.files", "import flask_sqlalchemy"),
    ("pure-core", "conversations.segments", "import requests"),
    ("pure-core", "bot.identity", "import twilio"),
    ("pure-core", "bot.identity", "from conversations import models"),
    ("pure-core", "bot.safeguards.triage", "def late() -> None:\n    import flask"),
    ("pure-core", "bot.safeguards.redaction", "from conversations.db import db"),
    ("twilio", "bot.inbound", "from twilio.rest import Client"),
    ("twilio", "bot.outbound", "import twilio"),
    ("twilio", "bot.sender", "from twilio.rest import Client"),
    ("twilio", "bot.channels.web", "import twilio"),
    ("twilio", "admin.alerts", "import twilio"),
    ("twilio", "conversations.outbox", "import twilio"),
    ("simulator", "bot.sender", "from bot.channels.simulator import carrier"),
    ("simulator", "bot.channels.sms", "import bot.channels.simulator.twiml"),
    ("simulator", "bot.jobs", "def late() -> None:\n    from bot.channels import simulator"),
    ("only-bot-sends", "admin.alerts", "import smtplib"),
    ("only-bot-sends", "admin.staff", "import requests"),
    ("only-bot-sends", "admin.alerts", "from bot import sender"),
    ("only-bot-sends", "conversations.outbox", "import smtplib"),
    ("composition-root", "bot.cli", "import wsgi"),
    ("composition-root", "admin.cli", "from wsgi import create_app"),
    ("composition-root", "conversations.db", "import tests.databases"),
    ("composition-root", "bot.cli", "import bench"),
]
ALLOWED = [
    ("bot.channels.signed", "from twilio.request_validator import RequestValidator"),
    ("bot.ways.sms", "from twilio.rest import Client"),
    ("bot.channels.simulator.phone", "from twilio.request_validator import RequestValidator"),
    ("bot.ways.mail", "import smtplib"),
    ("admin.auth", "import flask"),
    ("bot.safeguards.language", "import langdetect"),
    ("bot.inbound", "from conversations import store"),
]


def _contracts() -> dict[str, str]:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    return {contract["id"]: contract["name"] for contract in settings["contracts"]}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("contracts")
    for package in PACKAGES:
        shutil.copytree(ROOT / package, folder / package, ignore=_not_python)
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


@pytest.fixture
def copy(whole: Path) -> Iterator[Path]:
    """The packages as they are; what a test changes is put back."""
    before = {path: path.read_bytes() for path in whole.rglob("*.py")}
    yield whole
    for path in set(whole.rglob("*.py")) - before.keys():
        path.unlink()
    for path, content in before.items():
        path.write_bytes(content)


def _not_python(folder: str, names: list[str]) -> list[str]:
    return [name for name in names if not name.endswith(".py") and not (Path(folder) / name).is_dir()]


def _file(copy: Path, module: str) -> Path:
    """The module's file; made, with the packages above it, where it is missing."""
    path = copy.joinpath(*module.split("."))
    if path.is_dir():
        return path / "__init__.py"
    path.parent.mkdir(exist_ok=True)
    for made in (path.parent / "__init__.py", path.with_suffix(".py")):
        if not made.exists():
            made.write_text('"""Made for a breach."""\n', encoding="utf-8")
    return path.with_suffix(".py")


def _add(copy: Path, module: str, line: str) -> None:
    """Adds the line to the module, and makes what it imports where that is missing."""
    for package, name in re.findall(r"(?:from (\S+) )?import (\S+)", line):
        parts = (f"{package}.{name}" if package else name).split(".")
        if parts[0] in PACKAGES:
            in_a_package = copy.joinpath(*parts[:-1]).is_dir()
            _file(copy, ".".join(parts if in_a_package else parts[:-1]))
    path = _file(copy, module)
    path.write_text(f"{path.read_text(encoding='utf-8')}\n{line}\n", encoding="utf-8")


def _broken(copy: Path) -> set[str]:
    """The ids of the contracts that are broken; every contract must have been judged."""
    linter = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    run = subprocess.run(
        [sys.executable, "-c", linter, "--no-cache"], cwd=copy, capture_output=True, text=True, check=False,
        env={**os.environ, "COLUMNS": "200", "NO_COLOR": "1", "PYTHONPATH": str(copy)},
    )
    ids = {name: key for key, name in _contracts().items()}
    verdicts = {ids[found["name"]]: found["verdict"] for found in VERDICT.finditer(run.stdout) if found["name"] in ids}
    assert verdicts.keys() == set(ids.values()), run.stdout + run.stderr
    return {key for key, verdict in verdicts.items() if verdict == "BROKEN"}


def test_every_contract_is_kept_by_the_code_as_it_is(copy: Path) -> None:
    assert _broken(copy) == set()


@pytest.mark.parametrize(("contract", "module", "line"), BREACHES)
def test_a_breach_turns_its_contract_red(copy: Path, contract: str, module: str, line: str) -> None:
    _add(copy, module, line)
    assert contract in _broken(copy)


@pytest.mark.parametrize(("module", "line"), ALLOWED)
def test_what_is_allowed_leaves_every_contract_green(copy: Path, module: str, line: str) -> None:
    _add(copy, module, line)
    assert _broken(copy) == set()


def test_every_contract_is_broken_at_least_once() -> None:
    assert {contract for contract, _, _ in BREACHES} == _contracts().keys()
