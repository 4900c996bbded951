"""Where in a text the answer is announced or corrected: "im 14 and id say 4", "2 no wait 3"."""

from __future__ import annotations

from collections.abc import Iterator

from conversations.answers.sheet import Sheet
from conversations.answers.text import Token

_LONGEST_PHRASE = 6
_LONGEST_WAY = 25
"""Words before an announcement; behind a longer story it is told speech as often as an answer."""


def after_correction(tokens: tuple[Token, ...], sheet: Sheet) -> tuple[Token, ...]:
    """What stands behind the last words that take an answer back and give another; nothing where none do."""
    ends = [end for _, end in _places(tokens, "corrections", sheet)]
    return tokens[ends[-1] :] if ends else ()


def after_announcement(tokens: tuple[Token, ...], sheet: Sheet) -> tuple[Token, ...]:
    """What stands behind the last words that announce an answer; nothing where what stands before speaks against it."""
    places = [(start, end) for start, end in _places(tokens, "announcements", sheet) if start]
    named = bool(places) and tokens[places[-1][0] - 1].text in sheet.around("contexts")
    if not places or named or places[-1][0] > _LONGEST_WAY or not _is_clear(tokens[: places[-1][0]], sheet):
        return ()
    return tokens[places[-1][1] :]


def _places(tokens: tuple[Token, ...], name: str, sheet: Sheet) -> Iterator[tuple[int, int]]:
    phrases = sheet.around(name)
    spoken = [place for place, token in enumerate(tokens) if token.kind in {"word", "number"}]
    index = 0
    while index < len(spoken):
        sizes = range(min(_LONGEST_PHRASE, len(spoken) - index), 0, -1)
        said = (size for size in sizes if " ".join(tokens[at].text for at in spoken[index : index + size]) in phrases)
        size = next(said, 0)
        if size:
            yield spoken[index], spoken[index + size - 1] + 1
        index += size or 1


def _is_clear(before: tuple[Token, ...], sheet: Sheet) -> bool:
    """Whether nothing before is denied, weighed, asked, told of others or numbered, but for one's age."""
    words = [token.text for token in before if token.kind in {"word", "number"}]
    refused = [sheet.around(name) for name in ("negations", "choosing", "conditions", "reports", "retractions")]
    if any(word in group for word in words for group in refused) or any(token.text == "?" for token in before):
        return False
    if words and words[0] in sheet.around("questions"):
        return False
    return all(_is_age(words, place, sheet) for place, word in enumerate(words) if _is_number(word, sheet))


def _is_number(word: str, sheet: Sheet) -> bool:
    return sheet.is_number(word) or any(map(str.isdigit, word))


def _is_age(words: list[str], place: int, sheet: Sheet) -> bool:
    return " ".join(words[max(0, place - 2) : place]) in sheet.around("ages") or (
        place > 0 and words[place - 1] in sheet.around("ages")
    )
