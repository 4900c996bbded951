"""Print the table of docs/figures.md: what the attack leaves open, for the naive design and for ours."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from conversations import figures
from conversations.db import db
from conversations.script import load_all
from tests.admin.app import close, logged_in, make_app_in
from tests.attack import naive
from tests.attack.measuring import Found, solve
from tests.attack.people import AREAS, settle
from tests.attack.reading import known, read_all, targets
from tests.attack.test_figures import NOW

SIZES = (40, 150, 400)
QUARTERS = ("2026-Q1", "2026-Q2", "2026-Q3")
ROWS = "| people a quarter | design | small cells attacked | known exactly | to within one | narrowest | median |"


def main() -> None:
    """Two questions in each of three quarters, for each size, read by a viewer."""
    sys.stdout.write(f"{ROWS}\n|---|---|---|---|---|---|---|\n")
    for size in SIZES:
        ours, control, shown, all_views = measured(size)
        for design, found in (("hide under 5, true totals", control), ("ours", ours)):
            sys.stdout.write(f"| {size} {found.row(design)}\n")
        sys.stdout.write(f"| {size} | ours: {shown} of {all_views} views shown | | | | | |\n")


def measured(size: int) -> tuple[Found, Found, int, int]:
    """What our design and the naive one leave open, and how many of our views of the two questions are shown."""
    ours, control, views = Found(), Found(), []
    with tempfile.TemporaryDirectory() as folder:
        app = make_app_in(Path(folder), areas=AREAS)
        with app.app_context():
            towns = [
                town for seed, quarter in enumerate(QUARTERS) for town in settle(db.session(), quarter, size, seed)
            ]
            figures.close_due(db.session(), figures.plan_of(load_all().values(), AREAS), NOW)
            db.session.commit()
            for period in figures.periods(db.session()):
                found = figures.shown(db.session(), period)
                asked = {(town.question, "check-in") for town in towns}
                views += [bool(each.parts) for each in found if (each.question, each.script) in asked]
        seen = read_all(logged_in(app, "viewer"))
        close(app)
    for town in towns:
        ours.widths += solve(known(seen, town), targets(town).values()).widths
        control.widths += solve(naive.known(town), targets(town).values()).widths
    return ours, control, sum(views), len(views)


if __name__ == "__main__":
    main()
