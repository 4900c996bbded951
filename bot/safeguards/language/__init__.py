"""A first guess at the language of a text; it can lead to an offer and never to a switch."""

from bot.safeguards.language.detection import Detector, build, detect, guess, language_filter

__all__ = ["Detector", "build", "detect", "guess", "language_filter"]
