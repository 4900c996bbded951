"""What the web chat draws: a question, the way in, the end, and what to do when something went wrong."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from flask import Response, current_app, make_response, render_template, request, session
from markupsafe import Markup, escape

from bot.channels.notice import notices
from bot.message import View
from bot.parts import Parts
from conversations import helplines
from conversations.script import Script, Words, load_words
from conversations.script.shared_keys import SHARED_KEYS

# Numbers to tap. The Arabic alphabet runs from right to left, a telephone number never does.
NUMBERS: Mapping[str, str] = MappingProxyType({line.number: line.link for line in helplines.load()})
NUMBER = re.compile(rf"(?<!\d)({'|'.join(NUMBERS)})(?!\d)")
LINK = Markup('<a dir="ltr" href="{}">{}</a>')

Keys = tuple[str, ...]

ASKED_OTHERWISE: Mapping[str, str] = MappingProxyType(
    {"carry_on": "web.carry_on_ask", "delete": "web.delete_ask", "safe": "web.safe_ask"}
)
"""Questions whose words speak of replying with a number, and the words for a page with buttons."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What somebody sent and must not lose: the words, whether they were typed, and the form that they came in."""

    text: str = ""
    typed: bool = False
    asked: str = ""
    once: str = ""
    start: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """A script or an answer that can be chosen."""

    value: str
    label: str
    code: str = ""
    chosen: bool = False


@dataclass(frozen=True, slots=True)
class Tongue:
    """A language by the name that its speakers give it."""

    code: str
    name: str
    direction: str


def draw(view: View | None, parts: Parts, kept: Kept | None = None, notice: Keys = ()) -> Response:
    """The page for where this conversation stands; the way in when there is none."""
    if view is None:
        return _start(parts)
    if view.prompt.kind == "none":
        return _finished(view)
    if view.prompt.kind == "rest":
        return _resting(view, notice)
    return _question(view, parts, kept or Kept(), notice)


def trouble(keys: Keys, status: int, parts: Parts, kept: Kept | None = None) -> Response:
    """A calm page that says what happened and offers to send again what must not be lost; reads no database."""
    kept = kept or Kept()
    words = spoken(parts)
    return _page("trouble", status, words, once=kept.once, why=_joined(_lines(words), keys), kept=kept)


def privacy(parts: Parts) -> Response:
    """What we do with what somebody says, for two ages, in English alone so far; reads no database."""
    settings = parts.settings
    both = notices(settings.partnership, settings.privacy_contact, settings.analysis_months)
    return _page("privacy", 200, spoken(parts), notices=both)


def dial(text: str) -> Markup:
    """The text, escaped, with every helpline in it as a link that calls or texts."""
    pieces = NUMBER.split(text)
    return Markup("").join(LINK.format(NUMBERS[each], each) if each in NUMBERS else escape(each) for each in pieces)


def spoken(parts: Parts) -> Words:
    """The words of the language that was chosen here, or that the browser asks for."""
    script = parts.scripts[_default(parts)]
    wanted = request.accept_languages.best_match(script.languages, default=script.languages[0])
    return script.words.get(session.get("language", ""), script.words[str(wanted)])


def _page(name: str, status: int, words: Words, once: str = "", **values: object) -> Response:
    values |= {
        "words": words,
        "line": _lines(words),
        "away": current_app.config["CHAT_AWAY"],
        "once": once or secrets.token_hex(16),
    }
    return make_response(render_template(f"chat/{name}.html", **values), status)


def _joined(line: Callable[[str], str], keys: Keys) -> str:
    return " ".join(line(key) for key in keys if key)


def _question(view: View, parts: Parts, kept: Kept, notice: Keys) -> Response:
    line = _lines(view.words)
    return _page(
        "question",
        422 if notice else 200,
        view.words,
        prompt=view.prompt,
        asks=line(ASKED_OTHERWISE[view.prompt.asks]) if view.prompt.asks in ASKED_OTHERWISE else view.prompt.text,
        options=tuple(Choice(str(place), each.label, each.code) for place, each in enumerate(view.prompt.options, 1)),
        letters=view.letters,
        said=_new(view, parts),
        urgent=view.state.alert,
        control=_controls(view.words),
        languages=_tongues(view.script),
        kept=kept.text,
        notice=_joined(line, notice),
    )


def _new(view: View, parts: Parts) -> tuple[str, ...]:
    """What we said last, without the opening, which stood on the first page; nothing after a silence."""
    if view.prompt.asks == "carry_on" and view.state.awaiting != "carry_on":
        return ()
    opening = (*view.words.lines("opening.web"), *_opening(view.words, parts))
    return tuple(text for text in view.state.said if text not in opening)


def _resting(view: View, notice: Keys) -> Response:
    line = _lines(view.words)
    return _page(
        "resting",
        422 if notice else 200,
        view.words,
        letters=view.letters,
        said=view.state.said,
        urgent=True,
        reach=view.state.reach_ok,
        control=_controls(view.words),
        languages=_tongues(view.script),
        notice=_joined(line, notice),
    )


def _finished(view: View) -> Response:
    return _page(
        "finished",
        200,
        view.words,
        letters=view.letters,
        said=view.state.said,
        urgent=view.state.alert,
        erased=view.state.ending == "erased",
        rests=view.rests,
        reach=view.state.reach_ok,
        control=_controls(view.words),
        again=view.script.name,
    )


def _start(parts: Parts) -> Response:
    words = spoken(parts)
    spoken_in = [name for name, script in sorted(parts.scripts.items()) if words.language in script.languages]
    names = [_default(parts)] if "script" in session else spoken_in
    scripts = [Choice(name, _title(parts.scripts[name], words), chosen=name == _default(parts)) for name in names]
    languages = _tongues(parts.scripts[_default(parts)])
    return _page("start", 200, words, opening=_opening(words, parts), scripts=scripts, languages=languages)


def _title(script: Script, words: Words) -> str:
    """What a script is called on the first page: by its keyword when nobody has named it in the shared words yet."""
    key = f"web.script.{script.name}"
    return _lines(words)(key) if key in SHARED_KEYS else script.keyword.capitalize()


def _opening(words: Words, parts: Parts) -> tuple[str, ...]:
    return tuple(text.replace("{partnership}", parts.settings.partnership) for text in words.lines("opening.web"))


def _default(parts: Parts) -> str:
    linked = str(session.get("script", ""))
    return linked if linked in parts.scripts else parts.settings.default_script


def _tongues(script: Script) -> tuple[Tongue, ...]:
    each = script.words.items()
    return tuple(Tongue(code, words.line("language.name"), words.direction) for code, words in each)


def _controls(words: Words) -> Callable[[str], str]:
    return lambda name: words.lines(f"control.{name}")[0]


def _lines(words: Words) -> Callable[[str], str]:
    """The words around the questions: those of today, as the page is, also for who began an older script."""
    return load_words().get(words.language, words).line
