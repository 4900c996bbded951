"""The second pair of eyes: a process of its own that looks for trouble and raises the organisation's alarm itself."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from bot import alarm, calls, drill, notices, seeing
from bot.calls import Get
from bot.clocks import Tick, as_it_is
from bot.parts import Parts
from bot.seeing import Seen
from bot.stopping import Stopping
from bot.troubles import BLIND, BY_NAME, SILENT, SLOW, STORE_DOWN, troubles
from conversations import alarms, heartbeats, ringing
from conversations.ringing import Alarms

log = logging.getLogger(__name__)

PAUSE_SECONDS = 10.0
STORE_PATIENCE = timedelta(seconds=30)
"""A database that is started again, or a write that takes long, is no alarm yet."""
CALL_EVERY = timedelta(minutes=1)
CURES = MappingProxyType({name: each.cure for name, each in BY_NAME.items()})
Tell = Callable[[Seen], None]


@dataclass(slots=True)
class Memory:
    """What one watch knows between two looks; enough to go on when the database does not answer."""

    since: datetime
    web_at: datetime
    ringing: Alarms = field(default_factory=lambda: MappingProxyType({}))
    read: bool = False
    dark_since: datetime | None = None
    called_at: datetime | None = None


def watch(
    session: Session,
    parts: Parts,
    stopping: Stopping,
    get: Get = calls.get,
    tell: Tell = lambda seen: None,
    tick: Tick = as_it_is,
) -> None:
    """Look again and again until stopped; `get` asks an address, `tell` is given each look, `tick` comes before it."""
    _try(session, "clock", lambda: tick(session))
    memory = Memory(parts.clock(), parts.clock())
    while not stopping.asked:
        look_once(session, parts, memory, get, tell)
        _try(session, "clock", lambda: tick(session))
        session.close()
        stopping.wait(PAUSE_SECONDS)


def look_once(session: Session, parts: Parts, memory: Memory, get: Get, tell: Tell = lambda seen: None) -> None:
    """One round: look, ring, note what was told, go on with the drill, and say elsewhere that somebody looks."""
    if get(f"{parts.settings.public_url}/healthz") is not None:
        memory.web_at = parts.clock()
    found = _look(session, parts, memory, tell)
    if found is not None:
        slow = {name: name in SLOW for name in found}
        memory.ringing = ringing.after_look(memory.ringing, slow, parts.clock())
    _ring(parts, memory)
    noted = memory.dark_since is None and _try(session, "alarms", lambda: _keep(session, parts, memory))
    if noted:
        _try(session, "drill", lambda: drill.go_on(session, parts))
    if found is not None and (noted or memory.dark_since):
        _call(parts, memory, get)


def _look(session: Session, parts: Parts, memory: Memory, tell: Tell) -> tuple[str, ...] | None:
    """What is wrong; None while we cannot see it and have not yet waited long enough to say so."""
    try:
        found = _found(session, parts, memory, tell)
    except Exception as broken:  # also what is no fault of the database: whoever looks must not fall silent
        session.rollback()
        return _in_the_dark(parts, memory, broken)
    memory.dark_since = None
    for trouble in found:
        log.error("watch: %s", trouble)
    return found


def _found(session: Session, parts: Parts, memory: Memory, tell: Tell) -> tuple[str, ...]:
    heartbeats.beat(session, "watch", parts.clock())  # first: a store that can be read and not written is down
    session.commit()
    if not memory.read:
        kept = alarms.ringing(session, notices.organisation(parts), SLOW)
        memory.ringing, memory.read = MappingProxyType({**kept, **memory.ringing}), True
    session.rollback()
    seen = seeing.look(session, parts, memory.since, memory.web_at)
    session.rollback()
    tell(seen)
    return troubles(seen)


def _in_the_dark(parts: Parts, memory: Memory, broken: Exception) -> tuple[str, ...] | None:
    """Without sight what rang goes on ringing, and that we cannot see is a trouble of its own."""
    name = STORE_DOWN if isinstance(broken, SQLAlchemyError) else BLIND
    log.error("watch: %s: %s", name, type(broken).__name__)
    memory.dark_since = memory.dark_since or parts.clock()
    if parts.clock() - memory.dark_since < STORE_PATIENCE:
        return None
    return (*(each.trouble for each in memory.ringing.values() if each.gone_at is None), name)


def _ring(parts: Parts, memory: Memory) -> None:
    due = ringing.tellings(memory.ringing, notices.organisation(parts), parts.clock())
    left = alarm.ring(parts, due, CURES)
    memory.ringing = ringing.after_telling(memory.ringing, left, parts.clock())


def _keep(session: Session, parts: Parts, memory: Memory) -> None:
    alarms.keep(session, memory.ringing, parts.clock())
    session.commit()


def _try(session: Session, name: str, step: Callable[[], object]) -> bool:
    try:
        step()
    except Exception as broken:
        session.rollback()
        log.error("watch: %s: %s", name, type(broken).__name__)
        return False
    return True


def _call(parts: Parts, memory: Memory, get: Get) -> None:
    """Tell the dead-man's switch that somebody looks, and that of every trouble somebody knows.

    Not before a silent worker would have been noticed: a watch that is started again and again notices nothing.
    """
    now, url = parts.clock(), parts.settings.deadman_url
    waits = memory.called_at is not None and timedelta() <= now - memory.called_at < CALL_EVERY
    if not url or waits or now - memory.since <= SILENT or not ringing.somebody_knows(memory.ringing, now):
        return
    memory.called_at = now
    if get(url) is None:
        log.error("watch: the dead-man's switch does not answer")
