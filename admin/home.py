"""The first page, what is open to anybody, and what every staff page looks like and says when it fails."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from flask import Blueprint, Flask, Response, abort, render_template, request
from flask.typing import ResponseReturnValue
from flask_login import current_user
from werkzeug.exceptions import HTTPException

from admin.auth import now, side, staff_blueprint
from admin.presenting import period_name
from admin.reasons import plain
from admin.roles import PAGES, ROLES
from admin.sessions import PATH, under_staff
from admin.typed import given_back
from conversations import alerts, swaps, worries
from conversations.db import db

LOCAL = ZoneInfo("Europe/London")
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
    "font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "X-Robots-Tag": "noindex, nofollow",
}
TROUBLE = {
    400: ("We could not take that", "The page was open too long, so nothing was changed. Please try again."),
    401: ("You are not logged in", "Nothing was changed."),
    404: ("There is no such page", "It may have been dealt with by a colleague, or the address is not quite right."),
    409: ("Somebody was quicker", "A colleague changed this while you had it open. Have a look at how it stands now."),
    413: ("That was too much", "What you sent is larger than we take. Nothing was changed."),
}
MAY_BE_SENT_AGAIN = frozenset({400, 401, 500, 503})
OTHERWISE = ("Something went wrong", "Please try again; if it happens again, tell whoever runs Heard.")

home = staff_blueprint("home", "")
staff = Blueprint(
    "staff", __name__, url_prefix=PATH, static_folder="static", static_url_path="/static", template_folder="templates"
)


@home.get("/")
def index() -> str:
    """What this member of staff may do here."""
    roles = {role.name for role in current_user.roles}
    found = alerts.inbox(db.session()) if roles & PAGES["alerts"] else ()
    to_read = worries.to_read(db.session()) if roles & PAGES["worries"] else ()
    waiting = [alert for alert in found if alert.state != "closed"]
    wishes = swaps.waiting(db.session(), now()) if roles & PAGES["rota"] else ()
    asked = [swap for swap in wishes if current_user.id in swap.waits_for]
    return render_template("staff/home.html", waiting=waiting, to_read=to_read, asked=asked)


@staff.route("/<path:anything>", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
def nowhere(anything: str) -> ResponseReturnValue:
    """Whatever else is asked for under /staff."""
    abort(404)


def init_pages(app: Flask) -> None:
    """Give staff pages their looks, their words for time, their headers and their error pages."""
    app.after_request(_protect)
    for words in (local_time, length_of, period_name, plain):
        app.add_template_filter(words)
    app.context_processor(_surroundings)
    # Flask-Security registers its own pages, and a blueprint takes no handler after that: so into Flask's own table.
    for blueprint in app.blueprints.values():
        if (blueprint.url_prefix or "").startswith(PATH):
            app.error_handler_spec[blueprint.name][None][HTTPException] = trouble


def trouble(error: HTTPException) -> ResponseReturnValue:
    """A calm page for an error; the app's own handler may call it for any path under /staff."""
    code = error.code or 500
    if code < 400:
        return error.get_response()  # a redirect that was raised
    db.session.rollback()  # the page asks who is logged in, also after a failed transaction
    title, words = TROUBLE.get(code, OTHERWISE)
    typed = given_back() if code in MAY_BE_SENT_AGAIN else ()
    return render_template("staff/trouble.html", title=title, words=words, typed=typed), code


def local_time(moment: datetime, days: bool = True) -> str:
    """A moment as staff in Scotland read it."""
    local = moment.astimezone(LOCAL)
    return local.strftime("%H:%M, %A %-d %B") if days else local.strftime("%H:%M")


def length_of(span: timedelta) -> str:
    """How long something has lasted, in the one or two units that matter."""
    minutes = max(0, int(span.total_seconds()) // 60)
    if minutes < 1:
        return "less than a minute"
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 48 * 60:
        return f"{minutes // 60} h {minutes % 60} min"
    return f"{minutes // (24 * 60)} days"


def _surroundings() -> dict[str, object]:
    if not under_staff(request.path):
        return {}
    roles = {role.name for role in current_user.roles} if current_user.is_authenticated else set()
    return {
        "here": request.blueprint,
        "pages": [name for name in PAGES if PAGES[name] & roles],
        "me": current_user,
        "role_words": ROLES,
        "demo": side().settings.demo,
        "moment": now(),
    }


def _protect(response: Response) -> Response:
    if not under_staff(request.path):
        return response
    for name, value in HEADERS.items():
        response.headers[name] = value
    stored = "max-age=3600" if request.endpoint == "staff.static" and response.status_code == 200 else "no-store"
    response.headers["Cache-Control"] = stored
    return response
