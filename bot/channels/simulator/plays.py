"""What may happen to the next messages: a small language of events, and the plays known by name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from bot.channels.simulator.refusals import REFUSED, UNSENT

# A play is a line of events. `x*` is the status in the answer to the request; a bare status is a callback, `:code`
# gives its error, `~` keeps quiet about it, `?` tells it of a message nobody knows. HTTP400:21610 refuses one
# request; HANG and RESET lose one; TIMEOUT and DRIP accept it, and answer never or a byte at a time.
NAMED: Mapping[str, str] = MappingProxyType(
    {
        "normal-number": "queued* sent delivered",
        "messaging-service": "accepted* queued sending sent delivered",
        "scheduled": "scheduled* queued sent delivered",
        "no-dlr-ever": "queued* sent",
        "undelivered-30003": "queued* sent undelivered:30003",
        "failed-30001": "accepted* failed:30001",
        "failed-30008-then-nothing": "queued* sent failed:30008",
        "canceled": "scheduled* canceled",
        "whatsapp-read": "queued* sent delivered read",
        "out-of-order-delivered-first": "queued* delivered sent queued",
        "duplicate-delivered": "queued* sent delivered delivered delivered",
        "callback-before-api-response": "delivered queued*",
        "late-undelivered-after-delivered": "queued* sent delivered undelivered:30008",
        "delivered-after-undelivered": "queued* sent undelivered:30003 delivered",
        "unknown-sid": "?delivered",
        "unknown-status": "queued* sent partially_delivered brand_new_status",
        "silent-provider": "queued*",
        "create-400-21610": "HTTP400:21610",
        "create-429-20429": "HTTP429:20429 queued* sent delivered",
        "create-timeout-but-accepted": "TIMEOUT delivered",
        "create-500-500-201": "HTTP500 HTTP500 queued* sent delivered",
        "hang": "HANG",
        "reset": "RESET",
        "timeout-but-accepted": "TIMEOUT ~sent ~delivered",
        "drip": "DRIP sent delivered",
        "drop callbacks": "queued* ~sent ~delivered",
    }
)
_EVENT = re.compile(r"(?P<mark>[?~]?)(?P<word>[A-Za-z_]+)(?P<http>[0-9]{3})?(?P<first>\*?)(?::(?P<code>[0-9]+))?")
_LOST = MappingProxyType({"HANG": "hang", "RESET": "reset"})
_SLOW = MappingProxyType({"TIMEOUT": "timeout", "DRIP": "drip"})
FAILURES = frozenset({"failed", "undelivered", "canceled"})


@dataclass(frozen=True, slots=True)
class Event:
    """One later status of a message; a silent one changes the message and calls nobody."""

    status: str
    code: int = 0
    silent: bool = False


@dataclass(frozen=True, slots=True)
class Take:
    """What happens to one request. `answer` is accept, timeout, drip, refuse, hang, reset or orphan."""

    answer: str
    status: int = 0
    code: int = 0
    initial: str = "queued"
    before: tuple[Event, ...] = ()
    after: tuple[Event, ...] = ()

    @property
    def lands(self) -> bool:
        """Whether the phone gets the message: when it is delivered, or when `sent` is the last that is heard of it."""
        known = [event.status for event in self.before + self.after]
        return bool(known) and ("delivered" in known or known[-1] == "sent")


def read(name: str) -> tuple[Take, ...]:
    """Give the takes of a play: a name, an HTTP status and code (`429/20429`, `500`), an error code, or events."""
    line = NAMED.get(name) or _from_numbers(name) or name.removeprefix("callback order:").strip()
    if name.startswith("callback order:"):
        line = f"queued* {line}"
    return tuple(_takes(_events(line)))


def _from_numbers(name: str) -> str:
    status, _, code = name.partition("/")
    if not status.isdecimal() or not (code or status).isdecimal():
        return ""
    if code or len(status) == 3:
        return f"HTTP{status}:{code or 0}"
    number = int(status)
    if number in REFUSED:
        return f"HTTP{REFUSED[number][0]}:{number}"
    if number in UNSENT:
        return f"queued* sent {UNSENT[number][0]}:{number}"
    return ""


def _events(line: str) -> list[dict[str, str]]:
    matches = [_EVENT.fullmatch(word) for word in line.split()]
    if not matches or None in matches:
        raise ValueError("no such play; see the names and the language in plays.py")
    return [match.groupdict(default="") for match in matches if match]


def _takes(events: list[dict[str, str]]) -> Iterator[Take]:
    waiting: list[Event] = []
    starts: list[Take] = []
    for event in events:
        word = event["word"]
        if event["http"] or word in _LOST:
            yield Take(_LOST.get(word, "refuse"), int(event["http"] or 0), int(event["code"] or 0))
        elif event["first"] or word in _SLOW:
            starts.append(Take(_SLOW.get(word, "accept"), 0, 0, "queued" if word in _SLOW else word, tuple(waiting)))
            waiting = []
        elif event["mark"] == "?":
            starts.append(Take("orphan"))
            waiting.append(Event(word, int(event["code"] or 0)))
        else:
            waiting.append(Event(word, int(event["code"] or 0), event["mark"] == "~"))
    if len(starts) > 1 or (waiting and not starts):
        raise ValueError("a play follows one message, and says with a star what its request is answered")
    for take in starts:
        yield Take(take.answer, initial=take.initial, before=take.before, after=tuple(waiting))
