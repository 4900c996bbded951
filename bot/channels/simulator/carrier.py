"""The practice carrier: sends like Twilio, and texts us like a phone does through Twilio."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import urljoin

from bot.channels.simulator import keywords, twiml
from bot.channels.simulator.delivery import Answer, WebhookFailed, call
from bot.channels.simulator.exchange import Exchange, Pairs
from bot.channels.simulator.handsets import Text
from bot.channels.simulator.messages import API_VERSION, Message, make_sid
from bot.channels.simulator.switchboard import Switchboard
from bot.channels.simulator.wishes import bare
from conversations.segments import count

PLACES = tuple(f"{end}{part}" for end in ("To", "From") for part in ("Country", "State", "City", "Zip"))


@dataclass(frozen=True, slots=True)
class Texted:
    """What came of one text from a phone: its id, what the product answered, and what was wrong with the answer."""

    sid: str
    said: tuple[str, ...] = ()
    codes: tuple[int, ...] = ()
    answer: Answer | None = None


class Carrier(Exchange):
    """One account at a carrier, with the phones around it."""

    @cached_property
    def switchboard(self) -> Switchboard:
        """The calls."""
        return Switchboard(self)

    def settle(self) -> int:
        """Let everything that is due happen, calls too. Gives how many statuses of texts there were."""
        self.switchboard.settle()
        return super().settle()

    def text_from_phone(self, number: str, body: str, media: int = 0, **more: str) -> Texted:
        """Text us: the carrier acts on its keywords, posts the signed form, and sends what the answer says.

        `more` sets or adds form fields; a MessageSid that was used before is Twilio repeating itself.
        """
        meaning = keywords.meaning(body)
        form = self._inbound_form(number, body, media)
        if meaning and self.account.advanced_opt_out:
            form["OptOutType"] = meaning
        form |= more
        form |= dict.fromkeys(("SmsMessageSid", "SmsSid"), form["MessageSid"])
        with self.lock:
            if not self.ledger.knows(form["MessageSid"]):
                self._keep(form, media)
                self._obey(meaning, bare(number))
        return self.post_inbound(form)

    def post_inbound(self, form: Mapping[str, str]) -> Texted:
        """Sign and post any form to the product, then to the fallback, and send what the answer says."""
        sid, number = form.get("MessageSid", ""), bare(form.get("From", ""))
        answer, codes = self._ask(tuple(form.items()), number)
        reading = twiml.read(answer, self.account.realm) if answer else twiml.Reading()
        for code in reading.codes:
            self.notice(code, number)
        for said in reading.said:
            self.reply(form["From"], said.body, said.callback)
        return Texted(sid, tuple(said.body for said in reading.said), codes + reading.codes, answer)

    def repeat(self, sid: str) -> Texted:
        """Post an inbound message once more, as Twilio does when it is not sure that we heard."""
        with self.lock:
            message = self.ledger.find(sid)
        return self.text_from_phone(message.sender, message.body, message.media, MessageSid=sid, To=message.to)

    def thread(self, number: str) -> tuple[Text, ...]:
        """What this phone has sent and got, oldest first."""
        with self.lock:
            return self.handsets.thread(bare(number))

    def _ask(self, form: Pairs, number: str) -> tuple[Answer | None, tuple[int, ...]]:
        """Post to the product, and to the fallback when that fails; give the answer and what failed."""
        codes: list[int] = []
        urls = [self.account.inbound] + ([self.account.fallback] if self.account.fallback else [])
        for url in urls:
            why = (("ErrorCode", str(codes[-1])), ("ErrorUrl", urls[0])) if codes else ()
            try:
                return call(self.deliver, self.account.token, url, form + why), tuple(codes)
            except WebhookFailed as failed:
                self.notice(failed.code, number)
                codes.append(failed.code)
        return None, tuple(codes)

    def _inbound_form(self, number: str, body: str, media: int) -> dict[str, str]:
        sid = make_sid("MM" if media else "SM")
        ours = self.account.numbers[0]
        form = {place: "GB" if place.endswith("Country") else "" for place in PLACES}
        form |= {
            "NumMedia": str(media),
            "NumSegments": str(count(body).segments),
            "SmsStatus": "received",
            "AccountSid": self.account.sid,
            "From": number,
            "To": f"whatsapp:{bare(ours)}" if number.startswith("whatsapp:") else ours,
            "ApiVersion": API_VERSION,
            "MessageSid": sid,
            "SmsMessageSid": sid,
            "SmsSid": sid,
            "Body": body,
        }
        if self.account.service:
            form["MessagingServiceSid"] = self.account.service
        if number.startswith("whatsapp:"):
            form |= {"ProfileName": "Sam", "WaId": bare(number).lstrip("+")}
        root = f"https://api.twilio.com/{API_VERSION}/Accounts/{self.account.sid}/Messages/{sid}/Media/"
        for index in range(media):
            form |= {f"MediaUrl{index}": urljoin(root, make_sid("ME")), f"MediaContentType{index}": "image/jpeg"}
        return form

    def _keep(self, form: Mapping[str, str], media: int) -> None:
        now = self.clock()
        sid, sender, to, body = (form[name] for name in ("MessageSid", "From", "To", "Body"))
        message = Message(sid, "inbound", sender, to, body, now, "received", media=media, sent=now)
        message.service = form.get("MessagingServiceSid", "")
        self.ledger.add(message)
        self.handsets.send(bare(sender), body, now, media)

    def _obey(self, meaning: str, number: str) -> None:
        """Act on a keyword. STOP and START are only answered when they change something."""
        if meaning in {"STOP", "START"} and self.account.redacts_numbers:
            self.notice(23002, number)
            return
        blocked = self.blocked(number)
        if meaning == "STOP":
            self.block(number)
        if meaning == "START":
            self.unblock(number)
        if {"STOP": not blocked, "START": blocked, "HELP": True}.get(meaning, False):
            self._say(number, self.account.replies[meaning])

    def _say(self, number: str, words: str) -> None:
        """Send the carrier's own words, which no opt-out holds back and nobody is called back about."""
        now = self.clock()
        ours = self.account.numbers[0]
        self.ledger.add(Message(make_sid(), "outbound-reply", ours, number, words, now, "delivered", sent=now))
        self.handsets.land(number, words, now)
