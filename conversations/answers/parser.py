"""Reads an answer, step by step from the plainest sign to a sentence."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from conversations.answers.announced import after_announcement, after_correction
from conversations.answers.clauses import (
    Clause,
    Hit,
    clauses_of,
    find_answer,
    is_filler,
    without_fillers,
)
from conversations.answers.contradictions import is_contradicted, is_divided
from conversations.answers.counts import without_text_speak
from conversations.answers.lists import find_labels, read_multi
from conversations.answers.numbers import settle_numbers
from conversations.answers.sheet import Sheet, make_sheet
from conversations.answers.text import Token, tokenise, trim
from conversations.answers.touches import is_doubtful, named_option, touch
from conversations.answers.vocabulary import Vocabulary
from conversations.values import Option, Parsed

KINDS = ("scale5", "yes_no", "choice", "multi")

MOST_CLAUSES = 60
"""A text in more pieces than this is no answer, and would take long to compare with itself."""

_LONGEST_SENTENCE = 15
"""Words in which a label may be found; in a longer story it is not the answer."""

_NOT_UNDERSTOOD = Parsed()
_FACES = (range(0x1F600, 0x1F650), range(0x1F910, 0x1F930), range(0x1F970, 0x1F97B), range(0x2639, 0x263C))


def parse(kind: str, text: str, options: tuple[Option, ...], language: str, vocabulary: Vocabulary) -> Parsed:
    """The codes of an answer to a question of this kind, and the words around it; no codes when it must be asked again.

    Never raises; an unknown kind is not understood. The work grows with the length of the text, which is cut at 1,600.
    """
    if kind not in KINDS:
        return _NOT_UNDERSTOOD
    sheet = make_sheet(kind, options, language, vocabulary)
    if not sheet.codes:
        return _NOT_UNDERSTOOD
    tokens = without_text_speak(settle_numbers(tokenise(text), sheet), sheet)
    if kind == "multi":
        return _read_several(text, tokens, sheet)
    parsed = _read_corrected(text, tokens, sheet)
    return parsed if parsed.understood else _read_announced(text, tokens, sheet)


def _read_several(text: str, tokens: tuple[Token, ...], sheet: Sheet) -> Parsed:
    parsed = read_multi(text, tokens, sheet)
    announced = () if parsed.understood else after_announcement(tokens, sheet)
    before = tuple(token.text for token in tokens[: len(tokens) - len(announced)])
    return read_multi(text, announced, sheet) if announced and not touch(before, sheet).places else parsed


def _read_corrected(text: str, tokens: tuple[Token, ...], sheet: Sheet) -> Parsed:
    """The answer behind "no wait" or "i mean", where there is one; else the answer of the whole text."""
    corrected = after_correction(tokens, sheet)
    parsed = _read_one(text, corrected, sheet) if corrected else _NOT_UNDERSTOOD
    return parsed if parsed.understood else _read_one(text, tokens, sheet)


def _read_announced(text: str, tokens: tuple[Token, ...], sheet: Sheet) -> Parsed:
    """The answer behind "my answer is", with all that stands before it as words around."""
    announced = after_announcement(tokens, sheet)
    if not announced:
        return _NOT_UNDERSTOOD
    parsed = _read_one(text, announced, sheet)
    if not parsed.understood or any(hit.code != parsed.codes[0] for hit in _said_before(tokens, announced, sheet)):
        return _NOT_UNDERSTOOD
    around = (trim(text[: announced[0].start]), parsed.extra)
    return Parsed(parsed.codes, " ".join(part for part in around if part))


def _said_before(tokens: tuple[Token, ...], announced: tuple[Token, ...], sheet: Sheet) -> Iterator[Hit]:
    clauses = clauses_of(tokens[: len(tokens) - len(announced)], sheet)
    return (hit for clause in clauses[:MOST_CLAUSES] if (hit := find_answer(clause, sheet)) is not None and hit.pure)


def _read_one(text: str, tokens: tuple[Token, ...], sheet: Sheet) -> Parsed:
    clauses = clauses_of(tokens, sheet)
    if len(clauses) > MOST_CLAUSES:
        return _NOT_UNDERSTOOD
    if _is_question(text, clauses, sheet) or _is_taken_back(clauses, sheet) or is_divided(tokens, sheet):
        return _NOT_UNDERSTOOD
    hits = list(_hits(clauses, sheet))
    hit = _named(tokens, sheet) or _chosen(hits, clauses, sheet)
    if hit is None and not any(_may_answer(place, each, clauses, sheet) for place, each in hits):
        hit = _sign(tokens, clauses, sheet) or _found(clauses, sheet) or _touched(clauses, sheet)
    if hit is None or is_contradicted(hit, tokens, clauses, sheet):
        return _NOT_UNDERSTOOD
    return Parsed((hit.code,), _words_around(text, hit, tokens, sheet))


def _named(tokens: tuple[Token, ...], sheet: Sheet) -> Hit | None:
    """A label and nothing else, whatever marks it has: "8-11"."""
    spoken = [token for token in tokens if token.kind in {"word", "number"}]
    if not spoken or sheet.kind != "choice":
        return None
    code = sheet.phrases.get(" ".join(token.text for token in spoken), "")
    is_label = len(spoken) > 1 and code and any(token.kind == "number" for token in spoken)
    return Hit(code, spoken[0].start, spoken[-1].end, numeric=False) if is_label else None


def _is_question(text: str, clauses: tuple[Clause, ...], sheet: Sheet) -> bool:
    first = clauses[0].texts if clauses and ("?" in text or "\u061f" in text) else ()
    return len(first) > 1 and first[0] in sheet.around("questions")


def _is_taken_back(clauses: tuple[Clause, ...], sheet: Sheet) -> bool:
    words = {text for clause in clauses if clause.opened != "because" for text in clause.texts}
    return bool(words & sheet.around("retractions"))


def _chosen(hits: list[tuple[int, Hit]], clauses: tuple[Clause, ...], sheet: Sheet) -> Hit | None:
    """The answer that the clauses agree on."""
    if len(hits) > 1:
        hits = [(place, hit) for place, hit in hits if not _only_leads(clauses[place], sheet)] or hits
    eligible = [hit for place, hit in hits if _may_answer(place, hit, clauses, sheet)]
    if not eligible:
        return None
    chosen = next((hit for hit in eligible if hit.numeric), eligible[0])
    against = [hit for _, hit in hits if hit.pure and hit.code != chosen.code]
    joined = _joined(chosen, [hit for _, hit in hits if hit.pure], clauses)
    sure = not chosen.numeric and chosen.code != "unsure"
    conditional = sure and any(clause.opened == "if" for clause in clauses)
    return None if against or conditional or _is_hedged(joined, clauses, sheet) else joined


def _joined(chosen: Hit, same: list[Hit], clauses: tuple[Clause, ...]) -> Hit:
    """One hit for an answer that is said again right beside it: "4 - quite a lot"."""
    starts = [clause.tokens[0].start for clause in clauses]
    for hit in sorted(same, key=lambda each: each.start):
        if chosen.end <= hit.start and not any(chosen.end <= start < hit.start for start in starts):
            chosen = replace(chosen, end=hit.end, rest=hit.rest)
    for hit in sorted(same, key=lambda each: -each.start):
        if hit.end <= chosen.start and not any(hit.end <= start < chosen.start for start in starts):
            chosen = replace(chosen, start=hit.start)
    return chosen


def _only_leads(clause: Clause, sheet: Sheet) -> bool:
    """Whether a clause such as "ok" only leads to the answer in the next."""
    is_option = bool(sheet.labels) and " ".join(clause.texts) in sheet.phrases
    return is_filler(clause.texts, sheet) and not is_option and not any(text in sheet.letters for text in clause.texts)


def _hits(clauses: tuple[Clause, ...], sheet: Sheet) -> Iterator[tuple[int, Hit]]:
    for place, clause in enumerate(clauses):
        hit = find_answer(clause, sheet)
        if (
            hit is None
            or clause.opened == "if"
            or (clause.opened == "because" and (sheet.kind != "yes_no" or hit.rest is not None))
        ):
            continue
        yield place, hit
        rest = find_answer(hit.rest, sheet) if hit.rest is not None else None
        if rest is not None:
            yield place, rest


def _may_answer(place: int, hit: Hit, clauses: tuple[Clause, ...], sheet: Sheet) -> bool:
    """Words answer at the start or after "so"; a number also later, unless what stands before changes its sense."""
    clause = clauses[place]
    if clause.opened == "because":
        return False
    if place == 0 or clause.opened == "so":
        return True
    if hit.numeric:
        return clauses[place - 1].texts[-1] not in sheet.around("contexts")
    return all(is_filler(before.texts, sheet) or find_answer(before, sheet) for before in clauses[:place])


def _is_hedged(chosen: Hit, clauses: tuple[Clause, ...], sheet: Sheet) -> bool:
    """Whether another part of the text waters the answer down: "yes but not always"."""
    hedges = sheet.around("hedges")
    others = [clause for clause in clauses if clause.opened != "because" and clause.tokens[-1].start >= chosen.end]
    others += [clause for clause in clauses if clause.opened != "because" and clause.tokens[0].end <= chosen.start]
    others += [chosen.rest] if chosen.rest is not None else []
    return any(said in hedges for clause in others for said in without_fillers(clause, sheet))


def _sign(tokens: tuple[Token, ...], clauses: tuple[Clause, ...], sheet: Sheet) -> Hit | None:
    """One face or thumb, by itself or with a reason."""
    spoken = [clause for clause in clauses if clause.opened != "because" and not is_filler(clause.texts, sheet)]
    signs = [token for token in tokens if token.text in sheet.signs]
    if spoken or len({token.text for token in signs}) != 1:
        return None
    if sheet.kind == "scale5" and any(_is_face(token.text) and token.text not in sheet.signs for token in tokens):
        return None
    return Hit(sheet.signs[signs[0].text], signs[0].start, signs[-1].end, numeric=True)


def _is_face(sign: str) -> bool:
    return len(sign) == 1 and any(ord(sign) in block for block in _FACES)


def _found(clauses: tuple[Clause, ...], sheet: Sheet) -> Hit | None:
    """The one label inside a sentence, with no "not" or "or" before the reason."""
    tokens = _plainly_said(clauses, sheet)
    labels = find_labels(tokens, sheet)
    if len({hit.code for hit in labels}) != 1 or len(tokens) > _LONGEST_SENTENCE:
        return None
    words = tuple(token.text for token in tokens)
    inside = [any(hit.start <= token.start < hit.end for hit in labels) for token in tokens]
    outside = {word for word, in_label in zip(words, inside, strict=True) if not in_label and len(word) > 1}
    others = {sheet.phrases.get(word, labels[0].code) for word in outside} | touch(words, sheet).codes
    places = frozenset(place for place, in_label in enumerate(inside) if in_label)
    if others - {labels[0].code} or is_doubtful(words, places, sheet):
        return None
    return Hit(labels[0].code, labels[0].start, labels[0].end, numeric=True, pure=False)


def _plainly_said(clauses: tuple[Clause, ...], sheet: Sheet) -> tuple[Token, ...]:
    """The words before a reason; none where something is weighed or conditional."""
    said = [clause for clause in clauses if clause.opened != "because"]
    if not sheet.labels or any(clause.opened in {"but", "if"} for clause in said):
        return ()
    return tuple(token for clause in said for token in clause.tokens)


def _touched(clauses: tuple[Clause, ...], sheet: Sheet) -> Hit | None:
    """The one option that a short sentence is about before it gives a reason."""
    tokens = _plainly_said(clauses, sheet)
    codes = named_option(tokens, sheet)
    if len(codes) != 1:
        return None
    spoken = [token for token in tokens if token.kind in {"word", "number"}]
    places = touch(tuple(token.text for token in spoken), sheet).places
    return Hit(next(iter(codes)), spoken[min(places)].start, spoken[max(places)].end, numeric=True, pure=False)


def _words_around(text: str, hit: Hit, tokens: Iterable[Token], sheet: Sheet) -> str:
    """The rest of the text as it was written, without what only leads to the answer; a label's sentence stays whole."""
    spoken = [token for token in tokens if token.kind in {"word", "number"}]
    before = tuple(token.text for token in spoken if token.start < hit.start)
    after = tuple(token.text for token in spoken if token.start >= hit.end)
    if sheet.labels and not hit.pure:
        little = sheet.around("little_words") | sheet.fillers
        return "" if set(before + after) <= little else text.strip()
    parts = ((text[: hit.start], before), (text[hit.end :], after))
    return " ".join(trim(part) for part, words in parts if not is_filler(words, sheet) and trim(part))
