"""What every test may ask for; databases and browser come from their own modules."""

from __future__ import annotations

import gc
import os

import pytest
from hypothesis import settings

pytest_plugins = ("tests.databases", "tests.browser", "tests.application")

PROVE = os.environ.get("HEARD_PROVE") == "1"

# Seeded by default, so that a red run is red again; the long suites look at new cases every time.
settings.register_profile("share", derandomize=True, deadline=None, max_examples=50)
settings.register_profile("prove", deadline=None, max_examples=2000)
settings.load_profile("prove" if PROVE else "share")


@pytest.fixture(scope="session")
def prove() -> bool:
    """Whether the long suites run whole (`make prove`) or a seeded share of them."""
    return PROVE


def pytest_collection_finish() -> None:
    """Spare each collection of garbage to look through ten thousand tests, which stay anyway."""
    gc.freeze()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test is marked by what it asks for, so that `-m "not browser"` cannot miss one."""
    for item in items:
        asked = set(getattr(item, "fixturenames", ()))
        if "browser" in asked:
            item.add_marker("browser")
        if "postgres_url" in asked:
            item.add_marker("postgres")
        if "prove" in asked or getattr(getattr(item, "obj", None), "is_hypothesis_test", False):
            item.add_marker("prove")
