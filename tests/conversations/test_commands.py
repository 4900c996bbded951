"""A database that is not there is told to an operator in words that name the setting, and never show its address."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask

from admin.cli import staff
from bot.cli import bot, say_what_is_missing
from bot.data_commands import data
from bot.parts import Parts
from conversations.commands import NO_ANSWER, OTHER_FORM
from conversations.db import db
from wsgi import create_app

NOWHERE = ["sqlite:////proc/nowhere/x.sqlite3", "postgresql+psycopg://nobody:hunter2@127.0.0.1:1/heard"]
COMMANDS = {
    "data upgrade": (data, ["upgrade"]),
    "data purge": (data, ["purge"]),
    "staff audit-head": (staff, ["audit-head"]),
    "bot triage --export-marks": (bot, ["triage", "--export-marks"]),
}


def said_by(app: Flask, name: str) -> str:
    group, arguments = COMMANDS[name]
    ended = app.test_cli_runner().invoke(group, arguments)
    with app.app_context():
        db.engine.dispose()
    assert ended.exit_code == 1, ended.output
    return str(ended.output)


@pytest.mark.parametrize("url", NOWHERE)
@pytest.mark.parametrize("name", COMMANDS)
def test_a_database_that_does_not_answer_is_told_by_its_setting_alone(
    make_parts: Callable[..., Parts], name: str, url: str
) -> None:
    said = said_by(create_app(parts=make_parts(url)), name)
    assert said == f"Error: {NO_ANSWER}\n"


@pytest.mark.parametrize("name", [name for name in COMMANDS if name != "data upgrade"])
def test_a_database_without_tables_is_to_be_upgraded(
    make_parts: Callable[..., Parts], empty_database_url: str, name: str
) -> None:
    assert said_by(create_app(parts=make_parts(empty_database_url)), name) == f"Error: {OTHER_FORM}\n"


def test_a_worker_that_starts_says_what_it_lacks_and_is_not_kept_from_telling_of_alerts(
    make_parts: Callable[..., Parts], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = make_parts(NOWHERE[0])
    (tmp_path / "file").touch()
    settings = replace(good.settings, keys_dir=tmp_path / "file" / "keys")
    app = create_app(parts=replace(good, settings=settings))
    with app.app_context():
        say_what_is_missing()
        db.engine.dispose()
    folder, store = capsys.readouterr().err.splitlines()
    assert folder.startswith("HEARD_KEYS_DIR cannot be written by this user")
    assert store == f"{NO_ANSWER}. The worker goes on trying."


def test_the_first_words_of_a_script_in_the_terminal_name_somebody(app: Flask) -> None:
    def opening(*options: str) -> str:
        return str(app.test_cli_runner().invoke(bot, ["simulate", "check-in", *options], input="\n").output)

    assert "your council" in opening()
    assert "North Isles" in opening("--partnership", "North Isles")
    assert "{partnership}" not in opening()
