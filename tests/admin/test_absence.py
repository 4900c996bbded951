"""Whoever takes somebody off duty on the command line reads which gaps that leaves, and what to do."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskCliRunner
from sqlalchemy.orm import Session

from admin.absence import TO_DO, keeps_duty
from admin.auth import Side
from admin.cli import staff
from conversations.db import db
from conversations.rota import HERE
from tests.admin.app import find_person
from tests.rota_seeds import seed_person, seed_shift

FRIDAY = datetime(2026, 11, 27, 13, 0, tzinfo=HERE)


@pytest.fixture
def runner(app: Flask) -> FlaskCliRunner:
    app.cli.add_command(staff)
    started: Side = app.extensions["heard_staff"]
    app.extensions["heard_staff"] = Side(started.settings, started.policy, lambda: FRIDAY)
    return app.test_cli_runner()


def seed(app: Flask, ahead: timedelta, beside: bool = False, role: str = "duty") -> None:
    """Ann with a shift of eight hours, perhaps with Ben beside her."""
    with app.app_context():
        session: Session = db.session()
        seed_shift(session, seed_person(session, "Ann", role), FRIDAY + ahead)
        if beside:
            seed_shift(session, seed_person(session, "Ben", "duty"), FRIDAY + ahead)
        session.commit()


OFF_DUTY = (["disable", "ann@heard.example"], ["roles", "ann@heard.example", "--role", "viewer"])
SUNDAY, NEXT_MONTH = timedelta(days=2, hours=-4), timedelta(days=30)


@pytest.mark.parametrize("command", OFF_DUTY)
@pytest.mark.parametrize("role", ["duty", "lead"])
def test_a_gap_that_it_leaves_is_named_with_its_day_and_time_and_what_to_do(
    app: Flask, runner: FlaskCliRunner, command: list[str], role: str
) -> None:
    seed(app, SUNDAY, role=role)
    done = runner.invoke(args=["staff", *command])
    assert done.exit_code == 0
    assert "Nobody is on duty now on Sunday 29 November from 09:00 to 17:00." in done.stderr
    assert TO_DO in done.stderr
    with app.app_context():  # it is done all the same
        person = find_person("ann@heard.example")
        assert not (person.active and {each.name for each in person.roles} & {"duty", "lead"})


@pytest.mark.parametrize("command", OFF_DUTY)
@pytest.mark.parametrize(("ahead", "beside"), [(SUNDAY, True), (NEXT_MONTH, False)])
def test_where_it_leaves_none_in_the_next_two_weeks_none_is_named(
    app: Flask, runner: FlaskCliRunner, command: list[str], ahead: timedelta, beside: bool
) -> None:
    seed(app, ahead, beside)
    done = runner.invoke(args=["staff", *command])
    assert done.exit_code == 0
    assert "Ann has shifts ahead, which no longer count." in done.stderr
    assert "Nobody is on duty" not in done.output


@pytest.mark.parametrize(
    ("ahead", "command"),
    [
        (timedelta(days=-2), ["disable", "ann@heard.example"]),
        (SUNDAY, ["roles", "ann@heard.example", "--role", "lead"]),
        (SUNDAY, ["roles", "ann@heard.example", "--role", "duty", "--role", "viewer"]),
        (SUNDAY, ["reset-second-factor", "ann@heard.example"]),
    ],
)
def test_nothing_is_said_where_nobody_goes_off_duty(
    app: Flask, runner: FlaskCliRunner, ahead: timedelta, command: list[str]
) -> None:
    seed(app, ahead)
    done = runner.invoke(args=["staff", *command])
    assert done.exit_code == 0
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("roles", "keeps"), [(["duty"], True), (["viewer", "lead"], True), (["viewer", "admin"], False), ([], False)]
)
def test_who_may_still_be_told_is_whoever_answers_alerts(roles: list[str], keeps: bool) -> None:
    assert keeps_duty(roles) is keeps
