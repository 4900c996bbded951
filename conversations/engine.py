"""What comes next in a conversation: a turn of values in, a turn of values out; nothing is sent or stored here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from conversations import answers, moves
from conversations.asking import options_of
from conversations.controls import control
from conversations.safety import safety_words
from conversations.script.values import Script, hint_key
from conversations.values import Assessment, Comment, Facts, Level, Parsed, RedactedText, State, Step

REPLIES_AN_HOUR = 30
AT_ANY_TIME = frozenset({"help", "delete"})
ON_THE_WEB: Mapping[str, str] = {"resting": "resting.web", "expired": "expired.web", "welcome_back": "resting.web"}
"""Words that speak of texting a keyword, and those for a page that has a button."""


def begin(script: Script, language: str, channel: str, area: str = "") -> State:
    """The state of a conversation in which nothing has been said yet."""
    return State(script.name, script.version, language, channel, area=area)


def step(script: Script, state: State, text: RedactedText, assessment: Assessment, facts: Facts) -> Step:
    """What must now be true after this text: who is told, what is kept, what we say and what we ask next."""
    act = control(text)
    if act == "stop":
        return _stop(script, state, assessment)
    if facts.replies >= REPLIES_AN_HOUR:
        return _too_many(script, state, text, assessment, facts)
    if assessment.alerts:
        return _worry(script, state, text, assessment, facts)
    turn = _turn(script, state, text, act, facts)
    if assessment.level == Level.WELLBEING and assessment.covered:
        turn = _with_warmth(script, turn)
    return _with_offer(script, turn, facts)


# --- before anything else -------------------------------------------------------------------------------------------


def _stop(script: Script, state: State, assessment: Assessment) -> Step:
    sms = state.channel == "sms"
    ended = replace(state, ending=state.ending or "stopped", alert=state.alert or assessment.alerts)
    said = () if sms else (script.words[state.language].line("stopped_web"),)
    return _said(ended, *said, opt="stop" if sms else "", alert=assessment.alerts, cannot_be_texted=sms)


def _too_many(script: Script, state: State, text: RedactedText, assessment: Assessment, facts: Facts) -> Step:
    words = script.words[state.language]
    if assessment.alerts:
        said = () if state.alert else (safety_words(words, assessment, facts),)
        return _said(replace(state, alert=True), *said, alert=True)
    said = (words.line("rate_note"),) if facts.replies == REPLIES_AN_HOUR else ()
    return _said(moves.kept(state, text, fewest=1), *said, follows_alert=facts.alert_open)


def _worry(script: Script, state: State, text: RedactedText, assessment: Assessment, facts: Facts) -> Step:
    words = script.words[state.language]
    said = safety_words(words, assessment, facts)
    told = replace(state, alert=True)
    if told.ending:
        return _said(told, said, alert=True)
    if told.awaiting == "answer" and not facts.early:
        told = _past_an_answer(script, told, text)
    return _said(told if told.ending else replace(told, awaiting="carry_on"), said, asks=True, alert=True)


def _past_an_answer(script: Script, state: State, text: RedactedText) -> State:
    """The answer within a worrying text is kept without its words: those stay in the alert alone."""
    if script.question(state.step).type == "free_text":
        return moves.onward(script, state, ())[0]
    parsed = _parsed(script, state, text)
    if not parsed.understood:
        return state
    return moves.onward(script, replace(state, answers={**state.answers, state.step: parsed.codes}), parsed.codes)[0]


def _with_warmth(script: Script, turn: Step) -> Step:
    if "wellbeing" in turn.state.offered or turn.state.ending == "erased":
        return turn
    warm = script.words[turn.state.language].line("level.wellbeing")
    return _saying_also(turn, "wellbeing", warm)


def _with_offer(script: Script, turn: Step, facts: Facts) -> Step:
    guess, state = facts.guess, turn.state
    if guess is None or guess == state.language or guess not in script.languages or guess in state.offered:
        return turn
    words = script.words[guess]
    return _saying_also(turn, guess, words.line("language_offer").format(language=words.line("language.name")))


def _saying_also(turn: Step, offered: str, text: str) -> Step:
    said = (*turn.say, text)
    state = replace(turn.state, offered=(*turn.state.offered, offered), said=said)
    return replace(turn, state=state, say=said)


# --- the ordinary ways ----------------------------------------------------------------------------------------------


def _turn(script: Script, state: State, text: RedactedText, act: str, facts: Facts) -> Step:
    if act == "help" and facts.carrier_answers:
        return _said(state)
    if act.startswith("language:"):
        return _speak(script, state, act.removeprefix("language:"))
    if state.ending:
        return _after_the_end(script, state, text, act, facts)
    if state.awaiting in {"opening", "expired"}:
        return _at_the_door(script, state, text, act)
    return _on_the_way(script, state, text, act, facts)


def _at_the_door(script: Script, state: State, text: RedactedText, act: str) -> Step:
    if act == "delete":
        return _said(state, _with_keyword(script, state, "nothing_to_delete"))
    if state.awaiting == "expired":
        return _said(replace(moves.kept(state, text), awaiting="opening"), _with_keyword(script, state, "expired"))
    return _open(script, state, text, act)


def _on_the_way(script: Script, state: State, text: RedactedText, act: str, facts: Facts) -> Step:
    if act == "start":
        return _said(state, asks=True, opt="start")
    if facts.early and act not in AT_ANY_TIME:
        return _early(script, state, text)
    if act in CONTROLS:
        return CONTROLS[act](script, state, facts)
    if state.awaiting == "delete":
        return _delete_or_keep(script, state, text)
    if state.awaiting == "carry_on" or (facts.asked == "carry_on" and facts.silent):
        return _carry_on(script, state, text, facts)
    return _answer(script, state, text, facts)


def _early(script: Script, state: State, text: RedactedText) -> Step:
    """A text that was sent before our question was seen is kept; a tap on an old page is nothing to keep."""
    if state.channel == "web":
        return _said(moves.kept(state, text), asks=True)
    return _said(moves.kept(state, text, fewest=1), script.words[state.language].line("comment_thanks"))


def _open(script: Script, state: State, text: RedactedText, act: str) -> Step:
    words = script.words[state.language]
    if act == "start" and state.channel == "sms":
        return _said(state, _with_keyword(script, state, "welcome_back"), opt="start")
    kept = state if act or control(text) else moves.kept(state, text)
    opened, also = moves.arrived(script, kept, script.steps[0].id)
    helped = (words.line("help"),) if act == "help" else ()
    return _said(opened, *words.lines(f"opening.{state.channel}"), *helped, *also, asks=True)


def _after_the_end(script: Script, state: State, text: RedactedText, act: str, facts: Facts) -> Step:
    if act == "delete" and state.ending != "erased":
        return _erase(script, state)
    key = {"start": "welcome_back", "delete": "nothing_to_delete", "help": "help"}.get(act, "resting")
    opt = "start" if act == "start" or facts.opted_in else ""
    follows = facts.alert_open and not act
    kept = state if act or follows else moves.kept(state, text)
    return _said(kept, _with_keyword(script, state, key), opt=opt, follows_alert=follows)


def _with_keyword(script: Script, state: State, key: str) -> str:
    said = ON_THE_WEB.get(key, key) if state.channel == "web" else key
    return script.words[state.language].line(said).format(keyword=script.keyword)


def _speak(script: Script, state: State, language: str) -> Step:
    spoken_now = replace(state, language=language) if language in script.languages else state
    if not state.step:
        return _open(script, spoken_now, RedactedText(""), "")
    if spoken_now is state:
        return _said(state, asks=True)
    return _said(spoken_now, script.words[language].line("language_changed"), asks=True)


def _help(script: Script, state: State, facts: Facts) -> Step:
    return _said(state, script.words[state.language].line("help"))


def _delete(script: Script, state: State, facts: Facts) -> Step:
    return _said(replace(state, awaiting="delete"), asks=True)


def _delete_or_keep(script: Script, state: State, text: RedactedText) -> Step:
    if _wish(state, text) == "yes":
        return _erase(script, state)
    return _said(replace(state, awaiting="answer" if state.step else "carry_on"), asks=True)


def _erase(script: Script, state: State) -> Step:
    key = "deleted_alert_stays" if state.alert else "deleted"
    empty = replace(state, answers={}, comments=(), trail=(), ending="erased")
    return _said(empty, script.words[state.language].line(key))


def _carry_on(script: Script, state: State, text: RedactedText, facts: Facts) -> Step:
    wish = _wish(state, text)
    if wish == "yes" and not state.step:  # their first text was a worry: the opening words are still owed
        return _open(script, state, RedactedText(""), "")
    if wish == "yes":
        return _said(replace(state, awaiting="answer"), asks=True)
    if wish == "no":
        return _finish(script, state, "partial")
    if facts.alert_open:
        thanks = script.words[state.language].line("kept.alert")
        return _said(replace(state, awaiting="carry_on"), thanks, asks=True, follows_alert=True)
    return _said(replace(moves.kept(state, text), awaiting="carry_on"), asks=True)


def _skip(script: Script, state: State, facts: Facts) -> Step:
    if not state.step:
        return _said(state, asks=True)
    return _move_on(script, moves.without(state, state.step), (), facts)


def _back(script: Script, state: State, facts: Facts) -> Step:
    if facts.silent or len(state.trail) < 2:
        return _said(replace(state, awaiting="carry_on" if facts.silent or not state.step else "answer"), asks=True)
    earlier = state.trail[-2]
    return _said(moves.at(replace(moves.without(state, earlier), trail=state.trail[:-2]), earlier), asks=True)


CONTROLS: Mapping[str, Callable[[Script, State, Facts], Step]] = {
    "help": _help,
    "delete": _delete,
    "skip": _skip,
    "back": _back,
}


# --- answers --------------------------------------------------------------------------------------------------------


def _answer(script: Script, state: State, text: RedactedText, facts: Facts) -> Step:
    if script.question(state.step).type == "free_text":
        nothing = _wish(state, text) == "no" or not text.strip()
        kept = state if nothing else replace(state, comments=(*state.comments, Comment(state.step, text)))
        return _move_on(script, kept, (), facts)
    parsed = _parsed(script, state, text)
    if not parsed.understood:
        return _ask_again(script, moves.kept(state, text), facts)
    answered = replace(state, answers={**state.answers, state.step: parsed.codes})
    return _move_on(script, moves.kept(answered, RedactedText(parsed.extra), fewest=1), parsed.codes, facts)


def _parsed(script: Script, state: State, text: RedactedText) -> Parsed:
    question = script.question(state.step)
    labels = script.words[state.language].labels.get(state.step, {})
    options = options_of({code: labels[code] for code in question.options})
    return answers.parse(question.type, text, options, state.language, answers.load_vocabulary())


def _wish(state: State, text: RedactedText) -> str:
    """yes, no or unsure when the text is that and nothing more."""
    parsed = answers.parse("yes_no", text, (), state.language, answers.load_vocabulary())
    return parsed.codes[0] if parsed.understood and not parsed.extra else ""


def _ask_again(script: Script, state: State, facts: Facts) -> Step:
    if facts.silent:
        return _said(replace(state, awaiting="carry_on"), asks=True)
    words, once_more = script.words[state.language], replace(state, tries=state.tries + 1)
    if state.channel == "web":
        return _said(once_more, words.line("web.offer_skip" if state.tries else "web.again"))
    if state.tries:
        return _said(once_more, words.line("offer_skip"))
    labels = words.labels.get(state.step, {})
    again = words.line(hint_key(script.question(state.step)).replace("hint.", "again."))
    return _said(once_more, again.format(low=labels.get("1", ""), high=labels.get("5", "")))


# --- from step to step ----------------------------------------------------------------------------------------------


def _move_on(script: Script, state: State, codes: tuple[str, ...], facts: Facts) -> Step:
    """The next question, or the end; after a silence nothing of it is said before they choose to carry on."""
    reached, also = moves.onward(script, state, codes)
    if reached.ending:
        return _finish(script, state, "finished", also)
    if facts.silent:
        return _said(replace(reached, awaiting="carry_on"), asks=True)
    return _said(reached, *also, asks=True)


def _finish(script: Script, state: State, ending: str, also: tuple[str, ...] = ()) -> Step:
    return _said(replace(state, ending=ending), *also, script.words[state.language].line("finished"))


def _said(state: State, *texts: str, asks: bool = False, **told: Any) -> Step:
    return Step(replace(state, said=texts), texts, asks, **told)
