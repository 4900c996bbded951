"""The third mind: it cuts texts as it was taught, reads long ones whole, only ever raises, and may be absent."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.safeguards.triage import encoder, lexicon, looking
from bot.safeguards.triage.encoder import Encoder, EncoderAbsent, Looked, joined, worth_a_look
from bot.safeguards.triage.screen import likelihood
from bot.safeguards.triage.wordpieces import BEGIN, END, UNKNOWN, Pieces
from conversations.values import Assessment, Level

ROOT = Path(__file__).resolve().parents[2]
FOLDER = Path(encoder.__file__).parent / "encoder_files"
VECTORS = json.loads((ROOT / "tests/vectors/wordpieces/pieces.json").read_text(encoding="utf-8"))["rows"]
PIECES = Pieces.of((FOLDER / "vocabulary.txt").read_text(encoding="utf-8"))
MARKS = {name: PIECES.numbers[name] for name in (BEGIN, END, UNKNOWN)}
CATEGORIES = ("chatter", "suicide")
BARS = {"alert": 0.8, "immediate": 0.5}


# --- pieces ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("row", VECTORS, ids=lambda row: ascii(row["text"][:30]))
def test_a_text_is_cut_as_by_the_library_that_the_encoder_was_taught_with(row: dict[str, object]) -> None:
    assert PIECES.cut(str(row["text"])) == row["pieces"]


def test_there_are_vectors_of_every_kind() -> None:
    texts = [row["text"] for row in VECTORS]
    assert len(texts) > 60
    assert any(len(text) == 200 for text in texts)
    for sign in ("dinnae", "😭", "لا", "\u0007", "?", "\u200b"):
        assert any(sign in text for text in texts), sign


@given(st.text(max_size=300))
def test_any_text_has_one_beginning_one_end_and_known_pieces(text: str) -> None:
    first, *inside, last = PIECES.cut(text)
    assert (first, last) == (MARKS[BEGIN], MARKS[END])
    assert not {first, last}.intersection(inside)
    assert set(inside) <= set(PIECES.numbers.values())


@pytest.mark.parametrize("typed", [BEGIN, END, UNKNOWN, "[PAD]", "[MASK]"])
def test_nobody_can_type_a_mark(typed: str) -> None:
    assert PIECES.numbers[typed] not in PIECES.cut(f"they said {typed} to me")[1:-1]


@pytest.mark.parametrize(("text", "lower"), [("HELLO there", "hello there"), ("a  b\n", "a b"), ("cafe\u0301", "cafe")])
def test_case_white_and_accents_make_no_difference(text: str, lower: str) -> None:
    assert PIECES.cut(text) == PIECES.cut(lower)


# --- the whole encoder, with a stand-in for the model -----------------------------------------------------------------


def made(chances: Callable[[Sequence[int]], Sequence[float]]) -> Encoder:
    """An encoder that makes one number of each character."""
    return Encoder("e1", CATEGORIES, BARS, lambda text: [1, *map(ord, text), 2], chances)


def shown(length: int) -> list[list[int]]:
    """What the model is shown of a text in which no character occurs twice."""
    seen: list[list[int]] = []

    def chances(piece: Sequence[int]) -> Sequence[float]:
        seen.append(list(piece))
        return (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)

    made(chances).look("".join(chr(1000 + place) for place in range(length)))
    return seen


@pytest.mark.parametrize("length", [0, 1, 125, 126, 127, 128, 220, 221, 500, 1600])
def test_a_long_text_is_read_in_overlapping_stretches(length: int) -> None:
    seen = shown(length)
    assert all((piece[0], piece[-1]) == (1, 2) and len(piece) <= encoder.LONGEST_PIECE for piece in seen)
    assert {number - 1000 for piece in seen for number in piece[1:-1]} == set(range(length))
    assert len(seen) == 1 or length > encoder.LONGEST_PIECE - 2
    for one, two in pairwise(seen):
        assert one[-33:-1] == two[1:33]


@pytest.mark.parametrize(
    ("concern", "immediate", "level"),
    [
        (0.0, 0.0, Level.NONE),
        (0.79, 0.0, Level.NONE),
        (0.8, 0.0, Level.CONCERN),
        (0.4, 0.45, Level.CONCERN),
        (0.3, 0.5, Level.IMMEDIATE),
        (0.0, 0.75, Level.NONE),
    ],
)
def test_the_bars_decide(concern: float, immediate: float, level: Level) -> None:
    found = made(lambda piece: (0.0, 0.0, concern, immediate, 0.1, 0.9)).look("x")
    assert (found.level, found.category, found.version) == (level, "suicide", "e1")
    assert found.chance == concern + immediate


def test_the_most_worrying_stretch_counts_also_beside_one_that_is_more_surely_a_worry() -> None:
    def chances(piece: Sequence[int]) -> Sequence[float]:
        if ord("!") in piece:
            return (0.0, 0.1, 0.0, 0.9, 0.0, 1.0)
        return (0.0, 0.01, 0.99, 0.0, 1.0, 0.0) if ord("?") in piece else (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)

    found = made(chances).look("?" + "x" * 400 + "!" + "x" * 400)
    assert (found.level, found.category, found.chance) == (Level.IMMEDIATE, "suicide", 0.9)


CHANCES = st.floats(0, 1)


@given(CHANCES, CHANCES, CHANCES)
def test_what_it_heard_counts_and_counts_less_than_what_it_saw(chance: float, low: float, high: float) -> None:
    low, high = sorted((low, high))
    assert 0 <= joined(chance, low) <= joined(chance, high) <= 1
    assert joined(chance, None) == chance
    assert joined(low, chance) <= joined(high, chance)
    assert joined(0.99, 0.01) > 0.5 > joined(0.01, 0.99)


@pytest.mark.parametrize(
    ("heard", "level"), [(None, Level.CONCERN), (0.9, Level.CONCERN), (0.4, Level.NONE), (0.0, Level.NONE)]
)
def test_a_text_just_above_the_bar_alerts_unless_it_hears_a_doubt(heard: float | None, level: Level) -> None:
    assert made(lambda piece: (0.0, 0.0, 0.81, 0.0, 0.1, 0.9)).look("x", heard).level == level


TEXTS = (
    "they listened to me today",
    "he waits for me at the gate and i never go alone",
    "i said it was fine and went to see my dog. " * 60,
)


@pytest.mark.parametrize("text", TEXTS)
def test_the_look_of_the_service_hears_the_linear_model(text: str) -> None:
    pytest.importorskip("onnxruntime")
    rules = lexicon.load()
    heard = likelihood(text, rules)
    assert heard is not None
    assert looking(rules)(text) == encoder.look_at(text, heard)
    assert looking(None)(text) == encoder.look_at(text)


@pytest.mark.parametrize("text", ["", "a lot", "10", "😭 😭 😭", "7 out of 10"])
def test_nothing_is_heard_of_what_is_too_short_to_judge(text: str) -> None:
    assert likelihood(text, lexicon.load()) is None


def test_nothing_is_heard_without_a_model() -> None:
    assert likelihood(TEXTS[1], lexicon.bare()) is None


def test_what_is_heard_of_a_long_text_is_its_worst_part() -> None:
    rules, plain = lexicon.load(), "they asked what i thought about school and i said it was fine. " * 40
    worry = "my uncle hits me with his belt when he is drunk"
    alone, calm, buried = (likelihood(text, rules) or 0 for text in (worry, plain, plain + worry + ". " + plain))
    assert 0 < calm < buried <= 1
    assert alone > 0.9


LEVELS = st.sampled_from(list(Level))


@given(LEVELS, LEVELS, st.booleans(), st.booleans(), st.floats(0, 1), st.text(max_size=40))
def test_it_can_only_raise(
    before: Level, said: Level, assessed: bool, covered: bool, chance: float, version: str
) -> None:
    found = Assessment(before, assessed, covered, ("en-hits",), version[:32])
    after = Looked(said, chance, "suicide", "12345678").raised(found)
    assert after.level == max(before, said if said >= Level.CONCERN else before)
    assert after.handled_as >= found.handled_as
    assert (after.assessed, after.covered) == (assessed, covered)
    assert after.reasons[:1] == found.reasons
    assert (after == found) == (after.level == before)
    assert len(after.version) <= 32


@pytest.mark.parametrize(
    ("text", "found", "worth"),
    [
        ("they listened to me", Assessment(), True),
        ("they listened to me", Assessment(Level.WELLBEING), True),
        ("they listened to me", Assessment(Level.CONCERN), False),
        ("they listened to me", Assessment(assessed=False), False),
        ("they listened to me", Assessment(covered=False), False),
        ("a lot", Assessment(), False),
        ("", Assessment(), False),
    ],
)
def test_what_is_worth_a_look(text: str, found: Assessment, worth: bool) -> None:
    assert worth_a_look(text, found) == worth


# --- the files --------------------------------------------------------------------------------------------------------


def linked(folder: Path) -> Path:
    """A folder in which the packaged files stand, each to be broken by itself."""
    for path in FOLDER.iterdir():
        (folder / path.name).symlink_to(path)
    return folder


def put(path: Path, content: bytes | None) -> None:
    path.unlink()
    if content is not None:
        path.write_bytes(content)


def told(**changes: object) -> bytes:
    return json.dumps(json.loads((FOLDER / "told.json").read_text(encoding="utf-8")) | changes).encode()


def first(name: str, share: float) -> bytes:
    content = (FOLDER / name).read_bytes()
    return content[: int(len(content) * share)]


BROKEN: dict[str, tuple[str, Callable[[], bytes | None]]] = {
    "no model": ("encoder.onnx", lambda: None),
    "an empty model": ("encoder.onnx", lambda: b""),
    "half a model": ("encoder.onnx", lambda: first("encoder.onnx", 0.5)),
    "another file for a model": ("encoder.onnx", lambda: first("vocabulary.txt", 1)),
    "no vocabulary": ("vocabulary.txt", lambda: None),
    "half a vocabulary": ("vocabulary.txt", lambda: first("vocabulary.txt", 0.5)),
    "a vocabulary of another kind": ("vocabulary.txt", lambda: b"\xff\xfe\x00"),
    "nothing told": ("told.json", lambda: None),
    "half told": ("told.json", lambda: first("told.json", 0.5)),
    "no bars": ("told.json", lambda: told(bars={})),
    "a bar that is no number": ("told.json", lambda: told(bars={"alert": "high", "immediate": 1})),
    "too few categories": ("told.json", lambda: told(categories=["suicide"])),
    "a list": ("told.json", lambda: b"[]"),
}


@pytest.mark.parametrize("how", BROKEN)
def test_what_is_missing_cut_short_or_wrong_is_no_encoder(tmp_path: Path, how: str) -> None:
    pytest.importorskip("onnxruntime")
    name, content = BROKEN[how]
    put(linked(tmp_path) / name, content())
    with pytest.raises(EncoderAbsent, match="the encoder cannot be loaded: "):
        encoder.read(tmp_path)


def test_a_folder_that_is_not_there_is_no_encoder(tmp_path: Path) -> None:
    with pytest.raises(EncoderAbsent):
        encoder.read(tmp_path / "no")


def test_the_packaged_encoder_says_the_same_of_the_same_text_each_time() -> None:
    pytest.importorskip("onnxruntime")
    texts = ("they listened to me today", "x" * 500, "", "he waits for me " * 100, "😭")
    one, two = encoder.load(), encoder.read(FOLDER)
    assert one is encoder.load()
    assert one.version == two.version
    for text in texts:
        found = one.look(text)
        assert found == one.look(text) == two.look(text)
        assert 0 <= found.chance <= 1.0001
        assert found.category in one.categories


WITHOUT = """
import sys
sys.modules["onnxruntime"] = None
from bot.safeguards.triage import encoder
try:
    encoder.look_at("they listened to me")
except encoder.EncoderAbsent as absent:
    print(absent)
"""


def test_without_the_extra_it_says_so() -> None:
    run = subprocess.run([sys.executable, "-c", WITHOUT], cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout.startswith("the encoder cannot be loaded: ModuleNotFoundError")


def test_nothing_loads_it_before_it_is_asked_for() -> None:
    code = "import sys, bot.jobs, bot.inbound; print('onnxruntime' in sys.modules, 'numpy' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["False", "False"]
