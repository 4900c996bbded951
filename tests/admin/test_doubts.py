"""Words that may still point to somebody: what a reviewer sees of them, and what they keep from being shared."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from sqlalchemy import select

from conversations.db import db
from conversations.models import CommentRow
from conversations.staff_models import AuditRow
from tests.admin.app import Visitor, logged_in, make_comment, text_of

SAID = "hope and big Al came to my panel"
DOUBTFUL = [(0, "name"), (2, "name"), (3, "name")]
PAGE = "/staff/comments/"
NOT_LOOKED_YET = "Heard has not looked for words to underline yet"


def comment_of(app: Flask, comment_id: str) -> tuple[str, str, list[tuple[int, str]] | None]:
    """Its state, its text and what is doubtful of it."""
    with app.app_context():
        row = db.session.get_one(CommentRow, comment_id)
        return row.state, row.text, row.doubtful and [(place, kind) for place, kind in row.doubtful]


def reviewer_of(app: Flask) -> Visitor:
    reviewer = logged_in(app, "reviewer")
    reviewer.get(PAGE)
    return reviewer


def verdict(visitor: Visitor, verdict: str = "safe", **ticked: list[str]) -> str:
    """What the page says after these ticks."""
    assert visitor.post(PAGE, {"verdict": verdict, **ticked}).status_code == 302
    return text_of(visitor.get(PAGE))


def buttons(page: str) -> list[str]:
    """The places that each press would take out."""
    return re.findall(r'class="doubt__out"[^>]* name="word" value="([\d ]+)"', page)


def test_doubtful_words_are_underlined_and_have_a_button_each_and_one_for_all(app: Flask) -> None:
    make_comment(app, SAID, doubtful=DOUBTFUL)
    page = reviewer_of(app).get(PAGE).get_data(as_text=True)
    assert re.findall(r'class="doubted">([^<]+)</span></label>', page) == ["hope", "big", "Al"]
    assert buttons(page) == ["0", "2 3", "0 2 3"]
    assert "may point to somebody. Take it out?" in page
    assert "I have looked at the underlined words" in page


def test_a_comment_without_doubtful_words_shows_nothing_of_it(app: Flask) -> None:
    make_comment(app, "it was fine")
    page = reviewer_of(app).get(PAGE).get_data(as_text=True)
    assert not re.search(r'class="doubt', page)
    assert not any(words in page for words in ("I have looked", NOT_LOOKED_YET))


@pytest.mark.parametrize(
    ("press", "text", "doubtful"),
    [
        ("0", "[removed] and big Al came to my panel", [(2, "name"), (3, "name")]),
        ("2 3", "hope and [removed] came to my panel", [(0, "name")]),
        ("0 2 3", "[removed] and [removed] came to my panel", []),
    ],
)
def test_one_press_takes_out_what_it_says(
    app: Flask, press: str, text: str, doubtful: list[tuple[int, str]]
) -> None:
    comment_id = make_comment(app, SAID, doubtful=DOUBTFUL)
    reviewer = reviewer_of(app)
    assert reviewer.post(f"{PAGE}{comment_id}/words", {"of": "8", "word": press}).location == PAGE
    assert comment_of(app, comment_id) == ("waiting", text, doubtful)
    with app.app_context():
        why = db.session.scalars(select(AuditRow.why).where(AuditRow.what == "took words out")).one()
    assert why == f"{len(press.split())} words"


def test_a_press_on_a_text_that_a_colleague_has_changed_takes_nothing(app: Flask) -> None:
    comment_id = make_comment(app, SAID, doubtful=DOUBTFUL)
    one, other = reviewer_of(app), reviewer_of(app)
    one.post(f"{PAGE}{comment_id}/words", {"of": "8", "word": "2 3"})
    assert other.post(f"{PAGE}{comment_id}/words", {"of": "8", "word": "0"}).status_code == 409
    assert comment_of(app, comment_id)[1] == "hope and [removed] came to my panel"


def test_a_comment_is_not_safe_while_nobody_said_that_its_doubtful_words_may_stay(app: Flask) -> None:
    comment_id = make_comment(app, SAID, doubtful=DOUBTFUL)
    said = verdict(reviewer_of(app), comment=[comment_id])
    assert "1 not marked safe: what is underlined must be looked at first" in said
    assert "1 safe to share." not in said
    assert comment_of(app, comment_id) == ("waiting", SAID, DOUBTFUL)


def test_a_refusal_is_on_no_audit_and_cuts_no_link(app: Flask) -> None:
    comment_id = make_comment(app, SAID, doubtful=DOUBTFUL)
    verdict(reviewer_of(app), comment=[comment_id])
    with app.app_context():
        assert db.session.get_one(CommentRow, comment_id).sealed_link
        assert "marked a comment safe" not in db.session.scalars(select(AuditRow.what)).all()


def test_one_tick_says_that_it_was_read_and_that_the_doubtful_words_may_stay(app: Flask) -> None:
    comment_id = make_comment(app, SAID, doubtful=DOUBTFUL)
    assert "1 safe to share." in verdict(reviewer_of(app), looked=[comment_id])
    assert comment_of(app, comment_id) == ("safe", SAID, [])


def test_a_comment_whose_doubtful_words_are_all_out_is_safe_with_the_usual_tick(app: Flask) -> None:
    comment_id = make_comment(app, SAID, doubtful=DOUBTFUL)
    reviewer = reviewer_of(app)
    reviewer.post(f"{PAGE}{comment_id}/words", {"of": "8", "word": "0 2 3"})
    page = reviewer.get(PAGE).get_data(as_text=True)
    assert f'name="comment" value="{comment_id}"' in page
    assert "1 safe to share." in verdict(reviewer, comment=[comment_id])


def test_a_comment_that_the_worker_has_not_looked_at_says_so_and_is_not_safe_whatever_is_ticked(app: Flask) -> None:
    comment_id = make_comment(app, SAID, doubtful=None)
    reviewer = reviewer_of(app)
    assert NOT_LOOKED_YET in text_of(reviewer.get(PAGE))
    for name in ("comment", "looked"):
        assert "1 not marked safe" in verdict(reviewer, **{name: [comment_id]})
        assert comment_of(app, comment_id) == ("waiting", SAID, None)


def test_words_found_after_the_page_was_shown_keep_it_from_being_shared(app: Flask) -> None:
    comment_id = make_comment(app, SAID, doubtful=None)
    reviewer = reviewer_of(app)
    with app.app_context():
        db.session.get_one(CommentRow, comment_id).doubtful = DOUBTFUL
        db.session.commit()
    assert "1 not marked safe" in verdict(reviewer, comment=[comment_id])  # the tick of the page as it was
    assert comment_of(app, comment_id)[0] == "waiting"


@pytest.mark.parametrize("doubtful", [None, [], DOUBTFUL])
@pytest.mark.parametrize("tick", ["comment", "looked"])
def test_not_sharing_needs_no_look_at_anything(
    app: Flask, doubtful: list[tuple[int, str]] | None, tick: str
) -> None:
    comment_id = make_comment(app, SAID, doubtful=doubtful)
    assert "1 kept from sharing." in verdict(reviewer_of(app), "kept", **{tick: [comment_id]})
    assert comment_of(app, comment_id)[0] == "reviewed"


def test_one_comment_that_must_wait_does_not_hold_up_the_others(app: Flask) -> None:
    ids = [make_comment(app, f"number {number} was fine") for number in range(3)]
    waits = make_comment(app, SAID, doubtful=DOUBTFUL)
    said = verdict(reviewer_of(app), comment=[*ids, waits])
    assert "3 safe to share." in said
    assert "1 not marked safe" in said
    assert [comment_of(app, each)[0] for each in (*ids, waits)] == ["safe", "safe", "safe", "waiting"]


def test_the_page_of_words_underlines_them_too_and_says_so_to_those_who_listen(app: Flask) -> None:
    comment_id = make_comment(app, SAID, doubtful=DOUBTFUL)
    page = reviewer_of(app).get(f"{PAGE}{comment_id}/words")
    assert text_of(page).count("(may point to somebody)") == 3
    assert page.get_data(as_text=True).count('class="doubted"') == 3


def test_what_was_shared_before_anybody_looked_is_underlined_for_reviewers_alone(app: Flask) -> None:
    comment_id = make_comment(app, SAID, state="safe", doubtful=DOUBTFUL)
    reviewer, viewer = reviewer_of(app), logged_in(app, "viewer")
    assert "doubt" not in viewer.get("/staff/quotes/").get_data(as_text=True)
    assert buttons(reviewer.get("/staff/quotes/").get_data(as_text=True)) == ["0", "2 3", "0 2 3"]
    answer = reviewer.post(f"{PAGE}{comment_id}/words", {"of": "8", "word": "2 3"})
    assert answer.location == "/staff/quotes/"
    assert "hope and [removed] came to my panel" in text_of(viewer.get("/staff/quotes/"))
