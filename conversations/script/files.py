"""The TOML files that scripts are written in: their shape, the line that each key stands on, and reading them."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from conversations.helplines import fill
from conversations.script.key_lines import key_lines, line_named, line_of
from conversations.script.values import IMPLIED_CODES, Direction, Question, Script, Words, versioned

SCRIPT_FILE = "script.toml"
Text = str | tuple[str, ...]
Content = TypeVar("Content", bound=BaseModel)


class Strict(BaseModel):
    """A table in which an unknown key is a fault: a misspelt key that is ignored is a lost question."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class StepTable(Strict):
    """One `[[steps]]` table."""

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    type: Literal["say", "scale5", "choice", "multi", "yes_no", "free_text"]
    lundy: Literal["space", "voice", "audience", "influence", ""] = ""
    theme: str = ""
    shanarri: Literal[
        "safe", "healthy", "achieving", "nurtured", "active", "respected", "responsible", "included", ""
    ] = ""
    options: tuple[str, ...] = ()
    next: str = ""
    goto: dict[str, str] = Field(default_factory=dict)
    keep_as: Literal["", "age_band"] = ""


class ScriptTable(Strict):
    """A whole `script.toml`."""

    keyword: str
    touchpoint: str
    languages: tuple[str, ...]
    expires_after_hours: int
    nudge_after_hours: int | None = None
    steps: tuple[StepTable, ...]


class Translation(Strict):
    """A translated text, and the mark of the English text that it was made from."""

    text: Text
    made_from: str = Field(alias="from")


Entry = Text | Translation


class WordsTable(Strict):
    """A whole `LANG.toml` of one script."""

    reviewed: bool
    ask: dict[str, Entry]
    labels: dict[str, dict[str, Entry]] = Field(default_factory=dict)
    web_ask: dict[str, Entry] = Field(default_factory=dict)


class SharedTable(Strict):
    """A whole `words/LANG.toml`."""

    direction: Direction
    reviewed: bool
    words: dict[str, Entry]


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One thing that is wrong, and where."""

    file: str
    line: int
    reason: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.reason}"


class Unreadable(Exception):
    """A file that is missing, is not TOML, or has the wrong shape; says each fault."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = faults


@dataclass(frozen=True, slots=True)
class Source(Generic[Content]):
    """One file that could be read: its content, and its lines for naming them."""

    path: Path
    lines: Mapping[tuple[str, ...], int]
    content: Content

    def fault(self, reason: str, *key: str) -> Fault:
        """A fault at this key, or at the nearest table around it that has a line."""
        return Fault(str(self.path), line_of(self.lines, key), reason)


@dataclass(frozen=True, slots=True)
class SharedWords:
    """The words that every script shares, in one language."""

    language: str
    direction: Direction
    reviewed: bool
    entries: Mapping[str, Text]

    def line(self, key: str) -> str:
        """The text under this key."""
        return str(self.entries[key])


@dataclass(frozen=True, slots=True)
class Draft:
    """A script as it was read: every file that could be read, before anybody has said that it may be used."""

    name: str
    script: Source[ScriptTable]
    words: Mapping[str, Source[WordsTable]] = field(default_factory=dict)
    shared: Mapping[str, Source[SharedTable]] = field(default_factory=dict)


def read_file(path: Path, shape: type[Content]) -> Source[Content]:
    """Read one file; raises Unreadable with a fault for each thing that has the wrong shape."""
    try:
        text = path.read_text(encoding="utf-8")
        table = tomllib.loads(text)
    except FileNotFoundError:
        raise Unreadable([Fault(str(path), 1, "the file is missing")]) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Unreadable([Fault(str(path), line_named(str(error)), f"not TOML: {error}")]) from None
    lines = key_lines(text)
    try:
        return Source(path, lines, shape.model_validate(table))
    except ValidationError as error:
        raise Unreadable([_shape_fault(path, lines, each["loc"], each["msg"]) for each in error.errors()]) from None


def read_words(folder: Path) -> tuple[dict[str, Source[SharedTable]], list[Fault]]:
    """The shared words of every language that has a file, and the faults of the files that could not be read."""
    return _read_each(sorted(folder.glob("*.toml")), SharedTable)


def read_draft(folder: Path, shared: Mapping[str, Source[SharedTable]]) -> tuple[Draft | None, list[Fault]]:
    """The script of this folder with all its languages; no draft when `script.toml` itself cannot be read."""
    try:
        script = read_file(folder / SCRIPT_FILE, ScriptTable)
    except Unreadable as error:
        return None, error.faults
    files = [path for path in sorted(folder.glob("*.toml")) if path.name != SCRIPT_FILE]
    words, faults = _read_each(files, WordsTable)
    return Draft(folder.name, script, words, shared), faults


def build(draft: Draft) -> Script:
    """The script that this draft makes. Only for a draft without faults: a missing word is a KeyError."""
    table = draft.script.content
    steps = tuple(_question(step) for step in table.steps)
    nudge = table.nudge_after_hours
    return versioned(
        Script(
            name=draft.name,
            version="",
            steps=steps,
            languages=table.languages,
            keyword=table.keyword,
            touchpoint=table.touchpoint,
            expires_after=timedelta(hours=table.expires_after_hours),
            nudge_after=None if nudge is None else timedelta(hours=nudge),
            words={language: _words(draft, language, steps) for language in table.languages},
        )
    )


def shared_words(language: str, table: SharedTable) -> SharedWords:
    """The shared words without the marks of what they were translated from."""
    entries = {key: filled(plain(entry)) for key, entry in table.words.items()}
    return SharedWords(language, table.direction, table.reviewed, entries)


def plain(entry: Entry) -> Text:
    """The words of an entry, translated or not."""
    return entry.text if isinstance(entry, Translation) else entry


def filled(text: Text) -> Text:
    """The words with the numbers of the helplines that they name."""
    return fill(text) if isinstance(text, str) else tuple(fill(each) for each in text)


def mark(text: Text) -> str:
    """Eight hex digits of the English text, written beside each translation so that a stale one is noticed."""
    whole = text if isinstance(text, str) else "\n".join(text)
    return hashlib.sha256(whole.encode()).hexdigest()[:8]


def schemas() -> str:
    """JSON Schema of the three kinds of file, for editors that complete and check while somebody writes."""
    shapes: dict[str, type[BaseModel]] = {"script": ScriptTable, "words": WordsTable, "shared": SharedTable}
    return json.dumps({name: shape.model_json_schema() for name, shape in shapes.items()}, indent=2)


def _shape_fault(path: Path, lines: Mapping[tuple[str, ...], int], place: tuple[int | str, ...], message: str) -> Fault:
    key = tuple(str(part) for part in place)
    return Fault(str(path), line_of(lines, key), f"{'.'.join(key)}: {message}")


def _read_each(paths: list[Path], shape: type[Content]) -> tuple[dict[str, Source[Content]], list[Fault]]:
    found: dict[str, Source[Content]] = {}
    faults: list[Fault] = []
    for path in paths:
        try:
            found[path.stem] = read_file(path, shape)
        except Unreadable as error:
            faults += error.faults
    return found, faults


def _question(step: StepTable) -> Question:
    content: dict[str, Any] = step.model_dump()
    return Question(**{**content, "options": IMPLIED_CODES.get(step.type, step.options)})


def _words(draft: Draft, language: str, steps: tuple[Question, ...]) -> Words:
    own, common = draft.words[language].content, draft.shared[language].content
    shared = shared_words(language, common).entries
    return Words(
        language=language,
        direction=common.direction,
        reviewed=own.reviewed and common.reviewed,
        ask={step.id: _ask(step, own, shared) for step in steps},
        labels={step.id: _labels(step, own, shared) for step in steps if step.options},
        web_ask={step: fill(str(plain(entry))) for step, entry in own.web_ask.items()},
        shared=shared,
    )


def _ask(step: Question, own: WordsTable, shared: Mapping[str, Text]) -> str:
    if step.keep_as and step.id not in own.ask:
        return str(shared[f"{step.keep_as}.ask"])
    return fill(str(plain(own.ask[step.id])))


def _labels(step: Question, own: WordsTable, shared: Mapping[str, Text]) -> dict[str, str]:
    standard = step.keep_as or step.type
    if standard in STANDARD_LABELS:
        return {code: str(shared[f"{standard}.{code}"]) for code in step.options}
    return {code: fill(str(plain(own.labels[step.id][code]))) for code in step.options}


STANDARD_LABELS = frozenset({"scale5", "yes_no", "age_band"})
"""Kinds of step whose labels are shared words, so that they read the same in every script."""
