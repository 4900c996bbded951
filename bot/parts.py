"""The parts that a test may exchange: settings, clock, senders, scripts, and the data of the safeguards."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

from flask import current_app

from bot.pace import Pace
from bot.safeguards import redaction
from bot.safeguards.language import Detector, build
from bot.safeguards.redaction import Names
from bot.safeguards.triage import lexicon, looking, proof
from bot.safeguards.triage.encoder import Look
from bot.safeguards.triage.lexicon import Lexicon
from bot.sender import Sender
from bot.ways import ways_out
from conversations import policy
from conversations.answers import load_vocabulary
from conversations.keys import PublicKeys
from conversations.policy import Policy
from conversations.script import Script, Words, load_all
from conversations.settings import Settings

Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything that one use case needs beside the message and the session."""

    settings: Settings
    clock: Clock
    scripts: Mapping[str, Script]
    lexicon: Lexicon | None
    look: Look
    names: Names
    detector: Detector
    keys: PublicKeys
    ways: Mapping[str, Sender]
    policy: Policy
    pace: Pace = field(default_factory=Pace)

    @property
    def languages(self) -> frozenset[str]:
        """Every language that some script is written in."""
        return frozenset(language for script in self.scripts.values() for language in script.languages)


class BrokenSafeguard(Exception):
    """A must-match example of the lexicon is not found any more, or a list cannot be read: we do not start."""


def real_parts(settings: Settings) -> Parts:
    """The parts of a running service; raises BrokenSafeguard when the screen fails its own examples."""
    rules = lexicon.load()
    scripts = {name: named(script, settings.partnership) for name, script in load_all().items()}
    if failures := proof.failures(rules):
        raise BrokenSafeguard("; ".join(failures))
    load_vocabulary()  # a broken table stops the start, not the first answer
    languages = {language for script in scripts.values() for language in script.languages}
    return Parts(
        settings=settings,
        clock=_now,
        scripts=scripts,
        lexicon=rules,
        look=looking(rules),
        names=redaction.load_names(_own_names(settings.own_names)),
        detector=build(languages),
        keys=PublicKeys(settings.sealing_dir),
        ways=ways_out(settings, _now),
        policy=policy.load(),
    )


def _own_names(file: Path | None) -> str:
    try:
        return file.read_text(encoding="utf-8") if file else ""
    except (OSError, ValueError):
        raise BrokenSafeguard("HEARD_OWN_NAMES must be a text file in UTF-8 that this process may read") from None


def _now() -> datetime:
    return datetime.now(UTC)


def named(script: Script, partnership: str) -> Script:
    """The script with the partnership's name in its opening words."""
    return replace(script, words={code: _named_words(words, partnership) for code, words in script.words.items()})


def _named_words(words: Words, partnership: str) -> Words:
    opening = {
        key: tuple(text.replace("{partnership}", partnership) for text in words.lines(key))
        for key in words.shared
        if key.startswith("opening.")
    }
    return replace(words, shared={**words.shared, **opening})


def parts() -> Parts:
    """The parts of the application that is answering now."""
    return cast(Parts, current_app.extensions["heard"])
