"""A page about an error holds nothing of the error, whose words may quote what somebody else wrote."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask, abort
from sqlalchemy import text as sql

from bot.logs import SafeFormatter
from bot.parts import Parts
from conversations.db import db
from tests.faults.canary import NEVER_IN_LOGS, RISK, SENDER, hits_in
from wsgi import create_app


def raises() -> Any:
    raise ValueError(f"{RISK} {SENDER}")


def breaks_the_database() -> Any:
    db.session.execute(sql("SELECT :words FROM nowhere"), {"words": f"{RISK} {SENDER}"})


def is_refused() -> Any:
    abort(422, f"{RISK} {SENDER}")


@pytest.fixture
def app(make_parts: Callable[..., Parts], database_url: str) -> Iterator[Flask]:
    made = create_app(parts=make_parts(database_url))
    for view in (raises, breaks_the_database, is_refused):
        for place in ("chat", "elsewhere"):
            made.add_url_rule(f"/{place}/{view.__name__}", f"{place}-{view.__name__}", view, methods=["GET", "POST"])
    yield made
    with made.app_context():
        db.engine.dispose()


@pytest.mark.parametrize(
    ("view", "status"), [("raises", 500), ("breaks_the_database", 500), ("is_refused", 422), ("nothing", 404)]
)
def test_an_error_is_not_shown(app: Flask, view: str, status: int, caplog: pytest.LogCaptureFixture) -> None:
    caplog.handler.setFormatter(SafeFormatter())
    answer = app.test_client().get(f"/chat/{view}", headers={"Accept": "text/html"})
    assert answer.status_code == status
    assert hits_in(answer.data + str(answer.headers).encode(), NEVER_IN_LOGS) == []
    assert b"Traceback" not in answer.data
    assert hits_in(caplog.text.encode(), NEVER_IN_LOGS) == []
    if status == 500:
        assert "heard: unhandled: " in caplog.text


@pytest.mark.parametrize("view", ["raises", "breaks_the_database"])
def test_an_error_is_not_shown_outside_the_chat_either(app: Flask, view: str) -> None:
    answer = app.test_client().get(f"/elsewhere/{view}")
    assert answer.status_code == 500
    assert hits_in(answer.data, NEVER_IN_LOGS) == []
