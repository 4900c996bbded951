"""Numbers that were asked for: what waits for a second person, what must be reviewed, and what was lately."""

from __future__ import annotations

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from admin import second_factor
from admin.auth import audit, now, staff_blueprint
from conversations import breaking_glass, reveals
from conversations.audit import Act
from conversations.breaking_glass import FINDINGS, REASONS
from conversations.db import db
from conversations.duty_models import RevealRow

numbers = staff_blueprint("numbers", "numbers")
number_reviews = staff_blueprint("number_reviews", "numbers")


@numbers.get("/")
def every() -> str:
    """What waits for a second person, what must be reviewed, and what was lately."""
    return _page()


@numbers.post("/<reveal_id>")
def decide(reveal_id: str) -> ResponseReturnValue:
    """Say yes or no to a colleague who needs a number."""
    yes = request.form.get("answer") == "yes"
    if request.form.get("answer") not in ("yes", "no"):
        abort(400)
    if yes and not second_factor.is_fresh():
        return _refused(reveal_id, second_factor.WRONG)
    fault = reveals.decide(db.session(), reveal_id, yes, current_user.id, current_user.name, now())
    if fault:
        return _refused(reveal_id, fault)
    row = db.session.get_one(RevealRow, reveal_id)
    audit(Act("allowed a number" if yes else "said no to a number", f"alert {row.alert_id}", f"to {row.who}"))
    db.session.commit()
    flash("They can see it now, for an hour." if yes else "They are told that you said no.", "done")
    return redirect(url_for("numbers.every"))


@number_reviews.post("/<reveal_id>/review")
def review(reveal_id: str) -> ResponseReturnValue:
    """Say what came of looking at a number that somebody saw alone."""
    finding = request.form.get("finding", "")
    if finding not in FINDINGS:
        abort(400)
    row = reveals.review(db.session(), reveal_id, finding, current_user.id, current_user.name, now())
    if row is None:
        return _refused(reveal_id, "You cannot review your own, and nobody reviews one twice.")
    audit(Act("reviewed a number", f"alert {row.alert_id}", FINDINGS[finding]))
    db.session.commit()
    flash("Your review is kept.", "done")
    return redirect(url_for("numbers.every"))


@numbers.app_template_global()
def numbers_to_look_at() -> int:
    """How many wishes wait for a yes or no of the one who reads the page, or for their review."""
    leads = any(role.name == "lead" for role in current_user.roles)
    waiting = [row for row, _ in reveals.waiting(db.session(), now()) if row.staff_id != current_user.id]
    alone = [row for row, _ in reveals.to_review(db.session()) if leads and row.staff_id != current_user.id]
    return len(waiting) + len(alone)


def _refused(reveal_id: str, fault: str) -> ResponseReturnValue:
    db.session.rollback()
    audit(Act("was refused a number", f"reveal {reveal_id}"[:64], fault))
    db.session.commit()
    return _page(fault), 422


def _page(fault: str = "") -> str:
    session = db.session()
    return render_template(
        "staff/numbers.html",
        fault=fault,
        waiting=reveals.waiting(session, now()),
        to_review=reveals.to_review(session),
        lately=reveals.lately(session, now()),
        fresh=second_factor.is_fresh_already(),
        leads=any(role.name == "lead" for role in current_user.roles),
        reasons=REASONS,
        findings=FINDINGS,
        due=lambda row: breaking_glass.review_due(reveals.value(row)),
        fate=_fate,
    )


def _fate(row: RevealRow) -> str:
    stands = "alone" if row.alone else f"with {row.decided_by}" if row.approved else ""
    if row.shown_at:
        return f"Shown, {stands}"
    if row.approved is False:
        return f"{row.decided_by} said no"
    return f"Not opened yet, {stands}" if stands else "Nobody has said yes"
