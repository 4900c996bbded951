"""Texts that Twilio has and we do not: which are found, when, and what is still said to whoever sent them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete

from bot import reconcile
from conversations.keys import keyed_hash
from conversations.models import HeartbeatRow
from conversations.script import load_words
from conversations.staff_models import StaffNumberRow
from tests.bot.town import KIT, RISK, SAM, Town

LATE_WORDS = load_words()["en"].line("found_late")


@pytest.fixture
def database_url(sqlite_database_url: str) -> str:
    """One database is enough for what is found and said; what rows and locks decide is tested on both."""
    return sqlite_database_url


def test_what_its_webhook_brought_is_not_found_again_and_not_late(town: Town) -> None:
    town.texts(RISK)
    town.texts("hi", KIT)
    assert town.find(seconds=61) == 0
    assert [alert.late for alert in town.alerts()] == [False]
    assert "found later" not in town.history()


def test_it_looks_once_a_minute_and_leaves_what_may_still_be_on_its_way(town: Town) -> None:
    town.clock.forward(seconds=50)
    town.missed("hi")
    assert town.find(seconds=5) == 0  # not due
    assert town.find(seconds=10) == 0  # fifteen seconds old
    assert town.find(seconds=50) == 0  # not due
    assert town.find(seconds=10) == 1


def test_texts_by_whatsapp_are_found_too_and_texts_to_others_are_not_looked_at(town: Town) -> None:
    town.missed("hi", f"whatsapp:{SAM}")
    town.missed("hi", KIT, To="+447700900777")
    assert town.find(seconds=61) == 1


def test_a_log_that_cannot_be_read_is_read_again_a_minute_later_and_nothing_is_lost(town: Town) -> None:
    town.missed(RISK)
    for status in (500, 429):
        town.carrier.log_refused = status
        for _ in range(3):
            assert town.find(seconds=61) == 0
        assert not town.alerts()
    assert not reconcile.behind(town.session, town.clock() - timedelta(minutes=3))
    assert reconcile.behind(town.session, town.clock())
    town.carrier.log_refused = 0
    assert town.find(seconds=61) == 1
    assert not reconcile.behind(town.session, town.clock())
    assert len(town.alerts()) == 1


def test_the_first_look_goes_back_an_hour_and_leaves_what_was_texted_to_somebody_else(town: Town) -> None:
    town.session.execute(delete(HeartbeatRow))
    town.session.commit()
    town.missed("old", KIT)
    town.clock.forward(minutes=75)
    town.missed("new", SAM)
    assert town.find(seconds=61) == 1


def test_switched_off_it_asks_nobody(town: Town) -> None:
    town.missed(RISK)
    off = replace(town.parts, settings=replace(town.parts.settings, reconcile=False))
    town.clock.forward(minutes=2)
    assert reconcile.find_missed(town.session, off, town.contacts()) == 0


# --- what they are told ---------------------------------------------------------------------------------------------


def test_within_the_hour_a_found_text_is_answered_as_usual_by_a_text_of_its_own(town: Town) -> None:
    town.missed("hi")
    assert town.find(minutes=50) == 1
    due = town.outbox()
    assert "Staff at Demo Council" in due[0].body
    assert "How old" in " ".join(text.body for text in due)
    assert {text.due_at for text in due} <= {town.clock() - timedelta(microseconds=n) for n in range(9)}
    assert town.texts("2").said  # and the conversation goes on


def test_an_answer_that_is_found_within_the_hour_counts_though_half_an_hour_has_passed(town: Town) -> None:
    town.texts("hi")
    town.clock.forward(minutes=2)
    town.missed("2")
    assert town.find(minutes=45) == 1
    assert list(town.state()["answers"].values()) == [["12-15"]]


@pytest.mark.parametrize("body", ["hi", "they listened to me at the meeting", "2"])
def test_later_an_ordinary_text_is_kept_and_not_answered(town: Town, body: str) -> None:
    town.texts("hi")
    before = town.state()
    town.clock.forward(minutes=1)
    town.missed(body)
    assert town.find(hours=3) == 1
    after = town.state()
    assert town.outbox() == []
    assert (after["step"], after["awaiting"], after["answers"]) == (before["step"], before["awaiting"], {})
    assert [comment["text"] for comment in after["comments"]] == [body]


@pytest.mark.parametrize(("hours", "due_hours"), [(3, 3), (10, 21), (14, 21)])
def test_later_a_worry_is_told_that_it_was_late_and_by_day_only(town: Town, hours: int, due_hours: int) -> None:
    sent_at = town.clock()
    town.missed(RISK)
    assert town.find(hours=hours) == 1
    due = town.outbox()
    assert [text.body for text in due] == [LATE_WORDS]
    assert timedelta(hours=due_hours - 1) < due[0].due_at - sent_at < timedelta(hours=due_hours + 1)
    assert [(alert.late, alert.raised_at) for alert in town.alerts()] == [(True, town.clock())]
    assert town.state()["awaiting"] == "rest"
    assert "1 for yes" not in LATE_WORDS  # nothing is asked that "yes" could answer


def test_words_for_a_late_worry_are_true_short_and_repeat_nothing() -> None:
    assert len(LATE_WORDS) <= 160
    assert "A person will read it" in LATE_WORDS
    assert all(number in LATE_WORDS for number in ("999", "0800 1111"))


SAD = "im really sad all the time"


def asked_whether_safe(town: Town) -> None:
    town.texts("hi")
    town.texts("skip")
    assert "Are you safe right now?" in " ".join(town.texts(SAD).said)
    town.clock.forward(minutes=1)


@pytest.mark.parametrize(
    ("body", "level", "reason"),
    [
        ("2", "immediate", "context:not-safe"),
        ("no", "immediate", "context:not-safe"),
        ("3", "concern", "context:asked-for-someone"),
        ("not sure", "concern", "context:not-sure-safe"),
    ],
)
def test_not_safe_that_is_found_late_is_told_and_answered_as_late(
    town: Town, body: str, level: str, reason: str
) -> None:
    asked_whether_safe(town)
    town.missed(body)
    assert town.find(hours=2) == 1
    assert [(alert.level, alert.late, reason in alert.reasons) for alert in town.alerts()] == [(level, True, True)]
    assert [text.body for text in town.outbox()] == [LATE_WORDS]
    assert not town.state()["safe_stands"]


def test_safe_that_is_found_late_raises_nothing_and_the_question_is_over(town: Town) -> None:
    asked_whether_safe(town)
    town.missed("1")
    assert town.find(hours=2) == 1
    assert (town.alerts(), town.outbox()) == ([], [])
    assert (town.state()["safe_stands"], town.state()["awaiting"]) == (False, "carry_on")


def test_what_was_texted_before_we_asked_whether_they_are_safe_does_not_answer_it(town: Town) -> None:
    town.texts("hi")
    town.texts("skip")
    town.missed("2")
    town.clock.forward(seconds=5)
    town.texts(SAD)
    assert town.find(hours=2) == 1
    assert town.alerts() == []
    assert town.state()["safe_stands"]


@pytest.mark.parametrize("said", [("hello?",), ("hello?", "ok"), ("skip",), ("skip", "1")])
def test_not_safe_that_is_found_soon_counts_though_we_have_spoken_since(town: Town, said: tuple[str, ...]) -> None:
    asked_whether_safe(town)
    town.missed("2")
    town.clock.forward(seconds=20)
    for body in said:
        town.texts(body)
    assert town.find(seconds=61) == 1
    assert [(alert.level, alert.late) for alert in town.alerts()] == [("immediate", True)]
    assert town.outbox()[-1].body.startswith("You did the right thing")


def test_a_stop_that_is_found_late_is_obeyed_in_silence(town: Town) -> None:
    town.texts("hi")
    town.missed("STOP")
    assert town.find(hours=5) == 1
    assert town.outbox() == []
    assert town.state()["ending"] == "stopped"


def test_a_keyword_that_is_found_late_resets_nothing(town: Town) -> None:
    town.missed("MEETING north")
    town.clock.forward(minutes=1)
    town.texts("hi")
    assert town.find(hours=2) == 1
    assert town.state()["script"] == "check-in"


def test_a_text_that_we_have_gone_on_without_is_kept_and_not_answered(town: Town) -> None:
    town.missed("hello there people")
    town.clock.forward(seconds=10)
    assert "How old" in " ".join(town.texts("hi").said)
    assert town.find(seconds=61) == 1
    assert town.outbox() == []
    assert town.state()["comments"][0]["text"] == "hello there people"


def test_a_worry_that_we_have_gone_on_without_gets_its_words(town: Town) -> None:
    town.missed(RISK)
    town.clock.forward(seconds=10)
    town.texts("hi")
    assert town.find(seconds=61) == 1
    assert town.outbox()[0].body.startswith("Thank you for telling us")


def test_a_repeat_of_a_found_text_gets_no_second_reply(town: Town) -> None:
    sid = town.missed("hi").sid
    town.find(seconds=61)
    town.session.rollback()
    assert town.carrier.repeat(sid).said == ()
    assert town.received() == 1


def test_staff_and_landlines_are_screened_when_found(town: Town) -> None:
    town.session.add(StaffNumberRow(number=keyed_hash("staff-number", KIT, town.parts.settings.record_key)))
    town.session.commit()
    town.missed(RISK, KIT)
    town.missed(RISK, "+441312000000")
    town.missed("hello", KIT)
    assert town.find(seconds=61) == 3
    assert [(alert.late, alert.level) for alert in town.alerts()] == [(True, "concern")] * 2
    assert town.outbox() == []


def test_a_text_that_no_step_of_ours_can_take_is_looked_at_by_a_person(town: Town, caplog: Any) -> None:
    town.missed("hi")
    town.parts = replace(town.parts, scripts={})
    assert town.find(minutes=2) == 0
    assert town.find(minutes=2) == 0
    assert not town.alerts()
    assert town.find(minutes=2) == 1
    raised = town.alerts()
    assert [(alert.assessed, alert.level, alert.late) for alert in raised] == [(False, "concern", True)]
    assert reconcile.FAULT in raised[0].reasons
    assert town.find(minutes=2) == 0
    assert len(town.alerts()) == 1
    assert SAM not in caplog.text


def test_b34_one_that_cannot_be_taken_stops_none_of_the_others(town: Town) -> None:
    scripts = dict(town.parts.scripts)
    scripts["after-meeting"] = replace(scripts["after-meeting"], steps=())  # whoever begins it falls
    town.parts = replace(town.parts, scripts=scripts)
    town.missed("MEETING", KIT)
    town.missed(RISK, SAM)
    assert town.find(seconds=61) == 1
    assert [alert.level for alert in town.alerts()] == ["concern"]
    assert town.find(minutes=3) == 0
    assert reconcile.behind(town.session, town.clock() + reconcile.BEHIND)
    assert town.find(minutes=3) == 1
    assert [alert.assessed for alert in town.alerts()] == [True, False]
