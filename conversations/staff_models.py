"""What we keep about staff: who may log in, their sessions, and the audit of what they read and did."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, LargeBinary, String, false, true
from sqlalchemy.ext.mutable import MutableList
from sqlalchemy.orm import Mapped, mapped_column

from conversations.db import Base, UtcTime
from conversations.models import NO_ORDER


class StaffNumberRow(Base):
    """The keyed hash of a number that belongs to staff: screened, never surveyed."""

    __tablename__ = "staff_number"
    __table_args__ = NO_ORDER
    number: Mapped[str] = mapped_column(String(32), primary_key=True)


class StaffRoleRow(Base):
    """Which roles a member of staff has."""

    __tablename__ = "staff_role"
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id", ondelete="CASCADE"), primary_key=True)
    role_id: Mapped[int] = mapped_column(ForeignKey("role.id"), primary_key=True)


class RoleRow(Base):
    """viewer, reviewer, duty, lead or admin."""

    __tablename__ = "role"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(16), unique=True)
    description: Mapped[str | None] = mapped_column(String(100))


class StaffRow(Base):
    """A member of staff who may log in; admin.accounts gives the row its roles and its behaviour."""

    __tablename__ = "staff"
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(255), unique=True)
    name: Mapped[str] = mapped_column(String(64))
    password: Mapped[str] = mapped_column(String(255))
    active: Mapped[bool] = mapped_column(default=True, server_default=true())
    fs_uniquifier: Mapped[str] = mapped_column(String(64), unique=True)
    tf_primary_method: Mapped[str | None] = mapped_column(String(64))
    tf_totp_secret: Mapped[str | None] = mapped_column(String(255))
    tf_phone_number: Mapped[str | None] = mapped_column(String(128))
    tf_last_step: Mapped[int | None]
    mf_recovery_codes: Mapped[list[str] | None] = mapped_column(MutableList.as_mutable(JSON()))
    password_is_temporary: Mapped[bool] = mapped_column(default=False, server_default=false())
    area: Mapped[str | None] = mapped_column(String(16))


class SessionRow(Base):
    """A staff session on the server, under a hash of its cookie; dies at logout, role change and disable."""

    __tablename__ = "staff_session"
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id", ondelete="CASCADE"), index=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)
    began_at: Mapped[datetime] = mapped_column(UtcTime)
    expires_at: Mapped[datetime] = mapped_column(UtcTime, index=True)


class LoginTryRow(Base):
    """Tries to log in since the last success, by keyed hash, so that the throttle holds across processes."""

    __tablename__ = "login_try"
    key: Mapped[str] = mapped_column(String(32), primary_key=True)
    failures: Mapped[int]
    last_at: Mapped[datetime] = mapped_column(UtcTime, index=True)


class AuditRow(Base):
    """Who did what to which row, when and why; each line is chained to the one before by HMAC."""

    __tablename__ = "audit"
    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcTime)
    who: Mapped[str] = mapped_column(String(64))
    what: Mapped[str] = mapped_column(String(32))
    on: Mapped[str] = mapped_column("on_row", String(64))
    why: Mapped[str] = mapped_column(String(200))
    chain: Mapped[str] = mapped_column(String(64), unique=True)
