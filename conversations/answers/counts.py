"""Whether a number that opens a text is an answer, or counts or measures what follows it."""

from __future__ import annotations

from conversations.answers.sheet import Sheet
from conversations.answers.text import Token
from conversations.answers.touches import touch

_LONGEST_NAME = 4
"""Words after a number in which the thing that it counts may stand: "2 really nice wee sisters"."""

_FEWEST_LETTERS = 4
_NO_PLURALS = ("ss", "us", "is", "ous")
ENGLISH = frozenset({"en", "sco", ""})
"""Languages in which words behind a number are known well enough to tell a comment from a count."""

_TO_AND_FOR = frozenset({"2", "4"})
_ONE = frozenset({"1", "one", "yin", "wan", "ane"})


def is_comment(number: str, texts: tuple[str, ...], sheet: Sheet) -> bool:
    """Whether the words behind a number are a comment, not what it counts or a word written with it ("4 ever")."""
    first = texts[0]
    if sheet.language not in ENGLISH and first not in sheet.around("comments"):
        return False
    if any(" ".join(texts[:size]) in sheet.around("plain_comments") for size in (2, 3)):
        return True
    if len(first) == 1 and first not in sheet.fillers and first != "i":
        return False
    if (
        first in sheet.around("questions")
        or first in sheet.around("units")
        or first in sheet.around("near_numbers")
        or first in sheet.around("ratios")
    ):
        return False
    if number in _TO_AND_FOR and _is_written_short(texts, sheet):
        return False
    if number in _ONE and first in sheet.around("being"):
        return False
    if first in sheet.around("acts") or " ".join(texts) in sheet.around("hedges"):
        return False
    return first in sheet.around("noun_openers") or not _is_counted(number, texts, sheet)


def counts_something(tokens: tuple[Token, ...], place: int, sheet: Sheet) -> bool:
    """Whether a number inside a sentence counts or measures: "they asked me 3 times"."""
    texts = tuple(token.text for token in tokens[place + 1 : place + 1 + _LONGEST_NAME] if token.kind == "word")
    return bool(texts) and (texts[0] in sheet.around("units") or _is_counted(tokens[place].text, texts, sheet))


def is_same_option(code: str, number: str, texts: tuple[str, ...], sheet: Sheet) -> bool:
    """Whether the words behind a number name its option again, and not how many of them: "1 text", not "2 friends"."""
    counted = number not in _ONE and any(_is_plural(word, sheet) and f"~{word}" not in sheet.ideas for word in texts)
    return not counted and touch(texts, sheet).codes == {code}


def _is_written_short(texts: tuple[str, ...], sheet: Sheet) -> bool:
    """Whether 2 or 4 is "to" or "for": "4 ever", "2 the shops"; with options "2 my bestie" may be the second."""
    if texts[0] not in sheet.around("noun_openers"):
        return texts[0] in sheet.around("after_to_and_for")
    return not sheet.around("verbs") & set(texts[1:]) and not sheet.ideas


def _is_counted(number: str, texts: tuple[str, ...], sheet: Sheet) -> bool:
    """Whether a thing in the plural (or after "1" any thing) stands behind, before the sentence goes on."""
    things, breaks = sheet.around("counted"), sheet.around("little_words") | sheet.around("openers")
    singular = number in _ONE
    for word in texts[:_LONGEST_NAME]:
        if word in breaks or word in sheet.around("because") or word in sheet.around("verbs"):
            return False
        if word in things and (singular or word not in sheet.around("countable")):
            return True
        if singular and word in sheet.around("countable"):
            return True
        if _is_plural(word, sheet):
            return True
    return False


def _is_plural(word: str, sheet: Sheet) -> bool:
    plain = word in sheet.fillers or word in sheet.around("no_plurals")
    return len(word) >= _FEWEST_LETTERS and word[-1] == "s" and not word.endswith(_NO_PLURALS) and not plain


def without_text_speak(tokens: tuple[Token, ...], sheet: Sheet) -> tuple[Token, ...]:
    """Without the 2 and 4 that stand for "to" and "for" between words: "she listened 2 me"."""
    return tuple(token for place, token in enumerate(tokens) if not _is_text_speak(tokens, place, sheet))


def _is_text_speak(tokens: tuple[Token, ...], place: int, sheet: Sheet) -> bool:
    if tokens[place].text not in _TO_AND_FOR or place < 2 or place + 1 == len(tokens) or tokens[place].glued:
        return False
    before, after = tokens[place - 1], tokens[place + 1]
    if before.kind != "word" or before.text in sheet.around("number_leads"):
        return False
    return after.text in sheet.around("after_to_and_for") and not tokens[place + 1].glued
