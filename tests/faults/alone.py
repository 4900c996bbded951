"""One fault by itself, and the time to the first notice of the one alert beside it."""

from __future__ import annotations

from collections.abc import Mapping

from tests.faults import deeds
from tests.faults.injuries import Fault, Scene
from tests.faults.invariants import ALWAYS, MENDED, Check, check, first_told
from tests.faults.stage import Stage
from tests.faults.workers import Worker

WITHIN = 30.0
"""How soon somebody must be told beside any one fault, in seconds: a dead worker leaves a lease of 25."""
AFTER_THE_TEXT = ("worker", "clock", "people")
SHORT = 3
WHILE_IT_LASTS, AFTERWARDS = (0.3, 0.7, 1, 2, 3, 3), (0.3, 1, 3, 6, 6, 6, 6, 23, 30, 35, 20)


def seconds_to_the_first_notice(stage: Stage, fault: Fault, worker: type[Worker] = Worker) -> float:
    """From the commit of an alert in immediate danger until a provider has taken a notice of it; raises Broken."""
    scene = Scene(stage, (worker(stage), worker(stage)))
    try:
        deeds.staff_up(stage)
        for step in (_text, fault.strike) if fault.kind in AFTER_THE_TEXT else (fault.strike, _text):
            step(scene)
            check(stage, ALWAYS)
        _pass(scene, WHILE_IT_LASTS, ALWAYS)
        stage.mend()
        _pass(scene, AFTERWARDS, {**ALWAYS, **MENDED})
    finally:
        for each in scene.workers:
            each.close()
    (at,), (first,) = stage.raised.values(), first_told(stage).values()
    return first - at


def _text(scene: Scene) -> None:
    deeds.text(scene.stage, "+447700900100", deeds.WORRIES[0])


def _pass(scene: Scene, pauses: tuple[float, ...], checks: Mapping[str, Check]) -> None:
    for pause in pauses:
        scene.stage.passes(pause)
        if pause > SHORT:
            scene.workers[1].rest()
        scene.workers[1].round()
        check(scene.stage, checks)
