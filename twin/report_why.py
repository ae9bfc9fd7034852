"""The section of a report that says why the plan is as it is, for runs whose plan was coordinated."""

from __future__ import annotations

from collections.abc import Mapping

from twin.report_html import Html, element, join
from twin.report_text import Words
from twin.schedule_words import binding_sentences, opening_sentence, place_sentences, shortfall_sentences
from twin.summary_types import Summary

MOST_TOLD = 12


def why_section(summary: Summary, words: Words) -> Mapping[str, tuple[Html, ...]]:
    """Return the section by its name; nothing for a run without reasons."""
    why, lang = summary.why, words.lang.value
    if why is None:
        return {}
    lists = (shortfall_sentences(why, lang), binding_sentences(why, lang), place_sentences(why, lang))
    told = tuple(
        element("ul", join(element("li", sentence) for sentence in sentences[:MOST_TOLD]))
        for sentences in lists
        if sentences
    )
    return {"why": (element("p", opening_sentence(why, lang)), *told)}
