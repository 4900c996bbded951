"""What must hold in every history: after each step, and once everything works again."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot.texted import message_id
from conversations import policy
from conversations.attempts import NOT_DELIVERED
from conversations.models import AlertEventRow, AlertRow, AlertWordsRow, AttemptRow, ReceivedRow
from tests.faults.stage import Stage

NOTICE = re.compile(
    r"(Heard alert \w{6})?\nHeard alert (?P<code>\w{6}), level (immediate|concern)\. "
    r"(Open it and acknowledge|Its outcome is missing|It is yours, and more has come in\. Look now): http://127\.0\.0\.1:\d+/staff/alerts/"
)
SOON = 65.0
"""A lease or the longest wait before another try, and a round of the worker."""
AT_ONCE = 30.0
FOUND = 130.0
"""Texts that never reached us are looked for each minute, half a minute after they were sent."""
Check = Callable[[Stage, Session], Iterator[str]]


class Broken(AssertionError):
    """A promise that was not kept: `promise` names it."""

    def __init__(self, promise: str, what: str) -> None:
        self.promise = promise
        super().__init__(f"{promise}: {what}")


def never_silent(stage: Stage, session: Session) -> Iterator[str]:
    """An alert that is not closed has a next action."""
    silent = select(AlertRow.id).where(AlertRow.state != "closed", AlertRow.next_action_at.is_(None))
    yield from session.scalars(silent)


def kept_with_its_alert(stage: Stage, session: Session) -> Iterator[str]:
    """What we have received of worrying texts is what lies with alerts: both or neither."""
    secret = stage.parts.settings.record_key
    ours = [message_id(sid, secret) for sid in stage.texted]
    received = session.scalar(select(func.count()).where(ReceivedRow.message.in_(ours)))
    kept = session.scalar(select(func.count()).select_from(AlertWordsRow))
    if received != kept:
        yield f"{received} texts received, {kept} with alerts"


def sent_was_taken(stage: Stage, session: Session) -> Iterator[str]:
    """What we believe to be sent has been taken by a provider."""
    taken = {each.attempt for each in stage.handed() if each.taken}
    sent = session.execute(select(AttemptRow.id, AttemptRow.way).where(AttemptRow.state == "sent"))
    yield from (f"{way} {attempt}" for attempt, way in sent if attempt not in taken)


def twice_is_marked(stage: Stage, session: Session) -> Iterator[str]:
    """What a provider has taken twice says so."""
    twice = doubled(stage)
    unmarked = select(AttemptRow.id).where(AttemptRow.state == "sent", AttemptRow.maybe_twice.is_(False))
    yield from (attempt for attempt in session.scalars(unmarked) if attempt in twice)


def no_acknowledgement_lost(stage: Stage, session: Session) -> Iterator[str]:
    """Whoever was told that an alert is theirs has it, until it opened again for a reason that is written down."""
    for promise in stage.promises:
        events = session.execute(
            select(AlertEventRow.what, AlertEventRow.who)
            .where(AlertEventRow.alert_id == promise.alert_id)
            .order_by(AlertEventRow.id)
        ).all()
        taken = [place for place, each in enumerate(events) if each == ("acknowledged", promise.who)]
        later = [each.what for each in events[taken[-1] :]] if taken else []
        state = session.scalar(select(AlertRow.state).where(AlertRow.id == promise.alert_id))
        if not taken or (state == "open" and not {"opened again", "level rose"} & set(later)):
            yield f"{promise.alert_id} of {promise.who} is {state}"


def one_owner(stage: Stage, session: Session) -> Iterator[str]:
    """Nobody takes an alert that somebody else has."""
    for alert_id in stage.raised:
        wanted = select(AlertEventRow.what).where(AlertEventRow.alert_id == alert_id).order_by(AlertEventRow.id)
        free = True
        for what in session.scalars(wanted):
            if what == "acknowledged" and not free:
                yield alert_id
            free = {"acknowledged": False, "opened again": True, "level rose": True}.get(what, free)


def nothing_leaks(stage: Stage, session: Session) -> Iterator[str]:
    """A notice holds a code, a level and a link."""
    yield from (each.words for each in stage.handed() if not NOTICE.fullmatch(each.words))


def storms_are_short(stage: Stage, session: Session) -> Iterator[str]:
    """Of a storm of one person a worker gets three texts at most within its two minutes; what is lost is no text."""
    lost = set(session.scalars(select(AttemptRow.id).where(AttemptRow.provider_status.in_(NOT_DELIVERED))))
    for began in stage.storms:
        during = {
            (each.to, code_of(each.words), each.attempt)
            for each in stage.ways["sms"].handed
            if each.attempt and each.taken and each.attempt not in lost and began[1] <= each.at <= began[1] + 120
        }
        most = Counter((to, code) for to, code, _ in during)
        yield from (f"{number} attempts" for number in most.values() if number > 3)


ALWAYS: Mapping[str, Check] = MappingProxyType(
    {
        "never silent": never_silent,
        "kept with its alert": kept_with_its_alert,
        "sent was taken": sent_was_taken,
        "twice is marked": twice_is_marked,
        "no acknowledgement lost": no_acknowledgement_lost,
        "one owner": one_owner,
        "nothing leaks": nothing_leaks,
        "storms are short": storms_are_short,
    }
)


def is_told_soon(stage: Stage, session: Session) -> Iterator[str]:
    """Once everything works somebody is told of each open alert within a minute, and of a new one within seconds.

    What could not be told for a long time is tried less often: a tenth of that time comes on top.
    """
    first = first_told(stage)
    for alert_id, code in open_alerts(session):
        began = stage.raised.get(alert_id, stage.clock.elapsed)
        mended_at = stage.mended_at or 0.0
        waited = max(mended_at - began, 0.0)
        ends = max(began + AT_ONCE, mended_at + SOON + waited / 10)
        if code not in first and stage.clock.elapsed > ends:
            yield f"{alert_id} after {stage.clock.elapsed - began:.0f} s"


def is_told_again(stage: Stage, session: Session) -> Iterator[str]:
    """An alert that nobody takes is told again within what the policy says."""
    last = {code_of(each.words): each.at for each in stage.handed() if each.taken}
    for alert_id, code in open_alerts(session):
        level = session.scalar(select(AlertRow.level).where(AlertRow.id == alert_id)) or ""
        every = policy.load().timetable(level).every.total_seconds()
        since = max(last.get(code, 0.0), stage.mended_at or 0.0)
        if stage.clock.elapsed - since > every + SOON:
            yield f"{alert_id} for {stage.clock.elapsed - since:.0f} s"


def next_is_near(stage: Stage, session: Session) -> Iterator[str]:
    """After a round the next action is for the next one or later, and no further than the policy ever looks."""
    rows = session.execute(
        select(AlertRow.id, AlertRow.state, AlertRow.level, AlertRow.next_action_at).where(AlertRow.state != "closed")
    )
    for alert_id, state, level, at in rows:
        furthest = policy.load().timetable(level).every if state == "open" else policy.load().outcome_within
        if not timedelta() <= at - stage.clock() <= furthest:
            yield f"{alert_id} {state} in {at - stage.clock()}"


def all_are_found(stage: Stage, session: Session) -> Iterator[str]:
    """Every worrying text that the carrier has is here two minutes after everything works."""
    if stage.clock.elapsed - (stage.mended_at or 0.0) > FOUND:
        secret = stage.parts.settings.record_key
        have = set(session.scalars(select(ReceivedRow.message)))
        yield from (sid for sid in stage.texted if message_id(sid, secret) not in have)


MENDED: Mapping[str, Check] = MappingProxyType(
    {
        "is told soon": is_told_soon,
        "is told again": is_told_again,
        "next is near": next_is_near,
        "all are found": all_are_found,
    }
)


def check(stage: Stage, checks: Mapping[str, Check]) -> None:
    """Raise Broken for the first promise that does not hold now."""
    with Session(stage.reading) as session:
        for alert_id in session.scalars(select(AlertRow.id)):
            stage.raised.setdefault(alert_id, stage.clock.elapsed)
        for promise, holds in checks.items():
            for what in holds(stage, session):
                raise Broken(promise, what)


def open_alerts(session: Session) -> list[Any]:
    """Id and code of every alert that nobody has taken."""
    return list(session.execute(select(AlertRow.id, AlertRow.reference).where(AlertRow.state == "open")))


def first_told(stage: Stage) -> dict[str, float]:
    """When a provider first took a notice of each alert, by its code."""
    return {code_of(each.words): each.at for each in reversed(stage.handed()) if each.taken}


def doubled(stage: Stage) -> set[str]:
    """The attempts that a provider has taken more than once."""
    taken = Counter(each.attempt for each in stage.handed() if each.taken)
    return {attempt for attempt, times in taken.items() if times > 1}


def code_of(words: str) -> str:
    """The code of the alert that a notice is about."""
    found = NOTICE.search(words)
    return found["code"] if found else ""
