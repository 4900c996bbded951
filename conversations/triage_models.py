"""What screening leaves behind beside alerts: worries on a list, texts that await the second look, marks by staff."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import JSON, CheckConstraint, Date, ForeignKey, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from conversations.db import Base, UtcTime, one_of
from conversations.models import NO_ORDER


class WorryRow(Base):
    """A text that nobody is woken for and somebody must read by a set time; only the worker opens its words."""

    __tablename__ = "worry"
    __table_args__ = (
        one_of("kind", "wellbeing", "same_day"),
        one_of("state", "open", "done"),
        CheckConstraint("state = 'open' OR outcome IS NOT NULL", name="outcome_needed"),
        NO_ORDER,
    )
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    kind: Mapped[str] = mapped_column(String(9))
    owner: Mapped[str] = mapped_column(String(16))
    reasons: Mapped[list[str]] = mapped_column(JSON)
    version: Mapped[str] = mapped_column(String(32))
    channel: Mapped[str] = mapped_column(String(8))
    cannot_be_texted: Mapped[bool]
    due_at: Mapped[datetime] = mapped_column(UtcTime, index=True)
    expires_at: Mapped[datetime | None] = mapped_column(UtcTime, index=True)
    state: Mapped[str] = mapped_column(String(4))
    outcome: Mapped[str | None] = mapped_column(String(32))
    done_by: Mapped[str | None] = mapped_column(String(64))
    done_at: Mapped[datetime | None] = mapped_column(UtcTime)
    sealed_words: Mapped[bytes | None] = mapped_column(LargeBinary)
    sealed_contact: Mapped[bytes | None] = mapped_column(LargeBinary)
    alert_id: Mapped[str | None] = mapped_column(ForeignKey("alert.id"))


class SecondLookRow(Base):
    """A text that the encoder has yet to look at, sealed to the worker; it dies with the look, or with its box."""

    __tablename__ = "second_look"
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    conversation_id: Mapped[str | None] = mapped_column(ForeignKey("conversation.id", ondelete="SET NULL"), index=True)
    alert_id: Mapped[str | None] = mapped_column(ForeignKey("alert.id", ondelete="SET NULL"))
    channel: Mapped[str] = mapped_column(String(8))
    due_at: Mapped[datetime] = mapped_column(UtcTime, index=True)
    sealed_words: Mapped[bytes] = mapped_column(LargeBinary)
    sealed_contact: Mapped[bytes | None] = mapped_column(LargeBinary)


class MarkRow(Base):
    """What a member of staff says of the screen: a false alarm, or a text that should have alerted."""

    __tablename__ = "mark"
    __table_args__ = (one_of("kind", "false_alarm", "should_have_alerted"), NO_ORDER)
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    category: Mapped[str] = mapped_column(String(32))
    level: Mapped[str] = mapped_column(String(10))
    reasons: Mapped[list[str]] = mapped_column(JSON)
    version: Mapped[str] = mapped_column(String(32))
    made_on: Mapped[date] = mapped_column(Date)
    text: Mapped[str | None] = mapped_column(Text)
    alert_id: Mapped[str | None] = mapped_column(ForeignKey("alert.id"), index=True)
    comment_id: Mapped[str | None] = mapped_column(String(32), index=True)


class ReachRow(Base):
    """The sealed link of a flagged comment, on its way to become the contact of an alert; the worker re-seals it."""

    __tablename__ = "reach"
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    alert_id: Mapped[str] = mapped_column(ForeignKey("alert.id"), index=True)
    comment_id: Mapped[str] = mapped_column(String(32))
    sealed_link: Mapped[bytes] = mapped_column(LargeBinary)
    expires_at: Mapped[datetime] = mapped_column(UtcTime, index=True)
