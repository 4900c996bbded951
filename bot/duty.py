"""Alerts that are due, to the duty contact: by text and mail, with a code, a level and a link, and nothing else."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from bot.parts import Parts
from bot.sender import ALERT_LIFE, NotSent, Outgoing
from conversations import alerts, escalation, outbox
from conversations.models import AlertRow, AttemptRow
from conversations.values import Assessment

log = logging.getLogger(__name__)


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
    due = alerts.due(session, now)
    for alert in due:
        alerts.act(session, alert, now)
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


def notify_past_the_store(assessment: Assessment, parts: Parts) -> None:
    """Tell the duty contact at once, without the database: somebody may be harmed and we could not keep the message."""
    with ThreadPoolExecutor(len(escalation.WAYS)) as ways:  # side by side: Twilio waits 15 seconds for our answer
        list(ways.map(lambda way: _notify(way, assessment.handled_as.word, parts), escalation.WAYS))


def _notify(way: str, level: str, parts: Parts) -> None:
    try:
        parts.ways[way].send(_notice(way, "", level, parts))
    except NotSent as failed:
        log.error("notice past the store failed: way=%s code=%s", way, failed.code)


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
    if reference:
        body = f"Heard alert {reference}, level {level}. Open it and acknowledge: {link}"
    else:
        body = f"Heard alert, level {level}. Heard could not store the message. Look at Twilio's message log now."
    if way == "sms":
        return Outgoing(settings.duty_phone, settings.twilio_numbers[0], body, life=ALERT_LIFE)
    return Outgoing(settings.duty_email, settings.mail_from, body, subject=f"Heard alert {reference}".strip())
