"""What a request to send asks for, and the rules by which Twilio refuses one."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from bot.channels.simulator.account import Account
from bot.channels.simulator.refusals import REFUSED
from bot.channels.simulator.twiml import LONGEST

NUMBER = re.compile(r"\+[1-9][0-9]{6,14}")


def bare(number: str) -> str:
    """The phone behind an address: a phone is one phone by text and by WhatsApp."""
    return number.partition(":")[2] or number


@dataclass(frozen=True, slots=True)
class Wish:
    """One text that somebody wants sent."""

    to: str
    sender: str
    body: str
    service: str = ""
    callback: str = ""
    media: int = 0
    send_at: datetime | None = None
    discard: bool = False

    def without_callback(self) -> Wish:
        """The same, and nobody asks how it went."""
        return replace(self, callback="")


def read(form: Iterable[tuple[str, str]]) -> Wish:
    """Read a form that keeps the specification."""
    pairs = tuple(form)
    fields = dict(pairs)
    return Wish(
        to=fields["To"],
        sender=fields.get("From", ""),
        body=fields.get("Body", ""),
        service=fields.get("MessagingServiceSid", ""),
        callback=fields.get("StatusCallback", ""),
        media=sum(name == "MediaUrl" for name, _ in pairs),
        send_at=_moment(fields.get("SendAt", "")),
        discard=fields.get("ContentRetention") == "discard",
    )


def _moment(text: str) -> datetime | None:
    if not text:
        return None
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


Rule = Callable[[Wish, Account], bool]
# In the order in which they are looked at; the first that holds is the answer.
RULES: tuple[tuple[int, Rule], ...] = (
    (21602, lambda wish, account: not wish.body and not wish.media),
    (21211, lambda wish, account: not NUMBER.fullmatch(bare(wish.to))),
    (21701, lambda wish, account: bool(wish.service) and wish.service != account.service),
    (21606, lambda wish, account: bool(wish.sender) and bare(wish.sender) not in map(bare, account.numbers)),
    (21606, lambda wish, account: bare(wish.to) == bare(wish.sender)),
    (21408, lambda wish, account: not bare(wish.to).startswith(account.regions)),
    (21608, lambda wish, account: account.verified is not None and bare(wish.to) not in account.verified),
    (21617, lambda wish, account: len(wish.body) > LONGEST),
)


def refusal(wish: Wish, account: Account, troubles: Mapping[str, int], blocked: bool) -> int:
    """The code that this wish is refused with, or 0."""
    broken = next((code for code, holds in RULES if holds(wish, account)), 0)
    trouble = troubles.get(bare(wish.to), 0)
    return broken or (21610 if blocked else 0) or (trouble if trouble in REFUSED else 0)
