"""Outlines of the districts, read from GeoJSON and checked."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import TypeAlias

import numpy as np
import shapely
from shapely.geometry import MultiPolygon, Polygon, shape

from data.errors import ProblemList
from data.schema_text import read_text

BOUNDARIES_FILE = "boundaries.geojson"

KM_PER_DEGREE = 111.195
"""Length of a degree of latitude on a sphere of 6,371 km radius."""

MAX_OVERLAP = 0.02
"""Share of its area by which a district may overlap a neighbour: simplified outlines touch roughly."""

Outline: TypeAlias = Polygon | MultiPolygon


def read_boundaries(path: Path, problems: ProblemList) -> dict[str, Outline] | None:
    """Read the outline of every district.

    Parameters
    ----------
    path
        A GeoJSON FeatureCollection in degrees (WGS 84, longitude first) whose features have the property `code`.
    problems
        Takes everything that is wrong.

    Returns
    -------
    dict or None
        Polygon by district code, or None when at least one problem was found.
    """
    before = len(problems)
    text = read_text(path, BOUNDARIES_FILE, problems)
    if text is None:
        return None
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        row = error.lineno if isinstance(error, json.JSONDecodeError) else 0
        problems.add(BOUNDARIES_FILE, f"not valid JSON: {error}", "export the file again", row=row)
        return None
    features = document.get("features") if isinstance(document, dict) else None
    if not isinstance(features, list) or not features:
        problems.add(BOUNDARIES_FILE, "there are no features", "export a FeatureCollection with one feature a district")
        return None
    outlines: dict[str, Outline] = {}
    for number, feature in enumerate(features, start=1):
        code, outline = _read_feature(feature, number, problems)
        if outline is None:
            continue
        if code in outlines:
            problems.add(
                BOUNDARIES_FILE, f"district {code} stands twice", "join its parts into one MultiPolygon", field=code
            )
        outlines[code] = outline
    _check_overlaps(outlines, problems)
    return outlines if len(problems) == before else None


def _read_feature(feature: object, number: int, problems: ProblemList) -> tuple[str, Outline | None]:
    parts = feature if isinstance(feature, dict) else {}
    properties = parts.get("properties")
    code = str(properties["code"]) if isinstance(properties, dict) and properties.get("code") else ""
    if not code:
        problems.add(BOUNDARIES_FILE, f"feature {number} has no property 'code'", "give it the code of its district")
        return "", None
    try:
        outline = shape(parts["geometry"])
    except (KeyError, TypeError, ValueError, AttributeError, shapely.errors.ShapelyError):
        outline = None
    if not isinstance(outline, Polygon | MultiPolygon) or outline.is_empty:
        problems.add(BOUNDARIES_FILE, "the geometry is not a polygon", "draw it as Polygon or MultiPolygon", field=code)
        return code, None
    corners = shapely.get_coordinates(outline)
    if not np.isfinite(corners).all() or np.abs(corners).max() > 180 or np.abs(corners[:, 1]).max() > 90:
        fix = "export it in WGS 84 (EPSG:4326), longitude before latitude"
        problems.add(BOUNDARIES_FILE, "the coordinates are not degrees", fix, field=code)
        return code, None
    if not outline.is_valid:
        fix = "repair the outline (in a GIS: 'fix geometries')"
        problems.add(BOUNDARIES_FILE, f"the outline is broken: {shapely.is_valid_reason(outline)}", fix, field=code)
        return code, None
    return code, outline


def _check_overlaps(outlines: Mapping[str, Outline], problems: ProblemList) -> None:
    codes = list(outlines)
    tree = shapely.STRtree(list(outlines.values()))
    for a, b in tree.query(list(outlines.values()), predicate="intersects").T:
        if a < b:
            one, other = outlines[codes[a]], outlines[codes[b]]
            share = one.intersection(other).area / min(one.area, other.area)
            if share > MAX_OVERLAP:
                what = f"the district overlaps {codes[b]} by {share:.0%} of the smaller one"
                problems.add(BOUNDARIES_FILE, what, "correct the outlines", field=codes[a])


def area_km2(outline: Outline) -> float:
    """Area of an outline on the sphere, by the equirectangular projection at its own middle latitude.

    The error of the projection over a city (below 100 km) is under 0.1 %.
    """
    middle_deg = (outline.bounds[1] + outline.bounds[3]) / 2
    return float(outline.area) * KM_PER_DEGREE**2 * math.cos(math.radians(middle_deg))
