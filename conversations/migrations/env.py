"""Runs migrations on the connection of the application, or on one given by a test."""

from __future__ import annotations

from alembic import context
from flask import current_app

import conversations.duty_models
import conversations.models
import conversations.staff_models
import conversations.triage_models  # noqa: F401  # all of them fill the metadata

engine = current_app.extensions["migrate"].db.engine
with engine.connect() as connection:
    sqlite = connection.dialect.name == "sqlite"
    if sqlite:  # a table is changed by making it anew, which its own references forbid; only outside a transaction
        connection.connection.cursor().execute("PRAGMA foreign_keys=OFF")
    context.configure(
        connection=connection,
        target_metadata=current_app.extensions["migrate"].db.metadata,
        render_as_batch=True,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()
        if sqlite and connection.exec_driver_sql("PRAGMA foreign_key_check").first():
            raise RuntimeError("a migration has left a row that refers to none: restore the backup")
    connection.commit()
    if sqlite:
        connection.connection.cursor().execute("PRAGMA foreign_keys=ON")
