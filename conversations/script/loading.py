"""Loads scripts from their folders; one with any fault is never loaded."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from conversations.script.check import check, check_keywords
from conversations.script.files import Fault, SharedWords, build, read_draft, read_words, shared_words
from conversations.script.values import Script
from conversations.script.word_check import check_words

HERE = Path(__file__).parents[1]
SCRIPTS = HERE / "scripts"
WORDS = HERE / "words"


class ScriptError(Exception):
    """Some scripts could hurt somebody; says every fault, one a line, as file:line: reason."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = tuple(faults)


def load(folder: Path, words_folder: Path = WORDS) -> Script:
    """The script of this folder; raises ScriptError with every fault that it has."""
    faults = check(folder, words_folder)
    if faults:
        raise ScriptError(faults)
    return _built(folder, words_folder)


@functools.cache
def load_all() -> Mapping[str, Script]:
    """The packaged scripts by name; raises ScriptError with every fault of every script and shared word."""
    folders = script_folders()
    faults = check_all(folders)
    if faults:
        raise ScriptError(faults)
    return MappingProxyType({folder.name: _built(folder, WORDS) for folder in folders})


def check_all(folders: list[Path], words_folder: Path = WORDS) -> list[Fault]:
    """Every fault of the shared words, of each of these scripts, and between them."""
    faults = check_words(words_folder) + check_keywords(folders)
    return faults + [fault for folder in folders for fault in check(folder, words_folder)]


@functools.cache
def load_words() -> Mapping[str, SharedWords]:
    """The packaged shared words of every language, also of those that no script has been translated into."""
    sources, faults = read_words(WORDS)
    if faults:
        raise ScriptError(faults)
    return MappingProxyType({each: shared_words(each, source.content) for each, source in sources.items()})


def with_words(script: Script, shared: Mapping[str, SharedWords]) -> Script:
    """A script kept from an earlier deployment, with today's words for what it did not have yet."""
    filled = {
        language: replace(words, shared={**shared[language].entries, **words.shared}) if language in shared else words
        for language, words in script.words.items()
    }
    return replace(script, words=filled)


def script_folders() -> list[Path]:
    """The folders of the packaged scripts, in name order."""
    return sorted(path.parent for path in SCRIPTS.glob("*/script.toml"))


def _built(folder: Path, words_folder: Path) -> Script:
    shared, _ = read_words(words_folder)
    draft, faults = read_draft(folder, shared)
    if draft is None:
        raise ScriptError(faults)
    return build(draft)
