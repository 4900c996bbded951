"""All settings, read once from the environment into one frozen value."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import timedelta
from math import ceil
from pathlib import Path
from urllib.parse import urlsplit

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
AREA = re.compile(r"[a-z]{2,16}\Z")
SMS_NUMBER = re.compile(r"(whatsapp:)?\+[1-9][0-9]{6,14}\Z")


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
        values: dict[str, object] = {}
        for name in [field.name for field in fields(cls)]:
            text = environment.get(variable(name), "").strip()
            if not text:
                faults += [f"{variable(name)} is missing: {MEANING[name]}"] if name in REQUIRED else []
                continue
            try:
                values[name] = READERS.get(name, str)(text)
            except ValueError as wrong:
                faults.append(f"{variable(name)} is wrong: {wrong}")
        if not faults:
            settings = cls(**values)  # type: ignore[arg-type]  # each reader gives its field's type
            faults += contradictions(settings)
        if faults:
            raise SettingsError(tuple(faults))
        return settings

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


def _secret(text: str) -> str:
    if len(text) < 32:
        raise ValueError("give at least 32 characters; make them with: openssl rand -hex 32")
    return text


def _account(text: str) -> str:
    if not re.fullmatch(r"AC[0-9a-f]{32}", text):
        raise ValueError("an account id is AC and 32 hex digits")
    return text


def _numbers(text: str) -> tuple[str, ...]:
    numbers = tuple(part.strip() for part in text.split(",") if part.strip())
    if not numbers or not all(SMS_NUMBER.match(number) for number in numbers):
        raise ValueError("give numbers like +447700900999, separated by commas")
    return numbers


def _number(text: str) -> str:
    return _numbers(text)[0]


def _address(text: str) -> str:
    if not re.fullmatch(r"[^@\s]+@[^@\s]+", text):
        raise ValueError("give one mail address")
    return text


def _url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query:
        raise ValueError("give an address like https://heard.example.org")
    return text.rstrip("/")


def _hook(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("give an address like https://hooks.example.org/heard")
    return text


def _one_of(*allowed: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in allowed:
            raise ValueError(f"choose one of {', '.join(allowed)}")
        return text

    return read


def _faces(text: str) -> frozenset[str]:
    faces = frozenset(part.strip() for part in text.split(",") if part.strip())
    if not faces or not faces <= {"public", "staff"}:
        raise ValueError("choose public, staff or public,staff")
    return faces


def _areas(text: str) -> tuple[str, ...]:
    areas = tuple(part.strip().lower() for part in text.split(",") if part.strip())
    if not all(AREA.match(area) for area in areas):
        raise ValueError("give area words of 2 to 16 letters, separated by commas")
    return areas


def _names(text: str) -> tuple[str, ...]:
    names = tuple(part.strip() for part in text.split(",") if part.strip())
    if any(len(name) > 64 for name in names):
        raise ValueError("give names of at most 64 letters, separated by commas")
    return names


def _months(text: str) -> int:
    if not re.fullmatch(r"[1-9]\d?", text):
        raise ValueError("give a number of months from 1 to 99")
    return int(text)


def _days(text: str) -> int:
    if not re.fullmatch(r"[1-9][0-9]?", text):
        raise ValueError("give a number of days from 1 to 99")
    return int(text)


def _years(text: str) -> int:
    if not re.fullmatch(r"[3-9]|[1-9][0-9]", text):
        raise ValueError("give a number of years from 3 to 99")
    return int(text)


def _cover_hours(text: str) -> str:
    if text != "always" and not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d", text):
        raise ValueError("give always, or weekday hours like 09:00-17:00")
    return text


READERS: Mapping[str, Callable[[str], object]] = {
    "secret_key": _secret,
    "record_key": _secret,
    "sealing_dir": Path,
    "keys_dir": Path,
    "public_url": _url,
    "twilio_account_sid": _account,
    "twilio_numbers": _numbers,
    "duty_phone": _number,
    "duty_email": _address,
    "mail_from": _address,
    "demo": lambda text: _one_of("1", "0")(text) == "1",
    "twilio_reply": _one_of("twiml", "rest"),
    "twilio_api_url": _url,
    "smtp_port": int,
    "faces": _faces,
    "areas": _areas,
    "cover_hours": _cover_hours,
    "trusted_proxies": int,
    "triage_encoder": _one_of("worker", "request", "off"),
    "own_names": Path,
    "voice_number": _number,
    "notify_url": _url,
    "teams_url": _hook,
    "webhook_url": _hook,
    "webhook_secret": _secret,
    "alarm_phone": _number,
    "alarm_email": _address,
    "deadman_url": _hook,
    "metrics_port": int,
    "partners": _names,
    "analysis_months": _months,
    "words_kept_days": _days,
    "alerts_kept_years": _years,
    "reconcile": lambda text: _one_of("1", "0")(text) == "1",
}


def contradictions(settings: Settings) -> list[str]:
    """What is wrong with settings that are each well formed: a demonstration stays on loopback, others use https."""
    faults = []
    host = urlsplit(settings.public_url).hostname
    carrier = urlsplit(settings.twilio_api_url).hostname if settings.twilio_api_url else None
    if settings.demo and host not in LOOPBACK:
        faults.append("HEARD_DEMO=1 is for this machine alone: HEARD_PUBLIC_URL must be a loopback address")
    if settings.demo and carrier not in LOOPBACK:
        faults.append("HEARD_DEMO=1 never uses the real Twilio: HEARD_TWILIO_API_URL must be a loopback address")
    if not settings.demo and settings.twilio_api_url:
        faults.append("HEARD_TWILIO_API_URL is for the demonstration alone: remove it, or set HEARD_DEMO=1")
    if not settings.demo and not settings.public_url.startswith("https://"):
        faults.append("HEARD_PUBLIC_URL must begin with https:// outside the demonstration")
    private, public = settings.keys_dir.resolve(), settings.sealing_dir.resolve()
    if private == public or private in public.parents or public in private.parents:
        faults.append("HEARD_KEYS_DIR must lie apart from HEARD_SEALING_DIR: the web process may not read private keys")
    return faults
