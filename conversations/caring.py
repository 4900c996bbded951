"""How a conversation meets a worry: safe words, one supportive question, rest while somebody helps, and no cheer."""

from __future__ import annotations

from dataclasses import replace

from conversations import hearing, moves, raising, standing
from conversations.asking import RESTS
from conversations.moves import said
from conversations.safety import safety_words
from conversations.script.values import Script, Words
from conversations.values import Assessment, Facts, Level, Parsed, RedactedText, State, Step

LOW = frozenset({"1", "2", "no", "nothing_yet", "not_asked", "nothing_said", "none"})
"""Answers that say that somebody was not heard: the low end of a scale, and the options that say "nothing" or "no"."""

WARM_AT_MOST = 2
REACH = {"yes": "ok to text", "no": "not ok to text"}
"""What an alert's history says of "is it OK to text you here?"."""


def worried(script: Script, state: State, text: RedactedText, assessment: Assessment, facts: Facts) -> Step:
    """Say what is true of this worry, and let the questions rest; what could only not be read leaves the choice."""
    told = replace(state, alert=True, unread=_only_unread(state, assessment, facts))
    if told.awaiting == "answer" and not facts.early and not told.ending:
        told = hearing.past_an_answer(script, told, text)
    heard = worry_words(script.words[state.language], state.channel, assessment, facts)
    if told.ending:
        return said(replace(told, awaiting="rest"), *heard, alert=True)
    if told.unread:
        awaiting = "safe" if state.awaiting == "safe" else "carry_on"
        return said(replace(told, awaiting=awaiting), *heard, asks=True, alert=True)
    first = state.channel == "sms" and assessment.handled_as == Level.CONCERN and "reach" not in state.offered
    unanswered = state.safe_stands and not raising.answers_safe(state, text, facts)
    if first and unanswered and facts.early:  # a 1 or 2 must not mean two things: the graver question stays
        return said(replace(told, awaiting="safe"), *heard, alert=True)
    if first:
        return said(replace(told, awaiting="reach", offered=(*told.offered, "reach")), *heard, asks=True, alert=True)
    return said(replace(told, awaiting=state.awaiting if state.awaiting in RESTS else "rest"), *heard, alert=True)


def worry_words(words: Words, channel: str, assessment: Assessment, facts: Facts) -> tuple[str, ...]:
    """The words for a worry; on the web, where nobody has a number, also that we do not know who they are."""
    heard = (safety_words(words, assessment, facts),)
    return (*heard, words.line("web.unknown")) if channel == "web" and assessment.level >= Level.CONCERN else heard


def rests(state: State, facts: Facts) -> bool:
    """Whether nothing of the questions may be asked: a duty worker has a worry of theirs and is not done."""
    return facts.alert_open and not state.unread


def resting(script: Script, state: State, text: RedactedText, act: str, facts: Facts) -> Step:
    """What is said while a duty worker has their worry: that new words will be seen too, and never a question."""
    opt = "start" if act == "start" else ""
    if raising.says_safe(state, text, facts):
        return _safe_at_rest(script, state)
    found = hearing.agreed(state, text)
    if state.awaiting == "reach" and not facts.early and found.codes and found.codes[0] in REACH:
        return _agreed(script, state, found)
    if state.awaiting == "times" and not facts.early and (times := hearing.times(state, text)):
        thanks = script.words[state.language].line("kept.alert")
        return said(replace(state, awaiting="rest"), thanks, times=times)
    nothing_new = bool(act) or not text.strip() or facts.asked == "carry_on"
    line = script.words[state.language].line("resting.alert" if nothing_new else "kept.alert")
    waits = replace(state, awaiting=state.awaiting if state.awaiting in {"safe", *RESTS} else "rest")
    return said(waits, line, opt=opt, follows_alert=not nothing_new)


def found_late(script: Script, before: State, turn: Step) -> Step:
    """The turn of a text that reached us long after it was sent, or when we had gone on without it.

    To a worry we say that it was late, that somebody will read it, and where help is at once. To anything else nothing:
    nobody waits for it any more, and no question may count as asked that they have not seen.
    """
    if turn.alert and turn.say:
        line = script.words[turn.state.language].line("found_late")
        awaiting = "reach" if before.awaiting == "reach" else "rest"
        told = replace(turn.state, awaiting=awaiting, offered=before.offered, said=(line,))
        return replace(turn, state=told, say=(line,), asks=False)
    goes_on = turn.opt or turn.state.ending != before.ending
    kept = turn.state if goes_on else replace(before, comments=turn.state.comments, hint=turn.state.hint)
    if before.safe_stands and not turn.state.safe_stands:  # they said in time that they are safe
        moved = "carry_on" if kept.awaiting == "safe" else kept.awaiting
        kept = standing.answered(replace(kept, awaiting=moved))
    return replace(turn, state=replace(kept, said=before.said), say=(), asks=False)


def _safe_at_rest(script: Script, state: State) -> Step:
    """Tell the duty worker that they are safe; what could not be asked beside that question is asked now."""
    asks = state.awaiting == "safe" and state.channel == "sms"
    rests = (
        replace(state, awaiting="reach", offered=(*state.offered, "reach")) if asks else replace(state, awaiting="rest")
    )
    return said(rests, script.words[state.language].line("kept.alert"), asks=asks, follows_alert=True, safe=True)


def _agreed(script: Script, state: State, found: Parsed) -> Step:
    """Keep whether it is OK to text them, and after a yes ask when."""
    words, yes = script.words[state.language], found.codes[0] == "yes"
    known = replace(state, awaiting="times" if yes else "rest", reach_ok=found.codes[0])
    ask = (words.line("times.ask"),) if yes else ()
    return said(
        standing.answered(known),
        words.line("kept.alert"),
        *ask,
        follows_alert=bool(found.extra),
        reach=REACH[found.codes[0]],
    )


def supported(script: Script, state: State, turn: Step, act: str, facts: Facts) -> Step:
    """The turn with warm words and, once a conversation, whether they are safe right now in place of the question."""
    words = script.words[turn.state.language]
    asked_again_or_ended = turn.state.tries > state.tries or bool(turn.state.ending)
    warm, offered = _warm(words, turn.state, act, facts)
    if "safe" in turn.state.offered:
        return _saying(turn, (*warm, *turn.say), offered)
    kept = turn.say if act or not asked_again_or_ended else ()
    lines = (words.line("web.help_lines"),) if state.channel == "web" else ()
    asking = replace(turn, state=replace(turn.state, awaiting="safe", safe_stands=True), asks=True)
    return _saying(asking, (*kept, *warm, *lines), (*offered, "safe"))


def after_support(script: Script, state: State, text: RedactedText, act: str, facts: Facts) -> Step:
    """What follows the supportive question where nobody must be told: whether to carry on, or the same once more."""
    words = script.words[state.language]
    if raising.is_beside(state, text, facts) and "safe_again" not in state.offered:
        again = replace(state, offered=(*state.offered, "safe_again"))
        return said(again, words.line("support.again"))
    safe = raising.says_safe(state, text, facts)
    kept = state if safe or act else moves.kept(state, text)
    key = "support.thanks" if safe else "comment_thanks" if kept is not state else ""
    thanks = (words.line(key),) if key else ()
    opt = "start" if act == "start" else ""
    if state.ending:
        return said(replace(kept, awaiting="answer"), *thanks, words.line("finished"), opt=opt)
    return said(replace(kept, awaiting="carry_on"), *thanks, asks=True, opt=opt)


def warmed(state: State, turn: Step, words: Words) -> Step:
    """The turn with a warm line before the next question when the answer was a low one, at most twice."""
    given = turn.state.answers.get(state.step, ())
    low = given != state.answers.get(state.step) and LOW.intersection(given)
    if not low or state.awaiting != "answer" or turn.state.offered.count("low") >= WARM_AT_MOST:
        return turn
    return _saying(turn, (words.line("warm.low"), *turn.say), ("low",))


def _only_unread(state: State, assessment: Assessment, facts: Facts) -> bool:
    """Whether all that the duty worker has of them is a text that could not be read."""
    unread = not assessment.assessed and assessment.level < Level.CONCERN
    return unread and (state.unread or not facts.alert_open)


def _warm(words: Words, state: State, act: str, facts: Facts) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The warm words that are due, and what is remembered of them."""
    if act == "help":
        return (), ()
    if "wellbeing" not in state.offered:
        return (words.line("level.wellbeing").format(by=facts.read_by),), ("wellbeing",)
    if state.offered.count("low") < WARM_AT_MOST:
        return (words.line("warm.low"),), ("low",)
    return (), ()


def _saying(turn: Step, texts: tuple[str, ...], offered: tuple[str, ...]) -> Step:
    state = replace(turn.state, offered=(*turn.state.offered, *offered), said=texts)
    return replace(turn, state=state, say=texts)
