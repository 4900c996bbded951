"""Each thing that a script may not do, with a folder that does it: the line marked `# wrong` is the one to be named."""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from conversations.cli import scripts
from conversations.script import ScriptError, check_all, load, load_words, script_folders
from conversations.script.carrier import CARRIER_KEYWORDS, HELP_KEYWORDS, START_KEYWORDS, STOP_KEYWORDS
from conversations.script.check import check, check_keywords
from conversations.script.files import mark
from conversations.script.key_lines import key_lines
from conversations.script.loading import SCRIPTS, WORDS
from conversations.script.reading import grade, reading_faults, syllables
from conversations.script.shared_keys import SHARED_KEYS, STAND_INS
from conversations.script.word_check import check_words

NOW = mark("Who helped you most?")
BROKEN = Path(__file__).parent / "broken_scripts"

REASONS = {
    "asks_for_a_network_word": "asks for INFO, which belongs to the phone network",
    "dead_end": "dead end",
    "emoji": "no emoji",
    "empty_words": "the words are missing",
    "english_with_a_mark": "it has no from",
    "goto_without_answer": 'goto names "6", which nobody can answer',
    "hard_to_read": "too hard to read",
    "hard_word": 'hard word; say "take part"',
    "kept_too_long": "1 to 72 hours",
    "keyword_in_small_letters": "capital letters",
    "keyword_is_a_control_word": "SKIP is a control word",
    "keyword_of_the_network": "QUIT belongs to the phone network",
    "label_is_a_control_word": '"skip" is a control word',
    "label_is_a_number": "a number is not a label",
    "label_of_the_network": '"end" belongs to the phone network',
    "label_that_is_no_option": "no step asks for these words",
    "labels_read_the_same": "reads the same as family",
    "language_not_named": "pl is not named in languages",
    "language_twice": "languages names one twice",
    "language_without_shared_words": "there are no shared words in cy",
    "language_without_words": "there is no pl.toml",
    "list_in_place_of_a_text": "one text, not a list",
    "long_word": '"extraordinary" is a long word',
    "loop": "loop",
    "no_english": "languages must name en",
    "no_lundy": "lundy is missing",
    "no_shanarri": "shanarri is missing",
    "no_steps": "at least one step",
    "no_such_language_code": '"Polish" is not a language code',
    "no_theme": "theme is missing",
    "nobody_gets_there": "nobody can get to this step",
    "not_in_the_sms_alphabet": "not in the SMS alphabet: \u2019",
    "not_toml": "not TOML",
    "nudge_after_the_end": "the nudge must come before",
    "one_option": "2 to 9 options",
    "open_brace": "a brace",
    "option_code_with_capitals": '"Family" is not a code',
    "option_not_translated": "labels.who.worker: the words are missing",
    "option_twice": "an option is there twice",
    "option_without_words": "labels.who.worker: the words are missing",
    "options_on_a_scale": "scale5 has no options of its own",
    "other_age_bands": "an age band is a choice of 8-11, 12-15, 16-17, 18-25",
    "placeholder_in_a_question": "{name} is not filled in here",
    "question_not_translated": "ask.who: the words are missing",
    "question_without_words": "ask.who: the words are missing",
    "same_step_twice": "who is there twice",
    "stale_translation": f'stale, the English text has changed: look at it again, then from = "{NOW}"',
    "step_called_end": "end is the name of the finish",
    "step_id_with_space": "steps.0.id",
    "too_long_for_four_texts": "5 UCS-2 segments, at most 4",
    "too_long_for_two_texts": "3 GSM-7 segments, at most 2",
    "too_many_questions": "more than 12 questions",
    "translation_without_mark": "not marked with the English text",
    "unkind_word": '"placement" is not a word to use with young people',
    "unknown_goto": 'goto names "nowhere", which is no step',
    "unknown_key": "expires: Extra inputs are not permitted",
    "unknown_lundy": "steps.1.lundy",
    "unknown_next": 'next names "nowhere", which is no step',
    "unknown_shanarri": "steps.1.shanarri",
    "unknown_theme": '"friends" is not a theme',
    "unknown_type": "steps.0.type",
    "words_that_nothing_asks": "no step asks for these words",
}


def wrong_lines(folder: Path) -> set[tuple[str, int]]:
    return {
        (str(path), number)
        for path in folder.glob("*.toml")
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if "# wrong" in line
    }


@pytest.mark.parametrize("name", sorted(REASONS))
def test_a_broken_script_is_refused_with_the_reason_and_only_its_wrong_lines(name: str) -> None:
    faults = check(BROKEN / name, WORDS)
    assert any(REASONS[name] in fault.reason for fault in faults), faults
    assert {(fault.file, fault.line) for fault in faults} == wrong_lines(BROKEN / name)


def test_every_broken_script_has_its_reason_here() -> None:
    assert {path.name for path in BROKEN.iterdir()} == {*REASONS, "sound"}


def test_the_sound_script_beside_them_has_no_fault() -> None:
    assert check(BROKEN / "sound", WORDS) == []


@pytest.mark.parametrize("name", sorted(REASONS))
def test_a_broken_script_is_never_loaded(name: str) -> None:
    with pytest.raises(ScriptError, match=r"\.toml:\d+: "):
        load(BROKEN / name)


@pytest.mark.parametrize("label", ["Yes", "Stop it", "Help me", "The end", "7 days", "My worker, again"])
def test_a_label_that_only_holds_a_refused_word_is_allowed(tmp_path: Path, label: str) -> None:
    shutil.copytree(BROKEN / "sound", tmp_path, dirs_exist_ok=True)
    words = (tmp_path / "en.toml").read_text(encoding="utf-8")
    (tmp_path / "en.toml").write_text(words.replace("My worker", label), encoding="utf-8")
    assert [fault for fault in check(tmp_path, WORDS) if "stale" not in fault.reason] == []


def test_the_packaged_scripts_and_words_have_no_fault() -> None:
    assert check_all(script_folders()) == []


def test_a_folder_without_a_script_is_refused(tmp_path: Path) -> None:
    assert [str(fault) for fault in check(tmp_path, WORDS)] == [f"{tmp_path}/script.toml:1: the file is missing"]


def test_two_scripts_may_not_start_with_the_same_word(tmp_path: Path) -> None:
    for name in ("one", "two"):
        shutil.copytree(BROKEN / "sound", tmp_path / name)
    [fault] = check_keywords([tmp_path / "one", tmp_path / "two"])
    assert (fault.file, fault.line, fault.reason) == (str(tmp_path / "two/script.toml"), 1, "HELLO already starts one")


# --- the words that all scripts share ---


def broken_words(folder: Path, language: str, key: str, value: str | None) -> int:
    """A copy of the shared words in which one entry has another value, or none; the line of that entry."""
    shutil.copytree(WORDS, folder, dirs_exist_ok=True)
    path = folder / f"{language}.toml"
    lines = path.read_text(encoding="utf-8").splitlines()
    place = next(number for number, line in enumerate(lines) if line.startswith(f'"{key}" ='))
    lines[place : place + 1] = [] if value is None else [f'"{key}" = {value}']
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return place + 1


MARKED = mark(load_words()["en"].line("kept.alert"))
BROKEN_WORDS = [
    ("en", "web.send", '"\U0001f600"', "no emoji"),
    ("en", "kept.alert", '"Ta\u2026"', "not in the SMS alphabet: \u2026"),
    ("en", "kept.alert", '"Text YES if OK."', "asks for YES"),
    ("en", "kept.alert", '"Thank you for your participation."', "hard word"),
    ("en", "kept.alert", '"Thanks, kids."', '"kids" is not a word'),
    ("en", "kept.alert", '"Thank you {name}."', "{name} is not filled in here"),
    ("en", "kept.alert", '["Thank you."]', "one text, not a list"),
    ("en", "nudge", '"' + "Text us. " * 40 + '"', "3 GSM-7 segments, at most 2"),
    ("en", "level.immediate.no_cover", '"Call 999. Nobody is here."', "{until} is missing"),
    ("en", "opening.sms", '["Staff at {partnership} read this.", "Text STOP."]', "2 messages, at most 1"),
    ("en", "opening.sms", '"Staff at {partnership} read this."', "a list of texts"),
    ("en", "opening.sms", '["We read this."]', "{partnership} is missing"),
    ("en", "opening.sms", '["' + "We read this. " * 34 + '{partnership}."]', "segments, at most 3"),
    ("en", "control.skip", '["skip", "end"]', '"end" belongs to the phone network'),
    ("en", "control.back", '["stop"]', '"stop" belongs to the phone network'),
    ("en", "control.back", '["skip"]', '"skip" also means control.skip'),
    ("en", "control.back", '["not at all"]', "also means control.back"),
    ("en", "control.skip", '["3"]', '"3" is not a word'),
    ("en", "control.skip", '"skip"', "a list of words"),
    ("pl", "control.delete", '["skip"]', "also means control.skip"),
    ("pl", "kept.alert", '{ text = "Dzięki.", from = "00000000" }', f'from = "{MARKED}"'),
    ("pl", "kept.alert", '"Dzięki."', f'from = "{MARKED}"'),
    ("ar", "nudge", '{ text = "' + "مرحبا " * 50 + '", from = "' + "0" * 8 + '" }', "UCS-2 segments, at most 4"),
]


@pytest.mark.parametrize(("language", "key", "value", "reason"), BROKEN_WORDS)
def test_broken_shared_words_are_refused_on_their_line(
    tmp_path: Path, language: str, key: str, value: str, reason: str
) -> None:
    line = broken_words(tmp_path, language, key, value)
    faults = [str(fault) for fault in check_words(tmp_path)]
    if "also means control.back" in reason:
        assert any(reason in fault for fault in faults)
    else:
        assert any(fault.startswith(f"{tmp_path}/{language}.toml:{line}: ") and reason in fault for fault in faults)


@pytest.mark.parametrize("language", ["en", "pl", "ar", "gd"])
def test_a_missing_shared_word_is_refused_in_every_language(tmp_path: Path, language: str) -> None:
    broken_words(tmp_path, language, "store_down", None)
    assert any("store_down: the words are missing" in str(fault) for fault in check_words(tmp_path))


def test_a_shared_word_that_nothing_uses_is_refused(tmp_path: Path) -> None:
    told = load_words()["en"].line("kept.alert")
    line = broken_words(tmp_path, "en", "kept.alert", f'"{told}"\n"kept.again" = "Thank you."')
    assert [(fault.line, fault.reason) for fault in check_words(tmp_path)] == [
        (line + 1, "kept.again: nothing uses these words")
    ]


@pytest.mark.parametrize("language", ["en", "pl", "ar", "gd"])
def test_a_helpline_that_is_written_out_is_refused(tmp_path: Path, language: str) -> None:
    broken_words(tmp_path, language, "kept.alert", '"Childline: 0800-1111."')
    assert any("name in braces, not 0800 1111" in fault.reason for fault in check_words(tmp_path))


def test_changing_an_english_word_makes_every_translation_stale(tmp_path: Path) -> None:
    broken_words(tmp_path, "en", "kept.alert", '"Thanks a lot."')
    stale = [Path(fault.file).stem for fault in check_words(tmp_path) if "stale" in fault.reason]
    assert stale == ["ar", "gd", "pl"]


# --- reading, lines, the network's words, the command ---


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("you", 1),
        ("hope", 1),
        ("asked", 1),
        ("table", 2),
        ("wanted", 2),
        ("meeting", 2),
        ("staying", 2),
        ("going", 2),
        ("family", 3),
        ("decided", 3),
        ("advocate", 3),
        ("emergency", 4),
        ("participation", 5),
    ],
)
def test_syllables_are_counted_about_right(word: str, expected: int) -> None:
    assert syllables(word) == expected


def test_a_hard_text_has_a_higher_grade_than_a_plain_one() -> None:
    plain = "Did the people at the meeting listen to what you said to them?"
    hard = "To what extent were professionals attentive to the perspectives that you articulated there?"
    assert grade(plain) < 5 < 10 < grade(hard)


@pytest.mark.parametrize(
    "text",
    [
        "Call Childline.",
        "Who helps you at home?",
        "Just in time.",
        "A united team.",
        "Black and white",
        "Ring 0800 1111.",
    ],
)
def test_plain_words_that_look_like_refused_ones_are_allowed(text: str) -> None:
    assert reading_faults(text) == []


def test_lines_are_found_in_tables_lists_and_quoted_keys() -> None:
    text = 'a = 1\n[[steps]]\nid = "x"\n\n[[steps]]\nid = "y"\n[steps.goto]\n1 = "x"\n["b.c"]\n"d.e" = [\n  "f",\n]\n'
    lines = key_lines(text)
    assert lines["steps", "0", "id"] == 3
    assert lines["steps", "1", "id"] == 6
    assert lines["steps", "1", "goto", "1"] == 8
    assert lines["b.c", "d.e"] == 10


def test_the_network_words_hold_all_that_were_published() -> None:
    folder = os.environ.get("HEARD_SHARED_DATA")
    if not folder:
        return
    published = json.loads((Path(folder) / "twilio/opt_out_keywords.json").read_text(encoding="utf-8"))
    for kind, ours in (("stop", STOP_KEYWORDS), ("start", START_KEYWORDS), ("help", HELP_KEYWORDS)):
        assert {word.lower() for word in published[kind]} <= ours
    assert len(CARRIER_KEYWORDS) == 13


def test_the_command_prints_file_line_and_reason_and_fails() -> None:
    run = CliRunner().invoke(scripts, ["check", str(BROKEN / "dead_end")])
    assert run.exit_code == 1
    assert re.match(r"\S*broken_scripts/dead_end/script\.toml:7: heard: dead end", run.output)


def test_the_command_is_content_with_the_packaged_scripts() -> None:
    run = CliRunner().invoke(scripts, ["check"])
    assert (run.exit_code, run.output) == (0, f"{len(list(SCRIPTS.iterdir()))} scripts, no faults\n")


def test_the_schema_names_every_field_of_a_step() -> None:
    schemas = json.loads(CliRunner().invoke(scripts, ["schema"]).output)
    assert {"id", "type", "goto", "keep_as"} <= schemas["script"]["$defs"]["StepTable"]["properties"].keys()
    assert schemas["words"]["additionalProperties"] is False


def test_no_rule_for_a_shared_word_asks_for_a_placeholder_that_cannot_be_measured() -> None:
    assert {name for rule in SHARED_KEYS.values() for name in rule.placeholders} <= STAND_INS.keys()
