"""Figures of a report: load of the city before and after, what the plan moves, and who draws.

Every value is the mean of its step and is drawn as a stair. Each figure comes in a wide and a narrow form; the style
sheet shows the one that fits.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import NDArray

from twin.report_html import Html, element, join
from twin.report_numbers import energy, plain, power, zone
from twin.report_svg import DRAWING, PAGE_COLOURS, inline_svg, token
from twin.report_text import Words
from twin.summary_types import Summary

Floats = NDArray[np.float64]

LEAST_BAND = 0.055
"""Height of the smallest band that bears its name, as a share of the axis."""


@dataclass(frozen=True)
class Shape:
    """Size of a drawing in points, and the hours between the marks of its time axis."""

    name: str
    width: float
    height: float
    tick_h: int
    left: float


SHAPES = (Shape("wide", 760, 270, 3, 46), Shape("narrow", 270, 210, 6, 38))


def load_figure(summary: Summary, words: Words) -> Html:
    """Return the load of the city before and after, with its limit."""
    curves = summary.curves
    before, plan = np.array(curves.supplied_unmanaged_mw), np.array(curves.supplied_plan_mw)
    capacity = curves.capacity_mw

    def draw(axes: Axes) -> None:
        _stairs(axes, summary, before, "before", dashed=True)
        _stairs(axes, summary, plan, "plan", dashed=False)
        axes.axhline(capacity, color=PAGE_COLOURS["ink"], linewidth=1.0, linestyle=(0, (1, 1.5)))
        top = max(capacity, before.max(), plan.max())
        axes.set_ylim(min(0.0, before.min(), plan.min()) * 1.1, top * 1.06)

    limit = power(capacity * 1e3)
    label = words("load.alt", **_peaks(summary, before, plan), limit=limit)
    legend = _legend(("before", words("line.unmanaged")), ("plan", words("line.plan")))
    limit_key = _legend(("limit", words("line.limit", capacity=limit)))
    caption = words("load.caption", minutes=plain(summary.run.step_h * 60), zone=zone(summary.run.timezone))
    drawings = _drawings("load", summary, draw, label, words, "figure.load_axis")
    return _figure(words("figure.load"), join([legend, limit_key]), drawings, caption)


def charging_figure(summary: Summary, words: Words) -> Html:
    """Return what the plan moves: vehicles, buses and batteries."""
    before, plan = moved_mw(summary)

    def draw(axes: Axes) -> None:
        _stairs(axes, summary, before, "before", dashed=True)
        _stairs(axes, summary, plan, "plan", dashed=False)
        axes.axhline(0.0, color=PAGE_COLOURS["ink"], linewidth=0.7)
        low, high = min(0.0, before.min(), plan.min()), max(before.max(), plan.max(), 1e-3)
        axes.set_ylim(low - 0.05 * (high - low) if low < 0 else 0.0, high + 0.08 * (high - low))

    label = words("charging.alt", **_peaks(summary, before, plan))
    legend = _legend(("before", words("line.unmanaged")), ("plan", words("line.plan")))
    drawings = _drawings("charging", summary, draw, label, words, "figure.charging_axis")
    return _figure(words("figure.charging"), legend, drawings, words("charging.caption"))


def demand_figure(summary: Summary, words: Words) -> Html:
    """Return who draws under the plan, one band for each class."""
    bands = demand_bands_mw(summary)
    names = {name: words.label("demand", name) for name in (*bands, "solar", "batteries")}

    def draw(axes: Axes) -> None:
        _draw_bands(axes, summary, bands)

    order = ", ".join(names[name] for name in bands)
    step_h = summary.run.step_h
    energies = ", ".join(f"{names[name]} {energy(float(band.sum()) * step_h)}" for name, band in bands.items())
    label = words("demand.alt", energies=energies)
    drawings = _drawings("demand", summary, draw, label, words, "figure.load_axis", names)
    return _figure(words("figure.demand"), Html(""), drawings, words("demand.caption", order=order))


def moved_mw(summary: Summary) -> tuple[Floats, Floats]:
    """Power of everything the plan may move, MW, (T,) each: on arrival, and as planned."""
    curves = summary.curves
    before = np.array(curves.vehicles_unmanaged_mw) + np.array(curves.buses_unmanaged_mw)
    plan = np.array(curves.vehicles_plan_mw) + np.array(curves.buses_plan_mw) + np.array(curves.batteries_plan_mw)
    return before, plan


def demand_bands_mw(summary: Summary) -> dict[str, Floats]:
    """Power drawn under the plan by who draws it, MW, the largest class first and what charges last."""
    curves = summary.curves
    classes = {name: np.array(values) for name, values in curves.demand_mw.items()}
    ordered = sorted(classes, key=lambda name: -float(classes[name].sum()))
    bands = {name: classes[name] for name in ordered} | {
        "assets": np.array(curves.assets_mw),
        "vehicles": np.array(curves.vehicles_plan_mw),
        "buses": np.array(curves.buses_plan_mw),
        "batteries": np.maximum(np.array(curves.batteries_plan_mw), 0.0),
    }
    return {name: band for name, band in bands.items() if np.any(band > 0)}


def _draw_bands(axes: Axes, summary: Summary, bands: Mapping[str, Floats]) -> None:
    edges = _edges(summary)
    base = np.zeros(len(edges) - 1)
    given = np.abs(np.array(summary.curves.solar_mw)) + np.maximum(-np.array(summary.curves.batteries_plan_mw), 0.0)
    total = np.sum(list(bands.values()), axis=0) if bands else base
    span = float(total.max(initial=1e-3) + given.max(initial=0.0)) * 1.06
    for number, (name, band) in enumerate(bands.items()):
        charging = name in {"vehicles", "buses", "batteries"}
        colour = PAGE_COLOURS["tint-c" if charging else "tint-a" if number % 2 == 0 else "tint-b"]
        _band(axes, edges, base, base + band, colour)
        _name_band(axes, edges, base, band, name, LEAST_BAND * span)
        base = base + band
    if given.any():
        _band(axes, edges, np.zeros_like(base), -given, PAGE_COLOURS["tint-a"])
        _name_band(axes, edges, -given, given, "solar", LEAST_BAND * span)
    axes.axhline(0.0, color=PAGE_COLOURS["ink"], linewidth=0.7)
    axes.set_ylim(-float(given.max(initial=0.0)) * 1.15, float(total.max(initial=1e-3)) * 1.06)


def _band(axes: Axes, edges: Floats, low: Floats, high: Floats, colour: str) -> None:
    axes.stairs(high, edges, baseline=low, fill=True, facecolor=colour, edgecolor=PAGE_COLOURS["paper"], linewidth=0.5)


def _name_band(axes: Axes, edges: Floats, base: Floats, band: Floats, name: str, least: float) -> None:
    """Write a name into a band where it is thickest, away from the ends, when it is thick enough to hold it."""
    margin = len(band) // 8
    inner = slice(margin, len(band) - margin)
    at = margin + int(np.argmax(band[inner]))
    if band[at] < least:
        return
    middle = (edges[at] + edges[at + 1]) / 2
    axes.text(middle, base[at] + band[at] / 2, token(name), color=PAGE_COLOURS["ink"], ha="center", va="center")


def _edges(summary: Summary) -> Floats:
    return np.arange(len(summary.run.clock) + 1, dtype=np.float64) * np.float64(summary.run.step_h)


def _stairs(axes: Axes, summary: Summary, values: Floats, colour: str, *, dashed: bool) -> None:
    style = (0, (4, 2)) if dashed else "solid"
    axes.stairs(
        values, _edges(summary), baseline=None, color=PAGE_COLOURS[colour], linewidth=1.3 if dashed else 1.8, ls=style
    )


def _peaks(summary: Summary, before: Floats, plan: Floats) -> dict[str, str]:
    clock = summary.run.clock
    return {
        "before": power(float(before.max()) * 1e3),
        "clock_before": clock[int(before.argmax())],
        "plan": power(float(plan.max()) * 1e3),
        "clock": clock[int(plan.argmax())],
    }


def _drawings(
    name: str,
    summary: Summary,
    draw: Callable[[Axes], None],
    label: str,
    words: Words,
    axis: str,
    tokens: Mapping[str, str] | None = None,
) -> Html:
    text = {"axis": words(axis), "time": words("figure.time", zone=zone(summary.run.timezone)), **(tokens or {})}
    parts = []
    for shape in SHAPES:
        with matplotlib.rc_context(DRAWING):
            figure = _canvas(shape, summary, draw)
            parts.append(inline_svg(figure, f"{name}-{shape.name}", label, text, f"chart {shape.name}"))
    return join(parts)


def _canvas(shape: Shape, summary: Summary, draw: Callable[[Axes], None]) -> Figure:
    figure = Figure(figsize=(shape.width / 72, shape.height / 72))
    low, high = 30 / shape.height, 1 - 18 / shape.height
    axes = figure.add_axes((shape.left / shape.width, low, 1 - (shape.left + 10) / shape.width, high - low))
    axes.grid(visible=True, axis="y", color=PAGE_COLOURS["line"], linewidth=0.5)
    axes.set_axisbelow(True)
    draw(axes)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.spines["bottom"].set_color(PAGE_COLOURS["line"])
    axes.tick_params(length=0, labelcolor=PAGE_COLOURS["muted"], pad=5)
    axes.yaxis.set_major_locator(MaxNLocator(5))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: _tick(value)))
    at, labels = _time_marks(summary.run.clock, summary.run.step_h, shape.tick_h)
    axes.set_xticks(at, labels)
    axes.set_xlim(0, len(summary.run.clock) * summary.run.step_h)
    muted = PAGE_COLOURS["muted"]
    axes.text(0, 1.03, token("axis"), transform=axes.transAxes, color=muted, ha="left", va="bottom")
    figure.text(1 - 10 / shape.width, 3 / shape.height, token("time"), color=muted, ha="right", va="bottom")
    return figure


def _tick(value: float) -> str:
    return f"{value:,.10g}".replace("-", "−") if value else "0"


def _time_marks(clock: Sequence[str], step_h: float, every_h: int) -> tuple[list[float], list[str]]:
    """Return where full hours stand that are `every_h` apart, in hours from the start, and their clock time."""
    hours = len(clock) * step_h
    at = [hour for hour in range(0, int(hours) + 1, every_h) if hour < hours]
    return [float(hour) for hour in at], [clock[min(round(hour / step_h), len(clock) - 1)] for hour in at]


def _legend(*entries: tuple[str, str]) -> Html:
    return join(
        element("span", element("span", "", class_=f"sample {kind}"), text, class_="key") for kind, text in entries
    )


def _figure(title: str, legend: Html, drawings: Html, caption: str) -> Html:
    key = element("div", legend, class_="legend") if legend else Html("")
    return element("figure", element("h3", title), key, drawings, element("figcaption", caption))
