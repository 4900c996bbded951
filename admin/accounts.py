"""Staff accounts: the rows with Flask-Security's behaviour, and what changes about somebody's access."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Collection
from typing import Any, ClassVar

import segno
from flask_security import RoleMixin, SQLAlchemyUserDatastore, UserMixin
from flask_security.totp import Totp
from flask_security.utils import hash_password
from markupsafe import Markup
from passlib.exc import UsedTokenError
from sqlalchemy import func, or_, select, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import Mapped, Session, relationship

from admin.roles import ROLES
from admin.sessions import end_all
from conversations.db import db
from conversations.staff_models import RoleRow, StaffRow

LONGEST_NAME = 64
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"


class CannotAdd(ValueError):
    """The account cannot be made; says why."""


class Role(RoleRow, RoleMixin):  # type: ignore[misc]  # Flask-Security has no types
    """A role as Flask-Security wants it."""

    permissions: ClassVar[None] = None


class Staff(StaffRow, UserMixin):  # type: ignore[misc]  # Flask-Security has no types
    """A member of staff as Flask-Security wants them."""

    roles: Mapped[list[Role]] = relationship(secondary="staff_role", lazy="selectin")


class OneTimeTotp(Totp):  # type: ignore[misc]  # Flask-Security has no types
    """Authenticator codes that count once: a time step at or before the last one used is refused."""

    def get_last_counter(self, user: Staff) -> int | None:
        """The time step of the last code that counted."""
        return user.tf_last_step

    def set_last_counter(self, user: Staff, tmatch: Any) -> None:
        """Take the time step if nobody has: of two requests with one code, one passes."""
        unused = or_(Staff.tf_last_step.is_(None), Staff.tf_last_step < tmatch.counter)
        take = update(Staff).where(Staff.id == user.id, unused).values(tf_last_step=tmatch.counter)
        taken: CursorResult[Any] = db.session.execute(take)  # type: ignore[assignment]  # an UPDATE gives a cursor
        if taken.rowcount == 0:
            raise UsedTokenError

    def generate_qrcode(self, username: str, totp: str) -> str:
        """The code to scan as SVG for the page itself: a data address would need a weaker content policy."""
        drawn = segno.make(self.get_totp_uri(username, totp), error="m")
        return Markup(drawn.svg_inline(scale=5, border=4, title="Code to scan", svgclass="qr", lineclass=None))  # noqa: S704


def datastore() -> SQLAlchemyUserDatastore:
    """What Flask-Security reads and writes accounts through; it commits by itself (decision 0003)."""
    return SQLAlchemyUserDatastore(db, Staff, Role)


def everybody(session: Session) -> list[Staff]:
    """All members of staff, those who may not log in any more last."""
    return list(session.scalars(select(Staff).order_by(Staff.active.desc(), Staff.name, Staff.id)))


def by_email(session: Session, email: str) -> Staff | None:
    """The member of staff with this address, however it was typed."""
    return session.scalar(select(Staff).where(func.lower(Staff.email) == email.strip().lower()))


def add(session: Session, email: str, name: str, roles: Collection[str]) -> str:
    """Make an account; gives its one-time password. Raises CannotAdd when it cannot be made."""
    email, name = email.strip().lower(), name.strip()
    if not 3 <= len(email) <= LONGEST_NAME or "@" not in email:
        raise CannotAdd(f"Give a mail address of at most {LONGEST_NAME} letters")
    if not 1 <= len(name) <= LONGEST_NAME:
        raise CannotAdd(f"Give a name of at most {LONGEST_NAME} letters")
    if by_email(session, email):
        raise CannotAdd("There is an account with this address already")
    password = one_time_password()
    session.add(
        Staff(
            email=email,
            name=name,
            password=hash_password(password),
            password_is_temporary=True,
            active=True,
            fs_uniquifier=uuid.uuid4().hex,
            roles=_roles(session, roles),
        )
    )
    session.flush()
    return password


def set_roles(session: Session, staff: Staff, roles: Collection[str]) -> None:
    """Give somebody these roles and no other; they must log in again."""
    staff.roles = _roles(session, roles)
    end_access(session, staff)


def set_area(session: Session, staff: Staff, area: str) -> None:
    """Limit somebody's figures to one area, or with none lift that; they must log in again."""
    staff.area = area or None
    end_access(session, staff)


def disable(session: Session, staff: Staff) -> None:
    """Let somebody in no more, from this moment."""
    staff.active = False
    end_access(session, staff)


def enable(session: Session, staff: Staff) -> str:
    """Let somebody in again; gives a new one-time password."""
    staff.active = True
    return new_password(session, staff)


def new_password(session: Session, staff: Staff) -> str:
    """Replace somebody's password by a one-time one, and give it."""
    password = one_time_password()
    staff.password, staff.password_is_temporary = hash_password(password), True
    end_access(session, staff)
    return password


def reset_second_factor(session: Session, staff: Staff) -> None:
    """Let somebody set up a new authenticator at their next login."""
    staff.tf_primary_method = staff.tf_totp_secret = staff.tf_last_step = staff.mf_recovery_codes = None
    end_access(session, staff)


def end_access(session: Session, staff: Staff) -> None:
    """End every session of this member of staff, also one that is half logged in."""
    staff.fs_uniquifier = uuid.uuid4().hex
    end_all(session, staff.id)


def one_time_password() -> str:
    """Four groups of four letters that are hard to misread: 78 bits."""
    return "-".join("".join(secrets.choice(ALPHABET) for _ in range(4)) for _ in range(4))


def _roles(session: Session, names: Collection[str]) -> list[Role]:
    unknown = sorted(set(names) - ROLES.keys())
    if unknown:
        raise CannotAdd(f"There is no role {', '.join(unknown)}; choose from {', '.join(ROLES)}")
    known = {role.name: role for role in session.scalars(select(Role).where(Role.name.in_(names)))}
    made = {name: Role(name=name, description=ROLES[name]) for name in names if name not in known}
    return [(known | made)[name] for name in sorted(set(names))]
