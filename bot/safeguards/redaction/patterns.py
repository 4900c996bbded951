"""Finds the details that have a shape: numbers, addresses, links, dates of birth, handles and schools."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

_I = re.IGNORECASE
_DIGIT_WORD = r"(?:zero|oh|nought|one|two|three|four|five|six|seven|eight|nine|double|triple|treble|o|\d{1,5})"
_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|"
    r"nov(?:ember)?|dec(?:ember)?)"
)
_DAY = r"(?:0?[1-9]|[12]\d|3[01])(?:st|nd|rd|th)?"
_BIRTH_YEAR = r"(?:199[89]|20[01]\d)"
_BORN = r"(?:born|birthday|bday|b-day|birth|dob|d\.o\.b\.?)"
_STREET = (
    r"(?:street|st|road|rd|avenue|ave|av|crescent|cres|drive|dr|terrace|terr|court|crt|ct|gardens|gdns|place|pl|lane|ln|way|"
    r"wynd|brae|grove|gr|view|loan|quadrant|quad|row|close|square|sq|park|hill|walk|rise|mews|path|green)"
)
_SITES = (
    r"(?:com|co\.uk|org\.uk|org|net|gov\.uk|gov\.scot|scot|ac\.uk|sch\.uk|uk|io|tv|ly|info|app|example|edu|eu|gg|"
    r"link|site|online|xyz)"
)
_APPS = (
    r"(?:snap(?:chat)?|sc|insta(?:gram)?|ig|tik ?tok|tt|discord|disc|twitter|x|xbox(?: live)?|ps[45n]?|psn|"
    r"playstation|roblox|fortnite|epic|steam|twitch|youtube|kik|telegram|whatsapp|user ?name|usr|gamer ?tag|handle|"
    r"wattpad|bereal|facebook|fb)"
)

Ordinary = Callable[[str], bool]
Found = tuple[int, int, str]


@dataclass(frozen=True, slots=True)
class Shape:
    """A kind of detail, how it looks, and which group of the pattern is taken out."""

    kind: str
    pattern: re.Pattern[str]
    group: int = 0
    accepts: Callable[[re.Match[str], Ordinary], bool] = lambda match, ordinary: True


def _digits(least: int, most: int) -> Callable[[re.Match[str], Ordinary], bool]:
    return lambda match, ordinary: least <= sum(character.isdigit() for character in match.group()) <= most


def _is_plate(match: re.Match[str], ordinary: Ordinary) -> bool:
    """AB12 CDE; in small letters "im 14 and" must not be one."""
    return match.group().isupper() or not (ordinary(match[1]) and ordinary(match[2]))


def _is_handle(match: re.Match[str], ordinary: Ordinary) -> bool:
    """A name for an app: anything with a digit, a dot or an underscore in it, else a word that nobody uses."""
    word = match[1].strip("._")
    odd = any(not character.isalpha() for character in word)
    return len(word) > 2 and (odd and not word.isdigit() or not ordinary(word))


def _is_address(match: re.Match[str], ordinary: Ordinary) -> bool:
    """A number and a street; "5 people in the way" is neither."""
    words = re.findall(r"[^\W\d_]+", match[1])
    return (
        bool(words)
        and (not ordinary(words[-1]) or words[-1].lower() in _STREET_WORDS)
        and not _FILLING & {word.lower() for word in words}
    )


_STREET_WORDS = frozenset(
    re.split(
        r"\s+",
        """
high main station church school mill bridge hill park victoria queen king queens kings castle north south east west
green bank wood shore union princes loch glebe manse bath spring field long old new back market harbour river sea view
""".strip(),
    )
)
_FILLING = frozenset(
    re.split(
        r"\s+",
        """
the a an in on of my his her our their and or to for at from with minutes minute mins min hours hours times people days
weeks months years year old miles mile am pm is was i we they it half more less out per this that
""".strip(),
    )
)

SHAPES: tuple[Shape, ...] = (
    Shape("email", re.compile(r"(?<![\w.+-])[\w.+'-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}", _I)),
    Shape(
        "email",
        re.compile(
            r"(?<![\w.+-])[\w.+-]{1,64} ?(?:@|\bat\b) ?"
            r"(?:gmail|hotmail|outlook|icloud|yahoo|live|googlemail|btinternet|sky)"
            r"(?: ?(?:\.|dot) ?(?:com|co ?(?:\.|dot) ?uk|net))?(?!\w)",
            _I,
        ),
    ),
    Shape("link", re.compile(r"(?:https?://|www\.)\S{1,400}", _I)),
    Shape(
        "link",
        re.compile(rf"(?<![\w@.])[\w-]{{1,63}}(?:\.[\w-]{{1,63}}){{0,4}}\.{_SITES}(?![\w])(?:/\S{{0,300}})?", _I),
    ),
    Shape("handle", re.compile(r"(?<![\w@])@ ?\w[\w.]{1,38}\w|(?<![\w@])@\w{2}", _I)),
    Shape(
        "number",
        re.compile(r"(?<![\w+])(?:0[1-9]|[12]\d|3[01])(?:0[1-9]|1[0-2])\d{2}[ -]?\d{4}(?!\w)|(?<=chi )\d{6,10}", _I),
    ),
    Shape("number", re.compile(r"(?<!\w)[a-z]{2} ?-?\d{2} ?-?\d{2} ?-?\d{2} ?-?[a-d](?!\w)", _I)),
    Shape(
        "date of birth", re.compile(rf"(?<![\w/])\d{{1,2}} ?[/.\-] ?\d{{1,2}} ?[/.\-] ?(?:{_BIRTH_YEAR}|\d\d)(?![\w/])")
    ),
    Shape("date of birth", re.compile(rf"(?<!\w){_BIRTH_YEAR}-[01]\d-[0-3]\d(?!\w)")),
    Shape(
        "date of birth",
        re.compile(rf"(?<!\w)(?:{_DAY}(?: of)? ?{_MONTH}|{_MONTH} ?{_DAY}),? ?(?:{_BIRTH_YEAR}|'?[01]\d)(?!\w)", _I),
    ),
    Shape(
        "date of birth",
        re.compile(
            rf"{_BORN}(?: date)?(?: is| was| on| the| in|:|'s){{0,3}} ((?:the )?"
            rf"(?:{_DAY}(?: of)? ?{_MONTH}|{_MONTH}(?: the)? ?{_DAY}|"
            rf"\d{{1,2}} ?[/.\-] ?\d{{1,2}}|{_BIRTH_YEAR}|\d{{6}})(?: ?(?:19|20)\d\d)?)(?!\w)",
            _I,
        ),
        1,
    ),
    Shape("phone", re.compile(r"(?<![\w+])(?:\+|00)?\(?\d(?:[ ().\-]{0,2}\d){9,14}(?!\w)"), 0, _digits(10, 15)),
    Shape("phone", re.compile(rf"(?<!\w){_DIGIT_WORD}(?:[ ,\-]{{1,2}}{_DIGIT_WORD}){{6,16}}(?!\w)", _I)),
    Shape("number", re.compile(r"(?<![\w+])(?!0800 ?1111(?!\d)|116 ?123(?!\d))\d(?:[ \-]?\d){5,18}(?!\w)")),
    Shape(
        "postcode",
        re.compile(r"(?<!\w)[a-z]{1,2}\d[a-z\d]?(?: (?!\d(?:st|nd|rd|th|am|pm)\b))?\d ?[abd-hjlnp-uw-z]{2}(?!\w)", _I),
    ),
    Shape("postcode", re.compile(r"post ?code(?: is|:|'s)? ([a-z]{1,2}\d[a-z\d]?)(?!\w)", _I), 1),
    Shape("plate", re.compile(r"(?<!\w)([a-z]{2})\d{2} ?([a-z]{3})(?!\w)", _I), 0, _is_plate),
    Shape("plate", re.compile(r"(?<!\w)[A-Z]\d{1,3} ?[A-Z]{3}(?!\w)")),
    Shape(
        "address",
        re.compile(
            r"(?<!\w)(?:flat \w{1,4}(?:/\w{1,3})?,? )?\d{1,4}[a-d]?(?:/\d{1,2})?,? "
            rf"((?:[^\W\d_][\w']{{1,20}} ){{1,3}}){_STREET}(?!\w)",
            _I,
        ),
        0,
        _is_address,
    ),
    Shape(
        "handle",
        re.compile(
            rf"(?<!\w){_APPS}(?:'?s)?(?!\w)(?: ?(?:name|id|tag|user|username|account|handle|is|its|:|=|-)){{1,4}}"
            r" ?@?([\w.]{3,40})",
            _I,
        ),
        1,
        _is_handle,
    ),
    Shape("handle", re.compile(r"(?<![\w.])(?=[\w.]{0,30}[^\W\d_]{4})(?=[\w.]{0,30}\d\d)[\w.]{6,40}(?!\w)")),
    Shape(
        "handle",
        re.compile(
            rf"(?:add|follow|dm|message) (?:me|her|him|us)? ?on {_APPS}(?!\w),? ?(?:its|im|is|:|-|as)? "
            r"?([\w.]{3,40})",
            _I,
        ),
        1,
        _is_handle,
    ),
    Shape("handle", re.compile(rf"(?<!\w){_APPS} ([^\W_]*[\d_][\w.]{{2,39}})", _I), 1, _is_handle),
)

_SCHOOL = re.compile(
    r"(?<!\w)(?:primary|academy|high school|secondary|grammar|nursery|high|ps|college)(?: school)?(?!\w)", _I
)
_LEADING_WORDS = re.compile(r"((?:[A-Za-zÀ-ɏ][A-Za-zÀ-ɏ'.]{0,20} ){1,4})$")
_SAINTS = frozenset(
    {
        "st",
        "st.",
        "saint",
        "our",
        "lady",
        "holy",
        "notre",
        "dame",
        "sacred",
        "royal",
        "new",
        "kings",
        "queens",
        "park",
        "north",
        "south",
        "east",
        "west",
        "upper",
        "mid",
        "port",
        "old",
        "loch",
        "glen",
    }
)


def shapes(text: str, ordinary: Ordinary) -> Iterator[Found]:
    """Every detail with a shape, earlier kinds first: where two overlap, the first one found counts."""
    for shape in SHAPES:
        for match in shape.pattern.finditer(text):
            if shape.accepts(match, ordinary):
                yield (*match.span(shape.group), shape.kind)
    yield from _schools(text, ordinary)


def _schools(text: str, ordinary: Ordinary) -> Iterator[Found]:
    """A school word with a name before it: "linwood high", but not "my high school"."""
    for match in _SCHOOL.finditer(text):
        leading = _LEADING_WORDS.search(text[max(0, match.start() - 80) : match.start()])
        words = leading[1].split() if leading else []
        named = 0
        for word in reversed(words):
            plain = word.strip(".'").lower()
            if ordinary(plain) and plain not in _SAINTS:
                break
            named += len(word) + 1
        if named > 2 and text[match.start() - named : match.start()].strip().lower() not in _SAINTS:
            yield match.start() - named, match.end(), "school"
