"""The demonstration year: what its people say is believable, and what becomes of it is what becomes of real words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot.data_commands import data
from bot.demo.people import LANGUAGES, MOODS, feeling, load_phrases
from bot.demo.year import days_before, live_year, turn_of
from bot.parts import Parts
from bot.safeguards import triage
from conversations import answers, figures, retention, schema, worries
from conversations.asking import options_of
from conversations.db import db
from conversations.escalation import list_of
from conversations.models import (
    AlertEventRow,
    AlertRow,
    AlertWordsRow,
    AnswerRow,
    AttemptRow,
    ClosedDraftRow,
    CommentRow,
    ConversationRow,
    OutboxRow,
    ResponseRow,
)
from conversations.values import Level, Parsed
from tests.fakes import Clock
from wsgi import create_app


def strings(found: Any) -> Iterator[str]:
    """Every text in a table of the bank."""
    if isinstance(found, str):
        yield found
    elif isinstance(found, dict):
        yield from (text for each in found.values() for text in strings(each))
    else:
        yield from (text for each in found for text in strings(each))


def comments_of(language: str) -> Iterator[tuple[str, str, str]]:
    """Every comment with its script/step and mood."""
    for step, moods in load_phrases()[language]["comments"].items():
        yield from ((step, mood, text) for mood, texts in moods.items() for text in texts)


def parsed(parts: Parts, place: str, text: str, language: str) -> Parsed:
    """What a text means as an answer at script/step."""
    script, step = place.split("/")
    labels = parts.scripts[script].words[language].labels.get(step, {})
    question = parts.scripts[script].question(step)
    options = options_of({code: labels[code] for code in question.options})
    return answers.parse(question.type, text, options, language, answers.load_vocabulary())


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_people_say_on_an_ordinary_day_hardly_ever_tells_a_duty_worker(safeguards: Parts, language: str) -> None:
    said = set(strings(load_phrases()[language]))
    alarmed = {text for text in said if triage.assess(text, safeguards.lexicon).alerts}
    assert len(alarmed) * 100 <= len(said), alarmed  # docs/triage.md says how often it cries wolf


@pytest.mark.parametrize("text", load_phrases()["worry"]["concern"] + load_phrases()["worry"]["immediate"])
def test_what_must_reach_a_duty_worker_does(safeguards: Parts, text: str) -> None:
    assert triage.assess(text, safeguards.lexicon).alerts


def test_the_alerts_left_open_have_the_levels_they_are_shown_for(safeguards: Parts) -> None:
    levels = [triage.assess(each["text"], safeguards.lexicon).level for each in load_phrases()["worry"]["open"]]
    assert levels == [Level.IMMEDIATE, Level.CONCERN, Level.CONCERN]


def test_what_is_listed_belongs_to_the_lists_it_is_shown_for(safeguards: Parts) -> None:
    found = [triage.assess(each["text"], safeguards.lexicon) for each in load_phrases()["worry"]["listed"]]
    assert [list_of(each) for each in found] == ["wellbeing", "wellbeing", "same_day"]


@pytest.mark.parametrize(("kind", "step"), [("scale5", "listened"), ("yes_no", "trusted"), ("age", "age")])
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_answer_in_the_bank_means_its_code(safeguards: Parts, language: str, kind: str, step: str) -> None:
    table = load_phrases()[language]["answers"][kind]
    meant = {(code, text) for code, texts in table.items() for text in texts}
    understood = {(text, parsed(safeguards, f"check-in/{step}", text, language).codes) for _, text in meant}
    assert understood == {(text, (code,)) for code, text in meant}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_number_with_words_behind_it_is_mostly_understood_and_its_words_are_kept(
    safeguards: Parts, language: str
) -> None:
    numbers = {mood: code for code, mood in MOODS.items() if code.isdigit()}
    found = [
        (parsed(safeguards, place, f"{numbers[mood]}, {text}", language), numbers[mood], text)
        for place, mood, text in comments_of(language)
        if safeguards.scripts[place.split("/")[0]].question(place.split("/")[1]).type == "scale5"
    ]
    understood = [(meant.codes, number, meant.extra, text) for meant, number, text in found if meant.understood]
    assert len(understood) >= 0.75 * len(found)
    assert [text for codes, number, words, text in understood if codes != (number,) or not words] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_unclear_has_to_be_asked_again(safeguards: Parts, language: str) -> None:
    places = {"scale5": "check-in/listened", "choice": "check-in/changed", "yes_no": "check-in/trusted"}
    unclear = load_phrases()[language]["unclear"]
    wrong = [text for kind, place in places.items() for text in unclear[kind]
             if parsed(safeguards, place, text, language).understood]
    assert wrong == []


@pytest.mark.parametrize(("language", "fewest"), [("en", 200), ("pl", 15), ("ar", 15), ("gd", 15)])
def test_people_have_enough_to_say_and_never_the_same_twice(language: str, fewest: int) -> None:
    texts = [text for _, _, text in comments_of(language)]
    assert len(texts) >= fewest
    assert [text for text, times in Counter(texts).items() if times > 1] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_comments_belong_to_steps_that_are_asked_in_their_language(safeguards: Parts, language: str) -> None:
    for place, mood, _ in comments_of(language):
        script, step = place.split("/")
        assert language in safeguards.scripts[script].languages
        assert safeguards.scripts[script].question(step).type != "say"
        assert mood in {"low", "mid", "high"}


@pytest.mark.parametrize("ends", [date(2026, 1, 15), date(2026, 4, 2), date(2026, 8, 31), date(2027, 2, 28)])
def test_south_gets_better_during_the_year_and_north_stays_as_it_is(clock: Clock, ends: date) -> None:
    clock.forward(days=(ends - clock.now.date()).days)
    year = days_before(clock.now)
    assert (year[-1], len(year)) == (ends - timedelta(days=1), 365)
    turn = turn_of(year)
    change = {area: feeling(area, year[-60], turn) - feeling(area, year[60], turn) for area in ("south", "north")}
    assert change["south"] > 0.25
    assert abs(change["north"]) < 0.05


def test_one_seed_makes_one_year_and_another_seed_another(app: Flask, app_parts: Parts, session: Session) -> None:
    years = []
    for seed in (7, 7, 8):
        live_year(session, app_parts, seed, 60)
        years.append(year_in(session))
        session.rollback()
    assert years[0] == years[1]
    assert years[0] != years[2]


def year_in(session: Session) -> Counter[tuple[Any, ...]]:
    """Every response without its id, with its answers."""
    said: dict[str, list[tuple[str, str]]] = {}
    for row in session.scalars(select(AnswerRow)):
        said.setdefault(row.response_id, []).append((row.question, row.code))
    return Counter(
        (row.month, row.script, row.language, row.area, row.age_band, row.ending, *sorted(said[row.id]))
        for row in session.scalars(select(ResponseRow))
    )


def count(session: Session, row: Any, *where: Any) -> int:
    """How many rows there are."""
    return session.scalar(select(func.count()).select_from(row).where(*where)) or 0


def test_the_year_leaves_what_a_real_one_would(app: Flask, app_parts: Parts, session: Session, clock: Clock) -> None:
    made = live_year(session, app_parts, 7, 150)
    assert (made.responses, made.comments) == (count(session, ResponseRow), count(session, CommentRow))
    assert 100 < made.responses < 150
    assert set(session.scalars(select(ResponseRow.ending))) == {"finished", "partial", "stopped"}
    assert [count(session, row) for row in (ClosedDraftRow, ConversationRow, OutboxRow)] == [0, 0, 0]
    # From the quarter of the first answer: the months from October 2025 to October 2026, and four quarters.
    assert len(figures.periods(session)) == 13 + 4
    texts = session.scalars(select(CommentRow.text)).all()
    assert not [text for text in texts if "07700" in text]


def test_comments_of_the_last_days_wait_and_none_is_overdue(
    app: Flask, app_parts: Parts, session: Session, clock: Clock
) -> None:
    live_year(session, app_parts, 7, 400)
    waiting = session.scalars(select(CommentRow.due_on).where(CommentRow.state == "waiting")).all()
    assert waiting
    assert max(waiting) <= clock.now.date() + timedelta(days=2)
    assert retention.overdue_reviews(session, clock.now.date()) == []
    assert count(session, CommentRow, CommentRow.state == "safe") > len(waiting)


def test_three_alerts_are_open_and_no_worker_has_an_old_attempt_to_send(
    app: Flask, app_parts: Parts, session: Session, clock: Clock
) -> None:
    live_year(session, app_parts, 7, 200)
    still = session.execute(
        select(AlertRow.level, AlertRow.state, AlertRow.raised_at)
        .where(AlertRow.state != "closed")
        .order_by(AlertRow.raised_at.desc())
    ).all()
    assert [(level, state) for level, state, _ in still] == [
        ("immediate", "open"), ("concern", "open"), ("concern", "acknowledged"),
    ]
    assert clock.now - still[0].raised_at == timedelta(minutes=4)
    assert count(session, AttemptRow, AttemptRow.state == "due") == 0
    assert count(session, AlertRow, AlertRow.state != "closed", AlertRow.next_action_at <= clock.now) == 0
    closed = session.scalars(select(AlertRow).where(AlertRow.state == "closed")).all()
    assert closed
    assert all(alert.raised_at < (alert.acknowledged_at or alert.raised_at) < (alert.closed_at or clock.now)
               and (alert.closed_at or clock.now) < clock.now for alert in closed)
    week_ago = clock.now - timedelta(days=7)
    assert {alert.sealed_contact for alert in closed if (alert.closed_at or clock.now) < week_ago} <= {None}
    assert count(session, AlertWordsRow) >= len(closed) + 3
    assert count(session, AlertEventRow, AlertEventRow.at > clock.now) == 0


def test_both_lists_hold_something_to_read_and_nothing_overdue(
    app: Flask, app_parts: Parts, session: Session, clock: Clock
) -> None:
    live_year(session, app_parts, 7, 30)
    assert Counter(row.kind for row in worries.to_read(session)) == {"wellbeing": 2, "same_day": 1}
    assert not worries.is_overdue(session, clock.now)


def test_the_command_fills_an_empty_database_once(app: Flask, session: Session) -> None:
    runner = app.test_cli_runner()
    first = runner.invoke(data, ["demo", "--conversations", "30"])
    assert (first.exit_code, first.output[:31]) == (0, "A made-up year: 30 conversation")
    there = count(session, ResponseRow)
    session.rollback()
    second = runner.invoke(data, ["demo", "--conversations", "30"])
    assert (second.exit_code, second.output) == (0, "There are responses already: nothing was made up.\n")
    assert count(session, ResponseRow) == there > 0


def test_nothing_is_made_up_outside_the_demonstration(make_parts: Callable[..., Parts], database_url: str) -> None:
    app = create_app(parts=make_parts(database_url, demo=False))
    refused = app.test_cli_runner().invoke(data, ["demo"])
    assert refused.exit_code == 1
    assert "for the demonstration alone" in refused.output


@pytest.mark.parametrize(("period", "code", "says"), [
    ("2026-10", 0, "2026-10 is closed."),
    ("2026-11", 1, "2026-11 is not over yet."),
    ("october", 1, "october is not a month"),
])
def test_a_month_is_closed_once_it_is_over(app: Flask, period: str, code: int, says: str) -> None:
    result = app.test_cli_runner().invoke(data, ["close-period", period])
    assert (result.exit_code, says in result.output) == (code, True)


def test_purge_says_how_many_of_each_it_let_go(app: Flask) -> None:
    result = app.test_cli_runner().invoke(data, ["purge"])
    assert result.exit_code == 0
    assert "     0 conversations closed\n" in result.output


def test_upgrade_makes_the_tables(make_parts: Callable[..., Parts], empty_database_url: str) -> None:
    app = create_app(parts=make_parts(empty_database_url))
    assert app.test_cli_runner().invoke(data, ["upgrade"]).exit_code == 0
    with app.app_context():
        assert schema.is_current(db.session())
        db.session.remove()
        db.engine.dispose()
