"""Tables of planning: the scenarios a city looks at, and what each kind of charging pays."""

from __future__ import annotations

from data.city_tables.rules import Check
from data.schema import Column, Kind, Parameter, TableSchema

SCENARIOS = TableSchema(
    name="scenarios",
    columns=(
        Column("scenario", Kind.TEXT, "Name by which `--scenario` asks for it."),
        Column("meaning", Kind.TEXT, "What it stands for, in a sentence."),
        Column("vehicles", Kind.INTEGER, "Electric cars and trucks; empty: as registered.", required=False, lower=0),
        Column("bus_fleet", Kind.TEXT, "Scenario of the table garage_fleets."),
        Column("solar_kw", Kind.NUMBER, "Solar power; empty for what stands.", unit="kW", required=False, lower=0),
    ),
    key=("scenario",),
    meaning="One state of the city to plan for. The scenario `today` must be there.",
)

CHARGING_TARIFFS = TableSchema(
    name="charging_tariffs",
    columns=(
        Column("cohort", Kind.TEXT, "Group of charging sessions.", refers_to="ev_cohorts.cohort"),
        Column("tariff", Kind.TEXT, "Plan its energy is paid by.", refers_to="tariffs.tariff"),
    ),
    key=("cohort",),
    meaning="The electricity plan of one group of charging sessions.",
)

TABLES: tuple[TableSchema, ...] = (SCENARIOS, CHARGING_TARIFFS)

PARAMETERS: tuple[Parameter, ...] = (
    Parameter("grid_frequency_hz", "Hz", "Nominal frequency.", lower=16, upper=60),
    Parameter("dispatch_limit_margin", "1", "Share of ratings left free in plans.", lower=0, upper=0.5),
    Parameter("overload_krw_per_kwh", "KRW/kWh", "Price plans put on overload.", lower=1000, upper=1e7),
    Parameter(
        "voltage_krw_per_pu_h", "KRW/pu/h", "Price plans put on voltages outside their band.", lower=1e7, upper=1e12
    ),
    Parameter("charging_power_factor", "1", "Lagging power factor of vehicle charging.", lower=0.8, upper=1),
)

CHECKS: tuple[Check, ...] = ()
