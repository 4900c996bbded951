"""Groups of commands that say in words when the database does not answer, and never show its address."""

from __future__ import annotations

from typing import Any

import click
from flask import Flask
from flask.cli import AppGroup, ScriptInfo
from sqlalchemy.exc import OperationalError, ProgrammingError, SQLAlchemyError

from conversations import schema
from conversations.db import db

NO_ANSWER = "the database does not answer: look at HEARD_DATABASE_URL"
OTHER_FORM = "the database has not the form that this code needs: run flask data upgrade"


class StoreGroup(click.Group):
    """Commands of which some need the database."""

    def invoke(self, ctx: click.Context) -> Any:
        """What the command gives; an error of the database that an operator can mend ends it in one line."""
        try:
            return super().invoke(ctx)
        except (OperationalError, ProgrammingError):
            said = trouble(ctx.ensure_object(ScriptInfo).load_app())
            if not said or (said == OTHER_FORM and ctx.invoked_subcommand == "upgrade"):
                raise  # ours to mend
            raise click.ClickException(said) from None


class StoreAppGroup(StoreGroup, AppGroup):
    """The same, where each command runs within the application."""


def trouble(app: Flask) -> str:
    """What an operator has to mend before the database can be used; empty when it can."""
    with app.app_context():
        try:
            return "" if schema.is_current(db.session()) else OTHER_FORM
        except SQLAlchemyError:
            return NO_ANSWER
        finally:
            db.session.rollback()
