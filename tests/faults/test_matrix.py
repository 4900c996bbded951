"""Random histories with faults, and the proof that they would show a product that is broken."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, update

from bot.parts import Parts
from bot.sender import NotSent, Outgoing, Sender
from conversations.models import AlertRow, AlertWordsRow, AttemptRow
from tests.conftest import PROVE
from tests.faults import deeds
from tests.faults.alone import WITHIN, seconds_to_the_first_notice
from tests.faults.history import Figures
from tests.faults.injuries import FAULTS, Fault
from tests.faults.invariants import ALWAYS, Broken, check, doubled, first_told
from tests.faults.matrix import Databases, by_kind, copied, run, table
from tests.faults.stage import Change, Rooms, Stage, on_stage
from tests.faults.store import Killed
from tests.faults.workers import Worker
from tests.make import Phone, make_form

SHARE, WHOLE = {"sqlite": 3, "postgres": 1}, {"sqlite": 250, "postgres": 50}
SEED = 20261128
PIECES = 4
BY_NAME = {fault.name: fault for fault in FAULTS}
OpenStage = Callable[..., AbstractContextManager[Stage]]


@pytest.fixture
def open_stage(safeguards: Parts, sqlite_database_url: str, tmp_path: Path) -> OpenStage:
    """Opens a stage on SQLite, with a product that is as it should be or changed."""

    def make(change: Change = lambda parts: parts) -> AbstractContextManager[Stage]:
        return on_stage(safeguards, sqlite_database_url, tmp_path, SEED, change)

    return make


@pytest.fixture
def databases(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str], Databases]:
    """Gives an empty database for each history, of either kind."""

    def of_kind(kind: str) -> Databases:
        if kind == "postgres":
            from tests.databases import fresh_postgres

            server, template = (request.getfixturevalue(name) for name in ("postgres_url", "postgres_template"))
            return Databases(lambda: fresh_postgres(server, template))
        template_file: Path = request.getfixturevalue("sqlite_template")
        return Databases(lambda: copied(template_file, tmp_path / "history.sqlite3"), Rooms())

    return of_kind


@pytest.mark.prove
@pytest.mark.parametrize("piece", range(PIECES))
@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def test_in_random_histories_with_faults_no_alert_is_lost_and_none_is_silent(
    safeguards: Parts, databases: Callable[[str], Databases], tmp_path: Path, prove: bool, kind: str, piece: int
) -> None:
    runs = (WHOLE if prove else SHARE)[kind]
    figures, opened = Figures(), databases(kind)
    for seed in range(SEED + piece * runs, SEED + (piece + 1) * runs):
        figures.add(run(safeguards, opened, tmp_path, seed))
    assert figures.runs == runs
    assert figures.alerts >= runs
    print(f"\n{table(figures, [], kind)}\n\n{by_kind(figures)}")  # noqa: T201  # for whoever runs `make prove ARGS=-s`


@pytest.mark.prove
@pytest.mark.parametrize("fault", FAULTS if PROVE else FAULTS[::2], ids=lambda fault: fault.name)
def test_beside_any_one_fault_somebody_is_told_in_time(open_stage: OpenStage, fault: Fault) -> None:
    with open_stage() as stage:
        assert seconds_to_the_first_notice(stage, fault) <= WITHIN


# --- killed at every statement ---------------------------------------------------------------------------------------


def test_b1_a_web_process_killed_at_any_statement_keeps_a_text_with_its_alert_or_neither(open_stage: OpenStage) -> None:
    with open_stage() as stage:
        for place in itertools.count(step=1 if PROVE else 3):
            number = f"+44770090{1000 + place}"
            before = stage.store.strikes
            stage.store.break_at(place, Killed, lasting=True)
            form = make_form("he hits me every night", number)
            stage.texted[form["MessageSid"]] = 0.0
            with suppress(Killed):
                Phone(stage.app, number).post(form)
            struck = stage.store.strikes > before
            stage.store.spare()
            check(stage, ALWAYS)
            if not struck:
                break
        assert place > 10
        assert 1 <= len(stage.raised) <= 3  # the last, and those whose answer alone was lost


def test_b3_and_b4_a_worker_killed_at_any_statement_of_its_round_loses_nothing_and_marks_what_went_twice(
    open_stage: OpenStage,
) -> None:
    with open_stage() as stage:
        worker = Worker(stage)
        deeds.staff_up(stage)
        for place in itertools.count(step=1 if PROVE else 3):
            deeds.text(stage, f"+44770090{1000 + place}", "he is here now and he has a knife")
            before = stage.store.strikes
            stage.store.break_at(place, Killed, lasting=True)
            worker.round()
            struck = stage.store.strikes > before
            stage.store.spare()
            check(stage, ALWAYS)
            for pause in (61, 6):
                stage.passes(pause)
                worker.round()
                check(stage, ALWAYS)
            assert len(first_told(stage)) == len(stage.texted)
            if not struck:
                break
        worker.close()
        assert place > 20
        assert doubled(stage)


# --- a product that is broken on purpose ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Around:
    """A way out with something around it."""

    inner: Sender

    def send(self, message: Outgoing) -> str:
        """Send."""
        return self.inner.send(message)


class Swallowing(Around):
    """Says that everything went well."""

    def send(self, message: Outgoing) -> str:
        """Send, and swallow what went wrong."""
        try:
            return self.inner.send(message)
        except NotSent:
            return ""


class Leaking(Around):
    """Says more than it should."""

    def send(self, message: Outgoing) -> str:
        """Send, with a number."""
        return self.inner.send(replace(message, body=f"{message.body} from +447700900100"))


def around_every_way(kind: type[Around]) -> Change:
    return lambda parts: replace(parts, ways={name: kind(way) for name, way in parts.ways.items()})


def tells_once(parts: Parts) -> Parts:
    """A clock that stops after its first step."""
    policy, never = parts.policy, timedelta(days=30)
    levels = {name: replace(each, steps=each.steps[:1], every=never) for name, each in policy.levels.items()}
    return replace(parts, policy=replace(policy, levels=levels))


def finds_nothing(parts: Parts) -> Parts:
    """A service that never looks for what it has missed."""
    return replace(parts, settings=replace(parts.settings, reconcile=False))


class Forgetful(Worker):
    """Forgets what it has leased when it dies."""

    def die(self) -> None:
        """End, and nobody takes its leases over."""
        super().die()
        self.session.execute(update(AttemptRow).where(AttemptRow.state == "leased").values(state="failed"))
        self.session.commit()


class Spoiling(Worker):
    """Spoils something after each round."""

    spoils = update(AttemptRow).values(maybe_twice=False)

    def round(self) -> None:
        """Work, and spoil it."""
        super().round()
        self.session.execute(self.spoils)
        self.session.commit()


class LosesWords(Spoiling):
    """Loses what was said."""

    spoils = delete(AlertWordsRow)  # type: ignore[assignment]


class SaysItIsSent(Spoiling):
    """Takes what is due for sent."""

    spoils = update(AttemptRow).where(AttemptRow.state == "due").values(state="sent")


def same(parts: Parts) -> Parts:
    """The product as it is."""
    return parts


@pytest.mark.parametrize(
    ("fault", "change", "worker", "promise"),
    [
        ("callbacks lost", tells_once, Worker, "next is near"),
        ("every provider: 503", around_every_way(Swallowing), Worker, "sent was taken"),
        ("callbacks lost", around_every_way(Leaking), Worker, "nothing leaks"),
        ("web down", finds_nothing, Worker, "all are found"),
        ("worker killed between lease and call", same, Forgetful, "is told soon"),
        ("worker killed between call and note", same, Spoiling, "twice is marked"),
        ("callbacks lost", same, LosesWords, "kept with its alert"),
        ("every provider: 503", same, SaysItIsSent, "sent was taken"),
    ],
)
def test_a_product_that_is_broken_is_found_out(
    open_stage: OpenStage, fault: str, change: Change, worker: type[Worker], promise: str
) -> None:
    with open_stage(change) as stage, pytest.raises(Broken) as broken:
        seconds_to_the_first_notice(stage, BY_NAME[fault], worker)
    assert broken.value.promise == promise


class Unacknowledging(Worker):
    """Opens what was taken."""

    def rest(self) -> None:
        """Lose every acknowledgement."""
        self.session.execute(update(AlertRow).where(AlertRow.state == "acknowledged").values(state="open"))
        self.session.commit()


@pytest.mark.parametrize(
    ("change", "worker", "promises"),
    [
        (tells_once, Worker, {"next is near", "is told again", "storms are short"}),
        (same, Unacknowledging, {"no acknowledgement lost", "one owner"}),
    ],
)
def test_random_histories_find_out_a_product_that_is_broken(
    safeguards: Parts,
    databases: Callable[[str], Databases],
    tmp_path: Path,
    change: Change,
    worker: type[Worker],
    promises: set[str],
) -> None:
    def play_until_broken(opened: Databases) -> None:
        for seed in range(SEED, SEED + 12):
            run(safeguards, opened, tmp_path, seed, change, worker)

    with pytest.raises(Broken) as broken:
        play_until_broken(databases("sqlite"))
    assert broken.value.promise in promises
