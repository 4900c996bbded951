"""What the watch sees in one look: everything that may be wrong, measured, in one value without a word of anybody."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from bot.parts import Parts
from conversations import (
    boxes,
    drills,
    duty_rota,
    endings,
    heartbeats,
    helplines,
    holidays,
    key_marks,
    keys,
    queues,
    retention,
    reveals,
    worries,
)
from conversations.db import begin_reading
from conversations.drills import Drill
from conversations.duty_models import ShiftRow
from conversations.models import AlertEventRow, AlertRow
from conversations.queues import Queue
from conversations.reveals import Watched
from conversations.rota import HERE
from conversations.shifts import Gap

ROTA_IN_USE = timedelta(days=30)
RESEALED_WITHIN = timedelta(hours=1)
NEEDS_US = "needs the operator"
"""What the history of an alert says when the clock can do no more by itself."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One look. `since` is when this watch began, `web_at` when our front door last answered."""

    now: datetime
    since: datetime
    web_at: datetime
    cover_hours: str = "always"
    looks: bool = False
    drills: bool = False
    sqlite: bool = False
    beats: Mapping[str, datetime] = field(default_factory=lambda: MappingProxyType({}))
    queues: Mapping[str, Queue] = field(default_factory=lambda: MappingProxyType({}))
    open_alerts: int = 0
    unsent_since: datetime | None = None
    unheeded: Mapping[str, datetime | None] = field(default_factory=lambda: MappingProxyType({}))
    needs_us: bool = False
    worries_late: bool = False
    reviews_late: bool = False
    kept_too_long: tuple[str, ...] = ()
    keys_too_old: bool = False
    helplines_stale: bool = False
    holidays_end: bool = False
    gaps: tuple[Gap, ...] = ()
    drill: Drill | None = None
    keys_changed: tuple[str, ...] = ()
    reseal_late: bool = False
    reveals: Watched = field(default_factory=Watched)

    def is_late(self, queue: str, after: timedelta) -> bool:
        """Whether the oldest row of a queue has been due for longer than this."""
        return self.is_past(self.queues.get(queue, Queue()).oldest, after)

    def is_past(self, moment: datetime | None, after: timedelta) -> bool:
        """Whether it was longer ago than this."""
        return moment is not None and self.now - moment > after

    def is_silent(self, process: str, after: timedelta) -> bool:
        """Whether a process or task has not shown itself for longer than this, once it had time for it."""
        return self.now - max(self.beats.get(process, self.since), self.since) > after


def look(session: Session, parts: Parts, since: datetime, web_at: datetime) -> Seen:
    """Look at everything; takes no write lock. A database that does not answer raises SQLAlchemyError."""
    now, settings = parts.clock(), parts.settings
    begin_reading(session)
    last = drills.latest(session)
    return Seen(
        now=now,
        since=since,
        web_at=web_at,
        cover_hours=settings.cover_hours,
        looks=settings.triage_encoder == "worker",
        drills=not settings.demo,
        sqlite=settings.sqlite,
        beats=MappingProxyType(heartbeats.all_last(session)),
        queues=queues.standing(session, now),
        open_alerts=queues.open_alerts(session),
        unsent_since=queues.unsent_since(session, now),
        unheeded=MappingProxyType({each: queues.unheeded_since(session, each) for each in ("immediate", "concern")}),
        needs_us=_needs_us(session),
        worries_late=worries.is_overdue(session, now),
        reviews_late=bool(retention.overdue_reviews(session, now.astimezone(HERE).date())),
        kept_too_long=_kept_too_long(session, parts, now),
        keys_too_old=keys.kept_too_long(settings.sealing_dir, now - retention.LATE),
        helplines_stale=bool(helplines.stale(helplines.load(), now.date())),
        holidays_end=holidays.ends_soon(holidays.load(), now.date()),
        gaps=_gaps(session, parts, now),
        drill=last[0] if last else None,
        keys_changed=key_marks.changed(session),
        reveals=reveals.watched(session, now),
        reseal_late=boxes.is_late(session, now, RESEALED_WITHIN),
    )


def _kept_too_long(session: Session, parts: Parts, now: datetime) -> tuple[str, ...]:
    late, settings = now - retention.LATE, parts.settings
    alerts = {
        "number and words of an alert": boxes.overdue(session, late, settings.words_kept),
        "alerts without words, and what was done": endings.overdue(session, late, settings.alerts_kept),
    }
    ended = (what for what, there in alerts.items() if there)
    return *retention.overdue(session, parts.settings.analysis_months, now), *ended


def _needs_us(session: Session) -> bool:
    ours = AlertEventRow.alert_id == AlertRow.id, AlertEventRow.at >= AlertRow.clock_from
    said = exists().where(*ours, AlertEventRow.what == NEEDS_US)
    found = select(AlertRow.id).where(AlertRow.state == "open", said).limit(1)
    return session.scalar(found) is not None


def _gaps(session: Session, parts: Parts, now: datetime) -> tuple[Gap, ...]:
    """Where no rota has been kept lately, the duty contact of the settings is on duty at every hour."""
    kept = select(exists().where(ShiftRow.ends_at > now - ROTA_IN_USE))
    return duty_rota.gaps_ahead(session, parts.settings, now) if session.scalar(kept) else ()
