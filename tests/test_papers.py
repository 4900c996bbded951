"""The papers for a data protection officer name what is there: tests, code, commands, and each other."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.test_documents import named_in_code

ROOT = Path(__file__).resolve().parent.parent
PAPERS = ("dpia", "threat-model", "privacy-notice", "records-of-processing")
QUOTED = re.compile(r"`([^`\n]+)`")
PLACE = re.compile(r"(?:bot|conversations|admin|tests|docs|bench)/[\w./-]+\.\w+|[\w-]+\.(?:md|yaml|lock)")
NAME = re.compile(r"(?:bot|conversations|admin)(?:\.\w+)+")
# What a machine cannot know stands in one form, so that whoever fills it in can search for it.
BLANK = re.compile(r"\*\*\[you\b[^\]]*\]\*\*")


def quoted(paper: str) -> list[str]:
    return QUOTED.findall((ROOT / "docs" / f"{paper}.md").read_text(encoding="utf-8"))


@pytest.mark.parametrize("paper", PAPERS)
def test_every_file_and_name_that_a_paper_gives_is_there(paper: str) -> None:
    said = quoted(paper)
    places, names = [each for each in said if PLACE.fullmatch(each)], [each for each in said if NAME.fullmatch(each)]
    assert places, "a paper that points to nothing cannot be checked"
    assert [each for each in places if not (ROOT / each).exists()] == []
    assert [each for each in names if each not in places and not named_in_code(each)] == []


@pytest.mark.parametrize("paper", ["dpia", "records-of-processing"])
def test_blanks_are_marked_in_one_way(paper: str) -> None:
    page = (ROOT / "docs" / f"{paper}.md").read_text(encoding="utf-8")
    assert BLANK.search(page)
    assert "[you" not in BLANK.sub("", page.replace("**[you: …]**", "").replace("**[you]**", ""))
    assert not re.search(r"\b(?:TODO|TBC|TBD|XXX)\b|_{3,}", page)


@pytest.mark.parametrize(("blank", "found"), [("**[you: name]**", True), ("**[you]**", True), ("[you: name]", False)])
def test_a_blank_is_known_by_its_form(blank: str, found: bool) -> None:
    assert bool(BLANK.search(blank)) is found
