"""Around a worry, through the whole house: what is kept of it, what is said, and that nobody is asked on."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from conversations import alerts, escalation, retention, store
from conversations.models import AlertRow, AlertWordsRow, ClosedDraftRow, ConversationRow
from tests.fakes import Clock
from tests.make import Phone
from tests.seeds import acknowledge

WORRY, SAD = "stop him hurting me", "im really sad all the time"


def begun(phone: Phone) -> Phone:
    phone.says("hi")
    phone.says("skip")
    return phone


def alert(session: Session) -> AlertRow:
    session.rollback()
    return session.scalars(select(AlertRow).execution_options(populate_existing=True)).one()


def history(session: Session) -> list[str]:
    return [event.what for event in alerts.timeline(session, alert(session).id)]


def close(session: Session, clock: Clock) -> None:
    found = alert(session)
    assert acknowledge(session, found.id, "kim", clock())
    assert alerts.record_outcome(session, found.id, "kim", next(iter(escalation.OUTCOMES)), clock())
    session.commit()


@pytest.mark.parametrize(("reply", "what"), [("1", "ok to text"), ("yes", "ok to text"), ("2", "not ok to text")])
def test_whether_a_text_is_all_right_stands_in_the_history(
    phone: Phone, session: Session, reply: str, what: str
) -> None:
    begun(phone)
    assert "Is it OK to text you here?" in phone.says(WORRY)[0]
    heard = "".join(phone.says(reply))
    assert heard.startswith("Thank you. The duty worker will see this too.")
    assert ("When is it safe to text you?" in heard) == (what == "ok to text")
    assert history(session).count(what) == 1
    assert len(session.scalars(select(AlertWordsRow)).all()) == 1
    assert session.scalars(select(ConversationRow.state)).one()["reach_ok"] == ("no" if reply == "2" else "yes")


def test_words_beside_that_answer_reach_the_duty_worker_too(phone: Phone, session: Session) -> None:
    begun(phone).says(WORRY)
    phone.says("1 but not after school")
    assert "ok to text" in history(session)
    assert len(session.scalars(select(AlertWordsRow)).all()) == 2


def test_nobody_with_an_open_alert_is_asked_nudged_or_begun_anew(phone: Phone, session: Session) -> None:
    begun(phone).says(WORRY)
    phone.says("1")
    for body in ("ok", "skip", "back", "CHECKIN", "MEETING", "start", "english", "i will tell you more"):
        said = " ".join(phone.says(body))
        assert said
        assert "Reply" not in said
        assert "?" not in said.replace("In danger now?", "")
    row = session.execute(select(ConversationRow.nudge_at, ConversationRow.alert_id)).one()
    assert row.nudge_at is None
    assert row.alert_id == alert(session).id


def test_once_it_is_closed_the_next_text_is_asked_whether_to_carry_on(
    phone: Phone, session: Session, clock: Clock
) -> None:
    begun(phone).says(WORRY)
    close(session, clock)
    assert "Carry on?" in phone.says("hello")[0]
    assert "how much did they listen" in phone.says("1")[0]


def test_stop_while_an_alert_is_open_says_that_they_cannot_be_texted(phone: Phone, session: Session) -> None:
    begun(phone).says(WORRY)
    assert not alert(session).cannot_be_texted
    assert phone.says("STOP") == []
    assert alert(session).cannot_be_texted


@pytest.mark.parametrize(
    ("reply", "level", "reason"),
    [
        ("2", "immediate", "context:not-safe"),
        ("3", "concern", "context:asked-for-someone"),
        ("nvm forget it", "concern", "context:taken-back"),
        ("i cry every night", "concern", "context:second-worry"),
        ("im not", "immediate", "context:not-safe"),
        ("1 but only til he gets home", "concern", "context:not-sure-safe"),
        ("STOP", "concern", "context:stopped"),
        ("nine nine nine", "immediate", "context:999"),
        ("999", "immediate", "context:999"),
    ],
)
def test_what_the_context_raises_is_a_real_alert(
    phone: Phone, session: Session, reply: str, level: str, reason: str
) -> None:
    assert "Are you safe right now?" in begun(phone).says(SAD)[-1]
    phone.says(reply)
    found = alert(session)
    assert found.level == level
    assert reason in found.reasons
    assert found.cannot_be_texted == (reply == "STOP")


def test_the_sad_text_alone_raises_no_alert_and_is_answered_in_one_text(phone: Phone, session: Session) -> None:
    assert len(begun(phone).says(SAD)) == 1
    assert "A worker will read this tomorrow at the latest." in phone.heard[0]
    assert session.scalars(select(AlertRow)).all() == []


def test_where_the_network_answers_help_we_say_nothing_more(phone: Phone) -> None:
    assert begun(phone).says("HELP", OptOutType="HELP") == []
    assert "Are you safe right now?" in phone.says("HELP")[-1]


def asked_at_the_end(phone: Phone, session: Session) -> None:
    begun(phone)
    while not session.scalars(select(ConversationRow.state)).one()["ending"]:
        session.rollback()
        phone.says("skip")
    session.rollback()
    assert "Are you safe right now?" in phone.says(SAD)[-1]


@pytest.mark.parametrize(("hours", "reply"), [(1.1, "2"), (23, "no"), (23, "im not")])
def test_who_is_asked_with_the_last_answer_may_take_their_time(
    phone: Phone, session: Session, clock: Clock, hours: float, reply: str
) -> None:
    asked_at_the_end(phone, session)
    clock.forward(hours=hours)
    retention.close_expired(session, clock())
    session.commit()
    assert phone.says(reply)[0].startswith("You did the right thing")
    assert alert(session).level == "immediate"


def test_once_it_is_answered_the_conversation_ends_as_soon_as_any(phone: Phone, session: Session, clock: Clock) -> None:
    asked_at_the_end(phone, session)
    assert "If things change" in phone.says("1")[0]
    assert session.scalars(select(ConversationRow.expires_at)).one() == clock() + store.REST


def test_a_conversation_does_not_end_before_they_could_answer(phone: Phone, session: Session, clock: Clock) -> None:
    begun(phone)
    clock.forward(hours=71.9)
    phone.says(SAD)
    clock.forward(hours=2)
    retention.close_expired(session, clock())
    session.commit()
    assert phone.says("no")[0].startswith("You did the right thing")


@pytest.mark.parametrize(("reply", "raised"), [("2", True), ("hiya", False), ("no", True), ("CHECKIN", False)])
def test_what_begins_after_it_has_expired_knows_that_it_was_asked(
    phone: Phone, session: Session, clock: Clock, reply: str, raised: bool
) -> None:
    begun(phone).says(SAD)
    clock.forward(hours=73)
    phone.says(reply)
    assert len(session.scalars(select(AlertRow)).all()) == raised
    assert session.scalars(select(ConversationRow.state)).one()["safe_stands"] == (not raised)


def test_a_draft_says_nothing_of_when_we_asked(phone: Phone, session: Session, clock: Clock) -> None:
    begun(phone).says(SAD)
    assert session.scalars(select(ConversationRow.state)).one()["safe_asked_at"] == clock().isoformat()
    session.rollback()
    clock.forward(hours=73)
    retention.close_expired(session, clock())
    assert session.scalars(select(ClosedDraftRow.draft)).one()["safe_asked_at"] == ""


# --- what follows a disclosure --------------------------------------------------------------------------------------


def ended(phone: Phone) -> Phone:
    """Past the last question: all of them skipped."""
    begun(phone)
    for _ in range(12):
        phone.says("skip")
    return phone


def words_of_the_alert(session: Session) -> int:
    session.rollback()
    return session.scalar(select(func.count()).select_from(AlertWordsRow)) or 0


@pytest.mark.parametrize(("over", "when"), [(True, timedelta(minutes=50)), (False, timedelta(hours=71, minutes=40))])
def test_what_follows_a_disclosure_reaches_the_same_alert(
    phone: Phone, session: Session, clock: Clock, over: bool, when: timedelta
) -> None:
    (ended if over else begun)(phone)
    clock.forward(seconds=when.total_seconds())
    phone.says(WORRY)
    clock.forward(hours=23)
    session.rollback()
    retention.close_expired(session, clock())
    session.commit()
    assert phone.says("he is coming up the road")[0].startswith("Thank you. The duty worker will see this too.")
    clock.forward(hours=23)
    phone.says("please hurry")
    assert words_of_the_alert(session) == 3


def test_it_is_held_open_for_a_day_and_once_the_alert_is_closed_no_longer(
    phone: Phone, session: Session, clock: Clock
) -> None:
    def until() -> timedelta:
        session.rollback()
        return session.scalars(select(ConversationRow.expires_at)).one() - clock()

    ended(phone)
    assert until() == timedelta(hours=1)
    phone.says(WORRY)
    assert until() == timedelta(hours=24)
    close(session, clock)
    phone.says("hello")
    assert until() == timedelta(hours=1)


def test_a_running_conversation_that_lasts_for_longer_is_not_cut_short(
    phone: Phone, session: Session, clock: Clock
) -> None:
    begun(phone).says(WORRY)
    clock.forward(hours=1)
    phone.says("please hurry")
    session.rollback()
    assert session.scalars(select(ConversationRow.expires_at)).one() - clock() == timedelta(hours=71)


# --- a picture, a STOP ----------------------------------------------------------------------------------------------

PICTURE = {"NumMedia": "1", "MediaUrl0": "https://example.org/x", "MediaContentType0": "image/jpeg"}


@pytest.mark.parametrize(("before", "keyword"), [("2", "CHECKIN"), ("2", "MEETING"), ("1", "MEETING")])
def test_whoever_sent_a_picture_is_still_asked_after_a_keyword(
    phone: Phone, session: Session, before: str, keyword: str
) -> None:
    begun(phone).says("", **PICTURE)
    phone.says(before)
    assert "?" in "".join(phone.says(keyword))
    assert "The duty worker will see this too." not in "".join(phone.says("skip"))
    session.rollback()
    state = session.scalars(select(ConversationRow.state)).one()
    assert state["unread"]
    assert state["alert"], "DELETE must say what stays"
    assert "Is it OK to text you here?" in "".join(phone.says(WORRY))
    assert alert(session).level == "concern"


def test_the_alert_of_somebody_who_said_stop_shows_that_they_cannot_be_texted(phone: Phone, session: Session) -> None:
    begun(phone).says("STOP")
    phone.says(WORRY)
    assert alert(session).cannot_be_texted
    assert history(session).count("cannot be texted") == 1


def test_the_alert_of_somebody_who_took_stop_back_does_not(phone: Phone, session: Session) -> None:
    begun(phone).says("STOP")
    phone.says("START")
    phone.says(WORRY)
    assert not alert(session).cannot_be_texted
    assert "cannot be texted" not in history(session)


def test_start_after_such_an_alert_lifts_it(phone: Phone, session: Session) -> None:
    begun(phone).says("STOP")
    phone.says(WORRY)
    phone.says("START")
    assert not alert(session).cannot_be_texted
    phone.says("he is coming up the road")
    assert not alert(session).cannot_be_texted
