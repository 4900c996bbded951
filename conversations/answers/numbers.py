"""Which numbers in an answer text stand for themselves, and which are part of a time, a sum, an order or a fraction."""

from __future__ import annotations

from dataclasses import replace

from conversations.answers.sheet import Sheet
from conversations.answers.text import Token

ODD = "odd"
"""The text of a number that is part of something else: a sum of money, a time, a minus, an ordinal."""

_SPOILS_AFTER = frozenset("%+-£$€°^")
_SPOILS_BEFORE = frozenset("£$€.<>^-+")


def settle_numbers(tokens: tuple[Token, ...], sheet: Sheet) -> tuple[Token, ...]:
    """Mark the numbers that cannot be an answer, and join "4/5" and "4 out of 5" to one."""
    settled = tuple(
        replace(token, text=ODD) if token.kind == "number" and _is_odd(tokens, place, sheet) else token
        for place, token in enumerate(tokens)
    )
    return _with_ratios(settled, sheet) if sheet.kind == "scale5" else settled


def _is_odd(tokens: tuple[Token, ...], place: int, sheet: Sheet) -> bool:
    padded = tokens[place].text != (tokens[place].text.lstrip("0") or "0")
    return padded or _spoilt_after(tokens, place, sheet) or _spoilt_before(tokens, place)


def _spoilt_after(tokens: tuple[Token, ...], place: int, sheet: Sheet) -> bool:
    """5p, 4th, 4%, 4+ and 4- at the end; not "4-because" and not "1+3" in a list."""
    if place + 1 == len(tokens) or not tokens[place + 1].glued:
        return False
    after, followed = tokens[place + 1], place + 2 < len(tokens)
    if after.kind == "word":
        return not _may_touch(after.text, sheet)
    return after.text in _SPOILS_AFTER and not (followed and (after.text == "-" or sheet.kind == "multi"))


def _spoilt_before(tokens: tuple[Token, ...], place: int) -> bool:
    """-3, .5, <3 and money; not "answer-3"."""
    if not place or tokens[place - 1].text not in _SPOILS_BEFORE:
        return False
    token, before = tokens[place], tokens[place - 1]
    alone = place == 1 or (not before.glued and token.glued)
    return alone or (token.glued and before.text not in {".", "-", "+"})


def _may_touch(word: str, sheet: Sheet) -> bool:
    names = ("because", "joining", "joiners", "ratios", "fillers")
    if sheet.kind == "multi" and word in sheet.around("joiners"):
        return True
    return len(word) > 1 and any(word in sheet.around(name) for name in names)


def _with_ratios(tokens: tuple[Token, ...], sheet: Sheet) -> tuple[Token, ...]:
    joined: list[Token] = []
    place = 0
    while place < len(tokens):
        end = _ratio_end(tokens, place, sheet)
        joined.append(replace(tokens[place], end=tokens[end - 1].end))
        place = end
    return tuple(joined)


def _ratio_end(tokens: tuple[Token, ...], place: int, sheet: Sheet) -> int:
    if tokens[place].text not in sheet.phrases or not sheet.is_number(tokens[place].text):
        return place + 1
    for end in range(place + 2, min(place + 5, len(tokens))):
        between = tokens[place + 1 : end]
        phrase = " ".join(token.text for token in between)
        top = sheet.phrases.get(tokens[end].text) == sheet.codes[-1] and sheet.is_number(tokens[end].text)
        if top and (phrase in {"/", "\\"} or phrase in sheet.around("ratios")):
            return end + 1
    return place + 1
