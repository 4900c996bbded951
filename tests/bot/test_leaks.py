"""The measurement of redaction counts what is left and what is lost, and says so on the command line."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from bot import leaks
from bot.cli import bot
from bot.evaluation import Unreadable

TEXT = "my worker Moira rang from 14 Kirk Road on monday"
KNOWN = leaks.Known(TEXT, "en", "h1", ((10, 15, "name"), (26, 38, "address")))


@pytest.mark.parametrize(
    ("redacted", "left", "lost"),
    [
        ("my worker [name] rang from [address] on monday", (), 0),
        (TEXT, ("name", "address"), 0),
        ("my worker [name] rang from 14 [address] on monday", ("address",), 0),
        ("my worker [name] rang from [number] [place] Road on monday", (), 0),
        ("[name] rang from [address] on monday", (), 2),
        ("", (), 6),
    ],
)
def test_a_detail_is_left_when_a_telling_word_of_it_stays(redacted: str, left: tuple[str, ...], lost: int) -> None:
    outcome = leaks.outcome(KNOWN, redacted)
    assert (outcome.left, outcome.lost, outcome.others) == (left, lost, 6)


def test_what_people_differ_about_is_neither_left_nor_lost() -> None:
    unsure = leaks.Known("the Fire Festival", "en", "", (), ((4, 17),))
    assert leaks.outcome(unsure, "the [place]").lost == 0


def test_the_report_counts_texts_kinds_and_hands() -> None:
    plain = leaks.Known("i hope so", "en", "h2", ())
    gone = leaks.outcome(KNOWN, "my worker [name] rang from [address] on monday")
    figures = leaks.report([leaks.outcome(KNOWN, TEXT), gone,
                            leaks.outcome(plain, "i [name] so")])  # fmt: skip
    assert figures["texts_with_something_left"]["k"] == 1  # type: ignore[index]
    assert figures["details_left_by_kind"]["name"]["k"] == 1  # type: ignore[index]
    assert figures["the_same_by_hand"]["h1"]["n"] == 2  # type: ignore[index]
    assert figures["texts_without_details_touched"]["k"] == 1  # type: ignore[index]
    assert figures["other_words_lost"]["k"] == 1  # type: ignore[index]


def test_files_of_both_kinds_are_read() -> None:
    ours = {"text": TEXT, "hand": "h1", "details": [[10, 15, "name"]]}
    others = {
        "text": TEXT,
        "lang": "en",
        "spans": [{"start": 10, "end": 15, "label": "NAME"}],
        "ignore": [{"start": 0, "end": 2}],
    }
    read = leaks.read([json.dumps(ours), "", json.dumps(others)])
    assert [each.details for each in read] == [((10, 15, "name"),)] * 2
    assert read[1].unsure == ((0, 2),)


@pytest.mark.parametrize("line", ["[]", "{}", '{"text": "a", "details": 3}', '{"text": "a", "details": [[1]]}', "no"])
def test_a_line_that_cannot_be_read_stops_with_its_number(line: str) -> None:
    with pytest.raises(Unreadable, match="line 1"):
        leaks.read([line])


def test_the_command_prints_leaks_and_losses(tmp_path) -> None:  # type: ignore[no-untyped-def]
    file = tmp_path / "known.jsonl"
    file.write_text(json.dumps({"text": "my number is 07700 900123", "details": [[13, 25, "phone"]]}) + "\n")
    done = CliRunner().invoke(bot, ["evaluate", "redaction", str(file), "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.output)["texts_with_something_left"] | {"low": 0, "high": 0} == {
        "k": 0, "n": 1, "percent": 0.0, "low": 0, "high": 0,
    }  # fmt: skip
    file.write_text("no\n")
    assert CliRunner().invoke(bot, ["evaluate", "redaction", str(file)]).exit_code == 2
