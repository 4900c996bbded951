"""The clauses of an answer text, and what each one says when it says one answer and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from types import MappingProxyType

from conversations.answers.counts import is_comment, is_same_option
from conversations.answers.denials import denies_all
from conversations.answers.sheet import FEWEST_LETTERS, Sheet
from conversations.answers.text import Token, is_one_edit_apart

LONGEST_PHRASE = 8
MOST_FILLERS = 12
_LONGEST_FILLER = 5
_LONGEST_START = 10
_SURE_BY_LENGTH = 2
"""Words of a phrase above which one other word in it is still a slip: "quiet a lot"."""

_LETTER_LEADS = frozenset({"option", "letter", "answer", "is", "number", "choice"})
_LOOSE_LETTER_LEADS = frozenset({"its", "say", "pick", "choose", "with", "for"})
_PLAIN_YES = frozenset({"pl", "uk", "ar", "ur"})
"""Languages with a word for yes that begins no other sentence, as Gaelic "tha" does."""

_ARTICLES = frozenset({"a", "an", "the", "my"})
_JOINING = MappingProxyType(
    {"because": "because", "conditions": "if", "weighing": "but", "concluding": "so", "joining": "and"}
)


@dataclass(frozen=True, slots=True)
class Clause:
    """Words and numbers between marks or joining words."""

    opened: str
    """What stands before: start, mark, because, if, but, so or and."""
    tokens: tuple[Token, ...]

    @property
    def texts(self) -> tuple[str, ...]:
        return tuple(token.text for token in self.tokens)


@dataclass(frozen=True, slots=True)
class Hit:
    """An answer that a clause gives, and where it stands in the text as it was written."""

    code: str
    start: int
    end: int
    numeric: bool
    pure: bool = True
    """Whether the clause holds nothing but the answer and words that do not change it."""
    rest: Clause | None = None


def clauses_of(tokens: tuple[Token, ...], sheet: Sheet) -> tuple[Clause, ...]:
    """The text in clauses; a run between marks that is an answer as a whole is not split at its joining words."""
    found: list[Clause] = []
    run: list[Token] = []
    for token in tokens:
        if token.kind in {"word", "number"}:
            run.append(token)
            continue
        found += _split(run, sheet, bool(found))
        run = []
    return tuple(found + _split(run, sheet, bool(found)))


def _split(run: list[Token], sheet: Sheet, later: bool) -> list[Clause]:
    if not run:
        return []
    whole = Clause("mark" if later else "start", tuple(run))
    if _is_answer(whole, sheet):
        return [whole]
    found: list[Clause] = []
    opened, start, place = whole.opened, 0, 0
    while place < len(run):
        kind, size = _joining_word(run, place, sheet)
        if not size or opened == "because" or place + size == len(run):
            place += 1
            continue
        if place > start:
            found.append(Clause(opened, tuple(run[start:place])))
        opened, place = kind, place + size
        start = place
    return [*found, Clause(opened, tuple(run[start:]))] if start < len(run) else found


def _joining_word(run: list[Token], place: int, sheet: Sheet) -> tuple[str, int]:
    for size in range(min(3, len(run) - place), 0, -1):
        phrase = " ".join(token.text for token in run[place : place + size])
        for name, kind in _JOINING.items():
            if phrase in sheet.around(name):
                return kind, size
    return "", 0


def _is_answer(clause: Clause, sheet: Sheet) -> bool:
    return _exact(clause, sheet) is not None or " ".join(clause.texts) in sheet.around("hedges")


def find_answer(clause: Clause, sheet: Sheet) -> Hit | None:
    """The one answer that a clause gives, or nothing."""
    ways = (_exact, _repeated, _misspelled, _denied, _sentence_end, _led, _begun)
    return next((hit for way in ways if (hit := way(clause, sheet)) is not None), None)


def is_filler(texts: tuple[str, ...], sheet: Sheet) -> bool:
    """Whether words say nothing by themselves."""
    return len(texts) <= MOST_FILLERS and len(texts) in _front(texts, sheet.fillers)


def without_fillers(clause: Clause, sheet: Sheet) -> Iterator[str]:
    """What may be left of a clause when words that do not change an answer are taken off its ends."""
    texts = clause.texts
    yield from (" ".join(texts[start:end]) for start, end in slices(texts, sheet))


def _front(texts: tuple[str, ...], fillers: frozenset[str]) -> list[int]:
    reached = {0}
    for place in range(min(len(texts), MOST_FILLERS)):
        if place in reached:
            sizes = range(1, min(_LONGEST_FILLER, len(texts) - place) + 1)
            reached |= {place + size for size in sizes if " ".join(texts[place : place + size]) in fillers}
    return sorted(reached)


def _back(texts: tuple[str, ...], fillers: frozenset[str]) -> list[int]:
    reached = {len(texts)}
    for end in range(len(texts), max(0, len(texts) - MOST_FILLERS), -1):
        if end in reached:
            sizes = range(1, min(_LONGEST_FILLER, end) + 1)
            reached |= {end - size for size in sizes if " ".join(texts[end - size : end]) in fillers}
    return sorted(reached, reverse=True)


def slices(texts: tuple[str, ...], sheet: Sheet) -> Iterator[tuple[int, int]]:
    """Where an answer may begin and end when words that do not change it are taken off; the longest first."""
    backs = _back(texts, sheet.fillers)
    for start in _front(texts, sheet.fillers):
        yield from ((start, end) for end in backs if start < end <= start + LONGEST_PHRASE)


def _whole(clause: Clause, code: str, sheet: Sheet) -> Hit:
    numeric = any(sheet.is_number(text) for text in clause.texts)
    return Hit(code, clause.tokens[0].start, clause.tokens[-1].end, numeric)


def _exact(clause: Clause, sheet: Sheet) -> Hit | None:
    texts = clause.texts
    for start, end in slices(texts, sheet):
        code = sheet.phrases.get(" ".join(texts[start:end])) or _letter(texts, start, end, sheet)
        if code:
            return _whole(clause, code, sheet)
    return None


def _letter(texts: tuple[str, ...], start: int, end: int, sheet: Sheet) -> str:
    """A single letter counts when it is all that is said, or said as "option b"."""
    leads = _LETTER_LEADS if texts[start] == "a" else _LETTER_LEADS | _LOOSE_LETTER_LEADS
    if end - start != 1 or end != len(texts) or (start and texts[start - 1] not in leads):
        return ""
    return sheet.letters.get(texts[start], "")


def _repeated(clause: Clause, sheet: Sheet) -> Hit | None:
    """The same answer said more than once or in two ways: "4 four", "no no never"."""
    for start, end in slices(clause.texts, sheet):
        codes = set(tiles(clause.texts[start:end], meaning_beside(clause.texts[start:end], sheet)))
        if len(codes) == 1 and "" not in codes:
            return _whole(clause, codes.pop(), sheet)
    return None


def meaning_beside(texts: tuple[str, ...], sheet: Sheet) -> Callable[[str], str | None]:
    """Beside a number only a whole label counts: "3 people" is a count even where a label has people in it."""
    if not sheet.labels or not any(map(sheet.is_number, texts)):
        return sheet.phrases.get
    return lambda phrase: sheet.phrases.get(phrase) if sheet.is_number(phrase) else sheet.labels.get(phrase)


def tiles(texts: tuple[str, ...], meaning: Callable[[str], str | None]) -> Iterator[str]:
    """The codes of the phrases that these words are made of, longest first; an empty code for what is none."""
    place = 0
    while place < len(texts):
        sizes = range(min(LONGEST_PHRASE, len(texts) - place), 0, -1)
        found = next(((size, code) for size in sizes if (code := meaning(" ".join(texts[place : place + size])))), None)
        size, code = found or (1, "")
        yield code
        place += size


def _misspelled(clause: Clause, sheet: Sheet) -> Hit | None:
    for start, end in slices(clause.texts, sheet):
        said = " ".join(clause.texts[start:end])
        if sum(map(str.isalpha, said)) < FEWEST_LETTERS - 1 or any(map(str.isdigit, said)):
            continue
        near = {phrase: code for phrase, code in sheet.slips.items() if is_one_edit_apart(said, phrase)}
        meant = {code for phrase, code in near.items() if _is_slip(said, phrase, sheet)}
        if len(meant) == 1 and len(near) == len([phrase for phrase in near if _is_slip(said, phrase, sheet)]):
            return _whole(clause, meant.pop(), sheet)
    return None


def _is_slip(said: str, phrase: str, sheet: Sheet) -> bool:
    """Not when a word of it is another word: "fire" is not a slip for "five", nor "can go" for "cannot go"."""
    known, negations = sheet.vocabulary.known, sheet.around("negations")
    strange, missing = set(said.split()) - set(phrase.split()), set(phrase.split()) - set(said.split())
    if said in known or strange & negations or (missing & negations and strange & known):
        return False
    return len(phrase.split()) > _SURE_BY_LENGTH or not strange & known


def _denied(clause: Clause, sheet: Sheet) -> Hit | None:
    """The whole of a thing denied is the lowest amount."""
    if sheet.kind != "scale5" or not sheet.signs:
        return None
    texts = clause.texts
    denied = any(denies_all(texts[start:end], sheet) for start, end in slices(texts, sheet))
    return replace(_whole(clause, sheet.codes[0], sheet), pure=False) if denied else None


def _sentence_end(clause: Clause, sheet: Sheet) -> Hit | None:
    """An amount after the start of a sentence that changes nothing: "they listened to me a lot"."""
    if sheet.kind != "scale5":
        return None
    starts = sheet.around("sentence_starts")
    for start in range(min(len(clause.tokens) - 1, _LONGEST_START), 0, -1):
        begun = clause.texts[:start]
        if not any(" ".join(begun[skipped:]) in starts for skipped in _front(begun, sheet.fillers)):
            continue
        hit = _exact(Clause(clause.opened, clause.tokens[start:]), sheet)
        if hit is not None and not hit.numeric:
            return replace(hit, pure=False)
    return None


def _led(clause: Clause, sheet: Sheet) -> Hit | None:
    """A number at the end of a longer sentence: "the last meeting was a 4"."""
    refused = (
        sheet.around("negations") | sheet.around("contexts") | sheet.around("questions") | sheet.around("choosing")
    )
    for start in range(1, min(len(clause.tokens), _LONGEST_START)):
        if clause.texts[start - 1] not in sheet.around("leads") or refused & set(clause.texts[:start]):
            continue
        hit = _exact(Clause(clause.opened, clause.tokens[start:]), sheet)
        if hit is not None and hit.numeric and sheet.kind == "scale5":
            return replace(hit, pure=False)
    return None


def _begun(clause: Clause, sheet: Sheet) -> Hit | None:
    """An answer with a new sentence right behind it: "yes they did", "4 she was nice"."""
    for start in _front(clause.texts, sheet.fillers):
        for end in range(min(len(clause.texts) - 1, start + LONGEST_PHRASE), start, -1):
            code = sheet.phrases.get(" ".join(clause.texts[start:end]))
            if code and _is_begun(clause, start, end, sheet):
                numeric = any(sheet.is_number(text) for text in clause.texts[start:end])
                rest = Clause("and", clause.tokens[end:])
                return Hit(code, clause.tokens[0].start, clause.tokens[end - 1].end, numeric, pure=True, rest=rest)
    return None


def _is_begun(clause: Clause, start: int, end: int, sheet: Sheet) -> bool:
    said, rest = clause.texts[start:end], clause.texts[end:]
    openers = sheet.around("openers") | (sheet.around("noun_openers") if sheet.kind == "yes_no" else frozenset())
    if not any(map(sheet.is_number, said)):
        opened = any(rest[place] in openers for place in _front(rest, sheet.fillers) if place < len(rest))
        return (sheet.kind == "yes_no" or len(said) > 1) and (opened or _is_tail(said, rest, sheet))
    opens = clause.opened == "start" and len(said) == 1 and (not start or clause.texts[start - 1] not in _ARTICLES)
    if rest[0] in openers or _tells(rest, sheet):
        return True
    code = sheet.phrases[" ".join(said)]
    return opens and (is_comment(said[0], rest, sheet) or is_same_option(code, said[0], rest, sheet))


def _is_tail(said: tuple[str, ...], rest: tuple[str, ...], sheet: Sheet) -> bool:
    """Whether words behind yes or no say when or where, or deny again: "yes in the meeting", "nah no one did"."""
    code = sheet.phrases.get(" ".join(said))
    if sheet.kind != "yes_no" or (code == "yes" and sheet.around("waters") & set(rest)):
        return False
    if code == "no":
        return rest[0] in sheet.around("negations") or rest[-1] in sheet.around("echoes_no")
    told = sheet.around("verbs") | sheet.around("acts") | sheet.around("echoes_yes")
    if sheet.language in _PLAIN_YES:
        refused = (sheet.around(name) for name in ("negations", "choosing", "weighing", "hedges", "conditions"))
        amounts = sheet.vocabulary.table("scale5", sheet.language)
        whole = " ".join((*said, *rest))
        return code == "yes" and whole not in amounts and not any(group & set(rest) for group in refused)
    named = bool(told & set(rest[1:])) and not sheet.around("negations") & set(rest)
    return code == "yes" and (named or rest[0] in sheet.around("tails"))


def _tells(texts: tuple[str, ...], sheet: Sheet) -> bool:
    """Whether words are a new sentence and not what a number counts: "my worker was nice", not "my friends"."""
    return texts[0] in sheet.around("noun_openers") and len(texts) > 2 and bool(sheet.around("verbs") & set(texts[2:]))
