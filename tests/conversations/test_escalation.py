"""Who is told next and when: an open alert always has a next moment, and nobody's silence ends it."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversations import escalation, policy
from conversations.escalation import Action, Person, Setback, Standing, Telling, after_setback, may_go, next_action
from conversations.shifts import DUTY, OUT_OF_HOURS, DutyPerson, Rota, Shift, Way

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
SATURDAY = datetime(2026, 11, 28, 12, tzinfo=UTC)
POLICY = policy.load()
OFFICE = replace(POLICY, cover="09:00-17:00")
ALL_OUTS = frozenset({"sms", "email", "voice", "notify_sms", "notify_email", "teams", "webhook"})
ANN, BOB, CAT, LEAD = 1, 2, 3, 9
FALLBACK = Telling(None, ("sms", "email"))


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)


def person(number: int, *kinds: str, lead: bool = False) -> DutyPerson:
    ways = tuple(Way(kind, f"{kind}-{number}") for kind in kinds or ("sms", "email"))
    return DutyPerson(number, f"Person {number}", ways, lead)


def make_rota(*people: DutyPerson, on: tuple[int, ...] = (), rota: str = DUTY, at: datetime = NOW) -> Rota:
    """These people, and some of them on duty for a day around this moment, in this order."""
    begin = at - timedelta(hours=12)
    shifts = tuple(Shift(rota, who, begin + minutes(place), at + timedelta(days=1)) for place, who in enumerate(on))
    return Rota(MappingProxyType({each.id: each for each in people}), shifts)


def standing(level: str = "immediate", state: str = "open", step: int = 0, **more: object) -> Standing:
    return Standing(**({"level": level, "state": state, "step": step, "raised_at": NOW, "clock_from": NOW} | more))  # type: ignore[arg-type]


THREE = make_rota(person(ANN), person(BOB), person(CAT), person(LEAD, lead=True), on=(ANN, BOB, CAT))


def live(
    level: str, rota: Rota, until: timedelta, at: datetime = NOW, plan: policy.Policy = POLICY
) -> list[tuple[float, Action]]:
    """What happens to an alert that nobody acknowledges: after how many minutes, and what."""
    now, stands, done = at, standing(level, raised_at=at, clock_from=at), []
    while now - at <= until:
        action = next_action(plan, stands, rota, now)
        done.append(((now - at) / minutes(1), action))
        told = stands.told | {telling.person for telling in action.tell}
        stands = replace(stands, step=action.step, clock_from=action.clock_from, told=told)
        assert action.next_at > now
        now = action.next_at
    return done


def told(action: Action) -> list[Person]:
    return [telling.person for telling in action.tell]


# --- the timetable --------------------------------------------------------------------------------------------------


def test_immediate_goes_from_the_first_to_the_next_to_everyone_and_on_without_end() -> None:
    done = live("immediate", THREE, minutes(45))
    everyone: list[Person] = [ANN, BOB, CAT, LEAD, None]
    assert [(at, told(action)) for at, action in done] == [
        (0, [ANN]),
        (5, [BOB]),
        (10, everyone),
        (20, everyone),
        (30, everyone),
        (40, everyone),
    ]
    assert [action.alarm for _, action in done] == [False, False, True, True, True, True]
    assert all(len(telling.ways) == 2 for _, action in done for telling in action.tell)


@pytest.mark.parametrize("level", ["immediate", "concern"])
def test_b37_a_drill_is_told_to_whoever_is_on_duty_first_once_and_to_nobody_else(level: str) -> None:
    now, stands = NOW, standing(level, drill=True)
    tellings: list[list[Person]] = []
    for _ in range(40):
        action = next_action(POLICY, stands, THREE, now)
        assert action.next_at > now
        assert (action.alarm, action.reopen) == (False, False)
        tellings.append(told(action))
        now, stands = action.next_at, replace(stands, step=action.step, told=stands.told | frozenset(told(action)))
    assert tellings == [[ANN], *[[]] * 39]


@pytest.mark.parametrize("waited", [0, 45, 60, 600])
def test_b37_whoever_has_taken_a_drill_is_not_reminded_and_it_does_not_open_again(waited: float) -> None:
    taken = standing("concern", "acknowledged", 1, acknowledged_at=NOW, owner=ANN, drill=True)
    action = next_action(POLICY, taken, THREE, NOW + minutes(waited))
    assert (action.tell, action.reopen) == ((), False)


@pytest.mark.parametrize(
    ("now", "goes_to"),
    [
        ("2026-11-23T09:00", [ANN]),
        ("2026-11-23T16:59", [ANN]),
        ("2026-11-23T17:00", []),
        ("2026-11-24T03:00", []),
        ("2026-11-28T12:00", []),  # a Saturday
    ],
)
@pytest.mark.parametrize("rota", [DUTY, OUT_OF_HOURS])
def test_b37_a_drill_goes_in_cover_hours_alone_whoever_is_on_the_rota(
    now: str, goes_to: list[Person], rota: str
) -> None:
    at = datetime.fromisoformat(now).replace(tzinfo=UTC)
    people = make_rota(person(ANN), person(LEAD, lead=True), on=(ANN,), rota=rota, at=at)
    action = next_action(OFFICE, standing(raised_at=at, clock_from=at, drill=True), people, at)
    assert (told(action), action.step) == (goes_to, len(goes_to))
    assert at < action.next_at <= at + minutes(45)
    assert may_go(OFFICE, drill=True, now=at) == bool(goes_to)
    assert may_go(OFFICE, drill=False, now=at)


def test_b37_a_drill_that_is_lost_is_tried_by_the_next_way_to_the_same_person_and_hurries_to_nobody() -> None:
    stands = standing("concern", step=1, told=frozenset({ANN}), drill=True)
    one_left = Setback(ANN, "sms", 0, frozenset({"sms"}), another_works=False, over=True)
    assert after_setback(POLICY, stands, THREE, one_left, NOW) == (Telling(ANN, ("email",)), False)
    none_left = replace(one_left, tried=frozenset({"sms", "email"}))
    assert after_setback(POLICY, stands, THREE, none_left, NOW) == (None, False)
    assert after_setback(POLICY, replace(stands, drill=False), THREE, none_left, NOW) == (None, True)


def test_a_concern_takes_its_own_time() -> None:
    done = live("concern", THREE, minutes(180))
    assert [(at, told(action)) for at, action in done[:3]] == [(0, [ANN]), (15, [BOB]), (45, [CAT])]
    assert [at for at, _ in done[3:]] == [90, 135, 180]
    assert {tuple(told(action)) for _, action in done[3:]} == {(ANN, BOB, CAT, LEAD, None)}


def test_b11_nobody_acknowledges_for_48_hours_and_it_never_falls_silent() -> None:
    for level, every in (("immediate", 10), ("concern", 45)):
        for rota in (THREE, Rota()):
            done = live(level, rota, timedelta(hours=48))
            gaps = [later - at for (at, _), (later, _) in itertools.pairwise(done)]
            assert max(gaps) <= every
            assert all(action.tell for _, action in done)
            alarms = [action.alarm for _, action in done]
            assert alarms == sorted(alarms)
            assert alarms.count(False) <= 3


def test_b16_an_empty_rota_goes_to_the_fallback_at_once_and_an_empty_step_is_not_waited_out() -> None:
    done = live("immediate", Rota(), minutes(30))
    assert done[0] == (0, done[0][1])
    assert done[0][1].tell == (FALLBACK,)
    assert [at for at, _ in done] == [0, 5, 15, 25]
    assert [action.alarm for _, action in done] == [False, True, True, True]  # at 5 there is no next: everyone at once


@pytest.mark.parametrize(
    "rota",
    [
        make_rota(person(ANN), person(LEAD, lead=True)),
        make_rota(person(LEAD, lead=True), on=(ANN,)),
        make_rota(person(ANN, "voice"), on=(ANN,)),
        make_rota(person(ANN), on=(ANN,), at=NOW - timedelta(days=3)),
    ],
    ids=["no shift", "the person on duty is gone", "no way out leads to them", "the shift is over"],
)
def test_b16_whoever_cannot_be_told_leaves_no_gap(rota: Rota) -> None:
    assert next_action(POLICY, standing(), rota, NOW).tell == (FALLBACK,)


def test_the_organisations_own_ways_belong_to_the_fallback_and_second_carriers_wait_for_a_failure() -> None:
    every_way = replace(POLICY, ways_out=ALL_OUTS)
    assert next_action(every_way, standing(), Rota(), NOW).tell == (
        Telling(None, ("sms", "email", "teams", "webhook")),
    )
    assert escalation.ways_to(every_way, Rota(), None)[-2:] == ("notify_sms", "notify_email")


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (("sms", "email"), (), [(ANN, ("sms", "email"))]),
        (("voice", "sms", "email"), (), [(ANN, ("voice", "sms"))]),
        (("sms",), ("sms", "email"), [(ANN, ("sms",)), (BOB, ("email",))]),
        (("sms",), ("sms",), [(ANN, ("sms",)), (BOB, ("sms",))]),
        (("email",), (), [(ANN, ("email",)), (None, ("sms",))]),
    ],
)
def test_always_by_two_ways_when_there_are_two_anywhere(
    first: tuple[str, ...], second: tuple[str, ...], expected: list[tuple[Person, tuple[str, ...]]]
) -> None:
    people = [person(ANN, *first)] + ([person(BOB, *second)] if second else [])
    rota = make_rota(*people, on=tuple(each.id for each in people))
    plan = replace(POLICY, ways_out=frozenset({"sms", "email", "voice"}))
    found = next_action(plan, standing(), rota, NOW).tell
    assert [(telling.person, telling.ways) for telling in found] == expected


def test_b40_the_live_rota_counts_and_nobody_is_passed_over_when_somebody_leaves() -> None:
    begun = standing(step=1, told=frozenset({ANN}))
    without_ann = make_rota(person(BOB), person(CAT), on=(ANN, BOB, CAT))
    without_bob = make_rota(person(ANN), person(CAT), on=(ANN, BOB, CAT))
    assert told(next_action(POLICY, begun, without_ann, NOW + minutes(5))) == [BOB]
    assert told(next_action(POLICY, begun, without_bob, NOW + minutes(5))) == [CAT]
    handed_over = make_rota(person(ANN), person(BOB), on=(BOB,))
    assert told(next_action(POLICY, begun, handed_over, NOW + minutes(5))) == [BOB]


def test_after_an_outage_only_what_is_still_needed_goes() -> None:
    late = next_action(POLICY, standing(step=1, told=frozenset({ANN})), THREE, NOW + timedelta(hours=2))
    assert (told(late), late.alarm) == ([ANN, BOB, CAT, LEAD, None], True)
    assert late.next_at == NOW + timedelta(hours=2) + minutes(10)


# --- cover ----------------------------------------------------------------------------------------------------------


NIGHT = datetime(2026, 11, 23, 22, tzinfo=UTC)
MORNING = datetime(2026, 11, 24, 9, tzinfo=UTC)


def test_a_concern_waits_for_cover_only_where_nobody_is_meant_to_be_there() -> None:
    done = live("concern", Rota(), timedelta(hours=12), at=NIGHT, plan=OFFICE)
    assert [(at / 60, told(action)) for at, action in done[:2]] == [(0, []), (11, [None])]
    assert done[1][1].next_at == MORNING + minutes(15)  # the clock begins in the morning
    assert done[0][1].why


@pytest.mark.parametrize("level", ["immediate"])
def test_immediate_never_waits(level: str) -> None:
    assert told(next_action(OFFICE, standing(level), Rota(), NIGHT)) == [None]


@pytest.mark.parametrize(
    ("rota", "expected"),
    [
        (make_rota(person(ANN), on=(ANN,), rota=OUT_OF_HOURS, at=NIGHT), [ANN]),
        (make_rota(person(ANN), on=(ANN,), at=NIGHT), [ANN]),
        (make_rota(person(ANN), on=(ANN,), rota=OUT_OF_HOURS, at=NIGHT + timedelta(days=2)), [None]),
    ],
    ids=["out of hours on the same clock", "somebody is on duty anyway", "the out-of-hours rota has a gap"],
)
def test_with_an_out_of_hours_rota_nothing_waits(rota: Rota, expected: list[Person]) -> None:
    assert told(next_action(OFFICE, standing("concern", raised_at=NIGHT, clock_from=NIGHT), rota, NIGHT)) == expected


def test_over_a_weekend_a_concern_waits_twelve_hours_and_then_goes_to_the_fallback() -> None:
    done = live("concern", Rota(), timedelta(hours=13), at=SATURDAY, plan=OFFICE)
    assert [(at / 60, told(action)) for at, action in done[:2]] == [(0, []), (12, [None])]


def test_what_has_been_told_once_waits_no_more() -> None:
    evening = datetime(2026, 11, 23, 16, 55, tzinfo=UTC)
    done = live("concern", Rota(), timedelta(hours=3), at=evening, plan=OFFICE)
    assert all(action.tell for _, action in done)
    assert len(done) >= 4


# --- acknowledged ---------------------------------------------------------------------------------------------------


def taken(**more: object) -> Standing:
    return standing(state="acknowledged", step=2, acknowledged_at=NOW, **({"owner": BOB} | more))


def test_b12_the_owner_is_reminded_and_without_an_outcome_it_opens_again_and_is_told_again() -> None:
    quiet = next_action(POLICY, taken(), THREE, NOW)
    assert (quiet.tell, quiet.next_at, quiet.reopen) == ((), NOW + minutes(45), False)
    reminder = next_action(POLICY, taken(), THREE, NOW + minutes(45))
    assert (told(reminder), reminder.taken, reminder.reopen) == ([BOB], escalation.REMINDER, False)
    assert reminder.next_at == NOW + minutes(60)
    anew = next_action(POLICY, taken(), THREE, NOW + minutes(60))
    assert (anew.reopen, told(anew), anew.step, anew.clock_from) == (True, [ANN], 1, NOW + minutes(60))
    assert anew.next_at == NOW + minutes(65)


@pytest.mark.parametrize("owner", [None, 77])
def test_an_owner_who_cannot_be_told_leaves_the_reminder_to_the_fallback(owner: Person) -> None:
    assert told(next_action(POLICY, taken(owner=owner), THREE, NOW + minutes(45))) == [None]


def new_words(at: float, told_at: float | None = None, owner: Person = BOB) -> Standing:
    """An alert that is taken, with the minutes at which words came to it and at which its owner was told anything."""
    owner_told_at = None if told_at is None else NOW + minutes(told_at)
    return taken(words_at=NOW + minutes(at), owner_told_at=owner_told_at, owner=owner)


@pytest.mark.parametrize(
    ("stands", "minute", "what", "next_at"),
    [
        (new_words(20), 20, escalation.NEW_WORDS, 45),
        (new_words(-0.5), 1, escalation.NEW_WORDS, 45),
        (new_words(20, 20), 21, 0, 45),
        (new_words(22, 20), 22, 0, 25),
        (new_words(22, 20), 25, escalation.NEW_WORDS, 45),
        (new_words(42, 41), 45, escalation.REMINDER, 60),
        (new_words(42, 45), 46, 0, 60),
        (new_words(46, 45), 46, 0, 50),
        (new_words(46, 45), 50, escalation.NEW_WORDS, 60),
        (new_words(58, 57), 59, 0, 60),
        (new_words(90, 80), 20, escalation.NEW_WORDS, 45),
    ],
    ids=str,
)
def test_the_owner_is_told_of_new_words_at_once_and_at_a_pace_and_the_reminder_keeps_its_time(
    stands: Standing, minute: float, what: int, next_at: float
) -> None:
    found = next_action(POLICY, stands, THREE, NOW + minutes(minute))
    assert (found.taken if found.tell else 0, told(found)) == (what, [BOB] if what else [])
    assert (found.next_at, found.clock_from, found.reopen) == (NOW + minutes(next_at), NOW, False)


@pytest.mark.parametrize("told_at", [None, 59])
def test_new_words_do_not_put_off_that_it_opens_again(told_at: float | None) -> None:
    assert next_action(POLICY, new_words(59.5, told_at), THREE, NOW + minutes(60)).reopen


def test_new_words_of_an_alert_whose_owner_has_no_way_go_to_the_fallback() -> None:
    assert told(next_action(POLICY, new_words(20, owner=77), THREE, NOW + minutes(20))) == [None]


# --- setbacks -------------------------------------------------------------------------------------------------------


def setback(tried: set[str], way: str = "sms", works: bool = False, over: bool = True, who: Person = ANN) -> Setback:
    return Setback(who, way, 0, frozenset(tried), works, over)


BEGUN = standing(step=1, told=frozenset({ANN}))


@pytest.mark.parametrize(
    ("after", "instead", "hurry"),
    [
        (setback({"sms"}), Telling(ANN, ("email",)), False),
        (setback({"sms", "email"}), Telling(ANN, ("notify_sms",)), False),
        (setback({"sms", "email", "notify_sms", "notify_email"}), None, True),
        (setback({"sms", "email", "notify_sms", "notify_email"}, works=True), None, True),
        (setback({"sms", "email", "notify_sms", "notify_email"}, works=True, over=False), None, False),
        (setback({"sms", "email", "notify_sms", "notify_email"}, over=False), None, True),
        (setback({"teams"}, way="teams", works=True, who=None), None, False),
    ],
)
def test_b7_a_way_that_fails_starts_the_next_way_and_else_the_next_step(
    after: Setback, instead: Telling | None, hurry: bool
) -> None:
    plan = replace(POLICY, ways_out=ALL_OUTS)
    assert escalation.after_setback(plan, BEGUN, THREE, after, NOW) == (instead, hurry)


@pytest.mark.parametrize(
    ("stands", "rota"),
    [
        (standing(step=1, told=frozenset({None})), Rota()),
        (standing(step=2, told=frozenset({ANN, BOB, CAT, LEAD, None})), THREE),
        (standing(step=2, told=frozenset({ANN, BOB})), THREE),
        (replace(BEGUN, state="acknowledged", acknowledged_at=NOW), THREE),
    ],
    ids=["nobody else is there", "everyone was told", "a later step was taken", "somebody has it"],
)
def test_hurry_is_no_flood(stands: Standing, rota: Rota) -> None:
    found = escalation.after_setback(POLICY, stands, rota, setback({"sms", "email"}), NOW)
    assert found == (None, False)


# --- whatever happens -----------------------------------------------------------------------------------------------

PEOPLE = [person(1), person(2, "sms"), person(3, "voice", "email"), person(4, lead=True), person(5, "voice")]
rotas = st.builds(
    make_rota,
    *([st.just(each) for each in PEOPLE]),
    on=st.lists(st.integers(1, 7), max_size=4).map(tuple),
    rota=st.sampled_from([DUTY, OUT_OF_HOURS]),
    at=st.sampled_from([NOW, NOW + timedelta(days=1), NOW - timedelta(days=2)]),
)
jumps = st.sampled_from([timedelta(hours=1), timedelta(hours=-1), timedelta(days=1), timedelta(days=-1)])
happenings = st.one_of(
    st.tuples(st.just("wait"), st.floats(0, 90).map(minutes)),
    st.tuples(st.just("jump"), jumps),
    st.tuples(st.sampled_from(["acknowledge", "rise", "hurry", "due", "words", "told"]), st.just(timedelta())),
)
plans = st.sampled_from([POLICY, OFFICE, replace(POLICY, ways_out=ALL_OUTS), replace(OFFICE, cover="22:00-06:00")])


def happen(stands: Standing, what: str, now: datetime) -> Standing:
    if what == "acknowledge" and stands.state == "open":
        return replace(stands, state="acknowledged", acknowledged_at=now, clock_from=now, owner=2)
    if what in ("words", "told") and stands.state == "acknowledged":
        return replace(stands, **{"words_at" if what == "words" else "owner_told_at": now})
    if what == "rise":
        return replace(stands, level="immediate", state="open", step=0, clock_from=now, told=frozenset())
    return stands


def check(plan: policy.Policy, stands: Standing, action: Action, now: datetime) -> None:
    table = plan.timetable(stands.level)
    longest = plan.outcome_within if stands.state == "acknowledged" and not action.reopen else table.every
    waits = stands.state == "open" and not action.tell
    assert not waits or (stands.step == 0 and table.waits_for_cover)
    assert now < action.next_at <= now + (plan.longest_wait if waits else longest)
    assert 0 <= action.step < len(table.steps)
    assert all(telling.ways and set(telling.ways) <= plan.ways_out for telling in action.tell)
    assert len(set(told(action))) == len(action.tell)
    assert action.clock_from <= now or waits


@given(
    plans, st.sampled_from(["immediate", "concern", "wellbeing"]), st.lists(st.tuples(happenings, rotas), max_size=12)
)
def test_b2_and_b19_whatever_happens_there_is_a_next_moment_and_it_is_near(
    plan: policy.Policy, level: str, history: list[tuple[tuple[str, timedelta], Rota]]
) -> None:
    now, stands = NOW, standing(level)
    for (what, by), rota in history:
        now += by
        stands = happen(stands, what, now)
        action = next_action(plan, stands, rota, now)
        check(plan, stands, action, now)
        assert action == next_action(plan, stands, rota, now)
        kept = frozenset() if action.reopen else stands.told
        stands = replace(
            stands,
            step=action.step,
            clock_from=action.clock_from,
            state="open" if action.reopen else stands.state,
            told=kept | set(told(action)),
        )


@given(rotas, st.lists(jumps, max_size=6))
def test_b19_a_clock_that_jumps_makes_no_flood_and_puts_nothing_off(rota: Rota, jumped: list[timedelta]) -> None:
    stands, true, off = standing(), NOW, timedelta()
    tellings = []
    for jump in [timedelta(), *jumped]:
        off += jump
        for _ in range(3):
            action = next_action(POLICY, stands, rota, true + off)
            tellings.append(true)
            stands = replace(stands, step=action.step, clock_from=action.clock_from)
            true = action.next_at - off
    gaps = [later - at for at, later in itertools.pairwise(tellings)]
    assert all(timedelta() < gap <= minutes(10) for gap in gaps)


# --- what else is decided here --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("tries", "seconds"), [(1, 5), (2, 20), (3, 25), (4, None), (50, None), (0, None), (-1, None)])
def test_a_failed_try_is_made_again_after_growing_waits_and_then_left(tries: int, seconds: int | None) -> None:
    expected = None if seconds is None else NOW + timedelta(seconds=seconds)
    assert escalation.retry_at(tries, NOW) == expected


@pytest.mark.parametrize(("tries", "seconds"), [(1, 5), (2, 20), (3, 60), (4, None), (0, None)])
def test_a_text_to_a_young_person_is_tried_for_longer(tries: int, seconds: int | None) -> None:
    expected = None if seconds is None else NOW + timedelta(seconds=seconds)
    assert escalation.retry_at(tries, NOW, escalation.MESSAGE_WAITS) == expected


@pytest.mark.parametrize(("lasted", "wait"), [(0, 20), (600, 20), (1800, 60), (9000, 300), (86_400, 300), (-3600, 20)])
def test_an_alert_that_no_way_carries_is_tried_again_soon_and_never_more_than_five_minutes_later(
    lasted: int, wait: int
) -> None:
    assert escalation.unreached_at(NOW - timedelta(seconds=lasted), NOW) == NOW + timedelta(seconds=wait)


def test_every_retry_is_over_before_the_next_step() -> None:
    steps = POLICY.levels["immediate"].steps
    assert sum(escalation.RETRY_WAITS, timedelta()) < min(steps[1].after, POLICY.levels["immediate"].every)


def test_more_than_one_way_leads_to_the_duty_worker_and_every_outcome_says_what_was_done() -> None:
    assert len(set(escalation.WAYS)) >= 2
    assert all(escalation.OUTCOMES.values())
    assert all(len(code) <= 32 and len(words) <= 200 for code, words in escalation.OUTCOMES.items())
