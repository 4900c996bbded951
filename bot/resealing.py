"""What is sealed about an alert gets a key of the alert's own, so that keys of days die on time and it can be read."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from bot.contacts import Contacts
from bot.parts import Parts
from conversations import boxes
from conversations.boxes import Box
from conversations.sealing import CannotOpen, Sealable

OUTER_LIFE = timedelta(days=365)
"""The time inside the box. What ends it is the key, which dies a set time after the outcome: nobody knows that yet."""


def reseal(session: Session, parts: Parts, contacts: Contacts) -> int:
    """Seal to its own key whatever of an alert lies under the key of a day and can be opened; gives how many."""
    now = parts.clock()
    waiting = boxes.under_day_keys(session, now, parts.settings.words_kept)
    return sum(_reseal(session, contacts, box, now) for box in waiting)


def _reseal(session: Session, contacts: Contacts, box: Box, now: datetime) -> bool:
    purpose = box.place.purpose
    try:
        content = Sealable(contacts.content(box.sealed, purpose, box.row, now))
    except CannotOpen:
        return False
    key = contacts.keys.of_alert(box.alert_id)
    return boxes.seal_anew(session, box, content.seal(key, purpose, box.row, now + OUTER_LIFE))


def destroy_ended(session: Session, parts: Parts, contacts: Contacts) -> tuple[str, ...]:
    """Destroy the keys of alerts whose time is over; gives their names.

    A key whose alert this database does not have stays: somebody may have started us on another one.
    """
    theirs = contacts.keys.alerts()
    over = boxes.ended(session, theirs, parts.clock(), parts.settings.words_kept)
    return contacts.keys.destroy_alerts(over)
