"""Numbers that staff may see: sealed by the worker to one browser session, and the lead told of what was done alone."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.contacts import Contacts
from bot.desk import Desk
from bot.notices import address, left, sender_of
from bot.parts import Parts
from bot.sender import Outgoing
from conversations import alerts, breaking_glass, duty_rota, reveals
from conversations.duty_models import RevealRow
from conversations.escalation import Person
from conversations.keys import MissingKey, PrivateKeys
from conversations.models import AlertRow, OpeningRow
from conversations.sealing import CannotOpen, Sealable, public_half
from conversations.shifts import Rota, leads

log = logging.getLogger(__name__)

PURPOSE = "number"
WRITTEN = ("sms", "notify_sms", "email", "notify_email")
"""The ways by which a lead is told; a call would ask them to take the alert, and that is not meant."""
LIFE = 24 * 3600


def fill_numbers(session: Session, parts: Parts, desk: Desk) -> int:
    """Seal each number that somebody may see now to the browser session that asked; gives how many.

    Whether they may is decided here once more: nothing but this process can open it.
    """
    now = parts.clock()
    waits = OpeningRow.reveal_id.is_not(None), OpeningRow.sealed.is_(None), OpeningRow.expires_at > now
    openings = session.scalars(select(OpeningRow).where(*waits).with_for_update(skip_locked=True)).all()
    contacts = Contacts(PrivateKeys(parts.settings.keys_dir))
    return sum(_fill(session, contacts, opening, now) for opening in openings)


def _fill(session: Session, contacts: Contacts, opening: OpeningRow, now: datetime) -> bool:
    reveal = session.get_one(RevealRow, opening.reveal_id, populate_existing=True)
    if not breaking_glass.may_open(reveals.value(reveal), opening.staff_id, now):
        log.error("a number was asked for that nobody stands for")
        session.delete(opening)
        return False
    alert = session.get_one(AlertRow, reveal.alert_id, populate_existing=True)
    try:
        number = contacts.number(alert.sealed_contact, "alert", alert.id, now)
    except (CannotOpen, MissingKey):
        number = ""  # the page says that it can no longer be opened
    opening.sealed = Sealable(number).seal(public_half(opening.public_half), PURPOSE, opening.id, opening.expires_at)
    return True


def tell_leads(session: Session, parts: Parts, contacts: Contacts) -> int:
    """Tell the safeguarding leads, or else the duty contact, of each number asked for alone; gives of how many.

    What has reached nobody is tried again at the next round, and the watch raises the alarm of its own.
    """
    waiting = [(row.id, row.alert_id, row.staff_id) for row in reveals.untold(session)]
    session.commit()
    rota = duty_rota.load(session, parts.clock()) if waiting else Rota()
    told = [each for each in waiting if _told(session, parts, rota, each[1], each[2])]
    for reveal_id, alert_id, _ in told:
        session.get_one(RevealRow, reveal_id).told_at = parts.clock()
        alerts.record(session, alert_id, parts.clock(), "safeguarding lead told", "Heard", "of the number")
    return len(told)


def _told(session: Session, parts: Parts, rota: Rota, alert_id: str, opener: int) -> bool:
    alert = session.get_one(AlertRow, alert_id)
    reference, drill = alert.reference, "DRILL. " if alert.drill else ""
    others = [person for person in leads(rota) if person != opener]
    session.commit()  # nothing is held while others are called
    told = [_sent(parts, way, to, reference, drill) for way, to in _everywhere(parts, rota, others)]
    if not any(told):
        told = [_sent(parts, way, to, reference, drill) for way, to in _everywhere(parts, rota, (None,))]
    return any(told)


def _everywhere(parts: Parts, rota: Rota, people: Iterable[Person]) -> Iterator[tuple[str, str]]:
    """By each way that leads to any of these people, where to."""
    for person in people:
        for way in WRITTEN:
            if to := address(parts, rota, person, way):
                yield way, to


def _sent(parts: Parts, way: str, to: str, reference: str, drill: str) -> bool:
    link = f"{parts.settings.public_url}/staff/numbers/"
    body = f"{drill}Heard alert {reference}: somebody opened its number alone. Review it within 24 hours: {link}"
    subject = f"{drill}Heard: a number was opened alone"
    message = Outgoing(to, sender_of(parts.settings, way), body, subject=subject, life=LIFE)
    return left(parts, way, lambda: message, "a lead could not be told")
