"""Map of the districts: loading of the most loaded feeder, with what is missing hatched and named."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from shapely.affinity import translate
from shapely.geometry import LineString, MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from twin.grid_check import LOADING_TOLERANCE
from twin.report_html import Html, element, join
from twin.report_numbers import percent
from twin.report_text import Words
from twin.summary_types import DistrictFacts, Summary

WIDTH = 720.0
"""Width of the drawing; its height follows from the city."""

PADDING = 8.0

BAND_ENDS = (0.5, 0.7, 0.85, 1.0)
"""Upper ends of the bands of loading that have a tint each; above the last a limit is broken."""

DARK_BAND = 3
"""First band whose tint is so strong that its label is set in the opposite colour."""

LEVELS = 24
"""Number of level lines tried for a name."""

LABEL_HEIGHT = 34.0
"""Height of the two lines of a label in drawing units."""

SIMPLIFIED = 0.4
"""Distance in drawing units by which an outline may be moved: less than can be seen."""


@dataclass(frozen=True)
class Projection:
    """From degrees to drawing units: equirectangular at the city's middle latitude, north up."""

    west_deg: float
    north_deg: float
    units_per_deg: float
    shrink: float
    height: float

    def point(self, longitude: float, latitude: float) -> tuple[float, float]:
        """Return where a place stands in the drawing."""
        x = PADDING + (longitude - self.west_deg) * self.shrink * self.units_per_deg
        return x, PADDING + (self.north_deg - latitude) * self.units_per_deg

    def outline(self, geometry: BaseGeometry) -> BaseGeometry:
        """Return an outline in drawing units."""
        moved = shapely.transform(
            geometry, lambda corners: [self.point(longitude, latitude) for longitude, latitude in corners]
        )
        return moved.simplify(SIMPLIFIED)


def projection_of(boundaries: Mapping[str, BaseGeometry]) -> Projection:
    """Return the projection that fits all outlines into the width."""
    west, south, east, north = shapely.total_bounds(list(boundaries.values())).tolist()
    shrink = math.cos(math.radians((south + north) / 2))
    units = (WIDTH - 2 * PADDING) / max((east - west) * shrink, 1e-9)
    return Projection(west, north, units, shrink, (north - south) * units + 2 * PADDING)


def broken(district: DistrictFacts) -> bool:
    """Whether a limit is broken in a district under the plan."""
    return (
        any(minutes > 0 for minutes in district.violation_minutes_plan.values())
        or district.worst_loading_plan > 1.0 + LOADING_TOLERANCE
    )


def map_figure(summary: Summary, boundaries: Mapping[str, BaseGeometry], words: Words) -> Html:
    """Return the map with its legend and with what is missing on it."""
    known = {district.code: district for district in summary.districts}
    missing = [code for code in boundaries if code not in known]
    outlineless = [words.name(district) for code, district in known.items() if code not in boundaries]
    captions = [words("map.caption")]
    if missing:
        captions.append(words("map.missing", names=", ".join(missing)))
    if outlineless:
        captions.append(words("map.outlineless", names=", ".join(outlineless)))
    drawing = _drawing(known, boundaries, _label(summary.districts, words), words) if boundaries else Html("")
    legend = _legend(words, missing=bool(missing))
    return element("figure", legend, drawing, *(element("figcaption", text) for text in captions), class_="map")


def _label(districts: Sequence[DistrictFacts], words: Words) -> str:
    if not districts:
        return words("map.alt_empty")
    worst = max(districts, key=lambda district: district.worst_loading_plan)
    loading = percent(worst.worst_loading_plan, words.lang, 0)
    return words("map.alt", count=len(districts), loading=loading, district=words.name(worst))


def _drawing(
    known: Mapping[str, DistrictFacts], boundaries: Mapping[str, BaseGeometry], label: str, words: Words
) -> Html:
    projection = projection_of(boundaries)
    outlines = {code: projection.outline(geometry) for code, geometry in boundaries.items()}
    drawn = sorted(outlines.items(), key=lambda item: item[0] in known and broken(known[item[0]]))
    shapes = [
        element("path", element("title", _hint(code, known, words)), d=_path(outline), class_=_class(code, known))
        for code, outline in drawn
    ]
    labels = [_name(known[code], outline, words) for code, outline in outlines.items() if code in known]
    hatch = Html(
        '<defs><pattern id="hatch" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
        '<path d="M0 0V7" class="hatch-line"/></pattern></defs>'
    )
    return element(
        "svg",
        element("title", label),
        hatch,
        *shapes,
        *labels,
        viewBox=f"0 0 {WIDTH:.0f} {projection.height:.0f}",
        role="img",
        aria_label=label,
        class_="districts",
    )


def _hint(code: str, known: Mapping[str, DistrictFacts], words: Words) -> str:
    if code not in known:
        return f"{code}: {words('legend.none')}"
    district = known[code]
    return f"{words.name(district)}: {percent(district.worst_loading_plan, words.lang, 0)}, {district.worst_feeder}"


def _class(code: str, known: Mapping[str, DistrictFacts]) -> str:
    if code not in known:
        return "area missing"
    if broken(known[code]):
        return "area broken"
    return f"area band-{band_of(known[code].worst_loading_plan)}"


def band_of(loading: float) -> int:
    """Return which tint a loading has, 0 for the lightest load."""
    return next((number for number, end in enumerate(BAND_ENDS) if loading <= end), len(BAND_ENDS))


def _name(district: DistrictFacts, outline: BaseGeometry, words: Words) -> Html:
    x, y = label_place(outline)
    mark = "▲ " if broken(district) else ""
    name = words.name(district).removesuffix("-gu")
    dark = not broken(district) and band_of(district.worst_loading_plan) >= DARK_BAND
    return element(
        "g",
        element("text", name, x=f"{x:.1f}", y=f"{y - 4:.1f}", class_="area-name"),
        element(
            "text",
            f"{mark}{district.worst_loading_plan * 100:.0f}",
            x=f"{x:.1f}",
            y=f"{y + 13:.1f}",
            class_="area-value",
        ),
        class_="on-dark" if dark else None,
    )


def label_place(outline: BaseGeometry) -> tuple[float, float]:
    """Return the middle of the longest level line whose surroundings, as high as a label, lie inside an outline."""
    largest = max(_parts(outline), key=lambda part: float(part.area))
    above, below = (translate(largest, 0.0, shift) for shift in (-LABEL_HEIGHT / 2, LABEL_HEIGHT / 2))
    inner = largest.intersection(above).intersection(below)
    room = largest if inner.is_empty else inner
    west, south, east, north = room.bounds
    best, place = 0.0, largest.representative_point().coords[0]
    for y in np.linspace(south, north, LEVELS + 2)[1:-1].tolist():
        level = room.intersection(LineString([(west - 1, y), (east + 1, y)]))
        for piece in shapely.get_parts(level).tolist():
            if piece.length > best:
                best, place = piece.length, ((piece.bounds[0] + piece.bounds[2]) / 2, y)
    return float(place[0]), float(place[1])


def _parts(outline: BaseGeometry) -> list[BaseGeometry]:
    return list(outline.geoms) if isinstance(outline, MultiPolygon) else [outline]


def _path(outline: BaseGeometry) -> str:
    rings = [ring for part in _parts(outline) if isinstance(part, Polygon) for ring in (part.exterior, *part.interiors)]
    return "".join("M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in ring.coords[:-1]) + "Z" for ring in rings)


def _legend(words: Words, *, missing: bool) -> Html:
    starts = (0.0, *BAND_ENDS[:-1])
    entries = [
        (f"band-{number}", f"{low * 100:.0f}–{percent(high, words.lang, 0)}")
        for number, (low, high) in enumerate(zip(starts, BAND_ENDS, strict=True))
    ]
    entries.append(("broken", f"▲ {words('legend.over')}"))
    if missing:
        entries.append(("missing", words("legend.none")))
    keys = (element("span", element("span", "", class_=f"patch {kind}"), text, class_="key") for kind, text in entries)
    return element("div", join(keys), class_="legend")
