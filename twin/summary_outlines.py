"""Outlines of a city's districts, light enough for a map on a page; neighbours keep their common border."""

from __future__ import annotations

import json
from typing import Any

import shapely
from shapely.geometry import mapping

from data.city_folder import CityFolder

OUTLINES_FILE = "districts.geojson"

TOLERANCE_DEG = 0.0006
"""How far a border may be moved, about 60 m: less than a pixel on a map of the city."""

DECIMALS = 5


def outlines_bytes(folder: CityFolder) -> bytes:
    """Return GeoJSON of all districts: code as id, names in both scripts as properties.

    Districts that a run does not plan are there too, so that a map can show and name what is missing.
    """
    names = folder.tables["districts"].set_index("code")
    codes = [code for code in folder.district_codes if code in folder.boundaries]
    shapes = shapely.coverage_simplify([folder.boundaries[code] for code in codes], TOLERANCE_DEG)
    features = [
        {
            "type": "Feature",
            "id": code,
            "properties": {"name_ko": str(names.loc[code, "name_ko"]), "name_en": str(names.loc[code, "name_en"])},
            "geometry": _rounded(mapping(shape)),
        }
        for code, shape in zip(codes, shapes, strict=True)
    ]
    document = {"type": "FeatureCollection", "features": features}
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _rounded(entry) for key, entry in value.items()}
    if isinstance(value, tuple | list):
        return [_rounded(entry) for entry in value]
    return round(value, DECIMALS) if isinstance(value, float) else value
