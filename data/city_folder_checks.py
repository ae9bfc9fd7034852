"""What the files of a city folder must agree on: links between tables, places, sources, parameters, stray files."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pandas as pd
import shapely

from data.boundaries import BOUNDARIES_FILE, Outline, area_km2
from data.city_settings import SETTINGS_FILE, SYNTHETIC, CitySettings
from data.city_tables import ALL_CHECKS, ALL_PARAMETERS, ALL_TABLES
from data.errors import ProblemList
from data.schema import TableSchema
from data.schema_text import read_text

SOURCES_FILE = "SOURCES.md"

AREA_TOLERANCE = 0.25
"""Relative difference allowed between the stated area of a district and the area of its outline."""

_SOURCE_HEADING = re.compile(r"^#{2,6}\s+`?([A-Za-z0-9][\w.-]*)`?\s*$", re.MULTILINE)


def check_together(
    path: Path, tables: Mapping[str, pd.DataFrame], boundaries: Mapping[str, Outline] | None, problems: ProblemList
) -> None:
    """Note what does not fit together; tables that could not be read are left out of the comparison."""
    _check_stray_files(path, problems)
    _check_references(tables, problems)
    _check_sources(path, tables, problems)
    _check_parameters(tables, problems)
    if boundaries is not None:
        _check_outlines(tables, boundaries, problems)
        _check_places(tables, boundaries, problems)
    for check in ALL_CHECKS:
        check(tables, problems)


def check_settings(
    path: Path, settings: CitySettings, boundaries: Mapping[str, Outline] | None, problems: ProblemList
) -> None:
    """Note settings that do not fit the files: a centre outside the city, a weather file that is not there."""
    if boundaries is not None:
        west, south, east, north = shapely.union_all(list(boundaries.values())).bounds
        if not (west <= settings.longitude <= east and south <= settings.latitude <= north):
            what = f"{settings.latitude:g} N, {settings.longitude:g} E lies outside the outlines of the districts"
            fix = "correct the centre of the city, or the outlines"
            problems.add(SETTINGS_FILE, what, fix, field="city.latitude, city.longitude")
    source = settings.weather_source
    if source != SYNTHETIC and not (path / source).is_file():
        fix = f"write {SYNTHETIC}, or the path of a weather file relative to the folder"
        problems.add(SETTINGS_FILE, f"there is no weather file {source!r}", fix, field="weather.source")


def _check_stray_files(path: Path, problems: ProblemList) -> None:
    known = {schema.filename for schema in ALL_TABLES}
    for found in sorted(path.glob("*.csv")):
        name = found.name
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1, cutoff=0.8)
            fix = f"rename it to {near[0]}" if near else "remove it; docs/city-folder.md lists the tables"
            problems.add(name, "no table of a city folder has this file name", fix)


def _present(tables: Mapping[str, pd.DataFrame]) -> Iterator[tuple[TableSchema, pd.DataFrame]]:
    for schema in ALL_TABLES:
        if schema.name in tables:
            yield schema, tables[schema.name]


def _check_references(tables: Mapping[str, pd.DataFrame], problems: ProblemList) -> None:
    for schema, table in _present(tables):
        for column in schema.columns:
            target, _, target_column = column.refers_to.partition(".")
            if not column.refers_to or target not in tables:
                continue
            known = set(tables[target][target_column])
            named = table[column.name]
            missing = named[~named.isin(known) & (named != "")]
            for value, rows in missing.groupby(missing, sort=False):
                more = f" (and {len(rows) - 1} more rows)" if len(rows) > 1 else ""
                what = f"'{value}' is not in the column {target_column} of {target}.csv{more}"
                fix = f"correct it, or add it to {target}.csv"
                problems.add(schema.filename, what, fix, row=int(rows.index[0]), field=column.name)


def _check_sources(path: Path, tables: Mapping[str, pd.DataFrame], problems: ProblemList) -> None:
    text = read_text(path / SOURCES_FILE, SOURCES_FILE, problems)
    if text is None:
        return
    explained = set(_SOURCE_HEADING.findall(text))
    for schema, table in _present(tables):
        if not schema.provenance:
            continue
        told: set[str] = set()
        for row, cell in table["source"].items():
            for key in (part.strip() for part in str(cell).split("+")):
                if key not in explained and key not in told:
                    told.add(key)
                    fix = f"add the heading '### {key}' with publisher, licence and date of retrieval"
                    what = f"the source '{key}' is not explained in {SOURCES_FILE}"
                    problems.add(schema.filename, what, fix, row=int(str(row)), field="source")


def _check_parameters(tables: Mapping[str, pd.DataFrame], problems: ProblemList) -> None:
    if "parameters" not in tables:
        return
    file = "parameters.csv"
    known = {parameter.name: parameter for parameter in ALL_PARAMETERS}
    given = set(tables["parameters"]["name"])
    for name in known.keys() - given:
        fix = f"add it, in {known[name].unit}: {known[name].meaning}"
        problems.add(file, "the parameter is missing", fix, field=name)
    for row, entry in zip(tables["parameters"].index, tables["parameters"].to_dict("records"), strict=True):
        name, value, unit = str(entry["name"]), float(entry["value"]), str(entry["unit"])
        parameter = known.get(name)
        if parameter is None:
            near = difflib.get_close_matches(name, known, n=1, cutoff=0.8)
            fix = f"did you mean {near[0]}? Otherwise remove it" if near else "remove it"
            problems.add(file, "there is no such parameter", fix, row=row, field=name)
            continue
        if unit != parameter.unit:
            what = f"the unit is {unit} where {parameter.unit} is meant"
            problems.add(file, what, f"convert the value to {parameter.unit}", row=row, field=name)
        if parameter.lower is not None and value < parameter.lower:
            problems.add(file, f"{value:g} is below {parameter.lower:g}", "correct the value", row=row, field=name)
        if parameter.upper is not None and value > parameter.upper:
            problems.add(file, f"{value:g} is above {parameter.upper:g}", "correct the value", row=row, field=name)


def _check_outlines(
    tables: Mapping[str, pd.DataFrame], boundaries: Mapping[str, Outline], problems: ProblemList
) -> None:
    if "districts" not in tables:
        return
    districts = tables["districts"]
    for code in boundaries.keys() - set(districts["code"]):
        problems.add(BOUNDARIES_FILE, "the district is not in districts.csv", "add it there", field=code)
    for row, code, stated_km2 in zip(districts.index, districts["code"], districts["area_km2"], strict=True):
        if code not in boundaries:
            fix = "add a feature with this code"
            problems.add("districts.csv", f"{code} has no outline in {BOUNDARIES_FILE}", fix, row=row, field="code")
            continue
        drawn_km2 = area_km2(boundaries[code])
        if abs(drawn_km2 - stated_km2) > AREA_TOLERANCE * drawn_km2:
            what = f"{stated_km2:g} km² is stated, but the outline of {code} has {drawn_km2:.2f} km²"
            problems.add("districts.csv", what, "correct the area or the outline", row=row, field="area_km2")


def _check_places(tables: Mapping[str, pd.DataFrame], boundaries: Mapping[str, Outline], problems: ProblemList) -> None:
    city = shapely.union_all(list(boundaries.values()))
    for schema, table in _present(tables):
        if not schema.located:
            continue
        points = shapely.points(table["longitude"].to_numpy(), table["latitude"].to_numpy())
        districts = table["district"] if "district" in table.columns else [""] * len(table)
        for row, point, district in zip(table.index, points, districts, strict=True):
            place = f"{point.y:.5f} N, {point.x:.5f} E"
            if not city.covers(point):
                fix = "correct the coordinates (degrees; latitude and longitude may be swapped)"
                problems.add(
                    schema.filename, f"{place} lies outside the city", fix, row=row, field="latitude, longitude"
                )
            elif district in boundaries and not boundaries[district].covers(point):
                inside = " and ".join(code for code, outline in boundaries.items() if outline.covers(point))
                what = f"{place} lies in district {inside}, not in {district}"
                problems.add(schema.filename, what, "correct the district or the place", row=row, field="district")
