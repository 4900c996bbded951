"""Alerts as rows: raised with the message that caused them, acknowledged once, closed only with an outcome."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, case, func, insert, literal, or_, select, update
from sqlalchemy.orm import Session

from conversations import attempts, escalation, joining
from conversations.db import UtcTime, changed
from conversations.escalation import Action, Standing
from conversations.models import AlertEventRow, AlertRow, AlertWordsRow
from conversations.policy import Policy
from conversations.rota import HERE
from conversations.sealing import Seals
from conversations.shifts import Rota
from conversations.values import Assessment, Level

READABLE = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"


@dataclass(frozen=True, slots=True)
class Taker:
    """Who takes an alert, with the account that they have, and how: on the page, by text, in a call."""

    name: str
    id: int | None = None
    how: str = "page"


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of acknowledging an alert: whether it is theirs now, or else who has it, and since when."""

    mine: bool
    owner: str = ""
    at: datetime | None = None

    def __bool__(self) -> bool:
        return self.mine


def raise_alert(
    session: Session,
    assessment: Assessment,
    channel: str,
    seals: Seals | None,
    now: datetime,
    cannot_be_texted: bool = False,
) -> str:
    """Write a new alert with its words, due now: the worker tells whoever is on duty then. Gives its id.

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
            next_action_at=now,
            sealed_contact=seals.seal_contact("alert", alert_id) if seals else None,
        )
    )
    if seals:
        add_words(session, alert_id, assessment, seals, now)
    record(session, alert_id, now, "raised", "Heard", assessment.handled_as.word)
    return alert_id


def add_to_alert(
    session: Session, alert_id: str, assessment: Assessment, seals: Seals, now: datetime, cannot_be_texted: bool = False
) -> bool:
    """Add a later message to an alert that is not closed; a rise in level begins its clock anew and tells at once.

    Of anything else that alerts, whoever has taken it is told. One that was joined to another keeps the words, and the
    other rises. False when that is closed: then a new one must be raised.
    """
    home = joining.locked_home(session, alert_id)
    if home is None or home.state == "closed":
        return False
    add_words(session, alert_id, assessment, seals, now)
    if cannot_be_texted:
        session.execute(update(AlertRow).where(AlertRow.id == alert_id).values(cannot_be_texted=True))
    rises = assessment.alerts and assessment.handled_as > Level[home.level.upper()]
    if rises:
        changes = {"level": assessment.handled_as.word, "clock_from": now, "next_action_at": now, **AS_NEW}
        session.execute(update(AlertRow).where(AlertRow.id == home.id).values(**changes))
    elif assessment.alerts and home.state == "acknowledged":
        session.execute(update(AlertRow).where(AlertRow.id == home.id).values(next_action_at=now))
    record(session, home.id, now, "level rose" if rises else "another message", "Heard", assessment.handled_as.word)
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


def record(session: Session, alert_id: str, now: datetime, what: str, who: str, detail: str = "") -> None:
    """Add one line to an alert's history; never a name, number or word of a young person."""
    session.execute(insert(AlertEventRow).values(alert_id=alert_id, at=now, what=what, who=who, detail=detail))


def found_later(session: Session, alert_id: str, received_at: datetime, now: datetime) -> None:
    """Mark an alert, or the one it was joined to, of which a message was found late, with when it had come in."""
    home_id = joining.home(session, alert_id)
    session.execute(update(AlertRow).where(AlertRow.id == home_id).values(late=True))
    record(session, home_id, now, "found later", "Heard", f"written on {received_at.astimezone(HERE):%d/%m at %H:%M}")


def due(session: Session, policy: Policy, now: datetime, limit: int = 200) -> Sequence[AlertRow]:
    """Alerts whose next action is due, locked for this unit of work.

    One that is further ahead than its policy ever looks is due too: the clock has been put back.
    """
    is_due = or_(AlertRow.next_action_at <= now, *_too_far_ahead(policy, now))
    wanted = select(AlertRow).where(AlertRow.state.in_(("open", "acknowledged")), is_due)
    return session.scalars(
        wanted.order_by(AlertRow.next_action_at).limit(limit).with_for_update(skip_locked=True)
    ).all()


def _too_far_ahead(policy: Policy, now: datetime) -> list[Any]:
    found = [
        and_(AlertRow.state == "acknowledged", AlertRow.next_action_at > now + policy.outcome_within),
        # Nobody has been told, and it is from later than now: what it waits for is not cover.
        and_(AlertRow.state == "open", AlertRow.step == 0, AlertRow.raised_at > now),
    ]
    for level, table in policy.levels.items():
        furthest = now + table.every
        waiting = now + policy.longest_wait if table.waits_for_cover else furthest
        ahead = AlertRow.next_action_at > case((AlertRow.step == 0, literal(waiting, UtcTime)), else_=furthest)
        found.append(and_(AlertRow.state == "open", AlertRow.level == level, ahead))
    return found


def standing(session: Session, alert: AlertRow) -> Standing:
    """Where an alert stands, as the policy sees it."""
    taken_at = alert.acknowledged_at if alert.state == "acknowledged" else None
    return Standing(
        level=alert.level,
        state=alert.state,
        step=alert.step,
        raised_at=alert.raised_at,
        clock_from=alert.clock_from,
        acknowledged_at=alert.acknowledged_at,
        owner=alert.owner_id,
        told=attempts.told_since(session, alert.id, alert.clock_from),
        drill=alert.drill,
        words_at=joining.words_since(session, alert.id, taken_at - BESIDE) if taken_at else None,
        owner_told_at=attempts.owner_told_at(session, alert.id, taken_at) if taken_at else None,
    )


BESIDE = timedelta(minutes=1)
"""How long before an alert was taken a text may have come in that was added to it only afterwards."""


def act(session: Session, alert: AlertRow, policy: Policy, rota: Rota, now: datetime) -> Action:
    """Do what an alert needs now, and set the time of its next action."""
    action = escalation.next_action(policy, standing(session, alert), rota, now)
    if action.reopen:
        open_again(session, alert, action.why, now)
    alert.step, alert.clock_from, alert.next_action_at = action.step, action.clock_from, action.next_at
    for telling in action.tell:
        attempts.add(session, alert.id, telling, action.taken, now)
    if action.tell and not action.reopen:
        record(session, alert.id, now, WHAT.get(action.taken, "telling"), "Heard", action.why)
    return action


BROKE = "could not be worked on"
WHAT = {escalation.REMINDER: "reminding the owner", escalation.NEW_WORDS: "telling the owner of new words"}
AS_NEW: dict[str, Any] = {
    "state": "open",
    "step": 0,
    "acknowledged_at": None,
    "acknowledged_by": None,
    "owner_id": None,
}


def start_again(alert: AlertRow, now: datetime) -> None:
    """Begin the clock anew: nobody has it, and its first action is due now."""
    for column, value in (AS_NEW | {"clock_from": now, "next_action_at": now}).items():
        setattr(alert, column, value)


def open_again(session: Session, alert: AlertRow, why: str, now: datetime, who: str = "Heard") -> None:
    """Take an alert from its owner, or from among the closed, and begin its clock anew."""
    start_again(alert, now)
    record(session, alert.id, now, "opened again", who, why)


def put_off(session: Session, alert_id: str, now: datetime, trouble: str) -> int:
    """Look again in a while at an alert that could not be worked on; gives how often that has been so."""
    record(session, alert_id, now, BROKE, "Heard", trouble)
    broke = select(func.count()).where(AlertEventRow.alert_id == alert_id, AlertEventRow.what == BROKE)
    times = session.scalar(broke) or 1
    later = now + escalation.RETRY_WAITS[min(times, len(escalation.RETRY_WAITS)) - 1]
    session.execute(update(AlertRow).where(AlertRow.id == alert_id).values(next_action_at=later))
    return times


def acknowledge(session: Session, alert_id: str, taker: Taker, remind_after: timedelta, now: datetime) -> Taken:
    """Make this person the owner until the clock reminds them; whoever comes second is told who was first, and when."""
    wanted = update(AlertRow).where(AlertRow.id == alert_id, AlertRow.state == "open")
    owned = {"state": "acknowledged", "acknowledged_at": now, "acknowledged_by": taker.name, "owner_id": taker.id}
    if changed(session, wanted.values(**owned, clock_from=now, next_action_at=now + remind_after)):
        attempts.cancel_waiting(session, alert_id, "acknowledged")
        record(session, alert_id, now, "acknowledged", taker.name, taker.how)
        return Taken(True, taker.name, now)
    found = session.execute(
        select(AlertRow.acknowledged_by, AlertRow.acknowledged_at).where(AlertRow.id == alert_id)
    ).one_or_none()
    if found is None:
        return Taken(False)
    record(session, alert_id, now, "also tried to acknowledge", taker.name, taker.how)
    return Taken(False, found.acknowledged_by or "", found.acknowledged_at)


def record_outcome(session: Session, alert_id: str, who: str, outcome: str, now: datetime) -> bool:
    """Close an alert with what was done; False when it is closed already or the outcome is not one of OUTCOMES."""
    if outcome not in escalation.OUTCOMES:
        return False
    taken = update(AlertRow).where(AlertRow.id == alert_id, AlertRow.state == "acknowledged")
    closing = taken.values(state="closed", outcome=outcome, closed_at=now, next_action_at=None)
    closed = changed(session, closing) == 1
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


def locked(session: Session, alert_id: str) -> AlertRow:
    """One alert as it is now, locked for this unit of work; lock it before its attempts, as everybody does."""
    return session.get_one(AlertRow, alert_id, populate_existing=True, with_for_update=True)


def leave_contact(session: Session, alert_id: str, box: bytes, now: datetime, mobile: bool) -> bool:
    """Put a sealed number that they left themselves on an alert that is not closed; False when it is."""
    home = joining.locked_home(session, alert_id)
    if home is None or home.state == "closed":
        return False
    changes: dict[str, Any] = {"sealed_contact": box} | ({"cannot_be_texted": False} if mobile else {})
    session.execute(update(AlertRow).where(AlertRow.id == alert_id).values(**changes))
    record(session, alert_id, now, joining.LEFT, "Heard")
    if home.id != alert_id:
        record(session, home.id, now, "left another number", "Heard", "on the page of an alert that was joined to it")
    return True


def is_open(session: Session, alert_id: str | None) -> bool:
    """Whether this alert, or the one it was joined to, waits for an outcome: then later words belong to it."""
    if alert_id is None:
        return False
    state = select(AlertRow.state).where(AlertRow.id == joining.home_of(alert_id))
    return session.scalar(state) in ("open", "acknowledged")


def timeline(session: Session, alert_id: str) -> Sequence[AlertEventRow]:
    """The history of one alert, oldest first."""
    wanted = select(AlertEventRow).where(AlertEventRow.alert_id == alert_id)
    return session.scalars(wanted.order_by(AlertEventRow.at, AlertEventRow.id)).all()
