"""The web chat: one address, plain forms, one session cookie, and a way to leave at once."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

from flask import Blueprint, Response, current_app, redirect, request, session, url_for
from flask.sansio.blueprints import BlueprintSetupState
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as AnyResponse

from bot import inbound, numbers
from bot.channels import pages
from bot.channels.headers import AWAY, protect
from bot.channels.pages import Kept
from bot.identity import pseudonym
from bot.message import Inbound, Unanswered, View
from bot.parts import parts
from conversations.keys import MissingKey, keyed_hash
from conversations.sealing import CannotOpen, Reader
from conversations.values import Person

log = logging.getLogger(__name__)

LONGEST_TEXT = 1600
# Who asks here is a program, or has pages of their own.
OTHERS = ("/staff/", "/sms/", "/voice/", "/healthz/", "/readyz/")
TROUBLES = {400: "web.not_done", 403: "web.not_done", 404: "web.not_found", 405: "web.not_done", 413: "web.too_big"}

chat = Blueprint(
    "chat",
    __name__,
    url_prefix="/chat",
    template_folder="templates",
    static_folder="static/chat",
    static_url_path="/static",
)
chat.add_app_template_filter(pages.dial)


@chat.record
def prepare(state: BlueprintSetupState) -> None:
    """What this face needs of the application's settings."""
    state.app.config.setdefault("CHAT_AWAY", AWAY)
    # Over https Flask-WTF would also ask for a Referer, which our `no-referrer` keeps browsers from sending. The token,
    # bound to a SameSite cookie, is the check.
    state.app.config["WTF_CSRF_SSL_STRICT"] = False


@chat.get("/")
def show() -> AnyResponse:
    """Where this visitor's conversation stands. A link's word is remembered and leaves the address at once."""
    if "k" in request.args:
        _follow(request.args["k"])
        return _home()
    view = _look()
    if view is not None and session.get("language") != view.state.language:
        session["language"] = view.state.language
    if view is not None and request.method == "GET" and (unseen := [each.id for each in view.boxes if not each.seen]):
        inbound.note_seen(unseen, parts())
    return pages.draw(view, parts())


@chat.get("/privacy")
def privacy() -> AnyResponse:
    """What we do with what somebody says."""
    return pages.privacy(parts())


@chat.post("/")
def answer() -> AnyResponse:
    """Take what was sent and show what comes next; what cannot be taken is given back."""
    if "language" in request.form:
        if any(request.form["language"] in script.words for script in parts().scripts.values()):
            session["language"] = request.form["language"]  # anything else would lie in a cookie that can be read
        return _home()
    kept = _sent()
    if len(kept.text) > LONGEST_TEXT:
        return _give_back(kept, inbound.refuse(_message(kept), parts()), "web.too_long")
    if not kept.text and not kept.start:
        return _give_back(kept, "web.again")
    inbound.answer(_message(kept), parts())
    return _home()


@chat.post("/reach")
def reach() -> AnyResponse:
    """Take a number for the duty worker alone; what is no number is screened as every text is, and not kept."""
    text = _clean(request.form.get("number", ""))
    left = numbers.british(text)
    try:
        if left is None:
            screened = inbound.refuse(_message(Kept(text=text)), parts()) if text else ""
            return _give_back(Kept(), screened, "web.reach_wrong")
        kept = "visitor" in session and numbers.leave(_known(), left, parts())
    except Unanswered:
        return pages.trouble(("web.reach_not_kept",), 503, parts())
    return _home() if kept else pages.trouble(("web.reach_not_kept",), 409, parts())


@chat.post("/leave")
def leave() -> AnyResponse:
    """End it here, forget it in this browser, and be somewhere else; nothing may keep anybody from leaving."""
    try:
        if "visitor" in session:
            inbound.leave(_known(), parts())
    except Exception as error:
        log.error("leaving: %s", type(error).__name__)
    return _away()


@chat.errorhandler(Unanswered)
def not_kept(down: Unanswered) -> Response:
    """The store is down: give the words back, and the numbers of those who answer now."""
    return pages.trouble(("web.not_kept" if request.form else "web.broken",), 503, parts(), _sent())


@chat.app_errorhandler(CSRFError)
def not_sent(error: CSRFError) -> AnyResponse:
    """A page that lay open for too long: give the words back in a form that is good again."""
    if not _ours():
        return Response(error.get_body(), error.code)
    if request.endpoint == "chat.leave":
        return leave()
    kept = _sent()
    safety = inbound.refuse(_message(kept), parts()) if kept.text and "visitor" in session else ""
    return pages.trouble((safety, "web.old_page"), 400, parts(), kept)


@chat.app_errorhandler(HTTPException)
def trouble(error: HTTPException) -> AnyResponse:
    """Say calmly what happened on a page that looks like the others."""
    code = error.code or 500
    if code < 400 or not (_ours() or _astray()):
        return error.get_response()
    kept = _sent() if code >= 500 and request.method == "POST" else Kept()
    return pages.trouble((TROUBLES.get(code, "web.broken"),), code, parts(), kept)


@chat.after_app_request
def guard(response: Response) -> Response:
    """Every answer under our address carries the headers of the public face, errors and files as well."""
    return protect(response, current_app.config["CHAT_AWAY"]) if _ours() or _astray() else response


def _ours() -> bool:
    return f"{request.path}/".startswith("/chat/")


def _astray() -> bool:
    """Whether a person mistyped the address. What a browser looks for by itself does not ask for a page, and is told in
    a line: a page would bring a cookie, which could take the place of the one that a conversation has."""
    path, wanted = f"{request.path}/", request.headers.get("Accept", "")
    return request.url_rule is None and "text/html" in wanted and not path.startswith(OTHERS)


def _home() -> AnyResponse:
    return redirect(url_for("chat.show"), 303)


def _away() -> AnyResponse:
    """The cookie goes; so does the visitor, unless a beacon said that they have gone already."""
    session.clear()
    away = Response(status=204) if "beacon" in request.form else redirect(current_app.config["CHAT_AWAY"], 303)
    away.headers["Clear-Site-Data"] = '"cache", "storage"'
    return away


def _give_back(kept: Kept, *keys: str) -> AnyResponse:
    view = _look()
    if view is None or view.prompt.kind == "none":
        return pages.trouble(keys, 422, parts(), kept)
    return pages.draw(view, parts(), kept, keys)


def _look() -> View | None:
    """Where this visitor's conversation stands, with what a duty worker wrote to them opened by their own cookie."""
    view = inbound.look(_known(), parts()) if "visitor" in session else None
    return replace(view, letters=tuple(_letters(view))) if view is not None and view.boxes else view


def _letters(view: View) -> Iterator[str]:
    reader, now = Reader(session["visitor"]), parts().clock()
    for box in view.boxes:
        with suppress(CannotOpen):
            yield reader.read(box.sealed, box.id, now)


def _follow(word: str) -> None:
    """Remember what a link such as CHECKIN-fife is about; words that we do not know are ignored."""
    keyword, _, area = word.casefold().partition("-")
    for name, script in parts().scripts.items():
        if script.keyword.casefold() == keyword and (not area or area in parts().settings.areas):
            session["script"], session["area"] = name, area


def _sent() -> Kept:
    form = request.form
    return Kept(
        text=_clean(", ".join(form.getlist("text"))),
        typed="typed" in form,
        asked=form.get("asked", "")[:64],
        once=form.get("once", "")[:64],
        start=form["start"] if form.get("start") in parts().scripts else "",
    )


def _clean(text: str) -> str:
    """As browsers count: one line end is one character. What no database can hold is left out."""
    whole = text.replace("\r\n", "\n").replace("\0", "")
    return whole.encode("utf-8", "replace").decode("utf-8").strip()


def _message(kept: Kept) -> Inbound:
    visitor = session.setdefault("visitor", secrets.token_hex(16))
    once = kept.once or secrets.token_hex(16)
    # With the words: a second tap is a repeat, and whatever was added while the same page stood is a new message.
    told = f"web:{visitor}:{once}\0{kept.start}\0{kept.text}"
    return Inbound(
        channel="web",
        persons=_persons(),
        message=keyed_hash("message", told, parts().settings.record_key),
        text=kept.text or _first_words(kept.start),
        received_at=parts().clock(),
        asked=kept.asked,
        start=kept.start,
        area=str(session.get("area", "")) if kept.start else "",
        reader_half=Reader(visitor).half,
    )


def _first_words(name: str) -> str:
    """The name of the language that the first page spoke: saying it is how anybody changes it. The first needs none."""
    script, language = parts().scripts[name], pages.spoken(parts()).language
    return script.words[language].line("language.name") if language in script.languages[1:] else ""


def _persons() -> tuple[Person, Person] | None:
    """Who this visitor is under the weekly keys; None when they cannot be read."""
    visitor = f"web:{session['visitor']}"
    try:
        current, previous = parts().keys.weekly(parts().clock())
    except MissingKey:
        return None
    return pseudonym(visitor, current), pseudonym(visitor, previous)


def _known() -> tuple[Person, Person]:
    persons = _persons()
    if persons is None:
        raise Unanswered
    return persons
