"""What of a text goes to staff: an alert raised or continued, a line on a list, or what a worker asks for."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from bot import acknowledging
from bot.message import Heard, Inbound, Reply
from bot.parts import Parts
from conversations import alerts, escalation, outbox, receipts, relays, rota, store, worries
from conversations.values import Step


def claimed(
    session: Session, message: Inbound, heard: Heard, claim: acknowledging.Claim, parts: Parts
) -> Reply:
    """A worker's text about an alert: screened like any other, acted on once, and answered."""
    now = parts.clock()
    if not receipts.first_seen(session, message.message, message.fingerprint, now):
        return Reply()  # said again months later, it must not take an alert that has opened again since
    only_screened(session, message, heard, parts, now)
    say = (acknowledging.take(session, claim, parts, "text"),)
    if parts.settings.twilio_reply == "twiml":
        return Reply(say)
    outbox.reply(session, outbox.Saying(message.our_number, say), heard.seals, None, now)
    return Reply()


def tell(session: Session, message: Inbound, turn: store.Turn, step: Step, heard: Heard, now: datetime) -> str | None:
    """Raise or continue the alert of this conversation; gives its id, None when this text belongs to no alert."""
    cut_off, found, seals = step.cannot_be_texted, heard.assessment, heard.seals
    belongs = turn.alert_id and (step.alert or step.follows_alert)
    if belongs and turn.alert_id and alerts.add_to_alert(session, turn.alert_id, found, seals, now, cut_off):
        _mark_late(session, message, turn.alert_id, now)
        return turn.alert_id
    if step.alert:  # the first, or one after an alert that was closed meanwhile
        return _raise(session, message, heard, now, cut_off)
    return None


def _raise(session: Session, message: Inbound, heard: Heard, now: datetime, cannot_be_texted: bool) -> str:
    alert_id = alerts.raise_alert(session, heard.assessment, message.channel, heard.seals, now, cannot_be_texted)
    _mark_late(session, message, alert_id, now)
    return alert_id


def _mark_late(session: Session, message: Inbound, alert_id: str, now: datetime) -> None:
    if message.found:
        alerts.found_later(session, alert_id, message.received_at, now)


def only_screened(session: Session, message: Inbound, heard: Heard, parts: Parts, now: datetime) -> None:
    """A sender who cannot be answered, or is staff: the text is screened and a person told, and nothing is asked."""
    if heard.assessment.alerts:
        cut_off = not message.answerable
        alert_id = _raise(session, message, heard, now, cut_off)
        if cut_off and message.contact:
            relays.cut_off(session, alert_id, "landline", now)
    else:
        put_on_list(session, message, heard, parts, now, not message.answerable)


def put_on_list(
    session: Session, message: Inbound, heard: Heard, parts: Parts, now: datetime, cannot_be_texted: bool
) -> None:
    """Nobody is woken for a wellbeing worry, or a text that no reviewed lexicon covers; somebody reads it in time."""
    kind = escalation.list_of(heard.assessment)
    if kind:
        due_at = rota.read_by_end(kind, parts.settings.cover_hours, now)
        listing = worries.Listing(kind, message.channel, due_at, cannot_be_texted)
        worries.keep(session, heard.assessment, heard.seals, listing)
