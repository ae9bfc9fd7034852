"""The day as a strip: the worst use of the permitted at every step, plan beside charging on arrival, limit marked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from dash_app.answers.grid_facts import GridFacts
from dash_app.answers.grid_layers import WHOLE_DAY, Layer
from dash_app.answers.grid_strip import worst_over_day
from dash_app.figures.style import Palette, palette, styled
from dash_app.view import Theme
from dash_app.words import Words
from twin.report_numbers import percent
from twin.summary_grid_types import PlanIndex

Floats = NDArray[np.float64]

TICK_EVERY_H = 3


def time_axis(clock: Sequence[str], step_h: float, words: Words) -> dict[str, Any]:
    """Return the axis of a day: ticks at full hours, local time said."""
    every = max(1, round(TICK_EVERY_H / step_h))
    ticks = list(range(0, len(clock), every))
    return {
        "tickvals": ticks,
        "ticktext": [clock[step] for step in ticks],
        "range": [-0.5, len(clock) - 0.5],
        "title": {"text": words("grid.axis_kst"), "standoff": 6},
        "showgrid": False,
    }


def strip_figure(
    facts: GridFacts, layer: Layer, plan: PlanIndex, district: str, step: int, words: Words, theme: Theme
) -> go.Figure:
    """Return the strip; the chosen step is marked."""
    colours, clock = palette(theme), facts.clock
    other = PlanIndex.UNMANAGED if plan is PlanIndex.PLAN else PlanIndex.PLAN
    traces = []
    for which, colour, dash in ((other, colours.before, "dot"), (plan, colours.plan, "solid")):
        values, feeder = worst_over_day(facts, layer, which, district)
        ids = facts.overview.feeders.id[feeder]
        traces.append(
            go.Scatter(
                x=list(range(len(clock))),
                y=np.round(values * 100.0, 1).tolist(),
                mode="lines",
                name=words(f"grid.shown_{which.name.lower()}"),
                line={"color": colour, "width": 2, "dash": dash, "shape": "hv"},
                text=[f"{name} {clock[n]}" for n, name in enumerate(ids)],
                hovertemplate="%{y:.0f} % · %{text}",
                connectgaps=False,
            )
        )
    values, _ = worst_over_day(facts, layer, plan, district)
    broken = np.flatnonzero(np.nan_to_num(values) > 1.001)
    if len(broken):
        traces.append(_broken_marks(values, broken, colours, words))
    figure = styled(theme, traces, y_title=words("grid.axis_use"))
    figure.update_xaxes(**time_axis(clock, facts.summary.run.step_h, words))
    figure.update_yaxes(rangemode="tozero", nticks=5)
    figure.add_hline(y=100, line={"color": colours.alert, "width": 1.5, "dash": "dash"})
    if step != WHOLE_DAY:
        figure.add_vline(x=step, line={"color": colours.ink, "width": 2})
    return figure


def _broken_marks(values: Floats, broken: NDArray[np.int64], colours: Palette, words: Words) -> go.Scatter:
    return go.Scatter(
        x=broken.tolist(),
        y=np.round(values[broken] * 100.0, 1).tolist(),
        mode="markers",
        name=words("grid.outside"),
        marker={"symbol": "triangle-up", "size": 8, "color": colours.alert},
        hoverinfo="skip",
    )


def strip_sentence(facts: GridFacts, layer: Layer, plan: PlanIndex, district: str, words: Words) -> str:
    """Say when the day is worst, where, and for how long a limit is broken."""
    values, feeder = worst_over_day(facts, layer, plan, district)
    if not np.isfinite(values).any():
        return words("grid.strip_unsolved")
    worst = int(np.nanargmax(values))
    hours = float((np.nan_to_num(values) > 1.001).sum()) * facts.summary.run.step_h
    told = {
        "use": percent(float(values[worst]), words.lang, 0),
        "clock": facts.at(worst),
        "feeder": str(facts.overview.feeders.id[feeder[worst]]),
    }
    if hours:
        return words("grid.strip_broken", hours=f"{hours:g}", **told)
    return words("grid.strip_within", **told)
