"""Staff who may be on duty, their ways and their shifts, as rows that a test begins with."""

from __future__ import annotations

import itertools
import secrets
from datetime import datetime, timedelta

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from conversations.duty_models import ShiftRow, WayRow
from conversations.staff_models import RoleRow, StaffRoleRow, StaffRow

_numbers = itertools.count(100)


def seed_person(session: Session, name: str, *roles: str, proven: tuple[str, ...] = ("sms",)) -> int:
    """Somebody with these roles and these proven ways; gives their id."""
    email = f"{name.lower()}@heard.example"
    person = StaffRow(email=email, name=name, password="-", fs_uniquifier=secrets.token_hex(8), active=True)
    session.add(person)
    session.flush()
    for role in roles:
        row = session.scalar(select(RoleRow).where(RoleRow.name == role)) or RoleRow(name=role)
        session.add(row)
        session.flush()
        session.add(StaffRoleRow(staff_id=person.id, role_id=row.id))
    for kind in proven:
        seed_way(session, person.id, kind)
    session.flush()
    return person.id


def seed_way(session: Session, staff_id: int, kind: str = "sms", proven: bool = True, place: int = 0) -> str:
    """A way of somebody; gives its id."""
    number = next(_numbers)
    address = f"p{number}@heard.example" if kind == "email" else f"+447700900{number}"
    row = WayRow(id=secrets.token_hex(16), staff_id=staff_id, kind=kind, address=address, place=place or number)
    row.verified_at = datetime.fromisoformat("2026-11-01T09:00:00+00:00") if proven else None
    session.add(row)
    session.flush()
    return row.id


def seed_shift(session: Session, staff_id: int, starts_at: datetime, hours: float = 8, rota: str = "duty") -> str:
    """A shift of somebody; gives its id."""
    shift_id = secrets.token_hex(16)
    ends_at = starts_at + timedelta(hours=hours)
    values = {"id": shift_id, "rota": rota, "staff_id": staff_id, "starts_at": starts_at, "ends_at": ends_at}
    session.execute(insert(ShiftRow).values(**values, override=False))
    return shift_id
