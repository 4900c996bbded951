"""The staff side for its tests, on the databases that it runs on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask

from tests.admin.app import Hands, close, make_app


@pytest.fixture
def hands() -> Hands:
    """The clock of the app; a test moves it ahead."""
    return Hands()


@pytest.fixture
def app(database_url: str, hands: Hands) -> Iterator[Flask]:
    """The staff side, on SQLite and on PostgreSQL."""
    made = make_app(database_url, hands)
    yield made
    close(made)


@pytest.fixture
def sqlite_app(sqlite_database_url: str, hands: Hands) -> Iterator[Flask]:
    """The staff side, where the database makes no difference."""
    made = make_app(sqlite_database_url, hands)
    yield made
    close(made)


@pytest.fixture
def demo_app(sqlite_database_url: str, hands: Hands) -> Iterator[Flask]:
    """The staff side of the demonstration."""
    changes: dict[str, Any] = {"demo": True, "twilio_api_url": "http://127.0.0.1:8000/carrier"}
    made = make_app(sqlite_database_url, hands, **changes)
    yield made
    close(made)
