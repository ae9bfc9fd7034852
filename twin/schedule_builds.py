"""What could be built in a city, and why its plan of a day is as it is."""

from __future__ import annotations

from twin.day import CityDay
from twin.schedule import CityPlan
from twin.schedule_places import Builds
from twin.schedule_reasons import why_of
from twin.schedule_why import Why

CHARGERS_KW = 500.0
CABLE_SHARE = 0.5
"""Chargers whose best place is told, and by how much a cable is thought thicker."""

NO_BATTERY = (0.0, 0.0, 1.0, 0.0)


def builds(day: CityDay) -> Builds:
    """Return what could be built: batteries like the first of the city's own, chargers, thicker cables."""
    table = day.city.folder.tables.get("batteries")
    power_kw, energy_kwh, efficiency, wear = NO_BATTERY
    if table is not None and len(table):
        row = table.iloc[0]
        power_kw, efficiency, wear = (float(row[name]) for name in ("power_kw", "efficiency", "wear_krw_per_kwh"))
        energy_kwh = float(row["energy_kwh"]) * float(row["max_soc"] - row["min_soc"])
    return Builds(power_kw, energy_kwh, efficiency, wear, CHARGERS_KW, CABLE_SHARE)


def why_of_day(day: CityDay, plan: CityPlan) -> Why | None:
    """Return the reasons of a city's plan; None for one that nobody coordinated."""
    if plan.coordinated is None or plan.problem is None:
        return None
    labels = tuple(label[-5:] for label in day.planning.labels)
    return why_of(plan.problem, plan.coordinated, labels, builds(day), ("least cost by tariffs",))
