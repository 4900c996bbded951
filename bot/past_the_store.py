"""When a worrying text cannot be kept: the contact in the settings is told at once, without the database."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor, wait

from bot.parts import Parts
from bot.sender import ALERT_LIFE, NotSent, Outgoing
from conversations.values import Assessment

log = logging.getLogger(__name__)

# Twilio waits fifteen seconds for our answer, and the young person's safety words are in it.
SECONDS = 11.0
WAYS = ("sms", "email", "teams", "webhook")


def notify_past_the_store(assessment: Assessment, parts: Parts, seconds: float = SECONDS) -> None:
    """Tell whoever the settings name that somebody may be harmed and that we could not keep the message.

    In a flood once a minute, and at once when it gets worse: whoever was told reads Twilio's log, where all of it is.
    """
    level = assessment.handled_as
    if not parts.pace.takes(level, parts.clock()):
        log.error("past the store: another worrying text, within a minute of the notice")
        return
    ways = [way for way in WAYS if way in parts.ways]
    pool = ThreadPoolExecutor(len(ways))
    notices = [pool.submit(_told, way, level.word, parts) for way in ways]  # side by side: one may hang
    done, late = wait(notices, seconds)
    pool.shutdown(wait=False, cancel_futures=True)
    if late:
        log.error("past the store: no answer in time from %d of %d ways", len(late), len(ways))
    if not any(notice.result() for notice in done):
        parts.pace.forget()


def _told(way: str, level: str, parts: Parts) -> bool:
    try:
        parts.ways[way].send(_notice(way, level, parts))
    except NotSent as failed:
        log.error("notice past the store failed: way=%s code=%s", way, failed.code)
        return False
    except Exception as broken:  # the other ways must still be counted
        log.error("notice past the store failed: way=%s %s", way, type(broken).__name__)
        return False
    return True


def _notice(way: str, level: str, parts: Parts) -> Outgoing:
    settings = parts.settings
    body = (
        f"Heard alert, level {level}. Heard could not store the message. "
        "Read Twilio's message log now, and go on reading it: more may come."
    )
    to, sender = {
        "sms": (settings.duty_phone, settings.twilio_numbers[0]),
        "email": (settings.duty_email, settings.mail_from),
    }.get(way, ("", ""))
    return Outgoing(to, sender, body, subject="Heard alert", life=ALERT_LIFE)
