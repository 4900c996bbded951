"""Answers that name several options: "1 and 3", "my mum and the school", "all of them"."""

from __future__ import annotations

from collections.abc import Iterator

from conversations.answer_clauses import (
    Clause,
    Hit,
    find_answer,
    is_filler,
    meaning_beside,
    slices,
    tiles,
    without_fillers,
)
from conversations.answer_numbers import ODD
from conversations.answer_sheet import Sheet
from conversations.answer_text import Token, trim
from conversations.values import Parsed

_LONGEST_LABEL = 12
_LISTING = frozenset(",&+;\n.)(!")
_MOST_WORDS = 60


def find_labels(tokens: tuple[Token, ...], sheet: Sheet) -> list[Hit]:
    """The whole labels that stand in a text, the longest first where they overlap."""
    if not sheet.labels:
        return []
    spoken = [token for token in tokens if token.kind in {"word", "number"}]
    found: list[Hit] = []
    place = 0
    while place < len(spoken):
        size = _label_size(spoken, place, sheet)
        if size:
            code = sheet.labels[" ".join(token.text for token in spoken[place : place + size])]
            found.append(Hit(code, spoken[place].start, spoken[place + size - 1].end, numeric=False))
        place += size or 1
    return found


def _label_size(spoken: list[Token], place: int, sheet: Sheet) -> int:
    for size in range(min(_LONGEST_LABEL, len(spoken) - place), 0, -1):
        if " ".join(token.text for token in spoken[place : place + size]) in sheet.labels:
            return size
    return 0


def read_multi(text: str, tokens: tuple[Token, ...], sheet: Sheet) -> Parsed:
    """Every option that is named, in the order of the options; nothing if any part is not an option."""
    listed, reason = _cut_reason(tokens, sheet)
    if not listed or len(listed) > _MOST_WORDS or not _reason_is_clear(reason, sheet):
        return Parsed()
    if len(listed) > 1 and {token.text for token in listed} & sheet.around("hesitations") and len(_spoken(listed)) > 2:
        return Parsed()
    codes = _everything(listed, sheet) or _letters(listed, sheet) or _items(listed, sheet)
    if not codes or codes - set(sheet.codes) or (sheet.none in codes and len(codes) > 1):
        return Parsed()
    extra = trim(text[reason[0].start :]) if reason else ""
    filler = is_filler(tuple(token.text for token in reason if token.kind != "mark"), sheet)
    return Parsed(tuple(code for code in sheet.codes if code in codes), "" if filler else extra)


def _cut_reason(tokens: tuple[Token, ...], sheet: Sheet) -> tuple[tuple[Token, ...], tuple[Token, ...]]:
    """The list, and the reason behind it."""
    labels = find_labels(tokens, sheet)
    inside = [(hit.start, hit.end) for hit in labels]
    named = False
    for place, token in enumerate(tokens):
        in_label = any(start <= token.start < end for start, end in inside)
        reason = token.text in sheet.around("because") or token.text in sheet.around("openers")
        reason = reason and token.text not in sheet.around("joiners")
        if place and reason and not in_label and (named or token.text in sheet.around("because")):
            return tokens[:place], tokens[place:]
        named = named or in_label or token.text in sheet.phrases or token.text in sheet.letters
    return tokens, ()


def _reason_is_clear(reason: tuple[Token, ...], sheet: Sheet) -> bool:
    numbers = any(token.kind == "number" or sheet.is_number(token.text) for token in reason)
    return not numbers and not find_labels(reason, sheet)


def _spoken(tokens: tuple[Token, ...]) -> tuple[Token, ...]:
    return tuple(token for token in tokens if token.kind in {"word", "number"})


def _everything(listed: tuple[Token, ...], sheet: Sheet) -> set[str]:
    """What "all", "all 4" or "none of them" stands for."""
    spoken = _spoken(listed)
    if not spoken:
        return set()
    real = [code for code in sheet.codes if code != sheet.none]
    counted = {f"all {len(real)}", f"all {len(real)} of them", *(("both", "both of them") if len(real) == 2 else ())}
    said = set(without_fillers(Clause("start", spoken), sheet))
    if said & sheet.around("none"):
        return {sheet.none} if sheet.none else set()
    return set(real) if said & (sheet.around("all") | counted) and not said & sheet.labels.keys() else set()


def _letters(listed: tuple[Token, ...], sheet: Sheet) -> set[str]:
    """Letters only: "a and c", "b, d", "ac"."""
    words = [token.text for token in _spoken(listed) if token.text not in sheet.around("joiners")]
    ranged = any(token.text in {"-", "/"} for token in listed)
    if not words or ranged or any(word in sheet.phrases for word in words):
        return set()
    unknown = len(words) == 1 and words[0].isalpha() and words[0] not in sheet.vocabulary.known
    together = words[0] if unknown else ""
    names = words if all(len(word) == 1 for word in words) else list(together)
    in_order = names == sorted(set(names))
    return {sheet.letters.get(name, ODD) for name in names} if names and (in_order or not together) else set()


def _items(listed: tuple[Token, ...], sheet: Sheet) -> set[str]:
    """The option of every item of a list, or nothing when one of them is no option."""
    found: set[str] = set()
    for item in _segments(listed, sheet):
        codes = _item_codes(item, sheet)
        if not codes:
            return set()
        found |= codes
    return found


def _segments(listed: tuple[Token, ...], sheet: Sheet) -> Iterator[tuple[Token, ...]]:
    """Runs of words between the marks and words of a list; a whole label is never cut at its own "and"."""
    labels = [(hit.start, hit.end) for hit in find_labels(listed, sheet)]
    run: list[Token] = []
    for place, token in enumerate(listed):
        in_label = any(start <= token.start < end for start, end in labels)
        splits = token.kind not in {"word", "number"} or token.text in sheet.around("joiners")
        if splits and not in_label:
            if token.kind == "mark" and not _is_listing(listed, place):
                yield (token,)
            yield from [tuple(run)] if run else []
            run = []
        elif token.kind in {"word", "number"}:
            run.append(token)
    yield from [tuple(run)] if run else []


def _is_listing(listed: tuple[Token, ...], place: int) -> bool:
    """Whether a mark only separates: not a range, a decimal or a time."""
    mark = listed[place]
    between = 0 < place < len(listed) - 1 and listed[place - 1].kind == listed[place + 1].kind == "number"
    if mark.text in {"-", ":"}:
        return not between and place > 0
    tight = between and mark.glued and listed[place + 1].glued
    return mark.text in _LISTING and not (mark.text == "." and tight) or mark.text in {'"', "'", "*", "~", "#"}


def _item_codes(item: tuple[Token, ...], sheet: Sheet) -> set[str]:
    if item[0].kind == "mark":
        return set()
    texts = tuple(token.text for token in item)
    if set(texts) & sheet.around("ranging") and any(map(sheet.is_number, texts)):
        return set()
    for start, end in slices(texts, sheet):
        part = texts[start:end]
        codes = _number_codes(part[0], sheet) if len(part) == 1 else set(tiles(part, meaning_beside(part, sheet)))
        if codes and "" not in codes:
            return codes
    hit = find_answer(Clause("start", item), sheet)
    if hit is not None and hit.rest is None and len(item[0].text) > 1:
        return {hit.code}
    inside = find_labels(item, sheet)
    refused = sheet.around("negations") | sheet.around("choosing") | sheet.around("weighing")
    codes = {hit.code for hit in inside}
    outside = {token.text for token in item if not any(hit.start <= token.start < hit.end for hit in inside)}
    others = {sheet.phrases[word] for word in outside if len(word) > 1 and word in sheet.phrases} - codes
    return set() if others or outside & refused or any(map(sheet.is_number, outside)) else codes


def _number_codes(number: str, sheet: Sheet) -> set[str]:
    """One option by its number, or several by digits written together: "13" when there is no thirteenth."""
    if number in sheet.phrases:
        return {sheet.phrases[number]}
    different = number.isdigit() and len(set(number)) == len(number)
    return {sheet.phrases.get(digit, ODD) for digit in number} if different else set()
