"""Whether the database has exactly the tables that this code was written for."""

from __future__ import annotations

import functools
from pathlib import Path

from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.orm import Session

MIGRATIONS = Path(__file__).parent / "migrations"


@functools.cache
def expected() -> str:
    """The migration that this code was written for."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return str(ScriptDirectory.from_config(config).get_current_head())


def found(session: Session) -> str:
    """The migration that the database has; empty when it has none."""
    return MigrationContext.configure(session.connection()).get_current_revision() or ""


def is_current(session: Session) -> bool:
    """Whether code and database fit."""
    return found(session) == expected()
