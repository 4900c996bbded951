"""Marks on alerts: a duty worker or lead says that the screen was wrong; and what alert pages need to know of flags."""

from __future__ import annotations

from collections.abc import Mapping

from flask import abort, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from admin.auth import audit, now, side, staff_blueprint
from conversations import alerts, comments
from conversations import marks as store
from conversations.audit import Act
from conversations.categories import CATEGORIES
from conversations.db import db

marks = staff_blueprint("marks", "alerts")


@marks.post("/<alert_id>/mark")
def mark(alert_id: str) -> ResponseReturnValue:
    """Keep what is said of an alert, open or closed; the worker adds its redacted words while they can be opened."""
    kind, category = request.form.get("kind", ""), request.form.get("category", "")
    alert = alerts.find(db.session(), alert_id)
    if alert is None:
        abort(404)
    if kind not in store.KINDS:
        abort(400)
    back = redirect(url_for("alerts.one", alert_id=alert_id))
    if category not in CATEGORIES:
        flash("Choose what it is about.", "error")
        return back
    mark_id = store.mark_id(current_user.id, f"alert {alert_id}", side().settings.record_key)
    store.put(db.session(), mark_id, store.of_alert(db.session(), alert, kind, category), now().date())
    audit(Act("marked an alert", f"alert {alert_id}", f"{store.KINDS[kind]}: {CATEGORIES[category]}"))
    db.session.commit()
    flash("Thank you. It is kept to teach Heard, and changes nothing about this alert.", "done")
    return back


@marks.app_template_global()
def mark_choices() -> tuple[Mapping[str, str], Mapping[str, str]]:
    """The kinds and categories of a mark, with their words."""
    return store.KINDS, CATEGORIES


@marks.app_template_global()
def is_being_reached(alert_id: str) -> bool:
    """Whether the worker is still looking where a flagged comment leads."""
    return comments.is_being_reached(db.session(), alert_id)
