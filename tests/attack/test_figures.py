"""The figures under attack: whoever reads all there is to read cannot work out one small number."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from flask import Flask

from conversations import figures
from conversations.db import db
from conversations.periods import is_month, months_of
from conversations.script import load_all
from tests.admin.app import Visitor, close, find_person, logged_in, make_app_in, make_person
from tests.attack import naive
from tests.attack.measuring import Found, solve
from tests.attack.people import AREAS, Town, settle
from tests.attack.reading import Seen, known, read_all, said_everywhere, targets

NOW = datetime(2026, 11, 28, 8, 0, tzinfo=UTC)
SIZES = {"2026-Q1": 25, "2026-Q2": 60, "2026-Q3": 250}
READERS = ("viewer", "reviewer", "lead")


@dataclass(frozen=True)
class House:
    """The running app, the truth about its people, and what each reader has read."""

    app: Flask
    towns: list[Town]
    seen: dict[str, Seen]


def limited(app: Flask, area: str) -> Visitor:
    """A viewer whose figures are limited to one area, logged in."""
    email = make_person(app, "viewer")
    with app.app_context():
        find_person(email).area = area
        db.session.commit()
    visitor = Visitor(app)
    visitor.log_in(email)
    return visitor


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Three quarters of different sizes, closed, and read whole by every role and by a viewer of each area."""
    app = make_app_in(tmp_path_factory.mktemp("attack"), areas=AREAS)
    with app.app_context():
        towns = [
            town
            for seed, (quarter, size) in enumerate(SIZES.items())
            for town in settle(db.session(), quarter, size, seed)
        ]
        figures.close_due(db.session(), figures.plan_of(load_all().values(), AREAS), NOW)
        db.session.commit()
    seen = {role: read_all(logged_in(app, role)) for role in (*READERS, "duty", "admin")}
    seen |= {area: read_all(limited(app, area)) for area in AREAS}
    yield House(app, towns, seen)
    close(app)


def attacked(house: House, reader: str) -> Found:
    found = Found()
    for town in house.towns:
        found.widths += solve(known(house.seen[reader], town), targets(town).values()).widths
    return found


def test_no_small_number_can_be_worked_out_from_all_there_is_to_read(house: House) -> None:
    found = attacked(house, "viewer")
    assert len(found.widths) > 150
    assert (found.exact, found.within_one) == (0, 0)
    assert min(found.widths) >= 3


def test_the_same_attack_breaks_the_design_that_everybody_thinks_of_first(house: House) -> None:
    found = Found()
    for town in house.towns:
        found.widths += solve(naive.known(town), targets(town).values()).widths
    assert found.exact > len(found.widths) / 2


def test_every_role_that_reads_figures_reads_the_same_ones_and_the_others_none(house: House) -> None:
    assert house.seen["viewer"].forms
    for role in READERS:
        assert house.seen[role].forms == house.seen["viewer"].forms
    for role in ("duty", "admin"):
        assert house.seen[role].forms == {}


def test_whoever_is_limited_to_an_area_reads_a_part_of_what_the_others_read_and_no_other_number(house: House) -> None:
    read = 0
    for area in AREAS:
        seen = house.seen[area]
        assert seen.forms
        assert not [period for period in seen.forms if is_month(period)]
        for period in seen.forms:
            everything = house.seen["viewer"].views(period)
            for view in seen.views(period):
                assert view["by"] == "by area"
                whole = next(
                    each for each in everything if (each["question"], each["by"]) == (view["question"], view["by"])
                )
                for group in view["groups"]:
                    assert group["group"] == area.capitalize()
                    assert [each["shown"] for each in group["answers"]] in [
                        [answer["shown"] for answer in other["answers"]]
                        for other in whole["groups"]
                        if other["group"] == group["group"]
                    ]
                    read += 1
    assert read


def test_the_page_and_every_export_say_the_same_numbers(house: House) -> None:
    seen, visitor = house.seen["viewer"], logged_in(house.app, "viewer")
    compared = 0
    for period in seen.forms:
        said = said_everywhere(seen, period, visitor.get(f"/staff/figures/{period}/figures.pdf").data)
        assert said["page"] == said["csv"] == said["xlsx"] == said["json"] == said["pdf"]
        compared += len(said["page"])
    assert compared > 100


def test_two_months_and_their_quarter_share_nobody(house: House) -> None:
    """A quarter shows everybody's answers only of months that showed none, so that no difference is a month."""
    seen = house.seen["viewer"]
    for quarter in [period for period in seen.forms if not is_month(period)]:
        for view in seen.views(quarter):
            if view["by"] or not view["groups"]:
                continue
            months = figures_of_months(seen, quarter, view["question"])
            assert sum(not groups for groups in months) >= 2


def figures_of_months(seen: Seen, quarter: str, question: str) -> list[object]:
    """What each month of a quarter shows of a question."""
    return [
        next(each["groups"] for each in seen.views(month) if each["question"] == question)
        for month in months_of(quarter)
    ]
