"""What a duty worker writes to a young person: the texts, whether they may go, and what became of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, false, func, select, update
from sqlalchemy.orm import Session

from conversations import alerts, joining, templates
from conversations.db import changed, insert_once
from conversations.duty_models import RelayRow
from conversations.models import AlertEventRow, AlertRow, AlertWordsRow, ConversationRow, DeliveryRow, OutboxRow
from conversations.sealing import READER, Sealable, SealingKey, public_half
from conversations.templates import LOST, Draft, Ruling, Standing
from conversations.values import Step

SEALED_FOR = timedelta(days=7)
PURPOSE = "relay"
CUT_OFF = "cannot be texted"
REACHABLE = "can be texted again"
WAITING = ("waiting", "due")
LIFTED_BY_START = ("stop", "21610")
OK = {"yes": True, "no": False, "left": True}
"""What a conversation remembers of "is it OK to text you here?"; a number that was left is left to be used."""


@dataclass(frozen=True, slots=True)
class Written:
    """A message that a duty worker has written: its row, who wrote it, the draft, and the key of the day."""

    id: str
    who: str
    draft: Draft
    key: SealingKey


@dataclass(frozen=True, slots=True)
class Box:
    """A message that lies on a web visitor's page, sealed to them."""

    id: str
    sealed: bytes
    seen: bool


def standing(session: Session, alert: AlertRow, now: datetime, names: tuple[str, ...] = ()) -> Standing:
    """Whether and when the young person of this alert may be written to."""
    reached = joining.reached(session, alert)
    latest = select(func.max(AlertWordsRow.received_at)).where(AlertWordsRow.alert_id == reached.id)
    return Standing(
        by_text=reached.sealed_contact is not None and not reached.cannot_be_texted,
        on_page=_reader(session, alert.id, now) is not None,
        ok=reached.ok_to_text,
        safe_times=reached.safe_times or alert.safe_times or "",
        texted_at=session.scalar(latest) if reached.channel == "sms" else None,
        names=names,
    )


def write(session: Session, alert_id: str, written: Written, now: datetime, names: tuple[str, ...] = ()) -> Ruling:
    """Keep a message, sealed, to go now or after their yes; what may not go as it is is not kept.

    The same row twice is the same message: somebody pressed the button twice.
    """
    alert = session.get(AlertRow, alert_id, with_for_update=True)  # a yes of theirs waits, or is seen
    if alert is None or alert.state == "closed":
        return Ruling("", why_not="This alert is closed.")
    draft = written.draft
    found = templates.ruling(standing(session, alert, now, names), draft, now)
    if found.state and _insert(session, alert_id, written, found, now):
        chosen = templates.load().templates.get(draft.template)
        label = chosen.label if chosen else "own words"
        why = f"; {_reason(found.reason)}" if found.reason else ""
        event = "message written" if found.state == "due" else "message waits for a yes"
        alerts.record(session, alert_id, now, event, written.who, label + why)
    return found


def _insert(session: Session, alert_id: str, written: Written, found: Ruling, now: datetime) -> bool:
    sealed = Sealable(written.draft.words).seal(written.key, PURPOSE, written.id, now + SEALED_FOR)
    values: dict[str, Any] = {
        "id": written.id,
        "alert_id": alert_id,
        "who": written.who,
        "written_at": now,
        "template": written.draft.template or None,
        "unasked_reason": found.reason,
        "sealed_words": sealed,
        "due_at": now,
        "state": found.state,
        "tries": 0,
    }
    return insert_once(session, RelayRow, values)


def _reason(code: str) -> str:
    return "the question itself" if code == templates.ASKING else templates.load().reasons[code].label


def of_alert(session: Session, alert_id: str) -> Sequence[RelayRow]:
    """Every message to the young person of an alert, oldest first."""
    return session.scalars(
        select(RelayRow).where(RelayRow.alert_id == alert_id).order_by(RelayRow.written_at, RelayRow.id)
    ).all()


def texts_of(session: Session, alert_id: str) -> Sequence[AlertWordsRow]:
    """Every message of theirs that was said to an alert, oldest first; their words stay sealed."""
    wanted = select(AlertWordsRow).where(AlertWordsRow.alert_id == alert_id)
    return session.scalars(wanted.order_by(AlertWordsRow.received_at)).all()


def language_of(session: Session, alert_id: str) -> str:
    """The language of the conversation that an alert belongs to; English when it is over."""
    of_another = ConversationRow.alert_id != alert_id
    wanted = select(ConversationRow.state).where(ConversationRow.alert_id.in_(joining.all_of(alert_id)))
    state = session.scalar(wanted.order_by(of_another).limit(1))
    return str(state["language"]) if state else "en"


# --- what they say of it --------------------------------------------------------------------------------------------


def hear(session: Session, alert_id: str, step: Step, now: datetime) -> None:
    """Keep what a text of theirs says of being texted: whether it is OK, when it is safe, that they have stopped it.

    It is kept with the alert that it was said to, and told in the history of the one in which that goes on.
    """
    if step.reach:
        _tell(session, alert_id, now, step.reach)
        agree(session, alert_id, step.reach == "ok to text", now)
    elif step.state.reach_ok in OK:  # said before this alert was raised, in the same conversation
        unknown = AlertRow.id == alert_id, AlertRow.ok_to_text.is_(None)
        session.execute(update(AlertRow).where(*unknown).values(ok_to_text=OK[step.state.reach_ok]))
    if step.safe:
        alerts.record(session, alert_id, now, "said that they are safe", "Heard")
    if step.times:
        session.execute(update(AlertRow).where(AlertRow.id == alert_id).values(safe_times=step.times))
        _tell(session, alert_id, now, "safe times", templates.labels_of(step.times))
    if step.cannot_be_texted:
        cut_off(session, alert_id, "stop", now)
    if step.opt == "start":
        _lift(session, alert_id, now)


def agree(session: Session, alert_id: str, ok: bool, now: datetime) -> None:
    """Keep a yes or a no to being texted: what waits for a yes goes now, and after a no never."""
    session.execute(update(AlertRow).where(AlertRow.id == alert_id).values(ok_to_text=ok))
    waiting = update(RelayRow).where(_goes_to(session, alert_id), RelayRow.state == "waiting")
    if ok:
        session.execute(waiting.values(state="due", due_at=now))
        return
    if changed(session, waiting.values(state="cancelled", error="they said no")):
        _tell(session, alert_id, now, "message not sent", "they said: do not text here")


def cut_off(session: Session, alert_id: str, code: str, now: datetime) -> None:
    """Note that the number of an alert that is not closed cannot be texted, why and since when; what is due stops."""
    home = joining.locked_home(session, alert_id)
    if home is None or home.state == "closed":
        return
    alert = alerts.locked(session, alert_id)
    known = cut_off_by(session, alert_id)
    if alert.cannot_be_texted and known is not None and known.detail == code:
        return
    alert.cannot_be_texted = True
    alerts.record(session, alert_id, now, CUT_OFF, "Heard", code)
    if home.id != alert_id:
        alerts.record(session, home.id, now, "number cut off", "Heard", f"{code}: that of alert {alert.reference}")
    still = _goes_to(session, alert_id), RelayRow.state.in_(WAITING)
    session.execute(update(RelayRow).where(*still).values(state="cancelled", error=code))


def cut_off_by(session: Session, alert_id: str) -> AlertEventRow | None:
    """When and by which code an alert's number was last found not to take texts."""
    wanted = select(AlertEventRow).where(AlertEventRow.alert_id == alert_id, AlertEventRow.what == CUT_OFF)
    return session.scalars(wanted.order_by(AlertEventRow.id.desc()).limit(1)).first()


def _lift(session: Session, alert_id: str, now: datetime) -> None:
    known = cut_off_by(session, alert_id)
    if known is None or known.detail not in LIFTED_BY_START:
        return
    barred = update(AlertRow).where(AlertRow.id == alert_id, AlertRow.cannot_be_texted)
    if changed(session, barred.values(cannot_be_texted=False)):
        _tell(session, alert_id, now, REACHABLE, "they sent START")


def _tell(session: Session, alert_id: str, now: datetime, what: str, detail: str = "") -> None:
    """Add what they said to the history of the alert in which this one goes on."""
    alerts.record(session, joining.home(session, alert_id), now, what, "Heard", detail)


def _goes_to(session: Session, alert_id: str) -> ColumnElement[bool]:
    """Of messages: that they go to the number that this alert has, and not to that of one it is joined with."""
    home = session.get_one(AlertRow, joining.home(session, alert_id))
    return RelayRow.alert_id == home.id if joining.reached(session, home).id == alert_id else false()


# --- what became of it ----------------------------------------------------------------------------------------------


def cancel_closed(session: Session, now: datetime) -> int:
    """Cancel what waits or is due for alerts that somebody has closed; gives how many."""
    closed = select(AlertRow.id).where(AlertRow.state == "closed")
    still = RelayRow.state.in_(WAITING), RelayRow.alert_id.in_(closed)
    return changed(session, update(RelayRow).where(*still).values(state="cancelled", error="the alert is closed"))


def take_back(session: Session, alert_id: str, why: str, now: datetime) -> None:
    """Cancel what has yet to go to the young person of an alert, and say so in its history."""
    still = RelayRow.alert_id == alert_id, RelayRow.state.in_((*WAITING, "leased"))
    if changed(session, update(RelayRow).where(*still).values(state="cancelled", error=why)):
        alerts.record(session, alert_id, now, "message not sent", "Heard", why)


def not_sent(session: Session, alert_id: str, code: str, now: datetime, what: str = "message did not go") -> None:
    """Put a text that is lost into the history of its alert; that the number of this one takes no texts is noted."""
    _tell(session, alert_id, now, what, templates.why_lost(code))
    if code in templates.load().cannot:
        cut_off(session, alert_id, code, now)


def reply_lost(session: Session, conversation_id: str | None, code: str, now: datetime) -> None:
    """A reply of ours is lost: the worker of the open alert of this conversation must know that they did not get it."""
    if conversation_id is None:
        return
    alert_id = session.scalar(select(ConversationRow.alert_id).where(ConversationRow.id == conversation_id))
    if alert_id is not None and alerts.is_open(session, alert_id):
        not_sent(session, alert_id, code, now, "our reply did not arrive")


def note_report(session: Session, provider_id: str, status: str, error: str, now: datetime) -> None:
    """A provider has reported on a text for the first time: that it did not arrive is shown on its alert."""
    if status not in LOST:
        return
    ours = select(AlertRow).join(RelayRow, RelayRow.alert_id == AlertRow.id).where(RelayRow.provider_id == provider_id)
    alert = session.scalar(ours)
    if alert is not None:
        not_sent(session, joining.reached(session, alert).id, error or status, now, "message did not arrive")
        return
    reply = select(OutboxRow.conversation_id).where(OutboxRow.provider_id == provider_id)
    reply_lost(session, session.scalar(reply), error or status, now)


def note_early_reports(session: Session, provider_id: str, now: datetime) -> None:
    """What the provider reported before we knew the text by its id."""
    early = select(DeliveryRow.status, DeliveryRow.error).where(DeliveryRow.provider_id == provider_id)
    for status, error in session.execute(early).all():
        note_report(session, provider_id, status, error or "", now)


# --- web visitors ---------------------------------------------------------------------------------------------------


def show_on_page(session: Session, alert_id: str, row_id: str, words: Sealable, now: datetime) -> bool:
    """Seal a message to the web visitor of this alert while their session lasts; False when there is none."""
    found = _reader(session, alert_id, now)
    if found is None:
        return False
    half, expires_at = found
    box = words.seal(public_half(half), READER, row_id, expires_at)
    session.execute(update(RelayRow).where(RelayRow.id == row_id).values(sealed_for_reader=box))
    return True


def on_page(session: Session, alert_id: str | None) -> tuple[Box, ...]:
    """The messages on the page of this alert's visitor, oldest first: all while it is open, then what was not seen."""
    if alert_id is None:
        return ()
    theirs = RelayRow.alert_id.in_((alert_id, joining.home(session, alert_id))), RelayRow.sealed_for_reader.is_not(None)
    wanted = select(RelayRow.id, RelayRow.sealed_for_reader, RelayRow.read_at).where(*theirs)
    found = session.execute(wanted.order_by(RelayRow.written_at, RelayRow.id)).all()
    every = alerts.is_open(session, alert_id) if found else False
    shown = [(row_id, box, seen is not None) for row_id, box, seen in found if every or seen is None]
    return tuple(Box(row_id, box, seen) for row_id, box, seen in shown if box is not None)


def note_seen(session: Session, row_ids: Sequence[str], now: datetime) -> None:
    """Note that messages were shown to the visitor that they are for."""
    unseen = update(RelayRow).where(RelayRow.id.in_(row_ids), RelayRow.read_at.is_(None)).values(read_at=now)
    for alert_id in session.scalars(unseen.returning(RelayRow.alert_id)).all():
        alerts.record(session, alert_id, now, "message seen on their page", "Heard")


def _reader(session: Session, alert_id: str, now: datetime) -> tuple[str, datetime] | None:
    """The public half of this alert's visitor, and until when they can come back."""
    wanted = select(ConversationRow.reader_half, ConversationRow.expires_at)
    for half, expires_at in session.execute(wanted.where(ConversationRow.alert_id.in_(joining.all_of(alert_id)))):
        if half is not None and expires_at > now:
            return half, expires_at
    return None
