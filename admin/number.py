"""The number of an alert: asked for with a reason, by two people or alone in an emergency, and shown once."""

from __future__ import annotations

from datetime import datetime, timedelta

from flask import flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from admin import reading, second_factor
from admin.auth import audit, begin_writing, now, side, staff_blueprint
from conversations import alerts, breaking_glass, heartbeats, joining, openings, relays, reveals
from conversations.audit import Act
from conversations.breaking_glass import REASONS, Reveal, Standing
from conversations.db import db
from conversations.duty_models import RevealRow
from conversations.models import AlertRow, OpeningRow
from conversations.outcomes import Worker
from conversations.sealing import CannotOpen, open_box, private_half

PURPOSE = "number"
SILENT = timedelta(seconds=20)
LOOK_AGAIN = {"Refresh": "15"}
OPENING = {"Refresh": "2"}

number = staff_blueprint("number", "alerts")


@number.get("/<alert_id>/number")
def one(alert_id: str) -> ResponseReturnValue:
    """What must be so before this number is shown, and how to ask for it."""
    alert = _found(alert_id)
    return _page(alert), LOOK_AGAIN if _waits(alert) else {}


@number.post("/<alert_id>/number")
def ask(alert_id: str) -> ResponseReturnValue:
    """Ask for the number: alone it is opened at once, else it waits for a second person."""
    alert, reason, alone = _found(alert_id), request.form.get("reason", ""), request.form.get("alone") == "1"
    fault = breaking_glass.why_not(_standing(alert), reason, alone)
    if fault:
        return _refused(alert, fault)
    if alone and not second_factor.is_fresh():
        return _refused(alert, second_factor.WRONG)
    wish = Reveal(current_user.id, alone, now())
    reveal_id = reveals.ask(db.session(), wish, alert.id, current_user.name, reason)
    what = "asked for a number alone" if alone else "asked for a number"
    audit(Act(what, f"alert {alert_id}", REASONS[reason].words))
    if alone:
        return _opening(alert, reveal_id)
    db.session.commit()
    flash("A colleague must say yes. They get a message now; ring one if it cannot wait.", "done")
    return redirect(url_for("number.one", alert_id=alert_id))


@number.post("/<alert_id>/number/<reveal_id>/open")
def open_it(alert_id: str, reveal_id: str) -> ResponseReturnValue:
    """Have the number opened for this browser alone, once somebody stands for it."""
    alert, row = _found(alert_id), _mine(alert_id, reveal_id)
    if row is None or not _may_open(row):
        return _refused(alert, "Nobody stands for this any more. Ask again.")
    if not second_factor.is_fresh():
        return _refused(alert, second_factor.WRONG)
    return _opening(alert, row.id)


@number.get("/<alert_id>/number/<reveal_id>")
def show(alert_id: str, reveal_id: str) -> ResponseReturnValue:
    """The number, once; until the worker has opened it a page that looks again, and says whom to ring."""
    begin_writing()
    alert, row = _found(alert_id), _mine(alert_id, reveal_id)
    asked = db.session.get(OpeningRow, request.args.get("opening", ""))
    mine = asked is not None and asked.reveal_id == reveal_id and asked.expires_at > now()
    if row is None or asked is None or not mine or reading.KEY_COOKIE not in request.cookies:
        return _gone(alert)
    box = openings.opened(db.session(), asked.id, current_user.id, now())
    if box is None:
        told = {"silent": _worker_is_silent() or _is_late(asked), "ring": _whom_to_ring()}
        return render_template("staff/number_waiting.html", alert=alert, **told), OPENING
    return _shown(alert, row, asked.id, box)


def _shown(alert: AlertRow, row: RevealRow, opening_id: str, box: bytes) -> ResponseReturnValue:
    """The number, noted as shown; what could not be opened, by the worker or here, uses up no look."""
    try:
        found = open_box(box, private_half(request.cookies[reading.KEY_COOKIE]), PURPOSE, opening_id, now())
    except CannotOpen:
        return _gone(alert)
    if found and not reveals.note_shown(db.session(), row, now()):
        return _gone(alert)
    what = "saw a number" if found else "could not see a number"
    audit(Act(what, f"alert {alert.id}", REASONS[row.reason].words))
    db.session.commit()
    plain = found.removeprefix("whatsapp:")
    answer = make_response(render_template("staff/number_shown.html", alert=alert, number=plain, reveal=row))
    answer.delete_cookie(reading.KEY_COOKIE, path=_address(alert.id, row.id))
    return answer


def _opening(alert: AlertRow, reveal_id: str) -> ResponseReturnValue:
    """Ask the worker to open it for this browser, in the caller's transaction, and go where it will be shown."""
    alert_id = alert.id  # after the commit a look at the row would begin a transaction of its own
    audit(Act("opened a number", f"alert {alert_id}"))
    return reading.for_this_browser(lambda opening: _address(alert_id, reveal_id, opening), reveal_id=reveal_id)


def _refused(alert: AlertRow, fault: str) -> ResponseReturnValue:
    alert_id = alert.id
    db.session.rollback()
    audit(Act("was refused a number", f"alert {alert_id}", fault))
    db.session.commit()
    return _page(_found(alert_id), fault), 422


def _page(alert: AlertRow, fault: str = "") -> str:
    rows = reveals.of_alert(db.session(), alert.id)
    mine = [row for row in rows if row.staff_id == current_user.id]
    return render_template(
        "staff/number.html",
        alert=alert,
        fault=fault,
        standing=_standing(alert),
        ready=next((row for row in mine if _may_open(row)), None),
        waits=_waits(alert),
        fresh=second_factor.is_fresh_already(),
        shared={code: reason.words for code, reason in REASONS.items()},
        emergencies={code: reason.words for code, reason in REASONS.items() if reason.emergency},
        grounds=REASONS,
    )


def _standing(alert: AlertRow) -> Standing:
    session = db.session()
    written = relays.standing(session, alert, now())
    return Standing(
        has_number=joining.reached(session, alert).sealed_contact is not None,
        closed=alert.state == "closed",
        mine=Worker(current_user.id, current_user.name).has(alert),
        can_be_written=written.by_text or written.on_page,
        written=bool(relays.of_alert(session, alert.id)),
        seen_today=reveals.seen_today(session, current_user.id, now()),
    )


def _may_open(row: RevealRow) -> bool:
    return reveals.may_open(db.session(), row, current_user.id, now())


def _waits(alert: AlertRow) -> RevealRow | None:
    waiting = reveals.waiting(db.session(), now())
    return next((row for row, _ in waiting if row.alert_id == alert.id and row.staff_id == current_user.id), None)


def _worker_is_silent() -> bool:
    beat: datetime | None = heartbeats.last(db.session(), "urgent")
    return beat is None or now() - beat > SILENT


def _is_late(asked: OpeningRow) -> bool:
    """Whether the worker, running or not, should have opened it by now."""
    return now() - (asked.expires_at - openings.OPENING_LIFE) > SILENT


def _whom_to_ring() -> str:
    return side().settings.alarm_phone or side().settings.duty_phone


def _gone(alert: AlertRow) -> ResponseReturnValue:
    return render_template("staff/number_gone.html", alert=alert)


def _address(alert_id: str, reveal_id: str, opening: str | None = None) -> str:
    return url_for("number.show", alert_id=alert_id, reveal_id=reveal_id, opening=opening)


def _found(alert_id: str) -> AlertRow:
    return reading.or_404(alerts.find(db.session(), alert_id))


def _mine(alert_id: str, reveal_id: str) -> RevealRow | None:
    row = reveals.find(db.session(), reveal_id)
    mine = row is not None and row.alert_id == alert_id and row.staff_id == current_user.id
    return row if mine else None
