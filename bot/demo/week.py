"""The rota of the demonstration: its duty worker and its safeguarding lead, with proven ways, for three weeks."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime, time, timedelta
from types import MappingProxyType

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from conversations.db import insert_once
from conversations.duty_models import ShiftRow, WayRow
from conversations.rota import HERE
from conversations.staff_models import StaffRow

DAYS = 21  # the watch looks two weeks ahead, also on the last day before the next start
DAY = timedelta(days=1)
DUTY_PHONE, LEAD_PHONE = "+447700900900", "+447700900901"
# By the address of their login; the first is on duty day and night.
PHONES: Mapping[str, str] = MappingProxyType({"duty@heard.example": DUTY_PHONE, "lead@heard.example": LEAD_PHONE})
MADE_BY = "demonstration"


def prepare(session: Session, now: datetime) -> None:
    """Give the people of the demonstration their ways, and the duty worker a shift for each day from today on."""
    people = {person.email: person.id for person in session.scalars(select(StaffRow)) if person.email in PHONES}
    for email, staff_id in people.items():
        for place, (kind, address) in enumerate((("sms", PHONES[email]), ("email", email))):
            way = {"id": f"{MADE_BY}-{staff_id}-{kind}", "staff_id": staff_id, "kind": kind, "address": address}
            insert_once(session, WayRow, way | {"place": place, "verified_at": now})
    on_duty = people.get(next(iter(PHONES)))
    if on_duty is None:
        return
    midnight = datetime.combine(now.astimezone(HERE).date(), time(), HERE)
    session.execute(delete(ShiftRow).where(ShiftRow.imported_as.startswith(MADE_BY)))
    for number in range(DAYS):
        begin, end = midnight + number * DAY, midnight + (number + 1) * DAY  # in local time, whatever the clocks do
        made = ShiftRow(id=secrets.token_hex(16), rota="duty", staff_id=on_duty, starts_at=begin, ends_at=end)
        made.override, made.imported_as = False, f"{MADE_BY}-{number}"
        session.add(made)
