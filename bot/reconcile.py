"""What Twilio received and we did not is found and taken like any other; what Twilio keeps of it is deleted in time."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from bot import inbound
from bot.contacts import Contacts
from bot.message import Inbound, Tampered, Unanswered
from bot.message_log import Entry, Kept, MessageLog, Unreadable
from bot.parts import Parts
from bot.texted import Text, inbound_of, message_id
from conversations import alerts, heartbeats, outbox, receipts
from conversations.keys import MissingKey
from conversations.lives import MESSAGE_ID_LIFE
from conversations.script import load_words
from conversations.sealing import Sealable, Seals

log = logging.getLogger(__name__)

EVERY = timedelta(minutes=1)
GRACE = timedelta(seconds=30)
"""A text this young may still be on its way to us: Twilio waits fifteen seconds for its webhook."""
OVERLAP = timedelta(minutes=10)
FIRST_LOOK = timedelta(hours=1)
"""How far back the first look of all goes: what is older was texted to somebody who had the number before."""
AGE_OF_HASHES = MESSAGE_ID_LIFE - timedelta(days=2)
"""Of what is older we could not know that we have it."""
ANSWERED_SOON = timedelta(hours=1)
ANSWERED_WITHIN = timedelta(minutes=2)
PATIENCE = timedelta(minutes=5)
"""With a text that breaks something of ours; with a store that is down there is no end to it."""
BEHIND = timedelta(minutes=5)

SWEEP_EVERY = timedelta(hours=1)
KEPT_FOR = timedelta(hours=26)
"""A nightly backup and two hours: what a restored backup lacks is then found again."""
GONE_WITHIN = timedelta(hours=72)
DELETED_AT_ONCE = 100

TRIED, FOUND, SWEPT, COPIES = "reconcile", "reconciled", "sweep", "copies"
FAULT = "not-assessed:fault"


def find_missed(session: Session, parts: Parts, contacts: Contacts) -> int:
    """Once a minute, take every text that Twilio has and we do not; gives how many.

    The heartbeat `reconciled` is the time up to which we have everything; it stays where a text could not be taken.
    """
    now = parts.clock()
    if not parts.settings.reconcile or not heartbeats.due(session, TRIED, now, EVERY):
        return 0
    heartbeats.beat(session, TRIED, now)
    since = _begun(session, now)
    session.commit()
    twilio = MessageLog(parts.settings)
    try:
        missed = _missing(session, twilio.to_us(since - OVERLAP), parts, now - GRACE)
        taken = _take_all(session, missed, _answered(twilio, missed), parts)
    except Unreadable as lost:
        log.error("Twilio's log cannot be read: %s", lost)
        return 0
    left = [entry.at for entry in missed if entry not in taken]
    heartbeats.beat(session, FOUND, min([now - GRACE, *left]))
    session.commit()
    return len(taken)


def behind(session: Session, now: datetime) -> bool:
    """Whether we have not been able to look for missed texts, or to take one, for some minutes."""
    found = heartbeats.last(session, FOUND)
    return found is not None and now - found > BEHIND


def delete_copies(session: Session, parts: Parts, contacts: Contacts) -> int:
    """Delete what Twilio keeps, once it is old enough and we have it; gives how many messages.

    The heartbeat `copies` is the time up to which everything is gone.
    """
    now = parts.clock()
    gone_until = heartbeats.last(session, COPIES)
    if not parts.settings.reconcile or gone_until is None or not heartbeats.due(session, SWEPT, now, SWEEP_EVERY):
        return 0
    heartbeats.beat(session, SWEPT, now - SWEEP_EVERY + EVERY)  # again in a minute, unless all goes well
    session.commit()
    twilio, until = MessageLog(parts.settings), now - KEPT_FOR
    try:
        old = [entry for entry in twilio.whole(gone_until - OVERLAP) if entry.made_at <= until]
        missed = _missing(session, old, parts, until)  # too late for the list of the last minutes, and never too late
        _take_all(session, missed, frozenset(), parts)
    except Unreadable as lost:
        log.error("Twilio's copies cannot be listed: %s", lost)
        return 0
    left, done = _delete_each(session, twilio, old, parts)
    if done:
        heartbeats.beat(session, SWEPT, now)
    heartbeats.beat(session, COPIES, max(gone_until, min([until, *(entry.made_at for entry in left)])))
    session.commit()
    return len(old) - len(left)


def copies_overdue(session: Session, now: datetime) -> bool:
    """Whether Twilio may still have something that should have been deleted there."""
    gone_until = heartbeats.last(session, COPIES)
    return gone_until is not None and now - gone_until > GONE_WITHIN


def _begun(session: Session, now: datetime) -> datetime:
    """Up to when we have everything; at the very first look both marks are set."""
    found = heartbeats.last(session, FOUND)
    if found is None:
        found = now - FIRST_LOOK
        heartbeats.beat(session, FOUND, found)
        heartbeats.beat(session, COPIES, found)
    if found > now:  # the clock was ahead until it was put back: we looked where Twilio had nothing yet
        found = now - KEPT_FOR
    return max(found, now - AGE_OF_HASHES)


def _missing(session: Session, entries: Iterable[Entry], parts: Parts, until: datetime) -> list[Entry]:
    """Those of these texts to us that we do not have and that cannot be on their way to us any more.

    Of one that is from later than now we cannot know, since our clock is slow; it would do no harm to have it twice.
    """
    secret, now = parts.settings.record_key, parts.clock()
    texts = {
        message_id(entry.sid, secret): entry
        for entry in entries
        if entry.inbound and entry.status != "receiving" and entry.sender != entry.to and not until < entry.at <= now
    }
    have = receipts.known(session, texts)
    session.commit()
    return [entry for message, entry in texts.items() if message not in have]


def _answered(twilio: MessageLog, missed: Sequence[Entry]) -> frozenset[str]:
    """The ids of texts that we answered before a restored backup forgot them; raises Unreadable.

    The fixed safety words are no answer: they say that we could not keep it.
    """
    if not missed:
        return frozenset()
    standing = load_words()["en"].line("store_down")
    said = [entry for entry in twilio.from_us(min(entry.at for entry in missed)) if entry.body.strip() != standing]
    return frozenset(
        entry.sid
        for entry in missed
        if any(each.to == entry.sender and entry.at <= each.at <= entry.at + ANSWERED_WITHIN for each in said)
    )


def _take_all(session: Session, missed: Sequence[Entry], answered: frozenset[str], parts: Parts) -> list[Entry]:
    """Take each, oldest first; one that cannot be taken stops none of the others. Gives those that we have now."""
    taken = [entry for entry in missed if _take(session, entry, entry.sid in answered, parts)]
    if missed:
        log.warning("found later: %d of %d texts that no webhook had brought", len(taken), len(missed))
    return taken


def _take(session: Session, entry: Entry, answered: bool, parts: Parts) -> bool:
    age = parts.clock() - entry.at
    text = Text(entry.sid, entry.sender, entry.to, entry.body, entry.media, entry.at)
    message = replace(inbound_of(text, parts, "soon" if age <= ANSWERED_SOON else "late"), answered=answered)
    try:
        inbound.answer(message, parts)
    except Tampered:  # its webhook came meanwhile
        return True
    except Unanswered as failed:
        return not failed.again and age > PATIENCE and _let_a_person_look(session, message, parts)
    return True


def _let_a_person_look(session: Session, message: Inbound, parts: Parts) -> bool:
    """Raise an alert of a text that none of our steps can take, and count it as received; False without a store."""
    now = parts.clock()
    try:
        found = inbound.screen(message, parts)
        unread = replace(found, assessed=False, reasons=(*found.reasons, FAULT))
        seals = Seals(parts.keys.of_day(now), Sealable(message.text), message.contact, now + inbound.SEALED_FOR)
        if receipts.first_seen(session, message.message, message.fingerprint, now):
            alert_id = alerts.raise_alert(session, unread, message.channel, seals, now, not message.answerable)
            alerts.found_later(session, alert_id, message.received_at, now)
        session.commit()
    except (SQLAlchemyError, MissingKey, OSError) as down:
        session.rollback()
        log.error("a text could not be taken: %s", type(down).__name__)
        return False
    return True


def _delete_each(
    session: Session, twilio: MessageLog, old: Sequence[Entry], parts: Parts
) -> tuple[list[Entry], bool]:
    """Delete what we have, oldest first, as many as may be at once; gives what is left, and whether all were tried."""
    secret = parts.settings.record_key
    have = receipts.known(session, (message_id(entry.sid, secret) for entry in old if entry.inbound))
    session.commit()
    left: list[Entry] = []
    for place, entry in enumerate(old):
        try:
            if place == DELETED_AT_ONCE:
                return [*left, *old[place:]], False
            if entry.inbound and entry.sender != entry.to and message_id(entry.sid, secret) not in have:
                raise Kept
            _note(session, entry, parts.clock())
            twilio.delete(entry)
        except Kept:
            left.append(entry)
        except Unreadable as lost:
            log.error("a copy could not be deleted: %s", lost)
            return [*left, *old[place:]], False
    return left, True


def _note(session: Session, entry: Entry, now: datetime) -> None:
    """What became of a text that we sent, before nobody can ask for it any more."""
    if not entry.inbound:
        outbox.note_status(session, entry.sid, entry.status, entry.error, now)
        session.commit()
