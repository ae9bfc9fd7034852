"""The Gantt chart and the power curve of a depot's plan as SVG: text stays text, nothing refers outside the page."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from optimizers.problem import stays
from twin.depot_planning import PlannedDepot
from twin.depot_tables import buses_at_bus_bar_kw, clock
from twin.report_html import Html, element, join

Floats = NDArray[np.float64]

WIDTH, LEFT, RIGHT = 1120, 120, 16
ROW, TOP, BOTTOM = 20, 26, 8
CURVE_HEIGHT = 220
TICK_H = 3
POWER_TICKS = 5
"""Most rules across the power curve, besides that at 0."""
SHADES = 5
"""Classes of charging power that are told apart by colour."""


def bus_chart(planned: PlannedDepot) -> Html:
    """Return the Gantt chart by bus: duties, waiting at an outlet, charging by power, feeding back."""
    problem = planned.case.problem
    rows = []
    for b, name in enumerate(problem.buses.id):
        duties = list(stays(~problem.present[b : b + 1]))
        bars = [_bar(planned, b, s.start, s.stop, "duty", f"{name}: on duty") for s in duties]
        bars += [
            bar
            for s in planned.sessions
            if s.bus == b
            for bar in _session(planned, s.bus, b, s.start, s.stop, problem.chargers[s.charger_class].id)
        ]
        rows.append((str(name), bars))
    return _chart(planned, rows, "Buses: duties and charging")


def charger_chart(planned: PlannedDepot) -> Html:
    """Return the Gantt chart by outlet: which bus is plugged when, and with what power."""
    problem, rows = planned.case.problem, []
    line = 0
    for c, charger in enumerate(problem.chargers):
        for outlet in range(charger.count):
            bars: list[Html] = []
            for s in planned.sessions:
                if (s.charger_class, s.outlet) == (c, outlet):
                    bars += _session(planned, s.bus, line, s.start, s.stop, charger.id)
                    middle = (_x(planned, max(s.start, 0)) + _x(planned, s.stop)) / 2
                    label = str(problem.buses.id[s.bus])
                    if _x(planned, s.stop) - _x(planned, max(s.start, 0)) > 7 * len(label):
                        y = TOP + line * ROW + ROW * 0.68
                        bars.append(_text(middle, y, label, "middle", "inside"))
            rows.append((f"{charger.id} · {outlet + 1}", bars))
            line += 1
    return _chart(planned, rows, "Outlets: which bus is plugged when")


def power_chart(planned: PlannedDepot) -> Html:
    """Return the power through the connection, of the chargers, of PV, against the limit, above the price of energy."""
    problem, plan = planned.case.problem, planned.plan
    site = problem.site
    limit = site.import_limit_kw
    curves = [
        ("grid", "Through the connection", plan.grid_kw),
        ("buses", "Chargers", buses_at_bus_bar_kw(planned)),
        ("base", "Own load", site.base_kw),
        ("pv", "PV used", plan.pv_kw),
    ]
    if problem.demand is not None and problem.demand.sunk_kw > 0:
        curves.append(("sunk", "Demand already paid for", np.full(problem.step_count, problem.demand.sunk_kw)))
    drawn = max(float(np.abs(values).max()) for _, _, values in curves)
    if np.isfinite(limit).all() and limit.max() <= 2 * drawn:
        curves.append(("limit", "Limit of the connection", limit))
        drawn = max(drawn, float(limit.max()))
    low = min(0.0, *(float(values.min()) for _, _, values in curves))
    parts = [*_time_axis(planned, TOP + CURVE_HEIGHT), *_power_axis(low, drawn)]
    parts += [_curve(planned, values, name, low, drawn) for name, _, values in curves]
    return join([_svg(parts, TOP + CURVE_HEIGHT + BOTTOM, "Power of the site, kW"), _legend(curves)])


def legend_of_bars() -> Html:
    """Return what the colours of the Gantt charts mean."""
    words = [("duty", "on duty"), ("parked", "parked, not plugged"), ("wait", "plugged, 0 kW")]
    words += [(f"c{shade}", f"charging, {20 * shade}–{20 * shade + 20} % of the outlet") for shade in range(SHADES)]
    words.append(("feed", "feeding back"))
    return _keys(words)


def _session(planned: PlannedDepot, bus: int, line: int, start: int, stop: int, charger: str) -> list[Html]:
    """Return the bars of one session, one for each stretch of equal power."""
    plan, problem = planned.plan, planned.case.problem
    begin = max(start, 0)
    net = np.round(plan.charge_kw[bus, begin:stop] - plan.discharge_kw[bus, begin:stop], 1)
    cuts = [0, *(np.flatnonzero(np.diff(net)) + 1).tolist(), len(net)]
    most = next(outlet.max_kw for outlet in problem.chargers if outlet.id == charger)
    bars = []
    for low, high in pairwise(cuts):
        if low == high:
            continue
        power = float(net[low])
        shade = f"c{min(int(power / most * SHADES), SHADES - 1)}"
        kind = "feed" if power < 0 else "wait" if power == 0 else shade
        words = f"{problem.buses.id[bus]} at {charger}: {power:g} kW"
        bars.append(_bar(planned, line, begin + low, begin + high, kind, words))
    return bars


def _x(planned: PlannedDepot, edge: int) -> float:
    edges = planned.case.edges_utc
    share = (edges[edge] - edges[0]) / (edges[-1] - edges[0])
    return float(LEFT + share * (WIDTH - LEFT - RIGHT))


def _bar(planned: PlannedDepot, line: int, start: int, stop: int, kind: str, words: str) -> Html:
    left, right = _x(planned, start), _x(planned, stop)
    title = element("title", f"{words}, {clock(planned.case, start)[11:16]} to {clock(planned.case, stop)[11:16]}")
    y = TOP + line * ROW + 2
    place = {"x": f"{left:.1f}", "y": f"{y:g}", "width": f"{right - left:.1f}", "height": f"{ROW - 4}"}
    return element("rect", title, class_=kind, **place)


def _text(x: float, y: float, words: str, anchor: str, class_: str) -> Html:
    return element("text", words, **{"x": f"{x:.1f}", "y": f"{y:.1f}", "text-anchor": anchor, "class_": class_})


def _line(x1: float, y1: float, x2: float, y2: float) -> Html:
    return element("line", class_="rule", x1=f"{x1:.1f}", y1=f"{y1:.1f}", x2=f"{x2:.1f}", y2=f"{y2:.1f}")


def _time_axis(planned: PlannedDepot, bottom: float) -> list[Html]:
    """Return a rule and an hour for every few hours of the local clock, at midnight the date."""
    parts = []
    for edge in range(len(planned.case.edges_utc)):
        date, hours = clock(planned.case, edge)[:16].split("T")
        hour, minute = (int(part) for part in hours.split(":"))
        if minute == 0 and hour % TICK_H == 0:
            x, words = _x(planned, edge), date if hour == 0 else hours
            parts += [_line(x, TOP, x, bottom), _text(x, TOP - 8, words, "middle", "tick")]
    return parts


def _power_axis(low: float, high: float) -> list[Html]:
    parts = []
    for value in np.arange(0, high * (1 + 1e-9), _round_step(high / POWER_TICKS)):
        y = _y(float(value), low, high)
        parts += [_line(LEFT, y, WIDTH - RIGHT, y), _text(LEFT - 6, y + 4, f"{value:,.0f} kW", "end", "tick")]
    return parts


def _round_step(least: float) -> float:
    """Return the next number of the form 1, 2 or 5 times a power of ten."""
    magnitude = 10.0 ** np.floor(np.log10(max(least, 1e-3)))
    return float(next(factor * magnitude for factor in (1, 2, 5, 10) if factor * magnitude >= least * (1 - 1e-9)))


def _y(value: float, low: float, high: float) -> float:
    return TOP + CURVE_HEIGHT * (high - value) / max(high - low, 1e-9)


def _curve(planned: PlannedDepot, values: Floats, class_: str, low: float, high: float) -> Html:
    """Return a step curve: each value holds from the start of its step to the next."""
    points = []
    for t, value in enumerate(values):
        y = _y(float(value), low, high)
        points += [f"{_x(planned, t):.1f},{y:.1f}", f"{_x(planned, t + 1):.1f},{y:.1f}"]
    return element("polyline", class_=f"curve {class_}", points=" ".join(points))


def _chart(planned: PlannedDepot, rows: Sequence[tuple[str, list[Html]]], label: str) -> Html:
    bottom = TOP + len(rows) * ROW
    parts = _time_axis(planned, bottom)
    for line, (name, bars) in enumerate(rows):
        parts += [_text(LEFT - 8, TOP + line * ROW + ROW * 0.68, name, "end", "name"), *bars]
    return _svg(parts, bottom + BOTTOM, label)


def _svg(parts: Sequence[Html], height: float, label: str) -> Html:
    box = {"viewBox": f"0 0 {WIDTH} {height:g}", "role": "img", "aria-label": label}
    return element("svg", *parts, **box)


def _legend(curves: Sequence[tuple[str, str, Floats]]) -> Html:
    return _keys([(f"line-{name}", words) for name, words, _ in curves])


def _keys(words: Sequence[tuple[str, str]]) -> Html:
    items = [element("li", element("span", "", class_=f"key {name}"), text) for name, text in words]
    return element("ul", *items, class_="legend")
