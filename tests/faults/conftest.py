"""What every test of broken surroundings may ask for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.serving import House, Outside, house, outside


@pytest.fixture(scope="session")
def world() -> Iterator[Outside]:
    """The carrier and the mail server, one pair for the whole session."""
    with outside() as made:
        yield made


@pytest.fixture
def our_house(tmp_path: Path, database_url: str, world: Outside) -> Iterator[House]:
    """A house on SQLite and then on PostgreSQL; nothing runs in it yet."""
    world.forget()
    with house(tmp_path / "house", database_url, world) as made:
        yield made


@pytest.fixture
def sqlite_house(tmp_path: Path, sqlite_database_url: str, world: Outside) -> Iterator[House]:
    """A house on SQLite; nothing runs in it yet."""
    world.forget()
    with house(tmp_path / "house", sqlite_database_url, world) as made:
        yield made


@pytest.fixture
def postgres_house(tmp_path: Path, postgres_database_url: str, world: Outside) -> Iterator[House]:
    """A house on PostgreSQL; nothing runs in it yet."""
    world.forget()
    with house(tmp_path / "house", postgres_database_url, world) as made:
        yield made
