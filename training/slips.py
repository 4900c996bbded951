"""The same words as another thumb would have typed them: spelt by sound, in Scots, with letters lost or swapped."""

from __future__ import annotations

import random
import re

SOUNDS = (
    (r"ing\b", "in"), (r"th", "f"), (r"ght", "t"), (r"ea", "ee"), (r"ee", "ea"), (r"ou", "oo"), (r"wh", "w"),
    (r"ck", "k"), (r"c", "k"), (r"er\b", "a"), (r"tion", "shun"), (r"le\b", "el"), (r"ai", "a"), (r"you", "u"),
    (r"are\b", "r"), (r"to\b", "2"), (r"for\b", "4"), (r"ight", "ite"), (r"what", "wot"), (r"because", "cos"),
    (r"my\b", "ma"), (r"not\b", "no"), (r"n't\b", "nae"), (r"cant\b", "cannae"), (r"dont\b", "dinnae"), (r"out", "oot"),
    (r"house", "hoose"), (r"down", "doon"), (r"do\b", "dae"), (r"have", "hiv"), (r"was\b", "wis"), (r"and\b", "n"),
    (r"with\b", "wi"), (r"of\b", "ae"), (r"the\b", "tha"), (r"i", "e"), (r"e", "i"), (r"a", "u"),
)  # fmt: skip
BY_SOUND, SLIPPED, LOST = 0.18, 0.08, 0.03


def respelt(text: str, dice: random.Random) -> str:
    """The text with about a quarter of its words typed otherwise."""
    return " ".join(word for each in text.split() if (word := _word(each, dice))) or text


def _word(word: str, dice: random.Random) -> str:
    chosen = dice.random()
    if chosen < LOST:
        return ""
    if chosen < LOST + BY_SOUND:
        sound, spelt = dice.choice(SOUNDS)
        return re.sub(sound, spelt, word, count=1)
    if chosen < LOST + BY_SOUND + SLIPPED and len(word) > 3:
        place = dice.randrange(len(word) - 1)
        before, one, two, after = word[:place], word[place], word[place + 1], word[place + 2 :]
        return before + dice.choice((two, two + one, one + one + two)) + after
    return word
