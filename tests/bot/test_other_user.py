"""The web process as a user of its own: it serves and seals, and gets hold of no private key whatever it tries."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, select
from sqlalchemy.orm import Session

from conversations import keys
from conversations.keys import PrivateKeys
from conversations.models import AlertRow
from conversations.sealing import key_name, open_box

ROOT = Path(__file__).resolve().parent.parent.parent
WEB_USER = 64123
"""A user of this machine that owns nothing."""

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can start a process as another user")


@pytest.fixture
def house(sqlite_template: Path) -> Iterator[tuple[Path, Path]]:
    """A database and a sealing folder that the web may use, and a key folder of the worker beside them."""
    with tempfile.TemporaryDirectory(prefix="heard-house-") as name:
        folder, private = Path(name), Path(name) / "worker"
        folder.chmod(0o755)
        web, other = folder / "web", folder / "other"
        for each in (web, other):
            each.mkdir()
            shutil.copyfile(sqlite_template, each / "heard.sqlite3")
        keys.make_ahead(other / "nothing", other / "sealing", datetime.now(UTC))
        for ago in range(7, -1, -1):  # a week of running: old keys are there, and the coming ones
            keys.make_ahead(private, web / "sealing", datetime.now(UTC) - timedelta(days=ago))
        PrivateKeys(private).of_alert("a" * 32)
        for path in (web, *web.rglob("*")):
            os.chown(path, WEB_USER, WEB_USER)
        yield web, private


def grasp(web: Path, private: Path, user: int = WEB_USER) -> dict[str, Any]:
    """What the web process gets hold of when it runs as this user."""
    ran = subprocess.run(
        [sys.executable, "-m", "tests.bot.grasping", str(web), str(private), str(web.with_name("other")), str(user)],
        cwd=ROOT, capture_output=True, text=True, timeout=300, check=False,
        env={"PATH": os.defpath, "PYTHONDONTWRITEBYTECODE": "1", "HOME": str(web)},
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    found: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    return found


def test_the_web_process_serves_and_seals_and_reaches_no_private_key(house: tuple[Path, Path]) -> None:
    web, private = house
    found = grasp(web, private)
    assert found["user"] == [WEB_USER] * 3
    assert found["heard"], "the young person got an answer"
    assert found["found"] == []
    assert found["public"] >= 8
    assert any(name.endswith("heard.sqlite3") for name in found["looked"])
    assert "memory" in found["looked"]
    assert not [name for name in found["looked"] if name.startswith(str(private))]
    engine = create_engine(f"sqlite:///{web / 'heard.sqlite3'}")
    with Session(engine) as session:
        alert = session.scalars(select(AlertRow)).one()
        box = alert.sealed_contact
        assert box is not None
        key = PrivateKeys(private).open_with(key_name(box))
        assert open_box(box, key, "alert", alert.id, datetime.now(UTC)) == "+447700900123"
    engine.dispose()


def test_the_same_attempts_find_the_keys_once_one_of_them_is_left_open(house: tuple[Path, Path]) -> None:
    """The control: what is found nowhere would prove nothing if it could not be found anywhere."""
    web, private = house
    private.chmod(0o755)
    today = private / f"day-{datetime.now(UTC).date()}.private"
    today.chmod(0o644)
    assert set(grasp(web, private)["found"]) == {str(today)}
    today.chmod(0o600)
    (web / "left.txt").write_text(f"key={today.read_bytes().hex()}\n")
    assert grasp(web, private)["found"] == [str(web / "left.txt")]
