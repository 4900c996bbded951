"""What wakes the worker: a loop that does whatever is due; it may be late, doubled or killed without harm."""

from __future__ import annotations

import logging
import random
import secrets
from collections.abc import Callable
from datetime import timedelta

from sqlalchemy.orm import Session

from bot import duty, marking, outbound, proving, reconcile, relay, second_look
from bot.contacts import Contacts
from bot.parts import Parts
from bot.stopping import Stopping
from conversations import heartbeats, keys, retention
from conversations.db import forget_journal
from conversations.keys import PrivateKeys
from conversations.rota import HERE

log = logging.getLogger(__name__)

PAUSE_SECONDS = 1.0
HOUSEKEEPING_EVERY = timedelta(minutes=5)
Job = Callable[[Session, Parts, Contacts], object]


def work_once(session: Session, parts: Parts) -> None:
    """Do everything that is due now; what fails is logged by name and does not stop the rest."""
    contacts = Contacts(PrivateKeys(parts.settings.keys_dir))
    for name, job in JOBS.items():
        try:
            job(session, parts, contacts)
            session.commit()
        except Exception as failed:  # whatever it is, alerts must go on being told
            session.rollback()
            log.error("job failed: %s: %s", name, type(failed).__name__)


def work(session: Session, parts: Parts, stopping: Stopping) -> None:
    """Work until stopped; alerts come first in every round."""
    while not stopping.asked:
        work_once(session, parts)
        session.close()
        stopping.wait(PAUSE_SECONDS)


def keep_house(session: Session, parts: Parts, contacts: Contacts) -> None:
    """Keys made and destroyed, expired conversations closed, the daily batch moved, rows past their life deleted."""
    now = parts.clock()
    if not heartbeats.due(session, "housekeeping", now, HOUSEKEEPING_EVERY):
        return
    keys.make_ahead(parts.settings.keys_dir, parts.settings.sealing_dir, now)
    keys.destroy_expired(parts.settings.keys_dir, parts.settings.sealing_dir, now)
    while retention.close_expired(session, now):
        session.commit()
    today = now.astimezone(HERE).date()
    if heartbeats.first_of_day(session, "daily batch", now):
        retention.move_closed(session, today, random.Random(secrets.token_bytes(16)))  # noqa: S311  # seeded by the system
    retention.purge(session, now)
    retention.unneeded_attempts(session, now)
    heartbeats.beat(session, "housekeeping", now)
    session.commit()
    forget_journal(session)


def _beat(session: Session, parts: Parts, contacts: Contacts) -> None:
    heartbeats.beat(session, "worker", parts.clock())


JOBS: dict[str, Job] = {
    "alerts due": lambda session, parts, contacts: duty.act_on_due(session, parts),
    "attempts": lambda session, parts, contacts: duty.send_due(session, parts),
    "reach": marking.reach,
    "opt requests": lambda session, parts, contacts: contacts.settle_opt_requests(session, parts.clock()),
    "second looks": second_look.look_due,
    "worries raised": lambda session, parts, contacts: contacts.move_raised(session, parts.keys, parts.clock()),
    "numbers joined": lambda session, parts, contacts: contacts.move_joined(session, parts.keys, parts.clock()),
    "words asked for": lambda session, parts, contacts: contacts.fill_openings(session, parts.clock()),
    "messages of duty": relay.send_due,
    "marks": marking.fill_marks,
    "codes": lambda session, parts, contacts: proving.send_codes(session, parts),
    "texts": outbound.send_due,
    "nudges": outbound.nudge_due,
    "missed texts": reconcile.find_missed,
    "copies": reconcile.delete_copies,
    "house": keep_house,
    "heartbeat": _beat,
}
