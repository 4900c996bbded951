"""Whether the database has exactly the tables that this code was written for."""

from __future__ import annotations

import functools
from pathlib import Path

from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.orm import Session

MIGRATIONS = Path(__file__).parent / "migrations"


def expected() -> str:
    """The migration that this code was written for."""
    return known()[0]


@functools.cache
def known() -> tuple[str, ...]:
    """Every migration that this code knows, the newest first."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return tuple(each.revision for each in ScriptDirectory.from_config(config).walk_revisions())


def found(session: Session) -> str:
    """The migration that the database has; empty when it has none."""
    return MigrationContext.configure(session.connection()).get_current_revision() or ""


def is_current(session: Session) -> bool:
    """Whether code and database fit."""
    return found(session) == expected()
