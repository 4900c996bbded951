"""Writing to the young person of an alert: what may be chosen or written, what was, and what became of it."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from admin.auth import audit, now, side, staff_blueprint
from conversations import alerts, joining, relays, templates
from conversations.audit import Act
from conversations.db import db
from conversations.duty_models import RelayRow
from conversations.keys import MissingKey, PublicKeys
from conversations.models import AlertRow
from conversations.rota import HERE
from conversations.templates import ASKING, LOST, Draft, Standing

LEVELS = {"immediate": "immediate", "concern": "concern", "wellbeing": "wellbeing", "none": "nothing found in it"}
ONCE = re.compile(r"[0-9a-f]{32}")
LONGEST = 1600

relay = staff_blueprint("relay", "alerts")


@dataclass(frozen=True, slots=True)
class Sent:
    """What came with the form, to be given back where it could not go."""

    template: str = ""
    words: str = ""
    at: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One message of the thread, theirs or ours: its words stay sealed."""

    at: datetime
    theirs: bool
    what: str
    who: str = ""
    fate: str = ""
    lost: bool = False


@dataclass(frozen=True, slots=True)
class Thread:
    """What was written on both sides, and whether and when more may be."""

    standing: Standing
    facts: tuple[str, ...]
    messages: tuple[Line, ...]
    latest: str


@dataclass(frozen=True, slots=True)
class Wording:
    """A template as it would go: in their language, and in English beside it."""

    code: str
    label: str
    words: str
    english: str


@relay.app_template_global()
def written_to(alert: AlertRow) -> Thread:
    """What is known of writing to the young person of an alert."""
    session = db.session()
    standing = relays.standing(session, alert, now(), _names())
    ours = [_line_of(row) for row in relays.of_alert(session, alert.id)]
    every = [alert.id, *(each.id for each in joining.joined(session, alert.id))]
    theirs = [Line(row.received_at, True, row.level) for each in every for row in relays.texts_of(session, each)]
    messages = sorted([*theirs, *ours], key=lambda each: each.at)
    return Thread(standing, tuple(_facts(alert, standing)), tuple(messages), ours[-1].fate if ours else "")


@relay.app_template_global()
def reached(alert: AlertRow) -> AlertRow:
    """The alert whose number reaches the young person of this one: its own, or that of one joined to it."""
    return joining.reached(db.session(), alert)


@relay.app_template_global()
def why_not_texted(alert: AlertRow) -> str:
    """Why and since when an alert's number cannot be texted; empty where nothing more is known than that."""
    found = reached(alert)
    known = relays.cut_off_by(db.session(), found.id) if found.cannot_be_texted else None
    if known is None:
        return ""
    told = templates.load().cannot.get(known.detail, "The provider refused it")
    code = f": {known.detail}" if known.detail.isdecimal() else ""
    return f"{told}{code}, at {known.at.astimezone(HERE):%H:%M, %A %-d %B}."


@relay.get("/<alert_id>/messages")
def one(alert_id: str) -> str:
    """The thread of an alert, and a form for the next message."""
    return _page(_found(alert_id), Sent())


@relay.post("/<alert_id>/messages")
def write(alert_id: str) -> ResponseReturnValue:
    """Keep a message, sealed, for the worker to send; what may not go is given back with the reason."""
    alert, sent = _found(alert_id), _sent()
    once = request.form.get("once", "")
    draft = _draft(alert, sent)
    if draft is None or not ONCE.fullmatch(once):
        db.session.rollback()
        return _page(_found(alert_id), sent, "Say when you will text again." if draft is None else "Try again."), 422
    try:
        key = PublicKeys(side().settings.sealing_dir).of_day(now())
    except MissingKey:
        return _page(alert, sent, "It cannot be sealed: tell whoever runs Heard that the worker is down."), 503
    written = relays.Written(once, current_user.name, draft, key)
    found = relays.write(db.session(), alert_id, written, now(), _names())
    if not found.state:
        db.session.rollback()
        return _page(_found(alert_id), sent, found.why_not), 422
    audit(Act("wrote to the young person", f"alert {alert_id}", found.reason or ""))
    db.session.commit()
    flash(DONE[found.state], "done")
    return redirect(url_for("relay.one", alert_id=alert_id))


DONE = {
    "due": "It is going out now. Look here for what becomes of it.",
    "waiting": "It is kept and goes when they say that it is OK to text. You can ask them first.",
}


def _page(alert: AlertRow, sent: Sent, why_not: str = "") -> str:
    language = relays.language_of(db.session(), alert.id)
    return render_template(
        "staff/relay.html",
        alert=alert,
        thread=written_to(alert),
        sent=sent,
        why_not=why_not,
        once=secrets.token_hex(16),
        wordings=tuple(_wordings(language)),
        reasons=templates.load().reasons.values(),
        language=language,
        levels=LEVELS,
    )


def _found(alert_id: str) -> AlertRow:
    alert = alerts.find(db.session(), alert_id)
    if alert is None:
        abort(404)
    return alert


def _sent() -> Sent:
    form = request.form
    words = form.get("words", "").replace("\r\n", "\n").replace("\0", "").strip()
    return Sent(form.get("template", ""), words[:LONGEST], form.get("at", ""), form.get("reason", ""))


def _draft(alert: AlertRow, sent: Sent) -> Draft | None:
    """The message as it would go; None when its time is missing."""
    chosen = templates.load().templates.get(sent.template)
    if chosen is None:
        return Draft(sent.words, "", sent.reason)
    language = relays.language_of(db.session(), alert.id)
    at = _time(sent.at, language)
    if chosen.code == "again" and not at:
        return None
    words = templates.wording(chosen, language, templates.first_name(current_user.name), at)
    return Draft(words, chosen.code, sent.reason)


def _time(text: str, language: str) -> str:
    try:
        return templates.spoken_time(time.fromisoformat(text), language, now())
    except ValueError:
        return ""


def _wordings(language: str) -> Iterator[Wording]:
    name = templates.first_name(current_user.name)
    for each in templates.load().templates.values():
        words, english = (templates.wording(each, spoken, name, "(time)") for spoken in (language, "en"))
        yield Wording(each.code, each.label, words, english)


def _line_of(row: RelayRow) -> Line:
    chosen = templates.load().templates.get(row.template or "")
    what = chosen.label if chosen else "Own words"
    reason = templates.load().reasons.get(row.unasked_reason or "")
    asked = "" if row.unasked_reason in (None, ASKING) or reason is None else f" ({reason.label})"
    on_page = row.sealed_for_reader is not None and row.provider_id is None and row.state == "sent"
    state = ("seen" if row.read_at else "page") if on_page else row.state
    told = templates.fate(state, row.provider_status, row.error)
    if row.read_at and not on_page:
        told = f"{told}; seen on their page"
    lost = state == "failed" or row.provider_status in LOST
    return Line(row.written_at, False, what + asked, row.who, told, lost)


def _facts(alert: AlertRow, standing: Standing) -> Iterator[str]:
    if not standing.by_text:
        barred = why_not_texted(alert)
        yield f"Cannot be texted. {barred or NO_NUMBER[alert.channel == 'web']}"
    if standing.on_page:
        yield "They see it on their page when they come back in the same browser, unless they have left it."
    elif alert.channel == "web":
        yield "They have left the web chat, so no page of theirs can show it."
    if standing.by_text:
        yield AGREED[standing.ok]
    if standing.by_text and standing.safe_times:
        fits = templates.is_safe_time(standing.safe_times, now())
        times = templates.labels_of(standing.safe_times)
        yield f"Safe times: {times}. {'Now is such a time.' if fits else 'Not now: think before you text.'}"


def _names() -> tuple[str, ...]:
    return (side().settings.partnership,)


NO_NUMBER = {True: "The web chat leaves us no number.", False: "We have no number that we may text."}
AGREED = {
    True: "They said: it is OK to text me here.",
    False: "They said: do not text here.",
    None: "They have not said whether it is OK to text here. A message waits until they do, or needs a reason.",
}
