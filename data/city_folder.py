"""A city as a folder: `city.toml`, one CSV file a table, the outlines of the districts, and their sources.

`read_city_folder` is the one way in. It returns everything or raises `InvalidInput` with every problem of every file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import pandas as pd

from data.boundaries import BOUNDARIES_FILE, Outline, read_boundaries
from data.calendar import Calendar
from data.city_folder_checks import check_settings, check_together
from data.city_settings import SETTINGS_FILE, SYNTHETIC, CitySettings, read_settings
from data.city_tables import ALL_TABLES
from data.errors import Problem, ProblemList
from data.schema import read_table


@dataclass(frozen=True)
class CityFolder:
    """A city as its folder describes it; everything in it has been checked.

    Attributes
    ----------
    path
        The folder.
    settings
        What `city.toml` says.
    tables
        Tables by name; the index of each, "row", is the line in its file. Optional tables may be absent.
    boundaries
        Outline of each district (degrees, WGS 84) by code, in the order of the table `districts`.
    sha256
        Checksum of each file that was read.
    content_sha256
        Checksum of all of them: two folders with equal content have equal values, wherever they lie.
    """

    path: Path
    settings: CitySettings
    tables: Mapping[str, pd.DataFrame]
    boundaries: Mapping[str, Outline]
    sha256: Mapping[str, str]
    content_sha256: str

    @property
    def district_codes(self) -> tuple[str, ...]:
        """Codes of the districts in the order of their table."""
        return tuple(self.tables["districts"]["code"])

    @property
    def calendar(self) -> Calendar:
        """Calendar of the country with the exceptions of the table `holiday_exceptions`."""
        exceptions = self.tables.get("holiday_exceptions")
        if exceptions is None:
            return Calendar(self.settings.country)
        days = {effect: set(part["date"].dt.date) for effect, part in exceptions.groupby("effect")}
        excluded, added = days.get("excluded", set()), days.get("added", set())
        return Calendar(self.settings.country, excluded=frozenset(excluded), added=frozenset(added))

    def parameter(self, name: str) -> float:
        """Value of a scalar of the table `parameters`; `KeyError` when the city has none of that name."""
        table = self.tables["parameters"]
        found = table.loc[table["name"] == name, "value"]
        if found.empty:
            raise KeyError(f"the table parameters has no row named {name!r}")
        return float(found.iloc[0])


def read_city_folder(path: Path) -> CityFolder:
    """Read and check a city folder.

    Parameters
    ----------
    path
        The folder.

    Raises
    ------
    InvalidInput
        With every problem of every file, of links between tables and of the tables' own rules.
    """
    problems = ProblemList()
    folder = _read(path, problems)
    problems.raise_if_any()
    if folder is None:  # a reader returned nothing without saying why
        raise AssertionError(f"{path} was refused without a problem")
    return folder


def check_city_folder(path: Path) -> tuple[Problem, ...]:
    """List every problem of a city folder; an empty tuple means that it can be used."""
    problems = ProblemList()
    _read(path, problems)
    return tuple(problems)


def _read(path: Path, problems: ProblemList) -> CityFolder | None:
    if not path.is_dir() or not any(path.iterdir()):
        what = "the folder is empty" if path.is_dir() else "there is no such folder"
        problems.add(str(path), what, "write a template with `twin city new NAME` and fill it")
        return None
    settings = read_settings(path / SETTINGS_FILE, problems)
    boundaries = read_boundaries(path / BOUNDARIES_FILE, problems)
    tables: dict[str, pd.DataFrame] = {}
    files = [SETTINGS_FILE, BOUNDARIES_FILE]
    for schema in ALL_TABLES:
        if not schema.required and not (path / schema.filename).exists():
            continue
        files.append(schema.filename)
        table = read_table(path / schema.filename, schema, problems, file=schema.filename)
        if table is not None:
            tables[schema.name] = table
    check_together(path, tables, boundaries, problems)
    if settings is not None:
        check_settings(path, settings, boundaries, problems)
        if settings.weather_source != SYNTHETIC:
            files.append(settings.weather_source)
    if len(problems) or settings is None or boundaries is None:
        return None
    sha256 = _checksums(path, files)
    return CityFolder(
        path=path,
        settings=settings,
        tables=MappingProxyType(tables),
        boundaries=MappingProxyType({code: boundaries[code] for code in tables["districts"]["code"]}),
        sha256=MappingProxyType(sha256),
        content_sha256=_joint_checksum(sha256),
    )


def _checksums(path: Path, files: Iterable[str]) -> dict[str, str]:
    return {file: hashlib.sha256((path / file).read_bytes()).hexdigest() for file in sorted(files)}


def _joint_checksum(sha256: Mapping[str, str]) -> str:
    lines = "".join(f"{file} {checksum}\n" for file, checksum in sha256.items())
    return hashlib.sha256(lines.encode()).hexdigest()
