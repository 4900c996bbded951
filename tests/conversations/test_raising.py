"""What a text means because of what came before it: raised, never lowered, with the reason; and what must stay."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversations import engine, raising
from conversations.asking import prompt, support_options
from conversations.script import load_all, load_words
from conversations.store import state_of, stored
from conversations.values import Assessment, Facts, Level, RedactedText, State

SCRIPT = load_all()["check-in"]
NONE, SAD = Assessment(), Assessment(Level.WELLBEING, reasons=("a-rule",))
FOREIGN = Assessment(Level.WELLBEING, covered=False, reasons=("not-covered",))
BEGUN = State("check-in", "v", "en", step="listened", awaiting="answer")
HINTED = replace(BEGUN, hint="worry")
ASKED = replace(HINTED, awaiting="safe")


def raised(state: State, text: str, found: Assessment = NONE, facts: Facts | None = None) -> tuple[str, str]:
    """The level in context and the reason that was added."""
    after = raising.in_context(found, state, text, facts or Facts())
    assert after.reasons[: len(found.reasons)] == found.reasons
    return after.level.word, " ".join(after.reasons[len(found.reasons) :])


TAKEN_BACK = [
    "forget it", "Forget it.", "forget i said that", "forget i said anything pls", "just forget it lol", "4get it",
    "forget about it", "och forget it", "forget what i said", "forget me", "pls forget i texted",
    "nvm", "nevermind", "never mind", "Never mind that", "nvr mind", "nvm lol", "ok nvm",
    "doesnt matter", "it doesn't matter", "it doesn\u2019t matter anyway", "disnae matter", "it doesny matter",
    "dosnt matter", "doesnt even matter", "its nothing", "it was nothing", "sorry its nothing",
    "dont tell anyone", "don't tell anyone", "pls dont tell any1", "dnt tell no1", "dinnae tell anybody",
    "dinny tell ma maw", "please dont tell my mum i said", "dont tell my social worker", "you cant tell anyone",
    "dont say anything", "never tell anyone", "but dont tell anyone ok", "keep this a secret", "between you and me",
    "im only joking", "I'm only joking!", "only joking", "just kidding", "im jist kiddin", "jk", "jks", "lol jk",
    "joke", "i was joking", "im lying", "it was a joke", "was only messing", "ah wis jist kiddin",
    "ignore that", "ignore me", "scrap that", "delete that", "i didnt mean it", "i never mean it",
    "i take it back", "i made it up", "i shouldnt have said that", "pretend i didnt say that", "dw",
    "dont worry about it", "haha dw about it", "nvm forget it", "its nothing dw", "jk nvm sorry",
]  # fmt: skip
NOT_TAKEN_BACK = [
    "dont forget", "dont forget it", "dont forget me", "i forgot", "i forgot my bag", "i always forget it", "4",
    "they forget it when i tell them", "my mum forgets", "forget", "unforgettable",
    "nothing", "nothing changed", "no one told me anything", "my worker doesnt mind", "what i say does not count",
    "he is always joking about", "they were joking with us", "my dad tells jokes",
    "the match was a joke to watch for us",
    "it matters to me", "what matters", "they dont tell me anything", "dont know", "i dont know what to tell them",
    "tell my mum i said hi", "you can tell anyone", "delete my account", "dont worry so much they say",
    "i will tell anyone",
    "keep it up", "never", "ignore the noise at school",
]  # fmt: skip


@pytest.mark.parametrize("text", TAKEN_BACK)
def test_taking_it_back_after_a_hint_is_a_concern(text: str) -> None:
    assert raised(HINTED, text) == ("concern", "context:taken-back")
    assert raised(replace(BEGUN, hint="unread"), text) == ("concern", "context:taken-back")
    assert raised(BEGUN, text) == ("none", "")


@pytest.mark.parametrize("text", NOT_TAKEN_BACK)
def test_words_that_look_like_it_take_nothing_back(text: str) -> None:
    assert raised(HINTED, text) == ("none", "")


@pytest.mark.parametrize("text", [
    "help", "HELP!", "help me", "pls help", "help pls", "Help me please", "please help me", "can someone help me",
    "i need help", "sos", "need help", "i need some help", "pomocy", "cuideachadh", "مساعدة",
])  # fmt: skip
def test_a_bare_call_for_help_is_at_least_wellbeing(text: str) -> None:
    assert raised(BEGUN, text) == ("wellbeing", "context:help-alone")
    assert raised(HINTED, text) == ("wellbeing", "context:help-alone")


@pytest.mark.parametrize("text", [
    "info", "my worker helps me", "help with maths", "no help", "they help me", "helpful", "did not help",
    "who can help", "skip", "more help at school",
])  # fmt: skip
def test_help_among_other_words_is_not_a_call(text: str) -> None:
    assert raised(BEGUN, text) == ("none", "")


@pytest.mark.parametrize("text", [
    "999", "999!", " 999 ", "call 999", "Call 999 please", "ring 999 now", "phone the police", "need police",
    "nine nine nine", "Nine nine nine!", "nine nine nine please", "call nine nine nine", "ring nine nine nine now",
    "999 999", "9 9 9", "999 now", "triple nine",
    "i need the police", "need the polis", "get the polis pls", "need an ambulance", "send police", "please call 999",
    "can you call the police", "someone call an ambulance",
])  # fmt: skip
def test_nothing_but_an_emergency_is_immediate(text: str) -> None:
    assert raised(BEGUN, text) == ("immediate", "context:999")
    concern = Assessment(Level.CONCERN, reasons=("a-rule",))
    assert raised(BEGUN, text, concern) == ("immediate", "context:999")


@pytest.mark.parametrize("text", [
    "99", "1999", "9", "i called 999 last year", "police", "the police were nice", "dont call the police", "999 times",
    "the police came to school", "who would call 999", "nine", "nine nine", "nine of us were there", "9 9",
    "we called nine nine nine last year", "999 high street",
])  # fmt: skip
def test_other_numbers_and_stories_are_no_emergency(text: str) -> None:
    assert raised(BEGUN, text) == ("none", "")


# --- in a row ---


def test_two_worries_in_a_row_are_a_concern() -> None:
    assert raised(HINTED, "i cry", SAD) == ("concern", "context:second-worry")


@pytest.mark.parametrize(
    ("state", "found"),
    [
        (BEGUN, SAD),
        (HINTED, NONE),
        (HINTED, FOREIGN),
        (replace(BEGUN, hint="unread"), SAD),
        (replace(BEGUN, hint="unread"), FOREIGN),
    ],
)
def test_one_worry_or_a_language_that_we_cannot_read_is_not_two(state: State, found: Assessment) -> None:
    assert raised(state, "i cry", found) == (found.level.word, "")


def test_a_rule_of_a_language_not_reviewed_counts_as_read() -> None:
    polish = replace(FOREIGN, reasons=("pl-rule", "not-covered"))
    assert raised(HINTED, "placze", polish) == ("concern", "context:second-worry")


def test_while_a_duty_worker_has_it_a_second_worry_needs_no_alarm_of_its_own() -> None:
    assert raised(HINTED, "i cry", SAD, Facts(alert_open=True)) == ("wellbeing", "")


@pytest.mark.parametrize(
    ("state", "text", "found", "hint"),
    [
        (BEGUN, "im sad", SAD, "worry"),
        (BEGUN, "help", replace(SAD, reasons=("context:help-alone",)), "worry"),
        (BEGUN, "smutno", FOREIGN, "unread"),
        (BEGUN, "", Assessment(assessed=False), "worry"),
        (HINTED, "my dog is nice", NONE, ""),
        (HINTED, "skip", NONE, "worry"),
        (HINTED, "polski", NONE, "worry"),
        (ASKED, "1", NONE, "worry"),
        (replace(HINTED, awaiting="carry_on"), "yes", NONE, "worry"),
    ],
)
def test_a_hint_lasts_until_the_next_text_of_their_own(state: State, text: str, found: Assessment, hint: str) -> None:
    assert raising.hint_after(found, state, text) == hint
    turn = engine.step(SCRIPT, replace(state, version=SCRIPT.version), RedactedText(text), found, Facts())
    assert turn.state.hint == hint


# --- stopping ---


@pytest.mark.parametrize("text", ["stop", "STOP", "Stop.", "stopall", "koniec", "توقف"])
def test_stopping_weighs_what_stood_before_it(text: str) -> None:
    assert raised(BEGUN, text) == ("none", "")
    assert raised(HINTED, text) == ("wellbeing", "context:stopped")
    assert raised(ASKED, text) == ("concern", "context:stopped")


@pytest.mark.parametrize("text", ["stop it", "please stop", "skip", "back", "delete"])
def test_other_words_are_no_stop(text: str) -> None:
    assert raised(HINTED, text) == ("none", "")


# --- are you safe right now? ---


ANSWERS = {
    "safe": [
        "1", "1.", "one", "im safe", "I am safe", "yes", "yeah", "aye", "yes im safe", "safe", "option 1", "y", "1 lol",
        "1 thank you", "yes thanks x", "im safe now", "I'm safe thank you", "yeah im ok", "yes im fine", "we are safe",
        "im safe i just feel sad", "yes i am", "1 :)", "im safe at home",
    ],
    "not_safe": [
        "2", "2!", "two", "not safe", "im not safe", "I'm not safe", "i dont feel safe", "no", "nah", "naw", "nope",
        "no im not", "2 he is here", "2 and 3", "1 and 2", "im no safe", "i never feel safe", "unsafe", "number 2",
        "im not", "I'm not", "I am not", "im not really", "am no", "ahm nae", "nup", "nut", "nae", "not", "not really",
        "not rly", "yeah no", "aye naw", "i dont feel it", "in danger", "n", "nooo", "12", "no he is here",
        "nie jestem", "nie czuje sie tu bezpiecznie", "chan eil mi sabhailte", "أنا لست", "не в безпеці",
    ],
    "talk": ["3", "3 please", "three", "someone to talk to", "i want someone to talk to me", "1 and 3"],
    "unsure": [
        "idk", "not sure", "dont know", "i dont know", "im not sure", "maybe", "mibbe", "kinda", "yeah kinda",
        "sort of", "for now", "1 for now", "im safe for now", "a bit", "a wee bit", "i guess", "yh i guess",
        "1 i think",
        "i think so", "probably", "mostly", "safe ish", "safe?", "1?", "yes but he is coming", "1. no", "no im safe",
        "1 but only til he gets home", "1 but he is back", "im safe but he is here", "im scared", "aye the noo",
        "aye right", "yes im at home", "chyba tak", "na razie tak", "نوعا ما",
    ],
}  # fmt: skip
RAISES = {
    "safe": ("none", ""),
    "not_safe": ("immediate", "context:not-safe"),
    "talk": ("concern", "context:asked-for-someone"),
    "unsure": ("concern", "context:not-sure-safe"),
}


@pytest.mark.parametrize(("code", "text"), [(code, text) for code, texts in ANSWERS.items() for text in texts])
def test_each_answer_to_the_supportive_question_is_heard(code: str, text: str) -> None:
    assert raised(ASKED, text) == RAISES[code]
    assert raising.says_safe(ASKED, text, Facts()) == (code == "safe")
    assert raised(replace(ASKED, awaiting="carry_on"), text) == ("none", "")


BESIDE = [
    "hiya", "hello?", "hey", "", "?", "...", "4", "7", "what", "What?", "wdym", "what do you mean", "what is this for",
    "who is this", "who are you", "who r u", "whos this", "why", "why do you ask", "why are you asking me that", "ok",
    "k", "thanks", "ty x", "im fine", "im ok thanks", "lol", "haha", "can i stop", "can i stop now", "do i have to",
    "i dont understand", "dont get it", "is this a bot", "are you a real person", "anyone there", "sorry",
    "wrong number", "next question", "checkin", "CHECKIN-north", "meeting", "kto to", "nie rozumiem", "carson",
    "لا أفهم",
]  # fmt: skip
NOT_BESIDE = [
    "nobody", "leave me alone", "stop it", "he is here", "who told you", "why does he do it",
    "i want to stop being here", "ok but he is coming", "not ok", "im fine when hes out", "hello he is here",
    "what about him", "no one is here", "my dads home", "its my birthday on monday", "44 main street", "😭",
    "thanks for nothing",
]  # fmt: skip


@pytest.mark.parametrize("text", BESIDE)
def test_who_only_asks_what_this_is_has_said_nothing_yet(text: str) -> None:
    assert raised(ASKED, text) == ("none", "")
    assert raising.is_beside(ASKED, text, Facts())
    assert not raising.answers_safe(ASKED, text, Facts())


@pytest.mark.parametrize("text", NOT_BESIDE)
def test_whatever_else_is_said_is_not_a_yes(text: str) -> None:
    assert raised(ASKED, text)[0] == "concern"
    assert not raising.is_beside(ASKED, text, Facts())
    assert not raising.answers_safe(ASKED, text, Facts())


@pytest.mark.parametrize("text", ["skip", "back", "delete", "polski", "start"])
def test_a_control_word_is_neither(text: str) -> None:
    assert raised(ASKED, text) == ("none", "")
    assert not raising.is_beside(ASKED, text, Facts())


@pytest.mark.parametrize(
    "facts",
    [
        Facts(before_safe=True),
        Facts(early=True, before_safe=True),
        Facts(asked="listened"),
        Facts(asked="listened", early=True),
        Facts(asked="carry_on"),
    ],
)
def test_what_was_sent_to_another_question_does_not_answer_this_one(facts: Facts) -> None:
    assert raised(ASKED, "2", facts=facts) == ("none", "")
    assert raised(ASKED, "im not safe", facts=facts) == ("none", "")


STANDS = replace(HINTED, safe_stands=True)


@pytest.mark.parametrize(
    ("state", "facts"),
    [
        (ASKED, Facts(asked="safe")),
        (ASKED, Facts(early=True)),
        (ASKED, Facts(silent=True)),
        (replace(STANDS, awaiting="rest"), Facts(alert_open=True)),
        (replace(STANDS, awaiting="rest"), Facts(alert_open=True, asked="rest")),
        (replace(STANDS, awaiting="carry_on"), Facts(early=True)),
        (replace(STANDS, awaiting="reach"), Facts(early=True)),
        (replace(STANDS, awaiting="expired", step=""), Facts()),
        (BEGUN, Facts(asked="safe")),
        (replace(BEGUN, awaiting="rest"), Facts(asked="safe", early=True, alert_open=True)),
    ],
)
def test_it_is_answered_as_long_as_it_stands(state: State, facts: Facts) -> None:
    assert raised(state, "2", facts=facts) == ("immediate", "context:not-safe")
    assert raised(state, "no", facts=facts) == ("immediate", "context:not-safe")
    assert raised(state, "3", facts=facts) == ("concern", "context:asked-for-someone")
    assert raised(state, "1", facts=facts) == ("none", "")
    assert raising.says_safe(state, "1", facts)


@pytest.mark.parametrize("awaiting", ["answer", "carry_on", "reach", "times", "delete", "opening"])
def test_a_newer_question_of_ours_gets_the_bare_answers_and_plain_words_still_count(awaiting: str) -> None:
    state = replace(STANDS, awaiting=awaiting)
    for text in ("2", "no", "3", "kinda", "4", "he is here"):
        assert raised(state, text, facts=Facts(alert_open=awaiting in ("reach", "times"))) == ("none", "")
    assert raised(state, "im not safe") == ("immediate", "context:not-safe")


@pytest.mark.parametrize("text", ["hi", "yes i want to start", "i think you should do more clubs", "checkin", "4"])
def test_what_is_said_days_later_is_no_doubt_about_being_safe(text: str) -> None:
    assert raised(replace(STANDS, awaiting="expired", step=""), text) == ("none", "")


def test_once_answered_it_is_over() -> None:
    state = replace(ASKED, version=SCRIPT.version, safe_stands=True, safe_asked_at="2026-06-03T12:00:00+00:00")
    for text in ("1", "2", "3", "kinda"):
        found = raising.in_context(NONE, state, text, Facts())
        after = engine.step(SCRIPT, state, RedactedText(text), found, Facts()).state
        assert (after.safe_stands, after.safe_asked_at) == (False, "")
        assert raised(after, "2") == ("none", "")
    for text in ("hello?", "he is here", "back", "skip"):
        found = raising.in_context(NONE, state, text, Facts())
        assert engine.step(SCRIPT, state, RedactedText(text), found, Facts()).state.safe_stands


def test_it_is_asked_once_more_in_plainer_words() -> None:
    state = replace(ASKED, version=SCRIPT.version, safe_stands=True)
    again = engine.step(SCRIPT, state, RedactedText("who is this"), NONE, Facts())
    assert again.say == (SCRIPT.words["en"].line("support.again"),)
    assert again.state.awaiting == "safe"
    assert raised(again.state, "2") == ("immediate", "context:not-safe")
    assert engine.step(SCRIPT, again.state, RedactedText("what?"), NONE, Facts()).state.awaiting == "carry_on"


@pytest.mark.parametrize("language", sorted(load_words()))
def test_the_question_is_understood_in_every_language(language: str) -> None:
    state = replace(ASKED, language=language)
    for option in support_options(language):
        assert raised(state, option.label) == RAISES[option.code], option
    for number, code in enumerate(("safe", "not_safe", "talk"), 1):
        assert raised(state, str(number)) == RAISES[code]
        assert f"{number}" in load_words()[language].line("support.ask")


@pytest.mark.parametrize(
    ("found", "due"),
    [
        (SAD, True),
        (NONE, False),
        (FOREIGN, False),
        (replace(FOREIGN, reasons=("not-covered", "context:help-alone")), True),
        (Assessment(Level.CONCERN), False),
        (replace(SAD, assessed=False), False),
    ],
)
def test_the_question_is_due_for_a_worry_that_we_could_read(found: Assessment, due: bool) -> None:
    assert raising.supports(found) == due
    turn = engine.step(SCRIPT, replace(BEGUN, version=SCRIPT.version), RedactedText("x y z"), found, Facts())
    assert (turn.state.awaiting == "safe") == due


def test_the_question_is_asked_once_a_conversation() -> None:
    state = replace(BEGUN, version=SCRIPT.version)
    first = engine.step(SCRIPT, state, RedactedText("sad text here"), SAD, Facts(read_by="on Monday"))
    assert "on Monday" in first.say[0]
    again = engine.step(SCRIPT, replace(first.state, awaiting="answer"), RedactedText("sad again"), SAD, Facts())
    assert again.state.awaiting == "answer"
    assert "Thanks for being honest." in again.say[0]


def test_on_a_page_it_has_three_buttons_and_nothing_of_it_shows_after_a_silence() -> None:
    asked = prompt(SCRIPT, ASKED)
    assert (asked.kind, [option.code for option in asked.options]) == ("safe", ["safe", "not_safe", "talk"])
    assert prompt(SCRIPT, ASKED, silent=True).kind == "carry_on"
    ended = replace(ASKED, ending="finished")
    assert (prompt(SCRIPT, ended).kind, prompt(SCRIPT, ended, silent=True).kind) == ("safe", "none")


@pytest.mark.parametrize(
    ("awaiting", "alert_open", "silent", "kind"),
    [
        ("rest", True, False, "rest"),
        ("rest", True, True, "carry_on"),
        ("rest", False, False, "carry_on"),
        ("answer", True, False, "rest"),
        ("safe", True, False, "rest"),
        ("delete", True, False, "delete"),
        ("answer", False, False, "scale5"),
    ],
)
def test_a_page_rests_while_an_alert_is_open_whoever_raised_it(
    awaiting: str, alert_open: bool, silent: bool, kind: str
) -> None:
    assert prompt(SCRIPT, replace(BEGUN, awaiting=awaiting), silent, alert_open).kind == kind


# --- for all ---


@given(
    st.sampled_from([*TAKEN_BACK, *NOT_TAKEN_BACK, "help", "999", "stop", "1", "2", "3"]) | st.text(max_size=40),
    st.sampled_from(list(Level)),
    st.booleans(),
    st.sampled_from(["answer", "safe", "carry_on", "rest", "reach", "delete", "opening"]),
    st.sampled_from(["", "worry", "unread"]),
)
def test_nothing_is_ever_lowered(text: str, level: Level, assessed: bool, awaiting: str, hint: str) -> None:
    found = Assessment(level, assessed, reasons=("r",), version="v")
    state = replace(BEGUN, awaiting=awaiting, hint=hint)
    after = raising.in_context(found, state, text, Facts())
    assert after.level >= found.level
    assert (after.assessed, after.covered, after.version) == (found.assessed, found.covered, found.version)
    assert (after == found) == (after.level == found.level)


def test_states_of_before_still_load() -> None:
    old = stored(BEGUN)
    for name in ("hint", "unread", "reach_ok", "safe_stands", "safe_asked_at"):
        del old[name]
    assert state_of(old) == BEGUN


def test_hostile_texts_take_no_time() -> None:
    for text in ("no " * 7000, "dont tell " * 2000, "forget it i said " * 1000, "not really " * 2000, "help " * 4000):
        began = time.thread_time()
        raising.in_context(NONE, ASKED, text[:1600], Facts())
        assert time.thread_time() - began < 0.2, text[:20]
