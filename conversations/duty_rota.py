"""Reads the rota as it is now: people with a proven way, and the shifts around a moment."""

from __future__ import annotations

import itertools
from collections import defaultdict
from datetime import datetime, timedelta
from types import MappingProxyType

from sqlalchemy import select
from sqlalchemy.orm import Session

from conversations.duty_models import ShiftRow, WayRow
from conversations.settings import Settings
from conversations.shifts import DutyPerson, Gap, Rota, Shift, Way, on_duty
from conversations.staff_models import RoleRow, StaffRoleRow, StaffRow

MAY_BE_TOLD = ("duty", "lead")
AROUND = timedelta(days=2)
AHEAD = timedelta(days=14)


def load(session: Session, now: datetime, ahead: timedelta = AROUND) -> Rota:
    """Everybody who may be told of an alert now, and the shifts that lie between yesterday and `ahead`."""
    wanted = select(ShiftRow).where(ShiftRow.ends_at > now - AROUND, ShiftRow.starts_at < now + ahead)
    rows = session.scalars(wanted.order_by(ShiftRow.starts_at)).all()
    shifts = tuple(Shift(row.rota, row.staff_id, row.starts_at, row.ends_at, row.override) for row in rows)
    return Rota(MappingProxyType(_people(session)), shifts)


def gaps_ahead(session: Session, settings: Settings, now: datetime) -> tuple[Gap, ...]:
    """When, in the next fourteen days, nobody who can be told is on duty although somebody must be."""
    found, ends = load(session, now, AHEAD), now + AHEAD
    edges = {now, ends, *(edge for shift in found.shifts for edge in (shift.starts_at, shift.ends_at))}
    moments = sorted(edge for edge in edges if now <= edge <= ends)
    return tuple(Gap(*each) for each in itertools.pairwise(moments) if not on_duty(found, each[0]))


def _people(session: Session) -> dict[int, DutyPerson]:
    ways: defaultdict[int, list[Way]] = defaultdict(list)
    proven = select(WayRow).where(WayRow.verified_at.is_not(None)).order_by(WayRow.place, WayRow.id)
    for row in session.scalars(proven):
        ways[row.staff_id].append(Way(row.kind, row.address))
    wanted = (
        select(StaffRow.id, StaffRow.name, RoleRow.name.label("role"))
        .join(StaffRoleRow, StaffRoleRow.staff_id == StaffRow.id)
        .join(RoleRow, RoleRow.id == StaffRoleRow.role_id)
        .where(StaffRow.active, RoleRow.name.in_(MAY_BE_TOLD), StaffRow.id.in_(ways))
    )
    found = session.execute(wanted.order_by(StaffRow.id)).all()
    leading = {row.id for row in found if row.role == "lead"}
    return {row.id: DutyPerson(row.id, row.name, tuple(ways[row.id]), row.id in leading) for row in found}
