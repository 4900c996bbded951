"""Commands for the database and the life of what is in it."""

from __future__ import annotations

import click
import flask_migrate
from flask import current_app
from flask.cli import AppGroup

from bot.demo import year
from bot.parts import parts
from conversations import figures, keys, retention
from conversations.db import db
from conversations.schema import MIGRATIONS

data = AppGroup("data", help="The database and the life of what is in it.")


@data.command()
def upgrade() -> None:
    """Bring the database to the newest form."""
    flask_migrate.Migrate(current_app, db, directory=str(MIGRATIONS), render_as_batch=True)
    flask_migrate.upgrade()


@data.command()
@click.option("--seed", default=7, show_default=True, help="Another seed makes another year.")
@click.option("--conversations", default=4000, show_default=True, type=click.IntRange(1, 20_000))
def demo(seed: int, conversations: int) -> None:
    """Fill an empty demonstration with a made-up year that ends yesterday; all of it or, when interrupted, nothing."""
    settings = parts().settings
    if not settings.demo:
        raise click.ClickException("This makes up a year of answers: it is for the demonstration alone (HEARD_DEMO=1).")
    session = db.session()
    if year.has_responses(session):
        click.echo("There are responses already: nothing was made up.")
        return
    keys.make_ahead(settings.keys_dir, settings.sealing_dir, parts().clock())
    made = year.live_year(session, parts(), seed, conversations)
    session.commit()
    click.echo(
        f"A made-up year: {made.conversations} conversations, {made.responses} responses, "
        f"{made.comments} comments, {made.alerts} alerts."
    )


@data.command()
def purge() -> None:
    """Close conversations past their time and delete every row past its life; prints how many of each."""
    session, now = db.session(), parts().clock()
    closed = 0
    while found := retention.close_expired(session, now):
        closed += found
        session.commit()
    gone = retention.purge(session, now, parts().settings.words_kept)
    session.commit()
    for what, count in {"conversations closed": closed, **gone}.items():
        click.echo(f"{count:6} {what}")


@data.command("close-period")
@click.argument("period")
def close_period(period: str) -> None:
    """Fix the figures of a month that is over, like 2026-05; a month is fixed once."""
    views = figures.views_of(parts().scripts.values())
    try:
        closed = figures.close_period(db.session(), period, views, parts().clock())
    except figures.CannotClose as reason:
        raise click.ClickException(f"{reason}.") from None
    db.session.commit()
    click.echo(f"{period} is closed." if closed else f"{period} was closed before; nothing has changed.")
