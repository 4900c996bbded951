"""Taking an alert away from the page: by a text from one's own proven number, or in a call with one's own code."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.message import Inbound
from bot.parts import Parts
from conversations import alerts, duty_rota, proofs
from conversations.alerts import Taker
from conversations.keys import keyed_hash
from conversations.models import AlertRow, AttemptRow
from conversations.rota import HERE
from conversations.settings import Settings
from conversations.shifts import DutyPerson

CODE = re.compile(rf"[{alerts.READABLE}]{{6}}")
WORD = re.compile(r"[A-Z0-9]+")
NO_SUCH = "There is no open alert with that code."


@dataclass(frozen=True, slots=True)
class Claim:
    """That a worker asks for an alert: who it is, and which; None when there is no open one that they were told of."""

    worker: DutyPerson
    alert_id: str | None


@dataclass(frozen=True, slots=True)
class Called:
    """Who is being called about which alert; nobody when the call went to a number that is no one person's."""

    alert_id: str
    reference: str
    level: str
    drill: bool
    open: bool
    worker: DutyPerson | None
    has_code: bool = False


def claim_of(session: Session, message: Inbound, parts: Parts) -> Claim | None:
    """The claim that a text makes: it holds an alert's code, or is nothing but one, and comes from a worker's number.

    Every other text is somebody's words, also one with a word that could be a code.
    """
    codes = _codes(message.text)
    if not codes or not message.staff_number:
        return None
    wanted = select(AlertRow.id).where(AlertRow.reference.in_(codes), AlertRow.state != "closed")
    found = session.scalars(wanted).all()
    if not found and not _is_a_code(message.text):
        return None
    workers = _workers_of(session, message.staff_number, parts)
    if not workers:
        return None
    told = {alert_id: _told(session, alert_id, workers, message, parts.settings) for alert_id in found}
    claims = [Claim(worker, alert_id) for alert_id, people in told.items() for worker in people]
    return claims[0] if claims else Claim(workers[0], None)


def take(session: Session, claim: Claim, parts: Parts, how: str) -> str:
    """Give the worker the alert that they ask for, if nobody has it; what to say to them."""
    now, taker = parts.clock(), Taker(claim.worker.name, claim.worker.id, how)
    row = session.get(AlertRow, claim.alert_id, populate_existing=True) if claim.alert_id else None
    if row is None or row.state == "closed":
        return NO_SUCH
    if row.state == "acknowledged" and row.owner_id == claim.worker.id:
        return f"You have alert {row.reference}."
    reference = row.reference
    taken = alerts.acknowledge(session, row.id, taker, parts.policy.remind_after, now)
    if taken.mine:
        return f"You have alert {reference}."
    if not taken.owner or taken.at is None:
        return NO_SUCH
    return f"{taken.owner} took alert {reference} {_when(taken.at, now)}."


def called(session: Session, attempt_id: str, now: datetime) -> Called | None:
    """Whom an attempt calls and about what, as it is now; None when there is no such attempt."""
    found = session.execute(
        select(AttemptRow.person_id, AlertRow)
        .join(AlertRow, AlertRow.id == AttemptRow.alert_id)
        .where(AttemptRow.id == attempt_id)
    ).one_or_none()
    if found is None:
        return None
    person_id, alert = found
    worker = duty_rota.load(session, now).people.get(person_id) if person_id else None
    has_code = worker is not None and proofs.has_voice_code(session, worker.id)
    return Called(alert.id, alert.reference, alert.level, alert.drill, alert.state == "open", worker, has_code)


def _codes(text: str) -> frozenset[str]:
    """What may be an alert's code: words of six of its letters, and the whole text without its spaces."""
    words = WORD.findall(text.upper())
    return frozenset(word for word in [*words, "".join(words)] if CODE.fullmatch(word))


def _is_a_code(text: str) -> bool:
    """Whether a text is nothing but a code, and not a word: "thanks" has six letters too."""
    whole = "".join(WORD.findall(text.upper()))
    return bool(CODE.fullmatch(whole)) and (any(letter.isdecimal() for letter in whole) or text.isupper())


def _workers_of(session: Session, number: str, parts: Parts) -> list[DutyPerson]:
    """Those who have proven that this number is theirs, and may be told of alerts today."""
    people = duty_rota.load(session, parts.clock()).people.values()
    return [
        person
        for person in people
        if any(
            way.kind == "sms" and keyed_hash("staff-number", way.address, parts.settings.record_key) == number
            for way in person.ways
        )
    ]


def _told(
    session: Session, alert_id: str, workers: Collection[DutyPerson], message: Inbound, settings: Settings
) -> list[DutyPerson]:
    """Those of them whom we have told of this alert, or all when we have told the duty phone and it is that number."""
    wanted = select(AttemptRow.person_id).where(AttemptRow.alert_id == alert_id, AttemptRow.tries > 0)
    told = set(session.scalars(wanted))
    duty_phone = keyed_hash("staff-number", settings.duty_phone, settings.record_key)
    everybody = None in told and message.staff_number == duty_phone
    return [worker for worker in workers if everybody or worker.id in told]


def _when(at: datetime, now: datetime) -> str:
    there, here = at.astimezone(HERE), now.astimezone(HERE)
    return there.strftime("at %H:%M" if there.date() == here.date() else "on %-d %B at %H:%M")
