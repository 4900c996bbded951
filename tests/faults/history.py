"""One random history of a service: alerts, people and faults in any order; then the faults end and time passes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from conversations.models import AlertRow, AttemptRow
from tests.faults import deeds
from tests.faults.injuries import FAULTS, Scene
from tests.faults.invariants import ALWAYS, MENDED, check, doubled, first_told
from tests.faults.stage import Stage
from tests.faults.workers import Worker

MOST_ALERTS = 5
STEPS = (12, 28)
MENDING = (0.3, 1, 2, 5, 8, 12, 17, 20, 30, 35, 20)
LONGEST_LOOK = 300.0
AFTERWARDS = (12 * 60.0, 12 * 60.0, 55 * 60.0)


@dataclass(frozen=True, order=True)
class Worst:
    """The longest that somebody waited for a first notice, in which history, and what was done to it."""

    seconds: float = 0.0
    seed: int = 0
    faults: str = ""


@dataclass
class Figures:
    """What was seen in one history or many."""

    runs: int = 0
    injected: Counter[str] = field(default_factory=Counter)
    texts: int = 0
    alerts: int = 0
    attempts: int = 0
    doubled: int = 0
    first: list[float] = field(default_factory=list)
    """Seconds from an alert's commit, or from the end of the faults, to the first notice that a provider took."""
    worst: Worst = Worst()

    def add(self, other: Figures) -> None:
        """Count another history in."""
        self.runs += other.runs
        self.injected += other.injected
        self.texts += other.texts
        self.alerts += other.alerts
        self.attempts += other.attempts
        self.doubled += other.doubled
        self.first += other.first
        self.worst = max(self.worst, other.worst)


def play(stage: Stage, worker: type[Worker] = Worker) -> Figures:
    """Play a history to its end; raises Broken."""
    scene = Scene(stage, (worker(stage), worker(stage)))
    try:
        deeds.staff_up(stage)
        for _ in range(stage.chance.randint(*STEPS)):
            step = stage.chance.choices(list(LIFE), weights=[weight for weight, _ in LIFE.values()])[0]
            LIFE[step][1](scene)
            stage.carrier.settle()
            check(stage, ALWAYS)
        if not stage.texted:
            _new_alert(scene)
        recover(scene)
    finally:
        for each in scene.workers:
            each.close()
    return figures_of(stage)


def recover(scene: Scene) -> None:
    """Everything works again: for two and a half minutes step by step, then from one moment to the next."""
    stage = scene.stage
    stage.mend()
    for pause in MENDING:
        _pass_well(scene, pause, rest=True)
    ends = stage.clock.elapsed + stage.chance.choice(AFTERWARDS)
    while stage.clock.elapsed < ends:
        _pass_well(scene, _until_next(stage))


def _pass_well(scene: Scene, seconds: float, rest: bool = False) -> None:
    scene.stage.passes(seconds)
    worker = scene.stage.chance.choice(scene.workers)
    if rest:
        worker.rest()
    worker.round()
    check(scene.stage, {**ALWAYS, **MENDED})


def _until_next(stage: Stage) -> float:
    with Session(stage.reading) as session:
        acts = session.scalar(select(func.min(AlertRow.next_action_at)).where(AlertRow.state != "closed"))
        tries = session.scalar(select(func.min(AttemptRow.due_at)).where(AttemptRow.state == "due"))
    soonest = min((moment for moment in (acts, tries) if moment), default=None)
    ahead = (soonest - stage.clock()).total_seconds() if soonest else LONGEST_LOOK
    return min(max(ahead, 0.3), LONGEST_LOOK)


def figures_of(stage: Stage) -> Figures:
    """What this history has seen."""
    first, taken_by_hand = first_told(stage), {promise.alert_id for promise in stage.promises}
    with Session(stage.reading) as session:
        codes = {row.id: row.reference for row in session.execute(select(AlertRow.id, AlertRow.reference))}
    waits = [
        first[codes[alert_id]] - max(at, stage.mended_at or 0.0)
        for alert_id, at in stage.raised.items()
        if codes[alert_id] in first and alert_id not in taken_by_hand
    ]
    taken = {each.attempt for each in stage.handed()}
    return Figures(
        runs=1,
        injected=stage.injected,
        texts=len(stage.texted),
        alerts=len(stage.raised),
        attempts=len(taken),
        doubled=len(doubled(stage)),
        first=[max(wait, 0.0) for wait in waits],
    )


def _new_alert(scene: Scene) -> None:
    stage = scene.stage
    numbers = {f"+4477009001{place:02}" for place in range(MOST_ALERTS)}
    deeds.text(stage, stage.chance.choice(sorted(numbers)), stage.chance.choice(deeds.WORRIES))


def _round(scene: Scene) -> None:
    scene.stage.chance.choice(scene.workers).round()


def _rest(scene: Scene) -> None:
    scene.workers[0].rest()


def _moment(scene: Scene) -> None:
    scene.stage.passes(scene.stage.chance.uniform(0.3, 8))


def _while(scene: Scene) -> None:
    scene.stage.passes(scene.stage.chance.uniform(20, 800))


def _minutes_of_work(scene: Scene) -> None:
    for _ in range(8):
        scene.stage.passes(scene.stage.chance.uniform(10, 60))
        scene.stage.chance.choice(scene.workers).round()


def _fault(scene: Scene) -> None:
    fault = scene.stage.chance.choice(FAULTS)
    scene.stage.injected[fault.name] += 1
    fault.strike(scene)


def _mend(scene: Scene) -> None:
    scene.stage.mend()
    scene.stage.mended_at = None


def _storm(scene: Scene) -> None:
    if not scene.stage.storms:
        deeds.storm(scene, f"+44770090010{scene.stage.chance.randrange(MOST_ALERTS)}")


LIFE: Mapping[str, tuple[int, Callable[[Scene], None]]] = MappingProxyType(
    {
        "a text": (16, _new_alert),
        "a round": (30, _round),
        "the other loop": (4, _rest),
        "a moment": (14, _moment),
        "a while": (5, _while),
        "minutes of work": (5, _minutes_of_work),
        "a fault": (18, _fault),
        "mended": (6, _mend),
        "taken": (4, lambda scene: deeds.acknowledge(scene.stage, "Ann", None)),
        "taken by two": (2, lambda scene: deeds.acknowledge_at_once(scene.stage)),
        "taken by text": (3, lambda scene: deeds.acknowledge_by_text(scene.stage)),
        "outcome": (2, lambda scene: deeds.outcome(scene.stage)),
        "storm": (1, _storm),
    }
)
