"""The duty inbox: what is open and what must be read, who takes an alert, and what was done."""

from __future__ import annotations

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from admin import reading
from admin.audit import Act
from admin.auth import audit, now, staff_blueprint
from conversations import alerts as store
from conversations import worries
from conversations.db import db
from conversations.escalation import OUTCOMES
from conversations.models import AlertRow

REASONS = {
    "acting": "I am acting on this alert",
    "handover": "I am taking over from a colleague",
    "review": "I am checking how it was handled",
}
LEVELS = {"immediate": "Immediate", "concern": "Concern", "wellbeing": "Wellbeing"}

alerts = staff_blueprint("alerts", "alerts")


@alerts.get("/")
def inbox() -> str:
    """Every alert that is open, the lists that nobody is woken for, then the last alerts closed."""
    found, lists = store.inbox(db.session()), worries.to_read(db.session())
    return render_template("staff/alerts.html", found=found, lists=lists, levels=LEVELS, outcomes=OUTCOMES)


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
    mine = store.acknowledge(db.session(), alert_id, current_user.name, now(), current_user.id)
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
    return reading.ask(_subject(_found(alert_id)), REASONS)


@alerts.get("/<alert_id>/words")
def words(alert_id: str) -> ResponseReturnValue:
    """The words, once."""
    return reading.show(_subject(_found(alert_id)), LEVELS)


NOT_CLOSED = {
    True: "Somebody must take the alert first, or it is closed already.",
    False: "Choose what was done.",
}


def _found(alert_id: str) -> AlertRow:
    alert = store.find(db.session(), alert_id)
    if alert is None:
        abort(404)
    return alert


def _subject(alert: AlertRow) -> reading.Subject:
    return reading.Subject("alert", alert.id, f"alert {alert.reference}", "alerts")
