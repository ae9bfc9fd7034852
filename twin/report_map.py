"""Map of the districts: loading of the most loaded feeder, with what is missing hatched and named."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import shapely
from shapely.geometry import MultiPolygon, Polygon
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
    shapes = [
        element("path", element("title", _hint(code, known, words)), d=_path(outline), class_=_class(code, known))
        for code, outline in outlines.items()
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
    x, y = _middle(outline)
    mark = "▲ " if broken(district) else ""
    name = words.name(district).removesuffix("-gu")
    dark = not broken(district) and band_of(district.worst_loading_plan) >= 2
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


def _middle(outline: BaseGeometry) -> tuple[float, float]:
    """Return the place in the largest part of an outline that is farthest from its edges."""
    parts = list(outline.geoms) if isinstance(outline, MultiPolygon) else [outline]
    largest = max(parts, key=lambda part: part.area)
    centre = shapely.maximum_inscribed_circle(largest, tolerance=1.0)
    x, y = centre.coords[0]
    return float(x), float(y)


def _path(outline: BaseGeometry) -> str:
    parts = outline.geoms if isinstance(outline, MultiPolygon) else [outline]
    rings = [ring for part in parts if isinstance(part, Polygon) for ring in (part.exterior, *part.interiors)]
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
