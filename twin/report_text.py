"""Words of a report in its language, looked up by key, and names that exist in two scripts."""

from __future__ import annotations

from dataclasses import dataclass

from twin.report_html import Html, element
from twin.report_numbers import Lang, zone
from twin.report_words_labels import LABELS
from twin.report_words_sentences import SENTENCES
from twin.summary_types import DepotFacts, DistrictFacts, RunFacts, Summary

CATALOGUE: dict[str, tuple[str, str]] = LABELS | SENTENCES
"""English and Korean text by key; fields in braces are the same in both."""


@dataclass(frozen=True)
class Words:
    """Words in one language."""

    lang: Lang

    def __call__(self, key: str, **values: str | int) -> str:
        """Return the text of a key with its fields filled; `KeyError` for an unknown key or a missing field."""
        english, korean = CATALOGUE[key]
        return (korean if self.lang is Lang.KOREAN else english).format(**values)

    def label(self, group: str, name: str) -> str:
        """Return the label of a member of an open group (tariffs, tables): the name itself when it has none."""
        return self(f"{group}.{name}") if f"{group}.{name}" in CATALOGUE else name

    def name(self, thing: DistrictFacts | DepotFacts) -> str:
        """Return the name of a district or garage in the script of the page, the other when it has none."""
        korean = self.lang is Lang.KOREAN
        return (thing.name_local or thing.name_en) if korean else (thing.name_en or thing.name_local)

    def place(self, summary: Summary) -> str:
        """Return what was planned: the city, or the one district it was cut to."""
        run = summary.run
        city = run.city_local if self.lang is Lang.KOREAN else run.city
        if run.district is None:
            return city
        own = next((self.name(d) for d in summary.districts if d.code == run.district), run.district)
        return f"{city} {own}" if self.lang is Lang.KOREAN else f"{own}, {city}"

    def clock(self, clock: str, run: RunFacts) -> str:
        """Return a local time with its zone."""
        return f"{clock} {zone(run.timezone)}"

    def foreign(self, text: str) -> Html:
        """Return text that the twin writes in English only, marked as such for readers of another language."""
        return element("span", text, lang=None if self.lang is Lang.ENGLISH else "en")
