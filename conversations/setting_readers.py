"""How the text of each setting is read: to its value, or to words that say what to write, and never show the text."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import urlsplit

AREA = re.compile(r"[a-z]{2,16}\Z")
SMS_NUMBER = re.compile(r"(whatsapp:)?\+[1-9][0-9]{6,14}\Z")
# A sign that parts an address, in a password as it is, would make the host or the port of what follows it.
DATABASE = re.compile(
    r"sqlite:///[^?]+"
    r"|postgresql\+psycopg://([^:/@?]*(:[^/@?]*)?@)?(\[[0-9a-f:]+\]|[^:/@?\[\]]*)(:[0-9]{0,5})?/[^/?]+(\?.*)?",
    re.ASCII,
)


def _database(text: str) -> str:
    if not DATABASE.fullmatch(text):
        raise ValueError(
            "write postgresql+psycopg://USER:PASSWORD@HOST/NAME, with each sign of the password that is no letter and "
            "no digit as % and two hex digits, or sqlite:////FOLDER/FILE"
        )
    return text


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


def _count(least: int, most: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,5}", text) or not least <= int(text) <= most:
            raise ValueError(f"it must be a number from {least} to {most}")
        return int(text)

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
    "database_url": _database,
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
    "smtp_port": _count(1, 65535),
    "faces": _faces,
    "areas": _areas,
    "cover_hours": _cover_hours,
    "trusted_proxies": _count(0, 9),
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
    "metrics_port": _count(0, 65534),
    "partners": _names,
    "analysis_months": _months,
    "words_kept_days": _days,
    "alerts_kept_years": _years,
    "reconcile": lambda text: _one_of("1", "0")(text) == "1",
}
