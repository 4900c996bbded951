"""What a duty worker may write to a young person, and whether a text may go now, waits for their yes, or may not go."""

from __future__ import annotations

import functools
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

from conversations.rota import HERE
from conversations.script import load_words
from conversations.segments import count

FILE = Path(__file__).with_name("relay.toml")
MOST_SEGMENTS: Mapping[str, int] = MappingProxyType({"GSM-7": 2, "UCS-2": 4})
JUST_NOW = timedelta(minutes=10)
ASKING = "asking"
"""The reason of the question whether it is OK to text: it cannot wait for its own answer."""

WEEKEND = (5, 6)


@dataclass(frozen=True, slots=True)
class Template:
    """A wording that may be chosen: the key of its words, what staff read of it, and what waits for its answer."""

    code: str
    words: str
    label: str
    awaits: str = "rest"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a text may go that nobody said yes to; `asked` when they expect one all the same."""

    code: str
    label: str
    asked: bool = False


@dataclass(frozen=True, slots=True)
class Window:
    """A time at which somebody may be texted, in local time; the whole day where there are no hours."""

    code: str
    label: str
    days: tuple[int, ...] = tuple(range(7))
    begins: time = time.min
    ends: time = time.max

    def holds(self, local: datetime) -> bool:
        """Whether this moment lies within."""
        return local.weekday() in self.days and self.begins <= local.time() < self.ends


@dataclass(frozen=True, slots=True)
class Book:
    """Everything in relay.toml, by code."""

    templates: Mapping[str, Template]
    reasons: Mapping[str, Reason]
    times: Mapping[str, Window]
    cannot: Mapping[str, str]
    sensitive: re.Pattern[str]


@functools.cache
def load(path: Path = FILE) -> Book:
    """The book of wordings; a table with a missing or unknown field is a TypeError."""
    content: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    beginnings = "|".join(re.escape(each) for each in content["sensitive"]["words"])
    return Book(
        templates=MappingProxyType({each["code"]: Template(**each) for each in content["templates"]}),
        reasons=MappingProxyType({each["code"]: Reason(**each) for each in content["reasons"]}),
        times=MappingProxyType({each["code"]: _window(**each) for each in content["times"]}),
        cannot=MappingProxyType(content["cannot"]),
        sensitive=re.compile(rf"\b(?:{beginnings})[\w']*", re.IGNORECASE),
    )


def wording(template: Template, language: str, name: str, at: str) -> str:
    """The words of a template in a language: the worker's first name and the time filled in where they belong."""
    shared = load_words()
    return shared[language if language in shared else "en"].line(template.words).format(name=name, time=at)


def first_name(name: str) -> str:
    """What a young person reads of a duty worker's name."""
    return name.split()[0] if name.split() else ""


def spoken_time(clock: time, language: str, now: datetime) -> str:
    """The next time that a clock shows this, as a young person reads it; in figures where it is not English."""
    local = now.astimezone(HERE)
    today = clock > local.time()
    if language == "en":
        return f"{clock:%H:%M} {'today' if today else 'tomorrow'}"
    day = local.date() if today else local.date() + timedelta(days=1)
    return f"{clock:%H:%M}, {day:%d/%m}"


def sensitive_words(text: str, names: tuple[str, ...] = ()) -> tuple[str, ...]:
    """The words that somebody beside them must not read, with the names of the service among them; each once.

    >>> sensitive_words("Hi, I am a social worker. Are you safe?")
    ('social', 'worker', 'safe')
    >>> sensitive_words("Hi, it is Ana. Are you OK?")
    ()
    """
    plain = text.replace("\u2019", "'")
    found = [each.group() for each in load().sensitive.finditer(plain)]
    found += [name for name in names if name and name.casefold() in plain.casefold()]
    return tuple(dict.fromkeys(found))


def is_safe_time(chosen: str, now: datetime) -> bool:
    """Whether they may be texted now by the times that they chose, comma between; always while none are known."""
    times, local = load().times, now.astimezone(HERE)
    windows = [times[code] for code in chosen.split(",") if code in times]
    if any(each.code == "not_weekends" for each in windows) and local.weekday() in WEEKEND:
        return False
    widening = [each for each in windows if each.code != "not_weekends"]
    return not widening or any(each.holds(local) for each in widening)


def labels_of(chosen: str) -> str:
    """The times that they chose, as staff read them."""
    times = load().times
    return ", ".join(times[code].label for code in chosen.split(",") if code in times)


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether and when somebody may be written to: by text or on their page, what they agreed to, when they wrote."""

    by_text: bool
    on_page: bool
    ok: bool | None = None
    safe_times: str = ""
    texted_at: datetime | None = None
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Draft:
    """What a duty worker wants to send: the words, the template that they are of, and the reason given."""

    words: str
    template: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Ruling:
    """Whether it goes: `due`, `waiting`, or neither and why not; and the reason that is recorded with it."""

    state: str
    reason: str | None = None
    why_not: str = ""


def ruling(standing: Standing, draft: Draft, now: datetime) -> Ruling:
    """Whether this draft goes now, waits for their yes, or may not be sent as it is."""
    if not (standing.by_text or standing.on_page):
        return Ruling("", why_not="They cannot be written to.")
    fault = _fault(draft.words) or _reason_fault(standing, draft.reason, now)
    if fault:
        return Ruling("", why_not=fault)
    if not standing.by_text:
        return Ruling("due")
    return _by_text(standing, draft, now)


def _by_text(standing: Standing, draft: Draft, now: datetime) -> Ruling:
    safe_time = is_safe_time(standing.safe_times, now)
    if standing.ok and safe_time:
        return Ruling("due")
    if not draft.reason:
        return _without_a_reason(standing, draft)
    found = () if standing.ok or load().reasons[draft.reason].asked else _given_away(draft, standing.names)
    if found:
        return Ruling("", why_not=UNASKED.format(words=", ".join(found)))
    return Ruling("due", draft.reason)


def _given_away(draft: Draft, names: tuple[str, ...]) -> tuple[str, ...]:
    """The words that give them away; of a wording also those of its English, since the list knows no other language."""
    chosen = load().templates.get(draft.template)
    english = wording(chosen, "en", "", "") if chosen else ""
    return sensitive_words(f"{draft.words}\n{english}", names)


def _without_a_reason(standing: Standing, draft: Draft) -> Ruling:
    if standing.ok:
        return Ruling("", why_not=NOT_NOW.format(times=labels_of(standing.safe_times)))
    if standing.ok is False:
        return Ruling("", why_not=THEY_SAID_NO)
    chosen = load().templates.get(draft.template)
    asks = chosen is not None and chosen.awaits == "reach"
    return Ruling("due", ASKING) if asks else Ruling("waiting")


def _fault(words: str) -> str:
    if not words.strip():
        return "Write something, or choose one of the wordings."
    size = count(words)
    return TOO_LONG if size.segments > MOST_SEGMENTS[size.encoding] else ""


def _reason_fault(standing: Standing, reason: str, now: datetime) -> str:
    if reason and reason not in load().reasons:
        return "Choose one of the reasons."
    recent = standing.texted_at is not None and now - standing.texted_at <= JUST_NOW
    return "They have not texted us in the last ten minutes." if reason == "just_texted" and not recent else ""


def _window(code: str, label: str, **limits: Any) -> Window:
    hours = {"begins": limits.pop("from", "00:00"), "ends": limits.pop("until", time.max.isoformat())}
    days = tuple(limits.pop("days", range(7)))
    return Window(code, label, days, **{name: time.fromisoformat(each) for name, each in hours.items()}, **limits)


UNASKED = (
    "They have not said yes, and somebody beside them may read it. Leave out: {words}. Or let it wait for their yes."
)
NOT_NOW = "They asked for texts at other times: {times}. Wait until then, or say why it cannot wait."
THEY_SAID_NO = "They said: do not text here. If you must all the same, say why."
TOO_LONG = "This is too long: a message may fill two texts, about 300 letters; with letters outside of English, 260."
FATES: Mapping[str, str] = MappingProxyType(
    {
        "waiting": "Waits for them to say that it is OK to text",
        "due": "Going out now",
        "leased": "Going out now",
        "cancelled": "Not sent",
        "failed": "Did not go",
        "undelivered": "Did not arrive",
        "delivered": "Arrived on their phone",
        "read": "Arrived on their phone",
        "page": "On their page, not seen yet",
        "seen": "Seen on their page",
        "sent": "Sent",
    }
)
LOST = frozenset({"failed", "undelivered", "canceled"})
"""What a provider says of a text that did not arrive."""


def fate(state: str, status: str | None, error: str | None) -> str:
    """What became of a text, as staff read it; why, where it did not arrive."""
    reported = "undelivered" if status in LOST else status or ""
    stage = reported if state == "sent" and reported in FATES else state
    told = FATES[stage]
    return f"{told}: {why_lost(error)}" if error and stage in {"cancelled", "failed", "undelivered"} else told


def why_lost(error: str) -> str:
    """Why a text did not go, in words where we have some, with the code that it is known by."""
    known = load().cannot.get(error)
    if known is None:
        return error
    told = known[0].lower() + known[1:]
    return f"{told} ({error})" if error.isdecimal() else told
