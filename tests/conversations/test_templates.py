"""What a duty worker may write, and when it may go: every rule with what it lets through and what it stops."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest

from conversations import hearing, templates
from conversations.script import load_words
from conversations.segments import count, is_gsm7
from conversations.templates import Draft, Ruling, Standing, is_safe_time, ruling, sensitive_words
from tests.fakes import NOON

PHONE = Standing(by_text=True, on_page=False)
YES = replace(PHONE, ok=True)
NO = replace(PHONE, ok=False)
BOOK = templates.load()
WARM = "Hi, it is Ana. Are you OK?"
OPEN = "Hi, I am a social worker. Are you safe?"


@pytest.mark.parametrize("language", sorted(load_words()))
@pytest.mark.parametrize("code", sorted(BOOK.templates))
def test_b33_every_wording_is_short_and_complete_in_every_language(language: str, code: str) -> None:
    words = templates.wording(BOOK.templates[code], language, "Christopher", "08:00 tomorrow")
    size = count(words)
    assert size.segments <= templates.MOST_SEGMENTS[size.encoding]
    assert language != "en" or is_gsm7(words)
    assert "{" not in words


def test_b33_some_wordings_give_nothing_away_and_others_are_known_to() -> None:
    quiet = {code for code, each in BOOK.templates.items()
             if not sensitive_words(templates.wording(each, "en", "Ana", "20:00 today"))}
    assert {"ok", "hello", "again"} <= quiet
    assert not quiet & {"safe", "danger", "times", "bye"}


@pytest.mark.parametrize(("text", "found"), [
    (OPEN, ("social", "worker", "safe")),
    ("The POLICE are coming", ("POLICE",)),
    ("did he hit you or hurt you", ("hit you", "hurt")),
    ("children\u2019s services here", ("children's",)),
    ("this is Demo Council", ("Council", "Demo Council")),
    (WARM, ()),
    ("I have a carton of cherries, ok?", ()),
    ("Text me back when you can, from Ana", ()),
])
def test_b33_sensitive_words_are_found_and_others_are_not(text: str, found: tuple[str, ...]) -> None:
    assert sensitive_words(text, ("Demo Council",)) == found


@pytest.mark.parametrize(("standing", "draft", "state", "reason"), [
    (YES, Draft(OPEN), "due", None),
    (PHONE, Draft(OPEN), "waiting", None),
    (PHONE, Draft("Is it OK?", "ok"), "due", templates.ASKING),
    (NO, Draft("Is it OK?", "ok"), "", None),
    (NO, Draft(WARM), "", None),
    (NO, Draft(WARM, reason="danger"), "due", "danger"),
    (PHONE, Draft(WARM, reason="danger"), "due", "danger"),
    (PHONE, Draft(OPEN, reason="danger"), "", None),
    (PHONE, Draft("Hej, tu Ana. Czy wszystko OK?", "hello", "danger"), "due", "danger"),
    (PHONE, Draft("Hej, tu Ana. Czy grozi Ci co\u015b?", "safe", "danger"), "", None),
    (PHONE, Draft(OPEN, reason="by_phone"), "due", "by_phone"),
    (PHONE, Draft(WARM, reason="made up"), "", None),
    (PHONE, Draft(WARM, reason="just_texted"), "", None),
    (replace(PHONE, texted_at=NOON - timedelta(minutes=10)), Draft(OPEN, reason="just_texted"), "due", "just_texted"),
    (replace(PHONE, texted_at=NOON - timedelta(minutes=11)), Draft(OPEN, reason="just_texted"), "", None),
    (replace(YES, safe_times="evenings"), Draft(OPEN), "", None),
    (replace(YES, safe_times="evenings"), Draft(OPEN, reason="danger"), "due", "danger"),
    (replace(YES, safe_times="evenings"), Draft("Is it OK?", "ok"), "", None),
    (replace(YES, safe_times="any"), Draft(OPEN), "due", None),
    (YES, Draft("  "), "", None),
    (YES, Draft("a" * 306), "due", None),
    (YES, Draft("a" * 307), "", None),
    (YES, Draft("ж" * 268), "due", None),
    (YES, Draft("ж" * 269), "", None),
    (Standing(by_text=False, on_page=True), Draft(OPEN), "due", None),
    (Standing(by_text=False, on_page=False), Draft(WARM, reason="danger"), "", None),
])
def test_a_message_goes_waits_or_is_refused_with_a_reason(
    standing: Standing, draft: Draft, state: str, reason: str | None
) -> None:
    found = ruling(standing, draft, NOON)
    assert (found.state, found.reason) == (state, reason)
    assert bool(found.why_not) == (not state)


def test_what_is_refused_says_which_words_to_leave_out() -> None:
    assert ruling(PHONE, Draft(OPEN, reason="danger"), NOON).why_not == templates.UNASKED.format(
        words="social, worker, safe"
    )
    assert ruling(replace(YES, safe_times="evenings"), Draft(WARM), NOON) == Ruling(
        "", why_not=templates.NOT_NOW.format(times="evenings")
    )


MONDAY_NOON, SATURDAY_NOON = NOON, NOON + timedelta(days=5)


@pytest.mark.parametrize(("chosen", "moment", "safe"), [
    ("", MONDAY_NOON, True),
    ("any", MONDAY_NOON.replace(hour=3), True),
    ("after_school", MONDAY_NOON, False),
    ("after_school", MONDAY_NOON.replace(hour=15, minute=29), False),
    ("after_school", MONDAY_NOON.replace(hour=15, minute=30), True),
    ("after_school", MONDAY_NOON.replace(hour=21), False),
    ("after_school", SATURDAY_NOON.replace(hour=16), False),
    ("evenings", SATURDAY_NOON.replace(hour=18), True),
    ("evenings,not_weekends", SATURDAY_NOON.replace(hour=18), False),
    ("after_school,evenings", MONDAY_NOON.replace(hour=21, minute=30), True),
    ("not_weekends", MONDAY_NOON, True),
    ("not_weekends", SATURDAY_NOON, False),
    ("after_school", datetime(2026, 7, 6, 14, 29, tzinfo=UTC), False),
    ("after_school", datetime(2026, 7, 6, 14, 30, tzinfo=UTC), True),
    ("a word that we do not know", MONDAY_NOON, True),
])
def test_safe_times_hold_in_local_time(chosen: str, moment: datetime, safe: bool) -> None:
    assert is_safe_time(chosen, moment) == safe


def test_the_times_that_are_heard_are_those_that_the_book_knows_in_their_order() -> None:
    assert [each.code for each in hearing.WHEN] == list(BOOK.times)


@pytest.mark.parametrize(("clock", "language", "words"), [
    (time(20), "en", "20:00 today"), (time(8), "en", "08:00 tomorrow"), (time(12), "en", "12:00 tomorrow"),
    (time(20), "pl", "20:00, 23/11"), (time(8), "ar", "08:00, 24/11"),
])
def test_the_next_text_is_promised_for_the_next_such_time(clock: time, language: str, words: str) -> None:
    assert templates.spoken_time(clock, language, NOON) == words


@pytest.mark.parametrize(("state", "status", "error", "told"), [
    ("waiting", None, None, "Waits for them to say that it is OK to text"),
    ("sent", None, None, "Sent"),
    ("sent", "queued", None, "Sent"),
    ("sent", "delivered", None, "Arrived on their phone"),
    ("sent", "undelivered", "30006",
     "Did not arrive: their number is a landline, or its network cannot be reached (30006)"),
    ("failed", None, "21610", "Did not go: they have stopped texts from us (21610)"),
    ("failed", None, "ConnectTimeout", "Did not go: ConnectTimeout"),
    ("due", None, "20429", "Going out now"),
    ("cancelled", None, "stop", "Not sent: they sent STOP"),
])
def test_staff_read_what_became_of_a_message(state: str, status: str | None, error: str | None, told: str) -> None:
    assert templates.fate(state, status, error) == told
