"""The database: one object, UTC times, and the settings that each connection begins with."""

from __future__ import annotations

import functools
import sqlite3
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, TypeVar

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import (
    DDL,
    CheckConstraint,
    Connection,
    DateTime,
    Dialect,
    Engine,
    MetaData,
    Table,
    TypeDecorator,
    event,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import DeclarativeBase, Session

BUSY_SECONDS = 5
LARGEST_REWRITTEN = 128 * 1024 * 1024
"""What is rewritten in two seconds on a slow machine: writers wait for it, and give up after BUSY_SECONDS."""
INSERTS: Mapping[str, Any] = MappingProxyType({"sqlite": sqlite.insert, "postgresql": postgresql.insert})

NAMES = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """The root of all tables."""

    metadata = MetaData(naming_convention=NAMES)


db = SQLAlchemy(model_class=Base)

Row = TypeVar("Row", bound=type[Base])
TWO_YEARS_AGO: Mapping[str, str] = MappingProxyType(
    {"sqlite": "datetime('now', '-2 years')", "postgresql": "now() - interval '2 years'"}
)
REFUSE = """CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS
'BEGIN RAISE EXCEPTION USING MESSAGE = TG_TABLE_NAME || '' is only added to'', ERRCODE = ''restrict_violation''; END'"""


def append_only(*may_change: str, ends: str = "") -> Callable[[Row], Row]:
    """A table whose rows are added and never deleted, nor changed but for these columns: the database refuses it.

    With `ends`, a column that may not change either, a row can be deleted two years after what it says. That is judged
    by the database's own clock: no process whose clock is wrong, and nobody who can write rows, loses younger ones.
    """

    def refuse(row: Row) -> Row:
        table = row.__table__
        columns = ", ".join(f'"{column.name}"' for column in table.columns if column.name not in may_change)
        for dialect, statements in _refusals(table.name, columns, ends).items():  # type: ignore[attr-defined]
            for statement in statements:
                ddl = DDL(statement)  # type: ignore[no-untyped-call]  # SQLAlchemy forgot to
                event.listen(table, "after_create", ddl.execute_if(dialect=dialect))
        return row

    return refuse


def _refusals(table: str, columns: str, ends: str) -> Mapping[str, tuple[str, ...]]:
    says = f"BEGIN SELECT RAISE(ABORT, '{table} is only added to'); END"
    kept = f"CREATE TRIGGER {table}_kept BEFORE UPDATE OF {columns}"
    stays, refuse = f"CREATE TRIGGER {table}_stays BEFORE DELETE ON {table}", "EXECUTE FUNCTION refuse_change()"
    young = {dialect: f"WHEN (OLD.{ends} > {ago}) " if ends else "" for dialect, ago in TWO_YEARS_AGO.items()}
    every = f"{kept} OR {'TRUNCATE' if ends else 'DELETE OR TRUNCATE'} ON {table} FOR EACH STATEMENT {refuse}"
    each = (f"{stays} FOR EACH ROW {young['postgresql']}{refuse}",) if ends else ()
    return {
        "sqlite": (f"{kept} ON {table} {says}", f"{stays} {young['sqlite']}{says}"),
        "postgresql": (REFUSE, every, *each),
    }


def one_of(column: str, *allowed: str) -> CheckConstraint:
    """A constraint that a column holds one of a few words."""
    words = ", ".join(f"'{word}'" for word in allowed)
    return CheckConstraint(f"{column} IN ({words})", name=column)


def only_where(condition: str) -> dict[str, Any]:
    """What makes an index hold only the rows of this condition, on either database."""
    return {f"{dialect}_where": text(condition) for dialect in INSERTS}


class UtcTime(TypeDecorator[datetime]):
    """A moment in UTC; a time without zone is refused rather than guessed."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time needs its zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def engine_options(database_url: str) -> dict[str, Any]:
    """How to open the database: parameters never reach an error text, since they hold what people said."""
    options: dict[str, Any] = {"hide_parameters": True}
    if database_url.startswith("sqlite:"):
        return options | {"connect_args": {"timeout": BUSY_SECONDS}}
    # Twilio waits fifteen seconds for an answer, also when somebody else holds a lock or the network has gone silent.
    waits = {
        "connect_timeout": BUSY_SECONDS,
        "options": f"-c lock_timeout={BUSY_SECONDS}s",
        "tcp_user_timeout": BUSY_SECONDS * 1000,
    }
    return options | {"pool_pre_ping": True, "connect_args": waits}


def begin_reading(session: Session) -> None:
    """Begin a transaction that only reads: on SQLite it takes no write lock."""
    session.connection(execution_options={"sqlite_begin": "DEFERRED"})


def insert_once(session: Session, row: Any, values: dict[str, Any]) -> bool:
    """Insert a row unless its key is there already; whether it was new. Others wait for the first to commit."""
    connection = session.connection()
    statement = _insert_once(connection.dialect.name, row.__table__)
    return connection.execute(statement, values, execution_options={"preserve_rowcount": True}).rowcount == 1


@functools.cache  # building a statement costs more than running it
def _insert_once(dialect: str, table: Table) -> Any:
    return INSERTS[dialect](table).on_conflict_do_nothing()


def changed(session: Session, statement: Any) -> int:
    """How many rows an INSERT, UPDATE or DELETE touched."""
    result: CursorResult[Any] = session.execute(  # type: ignore[assignment]  # these give a cursor
        statement, execution_options={"preserve_rowcount": True}
    )
    return result.rowcount


def forget_journal(session: Session) -> None:
    """On SQLite, fold the write-ahead log into the file and empty it: it holds copies of what has been erased."""
    engine = session.get_bind().engine
    if engine.dialect.name != "sqlite":
        return
    _alone(engine, "PRAGMA wal_checkpoint(TRUNCATE)")


def rewrite(session: Session) -> bool:
    """On SQLite, write the whole file anew: pages that were split or moved hold pieces of what has been erased.

    False where there is nothing to rewrite, or too much: others can read meanwhile, and wait with writing.
    """
    engine = session.get_bind().engine
    if engine.dialect.name != "sqlite" or _size(session) > LARGEST_REWRITTEN:
        return False
    session.rollback()
    _alone(engine, "VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)")
    return True


def _size(session: Session) -> int:
    pages, size = (session.scalar(text(f"PRAGMA {each}")) or 0 for each in ("page_count", "page_size"))
    return int(pages * size)


def _alone(engine: Engine, *statements: str) -> None:
    """Run these outside of the transaction that ours would begin: inside one they are refused."""
    connection = engine.raw_connection()
    try:
        for statement in statements:
            connection.cursor().execute(statement)
    finally:
        connection.close()


@event.listens_for(Engine, "connect")
def _prepare_sqlite(connection: Any, _record: Any) -> None:
    if not isinstance(connection, sqlite3.Connection):
        return
    connection.isolation_level = None  # the driver's own implicit BEGIN is deferred and upgrades fail under load
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


@event.listens_for(Engine, "begin")
def _begin_sqlite(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        kind = connection.get_execution_options().get("sqlite_begin", "IMMEDIATE")
        connection.exec_driver_sql(f"BEGIN {kind}")
