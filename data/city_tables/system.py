"""Tables of the power system around a city: what energy costs and emits by the hour, and how far forecasts err."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from data.city_tables.rules import Check
from data.errors import ProblemList
from data.schema import Column, Kind, Parameter, TableSchema

UNCERTAIN = ("temperature_c", "solar", "vehicle_energy", "bus_energy")

SYSTEM_HOURS = TableSchema(
    name="system_hours",
    columns=(
        Column("hour", Kind.INTEGER, "Local hour, 0 to 23.", lower=0, upper=23, unique=True),
        Column("wholesale_krw_per_kwh", Kind.NUMBER, "Price of energy on the wholesale market.", unit="KRW/kWh"),
        Column("carbon_kg_per_kwh", Kind.NUMBER, "Emissions at the consumption end.", unit="kg/kWh", lower=0, upper=2),
    ),
    key=("hour",),
    meaning="One hour of the power system: needed for plans at the least cost of the system or the least emissions.",
    required=False,
)

FORECAST_ERRORS = TableSchema(
    name="forecast_errors",
    columns=(
        Column("quantity", Kind.CHOICE, "What is forecast.", choices=UNCERTAIN, unique=True),
        Column("spread", Kind.NUMBER, "Standard deviation: K for temperature, else a share.", lower=0, upper=10),
        Column("memory_h", Kind.NUMBER, "Time in which an error fades to a third.", unit="h", lower=0, upper=240),
    ),
    key=("quantity",),
    meaning="How far the day-ahead forecast of one quantity errs: needed for plans under scenarios.",
    required=False,
)

TABLES: tuple[TableSchema, ...] = (SYSTEM_HOURS, FORECAST_ERRORS)

PARAMETERS: tuple[Parameter, ...] = (
    Parameter("unserved_krw_per_kwh", "KRW/kWh", "Paid for each kWh a vehicle is not charged.", lower=0, upper=1e6),
    Parameter("network_peak_krw_per_kw", "KRW/kW", "What a day's peak costs the network.", lower=0, upper=1e6),
)


def check_hours(tables: Mapping[str, pd.DataFrame], problems: ProblemList) -> None:
    """Note hours of the day that are missing."""
    if "system_hours" not in tables:
        return
    missing = sorted(set(range(24)) - set(tables["system_hours"]["hour"].astype(int)))
    if missing:
        problems.add("system_hours.csv", f"hours {missing} are missing", "give all 24 hours", field="hour")


CHECKS: tuple[Check, ...] = (check_hours,)
