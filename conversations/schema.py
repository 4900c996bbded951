"""Whether the database has exactly the tables that this code was written for."""

from __future__ import annotations

import functools
from pathlib import Path

from sqlalchemy import inspect, text
from sqlalchemy.orm import Session

MIGRATIONS = Path(__file__).parent / "migrations"


def expected() -> str:
    """The migration that this code was written for."""
    return known()[0]


@functools.cache
def known() -> tuple[str, ...]:
    """Every migration that this code knows, the newest first: their files begin with their number."""
    return tuple(sorted((path.stem.partition("_")[0] for path in MIGRATIONS.glob("versions/*.py")), reverse=True))


def found(session: Session) -> str:
    """The migration that the database has; empty when it has none, all of them when somebody left more than one."""
    if not inspect(session.connection()).has_table("alembic_version"):
        return ""
    return " ".join(session.scalars(text("SELECT version_num FROM alembic_version ORDER BY version_num")))


def is_current(session: Session) -> bool:
    """Whether code and database fit."""
    return found(session) == expected()
