"""What a duty worker writes to a young person goes out here: to a number or a page that the worker never sees."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from bot.contacts import Contacts
from bot.identity import can_be_texted, pseudonym
from bot.parts import Parts
from bot.sender import NotSent, Outgoing
from conversations import alerts, engine, escalation, joining, lines, outbox, relays, store, templates
from conversations.duty_models import RelayRow
from conversations.keys import MissingKey
from conversations.models import AlertRow
from conversations.sealing import CannotOpen, Sealable

LIFE = 3600  # seconds; "are you safe right now?" must not come hours later, when somebody else may hold the phone


@dataclass(frozen=True, slots=True)
class Held:
    """A message that this process has leased: to whose alert, and on which of those joined to it their number is."""

    id: str
    lease: str | None
    alert_id: str
    reached_id: str
    box: bytes
    awaits: str
    tries: int


def send_due(session: Session, parts: Parts, contacts: Contacts) -> int:
    """Send every message that is due; one commit takes the lease, another keeps the result. Gives how many."""
    now = parts.clock()
    relays.cancel_closed(session, now)
    held = [_held(session, row, parts) for row in outbox.claim(session, RelayRow, now)]
    session.commit()
    for message in held:
        _deliver(session, parts, contacts, message)
        session.commit()
    return len(held)


def _held(session: Session, row: RelayRow, parts: Parts) -> Held:
    """The message as leased; one whose holder died before it could say how it went may have been sent already."""
    if row.tries > 1 and row.error is None:
        alerts.record(session, row.alert_id, parts.clock(), "message may come twice", "Heard")
    row.error = None
    chosen = templates.load().templates.get(row.template or "")
    awaits = chosen.awaits if chosen else "rest"
    return Held(row.id, row.lease, row.alert_id, row.alert_id, row.sealed_words, awaits, row.tries)


def _deliver(session: Session, parts: Parts, contacts: Contacts, message: Held) -> None:
    now = parts.clock()
    alert = session.get_one(AlertRow, message.alert_id, populate_existing=True)
    if alert.state == "closed":
        outbox.cancel(session, RelayRow, message.id, "the alert is closed")
        return
    try:
        words = contacts.content(message.box, relays.PURPOSE, message.id, now)
    except CannotOpen:
        _lost(session, message, "its words can no longer be opened", parts)
        return
    reached = joining.reached(session, alert)
    message = replace(message, reached_id=reached.id)
    number = _number(session, contacts, reached, parts)
    shown = relays.show_on_page(session, alert.id, message.id, Sealable(words), now)
    if number:
        _text(session, parts, message, number, words)
    elif shown:
        outbox.mark_sent(session, RelayRow, message.id, "", now)
        alerts.record(session, alert.id, now, "message is on their page", "Heard")
    else:
        known = relays.cut_off_by(session, reached.id)
        _lost(session, message, known.detail if known else "nobody can be written to", parts)


def _number(session: Session, contacts: Contacts, alert: AlertRow, parts: Parts) -> str:
    """The number to text; empty where there is none that may be texted, and then the alert says why."""
    if alert.sealed_contact is None or alert.cannot_be_texted:
        return ""
    now = parts.clock()
    try:
        number = contacts.number(alert.sealed_contact, "alert", alert.id, now)
    except CannotOpen:
        relays.cut_off(session, alert.id, "gone", now)
        return ""
    barred = "stop" if contacts.opted_out(session, number) else "" if can_be_texted(number) else "landline"
    if barred:
        relays.cut_off(session, alert.id, barred, now)
    return "" if barred else number


def _text(session: Session, parts: Parts, message: Held, number: str, words: str) -> None:
    outgoing = Outgoing(number, _line(session, parts, message, number), words, life=LIFE)
    session.commit()
    still_ours = outbox.still_held(session, RelayRow, message.id, message.lease, parts.clock())
    session.commit()
    if not still_ours:
        return
    try:
        provider_id = parts.ways["sms"].send(outgoing)
    except NotSent as refused:
        later = escalation.retry_at(message.tries, parts.clock(), escalation.MESSAGE_WAITS)
        again_at = later if refused.again else None
        outbox.mark_failed(session, RelayRow, message.id, refused.code, again_at)
        if again_at is None:
            relays.not_sent(session, message.reached_id, refused.code, parts.clock())
        return
    outbox.mark_sent(session, RelayRow, message.id, provider_id, parts.clock())
    alerts.record(session, message.alert_id, parts.clock(), "message sent", "Heard")
    relays.note_early_reports(session, provider_id, parts.clock())


def _line(session: Session, parts: Parts, message: Held, number: str) -> str:
    """Hold their conversation open for the answer; gives the number of ours that they know."""
    now = parts.clock()
    ours = parts.settings.twilio_numbers[0]
    sender = f"whatsapp:{ours}" if number.startswith("whatsapp:") else ours
    try:
        current, previous = parts.keys.weekly(now)
    except MissingKey:  # then nobody can be known again, and what they must hear goes all the same
        return sender
    script = parts.scripts[parts.settings.default_script]
    arrival = store.Arrival(
        persons=(pseudonym(number, current), pseudonym(number, previous)),
        message="",
        begins=engine.begin(script, "en", "sms"),
        script=script,
        our_number=sender,
    )
    return lines.keep(session, arrival, message.reached_id, message.awaits, now)


def _lost(session: Session, message: Held, why: str, parts: Parts) -> None:
    outbox.mark_failed(session, RelayRow, message.id, why, None)
    relays.not_sent(session, message.reached_id, why, parts.clock())
