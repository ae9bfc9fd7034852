"""Tables of what can be moved in time or curtailed besides vehicles: rooms, hot water, fleets, inverters, lent cars."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from data.city_tables.rules import Check
from data.contract_class import CONTRACT_CLASSES
from data.errors import ProblemList
from data.schema import Column, Kind, Parameter, TableSchema

USES = ("cooling", "heating")

LOADS = TableSchema(
    name="flexible_loads",
    columns=(
        Column("contract_class", Kind.CHOICE, "Contract class.", choices=CONTRACT_CLASSES),
        Column("use", Kind.CHOICE, "What the power does.", choices=USES),
        Column("controlled_share", Kind.NUMBER, "Share of that load that can be planned.", lower=0, upper=1),
        Column("time_constant_h", Kind.NUMBER, "Of a room left to itself.", unit="h", lower=0.1, upper=500),
        Column("less_k", Kind.NUMBER, "How far rooms may fall short of their target.", unit="K", lower=0, upper=10),
        Column("more_k", Kind.NUMBER, "How far rooms may go beyond it ahead of time.", unit="K", lower=0, upper=10),
        Column("headroom", Kind.NUMBER, "Power of the equipment over its highest of the day.", lower=1, upper=10),
        Column("min_site_kw", Kind.NUMBER, "Planned power below which a bus is left out.", unit="kW", lower=0),
    ),
    key=("contract_class", "use"),
    meaning="Cooling or heating of one contract class that may run ahead of time inside a comfort band.",
    required=False,
)

TANKS = TableSchema(
    name="hot_water_tanks",
    columns=(
        Column("contract_class", Kind.CHOICE, "Contract class.", choices=CONTRACT_CLASSES, unique=True),
        Column("energy_share", Kind.NUMBER, "Share of the class's energy that heats water in tanks.", lower=0, upper=1),
        Column("size_of_day", Kind.NUMBER, "Energy of full tanks over that drawn in a day.", lower=0.05, upper=5),
        Column("power_of_mean", Kind.NUMBER, "Power of the heaters over their mean.", lower=1, upper=50),
        Column(
            "standing_loss_per_h", Kind.NUMBER, "Share of the energy lost in an hour.", unit="1/h", lower=0, upper=0.2
        ),
        Column("draw_profile", Kind.TEXT, "When water is drawn.", refers_to="city_asset_profiles.profile"),
        Column("min_site_kw", Kind.NUMBER, "Mean power below which a bus is left out.", unit="kW", lower=0),
    ),
    key=("contract_class",),
    meaning="Electric hot-water tanks of one contract class, whose heating may be moved.",
    required=False,
)

FLEETS = TableSchema(
    name="fleet_charging",
    columns=(
        Column("class", Kind.TEXT, "Class of city assets that charges.", refers_to="city_asset_classes.class"),
        Column(
            "plug_in_clock_h", Kind.NUMBER, "Local hour at which it comes to its chargers.", unit="h", lower=0, upper=24
        ),
        Column("leave_clock_h", Kind.NUMBER, "Local hour by which it is charged.", unit="h", lower=0, upper=24),
        Column("charger_kw", Kind.NUMBER, "Charging power of one unit.", unit="kW", lower=0.001, upper=500),
    ),
    key=("class",),
    meaning="One fleet that charges together in a part of the day: shuttles, shared bicycles.",
    required=False,
)

INVERTERS = TableSchema(
    name="solar_inverters",
    columns=(
        Column("controlled_share", Kind.NUMBER, "Share of solar power whose inverters take orders.", lower=0, upper=1),
        Column("oversize", Kind.NUMBER, "Rating of the inverters over their active power.", lower=1, upper=2),
        Column("reactive_share", Kind.NUMBER, "Most reactive power over the rating.", lower=0, upper=1),
        Column("circle_edges", Kind.INTEGER, "Edges of the polygon that stands for P² + Q² ≤ S².", lower=8, upper=360),
        Column(
            "curtailment_krw_per_kwh", Kind.NUMBER, "Paid besides the lost energy.", unit="KRW/kWh", lower=0, upper=1e4
        ),
        Column("min_site_kw", Kind.NUMBER, "Highest of the day below which a bus is left out.", unit="kW", lower=0),
    ),
    key=(),
    meaning="What the grid's operator may ask of solar inverters; exactly one row.",
    required=False,
)

LENDING = TableSchema(
    name="vehicle_to_grid",
    columns=(
        Column("class", Kind.TEXT, "Class of city assets that are its sockets.", refers_to="city_asset_classes.class"),
        Column("cohort", Kind.TEXT, "Charging sessions that may use them.", refers_to="ev_cohorts.cohort"),
        Column("socket_kw", Kind.NUMBER, "Power either way.", unit="kW", lower=1, upper=500),
        Column("return_efficiency", Kind.NUMBER, "From the vehicle to the bus.", lower=0.5, upper=1),
        Column("reward_krw_per_kwh", Kind.NUMBER, "Paid per kWh fed back.", unit="KRW/kWh", lower=0, upper=1e4),
    ),
    key=("class", "cohort"),
    meaning="Parking with sockets at which the vehicles of a cohort may feed back.",
    required=False,
)

TABLES: tuple[TableSchema, ...] = (LOADS, TANKS, FLEETS, INVERTERS, LENDING)

PARAMETERS: tuple[Parameter, ...] = ()


def check_inverters(tables: Mapping[str, pd.DataFrame], problems: ProblemList) -> None:
    """Require one row, and a polygon that has full active power as a corner."""
    table = tables.get(INVERTERS.name)
    if table is None:
        return
    if len(table) != 1:
        problems.add(INVERTERS.filename, f"it has {len(table)} rows", "give exactly one", field="controlled_share")
    for row, edges in zip(table.index, table["circle_edges"], strict=True):
        if edges % 4:
            what, fix = f"{edges} edges", "use a multiple of 4"
            problems.add(INVERTERS.filename, what, fix, row=int(row), field="circle_edges")


def check_fleets(tables: Mapping[str, pd.DataFrame], problems: ProblemList) -> None:
    """Require hours between coming and leaving."""
    table = tables.get(FLEETS.name)
    if table is None:
        return
    for row in table.index[table["plug_in_clock_h"] == table["leave_clock_h"]]:
        what, fix = "it leaves when it comes", "give the hours it stays at its chargers"
        problems.add(FLEETS.filename, what, fix, row=int(row), field="leave_clock_h")


CHECKS: tuple[Check, ...] = (check_inverters, check_fleets)
