"""The packaged scripts, and what a script can do."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from conversations.script import AGE_BANDS, END, Question, Script, Words, dump, load_all, load_words, parse_dump
from conversations.script.loading import WORDS
from conversations.script.values import render_sms, versioned
from conversations.segments import count

VOCABULARY = WORDS.parent / "answers" / "vocabularies"
NAMES = ["after-meeting", "check-in", "my-plan"]


def make_script(**changes: object) -> Script:
    steps = (
        Question(
            "heard", "scale5", "audience", "involvement", "respected", ("1", "2", "3", "4", "5"), "who", {"1": "why"}
        ),
        Question("why", "free_text", "space", "involvement", "included"),
        Question("who", "multi", "space", "relationships", "nurtured", ("family", "none"), goto={"none": END}),
        Question("told", "yes_no", "influence", "feedback", "included", ("yes", "no", "unsure")),
    )
    shared: dict[str, str | tuple[str, ...]] = {
        "hint.scale5": "Reply 1 ({low}) to 5 ({high}).",
        "hint.multi": "Send numbers.",
        "hint.free_text": "Your words.",
        "hint.yes_no": "Reply 1 yes, 2 no, 3 not sure.",
        "opening.sms": ("One.", "Two."),
    }
    words = Words(
        "en",
        "ltr",
        True,
        {"heard": "Heard?", "why": "Why?", "who": "Who?", "told": "Told?"},
        {"heard": {"1": "not at all", "5": "a lot"}, "who": {"family": "Family", "none": "No one"}},
        shared=shared,
    )
    script = Script(
        "demo", "", steps, ("en",), "DEMO", "visit", timedelta(hours=48), timedelta(hours=20), {"en": words}
    )
    return versioned(replace(script, **changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("step", "codes", "expected"),
    [
        ("heard", ("1",), "why"),
        ("heard", ("5",), "who"),
        ("heard", (), "who"),
        ("why", (), "who"),
        ("who", ("family",), "told"),
        ("who", ("none",), END),
        ("who", ("family", "none"), END),
        ("told", ("no",), END),
    ],
)
def test_what_follows_an_answer(step: str, codes: tuple[str, ...], expected: str) -> None:
    assert make_script().following(step, codes) == expected


def test_an_unknown_step_is_an_error() -> None:
    with pytest.raises(KeyError):
        make_script().question("nowhere")


@pytest.mark.parametrize(
    ("step", "text"),
    [
        ("heard", "Heard?\nReply 1 (not at all) to 5 (a lot)."),
        ("who", "Who?\n1. Family\n2. No one\nSend numbers."),
        ("told", "Told?\nReply 1 yes, 2 no, 3 not sure."),
        ("why", "Why?\nYour words."),
    ],
)
def test_a_text_message_holds_question_options_and_how_to_answer(step: str, text: str) -> None:
    assert render_sms(make_script(), "en", step) == text


def test_a_list_of_shared_words_is_read_as_one_text_or_several() -> None:
    words = make_script().words["en"]
    assert words.line("opening.sms") == "One.\n\nTwo."
    assert words.lines("opening.sms") == ("One.", "Two.")
    assert words.lines("hint.multi") == ("Send numbers.",)


def test_the_version_changes_with_any_word_and_with_nothing_else() -> None:
    script = make_script()
    words = script.words["en"]
    other_ask = {"en": replace(words, ask={**words.ask, "why": "How come?"})}
    other_shared = {"en": replace(words, shared={**words.shared, "hint.multi": "Send any."})}
    versions = {
        script.version,
        make_script(words=other_ask).version,
        make_script(words=other_shared).version,
        make_script(keyword="OTHER").version,
        make_script(nudge_after=None).version,
    }
    assert len(versions) == 5
    assert make_script().version == script.version
    assert len(script.version) == 16


@pytest.mark.parametrize("name", NAMES)
def test_a_dumped_script_comes_back_equal(name: str) -> None:
    script = load_all()[name]
    back = parse_dump(dump(script))
    assert back == script
    assert versioned(back) == script


def test_a_script_without_a_nudge_comes_back_equal() -> None:
    script = make_script(nudge_after=None)
    assert parse_dump(dump(script)) == script


def test_the_packaged_scripts_are_these() -> None:
    scripts = load_all()
    assert sorted(scripts) == NAMES
    assert [scripts[name].keyword for name in NAMES] == ["MEETING", "CHECKIN", "PLAN"]


@pytest.mark.parametrize(("name", "questions"), [("after-meeting", 6), ("check-in", 4), ("my-plan", 6)])
def test_a_script_asks_an_age_band_and_then_its_few_questions(name: str, questions: int) -> None:
    first, *rest = load_all()[name].steps
    assert (first.keep_as, first.options) == ("age_band", AGE_BANDS)
    assert len(rest) == questions


@pytest.mark.parametrize("name", NAMES)
def test_a_script_covers_space_voice_audience_and_influence(name: str) -> None:
    assert {step.lundy for step in load_all()[name].steps} == {"", "space", "voice", "audience", "influence"}


def test_together_the_scripts_use_every_type_of_answer_and_offer_nothing_yet() -> None:
    steps = [step for script in load_all().values() for step in script.steps]
    assert {step.type for step in steps} == {"scale5", "choice", "multi", "yes_no", "free_text"}
    assert all(any("nothing_yet" in step.options for step in script.steps) for script in load_all().values())


@pytest.mark.parametrize("name", NAMES)
def test_every_conversation_ends_whatever_is_answered(name: str) -> None:
    script = load_all()[name]
    waiting, finished = [(script.steps[0].id, 1)], 0
    while waiting:
        step, length = waiting.pop()
        if step == END:
            finished += 1
            continue
        assert length <= len(script.steps)
        answers = [(), *((code,) for code in script.question(step).options)]
        waiting += {(script.following(step, codes), length + 1) for codes in answers}
    assert finished > 0


@pytest.mark.parametrize("name", NAMES)
def test_every_text_fits_two_english_or_four_other_segments(name: str) -> None:
    script = load_all()[name]
    for language in script.languages:
        for step in script.steps:
            found = count(render_sms(script, language, step.id))
            assert found.segments <= (2 if found.encoding == "GSM-7" else 4), (language, step.id)
            assert language != "en" or found.encoding == "GSM-7"


def test_no_words_claim_a_review_that_nobody_has_made() -> None:
    assert not [language for language, words in load_words().items() if words.reviewed]
    assert not [name for name in NAMES for words in load_all()[name].words.values() if words.reviewed]
