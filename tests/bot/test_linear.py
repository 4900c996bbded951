"""The second mind: its file, what it sees of a text, and how it and the rules weigh a text together."""

from __future__ import annotations

import json
import math
import re
import subprocess
import sys
import time
import zlib
from collections.abc import Mapping
from pathlib import Path
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.safeguards import triage
from bot.safeguards.triage import lexicon as lexicons
from bot.safeguards.triage import linear
from bot.safeguards.triage.features import SIZE, features
from bot.safeguards.triage.lexicon import Lexicon
from bot.safeguards.triage.linear import BARS, HEADS, BrokenModel, Linear, Trained
from bot.safeguards.triage.wording import normalised, tokens
from conversations.values import Level
from tests.fakes import BARS as NO_BARS
from tests.fakes import tiny_model

ROOT = Path(__file__).resolve().parents[2]
FIRM = "firm = true\n"
PAGE = """
reviewed = true
common = ["we", "talked", "about", "the", "dog", "cat", "bird", "at", "home", "today"]
[[rules]]
id = "en-dog"
category = "self_harm"
level = "concern"
{firm}patterns = ["dog"]
matches = ["dog"]
[[rules]]
id = "en-bird"
category = "x"
level = "wellbeing"
patterns = ["bird"]
matches = ["bird"]
"""


def lexicon(model: Linear | None, firm: bool = False) -> Lexicon:
    """Two rules, of which the first alerts, beside this model."""
    return lexicons.read({"en": [PAGE.format(firm=FIRM if firm else "")]}, model)


def model(**bars: float) -> Linear:
    """A model that says 0.5 of everything, held against these bars."""
    return tiny_model({**NO_BARS, **bars})


def even(size: int = 16) -> Trained:
    return Trained([0.0] * size, {}, 0.0)


def content(heads: Mapping[str, Trained] | None = None) -> bytes:
    return linear.write({name: even() for name in sorted(HEADS)} | dict(heads or {}), NO_BARS)


# --- the file ---------------------------------------------------------------------------------------------------------


@given(
    st.lists(st.floats(-5, 5), min_size=16, max_size=16),
    st.dictionaries(st.sampled_from(["en-dog", "en-cat"]), st.floats(-5, 5)),
    st.floats(-5, 5),
)
def test_what_is_written_is_read_again(weights: list[float], rules: dict[str, float], bias: float) -> None:
    written = linear.write({name: Trained(weights, rules, bias) for name in sorted(HEADS)}, NO_BARS)
    assert written == linear.write({name: Trained(weights, rules, bias) for name in sorted(HEADS)}, NO_BARS)
    found = linear.read(written)
    head = found.heads["alert"]
    scale = max(1e-9, *(abs(weight) for weight in weights)) / 127
    for kept, weight in zip(head.weights, weights, strict=True):
        assert abs(kept * head.scale - weight) <= scale / 2 + 1e-12
    assert head.bias == bias
    assert all(abs(head.rules.get(name, 0.0) - weight) <= 0.00005 for name, weight in rules.items())
    assert dict(found.bars) == dict(NO_BARS)
    assert found.version == linear.read(written).version


def test_heads_of_other_sizes_lie_beside_each_other() -> None:
    found = linear.read(content({"about:x": Trained([0.5] * 8, {}, 1.0), "about:y": Trained([1.0] * 32, {}, -1.0)}))
    assert [len(head.weights) for head in found.heads.values()] == [16, 16, 16, 8, 32]
    assert found.about({1, 2}) == "x"
    assert linear.read(content()).about({1}) == "other"


def edited(**changes: object) -> bytes:
    first, _, packed = content().partition(b"\n")
    return json.dumps(json.loads(first) | changes).encode() + b"\n" + packed


def head(name: str, size: object) -> dict[str, object]:
    return {"name": name, "size": size, "scale": 1.0, "rules": {}, "bias": 0.0}


def repacked(plain: bytes) -> bytes:
    return content().partition(b"\n")[0] + b"\n" + zlib.compress(plain)


DAMAGED: dict[str, bytes] = {
    "empty": b"",
    "one line": content().partition(b"\n")[0],
    "half": content()[: len(content()) // 2],
    "its last byte is gone": content()[:-1],
    "no JSON": b"no\n" + content().partition(b"\n")[2],
    "a list": b"[]\n" + content().partition(b"\n")[2],
    "no letters": b"\xff\xfe\n" + content().partition(b"\n")[2],
    "no heads": edited(heads=[]),
    "no bars": edited(bars={}),
    "a bar that is no number": edited(bars=dict(NO_BARS) | {"alert": "high"}),
    "a bar that is null": edited(bars=dict(NO_BARS) | {"alert": None}),
    "too few weights": repacked(b"\0" * 47),
    "too many weights": repacked(b"\0" * 49),
    "no weights": repacked(b""),
    "not packed": content().partition(b"\n")[0] + b"\n" + b"\0" * 48,
    "a head that is missing": linear.write({"alert": even(), "immediate": even()}, NO_BARS),
    "a head of no size": edited(heads=[head(name, 0 if name == "alert" else 24) for name in sorted(HEADS)]),
    "a head of an odd size": linear.write({name: even(15) for name in sorted(HEADS)}, NO_BARS),
    "a size below nothing": edited(heads=[head("alert", 64), head("immediate", -32), head("wellbeing", 16)]),
    "a size that is no number": edited(heads=[head(name, "16") for name in sorted(HEADS)]),
    "a scale that is no number": edited(heads=[head(name, 16) | {"scale": "x"} for name in sorted(HEADS)]),
    "rules that are a list": edited(heads=[head(name, 16) | {"rules": []} for name in sorted(HEADS)]),
    "a bar that is not a number": edited(bars=dict(NO_BARS) | {"doubt": float("nan")}),
    "a bias that is endless": edited(heads=[head(name, 16) | {"bias": float("inf")} for name in sorted(HEADS)]),
    "a bias that is null": edited(heads=[head(name, 16) | {"bias": None} for name in sorted(HEADS)]),
}


@pytest.mark.parametrize("how", DAMAGED)
def test_a_damaged_file_is_refused(how: str) -> None:
    with pytest.raises(BrokenModel):
        linear.read(DAMAGED[how])


@given(st.integers(0, 10_000), st.integers(1, 255))
def test_one_wrong_byte_is_refused_or_changes_the_version(place: int, change: int) -> None:
    good = content()
    bad = bytearray(good)
    bad[place % len(bad)] ^= change
    try:
        found = linear.read(bytes(bad))
    except BrokenModel:
        return
    assert found.version != linear.read(good).version


def test_the_packaged_model_is_loaded_once_and_fits_what_is_hashed() -> None:
    found = linear.load_model()
    assert found is linear.load_model()
    assert set(found.bars) == set(BARS)
    assert {len(found.heads[name].weights) for name in HEADS} == {SIZE}
    assert found.bars["doubt"] <= found.bars["alert"]


# --- what it says -----------------------------------------------------------------------------------------------------

SEEN = st.sets(st.integers(0, SIZE - 1), max_size=50)


@given(SEEN, st.floats(-9, 9), st.floats(0, 9), st.lists(st.floats(-9, 9), min_size=16, max_size=16))
def test_the_more_a_rule_weighs_the_likelier(seen: set[int], weight: float, more: float, weights: list[float]) -> None:
    def chance(of_rule: float) -> float:
        heads = {"alert": Trained(weights, {"en-dog": of_rule}, -1.0)}
        return tiny_model(NO_BARS, **heads).chance("alert", seen, ["en-dog"])

    assert 0.0 < chance(weight) <= chance(weight + more) < 1.0


@given(SEEN)
def test_a_rule_that_it_does_not_know_changes_nothing(seen: set[int]) -> None:
    known = model()
    assert known.chance("alert", seen, ["pl-new"]) == known.chance("alert", seen)


def test_nothing_seen_is_no_division_by_nothing() -> None:
    assert model().chance("alert", set()) == 0.5


@given(st.text(max_size=200))
def test_whatever_is_typed_has_features_within_the_table(text: str) -> None:
    found = features(tokens(normalised(text)))
    assert all(0 <= number < SIZE for number in found)


ODD_WORDS = st.sampled_from([*"abhy.", "hurtt", "ghost", "wheesht", "aaaa", "żółw", "😭"])


@given(st.lists(ODD_WORDS | st.text("abcy", min_size=1)))
def test_hashing_all_at_once_gives_what_hashing_one_by_one_gives(words: list[str]) -> None:
    table = SIZE - 1
    short = [re.sub(r"(.)\1{2,}", r"\1\1", word)[:24] for word in words]
    wanted = {crc32(word.encode(), crc32(b"word")) & table for word in short}
    for edged in (f"<{word}>".encode() for word in short):
        cuts = {edged[start : start + size] for size in (3, 4, 5) for start in range(len(edged) - size + 1)}
        wanted |= {crc32(cut, crc32(b"piece")) & table for cut in cuts}
    stop = crc32(b".", crc32(b"word"))
    row = [stop, stop, *(crc32(word.encode(), crc32(b"word")) for word in short), stop]
    for two, one, word in zip(row, row[1:], row[2:], strict=False):
        wanted |= {(one * 0x9E3779B1 + word * 0x85EBCA77) >> 16 & table}
        wanted |= {(two * 0x27D4EB2F + one * 0x9E3779B1 + word * 0xC2B2AE3D) >> 16 & table}
        wanted |= {(two * 0x9E3779B1 + word * 0x27D4EB2F) >> 16 & table}
    bones = [crc32(_skeleton(word).encode(), crc32(b"bone")) for word in short if word != "."]
    for place, bone in enumerate(bones):
        near = bones[place + 1 : place + 8]
        wanted |= {bone & table, *(((bone ^ other) * 0x165667B1 + bone + other) >> 16 & table for other in near)}
    assert features(words) == wanted


def _skeleton(word: str) -> str:
    plain = re.sub(r"(.)\1+", r"\1", word)
    for spelt, sound in (("ph", "f"), ("ck", "k"), ("th", "t"), ("gh", ""), ("wh", "w"), ("c", "k"), ("z", "s")):
        plain = plain.replace(spelt, sound)
    plain = plain.replace("y", "")
    return plain[:1] + "".join(letter for letter in plain[1:] if letter not in "aeiouh")


@given(SEEN, st.lists(st.floats(-9, 9), min_size=16, max_size=16))
def test_a_head_adds_up_the_weights_of_what_was_seen(seen: set[int], weights: list[float]) -> None:
    head = tiny_model(NO_BARS, alert=Trained(weights, {}, 0.5)).heads["alert"]
    total = sum(head.weights[number % 16] for number in seen) * head.scale / math.sqrt(max(len(seen), 1)) + 0.5
    assert head.chance(seen) == 1 / (1 + math.exp(-max(-30.0, min(30.0, total))))


HASHED = """
from bot.safeguards.triage.features import features
from bot.safeguards.triage.wording import normalised, tokens
text = "he wis hurtin me the day, an naebody kens 😭 أمي"
print(sorted(features(tokens(normalised(text)))))
"""


def _said_by(code: str, seed: str) -> str:
    environment = {"PYTHONHASHSEED": seed, "PATH": ""}
    command = [sys.executable, "-c", code]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, env=environment).stdout


def test_features_are_the_same_in_every_process() -> None:
    said = [_said_by(HASHED, seed) for seed in ("0", "1", "4242")]
    assert len(set(said)) == 1
    assert len(json.loads(said[0])) > 50


# --- together with the rules ----------------------------------------------------------------------------------------

DOG, CAT, BIRD = "we talked about the dog", "we talked about the cat", "we talked about the bird"


@pytest.mark.parametrize(
    ("text", "bars", "firm", "level"),
    [
        (CAT, {}, False, Level.NONE),
        (CAT, {"alert": 0.5}, False, Level.CONCERN),
        (CAT, {"alert": 0.5, "immediate": 0.5}, False, Level.IMMEDIATE),
        (CAT, {"immediate": 0.5}, False, Level.NONE),
        (CAT, {"wellbeing": 0.5}, False, Level.WELLBEING),
        (BIRD, {}, False, Level.WELLBEING),
        (BIRD, {"doubt": 0.6}, False, Level.WELLBEING),
        (DOG, {}, False, Level.CONCERN),
        (DOG, {"alert": 0.5, "immediate": 0.5}, False, Level.IMMEDIATE),
        (DOG, {"doubt": 0.5}, False, Level.CONCERN),
        (DOG, {"doubt": 0.6}, False, Level.WELLBEING),
        (DOG, {"doubt": 0.6, "alert": 0.5}, False, Level.CONCERN),
        (DOG, {"doubt": 0.6}, True, Level.CONCERN),
    ],
)
def test_rules_and_model_weigh_a_text_together(text: str, bars: dict[str, float], firm: bool, level: Level) -> None:
    found = triage.assess(text, lexicon(model(**bars), firm))
    assert (found.level, found.assessed, found.covered) == (level, True, True)
    assert ("model:doubts" in found.reasons) == (text == DOG and level is Level.WELLBEING)


@given(st.booleans(), st.floats(-1, 2), st.floats(-1, 2), st.sampled_from([DOG, CAT, BIRD, f"{DOG} today {BIRD}"]))
def test_it_never_lowers_a_firm_rule_and_nothing_below_wellbeing(
    firm: bool, doubt: float, alert: float, text: str
) -> None:
    alone = triage.assess(text, lexicon(model(), firm)).level
    both = triage.assess(text, lexicon(model(doubt=doubt, alert=alert), firm)).level
    assert both >= min(alone, Level.WELLBEING)
    if firm or alone < Level.CONCERN:
        assert both >= alone


@pytest.mark.parametrize(("text", "level"), [
    ("the dog", Level.CONCERN), ("the cat", Level.NONE), ("cat", Level.NONE), ("cat 1 2 3 4 !", Level.NONE),
    ("cat. the.", Level.NONE), ("bird", Level.WELLBEING), ("about the cat", Level.IMMEDIATE),
])  # fmt: skip
def test_in_fewer_than_three_words_it_says_nothing(text: str, level: Level) -> None:
    eager = lexicon(model(alert=0.0, immediate=0.0, doubt=1.0))
    assert triage.assess(text, eager).level is level


def test_where_no_lexicon_covers_the_language_it_says_nothing() -> None:
    eager = lexicon(model(alert=0.0, immediate=0.0))
    found = triage.assess("мені сьогодні подобається ця розмова ввечері", eager)
    assert (found.level, found.covered) == (Level.WELLBEING, False)
    assert not [reason for reason in found.reasons if reason.startswith("model:")]


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (None, "not-assessed:no-lexicon"),
        (lexicons.read({}, tiny_model()), "not-assessed:no-lexicon"),
        (lexicon(None), "not-assessed:no-model"),
        (lexicon(Linear("x", {}, {})), "not-assessed:KeyError"),
        (lexicon(Linear("x", tiny_model().heads, {})), "not-assessed:KeyError"),
    ],
    ids=["none", "an empty one", "no model", "a model without heads", "a model without bars"],
)
def test_without_a_mind_that_works_a_person_looks(broken: Lexicon | None, reason: str) -> None:
    found = triage.assess(CAT, broken)
    assert (found.assessed, found.handled_as, found.reasons) == (False, Level.CONCERN, (reason,))


def test_the_version_tells_the_model() -> None:
    assert lexicon(None).version != lexicon(model()).version != lexicon(model(alert=0.5)).version
    assert len(lexicons.load().version) <= 32


@pytest.mark.parametrize("unit", ["a", "he ", "kill me ", "i want to die ", "h i ", ". ", "ab" * 40 + " ", "zqx", "é "])
def test_twenty_thousand_hostile_characters_take_less_than_a_third_of_a_second(unit: str) -> None:
    text, real = (unit * 20_000)[:20_000], lexicons.load()
    started = time.thread_time()
    found = triage.assess(text, real)
    assert time.thread_time() - started < 0.3
    assert found.assessed or found.alerts


def test_words_that_are_all_different_stay_within_bounds() -> None:
    text, real = " ".join(f"{place:x}qz" for place in range(5_000))[:20_000], lexicons.load()
    started = time.thread_time()
    found = triage.assess(text, real)
    assert time.thread_time() - started < 0.3
    assert found.assessed or found.alerts



@pytest.mark.parametrize(("category", "level"), [
    ("suicide", Level.CONCERN), ("self_harm", Level.CONCERN), ("sexual_abuse", Level.CONCERN),
    ("unsafe_now", Level.CONCERN), ("neglect", Level.WELLBEING), ("running_away", Level.WELLBEING),
])  # fmt: skip
def test_only_what_people_say_of_their_own_danger_is_never_doubted(category: str, level: Level) -> None:
    page = PAGE.format(firm=FIRM).replace('category = "self_harm"', f'category = "{category}"')
    assert triage.assess(DOG, lexicons.read({"en": [page]}, model(doubt=0.6))).level is level
