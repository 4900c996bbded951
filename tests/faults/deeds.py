"""What people do in a history: they text, take alerts, say what was done, all at once or not at all."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from conversations import alerts
from conversations.duty_models import WayRow
from conversations.keys import keyed_hash
from conversations.models import AlertRow
from conversations.staff_models import StaffNumberRow
from tests.faults.injuries import Scene
from tests.faults.stage import Promise, Stage
from tests.seeds import acknowledge as take_alert
from tests.seeds import seed_on_duty

WORRIES = ("he is here now and he has a knife", "he hits me every night", "")
"""Immediate, concern, and a picture without a word, which nobody can screen."""
STAFF = {"Ann": ("sms", "email"), "Bob": ("sms", "voice"), "Cat": ("email",), "Dot": ("sms", "email", "voice")}
STORM = 24
YOURS = re.compile(r"You have alert (\w+)\.")


def staff_up(stage: Stage) -> None:
    """Two to four people on duty, the last of them a lead, whose numbers are known as theirs."""
    names = list(STAFF)[: stage.chance.randint(2, 4)]
    with Session(stage.store.engine) as session:
        for name in names:
            seed_on_duty(session, stage.parts, name, *STAFF[name], lead=name == names[-1])
        for number in session.scalars(select(WayRow.address).where(WayRow.kind == "sms")).all():
            hashed = keyed_hash("staff-number", number, stage.parts.settings.record_key)
            session.merge(StaffNumberRow(number=hashed))
        session.commit()


def text(stage: Stage, number: str, words: str) -> None:
    """A text that somebody must act on; the carrier has it, whatever becomes of it here."""
    texted = stage.carrier.text_from_phone(number, words, media=0 if words else 1)
    stage.texted[texted.sid] = stage.clock.elapsed
    stage.store.spare()
    stage.carrier.settle()


def storm(scene: Scene, number: str) -> None:
    """Many texts of one person within two minutes, while a worker works."""
    stage = scene.stage
    stage.storms.append((number, stage.clock.elapsed))
    for place in range(STORM):
        text(stage, number, WORRIES[1])
        if place % 6 == 5:
            scene.workers[0].round()
        stage.passes(110 / STORM)


def acknowledge(stage: Stage, who: str, owner_id: int | None = None) -> None:
    """Somebody takes an alert on the page; when the page fails they have been promised nothing."""
    if alert_id := _one(stage, "open"):
        _take(stage, alert_id, who, owner_id)


def acknowledge_at_once(stage: Stage) -> None:
    """Two people take one alert at the same moment."""
    if alert_id := _one(stage, "open"):
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda who: _take(stage, alert_id, who, None), ("Eve", "Fay")))


def acknowledge_by_text(stage: Stage) -> None:
    """Somebody who was told by text answers with the code; the text may be lost on its way to us."""
    told = [each for each in stage.ways["sms"].handed if each.taken and each.attempt]
    if not told:
        return
    one = stage.chance.choice(told)
    found = re.search(r"alert (\w+)", one.words)
    assert found
    said = " ".join(stage.carrier.text_from_phone(one.to, found[1]).said)
    stage.store.spare()
    if yours := YOURS.search(said):
        _promised_by_text(stage, yours[1])


def outcome(stage: Stage) -> None:
    """Somebody says what was done about an alert that was taken."""
    if alert_id := _one(stage, "acknowledged"):
        try:
            with Session(stage.store.engine) as session:
                alerts.record_outcome(session, alert_id, "Ann", "spoken", stage.clock())
                session.commit()
        except SQLAlchemyError:
            return


def _promised_by_text(stage: Stage, reference: str) -> None:
    with Session(stage.reading) as session:
        row = session.scalars(select(AlertRow).where(AlertRow.reference == reference)).one()
        if row.acknowledged_by:  # with a reply that comes late it may have opened again
            stage.promises.append(Promise(row.id, row.acknowledged_by))


def _one(stage: Stage, state: str) -> str:
    with Session(stage.reading) as session:
        found = session.scalars(select(AlertRow.id).where(AlertRow.state == state).order_by(AlertRow.raised_at)).all()
    return stage.chance.choice(found) if found else ""


def _take(stage: Stage, alert_id: str, who: str, owner_id: int | None) -> None:
    try:
        with Session(stage.store.engine) as session:
            taken = take_alert(session, alert_id, who, stage.clock(), owner_id)
            session.commit()
    except SQLAlchemyError:
        return
    if taken:
        stage.promises.append(Promise(alert_id, who))
