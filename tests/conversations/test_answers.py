"""What young people text as answers: what must be read, what must be asked again, and what can never happen."""

from __future__ import annotations

import functools
import json
import os
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conversations.answers import KINDS, load_vocabulary, parse
from conversations.answers.filtering import answer_filter
from conversations.answers.text import fold_phrase, is_one_edit_apart
from conversations.controls import control_words
from conversations.values import Option, Parsed

TABLES = Path(__file__).parent / "answer_tables"
VOCABULARY = load_vocabulary()
SPECIAL = [
    *"0123456789\u0664\u0c6a",
    "\ufe0f\u20e3",
    "\U0001f51f",
    "\u00bd",
    "\U0001f600",
    "\U0001f44d\U0001f3fd",
    "\x00",
]
SPECIAL += [
    " ",
    "\n",
    "-",
    "/",
    ".",
    ",",
    "\u200f",
    "\u200d",
    "4",
    "not",
    "yes",
    "no",
    "a lot",
    "and",
    "because",
    "or",
    "my",
]


def make_options(*pairs: str) -> tuple[Option, ...]:
    return tuple(Option(*pair.split("=")) for pair in pairs)


OPTIONS: dict[str, tuple[Option, ...]] = {
    "scale5": (),
    "yes_no": (),
    "choice": make_options("mum=My mum or dad", "worker=My social worker", "teacher=A teacher", "none=Nobody"),
    "age": make_options("8-11=8 to 11", "12-15=12 to 15", "16-17=16 or 17", "18-25=18 to 25"),
    "multi": make_options(
        "family=My family",
        "worker=My social worker",
        "school=People at school",
        "advocate=My advocate",
        "none=Nobody",
    ),
    "place": make_options(
        "home=At home", "school=At school", "cafe=In a café", "online=Online", "walk=Going for a walk"
    ),
    "feeling": make_options("calm=Calm", "happy=Happy", "sad=Sad", "angry=Angry", "worried=Worried"),
    "change": make_options("better=It is better", "same=Nothing changed", "worse=It is worse"),
    "means": make_options("text=A text", "call=A phone call", "letter=A letter", "visit=A visit"),
    "rodzina": make_options("rodzina=Rodzina", "kolega=Przyjaciel", "szkola=Szkoła", "nikt=Nikt"),
    "usra": make_options("usra=عائلة", "sadiq=صديق", "madrasa=مدرسة"),
    "teaghlach": make_options("teaghlach=Teaghlach", "caraid=Caraid", "sgoil=Sgoil"),
}
SEVERAL = {"multi", "means"}
"""Questions of the tables that take more than one option; the others with options take one."""


def read(question: str, text: str, language: str = "en", options: tuple[Option, ...] | None = None) -> Parsed:
    kind = question if question in {"scale5", "yes_no"} else "multi" if question in SEVERAL else "choice"
    return parse(kind, text, OPTIONS[question] if options is None else options, language, VOCABULARY)


@functools.cache
def table(name: str) -> dict[str, list[Any]]:
    return tomllib.loads((TABLES / f"{name}.toml").read_text("utf-8"))


def understood() -> Iterator[tuple[str, str, tuple[str, ...], str, str]]:
    for question, rows in table("understood").items():
        for text, value, *more in rows:
            extra, language = [*more, "", "en"][:2] if len(more) != 1 else (more[0], "en")
            yield question, text, tuple(value) if isinstance(value, list) else (value,), extra, language


def asked_again() -> Iterator[tuple[str, str, str]]:
    for question, rows in table("asked_again").items():
        for row in rows:
            text, language = row if isinstance(row, list) else (row, "en")
            yield question, text, language


@pytest.mark.parametrize(("question", "text", "codes", "extra", "language"), list(understood()))
def test_an_answer_is_read_with_the_words_around_it(
    question: str, text: str, codes: tuple[str, ...], extra: str, language: str
) -> None:
    assert read(question, text, language) == Parsed(codes, extra)


@pytest.mark.parametrize(("question", "text", "language"), list(asked_again()))
def test_what_is_not_one_plain_answer_is_asked_again(question: str, text: str, language: str) -> None:
    assert read(question, text, language) == Parsed()


def test_the_tables_hold_as_many_lines_that_must_not_match_as_must() -> None:
    assert len(list(asked_again())) > len(list(understood())) > 250


def test_no_text_stands_twice_in_the_tables_with_two_meanings() -> None:
    seen: dict[tuple[str, str, str], object] = {}
    for question, text, codes, extra, language in understood():
        assert seen.setdefault((question, text, language), (codes, extra)) == (codes, extra)
    for question, text, language in asked_again():
        assert (question, text, language) not in seen


@pytest.mark.parametrize("kind", KINDS)
@given(text=st.text(max_size=200) | st.lists(st.sampled_from(SPECIAL), max_size=12).map("".join), data=st.data())
@settings(max_examples=150, deadline=None)
def test_any_text_at_all_gives_codes_of_the_question_or_nothing(kind: str, text: str, data: st.DataObject) -> None:
    language = data.draw(st.sampled_from([*sorted(VOCABULARY.languages), "xx", ""]))
    parsed = read(kind, text, language)
    allowed = {
        "scale5": ("1", "2", "3", "4", "5"),
        "yes_no": ("yes", "no", "unsure"),
    }.get(kind, tuple(option.code for option in OPTIONS[kind]))
    assert list(parsed.codes) == [code for code in allowed if code in parsed.codes]
    assert len(parsed.codes) <= (len(allowed) if kind == "multi" else 1)
    assert parsed.understood or not parsed.extra


@given(labels=st.lists(st.text(max_size=20), max_size=12), text=st.text(max_size=40), pick=st.integers(0, 11))
@settings(max_examples=100, deadline=None)
def test_any_labels_at_all_are_survived(labels: list[str], text: str, pick: int) -> None:
    options = tuple(Option(f"code{place}", label) for place, label in enumerate(labels))
    said = labels[pick] if pick < len(labels) else text
    for kind in ("choice", "multi"):
        assert set(read(kind, said, options=options).codes) <= {option.code for option in options}


@pytest.mark.parametrize("piece", ["so a ", "4 ", "a,", "my mum ", "x", "\U0001f600", "1 and ", "\ufdfa", "not "])
@pytest.mark.parametrize("kind", KINDS)
def test_sixteen_hundred_characters_of_anything_are_read_in_bounded_work(kind: str, piece: str) -> None:
    assert not read(kind, (piece * 1600)[:1600]).understood or piece == "\U0001f600"


# --- other labels -----------------------------------------------------------------------------------------------------

FREQUENCY = make_options("1=rarely", "2=not often", "3=now and then", "4=often", "5=nearly every time")
TURNED_ROUND = make_options("1=a lot", "2=quite a lot", "3=some", "4=a little", "5=not at all")
POLISH = make_options("1=wcale", "2=trochę", "3=średnio", "4=dość dużo", "5=bardzo")


@pytest.mark.parametrize(
    ("options", "text", "codes"),
    [
        (FREQUENCY, "often", ("4",)),
        (FREQUENCY, "not often", ("2",)),
        (FREQUENCY, "now and then", ("3",)),
        (FREQUENCY, "rarley", ("1",)),
        (FREQUENCY, "four", ("4",)),
        (FREQUENCY, "a lot", ()),  # words for amounts say nothing on a scale of times
        (FREQUENCY, "loads", ()),
        (FREQUENCY, "\U0001f600", ()),  # and a face may be glad of "rarely"
        (TURNED_ROUND, "a lot", ("1",)),
        (TURNED_ROUND, "not at all", ("5",)),
        (TURNED_ROUND, "loads", ()),  # a synonym of a label that stands elsewhere would be a guess
        (POLISH, "bardzo", ("5",)),
        (POLISH, "trohcę", ("2",)),
        (POLISH, "a lot", ("5",)),  # English words beside one's own
        (POLISH, "loads", ("5",)),
    ],
)
def test_words_for_amounts_count_only_where_the_labels_are_amounts(
    options: tuple[Option, ...], text: str, codes: tuple[str, ...]
) -> None:
    assert read("scale5", text, options=options).codes == codes


CHANGED = make_options(
    "yes=Yes, it changed things", "a_bit=A wee bit", "nothing_yet=Not yet", "not_asked=I could not go"
)
SAID = make_options("yes=Yes", "no=No", "not_yet=Not yet")
CAN = make_options("can=I can say no", "cant=I can't say no", "unsure=Not sure")
WORKERS = make_options("social=Social worker", "support=Support worker", "key=Key worker")
MEETINGS = make_options("none=0", "one=1", "two=2", "many=3 or more")


@pytest.mark.parametrize(
    ("options", "text", "codes"),
    [
        (CHANGED, "not yet", ("nothing_yet",)),
        (CHANGED, "a bit", ("a_bit",)),
        (CHANGED, "1", ("yes",)),
        (CHANGED, "go", ()),  # a part of a label with "not" in it says the opposite
        (CHANGED, "i could go", ()),
        (SAID, "nope", ("no",)),
        (SAID, "not yet", ("not_yet",)),
        (SAID, "yes but not yet", ()),
        (SAID, "no one listened", ()),
        (CAN, "i can say no", ("can",)),
        (CAN, "I can’t say no", ("cant",)),
        (CAN, "dunno", ("unsure",)),
        (WORKERS, "worker", ()),  # three of them
        (WORKERS, "support", ("support",)),
        (WORKERS, "key worker", ("key",)),
        (WORKERS, "support worker not key worker", ()),
        (MEETINGS, "2", ()),  # the second option, or the one that is labelled 2
        (MEETINGS, "c", ("two",)),
    ],
)
def test_labels_that_resemble_each_other_are_kept_apart(
    options: tuple[Option, ...], text: str, codes: tuple[str, ...]
) -> None:
    assert read("choice", text, options=options).codes == codes


def test_thirteen_is_the_thirteenth_option_where_there_is_one() -> None:
    many = tuple(Option(f"code{place}", f"Thing {chr(96 + place)}") for place in range(1, 14))
    assert read("multi", "13", options=many).codes == ("code13",)
    assert read("multi", "12 and 13", options=many).codes == ("code12", "code13")


def test_none_and_all_need_an_option_to_stand_for() -> None:
    three = OPTIONS["multi"][:3]
    assert read("multi", "none", options=three) == Parsed()
    assert read("multi", "all", options=three).codes == ("family", "worker", "school")
    assert read("multi", "both", options=three[:2]).codes == ("family", "worker")
    assert read("multi", "both", options=three) == Parsed()


def test_an_unknown_kind_or_no_options_is_not_understood() -> None:
    assert parse("free_text", "4", (), "en", VOCABULARY) == Parsed()
    assert parse("choice", "1", (), "en", VOCABULARY) == Parsed()


# --- the vocabulary ---------------------------------------------------------------------------------------------------


def answer_phrases() -> set[str]:
    return {phrase for meanings in VOCABULARY.meanings.values() for phrase in meanings}


def test_no_answer_word_is_a_control_word() -> None:
    assert not answer_phrases() & control_words().keys()


def test_no_answer_word_belongs_to_the_phone_network_except_yes() -> None:
    words = {
        "stop",
        "stopall",
        "unsubscribe",
        "cancel",
        "end",
        "quit",
        "revoke",
        "optout",
        "start",
        "unstop",
        "help",
        "info",
    }
    folder = os.environ.get("HEARD_SHARED_DATA")
    if folder:
        keywords = json.loads((Path(folder) / "twilio" / "opt_out_keywords.json").read_text("utf-8"))
        words |= {word.casefold() for name in ("stop", "start", "help") for word in keywords[name]} - {"yes"}
    assert not answer_phrases() & words


def test_every_language_is_there_and_only_english_is_reviewed() -> None:
    assert VOCABULARY.languages >= {"en", "gd", "pl", "ar", "uk", "ur"}
    assert VOCABULARY.reviewed == {"en"}


@pytest.mark.parametrize("language", sorted(VOCABULARY.languages))
@pytest.mark.parametrize("kind", ["scale5", "yes_no"])
def test_every_word_of_every_language_is_read_in_that_language(kind: str, language: str) -> None:
    for phrase, code in VOCABULARY.table(kind, language).items():
        assert read(kind, phrase, language).codes == (code,), phrase


@pytest.mark.parametrize(("left", "right"), [("five", "fiv"), ("five", "fivee"), ("five", "fove"), ("five", "fvie")])
def test_one_edit_is_a_letter_left_out_put_in_changed_or_swapped(left: str, right: str) -> None:
    assert is_one_edit_apart(left, right)
    assert is_one_edit_apart(right, left)


@pytest.mark.parametrize(
    ("left", "right"), [("five", "five"), ("five", "fi"), ("five", "vief"), ("five", "foce"), ("", "ab")]
)
def test_two_edits_are_too_many_and_none_is_too_few(left: str, right: str) -> None:
    assert not is_one_edit_apart(left, right)


def test_folding_forgets_accents_capitals_apostrophes_and_marks() -> None:
    assert fold_phrase("  N\u2019ot, AT all! ") == "not at all"
    assert fold_phrase("'S d\u00f2cha") == "s docha"
    assert fold_phrase("\u062e\u0645\u0633\u0629") == fold_phrase("\u062e\u0645\u0633\u0647")


# --- the filter -------------------------------------------------------------------------------------------------------

PAIR = [{"code": "b", "label": "Bus"}, {"code": "a", "label": "Car"}]


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ({"type": "scale5", "text": "4/5"}, 4),
        ({"type": "scale5", "text": "3 or 4", "lang": "en"}, None),
        ({"type": "scale5", "text": "bardzo", "lang": "pl", "options": []}, 5),
        ({"type": "scale5", "text": "5", "options": [{"code": str(n), "label": f"level {n}"} for n in range(1, 6)]}, 5),
        ({"type": "yes_no", "text": "aye"}, "yes"),
        ({"type": "choice", "text": "2", "options": PAIR}, "a"),
        ({"type": "multi", "text": "1 and 2", "options": PAIR}, ["a", "b"]),
        ({"type": "multi", "text": "1 and 9", "options": PAIR}, None),
    ],
)
def test_the_filter_gives_the_same_object_back_with_its_value(line: dict[str, object], value: object) -> None:
    assert answer_filter(line, VOCABULARY) == {**line, "value": value}


@pytest.mark.parametrize(
    "line",
    [
        {},
        {"type": "scale5"},
        {"type": "scale5", "text": 4},
        {"type": "scale5", "text": None},
        {"type": "stars", "text": "4"},
        {"type": ["scale5"], "text": "4"},
        {"type": "choice", "text": "1"},
        {"type": "choice", "text": "1", "options": "a"},
        {"type": "choice", "text": "1", "options": ["a"]},
        {"type": "multi", "text": "1", "options": [{"code": "a"}]},
        {"type": "scale5", "text": "1", "options": PAIR},
    ],
)
def test_the_filter_explains_what_it_cannot_read(line: dict[str, object]) -> None:
    answered = answer_filter(line, VOCABULARY)
    assert answered["value"] is None
    assert answered["error"]
