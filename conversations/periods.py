"""The periods of figures: a month like 2026-05, and the quarter that it lies in, like 2026-Q2."""

from __future__ import annotations

import re

MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])\Z")
QUARTER = re.compile(r"([0-9]{4})-Q([1-4])\Z")


def is_month(period: str) -> bool:
    """Whether this is a month."""
    return MONTH.match(period) is not None


def months_of(period: str) -> tuple[str, ...]:
    """The months of a quarter, or the month itself; none for what is neither.

    >>> months_of("2026-Q2")
    ('2026-04', '2026-05', '2026-06')
    """
    found = QUARTER.match(period)
    if found is None:
        return (period,) if is_month(period) else ()
    first = 3 * int(found[2]) - 2
    return tuple(f"{found[1]}-{month:02}" for month in range(first, first + 3))


def quarter_of(month: str) -> str:
    """The quarter that a month lies in.

    >>> quarter_of("2026-05")
    '2026-Q2'
    """
    return f"{month[:4]}-Q{(int(month[5:]) + 2) // 3}"


def place(period: str) -> tuple[str, bool]:
    """Where a period stands in time: a quarter comes after its last month."""
    return months_of(period)[-1], not is_month(period)


def between(first: str, this: str) -> tuple[str, ...]:
    """The months from the quarter of `first` up to `this`, which is not over, each quarter after its last month.

    >>> between("2026-02", "2026-05")
    ('2026-01', '2026-02', '2026-03', '2026-Q1', '2026-04')
    """
    years = range(int(first[:4]), int(this[:4]) + 1)
    quarters = [f"{year}-Q{number}" for year in years for number in range(1, 5)]
    every = [period for quarter in quarters for period in (*months_of(quarter), quarter)]
    return tuple(each for each in every if quarter_of(first) <= _quarter(each) and months_of(each)[-1] < this)


def _quarter(period: str) -> str:
    return quarter_of(period) if is_month(period) else period


def after(month: str) -> str:
    """The month after this one.

    >>> after("2026-05"), after("2026-12")
    ('2026-06', '2027-01')
    """
    year, number = int(month[:4]), int(month[5:])
    return f"{year + number // 12}-{number % 12 + 1:02}"
