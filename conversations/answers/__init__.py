"""What an answer text means: exactly one answer to the question, or nothing, and then we ask again."""

from conversations.answers.parser import KINDS, parse
from conversations.answers.vocabulary import Vocabulary, load_vocabulary

__all__ = ["KINDS", "Vocabulary", "load_vocabulary", "parse"]
