"""Figures of a garage: Gantt charts by outlet and by bus, state of charge on leaving, power through the connection."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from dash_app.answers.depot_sessions import SessionFacts, clock_of
from dash_app.figures.style import Floats, Palette, palette, styled
from dash_app.view import Theme
from dash_app.words import Words
from optimizers.plan import DepotPlan
from optimizers.problem import stays
from twin.depot_departures import Departure, DepartureState
from twin.depot_record import DepotRecord
from twin.report_numbers import energy, percent, plain, power

TICK_STEPS = 16
ROW_PX, FRAME_PX = 17, 76
LABELLED_STEPS = 3
BANDS = (1 / 3, 2 / 3)
"""Mean power over what bus and outlet can, at which the shade of a session changes."""


def time_axis(labels: Sequence[str], words: Words) -> dict[str, Any]:
    """Return the axis of a planning day: steps named by their local time."""
    ticks = list(range(0, len(labels) + 1, TICK_STEPS))
    texts = [labels[step % len(labels)] for step in ticks]
    title = {"text": words("schedule.axis_kst"), "standoff": 4}
    return {"tickvals": ticks, "ticktext": texts, "range": [0, len(labels)], "title": title, "tickangle": 0}


def gantt_height(rows: int) -> int:
    """Return the height in pixels of a Gantt chart with so many rows."""
    return FRAME_PX + ROW_PX * max(rows, 3)


def outlet_gantt(
    record: DepotRecord, sessions: Sequence[SessionFacts], words: Words, theme: Theme, chosen: str = ""
) -> go.Figure:
    """Return one row an outlet with the buses plugged there; the session named `chosen` is framed.

    Outlets that are not there, which a change by hand may need, are rows of their own at the bottom.
    """
    rows = [f"{c.id} · {number + 1}" for c in record.problem.chargers for number in range(c.count)]
    wanted = [f"{s.charger} · {s.outlet}" for s in sessions]
    missing = list(dict.fromkeys(row for row in wanted if row not in rows))
    named = {row: words("depot.no_outlet", row=row) for row in missing}
    traces = _session_traces(
        record, sessions, [named.get(row, row) for row in wanted], words, theme, chosen, text="bus"
    )
    return _gantt(record, traces, rows + [named[row] for row in missing], words, theme)


def bus_gantt(
    record: DepotRecord, sessions: Sequence[SessionFacts], words: Words, theme: Theme, chosen: str = ""
) -> go.Figure:
    """Return one row a bus: on duty, and plugged at an outlet."""
    colours, names = palette(theme), record.problem.buses.id.tolist()
    away = [(names[s.bus], s.start, s.stop) for s in stays(~record.problem.present)]
    duty = go.Bar(
        name=words("depot.on_duty"),
        orientation="h",
        y=[row[0] for row in away],
        base=[row[1] for row in away],
        x=[row[2] - row[1] for row in away],
        marker={"color": colours.line},
        hovertemplate="%{y}: " + words("depot.on_duty") + "<extra></extra>",
    )
    traces = _session_traces(record, sessions, [s.bus for s in sessions], words, theme, chosen, text="outlet")
    return _gantt(record, [duty, *traces], names, words, theme)


def _session_traces(
    record: DepotRecord,
    sessions: Sequence[SessionFacts],
    rows: Sequence[str],
    words: Words,
    theme: Theme,
    chosen: str,
    *,
    text: str,
) -> list[go.Bar]:
    """Return one trace for each shade of power, and one for sessions before a departure at risk."""
    colours = palette(theme)
    groups: dict[str, list[tuple[SessionFacts, str]]] = {"low": [], "middle": [], "high": [], "risk": []}
    for session, row in zip(sessions, rows, strict=True):
        groups[_group(session)].append((session, row))
    fills = {
        "low": colours.bands[1],
        "middle": colours.bands[2],
        "high": colours.bands[3],
        "risk": colours.alert_ground,
    }
    traces = []
    for group, members in groups.items():
        if not members:
            continue
        ink = colours.paper if group == "high" else colours.ink
        traces.append(
            go.Bar(
                name=words(f"depot.shade_{group}"),
                orientation="h",
                y=[row for _, row in members],
                base=[s.start for s, _ in members],
                x=[s.stop - s.start for s, _ in members],
                text=[_label(s, text) for s, _ in members],
                textposition="inside",
                insidetextanchor="middle",
                textangle=0,
                constraintext="inside",
                textfont={"size": 11, "color": ink},
                marker={
                    "color": fills[group],
                    "line": {
                        "color": [_edge(s, chosen, colours) for s, _ in members],
                        "width": [3 if s.name == chosen else 1.5 if s.at_risk else 0.5 for s, _ in members],
                    },
                },
                customdata=[[s.name, _hover(record, s, words)] for s, _ in members],
                hovertemplate="%{customdata[1]}<extra></extra>",
            )
        )
    return traces


def _group(session: SessionFacts) -> str:
    if session.at_risk or not session.free:
        return "risk"
    low, high = BANDS
    return "low" if session.power_share < low else "middle" if session.power_share < high else "high"


def _label(session: SessionFacts, text: str) -> str:
    """Return what stands in a bar; one too short for words stays empty, or has the sign alone."""
    risky = session.at_risk or not session.free
    if session.stop - session.start < LABELLED_STEPS:
        return "▲" if risky else ""
    label = session.bus.rsplit("-", 1)[-1] if text == "bus" else f"{session.charger} · {session.outlet}"
    return f"▲ {label}" if risky else label


def _edge(session: SessionFacts, chosen: str, colours: Palette) -> str:
    if session.name == chosen:
        return colours.ink
    return colours.alert if session.at_risk or not session.free else colours.paper


def _hover(record: DepotRecord, session: SessionFacts, words: Words) -> str:
    labels, lang = record.problem.labels, words.lang
    return words(
        "depot.session_hover",
        bus=session.bus,
        place=f"{session.charger} · {session.outlet}",
        start=clock_of(labels, session.start, words),
        stop=clock_of(labels, session.stop, words),
        energy=energy(session.energy_kwh / 1e3),
        most=power(session.most_kw),
        before=percent(session.soc_before, lang, 0),
        after=percent(session.soc_after, lang, 0),
    )


def _gantt(record: DepotRecord, traces: Sequence[go.Bar], rows: Sequence[str], words: Words, theme: Theme) -> go.Figure:
    figure = styled(theme, traces)
    figure.update_layout(
        barmode="overlay",
        bargap=0.18,
        hovermode="closest",
        height=gantt_height(len(rows)),
        xaxis=time_axis(record.problem.labels, words),
        yaxis={"categoryorder": "array", "categoryarray": list(reversed(rows)), "range": [-0.5, len(rows) - 0.5],
               "tickfont": {"size": 11}, "dtick": 1},
    )  # fmt: skip
    return figure


def soc_figure(record: DepotRecord, found: Sequence[Departure], words: Words, theme: Theme) -> go.Figure:
    """Return the state of charge of every departure against what it needs, by time of leaving."""
    colours = palette(theme)
    looks = {
        DepartureState.SAFE: {"color": colours.plan, "symbol": "circle", "size": 6, "opacity": 0.55},
        DepartureState.TIGHT: {"color": colours.alert, "symbol": "circle-open", "size": 9, "line": {"width": 2}},
        DepartureState.SHORT: {"color": colours.alert, "symbol": "triangle-down", "size": 11},
    }
    traces = [
        go.Scatter(
            name=words("depot.need"),
            mode="markers",
            x=[d.leave for d in found],
            y=[d.need_soc * 100 for d in found],
            marker={
                "color": colours.muted,
                "symbol": "line-ew",
                "size": 9,
                "line": {"width": 2, "color": colours.muted},
            },
            hoverinfo="skip",
        )
    ]
    for state, look in looks.items():
        here = [d for d in found if d.state is state]
        if here:
            traces.append(
                go.Scatter(
                    name=words(f"depot.legend_{state.value}"),
                    mode="markers",
                    x=[d.leave for d in here],
                    y=[d.soc * 100 for d in here],
                    marker=look,
                    text=[_departure_hover(record, d, words) for d in here],
                    hovertemplate="%{text}<extra></extra>",
                )
            )
    figure = styled(theme, traces, y_title=words("depot.axis_soc"))
    figure.update_layout(hovermode="closest", xaxis=time_axis(record.problem.labels, words), yaxis={"range": [0, 103]})
    return figure


def _departure_hover(record: DepotRecord, departure: Departure, words: Words) -> str:
    return words(
        "depot.departure_hover",
        bus=departure.bus,
        leave=clock_of(record.problem.labels, departure.leave, words),
        soc=plain(departure.soc * 100, 1),
        need=plain(departure.need_soc * 100, 1),
    )


def power_figure(
    record: DepotRecord, plan: DepotPlan, words: Words, theme: Theme, changed_kw: Floats | None = None
) -> go.Figure:
    """Return the power through the connection under the plan, on arrival, after a change, and the limit."""
    colours, steps = palette(theme), np.arange(record.problem.step_count + 1)
    lines: list[tuple[str, Floats, dict[str, Any]]] = [
        ("depot.power_before", record.on_arrival_kw, {"color": colours.before, "width": 1.5, "dash": "dot"}),
        ("depot.power_plan", plan.grid_kw, {"color": colours.plan, "width": 2}),
    ]
    if changed_kw is not None:
        lines.append(("depot.power_changed", changed_kw, {"color": colours.alert, "width": 2, "dash": "dash"}))
    lines.append(("depot.power_limit", record.problem.site.import_limit_kw, {"color": colours.ink, "width": 1}))
    traces = [
        go.Scatter(
            name=words(name),
            mode="lines",
            x=steps,
            y=np.append(kw, kw[-1]),
            line=line | {"shape": "hv"},
            hovertemplate="%{y:,.0f} kW",
        )
        for name, kw, line in lines
    ]
    figure = styled(theme, traces, y_title=words("schedule.axis_kw"))
    figure.update_layout(xaxis=time_axis(record.problem.labels, words), yaxis={"rangemode": "tozero"})
    return figure
