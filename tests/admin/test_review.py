"""Reviewing comments: what reviewers see, what they may take out, and what is left on the audit."""

from __future__ import annotations

import ast
import re
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from conversations import comments, marks
from conversations.comments import NotARedaction
from conversations.cutting import Cut, cut, cut_alike, is_redaction
from conversations.db import Base, begin_reading, db, forget_journal, rewrite
from conversations.models import CommentRow
from conversations.staff_models import AuditRow
from conversations.values import RedactedText
from tests.admin.app import Visitor, logged_in, make_comment, text_of

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("my dad Alan came", "my dad [removed] came"),
        ("my dad Alan came", "[removed] came"),
        ("my dad Alan came", "[removed]"),
        ("my dad Alan came", "my [removed] Alan [removed]"),
        ("my dad Alan came", "my dad Alan came"),
        ("my  dad\nAlan came", "my dad [removed] came"),
        ("[removed] came", "[removed]"),
        ("a a a b", "[removed] a b"),
        ("", ""),
    ],
)
def test_words_may_be_taken_out(old: str, new: str) -> None:
    assert is_redaction(old, new)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("my dad Alan came", "my dad came"),  # nothing says that a word is missing
        ("my dad Alan came", "my mum [removed] came"),
        ("my dad Alan came", "my dad [removed] came late"),
        ("my dad Alan came", "came [removed] dad"),
        ("my dad Alan came", "my dad Alan [removed] came"),  # nothing is missing there
        ("my dad Alan came", ""),
        ("my dad Alan came", "my dad A[removed] came"),
        ("", "[removed]"),
        ("a b", "[removed] [removed] [removed]"),
    ],
)
def test_anything_else_is_refused(old: str, new: str) -> None:
    assert not is_redaction(old, new)


@pytest.mark.parametrize(
    ("text", "places", "left"),
    [
        ("my dad Alan Smith came", [2, 3], "my dad [removed] came"),
        ("my dad Alan", [], "my dad Alan"),
        ("my dad Alan", [0, 2], "[removed] dad [removed]"),
        ("my dad Alan", [7, 99], "my dad Alan"),
        ("very very good", [], "very very good"),
        ("[removed] Alan came", [1], "[removed] came"),
    ],
)
def test_neighbours_go_into_one_mark(text: str, places: list[int], left: str) -> None:
    assert cut(text, [], places) == Cut(left, [])
    assert is_redaction(text, left)


@pytest.mark.parametrize(
    ("other", "gone", "left"),
    [
        ("my dad Alan Smith came", {2}, "my dad [removed] Smith came"),
        ("my dad [removed] Smith came", {1}, "my [removed] Smith came"),
        ("my dad [removed] Smith came", {2}, "my dad [removed] Smith came"),
        ("my dad [removed]", {1, 4}, "my [removed]"),
        ("[removed] came", {0}, "[removed] came"),
        ("[removed]", {0, 1, 2, 3, 4}, "[removed]"),
        ("my dad Alan Smith came", {7}, "my dad Alan Smith came"),
        ("my dad Alan Smith came", set(), "my dad Alan Smith came"),
        ("your dad [removed] came", {1}, "your dad [removed] came"),  # of another text
        ("my dad Alan Smith", {1}, "my dad Alan Smith"),
        ("my dad  Alan Smith went", {1}, "my dad  Alan Smith went"),
    ],
)
def test_another_redaction_of_a_text_loses_the_same_words(other: str, gone: set[int], left: str) -> None:
    assert cut_alike(other, "my dad Alan Smith came", gone) == left


def test_a_word_that_may_be_either_of_two_goes() -> None:
    """What was taken out may have stood before or behind it: rather one word too many than one that comes back."""
    assert cut_alike("[removed] very [removed]", "so very very very good", {1}) == "[removed]"
    assert cut_alike("very [removed]", "very very good", {0}) == "[removed]"
    assert cut_alike("very [removed]", "very very good", {1}) == "very [removed]"


@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=7), st.sets(st.integers(0, 6)), st.sets(st.integers(0, 6)))
def test_no_word_comes_back_in_whatever_order_two_cut(words: list[str], one: set[int], other: set[int]) -> None:
    text = " ".join(words)
    mark, comment = cut(text, None, one).text, cut(text, None, other).text
    both = cut_alike(mark, text, other)
    assert is_redaction(text, both)
    assert is_redaction(mark, both)
    assert is_redaction(comment, both)


def test_only_a_redaction_is_stored(app: Flask) -> None:
    comment_id = make_comment(app, "my dad Alan came")
    with app.app_context():
        with pytest.raises(NotARedaction):
            comments.black_out(db.session(), comment_id, Cut("my mum came", []))
        assert comments.black_out(db.session(), comment_id, Cut("my dad [removed] came", []))
        assert not comments.black_out(db.session(), "0" * 32, Cut("[removed]", []))


def text_in(app: Flask, comment_id: str) -> str:
    with app.app_context():
        return db.session.get_one(CommentRow, comment_id).text


def shown(visitor: Visitor, path: str = "/staff/comments/") -> list[str]:
    page = visitor.get(path).get_data(as_text=True)
    return re.findall(r'name="comment" value="([0-9a-f]{32})"', page)


def test_ten_are_shown_in_an_order_that_differs_between_people_and_stays_for_one(app: Flask) -> None:
    ids = [make_comment(app, f"comment number {number}") for number in range(14)]
    one, other = logged_in(app, "reviewer"), logged_in(app, "reviewer")
    first = shown(one)
    assert len(first) == 10
    assert first == shown(one)
    assert first != ids[:10]
    assert first != shown(other)


def test_reviewing_all_of_them_takes_one_form_for_ten(app: Flask) -> None:
    for number in range(14):
        make_comment(app, f"comment number {number}")
    reviewer = logged_in(app, "reviewer")
    for left in (10, 4, 0):
        ids = shown(reviewer)
        assert len(ids) == left
        reviewer.post("/staff/comments/", {"comment": ids})
    assert "Nothing waits here" in text_of(reviewer.get("/staff/comments/"))


def test_a_review_cuts_the_last_link_to_anybody(app: Flask) -> None:
    comment_id = make_comment(app)
    reviewer = logged_in(app, "reviewer")
    reviewer.get("/staff/comments/")
    reviewer.post("/staff/comments/", {"comment": [comment_id, "0" * 32]})
    with app.app_context():
        row = db.session.get(CommentRow, comment_id)
        assert row is not None
        assert (row.state, row.sealed_link, row.link_expires_on) == ("reviewed", None, None)


def test_the_page_says_nothing_about_who_when_or_how_many(app: Flask) -> None:
    for _ in range(13):
        make_comment(app, "I liked it")
    page = text_of(logged_in(app, "reviewer").get("/staff/comments/"))
    assert "I liked it" in page
    page = page.partition("Log out")[2].partition("What to look for")[0] + page.partition(" Show ")[2]
    assert not any(part in page for part in ("2026", "13", "November", "area", "8-11"))


def test_filters_are_script_and_theme_alone(app: Flask) -> None:
    wanted = make_comment(app, script="my-plan", theme="relationships")
    make_comment(app, script="my-plan")
    make_comment(app, theme="relationships")
    reviewer = logged_in(app, "reviewer")
    assert shown(reviewer, "/staff/comments/?script=my-plan&theme=relationships") == [wanted]
    assert len(shown(reviewer, "/staff/comments/?area=north&due_on=2026-11-26")) == 3


def test_every_comment_that_was_shown_is_on_the_audit(app: Flask) -> None:
    ids = {make_comment(app) for _ in range(3)}
    reviewer = logged_in(app, "reviewer")
    reviewer.get("/staff/comments/")
    with app.app_context():
        read = db.session.scalars(select(AuditRow).where(AuditRow.what == "read a comment")).all()
        assert {line.on for line in read} == {f"comment {comment_id}" for comment_id in ids}
        assert {line.who.partition("-")[0] for line in read} == {"reviewer"}


def test_chosen_words_are_gone_for_good(app: Flask) -> None:
    comment_id = make_comment(app, "Alan at Hill School helped me")
    reviewer = logged_in(app, "reviewer")
    page = reviewer.get(f"/staff/comments/{comment_id}/words").get_data(as_text=True)
    assert re.findall(r'name="word" value="(\d+)"', page) == ["0", "1", "2", "3", "4", "5"]
    reviewer.post(f"/staff/comments/{comment_id}/words", {"of": "6", "word": ["0", "2", "3", "x", "-1"]})
    with app.app_context():
        row = db.session.get(CommentRow, comment_id)
        assert row is not None
        assert row.text == "[removed] at [removed] helped me"
        audit = " ".join(f"{line.what} {line.on} {line.why}" for line in db.session.scalars(select(AuditRow)))
        assert "took words out" in audit
        assert "Alan" not in audit


def test_words_are_not_taken_out_of_a_text_that_a_colleague_has_changed(app: Flask) -> None:
    comment_id = make_comment(app, "Alan at Hill School helped me")
    one, other = logged_in(app, "reviewer"), logged_in(app, "reviewer")
    for visitor in (one, other):
        visitor.get(f"/staff/comments/{comment_id}/words")
    one.post(f"/staff/comments/{comment_id}/words", {"of": "6", "word": ["2", "3"]})
    answer = other.post(f"/staff/comments/{comment_id}/words", {"of": "6", "word": ["4"]})
    assert answer.status_code == 409
    page = text_of(answer)
    assert "Somebody was quicker" in page
    assert "What you chose was not taken out" in page
    assert re.findall(r"word[^>]+><span>([^<]+)", answer.get_data(as_text=True)) == (
        ["Alan", "at", "[removed]", "helped", "me"]
    )  # as it stands now, to choose again
    assert text_in(app, comment_id) == "Alan at [removed] helped me"
    other.post(f"/staff/comments/{comment_id}/words", {"of": "5", "word": ["0"]})
    assert text_in(app, comment_id) == "[removed] at [removed] helped me"


def test_a_colleague_is_quicker_and_it_is_on_the_audit_that_the_words_were_read_and_none_taken(app: Flask) -> None:
    comment_id = make_comment(app, "Alan at the hub")
    reviewer = logged_in(app, "reviewer")
    reviewer.get("/staff/change")
    assert reviewer.post(f"/staff/comments/{comment_id}/words", {"of": "9", "word": ["0"]}).status_code == 409
    assert acts(app)[-1] == "read a comment"
    assert "took words out" not in acts(app)


@contextmanager
def at_once(post: Callable[[], TestResponse]) -> Iterator[list[TestResponse]]:
    """Another request that has to wait for what is done here; its answer is there at the end."""
    answers: list[TestResponse] = []
    request = threading.Thread(target=lambda: answers.append(post()))
    request.start()
    request.join(1)
    assert request.is_alive()
    yield answers
    request.join()


def test_what_two_reviewers_take_out_at_the_same_moment_is_all_gone(app: Flask) -> None:
    comment_id = make_comment(app, "my worker Sonny and Bosco never listen")
    other, path = logged_in(app, "reviewer"), f"/staff/comments/{comment_id}/words"
    other.get(path)
    with app.app_context():
        mine = comments.find(db.session(), comment_id, lock=True)
        assert mine is not None
        left = cut(mine.text, mine.doubtful, {2})
        with at_once(lambda: other.post(path, {"of": "7", "word": ["4"]})) as answers:
            assert comments.black_out(db.session(), comment_id, left)
            db.session.commit()
    assert [answer.status_code for answer in answers] == [302]
    assert text_in(app, comment_id) == "my worker [removed] and [removed] never listen"


def test_a_reviewer_whose_places_have_moved_at_the_same_moment_is_told(app: Flask) -> None:
    comment_id = make_comment(app, "my worker Sonny Bosco never listens to Jude")
    other, path = logged_in(app, "reviewer"), f"/staff/comments/{comment_id}/words"
    other.get(path)
    with app.app_context():
        mine = comments.find(db.session(), comment_id, lock=True)
        assert mine is not None
        left = cut(mine.text, mine.doubtful, {2, 3})
        with at_once(lambda: other.post(path, {"of": "8", "word": ["7"]})) as answers:
            comments.black_out(db.session(), comment_id, left)
            db.session.commit()
    assert [answer.status_code for answer in answers] == [409]
    assert text_in(app, comment_id) == "my worker [removed] never listens to Jude"


def test_what_is_left_of_an_older_text_brings_no_word_back(app: Flask) -> None:
    comment_id = make_comment(app, "my worker Sonny and Bosco never listen")
    with app.app_context(), Session(db.engine) as other:
        begin_reading(db.session())
        stale = comments.find(db.session(), comment_id)
        assert stale is not None
        text = stale.text
        if other.get_bind().dialect.name == "sqlite":
            db.session.rollback()  # there nobody writes beside somebody who may
        comments.black_out(other, comment_id, cut(text, [], {2}))
        other.commit()
        with pytest.raises(NotARedaction):
            comments.black_out(db.session(), comment_id, cut(text, [], {4}))


def test_a_reviewed_comment_is_not_shown_again(app: Flask) -> None:
    comment_id = make_comment(app, state="reviewed")
    assert logged_in(app, "reviewer").get(f"/staff/comments/{comment_id}/words").status_code == 404


@pytest.mark.parametrize(
    "text", ["<script>alert(1)</script>", '"><img src=x onerror=x>', "{{ 7*7 }}", "\u202eevil", "a\u0000b"]
)
def test_what_somebody_wrote_stays_text(sqlite_app: Flask, text: str) -> None:
    comment_id = make_comment(sqlite_app, text)
    reviewer = logged_in(sqlite_app, "reviewer")
    for path in ("/staff/comments/", f"/staff/comments/{comment_id}/words"):
        page = reviewer.get(path).get_data(as_text=True)
        assert not any(part in page for part in ("<script", "<img", "49<"))


# --- safe to share --------------------------------------------------------------------------------------------------


def state_of(app: Flask, comment_id: str) -> tuple[str, bytes | None]:
    with app.app_context():
        row = db.session.get_one(CommentRow, comment_id)
        return row.state, row.sealed_link


def acts(app: Flask) -> list[str]:
    with app.app_context():
        return list(db.session.scalars(select(AuditRow.what).order_by(AuditRow.id)))


@pytest.mark.parametrize(
    ("verdict", "state"), [("safe", "safe"), ("kept", "reviewed"), ("", "reviewed"), ("x", "reviewed")]
)
def test_only_what_a_person_said_is_safe_is_shared(app: Flask, verdict: str, state: str) -> None:
    comment_id = make_comment(app, "I liked the hub")
    reviewer, viewer = logged_in(app, "reviewer"), logged_in(app, "viewer")
    reviewer.get("/staff/comments/")
    assert "I liked the hub" not in text_of(viewer.get("/staff/quotes/"))
    reviewer.post("/staff/comments/", {"comment": [comment_id], "verdict": verdict})
    assert state_of(app, comment_id) == (state, None)
    assert ("I liked the hub" in text_of(viewer.get("/staff/quotes/"))) == (state == "safe")
    assert ("marked a comment safe" in acts(app)) == (state == "safe")


@pytest.mark.parametrize("state", ["waiting", "reviewed"])
def test_what_is_not_marked_safe_is_shown_to_no_wider_role_on_any_page(app: Flask, state: str) -> None:
    comment_id = make_comment(app, "the zebrafish room", state=state)
    viewer, reviewer = logged_in(app, "viewer"), logged_in(app, "reviewer")
    for path in ("/staff/", "/staff/quotes/", "/staff/figures/"):
        assert "zebrafish" not in viewer.get(path).get_data(as_text=True)
    for path in ("/staff/comments/", f"/staff/comments/{comment_id}/words", f"/staff/comments/{comment_id}/risk"):
        assert viewer.get(path).status_code == 403
    assert "zebrafish" not in reviewer.get("/staff/quotes/").get_data(as_text=True)


def test_words_for_wider_roles_have_one_door(app: Flask) -> None:
    for state in ("waiting", "reviewed", "safe"):
        make_comment(app, f"it is {state}", state=state)
    with app.app_context():
        assert [quote.text for quote in comments.safe(db.session(), "seed")] == ["it is safe"]


MAY_SEE_ROWS = {"admin.review", "bot.demo.year", "conversations.comments", "conversations.lives", "conversations.marks",
                "conversations.models", "conversations.retention"}  # fmt: skip


def test_no_other_part_of_the_code_knows_the_rows_of_comments() -> None:
    """Whoever shows words takes them from `comments.safe`, or is one of these."""
    paths = [path for package in ("admin", "bot", "conversations") for path in (ROOT / package).rglob("*.py")]
    trees = {".".join(path.relative_to(ROOT).with_suffix("").parts): ast.parse(path.read_text()) for path in paths}
    names = {
        name
        for name, tree in trees.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.alias | ast.ClassDef) and node.name == "CommentRow"
    }
    assert names == MAY_SEE_ROWS


def test_a_shared_comment_is_taken_back_at_once_and_for_good(app: Flask) -> None:
    comment_id = make_comment(app, "I liked the hub", state="safe", sealed_link=None, link_expires_on=None)
    reviewer, viewer = logged_in(app, "reviewer"), logged_in(app, "viewer")
    assert "Not safe after all" not in text_of(viewer.get("/staff/quotes/"))
    reviewer.get("/staff/quotes/")
    assert reviewer.post(f"/staff/comments/{comment_id}/back").location == "/staff/quotes/"
    assert "I liked the hub" not in text_of(viewer.get("/staff/quotes/"))
    assert "took a comment back" in acts(app)
    assert reviewer.post(f"/staff/comments/{comment_id}/back").status_code == 409


def test_words_are_taken_out_of_a_shared_comment_too(app: Flask) -> None:
    comment_id = make_comment(app, "Alan at the hub", state="safe")
    reviewer = logged_in(app, "reviewer")
    reviewer.get(f"/staff/comments/{comment_id}/words")
    answer = reviewer.post(f"/staff/comments/{comment_id}/words", {"of": "4", "word": ["0"]})
    assert answer.location == "/staff/quotes/"
    assert "[removed] at the hub" in text_of(logged_in(app, "viewer").get("/staff/quotes/"))


def test_without_a_chosen_word_nothing_changes(app: Flask) -> None:
    comment_id = make_comment(app, "Alan at  the hub")
    reviewer = logged_in(app, "reviewer")
    reviewer.get("/staff/comments/")
    reviewer.post(f"/staff/comments/{comment_id}/words", {"of": "4"})
    assert "No word was chosen" in text_of(reviewer.get("/staff/comments/"))
    with app.app_context():
        assert db.session.get_one(CommentRow, comment_id).text == "Alan at  the hub"


# --- gone everywhere ------------------------------------------------------------------------------------------------

SECRET = "quokkamarmalade"


def take_out(app: Flask) -> None:
    """A comment with a word that occurs nowhere else, with a mark of the same words, among many; then the word goes."""
    told = "it was about the quokkamarmalade at my unit"
    comment_id = make_comment(app, told)
    for number in range(150):
        make_comment(app, f"comment number {number} " + "and so on " * (number % 40))
    with app.app_context():
        mark = marks.Mark("false_alarm", "other", text=RedactedText(told))
        marks.put(db.session(), "m" * 32, mark, date(2026, 11, 23))
        db.session.commit()
    reviewer = logged_in(app, "reviewer")
    reviewer.get(f"/staff/comments/{comment_id}/words")
    reviewer.post(f"/staff/comments/{comment_id}/words", {"of": "8", "word": ["4"]})
    reviewer.get("/staff/comments/")


def test_a_word_that_was_taken_out_is_in_no_row_of_any_table(app: Flask) -> None:
    take_out(app)
    with app.app_context():
        for table in Base.metadata.sorted_tables:
            rows = [repr(tuple(row)) for row in db.session.execute(select(table))]
            assert not any(SECRET in row for row in rows), table.name
        assert db.session.scalar(select(CommentRow.text).where(CommentRow.text.contains("[removed] at my unit")))


def test_a_word_that_was_taken_out_is_nowhere_in_the_files_of_the_database(sqlite_app: Flask) -> None:
    with sqlite_app.app_context():
        file = Path(db.engine.url.database or "")
    journal, needle = Path(f"{file}-wal"), SECRET.encode()
    take_out(sqlite_app)
    assert needle in journal.read_bytes()  # so the search can find it
    with sqlite_app.app_context():
        forget_journal(db.session())
        assert needle not in file.read_bytes() + journal.read_bytes()
        assert rewrite(db.session())
        assert needle not in file.read_bytes() + journal.read_bytes()
        assert db.session.scalar(select(CommentRow.text).where(CommentRow.text.contains("[removed] at my unit")))


def test_the_rewrite_takes_what_moved_pages_left_behind(sqlite_app: Flask) -> None:
    """Without it pieces stay in pages that were split: here a file that was not overwritten as it should have been."""
    with sqlite_app.app_context():
        file = Path(db.engine.url.database or "")
        comment_id = make_comment(sqlite_app, SECRET * 20)
        careless = sqlite3.connect(file)
        careless.execute("PRAGMA secure_delete=OFF")
        careless.execute("DELETE FROM comment WHERE id = ?", (comment_id,))
        careless.commit()
        careless.close()
        forget_journal(db.session())
        assert SECRET.encode() in file.read_bytes()
        assert rewrite(db.session())
        assert SECRET.encode() not in file.read_bytes() + Path(f"{file}-wal").read_bytes()


def test_only_sqlite_is_rewritten(app: Flask) -> None:
    with app.app_context():
        assert rewrite(db.session()) == (db.engine.dialect.name == "sqlite")
