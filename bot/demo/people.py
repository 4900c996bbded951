"""The made-up people of the demonstration: who they are, and what each would say next."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from importlib import resources
from random import Random
from typing import Any, TypeVar

from conversations.asking import RESTS
from conversations.script.values import IMPLIED_CODES, Question, Script
from conversations.values import State

Said = TypeVar("Said")
WORDS = resources.files("bot.demo").joinpath("words")

# How people feel about being heard, 0 to 1: at the start of the year, and once what was changed in spring has settled.
BY_AREA = {"north": (0.55, 0.57), "south": (0.36, 0.68), "east": (0.62, 0.64), "west": (0.50, 0.44)}
ELSEWHERE = (0.52, 0.56)
BY_AGE = {"8-11": 0.06, "12-15": -0.03, "16-17": -0.04, "18-25": 0.02}
BY_QUESTION = {
    "changed": -0.10, "told": -0.05, "trusted": 0.08, "understood": -0.04, "have_plan": 0.08, "happening": -0.06,
}
SETTLES_IN = timedelta(days=100)

SCRIPTS = {"check-in": 55, "after-meeting": 27, "my-plan": 18}
AGES = {"8-11": 17, "12-15": 40, "16-17": 25, "18-25": 18}
LANGUAGES = {"en": 84, "pl": 8, "ar": 5, "gd": 3}
SMS_SHARE, NO_AREA, HIDES_AGE = 0.68, 0.08, 0.12
OPENS_WITHOUT_KEYWORD = 0.12
WORRIES = {"": 9870, "concern": 105, "immediate": 25}

# Of a hundred texts at a question, how many are something else than its answer; the rest answer it.
ASIDES = {"skip": 2.4, "back": 0.9, "help": 0.5, "stop": 0.5, "delete": 0.4, "unclear": 4.0, "words first": 7.0}
ADDS_WORDS = 0.24
SAYS_SOMETHING = 0.78
NAMES_OF_LANGUAGES = {"pl": "polski", "ar": "العربية", "gd": "gàidhlig", "en": "english"}
NOTHING_TO_SAY = ("no", "nah", "skip", "pass")
CARRIES_ON, GIVES_UP = ("1", "yes", "ok yes", "aye"), ("2", "no", "nah")

MOODS = {"1": "low", "2": "low", "3": "mid", "4": "high", "5": "high", "yes": "high", "no": "low", "unsure": "mid"}


@dataclass(frozen=True, slots=True)
class Persona:
    """Somebody who does not exist. `warmth` is how well they feel heard, `patience` how long they stay, both 0 to 1."""

    script: str
    channel: str
    area: str
    age_band: str
    language: str
    warmth: float
    patience: float
    keyword: bool
    worry: str = ""
    worry_at: int = 0


@cache
def load_phrases() -> Mapping[str, Mapping[str, Any]]:
    """The phrase bank, by language; under `worry` what must reach a duty worker."""
    files = [each for each in WORDS.iterdir() if each.name.endswith(".toml")]
    return {each.name.removesuffix(".toml"): tomllib.loads(each.read_text("utf-8")) for each in files}


def feeling(area: str, day: date, turn: date) -> float:
    """How well heard people in an area feel on a day; `turn` is when things begin to change."""
    before, after = BY_AREA.get(area, ELSEWHERE)
    settled = min(1.0, max(0.0, (day - turn) / SETTLES_IN))
    return before + (after - before) * settled


@dataclass
class Crowd:
    """Everybody who takes part, from one seed; a phrase comes again only once all like it have been said."""

    random: Random
    scripts: Mapping[str, Script]
    areas: tuple[str, ...]
    _decks: dict[tuple[str, ...], list[str]] = field(default_factory=dict)

    def meet(self, day: date, turn: date) -> Persona:
        """Somebody new."""
        script = self._one_of(SCRIPTS)
        area = "" if not self.areas or self.random.random() < NO_AREA else self.random.choice(self.areas)
        age_band = self._one_of(AGES)
        language = self._one_of(LANGUAGES)
        heard = feeling(area, day, turn) + BY_AGE[age_band]
        return Persona(
            script=script,
            channel="sms" if self.random.random() < SMS_SHARE else "web",
            area=area,
            age_band=age_band if self.random.random() >= HIDES_AGE else "",
            language=language if language in self.scripts[script].languages else "en",
            warmth=self.random.gauss(heard, 0.16),
            patience=self.random.betavariate(5, 1.6),
            keyword=script != "check-in" or self.random.random() >= OPENS_WITHOUT_KEYWORD,
            worry=self._one_of(WORRIES),
            worry_at=self.random.randint(1, 4),
        )

    def open(self, persona: Persona) -> str:
        """The first text: on the web the button says it all."""
        if persona.channel == "web":
            return ""
        if not persona.keyword:
            return self._draw(persona.language, "openings", "words")
        keyword = self._typed(self.scripts[persona.script].keyword)
        return f"{keyword} {persona.area}".strip()

    def reply(self, persona: Persona, state: State, turn: int) -> str | None:
        """What they say next; None when they say no more."""
        if persona.worry and turn == persona.worry_at:
            return self._draw("worry", persona.worry)
        if self.random.random() < (1 - persona.patience) * 0.16:
            return None
        if state.awaiting in RESTS:
            return self._at_rest(state)
        if state.awaiting == "safe":
            return self._pick("1", "1", "1", "im safe", "skip")
        if state.awaiting == "carry_on":
            return self._carry_on(persona, state)
        if state.awaiting == "delete":
            return self._pick("1", "yes", "2")
        speaks = persona.language
        if state.language != speaks and (speaks != "en" or self.random.random() < 0.7):
            return NAMES_OF_LANGUAGES[speaks]
        return self._at_question(persona, state, self.scripts[state.script].question(state.step))

    def silent(self, persona: Persona) -> bool:
        """Whether they let half an hour pass before they answer."""
        return self.random.random() < (0.06 if persona.channel == "sms" else 0.01)

    def _at_rest(self, state: State) -> str | None:
        if state.awaiting == "reach":
            return self._pick("1", "1", "2", None)
        return self._pick(None, self._draw("worry", "follow"))

    def _carry_on(self, persona: Persona, state: State) -> str | None:
        return self._pick(*CARRIES_ON) if self.random.random() < 0.55 + persona.patience / 3 else self._pick(*GIVES_UP)

    def _at_question(self, persona: Persona, state: State, question: Question) -> str:
        aside = self._one_of({**ASIDES, "": 100 - sum(ASIDES.values())})
        if aside in ("skip", "back", "help", "stop", "delete"):
            return self._typed(aside)
        if question.keep_as:
            return self._age(persona, state)
        if question.type == "free_text":
            return self._own_words(persona, state)
        if aside == "unclear" and not state.tries:
            return self._draw(state.language, "unclear", question.type if question.type != "multi" else "choice")
        codes = self._codes(persona, question)
        words = self._comment(state, _mood(question, codes))
        if words and aside == "words first" and not state.tries:
            return words
        answer = self._answer(state, question, codes)
        number = answer[:1].isdecimal() and question.type != "multi"
        return f"{answer[:1]}, {words}" if words and number and self.random.random() < ADDS_WORDS else answer

    def _age(self, persona: Persona, state: State) -> str:
        if not persona.age_band:
            return "skip"
        return self._draw(state.language, "answers", "age", persona.age_band)

    def _own_words(self, persona: Persona, state: State) -> str:
        said = self.random.gauss(persona.warmth - 0.08, 0.2)
        words = self._comment(state, "low" if said < 0.5 else "mid" if said < 0.66 else "high")
        return words if words and self.random.random() < SAYS_SOMETHING else self._pick(*NOTHING_TO_SAY)

    def _codes(self, persona: Persona, question: Question) -> tuple[str, ...]:
        felt = self.random.gauss(persona.warmth + BY_QUESTION.get(question.id, 0.0), 0.2)
        if question.type == "scale5":
            return (str(min(5, max(1, round(1 + 4 * felt)))),)
        if question.type == "multi":
            return self._several(question, felt)
        codes = IMPLIED_CODES.get(question.type, question.options)
        if question.type == "yes_no":
            place = 0 if felt > 0.46 else 2 if self.random.random() < 0.22 else 1
        else:
            place = 0 if felt > 0.60 else 1 if felt > 0.44 else 2 if felt > 0.26 else 3
        return (codes[min(place, len(codes) - 1)],)

    def _several(self, question: Question, felt: float) -> tuple[str, ...]:
        helpers, nobody = question.options[:-1], question.options[-1]
        chosen = [each for each in helpers if self.random.random() < 0.15 + max(0.0, felt) * 0.45]
        return tuple(chosen) or (nobody,)

    def _answer(self, state: State, question: Question, codes: tuple[str, ...]) -> str:
        if question.type in ("scale5", "yes_no"):
            return self._draw(state.language, "answers", question.type, codes[0])
        numbers = [str(question.options.index(code) + 1) for code in codes]
        if len(codes) > 1 or self.random.random() < 0.6:
            return self._pick(" and ", ", ", " ").join(numbers)
        label = self.scripts[state.script].words[state.language].labels[question.id][codes[0]]
        return label if self.random.random() < 0.4 else label.lower()

    def _comment(self, state: State, mood: str) -> str:
        known = load_phrases()[state.language]["comments"].get(f"{state.script}/{state.step}", {})
        return self._draw(state.language, "comments", f"{state.script}/{state.step}", mood) if mood in known else ""

    def _draw(self, *path: str) -> str:
        deck = self._decks.setdefault(path, [])
        if not deck:
            found: Any = load_phrases()
            for key in path:
                found = found[key]
            deck += found
            self.random.shuffle(deck)
        return deck.pop()

    def _typed(self, word: str) -> str:
        return self._pick(word.upper(), word.lower(), word.capitalize())

    def _pick(self, *said: Said) -> Said:
        return self.random.choice(said)

    def _one_of(self, weights: Mapping[str, float]) -> str:
        return self.random.choices(list(weights), list(weights.values()))[0]


def _mood(question: Question, codes: tuple[str, ...]) -> str:
    if codes[0] in MOODS and question.type in IMPLIED_CODES:
        return MOODS[codes[0]]
    if question.type == "multi":
        return "low" if codes[0] == question.options[-1] else "mid" if len(codes) == 1 else "high"
    return ("high", "mid", "low", "low")[question.options.index(codes[0])]
