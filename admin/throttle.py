"""Slows down whoever guesses passwords or codes, across processes; it never shuts a colleague out from elsewhere."""

from __future__ import annotations

import ipaddress
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from conversations.keys import keyed_hash
from conversations.staff_models import LoginTryRow

FORGOTTEN = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class Limit:
    """How many tries cost nothing, and how long the wait may grow; it doubles from one second."""

    name: str
    free: int
    longest: timedelta

    def wait(self, tries: int) -> timedelta:
        """How long to wait after this many tries in a row."""
        beyond = tries - self.free
        if beyond < 0:
            return timedelta()
        return min(timedelta(seconds=2 ** min(beyond, 20)), self.longest)


PASSWORD = Limit("password", 5, timedelta(minutes=15))
CODE = Limit("code", 5, timedelta(minutes=15))
CODE_ANYWHERE = Limit("code-anywhere", 10, timedelta(minutes=5))
"""Whoever is asked for a code knew the password, so these tries count from every network together."""


@dataclass(frozen=True, slots=True)
class Counter:
    """One count of tries and the limit that it is held to."""

    key: str
    limit: Limit


def of_password(account: str, address: str, key: str) -> tuple[Counter, ...]:
    """The counters of a password for this account from this network."""
    return (_counter(PASSWORD, f"{plain(account)}\0{network(address)}", key),)


def of_code(account: str, address: str, key: str) -> tuple[Counter, ...]:
    """The counters of a second-factor or recovery code for this account."""
    return _counter(CODE, f"{plain(account)}\0{network(address)}", key), _counter(CODE_ANYWHERE, plain(account), key)


def book(session: Session, counters: Iterable[Counter], now: datetime) -> timedelta:
    """Count one try before it is looked at, so that tries side by side count too; gives the wait instead if one is due.

    A try that must wait does not count. The caller commits either way.
    """
    waits = [_due(session, counter, now) for counter in counters]
    longest = max(waits, default=timedelta())
    if longest > timedelta():
        return longest
    keys = [counter.key for counter in counters]
    tries = update(LoginTryRow).where(LoginTryRow.key.in_(keys))
    session.execute(tries.values(failures=LoginTryRow.failures + 1, last_at=now))
    return timedelta()


def clear(session: Session, counters: Iterable[Counter]) -> None:
    """Forget the tries of somebody who got it right."""
    session.execute(delete(LoginTryRow).where(LoginTryRow.key.in_([counter.key for counter in counters])))


def network(address: str) -> str:
    """The network that an address belongs to: /24, or /56 in IPv6; one home or office, roughly."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    return str(ipaddress.ip_network((found, 24 if found.version == 4 else 56), strict=False))


def plain(account: str) -> str:
    """An account's name as it counts: however it was typed, it is the same account."""
    return unicodedata.normalize("NFKC", account).strip().casefold()[:320]


def _counter(limit: Limit, what: str, key: str) -> Counter:
    return Counter(keyed_hash(f"login-{limit.name}", what, key), limit)


def _due(session: Session, counter: Counter, now: datetime) -> timedelta:
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    row = {"key": counter.key, "failures": 0, "last_at": now}
    session.execute(dialect.insert(LoginTryRow).values(row).on_conflict_do_nothing())
    tries = select(LoginTryRow.failures, LoginTryRow.last_at).where(LoginTryRow.key == counter.key)
    failures, last_at = session.execute(tries.with_for_update()).one()
    if now - last_at >= FORGOTTEN:
        session.execute(update(LoginTryRow).where(LoginTryRow.key == counter.key).values(failures=0))
        return timedelta()
    return max(last_at + counter.limit.wait(failures) - now, timedelta())
