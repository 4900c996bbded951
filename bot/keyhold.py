"""The key folder as the worker holds it: kept from others, watched for lost keys, and listed for operators."""

from __future__ import annotations

import logging
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from sqlalchemy import LargeBinary, func, select
from sqlalchemy.orm import Session

from bot.contacts import Contacts
from bot.parts import Parts
from conversations import key_marks, keys
from conversations.db import Base
from conversations.keys import DAYS_KEPT
from conversations.models import AlertRow
from conversations.sealing import key_name
from conversations.settings import Settings

log = logging.getLogger(__name__)

LONGEST_NAME = 48
KINDS = {"day": "day key", "alert": "key of an alert", "week": "weekly key for persons", "opt-out": "opt-outs"}
OWNER = "Let the folder belong to the user of the worker; alerts go out meanwhile, and numbers stay sealed."
GOOD, OTHER_MODE, UNKNOWN = "", "can be read by others", "no such alert in this database"


@dataclass(frozen=True, slots=True)
class Key:
    """One key of the inventory: what it is for, when it dies, how many boxes need it, and what is wrong with it."""

    name: str
    kind: str
    dies: str
    boxes: int = 0
    wrong: str = GOOD


def look_after(session: Session, parts: Parts, contacts: Contacts) -> None:
    """Take the key folder from others at once, and note what has changed about it, for the watch and the doctor."""
    folder = parts.settings.keys_dir
    if not (folder / key_marks.OPT_OUT).exists():
        return  # the house makes it within minutes, and then it is another one
    if exposed := keys.mend(folder):
        log.error("private keys could be read by others, mended: %s", ", ".join(exposed))
    if exposed or key_marks.FOLDER not in key_marks.changed(session):
        key_marks.note(session, key_marks.FOLDER, key_marks.EXPOSED if exposed else key_marks.PRIVATE)
    key_marks.note(session, key_marks.OPT_OUT, key_marks.fingerprint(contacts.keys.opt_out()))


def unwritable(settings: Settings) -> list[str]:
    """The settings whose folders the worker can neither use nor make."""
    folders = {"HEARD_KEYS_DIR": (settings.keys_dir, 0o700), "HEARD_SEALING_DIR": (settings.sealing_dir, 0o750)}
    return [name for name, (folder, mode) in folders.items() if not _usable(folder, mode)]


def _usable(folder: Path, mode: int) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=mode)
    except OSError:
        return False
    return os.access(folder, os.R_OK | os.W_OK | os.X_OK)


def inventory(session: Session, parts: Parts) -> list[Key]:
    """Every key there is, by name and never by value."""
    settings = parts.settings
    needed = _needed(session)
    exposed = set(keys.readable_by_others(settings.keys_dir))
    private = [_key(session, parts, path, needed, exposed) for path in sorted(settings.keys_dir.glob("*.*"))]
    weekly = [_weekly(path) for path in sorted(settings.sealing_dir.glob("week-*.key"))]
    return [*private, *weekly]


def dead_boxes(session: Session, parts: Parts) -> int:
    """How many boxes the database holds whose key is gone: nobody can open them, and they are only taking up room."""
    there = {path.stem for path in parts.settings.keys_dir.glob("*.private")}
    return sum(count for name, count in _needed(session).items() if name not in there)


def _key(session: Session, parts: Parts, path: Path, needed: Counter[str], exposed: set[str]) -> Key:
    kind = path.stem.partition("-")[0] if not path.stem.startswith("opt-out") else "opt-out"
    wrong = OTHER_MODE if path.name in exposed else GOOD
    dies = "never"
    if kind == "day":
        dies = _last_day(path.stem.removeprefix("day-"))
    elif kind == "alert":
        dies, unknown = _of_alert(session, parts, path.stem.removeprefix("alert-"))
        wrong = wrong or unknown
    return Key(path.name, KINDS.get(kind, "not ours"), dies, needed[path.stem], wrong)


def _last_day(day: str) -> str:
    return f"{date.fromisoformat(day) + timedelta(days=DAYS_KEPT + 1):%Y-%m-%d}"


def _of_alert(session: Session, parts: Parts, alert_id: str) -> tuple[str, str]:
    alert = session.get(AlertRow, alert_id)
    if alert is None:
        return "by hand", UNKNOWN
    home = session.get_one(AlertRow, alert.merged_into) if alert.merged_into else alert
    if home.state != "closed" or home.closed_at is None:
        return f"{parts.settings.words_kept_days} days after its outcome", GOOD
    return _day_of(home.closed_at + parts.settings.words_kept), GOOD


def _day_of(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def _weekly(path: Path) -> Key:
    year, week = path.stem.split("-")[1:]
    return Key(path.name, KINDS["week"], f"{date.fromisocalendar(int(year), int(week), 1) + timedelta(days=14)}")


def _needed(session: Session) -> Counter[str]:
    """By the name of a key, how many boxes there are that it opens."""
    return Counter(name for name in _names(session) if keys.OPENING.fullmatch(name))


def _names(session: Session) -> Iterator[str]:
    sealed = (column for table in Base.metadata.sorted_tables for column in table.columns if _holds_boxes(column))
    for column in sealed:
        beginnings = select(func.substr(column, 1, LONGEST_NAME, type_=LargeBinary)).where(column.is_not(None))
        yield from (key_name(bytes(each)) for each in session.scalars(beginnings))


def _holds_boxes(column: object) -> bool:
    return isinstance(column.type, LargeBinary) and column.name.startswith("sealed")  # type: ignore[attr-defined]
