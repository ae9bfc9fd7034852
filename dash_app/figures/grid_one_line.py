"""The one-line diagram of a feeder: elements of a cytoscape graph laid out by distance along the feeder."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from dash_app.answers.grid_layers import WHOLE_DAY, band_of
from dash_app.figures.grid_map import LINE_PX, line_colours
from dash_app.figures.style import palette
from dash_app.view import Theme
from dash_app.words import Words
from grid.synthesis_tables import BusKind
from twin.report_numbers import percent, plain
from twin.summary_feeder import FeederSlice
from twin.summary_grid_types import PlanIndex

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

DEPTH_PX, ROW_PX = 74.0, 46.0

Elements = list[dict[str, Any]]


def one_line(feeder: FeederSlice, plan: PlanIndex, step: int, words: Words) -> Elements:
    """Return buses, sections and ties of a feeder, each with its value in words and its band.

    Sections are solid where they are closed, ties dashed because they stand open.
    """
    place = positions(feeder)
    line_use = _at(np.asarray(feeder.day.loading[plan], dtype=np.float64), step)
    volts = np.asarray(feeder.day.v_pu[plan], dtype=np.float64)
    volts = np.nanmin(volts, axis=0) if step == WHOLE_DAY else volts[step]
    transformer = _at(feeder.transformer_use[plan], step)
    elements: Elements = [
        _bus(feeder, bus, place[bus], float(volts[bus]), float(transformer[bus]), words)
        for bus in range(len(feeder.buses.id))
    ]
    elements += [_section(feeder, line, float(line_use[line]), words) for line in range(len(feeder.lines.id))]
    hung: dict[int, int] = {}
    for number, tie in enumerate(feeder.ties):
        x, y = place[tie.bus]
        elements += _tie(feeder, number, x, y + hung.get(tie.bus, 0) * 0.42 * ROW_PX, words)
        hung[tie.bus] = hung.get(tie.bus, 0) + 1
    return elements


def _at(values: Floats, step: int) -> Floats:
    return np.asarray(np.nan_to_num(values).max(axis=0) if step == WHOLE_DAY else values[step])


def positions(feeder: FeederSlice) -> list[tuple[float, float]]:
    """Return where each bus stands: depth to the right, the trunk on top, laterals in rows of their own below."""
    parent, count = feeder.buses.parent, len(feeder.buses.id)
    depth = np.zeros(count, dtype=np.int64)
    size = np.ones(count, dtype=np.int64)
    children: list[list[int]] = [[] for _ in range(count)]
    for bus in range(1, count):
        children[int(parent[bus])].append(bus)
        depth[bus] = depth[int(parent[bus])] + 1
    for bus in range(count - 1, 0, -1):
        size[int(parent[bus])] += size[bus]
    trunk = np.r_[True, feeder.lines.trunk]
    row, next_row, stack = np.zeros(count), 1, [0]
    while stack:
        bus = stack.pop()
        ordered = sorted(children[bus], key=lambda child: (not trunk[child], -size[child]))
        for rank, child in enumerate(ordered):
            if rank == 0:
                row[child] = row[bus]
            else:
                row[child] = next_row
                next_row += 1
        stack += reversed(ordered)
    return [(float(depth[bus]) * DEPTH_PX, float(row[bus]) * ROW_PX) for bus in range(count)]


def _bus(
    feeder: FeederSlice, bus: int, place: tuple[float, float], volts: float, transformer: float, words: Words
) -> dict[str, Any]:
    kind, name = BusKind(int(feeder.buses.kind[bus])), str(feeder.buses.id[bus])
    outside = volts < feeder.v_min_pu or volts > feeder.v_max_pu or transformer > 1.001
    label = feeder.bank if bus == 0 else name.removeprefix(f"{feeder.id}-")
    told = words("feeder.bus_told", bus=name, voltage=plain(volts, 4))
    if feeder.buses.rating_kva[bus] > 0:
        rating = plain(float(feeder.buses.rating_kva[bus]))
        told += words("feeder.transformer_told", use=percent(transformer, words.lang, 0), rating=rating)
    shape = {BusKind.BUSBAR: "busbar", BusKind.JUNCTION: "junction", BusKind.CUSTOMER: "customer"}.get(kind, "load")
    classes = f"{shape} {'outside' if outside else ''} {'critical' if feeder.buses.critical[bus] else ''}"
    return {
        "data": {"id": f"b{bus}", "label": f"▲ {label}" if outside else label, "told": told, "bus": name},
        "position": {"x": place[0], "y": place[1]},
        "classes": classes.strip(),
    }


def _section(feeder: FeederSlice, line: int, use: float, words: Words) -> dict[str, Any]:
    name = str(feeder.lines.id[line])
    band = int(band_of(np.array([use]))[0])
    told = words(
        "feeder.section_told",
        line=name,
        use=percent(use, words.lang, 0),
        rating=plain(float(feeder.lines.rating_a[line])),
        conductor=str(feeder.lines.conductor[line]),
        length=plain(float(feeder.lines.length_km[line]), 2),
    )
    ends = {"source": f"b{int(feeder.lines.from_bus[line])}", "target": f"b{int(feeder.lines.to_bus[line])}"}
    return {"data": {"id": f"l{line}", **ends, "told": told, "line": name}, "classes": f"band-{max(band, 0)}"}


def _tie(feeder: FeederSlice, number: int, x: float, y: float, words: Words) -> Elements:
    tie = feeder.ties[number]
    told = words("feeder.tie_told", tie=tie.id, other=tie.other_feeder, bus=str(feeder.buses.id[tie.bus]))
    node = {
        "data": {"id": f"t{number}", "label": tie.other_feeder, "told": told, "tie": tie.id},
        "position": {"x": x + 0.35 * DEPTH_PX, "y": y + 0.62 * ROW_PX},
        "classes": "tie-end",
    }
    ends = {"id": f"e{number}", "source": f"b{tie.bus}", "target": f"t{number}"}
    return [node, {"data": {**ends, "told": told}, "classes": "tie"}]


def stylesheet(theme: Theme) -> list[dict[str, Any]]:
    """Return how the diagram is drawn."""
    colours, shades = palette(theme), line_colours(theme)
    label = {"label": "data(label)", "font-size": 9, "color": colours.ink, "text-valign": "top", "text-margin-y": -2}
    looks: dict[str, dict[str, Any]] = {
        "node": {"width": 9, "height": 9, "background-color": colours.muted, **label},
        ".busbar": {"shape": "rectangle", "width": 7, "height": 34, "background-color": colours.ink},
        ".junction": {"width": 4, "height": 4},
        ".customer": {"shape": "diamond", "width": 13, "height": 13},
        ".critical": {"border-width": 2, "border-color": colours.ink},
        ".outside": {"shape": "triangle", "width": 14, "height": 13, "background-color": colours.alert},
        ".tie-end": {
            "shape": "rectangle", "width": 7, "height": 7, "background-opacity": 0, "border-width": 1.5,
            "border-color": colours.muted, "text-valign": "center", "text-halign": "right", "text-margin-x": 3,
            "text-margin-y": 0,
        },
        "edge": {"curve-style": "taxi", "taxi-direction": "horizontal", "taxi-turn": 8, "width": 2},
        ".tie": {"line-style": "dashed", "line-color": colours.muted, "width": 1.5, "curve-style": "straight"},
    }  # fmt: skip
    for band, (shade, width) in enumerate(zip(shades, LINE_PX, strict=True)):
        looks[f".band-{band}"] = {"line-color": shade, "width": width}
    looks[":selected"] = {"border-width": 3, "border-color": colours.plan, "line-color": colours.plan}
    return [{"selector": selector, "style": style} for selector, style in looks.items()]
