"""Rows that a test of the worker begins with, made by the code that makes them in earnest."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot import duty
from bot.contacts import Contacts
from bot.parts import Parts
from conversations import alerts, escalation, outbox, policy, worries
from conversations.alerts import Taken, Taker
from conversations.db import db
from conversations.duty_models import ShiftRow, WayRow
from conversations.keys import PrivateKeys
from conversations.models import OutboxRow
from conversations.sealing import Sealable, Seals
from conversations.staff_models import RoleRow, StaffRoleRow, StaffRow
from conversations.values import Assessment, Level
from tests.make import OUR_NUMBER

NUMBER = "+447700900123"
WORDS = "he hits me every night"
WORRY = Assessment(Level.CONCERN, reasons=("en.harm.1",), version="v1")
LONELY = Assessment(Level.WELLBEING, reasons=("en-low-mood",), version="v1")
DANGER = replace(WORRY, level=Level.IMMEDIATE)


def make_seals(parts: Parts, words: str = WORDS, number: str | None = NUMBER) -> Seals:
    """What a message leaves behind today."""
    now = parts.clock()
    contact = Sealable(number) if number else None
    return Seals(parts.keys.of_day(now), Sealable(words), contact, now + timedelta(days=7))


def seed_alert(session: Session, parts: Parts, assessment: Assessment = WORRY, **seals: Any) -> str:
    """An alert that was raised just now, committed."""
    alert_id = alerts.raise_alert(session, assessment, "sms", make_seals(parts, **seals), parts.clock())
    session.commit()
    return alert_id


def seed_told(session: Session, parts: Parts, assessment: Assessment = WORRY, **seals: Any) -> str:
    """An alert that was raised just now, with its first attempts due; committed."""
    alert_id = seed_alert(session, parts, assessment, **seals)
    duty.act_on_due(session, parts)
    return alert_id


def acknowledge(
    session: Session, alert_id: str, who: str, now: datetime, owner_id: int | None = None, how: str = "page"
) -> Taken:
    """Somebody takes an alert, by the policy that comes with Heard."""
    return alerts.acknowledge(session, alert_id, Taker(who, owner_id, how), policy.load().remind_after, now)


def seed_on_duty(session: Session, parts: Parts, name: str, *kinds: str, lead: bool = False) -> int:
    """Somebody with proven ways who is on duty for a day from an hour ago, after those seeded before; gives the id.

    A safeguarding lead has no shift. Without kinds they are told by text and by mail.
    """
    role = "lead" if lead else "duty"
    found = session.scalar(select(RoleRow).where(RoleRow.name == role)) or RoleRow(name=role)
    number = (session.scalar(select(func.count()).select_from(StaffRow)) or 0) + 1
    person = StaffRow(email=f"{number}@example.org", name=name, password="x", fs_uniquifier=f"u{number}")
    session.add_all([found, person])
    session.flush()
    session.add(StaffRoleRow(staff_id=person.id, role_id=found.id))
    now = parts.clock()
    for place, kind in enumerate(kinds or ("sms", "email")):
        address = f"{number}@example.org" if kind == "email" else f"+44770090099{number}"
        session.add(
            WayRow(id=f"w{number}{kind}", staff_id=person.id, kind=kind, address=address, place=place, verified_at=now)
        )
    if not lead:
        start = now - timedelta(hours=1) + timedelta(seconds=number)
        session.add(
            ShiftRow(
                id=f"s{number}",
                rota="duty",
                staff_id=person.id,
                starts_at=start,
                ends_at=start + timedelta(days=1),
                override=False,
            )
        )
    session.commit()
    return person.id


def seed_worry(
    session: Session,
    parts: Parts,
    due_in: timedelta = timedelta(hours=5),
    assessment: Assessment = LONELY,
    **seals: Any,
) -> str:
    """A worry that came in just now, committed."""
    listing = worries.Listing(escalation.list_of(assessment), "sms", parts.clock() + due_in)
    worry_id = worries.keep(session, assessment, make_seals(parts, **seals), listing)
    session.commit()
    return worry_id


def seed_text(session: Session, parts: Parts, body: str = "hello", kind: str = "reply", number: str = NUMBER) -> None:
    """A text to a young person that is due now, committed."""
    outbox.add(session, outbox.Text(kind, OUR_NUMBER, body), make_seals(parts, number=number), None, parts.clock())
    session.commit()


def seed_staff(session: Session) -> int:
    """Somebody who may log in; gives the id."""
    person = StaffRow(email="a@example.org", name="Ada", password="x", fs_uniquifier="u")
    session.add(person)
    session.commit()
    return person.id


def sole_text(session: Session) -> OutboxRow:
    """The one row of the outbox, as it is now in the database."""
    session.rollback()
    return session.query(OutboxRow).one()


def worker_contacts(parts: Parts) -> Contacts:
    """What the worker opens boxes with."""
    return Contacts(PrivateKeys(parts.settings.keys_dir))


@contextmanager
def own_session(app: Flask) -> Iterator[Session]:
    """A session of its own, as another process or thread would have."""
    with app.app_context():
        try:
            yield db.session()
        finally:
            db.session.remove()
