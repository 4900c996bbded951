"""What the practice carrier does with texts that we send: rules, faults on request, statuses and callbacks."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urljoin

from bot.channels.simulator import plays
from bot.channels.simulator.account import Account
from bot.channels.simulator.delivery import Deliver, WebhookFailed, call, over_http
from bot.channels.simulator.handsets import Handsets
from bot.channels.simulator.messages import API_VERSION, KEPT, Ledger, Message, Wanted, make_sid
from bot.channels.simulator.plays import Event, Take
from bot.channels.simulator.refusals import UNSENT, Notice, Refusal
from bot.channels.simulator.wishes import Wish, bare, refusal

Pairs = tuple[tuple[str, str], ...]


def whole_second() -> datetime:
    """Now, as Twilio would write it down."""
    return datetime.now(UTC).replace(microsecond=0)


@dataclass(frozen=True, slots=True)
class Due:
    """A status that is on its way to a message and its callback."""

    at: datetime
    sid: str
    event: Event
    url: str


class Exchange:
    """The sending side. Safe to use from several threads; nothing is delivered while the lock is held."""

    def __init__(
        self,
        account: Account,
        deliver: Deliver = over_http,
        clock: Callable[[], datetime] = whole_second,
        pace: float = 0.0,
        kept: int = KEPT,
    ) -> None:
        self.account = account
        self.deliver = deliver
        self.clock = clock
        self.pace = timedelta(seconds=pace)
        self.lock = threading.RLock()
        self.released = threading.Event()
        self.patience = 30.0
        self.log_refused, self.log_spared = 0, 0
        self.ledger = Ledger(kept)
        self.handsets = Handsets()
        self.opted_out: set[tuple[str, str]] = set()
        self.troubles: dict[str, int] = {}
        self.breaches: deque[str] = deque(maxlen=1000)
        self.notices: deque[Notice] = deque(maxlen=1000)
        self._plays: deque[Take] = deque()
        self._always = ""
        self._due: deque[Due] = deque(maxlen=kept)

    def play(self, name: str, times: int = 1) -> None:
        """Let the next requests that break no rule go as the play says. Names and language: `plays`."""
        takes = plays.read(name) * times
        orphans = [take for take in takes if take.answer == "orphan"]
        with self.lock:
            self._plays.extend(take for take in takes if take.answer != "orphan")
        for take in orphans:
            self._expect(make_sid(), take.after, self.account.status)

    def always(self, name: str) -> None:
        """Let every request go as this one-message play says, until `always("")`."""
        if name and len(plays.read(name)) != 1:
            raise ValueError("only a play of one request can go on for ever")
        with self.lock:
            self._always = name

    def mark(self, number: str, code: int) -> None:
        """Give a number a lasting trouble: 21635 refuses a landline at once, 30006 fails it afterwards, 0 mends it."""
        with self.lock:
            self.troubles[number] = code

    def block(self, number: str) -> None:
        """Opt a phone out of our texts, as STOP does."""
        with self.lock:
            self.opted_out.add((bare(number), self.pool))

    def unblock(self, number: str) -> None:
        """Opt a phone in again, as START does."""
        with self.lock:
            self.opted_out.discard((bare(number), self.pool))

    def blocked(self, number: str) -> bool:
        """Whether texts to this phone are refused with 21610."""
        return (bare(number), self.pool) in self.opted_out

    @property
    def pool(self) -> str:
        """What an opt-out covers: the whole messaging service, or our one number."""
        return self.account.service or self.account.numbers[0]

    def create(self, wish: Wish) -> tuple[dict[str, object], Take]:
        """Take a text to send; give the message as it is first shown, and what happens to the answer.

        Raises Refusal; raises ConnectionError when the request is to be lost on the way.
        """
        with self.lock:
            code = refusal(wish, self.account, self.troubles, self.blocked(wish.to))
            if code:
                raise Refusal(code)
            take = self.admit(wish)
            message = self._accept(wish, take, "outbound-api")
            shown = message.resource(self.account.sid)
        for event in take.before:
            self._happen(Due(self.clock(), message.sid, event, message.callback))
        return shown, take

    def admit(self, wish: Wish) -> Take:
        """What happens to a request that breaks no rule.

        Raises Refusal; raises ConnectionError when the request is to be lost on the way.
        """
        with self.lock:
            take = self._next_take(wish)
        if take.answer == "refuse":
            raise Refusal(take.code, take.status)
        if take.answer in {"hang", "reset"}:
            raise ConnectionError(take.answer)
        return take

    def fetch(self, sid: str) -> Message:
        """Give one message. Raises Refusal."""
        with self.lock:
            return self.ledger.find(sid)

    def list(self, wanted: Wanted, below: int = 0, skip: int = 0, size: int = 50) -> tuple[list[Message], bool]:
        """Give a page, newest first, and whether there is more. `below` goes on where a page ended, whatever was
        deleted since."""
        with self.lock:
            self._check_log()
            found = list(self.ledger.newest(wanted.admits, below))
        return found[skip : skip + size], len(found) > skip + size

    def delete(self, sid: str) -> None:
        """Forget a message. Raises Refusal while it is still on its way."""
        with self.lock:
            self._check_log()
            if self.ledger.find(sid).underway(self.clock()):
                raise Refusal(20009)
            self.ledger.remove(sid)

    def delete_media(self, sid: str, media: str) -> None:
        """Forget a picture or recording. Raises Refusal when there is none."""
        with self.lock:
            self._check_log()
            attached = self.ledger.find(sid).attached
            if media not in attached:
                raise Refusal(20404)
            attached.remove(media)

    def update(self, sid: str, form: Mapping[str, str]) -> Message:
        """Empty the body, or cancel what was not sent yet; nothing else can be changed."""
        with self.lock:
            message = self.ledger.find(sid)
            if form.get("Body"):
                raise Refusal(20001)
            if "Status" in form and message.status not in {"scheduled", "accepted", "queued"}:
                raise Refusal(20009)
            if "Status" in form:
                message.rise("canceled", 0, self.clock())
                self._due = deque((due for due in self._due if due.sid != sid), maxlen=self._due.maxlen)
            if "Body" in form:
                message.body, message.updated = "", self.clock()
            return message

    def settle(self) -> int:
        """Let every status that is due happen, with its callback. Gives how many there were."""
        happened = 0
        while due := self._pop_due():
            self._happen(due)
            happened += 1
        return happened

    def notice(self, code: int, number: str = "") -> None:
        """Write a line into the debugger."""
        with self.lock:
            self.notices.append(Notice(code, number))

    def reply(self, to: str, body: str, callback: str = "") -> None:
        """Send what a webhook's TwiML said, unless this person has unsubscribed."""
        wish = Wish(to, self.account.numbers[0], body, callback=urljoin(self.account.inbound, callback or ""))
        with self.lock:
            if self.blocked(to):
                self.notice(21610, to)
                return
            self._accept(wish if callback else wish.without_callback(), self._usual_take(wish), "outbound-reply")

    def _check_log(self) -> None:
        """Refuse to list and to delete, with the status in `log_refused`; the first `log_spared` times are taken."""
        if self.log_refused and not self.log_spared:
            raise Refusal(status=self.log_refused)
        self.log_spared = max(self.log_spared - 1, 0)

    def _next_take(self, wish: Wish) -> Take:
        if self._plays:
            return self._plays.popleft()
        return plays.read(self._always)[0] if self._always else self._usual_take(wish)

    def _usual_take(self, wish: Wish) -> Take:
        trouble = self.troubles.get(bare(wish.to), 0)
        usual = "scheduled" if wish.send_at else "messaging-service" if wish.service else "normal-number"
        return plays.read(str(trouble) if trouble in UNSENT else usual)[0]

    def _accept(self, wish: Wish, take: Take, direction: str) -> Message:
        now = self.clock()
        message = Message(make_sid(), direction, wish.sender, wish.to, wish.body, now, take.initial, media=wish.media)
        message.service, message.callback = wish.service, wish.callback
        self.ledger.add(message)
        if wish.discard:
            message.body = ""
        if take.lands and not wish.send_at:
            message.landed = True
            self.handsets.land(bare(wish.to), wish.body, now, wish.media)
        self._expect(message.sid, take.after, message.callback, wish.send_at)
        return message

    def _expect(self, sid: str, events: Iterable[Event], url: str, start: datetime | None = None) -> None:
        first = max(self.clock(), start or self.clock())
        with self.lock:
            self._due.extend(Due(first + self.pace * step, sid, event, url) for step, event in enumerate(events, 1))

    def _pop_due(self) -> Due | None:
        now = self.clock()
        with self.lock:
            due = next((each for each in self._due if each.at <= now), None)
            if due:
                self._due.remove(due)
            return due

    def _happen(self, due: Due) -> None:
        with self.lock:
            message = self.ledger.find(due.sid) if self.ledger.knows(due.sid) else None
            if message:
                message.sender = message.sender or self.account.numbers[0]
                message.rise(due.event.status, due.event.code, self.clock())
                self._land(message)
            form = self._callback_form(due, message)
        if due.url and not due.event.silent:
            self._call_back(due.url, form, message.to if message else "")

    def _land(self, message: Message) -> None:
        """A text sent later reaches the phone when it is delivered; the others already have."""
        if message.status == "delivered" and not message.landed:
            message.landed = True
            self.handsets.land(bare(message.to), message.body, self.clock(), message.media)

    def _call_back(self, url: str, form: Pairs, number: str) -> None:
        try:
            call(self.deliver, self.account.token, url, form)
        except WebhookFailed as failed:
            self.notice(failed.code, number)

    def _callback_form(self, due: Due, message: Message | None) -> Pairs:
        fields = {
            "MessageSid": due.sid,
            "MessageStatus": due.event.status,
            "SmsSid": due.sid,
            "SmsStatus": due.event.status,
            "AccountSid": self.account.sid,
            "ApiVersion": API_VERSION,
            "From": message.sender if message else self.account.numbers[0],
            "To": message.to if message else "+447700900000",
        }
        if message and message.service:
            fields["MessagingServiceSid"] = message.service
        if due.event.code:
            fields["ErrorCode"] = str(due.event.code)
        if due.event.status in {"delivered", "undelivered"}:
            fields["RawDlrDoneDate"] = self.clock().strftime("%y%m%d%H%M")
        return tuple(fields.items())
