"""Figures of a feeder: voltage along its length, loading through the day, loading by duration."""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from dash_app.answers.grid_facts import GridFacts
from dash_app.answers.grid_feeder import cause_sentence, duration_curves
from dash_app.answers.grid_layers import WHOLE_DAY
from dash_app.figures.grid_strip import time_axis
from dash_app.figures.style import palette, styled
from dash_app.view import Theme
from dash_app.words import Words
from twin.report_numbers import percent, plain
from twin.summary_feeder import FeederSlice
from twin.summary_grid_types import PlanIndex

Floats = NDArray[np.float64]

ROOM_PU = 0.005
"""Room above and below the band of voltages."""


def voltage_figure(
    feeder: FeederSlice, facts: GridFacts, plan: PlanIndex, step: int, words: Words, theme: Theme
) -> go.Figure:
    """Return voltage over distance: lowest and highest of the day at each bus, the chosen step, and the band."""
    colours = palette(theme)
    volts = np.asarray(feeder.day.v_pu[plan], dtype=np.float64)
    distance = np.round(feeder.buses.distance_km, 4)
    low, high = np.nanmin(volts, axis=0), np.nanmax(volts, axis=0)
    chosen = low if step == WHOLE_DAY else volts[step]
    names, thin = feeder.buses.id.tolist(), {"color": colours.before, "width": 1}
    traces: list[Any] = [
        _tree(feeder, distance, high, words("feeder.day_highest"), thin | {"dash": "dot"}),
        _tree(feeder, distance, low, words("feeder.day_lowest"), thin, named=step != WHOLE_DAY),
    ]
    title = words("feeder.day_lowest") if step == WHOLE_DAY else facts.at(step)
    outside = (chosen < feeder.v_min_pu) | (chosen > feeder.v_max_pu)
    traces.append(_tree(feeder, distance, chosen, title, {"color": colours.plan, "width": 2}))
    traces.append(
        go.Scatter(
            x=distance.tolist(),
            y=np.round(chosen, 5).tolist(),
            mode="markers",
            showlegend=False,
            marker={
                "size": np.where(outside, 9, 5).tolist(),
                "symbol": np.where(outside, "triangle-up", "circle").tolist(),
                "color": [colours.alert if bad else colours.plan for bad in outside],
            },
            text=names,
            hovertemplate="%{text}<br>%{x:.2f} km · %{y:.4f} pu<extra></extra>",
        )
    )
    figure = styled(theme, traces, x_title=words("feeder.axis_distance"), y_title=words("feeder.axis_voltage"))
    for limit in (feeder.v_min_pu, feeder.v_max_pu):
        figure.add_hline(y=limit, line={"color": colours.alert, "width": 1.5, "dash": "dash"})
    floor, ceiling = min(feeder.v_min_pu, float(low.min())), max(feeder.v_max_pu, float(high.max()))
    figure.update_yaxes(range=[floor - ROOM_PU, ceiling + ROOM_PU])
    figure.update_layout(hovermode="closest")
    return figure


def _tree(
    feeder: FeederSlice, x: Floats, y: Floats, name: str, line: dict[str, Any], *, named: bool = True
) -> go.Scatter:
    """Return a line from every bus to the one it is fed from."""
    xs: list[float | None] = []
    ys: list[float | None] = []
    last = -1
    for bus, parent in enumerate(feeder.buses.parent.tolist()):
        if parent < 0:
            continue
        if parent != last:
            xs += [None, float(x[parent])]
            ys += [None, round(float(y[parent]), 5)]
        xs.append(float(x[bus]))
        ys.append(round(float(y[bus]), 5))
        last = bus
    return go.Scatter(x=xs, y=ys, mode="lines", name=name, line=line, hoverinfo="skip", showlegend=named)


def voltage_sentence(feeder: FeederSlice, facts: GridFacts, plan: PlanIndex, words: Words) -> str:
    """Say between which voltages the feeder runs, where it is lowest, and the band."""
    volts = np.asarray(feeder.day.v_pu[plan], dtype=np.float64)
    step, bus = np.unravel_index(int(np.nanargmin(volts)), volts.shape)
    return words(
        "feeder.voltage_sentence",
        low=plain(float(volts.min()), 3),
        high=plain(float(volts.max()), 3),
        bus=str(feeder.buses.id[bus]),
        distance=plain(float(feeder.buses.distance_km[bus]), 2),
        clock=facts.at(int(step)),
        floor=plain(feeder.v_min_pu, 3),
        ceiling=plain(feeder.v_max_pu, 3),
    )


def day_figure(
    feeder: FeederSlice, facts: GridFacts, plan: PlanIndex, step: int, words: Words, theme: Theme
) -> go.Figure:
    """Return the power at the head through the day, both outcomes, with rating and emergency rating."""
    colours, number = palette(theme), facts.feeder_number(feeder.id)
    other = PlanIndex.UNMANAGED if plan is PlanIndex.PLAN else PlanIndex.PLAN
    traces = []
    for which, colour, dash in ((other, colours.before, "dot"), (plan, colours.plan, "solid")):
        kw = np.asarray(facts.overview.series.feeder_kw[which, :, number], dtype=np.float64)
        traces.append(
            go.Scatter(
                x=list(range(len(kw))),
                y=np.round(kw, 1).tolist(),
                mode="lines",
                name=words(f"grid.shown_{which.name.lower()}"),
                line={"color": colour, "width": 2, "dash": dash, "shape": "hv"},
                text=list(facts.clock),
                hovertemplate="%{text} · %{y:,.0f} kW",
            )
        )
    figure = styled(theme, traces, y_title=words("feeder.axis_power"))
    figure.update_xaxes(**time_axis(facts.clock, facts.summary.run.step_h, words))
    figure.update_yaxes(rangemode="tozero")
    figure.add_hline(y=feeder.rating_kw, line={"color": colours.alert, "width": 1.5, "dash": "dash"})
    if step != WHOLE_DAY:
        figure.add_vline(x=step, line={"color": colours.ink, "width": 2})
    return figure


def day_sentence(feeder: FeederSlice, facts: GridFacts, plan: PlanIndex, words: Words) -> str:
    """Say when the head carries most, beside the rating, and what draws it."""
    number = facts.feeder_number(feeder.id)
    kw = np.asarray(facts.overview.series.feeder_kw[plan, :, number], dtype=np.float64)
    step = int(np.nan_to_num(np.abs(kw)).argmax())
    told = words(
        "feeder.day_sentence",
        peak=plain(float(kw[step])),
        clock=facts.at(step),
        rating=plain(feeder.rating_kw),
        emergency=plain(feeder.emergency_kw),
    )
    return told + cause_sentence(feeder, facts, plan, step, words)


def duration_figure(feeder: FeederSlice, facts: GridFacts, plan: PlanIndex, words: Words, theme: Theme) -> go.Figure:
    """Return loading over the hours it is reached: the feeder, its most used section, its most used transformer."""
    colours, step_h = palette(theme), facts.summary.run.step_h
    hours = np.round((np.arange(len(facts.clock)) + 1) * step_h, 4).tolist()
    traces = []
    for (name, use), colour, dash in zip(
        duration_curves(feeder, facts, plan, words).items(),
        (colours.plan, colours.before, colours.before),
        ("solid", "dash", "dot"),
        strict=True,
    ):
        traces.append(
            go.Scatter(
                x=hours,
                y=np.round(np.sort(use)[::-1] * 100.0, 2).tolist(),
                mode="lines",
                name=name,
                line={"color": colour, "width": 2, "dash": dash, "shape": "hv"},
                hovertemplate="%{y:.0f} %",
            )
        )
    figure = styled(theme, traces, x_title=words("feeder.axis_hours"), y_title=words("grid.axis_use"))
    figure.add_hline(y=100, line={"color": colours.alert, "width": 1.5, "dash": "dash"})
    figure.update_yaxes(rangemode="tozero")
    return figure


def duration_sentence(feeder: FeederSlice, facts: GridFacts, plan: PlanIndex, words: Words) -> str:
    """Say how many hours the head is above 80 and above 100 % of its rating."""
    head = next(iter(duration_curves(feeder, facts, plan, words).values()))
    hours = facts.summary.run.step_h
    return words(
        "feeder.duration_sentence",
        above80=f"{float((head > 0.8).sum()) * hours:g}",
        above100=f"{float((head > 1.001).sum()) * hours:g}",
        median=percent(float(np.median(head)), words.lang, 0),
    )
