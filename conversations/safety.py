"""What a young person is told after a text that worries us; it is said once the alert is committed."""

from __future__ import annotations

from conversations.script.values import Words
from conversations.values import Assessment, Facts, Level


def safety_words(words: Words, assessment: Assessment, facts: Facts) -> str:
    """The words for this level, for a picture, or for what could not be screened; true also when nobody is on duty."""
    unread = not assessment.assessed and assessment.level < Level.CONCERN
    if unread and not facts.media:
        return words.line("level.not_assessed")
    key = "media" if unread else f"level.{assessment.handled_as.word}"
    return words.line(f"{key}.no_cover").format(until=facts.cover_from) if facts.cover_from else words.line(key)
