"""The engine over many turns: whatever is texted, it keeps its promises about what is said, kept and told."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversations import engine
from conversations.asking import ASIDES, prompt, spoken
from conversations.controls import ACTIONS, control, control_words
from conversations.script import Script, load_all, load_words
from conversations.segments import count, is_gsm7
from conversations.values import Assessment, Facts, Level, RedactedText, State, Step

SCRIPTS = load_all()
NAMES = sorted(SCRIPTS)
CANARY = "zebrafish"
TEXTS = st.one_of(
    st.sampled_from(
        ["hi", "1", "2", "3", "4", "5", "a lot", "yes", "no", "aye", "1 and 3", "skip", "back", "help", "delete"]
    ),
    st.sampled_from(
        [f"{CANARY} was not listening to me", f"4 because {CANARY}", "polski", "english", "العربية", "DELETE", ""]
    ),
    st.text(max_size=60),
)
TURNS = st.lists(
    st.tuples(
        TEXTS, st.sampled_from([Assessment(), Assessment(Level.WELLBEING), Assessment(Level.CONCERN)]), st.booleans()
    ),
    min_size=1,
    max_size=25,
)


def begin(name: str = "check-in", language: str = "en", channel: str = "sms") -> tuple[Script, State]:
    script = SCRIPTS[name]
    return script, engine.begin(script, language, channel)


def say(script: Script, state: State, *texts: str, facts: Facts | None = None) -> Step:
    """Send these texts one after the other; gives the last turn."""
    for text in texts:
        turn = engine.step(script, state, RedactedText(text), Assessment(), facts or Facts())
        state = turn.state
    return turn


def at_question(name: str, number: int, language: str = "en") -> tuple[Script, State]:
    """A conversation at its question of this number, all before it skipped."""
    script, state = begin(name, language)
    skip = load_words()[language].entries["control.skip"][0]
    return script, say(script, state, "hi", *([skip] * number)).state


@pytest.mark.parametrize("name", NAMES)
@given(turns=TURNS)
def test_whatever_is_texted_nothing_breaks_and_no_text_is_repeated_or_too_long(
    name: str, turns: list[tuple[str, Assessment, bool]]
) -> None:
    script, state = begin(name)
    for text, assessment, silent in turns:
        turn = engine.step(script, state, RedactedText(text), assessment, Facts(silent=silent, alert_open=state.alert))
        said = spoken(script, turn)
        assert turn.alert == assessment.alerts
        for message in said:
            size = count(message)
            assert CANARY not in message
            assert size.segments <= (4 if size.encoding == "UCS-2" else 3)
            assert turn.state.language != "en" or is_gsm7(message) or "language" in str(turn.state.offered)
        state = turn.state


@pytest.mark.parametrize("name", NAMES)
@given(turns=TURNS)
def test_after_a_silence_no_question_is_named(name: str, turns: list[tuple[str, Assessment, bool]]) -> None:
    script, state = begin(name)
    questions = [ask for words in script.words.values() for ask in words.ask.values()]
    for text, assessment, silent in turns:
        was_asked = bool(state.step) and state.awaiting == "answer" and not state.ending
        turn = engine.step(script, state, RedactedText(text), assessment, Facts(silent=silent))
        changes_language = control(text).startswith("language:") or control(text) in {"delete"}
        if silent and was_asked and not changes_language:
            assert not [ask for ask in questions if any(ask in message for message in spoken(script, turn))]
        state = turn.state


@pytest.mark.parametrize("name", NAMES)
def test_every_control_word_acts_at_every_question_in_every_language(name: str) -> None:
    script = SCRIPTS[name]
    for number in range(1, len([step for step in script.steps if step.type != "say"])):
        for language, shared in load_words().items():
            for action in ACTIONS:
                for word in shared.entries[f"control.{action}"]:
                    script, state = at_question(name, number)
                    if state.ending:
                        continue
                    turn = say(script, state, str(word))
                    assert did(state, turn) == action, (language, word, state.step)


def did(before: State, turn: Step) -> str:
    """Which action a turn shows."""
    after = turn.state
    if after.ending == "stopped":
        return "stop"
    if after.awaiting == "delete":
        return "delete"
    if after.trail[:-1] == before.trail or after.ending == "finished":
        return "skip"
    if len(after.trail) < len(before.trail):
        return "back"
    return "help" if after == replace(before, said=after.said) and turn.say else "nothing"


@pytest.mark.parametrize(
    "text",
    ["stop him hurting me", "please stop", "can you help me with this", "i went back home", "delete him from my life"],
)
def test_a_control_word_among_others_is_content(text: str) -> None:
    assert control(text) == ""


@pytest.mark.parametrize(
    "text",
    ["STOP", " stop. ", "Stop!", "ＳＴＯＰ", "stopall", "HELP", "skip?", "Back", "POLSKI", "العربية", "Gàidhlig"],
)
def test_a_control_word_alone_acts_however_it_is_written(text: str) -> None:
    assert control(text)


def test_no_control_word_is_another_of_the_carriers() -> None:
    ours = {
        word
        for word, act in control_words().items()
        if act in {"skip", "back", "delete"} or act.startswith("language:")
    }
    assert not ours & {
        "stopall",
        "unsubscribe",
        "cancel",
        "end",
        "quit",
        "revoke",
        "optout",
        "start",
        "yes",
        "unstop",
        "info",
    }


@pytest.mark.parametrize("name", NAMES)
def test_the_opening_words_come_before_the_first_question(name: str) -> None:
    for language in SCRIPTS[name].languages:
        script, state = begin(name, language)
        turn = say(script, state, "hi")
        opening, first = spoken(script, turn)[:-1], spoken(script, turn)[-1]
        skips = [word.upper() for word in script.words[language].lines("control.skip")]
        assert "999" in " ".join(opening)
        assert any(word in " ".join(opening).upper() for word in skips)
        assert script.words[language].ask[script.steps[0].id] in first


def test_a_second_miss_offers_to_skip_and_nothing_is_guessed() -> None:
    script, state = at_question("check-in", 1)
    first, second = say(script, state, "3 or 4"), say(script, state, "3 or 4", "2.5")
    assert "did not get that" in first.say[0]
    assert "SKIP" in second.say[0]
    assert second.state.answers == {}


@pytest.mark.parametrize("language", SCRIPTS["check-in"].languages)
def test_on_a_page_a_miss_is_answered_in_the_words_of_its_buttons(language: str) -> None:
    script, state = at_question("check-in", 1, language)
    state, line = replace(state, channel="web"), script.words[language].line
    first = say(script, state, "3 or 4")
    second, third = say(script, first.state, "2.5"), say(script, first.state, "2.5", "2.5")
    assert first.say == (line("web.again"),)
    assert second.say == third.say == (line("web.offer_skip"),)


@pytest.mark.parametrize("name", NAMES)
@given(turns=TURNS)
def test_a_page_never_asks_for_a_keyword_by_text(name: str, turns: list[tuple[str, Assessment, bool]]) -> None:
    script, state = begin(name, channel="web")
    for text, assessment, silent in [*turns, ("start", Assessment(), False), ("stop", Assessment(), False)]:
        for said in (text, "start"):
            turn = engine.step(script, state, RedactedText(said), assessment, Facts(silent=silent))
            assert script.keyword not in " ".join(turn.say)
        state = engine.step(script, state, RedactedText(text), assessment, Facts(silent=silent)).state
    assert state.ending


@pytest.mark.parametrize("texts", [("start",), ("hello", "start"), ("START", "")])
@pytest.mark.parametrize("awaiting", ["expired", "opening"])
def test_on_a_page_start_starts(awaiting: str, texts: tuple[str, ...]) -> None:
    script, state = begin(channel="web")
    assert say(script, replace(state, awaiting=awaiting), *texts, "start").state.step == script.steps[0].id


@pytest.mark.parametrize("ending", ["finished", "stopped", "erased"])
@pytest.mark.parametrize("text", ["hello", "start"])
def test_after_the_end_a_page_names_its_button(ending: str, text: str) -> None:
    script, state = begin(channel="web")
    turn = say(script, replace(state, ending=ending), text)
    assert turn.say == (script.words["en"].line("resting.web"),)


@pytest.mark.parametrize(
    ("says", "button"),
    [
        ("resting.web", "web.start_again"),
        ("expired.web", "web.start_again"),
        ("web.offer_skip", "web.skip"),
    ],
)
def test_words_that_speak_of_a_button_call_it_what_it_is_called(says: str, button: str) -> None:
    for shared in load_words().values():
        assert shared.line(button) in shared.line(says)


def test_back_takes_the_earlier_answer_out_and_asks_it_again() -> None:
    script, state = at_question("check-in", 1)
    turn = say(script, state, "4", "back")
    assert (turn.state.step, turn.state.answers) == (state.step, {})


def test_an_early_text_is_a_comment_and_not_the_answer_of_a_question_not_yet_seen() -> None:
    script, state = at_question("check-in", 1)
    turn = say(script, state, "4 of us were there", facts=Facts(early=True))
    assert turn.state.answers == {}
    assert [comment.text for comment in turn.state.comments] == ["4 of us were there"]
    assert turn.state.step == state.step


def test_words_that_raise_an_alert_do_not_also_become_a_comment() -> None:
    script, state = at_question("check-in", 1)
    turn = engine.step(script, state, RedactedText("1 because he hits me"), Assessment(Level.CONCERN), Facts())
    assert turn.state.answers == {state.step: ("1",)}
    assert turn.state.comments == ()


def test_the_limit_says_one_note_and_keeps_the_words() -> None:
    script, state = at_question("check-in", 1)
    at_limit = say(script, state, "are you even reading this", facts=Facts(replies=30))
    past_it = say(script, state, "are you even reading this", facts=Facts(replies=31))
    assert len(at_limit.say) == 1
    assert not past_it.say
    assert past_it.state.comments
    assert past_it.state.step == state.step


PAST = Facts(replies=31)
WITH_DUTY = replace(PAST, alert_open=True)


def worried(state: State, facts: Facts, level: Level = Level.CONCERN) -> Step:
    return engine.step(SCRIPTS["check-in"], state, RedactedText("he hits me"), Assessment(level), facts)


@pytest.mark.parametrize("before", [False, True], ids=["no alert before", "one that was closed"])
def test_a_first_worry_past_the_limit_is_answered_until_duty_has_it(before: bool) -> None:
    _, state = at_question("check-in", 1)
    first = worried(replace(state, alert=before), PAST)
    again = worried(first.state, WITH_DUTY)
    assert (first.alert, again.alert) == (True, True)
    assert (len(first.say), again.say) == (1, ())


def test_danger_past_the_limit_is_answered_once_although_duty_has_a_worry_of_theirs() -> None:
    _, state = at_question("check-in", 1)
    first = worried(replace(state, alert=True), WITH_DUTY, Level.IMMEDIATE)
    again = worried(first.state, WITH_DUTY, Level.IMMEDIATE)
    assert (first.alert, again.alert) == (True, True)
    assert "999" in first.say[0]
    assert again.say == ()


@pytest.mark.parametrize("facts", [PAST, WITH_DUTY, replace(PAST, replies=30)], ids=["past", "with duty", "at it"])
@pytest.mark.parametrize("call", ["HELP", "help me pls"])
def test_a_call_for_help_past_the_limit_is_answered_once(facts: Facts, call: str) -> None:
    script, state = at_question("check-in", 1)
    first = say(script, state, call, facts=facts)
    again = say(script, first.state, call, facts=replace(facts, replies=32))
    assert "999" in first.say[0]
    assert "Childline" in first.say[0]
    assert first.follows_alert == again.follows_alert == facts.alert_open
    assert again.say == ()


def test_help_past_the_limit_that_the_carrier_has_answered_gets_no_second_answer() -> None:
    script, state = at_question("check-in", 1)
    assert say(script, state, "HELP", facts=replace(PAST, carrier_answers=True)).say == ()


def test_what_is_said_once_past_the_limit_is_said_once_again_when_there_has_been_room() -> None:
    script, state = at_question("check-in", 1)
    helped = say(script, state, "HELP", facts=PAST)
    danger = worried(helped.state, WITH_DUTY, Level.IMMEDIATE)
    room = say(script, danger.state, "4", facts=Facts(replies=29))
    assert say(script, room.state, "HELP", facts=PAST).say
    assert worried(room.state, WITH_DUTY, Level.IMMEDIATE).say


def test_without_cover_no_text_says_that_somebody_is_told_now() -> None:
    script, state = at_question("check-in", 1)
    for level in (Level.CONCERN, Level.IMMEDIATE):
        turn = engine.step(script, state, RedactedText("x"), Assessment(level), Facts(cover_from="9am tomorrow"))
        assert "9am tomorrow" in turn.say[0]
        assert "999" in turn.say[0]
        assert "We are telling" not in turn.say[0]


def test_what_could_not_be_screened_alerts_whatever_its_level() -> None:
    script, state = at_question("check-in", 1)
    turn = engine.step(script, state, RedactedText("4"), Assessment(assessed=False), Facts())
    assert turn.alert
    assert "A person will read it" in turn.say[0]


def test_a_picture_is_answered_with_what_is_true_of_the_cover() -> None:
    script, state = at_question("check-in", 1)
    covered, alone = (
        engine.step(script, state, RedactedText(""), Assessment(assessed=False), facts).say[0]
        for facts in (Facts(media=True), Facts(media=True, cover_from="9am tomorrow"))
    )
    assert "We are telling a duty worker" in covered
    assert "9am tomorrow" in alone
    assert "telling" not in alone


@pytest.mark.parametrize("language", SCRIPTS["check-in"].languages)
def test_no_reply_to_a_worry_asks_for_a_reply(language: str) -> None:
    words = load_words()[language]
    hints = {"en": "reply", "pl": "odpisz", "ar": "أرسل رقما", "gd": "cuir thugainn"}
    for key in (key for key in words.entries if key.startswith("level.")):
        assert hints[language] not in words.line(key).casefold()


def test_start_begins_nothing_by_itself() -> None:
    script, state = begin()
    turn = say(script, state, "START")
    assert turn.state.step == ""
    assert turn.opt == "start"
    assert "Nothing starts" in turn.say[0]
    assert say(script, turn.state, "CHECKIN").state.step


def test_yes_is_an_answer_although_the_carrier_knows_it() -> None:
    script, state = at_question("check-in", 3)
    assert script.question(state.step).type == "yes_no"
    assert say(script, state, "YES").state.answers == {state.step: ("yes",)}


def test_a_language_is_offered_once_and_never_switched_to() -> None:
    script, state = at_question("check-in", 1)
    offered = say(script, state, "nie rozumiem", facts=Facts(guess="pl"))
    again = say(script, offered.state, "nie rozumiem", facts=Facts(guess="pl"))
    assert "Polski" in offered.say[-1]
    assert offered.state.language == "en"
    assert not [text for text in again.say if "Polski" in text]


def test_a_page_asks_whether_to_carry_on_after_a_silence_and_shows_nothing_else() -> None:
    script, state = at_question("check-in", 2)
    asked = prompt(script, state, silent=True)
    assert (asked.asks, asked.kind) == ("carry_on", "carry_on")
    assert script.words["en"].ask[state.step] not in asked.text


def test_every_question_has_a_prompt_with_its_options() -> None:
    for script in SCRIPTS.values():
        for step in script.steps:
            shown = prompt(script, State(script.name, script.version, "en", step=step.id, awaiting="answer"))
            assert (shown.asks, [option.code for option in shown.options]) == (step.id, list(step.options))
            assert 0 < shown.number <= shown.total


def test_asides_have_words_in_every_language() -> None:
    for shared in load_words().values():
        assert all(shared.line(key) for key in ASIDES.values())


@pytest.mark.parametrize("awaiting", ["expired", "opening", "answer", "carry_on", "rest", "reach", "safe", "delete"])
@pytest.mark.parametrize("ending", ["", "stopped", "finished"])
@pytest.mark.parametrize("alert_open", [False, True])
def test_whatever_the_network_takes_for_start_lifts_their_stop(awaiting: str, ending: str, alert_open: bool) -> None:
    script, state = begin()
    state = replace(state, awaiting=awaiting, ending=ending, step=script.steps[0].id if awaiting == "answer" else "")
    facts = Facts(alert_open=alert_open)
    for text in ("YES", "UNSTOP", "start"):
        turn = engine.step(script, state, RedactedText(text), Assessment(), replace(facts, opted_in=True))
        assert (turn.opt, turn.cannot_be_texted) == ("start", False)
        assert turn.state.ending != "stopped"
    assert engine.step(script, state, RedactedText("YES"), Assessment(), facts).opt == ""


@pytest.mark.parametrize(("channel", "ending", "cut_off"), [
    ("sms", "stopped", True),
    ("sms", "finished", False),
    ("sms", "", False),
    ("web", "stopped", False),
])  # fmt: skip
def test_a_stop_of_before_still_means_that_they_cannot_be_texted(channel: str, ending: str, cut_off: bool) -> None:
    script, state = begin(channel=channel)
    worry = Assessment(level=Level.CONCERN)
    turn = engine.step(script, replace(state, ending=ending), RedactedText("he hits me"), worry, Facts())
    assert (turn.alert, turn.cannot_be_texted) == (True, cut_off)
