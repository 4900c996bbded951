"""Flagging a comment as a risk, and saying that the screen was wrong: who may, what it leaves, and what it says."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select

from bot import marking
from bot.contacts import Contacts
from bot.parts import Parts
from conversations import alerts, keys
from conversations.categories import CATEGORIES
from conversations.db import db
from conversations.keys import PrivateKeys, PublicKeys
from conversations.models import AlertEventRow, AlertRow, AlertWordsRow, CommentRow
from conversations.sealing import Sealable, open_box
from conversations.staff_models import AuditRow
from conversations.triage_models import MarkRow, ReachRow
from tests.admin.app import Hands, Visitor, close, logged_in, make_alert, make_app, make_comment, text_of

NUMBER, WORDS = "+447700900123", "nobody gives us tea when he is drinking"
GONE = {"sealed_link": None, "link_expires_on": None}


@pytest.fixture
def app(database_url: str, hands: Hands, tmp_path: Path) -> Iterator[Flask]:
    """The staff side, with the keys that a worker made."""
    keys.make_ahead(tmp_path / "keys", tmp_path / "sealing", hands())
    made = make_app(database_url, hands, sealing_dir=tmp_path / "sealing")
    yield made
    close(made)


def linked_comment(app: Flask, tmp_path: Path, **changes: object) -> str:
    """A comment that still leads to a number."""
    now, comment_id = datetime.now(UTC), "c" * 32
    key = PublicKeys(tmp_path / "sealing").of_day(now)
    link = Sealable(NUMBER).seal(key, "comment", comment_id, now + timedelta(days=7))
    leads = {"sealed_link": link, "link_expires_on": (now + timedelta(days=7)).date()}
    made = {"id": comment_id, "text": WORDS, "due_on": now.date() + timedelta(days=3)}
    return make_comment(app, **made | leads | changes)


def flag(visitor: Visitor, comment_id: str, risk: str = "concern neglect") -> str:
    """Open the page of a comment, press one button, and read what comes."""
    visitor.get(f"/staff/comments/{comment_id}/risk")
    answer = visitor.post(f"/staff/comments/{comment_id}/risk", {"risk": risk})
    assert (answer.status_code, answer.location) == (302, "/staff/comments/")
    return text_of(visitor.get("/staff/comments/"))


def rows(app: Flask, what: type) -> list:  # type: ignore[type-arg]
    with app.app_context():
        return list(db.session.scalars(select(what)))


def acts(app: Flask) -> list[tuple[str, str]]:
    return [(line.what, line.why) for line in rows(app, AuditRow)]


def test_one_press_raises_a_real_alert_with_the_words_sealed(app: Flask, tmp_path: Path) -> None:
    comment_id = linked_comment(app, tmp_path)
    page = flag(logged_in(app, "reviewer"), comment_id, "immediate neglect")
    alert, words = rows(app, AlertRow)[0], rows(app, AlertWordsRow)[0]
    assert f"Alert {alert.reference} is raised and the duty worker is being told." in page
    assert (alert.level, alert.reasons, alert.version) == ("immediate", ["reviewer:neglect"], "person")
    assert (alert.state, alert.cannot_be_texted, alert.sealed_contact) == ("open", True, None)
    private = PrivateKeys(tmp_path / "keys").open_with(words.sealed.split(b"\n")[0].decode())
    assert open_box(words.sealed, private, "words", words.id, datetime.now(UTC)) == WORDS
    assert alert.next_action_at == alert.raised_at  # due at once
    assert rows(app, CommentRow) == []


def test_a_flag_is_on_the_audit_and_in_the_history_without_a_word_of_it(app: Flask, tmp_path: Path) -> None:
    flag(logged_in(app, "lead"), linked_comment(app, tmp_path))
    assert ("flagged a comment as risk", "concern: Neglect") in acts(app)
    assert ("raised an alert", "a comment was flagged as risk") in acts(app)
    events = [(event.what, event.detail) for event in rows(app, AlertEventRow)]
    assert events == [("raised", "concern"), ("flagged by a reviewer", "Neglect")]
    assert "drinking" not in f"{acts(app)}{events}"


Round = Callable[[], MarkRow]


@pytest.fixture
def worker(app: Flask, tmp_path: Path, safeguards: Parts, hands: Hands) -> Round:
    """One round of the worker for marks; gives the only mark after it."""
    parts = replace(safeguards, clock=hands, keys=PublicKeys(tmp_path / "sealing"))

    def fill() -> MarkRow:
        with app.app_context():
            marking.fill_marks(db.session(), parts, Contacts(PrivateKeys(tmp_path / "keys")))
            db.session.commit()
        mark: MarkRow = rows(app, MarkRow)[0]
        return mark

    return fill


NAMED = "sonny said i cant come and he hits us"
UNNAMED = re.compile(r"\[\w+\] said i cant come and he hits us")


def test_a_flag_is_a_mark_that_the_screen_should_have_alerted(app: Flask, tmp_path: Path, worker: Round) -> None:
    flag(logged_in(app, "reviewer"), linked_comment(app, tmp_path))
    assert rows(app, MarkRow)[0].text is None
    mark = worker()
    assert (mark.kind, mark.category, mark.text) == ("should_have_alerted", "neglect", WORDS)
    assert (mark.level, mark.reasons, mark.version) == ("none", [], "")  # what the screen had said of it
    assert (mark.alert_id, mark.comment_id) == (None, None)


@pytest.mark.parametrize("doubtful", [None, [], [(0, "name")]])
@pytest.mark.parametrize("state", ["waiting", "reviewed", "safe"])
def test_a_flag_keeps_no_doubtful_word_whoever_has_looked(
    app: Flask, tmp_path: Path, worker: Round, doubtful: list[tuple[int, str]] | None, state: str
) -> None:
    comment_id, reviewer = linked_comment(app, tmp_path, text=NAMED, doubtful=doubtful), logged_in(app, "reviewer")
    reviewer.get(f"/staff/comments/{comment_id}/risk")
    with app.app_context():
        db.session.get_one(CommentRow, comment_id).state = state
        db.session.commit()
    reviewer.post(f"/staff/comments/{comment_id}/risk", {"risk": "concern neglect"})
    assert UNNAMED.fullmatch(worker().text or "")
    assert rows(app, AlertRow)


@pytest.mark.parametrize("doubtful", [None, [], [(0, "name")]])
@pytest.mark.parametrize("state", ["waiting", "safe"])
def test_a_mark_keeps_no_doubtful_word_whoever_has_looked(
    app: Flask, worker: Round, doubtful: list[tuple[int, str]] | None, state: str
) -> None:
    comment_id = make_comment(app, NAMED, doubtful=doubtful, state=state)
    say(logged_in(app, "reviewer"), f"/staff/comments/{comment_id}", kind="false_alarm", category="other")
    assert rows(app, MarkRow)[0].text is None
    assert UNNAMED.fullmatch(worker().text or "")
    assert [row.text for row in rows(app, CommentRow)] == [NAMED]


def test_the_worker_finds_the_number_and_until_then_the_alert_says_that_it_is_looked_for(
    app: Flask, tmp_path: Path, safeguards: Parts, hands: Hands
) -> None:
    assert "Heard is looking for a number" in flag(logged_in(app, "reviewer"), linked_comment(app, tmp_path))
    duty, alert_id = logged_in(app, "duty"), rows(app, AlertRow)[0].id
    page = text_of(duty.get(f"/staff/alerts/{alert_id}"))
    assert "A reviewer flagged a comment." in page
    assert "Looking for a number" in page
    assert "Nobody can be reached" not in page
    parts = replace(safeguards, clock=hands, keys=PublicKeys(tmp_path / "sealing"))
    contacts = Contacts(PrivateKeys(tmp_path / "keys"))
    with app.app_context():
        assert marking.reach(db.session(), parts, contacts) == 1
        db.session.commit()
    alert = rows(app, AlertRow)[0]
    assert contacts.number(alert.sealed_contact, "alert", alert.id, hands()) == NUMBER
    for path in (f"/staff/alerts/{alert_id}", "/staff/alerts/"):
        page = text_of(duty.get(path))
        assert not any(part in page for part in ("Looking for", "Nobody can be reached", "Cannot be texted"))
    assert "Contact found" in text_of(duty.get(f"/staff/alerts/{alert_id}"))


def risk_page(reviewer: Visitor, comment_id: str) -> str:
    return text_of(reviewer.get(f"/staff/comments/{comment_id}/risk"))


def test_a_reviewer_is_not_told_on_which_day_a_comment_was_written(app: Flask, tmp_path: Path) -> None:
    """The day on which its link ends would tell; comments of one batch have all the same page."""
    today, reviewer = datetime.now(UTC).date(), logged_in(app, "reviewer")
    ends = [{"link_expires_on": today + timedelta(days=days)} for days in (-1, 0, 1, 2, 6)]
    pages = {
        risk_page(reviewer, linked_comment(app, tmp_path, id=f"{number:032x}", **each))
        for number, each in enumerate([*ends, GONE])
    }
    assert len(pages) == 1
    assert "Heard then looks for a number to reach them by, and says if there is none" in pages.pop()


@pytest.mark.parametrize(
    ("days", "state", "over"),
    [
        (3, "waiting", False),  # the day of the batch
        (-3, "waiting", False),
        (-4, "waiting", True),  # seven days after the batch no link of it is left
        (-50, "waiting", True),
        (3, "safe", True),
    ],
)
def test_the_page_of_a_comment_says_when_nobody_of_its_batch_can_be_reached(
    app: Flask, tmp_path: Path, days: int, state: str, over: bool
) -> None:
    due_on = datetime.now(UTC).date() + timedelta(days=days)
    page = risk_page(logged_in(app, "reviewer"), linked_comment(app, tmp_path, due_on=due_on, state=state))
    assert ("Nobody can be reached any more" in page) == over
    assert ("Heard then looks for a number" in page) != over


@pytest.mark.parametrize("changes", [GONE, {"link_expires_on": date(2020, 1, 1)}])
def test_where_nobody_can_be_reached_every_page_of_the_alert_says_so_and_it_is_raised(
    app: Flask, tmp_path: Path, changes: dict[str, object]
) -> None:
    comment_id, reviewer = linked_comment(app, tmp_path, **changes), logged_in(app, "reviewer")
    assert "Nobody can be reached any more." in flag(reviewer, comment_id)
    assert rows(app, ReachRow) == []
    alert_id, duty = rows(app, AlertRow)[0].id, logged_in(app, "duty")
    for path in ("/staff/alerts/", f"/staff/alerts/{alert_id}"):
        assert "Nobody can be reached any more: the comment no longer leads" in text_of(duty.get(path))
    assert [event.what for event in rows(app, AlertEventRow)][-1] == "nobody can be reached any more"


def test_a_comment_that_a_colleague_reviewed_meanwhile_is_still_raised(app: Flask, tmp_path: Path) -> None:
    comment_id, one, other = linked_comment(app, tmp_path), logged_in(app, "reviewer"), logged_in(app, "reviewer")
    one.get(f"/staff/comments/{comment_id}/risk")
    other.get("/staff/comments/")
    other.post("/staff/comments/", {"comment": [comment_id]})
    one.post(f"/staff/comments/{comment_id}/risk", {"risk": "concern neglect"})
    assert len(rows(app, AlertRow)) == 1
    assert "Nobody can be reached any more." in text_of(one.get("/staff/comments/"))


def test_pressing_twice_or_after_a_colleague_raises_one_alert(app: Flask, tmp_path: Path) -> None:
    comment_id, one, other = linked_comment(app, tmp_path), logged_in(app, "reviewer"), logged_in(app, "reviewer")
    for visitor in (one, other):
        visitor.get(f"/staff/comments/{comment_id}/risk")
    for visitor in (one, one, other):
        visitor.post(f"/staff/comments/{comment_id}/risk", {"risk": "concern neglect"})
    assert len(rows(app, AlertRow)) == 1
    assert "A colleague has flagged this comment already" in text_of(other.get("/staff/comments/"))


@pytest.mark.parametrize("risk", ["", "concern", "none neglect", "wellbeing neglect", "concern made_up", "neglect x"])
def test_nothing_is_raised_without_a_level_and_a_category_of_the_lists(app: Flask, risk: str) -> None:
    comment_id, reviewer = make_comment(app), logged_in(app, "reviewer")
    reviewer.get(f"/staff/comments/{comment_id}/risk")
    assert reviewer.post(f"/staff/comments/{comment_id}/risk", {"risk": risk}).status_code == 400
    assert rows(app, AlertRow) == []
    assert len(rows(app, CommentRow)) == 1


def test_opening_the_page_raises_nothing_and_is_on_the_audit(app: Flask) -> None:
    comment_id = make_comment(app)
    page = logged_in(app, "reviewer").get(f"/staff/comments/{comment_id}/risk").get_data(as_text=True)
    assert set(re.findall(r'name="risk" value="(?:concern|immediate) (\w+)"', page)) == set(CATEGORIES)
    assert rows(app, AlertRow) == []
    assert ("read a comment", "") in acts(app)


def test_when_no_key_can_be_read_it_says_loudly_that_nothing_was_raised(
    sqlite_app: Flask, tmp_path: Path
) -> None:
    comment_id, reviewer = make_comment(sqlite_app, WORDS), logged_in(sqlite_app, "reviewer")
    reviewer.get(f"/staff/comments/{comment_id}/risk")
    answer = reviewer.post(f"/staff/comments/{comment_id}/risk", {"risk": "concern neglect"})
    assert answer.status_code == 503
    assert "The alert was not raised" in text_of(answer)
    assert "call 999" in text_of(answer)
    assert (len(rows(sqlite_app, CommentRow)), rows(sqlite_app, AlertRow), rows(sqlite_app, MarkRow)) == (1, [], [])


@pytest.mark.parametrize("path", ["risk", "mark"])
def test_without_the_token_of_the_form_nothing_happens(app: Flask, path: str) -> None:
    comment_id, reviewer = make_comment(app), logged_in(app, "reviewer")
    reviewer.token = ""
    said = {"risk": "concern neglect", "kind": "false_alarm", "category": "other"}
    assert reviewer.post(f"/staff/comments/{comment_id}/{path}", said).status_code == 400
    assert (rows(app, AlertRow), rows(app, MarkRow)) == ([], [])


@pytest.mark.parametrize("role", ["viewer", "duty", "admin"])
def test_only_reviewers_and_leads_flag_and_mark_comments(app: Flask, role: str) -> None:
    comment_id, visitor = make_comment(app), logged_in(app, role)
    visitor.get("/staff/change")
    for path, said in (("risk", {"risk": "concern neglect"}), ("mark", {"kind": "false_alarm", "category": "other"})):
        assert visitor.post(f"/staff/comments/{comment_id}/{path}", said).status_code == 403
    assert (rows(app, AlertRow), rows(app, MarkRow)) == ([], [])


def say(visitor: Visitor, path: str, **said: str) -> str:
    visitor.get(path if "alerts" in path else f"{path}/risk")
    answer = visitor.post(f"{path}/mark", said)
    return text_of(visitor.get(answer.location)) if answer.status_code == 302 else str(answer.status_code)


def test_a_mark_of_a_comment_keeps_its_words_and_tells_nobody(app: Flask, worker: Round) -> None:
    comment_id, reviewer = make_comment(app, WORDS), logged_in(app, "reviewer")
    page = say(reviewer, f"/staff/comments/{comment_id}", kind="should_have_alerted", category="neglect")
    assert "Nobody was told." in page
    assert WORDS in page  # it waits for its review as before
    mark = worker()
    assert (mark.kind, mark.text, mark.level, mark.reasons) == ("should_have_alerted", WORDS, "none", [])
    assert rows(app, AlertRow) == []
    assert ("marked a comment", "Should have alerted: Neglect") in acts(app)


@pytest.mark.parametrize("looked", ["before", "after"])
def test_words_taken_out_later_are_taken_out_of_the_mark_too(app: Flask, worker: Round, looked: str) -> None:
    comment_id, reviewer = make_comment(app, NAMED, doubtful=[(0, "name")]), logged_in(app, "reviewer")
    say(reviewer, f"/staff/comments/{comment_id}", kind="false_alarm", category="other")
    if looked == "before":
        assert worker().text == "[removed] said i cant come and he hits us"
    reviewer.post("/staff/comments/", {"looked": [comment_id], "verdict": "safe"})  # no word of it is doubtful any more
    reviewer.post(f"/staff/comments/{comment_id}/words", {"of": "9", "word": ["3", "7"]})
    assert worker().text == "[removed] said i [removed] come and he [removed] us"
    assert [row.text for row in rows(app, CommentRow)] == ["sonny said i [removed] come and he [removed] us"]


def test_a_second_mark_of_one_person_replaces_the_first_and_that_of_another_does_not(app: Flask) -> None:
    comment_id, path = make_comment(app, WORDS), "/staff/comments/{}"
    one, other = logged_in(app, "reviewer"), logged_in(app, "lead")
    for visitor, category in ((one, "neglect"), (one, "bullying"), (other, "other")):
        say(visitor, path.format(comment_id), kind="should_have_alerted", category=category)
    assert sorted(mark.category for mark in rows(app, MarkRow)) == ["bullying", "other"]


@pytest.mark.parametrize("role", ["duty", "lead"])
@pytest.mark.parametrize("state", ["open", "closed"])
def test_an_alert_is_marked_open_or_closed_and_its_words_are_left_to_the_worker(
    app: Flask, role: str, state: str
) -> None:
    alert_id, visitor = make_alert(app), logged_in(app, role)
    if state == "closed":
        visitor.get(f"/staff/alerts/{alert_id}")
        visitor.post(f"/staff/alerts/{alert_id}/acknowledge")
        with app.app_context():
            alerts.record_outcome(db.session(), alert_id, "Ada", "no_harm", datetime.now(UTC))
            db.session.commit()
    page = say(visitor, f"/staff/alerts/{alert_id}", kind="false_alarm", category="other")
    assert "changes nothing about this alert" in page
    mark = rows(app, MarkRow)[0]
    assert (mark.kind, mark.category, mark.level) == ("false_alarm", "other", "concern")
    assert (mark.reasons, mark.version, mark.text, mark.alert_id) == (["en.harm.3"], "1", None, alert_id)
    assert rows(app, AlertRow)[0].state == state
    assert ("marked an alert", "False alarm: Something else") in acts(app)


@pytest.mark.parametrize(("said", "answered"), [
    ({"kind": "false_alarm", "category": ""}, "Choose what it is about."),
    ({"kind": "false_alarm", "category": "made up"}, "Choose what it is about."),
    ({"kind": "bad", "category": "other"}, "400"),
])  # fmt: skip
def test_a_mark_needs_a_kind_and_a_category(app: Flask, said: dict[str, str], answered: str) -> None:
    lead = logged_in(app, "lead")
    for path in (f"/staff/alerts/{make_alert(app)}", f"/staff/comments/{make_comment(app)}"):
        assert answered in say(lead, path, **said)
    assert rows(app, MarkRow) == []


@pytest.mark.parametrize("role", ["viewer", "reviewer", "admin"])
def test_only_duty_workers_and_leads_mark_alerts(app: Flask, role: str) -> None:
    alert_id, visitor = make_alert(app), logged_in(app, role)
    visitor.get("/staff/change")
    said = {"kind": "false_alarm", "category": "other"}
    assert visitor.post(f"/staff/alerts/{alert_id}/mark", said).status_code == 403
    assert rows(app, MarkRow) == []


def test_an_alert_is_not_marked_without_the_token_of_the_form(app: Flask) -> None:
    alert_id, duty = make_alert(app), logged_in(app, "duty")
    duty.token = ""
    assert duty.post(f"/staff/alerts/{alert_id}/mark", {"kind": "false_alarm", "category": "other"}).status_code == 400
    assert rows(app, MarkRow) == []


def test_an_alert_or_comment_that_is_not_there_is_not_marked(app: Flask) -> None:
    lead, said = logged_in(app, "lead"), {"kind": "false_alarm", "category": "other"}
    lead.get("/staff/change")
    assert lead.post("/staff/alerts/x/mark", said).status_code == 404
    assert lead.post("/staff/comments/x/mark", said).status_code == 404
    assert lead.get("/staff/comments/x/risk").status_code == 404


def test_a_mark_names_neither_person_nor_comment(app: Flask, worker: Round) -> None:
    comment_id = make_comment(app, WORDS)
    say(logged_in(app, "reviewer"), f"/staff/comments/{comment_id}", kind="false_alarm", category="other")
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(MarkRow).where(MarkRow.id == comment_id)) == 0
    assert comment_id not in str(vars(worker()))
