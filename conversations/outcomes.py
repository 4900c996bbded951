"""What a duty worker does with an alert once it is theirs: report and close, hand over, take over, join, open again."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from conversations import alerts, joining, relays, reporting
from conversations.db import changed
from conversations.duty_models import HandoverRow, ReportRow
from conversations.models import AlertEventRow, AlertRow, AlertWordsRow
from conversations.reporting import MERGED, Report
from conversations.sealing import Seals
from conversations.values import Level

EVERYBODY = 99
"""Past every step of the policy, so its last: everyone and the safeguarding lead are told."""
BEGINS_ANEW = ("opened again", "everybody is told", "level rose")
"""What the history says when nobody has an alert any more, or it is a graver one."""
APART = "taken apart"
ITS_OWN = "its texts, number and yes are here, our texts, reports and handovers in between are there"
STAYS = "with its texts, number and yes; reports, handovers and level here may be of either: look again"
"""What the history of two alerts says that are not of one young person after all."""
REPORT_NOTES, HANDOVER_NOTES = "report notes", "handover notes"
"""What the sealed boxes of a report and of a handover were made for."""


@dataclass(frozen=True, slots=True)
class Worker:
    """Who does it: their account, and the name that colleagues know them by."""

    id: int
    name: str

    def has(self, alert: AlertRow) -> bool:
        """Whether they have taken this alert; where no account was noted, the name says it."""
        if alert.state != "acknowledged":
            return False
        return alert.owner_id == self.id if alert.owner_id is not None else alert.acknowledged_by == self.name


@dataclass(frozen=True, slots=True)
class Note:
    """What a duty worker wrote freely: in which box it lies, when it was written and by whom."""

    row: str
    purpose: str
    at: datetime
    who: str
    sealed: bytes | None


def reports(session: Session, alert_id: str) -> Sequence[ReportRow]:
    """What was reported of an alert, oldest first: more than one when it was opened again."""
    return session.scalars(select(ReportRow).where(ReportRow.alert_id == alert_id).order_by(ReportRow.at)).all()


def handovers(session: Session, alert_id: str) -> Sequence[HandoverRow]:
    """To which partner agencies an alert was handed, oldest first."""
    wanted = select(HandoverRow).where(HandoverRow.alert_id == alert_id)
    return session.scalars(wanted.order_by(HandoverRow.handed_at)).all()


def receipts(session: Session, alert_id: str) -> frozenset[str]:
    """The handovers of which a partner agency has said that they have this alert as it is now.

    What was handed over and received before it last began anew was another alert to them.
    """
    began = select(func.max(AlertEventRow.at)).where(AlertEventRow.alert_id == alert_id)
    anew_at = session.scalar(began.where(AlertEventRow.what.in_(BEGINS_ANEW)))
    received = [(each.id, each.handed_at, each.received_at) for each in handovers(session, alert_id)]
    return frozenset(row for row, handed, at in received if at and (anew_at is None or max(handed, at) >= anew_at))


def is_received(session: Session, alert_id: str) -> bool:
    """Whether a partner agency has said that they have this alert."""
    return bool(receipts(session, alert_id))


def notes(session: Session, alert_ids: Sequence[str]) -> list[Note]:
    """What duty workers noted of these alerts and is still kept."""
    kept = [
        Note(row.id, REPORT_NOTES, row.at, row.who, row.sealed_notes)
        for row in session.scalars(select(ReportRow).where(ReportRow.alert_id.in_(alert_ids)))
    ]
    kept += [
        Note(row.id, HANDOVER_NOTES, row.handed_at, row.handed_by, row.sealed_notes)
        for row in session.scalars(select(HandoverRow).where(HandoverRow.alert_id.in_(alert_ids)))
    ]
    return [note for note in kept if note.sealed is not None]


def joinable(session: Session, alert: AlertRow) -> Sequence[AlertRow]:
    """Alerts that may turn out to be of the same young person, the newest first; a drill joins only drills."""
    wanted = select(AlertRow).where(AlertRow.state != "closed", AlertRow.id != alert.id, AlertRow.drill == alert.drill)
    return session.scalars(wanted.order_by(AlertRow.raised_at.desc())).all()


def close(session: Session, alert_id: str, worker: Worker, report: Report, seals: Seals, now: datetime) -> bool:
    """Close an alert with a whole report; False when it is not this worker's any more, or the report has faults."""
    alert = _locked(session, alert_id)
    if not worker.has(alert) or reporting.faults(report, is_received(session, alert_id)):
        return False
    report_id = secrets.token_hex(16)
    session.execute(
        insert(ReportRow).values(
            id=report_id,
            alert_id=alert_id,
            at=now,
            who=worker.name,
            outcome=report.outcome,
            where_now=report.where_now,
            safe_now=report.safe_now,
            told=list(report.told),
            young_person_told=report.young_person_told,
            next_step=report.next_step,
            sealed_notes=seals.seal_words(report_id, REPORT_NOTES),
        )
    )
    return alerts.record_outcome(session, alert_id, worker.name, report.outcome, now)


def hand_over(
    session: Session, alert_id: str, worker: Worker, partner: str, seals: Seals | None, now: datetime
) -> bool:
    """Note that a partner agency was asked to act; alert and clock stay with us. False when it is not this worker's."""
    alert = _locked(session, alert_id)
    waits = {each.partner for each in handovers(session, alert_id) if not each.received_at}
    if not worker.has(alert) or partner in waits:
        return False
    handover_id = secrets.token_hex(16)
    session.execute(
        insert(HandoverRow).values(
            id=handover_id,
            alert_id=alert_id,
            partner=partner,
            handed_at=now,
            handed_by=worker.name,
            sealed_notes=seals.seal_words(handover_id, HANDOVER_NOTES) if seals else None,
        )
    )
    alerts.record(session, alert_id, now, "handed over", worker.name, f"to {partner}, who have yet to say they have it")
    return True


def receive(session: Session, handover: HandoverRow, by: str, at: datetime, worker: Worker, now: datetime) -> bool:
    """Note who at the partner agency has it, and since when; False when that is noted already."""
    waits = update(HandoverRow).where(HandoverRow.id == handover.id, HandoverRow.received_at.is_(None))
    if changed(session, waits.values(received_by=by, received_at=at)) != 1:
        return False
    alerts.record(session, handover.alert_id, now, "handover received", worker.name, f"by {by}, {handover.partner}")
    return True


def reopen(session: Session, alert_id: str, worker: Worker, reason: str, now: datetime) -> bool:
    """Open a closed alert again, and have it told at once as if it were new; False when it is not closed.

    One that was joined to another goes on by itself from here.
    """
    home = joining.locked_home(session, alert_id)
    alert = _locked(session, alert_id)
    if home is None or alert.state != "closed":
        return False
    alert.outcome = alert.closed_at = None
    alerts.open_again(session, alert, reporting.REOPEN_REASONS[reason], now, worker.name)
    if home is not alert:
        _take_apart(session, alert, home, worker, now)
    return True


def _take_apart(session: Session, alert: AlertRow, home: AlertRow, worker: Worker, now: datetime) -> None:
    """What was joined to this alert goes with it; what was written to both together, and has yet to go, does not go."""
    both = joining.along(alert.id, joining.joined(session, home.id))
    alert.merged_into = alert.joined_to = None
    session.execute(update(AlertRow).where(AlertRow.id.in_(both)).values(merged_into=alert.id))
    relays.take_back(session, home.id, "the alert was taken apart from another", now)
    alerts.record(session, alert.id, now, APART, worker.name, f"from alert {home.reference}; {ITS_OWN}")
    alerts.record(session, home.id, now, APART, worker.name, f"from alert {alert.reference}; {STAYS}")
    heard = select(AlertWordsRow.level).where(AlertWordsRow.alert_id.in_((alert.id, *both)))
    gravest = max(session.scalars(heard), key=lambda level: Level[level.upper()], default=alert.level)
    _rise(session, alert, gravest, worker, now)


def take_over(session: Session, alert_id: str, worker: Worker, reason: str, now: datetime) -> bool:
    """Make a colleague's alert this worker's: its hour begins anew, and its next action is never put off.

    False when nobody else has it.
    """
    alert = _locked(session, alert_id)
    if alert.state != "acknowledged" or worker.has(alert):
        return False
    why = f"from {alert.acknowledged_by}: {reporting.TAKE_OVER_REASONS[reason]}"
    alert.owner_id, alert.acknowledged_by = worker.id, worker.name
    alert.acknowledged_at = alert.clock_from = now
    alerts.record(session, alert_id, now, "taken over", worker.name, why)
    return True


def tell_everybody(session: Session, alert_id: str, worker: Worker, now: datetime) -> bool:
    """Have everyone told now rather than when the clock says; whoever has it gives it back. False when it is not so.

    A drill is never told to everyone.
    """
    alert = _locked(session, alert_id)
    if alert.drill or (alert.state != "open" and not worker.has(alert)):
        return False
    alerts.start_again(alert, now)
    alert.step = EVERYBODY
    alerts.record(session, alert_id, now, "everybody is told", worker.name, "asked for by hand")
    return True


def merge(session: Session, alert_id: str, other_id: str, worker: Worker, now: datetime) -> str | None:
    """Join two alerts of one young person: the younger closes, the older goes on at the higher level. Gives its id.

    None when the first is not this worker's, or the two cannot be joined. A rise in level opens the older one again,
    unless it is theirs: they know.
    """
    locked = select(AlertRow).where(AlertRow.id.in_((alert_id, other_id))).order_by(AlertRow.id).with_for_update()
    pair = {alert.id: alert for alert in session.scalars(locked.execution_options(populate_existing=True))}
    if len(pair) != 2 or not worker.has(pair[alert_id]) or not _may_join(*pair.values()):
        return None
    older, younger = sorted(pair.values(), key=lambda alert: (alert.raised_at, alert.id))
    younger.state, younger.outcome, younger.closed_at = "closed", MERGED, now
    younger.next_action_at = None
    younger.merged_into = younger.joined_to = older.id
    session.execute(update(AlertRow).where(AlertRow.merged_into == younger.id).values(merged_into=older.id))
    alerts.record(session, younger.id, now, "joined", worker.name, f"to alert {older.reference}, as one young person's")
    alerts.record(session, older.id, now, "joined by", worker.name, f"alert {younger.reference}, as one young person's")
    _rise(session, older, younger.level, worker, now)
    return older.id


def _may_join(one: AlertRow, other: AlertRow) -> bool:
    return "closed" not in (one.state, other.state) and one.drill == other.drill


def _rise(session: Session, alert: AlertRow, level: str, worker: Worker, now: datetime) -> None:
    if Level[level.upper()] <= Level[alert.level.upper()]:
        return
    alert.level = level
    alerts.record(session, alert.id, now, "level rose", "Heard", level)
    if not worker.has(alert):
        alerts.start_again(alert, now)


def _locked(session: Session, alert_id: str) -> AlertRow:
    """The alert as it is now, locked until the commit."""
    return session.get_one(AlertRow, alert_id, with_for_update=True, populate_existing=True)
