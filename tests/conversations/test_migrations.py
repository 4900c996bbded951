"""The tables come up and go down with data in them, fit the models, and a database of another version is refused."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import flask_migrate
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask
from flask_migrate import Migrate
from sqlalchemy import inspect, text
from sqlalchemy.orm import Session

from bot import doctor, duty
from bot.parts import Parts
from conversations import heartbeats, schema
from conversations.db import Base, db, engine_options
from conversations.models import AlertRow
from tests.make import Phone
from tests.seeds import own_session, seed_alert
from wsgi import create_app


@pytest.fixture
def bare_app(empty_database_url: str) -> Iterator[Flask]:
    """Nothing but the database and its migrations."""
    app = Flask("migrations")
    app.config.update(
        SQLALCHEMY_DATABASE_URI=empty_database_url, SQLALCHEMY_ENGINE_OPTIONS=engine_options(empty_database_url)
    )
    db.init_app(app)
    Migrate(app, db, directory=str(schema.MIGRATIONS))
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()


def tables() -> set[str]:
    return set(inspect(db.engine).get_table_names()) - {"alembic_version"}


def test_up_makes_every_table_and_down_leaves_none(bare_app: Flask) -> None:
    flask_migrate.upgrade()
    assert tables() == set(Base.metadata.tables)
    flask_migrate.downgrade(revision="base")
    assert tables() == set()
    flask_migrate.upgrade()
    assert tables() == set(Base.metadata.tables)


def test_each_migration_goes_down_and_up_again_by_itself(bare_app: Flask) -> None:
    for _ in schema.known():
        flask_migrate.upgrade(revision="+1")
    for _ in schema.known():
        flask_migrate.downgrade(revision="-1")
        flask_migrate.upgrade(revision="+1")
        flask_migrate.downgrade(revision="-1")
    assert tables() == set()


def test_models_and_migrations_agree(bare_app: Flask) -> None:
    flask_migrate.upgrade()
    with db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "render_as_batch": True})
        assert compare_metadata(context, Base.metadata) == []


def checks_of(connection: Any) -> set[tuple[str, str]]:
    inspector = inspect(connection)
    return {
        (table, str(each["name"])) for table in Base.metadata.tables for each in inspector.get_check_constraints(table)
    }


def test_every_constraint_of_the_models_is_in_the_migrated_database(bare_app: Flask) -> None:
    """Alembic compares no CHECK; those that keep an alert from falling silent are just that."""
    flask_migrate.upgrade()
    migrated = checks_of(db.engine)
    flask_migrate.downgrade(revision="base")
    Base.metadata.create_all(db.engine)
    assert migrated == checks_of(db.engine)
    assert {("alert", "ck_alert_never_silent"), ("alert", "ck_alert_outcome_needed")} <= migrated


def triggers_of(connection: Any) -> set[tuple[str, str]]:
    every = {
        "sqlite": "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'",
        "postgresql": "SELECT tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal",
    }
    return {(name, how) for name, how in connection.execute(text(every[connection.dialect.name]))}


def test_what_is_only_added_to_is_so_in_the_migrated_database_as_in_the_models(bare_app: Flask) -> None:
    flask_migrate.upgrade()
    with db.engine.begin() as connection:
        migrated = triggers_of(connection)
    flask_migrate.downgrade(revision="base")
    Base.metadata.create_all(db.engine)
    with db.engine.begin() as connection:
        assert triggers_of(connection) == migrated
    assert {name.removesuffix("_kept") for name, _ in migrated} >= {"alert_event", "report", "handover"}


def test_down_and_up_with_data_in_every_table_that_a_worry_fills(app: Flask, phone: Phone, app_parts: Parts) -> None:
    phone.says("he hits me every night")
    phone.says("STOP")
    with app.app_context():
        duty.act_on_due(db.session(), app_parts)
        filled = {name for name in Base.metadata.tables if db.session.execute(text(f"SELECT 1 FROM {name}")).first()}
        db.session.remove()
        assert {"alert", "alert_words", "attempt", "alert_event", "conversation", "received", "opt_request"} <= filled
        Migrate(app, db, directory=str(schema.MIGRATIONS))
        flask_migrate.downgrade(revision="base")
        assert tables() == set()
        flask_migrate.upgrade()
    phone.says("he hits me every night")
    with own_session(app) as session:
        assert session.query(AlertRow).count() == 1


def test_up_on_a_database_that_is_up_keeps_what_is_in_it(app: Flask, session: Session, app_parts: Parts) -> None:
    seed_alert(session, app_parts)
    db.session.remove()
    Migrate(app, db, directory=str(schema.MIGRATIONS))
    flask_migrate.upgrade()
    assert db.session.query(AlertRow).count() == 1


def test_migrations_are_numbered_in_one_line() -> None:
    names = sorted(path.name for path in (schema.MIGRATIONS / "versions").glob("*.py"))
    assert all(re.fullmatch(r"\d{4}_[a-z0-9_]+\.py", name) for name in names)
    assert [name[:4] for name in names] == [f"{number:04}" for number in range(1, len(names) + 1)]
    assert list(schema.known()) == [name[:4] for name in reversed(names)]
    assert len(ScriptDirectory(str(schema.MIGRATIONS)).get_heads()) == 1


VERSIONS: dict[str, Callable[[Session], object]] = {
    "behind: no version": lambda session: session.execute(text("DELETE FROM alembic_version")),
    "behind: no such table": lambda session: session.execute(text("DROP TABLE alembic_version")),
    "ahead": lambda session: session.execute(text("UPDATE alembic_version SET version_num = '9999'")),
}


@pytest.mark.parametrize("version", VERSIONS)
def test_a_database_of_another_version_is_not_ready_and_doctor_says_what_to_do(
    app: Flask, session: Session, app_parts: Parts, version: str
) -> None:
    heartbeats.beat(session, "worker", app_parts.clock())
    session.commit()
    assert app.test_client().get("/readyz").status_code == 200
    assert doctor.faults(session, app_parts) == []
    VERSIONS[version](session)
    session.commit()
    answer = app.test_client().get("/readyz")
    assert (answer.status_code, answer.text) == (503, "not ready\n")
    [said] = doctor.faults(session, app_parts)
    assert ("run flask data upgrade" in said) == version.startswith("behind")
    assert ("install the newer code" in said) == (version == "ahead")


def test_an_empty_database_is_not_ready_and_doctor_says_so(
    make_parts: Callable[..., Parts], empty_database_url: str
) -> None:
    parts = make_parts(empty_database_url)
    app = create_app(parts=parts)
    with own_session(app) as session:
        assert app.test_client().get("/readyz").status_code == 503
        assert "run flask data upgrade" in doctor.faults(session, parts)[0]
        db.engine.dispose()


def test_a_database_that_does_not_answer_is_not_ready_and_doctor_says_so(make_parts: Callable[..., Parts]) -> None:
    parts = make_parts("postgresql+psycopg://nobody@127.0.0.1:1/heard")
    app = create_app(parts=parts)
    with own_session(app) as session:
        assert app.test_client().get("/readyz").status_code == 503
        assert "HEARD_DATABASE_URL" in doctor.faults(session, parts)[0]
        assert app.test_client().get("/healthz").status_code == 200
