"""Made-up people: who answered what, when, how old and where, and the rows that they leave."""

from __future__ import annotations

import random
from dataclasses import dataclass

import numpy
from sqlalchemy import insert
from sqlalchemy.orm import Session

from conversations.disclosure import COUNTED_FROM
from conversations.models import AnswerRow, ResponseRow
from conversations.periods import months_of
from conversations.script import AGE_BANDS

AREAS = ("north", "south", "isles")
AGES = (*AGE_BANDS, None)
PLACES = (*AREAS, None)
SCRIPT = "check-in"
QUESTIONS = {"listened": ("1", "2", "3", "4", "5"), "trusted": ("yes", "no", "unsure")}


@dataclass(frozen=True)
class Town:
    """The answers of one quarter to one question: how many counted people, by month, age, area and code."""

    quarter: str
    question: str
    counts: numpy.ndarray


def settle(session: Session, quarter: str, people: int, seed: int) -> list[Town]:
    """Have so many people answer in this quarter; gives the truth about those who count, for each question."""
    dice, chance = random.Random(seed), numpy.random.default_rng(seed)
    weights = {size: chance.dirichlet(numpy.ones(size) * 1.5) for size in (3, 4, 5)}
    codes = {question: chance.dirichlet(numpy.ones(len(codes))) for question, codes in QUESTIONS.items()}
    towns = {
        question: Town(quarter, question, numpy.zeros((3, len(AGES), len(PLACES), len(codes)), int))
        for question, codes in QUESTIONS.items()
    }
    for _ in range(people):
        month, area, age = (int(chance.choice(size, p=weights[size])) for size in (3, 4, 5))
        said = {question: int(chance.choice(len(odds), p=odds)) for question, odds in codes.items()}
        made = f"{dice.getrandbits(128):032x}"
        answer(session, made, months_of(quarter)[month], (AGES[age], PLACES[area]), said)
        for question, code in said.items():
            towns[question].counts[month, age, area, code] += made >= COUNTED_FROM
    return list(towns.values())


def answer(session: Session, made: str, month: str, who: tuple[str | None, str | None], said: dict[str, int]) -> None:
    """One response, of somebody of this age and area, with an answer for each question."""
    row = {"id": made, "month": month, "script": SCRIPT, "version": "1", "language": "en", "ending": "finished"}
    session.execute(insert(ResponseRow).values(**row, age_band=who[0], area=who[1]))
    for question, code in said.items():
        row = {"response_id": made, "question": question, "code": QUESTIONS[question][code]}
        session.execute(insert(AnswerRow).values(**row))
