"""Whether the database has exactly the tables that this code was written for."""

from __future__ import annotations

import functools
from pathlib import Path

from sqlalchemy import String, column, inspect, select, table
from sqlalchemy.orm import Session

MIGRATIONS = Path(__file__).parent / "migrations"
# Alembic's own table. It is read past Alembic, which costs a web process 11 MB that nothing else there needs.
VERSION_TABLE = "alembic_version"
VERSIONS = select(column("version_num", String)).select_from(table(VERSION_TABLE))


def expected() -> str:
    """The migration that this code was written for."""
    return known()[0]


@functools.cache
def known() -> tuple[str, ...]:
    """Every migration that this code knows, the newest first; a file's name begins with its revision."""
    names = (path.name for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))
    return tuple(sorted((name.partition("_")[0] for name in names), reverse=True))


def found(session: Session) -> str:
    """The migration that the database has; empty when it has none, and all of them when one has gone wrong half-way."""
    connection = session.connection()
    if not inspect(connection).has_table(VERSION_TABLE):  # on PostgreSQL a failed SELECT would end the transaction
        return ""
    return " ".join(sorted(connection.scalars(VERSIONS)))


def is_current(session: Session) -> bool:
    """Whether code and database fit."""
    return found(session) == expected()
