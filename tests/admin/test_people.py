"""Staff accounts, on the page and on the command line."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from flask import Flask
from flask.testing import FlaskCliRunner
from sqlalchemy import select

from admin.cli import staff
from conversations import audit as trail
from conversations.audit import Act
from conversations.db import db
from conversations.keys import keyed_hash
from conversations.staff_models import AuditRow, StaffNumberRow
from tests.admin.app import Visitor, close, find_person, logged_in, make_app, make_person, text_of


def ident(app: Flask, email: str) -> int:
    with app.app_context():
        return find_person(email).id


def test_somebody_new_gets_a_password_that_is_shown_once_and_must_be_changed(app: Flask) -> None:
    admin = logged_in(app, "admin")
    admin.get("/staff/people/")
    form = {"email": "New@Heard.example", "name": "New Person", "role": ["duty", "viewer"]}
    page = admin.post("/staff/people/", form).get_data(as_text=True)
    password = re.search(r'<kbd class="code">([a-z0-9-]{19})</kbd>', page)
    assert password is not None
    assert password[1] not in admin.get("/staff/people/").get_data(as_text=True)
    visitor = Visitor(app)
    visitor.get("/staff/login")
    first = visitor.post("/staff/login", {"email": "new@heard.example", "password": password[1]})
    assert "/staff/tf-setup" in first.location
    with app.app_context():
        made = find_person("new@heard.example")
        assert made.password_is_temporary
        assert made.password.startswith("$argon2id$")
        assert sorted(role.name for role in made.roles) == ["duty", "viewer"]


@pytest.mark.parametrize(
    ("email", "name", "role", "why"),
    [
        ("", "Name", "duty", "Give a mail address"),
        ("nobody", "Name", "duty", "Give a mail address"),
        (f"{'x' * 60}@heard.example", "Name", "duty", "Give a mail address"),
        ("new@heard.example", "", "duty", "Give a name"),
        ("new@heard.example", "Name", "king", "There is no role king"),
        ("TAKEN@heard.example", "Name", "duty", "There is an account with this address already"),
    ],
)
def test_an_account_that_cannot_be_made_says_why(sqlite_app: Flask, email: str, name: str, role: str, why: str) -> None:
    make_person(sqlite_app, "viewer", email="taken@heard.example")
    admin = logged_in(sqlite_app, "admin")
    admin.get("/staff/people/")
    admin.post("/staff/people/", {"email": email, "name": name, "role": role})
    assert why in text_of(admin.get("/staff/people/"))


def test_what_an_admin_does_is_done_and_on_the_audit(app: Flask) -> None:
    email = make_person(app, "viewer")
    staff_id, admin = ident(app, email), logged_in(app, "admin")
    admin.get("/staff/people/")
    admin.post(f"/staff/people/{staff_id}/roles", {"role": ["duty", "king"]})
    admin.post(f"/staff/people/{staff_id}/disable")
    with app.app_context():
        assert [role.name for role in find_person(email).roles] == ["duty"]
        assert not find_person(email).active
    admin.post(f"/staff/people/{staff_id}/enable")
    admin.post(f"/staff/people/{staff_id}/second-factor")
    with app.app_context():
        person = find_person(email)
        assert (person.active, person.tf_totp_secret, person.password_is_temporary) == (True, None, True)
        done = db.session.scalars(select(AuditRow.what).where(AuditRow.on == f"staff {staff_id}").order_by(AuditRow.id))
        assert list(done) == ["changed roles", "disabled an account", "enabled an account", "reset a second factor"]


@pytest.mark.parametrize("what", ["roles", "disable", "enable", "second-factor"])
def test_nobody_changes_their_own_access(sqlite_app: Flask, what: str) -> None:
    email, admin = make_person(sqlite_app, "admin"), Visitor(sqlite_app)
    admin.log_in(email)
    admin.get("/staff/people/")
    answer = admin.post(f"/staff/people/{ident(sqlite_app, email)}/{what}", {"role": ["lead", "admin"]})
    assert answer.status_code == 403
    with sqlite_app.app_context():
        assert [role.name for role in find_person(email).roles] == ["admin"]


@pytest.fixture
def runner(app: Flask) -> FlaskCliRunner:
    app.cli.add_command(staff)
    return app.test_cli_runner()


def test_the_command_line_does_what_the_page_does(app: Flask, runner: FlaskCliRunner) -> None:
    made = runner.invoke(args=["staff", "add", "a@heard.example", "--name", "A", "--role", "duty"])
    assert re.search(r"One-time password for a@heard\.example: [a-z0-9-]{19}\n", made.output)
    assert runner.invoke(args=["staff", "roles", "a@heard.example", "--role", "lead"]).exit_code == 0
    assert runner.invoke(args=["staff", "reset-second-factor", "a@heard.example"]).exit_code == 0
    assert runner.invoke(args=["staff", "disable", "a@heard.example"]).exit_code == 0
    with app.app_context():
        assert not find_person("a@heard.example").active
    head = runner.invoke(args=["staff", "audit-head"]).output.strip()
    assert re.fullmatch(r"[0-9a-f]{64}", head)
    assert runner.invoke(args=["staff", "audit-verify"]).exit_code == 0
    assert "Lines since that head: 0." in runner.invoke(args=["staff", "audit-verify", head]).output
    runner.invoke(args=["staff", "add", "b@heard.example", "--name", "B"])
    assert "Lines since that head: 1." in runner.invoke(args=["staff", "audit-verify", f"{head}\n"]).output


def test_a_head_that_was_copied_out_shows_that_the_end_was_cut_off_or_all_of_it_written_anew(
    app: Flask, runner: FlaskCliRunner
) -> None:
    """Whoever has the database and the key can write a chain that holds; it will not hold what was copied out."""
    for name in ("a", "b"):
        runner.invoke(args=["staff", "add", f"{name}@heard.example", "--name", name])
    head = runner.invoke(args=["staff", "audit-head"]).output.strip()
    with app.app_context():
        last = db.session.scalars(select(AuditRow).order_by(AuditRow.id.desc())).first()
        db.session.delete(last)
        db.session.commit()
    assert runner.invoke(args=["staff", "audit-verify"]).exit_code == 0
    answer = runner.invoke(args=["staff", "audit-verify", head])
    assert (answer.exit_code, "cut off or written anew" in answer.output) == (1, True)
    with app.app_context():
        acts = [Act("added an account", "staff 2", "another reason")]
        trail.record(db.session(), "command line", acts, datetime.now(UTC), trail.audit_key("r" * 32))
        db.session.commit()
    assert runner.invoke(args=["staff", "audit-verify"]).exit_code == 0
    assert runner.invoke(args=["staff", "audit-verify", head]).exit_code == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["staff", "disable", "nobody@heard.example"],
        ["staff", "add", "nobody", "--name", "A"],
        ["staff", "add", "a@heard.example", "--name", "A", "--role", "king"],
        ["staff", "number", "add", "07700 900123"],
        ["staff", "audit-verify", "0" * 64],
    ],
)
def test_a_command_that_cannot_be_done_says_so_and_fails(runner: FlaskCliRunner, arguments: list[str]) -> None:
    answer = runner.invoke(args=arguments)
    assert answer.exit_code != 0
    assert answer.output.strip()


def test_demonstration_logins_are_made_in_the_demonstration_alone(
    runner: FlaskCliRunner, demo_app: Flask
) -> None:
    refused = runner.invoke(args=["staff", "demo"])
    assert (refused.exit_code, "HEARD_DEMO=1 alone" in refused.output) == (1, True)
    demo_app.cli.add_command(staff)
    for _ in range(2):
        made = demo_app.test_cli_runner().invoke(args=["staff", "demo"])
        assert made.output.count("@heard.example") == 5


def test_a_changed_audit_makes_the_command_fail(app: Flask, runner: FlaskCliRunner) -> None:
    runner.invoke(args=["staff", "add", "a@heard.example", "--name", "A"])
    with app.app_context():
        line = db.session.scalars(select(AuditRow)).one()
        line.why = "changed"
        number = line.id
        db.session.commit()
    answer = runner.invoke(args=["staff", "audit-head"])
    assert (answer.exit_code, f"line {number}" in answer.output) == (1, True)


def test_a_staff_number_is_kept_as_a_keyed_hash_once(app: Flask, runner: FlaskCliRunner) -> None:
    for _ in range(2):
        assert runner.invoke(args=["staff", "number", "add", "+447700900123"]).exit_code == 0
    with app.app_context():
        kept = db.session.scalars(select(StaffNumberRow.number)).all()
        assert kept == [keyed_hash("staff-number", "+447700900123", "r" * 32)]


def test_figures_are_limited_to_an_area_that_there_is_and_the_session_ends(sqlite_database_url: str) -> None:
    app = make_app(sqlite_database_url, areas=("north", "south"))
    app.cli.add_command(staff)
    visitor, runner = Visitor(app), app.test_cli_runner()
    email = make_person(app, "viewer")
    visitor.log_in(email)
    assert visitor.is_in()
    assert runner.invoke(args=["staff", "area", email, "east"]).exit_code == 1
    assert visitor.is_in()
    for area, kept in (("north", "north"), ("", None)):
        assert runner.invoke(args=["staff", "area", email, area]).exit_code == 0
        with app.app_context():
            assert find_person(email).area == kept
    assert not visitor.is_in()
    close(app)
