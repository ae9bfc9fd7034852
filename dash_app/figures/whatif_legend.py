"""The legend of the map of differences."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from dash_app.figures.whatif import CLASSES, class_colours
from dash_app.view import Theme
from dash_app.words import Words


def difference_legend(words: Words, theme: Theme) -> list[Component]:
    """Return the entries of the legend: words beside every shade."""
    return [
        html.Span(
            [
                html.Span(className="swatch", style={"background": shade}, **{"aria-hidden": "true"}),
                words(f"whatif.class_{name}"),
            ],
            className="legend-entry",
        )
        for name, shade in zip(CLASSES, class_colours(theme), strict=True)
    ]
