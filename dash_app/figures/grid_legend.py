"""The legend of the map of the grid: bands of use, what is outside, and what is missing, hatched and named."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from dash_app.answers.grid_facts import GridFacts
from dash_app.answers.grid_layers import BAND_ENDS
from dash_app.figures.grid_map import band_colours, line_colours
from dash_app.figures.grid_map_feeders import MapView
from dash_app.figures.style import palette
from dash_app.view import Theme
from dash_app.words import Words

MOST_NAMED = 3


def map_legend(facts: GridFacts, shown: MapView, words: Words, theme: Theme) -> list[Component]:
    """Return the entries of the legend."""
    shades = line_colours(theme) if shown.district else band_colours(palette(theme))
    starts = (0.0, *BAND_ENDS[:-1])
    texts = [f"{low * 100:.0f}–{high * 100:.0f} %" for low, high in zip(starts, BAND_ENDS, strict=True)]
    entries = [_entry(text, {"background": shade}) for text, shade in zip(texts, shades, strict=False)]
    entries.append(_entry(f"▲ {words('grid.legend_broken')}", {"background": shades[-1]}))
    if facts.missing:
        names = [facts.district_name(code, words.lang) for code in facts.missing]
        more = len(names) - MOST_NAMED
        listed = ", ".join(names[:MOST_NAMED]) + (words("grid.and_more", count=more) if more > 0 else "")
        entries.append(_entry(words("grid.legend_missing", names=listed), {}, "hatched"))
    entries.append(html.Span(words(f"grid.legend_{shown.layer}"), className="note"))
    return entries


def _entry(text: str, style: dict[str, str], kind: str = "") -> Component:
    return html.Span(
        [html.Span(className=f"swatch {kind}".strip(), style=style, **{"aria-hidden": "true"}), text],
        className="legend-entry",
    )
