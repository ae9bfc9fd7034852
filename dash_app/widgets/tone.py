"""Whether something is as it should be: colour marks the abnormal, and a sign and words say it too."""

from __future__ import annotations

from enum import StrEnum


class Tone(StrEnum):
    """How unusual something is."""

    CALM = "calm"
    ALERT = "alert"
    UNKNOWN = "unknown"

    @property
    def sign(self) -> str:
        """A sign beside the words, so that colour is never alone."""
        return {"calm": "", "alert": "▲", "unknown": "?"}[self.value]
