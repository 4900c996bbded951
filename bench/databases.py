"""The databases that the servers are measured on: files of SQLite, or one PostgreSQL started for the measurement."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from bench.processes import cpu_seconds, tree


@dataclass(frozen=True)
class Database:
    """Where each server keeps its rows, and what a database server beside it has used of the processor."""

    kind: str
    url: Callable[[str], str]
    cpu_seconds: Callable[[], float]


@contextmanager
def sqlite(folder: Path, names: Iterable[str]) -> Iterator[Database]:
    """A file for each name; its processor time is that of the server which opens it."""
    yield Database("sqlite", lambda name: f"sqlite:///{folder / name}.db", lambda: 0.0)


@contextmanager
def postgres(folder: Path, names: Iterable[str]) -> Iterator[Database]:
    """A PostgreSQL with a database for each name, as durable as it comes; ImportError where there is none."""
    from tests.databases import _named, _postgres_server

    with _postgres_server(folder) as server_url:
        with psycopg.connect(server_url.replace("+psycopg", "", 1), autocommit=True) as connection:
            for name in names:
                connection.execute(f'CREATE DATABASE "{name}"'.encode())
        postmaster = int((folder / "pgdata" / "postmaster.pid").read_text().split()[0])
        yield Database("postgresql", lambda name: _named(server_url, name), lambda: cpu_seconds(tree(postmaster)))
