"""The words around a worry: short, true, warm where an answer is low, and never cheerful."""

from __future__ import annotations

import re

import pytest

from conversations.script import load_all, load_words
from conversations.script.shared_keys import STAND_INS
from conversations.segments import count, is_gsm7

CHEER = re.compile(
    r"\b(great|brilliant|awesome|fantastic|amazing|well done|yay|super|wonderful|excellent|perfect|nice one|good job"
    r"|cool|lovely|hooray|świetnie|super|wspaniale|brawo|doskonale)\b|رائع|ممتاز|\b(sgoinneil|glè mhath)\b|!",
    re.IGNORECASE,
)


def spoken() -> list[str]:
    shared = [entry for words in load_words().values() for entry in words.entries.values()]
    texts = [text for entry in shared for text in ([entry] if isinstance(entry, str) else entry)]
    for script in load_all().values():
        for words in script.words.values():
            labels = [label for each in words.labels.values() for label in each.values()]
            texts += [*words.ask.values(), *words.web_ask.values(), *labels]
    return texts


def test_nothing_that_we_say_cheers() -> None:
    assert [text for text in spoken() if CHEER.search(text)] == []
    assert CHEER.search("Great! Thanks for that.")


@pytest.mark.parametrize("key", ["level.wellbeing", "level.concern", "level.concern.no_cover", "level.immediate"])
def test_words_and_question_fit_one_message_of_two_segments(key: str) -> None:
    words = load_words()["en"]
    asked = {"level.wellbeing": "support.ask", "level.immediate": ""}.get(key, "reach.ask")
    whole = "\n".join([words.line(key).format_map(STAND_INS), *([words.line(asked)] if asked else [])])
    assert is_gsm7(whole)
    assert count(whole).segments <= 2


@pytest.mark.parametrize("language", sorted(load_words()))
def test_every_worry_gets_numbers_in_every_language(language: str) -> None:
    words = load_words()[language]
    for key in ("level.immediate", "level.concern", "level.not_assessed", "support.thanks", "resting.alert", "media"):
        assert "999" in words.line(key), key
        assert "0800 1111" in words.line(key), key
    assert "SHOUT" in words.line("support.ask")
    assert "0800 1111" in words.line("support.ask")
