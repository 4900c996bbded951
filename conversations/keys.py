"""Keys on disk: weekly keys for `Person`, day keys for sealing; made ahead and destroyed by the day."""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from nacl.public import PrivateKey, PublicKey

from conversations.sealing import CannotOpen, SealingKey, key_name

DAYS_AHEAD = 7
DAYS_KEPT = 7
KEY_BYTES = 32
OPENING = re.compile(r"day-\d{4}-\d{2}-\d{2}|alert-[0-9a-f]{32}", re.ASCII)
"""The names of keys that open boxes: of a day, or of one alert."""
OTHERS = 0o077


class MissingKey(Exception):
    """A key that should be there is not: the worker has not run."""


class ExposedKey(MissingKey):
    """A private key that others on this machine may read: it is not used until that is mended, and nothing is lost."""


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
        if not OPENING.fullmatch(name) or not path.exists():  # a damaged box names anything
            raise CannotOpen("its key has been destroyed")
        return PrivateKey(_read_private(path))

    def of_alert(self, alert_id: str) -> SealingKey:
        """The key of one alert, to seal with; it is made when there is none yet."""
        name = f"alert-{alert_id}"
        path = self.folder / f"{name}.private"
        _write_once(path, bytes(PrivateKey.generate()), 0o600)
        return SealingKey(name, PrivateKey(_read_private(path)).public_key)

    def alerts(self) -> tuple[str, ...]:
        """The ids of the alerts that have a key of their own."""
        return tuple(sorted(path.stem.partition("-")[2] for path in self.folder.glob("alert-*.private")))

    def destroy_alerts(self, alert_ids: Iterable[str]) -> tuple[str, ...]:
        """Destroy the keys of these alerts; gives their names."""
        gone = [path for alert_id in alert_ids for path in _named(self.folder, f"alert-{alert_id}.private")]
        for path in gone:
            _destroy(path)
        return tuple(sorted(path.name for path in gone))

    def opt_out(self) -> bytes:
        """The long-lived key under which opt-outs are kept."""
        return _read_private(self.folder / "opt-out.key")

    def opt_outs(self) -> tuple[bytes, ...]:
        """Every key under which opt-outs may have been kept, today's first: a lost one may have come back."""
        older = sorted(self.folder.glob("opt-out.*.key"))
        return self.opt_out(), *(_read_private(path) for path in older)


def keyed_hash(purpose: str, value: str, key: str) -> str:
    """A value that can be recognised and not read back; another purpose gives another hash of the same value."""
    return hmac.new(key.encode(), f"{purpose}\0{value}".encode("utf-8", "replace"), hashlib.sha256).hexdigest()[:32]


def life_ends(box: bytes) -> date | None:
    """The day on which the life of a box to a day key ends; None where it names no such key."""
    kind, _, day = key_name(box).partition("-")
    try:
        return date.fromisoformat(day) + timedelta(days=DAYS_KEPT) if kind == "day" else None
    except ValueError:
        return None


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
        if path.stat().st_mode & OTHERS:
            yield path.name


def _expired(folder: Path, now: datetime) -> list[Path]:
    oldest_day = f"day-{(now.date() - timedelta(days=DAYS_KEPT)).isoformat()}"
    oldest_week = _week(now.date() - timedelta(days=7))
    days = [path for path in _named(folder, "day-") if _plain(path) < oldest_day]
    return days + [path for path in _named(folder, "week-") if _plain(path) < oldest_week]


def mend(folder: Path) -> tuple[str, ...]:
    """Take from others what they may do with private keys; gives the names of what was open."""
    exposed = tuple(readable_by_others(folder))
    for path in (folder, *folder.iterdir()):
        if path.stat().st_mode & OTHERS:
            path.chmod(0o700 if path.is_dir() else 0o600)
    return exposed


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
    half = PrivateKey(_read(private / f"{name}.private")).public_key  # a public half does no harm
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


def _read_private(path: Path) -> bytes:
    """The content of a key that nobody but its owner may read; it is refused as soon as somebody else may."""
    try:
        mode = path.lstat().st_mode
    except OSError as missing:
        raise MissingKey(f"{path.name} cannot be read: is the worker running?") from missing
    if not stat.S_ISREG(mode) or mode & OTHERS:
        raise ExposedKey(f"{path.name} can be read by others on this machine, so it is not used")
    return _read(path)


def _read(path: Path) -> bytes:
    try:
        content = path.read_bytes()
    except OSError as missing:
        raise MissingKey(f"{path.name} cannot be read: is the worker running?") from missing
    if len(content) != KEY_BYTES:
        raise MissingKey(f"{path.name} is damaged")
    return content
