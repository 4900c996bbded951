"""The audit: each line is chained to the one before by HMAC, so that a line changed or taken out is found."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, func, insert, select, text
from sqlalchemy.orm import Session

from conversations.db import changed
from conversations.keys import keyed_hash
from conversations.staff_models import AuditRow

CHAIN_LOCK = 0x48656172
"""The number of the PostgreSQL lock under which the chain grows: two writers at once would make it fork."""
LIFE = timedelta(days=2192)
"""Six years, the two leap days that they may hold included."""
SERVICE = "Heard"
PRUNED = "ended after six years"


@dataclass(frozen=True, slots=True)
class Act:
    """What somebody did, to which row, and why."""

    what: str
    on: str
    why: str = ""


def audit_key(record_key: str) -> str:
    """The key of the chain, made from the key that never changes."""
    return keyed_hash("audit", "chain", record_key)


def record(session: Session, who: str, acts: Iterable[Act], now: datetime, key: str) -> None:
    """Add one line an act; they stand or fall with the caller's transaction."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": CHAIN_LOCK})
    before, rows, now = head(session), [], now.astimezone(UTC)
    for act in acts:
        content = {"at": now, "who": who, "what": act.what, "on": act.on, "why": act.why}
        before = _link(key, before, AuditRow(**content))
        rows.append({**content, "chain": before})
    if rows:
        session.execute(insert(AuditRow), rows)


def head(session: Session) -> str:
    """The newest link; kept somewhere else, it shows later that no line was cut off the end."""
    return session.scalar(select(AuditRow.chain).order_by(AuditRow.id.desc()).limit(1)) or ""


def verify(session: Session, key: str) -> int | None:
    """The id of the first line that does not follow from the one before it, or None."""
    every = select(AuditRow).order_by(AuditRow.id).execution_options(yield_per=500)
    with closing(session.scalars(every)) as lines:
        return first_broken(lines, start(session), key)


def first_broken(lines: Iterable[AuditRow], before: str, key: str) -> int | None:
    """The id of the first of these lines, oldest first, that does not follow; `before` is the link they begin at."""
    for line in lines:
        if not hmac.compare_digest(line.chain, _link(key, before, line)):
            return line.id
        before = line.chain
    return None


def start(session: Session) -> str:
    """The link that the oldest line follows from: of the last line that has had its life, empty before there is one.

    It stands in a line of the chain itself, so that nobody without the key can make the chain begin elsewhere.
    """
    pruned = select(AuditRow.why).where(AuditRow.what == PRUNED, AuditRow.who == SERVICE)
    return session.scalar(pruned.order_by(AuditRow.id.desc()).limit(1)) or ""


def prune(session: Session, now: datetime, key: str) -> int:
    """Delete the lines that have had their life, oldest first, and say in the chain where it begins; gives how many."""
    first_kept = session.scalar(select(func.min(AuditRow.id)).where(AuditRow.at > now - LIFE))
    old = AuditRow.at <= now - LIFE if first_kept is None else AuditRow.id < first_kept
    newest_old = select(AuditRow.id, AuditRow.chain).where(old).order_by(AuditRow.id.desc()).limit(1)
    last = session.execute(newest_old).one_or_none()
    if last is None:
        return 0
    record(session, SERVICE, [Act(PRUNED, "audit", last.chain)], now, key)
    return changed(session, delete(AuditRow).where(AuditRow.id <= last.id))


def is_overdue(session: Session, now: datetime) -> bool:
    """Whether the oldest line has had its life."""
    oldest = session.scalar(select(AuditRow.at).order_by(AuditRow.id).limit(1))
    return oldest is not None and oldest <= now - LIFE


def contains(session: Session, link: str) -> bool:
    """Whether a link that was written down earlier is still there."""
    return session.scalar(select(func.count()).where(AuditRow.chain == link)) == 1


def lines_after(session: Session, link: str) -> int:
    """How many lines were added after the one with this link."""
    place = select(AuditRow.id).where(AuditRow.chain == link).scalar_subquery()
    return session.scalar(select(func.count()).where(AuditRow.id > place)) or 0


def newest(session: Session, before: int | None = None, most: int = 50) -> Sequence[AuditRow]:
    """The latest lines, newest first."""
    query = select(AuditRow).order_by(AuditRow.id.desc()).limit(most)
    return session.scalars(query.where(AuditRow.id < before) if before else query).all()


def _link(key: str, before: str, row: AuditRow) -> str:
    line = json.dumps([before, row.at.isoformat(), row.who, row.what, row.on, row.why], ensure_ascii=True)
    return hmac.new(key.encode(), line.encode(), hashlib.sha256).hexdigest()
