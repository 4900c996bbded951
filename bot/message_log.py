"""Twilio's log of our messages: read page by page, and deleted from, each request within its time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import takewhile
from typing import Any, TypeVar

from requests.exceptions import RequestException
from twilio.base.exceptions import TwilioException, TwilioRestException

from bot.sender import SECONDS, NotSent
from bot.ways.carrier import asked, client
from conversations.settings import Settings

PAGE = 1000
GONE = 404
BUSY = 429
STILL_UNDERWAY = 20009
Given = TypeVar("Given")


@dataclass(frozen=True, slots=True)
class Entry:
    """One message as Twilio keeps it; its words and numbers show themselves to nobody."""

    sid: str
    inbound: bool
    sender: str = field(repr=False)
    to: str = field(repr=False)
    body: str = field(repr=False)
    media: bool
    status: str
    error: str
    at: datetime
    """When Twilio got it, or sent it."""
    made_at: datetime


class Unreadable(Exception):
    """Twilio does not answer, is busy, or says nothing that makes sense: later, perhaps."""


class Kept(Exception):
    """Twilio will not delete this one yet."""


@dataclass(frozen=True, slots=True)
class MessageLog:
    """The messages from and to our own numbers, which is all that is ours of the account."""

    settings: Settings

    def to_us(self, since: datetime) -> list[Entry]:
        """What was texted to us since then, oldest first; raises Unreadable."""
        return self._listed(lambda messages, number: messages.stream(to=number, date_sent_after=since, page_size=PAGE))

    def from_us(self, since: datetime) -> list[Entry]:
        """What we have sent since then, oldest first; raises Unreadable."""
        return self._listed(
            lambda messages, number: messages.stream(from_=number, date_sent_after=since, page_size=PAGE)
        )

    def whole(self, since: datetime) -> list[Entry]:
        """Every message made since then, oldest first, those too that were never sent; raises Unreadable."""

        def made(messages: Any, number: str) -> Iterator[Any]:  # newest first; what has no date was never sent
            for side in ("to", "from_"):
                listed = messages.stream(**{side: number}, page_size=PAGE)
                yield from takewhile(lambda message: message.date_created >= since, listed)

        return self._listed(made)

    def delete(self, entry: Entry) -> None:
        """Delete a message with its media; nothing when it is gone already. Raises Kept or Unreadable."""
        message = client(self.settings, SECONDS).messages(entry.sid)
        for media in _asked(lambda: list(message.media.stream(page_size=PAGE)) if entry.media else []):
            _delete(media.delete)
        _delete(message.delete)

    def _listed(self, stream: Callable[[Any, str], Iterable[Any]]) -> list[Entry]:
        messages = client(self.settings, SECONDS).messages
        found = {
            message.sid: _entry(message)
            for number in self._numbers()
            for message in _asked(lambda number=number: list(stream(messages, number)))  # type: ignore[misc]
        }
        return sorted(found.values(), key=lambda entry: entry.at)

    def _numbers(self) -> list[str]:
        bare = [number.removeprefix("whatsapp:") for number in self.settings.twilio_numbers]
        return [*bare, *(f"whatsapp:{number}" for number in bare)]


def _asked(question: Callable[[], Given]) -> Given:
    try:
        return asked(question)
    except NotSent as lost:
        raise Unreadable(lost.code) from None


def _delete(delete: Callable[[], bool]) -> None:
    try:
        if not delete():
            raise Unreadable("no answer that makes sense")
    except TwilioRestException as refused:
        if refused.status == GONE:
            return
        if refused.code == STILL_UNDERWAY:
            raise Kept from None
        raise Unreadable(_why(refused)) from None
    except (NotSent, TwilioException, RequestException, OSError, ValueError) as lost:
        raise Unreadable(_why(lost)) from None


def _why(lost: Exception) -> str:
    return str(lost.code or lost.status) if isinstance(lost, TwilioRestException) else type(lost).__name__


def _entry(message: Any) -> Entry:
    return Entry(
        sid=message.sid,
        inbound=message.direction == "inbound",
        sender=message.from_ or "",
        to=message.to or "",
        body=message.body or "",
        media=message.num_media not in {None, "", "0"},
        status=message.status or "",
        error=str(message.error_code or ""),
        at=message.date_sent or message.date_created,
        made_at=message.date_created,
    )
