"""What is kept, for how long, what ends it and who notices when it does not: one table for code, tests and docs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Date, and_, delete, update
from sqlalchemy.orm import InstrumentedAttribute

from conversations import worries
from conversations.duty_models import AlarmRow, RelayRow
from conversations.models import (
    CommentRow,
    ConversationRow,
    DeliveryRow,
    OpeningRow,
    OutboxRow,
    ReceivedRow,
)
from conversations.staff_models import LoginTryRow, SessionRow
from conversations.triage_models import MarkRow, ReachRow, SecondLookRow, WorryRow

AT_ONCE = timedelta()
DAY, WEEK, YEAR = timedelta(days=1), timedelta(days=7), timedelta(days=365)
MESSAGE_ID_LIFE = timedelta(days=395)

PURGE = "conversations.retention.purge"
KEYS = "conversations.keys.destroy_expired"
ANALYSIS = "conversations.retention.end_analysis"
BOXES = "conversations.boxes.empty_ended"
ALERTS = "conversations.endings.end_alerts"
NOTHING = "nothing"
AFTER_OUTCOME = "HEARD_WORDS_KEPT_DAYS after its outcome"
LATE = "something is kept past its life"
KEYS_LATE = "keys are kept past their life"
NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class Ends:
    """Which rows have had their life: so long after what one column says; with `empties`, only these columns go."""

    since: InstrumentedAttribute[Any]
    after: timedelta
    only: tuple[ColumnElement[bool], ...] = ()
    empties: tuple[str, ...] = ()

    def past(self, now: datetime) -> ColumnElement[bool]:
        """That a row has had its life."""
        limit = now - self.after
        there = [getattr(self.since.class_, name).is_not(None) for name in self.empties[:1]]
        day = isinstance(self.since.type, Date)
        return and_(self.since <= (limit.date() if day else limit), *self.only, *there)

    def statement(self, now: datetime) -> Any:
        """What ends it."""
        row = self.since.class_
        if self.empties:
            return update(row).where(self.past(now)).values(dict.fromkeys(self.empties))
        return delete(row).where(self.past(now))


@dataclass(frozen=True, slots=True)
class Kept:
    """One thing that we keep: in which tables (or where else), for how long, the job that ends it, the alarm."""

    what: str
    where: str
    life: str
    job: str = PURGE
    alarm: str = LATE
    ends: Ends | None = None


SENT = OutboxRow.state.in_(("sent", "failed", "cancelled"))

TABLE = (
    Kept("number and words of a message", "memory", "seconds", NOTHING, NOBODY),
    Kept("running conversations", "conversation", "72 hours at most, longer while an answer or an alert is open",
         "conversations.retention.close_expired", ends=Ends(ConversationRow.expires_at, AT_ONCE)),
    Kept("weekly keys", "sealing folder", "until the week after theirs is over", KEYS, KEYS_LATE),
    Kept("message ids", "received", "13 months", ends=Ends(ReceivedRow.received_on, MESSAGE_ID_LIFE)),
    Kept("drafts of closed conversations", "closed_draft", "until the next daily batch",
         "conversations.retention.move_closed", "the nightly batch was not made"),
    Kept("responses", "response, answer", "HEARD_ANALYSIS_MONTHS, set by the partnership", ANALYSIS),
    Kept("comments", "comment", "HEARD_ANALYSIS_MONTHS, set by the partnership", ANALYSIS),
    Kept("comment links", "comment", "7 days after the words, or until the first review",
         ends=Ends(CommentRow.link_expires_on, AT_ONCE, empties=("sealed_link", "link_expires_on"))),
    Kept("day keys, and with them all sealed numbers and words", "keys folder, sealing folder",
         "until 7 days after their day are over", KEYS, KEYS_LATE),
    Kept("number and words of an alert", "alert, alert_words", AFTER_OUTCOME, BOXES),
    Kept("keys of alerts", "keys folder", AFTER_OUTCOME, "bot.resealing.destroy_ended", NOBODY),
    Kept("alerts without words, and what was done", "alert, alert_event, attempt, report, handover",
         "HEARD_ALERTS_KEPT_YEARS after the last that happened, as the partnership's policy says", ALERTS),
    Kept("notes of reports and handovers", "report, handover", AFTER_OUTCOME, BOXES),
    Kept("who asked to see a number, and who allowed it", "reveal", "as the alert that it belongs to", ALERTS),
    Kept("links of flagged comments", "reach", "seconds, until the worker has looked", "bot.marking.reach",
         ends=Ends(ReachRow.expires_at, AT_ONCE)),
    Kept("words of duty workers to young people", "relay", AFTER_OUTCOME, BOXES),
    Kept("words on pages", "relay", "7 days", ends=Ends(RelayRow.written_at, WEEK, empties=("sealed_for_reader",))),
    Kept("texts sent", "outbox", "72 hours", ends=Ends(OutboxRow.due_at, timedelta(hours=72), (SENT,))),
    Kept("delivery reports", "delivery", "1 day", ends=Ends(DeliveryRow.received_at, DAY)),
    Kept("wishes to stop or start", "opt_request", "seconds", "bot.contacts.Contacts.settle_opt_requests",
         "wishes to stop are waiting"),
    Kept("opt-outs", "opt_out", "until START", "bot.contacts.Contacts.settle_opt_requests",
         "wishes to stop are waiting"),
    Kept("words opened", "opening", "15 minutes, or until they are read", ends=Ends(OpeningRow.expires_at, AT_ONCE)),
    Kept("words of worries", "worry", "7 days, or until somebody is done with it",
         ends=Ends(WorryRow.expires_at, AT_ONCE, empties=tuple(worries.EMPTY))),
    Kept("worries done", "worry", "12 months", ends=Ends(WorryRow.done_at, YEAR, (WorryRow.state == "done",))),
    Kept("second looks", "second_look", "7 days, mostly seconds", ends=Ends(SecondLookRow.due_at, WEEK)),
    Kept("marks", "mark", "12 months", ends=Ends(MarkRow.made_on, YEAR)),
    Kept("figures of closed periods", "figure", "for good", NOTHING, NOBODY),
    Kept("audit", "audit", "6 years", "conversations.audit.prune", LATE),
    Kept("copies at Twilio", "Twilio", "72 hours", "bot.reconcile.delete_copies",
         "copies at Twilio are older than 72 hours"),
    Kept("staff sessions", "staff_session", "30 minutes unused, 8 hours at most",
         ends=Ends(SessionRow.expires_at, AT_ONCE)),
    Kept("login tries", "login_try", "1 day", ends=Ends(LoginTryRow.last_at, DAY)),
    Kept("staff, their ways and the rota", "staff, role, staff_role, staff_number, way, duty_key, shift, swap",
         "while the account exists", NOTHING, NOBODY),
    Kept("alarms that are over", "alarm", "12 months", ends=Ends(AlarmRow.ended_at, YEAR)),
    Kept("scripts and heartbeats", "script_version, heartbeat, key_mark", "for good: nothing that anybody said",
         NOTHING, NOBODY),
)  # fmt: skip
PURGED = tuple(kept for kept in TABLE if kept.job == PURGE)
MEASURED = tuple(kept for kept in TABLE if kept.ends)
