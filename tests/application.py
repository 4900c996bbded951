"""The application for tests: the real parts, with a clock that moves when told and senders that remember."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest
from flask import Flask
from flask_migrate import Migrate, upgrade
from jinja2 import FileSystemBytecodeCache
from sqlalchemy.orm import Session

import conversations.duty_models
import conversations.models
import conversations.staff_models  # noqa: F401  # all of them fill the metadata
from bot.pace import Pace
from bot.parts import Parts, real_parts
from conversations import keys
from conversations.db import db, engine_options
from conversations.schema import MIGRATIONS
from tests.databases import MakeTables
from tests.fakes import NOON, Clock, RecordingSender
from tests.make import Phone, make_settings
from wsgi import create_app


def migrate(url: str) -> None:
    """Make the tables of an empty database as an operator does: by the migrations."""
    app = Flask("migrations")
    app.config.update(SQLALCHEMY_DATABASE_URI=url, SQLALCHEMY_ENGINE_OPTIONS=engine_options(url))
    db.init_app(app)
    Migrate(app, db, directory=str(MIGRATIONS))
    with app.app_context():
        upgrade()
        db.session.remove()
        db.engine.dispose()


def hurry(app: Flask) -> None:
    """Spare a test what costs a person nothing to wait for: pages compiled once, a cheap seal of the second factor."""
    app.jinja_env.bytecode_cache = FileSystemBytecodeCache()
    if security := app.extensions.get("security"):
        security.totp_factory._totp.wallet.encrypt_cost = 1


@pytest.fixture(scope="session")
def make_tables() -> MakeTables:
    """Makes the tables as an operator does."""
    return migrate


@pytest.fixture(scope="session")
def safeguards(tmp_path_factory: pytest.TempPathFactory) -> Parts:
    """The real parts, loaded once: rules, names, detector and scripts take a moment."""
    parts = real_parts(make_settings(tmp_path_factory.mktemp("parts"), "sqlite://"))
    gc.freeze()  # as the web process does: else each collection of garbage looks through all of it
    return parts


@pytest.fixture
def clock() -> Clock:
    """A clock that stands at noon on a Monday in November until it is moved."""
    return Clock()


@pytest.fixture
def texts_out() -> RecordingSender:
    """What left by text."""
    return RecordingSender()


@pytest.fixture
def mails_out() -> RecordingSender:
    """What left by mail, of which no server gives an id."""
    return RecordingSender(gives_ids=False)


@pytest.fixture(scope="session")
def keys_of_noon(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The keys of the week that a test begins in, made once: each is forced to the disk, which takes its time."""
    folder = tmp_path_factory.mktemp("keys")
    settings = make_settings(folder, "sqlite://")
    keys.make_ahead(settings.keys_dir, settings.sealing_dir, NOON)
    return folder


@pytest.fixture
def make_parts(
    safeguards: Parts, clock: Clock, texts_out: RecordingSender, mails_out: RecordingSender, tmp_path: Path,
    keys_of_noon: Path,
) -> Callable[..., Parts]:
    """Parts for these settings, with the real safeguards and senders that remember; keys are made."""

    def make(database_url: str, **changes: Any) -> Parts:
        settings = make_settings(tmp_path, database_url, **changes)
        for folder in (settings.keys_dir, settings.sealing_dir):
            if not folder.exists() and (made := keys_of_noon / folder.name).exists():
                copytree(made, folder)
        keys.make_ahead(settings.keys_dir, settings.sealing_dir, clock())
        public = keys.PublicKeys(settings.sealing_dir)
        ways = {"sms": texts_out, "email": mails_out}
        return replace(safeguards, settings=settings, clock=clock, ways=ways, keys=public, pace=Pace())

    return make


@pytest.fixture
def app_parts(make_parts: Callable[..., Parts], database_url: str) -> Parts:
    """The parts of the application under test, on SQLite and then on PostgreSQL."""
    return make_parts(database_url)


@pytest.fixture
def app(app_parts: Parts) -> Iterator[Flask]:
    """The whole application, on SQLite and then on PostgreSQL."""
    app = create_app(parts=app_parts)
    hurry(app)
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def phone(app: Flask) -> Phone:
    """A young person's handset."""
    return Phone(app)


@pytest.fixture
def session(app: Flask) -> Iterator[Session]:
    """A session of the application's database."""
    with app.app_context():
        yield db.session()
        db.session.rollback()
