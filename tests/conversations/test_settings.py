"""Settings stop the start with a line for each fault, hold no default for a secret, and keep the demonstration here."""

from __future__ import annotations

import re
from dataclasses import MISSING, FrozenInstanceError
from pathlib import Path

import pytest
from sqlalchemy import make_url

from conversations.settings import MEANING, Settings, SettingsError

REAL = {
    "HEARD_DATABASE_URL": "postgresql+psycopg://heard@db/heard",
    "HEARD_PUBLIC_URL": "https://heard.example.org",
    "HEARD_SECRET_KEY": "s" * 32,
    "HEARD_RECORD_KEY": "r" * 32,
    "HEARD_SEALING_DIR": "/var/lib/heard/sealing",
    "HEARD_KEYS_DIR": "/var/lib/heard/keys",
    "HEARD_TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
    "HEARD_TWILIO_AUTH_TOKEN": "t" * 32,
    "HEARD_TWILIO_NUMBERS": "+447700900999",
    "HEARD_DUTY_PHONE": "+447700900900",
    "HEARD_DUTY_EMAIL": "duty@example.org",
    "HEARD_SMTP_HOST": "mail.example.org",
    "HEARD_MAIL_FROM": "heard@example.org",
}
DEMO = REAL | {
    "HEARD_DEMO": "1",
    "HEARD_PUBLIC_URL": "http://127.0.0.1:8000",
    "HEARD_TWILIO_API_URL": "http://127.0.0.1:8001",
}


def faults(environment: dict[str, str]) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as stopped:
        Settings.from_env(environment)
    return stopped.value.faults


@pytest.mark.parametrize("environment", [REAL, DEMO])
def test_a_whole_set_is_taken(environment: dict[str, str]) -> None:
    settings = Settings.from_env(environment)
    assert settings.demo == (environment is DEMO)
    assert settings.twilio_numbers == ("+447700900999",)
    assert settings.keys_dir == Path("/var/lib/heard/keys")


def test_an_empty_environment_is_told_everything_that_is_missing_at_once() -> None:
    with pytest.raises(SettingsError) as stopped:
        Settings.from_env({})
    said = str(stopped.value)
    assert all(f"HEARD_{name.upper()} is missing: {meaning}" in said for name, meaning in MEANING.items())


@pytest.mark.parametrize("name", sorted(REAL))
@pytest.mark.parametrize("text", [None, "", "   "])
def test_each_missing_setting_is_named_alone(name: str, text: str | None) -> None:
    environment = {key: value for key, value in REAL.items() if key != name} | ({} if text is None else {name: text})
    found = faults(environment)
    assert len(found) == 1
    assert found[0].startswith(f"{name} is missing")


WRONG = {
    "HEARD_SECRET_KEY": ["short", "s" * 31],
    "HEARD_RECORD_KEY": ["r" * 31],
    "HEARD_TWILIO_ACCOUNT_SID": ["AC123", "SM" + "0" * 32, "AC" + "G" * 32, "AC" + "0" * 33],
    "HEARD_TWILIO_NUMBERS": ["07700900999", "+0700900999", "+44", "+447700900999;+447700900998", ",", "phone"],
    "HEARD_DUTY_PHONE": ["07700900900", "999"],
    "HEARD_DUTY_EMAIL": ["duty", "a@b c", "@example.org", "duty@"],
    "HEARD_MAIL_FROM": ["heard"],
    "HEARD_PUBLIC_URL": ["heard.example.org", "ftp://heard.example.org", "https://", "https://heard.example.org/?a=b"],
    "HEARD_SMTP_PORT": ["smtp", "2.5", "0", "65536", "-1"],
    "HEARD_METRICS_PORT": ["yes", "65535"],  # the worker takes the next one
    "HEARD_TRUSTED_PROXIES": ["yes", "-1", "10"],
    "HEARD_DATABASE_URL": [
        "nonsense",
        "postgres://heard@db/heard",
        "postgresql://heard@db/heard",
        "postgresql+psycopg://heard@db",
        "postgresql+psycopg://heard@db/",
        "postgresql+psycopg://heard:p@ss@db/heard",
        "postgresql+psycopg://heard:p/ss@db/heard",
        "postgresql+psycopg://heard@db:port/heard",
        "mysql://heard@db/heard",
        "sqlite://",
        "sqlite:///",
        "/var/lib/heard/heard.db",
    ],
    "HEARD_DEMO": ["yes", "true", "2"],
    "HEARD_FACES": ["public,admin", ","],
    "HEARD_AREAS": ["north!", "a", "x" * 17, "north 1"],
    "HEARD_COVER_HOURS": ["9-5", "09:00", "24:00-25:00", "09:00-17:60", "mornings"],
    "HEARD_TWILIO_REPLY": ["sms", "TWIML"],
}


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, texts in WRONG.items() for text in texts])
def test_a_wrong_setting_stops_the_start_and_says_which(name: str, text: str) -> None:
    found = faults(REAL | {name: text})
    assert len(found) == 1
    assert found[0].startswith(f"{name} is wrong: ")


@pytest.mark.parametrize("name", ["HEARD_SECRET_KEY", "HEARD_RECORD_KEY"])
def test_a_secret_that_is_too_short_is_not_printed(name: str) -> None:
    assert "hunter2" not in faults(REAL | {name: "hunter2"})[0]


@pytest.mark.parametrize(
    "url", ["postgres://heard:hunter2@db/heard", "postgresql+psycopg://heard:a@hunter2:hunter2@db/heard", "hunter2"]
)
def test_the_address_of_a_database_is_not_printed_for_it_holds_a_password(url: str) -> None:
    (said,) = faults(REAL | {"HEARD_DATABASE_URL": url})
    assert "hunter2" not in said
    assert "write postgresql+psycopg://" in said


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+psycopg://heard:p%40ss@db:5432/heard?sslmode=require",
        "postgresql+psycopg:///heard?host=/var/run/postgresql",
        "postgresql+psycopg://heard@[::1]:5432/heard",
        "sqlite:////var/lib/heard/heard.sqlite3",
        "sqlite:///heard.db",
    ],
)
def test_an_address_that_is_taken_is_one_that_the_library_understands(url: str) -> None:
    assert make_url(Settings.from_env(REAL | {"HEARD_DATABASE_URL": url}).database_url).database


@pytest.mark.parametrize("name", ["HEARD_SMTP_PORT", "HEARD_METRICS_PORT", "HEARD_TRUSTED_PROXIES"])
def test_what_is_no_number_is_told_in_words(name: str) -> None:
    assert faults(REAL | {name: "many"})[0].startswith(f"{name} is wrong: it must be a number from ")


def test_every_fault_is_said_in_one_go() -> None:
    environment = REAL | {"HEARD_DEMO": "maybe", "HEARD_SECRET_KEY": "x", "HEARD_SMTP_HOST": ""}
    assert len(faults(environment)) == 3


def test_a_contradiction_is_said_together_with_what_is_missing() -> None:
    found = faults(REAL | {"HEARD_PUBLIC_URL": "http://heard.example.org", "HEARD_SMTP_HOST": "", "HEARD_FACES": "x"})
    assert [said.split()[0] for said in found] == ["HEARD_SMTP_HOST", "HEARD_FACES", "HEARD_PUBLIC_URL"]


def test_nothing_is_said_about_what_a_missing_setting_would_have_to_fit() -> None:
    assert not [said for said in faults({}) if " is missing: " not in said]
    assert len(faults(DEMO | {"HEARD_DEMO": "maybe"})) == 1
    assert len(faults(DEMO | {"HEARD_TWILIO_API_URL": "nowhere"})) == 1


CONTRADICTIONS = {
    "demo on a public address": DEMO | {"HEARD_PUBLIC_URL": "https://heard.example.org"},
    "demo on this network": DEMO | {"HEARD_PUBLIC_URL": "http://192.168.0.7:8000"},
    "demo with an address that begins like loopback": DEMO | {"HEARD_PUBLIC_URL": "http://127.0.0.1.example.org"},
    "demo with a name before loopback": DEMO | {"HEARD_PUBLIC_URL": "http://127.0.0.1@example.org/"},
    "demo with the real Twilio": {key: value for key, value in DEMO.items() if key != "HEARD_TWILIO_API_URL"},
    "demo with Twilio's address": DEMO | {"HEARD_TWILIO_API_URL": "https://api.twilio.com"},
    "a practice carrier in earnest": REAL | {"HEARD_TWILIO_API_URL": "http://127.0.0.1:8001"},
    "plain http in earnest": REAL | {"HEARD_PUBLIC_URL": "http://heard.example.org"},
    "private keys where the web reads": REAL | {"HEARD_KEYS_DIR": "/var/lib/heard/sealing/../sealing"},
}


@pytest.mark.parametrize("name", CONTRADICTIONS)
def test_settings_that_contradict_each_other_stop_the_start(name: str) -> None:
    assert len(faults(CONTRADICTIONS[name])) == 1


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost:8000", "[::1]:8000"])
def test_the_demonstration_runs_on_any_name_of_this_machine(host: str) -> None:
    assert Settings.from_env(DEMO | {"HEARD_PUBLIC_URL": f"http://{host}"}).demo


def test_lists_are_read_with_spaces_and_ends_trimmed() -> None:
    given = {
        "HEARD_TWILIO_NUMBERS": " +447700900999 , whatsapp:+447700900998,",
        "HEARD_AREAS": "North, south ,",
        "HEARD_PUBLIC_URL": "https://heard.example.org/",
        "HEARD_FACES": "staff",
    }
    settings = Settings.from_env(REAL | given)
    assert settings.twilio_numbers == ("+447700900999", "whatsapp:+447700900998")
    assert settings.areas == ("north", "south")
    assert settings.public_url == "https://heard.example.org"
    assert settings.faces == frozenset({"staff"})


def test_both_tokens_are_taken_while_they_are_changed() -> None:
    assert Settings.from_env(REAL).twilio_tokens == ("t" * 32,)
    both = Settings.from_env(REAL | {"HEARD_TWILIO_AUTH_TOKEN_PREVIOUS": "o" * 32})
    assert both.twilio_tokens == ("t" * 32, "o" * 32)


def test_settings_cannot_be_changed_afterwards() -> None:
    with pytest.raises(FrozenInstanceError):
        Settings.from_env(REAL).demo = True  # type: ignore[misc]


def test_no_secret_has_a_default() -> None:
    secret = re.compile("key|token|sid|password|phone|email")
    fields = {name: field.default for name, field in Settings.__dataclass_fields__.items() if secret.search(name)}
    assert fields
    assert all(default in ("", MISSING) for default in fields.values())
