"""What the screen must hear, what it must let pass, and what it says when it cannot tell."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.safeguards import triage
from bot.safeguards.triage import lexicon as lexicons
from bot.safeguards.triage.matching import level_of
from bot.safeguards.triage.patterns import PatternError
from bot.safeguards.triage.screen import rules_heard
from bot.safeguards.triage.wording import normalised, tokens
from conversations.values import Level

LEXICON = lexicons.load()

IMMEDIATE = """
hes got a knife and hes outside my room
my stepdad is strangling my mum
he is hitting me right now
im going to kill myself tonight
i took all my grans pills
i swallowed a whole packet of paracetamol
ive cut too deep and it wont stop
by the time you see this i wont be here
i wrote my goodbye letters
i tried to hang myself last night
im on the bridge and im going to jump
pls help me hes coming
im hiding in the cupboard from my dad
they wont let me leave
i ran away and i have nowhere to sleep
hes going to kill me tonight
my mum wont wake up
my pal took too many pills
he says hell send my nudes to everyone if i tell
HES HITTING ME RIGHT NOW
he strangled me the now lol
"""

CONCERN = """
my dad hits me
mum slapped me across the face
she keeps punching me when shes drunk
ma da skelps us
he leathers me if i talk back
my uncle kicks me
my brother gets battered by my dad
he puts his hands on me
foster carer grabs my arm hard when she is angry and hurts me
stop him hurting me
stop hitting me pls
make it stop
help me
999
pls help
someone help me please
i dont feel safe
im not safe here
i am in danger
i want to die
i dont want to be here anymore
ah dinnae want tae live
whats the point of living
everyone would be better off without me
i wish i was never born
i keep thinking about suicide
im not suicidal but i want to die
i cut myself
ive started cutting again
i burn my arms with a lighter
i want to hurt myself
k1ll mys3lf
i want to k i l l myself
he touched me
my uncle touches me at night
he makes me do things with his friends
he raped me
my cousin made me touch him
he watches me in the shower
he says its our secret
he wants nudes
a man online asks me to send pics of myself
they are sharing my nudes
older boys make me carry packages for them
he bought me a phone and now he says i owe him
he drives me to hotels to meet men
my boyfriend is 27
a guy i met online wants to meet me alone
they want me to marry my cousin
im being forced to get married
they took my passport
dad hits my mum
i hear them fighting and things get smashed
my da batters ma maw
mum has a black eye again
theres no food in the house
we have no heating and no food
mum left us alone all weekend
i only eat when im at school
nobody washes my clothes
my mum is always drunk
i make myself sick after i eat
i havent eaten for 4 days
i ran away last month
i am running away
slept in the park last night
mum threw me out the house
im scared of my dad
am feart tae go hame
scared to go home
i lock my door at night so he cant get in
he said he will kill me if i tell
im getting death threats
if i grass im dead
she says im worthless
they treat me like a dog
he wishes i was never born
i sniff gas with my pals
i drink every night to forget
i smoke weed every day to cope
my pal wants to kill herself
my friends dad hits her
they tell me to kill myself every day
he doesnt hit me but he threatens to kill me
he hits me lol
my da batters me haha
zabiję się
tata mnie bije
chcę umrzeć
أبي يضربني كل يوم
أريد أن أموت
тато б'є мене
не хочу жити
وہ مجھے مارتا ہے
میں مرنا چاہتی ہوں
tha e gam bhualadh
"""

WELLBEING_AT_LEAST = """
im not suicidal
he doesnt hit me
nobody hurts me
i dont self harm
i feel so lonely
i cry every night
they bully me at school
i hate my life
i hate it here
im so sad
nobody likes me
i miss my mum
im fed up with everything
i get panic attacks
to spotkanie było nudne i nikt mnie nie pytał o zdanie
зустріч була довга і нудна
كان الاجتماع طويلا جدا
la reunión fue muy larga y nadie me escuchó
"""

NO_ALARM = """
4
5
3/5
4 out of 5
yes
no
aye
naw
mibbe
dunno
ok
a lot
not at all
a wee bit
quite a lot
help
HELP
stop
STOP
skip
👍
❤️
😭😭😭
lol
meh
Tak
nie
nie wiem
لا
نعم
так
ні
ہاں
chan eil
they didnt listen
nobody asked me
my social worker is nice
it was boring
i hate meetings
i hated that meeting
kill me now lol this form is long
the meeting was shite
they talked over me
they cut me off every time i spoke
my worker explained it
i want to go to my hearing
i want to see my sister more
they moved me without telling me
i got to say what i wanted
my advocate helped me say what i wanted
someone to help me understand the words
could someone help me with the words
it would help me to have it in writing
i wish they listened
i wish i was asked
i wish i could live with my gran
i just want to be heard
i am done with meetings
im sick of all the meetings
the chair was dead nice
it was dead boring
my phone is dead
im dead lol
i nearly died laughing
i was dying of embarrassment
my feet are killing me
you are killing it
mum will kill me if im late
gran would kill me for saying that
dad hit the roof about my report card
hit me up later
it hit me that no one cares about meetings
we beat them 3 nil
he beat me at fifa
they smashed it
i cut the grass
i got my hair cut
i cut my finger cooking
got a bruise from rugby
he shot me 5 times in fortnite
we watched a film where the dad dies
i was murdered in among us lol
we were playing murder mystery on roblox
i would never run away
we ran away with the football
i went for a run
im starving whats for tea
i dont eat meat
i skipped lunch to go to the meeting
scared of spiders
scared of the dark
i was nervous before the hearing
my mum bought me a phone
my boyfriend is 15 same as me
my stepdad takes me fishing
my gran gave me a big cuddle
the film really touched me
keep in touch
i get in touch with my worker by text
my brother got to talk but not me
my mum and dad were at the meeting
my dad talked over me
mum works nights so gran watches us
the food at the meeting was rubbish
no food at the meeting
there should be snacks
shorter meetings please
they could ask me first
stop asking me
stop texting me
please stop sending these
i dont know what the plan is
no one told me about my rights
they made me go to the meeting
she made me feel welcome
he makes me laugh
she gets me to draw pictures
i like it when they ask me
i take my inhaler every day
i had a drink of juice
wee drink of irn bru
i play shooting games
shoot hoops after school
the goalie punched the ball
i slept in
i slept at my pals
i stayed at my grans
my worker picked me up in her car
we went to a hotel on holiday
my sister is getting married in june
my cousin is coming to visit
i have a secret santa present
we talked about my safety plan
i feel safe
yes i feel safe here
im safe thanks
no im ok
im fine
its fine
thats it
bye
thanks
cheers
hiya
who is this
is this private
can i have a copy
how long will it take
what does that mean
i said no and they listened
they gave me time to think
a letter came after
it was in big words
too many adults in the room
i wanted my pal there
the room was cold
it was too long
we had pizza
they forgot my birthday
i would like a new worker
my worker left
she is always late
he never phones back
they phone my mum not me
it was on zoom and the wifi died
the hearing got cancelled
i didnt know what was going on
"""

RULES_ALONE = """
theyd be happier if i wasnt here
hope i dont wake up tomorrow
wouldnt mind if a bus hit me
ive got the tablets all counted out on my bed
i get the belt when my report comes
told school i fell aff my bike but the bruises are fae him
he had his hands round ma neck
my stepda comes in my room when mums on nights
i said no and he carried on
does it still count if i froze
mums been away since thursday and im feeding the twins
the leccy ran out and theres no food
we hide in the cupboard when the plates start smashing
my bf checks my phone every night
she hasnt spoken to me for two weeks
they lock me in my room at the unit
two men wait in a car outside our unit for us girls
im holding a bag for them and i canny say no
a guy off snap wants to meet me
send 200 quid or everyone sees my pics
i carry a blade to school
they put petrol through our letterbox
a different couch every night
my da flung me oot
my nikah is in july and i never said yes
all girls get it done like my sisters
they held my head down the toilet
my pals dad batters her
a girl in my class cuts herself
the voices tell me what to do
im pregnant and nobody knows
i throw up after every meal
the needles are on the floor and my brother crawls
please send somebody now
boje sie ojczyma
тато ременем лупить мене
بيضربني بالحزام
abbu mujhe marte hain
tha e a' beantainn rium
"""

NO_DENIAL = """
nobody knows he hits me
nobody stops him hitting me
he never stops hitting me
mum doesnt care hes hitting me
i cant stop suicidal thoughts
im not suicidal but i want to die
i self harm no one knows
i dont self harm well not since monday
my worker asked if im ok but he hits me
he used to hit me but now my stepdad hits me and im fine
a boy in s1 batters me every day staff say its sorted
dad hits me at 9 every night im fine
"""

NO_FIGURE_OF_SPEECH = """
my dad hits me after training
he batters me if i lose at football
dad will batter me when he sees my report card
i cut myself on purpose
i get hit with a belt
failed my test and dad hit me
he choked me i cant breathe lol
no point in going on
its a secret between me and dad
help me get away from him
im dead meat if i tell
i tell school the bruises are from rugby
"""

DENIED_OR_PAST = """
i dont self harm
im not suicidal
nobody hits me
no one has ever touched me
im no gonna kill masel
self harm? naw
dad used to hit us but he went to jail years ago
i was hit when i was wee, it went to court, im safe now
nikt mnie nie bije
мене ніхто не б'є
"""

FIGURES_OF_SPEECH = """
mums gonna murder me when she sees this haircut
gonna kill my brother he ate my crisps
can somebody help me get a lift to the dentist
we did a talk on self harm in pse
my fortnite skin has scars all down the arms
county lines assembly again
the song goes i wanna die
dog grooming course
"""


def lines(table: str) -> list[str]:
    return [line for line in table.splitlines() if line]


@pytest.mark.parametrize("text", lines(IMMEDIATE))
def test_what_happens_now_is_told_at_once(text: str) -> None:
    assert triage.assess(text, LEXICON).level is Level.IMMEDIATE


@pytest.mark.parametrize("text", lines(CONCERN))
def test_harm_is_told_to_a_person(text: str) -> None:
    assert triage.assess(text, LEXICON).level >= Level.CONCERN


@pytest.mark.parametrize("text", lines(WELLBEING_AT_LEAST))
def test_worries_denials_and_languages_without_a_review_are_read_and_do_not_alarm(text: str) -> None:
    assert triage.assess(text, LEXICON).level is Level.WELLBEING


@pytest.mark.parametrize("text", lines(NO_ALARM))
def test_ordinary_answers_raise_no_alarm(text: str) -> None:
    found = triage.assess(text, LEXICON)
    assert (found.alerts, found.covered) == (False, True)


def heard_by_rules(text: str) -> tuple[Level, bool]:
    heard = rules_heard(tokens(normalised(text)), LEXICON)
    return max([*heard.levels.values(), Level.NONE]), heard.denied


@pytest.mark.parametrize("text", lines(RULES_ALONE + NO_DENIAL + NO_FIGURE_OF_SPEECH))
def test_the_rules_hear_it_without_the_model(text: str) -> None:
    assert heard_by_rules(text)[0] >= Level.CONCERN


@pytest.mark.parametrize("text", lines(DENIED_OR_PAST))
def test_what_is_denied_or_long_past_stays_with_the_worries(text: str) -> None:
    level, denied = heard_by_rules(text)
    assert level < Level.CONCERN
    assert denied or level is Level.WELLBEING


@pytest.mark.parametrize("text", lines(FIGURES_OF_SPEECH))
def test_a_figure_of_speech_alarms_no_rule(text: str) -> None:
    assert heard_by_rules(text)[0] < Level.CONCERN


@pytest.mark.parametrize("text", lines(IMMEDIATE + CONCERN + NO_ALARM + RULES_ALONE + DENIED_OR_PAST)[::4])
def test_no_rule_that_would_be_found_is_passed_over(text: str) -> None:
    words = tokens(normalised(text))
    window = LEXICON.window(words)
    every = {rule.id: level_of(rule, rule.patterns, window) for rule in LEXICON.rules}
    assert rules_heard(words, LEXICON).levels == {name: level for name, level in every.items() if level}


SPELT = """
reviewed = true
common = ["soo", "cat1"]
[[rules]]
id = "a"
category = "x"
level = "concern"
patterns = ["so|cool|suicid*|good_night|book"]
"""


@pytest.mark.parametrize(("text", "heard"), [
    ("so", True), ("s0", True), ("sooo", False), ("soo", False), ("cool", True), ("coool", True), ("c00l", True),
    ("col", False), ("suicide", True), ("5uicide", True), ("suiciiiidal", True), ("suici", False), ("boooook", True),
    ("good night", True), ("goood n1ght", True), ("night good", False), ("good. night", False), ("cat1", False),
])  # fmt: skip
def test_the_first_spelling_that_is_known_counts(text: str, heard: bool) -> None:
    small = lexicons.read({"en": [SPELT]})
    assert bool(rules_heard(tokens(normalised(text)), small).levels) is heard


def test_every_rule_hears_its_own_examples() -> None:
    assert lexicons.verify(LEXICON) == ()


def test_a_rule_that_no_longer_hears_its_example_is_named() -> None:
    broken = lexicons.read(
        {"en": ['[[rules]]\nid="a"\ncategory="x"\nlevel="concern"\npatterns=["cat"]\nmatches=["dog"]']}
    )
    assert lexicons.verify(broken) == ("a: must match 'dog'",)


def test_a_rule_that_hears_too_much_is_named() -> None:
    text = (
        '[[rules]]\nid="a"\ncategory="x"\nlevel="concern"\npatterns=["cat"]\nmatches=["cat"]\nmust_not_match=["a cat"]'
    )
    assert lexicons.verify(lexicons.read({"en": [text]})) == ("a: must not match 'a cat'",)


@pytest.mark.parametrize(
    "pattern",
    ["{nobody_knows_this_class}", "~2", "quiet?"],
    ids=["unknown class", "only a gap", "only what may be left out"],
)
def test_a_pattern_that_says_nothing_is_refused(pattern: str) -> None:
    with pytest.raises(PatternError):
        lexicons.read({"en": [f'[[rules]]\nid="a"\ncategory="x"\nlevel="concern"\npatterns=["{pattern}"]']})


def test_the_version_changes_with_the_words() -> None:
    assert lexicons.read({"en": ["reviewed = true"]}).version != lexicons.read({"en": ["reviewed = false"]}).version


@pytest.mark.parametrize("lexicon", [None, lexicons.read({})], ids=["no lexicon", "an empty one"])
def test_without_rules_a_person_looks(lexicon: lexicons.Lexicon | None) -> None:
    found = triage.assess("my social worker is nice", lexicon)
    assert (found.assessed, found.handled_as) == (False, Level.CONCERN)
    assert found.reasons[0].startswith("not-assessed:")


@pytest.mark.parametrize("text", ["", " ", "\n\t", "\u200b\u200d", "\u202e"])
def test_a_blank_text_is_looked_at_by_a_person(text: str) -> None:
    found = triage.assess(text, LEXICON)
    assert (found.assessed, found.reasons) == (False, ("blank",))


def test_a_picture_is_looked_at_by_a_person() -> None:
    assert (triage.assess_media().alerts, triage.assess_media().reasons) == (True, ("media",))


def test_a_fault_inside_is_handled_as_concern() -> None:
    found = triage.assess(None, LEXICON)  # type: ignore[arg-type]
    assert (found.assessed, found.alerts) == (False, True)


@pytest.mark.parametrize(
    "text",
    [
        "ｍｙ ｄａｄ ｈｉｔｓ ｍｅ",
        "my d\u200bad hi\u200bts me",
        "my dad hitssss meeee",
        "my dad h1ts me",
        "MY DAD HITS ME!!!",
        "my\u202e dad hits me",
    ],
)
def test_disguises_are_seen_through(text: str) -> None:
    assert triage.assess(text, LEXICON).level >= Level.CONCERN


@pytest.mark.parametrize("place", [0, 1_700, 1_990, 2_000, 5_000, 15_000])
def test_a_long_text_hides_nothing(place: int) -> None:
    padding = "we talked about the plan for school and it was fine. " * 400
    text = padding[:place] + " my dad hits me. " + padding[place:18_000]
    assert triage.assess(text, LEXICON).handled_as >= Level.CONCERN


@pytest.mark.parametrize(
    "unit",
    [
        "a",
        "he ",
        "kill me ",
        "i want to die ",
        "h i ",
        ". ",
        "a1@$*",
        "\u0301e",
        "my dad hits my mum with a knife if i tell ",
    ],
)
def test_twenty_thousand_hostile_characters_stay_within_bounds(unit: str) -> None:
    text = (unit * 20_000)[:20_000]
    started = time.thread_time()
    found = triage.assess(text, LEXICON)
    assert time.thread_time() - started < 0.25
    assert found.assessed or found.alerts


def test_what_was_found_before_time_ran_out_is_kept() -> None:
    found = triage.assess("i want to die and my dad hits me with a stick " * 430, LEXICON)
    assert found.alerts


@pytest.mark.parametrize(
    ("line", "level", "assessed"),
    [
        ({"text": "my dad hits me", "id": 7}, "concern", True),
        ({"text": "4"}, "none", True),
        ({"text": 4}, "none", False),
        ({"words": "hello"}, "none", False),
        ({}, "none", False),
    ],
)
def test_the_filter_answers_each_line(line: dict[str, object], level: str, assessed: bool) -> None:
    answer = triage.triage_filter(line, LEXICON)
    assert (answer["level"], answer["assessed"]) == (level, assessed)
    json.dumps(answer)


def test_the_filter_keeps_what_came_in() -> None:
    assert triage.triage_filter({"text": "4", "id": 7}, LEXICON)["id"] == 7


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=400))
def test_nothing_that_can_be_typed_breaks_the_screen(text: str) -> None:
    found = triage.assess(text, LEXICON)
    assert not any(reason.startswith("not-assessed:") for reason in found.reasons)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(lines(NO_ALARM) + lines(CONCERN)))
def test_the_same_text_is_always_judged_alike(text: str) -> None:
    assert triage.assess(text, LEXICON) == triage.assess(text, LEXICON)
