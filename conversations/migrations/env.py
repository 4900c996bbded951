"""Runs migrations on the connection of the application, or on one given by a test."""

from __future__ import annotations

from alembic import context
from flask import current_app

import conversations.models
import conversations.staff_models
import conversations.triage_models  # noqa: F401  # all three fill the metadata

engine = current_app.extensions["migrate"].db.engine
with engine.connect() as connection:
    context.configure(
        connection=connection,
        target_metadata=current_app.extensions["migrate"].db.metadata,
        render_as_batch=True,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()
