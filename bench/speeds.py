"""Processor time of what every text goes through, over a fixed list of texts of our own."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable, Iterator

from bot.safeguards import language, redaction, triage
from bot.safeguards.triage import lexicon
from conversations import answers
from conversations.values import Option

REPEATS = 20
TEXTS = (
    "hi",
    "4",
    "yes",
    "dunno",
    "a lot",
    "they asked me what i think",
    "my worker listens to me but the meeting was too long and i could not follow it",
    "no they never asked",
    "nobody told me why i had to move",
    "i want to see my brother more",
    "tak, ale nie zawsze",
    "my name is Sam and my number is 07700 900123",
    "i dont feel safe at home",
    "gu math, tapadh leibh",
    "لا أعرف",
    "ok so basically they said one thing and then did another and when i asked why they said it was decided already",
)
LABELS = ("My mum or dad", "My worker", "School", "Someone else", "None of these")
OPTIONS = tuple(Option(f"o{number}", label) for number, label in enumerate(LABELS, 1))


def measure() -> Iterator[dict[str, object]]:
    """A line for each part: median and 99th percentile in microseconds, every text taken a few times."""
    rules, names = lexicon.load(), redaction.load_names()
    detector, words = language.build({"en", "gd", "pl", "uk", "ar", "ur"}), answers.load_vocabulary()
    offered = frozenset({"en", "gd", "pl", "uk", "ar", "ur"})
    parts: dict[str, Callable[[str], object]] = {
        "triage": lambda text: triage.assess(text, rules),
        "redaction": lambda text: redaction.redact(text, "en", names),
        "language": lambda text: language.detect(text, offered, "", detector),
        "answer scale5": lambda text: answers.parse("scale5", text, (), "en", words),
        "answer yes_no": lambda text: answers.parse("yes_no", text, (), "en", words),
        "answer choice": lambda text: answers.parse("choice", text, OPTIONS, "en", words),
        "answer multi": lambda text: answers.parse("multi", text, OPTIONS, "en", words),
    }
    for name, part in parts.items():
        took = sorted(_microseconds(part, TEXTS))
        yield {
            "bench": "speed",
            "part": name,
            "texts": len(TEXTS),
            "median_us": round(statistics.median(took)),
            "p99_us": round(took[int(0.99 * len(took))]),
        }


def _microseconds(part: Callable[[str], object], texts: Iterable[str]) -> Iterator[float]:
    for text in texts:
        part(text)
        yield from (_once(part, text) * 1e6 for _ in range(REPEATS))


def _once(part: Callable[[str], object], text: str) -> float:
    began = time.thread_time()
    part(text)
    return time.thread_time() - began
