"""Weighs one word after another and says whether it is a name here."""

from __future__ import annotations

from collections.abc import Iterator

from bot.safeguards.redaction.names import VERB_LIKE, Names, Word, words_of

Span = tuple[int, int]

_ENGLISH = frozenset({"", "en", "sco", "und"})
_MODALS = frozenset({"will", "may", "can"})


def names_in(text: str, language: str, names: Names, blocked: tuple[Span, ...]) -> Iterator[Span]:
    """Where names of people stand in this text; `blocked` is taken out already."""
    words = words_of(text, blocked)
    careful = _uses_capitals_with_care(words)
    english = language in _ENGLISH
    previous: Word | None = None
    for word in words:
        between = text[previous.end : word.start] if previous else "."
        if _is_name(word, careful, english, names) or _goes_with(between, word, careful and english, names):
            yield word.start, _end(word, names)
            previous = word
        elif word.plain not in ("and", "n", "i", "or"):
            previous = None


def _end(word: Word, names: Names) -> int:
    """Leaves the 's of a name where it is."""
    return word.end - 2 if word.text[-2:].lower() in ("'s", "’s") else word.end


def _uses_capitals_with_care(words: tuple[Word, ...]) -> bool:
    inner = [word for word in words if not word.opens and len(word.text) > 1]
    return bool(inner) and sum(word.text[0].isupper() for word in inner) * 5 <= len(inner) * 2


def _is_name(word: Word, careful: bool, english: bool, names: Names) -> bool:
    if len(word.plain) < 2 or word.plain in names.kept and not _named(word, names):
        return False
    if word.plain in names.homonyms and not (english and _among_english(word, names)):
        return False
    if names.is_clear(word.text):
        return True
    capital = careful and word.text[0].isupper() and word.text[1:].islower() and not word.opens
    if word.plain in names.ambiguous and _leans_to_name(word, capital, names):
        return True
    if _titled(word, names) and not _is_plain(word, names):
        return True
    if names.is_ordinary(word.text) and not (_titled(word, names) and capital):
        return False
    return _unfamiliar_name(word, capital, english, names)


def _among_english(word: Word, names: Names) -> bool:
    """Has no word of another language beside it."""
    beside = (*word.before[-1:], word.after)
    return not any(plain in names.kept and plain not in names.ordinary for plain in beside)


def _is_plain(word: Word, names: Names) -> bool:
    """Stands in a list of everyday words just as it is."""
    return word.plain in names.ordinary or word.plain in names.kept or word.plain in names.cues["function"]


def _named(word: Word, names: Names) -> bool:
    """Comes straight after "called" or "my name is"."""
    last = word.before[-1] if word.before else ""
    return (
        last in names.cues["naming"]
        or " ".join(word.before[-2:]) in names.cues["called"]
        or last in names.cues["after_naming"]
        and bool(names.cues["naming"].intersection(word.before[-3:-1]))
    )


def _titled(word: Word, names: Names) -> bool:
    return bool(word.before) and word.before[-1] in names.cues["titles"]


def _introduced(word: Word, names: Names) -> bool:
    """Comes straight after a role: my worker X, wee X."""
    return bool(word.before) and word.before[-1] in names.cues["roles"]


def _leans_to_name(word: Word, capital: bool, names: Names) -> bool:
    if capital or _named(word, names) or _titled(word, names):
        return True
    if word.before[-1:] != () and word.before[-1] in names.cues["determiners"]:
        return False
    last = word.before[-1] if word.before else ""
    if word.plain in _MODALS:
        return last in ("tell", "told") or _introduced(word, names) and word.after in names.cues["after_modal"]
    if word.before_capital and word.text[0].isupper() or _introduced(word, names) or word.after in names.cues["saying"]:
        return True
    if word.after == "here" and last in ("its", "is"):
        return True
    return last in names.cues["addressed"] or last in names.cues["opening"] and word.after in names.cues["being"]


def _unfamiliar_name(word: Word, capital: bool, english: bool, names: Names) -> bool:
    """A word that no list knows."""
    if (
        len(word.plain) < 3
        or not word.plain.isascii()
        and not _named(word, names)
        and not (capital and _introduced(word, names))
    ):
        return False
    if _titled(word, names) or _named(word, names) and word.plain not in names.cues["function"]:
        return True
    if not _is_strange(word, names):
        return False
    return english and (capital or _in_frame(word, names))


def _in_frame(word: Word, names: Names) -> bool:
    """Stands where English mostly has a person, or is all but a forename."""
    return (
        names.is_nearly(word.text)
        or _introduced(word, names)
        or word.after in names.cues["saying"]
        or _spoken_to(word, names)
    )


def _spoken_to(word: Word, names: Names) -> bool:
    """Comes after a word that is mostly followed by a person: tell X, hi X, instead of X."""
    return (
        word.before[-1:] != ()
        and word.before[-1] in names.cues["addressed"]
        or " ".join(word.before[-2:]) in names.cues["person_frames"]
    )


def _goes_with(between: str, word: Word, careful: bool, names: Names) -> bool:
    """Follows a name: as a surname, after a hyphen, or as the next in a list of names."""
    if between == "-":
        return word.plain in names.ambiguous or not names.is_ordinary(word.text)
    if between == " ":
        return _continues(word, careful, names)
    listed = between.strip(" ").casefold() in (",", "and", "n", "&", "or", ", and")
    return listed and _is_strange(word, names)


def _is_strange(word: Word, names: Names) -> bool:
    """No list knows it and it does not look like a form of a verb."""
    return (
        len(word.plain) > 2
        and word.plain.isascii()
        and not word.plain.endswith(VERB_LIKE)
        and word.plain not in names.ambiguous_surnames
        and not names.is_ordinary(word.text)
    )


def _continues(word: Word, careful: bool, names: Names) -> bool:
    """A surname: the word after a name."""
    if word.plain in names.kept or word.plain in names.cues["function"]:
        return False
    if word.plain in names.ambiguous_surnames or word.plain in names.ambiguous:
        return word.text[0].isupper() and careful or word.plain not in names.ambiguous and not _is_plain(word, names)
    return (
        len(word.plain) > 2
        and not names.is_ordinary(word.text)
        and not word.plain.endswith(VERB_LIKE)
        and word.plain.isascii()
    )
