"""One turn of a conversation, loaded and saved: finds or opens the conversation, locks it, knows a repeat."""

from __future__ import annotations

import secrets
from base64 import b64encode
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Table, bindparam, delete, insert, select, update
from sqlalchemy.orm import Session

from conversations import receipts, standing, versions
from conversations.db import insert_once
from conversations.models import ClosedDraftRow, ConversationRow, OptRequestRow, ReceivedRow
from conversations.rota import HERE
from conversations.script.values import Script
from conversations.sealing import Seals, key_name
from conversations.staff_models import StaffNumberRow
from conversations.values import Comment, Person, State, Step

SILENCE = timedelta(minutes=30)
PACE = timedelta(hours=1)
REST = timedelta(minutes=60)
REPLIES_KEPT = 10
UNDISTURBED = frozenset({"rest", "reach", "times", "safe"})
"""What a conversation may wait for without a nudge: whoever told us a worry is not called back to the questions."""

STATE_FIELDS = tuple(State.__dataclass_fields__)
COMMENT_FIELDS = tuple(Comment.__dataclass_fields__)

# Every message runs these: they are built once and go past the ORM, which costs more than the database itself.
CONVERSATIONS: Table = ConversationRow.metadata.tables["conversation"]
COLUMNS = tuple(
    CONVERSATIONS.c[name]
    for name in ("id", "person", "state", "replies", "pace", "last_out_at", "expires_at", "sealed_contact", "alert_id")
)
FIND = select(*COLUMNS).where(CONVERSATIONS.c.person.in_((bindparam("current"), bindparam("previous"))))
FIND_AND_LOCK = FIND.with_for_update()
STAFF_NUMBER = select(StaffNumberRow.number).where(StaffNumberRow.number == bindparam("number"))
SAVE = update(CONVERSATIONS).where(CONVERSATIONS.c.id == bindparam("turn"))


@dataclass(frozen=True, slots=True)
class Turn:
    """A conversation as this message finds it, locked until the commit."""

    id: str
    person: Person
    state: State
    replies: dict[str, list[str]]
    pace: tuple[datetime, ...]
    last_out_at: datetime | None
    expires_at: datetime
    sealed_contact: bytes | None
    alert_id: str | None

    def silent(self, now: datetime) -> bool:
        """Whether nothing has been said for half an hour."""
        return self.last_out_at is not None and now - self.last_out_at > SILENCE

    def recent(self, now: datetime) -> tuple[datetime, ...]:
        """When we replied in the last hour."""
        return tuple(moment for moment in self.pace if now - moment < PACE)


@dataclass(frozen=True, slots=True)
class Repeat:
    """A message that was received before, with the reply that it got; empty once its conversation has closed."""

    say: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Arrival:
    """Who a message is from and by which id it is known; the state is what a new conversation would begin with."""

    persons: tuple[Person, Person]
    message: str
    begins: State
    script: Script
    fingerprint: str = ""
    staff_number: str = ""
    our_number: str = ""
    reader_half: str = ""
    after_expiry: str = "expired"


class FromStaff(Exception):
    """The number belongs to staff: screened like any other, never surveyed."""


def open_turn(session: Session, arrival: Arrival, now: datetime) -> Turn | Repeat:
    """Lock this person's conversation, opening one if there is none; raises FromStaff where staff would open one.

    Raises receipts.OtherWords when the message was received before and was another.
    """
    turn = find(session, arrival.persons, lock=True)
    if turn is not None and turn.expires_at > now:
        new = receipts.first_seen(session, arrival.message, arrival.fingerprint, now, turn.id)
        return turn if new else Repeat(tuple(turn.replies.get(arrival.message, ())))
    if not receipts.first_seen(session, arrival.message, arrival.fingerprint, now):
        return Repeat(_reply_of(session, arrival.message))
    of_staff = select(StaffNumberRow.number).where(StaffNumberRow.number == arrival.staff_number)
    if arrival.staff_number and session.scalar(of_staff):
        raise FromStaff
    if turn is not None:
        begins = replace(arrival.begins, awaiting=arrival.after_expiry, earlier=close(session, turn, now))
        arrival = replace(arrival, begins=standing.carried(turn.state, begins))
    opened = open_new(session, arrival, now)
    session.execute(update(ReceivedRow).where(ReceivedRow.message == arrival.message).values(conversation_id=opened.id))
    return opened


def close(session: Session, turn: Turn, now: datetime) -> bool:
    """End a conversation: what was said waits for the daily batch, person, number and message ids are let go.

    Gives whether anything of theirs is kept that they cannot have deleted any more.
    """
    kept = put_away(session, turn.state, now)
    session.execute(delete(ConversationRow).where(ConversationRow.id == turn.id))
    return kept


def put_away(session: Session, state: State, now: datetime) -> bool:
    """Keep the draft of a conversation that is over, with a month and no time; nothing when nothing was said.

    Gives whether anything of theirs is kept that they cannot have deleted any more.
    """
    if state.ending == "erased" or not (state.answers or state.comments):
        return state.earlier
    said = stored(standing.answered(state))  # a draft has a month and no time
    values = {"id": new_id(), "draft": {**said, "month": now.astimezone(HERE).strftime("%Y-%m")}}
    session.execute(insert(ClosedDraftRow).values(**values))
    return True


def find(session: Session, persons: tuple[Person, Person], lock: bool = False) -> Turn | None:
    """The running conversation of a person, by the current or the previous weekly key."""
    either = {"current": persons[0], "previous": persons[1]}
    row = session.connection().execute(FIND_AND_LOCK if lock else FIND, either).first()
    if row is None:
        return None
    return Turn(
        id=row.id,
        person=Person(row.person),
        state=state_of(row.state),
        replies=row.replies,
        pace=tuple(datetime.fromisoformat(moment) for moment in row.pace),
        last_out_at=row.last_out_at,
        expires_at=row.expires_at,
        sealed_contact=row.sealed_contact,
        alert_id=row.alert_id,
    )


def save_turn(session: Session, turn: Turn, step: Step, say: tuple[str, ...], saving: Saving) -> None:
    """Keep what this turn made true: state, draft, reply, and when the conversation is next due."""
    now, script = saving.now, saving.script
    state = standing.stamped(_with_links(step.state, saving.seals), now)
    answered = list(say) if saving.repeatable else []
    replies = dict(list({**turn.replies, saving.message: answered}.items())[-REPLIES_KEPT:])
    spoke = bool(say) or state.channel == "web"
    pace = (*turn.recent(now), now) if say else turn.recent(now)
    runs = not state.ending
    texts = runs and state.channel == "sms" and script.nudge_after and saving.seals.contact
    nudges = texts and state.awaiting not in UNDISTURBED
    values: dict[str, Any] = {
        "turn": turn.id,
        "state": stored(state),
        "replies": replies,
        "pace": [moment.isoformat() for moment in pace],
        "last_out_at": now if spoke else turn.last_out_at,
        "nudge_at": now + script.nudge_after if nudges and script.nudge_after else None,
        "sealed_contact": _contact(turn, saving.seals) if texts else None,
    }
    ends_at = turn.expires_at if runs else min(turn.expires_at, now + REST)
    ends_at = max(turn.expires_at, now + standing.WITHIN) if saving.rests else ends_at
    ends_at = standing.until(state, ends_at, turn.expires_at)
    if ends_at != turn.expires_at:  # what did not change is not written: SQLite would rewrite its index all the same
        values["expires_at"] = ends_at
    if saving.alert_id != turn.alert_id:
        values["alert_id"] = saving.alert_id
    session.connection().execute(SAVE, values)


def save_afterthought(session: Session, turn: Turn, step: Step, alert_id: str, now: datetime) -> None:
    """Keep what was said to a young person who had not just written: the words of the second look."""
    values = {"turn": turn.id, "state": stored(step.state), "alert_id": alert_id, "last_out_at": now, "nudge_at": None}
    values["expires_at"] = max(turn.expires_at, now + standing.WITHIN)
    session.connection().execute(SAVE, values)


def _contact(turn: Turn, seals: Seals) -> bytes | None:
    """The sealed number: the box that is there, as long as it is to the key of today and so as lasting as a new one."""
    kept = turn.sealed_contact
    return kept if kept and key_name(kept) == seals.key.name else seals.seal_contact("conversation", turn.id)


@dataclass(frozen=True, slots=True)
class Saving:
    """What saving a turn needs to know beside the turn itself."""

    message: str
    script: Script
    seals: Seals
    alert_id: str | None
    now: datetime
    repeatable: bool = True
    """Whether a repeat of the message gets the reply again; not where that went out by another way."""
    rests: bool = False
    """Whether a duty worker has a worry of theirs: what they write goes there, also when the questions are over."""


def keep_state(session: Session, turn: Turn, state: State) -> None:
    """Keep a state that no message made."""
    session.connection().execute(SAVE, {"turn": turn.id, "state": stored(state)})


def begin_again(session: Session, turn: Turn, begins: State, script: Script, now: datetime) -> Turn:
    """The same person with another script from its start; what they said before is put away."""
    begins = standing.carried(turn.state, replace(begins, earlier=put_away(session, turn.state, now)))
    versions.keep(session, script)
    expires_at = now + script.expires_after
    moved = {"turn": turn.id, "version": begins.version, "expires_at": expires_at}
    session.connection().execute(SAVE, moved)
    return replace(turn, state=begins, expires_at=expires_at)


def new_id() -> str:
    """A random id: 128 bits in hex."""
    return secrets.token_hex(16)


def request_opt(session: Session, kind: str, seals: Seals, now: datetime) -> None:
    """Ask the worker to keep or lift an opt-out; the web process can do neither."""
    row_id = new_id()
    sealed = seals.seal_contact("opt", row_id)
    if sealed is not None:
        values = {"id": row_id, "kind": kind, "requested_at": now, "sealed_contact": sealed}
        session.execute(insert(OptRequestRow).values(**values))


def stored(state: State) -> dict[str, Any]:
    """The state as JSON can hold it; `state_of` turns it back."""
    comments = [{name: getattr(each, name) for name in COMMENT_FIELDS} for each in state.comments]
    return {**{name: getattr(state, name) for name in STATE_FIELDS}, "comments": comments}


def state_of(content: dict[str, Any]) -> State:
    """The state that was stored; what an older version stored and we no longer know is left out."""
    known = {name: content[name] for name in STATE_FIELDS if name in content}
    answers = {step: tuple(codes) for step, codes in known["answers"].items()}
    comments = tuple(Comment(**comment) for comment in known["comments"])
    lists = {key: tuple(known[key]) for key in ("trail", "offered", "said")}
    return State(**{**known, **lists, "answers": answers, "comments": comments})


def _with_links(state: State, seals: Seals) -> State:
    """Each new comment gets its random id and, where there is a number, a sealed link to it."""
    if all(each.id for each in state.comments):
        return state
    return replace(state, comments=tuple(each if each.id else _linked(each, seals) for each in state.comments))


def _linked(comment: Comment, seals: Seals) -> Comment:
    comment_id = new_id()
    sealed = seals.seal_contact("comment", comment_id)
    return replace(comment, id=comment_id, link=b64encode(sealed).decode() if sealed else "")


def open_new(session: Session, arrival: Arrival, now: datetime) -> Turn:
    """Open a conversation of somebody who has none, locked until the commit."""
    state = arrival.begins
    versions.keep(session, arrival.script)
    values: dict[str, Any] = {
        "id": new_id(),
        "person": arrival.persons[0],
        "channel": state.channel,
        "version": state.version,
        "state": stored(state),
        "replies": {},
        "pace": [],
        "our_number": arrival.our_number or None,
        "reader_half": arrival.reader_half or None,
        "expires_at": now + arrival.script.expires_after,
    }
    insert_once(session, ConversationRow, values)
    # Another message of the same person may have been first: then its conversation is the one, and we wait for it.
    turn = find(session, arrival.persons, lock=True)
    assert turn is not None, "a conversation that was just inserted is there"  # noqa: S101
    return turn


def _reply_of(session: Session, message: str) -> tuple[str, ...]:
    wanted = select(ConversationRow.replies).join(ReceivedRow, ReceivedRow.conversation_id == ConversationRow.id)
    replies = session.scalar(wanted.where(ReceivedRow.message == message))
    return tuple((replies or {}).get(message, ()))
