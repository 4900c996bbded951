"""Keys on disk: weekly keys for `Person`, day keys for sealing; made ahead and destroyed by the day."""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from nacl.public import PrivateKey, PublicKey

from conversations.sealing import CannotOpen, SealingKey

DAYS_AHEAD = 7
DAYS_KEPT = 7
KEY_BYTES = 32
DAY_KEY = re.compile(r"day-\d{4}-\d{2}-\d{2}", re.ASCII)


class MissingKey(Exception):
    """A key that should be there is not: the worker has not run."""


@dataclass(frozen=True, slots=True)
class PublicKeys:
    """What the web process may read: weekly keys and the public halves of day keys."""

    folder: Path

    def weekly(self, now: datetime) -> tuple[bytes, bytes]:
        """The current and the previous weekly key; before a first full week both are the current one."""
        current = _read(self.folder / _week(now.date()))
        previous = self.folder / _week(now.date() - timedelta(days=7))
        return current, _read(previous) if previous.exists() else current

    def of_day(self, now: datetime) -> SealingKey:
        """The key that today's boxes are sealed to."""
        name = f"day-{now.date().isoformat()}"
        return SealingKey(name, PublicKey(_read(self.folder / f"{name}.public")))


@dataclass(frozen=True, slots=True)
class PrivateKeys:
    """What the worker alone may read; each method names the key, never its value."""

    folder: Path

    def open_with(self, name: str) -> PrivateKey:
        """The private half of a key; raises CannotOpen when it has been destroyed."""
        path = self.folder / f"{name}.private"
        if not DAY_KEY.fullmatch(name) or not path.exists():  # a damaged box names anything
            raise CannotOpen("its key has been destroyed")
        return PrivateKey(_read(path))

    def opt_out(self) -> bytes:
        """The long-lived key under which opt-outs are kept."""
        return _read(self.folder / "opt-out.key")


def keyed_hash(purpose: str, value: str, key: str) -> str:
    """A value that can be recognised and not read back; another purpose gives another hash of the same value."""
    return hmac.new(key.encode(), f"{purpose}\0{value}".encode("utf-8", "replace"), hashlib.sha256).hexdigest()[:32]


def make_ahead(private: Path, public: Path, now: datetime) -> None:
    """Make every key of the coming week that is not there yet; what exists is never overwritten."""
    private.mkdir(parents=True, exist_ok=True, mode=0o700)
    public.mkdir(parents=True, exist_ok=True, mode=0o750)
    os.chmod(private, 0o700)
    today = now.date()
    for day in (today + timedelta(days=ahead) for ahead in range(DAYS_AHEAD + 1)):
        _make_day(private, public, day)
        _write_once(public / _week(day), secrets.token_bytes(KEY_BYTES), 0o640)
    _write_once(private / "opt-out.key", secrets.token_bytes(KEY_BYTES), 0o600)


def destroy_expired(private: Path, public: Path, now: datetime) -> tuple[str, ...]:
    """Destroy day keys older than seven days and weekly keys past their overlap; gives the names destroyed."""
    past = (*_expired(private, now), *_expired(public, now))
    for path in past:
        _destroy(path)
    return tuple(sorted(path.name for path in past))


def kept_too_long(public: Path, now: datetime) -> bool:
    """Whether a key is there past its life. A public half goes after its private one, which the watch may not see."""
    return bool(_expired(public, now))


def readable_by_others(folder: Path) -> Iterator[str]:
    """The names in a private folder that somebody else on this machine may read."""
    for path in (folder, *sorted(folder.iterdir())):
        if path.stat().st_mode & 0o077:
            yield path.name


def _expired(folder: Path, now: datetime) -> list[Path]:
    oldest_day = f"day-{(now.date() - timedelta(days=DAYS_KEPT)).isoformat()}"
    oldest_week = _week(now.date() - timedelta(days=7))
    days = [path for path in _named(folder, "day-") if _plain(path) < oldest_day]
    return days + [path for path in _named(folder, "week-") if _plain(path) < oldest_week]


def _named(folder: Path, start: str) -> list[Path]:
    """The keys of one kind, and what a crash left half made of them."""
    return [*folder.glob(f"{start}*"), *folder.glob(f".{start}*")]


def _plain(path: Path) -> str:
    return path.name.lstrip(".")


def _week(day: date) -> str:
    year, week, _ = day.isocalendar()
    return f"week-{year}-{week:02}.key"


def _make_day(private: Path, public: Path, day: date) -> None:
    name = f"day-{day.isoformat()}"
    if not (private / f"{name}.private").exists():
        _write_once(private / f"{name}.private", bytes(PrivateKey.generate()), 0o600)
    half = PrivateKey(_read(private / f"{name}.private")).public_key
    _write_once(public / f"{name}.public", bytes(half), 0o640)


def _write_once(path: Path, content: bytes, mode: int) -> None:
    if path.exists():
        return
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(partial, path)  # fails when another process was first: its key stays
    except FileExistsError:
        pass
    finally:
        partial.unlink()


def _destroy(path: Path) -> None:
    path.write_bytes(secrets.token_bytes(path.stat().st_size))
    path.unlink()


def _read(path: Path) -> bytes:
    try:
        content = path.read_bytes()
    except OSError as missing:
        raise MissingKey(f"{path.name} cannot be read: is the worker running?") from missing
    if len(content) != KEY_BYTES:
        raise MissingKey(f"{path.name} is damaged")
    return content
