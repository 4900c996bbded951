"""What wakes the worker: loops that do whatever is due; they may be late, doubled or killed without harm."""

from __future__ import annotations

import logging
import random
import secrets
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from threading import Thread

from sqlalchemy.orm import Session

from bot import doubts, duty, keyhold, marking, outbound, proving, reconcile, relay, resealing, revealing, second_look
from bot.clocks import Tick, as_it_is
from bot.contacts import Contacts
from bot.desk import Desk
from bot.parts import Parts
from bot.stopping import Stopping
from conversations import audit, boxes, endings, figures, heartbeats, keys, retention
from conversations.db import forget_journal, rewrite
from conversations.keys import PrivateKeys
from conversations.rota import HERE

log = logging.getLogger(__name__)

PAUSE_SECONDS, URGENT_PAUSE_SECONDS = 1.0, 0.3
KEEP_TRIES = 3
BEAT_EVERY = timedelta(seconds=5)
HOUSEKEEPING_EVERY = timedelta(minutes=5)
REWRITTEN = "rewritten"
Job = Callable[[Session, Parts, Contacts], object]
UrgentJob = Callable[[Session, Parts, Desk], object]


class Dead(Exception):
    """The loop that looks after alerts has ended by itself: the process must end too, and be started anew."""


def work(session: Session, parts: Parts, stopping: Stopping, tick: Tick = as_it_is) -> None:
    """Work until stopped: alerts in a thread and session of their own, so that nothing else ever delays them.

    `tick` is done at the beginning of each round of theirs. Raises Dead when that thread is no more.
    """
    engine = session.get_bind()
    urgent = Thread(target=work_urgently, args=(Session(engine), parts, stopping, tick), name="urgent")
    urgent.start()
    try:
        while not stopping.asked and urgent.is_alive():
            rest_once(session, parts)
            session.close()
            stopping.wait(PAUSE_SECONDS)
        if not stopping.asked:
            raise Dead
    finally:
        stopping.asked = True
        urgent.join()


def work_urgently(session: Session, parts: Parts, stopping: Stopping, tick: Tick = as_it_is) -> None:
    """Look after alerts until stopped; what is under way then is waited for and kept."""
    with session, Desk() as desk:
        while not stopping.asked:
            _do(session, "clock", partial(tick, session))
            urgent_once(session, parts, desk)
            session.close()
            stopping.wait(URGENT_PAUSE_SECONDS)
        finish(session, parts, desk)


def work_once(session: Session, parts: Parts) -> None:
    """Do everything that is due now, alerts first, and wait for what comes of it."""
    with Desk() as desk:
        urgent_once(session, parts, desk)
        finish(session, parts, desk)
    rest_once(session, parts)


def urgent_once(session: Session, parts: Parts, desk: Desk) -> None:
    """Do what alerts need now."""
    for name, job in URGENT.items():
        _do(session, name, partial(job, session, parts, desk))


def rest_once(session: Session, parts: Parts) -> None:
    """Do everything else that is due now."""
    contacts = Contacts(PrivateKeys(parts.settings.keys_dir))
    for name, job in JOBS.items():
        _do(session, name, partial(job, session, parts, contacts))


def finish(session: Session, parts: Parts, desk: Desk) -> None:
    """Wait for every call that is under way, and keep what came of it."""
    desk.settle()
    for _ in range(KEEP_TRIES):
        _do(session, "results", partial(duty.take_back, session, parts, desk, 0))


def _do(session: Session, name: str, job: Callable[[], object]) -> None:
    """Do one job; when it fails that is logged by name, and does not stop the others."""
    try:
        job()
        session.commit()
    except Exception as failed:  # whatever it is, alerts must go on being told
        session.rollback()
        log.error("job failed: %s: %s", name, type(failed).__name__)


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
    boxes.empty_ended(session, now, parts.settings.words_kept)
    resealing.destroy_ended(session, parts, contacts)
    endings.end_alerts(session, now, parts.settings.alerts_kept)
    retention.end_analysis(session, parts.settings.analysis_months, now)
    audit.prune(session, now, audit.audit_key(parts.settings.record_key))
    retention.unneeded_attempts(session, now)
    heartbeats.beat(session, "housekeeping", now)
    session.commit()
    forget_journal(session)
    if not heartbeats.done_today(session, REWRITTEN, now) and rewrite(session):
        heartbeats.beat(session, REWRITTEN, now)


def close_figures(session: Session, parts: Parts, contacts: Contacts) -> None:
    """Fix the figures of the periods that are over, once a day; what the daily batch has not moved yet, tomorrow."""
    now = parts.clock()
    if heartbeats.first_of_day(session, "figures", now):
        figures.close_due(session, figures.plan_of(parts.scripts.values(), parts.settings.areas), now)


def _beat(session: Session, parts: Parts, contacts: Contacts) -> None:
    heartbeats.beat(session, "worker", parts.clock())


def _beat_urgently(session: Session, parts: Parts, desk: Desk) -> None:
    """Three rounds a second need not write three times a second."""
    now = parts.clock()
    if heartbeats.due(session, "urgent", now, BEAT_EVERY):
        heartbeats.beat(session, "urgent", now)


URGENT: dict[str, UrgentJob] = {
    "lost on the way": lambda session, parts, desk: duty.settle_lost(session, parts),
    "alerts due": lambda session, parts, desk: duty.act_on_due(session, parts),
    "attempts": duty.hand_out,
    "results": duty.take_back,
    "news": duty.ask_for_news,
    "numbers asked for": revealing.fill_numbers,
    "urgent heartbeat": _beat_urgently,
}
JOBS: dict[str, Job] = {
    "key folder": keyhold.look_after,
    "reach": marking.reach,
    "leads": revealing.tell_leads,
    "approvers": revealing.tell_approvers,
    "opt requests": lambda session, parts, contacts: contacts.settle_opt_requests(session, parts.clock()),
    "second looks": second_look.look_due,
    "worries raised": lambda session, parts, contacts: contacts.move_raised(session, parts.keys, parts.clock()),
    "keys of alerts": resealing.reseal,
    "words asked for": lambda session, parts, contacts: contacts.fill_openings(session, parts.clock()),
    "messages of duty": relay.send_due,
    "marks": marking.fill_marks,
    "doubtful words": doubts.look_for,
    "codes": lambda session, parts, contacts: proving.send_codes(session, parts),
    "texts": outbound.send_due,
    "nudges": outbound.nudge_due,
    "missed texts": reconcile.find_missed,
    "copies": reconcile.delete_copies,
    "house": keep_house,
    "figures": close_figures,
    "heartbeat": _beat,
}
