"""What is varied when a city is planned: the vehicles, the bus fleet, the solar power."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from data.city_folder import CityFolder
from data.errors import InvalidInput, Problem

TODAY = "today"


@dataclass(frozen=True)
class Scenario:
    """One row of the table `scenarios`; None means: as it stands today."""

    name: str
    meaning: str
    vehicles: int | None
    bus_fleet: str
    solar_kw: float | None


def scenario_of(folder: CityFolder, name: str) -> Scenario:
    """Return a scenario of a city by its name.

    Raises
    ------
    InvalidInput
        When the city has none of that name.
    """
    for row in folder.tables["scenarios"].to_dict("records"):
        if row["scenario"] == name:
            vehicles, solar_kw = row.get("vehicles"), row.get("solar_kw")
            return Scenario(
                name=name,
                meaning=str(row["meaning"]),
                vehicles=None if pd.isna(vehicles) else int(vehicles),
                bus_fleet=str(row["bus_fleet"]),
                solar_kw=None if pd.isna(solar_kw) else float(solar_kw),
            )
    known = ", ".join(folder.tables["scenarios"]["scenario"])
    raise InvalidInput(
        [Problem("scenarios.csv", 0, "scenario", f"no scenario is called '{name}'", f"use one of {known}")]
    )
