"""Everything that an operator can get wrong, checked in one go and said in words that say what to do."""

from __future__ import annotations

import os
import re
from datetime import timedelta

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from bot.parts import Parts
from bot.safeguards.triage import proof
from bot.safeguards.triage.encoder import EncoderAbsent
from bot.ways.notify import KEY
from conversations import heartbeats, helplines, holidays, key_marks, keys, schema
from conversations.settings import Settings

REMINDERS = (
    "Twilio: the inbound webhook of each number is POST to HEARD_PUBLIC_URL and /sms/inbound",
    "Twilio: with Advanced Opt-Out, set its HELP and INFO text to ours (words/en.toml, key help); its own is marketing",
    "Twilio: the number that alert calls come from (HEARD_VOICE_NUMBER, else our first) can make calls to Britain",
    "GOV.UK Notify: each template is ((body)) and nothing else, and the service is live, not in trial mode",
    "Twilio: the fallback address of each number is a page on another host, from flask bot fallback-page",
    "Twilio: leave content retention on its default; reconciliation needs the message log",
)
PLAIN = "they listened to me today"
NO_ENCODER = "install the extra (pip install 'heard[encoder]'), or set HEARD_TRIAGE_ENCODER=off"
TEMPLATE = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
SWITCH = "the dead-man's switch is called every minute: let it tell somebody when no call comes for 5 minutes"
NO_SWITCH = "no dead-man's switch is set, so nobody is told when the watch itself stops"
NOBODY_TO_ASK = "the privacy page names nobody to ask: set HEARD_PRIVACY_CONTACT"
NO_PROXY = (
    "HEARD_TRUSTED_PROXIES is 0: behind the proxy that ends TLS everybody comes from one address, so a stranger can "
    "hold all staff at the login: set it to how many proxies of yours there are, mostly 1"
)
WORKER_SILENT = timedelta(minutes=2)


def faults(session: Session, parts: Parts) -> list[str]:
    """What is wrong, one line each; empty when nothing is."""
    lists = [*_helplines(parts), *_holidays(parts)]
    ways_out = [*_ways(parts.settings), *_alarm(parts.settings)]
    store = _database(session, parts)
    held = [*_keys(session, parts, running=not store), *_marks(session)]
    front = _proxies(parts.settings)
    return [*store, *held, *front, *ways_out, *_words(parts), *_encoder(parts), *lists]


def ways(parts: Parts) -> str:
    """The ways by which alerts can leave, as they are set up; nothing is sent to find out."""
    return ", ".join(sorted(parts.ways))


def reminders(settings: Settings) -> tuple[str, ...]:
    """What nobody can check from here, and where the alarm goes."""
    to = {"phone": settings.alarm_phone, "mail": settings.alarm_email, "Teams": settings.teams_url}
    ways = [name for name, address in (to | {"webhook": settings.webhook_url}).items() if address]
    alarm = f"alarms about the service itself go to {' and '.join(ways) or 'nobody but the duty contact'}"
    to_ask = () if settings.privacy_contact else (NOBODY_TO_ASK,)
    switch = SWITCH if settings.deadman_url else f"{NO_SWITCH}: fine for a demonstration alone"
    return (*REMINDERS, *to_ask, alarm, switch)


def _alarm(settings: Settings) -> list[str]:
    return [] if settings.demo or settings.deadman_url else [f"{NO_SWITCH}: set HEARD_DEADMAN_URL"]


def _database(session: Session, parts: Parts) -> list[str]:
    try:
        found = schema.found(session)
        beat = heartbeats.last(session, "worker") if found == schema.expected() else None
    except SQLAlchemyError as failed:
        return [f"the database does not answer ({type(failed).__name__}): look at HEARD_DATABASE_URL"]
    finally:
        session.rollback()
    if found != schema.expected():
        cure = "run flask data upgrade" if found in ("", *schema.known()) else "install the newer code"
        return [f"the database is at version {found or 'none'}, the code at {schema.expected()}: {cure}"]
    if beat is None or parts.clock() - beat > WORKER_SILENT:
        return ["the worker does not answer: start flask bot worker"]
    return []


def _keys(session: Session, parts: Parts, running: bool) -> list[str]:
    settings = parts.settings
    found = []
    try:
        parts.keys.of_day(parts.clock())
        parts.keys.weekly(parts.clock())
    except keys.MissingKey as missing:
        found.append(_not_made(missing, settings) if running else f"{missing}")
    try:
        exposed = list(keys.readable_by_others(settings.keys_dir))
    except OSError:
        return found  # the web user cannot look into it, as it should be; the worker makes it where it is missing
    advice = "can be read by others: chmod 700 the folder, 600 the files"
    if not (settings.keys_dir / key_marks.OPT_OUT).exists():
        found += _no_opt_out_key(session)
    return found + [f"{name} in HEARD_KEYS_DIR {advice}" for name in exposed]


def _not_made(missing: keys.MissingKey, settings: Settings) -> str:
    """What is wrong with a key when the worker that should have made it does run."""
    folders = {"HEARD_KEYS_DIR": settings.keys_dir, "HEARD_SEALING_DIR": settings.sealing_dir}
    absent = [name for name, folder in folders.items() if not os.path.isdir(folder)]
    cure = f"{' and '.join(absent)} does not exist" if absent else f"let its user write {' and '.join(folders)}"
    what, unread, _ = f"{missing}".partition(": is the worker")
    return f"{what}, though the worker runs: {cure}" if unread else what


def _no_opt_out_key(session: Session) -> list[str]:
    """A key that is remembered is lost; before the first start there is none. Without a database nobody knows."""
    try:
        lost = key_marks.remembers(session, key_marks.OPT_OUT)
    except SQLAlchemyError:
        return []  # what is wrong with the database is said already
    finally:
        session.rollback()
    cure = "put it back from its copy before the worker starts" if lost else "the worker makes it at its first start"
    return [f"opt-out.key is missing in HEARD_KEYS_DIR: {cure}"]


def _proxies(settings: Settings) -> list[str]:
    protected = settings.public_url.startswith("https://")
    return [NO_PROXY] if protected and not settings.demo and not settings.trusted_proxies else []


CHANGED = {
    key_marks.OPT_OUT: "opt-out.key is not the one that opt-outs were made with, so they no longer match: "
    "put it back from its copy (docs/keys.md)",
    key_marks.FOLDER: "private keys could be read by others: find out who could, then flask bot keys --accept "
    f"{key_marks.FOLDER}",
}


def _marks(session: Session) -> list[str]:
    try:
        return [CHANGED[name] for name in key_marks.changed(session)]
    except SQLAlchemyError:
        return []  # what is wrong with the database is said already
    finally:
        session.rollback()


def _ways(settings: Settings) -> list[str]:
    """What is set by halves: a way that is, is not used at all, and nobody notices until it is needed."""
    notify, templates = settings.notify_key, (settings.notify_sms_template, settings.notify_email_template)
    key, secret, address = "HEARD_NOTIFY_KEY", "HEARD_WEBHOOK_SECRET", "HEARD_WEBHOOK_URL"
    one_template = "HEARD_NOTIFY_SMS_TEMPLATE or HEARD_NOTIFY_EMAIL_TEMPLATE"
    checks = (
        (bool(notify) and not any(templates), f"{key} is set and no template: set {one_template}, or neither is used"),
        (any(templates) and not notify, f"a template of GOV.UK Notify is set and {key} is not: it is not used"),
        (bool(notify) and not KEY.fullmatch(notify), f"{key} is no API key of GOV.UK Notify: copy it whole"),
        (not all(map(_is_template, templates)), f"{one_template} is no id of a template: copy it from its page"),
        (bool(settings.webhook_url) and not settings.webhook_secret, f"{address} is set and {secret} is not: not used"),
        (bool(settings.webhook_secret) and not settings.webhook_url, f"{secret} is set and {address} is not: not used"),
    )
    return [said for wrong, said in checks if wrong] + _unprotected(settings)


def _unprotected(settings: Settings) -> list[str]:
    addresses = {"TEAMS": settings.teams_url, "WEBHOOK": settings.webhook_url, "NOTIFY": settings.notify_url}
    open_ones = [name for name, url in addresses.items() if url and not url.startswith("https://")]
    return [f"HEARD_{name}_URL must begin with https://" for name in open_ones if not settings.demo]


def _is_template(text: str) -> bool:
    return not text or bool(TEMPLATE.fullmatch(text))


def _words(parts: Parts) -> list[str]:
    if parts.lexicon is None:
        return ["the screen has no rules: every text goes to duty unread"]
    return [f"the screen misses its own example: {miss}" for miss in proof.failures(parts.lexicon)]


def _encoder(parts: Parts) -> list[str]:
    if parts.settings.triage_encoder == "off":
        return []
    try:
        parts.look(PLAIN)
    except EncoderAbsent as absent:
        return [f"no text gets a second look, {absent}: {NO_ENCODER}"]
    except Exception as broken:  # the library raises kinds of its own
        return [f"no text gets a second look, the encoder breaks ({type(broken).__name__}): {NO_ENCODER}"]
    return []


def _helplines(parts: Parts) -> list[str]:
    return [
        f"{line.name} ({line.number}) was last checked on {line.checked_on}: make sure that it still answers, "
        "then set checked_on in conversations/helplines.toml"
        for line in helplines.stale(helplines.load(), parts.clock().date())
    ]


def _holidays(parts: Parts) -> list[str]:
    known = holidays.load()
    if not holidays.ends_soon(known, parts.clock().date()):
        return []
    return [
        f"no bank holiday is known after {known.last}: add those that follow to conversations/holidays.toml, "
        f"from {known.source}"
    ]
