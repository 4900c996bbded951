"""What the duty clock keeps beside alerts: who may be told and how, when, what was written, said and handed over."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from conversations.db import Base, UtcTime, append_only, one_of
from conversations.models import Leased


class WayRow(Base):
    """One way to reach a member of staff; alerts use it only once a code sent to it has come back."""

    __tablename__ = "way"
    __table_args__ = (one_of("kind", "sms", "voice", "email"), Index("ix_way_staff", "staff_id", "place"))
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(8))
    address: Mapped[str] = mapped_column(String(255))
    place: Mapped[int]
    verified_at: Mapped[datetime | None] = mapped_column(UtcTime)
    code_hash: Mapped[str | None] = mapped_column(String(64))
    code_expires_at: Mapped[datetime | None] = mapped_column(UtcTime)
    code_tries: Mapped[int] = mapped_column(default=0, server_default="0")
    code_due_at: Mapped[datetime | None] = mapped_column(UtcTime, index=True)
    code_failure: Mapped[str | None] = mapped_column(String(64))


class DutyKeyRow(Base):
    """What a member of staff proves themselves with away from the page, hashed: a voice code, a calendar address."""

    __tablename__ = "duty_key"
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id", ondelete="CASCADE"), primary_key=True)
    voice_code_hash: Mapped[str | None] = mapped_column(String(255))
    feed_hash: Mapped[str | None] = mapped_column(String(64), unique=True)


class ShiftRow(Base):
    """When somebody is on duty; an override goes before the shifts that it lies on."""

    __tablename__ = "shift"
    __table_args__ = (
        one_of("rota", "duty", "out_of_hours"),
        CheckConstraint("ends_at > starts_at", name="has_length"),
        Index("ix_shift_time", "starts_at", "ends_at"),
    )
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    rota: Mapped[str] = mapped_column(String(12))
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id", ondelete="CASCADE"), index=True)
    starts_at: Mapped[datetime] = mapped_column(UtcTime)
    ends_at: Mapped[datetime] = mapped_column(UtcTime)
    override: Mapped[bool]
    imported_as: Mapped[str | None] = mapped_column(String(255), unique=True)


class SwapRow(Base):
    """Two shifts that would change hands, and whose yes is there; until both are, each shift stays as it is."""

    __tablename__ = "swap"
    __table_args__ = (UniqueConstraint("one_id", "other_id"),)
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    one_id: Mapped[str] = mapped_column(ForeignKey("shift.id", ondelete="CASCADE"))
    other_id: Mapped[str] = mapped_column(ForeignKey("shift.id", ondelete="CASCADE"), index=True)
    one_agrees: Mapped[bool]
    other_agrees: Mapped[bool]
    asked_at: Mapped[datetime] = mapped_column(UtcTime)


@append_only("sealed_notes", ends="at")
class ReportRow(Base):
    """What a duty worker says at the outcome of an alert, after National Guidance Appendix H; only ever added.

    Choices are words of a list; what is written freely is sealed.
    """

    __tablename__ = "report"
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    alert_id: Mapped[str] = mapped_column(ForeignKey("alert.id"), index=True)
    at: Mapped[datetime] = mapped_column(UtcTime)
    who: Mapped[str] = mapped_column(String(64))
    outcome: Mapped[str] = mapped_column(String(32))
    where_now: Mapped[str] = mapped_column(String(32))
    safe_now: Mapped[str] = mapped_column(String(32))
    told: Mapped[list[str]] = mapped_column(JSON)
    young_person_told: Mapped[str] = mapped_column(String(32))
    next_step: Mapped[str] = mapped_column(String(32))
    sealed_notes: Mapped[bytes | None] = mapped_column(LargeBinary)


@append_only("received_by", "received_at", "sealed_notes", ends="handed_at")
class HandoverRow(Base):
    """An alert that was handed to a partner agency: it stays with us until they have said that they have it."""

    __tablename__ = "handover"
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    alert_id: Mapped[str] = mapped_column(ForeignKey("alert.id"), index=True)
    partner: Mapped[str] = mapped_column(String(64))
    handed_at: Mapped[datetime] = mapped_column(UtcTime)
    handed_by: Mapped[str] = mapped_column(String(64))
    received_by: Mapped[str | None] = mapped_column(String(64))
    received_at: Mapped[datetime | None] = mapped_column(UtcTime)
    sealed_notes: Mapped[bytes | None] = mapped_column(LargeBinary)


class RelayRow(Leased, Base):
    """A message from a duty worker to the young person of an alert: the number is the alert's, the words are sealed."""

    __tablename__ = "relay"
    __table_args__ = (
        one_of("state", "waiting", "due", "leased", "sent", "failed", "cancelled"),
        Index("ix_relay_due", "state", "due_at"),
    )
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    alert_id: Mapped[str] = mapped_column(ForeignKey("alert.id"), index=True)
    who: Mapped[str] = mapped_column(String(64))
    written_at: Mapped[datetime] = mapped_column(UtcTime)
    template: Mapped[str | None] = mapped_column(String(32))
    unasked_reason: Mapped[str | None] = mapped_column(String(32))
    sealed_words: Mapped[bytes] = mapped_column(LargeBinary)
    sealed_for_reader: Mapped[bytes | None] = mapped_column(LargeBinary)
    read_at: Mapped[datetime | None] = mapped_column(UtcTime)
    provider_id: Mapped[str | None] = mapped_column(String(34), index=True)
    asked_at: Mapped[datetime | None] = mapped_column(UtcTime)


class AlarmRow(Base):
    """Something that is wrong with the service itself, from when the watch first saw it until it saw it gone."""

    __tablename__ = "alarm"
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    trouble: Mapped[str] = mapped_column(String(100), index=True)
    began_at: Mapped[datetime] = mapped_column(UtcTime)
    told_at: Mapped[datetime | None] = mapped_column(UtcTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcTime)


@append_only(
    *("approved", "decided_by", "decided_at", "told_at", "shown_at", "reviewed_by", "reviewed_at", "finding"),
    ends="asked_at",
)
class RevealRow(Base):
    """A member of staff's wish to see the number of an alert, why, who stands for it, and what became of it."""

    __tablename__ = "reveal"
    __table_args__ = (Index("ix_reveal_staff", "staff_id", "asked_at"),)
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    alert_id: Mapped[str] = mapped_column(ForeignKey("alert.id"), index=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    who: Mapped[str] = mapped_column(String(64))
    asked_at: Mapped[datetime] = mapped_column(UtcTime, index=True)
    reason: Mapped[str] = mapped_column(String(32))
    alone: Mapped[bool]
    approved: Mapped[bool | None]
    decided_by: Mapped[str | None] = mapped_column(String(64))
    decided_at: Mapped[datetime | None] = mapped_column(UtcTime)
    told_at: Mapped[datetime | None] = mapped_column(UtcTime)
    shown_at: Mapped[datetime | None] = mapped_column(UtcTime)
    reviewed_by: Mapped[str | None] = mapped_column(String(64))
    reviewed_at: Mapped[datetime | None] = mapped_column(UtcTime)
    finding: Mapped[str | None] = mapped_column(String(32))


class KeyMarkRow(Base):
    """How something about the keys was when it was first seen, and how it is now; it may not change by itself."""

    __tablename__ = "key_mark"
    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    first: Mapped[str] = mapped_column(String(64))
    seen: Mapped[str] = mapped_column(String(64))
