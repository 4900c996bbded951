"""Alerts that are due, to the duty contact: by text and mail, with a code, a level and a link, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from bot.parts import Parts
from bot.sender import ALERT_LIFE, NotSent, Outgoing
from conversations import alerts, duty_rota, escalation, outbox
from conversations.models import AlertRow, AttemptRow
from conversations.shifts import Rota


@dataclass(frozen=True, slots=True)
class Held:
    """An attempt that this process has leased."""

    id: str
    lease: str | None
    alert_id: str
    way: str
    tries: int


def act_on_due(session: Session, parts: Parts) -> int:
    """Tell again about every alert that nobody has acted on in time; gives how many."""
    now = parts.clock()
    policy = parts.policy.fitted(parts.settings.cover_hours, parts.ways)
    due = alerts.due(session, policy, now)
    rota = duty_rota.load(session, now) if due else Rota()
    for alert in due:
        alerts.act(session, alert, policy, rota, now)
    session.commit()
    return len(due)


def send_due(session: Session, parts: Parts) -> int:
    """Make every attempt that is due; one commit takes the lease, another keeps the result. Gives how many."""
    claimed = outbox.claim(session, AttemptRow, parts.clock())
    held = [Held(each.id, each.lease, each.alert_id, each.way, each.tries) for each in claimed]
    session.commit()
    for attempt in held:
        alert = session.get_one(AlertRow, attempt.alert_id)
        code = f"DRILL {alert.reference}" if alert.drill else alert.reference
        needed, notice = alert.state == "open", _notice(attempt.way, code, alert.level, parts)
        still_ours = outbox.still_held(session, AttemptRow, attempt.id, attempt.lease, parts.clock())
        session.commit()
        if not still_ours:
            continue
        if needed:
            _try(session, parts, attempt, notice)
        else:
            outbox.cancel(session, AttemptRow, attempt.id, "no longer open")
        session.commit()
    return len(held)


def _try(session: Session, parts: Parts, attempt: Held, notice: Outgoing) -> None:
    try:
        provider_id = parts.ways[attempt.way].send(notice)
    except NotSent as failed:
        now = parts.clock()
        again_at = escalation.retry_at(attempt.tries, now) if failed.again else None
        outbox.mark_failed(session, AttemptRow, attempt.id, failed.code, again_at)
        _record(session, attempt.alert_id, now, "could not be sent", f"{attempt.way}: {failed.code}")
        return
    now = parts.clock()
    outbox.mark_sent(session, AttemptRow, attempt.id, provider_id, now)
    again = f": try {attempt.tries}, perhaps twice" if attempt.tries > 1 else ""
    _record(session, attempt.alert_id, now, "sent", f"{attempt.way}{again}")


def _record(session: Session, alert_id: str, now: datetime, what: str, detail: str) -> None:
    alerts.record(session, alert_id, now, what, "Heard", detail)


def _notice(way: str, reference: str, level: str, parts: Parts) -> Outgoing:
    settings = parts.settings
    link = f"{settings.public_url}/staff/alerts/"
    body = f"Heard alert {reference}, level {level}. Open it and acknowledge: {link}"
    if way == "sms":
        return Outgoing(settings.duty_phone, settings.twilio_numbers[0], body, life=ALERT_LIFE)
    return Outgoing(settings.duty_email, settings.mail_from, body, subject=f"Heard alert {reference}")
