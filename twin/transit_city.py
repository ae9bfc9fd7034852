"""Tables of a city folder that an import of trips needs: a bus type, speeds, climate, and the places of garages."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from data.city_tables.buses import BUS_TYPES, CLIMATE, GARAGES, SPEEDS, check_complete, check_types
from data.errors import ProblemList
from data.schema import Column, Kind, TableSchema, read_table
from twin.buses_energy import climate_power_kw
from twin.buses_model import BusType
from twin.transit_trips import Driving

GARAGE_PLACES = TableSchema(
    name="garage_places",
    columns=(
        Column("id", Kind.TEXT, "Short name.", unique=True),
        Column("longitude", Kind.NUMBER, "Longitude, WGS 84.", unit="°", lower=-180, upper=180),
        Column("latitude", Kind.NUMBER, "Latitude, WGS 84.", unit="°", lower=-90, upper=90),
    ),
    key=("id",),
    meaning="Where one garage is.",
    provenance=False,
)


@dataclass(frozen=True)
class CityBus:
    """One type of electric bus and what driving it takes on one day."""

    type: BusType
    driving: Driving


def city_bus(city: Path, bus_type: str, temp_c: float, problems: ProblemList) -> CityBus | None:
    """Return a bus type of a city folder and its driving at one temperature, or None after noting why not.

    Only the tables of buses are read, so a folder that holds no more than them is enough.
    """
    before = len(problems)
    tables = {}
    for schema in (BUS_TYPES, SPEEDS, CLIMATE):
        table = read_table(city / schema.filename, schema, problems, file=str(city / schema.filename))
        if table is not None:
            tables[schema.name] = table
    check_types(tables, problems)
    check_complete(tables, problems)
    types = tables.get(BUS_TYPES.name)
    if types is not None and bus_type not in set(types["id"]):
        known = ", ".join(types["id"])
        problems.add(str(city / BUS_TYPES.filename), f"there is no bus type '{bus_type}'", f"use one of {known}")
    if len(problems) > before or types is None:
        return None
    row = types.set_index("id").loc[bus_type]
    climate = tables[CLIMATE.name].sort_values("temp_c")
    points = climate["temp_c"].to_numpy(float), climate["climate_kw"].to_numpy(float)
    driving = Driving(
        drive_kwh_per_km=float(row["drive_kwh_per_km"]),
        climate_kw=float(climate_power_kw(np.array(temp_c), *points)),
        speed_km_per_h=tables[SPEEDS.name].sort_values("hour")["speed_km_per_h"].to_numpy(float),
    )
    names = [name for name in BusType.__dataclass_fields__ if name != "id"]
    return CityBus(BusType(bus_type, **{name: float(row[name]) for name in names}), driving)


def garage_places(city: Path, own: Path | None, problems: ProblemList) -> pd.DataFrame | None:
    """Return columns id, longitude, latitude of all garages: of a table of one's own, else of the city folder."""
    if own is not None:
        return read_table(own, GARAGE_PLACES, problems)
    return read_table(city / GARAGES.filename, GARAGES, problems, file=str(city / GARAGES.filename))
