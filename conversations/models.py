"""All that we keep of what young people say: no table that staff read has a sequential id or a creation time."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, Date, ForeignKey, Index, LargeBinary, String, Text, false
from sqlalchemy.orm import Mapped, mapped_column

from conversations.cutting import Doubtful
from conversations.db import Base, UtcTime, append_only, one_of, only_where

# On SQLite none has a hidden row number either.
NO_ORDER = {"sqlite_with_rowid": False}


class ScriptVersionRow(Base):
    """A script as it was when somebody began it, so that they may finish it across a deploy."""

    __tablename__ = "script_version"
    version: Mapped[str] = mapped_column(String(16), primary_key=True)
    name: Mapped[str] = mapped_column(String(64))
    content: Mapped[str] = mapped_column(Text)


class ConversationRow(Base):
    """A running conversation, at most 72 hours: where it stands, its draft, a sealed number while a text may be due."""

    __tablename__ = "conversation"
    __table_args__ = (Index("ix_conversation_due", "expires_at"),)
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    person: Mapped[str] = mapped_column(String(32), unique=True)
    channel: Mapped[str] = mapped_column(String(8))
    version: Mapped[str] = mapped_column(ForeignKey("script_version.version"))
    state: Mapped[dict[str, Any]] = mapped_column(JSON)
    replies: Mapped[dict[str, list[str]]] = mapped_column(JSON)
    pace: Mapped[list[str]] = mapped_column(JSON)
    last_out_at: Mapped[datetime | None] = mapped_column(UtcTime)
    nudge_at: Mapped[datetime | None] = mapped_column(UtcTime, index=True)
    expires_at: Mapped[datetime] = mapped_column(UtcTime)
    sealed_contact: Mapped[bytes | None] = mapped_column(LargeBinary)
    our_number: Mapped[str | None] = mapped_column(String(32))
    alert_id: Mapped[str | None] = mapped_column(ForeignKey("alert.id", ondelete="SET NULL"))
    reader_half: Mapped[str | None] = mapped_column(String(64))


class ReceivedRow(Base):
    """That a message came in, by keyed hash; the link to its conversation goes when that closes."""

    __tablename__ = "received"
    __table_args__ = NO_ORDER
    message: Mapped[str] = mapped_column(String(32), primary_key=True)
    conversation_id: Mapped[str | None] = mapped_column(ForeignKey("conversation.id", ondelete="SET NULL"), index=True)
    received_on: Mapped[date] = mapped_column(Date, index=True)
    fingerprint: Mapped[str | None] = mapped_column(String(32))


class ClosedDraftRow(Base):
    """What a closed conversation leaves until the daily shuffled batch: no person, no time."""

    __tablename__ = "closed_draft"
    __table_args__ = NO_ORDER
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    draft: Mapped[dict[str, Any]] = mapped_column(JSON)


class ResponseRow(Base):
    """One person's finished or partial set of answers: a random id and a month."""

    __tablename__ = "response"
    __table_args__ = (
        one_of("ending", "finished", "partial", "stopped"),
        Index("ix_response_month_script", "month", "script"),
        NO_ORDER,
    )
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    month: Mapped[str] = mapped_column(String(7))
    script: Mapped[str] = mapped_column(String(64))
    version: Mapped[str] = mapped_column(String(16))
    language: Mapped[str] = mapped_column(String(8))
    area: Mapped[str | None] = mapped_column(String(16))
    age_band: Mapped[str | None] = mapped_column(String(8))
    touchpoint: Mapped[str | None] = mapped_column(String(32))
    ending: Mapped[str] = mapped_column(String(8))


class AnswerRow(Base):
    """One code that a response holds for one question."""

    __tablename__ = "answer"
    __table_args__ = NO_ORDER
    response_id: Mapped[str] = mapped_column(ForeignKey("response.id", ondelete="CASCADE"), primary_key=True)
    question: Mapped[str] = mapped_column(String(64), primary_key=True)
    code: Mapped[str] = mapped_column(String(64), primary_key=True)


class CommentRow(Base):
    """Redacted words with no person, no response and no time but the day by which they must be reviewed."""

    __tablename__ = "comment"
    __table_args__ = (
        one_of("state", "waiting", "reviewed", "safe"),
        Index("ix_comment_state_script", "state", "script"),
        Index("ix_comment_unlooked", "id", **only_where("doubtful IS NULL")),
        NO_ORDER,
    )
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    script: Mapped[str] = mapped_column(String(64))
    step: Mapped[str] = mapped_column(String(64))
    theme: Mapped[str] = mapped_column(String(64))
    language: Mapped[str] = mapped_column(String(8))
    text: Mapped[str] = mapped_column(Text)
    doubtful: Mapped[Doubtful | None] = mapped_column(JSON(none_as_null=True))
    state: Mapped[str] = mapped_column(String(8))
    due_on: Mapped[date] = mapped_column(Date, index=True)
    sealed_link: Mapped[bytes | None] = mapped_column(LargeBinary)
    link_expires_on: Mapped[date | None] = mapped_column(Date, index=True)


class AlertRow(Base):
    """A message that somebody must act on; while it is open it always has a next action with a time."""

    __tablename__ = "alert"
    __table_args__ = (
        one_of("state", "open", "acknowledged", "closed"),
        CheckConstraint("state = 'closed' OR next_action_at IS NOT NULL", name="never_silent"),
        CheckConstraint("state <> 'closed' OR outcome IS NOT NULL", name="outcome_needed"),
        Index("ix_alert_due", "state", "next_action_at"),
    )
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    reference: Mapped[str] = mapped_column(String(8), unique=True)
    level: Mapped[str] = mapped_column(String(10))
    assessed: Mapped[bool]
    reasons: Mapped[list[str]] = mapped_column(JSON)
    version: Mapped[str] = mapped_column(String(32))
    channel: Mapped[str] = mapped_column(String(8))
    state: Mapped[str] = mapped_column(String(12))
    cannot_be_texted: Mapped[bool]
    raised_at: Mapped[datetime] = mapped_column(UtcTime)
    next_action_at: Mapped[datetime | None] = mapped_column(UtcTime)
    acknowledged_at: Mapped[datetime | None] = mapped_column(UtcTime)
    acknowledged_by: Mapped[str | None] = mapped_column(String(64))
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id", ondelete="SET NULL"))
    outcome: Mapped[str | None] = mapped_column(String(32))
    closed_at: Mapped[datetime | None] = mapped_column(UtcTime)
    sealed_contact: Mapped[bytes | None] = mapped_column(LargeBinary)
    step: Mapped[int] = mapped_column(default=0, server_default="0")
    clock_from: Mapped[datetime] = mapped_column(UtcTime)
    drill: Mapped[bool] = mapped_column(default=False, server_default=false())
    late: Mapped[bool] = mapped_column(default=False, server_default=false())
    ok_to_text: Mapped[bool | None]
    safe_times: Mapped[str | None] = mapped_column(String(64))
    merged_into: Mapped[str | None] = mapped_column(ForeignKey("alert.id"))
    joined_to: Mapped[str | None] = mapped_column(ForeignKey("alert.id"))  # which may have been joined on since


class AlertWordsRow(Base):
    """The sealed words of one message of an alert; only the worker opens them."""

    __tablename__ = "alert_words"
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    alert_id: Mapped[str] = mapped_column(ForeignKey("alert.id"), index=True)
    level: Mapped[str] = mapped_column(String(10))
    reasons: Mapped[list[str]] = mapped_column(JSON)
    received_at: Mapped[datetime] = mapped_column(UtcTime)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)


@append_only(ends="at")
class AlertEventRow(Base):
    """One line of an alert's history; only ever added until all of that alert has had its life."""

    __tablename__ = "alert_event"
    id: Mapped[int] = mapped_column(primary_key=True)
    alert_id: Mapped[str] = mapped_column(ForeignKey("alert.id"), index=True)
    at: Mapped[datetime] = mapped_column(UtcTime)
    what: Mapped[str] = mapped_column(String(32))
    who: Mapped[str] = mapped_column(String(64))
    detail: Mapped[str] = mapped_column(String(200))


class Leased:
    """The columns of a row that is sent: due, leased while a sender holds it, and what became of it."""

    due_at: Mapped[datetime] = mapped_column(UtcTime)
    state: Mapped[str] = mapped_column(String(10))
    lease: Mapped[str | None] = mapped_column(String(32))
    lease_until: Mapped[datetime | None] = mapped_column(UtcTime)
    tries: Mapped[int]
    sent_at: Mapped[datetime | None] = mapped_column(UtcTime)
    provider_status: Mapped[str | None] = mapped_column(String(32))
    error: Mapped[str | None] = mapped_column(String(64))


class AttemptRow(Leased, Base):
    """One try to tell a person, or the contact in the settings, about an alert: due, leased, then sent or failed."""

    __tablename__ = "attempt"
    __table_args__ = (
        one_of("state", "due", "leased", "sent", "failed", "cancelled"),
        Index("ix_attempt_due", "state", "due_at"),
    )
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    alert_id: Mapped[str] = mapped_column(ForeignKey("alert.id"), index=True)
    way: Mapped[str] = mapped_column(String(12))
    person_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id", ondelete="SET NULL"))
    step: Mapped[int] = mapped_column(default=0, server_default="0")
    maybe_twice: Mapped[bool] = mapped_column(default=False, server_default=false())
    asked_at: Mapped[datetime | None] = mapped_column(UtcTime)
    provider_id: Mapped[str | None] = mapped_column(String(64), index=True)


class OutboxRow(Leased, Base):
    """A text that is due to a young person; its words are ours, its number is sealed."""

    __tablename__ = "outbox"
    __table_args__ = (
        one_of("state", "due", "leased", "sent", "failed", "cancelled"),
        Index("ix_outbox_due", "state", "due_at"),
    )
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    kind: Mapped[str] = mapped_column(String(8))
    conversation_id: Mapped[str | None] = mapped_column(ForeignKey("conversation.id", ondelete="SET NULL"), index=True)
    alert_id: Mapped[str | None] = mapped_column(ForeignKey("alert.id"))
    sender: Mapped[str] = mapped_column(String(32))
    sealed_contact: Mapped[bytes | None] = mapped_column(LargeBinary)
    body: Mapped[str] = mapped_column(Text)
    provider_id: Mapped[str | None] = mapped_column(String(34), index=True)


class DeliveryRow(Base):
    """A status that a provider reported, kept for a day also when we know no such message."""

    __tablename__ = "delivery"
    provider_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    status: Mapped[str] = mapped_column(String(32), primary_key=True)
    error: Mapped[str | None] = mapped_column(String(64))
    received_at: Mapped[datetime] = mapped_column(UtcTime, index=True)


class OptRequestRow(Base):
    """A STOP or START that the worker has yet to make into an opt-out, or undo."""

    __tablename__ = "opt_request"
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    kind: Mapped[str] = mapped_column(String(8))
    requested_at: Mapped[datetime] = mapped_column(UtcTime)
    sealed_contact: Mapped[bytes] = mapped_column(LargeBinary)


class OptOutRow(Base):
    """A number that we may not text first, under a key that the worker alone holds."""

    __tablename__ = "opt_out"
    __table_args__ = NO_ORDER
    number: Mapped[str] = mapped_column(String(32), primary_key=True)


@append_only()
class FigureRow(Base):
    """A number of a closed period, as it is shown, for good; without field and part it is about everybody."""

    __tablename__ = "figure"
    period: Mapped[str] = mapped_column(String(7), primary_key=True)
    view: Mapped[str] = mapped_column(String(130), primary_key=True)
    field: Mapped[str] = mapped_column(String(16), primary_key=True, server_default="")
    part: Mapped[str] = mapped_column(String(16), primary_key=True, server_default="")
    cell: Mapped[str] = mapped_column(String(64), primary_key=True)
    shown: Mapped[int]


OF_ONE = """(CASE WHEN alert_id IS NULL THEN 0 ELSE 1 END + CASE WHEN worry_id IS NULL THEN 0 ELSE 1 END
 + CASE WHEN reveal_id IS NULL THEN 0 ELSE 1 END) = 1"""


class OpeningRow(Base):
    """A member of staff's wish to read sealed words or a number, and then these, sealed to that browser session."""

    __tablename__ = "opening"
    __table_args__ = (CheckConstraint(OF_ONE, name="of_one"),)
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    alert_id: Mapped[str | None] = mapped_column(ForeignKey("alert.id"), index=True)
    worry_id: Mapped[str | None] = mapped_column(ForeignKey("worry.id"), index=True)
    reveal_id: Mapped[str | None] = mapped_column(ForeignKey("reveal.id"), index=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    public_half: Mapped[str] = mapped_column(String(64))
    expires_at: Mapped[datetime] = mapped_column(UtcTime, index=True)
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary)


class HeartbeatRow(Base):
    """When a process last showed that it is alive."""

    __tablename__ = "heartbeat"
    process: Mapped[str] = mapped_column(String(16), primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcTime)
