"""A message is counted as the carrier counts it."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path
from typing import Any

import pytest

from conversations.segments import BASIC, EXTENSION, ROOM, Encoding, Segments, count, is_gsm7

VECTORS = Path(__file__).parent.parent / "vectors" / "sms_segments"


def read(name: str) -> list[dict[str, Any]]:
    cases: list[dict[str, Any]] = json.loads((VECTORS / name).read_text(encoding="utf-8"))["cases"]
    return cases


def spelled_out(case: dict[str, Any]) -> str:
    """The text of a computed case; long ones are written as `a*160` or `1600 a`."""
    if case["text"] is not None:
        return str(case["text"])
    letter, times = sorted(case["text_expr"].replace("*", " ").split(), key=str.isdigit)
    return str(letter) * int(times)


# Welsh letters that GOV.UK Notify keeps although GSM-7 lacks them; what else GSM-7 lacks becomes a question mark there.
MARKS = ("\u0300", "\u0301", "\u0302", "\u0308")
WELSH = {unicodedata.normalize("NFC", vowel + mark) for vowel in "aeiouwyAEIOUWY" for mark in MARKS}


def downgraded_by_notify(text: str) -> str:
    return "".join(letter if is_gsm7(letter) or letter in WELSH else "?" for letter in text)


def most_units_in(segments: int, encoding: Encoding) -> int:
    """The most that so many segments hold: one alone is roomier than each part of a longer message."""
    alone, part = ROOM[encoding]
    return alone if segments == 1 else part * segments


@pytest.mark.parametrize("case", read("twilio_segment_calculator.json"))
def test_counts_as_twilios_own_calculator_does(case: dict[str, Any]) -> None:
    found = count(case["text"])
    assert (found.encoding, found.segments) == (case["encoding"], case["segments"])


def test_units_are_the_bits_that_twilio_writes_down() -> None:
    cases = [case for case in read("twilio_segment_calculator.json") if "message_bits" in case]
    widths = {"GSM-7": 7, "UCS-2": 16}
    assert len(cases) == 10
    assert [count(case["text"]).units * widths[case["encoding"]] for case in cases] == [
        case["message_bits"] for case in cases
    ]


@pytest.mark.parametrize("case", read("govuk_notify_fragments.json"))
def test_counts_as_govuk_notify_does_once_its_downgrade_is_applied(case: dict[str, Any]) -> None:
    found = count(downgraded_by_notify(case["text"]))
    assert found.segments == case["fragments"]
    assert found.units - most_units_in(found.segments - 1, found.encoding) == case["over_boundary"]


def test_without_the_downgrade_only_the_emoji_rows_of_govuk_notify_differ() -> None:
    differing = {
        letter
        for case in read("govuk_notify_fragments.json")
        if count(case["text"]).segments != case["fragments"]
        for letter in case["text"]
    }
    assert differing == {"🚀"}


@pytest.mark.parametrize("case", read("computed_segments.json"), ids=lambda case: case["name"])
def test_counts_as_computed_from_the_gsm_tables(case: dict[str, Any]) -> None:
    text = spelled_out(case)
    assert count(text) == Segments(case["encoding"], case["units"], case["segments"])
    assert (len(text) > 1600) is case["over_1600_chars"]


def test_the_tables_have_the_size_that_the_standard_gives_them() -> None:
    assert len(BASIC) == 127  # 128 places, one of which is the escape itself
    assert len(EXTENSION) == 10
    assert not BASIC & EXTENSION


@pytest.mark.parametrize("text", ["", "plain", "Fàilte, cò thu?", "£5 or €5", "{x}[y]~|^\\", "line\nline\r", "ÄÖÑÜ§¿¡"])
def test_gsm_letters_are_recognised(text: str) -> None:
    assert is_gsm7(text)


@pytest.mark.parametrize(
    "letter",
    ["\u2019", "\u2013", "\u2026", "\u00a0", "`", "ç", "á", "ł", "Ё", "س", "\t", "\x00", "\x1b", "😀", "A\u0301", "№"],
)
def test_letters_outside_the_tables_turn_the_whole_message_to_ucs2(letter: str) -> None:
    assert not is_gsm7(letter)
    assert count("a" * 100 + letter).encoding == "UCS-2"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a" * 152 + "€" + "a" * 152, Segments("GSM-7", 306, 3)),  # 306 would fit two parts, were a pair cut at 153
        ("a" * 151 + "€" + "a" * 153, Segments("GSM-7", 306, 2)),
        ("a" * 66 + "😀" + "a" * 66, Segments("UCS-2", 134, 3)),  # the same for a surrogate pair at 67
        ("a" * 65 + "😀" + "a" * 67, Segments("UCS-2", 134, 2)),
    ],
)
def test_a_pair_is_never_cut_in_two(text: str, expected: Segments) -> None:
    assert count(text) == expected


def test_an_empty_text_still_fills_one() -> None:
    assert count("") == Segments("GSM-7", 0, 1)


def test_a_stray_half_of_a_pair_is_counted_and_not_refused() -> None:
    assert count("\ud83d") == Segments("UCS-2", 1, 1)
