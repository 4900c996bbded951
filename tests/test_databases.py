"""The databases that the other tests stand on are fresh, real and gone afterwards."""

from __future__ import annotations

import psycopg
import pytest
import sqlalchemy
from sqlalchemy import text

from tests.databases import fresh_postgres


def _write(url: str) -> int:
    """Makes a table that must not be there yet, and counts its rows after one insert."""
    engine = sqlalchemy.create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE only_here (word TEXT)"))
        connection.execute(text("INSERT INTO only_here VALUES ('żółw')"))
        rows = connection.execute(text("SELECT count(*) FROM only_here WHERE word = 'żółw'")).scalar_one()
    engine.dispose()
    return int(rows)


@pytest.mark.parametrize("time", ["first", "second"])
def test_each_test_gets_a_database_that_no_other_test_has_written_to(database_url: str, time: str) -> None:
    assert _write(database_url) == 1


def test_an_empty_database_has_no_table(empty_database_url: str) -> None:
    engine = sqlalchemy.create_engine(empty_database_url)
    assert sqlalchemy.inspect(engine).get_table_names() == []
    engine.dispose()


def test_the_other_database_is_a_real_postgresql(postgres_database_url: str) -> None:
    engine = sqlalchemy.create_engine(postgres_database_url)
    with engine.connect() as connection:
        assert connection.execute(text("SHOW server_version")).scalar_one().split(".")[0].isdigit()
    engine.dispose()


def test_a_postgres_database_goes_even_while_somebody_is_connected(postgres_url: str) -> None:
    with fresh_postgres(postgres_url) as url:
        address = url.replace("+psycopg", "")
        left_open = psycopg.connect(address)
    with left_open, pytest.raises(psycopg.OperationalError):
        left_open.execute("SELECT 1")
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(address)
