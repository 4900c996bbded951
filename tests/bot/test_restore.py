"""A backup of last week, restored with every key that is left, gives back nobody's number and nobody's words."""

from __future__ import annotations

from base64 import b64decode
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, SealedBox
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot import jobs
from bot.parts import Parts
from conversations import alerts
from conversations.db import Base
from conversations.models import AlertRow
from conversations.sealing import SEPARATOR
from tests.fakes import Clock
from tests.make import Phone
from tests.seeds import acknowledge, worker_contacts

Rows = dict[str, list[dict[str, Any]]]


def back_up(session: Session) -> Rows:
    """Every row of every table, as a backup holds it."""
    tables = Base.metadata.sorted_tables
    rows = {each.name: [dict(row._mapping) for row in session.execute(select(each))] for each in tables}
    session.rollback()
    return rows


def boxes_in(value: Any) -> Iterator[bytes]:
    """Every sealed box in a value of a column, also in JSON, as bytes or as text."""
    if isinstance(value, dict | list | tuple):
        for each in value.values() if isinstance(value, dict) else value:
            yield from boxes_in(each)
    elif isinstance(value, bytes) and SEPARATOR in value:
        yield value.partition(SEPARATOR)[2]
    elif isinstance(value, str) and len(value) > 100:
        try:
            yield from boxes_in(b64decode(value, validate=True))
        except ValueError:
            return


def open_with_everything(rows: Rows, keys_dir: Path) -> Counter[str]:
    """How many boxes of each table some key opens: no purpose, row or expiry is asked for, as a thief would not."""
    contents = [path.read_bytes() for path in keys_dir.iterdir()]
    private = [PrivateKey(content) for content in contents if len(content) == PrivateKey.SIZE]
    found: Counter[str] = Counter()
    for table, lines in rows.items():
        for box in (box for line in lines for value in line.values() for box in boxes_in(value)):
            found[table] += any(_opens(key, box) for key in private)
    return +found


def _opens(key: PrivateKey, box: bytes) -> bool:
    try:
        return bool(SealedBox(key).decrypt(box))
    except (CryptoError, ValueError):
        return False


def work(session: Session, parts: Parts) -> None:
    session.rollback()
    jobs.work_once(session, parts)
    session.rollback()
    session.expire_all()


@pytest.fixture
def lived(app: Flask, session: Session, app_parts: Parts, clock: Clock) -> Rows:
    """A backup of a Monday noon: people in the middle of a conversation, a comment, a worry, two alerts, a STOP."""
    for number, said in enumerate(("hi", "hi", "i feel so lonely", "hi", "he hits me", "i want to die")):
        phone = Phone(app, f"+44770090060{number}")
        phone.says(said)
        if number == 1:
            for answer in ("2", "3 because nobody asked me", "my social worker is nice"):
                phone.says(answer)
        if number == 3:
            phone.says("STOP")
    return back_up(session)


def test_the_backup_does_hold_boxes_of_every_kind_and_they_open_while_their_keys_live(
    lived: Rows, app_parts: Parts
) -> None:
    """The control: what opens nothing later would prove nothing if it opened nothing now."""
    found = open_with_everything(lived, app_parts.settings.keys_dir)
    assert {"alert", "alert_words", "conversation", "opt_request"} <= found.keys()
    assert found.total() >= 8


def test_last_weeks_backup_cannot_open_last_weeks_contacts(
    lived: Rows, session: Session, app_parts: Parts, clock: Clock
) -> None:
    work(session, app_parts)
    monday_evening = back_up(session)
    closed, still_open = session.scalars(select(AlertRow.id).order_by(AlertRow.raised_at, AlertRow.level)).all()
    acknowledge(session, closed, "Ada", clock())
    assert alerts.record_outcome(session, closed, "Ada", "spoken", clock())
    session.commit()
    clock.forward(days=8)
    work(session, app_parts)
    keys_dir = app_parts.settings.keys_dir
    assert open_with_everything(lived, keys_dir) == {}
    assert open_with_everything(monday_evening, keys_dir) == {"alert": 1, "alert_words": 1}
    assert worker_contacts(app_parts).keys.alerts() == (still_open,)


def test_once_the_last_alert_is_over_no_backup_opens_at_all(
    lived: Rows, session: Session, app_parts: Parts, clock: Clock
) -> None:
    work(session, app_parts)
    backups = [lived, back_up(session)]
    for alert_id in session.scalars(select(AlertRow.id)).all():
        acknowledge(session, alert_id, "Ada", clock())
        assert alerts.record_outcome(session, alert_id, "Ada", "spoken", clock())
    session.commit()
    backups.append(back_up(session))
    clock.forward(days=8)
    work(session, app_parts)
    assert [open_with_everything(rows, app_parts.settings.keys_dir) for rows in backups] == [{}, {}, {}]
