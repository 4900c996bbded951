"""Duty workers with proven ways, and alerts that they have been told of, for the tests of taking one."""

from __future__ import annotations

import secrets

from argon2 import PasswordHasher
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.parts import Parts
from conversations.duty_models import DutyKeyRow, WayRow
from conversations.keys import keyed_hash
from conversations.models import AlertRow, AttemptRow
from conversations.staff_models import RoleRow, StaffNumberRow, StaffRoleRow, StaffRow
from tests.seeds import seed_alert

ADA, BEN = "+447700900801", "+447700900802"
CODE = "402719"
QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


def seed_worker(session: Session, parts: Parts, name: str = "Ada", number: str = ADA, role: str = "duty") -> int:
    """Somebody who may be told of alerts, with a proven number and a voice code; gives the id, committed."""
    person = StaffRow(email=f"{name}@example.org".lower(), name=name, password="x", fs_uniquifier=name)
    session.add(person)
    known = session.scalar(select(RoleRow).where(RoleRow.name == role)) or RoleRow(name=role)
    session.add(known)
    session.flush()
    session.add(StaffRoleRow(staff_id=person.id, role_id=known.id))
    now = parts.clock()
    for place, kind in enumerate(("sms", "voice")):
        way = WayRow(id=secrets.token_hex(16), staff_id=person.id, kind=kind, address=number, place=place)
        way.verified_at = now
        session.add(way)
    session.merge(StaffNumberRow(number=keyed_hash("staff-number", number, parts.settings.record_key)))
    session.add(DutyKeyRow(staff_id=person.id, voice_code_hash=QUICK.hash(CODE)))
    session.commit()
    return person.id


def seed_told(session: Session, parts: Parts, *people: int | None, way: str = "sms", tries: int = 1) -> AlertRow:
    """An alert that these people, or the duty contact, have been told of by this way; committed."""
    alert_id = seed_alert(session, parts)
    for person in people:
        session.add(make_attempt(alert_id, person, parts, way, tries))
    session.commit()
    return session.get_one(AlertRow, alert_id)


def make_attempt(alert_id: str, person: int | None, parts: Parts, way: str, tries: int = 1) -> AttemptRow:
    """One attempt that was sent just now, or with no try yet is still due."""
    state, now = ("sent" if tries else "due"), parts.clock()
    return AttemptRow(
        id=secrets.token_hex(16),
        alert_id=alert_id,
        way=way,
        person_id=person,
        due_at=now,
        state=state,
        tries=tries,
        sent_at=now if tries else None,
    )
