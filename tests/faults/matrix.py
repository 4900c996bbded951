"""Many random histories, each of a seed, and what they show in a table: `python -m tests.faults.matrix --runs 200`."""

from __future__ import annotations

import argparse
import logging
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from bot.parts import Parts, real_parts
from tests.application import migrate
from tests.databases import NOT_DURABLE, TEMPLATE, _fold_journal_in, _named, _postgres_server, _run, fresh_postgres
from tests.faults.history import Figures, Worst, play
from tests.faults.injuries import FAULTS
from tests.faults.invariants import Broken
from tests.faults.stage import Change, Rooms, on_stage
from tests.faults.workers import Worker
from tests.make import make_settings


@dataclass(frozen=True)
class Databases:
    """Opens an empty database for each history; where their address is the same, the application can be too."""

    open: Callable[[], AbstractContextManager[str]]
    rooms: Rooms | None = None


def run(
    safeguards: Parts,
    databases: Databases,
    folder: Path,
    seed: int,
    change: Change = lambda parts: parts,
    worker: type[Worker] = Worker,
) -> Figures:
    """One history; raises Broken with its seed."""
    with databases.open() as url, on_stage(safeguards, url, folder, seed, change, databases.rooms) as stage:
        try:
            figures = play(stage, worker)
        except Broken as broken:
            broken.add_note(f"seed {seed}: {dict(stage.injected)}")
            raise
    faults = ", ".join(sorted(stage.injected.elements()))
    return replace(figures, worst=Worst(max(figures.first, default=0.0), seed, faults))


def table(figures: Figures, broken: Sequence[str], kind: str) -> str:
    """The figures, as a table for people."""
    rows = {
        f"histories ({kind})": figures.runs,
        "faults injected": sum(figures.injected.values()),
        "kinds of fault": f"{len(figures.injected)} of {len(FAULTS)}",
        "worrying texts": figures.texts,
        "alerts raised": figures.alerts,
        "attempts handed to a provider": figures.attempts,
        "promises broken (lost, silent, unmarked, leaking)": len(broken),
        "attempts that a provider took twice, each marked": figures.doubled,
        "worst time to the first notice, once everything works": f"{figures.worst.seconds:.1f} s",
        "in the history of seed": f"{figures.worst.seed}: {figures.worst.faults}",
    }
    lines = ["| what | how many |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows.items())]
    return "\n".join([*lines, *(f"broken: {each}" for each in broken)])


def by_kind(figures: Figures) -> str:
    """How often each fault was injected, as a table for people."""
    rows = [f"| {fault.kind} | {fault.name} | {figures.injected[fault.name]} |" for fault in FAULTS]
    return "\n".join(["| where | fault | injected |", "|---|---|---|", *rows])


@contextmanager
def copied(template: Path, path: Path) -> Iterator[str]:
    """The address of a fresh copy, each time the same."""
    for left in path.parent.glob(f"{path.name}*"):
        left.unlink()
    shutil.copyfile(template, path)
    yield f"sqlite:///{path}"


@contextmanager
def sqlite_files(folder: Path) -> Iterator[Databases]:
    """A copy of a prepared file for each history."""
    template = folder / "template.sqlite3"
    template.touch()
    migrate(f"sqlite:///{template}")
    _fold_journal_in(template)

    yield Databases(lambda: copied(template, folder / "history.sqlite3"), Rooms())


@contextmanager
def postgres_databases(folder: Path) -> Iterator[Databases]:
    """A copy of a prepared database for each history, on a server of our own."""
    with _postgres_server(folder) as url:
        for setting in NOT_DURABLE:
            _run(url, f"ALTER SYSTEM SET {setting} = off")
        _run(url, "SELECT pg_reload_conf()")
        _run(url, f"CREATE DATABASE {TEMPLATE}")
        migrate(_named(url, TEMPLATE))
        yield Databases(lambda: fresh_postgres(url, TEMPLATE))


def main(arguments: Sequence[str] | None = None) -> int:
    """Play histories and print their table; 1 when a promise was broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.matrix", description=__doc__)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1, help="of the first; each next one is one more")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    given = parser.parse_args(arguments)
    logging.disable(logging.CRITICAL)
    open_databases = sqlite_files if given.database == "sqlite" else postgres_databases
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        safeguards = real_parts(make_settings(folder, "sqlite://"))
        with open_databases(folder) as databases:
            figures, broken = _all(safeguards, databases, folder, range(given.seed, given.seed + given.runs))
    sys.stdout.write(f"{table(figures, broken, given.database)}\n\n{by_kind(figures)}\n")
    return 1 if broken else 0


def _all(safeguards: Parts, databases: Databases, folder: Path, seeds: range) -> tuple[Figures, list[str]]:
    figures, broken, began = Figures(), [], time.monotonic()
    for seed in seeds:
        try:
            figures.add(run(safeguards, databases, folder, seed))
        except Broken as failed:
            broken.append(f"{failed} {' '.join(failed.__notes__)}")
            sys.stderr.write(f"{broken[-1]}\n")
        done = seed - seeds.start + 1
        if done % 50 == 0:
            sys.stderr.write(f"{done} histories, {(time.monotonic() - began) / done:.2f} s each\n")
    return figures, broken


if __name__ == "__main__":
    sys.exit(main())
