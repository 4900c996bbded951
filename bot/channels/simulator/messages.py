"""The messages that the practice carrier remembers, as its API shows them."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from email.utils import format_datetime
from types import MappingProxyType

from bot.channels.simulator.refusals import UNSENT, Refusal
from conversations.segments import count

API_VERSION = "2010-04-01"
KEPT = 4000
DAY = "2026-01-31"
# A status can only be overtaken by one that says more: callbacks may come late or twice.
RANKS: Mapping[str, int] = MappingProxyType(
    {
        **{status: rank for rank, status in enumerate(("scheduled", "accepted", "queued", "sending", "sent"))},
        **dict.fromkeys(("undelivered", "failed", "canceled"), 5),
        "delivered": 6,
        "received": 6,
        "read": 7,
    }
)
UNDERWAY = frozenset({"scheduled", "accepted", "queued", "sending", "sent"})
# Twilio waits this long for a carrier's receipt; until then a sent message cannot be removed.
RECEIPT = timedelta(hours=1)


def make_sid(kind: str = "SM") -> str:
    """A new id as Twilio makes them: two letters and 32 hex digits."""
    return f"{kind}{secrets.token_hex(16)}"


@dataclass(slots=True)
class Message:
    """One message, whichever way it went. `body` is what the API still shows, which may be less than was sent."""

    sid: str
    direction: str
    sender: str
    to: str
    body: str
    created: datetime
    status: str = "queued"
    code: int = 0
    media: int = 0
    service: str = ""
    callback: str = field(default="", repr=False)
    order: int = 0
    sent: datetime | None = None
    updated: datetime | None = None
    segments: int = 1
    landed: bool = False
    attached: list[str] = field(default_factory=list)

    def rise(self, status: str, code: int, now: datetime) -> None:
        """Take a status unless it says less than the one we have, or is one that Twilio's API does not know."""
        if RANKS.get(status, -1) <= RANKS[self.status]:
            return
        self.status, self.code, self.updated = status, code if status in {"failed", "undelivered"} else 0, now
        if self.sent is None and RANKS[status] >= RANKS["sent"] and status != "canceled":
            self.sent = now

    def underway(self, now: datetime) -> bool:
        """Whether Twilio would still refuse to remove it."""
        return self.status in UNDERWAY and now - self.created < RECEIPT

    def resource(self, account: str) -> dict[str, object]:
        """The message as the API shows it."""
        uri = f"/{API_VERSION}/Accounts/{account}/Messages/{self.sid}"
        return {
            "sid": self.sid,
            "account_sid": account,
            "api_version": API_VERSION,
            "messaging_service_sid": self.service or None,
            "direction": self.direction,
            "from": self.sender or None,
            "to": self.to,
            "body": self.body,
            "num_segments": str(self.segments),
            "num_media": str(len(self.attached)),
            "status": self.status,
            "error_code": self.code or None,
            "error_message": UNSENT[self.code][1] if self.code in UNSENT else None,
            "date_created": _stamp(self.created),
            "date_sent": _stamp(self.sent),
            "date_updated": _stamp(self.updated or self.created),
            "price": None,
            "price_unit": "GBP",
            "uri": f"{uri}.json",
            "subresource_uris": {"media": f"{uri}/Media.json"},
        }


def media_resource(message: Message, media: str, account: str) -> dict[str, object]:
    """A picture or recording of a message, as the API shows it."""
    stamp = _stamp(message.created)
    return {
        "sid": media,
        "account_sid": account,
        "parent_sid": message.sid,
        "content_type": "image/jpeg",
        "date_created": stamp,
        "date_updated": stamp,
        "uri": f"/{API_VERSION}/Accounts/{account}/Messages/{message.sid}/Media/{media}.json",
    }


def _stamp(moment: datetime | None) -> str | None:
    return format_datetime(moment.astimezone(UTC)) if moment else None


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a list asks for. Dates are UTC; a bare day means the whole of it, and both ends count.

    `on` is always a whole day: Twilio's own example asks for one with a midnight, which is how its library writes it.
    """

    to: str = ""
    sender: str = ""
    on: str = ""
    before: str = ""
    after: str = ""

    def admits(self, message: Message) -> bool:
        """Whether the message belongs in the list."""
        if (self.to and message.to != self.to) or (self.sender and message.sender != self.sender):
            return False
        day = self.on[: len(DAY)]
        lower = [_edge(text, time.min) for text in (day, self.after) if text]
        upper = [_edge(text, time.max) for text in (day, self.before) if text]
        if message.sent is None:
            return not lower and not upper
        sent = message.sent
        return all(edge <= sent for edge in lower) and all(sent <= edge for edge in upper)


def _edge(text: str, end: time) -> datetime:
    if len(text) == len(DAY):
        return datetime.combine(date.fromisoformat(text), end, UTC)
    moment = datetime.fromisoformat(text)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    # Twilio keeps whole seconds, so the last second counts as a whole.
    return moment.replace(microsecond=999999) if end == time.max else moment.replace(microsecond=0)


class Ledger:
    """The last few thousand messages, by id and in order. Its owner sees to it that one thread writes at a time."""

    def __init__(self, kept: int = KEPT) -> None:
        self._messages: OrderedDict[str, Message] = OrderedDict()
        self._kept = kept
        self._count = 0
        self.orphans: list[str] = []
        """Media whose message is gone: at Twilio they outlive it."""

    def __len__(self) -> int:
        return len(self._messages)

    def add(self, message: Message) -> None:
        """Remember a message, and forget the oldest when there are too many."""
        self._count += 1
        message.order = self._count
        message.segments = count(message.body).segments
        message.attached = [make_sid("ME") for _ in range(message.media)]
        self._messages[message.sid] = message
        while len(self._messages) > self._kept:
            self._messages.popitem(last=False)

    def find(self, sid: str) -> Message:
        """Give a message, or refuse with 20404."""
        if sid not in self._messages:
            raise Refusal(20404)
        return self._messages[sid]

    def knows(self, sid: str) -> bool:
        """Whether we have this message."""
        return sid in self._messages

    def remove(self, sid: str) -> None:
        """Forget a message, or refuse with 20404."""
        self.orphans += self.find(sid).attached
        del self._messages[sid]

    def newest(self, admits: Callable[[Message], bool], below: int = 0) -> Iterator[Message]:
        """Give what is admitted, newest first, and only what is older than `below` when that is given."""
        for message in reversed(list(self._messages.values())):
            if (not below or message.order < below) and admits(message):
                yield message
