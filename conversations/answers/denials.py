"""Sentences that deny altogether what was asked about: "they didnt listen", "i wasnae asked at all"."""

from __future__ import annotations

from conversations.answers.sheet import Sheet

_LONGEST = 10
_LONGEST_TAIL = 3


def denies_all(texts: tuple[str, ...], sheet: Sheet) -> bool:
    """Whether the words are who, a denial, a plain verb and perhaps "to me" and "at all", and nothing else.

    Only listening is denied altogether without an "at all": "didnt help" may still be a little.
    """
    if len(texts) > _LONGEST:
        return False
    rest = texts[1:] if texts and texts[0] in sheet.around("deniers") else texts
    if rest is texts and texts and texts[0] in sheet.around("nobodies"):
        return bool(_after_verb(texts[1:], sheet))
    if not rest or rest[0] not in sheet.around("denials"):
        return False
    size = 2 if " ".join(rest[:2]) in sheet.around("denials") else 1
    return _after_verb(rest[size:], sheet)


def _after_verb(texts: tuple[str, ...], sheet: Sheet) -> bool:
    texts = texts[1:] if texts and texts[0] in sheet.around("strengtheners") else texts
    if not texts or texts[0] not in sheet.around("deniable") | sheet.around("listening"):
        return False
    tail = texts[1:]
    sizes = range(min(_LONGEST_TAIL, len(tail)), -1, -1)
    size = next((size for size in sizes if " ".join(tail[:size]) in sheet.around("to_me")), 0)
    end = " ".join(tail[size:])
    return end in sheet.around("at_all") or (not end and texts[0] in sheet.around("listening"))
