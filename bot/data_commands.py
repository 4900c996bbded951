"""Commands for the database and the life of what is in it."""

from __future__ import annotations

from functools import partial

import click
import flask_migrate
from flask import current_app

from bot.demo import year
from bot.parts import parts
from conversations import audit, boxes, endings, figures, keys, retention
from conversations.commands import StoreAppGroup
from conversations.db import db, forget_journal
from conversations.schema import MIGRATIONS

data = StoreAppGroup("data", help="The database and the life of what is in it.")


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
    session, now, settings = db.session(), parts().clock(), parts().settings
    closed = 0
    while found := retention.close_expired(session, now):
        closed += found
        session.commit()
    gone = {"conversations closed": closed, **retention.purge(session, now)}
    emptied = boxes.empty_ended(session, now, settings.words_kept)
    gone |= {f"{purpose} of alerts": count for purpose, count in emptied.items()}
    gone["responses and comments"] = retention.end_analysis(session, settings.analysis_months, now)
    gone["alerts"] = sum(iter(partial(endings.end_alerts, session, now, settings.alerts_kept), 0))
    gone["lines of the audit"] = audit.prune(session, now, audit.audit_key(settings.record_key))
    session.commit()
    forget_journal(session)
    for what, count in gone.items():
        click.echo(f"{count:6} {what}")


@data.command("close-period")
@click.argument("period", required=False)
def close_period(period: str | None) -> None:
    """Fix the figures of a month like 2026-05 or a quarter like 2026-Q2, once; without one, of all that are over."""
    plan = figures.plan_of(parts().scripts.values(), parts().settings.areas)
    session, now = db.session(), parts().clock()
    try:
        wanted = period and figures.close_period(session, period, plan, now)
    except figures.CannotClose as reason:
        raise click.ClickException(f"{reason}.") from None
    closed = figures.close_due(session, plan, now) if not period else [period] if wanted else []
    session.commit()
    for each in closed:
        click.echo(f"{each} is closed.")
    if not closed:
        click.echo(f"{period} was closed before; nothing has changed." if period else "Nothing was left to close.")
