"""The lists that nobody is woken for: what must be read by when, what was done, and an alert where one is needed."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from admin import reading
from admin.auth import audit, now, staff_blueprint
from conversations import worries as store
from conversations.audit import Act
from conversations.db import db
from conversations.escalation import RAISED, WORRY_OUTCOMES
from conversations.triage_models import WorryRow
from conversations.values import Level

KINDS = {"same_day": "To read today", "wellbeing": "Worry"}
REASONS = reading.reasons("I am reading this list")
LEVELS = {"concern": Level.CONCERN, "immediate": Level.IMMEDIATE}
URGENCIES = {"concern": "Concern: somebody may be harmed", "immediate": "Immediate: somebody is in danger now"}
OUTCOMES = {**WORRY_OUTCOMES, RAISED: "An alert was raised"}
QUICKER = "A colleague has dealt with this one already."

worries = staff_blueprint("worries", "worries")


@worries.get("/<worry_id>")
def one(worry_id: str) -> str:
    """One worry: why it is here, its words on request, and what may be done about it."""
    choices = {"outcomes": OUTCOMES, "outcome_choices": WORRY_OUTCOMES, "reasons": REASONS, "urgencies": URGENCIES}
    return render_template("staff/worry.html", worry=_found(worry_id), kinds=KINDS, **choices)


@worries.post("/<worry_id>/outcome")
def outcome(worry_id: str) -> ResponseReturnValue:
    """Take a worry off its list with what was done."""
    _found(worry_id)
    done = request.form.get("outcome", "")
    if not store.record_outcome(db.session(), worry_id, current_user.name, done, now()):
        db.session.rollback()
        flash(QUICKER if done in WORRY_OUTCOMES else "Choose what was done.", "error")
        return redirect(url_for("worries.one", worry_id=worry_id))
    audit(Act("recorded an outcome", f"worry {worry_id}", WORRY_OUTCOMES[done]))
    db.session.commit()
    flash("What was done is recorded, and the words are deleted.", "done")
    return redirect(url_for("alerts.inbox"))


@worries.post("/<worry_id>/raise")
def raise_alert(worry_id: str) -> ResponseReturnValue:
    """Make an alert of it at once; its words and number follow by the worker."""
    _found(worry_id)
    level = LEVELS.get(request.form.get("level", ""))
    if level is None:
        flash("Choose how urgent it is.", "error")
        return redirect(url_for("worries.one", worry_id=worry_id))
    alert_id = store.raise_alert(db.session(), worry_id, level, current_user.name, now())
    if alert_id is None:
        db.session.rollback()
        flash(QUICKER, "error")
        return redirect(url_for("worries.one", worry_id=worry_id))
    audit(Act("raised an alert", f"worry {worry_id}", f"alert {alert_id}, {level.word}"))
    db.session.commit()
    flash("The alert is raised, and the duty contacts are being told. Take it here if you are acting.", "done")
    return redirect(url_for("alerts.one", alert_id=alert_id))


@worries.post("/<worry_id>/words")
def ask(worry_id: str) -> ResponseReturnValue:
    """Ask the worker to open the words for this browser alone."""
    worry = _found(worry_id)
    if worry.sealed_words is None:
        flash("The words are no longer kept.", "error")
        return redirect(url_for("worries.one", worry_id=worry_id))
    return reading.ask(_subject(worry), REASONS)


@worries.get("/<worry_id>/words")
def words(worry_id: str) -> ResponseReturnValue:
    """The words, once."""
    return reading.show(_subject(_found(worry_id)), KINDS)


def _found(worry_id: str) -> WorryRow:
    return reading.or_404(store.find(db.session(), worry_id))


def _subject(worry: WorryRow) -> reading.Subject:
    return reading.Subject("worry", worry.id, "this worry", "worries")
