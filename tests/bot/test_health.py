"""The front door says that it is up, and whether a message could be kept and an alert would leave: no figure."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import text, update
from sqlalchemy.orm import Session

from bot import jobs
from bot.parts import Parts
from conversations.models import AlertRow, AttemptRow
from tests.fakes import Clock
from tests.seeds import seed_alert, seed_told


def answers(app: Flask) -> tuple[int, int]:
    """The status of /healthz and of /readyz."""
    client = app.test_client()
    ready = client.get("/readyz")
    assert ready.text in ("ok\n", "not ready\n")
    return client.get("/healthz").status_code, ready.status_code


@pytest.mark.parametrize(("seconds", "status"), [(60, 200), (61, 503)])
def test_b36_an_alert_that_does_not_leave_makes_us_not_ready(
    app: Flask, session: Session, app_parts: Parts, clock: Clock, seconds: int, status: int
) -> None:
    seed_alert(session, app_parts)
    clock.forward(seconds=seconds)
    assert answers(app) == (200, status)
    jobs.work_once(session, app_parts)
    assert answers(app) == (200, 200)


def test_b36_attempts_that_all_fail_make_us_not_ready(
    app: Flask, session: Session, app_parts: Parts, clock: Clock
) -> None:
    seed_told(session, app_parts)
    session.execute(update(AttemptRow).values(state="failed"))
    session.execute(update(AlertRow).values(next_action_at=clock.now.replace(hour=23)))
    session.commit()
    clock.forward(minutes=2)
    assert answers(app) == (200, 503)


BREAKS: dict[str, Callable[[Session, Parts], object]] = {
    "no attempts": lambda session, parts: session.execute(text("ALTER TABLE attempt RENAME TO attempts")),
    "no version": lambda session, parts: session.execute(text("DROP TABLE alembic_version")),
    "no key": lambda session, parts: (parts.settings.sealing_dir / "day-2026-11-23.public").unlink(),
}


@pytest.mark.parametrize("how", BREAKS)
def test_without_database_or_keys_we_are_alive_and_not_ready(
    app: Flask, session: Session, app_parts: Parts, how: str
) -> None:
    assert answers(app) == (200, 200)
    BREAKS[how](session, app_parts)
    session.commit()
    assert answers(app) == (200, 503)
