"""The phones at the other end: what each has sent and got, whatever was deleted at the carrier since."""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass
from datetime import datetime

from conversations.segments import count

PHONES = 300
TEXTS = 200


@dataclass(frozen=True, slots=True)
class Text:
    """One text on a phone; `mine` is one that the phone sent."""

    mine: bool
    body: str
    at: datetime
    media: int = 0

    @property
    def segments(self) -> int:
        """How many texts it was billed as."""
        return count(self.body).segments


class Handsets:
    """The last texts of the last phones. Its owner sees to it that one thread writes at a time."""

    def __init__(self) -> None:
        self._threads: OrderedDict[str, deque[Text]] = OrderedDict()

    def send(self, number: str, body: str, at: datetime, media: int = 0) -> None:
        """The phone sent a text."""
        self._add(number, Text(True, body, at, media))

    def land(self, number: str, body: str, at: datetime, media: int = 0) -> None:
        """The phone got a text."""
        self._add(number, Text(False, body, at, media))

    def thread(self, number: str) -> tuple[Text, ...]:
        """The phone's texts, oldest first."""
        return tuple(self._threads.get(number, ()))

    def numbers(self) -> tuple[str, ...]:
        """Every phone that has a text."""
        return tuple(self._threads)

    def _add(self, number: str, text: Text) -> None:
        self._threads.setdefault(number, deque(maxlen=TEXTS)).append(text)
        self._threads.move_to_end(number)
        while len(self._threads) > PHONES:
            self._threads.popitem(last=False)
