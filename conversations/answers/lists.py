"""Answers that name several options: "1 and 3", "my mum and the school", "all of them"."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from conversations.answers.clauses import (
    Clause,
    Hit,
    find_answer,
    is_filler,
    meaning_beside,
    slices,
    tiles,
    without_fillers,
)
from conversations.answers.counts import is_same_option
from conversations.answers.numbers import ODD
from conversations.answers.sheet import Sheet
from conversations.answers.text import Token, trim
from conversations.answers.touches import is_doubtful, named_option, touch
from conversations.values import Parsed

_LONGEST_LABEL = 12
_LISTING = frozenset(",&+;\n.)(!")
_MOST_WORDS = 60
_PAIR = 2
_REPEATED = frozenset("-/.:|\\")
"""Marks that list three numbers or more where between two they would be a range, a choice or a decimal."""
_LEADS = (("first ", "the first ", "top ", "the top "), ("last ", "the last ", "bottom ", "the bottom "))
_ENDS = tuple(
    tuple(frozenset(f"{lead}{each}" for lead in leads for each in names) for leads in _LEADS)
    for names in (("2", "two", "twa", "couple", "2 ones", "two ones"), ("3", "three"), ("4", "four"))
)
"""Ways to name the first and the last two, three and four."""


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
    listed, reason = _cut_reason(_with_joiners(tokens, sheet), sheet)
    if not listed or len(listed) > _MOST_WORDS:
        return Parsed()
    if len(listed) > 1 and {token.text for token in listed} & sheet.around("hesitations") and len(_spoken(listed)) > 2:
        return Parsed()
    codes = _everything(listed, sheet) or _letters(listed, sheet) or _items(listed, sheet) or _sentence(listed, sheet)
    if not _reason_is_clear(reason, codes, sheet):
        return Parsed()
    if not codes or codes - set(sheet.codes) or (sheet.none in codes and len(codes) > 1):
        return Parsed()
    extra = trim(text[reason[0].start :]) if reason else ""
    filler = is_filler(tuple(token.text for token in reason if token.kind != "mark"), sheet)
    return Parsed(tuple(code for code in sheet.codes if code in codes), "" if filler else extra)


def _with_joiners(tokens: tuple[Token, ...], sheet: Sheet) -> tuple[Token, ...]:
    """With "as well as" and "but also" as one joining word."""
    joined: list[Token] = []
    for token in tokens:
        joined.append(token)
        for size in (3, 2):
            if " ".join(each.text for each in joined[-size:]) in sheet.around("long_joiners"):
                joined[-size:] = [replace(joined[-size], text="and", end=token.end)]
    return tuple(joined)


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


def _reason_is_clear(reason: tuple[Token, ...], codes: set[str], sheet: Sheet) -> bool:
    numbers = any(token.kind == "number" or sheet.is_number(token.text) for token in reason)
    return not numbers and all(hit.code in codes for hit in find_labels(reason, sheet))


def _spoken(tokens: tuple[Token, ...]) -> tuple[Token, ...]:
    return tuple(token for token in tokens if token.kind in {"word", "number"})


def _everything(listed: tuple[Token, ...], sheet: Sheet) -> set[str]:
    """What "all", "all 4" or "none of them" stands for."""
    spoken = _spoken(listed)
    if not spoken:
        return set()
    real = [code for code in sheet.codes if code != sheet.none]
    numbers = sheet.vocabulary.table("numbers", sheet.language)
    count = (str(len(real)), *(word for word, value in numbers.items() if value == str(len(real))))
    counted = {f"all {each}{tail}" for each in count for tail in ("", " of them")}
    counted |= {"both", "both of them"} if len(real) == 2 else set()
    said = set(without_fillers(Clause("start", spoken), sheet))
    if said & sheet.around("none"):
        return {sheet.none} if sheet.none else set()
    for size, (first, last) in enumerate(_ENDS, 2):
        if size <= len(real) and said & (first | last):
            return set(real[:size] if said & first else real[-size:])
    return set(real) if said & (sheet.around("all") | counted) and not said & sheet.labels.keys() else set()


def _letters(listed: tuple[Token, ...], sheet: Sheet) -> set[str]:
    """Letters only: "a and c", "b, d", "ac"."""
    around = sheet.around("joiners") | {word for word in sheet.fillers if len(word) > 1}
    words = [token.text for token in _spoken(listed) if token.text not in around]
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
        if not codes and not (found and _is_aside(item, sheet)):
            return set()
        found |= codes
    return found


def _sentence(listed: tuple[Token, ...], sheet: Sheet) -> set[str]:
    """The options of one sentence that holds nothing else: "a friend with me and a quiet room"."""
    texts = tuple(token.text for token in listed)
    plain = [sheet.around(name) for name in ("little_words", "weak_words", "joiners", "being")] + [sheet.fillers]
    named = touch(texts, sheet).places
    others = [text for place, text in enumerate(texts) if place not in named]
    if len(_spoken(listed)) < len(listed) or not all(any(text in group for group in plain) for text in others):
        return set()
    return set(named_option(listed, sheet))


def _is_aside(item: tuple[Token, ...], sheet: Sheet) -> bool:
    """Words behind a list that only close it: "just that one"."""
    said = without_fillers(Clause("mark", item), sheet)
    if item[0].kind != "mark" and is_filler(tuple(token.text for token in item), sheet):
        return True
    return item[0].kind != "mark" and any(each in sheet.around("asides") for each in said)


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
    if between and sum(token.text == mark.text for token in listed) > 1 and mark.text in _REPEATED:
        return True
    if between and mark.text == "." and sum(token.kind == "number" for token in listed) > _PAIR:
        return True
    if mark.text in {"-", ":"}:
        return not between and (place > 0 or listed[1:2] != () and listed[1].kind == "word")
    if mark.text == "?":
        return place == len(listed) - 1
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
    if hit is not None and hit.rest is not None and is_same_option(hit.code, texts[0], hit.rest.texts, sheet):
        return {hit.code}
    inside = find_labels(item, sheet)
    refused = sheet.around("negations") | sheet.around("choosing") | sheet.around("weighing")
    named = named_option(item, sheet)
    codes = {hit.code for hit in inside} | named
    outside = {token.text for token in item if not any(hit.start <= token.start < hit.end for hit in inside)}
    others = {sheet.phrases[word] for word in outside if len(word) > 1 and word in sheet.phrases} - codes
    places = frozenset(place for place, text in enumerate(texts) if text not in outside)
    if others or ODD in outside or outside & refused or is_doubtful(texts, places, sheet):
        return set()
    return codes


def _number_codes(number: str, sheet: Sheet) -> set[str]:
    """One option by its number, or several by digits written together: "13" when there is no thirteenth."""
    if number in sheet.phrases:
        return {sheet.phrases[number]}
    different = number.isdigit() and len(set(number)) == len(number)
    return {sheet.phrases.get(digit, ODD) for digit in number} if different else set()
