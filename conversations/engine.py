"""What comes next in a conversation: a turn of values in, a turn of values out; nothing is sent or stored here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from conversations import caring, hearing, limits, moves, raising, standing
from conversations.asking import RESTS
from conversations.controls import control
from conversations.escalation import list_of
from conversations.moves import said
from conversations.script.values import Script, hint_key
from conversations.values import Assessment, Comment, Facts, RedactedText, State, Step

AT_ANY_TIME = frozenset({"help", "delete"})
ON_THE_WEB: Mapping[str, str] = {"resting": "resting.web", "expired": "expired.web", "welcome_back": "resting.web"}
"""Words that speak of texting a keyword, and those for a page that has a button."""


def begin(script: Script, language: str, channel: str, area: str = "") -> State:
    """The state of a conversation in which nothing has been said yet."""
    return State(script.name, script.version, language, channel, area=area)


def step(script: Script, state: State, text: RedactedText, assessment: Assessment, facts: Facts) -> Step:
    """What must now be true after this text: who is told, what is kept, what we say and what we ask next.

    The assessment is the one that `raising.in_context` gives for this state.
    """
    state = replace(state, listed=state.listed or bool(list_of(assessment)))
    turn = _with_stop(state, _answered(script, state, text, assessment, facts), facts)
    if raising.answers_safe(state, text, facts):
        turn = replace(turn, state=standing.answered(turn.state))
    return replace(turn, state=replace(turn.state, hint=raising.hint_after(assessment, state, text)))


def _answered(script: Script, state: State, text: RedactedText, assessment: Assessment, facts: Facts) -> Step:
    act = control(text) or ("help" if raising.phrase("help_alone", text) else "")
    if act == "stop":
        return _stop(script, state, assessment, facts)
    if facts.replies >= limits.REPLIES_AN_HOUR:
        return limits.too_many(script, state, text, act, assessment, facts)
    state = replace(state, offered=tuple(each for each in state.offered if each not in limits.ONCE_PAST_IT))
    if assessment.alerts:
        return caring.worried(script, state, text, assessment, facts)
    turn = _turn(script, state, text, act, facts)
    quiet = caring.rests(state, facts) or facts.carrier_answers
    if raising.supports(assessment) and not quiet:
        turn = caring.supported(script, state, turn, act, facts)
    elif not facts.silent and not quiet:
        turn = caring.warmed(state, turn, script.words[turn.state.language])
    return _with_offer(script, turn, facts)


# --- before anything else -------------------------------------------------------------------------------------------


def _stop(script: Script, state: State, assessment: Assessment, facts: Facts) -> Step:
    sms, words = state.channel == "sms", script.words[state.language]
    ended = replace(state, ending=state.ending or "stopped", awaiting="answer", alert=state.alert or assessment.alerts)
    worry = caring.worry_words(words, state.channel, assessment, facts) if assessment.alerts else ()
    spoken_last = () if sms else (words.line("stopped_web"), *worry)
    told = {"alert": assessment.alerts, "follows_alert": facts.alert_open, "cannot_be_texted": sms}
    return said(ended, *spoken_last, opt="stop" if sms else "", **told)


def _with_stop(state: State, turn: Step, facts: Facts) -> Step:
    """The turn with what their STOP still means, or with nothing of it once they, or their network, take it back."""
    if facts.opted_in or turn.opt == "start":
        ending = "partial" if turn.state.ending == "stopped" else turn.state.ending
        return replace(turn, opt="start", state=replace(turn.state, ending=ending))
    stopped = state.ending == "stopped" and state.channel == "sms"
    return replace(turn, cannot_be_texted=turn.cannot_be_texted or stopped)


def _with_offer(script: Script, turn: Step, facts: Facts) -> Step:
    guess, state = facts.guess, turn.state
    if guess is None or guess == state.language or guess not in script.languages or guess in state.offered:
        return turn
    words = script.words[guess]
    texts = (*turn.say, words.line("language_offer").format(language=words.line("language.name")))
    return replace(turn, state=replace(state, offered=(*state.offered, guess), said=texts), say=texts)


# --- the ordinary ways ----------------------------------------------------------------------------------------------


def _turn(script: Script, state: State, text: RedactedText, act: str, facts: Facts) -> Step:
    if act == "help" and facts.carrier_answers:
        return said(state, follows_alert=facts.alert_open)
    if act.startswith("language:"):
        return _speak(script, state, act.removeprefix("language:"))
    if _waits(state, text, act, facts):
        return _while_waiting(script, state, text, act, facts)
    if state.ending:
        return _after_the_end(script, state, text, act, facts)
    if state.awaiting in {"opening", "expired"}:
        return _at_the_door(script, state, text, act)
    return _on_the_way(script, state, text, act, facts)


def _waits(state: State, text: RedactedText, act: str, facts: Facts) -> bool:
    """Whether the conversation stands beside its questions: at rest, or at the supportive question."""
    if act in AT_ANY_TIME or (state.awaiting == "delete" and not act):
        return False
    if caring.rests(state, facts) or (state.awaiting in RESTS and not state.ending):
        return True
    seen = not facts.early or raising.answers_safe(state, text, facts)
    return state.awaiting == "safe" and act != "back" and seen and facts.asked in {"", "safe"}


def _while_waiting(script: Script, state: State, text: RedactedText, act: str, facts: Facts) -> Step:
    if caring.rests(state, facts):
        return caring.resting(script, state, text, act, facts)
    if state.awaiting == "safe":
        return caring.after_support(script, state, text, act, facts)
    if facts.asked == "carry_on":
        return _carry_on(script, state, text, facts)
    kept = state if act else moves.kept(state, text)
    return said(replace(kept, awaiting="carry_on"), asks=True, opt="start" if act == "start" else "")


def _at_the_door(script: Script, state: State, text: RedactedText, act: str) -> Step:
    if act == "delete":
        return said(state, _with_keyword(script, state, "nothing_to_delete"))
    if state.awaiting == "expired":
        return said(replace(moves.kept(state, text), awaiting="opening"), _with_keyword(script, state, "expired"))
    return _open(script, state, text, act)


def _on_the_way(script: Script, state: State, text: RedactedText, act: str, facts: Facts) -> Step:
    if act == "start":
        return said(state, asks=True, opt="start")
    if facts.early and act not in AT_ANY_TIME:
        return _early(script, state, text)
    if act in CONTROLS:
        return CONTROLS[act](script, state, facts)
    if state.awaiting == "delete":
        return _delete_or_keep(script, state, text, facts)
    if state.awaiting == "carry_on" or (facts.asked == "carry_on" and facts.silent):
        return _carry_on(script, state, text, facts)
    return _answer(script, state, text, facts)


def _early(script: Script, state: State, text: RedactedText) -> Step:
    """A text that was sent before our question was seen is kept; a tap on an old page is nothing to keep."""
    if state.channel == "web":
        return said(moves.kept(state, text), asks=True)
    return said(moves.kept(state, text, fewest=1), script.words[state.language].line("comment_thanks"))


def _open(script: Script, state: State, text: RedactedText, act: str) -> Step:
    words = script.words[state.language]
    if act == "start" and state.channel == "sms":
        return said(state, _with_keyword(script, state, "welcome_back"), opt="start")
    kept = state if act or control(text) else moves.kept(state, text)
    opened, also = moves.arrived(script, kept, script.steps[0].id)
    helped = (words.line("help"),) if act == "help" else ()
    return said(opened, *words.lines(f"opening.{state.channel}"), *helped, *also, asks=True)


def _after_the_end(script: Script, state: State, text: RedactedText, act: str, facts: Facts) -> Step:
    if act == "delete" and state.ending != "erased":
        return _erase(script, state)
    key = {"start": "welcome_back", "delete": "nothing_to_delete", "help": "help"}.get(act, "resting")
    opt = "start" if act == "start" else ""
    follows = facts.alert_open and act in {"", "help"}
    kept = state if act or follows else moves.kept(state, text)
    return said(kept, _with_keyword(script, state, key), opt=opt, follows_alert=follows)


def _with_keyword(script: Script, state: State, key: str) -> str:
    line = ON_THE_WEB.get(key, key) if state.channel == "web" else key
    return script.words[state.language].line(line).format(keyword=script.keyword)


def _speak(script: Script, state: State, language: str) -> Step:
    spoken_now = replace(state, language=language) if language in script.languages else state
    if not state.step and state.awaiting in {"opening", "expired"}:
        return _open(script, spoken_now, RedactedText(""), "")
    if spoken_now is state:
        return said(state, asks=True)
    return said(spoken_now, script.words[language].line("language_changed"), asks=True)


def _help(script: Script, state: State, facts: Facts) -> Step:
    return said(state, script.words[state.language].line("help"), follows_alert=facts.alert_open)


def _delete(script: Script, state: State, facts: Facts) -> Step:
    return said(replace(state, awaiting="delete"), asks=True)


def _delete_or_keep(script: Script, state: State, text: RedactedText, facts: Facts) -> Step:
    if hearing.wish(state, text) == "yes":
        return _erase(script, state)
    if caring.rests(state, facts):
        return caring.resting(script, state, RedactedText(""), "", facts)
    return said(replace(state, awaiting="answer" if state.step and not state.hint else "carry_on"), asks=True)


def _erase(script: Script, state: State) -> Step:
    """Nothing of theirs is left, and they are told what is: words for a duty worker, answers that we cannot find."""
    words = script.words[state.language]
    key = "deleted_alert_stays" if state.alert or state.listed else "deleted"
    earlier = (words.line("deleted_earlier_stays"),) if state.earlier else ()
    empty = replace(state, answers={}, comments=(), trail=(), ending="erased")
    return said(empty, words.line(key), *earlier)


def _carry_on(script: Script, state: State, text: RedactedText, facts: Facts) -> Step:
    wish = hearing.wish(state, text)
    if wish == "yes" and not state.step:  # their first text was a worry: the opening words are still owed
        return _open(script, state, RedactedText(""), "")
    if wish == "yes":
        return said(replace(state, awaiting="answer"), asks=True)
    if wish == "no":
        return _finish(script, state, "partial")
    if facts.alert_open:
        thanks = script.words[state.language].line("kept.alert")
        return said(replace(state, awaiting="carry_on"), thanks, asks=True, follows_alert=True)
    return said(replace(moves.kept(state, text), awaiting="carry_on"), asks=True)


def _skip(script: Script, state: State, facts: Facts) -> Step:
    if not state.step:
        return said(state, asks=True)
    return _move_on(script, moves.without(state, state.step), (), facts)


def _back(script: Script, state: State, facts: Facts) -> Step:
    if facts.silent or len(state.trail) < 2:
        return said(replace(state, awaiting="carry_on" if facts.silent or not state.step else "answer"), asks=True)
    earlier = state.trail[-2]
    return said(moves.at(replace(moves.without(state, earlier), trail=state.trail[:-2]), earlier), asks=True)


CONTROLS: Mapping[str, Callable[[Script, State, Facts], Step]] = {
    "help": _help,
    "delete": _delete,
    "skip": _skip,
    "back": _back,
}


# --- answers --------------------------------------------------------------------------------------------------------


def _answer(script: Script, state: State, text: RedactedText, facts: Facts) -> Step:
    if script.question(state.step).type == "free_text":
        nothing = hearing.wish(state, text) == "no" or not text.strip()
        kept = state if nothing else replace(state, comments=(*state.comments, Comment(state.step, text)))
        return _move_on(script, kept, (), facts)
    parsed = hearing.parsed(script, state, text)
    if not parsed.understood:
        return _ask_again(script, moves.kept(state, text), facts)
    answered = replace(state, answers={**state.answers, state.step: parsed.codes})
    return _move_on(script, moves.kept(answered, RedactedText(parsed.extra), fewest=1), parsed.codes, facts)


def _ask_again(script: Script, state: State, facts: Facts) -> Step:
    if facts.silent:
        return said(replace(state, awaiting="carry_on"), asks=True)
    words, once_more = script.words[state.language], replace(state, tries=state.tries + 1)
    if state.channel == "web":
        return said(once_more, words.line("web.offer_skip" if state.tries else "web.again"))
    if state.tries:
        return said(once_more, words.line("offer_skip"))
    labels = words.labels.get(state.step, {})
    again = words.line(hint_key(script.question(state.step)).replace("hint.", "again."))
    return said(once_more, again.format(low=labels.get("1", ""), high=labels.get("5", "")))


# --- from step to step ----------------------------------------------------------------------------------------------


def _move_on(script: Script, state: State, codes: tuple[str, ...], facts: Facts) -> Step:
    """The next question, or the end; after a silence nothing of it is said before they choose to carry on."""
    reached, also = moves.onward(script, state, codes)
    if reached.ending:
        return _finish(script, state, "finished", also)
    if facts.silent:
        return said(replace(reached, awaiting="carry_on"), asks=True)
    return said(reached, *also, asks=True)


def _finish(script: Script, state: State, ending: str, also: tuple[str, ...] = ()) -> Step:
    return said(replace(state, ending=ending), *also, script.words[state.language].line("finished"))
