"""Numbers that staff may see: sealed by the worker to one browser session; who must say yes or review it is told."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.contacts import Contacts
from bot.desk import Desk
from bot.notices import address, left, sender_of
from bot.parts import Parts
from bot.sender import Outgoing
from conversations import alerts, breaking_glass, duty_rota, heartbeats, joining, reveals
from conversations.duty_models import RevealRow
from conversations.escalation import Person
from conversations.keys import MissingKey, PrivateKeys
from conversations.models import AlertRow, OpeningRow
from conversations.sealing import CannotOpen, Sealable, public_half
from conversations.shifts import Rota, leads

log = logging.getLogger(__name__)

PURPOSE = "number"
WRITTEN = ("sms", "notify_sms", "email", "notify_email")
"""The ways by which they are told; a call would ask them to take the alert, and that is not meant."""
MISSED, AGAIN = "approvers missed", timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Wish:
    """A wish to see a number, as far as telling somebody of it needs."""

    id: str
    alert_id: str
    reference: str
    drill: bool
    staff: int


@dataclass(frozen=True, slots=True)
class Saying:
    """What others are told: no name, no number and no word of anybody; of use for so long."""

    subject: str
    body: str
    life: timedelta
    drill: bool


def fill_numbers(session: Session, parts: Parts, desk: Desk) -> int:
    """Seal each number that somebody may see now to the browser session that asked; gives how many.

    Whether they may is decided here once more: nothing but this process can open it. Where its key is refused, which is
    not gone, the page goes on waiting.
    """
    now = parts.clock()
    waits = OpeningRow.reveal_id.is_not(None), OpeningRow.sealed.is_(None), OpeningRow.expires_at > now
    openings = session.scalars(select(OpeningRow).where(*waits).with_for_update(skip_locked=True)).all()
    contacts = Contacts(PrivateKeys(parts.settings.keys_dir))
    return sum(_fill(session, contacts, opening, now) for opening in openings)


def _fill(session: Session, contacts: Contacts, opening: OpeningRow, now: datetime) -> bool:
    reveal = session.get_one(RevealRow, opening.reveal_id, populate_existing=True)
    if not reveals.may_open(session, reveal, opening.staff_id, now):
        log.error("a number was asked for that nobody stands for or that is not to be opened")
        session.delete(opening)
        return False
    alert = joining.reached(session, session.get_one(AlertRow, reveal.alert_id, populate_existing=True))
    try:
        number = contacts.number(alert.sealed_contact, "alert", alert.id, now)
    except CannotOpen:
        number = ""  # the page says that it can no longer be opened
    except MissingKey as refused:
        log.error("a number is waiting: %s", type(refused).__name__)
        return False
    opening.sealed = Sealable(number).seal(public_half(opening.public_half), PURPOSE, opening.id, opening.expires_at)
    return True


def tell_leads(session: Session, parts: Parts, contacts: Contacts) -> int:
    """Tell the safeguarding leads, or else the duty contact, of each number asked for alone; gives of how many.

    What has reached nobody is tried again at the next round, and the watch raises the alarm of its own.
    """
    waiting = _asked(session, reveals.untold(session))
    rota = duty_rota.load(session, parts.clock()) if waiting else Rota()
    others = [tuple(person for person in leads(rota) if person != wish.staff) for wish in waiting]
    told = [wish for wish, people in zip(waiting, others, strict=True) if _told(parts, rota, people, _alone(wish))]
    _note(session, parts, told, "safeguarding lead told", "of the number")
    return len(told)


def tell_approvers(session: Session, parts: Parts, contacts: Contacts) -> int:
    """Ask whoever may say yes to a number, or else the duty contact, once for each wish that waits; gives for how many.

    After a wish has reached nobody the next try is a minute later: other work waits while a provider hangs.
    """
    now = parts.clock()
    waiting = _asked(session, reveals.unheard(session, now))
    if not waiting or not heartbeats.due(session, MISSED, now, AGAIN):
        return 0
    rota = duty_rota.load(session, now)
    session.commit()
    people = [breaking_glass.approvers(rota, wish.staff, now) for wish in waiting]
    told = [wish for wish, each in zip(waiting, people, strict=True) if _told(parts, rota, each, _together(wish))]
    _note(session, parts, told, "a second person was asked", "for a yes to the number")
    if len(told) < len(waiting):
        heartbeats.beat(session, MISSED, parts.clock())
    return len(told)


def _asked(session: Session, rows: Iterable[RevealRow]) -> list[Wish]:
    found = [(row.id, session.get_one(AlertRow, row.alert_id), row.staff_id) for row in rows]
    wishes = [Wish(one, alert.id, alert.reference, alert.drill, staff) for one, alert, staff in found]
    session.commit()  # nothing is held while others are called
    return wishes


def _note(session: Session, parts: Parts, wishes: Iterable[Wish], what: str, detail: str) -> None:
    for wish in wishes:
        session.get_one(RevealRow, wish.id).told_at = parts.clock()
        alerts.record(session, wish.alert_id, parts.clock(), what, "Heard", detail)


def _alone(wish: Wish) -> Saying:
    what = f"alert {wish.reference}: somebody opened its number alone. Review it within 24 hours:"
    return Saying("a number was opened alone", what, breaking_glass.REVIEW_WITHIN, wish.drill)


def _together(wish: Wish) -> Saying:
    what = "has a request that waits for your yes or no, for an hour:"
    return Saying("a request waits for you", what, breaking_glass.STANDS, wish.drill)


def _told(parts: Parts, rota: Rota, people: Iterable[Person], saying: Saying) -> bool:
    """Whether anybody was told: one of these people, or else the duty contact; by every way at once."""
    return _sent(parts, rota, people, saying) or _sent(parts, rota, (None,), saying)


def _sent(parts: Parts, rota: Rota, people: Iterable[Person], saying: Saying) -> bool:
    everywhere = list(_everywhere(parts, rota, people))
    with ThreadPoolExecutor(len(everywhere) or 1) as pool:
        return any(list(pool.map(lambda each: _left(parts, each, saying), everywhere)))


def _everywhere(parts: Parts, rota: Rota, people: Iterable[Person]) -> Iterator[tuple[str, str]]:
    """By each way that leads to any of these people, where to."""
    for person in people:
        for way in WRITTEN:
            if to := address(parts, rota, person, way):
                yield way, to


def _left(parts: Parts, where: tuple[str, str], saying: Saying) -> bool:
    way, to = where
    link, drill = f"{parts.settings.public_url}/staff/numbers/", "DRILL. " if saying.drill else ""
    body, subject = f"{drill}Heard {saying.body} {link}", f"{drill}Heard: {saying.subject}"
    life = int(saying.life.total_seconds())
    message = Outgoing(to, sender_of(parts.settings, way), body, subject=subject, life=life)
    return left(parts, way, lambda: message, "somebody could not be told of a number")
