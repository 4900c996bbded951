"""Who is told next, and when: decisions about an alert, and about what raises none and must be read; over values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import MappingProxyType

from conversations import rota as cover
from conversations.policy import CONTACT_WAYS, Policy, Step, Timetable
from conversations.shifts import DUTY, OUT_OF_HOURS, Rota, leads, on_call, on_duty
from conversations.values import Assessment, Level

WAYS = CONTACT_WAYS
OWN_WAYS = ("teams", "webhook")
"""The ways to the organisation itself, which belong to no person."""
SECOND_CARRIERS: Mapping[str, str] = MappingProxyType({"sms": "notify_sms", "email": "notify_email"})
"""Another carrier to the same address, for when the first one fails."""
RETRY_WAITS = (timedelta(seconds=5), timedelta(seconds=20), timedelta(seconds=25))
"""After which a failed notice is tried again; when all are over, the next action of its alert takes its place."""
MESSAGE_WAITS = (timedelta(seconds=5), timedelta(seconds=20), timedelta(minutes=1))
"""The same of a text to a young person, whose place nothing takes."""
UNREACHED_WAIT, UNREACHED_MOST = timedelta(seconds=20), timedelta(minutes=5)
REMINDER, NEW_WORDS = -1, -2
"""The steps of attempts that remind the owner of an alert of its outcome, and tell them of new words in it."""
TO_OWNER = (REMINDER, NEW_WORDS)

OUTCOMES: Mapping[str, str] = MappingProxyType(
    {
        "police": "Police or ambulance called",
        "social_work": "Passed to social work",
        "partner": "Passed to a named partner agency",
        "spoken": "Spoke with the young person, plan agreed",
        "known": "Already known and being acted on",
        "no_harm": "Looked into, nobody at risk of harm",
        "false_alarm": "False alarm",
    }
)

LISTS: Mapping[str, str] = MappingProxyType({"same_day": "duty", "wellbeing": "duty"})
"""What nobody is woken for and somebody must read: the lists, and the role that owns each."""

WORRY_OUTCOMES: Mapping[str, str] = MappingProxyType(
    {
        "read": "Read, no action needed",
        "passed": "Passed to their worker",
        "spoken": "Spoken with them",
        "known": "Known and being acted on",
        "false_alarm": "False alarm",
    }
)
RAISED = "raised"
"""The outcome of a worry that became an alert; what was done is said there."""


Person = int | None
"""Whom to tell: a member of staff, or None for the fallback, the duty contact and the organisation's own ways."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where an alert stands: `step` comes next, `told` are those who were told since its clock began.

    Of one that somebody has taken, `words_at` is when the newest words that alert came in, `owner_told_at` when its
    owner was last told anything.
    """

    level: str
    state: str
    step: int
    raised_at: datetime
    clock_from: datetime
    acknowledged_at: datetime | None = None
    owner: Person = None
    told: frozenset[Person] = frozenset()
    drill: bool = False
    words_at: datetime | None = None
    owner_told_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Telling:
    """One person to be told, and by which ways."""

    person: Person
    ways: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Action:
    """What happens to an alert that is due.

    `taken` is the step that the tellings belong to, `step` the one that comes at `next_at`; `clock_from` is when its
    clock began, which an outcome that is missing or a clock that was put back begins anew.
    """

    tell: tuple[Telling, ...]
    step: int
    next_at: datetime
    clock_from: datetime
    taken: int = 0
    reopen: bool = False
    alarm: bool = False
    why: str = ""


@dataclass(frozen=True, slots=True)
class Setback:
    """A way to a person that failed: which were tried in this step, whether another one worked, whether it is over."""

    person: Person
    way: str
    step: int
    tried: frozenset[str]
    another_works: bool
    over: bool


def next_action(policy: Policy, standing: Standing, rota: Rota, now: datetime) -> Action:
    """What an alert needs now. There always is a next moment, and nobody's silence or empty rota puts it off."""
    if standing.drill:
        return _drilled(policy, standing, rota, now)
    if standing.state == "acknowledged":
        return _without_outcome(policy, standing, rota, now)
    if until := _waits_until(policy, standing, rota, now):
        return Action((), 0, until, until, why="nobody is on duty before then")
    return _told(policy, standing, rota, now)


def after_setback(
    policy: Policy, standing: Standing, rota: Rota, setback: Setback, now: datetime
) -> tuple[Telling | None, bool]:
    """What a failed way leads to: the next way to the same person, or else whether the next step comes at once.

    It comes at once only after the step taken last, and when it reaches somebody new: else hurry would be a flood.
    """
    if setback.way in OWN_WAYS and setback.another_works:
        return None, False
    unused = [way for way in ways_to(policy, rota, setback.person) if way not in setback.tried]
    if unused:
        return Telling(setback.person, (unused[0],)), False
    was_last = standing.state == "open" and setback.step >= standing.step - 1
    if not was_last or (setback.another_works and not setback.over):
        return None, False
    next_ones = {telling.person for telling in next_action(policy, standing, rota, now).tell}
    return None, bool(next_ones - standing.told)


def ways_to(policy: Policy, rota: Rota, person: Person) -> tuple[str, ...]:
    """Every way to somebody, in the order in which they want them used; then the same again by a second carrier."""
    own = _own_ways(rota, person)
    second = tuple(SECOND_CARRIERS[way] for way in own if way in SECOND_CARRIERS)
    return tuple(way for way in dict.fromkeys(own + second) if way in policy.ways_out)


def _own_ways(rota: Rota, person: Person) -> tuple[str, ...]:
    if person is None:
        return WAYS + OWN_WAYS
    return tuple(way.kind for way in rota.people[person].ways) if person in rota.people else ()


def may_go(policy: Policy, drill: bool, now: datetime) -> bool:
    """Whether anybody may be told at this moment: of an alert always, of a drill in cover hours alone."""
    return not drill or cover.is_covered(policy.cover, now)


def _drilled(policy: Policy, standing: Standing, rota: Rota, now: datetime) -> Action:
    """Tell whoever is on duty first of a drill, once; that nobody takes it is for the watch to say."""
    every = policy.timetable(standing.level).every
    since = min(standing.clock_from, now)
    if standing.step or standing.state != "open":
        return Action((), max(standing.step, 1), now + every, since, taken=standing.step)
    if not may_go(policy, standing.drill, now):
        return Action((), 0, min(cover.next_cover(policy.cover, now), now + every), since)
    first = _reachable(policy, rota, (*on_call(rota, now), None))[0]
    return Action((Telling(first, _first_ways(policy, rota, first)),), 1, now + every, since, why="a drill")


def _first_ways(policy: Policy, rota: Rota, person: Person) -> tuple[str, ...]:
    """By which ways somebody is told at once; the fallback by every way of its own."""
    ways = ways_to(policy, rota, person)
    if person is None:
        return tuple(way for way in ways if way not in SECOND_CARRIERS.values())
    return ways[: policy.ways_at_once]


def _told(policy: Policy, standing: Standing, rota: Rota, now: datetime) -> Action:
    """The step that is due; one that would tell nobody is not waited out, and one that is long past is passed over."""
    table = policy.timetable(standing.level)
    since, last = min(standing.clock_from, now), len(table.steps) - 1
    place = max(min(standing.step, last), _latest_due(table, now - since))
    tellings = _tellings(policy, table.steps[place], standing, rota, now)
    while not tellings:  # the last step always tells the fallback
        place += 1
        tellings = _tellings(policy, table.steps[place], standing, rota, now)
    soonest = now + table.every
    next_at = soonest if place == last else min(since + table.steps[place + 1].after, soonest)
    step = table.steps[place]
    why = "nobody is on duty" if not standing.told and tellings[0].person is None else WHY[step.tell]
    return Action(tellings, min(place + 1, last), next_at, since, taken=place, alarm=step.alarm, why=why)


WHY: Mapping[str, str] = MappingProxyType(
    {"first": "first on duty", "next": "nobody has acknowledged it", "everyone": "nobody has acknowledged it: everyone"}
)


def _latest_due(table: Timetable, waited: timedelta) -> int:
    return max(place for place, step in enumerate(table.steps) if step.after <= waited)


def _tellings(policy: Policy, step: Step, standing: Standing, rota: Rota, now: datetime) -> tuple[Telling, ...]:
    if step.tell == "everyone":
        everybody = (*on_duty(rota, now), *on_duty(rota, now, OUT_OF_HOURS), *leads(rota), None)
        people = _reachable(policy, rota, everybody)
        return tuple(Telling(person, _first_ways(policy, rota, person)) for person in people)
    chain = _reachable(policy, rota, (*on_call(rota, now), None))
    if step.tell == "next":
        chain = tuple(person for person in chain if person not in standing.told)
    return _by_enough_ways(policy, rota, chain)


def _by_enough_ways(policy: Policy, rota: Rota, chain: tuple[Person, ...]) -> tuple[Telling, ...]:
    """The first of the chain; where one way leads to them, the one behind them by another way as well."""
    if not chain:
        return ()
    first = Telling(chain[0], _first_ways(policy, rota, chain[0]))
    if len(first.ways) >= policy.ways_at_once or not chain[1:]:
        return (first,)
    others = ways_to(policy, rota, chain[1])
    other = next((way for way in others if way not in first.ways), others[0])
    return first, Telling(chain[1], (other,))


def _reachable(policy: Policy, rota: Rota, people: Iterable[Person]) -> tuple[Person, ...]:
    return tuple(person for person in dict.fromkeys(people) if ways_to(policy, rota, person))


def _waits_until(policy: Policy, standing: Standing, rota: Rota, now: datetime) -> datetime | None:
    """Until when nobody need be told: only before the first telling, and only where nobody is meant to be there."""
    if standing.step or not policy.timetable(standing.level).waits_for_cover:
        return None
    if on_duty(rota, now, DUTY) or any(shift.rota == OUT_OF_HOURS for shift in rota.shifts):
        return None
    until = min(cover.next_cover(policy.cover, now), min(standing.raised_at, now) + policy.longest_wait)
    return until if until > now else None


def _without_outcome(policy: Policy, standing: Standing, rota: Rota, now: datetime) -> Action:
    past = [moment for moment in (standing.acknowledged_at, standing.clock_from) if moment and moment <= now]
    since = max(past, default=now)  # both lie ahead when the clock was put back: it begins anew
    reminder_at, ends = since + policy.remind_after, since + policy.outcome_within
    if now >= ends:
        anew = replace(standing, state="open", step=0, clock_from=now, told=frozenset())
        return replace(_told(policy, anew, rota, now), reopen=True, why="no outcome in time")
    owner = standing.owner if ways_to(policy, rota, standing.owner) else None
    telling = (Telling(owner, _first_ways(policy, rota, owner)),)
    told_at = standing.owner_told_at if standing.owner_told_at and standing.owner_told_at <= now else None
    reminded = told_at is not None and told_at >= reminder_at
    if now >= reminder_at and not reminded:
        return Action(telling, standing.step, ends, since, taken=REMINDER, why="the outcome is missing")
    next_at, words_at = ends if reminded else reminder_at, _new_words_at(policy, standing, told_at, now)
    if words_at is not None and words_at <= now:
        return Action(telling, standing.step, next_at, since, taken=NEW_WORDS, why="new words in it")
    return Action((), standing.step, min(next_at, words_at or next_at), since)


def _new_words_at(policy: Policy, standing: Standing, told_at: datetime | None, now: datetime) -> datetime | None:
    """When the owner is told of words that came since; None when there are none. Their page shows what came before."""
    if standing.words_at is None:
        return None
    if told_at is None:
        return min(standing.words_at, now)
    return told_at + policy.new_words_every if standing.words_at > told_at else None


def retry_at(tries: int, now: datetime, waits: Sequence[timedelta] = RETRY_WAITS) -> datetime | None:
    """When a failed try is made again; None when it was the last."""
    return now + waits[tries - 1] if 0 < tries <= len(waits) else None


def unreached_at(clock_from: datetime, now: datetime) -> datetime:
    """When an alert is looked at again of which no notice leaves: soon, and less often the longer that lasts."""
    return now + min(max(UNREACHED_WAIT, (now - clock_from) / 30), UNREACHED_MOST)


def list_of(assessment: Assessment) -> str:
    """The list on which a text is read that raises no alert; empty when nobody need read it."""
    if assessment.alerts:
        return ""
    if not assessment.covered:
        return "same_day"
    return "wellbeing" if assessment.level == Level.WELLBEING else ""
