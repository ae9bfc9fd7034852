"""Figures of the page of all schedules: charging against charging on arrival, supply against capacity."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from dash_app.figures.depot import time_axis
from dash_app.figures.style import palette, styled
from dash_app.view import Theme
from dash_app.words import Words
from twin.summary_types import Summary

NEAR = 0.6
"""Share of the capacity from which on the axis reaches up to it; below, the limit is named in the sentence alone."""


def charging_figure(summary: Summary, words: Words, theme: Theme) -> go.Figure:
    """Return the charging of the plan, stacked, under the line of charging on arrival."""
    colours, curves = palette(theme), summary.curves
    steps = list(range(len(summary.run.clock) + 1))
    before = [sum(both) for both in zip(curves.vehicles_unmanaged_mw, curves.buses_unmanaged_mw, strict=True)]
    traces = [
        _area(words("curve.vehicles_plan_mw"), steps, curves.vehicles_plan_mw, colours.series[2]),
        _area(words("curve.buses_plan_mw"), steps, curves.buses_plan_mw, colours.series[0]),
        _line(words("schedule.on_arrival"), steps, before, {"color": colours.ink, "width": 1.5, "dash": "dot"}),
    ]
    figure = styled(theme, traces, y_title=words("schedule.axis_mw"))
    figure.update_layout(xaxis=time_axis(summary.run.clock, words), yaxis={"rangemode": "tozero"})
    return figure


def supply_figure(summary: Summary, words: Words, theme: Theme) -> go.Figure:
    """Return the supply of the plan and on arrival, and the capacity of all substations."""
    colours, curves = palette(theme), summary.curves
    steps = list(range(len(summary.run.clock) + 1))
    traces = [
        _line(words("schedule.on_arrival"), steps, curves.supplied_unmanaged_mw,
              {"color": colours.before, "width": 1.5, "dash": "dot"}),
        _line(words("schedule.plan"), steps, curves.supplied_plan_mw, {"color": colours.plan, "width": 2}),
    ]  # fmt: skip
    if max(curves.supplied_plan_mw) > NEAR * curves.capacity_mw:
        limit = [curves.capacity_mw] * len(summary.run.clock)
        traces.append(_line(words("schedule.capacity"), steps, limit, {"color": colours.ink, "width": 1}))
    figure = styled(theme, traces, y_title=words("schedule.axis_mw"))
    figure.update_layout(xaxis=time_axis(summary.run.clock, words), yaxis={"rangemode": "tozero"})
    return figure


def _line(name: str, steps: Sequence[int], values: Sequence[float], line: dict[str, object]) -> go.Scatter:
    return go.Scatter(
        name=name, mode="lines", x=steps, y=[*values, values[-1]], line=line | {"shape": "hv"},
        hovertemplate="%{y:,.1f} MW",
    )  # fmt: skip


def _area(name: str, steps: Sequence[int], values: Sequence[float], colour: str) -> go.Scatter:
    return go.Scatter(
        name=name, mode="lines", x=steps, y=[*values, values[-1]], stackgroup="charging",
        line={"width": 0, "shape": "hv"}, fillcolor=colour, hovertemplate="%{y:,.1f} MW",
    )  # fmt: skip
