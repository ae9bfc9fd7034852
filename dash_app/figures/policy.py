"""Figures of comparisons: differences to the baseline by measure, supply on the same axes, districts on a map."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import plotly.graph_objects as go

from dash_app.answers.policy import (
    DECIMALS,
    DISTRICT_MEASURES,
    UNITS,
    Compared,
    Measure,
    district_differences,
    share,
    value_of,
)
from dash_app.figures.depot import time_axis
from dash_app.figures.grid_shapes import bounds_of
from dash_app.figures.style import FONT, Palette, map_layout, palette, styled
from dash_app.view import Theme
from dash_app.words import Words
from twin.report_numbers import Lang, plain
from twin.summary_types import Summary

MAP_PX = (430.0, 300.0)
DASHES = ("solid", "dash", "dot", "dashdot")
PATTERNS = ("", "/", "x", ".")


def run_colours(colours: Palette) -> tuple[str, ...]:
    """Return the colour of each compared run; dashes and patterns tell them apart too."""
    return (colours.plan, colours.series[5], colours.series[2], colours.series[7])


def blank(theme: Theme) -> go.Figure:
    """Return a figure with nothing in it, not even axes: its sentence says why."""
    figure = styled(theme, legend=False)
    figure.update_layout(xaxis={"visible": False}, yaxis={"visible": False})
    return figure


def differences_figure(runs: Compared, words: Words, theme: Theme) -> go.Figure:
    """Return the relative difference of every run to the baseline, by measure; less is better everywhere."""
    colours = palette(theme)
    names = [words(f"measure.{measure.value}") for measure in DISTRICT_MEASURES]
    traces = []
    for number, other in enumerate(runs.others):
        shares = [share(value_of(runs.base, m), value_of(other, m)) for m in DISTRICT_MEASURES]
        traces.append(
            go.Bar(
                name=runs.name(other),
                orientation="h",
                y=names,
                x=[None if s is None else s * 100 for s in shares],
                text=[words("policy.from_zero") if s is None else f"{plain(s * 100, 1)} %" for s in shares],
                textposition="auto",
                marker={
                    "color": run_colours(colours)[number % 4],
                    "pattern": {"shape": PATTERNS[number % 4], "fgcolor": colours.paper},
                },
                hovertemplate="%{y}: %{x:+.2f} %<extra>%{fullData.name}</extra>",
            )
        )
    figure = styled(theme, traces, x_title=words("policy.axis_share", name=runs.name(runs.base)))
    figure.update_layout(
        barmode="group",
        hovermode="closest",
        yaxis={"autorange": "reversed"},
        xaxis={"zeroline": True, "zerolinewidth": 2},
    )
    return figure


def curves_figure(runs: Compared, words: Words, theme: Theme) -> go.Figure:
    """Return the supply of every run over the same axes."""
    colours, steps = palette(theme), list(range(len(runs.base.run.clock) + 1))
    shown: list[tuple[Summary, dict[str, Any]]] = [(runs.base, {"color": colours.ink, "width": 1.5})]
    shown += [
        (other, {"color": run_colours(colours)[n % 4], "width": 2, "dash": DASHES[n % 4]})
        for n, other in enumerate(runs.others)
    ]
    traces = [
        go.Scatter(
            name=runs.name(summary),
            mode="lines",
            x=steps,
            y=[*summary.curves.supplied_plan_mw, summary.curves.supplied_plan_mw[-1]],
            line=line | {"shape": "hv"},
            hovertemplate="%{y:,.0f} MW",
        )
        for summary, line in shown
    ]
    figure = styled(theme, traces, y_title=words("schedule.axis_mw"))
    figure.update_layout(xaxis=time_axis(runs.base.run.clock, words), yaxis={"rangemode": "tozero"})
    return figure


def districts_map(
    base: Summary, other: Summary, measure: Measure, words: Words, theme: Theme, outlines: Mapping[str, Any],
    outlines_at: str,
) -> go.Figure:  # fmt: skip
    """Return the districts shaded by what a run has more (grey) or less (blue) than the baseline.

    The browser fetches the outlines from the address `outlines_at`; `outlines` are the same, for names and bounds.
    """
    colours = palette(theme)
    differences = district_differences(base, other, measure)
    codes = [feature["id"] for feature in outlines["features"] if feature["id"] in differences]
    most = max((abs(differences[code]) for code in codes), default=0.0) or 1.0
    named = {d.code: d.name_local if words.lang is Lang.KOREAN else d.name_en for d in base.districts}
    unit = words(f"unit.{UNITS[measure]}")
    texts = [f"{named[c]}: {_signed(differences[c], DECIMALS[measure])} {unit}" for c in codes]
    areas = go.Choroplethmap(
        geojson=outlines_at,
        locations=codes,
        z=[differences[code] for code in codes],
        zmin=-most,
        zmax=most,
        colorscale=[[0.0, colours.plan], [0.5, colours.paper], [1.0, colours.before]],
        colorbar={"thickness": 10, "title": {"text": unit, "side": "right"}, "outlinewidth": 0},
        marker={"line": {"width": 1, "color": colours.muted}, "opacity": 0.9},
        text=texts,
        hovertemplate="%{text}<extra></extra>",
    )
    box = bounds_of(outlines, codes)
    longitude, latitude = box.centre
    figure = go.Figure([areas])
    figure.update_layout(
        **map_layout(theme, longitude=longitude, latitude=latitude, zoom=box.zoom(*MAP_PX)),
        paper_bgcolor="rgba(0,0,0,0)",
        font={"family": FONT, "size": 12, "color": colours.ink},
        uirevision=f"{base.run.run_id}-{other.run.run_id}",
        hoverlabel={"bgcolor": colours.paper, "bordercolor": colours.line, "font": {"color": colours.ink}},
    )
    return figure


def _signed(value: float, digits: int) -> str:
    return f"{'+' if value > 0 else ''}{plain(value, digits)}"
