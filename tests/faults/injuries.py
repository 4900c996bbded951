"""The faults of the matrix, a row for each: what is wrong from now on, or what happens at this moment."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from bot.desk import Desk
from conversations.duty_models import ShiftRow, WayRow
from conversations.staff_models import StaffRow
from tests.faults.stage import Stage
from tests.faults.store import Killed, deadlock, gone
from tests.faults.workers import Stopped, Worker

PAST_A_LEASE = 26.0
STATEMENTS = 40


@dataclass
class Scene:
    """The stage with those who work on it."""

    stage: Stage
    workers: tuple[Worker, Worker]


@dataclass(frozen=True, slots=True)
class Fault:
    """One kind of fault; a lasting one goes on until the stage is mended."""

    name: str
    strike: Callable[[Scene], None]
    lasting: bool = True
    kind: str = "provider"


def _way(name: str, fault: str) -> Callable[[Scene], None]:
    def strike(scene: Scene) -> None:
        scene.stage.ways[name].fault = fault

    return strike


def _every_way(scene: Scene) -> None:
    for way in scene.stage.ways.values():
        way.fault = "later"
    scene.stage.texts.fault = "503"


def _web(trouble: str) -> Callable[[Scene], None]:
    def strike(scene: Scene) -> None:
        scene.stage.web = trouble

    return strike


def _statement(error: Callable[[], BaseException], lasting: bool) -> Callable[[Scene], None]:
    def strike(scene: Scene) -> None:
        scene.stage.store.break_at(scene.stage.chance.randrange(STATEMENTS), error, lasting)

    return strike


def _gone(scene: Scene) -> None:
    scene.stage.store.fails = gone


def _killed_in_a_round(scene: Scene) -> None:
    _statement(Killed, lasting=True)(scene)
    scene.workers[0].round()
    scene.stage.store.spare()


def _killed_before_its_calls(scene: Scene) -> None:
    scene.workers[0].begin(Stopped())
    scene.workers[0].die()


def _killed_after_its_calls(scene: Scene) -> None:
    scene.workers[0].begin(Desk())
    scene.workers[0].die()


def _stopped(desk: type[Desk]) -> Callable[[Scene], None]:
    def strike(scene: Scene) -> None:
        stopped, other = scene.workers
        stopped.begin(desk())
        stopped.desk.settle()
        scene.stage.passes(PAST_A_LEASE)
        other.round()
        stopped.go_on()

    return strike


def _clock(**amount: float) -> Callable[[Scene], None]:
    def strike(scene: Scene) -> None:
        scene.stage.clock.now += timedelta(**amount)
        scene.stage.jumped = True

    return strike


def _people(change: Callable[[Session, Stage], object]) -> Callable[[Scene], None]:
    def strike(scene: Scene) -> None:
        writing = scene.stage.reading.execution_options(sqlite_begin="IMMEDIATE")
        with suppress(OperationalError), Session(writing) as session, session.begin():  # somebody else has a lock
            change(session, scene.stage)

    return strike


def _somebody(session: Session, stage: Stage) -> int:
    people = session.scalars(select(StaffRow.id).order_by(StaffRow.id)).all()
    return stage.chance.choice(people) if people else 0


def _another_shift(session: Session, stage: Stage) -> None:
    start = stage.clock() - timedelta(minutes=1)
    if person := _somebody(session, stage):
        row = ShiftRow(id=secrets.token_hex(16), rota="duty", staff_id=person, starts_at=start, override=True)
        row.ends_at = start + timedelta(hours=8)
        session.add(row)


def _someone_leaves(session: Session, stage: Stage) -> None:
    session.execute(update(StaffRow).where(StaffRow.id == _somebody(session, stage)).values(active=False))


def _someone_is_deleted(session: Session, stage: Stage) -> None:
    session.execute(delete(StaffRow).where(StaffRow.id == _somebody(session, stage)))


def _a_way_goes(session: Session, stage: Stage) -> None:
    ways = session.scalars(select(WayRow.id).order_by(WayRow.id)).all()
    session.execute(delete(WayRow).where(WayRow.id == stage.chance.choice([*ways, ""])))


UNDELIVERED = {
    "undelivered, the phone is off": "undelivered-30003",
    "undelivered, no such phone": "30005",
    "failed, and nothing more": "failed-30008-then-nothing",
    "canceled": "canceled",
    "no report at all": "silent-provider",
    "reports in the wrong order": "out-of-order-delivered-first",
    "reports said three times": "duplicate-delivered",
    "a report before the answer": "callback-before-api-response",
    "delivered after undelivered": "delivered-after-undelivered",
    "undelivered after delivered": "late-undelivered-after-delivered",
}
TEXTS = {
    "texts: 500": "500",
    "texts: 429": "429/20429",
    "texts: refused for good": "400/21211",
    "texts: opted out": "400/21610",
    "texts: account suspended": "401/20003",
    "texts: connection refused": "refused",
    "texts: reset": "RESET",
    "texts: hang": "HANG",
    "texts: slow drip": "DRIP sent delivered",
    "texts: taken, and the answer lost": "TIMEOUT ~sent ~delivered",
}
LETTERS = {
    "mail: 451": "later",
    "mail: 550": "never",
    "mail: breaks": "breaks",
    "mail: taken, and the answer lost": "answer lost",
}

FAULTS = (
    *(Fault(name, _way("sms", play)) for name, play in TEXTS.items()),
    *(Fault(name, _way("sms", play), kind="reports") for name, play in UNDELIVERED.items()),
    *(Fault(name, _way("email", fault)) for name, fault in LETTERS.items()),
    Fault("voice: broken", _way("voice", "later")),
    Fault("every provider: 503", _every_way),
    Fault("callbacks lost", _web("callbacks lost"), kind="reports"),
    Fault("callbacks doubled", _web("callbacks doubled"), kind="reports"),
    Fault("web down", _web("down"), kind="web"),
    Fault("web killed at a statement", _statement(Killed, lasting=True), lasting=False, kind="web"),
    Fault("store gone", _gone, kind="store"),
    Fault("store locked by somebody else", lambda scene: scene.stage.store.lock(), kind="store"),
    Fault("connections cut", lambda scene: scene.stage.store.cut(), lasting=False, kind="store"),
    Fault("deadlock at a statement", _statement(deadlock, lasting=False), lasting=False, kind="store"),
    Fault("worker killed at a statement", _killed_in_a_round, lasting=False, kind="worker"),
    Fault("worker killed between lease and call", _killed_before_its_calls, lasting=False, kind="worker"),
    Fault("worker killed between call and note", _killed_after_its_calls, lasting=False, kind="worker"),
    Fault("worker stopped before its calls, past its lease", _stopped(Stopped), lasting=False, kind="worker"),
    Fault("worker stopped after its calls, past its lease", _stopped(Desk), lasting=False, kind="worker"),
    Fault("clock an hour ahead", _clock(hours=1), lasting=False, kind="clock"),
    Fault("clock an hour back", _clock(hours=-1), lasting=False, kind="clock"),
    Fault("clock a day ahead", _clock(days=1), lasting=False, kind="clock"),
    Fault("clock a day back", _clock(days=-1), lasting=False, kind="clock"),
    Fault("rota emptied", _people(lambda session, _: session.execute(delete(ShiftRow))), lasting=False, kind="people"),
    Fault("shift given to somebody else", _people(_another_shift), lasting=False, kind="people"),
    Fault("somebody leaves", _people(_someone_leaves), lasting=False, kind="people"),
    Fault("somebody is deleted", _people(_someone_is_deleted), lasting=False, kind="people"),
    Fault("a way is taken away", _people(_a_way_goes), lasting=False, kind="people"),
)
