"""The key folder is kept from others, a key that was lost is told of, and an operator sees every key by name."""

from __future__ import annotations

import stat
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from bot import doctor, jobs, keyhold, resealing, seeing, troubles
from bot.cli import bot
from bot.parts import Parts
from conversations import key_marks, keys
from conversations.keys import ExposedKey
from conversations.models import OptRequestRow
from conversations.sealing import CannotOpen
from tests.fakes import Clock
from tests.make import Phone
from tests.seeds import NUMBER, make_seals, seed_alert, worker_contacts

LOST, EXPOSED = "opt-outs no longer match", "private keys could be read by others"


def look_after(session: Session, parts: Parts) -> None:
    session.rollback()
    keyhold.look_after(session, parts, worker_contacts(parts))
    session.commit()


def found(session: Session, parts: Parts) -> set[str]:
    session.rollback()
    seen = seeing.look(session, parts, parts.clock(), parts.clock())
    session.rollback()
    return set(troubles.troubles(seen))


def stop(session: Session, parts: Parts, number: str = NUMBER, kind: str = "stop") -> None:
    """A STOP or START that the worker settles at once."""
    box = make_seals(parts, number=number).seal_contact("opt", "r" * 32)
    session.add(OptRequestRow(id="r" * 32, kind=kind, requested_at=parts.clock(), sealed_contact=box))
    session.commit()
    worker_contacts(parts).settle_opt_requests(session, parts.clock())
    session.commit()


# --- permissions ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o666, 0o644, 0o602, 0o777])
@pytest.mark.parametrize("name", ["day", "alert", "opt-out"])
def test_a_private_key_that_others_may_read_or_write_is_refused(
    app_parts: Parts, clock: Clock, mode: int, name: str
) -> None:
    held = worker_contacts(app_parts).keys
    names = {"day": app_parts.keys.of_day(clock()).name, "alert": held.of_alert("a" * 32).name}
    path = app_parts.settings.keys_dir / (f"{names[name]}.private" if name in names else "opt-out.key")
    use = held.opt_out if name == "opt-out" else lambda: held.open_with(names[name])
    assert use()
    path.chmod(mode)
    with pytest.raises(ExposedKey, match="can be read by others"):
        use()
    path.chmod(0o600)
    assert use()


def test_a_link_in_the_place_of_a_key_is_refused(app_parts: Parts, clock: Clock) -> None:
    name = app_parts.keys.of_day(clock()).name
    path = app_parts.settings.keys_dir / f"{name}.private"
    path.rename(path.with_name("elsewhere"))
    path.symlink_to("elsewhere")
    with pytest.raises(ExposedKey):
        worker_contacts(app_parts).keys.open_with(name)


def test_every_private_key_is_made_for_its_owner_alone_whatever_the_umask(app_parts: Parts, clock: Clock) -> None:
    held = worker_contacts(app_parts).keys
    held.of_alert("a" * 32)
    modes = {stat.S_IMODE(path.stat().st_mode) for path in app_parts.settings.keys_dir.iterdir()}
    assert modes == {0o600}
    assert stat.S_IMODE(app_parts.settings.keys_dir.stat().st_mode) == 0o700


def test_nothing_is_lost_while_a_key_is_refused_and_the_worker_mends_it_by_itself(
    session: Session, app_parts: Parts, clock: Clock
) -> None:
    """A key that is exposed must not make a number seem to be gone: a duty worker would never text it again."""
    alert_id = seed_alert(session, app_parts)
    resealing.reseal(session, app_parts, worker_contacts(app_parts))
    session.commit()
    path = app_parts.settings.keys_dir / f"alert-{alert_id}.private"
    path.chmod(0o644)
    with pytest.raises(ExposedKey) as refused:
        worker_contacts(app_parts).keys.open_with(f"alert-{alert_id}")
    assert not isinstance(refused.value, CannotOpen)
    jobs.work_once(session, app_parts)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert worker_contacts(app_parts).keys.open_with(f"alert-{alert_id}")


def test_that_keys_could_be_read_is_told_until_somebody_says_that_they_looked(
    app: Flask, session: Session, app_parts: Parts
) -> None:
    look_after(session, app_parts)
    assert EXPOSED not in found(session, app_parts)
    (app_parts.settings.keys_dir / "opt-out.key").chmod(0o640)
    look_after(session, app_parts)
    look_after(session, app_parts)
    assert EXPOSED in found(session, app_parts)
    assert any("could be read by others" in line for line in doctor.faults(session, app_parts))
    session.commit()
    app.test_cli_runner().invoke(bot, ["keys", "--accept", key_marks.FOLDER])
    look_after(session, app_parts)
    assert EXPOSED not in found(session, app_parts)


def test_a_folder_that_the_worker_can_neither_use_nor_make_is_named_by_its_setting(
    app_parts: Parts, tmp_path: Path
) -> None:
    file, settings = tmp_path / "file", app_parts.settings
    file.touch()
    assert keyhold.unwritable(settings) == []
    assert keyhold.unwritable(replace(settings, keys_dir=file / "keys")) == ["HEARD_KEYS_DIR"]
    assert keyhold.unwritable(replace(settings, sealing_dir=file)) == ["HEARD_SEALING_DIR"]
    assert keyhold.unwritable(replace(settings, keys_dir=tmp_path / "new" / "keys")) == []
    assert (tmp_path / "new" / "keys").stat().st_mode & 0o077 == 0


# --- the key of opt-outs --------------------------------------------------------------------------------------------


def test_a_lost_key_of_opt_outs_is_told_of_by_the_watch_and_the_doctor(session: Session, app_parts: Parts) -> None:
    look_after(session, app_parts)
    assert LOST not in found(session, app_parts)
    (app_parts.settings.keys_dir / "opt-out.key").unlink()
    assert any("opt-out.key is missing" in line for line in doctor.faults(session, app_parts))
    keys.make_ahead(app_parts.settings.keys_dir, app_parts.settings.sealing_dir, app_parts.clock())
    look_after(session, app_parts)
    assert LOST in found(session, app_parts)
    assert any("opt-out.key is not the one" in line for line in doctor.faults(session, app_parts))


def test_when_the_key_comes_back_old_opt_outs_match_again_and_those_made_meanwhile_still_do(
    session: Session, app_parts: Parts
) -> None:
    folder, late = app_parts.settings.keys_dir, "+447700900777"
    stop(session, app_parts)
    look_after(session, app_parts)
    copy = (folder / "opt-out.key").read_bytes()
    (folder / "opt-out.key").unlink()
    keys.make_ahead(folder, app_parts.settings.sealing_dir, app_parts.clock())
    assert not worker_contacts(app_parts).opted_out(session, NUMBER), "the harm that somebody must be told of"
    stop(session, app_parts, late)
    (folder / "opt-out.key").rename(folder / "opt-out.2026-11-28.key")
    (folder / "opt-out.key").write_bytes(copy)
    (folder / "opt-out.key").chmod(0o600)
    look_after(session, app_parts)
    assert LOST not in found(session, app_parts)
    contacts = worker_contacts(app_parts)
    assert [contacts.opted_out(session, each) for each in (NUMBER, late, "+447700900778")] == [True, True, False]
    session.commit()
    stop(session, app_parts, late, "start")
    assert not contacts.opted_out(session, late)


def test_a_lost_key_of_which_there_is_no_copy_can_be_accepted(app: Flask, session: Session, app_parts: Parts) -> None:
    look_after(session, app_parts)
    (app_parts.settings.keys_dir / "opt-out.key").unlink()
    keys.make_ahead(app_parts.settings.keys_dir, app_parts.settings.sealing_dir, app_parts.clock())
    look_after(session, app_parts)
    session.commit()
    told = app.test_cli_runner().invoke(bot, ["keys"])
    assert "wrong: opt-out.key is not the one" in told.output
    app.test_cli_runner().invoke(bot, ["keys", "--accept", key_marks.OPT_OUT])
    assert LOST not in found(session, app_parts)


def test_a_fingerprint_does_not_give_the_key_away() -> None:
    assert key_marks.fingerprint(b"k" * 32) != key_marks.fingerprint(b"l" * 32)
    assert (b"k" * 32).hex() not in key_marks.fingerprint(b"k" * 32)


# --- the list -------------------------------------------------------------------------------------------------------


def test_the_list_says_of_each_key_what_it_is_for_when_it_dies_and_how_many_boxes_need_it(
    app: Flask, session: Session, app_parts: Parts
) -> None:
    alert_id = seed_alert(session, app_parts)
    Phone(app).says("hi")
    resealing.reseal(session, app_parts, worker_contacts(app_parts))
    session.commit()
    told = app.test_cli_runner().invoke(bot, ["keys"])
    assert told.exit_code == 0, told.output
    lines = {line.split()[0]: line for line in told.output.splitlines()}
    assert "day key" in lines["day-2026-11-23.private"]
    assert "dies 2026-12-01" in lines["day-2026-11-23.private"]
    assert "dies 7 days after its outcome" in lines[f"alert-{alert_id}.private"]
    assert lines[f"alert-{alert_id}.private"].split()[-1] == "2"
    assert "dies 2026-12-07" in lines["week-2026-48.key"]
    assert "dies never" in lines["opt-out.key"]
    assert "boxes whose key is gone: 0" in told.output


def test_the_list_shows_no_key_and_what_is_wrong(app: Flask, session: Session, app_parts: Parts) -> None:
    folder = app_parts.settings.keys_dir
    seed_alert(session, app_parts)
    worker_contacts(app_parts).keys.of_alert("b" * 32)
    (folder / "day-2026-11-24.private").chmod(0o644)
    (folder / "day-2026-11-23.private").unlink()
    told = app.test_cli_runner().invoke(bot, ["keys"]).output
    assert "day-2026-11-24.private" in told
    assert told.count("can be read by others") == 1
    assert "no such alert in this database" in told
    assert "boxes whose key is gone: 2" in told
    values = [path.read_bytes() for path in folder.iterdir()]
    assert not [value for value in values if value.hex() in told or value in told.encode()]


def test_a_worker_that_seals_nothing_anew_is_told_of(session: Session, app_parts: Parts, clock: Clock) -> None:
    late = "words of open alerts have no key of their own"
    seed_alert(session, app_parts)
    clock.forward(minutes=59)
    assert late not in found(session, app_parts)
    clock.forward(minutes=2)
    assert late in found(session, app_parts)
    resealing.reseal(session, app_parts, worker_contacts(app_parts))
    session.commit()
    assert late not in found(session, app_parts)
