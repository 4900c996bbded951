"""What a duty worker does with an alert that is theirs: report and close, hand over, take over, join, open again."""

from __future__ import annotations

from datetime import datetime

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from admin import chronology, reading
from admin.auth import audit, now, side, staff_blueprint
from conversations import alerts, reporting, worries
from conversations import outcomes as store
from conversations.alerts import Taker
from conversations.audit import Act
from conversations.db import db
from conversations.duty_models import HandoverRow
from conversations.keys import MissingKey, PublicKeys
from conversations.models import AlertRow
from conversations.outcomes import Worker
from conversations.reporting import NAME_AT_MOST, NOTES_AT_MOST, QUESTIONS, SAID_OF_OUTCOME
from conversations.sealing import Sealable, Seals

NOT_YOURS = "This alert is not yours any more, so nothing was changed. Have a look at how it stands now."
CANNOT_SEAL = "We cannot keep this safely just now: tell whoever runs Heard. Nothing is recorded yet."

outcomes = staff_blueprint("outcomes", "alerts")


@outcomes.get("/<alert_id>/outcome")
def form(alert_id: str) -> ResponseReturnValue:
    """The report with which an alert is closed."""
    alert = _found(alert_id)
    return _report_page(alert, reporting.Report(), {}) if _me().has(alert) else redirect(_page(alert_id))


@outcomes.post("/<alert_id>/outcome")
def close(alert_id: str) -> ResponseReturnValue:
    """Close an alert with what was done, or show everything that is missing and keep what was typed."""
    alert = _found(alert_id)
    report = reporting.report_from(request.form, request.form.getlist("told"))
    if not _me().has(alert):
        return _late_report(alert_id, report)
    faults = reporting.faults(report, store.is_received(db.session(), alert_id))
    seals = None if faults else _seals(report.notes)
    if seals is None:
        return _report_page(alert, report, faults or {"notes": CANNOT_SEAL}), 422 if faults else 503
    if not store.close(db.session(), alert_id, _me(), report, seals, now()):
        return _late_report(alert_id, report)
    audit(Act("recorded an outcome", f"alert {alert_id}", SAID_OF_OUTCOME[report.outcome]))
    db.session.commit()
    flash("The outcome is recorded and the alert is closed.", "done")
    wrong = report.outcome == "false_alarm"
    return redirect(f"{_page(alert_id)}#mark" if wrong else url_for("alerts.inbox"))


@outcomes.post("/<alert_id>/outcome/take")
def take_to_close(alert_id: str) -> ResponseReturnValue:
    """Take an alert that nobody has, and go on with the report that was typed."""
    report = reporting.report_from(request.form, request.form.getlist("told"))
    alert = _taken(_found(alert_id))
    return _report_page(alert, report, {}, not _me().has(alert)), 200 if _me().has(alert) else 409


@outcomes.get("/<alert_id>/handover")
def handover(alert_id: str) -> str:
    """Handing an alert to a partner agency, and noting that they have it, which any colleague may hear."""
    return _handover_page(_found(alert_id), {})


@outcomes.post("/<alert_id>/handover")
def hand_over(alert_id: str) -> ResponseReturnValue:
    """Note to whom an alert was handed; it stays with us until they have said that they have it."""
    alert, partner = _found(alert_id), request.form.get("partner", "").strip()
    notes = request.form.get("notes", "").strip()
    if not _me().has(alert):
        return _late_handover(alert_id, partner)
    faults = _handover_faults(partner, notes)
    if faults:
        return _handover_page(alert, faults), 422
    seals = _seals(notes) if notes else None
    if notes and seals is None:
        return _handover_page(alert, {"notes": CANNOT_SEAL}), 503
    if not store.hand_over(db.session(), alert_id, _me(), partner, seals, now()):
        return _late_handover(alert_id, partner)
    audit(Act("handed over", f"alert {alert_id}", f"to {partner}"))
    db.session.commit()
    flash(f"Noted. Now ask who at {partner} has it, and record that: until then the clock runs on.", "done")
    return redirect(url_for("outcomes.handover", alert_id=alert_id))


@outcomes.post("/<alert_id>/handover/take")
def take_to_hand_over(alert_id: str) -> ResponseReturnValue:
    """Take an alert that nobody has, and go on with the handover that was typed."""
    alert = _taken(_found(alert_id))
    return _handover_page(alert, {}, late=not _me().has(alert)), 200 if _me().has(alert) else 409


@outcomes.post("/handovers/<handover_id>/receipt")
def receipt(handover_id: str) -> ResponseReturnValue:
    """Note who at the partner agency has it, and since when."""
    handed = reading.or_404(db.session.get(HandoverRow, handover_id))
    by, at = request.form.get("received_by", "").strip(), reporting.last_time(request.form.get("at", ""), now())
    faults = _receipt_faults(handed, by, at)
    if faults or at is None:
        return _handover_page(_found(handed.alert_id), faults, handed.id), 422
    if not store.receive(db.session(), handed, by, at, _me(), now()):
        return _refused(handed.alert_id, "A colleague has recorded this already.")
    audit(Act("recorded a receipt", f"alert {handed.alert_id}", f"{by}, {handed.partner}"))
    db.session.commit()
    flash("The receipt is recorded. You can close the alert now.", "done")
    return redirect(_page(handed.alert_id))


@outcomes.post("/<alert_id>/take-over")
def take_over(alert_id: str) -> ResponseReturnValue:
    """Take an alert from the colleague who has it, with a reason."""
    _found(alert_id)
    reason = request.form.get("reason", "")
    if reason not in reporting.TAKE_OVER_REASONS:
        return _refused(alert_id, "Choose why you take it over.")
    done = store.take_over(db.session(), alert_id, _me(), reason, now())
    why = reporting.TAKE_OVER_REASONS[reason]
    return _done(alert_id, done, Act("took over", f"alert {alert_id}", why), "You have this alert now.")


@outcomes.post("/<alert_id>/reopen")
def reopen(alert_id: str) -> ResponseReturnValue:
    """Open a closed alert again, with a reason."""
    _found(alert_id)
    reason = request.form.get("reason", "")
    if reason not in reporting.REOPEN_REASONS:
        return _refused(alert_id, "Choose why it must be opened again.")
    done = store.reopen(db.session(), alert_id, _me(), reason, now())
    why = reporting.REOPEN_REASONS[reason]
    said = "It is open again, and duty workers are being told. Take it here if you are acting."
    return _done(alert_id, done, Act("opened again", f"alert {alert_id}", why), said)


@outcomes.post("/<alert_id>/everybody")
def everybody(alert_id: str) -> ResponseReturnValue:
    """Have everybody told now."""
    _found(alert_id)
    done = store.tell_everybody(db.session(), alert_id, _me(), now())
    said = "Everybody on duty and the safeguarding lead are being told now."
    return _done(alert_id, done, Act("had everybody told", f"alert {alert_id}"), said)


@outcomes.post("/<alert_id>/merge")
def merge(alert_id: str) -> ResponseReturnValue:
    """Join this alert with another of the same young person."""
    _found(alert_id)
    other = request.form.get("other", "")
    if not other:
        return _refused(alert_id, "Choose the other alert of this young person.")
    kept = store.merge(db.session(), alert_id, other, _me(), now())
    act = Act("joined alerts", f"alert {alert_id}", f"with alert {other}, kept alert {kept}")
    return _done(kept or alert_id, kept is not None, act, "The two are one alert now: this one goes on.")


def _done(alert_id: str, done: bool, act: Act, said: str) -> ResponseReturnValue:
    if not done:
        return _refused(alert_id)
    audit(act)
    db.session.commit()
    flash(said, "done")
    return redirect(_page(alert_id))


def _refused(alert_id: str, why: str = NOT_YOURS) -> ResponseReturnValue:
    db.session.rollback()
    flash(why, "error")
    return redirect(_page(alert_id))


def _taken(alert: AlertRow) -> AlertRow:
    """The alert as it is after this worker took it, or a colleague who was quicker."""
    taker = Taker(current_user.name, current_user.id)
    taken = alerts.acknowledge(db.session(), alert.id, taker, side().policy.remind_after, now())
    audit(Act("acknowledged" if taken else "tried to acknowledge", f"alert {alert.id}"))
    db.session.commit()
    return alert


def _late_report(alert_id: str, report: reporting.Report) -> ResponseReturnValue:
    """The report as it was typed, with why it cannot be recorded: up to an hour of somebody's night is in it."""
    db.session.rollback()
    alert = _found(alert_id)
    late = not _me().has(alert)
    faults = {} if late else reporting.faults(report, store.is_received(db.session(), alert_id))
    return _report_page(alert, report, faults, late), 409


def _late_handover(alert_id: str, partner: str) -> ResponseReturnValue:
    db.session.rollback()
    alert = _found(alert_id)
    if not _me().has(alert):
        return _handover_page(alert, {}, late=True), 409
    asked = {"partner": f"{partner} were asked already, and have yet to say that they have it."}
    return _handover_page(alert, asked), 409


def _report_page(alert: AlertRow, report: reporting.Report, faults: dict[str, str], late: bool = False) -> str:
    words = {"questions": QUESTIONS, "notes_words": reporting.NOTES, "at_most": NOTES_AT_MOST}
    return render_template("staff/outcome.html", alert=alert, report=report, faults=faults, late=late, **words)


def _handover_page(alert: AlertRow, faults: dict[str, str], about: str = "", late: bool = False) -> str:
    """The page of handovers; `about` is the handover whose receipt the faults are of, or nothing for a new one."""
    return render_template(
        "staff/handover.html",
        alert=alert,
        handovers=store.handovers(db.session(), alert.id),
        receipts=store.receipts(db.session(), alert.id),
        partners={name: name for name in side().settings.partners},
        typed=request.form,
        faults=faults,
        about=about,
        late=late,
        time_now=chronology.clock_of(now()),
    )


def _handover_faults(partner: str, notes: str) -> dict[str, str]:
    named = side().settings.partners
    fits = partner in named if named else 0 < len(partner) <= NAME_AT_MOST
    found = {} if fits else {"partner": f"Say to which agency, in at most {NAME_AT_MOST} letters."}
    too_long = {"notes": f"That is too long by {len(notes) - NOTES_AT_MOST} letters. Please shorten it."}
    return found | (too_long if len(notes) > NOTES_AT_MOST else {})


def _receipt_faults(handed: HandoverRow, by: str, at: datetime | None) -> dict[str, str]:
    found = {} if 0 < len(by) <= NAME_AT_MOST else {"received_by": "Say who at the agency has it."}
    if at is None:
        return found | {"at": "Say when, like 03:25."}
    early = at < handed.handed_at.replace(second=0, microsecond=0)
    return found | ({"at": "That was before it was handed over."} if early else {})


def _seals(notes: str) -> Seals | None:
    try:
        key = PublicKeys(side().settings.sealing_dir).of_day(now())
    except MissingKey:
        return None
    return Seals(key, Sealable(notes), None, now() + worries.BOX_LIFE)


def _me() -> Worker:
    return Worker(current_user.id, current_user.name)


def _found(alert_id: str) -> AlertRow:
    return reading.or_404(alerts.find(db.session(), alert_id))


def _page(alert_id: str) -> str:
    return url_for("alerts.one", alert_id=alert_id)
