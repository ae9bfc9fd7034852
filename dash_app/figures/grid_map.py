"""The map of the grid: districts, and in the chosen one its substations and feeders, coloured by use of the permitted.

The traces are always the same and in the same order, so that a step of the day re-colours them without drawing anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import plotly.graph_objects as go
from dash import Patch

from dash_app.answers.grid_facts import GridFacts
from dash_app.answers.grid_layers import (
    BROKEN,
    Layer,
    band_of,
    by_district,
    by_substation,
)
from dash_app.figures.grid_map_feeders import MapView, feeder_text, feeder_traces
from dash_app.figures.grid_shapes import Bounds, bounds_of, hatching, name_places
from dash_app.figures.style import FONT, Palette, map_layout, palette
from dash_app.view import Theme
from dash_app.words import Words
from twin.report_numbers import Lang, percent

AREAS, STATIONS, NAMES, BROKEN_PLACES, CHOSEN = 0, 7, 8, 9, 10
"""Positions of the traces; the hatching is at 1, feeders have one a band from `FIRST_BAND` on."""

MAP_PX = (560.0, 300.0)
"""Size that the map is fitted into."""

LINE_SHADES = {
    Theme.LIGHT: ("#aab8c7", "#86a3c2", "#4f7dab", "#123f6d"),
    Theme.DARK: ("#4d5d6e", "#4f7ba7", "#7aaede", "#c3e0fb"),
}

CLEAR = -1
"""Shade of the chosen district, whose feeders carry the colour."""

LINE_PX = (1.5, 1.8, 2.2, 3.0, 4.5)
"""Width of a feeder by band: what is outside its limit is thick as well as coloured."""


def grid_map(
    facts: GridFacts, shown: MapView, words: Words, theme: Theme, revision: str, outlines_at: str
) -> go.Figure:
    """Return the map; while `revision` stays, the reader's own zoom and place stay too.

    The browser fetches the outlines of the districts from the address `outlines_at` and keeps them.
    """
    colours = palette(theme)
    outlines = facts.outlines or {"type": "FeatureCollection", "features": []}
    figure = go.Figure([_frame(trace, colours) for trace in _traces(outlines, outlines_at, facts.missing, theme)])
    for position, changes in _coloured(facts, shown, words, theme).items():
        figure.data[position].update(changes)
    box = _bounds(facts, shown)
    longitude, latitude = box.centre
    layout = map_layout(theme, longitude=longitude, latitude=latitude, zoom=box.zoom(*MAP_PX))
    figure.update_layout(
        **layout,
        showlegend=False,
        paper_bgcolor="rgba(0,0,0,0)",
        font={"family": FONT, "size": 12, "color": colours.ink},
        uirevision=revision,
        hoverlabel={"bgcolor": colours.paper, "bordercolor": colours.line, "font": {"color": colours.ink}},
    )
    return figure


def grid_map_patch(facts: GridFacts, shown: MapView, words: Words, theme: Theme) -> Patch:
    """Return what changes on the map when step, layer or outcome do: colours and texts, no outline."""
    patch = Patch()
    for position, changes in _coloured(facts, shown, words, theme).items():
        for name, value in changes.items():
            patch["data"][position][name] = value
    return patch


def band_colours(colours: Palette) -> list[str]:
    """Return the colour of every band for areas, the broken one last."""
    return [*colours.bands, colours.alert]


def line_colours(theme: Theme) -> list[str]:
    """Return the colour of every band for lines and marks, which must stand out from the ground."""
    return [*LINE_SHADES[theme], palette(theme).alert]


def _bounds(facts: GridFacts, shown: MapView) -> Bounds:
    if facts.outlines and facts.outlines["features"]:
        codes = [shown.district] if shown.district else [d.code for d in facts.summary.districts]
        return bounds_of(facts.outlines, codes)
    feeders = facts.overview.feeders
    here = feeders.district == shown.district if shown.district else np.ones(len(feeders.id), dtype=bool)
    return Bounds(
        float(feeders.west[here].min()),
        float(feeders.south[here].min()),
        float(feeders.east[here].max()),
        float(feeders.north[here].max()),
    )


def _frame(trace: Any, colours: Palette) -> Any:
    return trace.update(hoverlabel={"font": {"family": FONT, "color": colours.ink}})


def _traces(outlines: Mapping[str, Any], outlines_at: str, missing: tuple[str, ...], theme: Theme) -> list[Any]:
    colours = palette(theme)
    codes = [feature["id"] for feature in outlines["features"]]
    shades = band_colours(colours)
    steps = [colours.paper, *shades]
    scale = [[edge, shade] for n, shade in enumerate(steps) for edge in (n / len(steps), (n + 1) / len(steps))]
    hatched = hatching(outlines, missing)
    areas = go.Choroplethmap(
        geojson=outlines_at,
        locations=codes,
        z=[None] * len(codes),
        zmin=CLEAR - 0.5,
        zmax=len(shades) - 0.5,
        colorscale=scale,
        showscale=False,
        marker={"line": {"width": 1.2, "color": colours.muted}, "opacity": 0.85},
        hovertemplate="%{text}<extra></extra>",
    )
    return [
        areas,
        go.Scattermap(
            lon=hatched[0], lat=hatched[1], mode="lines", line={"width": 1, "color": colours.muted}, hoverinfo="skip"
        ),
        *(
            go.Scattermap(mode="lines", line={"width": width, "color": shade}, hovertemplate="%{text}<extra></extra>")
            for width, shade in zip(LINE_PX, line_colours(theme), strict=True)
        ),
        go.Scattermap(
            mode="markers",
            marker={"size": 13, "allowoverlap": True},
            hovertemplate="%{text}<extra></extra>",
        ),
        go.Scattermap(
            mode="text", textfont={"size": 10.5, "color": colours.ink}, textposition="middle center", hoverinfo="skip"
        ),
        go.Scattermap(
            mode="markers+text",
            marker={"size": 14, "color": colours.alert, "allowoverlap": True},
            textfont={"size": 12, "color": colours.ink},
            textposition="top center",
            hovertemplate="%{hovertext}<extra></extra>",
        ),
        go.Scattermap(mode="lines", line={"width": 7, "color": colours.ink}, opacity=0.35, hoverinfo="skip"),
    ]


def _coloured(facts: GridFacts, shown: MapView, words: Words, theme: Theme) -> dict[int, dict[str, Any]]:
    """Return by trace what depends on the values."""
    changes = {AREAS: _areas(facts, shown, words), STATIONS: _stations(facts, shown, words, theme)}
    changes |= {NAMES: _names(facts, shown, words), BROKEN_PLACES: _broken(facts, shown, words)}
    changes |= feeder_traces(facts, shown, words)
    chosen = shown.paths.get(shown.feeder, ([], []))
    changes[CHOSEN] = {"lon": chosen[0], "lat": chosen[1]}
    return changes


def _areas(facts: GridFacts, shown: MapView, words: Words) -> dict[str, Any]:
    worst = by_district(facts.overview, shown.values)
    codes = [feature["id"] for feature in facts.outlines["features"]] if facts.outlines else []
    bands: list[int | None] = []
    texts = []
    for code in codes:
        name = facts.district_name(code, words.lang)
        if code not in worst:
            bands.append(None)
            texts.append(f"{name}: {words('grid.no_data')}")
            continue
        use, feeder = worst[code]
        bands.append(CLEAR if code == shown.district else int(band_of(np.array([use]))[0]))
        texts.append(f"{name}<br>{feeder_text(facts, shown, feeder, words)}")
    return {"z": bands, "text": texts, "customdata": codes}


def _stations(facts: GridFacts, shown: MapView, words: Words, theme: Theme) -> dict[str, Any]:
    stations = facts.overview.stations
    use = by_substation(facts.overview, shown.values)
    bands, shades = band_of(use), line_colours(theme)
    here = [n for n in range(len(stations.id)) if not shown.district or stations.district[n] == shown.district]
    size = 15 if shown.district else 6
    texts = [
        words("grid.hover_station", station=str(stations.id[n]), found=_share(float(use[n]), words.lang)) for n in here
    ]
    outline = [shades[max(int(bands[n]), 0)] if shown.district else palette(theme).muted for n in here]
    return {
        "lon": [round(float(stations.x[n]), 5) for n in here],
        "lat": [round(float(stations.y[n]), 5) for n in here],
        "text": texts,
        "marker": {"size": size, "color": outline, "allowoverlap": True},
    }


def _share(use: float, lang: Lang) -> str:
    return "–" if np.isnan(use) else percent(use, lang, 0)


def _names(facts: GridFacts, shown: MapView, words: Words) -> dict[str, Any]:
    """Name the districts, or in the chosen district its substations, each with its value."""
    if shown.district or not facts.outlines:
        stations, use = facts.overview.stations, by_substation(facts.overview, shown.values)
        here = [n for n in range(len(stations.id)) if stations.district[n] == shown.district]
        return {
            "lon": [round(float(stations.x[n]), 5) for n in here],
            "lat": [round(float(stations.y[n]), 5) + 0.0018 for n in here],
            "text": [f"{stations.id[n]} {_share(float(use[n]), words.lang)}" for n in here],
        }
    places = name_places(facts.outlines)
    worst = by_district(facts.overview, shown.values)
    texts = []
    for code in places:
        name = facts.district_name(code, words.lang).removesuffix("-gu")
        worst_use = worst[code][0] if code in worst else np.nan
        # text that would touch other text is left out by the map, so only what is broken says its figure too
        broken = code in worst and int(band_of(np.array([worst_use]))[0]) == BROKEN
        texts.append(f"▲ {name} {_share(worst_use, words.lang)}" if broken else name)
    return {"lon": [p[0] for p in places.values()], "lat": [p[1] for p in places.values()], "text": texts}


def _broken(facts: GridFacts, shown: MapView, words: Words) -> dict[str, Any]:
    """Mark every feeder outside its limit, wherever on the map."""
    feeders = facts.overview.feeders
    # hundreds of transformers would hide the map: there the shades alone speak
    most = 0 if shown.layer is Layer.TRANSFORMERS else 60
    broken = [int(n) for n in np.flatnonzero(band_of(shown.values.feeder) == BROKEN)][:most]
    return {
        "lon": [round(float(feeders.west[n] + feeders.east[n]) / 2, 5) for n in broken],
        "lat": [round(float(feeders.south[n] + feeders.north[n]) / 2, 5) for n in broken],
        "text": [f"▲ {feeders.id[n]}" if shown.district else "" for n in broken],
        "hovertext": [feeder_text(facts, shown, n, words) for n in broken],
        "customdata": broken,
    }
