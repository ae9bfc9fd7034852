"""A bus depot as a folder: `depot.toml` and one CSV file a table, for one horizon.

`read_depot_folder` is the one way in. It returns everything or raises `InvalidInput` with every problem of every file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pandas as pd

from data.calendar import Calendar
from data.depot_clock import BadTime, Times, read_times, step_edges, utc_of
from data.depot_folder_checks import DepotInput, check_depot
from data.depot_settings import DEPOT_SETTINGS_FILE, DepotSettings, read_depot_settings
from data.depot_tables import DEPOT_TABLES, DUTIES, PRICES, SITE, STATE
from data.depot_tariff import DepotTariff, read_depot_tariff
from data.errors import Problem, ProblemList
from data.schema import read_table

TIMES_OF = {DUTIES.name: ("departure", "return"), PRICES.name: ("from", "to"), SITE.name: ("from", "to")}
"""Columns that hold local times, by table; `DepotFolder.times_utc` holds them as instants."""


@dataclass(frozen=True)
class DepotFolder:
    """A depot as its folder describes it; everything in it has been checked.

    Attributes
    ----------
    path
        The folder.
    settings
        What `depot.toml` says.
    tables
        Tables by name; the index of each, "row", is the line in its file. Optional tables may be absent.
    edges_utc
        (T+1,) edges of the steps of the horizon.
    times_utc
        Instants of the columns of local times, by "table.column", in the order of the table's rows.
    tariff
        The tariff plan, or None when the prices stand in the table `prices`.
    calendar
        Which days are holidays.
    sha256
        Checksum of each file that was read.
    content_sha256
        Checksum of all of them: two folders with equal content have equal values, wherever they lie.
    """

    path: Path
    settings: DepotSettings
    tables: Mapping[str, pd.DataFrame]
    edges_utc: Times
    times_utc: Mapping[str, Times]
    tariff: DepotTariff | None
    calendar: Calendar
    sha256: Mapping[str, str]
    content_sha256: str

    @property
    def name(self) -> str:
        """Name of the depot."""
        return self.settings.text("depot.name")

    @property
    def bus_names(self) -> tuple[str, ...]:
        """Buses in the order of their table."""
        return tuple(self.tables["buses"]["bus"])

    def column_of_buses(self, name: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        """Return the (B,) number that the type of each bus has in a column of `bus_types`; NaN where it is empty."""
        of_type = self.tables["bus_types"].set_index("type")[name]
        return of_type.loc[list(self.tables["buses"]["type"])].to_numpy(dtype=float)


def read_depot_folder(path: Path) -> DepotFolder:
    """Read and check a depot folder.

    Raises
    ------
    InvalidInput
        With every problem of every file, of links between tables and of the rules that hold between their values.
    """
    problems = ProblemList()
    folder = _read(path, problems)
    problems.raise_if_any()
    if folder is None:  # a reader returned nothing without saying why
        raise AssertionError(f"{path} was refused without a problem")
    return folder


def check_depot_folder(path: Path) -> tuple[Problem, ...]:
    """List every problem of a depot folder; an empty tuple means that it can be planned."""
    problems = ProblemList()
    _read(path, problems)
    return tuple(problems)


def _read(path: Path, problems: ProblemList) -> DepotFolder | None:
    if not path.is_dir() or not any(path.iterdir()):
        what = "the folder is empty" if path.is_dir() else "there is no such folder"
        problems.add(str(path), what, "write an example with `twin depot new NAME` and fill it")
        return None
    settings = read_depot_settings(path / DEPOT_SETTINGS_FILE, problems)
    tables = _read_tables(path, problems)
    if settings is None:
        return None
    times = {
        f"{table}.{column}": read_times(tables[table][column], settings.zone, f"{table}.csv", problems)
        for table, columns in TIMES_OF.items()
        if table in tables
        for column in columns
    }
    edges = _edges(settings, problems)
    own_prices = (path / PRICES.filename).exists()
    tariff = read_depot_tariff(path, settings, edges, problems, own_prices=own_prices)
    check_depot(DepotInput(settings, tables, times, edges), problems)
    if len(problems) or edges is None:
        return None
    sha256 = _checksums(path, tables, tariff)
    calendar = Calendar(settings.text("depot.country")) if tariff is None else tariff.calendar
    return DepotFolder(
        path=path,
        settings=settings,
        tables=MappingProxyType(tables),
        edges_utc=edges,
        times_utc=MappingProxyType(times),
        tariff=tariff,
        calendar=calendar,
        sha256=MappingProxyType(sha256),
        content_sha256=_joint_checksum(sha256),
    )


def _read_tables(path: Path, problems: ProblemList) -> dict[str, pd.DataFrame]:
    tables: dict[str, pd.DataFrame] = {}
    names = [schema.filename for schema in DEPOT_TABLES]
    for file in sorted(path.glob("*.csv")):
        if file.name not in names and not file.name.startswith(STATE.name):
            fix = "correct its name or move it away; the tables are " + ", ".join(names)
            problems.add(file.name, "a depot has no table of this name", fix)
    for schema in DEPOT_TABLES:
        if not schema.required and not (path / schema.filename).exists():
            continue
        table = read_table(path / schema.filename, schema, problems, file=schema.filename)
        if table is not None:
            tables[schema.name] = table
    return tables


def _edges(settings: DepotSettings, problems: ProblemList) -> Times | None:
    try:
        start = utc_of(settings.text("planning.start"), settings.zone)
    except BadTime as bad:
        problems.add(DEPOT_SETTINGS_FILE, bad.what, bad.fix, field="planning.start")
        return None
    return step_edges(start, settings.number("planning.hours"), settings.step_min)


def _checksums(path: Path, tables: Mapping[str, pd.DataFrame], tariff: DepotTariff | None) -> dict[str, str]:
    files = [DEPOT_SETTINGS_FILE, *(schema.filename for schema in DEPOT_TABLES if schema.name in tables)]
    found = {file: hashlib.sha256((path / file).read_bytes()).hexdigest() for file in sorted(files)}
    return found if tariff is None else {**found, "city folder of the tariff": tariff.content_sha256}


def _joint_checksum(sha256: Mapping[str, str]) -> str:
    lines = "".join(f"{file} {checksum}\n" for file, checksum in sha256.items())
    return hashlib.sha256(lines.encode()).hexdigest()
