"""The one style and configuration of all figures: calm greys, colour for the abnormal, nothing sent anywhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from tsdownsample import MinMaxLTTBDownsampler

from dash_app.view import Theme

Floats = NDArray[np.float64]

MOST_POINTS = 1500
"""Points of a line: more than the pixels of a chart show nothing more."""

FONT = 'system-ui, "Noto Sans KR", "Noto Sans CJK KR", "Apple SD Gothic Neo", "Malgun Gothic", sans-serif'


@dataclass(frozen=True)
class Palette:
    """Colours of one theme. `alert` marks what is abnormal and nothing else; `plan` and `before` are for lines."""

    ink: str
    muted: str
    line: str
    paper: str
    ground: str
    plan: str
    before: str
    alert: str
    alert_ground: str
    bands: tuple[str, ...]
    """Shades of one hue from little to much, for values within limits."""
    series: tuple[str, ...]
    """Greys and blues for stacked series, dark to light, told apart by lightness as well."""


LIGHT = Palette(
    ink="#1a2330", muted="#566273", line="#d8dee6", paper="#ffffff", ground="#f5f7f9", plan="#1d4f80",
    before="#707c8b", alert="#a8470a", alert_ground="#fdf0e3",
    bands=("#e8edf3", "#c8d5e3", "#8aa6c4", "#4a7099"),
    series=("#1d4f80", "#4f7ba7", "#8fb1d3", "#c6d2df", "#707c8b", "#a3adb8", "#d8dee6", "#3c4a5a"),
)  # fmt: skip
DARK = Palette(
    ink="#e7ecf2", muted="#a3afbd", line="#364150", paper="#161c24", ground="#1e2630", plan="#8fc0f0",
    before="#93a0b0", alert="#f5a65b", alert_ground="#3a2814",
    bands=("#28323e", "#344b63", "#41688f", "#86b2df"),
    series=("#8fc0f0", "#5f93c4", "#39648f", "#3a4a5b", "#93a0b0", "#6b7785", "#2c3845", "#c7d0da"),
)  # fmt: skip


def palette(theme: Theme) -> Palette:
    """Return the colours of a theme."""
    return DARK if theme is Theme.DARK else LIGHT


def styled(
    theme: Theme, traces: Sequence[Any] = (), *, x_title: str = "", y_title: str = "", legend: bool = True
) -> go.Figure:
    """Return a figure in the common style.

    Parameters
    ----------
    theme
        Light or dark.
    traces
        Plotly traces; give each line its colour from :func:`palette`.
    x_title, y_title
        Titles of the axes; the vertical one says unit and sign: "MW, consumption +".
    legend
        Whether series are named above the chart.
    """
    colours = palette(theme)
    axis = {
        "gridcolor": colours.line, "linecolor": colours.line, "zerolinecolor": colours.muted, "ticks": "",
        "automargin": True, "title": {"standoff": 8}, "fixedrange": False,
    }  # fmt: skip
    return go.Figure(
        data=list(traces),
        layout={
            "font": {"family": FONT, "size": 12, "color": colours.ink},
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "colorway": list(colours.series),
            "margin": {"l": 8, "r": 8, "t": 28 if legend else 8, "b": 8},
            "xaxis": axis | {"title": {"text": x_title, "standoff": 8}},
            "yaxis": axis | {"title": {"text": y_title, "standoff": 8}},
            "showlegend": legend,
            "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "xanchor": "left"},
            "hoverlabel": {"bgcolor": colours.ground, "bordercolor": colours.line, "font": {"color": colours.ink}},
            "hovermode": "x unified",
            "transition": {"duration": 0},
            "dragmode": False,
        },
    )


def map_layout(theme: Theme, *, longitude: float, latitude: float, zoom: float) -> dict[str, Any]:
    """Return the layout of a map without tiles: a plain ground, so that nothing is asked of any other host."""
    ground = {"id": "ground", "type": "background", "paint": {"background-color": palette(theme).ground}}
    return {
        "map": {
            "style": {"version": 8, "sources": {}, "layers": [ground]},
            "center": {"lon": longitude, "lat": latitude},
            "zoom": zoom,
        },
        "margin": {"l": 0, "r": 0, "t": 0, "b": 0},
        "dragmode": "pan",
        "hovermode": "closest",
    }


def thinned(values: Floats, most: int = MOST_POINTS) -> NDArray[np.uint64]:
    """Return the positions of the points to draw, first and last among them, so that peaks and dips stay."""
    if len(values) <= most:
        return np.arange(len(values), dtype=np.uint64)
    kept: NDArray[np.uint64] = MinMaxLTTBDownsampler().downsample(np.ascontiguousarray(values), n_out=most)
    return kept
