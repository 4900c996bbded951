"""A number that a visitor leaves, so that the duty worker can reach them: sealed, and nowhere in the open."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from bot.inbound import SEALED_FOR, STORE_IS_DOWN
from bot.message import Unanswered
from bot.parts import Parts
from conversations import alerts, numbering, relays, store
from conversations.db import db
from conversations.sealing import Sealable
from conversations.values import Person

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Left:
    """A British number that somebody left; it shows itself to nobody."""

    number: Sealable
    mobile: bool


def british(text: str) -> Left | None:
    """The mobile or landline that a text is and nothing more, from here on out of sight; None for anything else."""
    found = numbering.british(text)
    return Left(Sealable(found.number), found.mobile) if found else None


def leave(persons: tuple[Person, Person], left: Left, parts: Parts) -> bool:
    """Seal a number onto the open alert of this visitor; False when there is none. Raises Unanswered."""
    session = db.session()
    try:
        kept = _kept(session, persons, left, parts)
        session.commit()
    except STORE_IS_DOWN as down:
        session.rollback()
        log.error("store down: %s", type(down).__name__)
        raise Unanswered from None
    return kept


def _kept(session: Session, persons: tuple[Person, Person], left: Left, parts: Parts) -> bool:
    turn, now = store.find(session, persons, lock=True), parts.clock()
    if turn is None or turn.alert_id is None:
        return False
    box = left.number.seal(parts.keys.of_day(now), "alert", turn.alert_id, now + SEALED_FOR)
    if not alerts.leave_contact(session, turn.alert_id, box, now, left.mobile):
        return False
    if left.mobile:
        relays.agree(session, turn.alert_id, True, now)
    else:
        relays.cut_off(session, turn.alert_id, "landline", now)
    store.keep_state(session, turn, replace(turn.state, reach_ok="left"))
    return True
