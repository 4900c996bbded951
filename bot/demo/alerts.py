"""The alerts of the demonstration: told, acknowledged and closed through the functions that real ones go through."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from sqlalchemy.orm import Session

from conversations import alerts, attempts, outbox, policy
from conversations.alerts import Taker
from conversations.models import AlertRow, AttemptRow
from conversations.sealing import Sealable, SealingKey, Seals
from conversations.shifts import Rota
from conversations.values import Assessment

SEALED_FOR = timedelta(days=7)
SENT_AFTER, DELIVERED_AFTER = timedelta(seconds=2), timedelta(seconds=5)
BETWEEN_TEXTS = timedelta(seconds=95)
RETAKEN_AFTER = timedelta(minutes=3)
POLICY = policy.load()
"""The made-up year is told to the duty contact alone: its rota is over."""
DUTY = ("duty@example.org", "lead@example.org")

# Minutes from and to, and how often: mostly soon, sometimes slow enough to be told again or to open again.
UNTIL_TAKEN = {(1, 4): 66, (6, 13): 24, (17, 38): 10}
UNTIL_CLOSED = {(9, 52): 68, (66, 118): 24, (140, 190): 8}

OUTCOMES = {
    "concern": {
        "spoken": 32, "social_work": 24, "known": 15, "partner": 12, "no_harm": 10, "false_alarm": 6, "police": 1,
    },
    "immediate": {"police": 42, "social_work": 30, "spoken": 20, "no_harm": 8},
}


@dataclass(frozen=True, slots=True)
class Worry:
    """The texts of one conversation that a duty worker must see, the first of which raises the alert."""

    texts: Sequence[tuple[str, Assessment]]
    channel: str
    contact: str
    cannot_be_texted: bool = False


def raise_worry(session: Session, worry: Worry, key: SealingKey, at: datetime) -> str:
    """Raise the alert and tell the duty worker; gives its id."""
    contact = Sealable(worry.contact) if worry.contact else None
    alert_id = ""
    for place, (text, assessment) in enumerate(worry.texts):
        moment = at + place * BETWEEN_TEXTS
        seals = Seals(key, Sealable(text), contact, at + SEALED_FOR)
        if alert_id:
            alerts.add_to_alert(session, alert_id, assessment, seals, moment, worry.cannot_be_texted)
        else:
            alert_id = alerts.raise_alert(session, assessment, worry.channel, seals, moment, worry.cannot_be_texted)
        tell_again(session, alert_id, moment)
    return alert_id


def settle(session: Session, alert_id: str, at: datetime, random: Random) -> None:
    """Let a duty worker take the alert and close it, as soon or as late as people do."""
    told_at = at + BETWEEN_TEXTS * 3
    who = random.choice(DUTY)
    taken_at = told_at + _minutes(random, UNTIL_TAKEN)
    closed_at = taken_at + _minutes(random, UNTIL_CLOSED)
    take(session, alert_id, who, taken_at)
    while reopened_at := tell_again(session, alert_id, closed_at):
        if session.get_one(AlertRow, alert_id).state == "acknowledged":
            continue  # that was a reminder
        alerts.acknowledge(session, alert_id, Taker(who), POLICY.remind_after, reopened_at + RETAKEN_AFTER)
        closed_at = max(closed_at, reopened_at + 2 * RETAKEN_AFTER)
    alert = session.get_one(AlertRow, alert_id)
    alerts.record_outcome(session, alert_id, who, _one_of(random, OUTCOMES[alert.level]), closed_at)


def take(session: Session, alert_id: str, who: str, at: datetime) -> None:
    """Acknowledge an alert, which has been told again as often as was due until then."""
    while tell_again(session, alert_id, at):
        pass
    alerts.acknowledge(session, alert_id, Taker(who), POLICY.remind_after, at)


def tell_again(session: Session, alert_id: str, until: datetime) -> datetime | None:
    """Do the alert's next action if it was due by this moment; gives when that was."""
    alert = session.get_one(AlertRow, alert_id, populate_existing=True)
    if alert.next_action_at is None or alert.next_action_at > until:
        return None
    due_at = alert.next_action_at
    alerts.act(session, alert, POLICY, Rota(), due_at)
    session.flush()
    send(session, alert_id, due_at)
    return due_at


def send(session: Session, alert_id: str, at: datetime) -> None:
    """Note every attempt that is due as sent and the texts as delivered, so that no worker sends them in earnest."""
    for attempt in attempts.of_alert(session, alert_id):
        if attempt.state != "due":
            continue
        provider_id = f"SM{secrets.token_hex(16)}" if attempt.way == "sms" else ""
        outbox.mark_sent(session, AttemptRow, attempt.id, provider_id, at + SENT_AFTER)
        alerts.record(session, alert_id, at + SENT_AFTER, "sent", "Heard", attempt.way)
        if provider_id:
            outbox.note_status(session, provider_id, "delivered", "", at + DELIVERED_AFTER)


def _minutes(random: Random, spans: Mapping[tuple[int, int], int]) -> timedelta:
    span = random.choices(list(spans), list(spans.values()))[0]
    return timedelta(minutes=random.randint(*span), seconds=random.randint(0, 59))


def _one_of(random: Random, weights: Mapping[str, int]) -> str:
    return random.choices(list(weights), list(weights.values()))[0]
