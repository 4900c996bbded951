"""A conversation held open for the answer to a text that a duty worker sends."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlalchemy.orm import Session

from conversations import alerts, standing, store
from conversations.models import ConversationRow


def keep(session: Session, arrival: store.Arrival, alert_id: str, awaiting: str, now: datetime) -> str:
    """Let the conversation of this person rest on their alert, opening one where there is none; gives our number in it.

    One that belongs to another alert of theirs that is open stays with that.
    """
    turn = store.find(session, arrival.persons, lock=True)
    if turn is not None and turn.expires_at <= now:
        store.close(session, turn, now)
        turn = None
    turn = turn or store.open_new(session, arrival, now)
    row = session.get_one(ConversationRow, turn.id, populate_existing=True)
    row.state = store.stored(standing.answered(replace(turn.state, awaiting=awaiting, unread=False)))
    row.alert_id = turn.alert_id if alerts.is_open(session, turn.alert_id) else alert_id
    row.last_out_at, row.nudge_at = now, None
    row.expires_at = max(turn.expires_at, now + standing.WITHIN)
    return row.our_number or arrival.our_number
