"""Helplines: one list, filled into every word, never written out, and looked at again every ninety days."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from conversations import helplines
from conversations.script import load_all, load_words

LINES = helplines.load()


def test_every_line_says_who_where_for_whom_and_since_when_it_is_known() -> None:
    assert {"emergency", "childline", "shout"} <= {line.id for line in LINES}
    for line in LINES:
        assert all((line.name, line.number, line.for_whom, line.source)), line
        assert line.how in ("call", "text")
        assert bool(line.word) == (line.how == "text"), line


@pytest.mark.parametrize(("name", "link"), [("childline", "tel:08001111"), ("shout", "sms:85258")])
def test_a_line_has_an_address_that_a_phone_understands(name: str, link: str) -> None:
    assert next(line for line in LINES if line.id == name).link == link


def test_words_are_filled_when_they_are_loaded() -> None:
    for shared in load_words().values():
        assert "0800 1111" in shared.line("help")
        assert "SHOUT" in shared.line("help")
        texts = [text for entry in shared.entries.values() for text in ([entry] if isinstance(entry, str) else entry)]
        assert not [text for text in texts for name in helplines.named() if f"{{{name}}}" in text]
    assert "0800 1111" in load_all()["check-in"].words["pl"].line("help")


def test_other_braces_stay() -> None:
    assert helplines.fill("{until} {childline}") == "{until} 0800 1111"


@pytest.mark.parametrize("text", ["Ring 0800 1111.", "0800-1111", "call 08001111 now", "text SHOUT to 85258", "999?"])
def test_a_number_that_is_written_out_is_found(text: str) -> None:
    assert len(helplines.written_out(text)) == 1


@pytest.mark.parametrize("text", ["", "{childline}", "1999", "in 9990", "08001111222", "3 of 1010", "+44999"])
def test_other_numbers_are_left_alone(text: str) -> None:
    assert helplines.written_out(text) == ()


@pytest.mark.parametrize(("today", "old"), [(date(2027, 2, 21), 0), (date(2027, 2, 22), 1)])
def test_a_line_is_good_for_ninety_days(today: date, old: int) -> None:
    line = replace(LINES[0], checked_on=date(2026, 11, 23))
    assert len(helplines.stale([line], today)) == old
