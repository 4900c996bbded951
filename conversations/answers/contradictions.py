"""What speaks against an answer that a text seems to give: other numbers, options or faces, or yes and no at once."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from conversations.answers.clauses import Clause, Hit, is_filler
from conversations.answers.counts import counts_something
from conversations.answers.lists import find_labels
from conversations.answers.sheet import Sheet
from conversations.answers.text import Token
from conversations.answers.touches import is_compound, touch

MILDEST_CONTRADICTION = 3
"""Steps between a face and a number from which they cannot both be meant: "2 :)" is a polite two."""

_SHORT = 3
"""Words in which an "and" adds a name rather than a sentence."""

_PRONOUN_BEFORE_ONE = frozenset({"no", "the", "this", "that", "any", "every", "which", "each", "some"})


def is_contradicted(hit: Hit, tokens: tuple[Token, ...], clauses: tuple[Clause, ...], sheet: Sheet) -> bool:
    reasons = {token for clause in clauses if clause.opened == "because" for token in clause.tokens}
    counted = [token for token in _numbers(tokens, sheet) if hit.numeric or token not in reasons]
    if sheet.kind == "yes_no" and not hit.numeric:
        counted = [token for token in counted if not _is_told(hit, token, tokens, sheet)]
    if any(not hit.start <= token.start < hit.end for token in counted):
        return True
    if any(other.code != hit.code for other in find_labels(tokens, sheet) if not hit.start <= other.start < hit.end):
        return True
    if sheet.kind == "yes_no" and any(_answers_back(hit, clause, sheet) for clause in clauses[1:]):
        return True
    if sheet.ideas and (_names_another(hit, clauses, sheet) or any(_adds(hit, each, sheet) for each in clauses[1:])):
        return True
    return _faces_contradict(hit, tokens, sheet)


def _answers_back(hit: Hit, clause: Clause, sheet: Sheet) -> bool:
    """Whether a clause behind "but" says the other of somebody else: "no but my mum did"."""
    echoes = sheet.around("echoes_no" if hit.code == "yes" else "echoes_yes")
    return clause.opened == "but" and clause.texts[-1] in echoes


def _is_told(hit: Hit, number: Token, tokens: tuple[Token, ...], sheet: Sheet) -> bool:
    """Whether a number behind yes or no only tells more: "yes they asked me 3 times", not "yes 3 people came"."""
    between = [token for token in tokens if token.kind == "word" and hit.end <= token.start < number.start]
    return bool(between) and counts_something(tokens, tokens.index(number), sheet)


def _names_another(hit: Hit, clauses: tuple[Clause, ...], sheet: Sheet) -> bool:
    """Whether what stands beside a number or a label names another option: "1 worse" where that is the third."""
    said = [token for clause in clauses if clause.opened != "because" for token in clause.tokens]
    if is_compound(tuple(token.text for token in said), sheet):
        return True
    if not hit.pure:
        return False
    found = touch(tuple(token.text for token in said if not hit.start <= token.start < hit.end), sheet)
    return bool(found.codes - {hit.code})


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


def is_divided(tokens: tuple[Token, ...], sheet: Sheet) -> bool:
    """Whether yes and no are said of different people or times: "yes for me, no for my sister"."""
    if sheet.kind != "yes_no":
        return False
    words = [token.text for token in tokens if token.kind in {"word", "number"}]
    parted = sheet.around("parting")
    said = {sheet.phrases[word] for word, then in pairwise(words) if _parts(word, then, parted, sheet)}
    return {"yes", "no"} <= said


def _parts(word: str, then: str, parting: frozenset[str], sheet: Sheet) -> bool:
    return then in parting and sheet.phrases.get(word) in {"yes", "no"} and not sheet.is_number(word)


def _adds(hit: Hit, clause: Clause, sheet: Sheet) -> bool:
    """Whether what follows takes the option back, or adds one that is none: "a teacher? no", "my mum and dad"."""
    told = sheet.around("openers") | sheet.around("verbs") | sheet.around("being") | sheet.around("weak_words")
    if clause.tokens[0].start >= hit.end and len(clause.texts) == 1 and clause.texts[0] in sheet.around("negations"):
        return True
    outside = clause.tokens[0].start >= hit.end and clause.opened == "and" and len(clause.texts) <= _SHORT
    return outside and not told & set(clause.texts) and not is_filler(clause.texts, sheet)
