"""Figures of a what-if: the map of differences, and the day of the feeder before and after."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import plotly.graph_objects as go

from dash_app.answers.grid_facts import GridFacts
from dash_app.answers.whatif import main_feeder
from dash_app.figures.grid_map import MAP_PX
from dash_app.figures.grid_shapes import Bounds, Path
from dash_app.figures.grid_strip import time_axis
from dash_app.figures.style import FONT, map_layout, palette, styled
from dash_app.view import Theme
from dash_app.words import Words
from twin.grid_check import LOADING_TOLERANCE
from twin.report_numbers import plain
from twin.whatif_result import FeederChange, WhatIfResult

CLASSES = ("much_lower", "lower", "same", "higher", "much_higher", "outside")
"""How a feeder's highest loading changes; the last is outside its limit afterwards, and was not before."""

EDGES = (-0.05, -0.005, 0.005, 0.05)
"""Changes of loading between the classes, as shares of the rating."""

SHADES = {
    Theme.LIGHT: ("#0e6b6b", "#6fb5b0", "#bcc5cf", "#a58bc4", "#5b3a8c"),
    Theme.DARK: ("#7fe0d8", "#3f8f8a", "#45505d", "#8465ad", "#cdb2f2"),
}
ROOM = 0.6
"""Room around what changes, as a share of its size: the neighbours show where it is."""

WIDTH_PX = (3.5, 2.5, 1.3, 2.5, 3.5, 5.0)


def class_of(change: FeederChange) -> int:
    """Return the class of a feeder's change."""
    over = 1.0 + LOADING_TOLERANCE
    if change.after.loading > over and change.before.loading <= over:
        return len(CLASSES) - 1
    difference = change.after.loading - change.before.loading
    return sum(1 for edge in EDGES if difference > edge)


def class_colours(theme: Theme) -> list[str]:
    """Return the colour of every class."""
    return [*SHADES[theme], palette(theme).alert]


def difference_map(
    result: WhatIfResult, facts: GridFacts, paths: Mapping[int, Path], words: Words, theme: Theme, outlines_at: str
) -> go.Figure:
    """Return the map of the districts that were solved, feeders coloured by the change of their highest loading."""
    colours = palette(theme)
    changes = {facts.feeder_number(change.feeder): change for change in result.feeders}
    codes = [feature["id"] for feature in facts.outlines["features"]] if facts.outlines else []
    areas = go.Choroplethmap(
        geojson=outlines_at, locations=codes, z=[0] * len(codes), showscale=False, hoverinfo="skip",
        colorscale=[[0, colours.paper], [1, colours.paper]], marker={"line": {"width": 1, "color": colours.line}},
    )  # fmt: skip
    traces: list[Any] = [areas]
    for number, (shade, width) in enumerate(zip(class_colours(theme), WIDTH_PX, strict=True)):
        traces.append(_lines(number, changes, paths, words, {"width": width, "color": shade}))
    box = _bounds(result, facts).wider(ROOM)
    longitude, latitude = box.centre
    figure = go.Figure(traces)
    figure.update_layout(
        **map_layout(theme, longitude=longitude, latitude=latitude, zoom=box.zoom(*MAP_PX)),
        showlegend=False,
        paper_bgcolor="rgba(0,0,0,0)",
        font={"family": FONT, "size": 12, "color": colours.ink},
        hoverlabel={"bgcolor": colours.paper, "bordercolor": colours.line, "font": {"color": colours.ink}},
    )
    return figure


def _lines(
    number: int, changes: Mapping[int, FeederChange], paths: Mapping[int, Path], words: Words, line: dict[str, Any]
) -> go.Scattermap:
    lon: list[float | None] = []
    lat: list[float | None] = []
    text: list[str] = []
    for feeder, path in paths.items():
        change = changes.get(feeder)
        if (CLASSES.index("same") if change is None else class_of(change)) != number:
            continue
        lon += [*path[0], None]
        lat += [*path[1], None]
        text += [change_text(change, words) if change else words("whatif.unchanged")] * (len(path[0]) + 1)
    return go.Scattermap(lon=lon, lat=lat, text=text, mode="lines", line=line, hovertemplate="%{text}<extra></extra>")


def change_text(change: FeederChange, words: Words) -> str:
    """Say of a feeder what its highest loading was and is."""
    before, after = change.before.loading * 100.0, change.after.loading * 100.0
    sign = "▲" if after > before else "▼"
    return words(
        "whatif.hover",
        sign=sign,
        feeder=change.feeder,
        before=plain(before, 1),
        after=plain(after, 1),
        points=plain(abs(after - before), 1),
    )


def _bounds(result: WhatIfResult, facts: GridFacts) -> Bounds:
    """Fit the feeders that change by something that can be seen; without any, the districts that were solved."""
    feeders = facts.overview.feeders
    seen = [change for change in result.feeders if CLASSES[class_of(change)] != "same"]
    shown = [facts.feeder_number(change.feeder) for change in seen]
    shown = [n for n in shown if n >= 0] or [n for n, code in enumerate(feeders.district) if code in result.districts]
    return Bounds(
        float(feeders.west[shown].min()), float(feeders.south[shown].min()),
        float(feeders.east[shown].max()), float(feeders.north[shown].max()),
    )  # fmt: skip


def map_sentence(result: WhatIfResult, words: Words) -> str:
    """Say how many feeders carry more and less, and which changes most."""
    counts = [0] * len(CLASSES)
    for change in result.feeders:
        counts[class_of(change)] += 1
    most = result.feeders[0] if result.feeders else None
    return words(
        "whatif.map_sentence",
        more=counts[3] + counts[4] + counts[5],
        less=counts[0] + counts[1],
        most=change_text(most, words) if most else words("whatif.unchanged"),
    )


def curves_figure(result: WhatIfResult, facts: GridFacts, words: Words, theme: Theme) -> go.Figure:
    """Return the power at the head of the feeder through the day, before and after, with its rating."""
    colours = palette(theme)
    figure = styled(theme, [], y_title=words("feeder.axis_power"))
    figure.update_xaxes(**time_axis(facts.clock, facts.summary.run.step_h, words))
    if not result.curves:
        return figure
    curve = result.curves[0]
    for values, name, colour, dash in (
        (curve.before_kw, words("whatif.col_before"), colours.before, "dot"),
        (curve.after_kw, words("whatif.col_after"), colours.plan, "solid"),
    ):
        figure.add_scatter(
            x=list(range(len(values))), y=list(values), name=name, mode="lines",
            line={"color": colour, "width": 2, "dash": dash, "shape": "hv"}, text=list(facts.clock),
            hovertemplate="%{text} · %{y:,.0f} kW",
        )  # fmt: skip
    number = facts.feeder_number(curve.feeder)
    if number >= 0:
        rating = float(facts.overview.feeders.rating_kw[number])
        figure.add_hline(y=rating, line={"color": colours.alert, "width": 1.5, "dash": "dash"})
    figure.update_yaxes(rangemode="tozero")
    return figure


def curves_sentence(result: WhatIfResult, facts: GridFacts, words: Words) -> str:
    """Say what the highest power at the head was and is."""
    changed = main_feeder(result)
    if not result.curves or changed is None:
        return words("whatif.effect_none")
    curve = result.curves[0]
    before, after = max(curve.before_kw, key=abs), max(curve.after_kw, key=abs)
    step = curve.after_kw.index(after)
    told = {"feeder": curve.feeder, "before": plain(before), "after": plain(after)}
    return words("whatif.curves_sentence", clock=facts.at(step), **told)
