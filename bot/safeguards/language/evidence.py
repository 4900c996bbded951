"""What speaks for each language in one text of one script, and what it all weighs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from bot.safeguards.language.words import ENGLISH, Lexicon, Vocabulary

WORD_WEIGHTS = MappingProxyType({1: 0.25, 2: 0.6})
"""A word of one or two letters is found in many languages, and in text-speak; longer ones count one."""

HASTY = 0.8
"""What is left of a word's weight when it matches only without its accents."""

LETTER_WEIGHT = 1.0
FORM_WEIGHT = 0.4

FEW_STRANGERS = 0.34
"""The share of words that a language cannot have written, and still be the one: names, brands, slips."""

STRANGER_COST = 1.5
LEANING_WEIGHT = 0.2


@dataclass(frozen=True, slots=True)
class Evidence:
    """Weights by language, the share of words that each cannot have written, and the number of words."""

    weights: Mapping[str, float]
    strangers: Mapping[str, float]
    total: int

    def of(self, language: str) -> float:
        """The weight for one language; zero when nothing speaks for it."""
        return self.weights.get(language, 0.0)

    def fits(self, language: str) -> bool:
        """Whether nearly all words could be of this language."""
        return self.strangers.get(language, 0.0) <= FEW_STRANGERS


@dataclass(frozen=True, slots=True)
class Bar:
    """What a script asks of a guess when words alone do not settle it.

    `heard` is langdetect's weight once a text has `letters` letters, and less in proportion before that;
    `sure` is the least weight that is an answer, `lead` how far it must be ahead of the next, `own` what words and
    spelling must give without langdetect; `leaning` is meant in this script unless words speak for another.
    """

    heard: float
    letters: int
    sure: float
    lead: float = 0.5
    own: float = 0.0
    leaning: str = ""


# langdetect knows every Latin and Cyrillic language here but Gaelic and Kurdish; in Arabic script it lacks Pashto and
# Kurdish and says Persian or Urdu for them, so it is half believed there.
BARS: Mapping[str, Bar] = MappingProxyType(
    {
        "latin": Bar(heard=1.0, letters=16, sure=0.7, own=0.1),
        "cyrillic": Bar(heard=1.0, letters=16, sure=0.95),
        "arabic": Bar(heard=0.5, letters=10, sure=0.5),
        "ethiopic": Bar(heard=0.0, letters=1, sure=0.2, lead=0.0, leaning="ti"),
    }
)


def gather(words: Sequence[str], script: str, vocabulary: Vocabulary) -> Evidence:
    """Weigh every word of a text: by the lists that have it, or by its letters and spelling when none has."""
    lexicons = vocabulary.spelt.get(script, ())
    weights: dict[str, float] = {}
    strangers: dict[str, float] = {}
    for word in words:
        possible = tuple(each for each in lexicons if not each.never.search(word))
        listed, exact = vocabulary.languages(word)
        if not exact:
            listed = listed & {each.speaks for each in possible}
        _add(weights, _listed_weights(word, listed, exact) if listed else _spelling_weights(word, possible))
        odd = {each.speaks for each in lexicons} - {each.speaks for each in possible} - listed
        _add(strangers, dict.fromkeys(odd, 1 / len(words)))
    return Evidence(weights, strangers, len(words))


def settled(evidence: Evidence) -> str | None:
    """The language that the words alone make sure, English before any other; None when langdetect should be heard."""
    ranked = ranking(evidence.weights)
    best, weight = ranked[0]
    ahead = weight >= 2 * ranked[1][1]
    carried = weight >= 3 or weight >= 0.35 * evidence.total
    if weight >= 0.9 and ahead and carried and evidence.fits(best):
        return best
    return None


def leans_english(evidence: Evidence) -> bool:
    """Whether English explains the text about as well as the best other language: then nothing else is offered."""
    english = evidence.of(ENGLISH)
    return english > 0 and evidence.fits(ENGLISH) and english >= 0.75 * ranking(evidence.weights)[0][1]


def weighed(evidence: Evidence, heard: Mapping[str, float], letters: int, bar: Bar) -> str | None:
    """The language that words and langdetect together make sure; `heard` is what langdetect gives each."""
    share = bar.heard * min(1.0, letters / bar.letters)
    totals = {bar.leaning: LEANING_WEIGHT} if bar.leaning else {}
    _add(totals, evidence.weights)
    _add(totals, {language: share * probability for language, probability in heard.items()})
    for language in totals:
        totals[language] -= STRANGER_COST * evidence.strangers.get(language, 0.0)
    (best, weight), (_, second) = ranking(totals)[:2]
    sure = weight >= bar.sure and weight - second >= bar.lead and evidence.of(best) >= bar.own
    return best if sure else None


def ranking(weights: Mapping[str, float]) -> list[tuple[str, float]]:
    """Languages by weight, two at least; the code decides between equals so that the order never wavers."""
    return [*sorted(weights.items(), key=lambda pair: (-pair[1], pair[0])), ("", 0.0), ("", 0.0)]


def _add(sums: dict[str, float], parts: Mapping[str, float]) -> None:
    for language, part in parts.items():
        sums[language] = sums.get(language, 0.0) + part


def _listed_weights(word: str, listed: frozenset[str], exact: bool) -> dict[str, float]:
    weight = WORD_WEIGHTS.get(len(word), 1.0) * (1.0 if exact else HASTY) / len(listed)
    return dict.fromkeys(listed, weight)


def _spelling_weights(word: str, possible: Sequence[Lexicon]) -> dict[str, float]:
    weights = _letter_weights(word, possible)
    formed = {each.speaks for each in possible if each.forms.search(word)}
    _add(weights, dict.fromkeys(formed, FORM_WEIGHT / max(len(formed), 1)))
    return weights


def _letter_weights(word: str, possible: Sequence[Lexicon]) -> dict[str, float]:
    """The rarest letter of the word speaks: its weight is shared among the languages that have it."""
    owners = [{each.speaks for each in possible if letter in each.letters} for letter in sorted(set(word))]
    fewest = min(filter(None, owners), key=len, default=set())
    return dict.fromkeys(fewest, LETTER_WEIGHT / max(len(fewest), 1))
