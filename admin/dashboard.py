"""The figures of closed periods, as they were fixed, on a page and to take away."""

from __future__ import annotations

from flask import Response, abort, render_template
from flask.typing import ResponseReturnValue
from flask_login import current_user

from admin.auth import staff_blueprint
from admin.exports import EXPORTS, NOTE
from admin.presenting import Table, plain, tables
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
    if kind not in EXPORTS:
        abort(404)
    export = EXPORTS[kind]
    made = Response(export.make(_found(period), _tables(period)), content_type=export.kind)
    made.headers["Content-Disposition"] = f'attachment; filename="figures-{period}.{kind}"'
    return made


def _page(period: str, periods: list[str]) -> ResponseReturnValue:
    area = current_user.area
    return render_template(
        "staff/figures.html",
        period=period,
        periods=periods,
        views=_tables(period),
        quarter=bool(period) and not is_month(period),
        area=plain(area) if area else "",
        kinds=list(EXPORTS),
        note=NOTE,
    )


def _tables(period: str) -> list[Table]:
    found, area = store.shown(db.session(), period), current_user.area
    return tables(store.within(found, area) if area else found, load_all())


def _found(period: str) -> str:
    if period not in _periods():
        abort(404)
    return period


def _periods() -> list[str]:
    """The closed periods that this member of staff may see; by area there are quarters alone."""
    every = store.periods(db.session())
    return [period for period in every if not is_month(period)] if current_user.area else every
