"""The duty inbox: what is open and what must be read, what happens next, and who takes an alert."""

from __future__ import annotations

from flask import flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from admin import chronology, reading
from admin.auth import audit, now, side, staff_blueprint
from admin.chronology import LEVELS
from conversations import alerts as store
from conversations import joining, outcomes, worries
from conversations.alerts import Taker
from conversations.audit import Act
from conversations.db import db
from conversations.models import AlertRow
from conversations.outcomes import Worker
from conversations.reporting import QUESTIONS, REOPEN_REASONS, SAID_OF_OUTCOME, TAKE_OVER_REASONS

REASONS = reading.reasons("I am acting on this alert")
REFRESH_SECONDS, REFRESHES = 60, 20
"""How often the inbox looks again by itself, and how many times: a phone left lying must still log itself out."""

alerts = staff_blueprint("alerts", "alerts")


@alerts.get("/")
def inbox() -> ResponseReturnValue:
    """Every alert that is open, the lists that nobody is woken for, then the last alerts closed."""
    found, lists = store.inbox(db.session()), worries.to_read(db.session())
    turn = min(request.args.get("turn", 0, type=int), REFRESHES)
    page = render_template("staff/alerts.html", found=found, lists=lists, refreshing=0 <= turn < REFRESHES, **_words())
    answer = make_response(page)
    if 0 <= turn < REFRESHES:
        answer.headers["Refresh"] = f"{REFRESH_SECONDS}; url={url_for('alerts.inbox', turn=turn + 1)}"
    return answer


@alerts.get("/<alert_id>")
def one(alert_id: str) -> str:
    """One alert: what to do next, and what has happened."""
    alert, session = _found(alert_id), db.session()
    return render_template(
        "staff/alert.html",
        joined=joining.joined(session, alert_id),
        joinable=outcomes.joinable(session, alert) if _me().has(alert) else (),
        into=store.find(session, alert.merged_into) if alert.merged_into else None,
        reasons=REASONS,
        **_told_of(alert),
    )


@alerts.get("/<alert_id>/chronology")
def printed(alert_id: str) -> str:
    """The chronology of one alert, made for paper."""
    return render_template("staff/chronology.html", **_told_of(_found(alert_id)))


@alerts.post("/<alert_id>/acknowledge")
def acknowledge(alert_id: str) -> ResponseReturnValue:
    """Take an alert; whoever was first has it, and the second is told who and since when."""
    alert = _found(alert_id)
    taker = Taker(current_user.name, current_user.id)
    mine = store.acknowledge(db.session(), alert_id, taker, side().policy.remind_after, now())
    db.session.refresh(alert)
    audit(Act("acknowledged" if mine else "tried to acknowledge", f"alert {alert_id}"))
    said = "You have taken this alert." if mine else _too_late(alert)
    db.session.commit()
    flash(said, "done" if mine else "note")
    return redirect(url_for("alerts.one", alert_id=alert_id))


@alerts.post("/<alert_id>/words")
def ask(alert_id: str) -> ResponseReturnValue:
    """Ask the worker to open the words for this browser alone."""
    return reading.ask(_subject(_found(alert_id)), REASONS)


@alerts.get("/<alert_id>/words")
def words(alert_id: str) -> ResponseReturnValue:
    """The words, once."""
    return reading.show(_subject(_found(alert_id)), LEVELS)


@alerts.app_template_global()
def what_next(alert: AlertRow) -> str:
    """What Heard does next about an alert by itself."""
    if alert.drill and alert.state != "closed":
        return chronology.OF_A_DRILL
    whom = chronology.whom(side().policy, alert.level, alert.step)
    return chronology.what_next(alert.state, alert.next_action_at, whom, now())


@alerts.app_template_global()
def who_has(alert: AlertRow) -> str:
    """Who acts on an alert."""
    return chronology.who_has(alert, _me().has(alert))


@alerts.app_template_test()
def mine(alert: AlertRow) -> bool:
    """Whether the one who reads the page has this alert."""
    return _me().has(alert)


def _too_late(alert: AlertRow) -> str:
    if alert.state == "closed":
        return f"This alert is closed already: {SAID_OF_OUTCOME.get(alert.outcome or '', alert.outcome)}."
    if _me().has(alert):
        return "You have this alert already."
    return f"{alert.acknowledged_by} has taken it already, at {chronology.clock_of(alert.acknowledged_at, now())}."


def _told_of(alert: AlertRow) -> dict[str, object]:
    session = db.session()
    return {
        "alert": alert,
        "history": chronology.of_alert(session, alert.id),
        "handovers": outcomes.handovers(session, alert.id),
        "receipts": outcomes.receipts(session, alert.id),
        "reports": outcomes.reports(session, alert.id),
        **_words(),
    }


def _words() -> dict[str, object]:
    return {
        "levels": LEVELS,
        "outcomes": SAID_OF_OUTCOME,
        "questions": QUESTIONS,
        "reopen_reasons": REOPEN_REASONS,
        "take_over_reasons": TAKE_OVER_REASONS,
    }


def _me() -> Worker:
    return Worker(current_user.id, current_user.name)


def _found(alert_id: str) -> AlertRow:
    return reading.or_404(store.find(db.session(), alert_id))


def _subject(alert: AlertRow) -> reading.Subject:
    return reading.Subject("alert", alert.id, f"alert {alert.reference}", "alerts")
