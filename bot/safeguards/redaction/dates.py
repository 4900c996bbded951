"""How a date of birth is written: in figures, words, as a feast; without a year only where a birth is meant."""

from __future__ import annotations

import re

from bot.safeguards.redaction.shape import Shape

_I = re.IGNORECASE
_MONTH = (
    r"(?:jan(?:u?a?r[uy]?)?|janu\w{0,5}|feb\w{0,6}|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug\w{0,4}|sep\w{0,7}|oct\w{0,5}|"
    r"nov\w{0,6}|dec\w{0,6})"
)
_MONTH_ABROAD = (
    r"(?:styczni|lut|marc|kwietni|maj|czerwc|lipc|sierpni|wrześni|wrzesni|październik|pazdziernik|listopad|grudni)\w{0,3}|"
    r"січня|лютого|березня|квітня|травня|червня|липня|серпня|вересня|жовтня|листопада|грудня|"
    r"يناير|فبراير|مارس|أبريل|ابريل|مايو|يونيو|يوليو|أغسطس|اغسطس|سبتمبر|أكتوبر|اكتوبر|نوفمبر|ديسمبر|"
    r"جنوری|فروری|مارچ|اپریل|مئی|جون|جولائی|اگست|ستمبر|اکتوبر|نومبر|دسمبر|"
    r"faoilleach|gearran|màrt|giblean|cèitean|ògmhios|iuchar|lùnastal|sultain|dàmhair|samhain|dùbhlachd"
)
_ONES = (
    r"(?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|"
    r"eleventh|twelfth|thirteenth|fourteenth|fifteenth|sixteenth|seventeenth|eighteenth|nineteenth|twentieth|thirtieth)"
)
_DAY = rf"(?:(?:0?[1-9]|[12]\d|3[01])(?: ?(?:st|nd|rd|th))?(?!\w)|(?:(?:twenty|thirty)[ -])?{_ONES})"
_YEAR = (
    r"(?:'?(?:19[89]\d|20[0-2]\d)|'?[012]\d|two thousand(?: (?:and|n))?(?: [a-z]+){0,1}|"
    r"twenty (?:oh |[a-z]+teen|ten|eleven|twelve)[a-z]*|(?:oh|o|zero) ?[a-z\d]+)"
)
_OF = r"(?: ?(?:of|o|o'|day of)(?: the)?)?"
_DATE = rf"(?:the )?(?:{_DAY}{_OF} ?{_MONTH}|{_MONTH}(?: the)? ?{_DAY})(?!\w)"
_FEAST = (
    r"(?:christmas|xmas|crimbo)(?: (?:eve|day))?|boxing day|hogmanay|new years?'?s? (?:eve|day)|halloween|hallowe'en|"
    r"valentine'?s?(?: day)?|april fools?'?(?: day)?|bonfire night|guy fawkes(?: night)?|st andrews day|burns night|"
    r"leap (?:day|year)|st patricks day|midsummer|ne'?erday"
)
_BIRTH = re.compile(
    r"\b(?:born|birth\w*|bday|b-day|b day|dob|d\.o\.b|brith\w*|birfday|baby|cake|"
    r"turn(?:s|ed|ing)? (?:\d{1,2}|[a-z]+teen|nine|ten|eleven|twelve|twenty)|"
    r"(?:be|become|get to be|am|im|i'm) \d{1,2} (?:then|on|in)|"
    r"urodz\w*|ur\.|народ\w*|день народження|مواليد|ولد\w*|میلادی?|عيد ميلاد\w*|"
    r"سالگرہ|پیدا\w*|rugadh|co-là-breith)",
    _I,
)

_MONTHS = frozenset(["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"])
_FEASTS = frozenset(
    ["mas", "crimbo", "day", "hogmanay", "new year", "hallow", "valentine", "april", "night", "fawkes", "leap",
     "midsummer"]
)  # fmt: skip


def _date(
    pattern: str, beside: re.Pattern[str] | None = None, digits: int = 0, signs: frozenset[str] = frozenset()
) -> Shape:
    return Shape("date of birth", re.compile(pattern, _I), beside=beside, digits=digits, signs=signs)


DATES: tuple[Shape, ...] = (
    _date(r"(?<![\w/])\d{1,2} ?[/.\-] ?\d{1,2} ?[/.\-] ?(?:(?:19[89]|20[0-2])\d|\d\d)(?![\w/])", digits=4),
    _date(r"(?<!\w)(?:199|20[0-2])\d[-/.][01]?\d[-/.][0-3]?\d(?!\w)", digits=6),
    _date(rf"(?<!\w){_DATE},? ?(?:in )?{_YEAR}(?!\w)", signs=_MONTHS),
    _date(rf"(?<!\w)\d{{1,2}}\.? ?(?:{_MONTH_ABROAD})(?:,? (?:19|20)\d\d)?", _BIRTH, digits=1),
    _date(rf"(?<!\w){_DATE}", _BIRTH, signs=_MONTHS),
    _date(rf"(?<!\w)(?:the )?{_DAY} of the \w+(?:,? {_YEAR})?(?!\w)", _BIRTH, signs=frozenset({" of the "})),
    _date(rf"(?<!\w)(?:{_FEAST})(?:,? {_YEAR})?(?!\w)", _BIRTH, signs=_FEASTS),
    _date(
        r"(?<![\w/])(?:0?[1-9]|[12]\d|3[01]) ?[/.\-] ?(?:0?[1-9]|1[0-2])(?![\w/])",
        re.compile(r"\b(?:born|birthday|bday|dob)\b", _I),
        digits=2,
    ),
    _date(r"(?<!\w)(?:199|20[01])\d(?!\w)", re.compile(r"\b(?:born|dob|birth)\b", _I), digits=4),
    _date(r"(?<!\w)\d{6}(?!\w)", re.compile(r"\b(?:born|dob|birth)\b", _I), digits=6),
    _date(
        r"(?<!\w)\d{1,2} \d{1,2} (?:(?:19|20)\d\d|[012]\d)(?!\w)",
        re.compile(r"\b(?:born|dob|birth\w*|bday)\b", _I),
        digits=4,
    ),
)
"""What a date looks like, and what must stand somewhere in the text for it to be one of birth."""
