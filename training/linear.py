"""Trains the linear model: one regression a question, over the hashed pieces and the rules that the service sees."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix, hstack, vstack
from sklearn.linear_model import LogisticRegression

from bot.safeguards.triage import lexicon, linear
from bot.safeguards.triage.features import SIZE, features
from bot.safeguards.triage.linear import Trained
from bot.safeguards.triage.screen import enough_words, parts_of, rules_heard
from bot.safeguards.triage.wording import normalised, tokens
from training.bars import bars
from training.corpus import Row
from training.slips import respelt

STRENGTH = {"alert": 200.0, "immediate": 40.0, "wellbeing": 40.0}
STRENGTH_ABOUT = 10.0
RULE_VALUE = 0.5
SIZE_ABOUT = 1 << 16
EXAMPLES_COUNT = 3
"""How often each of the rules' examples is learned: none of them may be lost."""
FEWEST_ABOUT = 60
"""Rows that a category needs before the model may name it."""

QUESTIONS: dict[str, Callable[[Row], bool]] = {
    "alert": lambda row: row.alerts,
    "immediate": lambda row: row.level == "immediate",
    "wellbeing": lambda row: row.level != "none",
}


def pieces(texts: Sequence[str], size: int = SIZE) -> Any:
    """A row a text: each hashed piece that is there, all together of length one; fewer places than SIZE share them."""
    rows = [[number % size for number in sorted(features(tokens(normalised(text))))] for text in texts]
    starts = np.cumsum([0, *map(len, rows)])
    values = np.concatenate([np.full(len(row), 1 / np.sqrt(max(len(row), 1))) for row in rows])
    return csr_matrix((values, np.concatenate(rows).astype(np.int32), starts), shape=(len(rows), size))


def matrix(texts: Sequence[str], rules: lexicon.Lexicon) -> Any:
    """Pieces, and beside them a column a rule."""
    places = {rule.id: place for place, rule in enumerate(rules.rules)}
    found = np.zeros((len(texts), len(places)))
    for row, text in enumerate(texts):
        for rule in rules_heard(tokens(normalised(text)), rules).levels:
            found[row, places[rule]] = RULE_VALUE
    return hstack([pieces(texts), csr_matrix(found)]).tocsr()


def examples(rules: lexicon.Lexicon) -> list[Row]:
    """The rules' own examples: what they must find, each at its rule's level, and what they must not."""
    hits = {text: rule for rule in rules.rules for text in rule.matches}
    misses = dict.fromkeys(text for rule in rules.rules for text in rule.must_not_match if text not in hits)
    found = [Row(text, rule.level.word, rule.category, "", "", "rules", "en") for text, rule in hits.items()]
    return found + [Row(text, "none", "hard:rules", "", "", "rules", "en") for text in misses if _harmless(text, rules)]


def _harmless(text: str, rules: lexicon.Lexicon) -> bool:
    """Whether no rule at all finds anything: an example that one rule must not find may be for another."""
    return not rules_heard(tokens(normalised(text)), rules).levels


def regression(seen: Any, wanted: Any, strength: float) -> Any:
    """One question's answer."""
    model = LogisticRegression(C=strength, solver="liblinear", dual=True, max_iter=1000, tol=1e-2, random_state=0)
    return model.fit(seen, wanted)


def trained(model: Any, rules: lexicon.Lexicon) -> Trained:
    """A regression over `matrix` as the service keeps it."""
    weights = model.coef_[0]
    heard = {rule.id: float(weights[SIZE + place]) * RULE_VALUE for place, rule in enumerate(rules.rules)}
    return Trained(weights[:SIZE], heard, float(model.intercept_[0]))


def heads_about(rows: Sequence[Row]) -> dict[str, Trained]:
    """For each category with enough rows: whether a worrying text is about it."""
    worrying = [row for row in rows if row.alerts]
    seen, about = pieces([row.text for row in worrying], SIZE_ABOUT), [row.category for row in worrying]
    found = {}
    for category in sorted({each for each in about if about.count(each) >= FEWEST_ABOUT}):
        model = regression(seen, np.array([each == category for each in about]), STRENGTH_ABOUT)
        found[linear.ABOUT + category] = Trained(model.coef_[0], {}, float(model.intercept_[0]))
    return found


def make(train: Sequence[Row], calibrate: Sequence[Row], path: Path) -> None:
    """Train on the one, as written and with slips; set the bars on the other; write the file of weights."""
    rules, dice = lexicon.bare(), random.Random(0)
    train = [row for row in train if row.english]
    train = [*train, *examples(rules) * EXAMPLES_COUNT]
    slips = [respelt(row.text, dice) for row in train]
    seen = vstack([matrix([row.text for row in train], rules), matrix(slips, rules)]).tocsr()
    heads = {}
    for name, asks in QUESTIONS.items():
        wanted = np.array([asks(row) for row in train] * 2)
        heads[name] = trained(regression(seen, wanted, STRENGTH[name]), rules)
        print(f"linear: {name} is trained", flush=True)
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(linear.write(heads | heads_about(train), dict.fromkeys(linear.BARS, 1.0)))
    set_bars(calibrate, path)


def set_bars(calibrate: Sequence[Row], path: Path) -> None:
    """Set the bars of a file of weights on what the service itself makes of these rows."""
    content = path.read_bytes()
    model, rules = linear.read(content), lexicon.bare()
    rows = [row for row in calibrate if row.english]
    found = [_chances(row.text, model, rules) for row in rows]
    told = bars(rows, {name: np.array([each[name] for each in found]) for name in QUESTIONS})
    path.write_bytes(linear.with_bars(content, told))
    print(f"linear bars: {told}", flush=True)


def _chances(text: str, model: linear.Linear, rules: lexicon.Lexicon) -> dict[str, float]:
    words = tokens(normalised(text))
    if not enough_words(words):
        return dict.fromkeys(QUESTIONS, 0.0)
    fired = rules_heard(words, rules).levels
    worst = max(map(model.seen, parts_of(words)), key=lambda seen: model.chance("alert", seen, fired))
    return {name: model.chance(name, worst, fired) for name in QUESTIONS}
