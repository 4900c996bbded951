"""What a young person may be at risk of: one list for the whole product, with the words that staff read."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

CATEGORIES: Mapping[str, str] = MappingProxyType(
    {
        "suicide": "Suicide",
        "self_harm": "Self-harm",
        "unsafe_now": "Not safe right now",
        "physical_abuse": "Physical abuse",
        "sexual_abuse": "Sexual abuse",
        "emotional_abuse": "Emotional abuse",
        "neglect": "Neglect",
        "domestic_abuse": "Domestic abuse",
        "exploitation": "Exploitation or grooming",
        "care_harm": "Harm in care",
        "running_away": "Running away or missing",
        "threats": "Threats or weapons",
        "bullying": "Bullying",
        "substance": "Drugs or alcohol",
        "eating_disorder": "Eating disorder",
        "honour_fm_fgm": "Honour abuse, forced marriage or FGM",
        "health": "Health",
        "other": "Something else",
    }
)
"""The code that rows keep, and its plain English label; in the order in which somebody in a hurry looks."""
