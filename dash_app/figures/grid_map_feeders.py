"""Feeders on the map of the grid: one trace a band, packed small, with words at every point."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dash_app.answers.grid_facts import GridFacts
from dash_app.answers.grid_layers import BROKEN, Layer, LayerValues, band_of
from dash_app.figures.grid_shapes import Path
from dash_app.words import Words
from twin.report_numbers import percent, plain

FIRST_BAND = 2
"""Position of the first of the feeders' traces."""


@dataclass(frozen=True, eq=False)
class MapView:
    """What the map is asked to show.

    Attributes
    ----------
    layer, values
        What is looked at, and its values.
    district, paths
        The chosen district with its feeders as lines, or "" and nothing.
    feeder
        Position of the chosen feeder, -1 for none.
    """

    layer: Layer
    values: LayerValues
    district: str
    paths: Mapping[int, Path]
    feeder: int = -1


def feeder_text(facts: GridFacts, shown: MapView, feeder: int, words: Words) -> str:
    """Say of a feeder what the map shows of it."""
    step, name = int(shown.values.feeder_step[feeder]), str(facts.overview.feeders.id[feeder])
    use, value = float(shown.values.feeder[feeder]), float(shown.values.value[feeder])
    if np.isnan(use):
        return f"{name}: {words('grid.no_data')}"
    found = f"{plain(value, 3)} pu" if shown.layer is Layer.VOLTAGE else percent(value, words.lang, 0)
    sign = "▲ " if use > 1.0 and int(band_of(np.array([use]))[0]) == BROKEN else ""
    return words("grid.hover", sign=sign, feeder=name, found=found, clock=facts.at(step))


def feeder_traces(facts: GridFacts, shown: MapView, words: Words) -> dict[int, dict[str, Any]]:
    """Return the feeders by band; coordinates are packed, for they are most of what a step of the day sends."""
    bands = band_of(shown.values.feeder)
    traces: list[list[tuple[int, Path]]] = [[] for _ in range(BROKEN + 1)]
    for feeder, path in shown.paths.items():
        traces[max(int(bands[feeder]), 0)].append((feeder, path))
    return {FIRST_BAND + band: _band(facts, shown, entries, words) for band, entries in enumerate(traces)}


def _band(facts: GridFacts, shown: MapView, entries: list[tuple[int, Path]], words: Words) -> dict[str, Any]:
    lon: list[float | None] = []
    lat: list[float | None] = []
    text: list[str] = []
    number: list[int] = []
    for feeder, path in entries:
        told = short_text(facts, shown, feeder, words)
        lon += [*path[0], None]
        lat += [*path[1], None]
        text += ["" if x is None else told for x in path[0]] + [""]
        number += [feeder] * (len(path[0]) + 1)
    return {
        "lon": packed(np.array(lon, dtype=np.float32)),
        "lat": packed(np.array(lat, dtype=np.float32)),
        "text": text,
        "customdata": packed(np.array(number, dtype=np.int32)),
    }


def packed(values: NDArray[Any]) -> dict[str, str]:
    """Return an array as Plotly reads it from base64: half of the size of its digits."""
    return {"dtype": values.dtype.str[1:], "bdata": base64.b64encode(values.tobytes()).decode()}


def short_text(facts: GridFacts, shown: MapView, feeder: int, words: Words) -> str:
    """Say the same as `feeder_text` shorter, for it stands at every point; the hour only where hours differ."""
    name = str(facts.overview.feeders.id[feeder]).removeprefix(f"{shown.district}-")
    use, value = float(shown.values.feeder[feeder]), float(shown.values.value[feeder])
    if np.isnan(use):
        return f"{name} {words('grid.no_data')}"
    found = f"{plain(value, 3)} pu" if shown.layer is Layer.VOLTAGE else percent(value, words.lang, 0)
    sign = "▲" if int(band_of(np.array([use]))[0]) == BROKEN else ""
    steps = shown.values.feeder_step
    clock = "" if bool((steps == steps[0]).all()) else f" {facts.clock[int(steps[feeder])]}"
    return f"{sign}{name} {found}{clock}"
