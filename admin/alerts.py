"""The duty inbox: who takes an alert, what was done, and reading the sealed words once."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from flask import abort, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from admin.audit import Act
from admin.auth import audit, begin_writing, now, side, staff_blueprint
from conversations import alerts as store
from conversations.db import db
from conversations.escalation import OUTCOMES
from conversations.models import AlertRow, OpeningRow
from conversations.sealing import CannotOpen, new_pair, open_box, private_half

KEY_COOKIE = "heard_opening"
REASONS = {
    "acting": "I am acting on this alert",
    "handover": "I am taking over from a colleague",
    "review": "I am checking how it was handled",
}
LEVELS = {"immediate": "Immediate", "concern": "Concern", "wellbeing": "Wellbeing"}

alerts = staff_blueprint("alerts", "alerts")


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a young person, as the worker opened it."""

    at: datetime
    level: str
    words: str


@alerts.get("/")
def inbox() -> str:
    """Every alert that is open, then the last ones closed."""
    return render_template("staff/alerts.html", found=store.inbox(db.session()), levels=LEVELS, outcomes=OUTCOMES)


@alerts.get("/<alert_id>")
def one(alert_id: str) -> str:
    """One alert with its history."""
    history = store.timeline(db.session(), alert_id)
    return render_template(
        "staff/alert.html", alert=_found(alert_id), history=history, levels=LEVELS, outcomes=OUTCOMES, reasons=REASONS
    )


@alerts.post("/<alert_id>/acknowledge")
def acknowledge(alert_id: str) -> ResponseReturnValue:
    """Take an alert; whoever was first has it."""
    _found(alert_id)
    mine = store.acknowledge(db.session(), alert_id, current_user.name, now())
    audit(Act("acknowledged" if mine else "tried to acknowledge", f"alert {alert_id}"))
    db.session.commit()
    flash("You have taken this alert." if mine else "A colleague has this alert already.", "done" if mine else "note")
    return redirect(url_for("alerts.one", alert_id=alert_id))


@alerts.post("/<alert_id>/outcome")
def outcome(alert_id: str) -> ResponseReturnValue:
    """Close an alert with what was done."""
    _found(alert_id)
    done = request.form.get("outcome", "")
    closed = store.record_outcome(db.session(), alert_id, current_user.name, done, now())
    if not closed:
        db.session.rollback()
        flash(NOT_CLOSED.get(done in OUTCOMES, ""), "error")
        return redirect(url_for("alerts.one", alert_id=alert_id))
    audit(Act("recorded an outcome", f"alert {alert_id}", OUTCOMES[done]))
    db.session.commit()
    flash("The outcome is recorded and the alert is closed.", "done")
    return redirect(url_for("alerts.inbox"))


@alerts.post("/<alert_id>/words")
def ask(alert_id: str) -> ResponseReturnValue:
    """Ask the worker to open the words for this browser alone."""
    _found(alert_id)
    reason = request.form.get("reason", "")
    if reason not in REASONS:
        abort(400)
    private, public = new_pair()
    opening_id = store.ask_to_open(db.session(), alert_id, current_user.id, public, now())
    audit(Act("asked to read words", f"alert {alert_id}", REASONS[reason]))
    db.session.commit()
    answer = redirect(url_for("alerts.words", alert_id=alert_id, opening=opening_id))
    path = url_for("alerts.words", alert_id=alert_id)
    secure = side().settings.public_url.startswith("https://")
    life = int(store.OPENING_LIFE.total_seconds())
    answer.set_cookie(KEY_COOKIE, private, life, path=path, httponly=True, secure=secure, samesite="Strict")
    return answer


@alerts.get("/<alert_id>/words")
def words(alert_id: str) -> ResponseReturnValue:
    """The words, once; until the worker has opened them, a page that looks again by itself."""
    begin_writing()
    alert, opening_id = _found(alert_id), request.args.get("opening", "")
    opening = db.session.get(OpeningRow, opening_id)
    if not _mine(opening, alert) or KEY_COOKIE not in request.cookies:
        return render_template("staff/words_gone.html", alert=alert)
    box = store.opened(db.session(), opening_id, current_user.id, now())
    if box is None:
        return render_template("staff/words_waiting.html", alert=alert), {"Refresh": "2"}
    return _shown_once(alert, opening_id, box)


NOT_CLOSED = {
    True: "Somebody must take the alert first, or it is closed already.",
    False: "Choose what was done.",
}


def _found(alert_id: str) -> AlertRow:
    alert = store.find(db.session(), alert_id)
    if alert is None:
        abort(404)
    return alert


def _mine(opening: OpeningRow | None, alert: AlertRow) -> bool:
    return (
        opening is not None
        and opening.alert_id == alert.id
        and opening.staff_id == current_user.id
        and opening.expires_at > now()
    )


def _shown_once(alert: AlertRow, opening_id: str, box: bytes) -> ResponseReturnValue:
    audit(Act("read words", f"alert {alert.id}", "asked for with a reason before"))
    db.session.commit()
    try:
        key = private_half(request.cookies[KEY_COOKIE])
        page = render_template("staff/words.html", alert=alert, messages=_messages(box, key, opening_id), levels=LEVELS)
    except CannotOpen:
        page = render_template("staff/words_gone.html", alert=alert)
    answer = make_response(page)
    answer.delete_cookie(KEY_COOKIE, path=url_for("alerts.words", alert_id=alert.id))
    return answer


def _messages(box: bytes, key: object, opening_id: str) -> list[Message]:
    content = json.loads(open_box(box, key, "opening", opening_id, now()))  # type: ignore[arg-type]
    return [Message(datetime.fromisoformat(each["at"]), each["level"], each["words"]) for each in content]
