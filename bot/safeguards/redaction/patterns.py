"""Finds the details that have a shape: numbers, addresses, links, dates of birth and names of accounts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from bot.safeguards.redaction.dates import DATES
from bot.safeguards.redaction.shape import Found, Ordinary, Shape, as_signs
from bot.safeguards.redaction.streets import DOOR, NUMBERS, STREET, is_address

_I = re.IGNORECASE
_DIGIT = (
    r"(?:zero|oh|nought|one|two|three|four|five|six|seven|eight|nine|double|triple|treble|hundred|hunner|o|wan|twa|"
    r"fower|\d{1,5})"
)
_BETWEEN = r"(?:[ ,./\-]{1,2}(?:(?:and|then|n) ){0,2})"
_SITES = (
    r"(?:com|co\.uk|org\.uk|org|net|gov\.uk|gov\.scot|scot|ac\.uk|sch\.uk|uk|io|tv|ly|info|app|example|edu|eu|gg|"
    r"link|site|online|xyz)"
)
_MAIL = r"(?:gmail|hotmail|outlook|icloud|yahoo|live|googlemail|btinternet|sky|proton|aol|msn|protonmail)"
_JOINED = r" (?:underscore|hyphen|dash) "
_DOT = r"(?: ?\. ?| ?\(dot\) ?| dot | kropka )"
_AT = r"(?: ?@ ?| ?\(at\) ?| ?\[at\] ?| at )"
_APPS = (
    r"(?:snap(?:chat)?|sc|insta(?:gram)?|ig|tik ?tok|tt|discord|disc|twitter|x|xbox(?: live)?|ps[45n]?|psn|"
    r"playstation|roblox|fortnite|epic|steam|twitch|youtube|kik|telegram|whatsapp|user ?name|usr|gamer ?tag|handle|"
    r"wattpad|bereal|facebook|fb|minecraft)"
)
AREAS = frozenset(
    """
    ab al b ba bb bd bh bl bn br bs bt ca cb cf ch cm co cr ct cv cw da dd de dg dh dl dn dt dy e ec eh en ex fk
    fy g gl gu ha hd hg hp hr hs hu hx ig im ip iv ka kt kw ky l la ld le ll ln ls lu m me mk ml n ne ng nn np
    nr nw ol ox pa pe ph pl po pr rg rh rm s sa se sg sk sl sm sn so sp sr ss st sw sy ta td tf tn tq tr ts tw
    ub w wa wc wd wf wn wr ws wv yo ze
    """.split()  # noqa: SIM905  # to be read, not to be scrolled
)
"""The letters that a postcode of the United Kingdom begins with."""


def _is_number(match: re.Match[str], ordinary: Ordinary) -> bool:
    """Enough digits for a telephone, and no countdown."""
    counts = [int(group) for group in re.findall(r"\d+", match.group())]
    steps = {later - earlier for earlier, later in pairwise(counts)}
    return 6 <= sum(character.isdigit() for character in match.group()) <= 15 and (len(counts) < 4 or len(steps) > 1)


def _is_spoken(match: re.Match[str], ordinary: Ordinary) -> bool:
    """A number that is said digit by digit; a countdown or a row of marks is none."""
    units = re.findall(r"[a-z]+|\d+", match.group().lower())
    units = [unit for unit in units if unit not in ("and", "then", "n")]
    counts = [int(unit) for unit in units if unit.isdigit()]
    if len(counts) == len(units):
        steps = {later - earlier for earlier, later in pairwise(counts)}
        return units[0].startswith("0") or sum(map(len, units)) >= 10 and len(steps) > 1 and max(counts) < 10
    return units[0] in ("zero", "oh", "o", "nought", "double") or units[0].startswith("0") or len(units) >= 9


def _is_plate(match: re.Match[str], ordinary: Ordinary) -> bool:
    """AB12 CDE; in small letters "im 14 and" must not be one."""
    return match.group().isupper() or " " not in match.group() or not (ordinary(match[1]) and ordinary(match[2]))


def _is_handle(match: re.Match[str], ordinary: Ordinary) -> bool:
    """A name for an app: anything with a digit, a dot or an underscore in it, else a word that nobody uses."""
    word = match[1].strip("._")
    odd = any(not character.isalpha() for character in word)
    return len(word) > 2 and (odd and not word.isdigit() or not ordinary(word))


def _in_area(match: re.Match[str], ordinary: Ordinary) -> bool:
    return match[1].replace(" ", "").lower() in AREAS


def _is_reference(match: re.Match[str], ordinary: Ordinary) -> bool:
    """Letters and at least five digits; "in 2023/24" is none."""
    return sum(character.isdigit() for character in match.group()) >= 5 and (
        match[1].isupper() or not ordinary(match[1])
    )


def _is_account(match: re.Match[str], ordinary: Ordinary) -> bool:
    """Words written together with capitals inside; not McDonald, YouTube or iPhone."""
    word = match.group()
    return not ordinary(word) and not re.match(r"(?:Ma?c|O|De|Fitz|La|Le|Di|Van)[A-Z]|i[A-Z]|e[A-Z]", word)


SHAPES: tuple[Shape, ...] = (
    Shape(
        "email",
        re.compile(
            r"(?<![\w.+-])(?:[\w+'-]{1,30} ?[._] ?){0,4}[\w.+'-]{1,64} ?@ ?[\w-]{1,63}"
            r"(?: ?\. ?[\w-]{2,63}| dot [\w-]{2,63}){1,4}",
            _I,
        ),
        signs=frozenset({"@"}),
    ),
    Shape(
        "email",
        re.compile(
            rf"(?<![\w.+-])(?:[\w+-]{{1,30}}(?:\.| dot | ?_ ?|{_JOINED})){{0,4}}[\w+-]{{1,30}}{_AT}"
            rf"[\w-]{{1,40}}(?:{_JOINED}[\w-]{{1,40}}){{0,2}}"
            rf"(?: dot [\w-]{{2,20}}| ?\(dot\) ?[\w-]{{2,20}}| kropka [\w-]{{2,20}}){{1,3}}(?!\w)",
            _I,
        ),
        signs=frozenset({"dot", "kropka"}),
    ),
    Shape(
        "email",
        re.compile(rf"(?<![\w.+-])[\w.+-]{{1,64}}{_AT}{_MAIL}(?:{_DOT}(?:com|co{_DOT}uk|net|me|org))?(?!\w)", _I),
        signs=frozenset({"@", " at ", "(at)", "[at]"}),
    ),
    Shape(
        "link",
        re.compile(r"(?:https?://|www ?\. ?)\S{1,400}(?: \.\S{1,100})?", _I),
        signs=frozenset({"://", "www"}),
    ),
    Shape(
        "link",
        re.compile(rf"(?<![\w@.])[\w-]{{1,63}}(?:\.[\w-]{{1,63}}){{0,4}}\.{_SITES}(?![\w])(?:/\S{{0,300}})?", _I),
        signs=frozenset({"."}),
    ),
    Shape(
        "link",
        re.compile(
            rf"(?<![\w@.])[\w-]{{1,40}}(?: \. | dot ){_SITES}(?:(?: ?/ ?| slash | dot )[\w-]{{1,40}}){{0,4}}(?!\w)", _I
        ),
        signs=frozenset({" . ", " dot "}),
    ),
    Shape("handle", re.compile(r"(?<![\w@])@ ?\w[\w.]{1,38}\w|(?<![\w@])@\w{2}", _I), signs=frozenset({"@"})),
    Shape(
        "number",
        re.compile(r"(?<![\w+])(?:0[1-9]|[12]\d|3[01])(?:0[1-9]|1[0-2])\d{2}[ -]?\d{4}(?!\w)|(?<=chi )\d{6,10}", _I),
        digits=6,
    ),
    Shape("number", re.compile(r"(?<!\w)[a-z] ?[a-z] ?-?\d ?\d ?-?\d ?\d ?-?\d ?\d ?-?[a-d](?!\w)", _I), digits=6),
    *DATES,
    Shape(
        "phone",
        re.compile(r"(?<![\w+])(?:\+|00)?\(?[\dOo](?:[ ()./\-]{0,2}[\dO]|(?<=\d)[ ]?o){9,14}(?!\w)"),
        0,
        _is_number,
        digits=6,
    ),
    Shape("phone", re.compile(rf"(?<!\w){_DIGIT}(?:{_BETWEEN}{_DIGIT}){{5,16}}(?!\w)", _I), 0, _is_spoken),
    Shape("phone", re.compile(r"(?<![\w+])0(?:7\d{3}|1[346]1|141|131|1\d{3})(?!\w)"), digits=4),
    Shape("number", re.compile(r"(?<![\w+])(?!0800 ?1111(?!\d)|116 ?123(?!\d))\d(?:-?\d){6,18}(?!\w)"), digits=7),
    Shape(
        "number",
        re.compile(r"(?<![\w/])([a-z]{1,5})[/-]?\d{1,10}(?:[/-]\d{1,10}){0,3}(?:[/-]?[a-z]{1,2})?(?!\w)", _I),
        0,
        _is_reference,
        digits=5,
    ),
    Shape(
        "number",
        re.compile(r"(?<![\w/])([A-Z]{2,5}) \d{1,10}(?:[ /-]\d{1,10}){0,3}(?:[ /-]?[A-Za-z])?(?!\w)"),
        0,
        _is_reference,
        digits=5,
    ),
    Shape(
        "postcode",
        re.compile(
            r"(?<![\w'’])([a-z](?: ?[a-z])?)(?: ?\d){1,2}(?: ?[a-z](?= ?\d))? {0,3}(?!\d(?:st|nd|rd|th|am|pm)\b)\d ?"
            r"[abd-hjlnp-uw-z] ?[abd-hjlnp-uw-z](?!\w)",
            _I,
        ),
        0,
        _in_area,
        digits=2,
    ),
    Shape(
        "postcode",
        re.compile(r"(?<!\w)(ab|dd|dg|eh|fk|hs|iv|ka|kw|ky|ml|pa|ph|td|ze)\d{1,2}(?: \d(?!\w))?(?!\w)", _I),
        digits=1,
    ),
    Shape("postcode", re.compile(r"(?<!\w)(?:[Gg]\d{2}|G\d)(?: \d(?!\w))?(?!\w)"), digits=1),
    Shape(
        "postcode",
        re.compile(r"post ?codes?(?: is| starts| begins|:|'s)? ([a-z]{1,2}\d[a-z\d]?)(?!\w)", _I),
        1,
        digits=1,
        signs=frozenset({"post"}),
    ),
    Shape("plate", re.compile(r"(?<!\w)([a-z]{2}) ?\d{2} ?([a-z]{3})(?!\w)", _I), 0, _is_plate, digits=2),
    Shape("plate", re.compile(r"(?<!\w)[A-Z] ?\d{1,3} ?[A-Z]{3}(?!\w)"), digits=1),
    Shape("address", STREET, 0, is_address, signs=NUMBERS),
    Shape("address", DOOR, digits=1),
    Shape(
        "handle",
        re.compile(
            rf"(?<!\w){_APPS}(?:'?s)?(?!\w)(?: ?(?:name|id|tag|user|username|account|handle|is|its|im|:|=|-)){{1,4}}"
            r" ?@?([\w.]{3,40})",
            _I,
        ),
        1,
        _is_handle,
    ),
    Shape("handle", re.compile(r"(?<![\w.])(?=[\w.]{0,30}[^\W\d_]{4})(?=[\w.]{0,30}\d\d)[\w.]{6,40}(?!\w)"), digits=2),
    Shape("handle", re.compile(r"(?<![\w.#])[\w.]{2,40}#\d{3,6}(?!\w)"), digits=3, signs=frozenset({"#"})),
    Shape(
        "handle",
        re.compile(r"(?<![\w.])(?=\w{0,30}[^\W_])(?:[^\W_]+_+){1,6}[^\W_]+(?!\w)"),
        signs=frozenset({"_"}),
    ),
    Shape(
        "handle",
        re.compile(r"(?<![\w.])(?:[A-Za-z]?[a-z]{1,20}[A-Z]){1,4}[A-Za-z]{1,20}(?!\w)"),
        0,
        _is_account,
        beside=re.compile("[a-z][A-Z]"),
    ),
    Shape(
        "handle",
        re.compile(
            rf"(?:add|follow|dm|message) (?:me|her|him|us)? ?on {_APPS}(?!\w),? ?(?:its|im|is|:|-|as)? "
            r"?([\w.]{3,40})",
            _I,
        ),
        1,
        _is_handle,
        signs=frozenset({"add ", "follow ", "dm ", "message "}),
    ),
    Shape(
        "handle",
        re.compile(rf"(?<!\w){_APPS} ([^\W_]*[\d_][\w.]{{2,39}})", _I),
        1,
        _is_handle,
        signs=frozenset({"0", "_"}),
    ),
)
_SIGNS = tuple({sign for shape in SHAPES for sign in shape.signs})
_WITHOUT_DIGITS = tuple(shape for shape in SHAPES if not shape.digits)

_PART_OF_NUMBER = re.compile(r"(?<!\w)0(?:7\d{3}|1\d{2,3})(?!\w)")
_REST_OF_NUMBER = re.compile(r"(?<![\w£.])\d{2,6}(?![\w%.])")
_NEAR = 60


def shapes(text: str, ordinary: Ordinary) -> Iterator[Found]:
    """Every detail with a shape, earlier kinds first: where two overlap, the first one found counts."""
    plain = as_signs(text)
    digits, signs = plain.count("0"), {sign for sign in _SIGNS if sign in plain}
    for shape in SHAPES if digits else _WITHOUT_DIGITS:
        if shape.may_be_in(text, digits, signs):
            found = (match for match in shape.pattern.finditer(text) if shape.accepts(match, ordinary))
            yield from ((*match.span(shape.group), shape.kind) for match in found)
    for part in _PART_OF_NUMBER.finditer(text) if digits else ():
        for rest in _REST_OF_NUMBER.finditer(text, max(0, part.start() - _NEAR), part.end() + _NEAR):
            yield (*rest.span(), "phone")
