"""The doctor finds what an operator can get wrong and says for each what to do, in one go."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import delete
from sqlalchemy.orm import Session

from bot import doctor, jobs
from bot.parts import Parts
from bot.safeguards.triage.encoder import EncoderAbsent
from conversations import helplines
from conversations.duty_models import KeyMarkRow
from conversations.keys import PublicKeys
from conversations.values import Level
from tests.fakes import Clock, ToldLook


@pytest.fixture
def database_url(sqlite_database_url: str) -> str:
    """What it says about a database of another version is in test_migrations, on both."""
    return sqlite_database_url


@pytest.fixture
def app_parts(make_parts: Callable[..., Parts], database_url: str) -> Parts:
    """Parts with three rules: that all of them hold is proven at each start, and takes its time."""
    made = make_parts(database_url)
    assert made.lexicon
    return replace(made, lexicon=replace(made.lexicon, rules=made.lexicon.rules[:3]))


@pytest.fixture(autouse=True)
def running_worker(session: Session, app_parts: Parts) -> None:
    """The worker has just done a round."""
    jobs.work_once(session, app_parts)


def only(faults: list[str]) -> str:
    assert len(faults) == 1, faults
    return faults[0]


def test_a_house_in_order_has_no_fault(session: Session, app_parts: Parts) -> None:
    assert doctor.faults(session, app_parts) == []


def test_a_rule_that_misses_its_own_example_is_named(session: Session, app_parts: Parts) -> None:
    assert app_parts.lexicon
    first = app_parts.lexicon.rules[0]
    blind = replace(app_parts.lexicon, rules=(replace(first, matches=("what is for tea",)),))
    found = doctor.faults(session, replace(app_parts, lexicon=blind))
    assert f"the screen misses its own example: {first.id}: must match 'what is for tea'" in found


def test_a_screen_without_rules_is_a_fault(session: Session, app_parts: Parts) -> None:
    assert "no rules" in only(doctor.faults(session, replace(app_parts, lexicon=None)))


@pytest.mark.parametrize(("seconds", "silent"), [(120, False), (121, True)])
def test_a_worker_that_stopped_is_to_be_started(
    session: Session, app_parts: Parts, clock: Clock, seconds: int, silent: bool
) -> None:
    clock.forward(seconds=seconds)
    found = doctor.faults(session, app_parts)
    assert found == (["the worker does not answer: start flask bot worker"] if silent else [])


@pytest.mark.parametrize("name", ["day-2026-11-23.public", "week-2026-48.key"])
def test_a_key_that_is_missing_is_named(session: Session, app_parts: Parts, name: str) -> None:
    (app_parts.settings.sealing_dir / name).unlink()
    said = only(doctor.faults(session, app_parts))
    assert name in said
    assert "though the worker runs: let its user write HEARD_KEYS_DIR and HEARD_SEALING_DIR" in said


@pytest.mark.parametrize("setting", ["keys_dir", "sealing_dir"])
def test_a_folder_that_the_running_worker_could_not_make_is_named_by_its_setting(
    session: Session, app_parts: Parts, setting: str
) -> None:
    changes: Any = {setting: app_parts.settings.keys_dir / "no"}
    parts = replace(app_parts, keys=PublicKeys(Path("no")), settings=replace(app_parts.settings, **changes))
    assert f"though the worker runs: HEARD_{setting.upper()} does not exist" in only(doctor.faults(session, parts))


def test_the_key_of_opt_outs_is_to_be_put_back_only_where_there_has_been_one(
    session: Session, app_parts: Parts
) -> None:
    (app_parts.settings.keys_dir / "opt-out.key").unlink()
    assert "put it back from its copy before the worker starts" in only(doctor.faults(session, app_parts))
    session.execute(delete(KeyMarkRow))
    session.commit()
    assert "the worker makes it at its first start" in only(doctor.faults(session, app_parts))


@pytest.mark.parametrize(
    ("demo", "url", "proxies", "told"),
    [
        (False, "https://heard.example.org", 0, True),
        (False, "https://heard.example.org", 1, False),
        (True, "https://localhost", 0, False),
        (True, "http://127.0.0.1:8000", 0, False),
    ],
)
def test_behind_tls_the_proxy_is_to_be_counted_or_a_stranger_holds_all_staff(
    session: Session, app_parts: Parts, demo: bool, url: str, proxies: int, told: bool
) -> None:
    settings = replace(
        app_parts.settings, demo=demo, public_url=url, trusted_proxies=proxies, deadman_url="https://d.org"
    )
    found = doctor.faults(session, replace(app_parts, settings=settings))
    assert found == ([doctor.NO_PROXY] if told else [])


def test_a_sealing_folder_that_is_not_there_is_a_fault(session: Session, app_parts: Parts) -> None:
    elsewhere = replace(app_parts, keys=PublicKeys(app_parts.settings.sealing_dir / "no"))
    assert "cannot be read" in only(doctor.faults(session, elsewhere))


LOOSE: dict[str, Callable[[Parts], object]] = {
    "keys": lambda parts: parts.settings.keys_dir.chmod(0o750),
    "opt-out.key": lambda parts: (parts.settings.keys_dir / "opt-out.key").chmod(0o604),
    "day-2026-11-23.private": lambda parts: (parts.settings.keys_dir / "day-2026-11-23.private").chmod(0o660),
}


@pytest.mark.parametrize("name", LOOSE)
def test_a_private_key_that_others_can_read_is_named_with_the_cure(
    session: Session, app_parts: Parts, name: str
) -> None:
    LOOSE[name](app_parts)
    said = only(doctor.faults(session, app_parts))
    assert said.startswith(name)
    assert "chmod" in said


def test_a_web_machine_without_the_private_folder_is_in_order(session: Session, app_parts: Parts) -> None:
    settings = replace(app_parts.settings, keys_dir=app_parts.settings.keys_dir / "elsewhere")
    assert doctor.faults(session, replace(app_parts, settings=settings)) == []


def test_a_helpline_that_nobody_looked_at_for_ninety_days_is_named(
    session: Session, app_parts: Parts, clock: Clock
) -> None:
    clock.forward(days=90)
    assert not [said for said in doctor.faults(session, app_parts) if "checked_on" in said]
    clock.forward(days=1)
    said = [said for said in doctor.faults(session, app_parts) if "checked_on" in said]
    assert len(said) == len(helplines.load())
    assert any("Childline (0800 1111) was last checked on 2026-11-23" in each for each in said)


LAST_DAYS = {date(2028, 9, 26): False, date(2028, 9, 28): True, date(2030, 1, 1): True}


@pytest.mark.parametrize(("day", "told"), LAST_DAYS.items())
def test_holidays_that_end_within_ninety_days_are_to_be_added(
    session: Session, app_parts: Parts, clock: Clock, day: date, told: bool
) -> None:
    clock.now = datetime.combine(day, time(12), UTC)
    said = [said for said in doctor.faults(session, app_parts) if "holidays.toml" in said]
    assert bool(said) is told
    assert not told or "no bank holiday is known after 2028-12-26" in only(said)


BREAKS = {
    "absent": EncoderAbsent("the encoder cannot be loaded: ModuleNotFoundError"),
    "broken": ZeroDivisionError("a text"),
}


@pytest.mark.parametrize("setting", ["worker", "request", "off"])
@pytest.mark.parametrize("how", BREAKS)
def test_an_encoder_that_cannot_look_is_to_be_installed_or_turned_off(
    session: Session, app_parts: Parts, how: str, setting: str
) -> None:
    settings = replace(app_parts.settings, triage_encoder=setting)
    parts = replace(app_parts, settings=settings, look=ToldLook(failures=dict.fromkeys([doctor.PLAIN], BREAKS[how])))
    if setting == "off":
        assert doctor.faults(session, parts) == []
        return
    said = only(doctor.faults(session, parts))
    assert said.startswith("no text gets a second look")
    assert type(BREAKS[how]).__name__ in said or f"{BREAKS[how]}" in said
    assert "pip install 'heard[encoder]'" in said
    assert "HEARD_TRIAGE_ENCODER=off" in said
    assert "a text" not in said


def test_an_encoder_that_can_look_is_no_fault_whatever_it_says(session: Session, app_parts: Parts) -> None:
    loud = ToldLook({doctor.PLAIN: Level.IMMEDIATE})
    assert doctor.faults(session, replace(app_parts, look=loud)) == []


SERVICE, TEMPLATE = str(uuid.UUID(int=7)), str(uuid.UUID(int=1))
NOTIFY_KEY = f"heard-{SERVICE}-{uuid.UUID(int=9)}"
WAYS: dict[str, tuple[dict[str, str], tuple[str, ...]]] = {
    "a key alone": ({"notify_key": NOTIFY_KEY}, ("HEARD_NOTIFY_KEY is set and no template",)),
    "a template alone": ({"notify_sms_template": TEMPLATE}, ("HEARD_NOTIFY_KEY is not",)),
    "a key cut short": (
        {"notify_key": NOTIFY_KEY[:-1], "notify_sms_template": TEMPLATE},
        ("HEARD_NOTIFY_KEY is no API key",),
    ),
    "a template's name": (
        {"notify_key": NOTIFY_KEY, "notify_sms_template": TEMPLATE, "notify_email_template": "alert"},
        ("is no id of a template",),
    ),
    "a webhook without secret": ({"webhook_url": "https://x.example.org"}, ("HEARD_WEBHOOK_SECRET is not",)),
    "a secret without webhook": ({"webhook_secret": "w" * 32}, ("HEARD_WEBHOOK_URL is not",)),
    "one template is enough": ({"notify_key": NOTIFY_KEY, "notify_email_template": TEMPLATE}, ()),
    "a whole webhook": ({"webhook_url": "http://127.0.0.1:1", "webhook_secret": "w" * 32}, ()),
    "a card": ({"teams_url": "https://x.example.org/workflow?sig=hunter2"}, ()),
}


@pytest.mark.parametrize("name", WAYS)
def test_a_way_that_is_set_by_halves_is_named_and_no_secret_is_shown(
    session: Session, app_parts: Parts, name: str
) -> None:
    given, wanted = WAYS[name]
    settings: Any = replace(app_parts.settings, **given)  # type: ignore[arg-type]  # all of these are words
    found = doctor.faults(session, replace(app_parts, settings=settings))
    assert len(found) == len(wanted)
    assert all(words in said for words, said in zip(wanted, found, strict=True))
    assert not [value for value in given.values() if value in " ".join(found)]


@pytest.mark.parametrize(("demo", "faults"), [(True, 0), (False, 4)])
def test_outside_the_demonstration_what_is_posted_must_be_protected_on_its_way(
    session: Session, app_parts: Parts, demo: bool, faults: int
) -> None:
    open_ones = {"teams_url": "http://x.org", "webhook_url": "http://y.org", "notify_url": "http://z.org"}
    settings = replace(app_parts.settings, demo=demo, webhook_secret="w" * 32, **open_ones)
    assert len(doctor.faults(session, replace(app_parts, settings=settings))) == faults


def test_every_fault_is_said_in_one_go(session: Session, app_parts: Parts, clock: Clock) -> None:
    clock.forward(days=30)
    LOOSE["keys"](app_parts)
    found = doctor.faults(session, app_parts)
    assert len(found) == 3
    assert [word for word in ("start flask bot worker", "cannot be read", "chmod") if word in " ".join(found)] == [
        "start flask bot worker",
        "cannot be read",
        "chmod",
    ]


def test_the_doctor_changes_nothing(session: Session, app_parts: Parts, clock: Clock) -> None:
    folders = (app_parts.settings.keys_dir, app_parts.settings.sealing_dir)
    before = [sorted(path.name for path in folder.iterdir()) for folder in folders]
    clock.forward(days=3)
    doctor.faults(session, app_parts)
    assert [sorted(path.name for path in folder.iterdir()) for folder in folders] == before
    assert not session.in_transaction()


def test_the_command_says_faults_and_ends_with_one(
    app: Flask, session: Session, app_parts: Parts, clock: Clock
) -> None:
    from bot.cli import doctor as command

    runner = app.test_cli_runner()
    session.rollback()
    good = runner.invoke(command)
    assert (good.exit_code, "no faults found" in good.output, good.output.count("look:")) == (0, True, 9)
    assert "ways:  email, sms\n" in good.output
    clock.forward(minutes=3)
    bad = runner.invoke(command)
    assert (bad.exit_code, bad.output.count("wrong:")) == (1, 1)
    for secret in (app_parts.settings.secret_key, app_parts.settings.twilio_auth_token, app_parts.settings.duty_phone):
        assert secret not in good.output + bad.output


def test_a_fault_never_holds_a_secret(session: Session, app_parts: Parts, clock: Clock) -> None:
    clock.forward(days=30)
    said = " ".join(doctor.faults(session, app_parts))
    settings = app_parts.settings
    assert not [each for each in (settings.secret_key, settings.record_key, settings.twilio_auth_token) if each in said]
    assert clock() - timedelta(days=30)


def test_outside_the_demonstration_a_dead_mans_switch_is_needed(session: Session, app_parts: Parts) -> None:
    earnest = replace(app_parts.settings, demo=False)
    assert "HEARD_DEADMAN_URL" in only(doctor.faults(session, replace(app_parts, settings=earnest)))
    switched = replace(earnest, deadman_url="https://deadman.example.org/x")
    assert doctor.faults(session, replace(app_parts, settings=switched)) == []


def test_it_says_where_the_alarm_goes_and_whether_the_switch_is_set(app_parts: Parts) -> None:
    *_, alarm, switch = doctor.reminders(app_parts.settings)
    assert alarm.endswith("nobody but the duty contact")
    assert switch.startswith("no dead-man's switch")
    full = replace(
        app_parts.settings,
        alarm_phone="+447700900901",
        teams_url="https://t.example.org",
        deadman_url="https://d.example",
    )
    *_, alarm, switch = doctor.reminders(full)
    assert alarm.endswith("phone and Teams")
    assert "called every minute" in switch
