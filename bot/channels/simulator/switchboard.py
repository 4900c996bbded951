"""What the practice carrier does with calls that we make: they ring, and are answered, or not."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType
from urllib.parse import urljoin

from bot.channels.simulator.calls import USUAL_RINGS, PhoneCall
from bot.channels.simulator.delivery import WebhookFailed, call
from bot.channels.simulator.exchange import Exchange
from bot.channels.simulator.messages import make_sid
from bot.channels.simulator.plays import Take
from bot.channels.simulator.refusals import Refusal
from bot.channels.simulator.voice_twiml import Course, read, steer
from bot.channels.simulator.wishes import Wish, refusal

KEPT = 500
# The rules for numbers are the same as for texts; only their codes are others.
FOR_CALLS: Mapping[int, int] = MappingProxyType({21408: 21215, 21606: 21210, 21608: 21219})


class Switchboard:
    """The calls of one exchange, under its lock, its faults and its clock."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._calls: OrderedDict[str, PhoneCall] = OrderedDict()
        self.habits: dict[str, str] = {}
        """What a phone does by itself: busy, failed, no-answer, or voicemail, which answers and presses nothing."""

    def place(self, form: Mapping[str, str]) -> tuple[dict[str, object], Take]:
        """Take a call to make; give it as it is first shown, and what happens to the answer.

        Raises Refusal; raises ConnectionError when the request is to be lost on the way.
        """
        exchange = self._exchange
        wish = Wish(form["To"], form["From"], "a call")
        code = refusal(wish, exchange.account, {}, blocked=False)
        if code:
            raise Refusal(FOR_CALLS.get(code, code))
        take = exchange.admit(wish)
        made = PhoneCall(make_sid("CA"), form["From"], form["To"], exchange.clock())
        made.url, made.twiml, made.callback = (form.get(name, "") for name in ("Url", "Twiml", "StatusCallback"))
        made.rings = timedelta(seconds=int(form["Timeout"])) if "Timeout" in form else USUAL_RINGS
        with exchange.lock:
            self._calls[made.sid] = made
            while len(self._calls) > KEPT:
                self._calls.popitem(last=False)
            return made.resource(exchange.account.sid), take

    def find(self, sid: str) -> PhoneCall:
        """Give a call, or refuse with 20404."""
        with self._exchange.lock:
            if sid not in self._calls:
                raise Refusal(20404)
            return self._calls[sid]

    def at(self, number: str) -> PhoneCall | None:
        """The call that rings at a phone or is going on there; the newest where there are several."""
        with self._exchange.lock:
            running = [each for each in self._calls.values() if each.to == number and not each.over]
        return running[-1] if running else None

    def latest(self, number: str) -> PhoneCall | None:
        """The newest call to a phone, over or not."""
        with self._exchange.lock:
            return next((each for each in reversed(self._calls.values()) if each.to == number), None)

    def settle(self) -> None:
        """Let what is due happen: phones ring, do what they do by themselves, and fall silent."""
        with self._exchange.lock:
            waiting = [each for each in self._calls.values() if each.status in {"queued", "ringing"}]
        for each in waiting:
            self._let_ring(each)

    def answer(self, sid: str) -> PhoneCall:
        """Pick up: hear what there is to hear, up to where keys are asked for."""
        made = self.find(sid)
        if made.over or made.status == "in-progress":
            return made
        made.status, made.started = "in-progress", self._exchange.clock()
        course = steer(made.twiml.encode()) if made.twiml else self._ask(made, made.url, {})
        return self._follow(made, course)

    def press(self, sid: str, digits: str) -> PhoneCall:
        """Press keys, where some are asked for."""
        made = self.find(sid)
        if made.asked is None:
            return made
        action = urljoin(made.url, made.asked.action)
        return self._follow(made, self._ask(made, action, {"Digits": digits}))

    def wait(self, sid: str) -> PhoneCall:
        """Press nothing, until the call goes on by itself."""
        made = self.find(sid)
        return made if made.asked is None else self._follow(made, Course(made.ahead))

    def hang_up(self, sid: str) -> PhoneCall:
        """Put the phone down, or turn a ringing one away."""
        made = self.find(sid)
        self._end(made, "busy" if made.started is None else "completed")
        return made

    def _let_ring(self, made: PhoneCall) -> None:
        habit = self.habits.get(made.to, "")
        late = self._exchange.clock() - made.created >= made.rings
        made.status = "ringing"
        if habit == "voicemail":
            self.answer(made.sid)
            while made.asked:
                self.wait(made.sid)
        elif habit or late:
            self._end(made, habit or "no-answer")

    def _follow(self, made: PhoneCall, course: Course) -> PhoneCall:
        if course.code:
            self._exchange.notice(course.code, made.to)
        made.asked, made.ahead = None, ()
        for place, step in enumerate(course.steps):
            made.heard.extend(step.said)
            if step.action:
                made.asked, made.ahead = step, course.steps[place + 1 :]
                return made
        self._end(made, "completed")
        return made

    def _ask(self, made: PhoneCall, url: str, more: Mapping[str, str]) -> Course:
        account = self._exchange.account
        form = tuple((made.form(account.sid) | dict(more)).items())
        try:
            return read(call(self._exchange.deliver, account.token, url, form))
        except WebhookFailed as failed:
            return Course(code=failed.code)

    def _end(self, made: PhoneCall, status: str) -> None:
        if made.over:
            return
        made.status, made.asked, made.ahead = status, None, ()
        made.ended = self._exchange.clock() if made.started else None
        if not made.callback:
            return
        account = self._exchange.account
        more = {"CallDuration": "0", "SequenceNumber": "0", "CallbackSource": "call-progress-events"}
        form = made.form(account.sid) | more
        try:
            call(self._exchange.deliver, account.token, made.callback, tuple(form.items()))
        except WebhookFailed as failed:
            self._exchange.notice(failed.code, made.to)
