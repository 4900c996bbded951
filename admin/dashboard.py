"""The figures of closed periods, as they were fixed, on a page and to take away."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Response, abort, render_template
from flask.typing import ResponseReturnValue
from flask_login import current_user

from admin.auth import side, staff_blueprint
from admin.exports import Export, offered
from admin.paper import CannotTypeset, is_there
from admin.presenting import SUM, WITHHELD, Sheet, plain, tables
from conversations import figures as store
from conversations.db import db
from conversations.periods import is_month
from conversations.script import load_all

figures = staff_blueprint("figures", "figures")


@figures.get("/")
def newest() -> ResponseReturnValue:
    """The figures of the newest closed period."""
    periods = _periods()
    return _page(periods[0] if periods else "", periods)


@figures.get("/<period>")
def month(period: str) -> ResponseReturnValue:
    """The figures of one closed period."""
    return _page(_found(period), _periods())


@figures.get("/<period>/figures.<kind>")
def take_away(period: str, kind: str) -> ResponseReturnValue:
    """The same figures as a file."""
    forms = _forms()
    if kind not in forms:
        abort(404)
    try:
        content = forms[kind].make(_sheet(_found(period)))
    except CannotTypeset:
        abort(503)
    made = Response(content, content_type=forms[kind].kind)
    made.headers["Content-Disposition"] = f'attachment; filename="figures-{period}.{kind}"'
    return made


def _page(period: str, periods: list[str]) -> ResponseReturnValue:
    return render_template(
        "staff/figures.html",
        sheet=_sheet(period) if period else None,
        periods=periods,
        area=current_user.area,
        kinds=list(_forms()),
        withheld_words=WITHHELD,
        sum_words=SUM,
    )


def _sheet(period: str) -> Sheet:
    found, area = store.shown(db.session(), period), current_user.area
    shown = tables(store.within(found, area) if area else found, load_all())
    return Sheet(period, shown, side().settings.partnership, plain(area) if area else "")


def _found(period: str) -> str:
    if period not in _periods():
        abort(404)
    return period


def _periods() -> list[str]:
    """The closed periods that this member of staff may see; by area there are quarters alone."""
    every = store.periods(db.session())
    return [period for period in every if not is_month(period)] if current_user.area else every


def _forms() -> Mapping[str, Export]:
    return offered(is_there())
