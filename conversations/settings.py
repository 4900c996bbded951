"""All settings, read once from the environment into one frozen value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import timedelta
from math import ceil
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from conversations.setting_readers import READERS

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class SettingsError(Exception):
    """The start must stop; `faults` says everything that is wrong, in words that say what to do."""

    def __init__(self, faults: tuple[str, ...]) -> None:
        self.faults = faults
        super().__init__("Heard cannot start:\n" + "\n".join(f"  - {fault}" for fault in faults))


@dataclass(frozen=True, slots=True)
class Settings:
    """What an operator may set; secrets have no default outside the demonstration."""

    database_url: str
    public_url: str
    secret_key: str
    record_key: str
    sealing_dir: Path
    keys_dir: Path
    twilio_account_sid: str
    twilio_auth_token: str
    twilio_numbers: tuple[str, ...]
    duty_phone: str
    duty_email: str
    smtp_host: str
    mail_from: str
    demo: bool = False
    twilio_auth_token_previous: str = ""
    twilio_messaging_service: str = ""
    twilio_reply: str = "twiml"
    twilio_api_url: str = ""
    smtp_port: int = 25
    smtp_user: str = ""
    smtp_password: str = ""
    faces: frozenset[str] = frozenset({"public", "staff"})
    partnership: str = "your council"
    privacy_contact: str = ""
    default_script: str = "check-in"
    areas: tuple[str, ...] = ()
    cover_hours: str = "always"
    trusted_proxies: int = 0
    triage_encoder: str = "worker"
    own_names: Path | None = None
    voice_number: str = ""
    notify_key: str = ""
    notify_sms_template: str = ""
    notify_email_template: str = ""
    notify_url: str = "https://api.notifications.service.gov.uk"
    teams_url: str = ""
    webhook_url: str = ""
    webhook_secret: str = ""
    alarm_phone: str = ""
    alarm_email: str = ""
    deadman_url: str = ""
    metrics_port: int = 0
    partners: tuple[str, ...] = ()
    words_kept_days: int = 7
    alerts_kept_years: int = 7
    reconcile: bool = True
    analysis_months: int = 36

    @classmethod
    def from_env(cls, environment: Mapping[str, str]) -> Settings:
        """Read every HEARD_ variable, or raise one SettingsError that names all that are missing or wrong."""
        faults: list[str] = []
        read: dict[str, Any] = {field.name: field.default for field in fields(cls) if field.name not in REQUIRED}
        for name in (field.name for field in fields(cls)):
            text = environment.get(variable(name), "").strip()
            if not text:
                faults += [f"{variable(name)} is missing: {MEANING[name]}"] if name in REQUIRED else []
                continue
            try:
                read[name] = READERS.get(name, str)(text)
            except ValueError as wrong:
                read.pop(name, None)
                faults.append(f"{variable(name)} is wrong: {wrong}")
        faults += contradictions(read)
        if faults:
            raise SettingsError(tuple(faults))
        return cls(**read)

    @property
    def twilio_tokens(self) -> tuple[str, ...]:
        """The current auth token, and the previous one while tokens are being changed."""
        return tuple(token for token in (self.twilio_auth_token, self.twilio_auth_token_previous) if token)

    @property
    def words_kept(self) -> timedelta:
        """How long after its outcome the words and the number of an alert can be opened."""
        return timedelta(days=self.words_kept_days)

    @property
    def alerts_kept(self) -> timedelta:
        """How long after the last that happened to it a closed alert is kept, leap days included."""
        return timedelta(days=ceil(365.25 * self.alerts_kept_years))

    @property
    def sqlite(self) -> bool:
        """Whether the embedded database is used."""
        return self.database_url.startswith("sqlite:")


MEANING = {
    "database_url": "where the data lives, like postgresql+psycopg://heard@db/heard or sqlite:////var/lib/heard/heard.db",
    "public_url": "the https address that Twilio and browsers use, like https://heard.example.org",
    "secret_key": "at least 32 random characters, for sessions; make one with: openssl rand -hex 32",
    "record_key": "at least 32 random characters that never change, for message ids and the audit chain",
    "sealing_dir": "the folder with public day keys and weekly keys, readable by web and worker",
    "keys_dir": "the folder with private keys, readable by the worker alone, outside the database and its backups",
    "twilio_account_sid": "the account id from Twilio's console, AC and 32 hex digits",
    "twilio_auth_token": "the auth token from Twilio's console",
    "twilio_numbers": "our own numbers, like +447700900999, separated by commas",
    "duty_phone": "the number that alerts are texted to",
    "duty_email": "the address that alerts are mailed to",
    "smtp_host": "the mail server",
    "mail_from": "the address that mail comes from",
}
REQUIRED = frozenset(MEANING)


def variable(name: str) -> str:
    """The environment variable of a setting."""
    return f"HEARD_{name.upper()}"


def contradictions(read: Mapping[str, Any]) -> list[str]:
    """What is wrong with settings that are each well formed: a demonstration stays on loopback, others use https.

    A setting that is missing or wrong is not among them, and nothing is said about what it would have to fit.
    """
    demo, url, carrier = (read.get(name) for name in ("demo", "public_url", "twilio_api_url"))
    practice, earnest = demo is True, demo is False
    checks = (
        (
            practice and url is not None and _host(url) not in LOOPBACK,
            "HEARD_DEMO=1 is for this machine alone: HEARD_PUBLIC_URL must be a loopback address",
        ),
        (
            practice and carrier is not None and _host(carrier) not in LOOPBACK,
            "HEARD_DEMO=1 never uses the real Twilio: HEARD_TWILIO_API_URL must be a loopback address",
        ),
        (
            earnest and bool(carrier),
            "HEARD_TWILIO_API_URL is for the demonstration alone: remove it, or set HEARD_DEMO=1",
        ),
        (
            earnest and url is not None and not url.startswith("https://"),
            "HEARD_PUBLIC_URL must begin with https:// outside the demonstration",
        ),
        (
            _one_in_the_other(read.get("keys_dir"), read.get("sealing_dir")),
            "HEARD_KEYS_DIR must lie apart from HEARD_SEALING_DIR: the web process may not read private keys",
        ),
    )
    return [said for wrong, said in checks if wrong]


def _host(url: str) -> str | None:
    return urlsplit(url).hostname


def _one_in_the_other(private: Path | None, public: Path | None) -> bool:
    if private is None or public is None:
        return False
    private, public = private.resolve(), public.resolve()
    return private == public or private in public.parents or public in private.parents
