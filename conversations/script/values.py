"""What a script is: its questions, its words in each language, and what follows what."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import timedelta
from types import MappingProxyType
from typing import Any, Literal

QuestionType = Literal["say", "scale5", "choice", "multi", "yes_no", "free_text"]
Lundy = Literal["space", "voice", "audience", "influence", ""]
Direction = Literal["ltr", "rtl"]

END = "end"
IMPLIED_CODES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"scale5": ("1", "2", "3", "4", "5"), "yes_no": ("yes", "no", "unsure")}
)
THEMES = frozenset(
    {
        "involvement",
        "understanding",
        "relationships",
        "plan_quality",
        "safety_and_help",
        "early_help",
        "working_together",
        "feedback",
    }
)
"""What the joint inspection looked at, as far as young people's answers can be evidence of it."""

AGE_BANDS = ("8-11", "12-15", "16-17", "18-25")


@dataclass(frozen=True, slots=True)
class Question:
    """One step: what kind of answer it takes, what the answer is evidence of, and where to go then."""

    id: str
    type: QuestionType
    lundy: Lundy = ""
    theme: str = ""
    shanarri: str = ""
    options: tuple[str, ...] = ()
    next: str = ""
    goto: Mapping[str, str] = field(default_factory=dict)
    keep_as: Literal["", "age_band"] = ""


@dataclass(frozen=True, slots=True)
class Words:
    """Everything one script says in one language."""

    language: str
    direction: Direction
    reviewed: bool
    ask: Mapping[str, str]
    labels: Mapping[str, Mapping[str, str]]
    web_ask: Mapping[str, str] = field(default_factory=dict)
    shared: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)

    def line(self, key: str) -> str:
        """The shared text under this key; a list is joined with a blank line between its parts."""
        found = self.shared[key]
        return found if isinstance(found, str) else "\n\n".join(found)

    def lines(self, key: str) -> tuple[str, ...]:
        """The shared texts under this key, one or several."""
        found = self.shared[key]
        return (found,) if isinstance(found, str) else found


@dataclass(frozen=True, slots=True)
class Script:
    """One version of one set of questions, with all its languages; never changes while somebody is answering it."""

    name: str
    version: str
    steps: tuple[Question, ...]
    languages: tuple[str, ...]
    keyword: str
    touchpoint: str
    expires_after: timedelta
    nudge_after: timedelta | None
    words: Mapping[str, Words]

    def question(self, step_id: str) -> Question:
        """The step of this id; KeyError when this version has none."""
        for step in self.steps:
            if step.id == step_id:
                return step
        raise KeyError(step_id)

    def following(self, step_id: str, codes: Sequence[str] = ()) -> str:
        """Where to go after these answers: a step id, or END. No codes means that the question was skipped."""
        step = self.question(step_id)
        for code in codes:
            if code in step.goto:
                return step.goto[code]
        if step.next:
            return step.next
        ids = [each.id for each in self.steps]
        place = ids.index(step_id) + 1
        return ids[place] if place < len(ids) else END


def render_sms(script: Script, language: str, step_id: str) -> str:
    """The whole text message for one step: the question, its numbered options and how to answer."""
    step, words = script.question(step_id), script.words[language]
    parts = [words.ask[step_id]]
    if step.type in ("choice", "multi"):
        parts += [f"{number}. {words.labels[step_id][code]}" for number, code in enumerate(step.options, 1)]
    hint = hint_key(step)
    if hint:
        labels = words.labels.get(step_id, {})
        parts.append(words.line(hint).format(low=labels.get("1", ""), high=labels.get("5", "")))
    return "\n".join(parts)


def hint_key(step: Question) -> str:
    """The shared words that say how to answer this step; empty for a step that only says something."""
    if step.type == "say":
        return ""
    return f"hint.{step.keep_as or step.type}"


def dump(script: Script) -> str:
    """One line of JSON that `parse_dump` turns back into an equal script, in this or a later deployment."""
    return json.dumps(_plain(script), ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def parse_dump(text: str) -> Script:
    """The script that was dumped. Fields that were not known when it was dumped get their default."""
    content: dict[str, Any] = json.loads(text)
    nudge = content["nudge_after"]
    return Script(
        name=content["name"],
        version=content["version"],
        steps=tuple(Question(**{**step, "options": tuple(step["options"])}) for step in content["steps"]),
        languages=tuple(content["languages"]),
        keyword=content["keyword"],
        touchpoint=content["touchpoint"],
        expires_after=timedelta(seconds=content["expires_after"]),
        nudge_after=None if nudge is None else timedelta(seconds=nudge),
        words={language: _words(each) for language, each in content["words"].items()},
    )


def versioned(script: Script) -> Script:
    """The same script under the version that its content has: 16 hex digits that change with any word of it."""
    content = dump(replace(script, version=""))
    return replace(script, version=hashlib.sha256(content.encode()).hexdigest()[:16])


def _words(content: dict[str, Any]) -> Words:
    shared = {key: each if isinstance(each, str) else tuple(each) for key, each in content["shared"].items()}
    return Words(**{**content, "shared": shared})


def _plain(script: Script) -> dict[str, Any]:
    nudge = script.nudge_after
    return {
        **asdict(script),
        "expires_after": script.expires_after.total_seconds(),
        "nudge_after": None if nudge is None else nudge.total_seconds(),
    }
