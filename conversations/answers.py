"""What an answer text means: exactly one answer to the question, or nothing, and then we ask again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from conversations.answer_clauses import (
    Clause,
    Hit,
    clauses_of,
    find_answer,
    is_filler,
    without_fillers,
)
from conversations.answer_lists import find_labels, read_multi
from conversations.answer_numbers import settle_numbers
from conversations.answer_sheet import Sheet, make_sheet
from conversations.answer_text import Token, tokenise, trim
from conversations.answer_vocabulary import Vocabulary, load_vocabulary
from conversations.values import Option, Parsed

__all__ = ["KINDS", "Vocabulary", "load_vocabulary", "parse"]

KINDS = ("scale5", "yes_no", "choice", "multi")

MILDEST_CONTRADICTION = 3
"""Steps between a face and a number from which they cannot both be meant: "2 :)" is a polite two."""

MOST_CLAUSES = 60
"""A text in more pieces than this is no answer, and would take long to compare with itself."""

_LONGEST_SENTENCE = 15
"""Words in which a label may be found; in a longer story it is not the answer."""

_NOT_UNDERSTOOD = Parsed()
_FACES = (range(0x1F600, 0x1F650), range(0x1F910, 0x1F930), range(0x1F970, 0x1F97B), range(0x2639, 0x263C))
_PRONOUN_BEFORE_ONE = frozenset({"no", "the", "this", "that", "any", "every", "which", "each", "some"})


def parse(kind: str, text: str, options: tuple[Option, ...], language: str, vocabulary: Vocabulary) -> Parsed:
    """The codes of an answer to a question of this kind, and the words around it; no codes when it must be asked again.

    Never raises; an unknown kind is not understood. The work grows with the length of the text, which is cut at 1,600.
    """
    if kind not in KINDS:
        return _NOT_UNDERSTOOD
    sheet = make_sheet(kind, options, language, vocabulary)
    if not sheet.codes:
        return _NOT_UNDERSTOOD
    tokens = settle_numbers(tokenise(text), sheet)
    if kind == "multi":
        return read_multi(text, tokens, sheet)
    clauses = clauses_of(tokens, sheet)
    if len(clauses) > MOST_CLAUSES:
        return _NOT_UNDERSTOOD
    if _is_question(text, clauses, sheet) or _is_taken_back(clauses, sheet):
        return _NOT_UNDERSTOOD
    return _read_one(text, tokens, clauses, sheet)


def _read_one(text: str, tokens: tuple[Token, ...], clauses: tuple[Clause, ...], sheet: Sheet) -> Parsed:
    hits = list(_hits(clauses, sheet))
    hit = _named(tokens, sheet) or _chosen(hits, clauses, sheet)
    if hit is None and not any(_may_answer(place, each, clauses, sheet) for place, each in hits):
        hit = _sign(tokens, clauses, sheet) or _found(clauses, sheet)
    if hit is None or _is_contradicted(hit, tokens, clauses, sheet):
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
    if not sheet.labels:
        return None
    said = [clause for clause in clauses if clause.opened != "because"]
    if any(clause.opened in {"but", "if"} for clause in said):
        return None
    tokens = tuple(token for clause in said for token in clause.tokens)
    labels = find_labels(tokens, sheet)
    outside = [token.text for token in tokens if not any(hit.start <= token.start < hit.end for hit in labels)]
    refused = sheet.around("negations") | sheet.around("choosing")
    if len({hit.code for hit in labels}) != 1 or refused & set(outside) or len(tokens) > _LONGEST_SENTENCE:
        return None
    if any(sheet.phrases.get(word, labels[0].code) != labels[0].code for word in outside if len(word) > 1):
        return None
    return Hit(labels[0].code, labels[0].start, labels[0].end, numeric=True, pure=False)


def _is_contradicted(hit: Hit, tokens: tuple[Token, ...], clauses: tuple[Clause, ...], sheet: Sheet) -> bool:
    reasons = {token for clause in clauses if clause.opened == "because" for token in clause.tokens}
    counted = [token for token in _numbers(tokens, sheet) if hit.numeric or token not in reasons]
    if any(not hit.start <= token.start < hit.end for token in counted):
        return True
    if any(other.code != hit.code for other in find_labels(tokens, sheet) if not hit.start <= other.start < hit.end):
        return True
    return _faces_contradict(hit, tokens, sheet)


def _numbers(tokens: tuple[Token, ...], sheet: Sheet) -> Iterator[Token]:
    for place, token in enumerate(tokens):
        pronoun = token.text == "one" and place and tokens[place - 1].text in _PRONOUN_BEFORE_ONE
        if (token.kind == "number" or sheet.is_number(token.text)) and not pronoun:
            yield token


def _faces_contradict(hit: Hit, tokens: tuple[Token, ...], sheet: Sheet) -> bool:
    if sheet.kind == "yes_no":
        return any(sheet.signs.get(token.text, hit.code) != hit.code for token in tokens)
    if sheet.kind != "scale5" or not sheet.signs:
        return False
    leaning = {**sheet.vocabulary.leaning, **sheet.signs}
    faces = [int(leaning[token.text]) for token in tokens if token.text in leaning]
    place = sheet.codes.index(hit.code) + 1
    return any(abs(face - place) >= MILDEST_CONTRADICTION for face in faces)


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
