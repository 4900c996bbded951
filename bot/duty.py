"""Alerts that are due, to whom the policy says: each attempt made once, and a failed one followed by the next way."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy.orm import Session

from bot import notices
from bot.desk import Desk
from bot.logs import Vouched
from bot.parts import Clock, Parts
from bot.sender import NotSent, Outgoing, Sender
from conversations import alerts, attempts, duty_rota, escalation, outbox, relays
from conversations.duty_models import RelayRow
from conversations.escalation import Person, Setback, Telling
from conversations.models import AlertRow, AttemptRow
from conversations.policy import Policy
from conversations.shifts import Rota

log = logging.getLogger(__name__)

TRIES = 3
"""How often an alert that cannot be worked on is tried before somebody must look why."""
PATIENCE_SECONDS = 0.5
NEWS = "news"
NEWS_FOR, RELAY_NEWS_FOR = timedelta(minutes=10), timedelta(minutes=70)
"""For how long we ask; a text to a young person is of use for an hour, and only then does its carrier give it up."""
# Codes with which Twilio reports a text lost that another try may bring through: a full queue, a phone that is off, an
# unknown error. twilio.com/docs/api/errors
LATER_MAY_HELP = ("30001", "30003", "30008")


@dataclass(frozen=True, slots=True)
class Held:
    """An attempt that this process has leased, until when."""

    id: str
    lease: str | None
    until: datetime
    alert_id: str
    person: Person
    way: str
    tries: int
    step: int


@dataclass(frozen=True, slots=True)
class Asked:
    """A message of which we ask the provider for news."""

    provider_id: str


class Late(Exception):
    """The lease ran out before the call could be made: somebody else makes it."""


def policy_of(parts: Parts) -> Policy:
    """The policy, for this service's cover hours and ways out."""
    return parts.policy.fitted(parts.settings.cover_hours, parts.ways)


def act_on_due(session: Session, parts: Parts) -> int:
    """Do what each alert needs whose next action is due; one that breaks does not stop the others. Gives how many."""
    now, policy = parts.clock(), policy_of(parts)
    due = alerts.due(session, policy, now)
    rota = duty_rota.load(session, now) if due else Rota()
    for alert in due:
        _act(session, alert, policy, rota, now)
    session.commit()
    return len(due)


def _act(session: Session, alert: AlertRow, policy: Policy, rota: Rota, now: datetime) -> None:
    alert_id = alert.id
    try:
        with session.begin_nested():
            action = alerts.act(session, alert, policy, rota, now)
    except Exception as broken:  # whatever it is, the other alerts must go on
        if alerts.put_off(session, alert_id, now, type(broken).__name__) == TRIES:
            _needs_operator(session, alert, now, f"it cannot be worked on: {type(broken).__name__}")
            attempts.add(session, alert_id, Telling(None, escalation.WAYS), alert.step, now)
        return
    if action.alarm:
        _needs_operator(session, alert, now, action.why)


def _needs_operator(session: Session, alert: AlertRow, now: datetime, what: str) -> None:
    _record(session, alert.id, now, "needs the operator", what)
    log.error("alert %s needs the operator: %s", Vouched(alert.reference), what)


def send_due(session: Session, parts: Parts) -> int:
    """Make every attempt that is due, side by side, and keep what came of it; gives how many."""
    with Desk() as desk:
        begun = hand_out(session, parts, desk)
        desk.settle()
        take_back(session, parts, desk)
    return begun


def hand_out(session: Session, parts: Parts, desk: Desk) -> int:
    """Begin every attempt that is due, as far as there is room; one commit takes the lease. Gives how many."""
    now = parts.clock()
    claimed = [_held(row) for row in attempts.claim(session, {way: desk.room(way) for way in parts.ways}, now)]
    rota = duty_rota.load(session, now) if any(held.person for held in claimed) else Rota()
    session.commit()
    return sum(_begun(session, parts, desk, rota, held) for held in claimed)


def _begun(session: Session, parts: Parts, desk: Desk, rota: Rota, held: Held) -> bool:
    try:
        return _begin(session, parts, desk, rota, held)
    except Exception as failed:  # the others that we hold must not wait until their leases are over
        session.rollback()
        log.error("an attempt could not be begun: way=%s %s", held.way, type(failed).__name__)
        return False


def _held(row: AttemptRow) -> Held:
    until = row.lease_until or row.due_at
    return Held(row.id, row.lease, until, row.alert_id, row.person_id, row.way, row.tries, row.step)


def _begin(session: Session, parts: Parts, desk: Desk, rota: Rota, held: Held) -> bool:
    """Begin one attempt, unless it is needed no more, leads nowhere, or is somebody else's by now."""
    alert = session.get_one(AlertRow, held.alert_id, populate_existing=True)
    still_ours = outbox.still_held(session, AttemptRow, held.id, held.lease, parts.clock())
    to = notices.address(parts, rota, held.person, held.way)
    may_go = escalation.may_go(policy_of(parts), alert.drill, parts.clock())
    goes = still_ours and may_go and _is_needed(alert, held.step) and to is not None
    if still_ours and not goes:
        _drop(session, parts, alerts.locked(session, held.alert_id), held, gone=to is None)
    about = notices.About(alert.reference, alert.level, alert.drill, held.step, held.id)
    session.commit()
    if goes:
        outgoing = notices.notice(parts, held.way, to or "", about)
        desk.call(held.way, held, Call(parts.ways[held.way], outgoing, held.until, parts.clock))
    return goes


@dataclass(frozen=True, slots=True)
class Call:
    """One call to a provider, made only while the lease lasts: we may have been stopped since that was asked."""

    sender: Sender
    outgoing: Outgoing
    until: datetime
    clock: Clock

    def __call__(self) -> str:
        """Send; gives the provider's id. Raises NotSent, or Late."""
        if self.clock() >= self.until:
            raise Late
        return self.sender.send(self.outgoing)


def _is_needed(alert: AlertRow, step: int) -> bool:
    """Whether somebody must still be told: while it is open, and its owner of what is missing or new in it."""
    return alert.state == ("acknowledged" if step in escalation.TO_OWNER else "open")


def _drop(session: Session, parts: Parts, alert: AlertRow, held: Held, gone: bool) -> None:
    """Make an attempt no more; one that leads nowhere any longer is followed like one that failed."""
    outbox.cancel(session, AttemptRow, held.id, "leads nowhere any more" if gone else "no longer open")
    if gone and _is_needed(alert, held.step):
        _record(session, alert.id, parts.clock(), "leads nowhere any more", held.way)
        _go_on(session, parts, alert, held.id, over=True)


def take_back(session: Session, parts: Parts, desk: Desk, patience: float = PATIENCE_SECONDS) -> int:
    """Keep what came of the calls that are over, each in a commit of its own; gives how many.

    What cannot be kept now is tried again as long as its lease lasts: forgotten, it would be sent twice.
    """
    over = 0
    for call, subject, outcome in desk.over(patience):
        try:
            _keep_what_came(session, parts, subject, outcome)
            session.commit()
        except Exception as failed:  # a store that does not answer, and whatever else: the other results must be kept
            session.rollback()
            log.error("a result could not be kept: %s", type(failed).__name__)
            if isinstance(subject, Held) and parts.clock() < subject.until:
                continue
        desk.take_off(call)
        over += 1
    return over


def _keep_what_came(session: Session, parts: Parts, subject: Held | Asked, outcome: Any) -> None:
    if isinstance(subject, Asked):
        _keep_news(session, subject, outcome, parts.clock())
    elif not isinstance(outcome, Late):
        _keep(session, parts, subject, outcome)


def _keep(session: Session, parts: Parts, held: Held, outcome: str | Exception) -> None:
    now, alert = parts.clock(), alerts.locked(session, held.alert_id)
    if isinstance(outcome, Exception):
        if not isinstance(outcome, NotSent):
            log.error("sending broke: way=%s %s", held.way, type(outcome).__name__)  # its words may hold the number
            outcome = NotSent(type(outcome).__name__, again=True)
        again_at = escalation.retry_at(held.tries, now) if outcome.again else None
        outbox.mark_failed(session, AttemptRow, held.id, outcome.code, again_at)
        _record(session, alert.id, now, "could not be sent", f"{held.way}: {outcome.code}")
        _go_on(session, parts, alert, held.id, over=again_at is None)
        return
    twice = held.tries > 1 or not outbox.still_held(session, AttemptRow, held.id, held.lease, now)
    outbox.mark_sent(session, AttemptRow, held.id, outcome, now)
    if twice:
        attempts.mark_maybe_twice(session, held.id)
    _record(session, alert.id, now, "sent", f"{held.way}: try {held.tries}, perhaps twice" if twice else held.way)


def _go_on(session: Session, parts: Parts, alert: AlertRow, attempt_id: str, over: bool) -> None:
    """After a way has failed: the next way to the same person at once, or else the next step at once."""
    now, attempt = parts.clock(), session.get_one(AttemptRow, attempt_id, populate_existing=True)
    if not _is_needed(alert, attempt.step):
        return
    beside = attempts.beside(session, attempt)
    works = any(attempts.works(each) for each in beside)
    tried = frozenset(each.way for each in beside)
    setback = Setback(attempt.person_id, attempt.way, attempt.step, tried, works, over)
    rota, stands = duty_rota.load(session, now), alerts.standing(session, alert)
    instead, hurry = escalation.after_setback(policy_of(parts), stands, rota, setback, now)
    if instead:
        attempts.add(session, alert.id, instead, attempt.step, now)
    elif hurry:
        alert.next_action_at = now
    elif over and not works:
        _needs_operator(session, alert, now, f"nobody is reached by {attempt.way}")
        if attempt.step == escalation.NEW_WORDS:
            alerts.open_again(session, alert, "its owner is not reached", now)
        _try_all_again(session, alert, now)


def _try_all_again(session: Session, alert: AlertRow, now: datetime) -> None:
    """Let an alert of which nobody knows not wait for its next step: that may be three quarters of an hour away."""
    soon = escalation.unreached_at(alert.clock_from, now)
    is_later = alert.state == "open" and alert.next_action_at and alert.next_action_at > soon
    if is_later and not attempts.any_works(session, alert.id, alert.clock_from):
        alert.next_action_at = soon


def settle_lost(session: Session, parts: Parts) -> int:
    """Act on what providers took and could not deliver; gives how many."""
    lost = attempts.not_delivered(session, parts.clock())
    for alert_id, attempt_id in lost:
        _settle(session, parts, alerts.locked(session, alert_id), attempt_id)
        session.commit()
    return len(lost)


def _settle(session: Session, parts: Parts, alert: AlertRow, attempt_id: str) -> None:
    now, attempt = parts.clock(), session.get_one(AttemptRow, attempt_id, populate_existing=True)
    if attempt.state != "sent" or attempts.works(attempt):
        return  # another worker was quicker, or better news came
    code = attempt.error or attempt.provider_status or ""
    helps = code in LATER_MAY_HELP and _is_needed(alert, attempt.step)
    again_at = escalation.retry_at(attempt.tries, now) if helps else None
    attempts.mark_lost(session, attempt_id, again_at)
    _record(session, alert.id, now, "not delivered", f"{attempt.way}: {code}")
    _go_on(session, parts, alert, attempt_id, over=True)


def ask_for_news(session: Session, parts: Parts, desk: Desk) -> int:
    """Ask the providers about what was sent, to duty or by duty, and has not been heard of; gives how many."""
    now, room = parts.clock(), desk.room(NEWS)
    told = outbox.without_news(session, AttemptRow, now, NEWS_FOR, room)
    silent = [(attempt.way, attempt.provider_id) for attempt in told]
    written = outbox.without_news(session, RelayRow, now, RELAY_NEWS_FOR, room - len(silent))
    silent += [("sms", relay.provider_id) for relay in written]
    asked = 0
    for way, provider_id in silent:
        status = getattr(parts.ways.get(way), "status", None)
        if status and provider_id:
            desk.call(NEWS, Asked(provider_id), partial(status, provider_id))
            asked += 1
    session.commit()
    return asked


def _keep_news(session: Session, asked: Asked, outcome: tuple[str, str] | Exception, now: datetime) -> None:
    if isinstance(outcome, Exception):
        log.warning("no news of a message: %s", type(outcome).__name__)
        return
    status, error = outcome
    if outbox.note_status(session, asked.provider_id, status, error, now):
        relays.note_report(session, asked.provider_id, status, error, now)


def _record(session: Session, alert_id: str, now: datetime, what: str, detail: str) -> None:
    alerts.record(session, alert_id, now, what, "Heard", detail)
