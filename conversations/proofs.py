"""What staff have proven: the ways that reach them, by a code that came back; their voice code; their calendar."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from conversations.db import changed, insert_once
from conversations.duty_models import DutyKeyRow, ShiftRow, WayRow
from conversations.keys import keyed_hash
from conversations.numbering import british
from conversations.staff_models import StaffNumberRow, StaffRow

CODE_LIFE = timedelta(minutes=15)
CODE_PAUSE = timedelta(minutes=1)
TRIES = 5
MOST_WAYS = 6
MAIL = re.compile(r"[^@\s<>,;:\"]{1,64}@[^@\s<>,;:\"]+\.[^@\s<>,;:\"]+")
IN_A_ROW = "0123456789012345 9876543210987654"


class CannotProve(ValueError):
    """This cannot be kept, sent or taken away; says why."""


@dataclass(frozen=True, slots=True)
class Code:
    """A code that is to be sent to the way that it proves."""

    way_id: str
    kind: str
    address: str
    digits: str
    hashed: str


def ways_of(session: Session, staff_id: int) -> Sequence[WayRow]:
    """Every way of one person, in the order in which they want them used."""
    return session.scalars(select(WayRow).where(WayRow.staff_id == staff_id).order_by(WayRow.place, WayRow.id)).all()


def add(session: Session, staff_id: int, kind: str, typed: str, now: datetime) -> str:
    """Keep a way that is yet to be proven, with a code due now; gives its id. Raises CannotProve."""
    address = _address(kind, typed)
    known = ways_of(session, staff_id)
    if any((way.kind, way.address) == (kind, address) for way in known):
        raise CannotProve("This is on your list already")
    if len(known) >= MOST_WAYS:
        raise CannotProve(f"{MOST_WAYS} ways are enough: take one out first")
    way_id, place = secrets.token_hex(16), max((way.place for way in known), default=0) + 1
    session.add(WayRow(id=way_id, staff_id=staff_id, kind=kind, address=address, place=place, code_due_at=now))
    session.flush()
    return way_id


def ask_again(session: Session, staff_id: int, way_id: str, now: datetime) -> None:
    """Have another code sent; the one before it no longer counts. Raises CannotProve while one is on its way."""
    way = _own(session, staff_id, way_id)
    if way.verified_at is not None:
        raise CannotProve("This is proven already")
    sent_at = way.code_expires_at - CODE_LIFE if way.code_expires_at else None
    if way.code_due_at is not None or (sent_at is not None and now < sent_at + CODE_PAUSE):
        raise CannotProve("A code is on its way: give it a minute")
    way.code_due_at, way.code_hash, way.code_failure = now, None, None


def claim(session: Session, record_key: str, now: datetime, limit: int = 20) -> tuple[Code, ...]:
    """Make the codes that are due, for the worker, who commits before it sends; a lost code is asked for again."""
    due = select(WayRow).where(WayRow.code_due_at <= now).order_by(WayRow.code_due_at).limit(limit)
    return tuple(_made(way, record_key, now) for way in session.scalars(due.with_for_update(skip_locked=True)))


def not_sent(session: Session, code: Code, why: str) -> None:
    """Note that a code did not leave, so that nobody waits for it."""
    still = update(WayRow).where(WayRow.id == code.way_id, WayRow.code_hash == code.hashed)
    session.execute(still.values(code_hash=None, code_expires_at=None, code_failure=why[:64]))


def prove(session: Session, staff_id: int, way_id: str, typed: str, record_key: str, now: datetime) -> None:
    """Take the code that came back; from here on alerts use this way. Raises CannotProve, and the try counts."""
    way = _own(session, staff_id, way_id)
    counted = update(WayRow).where(
        WayRow.id == way_id, WayRow.code_hash.is_not(None), WayRow.code_expires_at > now, WayRow.code_tries < TRIES
    )
    if changed(session, counted.values(code_tries=WayRow.code_tries + 1)) != 1:
        raise CannotProve("That code no longer counts: have another one sent")
    session.refresh(way)
    digits = re.sub(r"\s", "", typed)
    if not hmac.compare_digest(_hashed(way_id, digits, record_key), way.code_hash or ""):
        raise CannotProve("That is not the code that we sent last")
    if way.kind == "sms" and _is_of_a_colleague(session, way):
        raise CannotProve("A colleague has proven this number: an answer from it must tell who sent it")
    way.verified_at, way.code_hash, way.code_expires_at = now, None, None
    if way.kind != "email":
        number = keyed_hash("staff-number", way.address, record_key)
        insert_once(session, StaffNumberRow, {"number": number})


def move_up(session: Session, staff_id: int, way_id: str) -> None:
    """Use this way before the one that is used before it now."""
    ways = list(ways_of(session, staff_id))
    at = ways.index(_own(session, staff_id, way_id))
    if at:
        ways[at - 1], ways[at] = ways[at], ways[at - 1]
    for place, way in enumerate(ways, start=1):
        way.place = place


def remove(session: Session, staff_id: int, way_id: str, now: datetime) -> None:
    """Forget a way. Raises CannotProve for the last proven one of somebody who has shifts ahead."""
    session.execute(select(StaffRow.id).where(StaffRow.id == staff_id).with_for_update())  # as a new shift does
    way = _own(session, staff_id, way_id)
    others = [each for each in ways_of(session, staff_id) if each.verified_at and each.id != way_id]
    ahead = select(func.count()).select_from(ShiftRow).where(ShiftRow.staff_id == staff_id, ShiftRow.ends_at > now)
    if way.verified_at and not others and session.scalar(ahead):
        raise CannotProve("You have shifts ahead and this alone is proven to reach you: prove another way first")
    session.delete(way)


def set_voice_code(session: Session, staff_id: int, typed: str) -> None:
    """Keep the six digits that this person says who they are with on the telephone. Raises CannotProve."""
    code = re.sub(r"\s", "", typed)
    if not re.fullmatch(r"[0-9]{6}", code):
        raise CannotProve("Give six digits")
    if len(set(code)) < 3 or code in IN_A_ROW:
        raise CannotProve("That is too easy to guess")
    _keys_of(session, staff_id).voice_code_hash = PasswordHasher().hash(code)


def voice_code_fits(session: Session, staff_id: int, code: str) -> bool:
    """Whether these are the six digits of this person."""
    kept = session.scalar(select(DutyKeyRow.voice_code_hash).where(DutyKeyRow.staff_id == staff_id))
    try:
        return PasswordHasher().verify(kept or "", code)
    except (VerificationError, InvalidHashError):
        return False


def has_voice_code(session: Session, staff_id: int) -> bool:
    """Whether this person can say who they are on the telephone."""
    row = session.get(DutyKeyRow, staff_id)
    return row is not None and row.voice_code_hash is not None


def new_feed(session: Session, staff_id: int) -> str:
    """A new secret end for the address of this person's calendar; the one before it leads nowhere any more."""
    token = secrets.token_urlsafe(32)
    _keys_of(session, staff_id).feed_hash = _feed_hash(token)
    return token


def owner_of_feed(session: Session, token: str) -> int | None:
    """Whose calendar this is."""
    return session.scalar(select(DutyKeyRow.staff_id).where(DutyKeyRow.feed_hash == _feed_hash(token)))


def _address(kind: str, typed: str) -> str:
    if kind == "email":
        if len(typed.strip()) > 255 or not MAIL.fullmatch(typed.strip()):
            raise CannotProve("Give one mail address")
        return typed.strip().lower()
    number = british(typed) if kind in ("sms", "voice") else None
    if number is None or (kind == "sms" and not number.mobile):
        raise CannotProve("Give a British mobile number" if kind == "sms" else "Give a British phone number")
    return number.number


def _own(session: Session, staff_id: int, way_id: str) -> WayRow:
    wanted = select(WayRow).where(WayRow.id == way_id, WayRow.staff_id == staff_id)
    way = session.scalar(wanted.with_for_update())
    if way is None:
        raise LookupError(way_id)
    return way


def _made(way: WayRow, record_key: str, now: datetime) -> Code:
    digits = f"{secrets.randbelow(10**6):06}"
    way.code_hash = _hashed(way.id, digits, record_key)
    way.code_expires_at, way.code_tries = now + CODE_LIFE, 0
    way.code_due_at = way.code_failure = None
    return Code(way.id, way.kind, way.address, digits, way.code_hash)


def _hashed(way_id: str, digits: str, record_key: str) -> str:
    return keyed_hash("way-code", f"{way_id} {digits}", record_key)


def _is_of_a_colleague(session: Session, way: WayRow) -> bool:
    same = select(WayRow.id).where(WayRow.kind == way.kind, WayRow.address == way.address)
    others = same.where(WayRow.staff_id != way.staff_id, WayRow.verified_at.is_not(None))
    return session.scalar(others.limit(1)) is not None


def _keys_of(session: Session, staff_id: int) -> DutyKeyRow:
    insert_once(session, DutyKeyRow, {"staff_id": staff_id})
    return session.get_one(DutyKeyRow, staff_id)


def _feed_hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
