"""Alerts as rows: raised with the message that caused them, acknowledged once, closed only with an outcome."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import case, insert, select, update
from sqlalchemy.orm import Session

from conversations import escalation
from conversations.db import changed
from conversations.models import AlertEventRow, AlertRow, AlertWordsRow, AttemptRow
from conversations.rota import HERE
from conversations.sealing import Seals
from conversations.values import Assessment, Level

READABLE = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"


def raise_alert(
    session: Session,
    assessment: Assessment,
    channel: str,
    seals: Seals | None,
    now: datetime,
    cannot_be_texted: bool = False,
) -> str:
    """Write a new alert with its words and its first attempts, due now; gives its id.

    Without seals its words and number come later: the worker moves them from the row where they are.
    """
    alert_id = secrets.token_hex(16)
    session.execute(
        insert(AlertRow).values(
            id=alert_id,
            reference="".join(secrets.choice(READABLE) for _ in range(6)),
            level=assessment.handled_as.word,
            assessed=assessment.assessed,
            reasons=list(assessment.reasons),
            version=assessment.version,
            channel=channel,
            state="open",
            cannot_be_texted=cannot_be_texted or (seals is not None and seals.contact is None),
            raised_at=now,
            clock_from=now,
            next_action_at=escalation.first_look(now),
            sealed_contact=seals.seal_contact("alert", alert_id) if seals else None,
        )
    )
    if seals:
        add_words(session, alert_id, assessment, seals, now)
    record(session, alert_id, now, "raised", "Heard", assessment.handled_as.word)
    tell(session, alert_id, now)
    return alert_id


def add_to_alert(
    session: Session, alert_id: str, assessment: Assessment, seals: Seals, now: datetime, cannot_be_texted: bool = False
) -> bool:
    """Add a later message to an alert that is not closed; a rise in level tells the duty worker again at once.

    False when the alert is closed: then a new one must be raised.
    """
    found = session.execute(
        select(AlertRow.level, AlertRow.state).where(AlertRow.id == alert_id).with_for_update()
    ).one_or_none()
    if found is None or found.state == "closed":
        return False
    add_words(session, alert_id, assessment, seals, now)
    rises = assessment.alerts and assessment.handled_as > Level[found.level.upper()]
    changes: dict[str, Any] = {"cannot_be_texted": True} if cannot_be_texted else {}
    if rises:
        changes |= {
            "level": assessment.handled_as.word,
            "state": "open",
            "acknowledged_at": None,
            "acknowledged_by": None,
            "clock_from": now,
            "next_action_at": escalation.first_look(now),
        }
    if changes:
        session.execute(update(AlertRow).where(AlertRow.id == alert_id).values(**changes))
    record(session, alert_id, now, "level rose" if rises else "another message", "Heard", assessment.handled_as.word)
    if rises:
        tell(session, alert_id, now)
    return True


def add_words(session: Session, alert_id: str, assessment: Assessment, seals: Seals, received_at: datetime) -> None:
    """Keep the sealed words of one message with an alert; its history and level stay as they are."""
    words_id = secrets.token_hex(16)
    session.execute(
        insert(AlertWordsRow).values(
            id=words_id,
            alert_id=alert_id,
            level=assessment.handled_as.word,
            reasons=list(assessment.reasons),
            received_at=received_at,
            sealed=seals.seal_words(words_id),
        )
    )


def tell(session: Session, alert_id: str, now: datetime) -> None:
    """Make one attempt for each way due now; one that still waits says the new level too, and is brought forward."""
    waits = update(AttemptRow).where(AttemptRow.alert_id == alert_id, AttemptRow.state == "due")
    waiting = set(session.scalars(waits.values(due_at=now).returning(AttemptRow.way)))
    attempts = [
        {"id": secrets.token_hex(16), "alert_id": alert_id, "way": way, "due_at": now, "state": "due", "tries": 0}
        for way in escalation.WAYS
        if way not in waiting
    ]
    if attempts:
        session.execute(insert(AttemptRow), attempts)


def record(session: Session, alert_id: str, now: datetime, what: str, who: str, detail: str = "") -> None:
    """Add one line to an alert's history; never a name, number or word of a young person."""
    session.execute(insert(AlertEventRow).values(alert_id=alert_id, at=now, what=what, who=who, detail=detail))


def found_later(session: Session, alert_id: str, received_at: datetime, now: datetime) -> None:
    """Mark an alert of which a message reached us late, with the time at which it had come to our carrier."""
    session.execute(update(AlertRow).where(AlertRow.id == alert_id).values(late=True))
    record(session, alert_id, now, "found later", "Heard", f"texted on {received_at.astimezone(HERE):%d/%m at %H:%M}")


def due(session: Session, now: datetime, limit: int = 50) -> Sequence[AlertRow]:
    """Alerts whose next action is due, locked for this unit of work."""
    wanted = select(AlertRow).where(AlertRow.state != "closed", AlertRow.next_action_at <= now)
    return session.scalars(
        wanted.order_by(AlertRow.next_action_at).limit(limit).with_for_update(skip_locked=True)
    ).all()


def act(session: Session, alert: AlertRow, now: datetime) -> None:
    """Do what a due alert needs, and set the time of its next action."""
    action = escalation.next_action(alert.state, now)
    alert.next_action_at = action.next_at
    if action.reopen:
        alert.state, alert.acknowledged_at, alert.acknowledged_by = "open", None, None
        record(session, alert.id, now, "opened again", "Heard", "no outcome within an hour")
    tell(session, alert.id, now)


def acknowledge(session: Session, alert_id: str, who: str, now: datetime) -> bool:
    """Make this person the owner if nobody is yet; False when somebody was first or it is closed."""
    taken = (
        changed(
            session,
            update(AlertRow)
            .where(AlertRow.id == alert_id, AlertRow.state == "open")
            .values(
                state="acknowledged",
                acknowledged_at=now,
                acknowledged_by=who,
                next_action_at=now + escalation.OUTCOME_WAIT,
            ),
        )
        == 1
    )
    if taken:
        session.execute(
            update(AttemptRow)
            .where(AttemptRow.alert_id == alert_id, AttemptRow.state == "due")
            .values(state="cancelled")
        )
    record(session, alert_id, now, "acknowledged" if taken else "also tried to acknowledge", who)
    return taken


def record_outcome(session: Session, alert_id: str, who: str, outcome: str, now: datetime) -> bool:
    """Close an alert with what was done; False when it is closed already or the outcome is not one of OUTCOMES."""
    if outcome not in escalation.OUTCOMES:
        return False
    closed = (
        changed(
            session,
            update(AlertRow)
            .where(AlertRow.id == alert_id, AlertRow.state == "acknowledged")
            .values(state="closed", outcome=outcome, closed_at=now, next_action_at=None),
        )
        == 1
    )
    if closed:
        record(session, alert_id, now, "outcome", who, escalation.OUTCOMES[outcome])
    return closed


def inbox(session: Session) -> Sequence[AlertRow]:
    """Alerts that are not closed, the most urgent and then the oldest first; after them the last twenty closed."""
    urgency = case({"immediate": 0, "concern": 1}, value=AlertRow.level, else_=2)
    open_ones = select(AlertRow).where(AlertRow.state != "closed").order_by(urgency, AlertRow.raised_at)
    closed = select(AlertRow).where(AlertRow.state == "closed").order_by(AlertRow.closed_at.desc()).limit(20)
    return [*session.scalars(open_ones), *session.scalars(closed)]


def find(session: Session, alert_id: str) -> AlertRow | None:
    """One alert."""
    return session.get(AlertRow, alert_id)


def leave_contact(session: Session, alert_id: str, box: bytes, now: datetime, mobile: bool) -> bool:
    """Put a sealed number that they left themselves on an alert that is not closed; False when it is."""
    changes: dict[str, Any] = {"sealed_contact": box} | ({"cannot_be_texted": False} if mobile else {})
    wanted = update(AlertRow).where(AlertRow.id == alert_id, AlertRow.state != "closed")
    if changed(session, wanted.values(**changes)) != 1:
        return False
    record(session, alert_id, now, "left a number", "Heard")
    return True


def is_open(session: Session, alert_id: str | None) -> bool:
    """Whether this alert still waits for an outcome, so that later words belong to it."""
    if alert_id is None:
        return False
    return session.scalar(select(AlertRow.state).where(AlertRow.id == alert_id)) in ("open", "acknowledged")


def timeline(session: Session, alert_id: str) -> Sequence[AlertEventRow]:
    """The history of one alert, oldest first."""
    wanted = select(AlertEventRow).where(AlertEventRow.alert_id == alert_id)
    return session.scalars(wanted.order_by(AlertEventRow.at, AlertEventRow.id)).all()


def attempts(session: Session, alert_id: str) -> Sequence[AttemptRow]:
    """Every attempt to tell somebody about one alert, oldest first."""
    return session.scalars(select(AttemptRow).where(AttemptRow.alert_id == alert_id).order_by(AttemptRow.due_at)).all()
