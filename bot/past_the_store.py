"""When a worrying text cannot be kept: the contact in the settings is told at once, without the database."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor, wait
from functools import partial

from bot.notices import address, left, organisation, sender_of
from bot.parts import Parts
from bot.sender import ALERT_LIFE, Outgoing
from conversations.shifts import Rota
from conversations.values import Assessment

log = logging.getLogger(__name__)

# Twilio waits fifteen seconds for our answer, and the young person's safety words are in it.
SECONDS = 11.0
FAILED = "notice past the store failed"


def notify_past_the_store(assessment: Assessment, parts: Parts, seconds: float = SECONDS) -> None:
    """Tell whoever the settings name that somebody may be harmed and that we could not keep the message.

    In a flood once a minute, and at once when it gets worse: whoever was told reads Twilio's log, where all of it is.
    """
    level = assessment.handled_as
    if not parts.pace.takes(level, parts.clock()):
        log.error("past the store: another worrying text, within a minute of the notice")
        return
    ways = organisation(parts)
    pool = ThreadPoolExecutor(len(ways))
    # Side by side: one may hang.
    notices = [pool.submit(left, parts, way, partial(_notice, way, level.word, parts), FAILED) for way in ways]
    done, late = wait(notices, seconds)
    pool.shutdown(wait=False, cancel_futures=True)
    if late:
        log.error("past the store: no answer in time from %d of %d ways", len(late), len(ways))
    if not any(notice.result() for notice in done):
        parts.pace.forget()


def _notice(way: str, level: str, parts: Parts) -> Outgoing:
    body = (
        f"Heard alert, level {level}. Heard could not store the message. "
        "Read Twilio's message log now, and go on reading it: more may come."
    )
    to = address(parts, Rota(), None, way) or ""
    return Outgoing(to, sender_of(parts.settings, way), body, subject="Heard alert", life=ALERT_LIFE)
