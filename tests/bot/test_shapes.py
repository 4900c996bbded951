"""A text is only searched for the shapes that it can hold: what is passed over must never be a detail."""

from __future__ import annotations

import re
import string
import sys
from pathlib import Path

import pytest

from bot.safeguards import redaction
from bot.safeguards.redaction.forms import forms
from bot.safeguards.redaction.patterns import SHAPES, shapes
from bot.safeguards.redaction.shape import as_signs
from tests.bot.test_redaction import TAKEN_OUT
from tests.corpora import rows

FOLDER = Path(redaction.__file__).parent / "corpus"
ARABIC = str.maketrans(string.digits, "٠١٢٣٤٥٦٧٨٩")
OTHERWISE = str.maketrans({"i": "İ", "s": "ſ", "k": "\u212a", "I": "ı"})
EVERY = "".join(map(chr, (*range(0xD800), *range(0xE000, sys.maxunicode + 1))))


def _nothing_is_ordinary(word: str) -> bool:
    return False


def _all_searched(text: str) -> list[tuple[int, int, str]]:
    return [
        (*match.span(shape.group), shape.kind)
        for shape in SHAPES
        if shape.beside is None or shape.beside.search(text)
        for match in shape.pattern.finditer(text)
        if shape.accepts(match, _nothing_is_ordinary)
    ]


def _texts() -> list[str]:
    plain = [line.split("|")[0].strip() for line in TAKEN_OUT.splitlines() if line]
    plain += [row["text"] for row in rows(FOLDER)[::10]]
    return [*plain, *(text.upper() for text in plain), *(text.translate(ARABIC).translate(OTHERWISE) for text in plain)]


def test_a_text_that_is_not_searched_for_a_shape_holds_none() -> None:
    texts, found = _texts(), 0
    for text in texts:
        wanted = _all_searched(text)
        assert list(shapes(text, _nothing_is_ordinary))[: len(wanted)] == wanted, text
        found += len(wanted)
    assert found > 800


def test_each_shape_is_passed_over_in_a_text_without_its_digits_or_signs() -> None:
    for shape in SHAPES:
        assert shape.may_be_in("", 0, set()) == (not shape.digits and not shape.signs and shape.beside is None)


@pytest.mark.parametrize("letter", string.ascii_lowercase)
def test_a_sign_is_seen_however_its_letters_are_written(letter: str) -> None:
    """Ignoring case, an i is also matched by two Turkish letters, an s by a long one, a k by the sign of kelvin."""
    written = re.findall(letter, EVERY, re.IGNORECASE)
    assert {letter, letter.upper()} <= set(written)
    assert [each for each in written if as_signs(each) != letter] == []


def test_every_digit_counts() -> None:
    digits = "".join(re.findall(r"\d", EVERY))
    assert len(digits) > 500
    assert as_signs(digits) == "0" * len(digits)


def test_forms_know_each_spelling_and_its_highest_number() -> None:
    known = forms({3: ["hello", "help"], 7: ["help"], 1: ["", "żółw"]})
    assert [known.of(word) for word in ("hello", "help", "", "żółw")] == [3, 7, 1, 1]
    assert [known.of(word) for word in ("hell", "helpp", "Hello", "zolw")] == [0, 0, 0, 0]
    assert forms({}).of("hello") == 0


def test_forms_tell_many_spellings_apart() -> None:
    known = forms({2: (f"word{number}" for number in range(0, 20_000, 2))})
    assert [known.of(f"word{number}") for number in range(20_000)] == [2, 0] * 10_000
