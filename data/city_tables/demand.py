"""Tables of electricity demand: shapes by contract class, day type and season, response to temperature, levels."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product

import numpy as np
import pandas as pd

from data.city_tables.rules import Check
from data.contract_class import CONTRACT_CLASSES
from data.errors import ProblemList
from data.schema import Column, Kind, Parameter, TableSchema

DEMAND_COMPONENTS = ("base", "heating", "cooling")
"""What a class's demand is made of; each part has shapes of its own."""

DEMAND_SEASONS = ("winter", "transition", "summer")
"""Seasons of the base load's shapes; heating and cooling have one set for the whole year, marked `all`."""

DEMAND_DAY_TYPES = ("workday", "saturday", "holiday")

HOUR_COLUMNS = tuple(f"h{hour:02d}" for hour in range(24))

MEAN_TOLERANCE = 2e-3

CLASS = Column("contract_class", Kind.CHOICE, "Contract class of the tariff.", choices=CONTRACT_CLASSES)

SHAPES = TableSchema(
    name="demand_shapes",
    columns=(
        CLASS,
        Column("component", Kind.CHOICE, "Base load, heating or cooling.", choices=DEMAND_COMPONENTS),
        Column("season", Kind.CHOICE, "Season of a base load; `all` otherwise.", choices=(*DEMAND_SEASONS, "all")),
        Column("day_type", Kind.CHOICE, "Working day, Saturday, or Sunday and holiday.", choices=DEMAND_DAY_TYPES),
        *(
            Column(
                name,
                Kind.NUMBER,
                f"Load from {name[1:]}:00, over a working day's mean.",
                lower=0,
                upper=24,
            )
            for name in HOUR_COLUMNS
        ),
    ),
    key=("contract_class", "component", "season", "day_type"),
    meaning="Hourly shape of one part of a class's demand on one type of day; a working day's 24 values have mean 1.",
)

RESPONSE = TableSchema(
    name="demand_response",
    columns=(
        CLASS,
        Column("heating_base_c", Kind.NUMBER, "Heating begins below this.", unit="°C", lower=-40, upper=30),
        Column("heating_scale_k", Kind.NUMBER, "Cold at which heating saturates.", unit="K", lower=1, upper=1000),
        Column("cooling_base_c", Kind.NUMBER, "Cooling begins above this.", unit="°C", lower=0, upper=50),
        Column("cooling_scale_k", Kind.NUMBER, "Warmth at which cooling saturates.", unit="K", lower=1, upper=1000),
        Column("cooling_per_k", Kind.NUMBER, "Cooling load per kelvin over base load.", unit="1/K", lower=0, upper=1),
        Column("inertia_h", Kind.NUMBER, "Time constant of the buildings.", unit="h", lower=0.1, upper=240),
        Column("inertia_share", Kind.NUMBER, "Weight of the slow temperature.", lower=0, upper=1),
        Column("lv_loss_share", Kind.NUMBER, "Low-voltage losses over metered energy.", lower=0, upper=0.2),
        Column("power_factor", Kind.NUMBER, "Lagging power factor at the bus.", lower=0.5, upper=1),
        Column("diversity", Kind.NUMBER, "Spread of the logarithm of single buses' load.", lower=0, upper=1),
    ),
    key=("contract_class",),
    meaning="How the demand of one contract class answers to temperature, and what it is at a bus of the grid.",
)

ACTIVITY = TableSchema(
    name="demand_activity",
    columns=(
        CLASS,
        Column("month", Kind.INTEGER, "Month of the year, 1 to 12.", lower=1, upper=12),
        Column("factor", Kind.NUMBER, "Factor on the base load in the middle of the month.", lower=0, upper=5),
    ),
    key=("contract_class", "month"),
    meaning="Activity of one contract class in one month, apart from heating and cooling, such as school terms.",
)

LEVELS = TableSchema(
    name="demand_levels",
    columns=(
        Column("district", Kind.TEXT, "Code of the district.", refers_to="districts.code"),
        CLASS,
        Column("base_kw", Kind.NUMBER, "Mean base load of a working day.", unit="kW", lower=0, upper=1e8),
        Column("heating_kw_per_k", Kind.NUMBER, "Mean heating load per kelvin.", unit="kW/K", lower=0, upper=1e7),
        Column("cooling_kw_per_k", Kind.NUMBER, "Mean cooling load per kelvin.", unit="kW/K", lower=0, upper=1e7),
    ),
    key=("district", "contract_class"),
    meaning="Calibrated level of one contract class in one district. A class without customers has no row.",
)

TABLES: tuple[TableSchema, ...] = (SHAPES, RESPONSE, ACTIVITY, LEVELS)

PARAMETERS: tuple[Parameter, ...] = (
    Parameter(
        "demand_cooling_peak_kw",
        "kW",
        "Highest load of the 22.9 kV buses in the cooling season, to which the calibration brings the demand.",
        lower=1,
        upper=1e9,
    ),
)


def _check_shapes(tables: Mapping[str, pd.DataFrame], problems: ProblemList) -> None:
    """Every shape is there once, and a working day has the mean 1 that makes the levels what they say."""
    table = tables.get(SHAPES.name)
    if table is None:
        return
    there = set(table[list(SHAPES.key)].itertuples(index=False, name=None))
    wanted = set(product(CONTRACT_CLASSES, ("base",), DEMAND_SEASONS, DEMAND_DAY_TYPES))
    wanted |= set(product(CONTRACT_CLASSES, ("heating", "cooling"), ("all",), DEMAND_DAY_TYPES))
    for key in sorted(wanted - there):
        problems.add(SHAPES.filename, f"the shape of {' '.join(key)} is missing", "add its row")
    for row, key in zip(table.index, table[list(SHAPES.key)].itertuples(index=False, name=None), strict=True):
        if key not in wanted:
            fix = "give base loads a season, heating and cooling the season `all`"
            problems.add(SHAPES.filename, f"{key[1]} has no season '{key[2]}'", fix, row=int(row), field="season")
    means = table.loc[table["day_type"] == "workday", list(HOUR_COLUMNS)].mean(axis=1)
    for row, mean in means[(means - 1.0).abs() > MEAN_TOLERANCE].items():
        what = f"the hours of a working day have the mean {mean:.4f}"
        problems.add(SHAPES.filename, what, "divide the rows of this class and part by it", row=int(str(row)))


def _check_classes(tables: Mapping[str, pd.DataFrame], problems: ProblemList) -> None:
    """Every class has its response, in an order of temperatures that makes sense, and its twelve months."""
    response = tables.get(RESPONSE.name)
    if response is not None:
        for name in sorted(set(CONTRACT_CLASSES) - set(response["contract_class"])):
            problems.add(RESPONSE.filename, f"the class {name} is missing", "add its row", field="contract_class")
        for row in response.index[response["heating_base_c"] > response["cooling_base_c"]]:
            what = "heating begins above the temperature at which cooling does"
            problems.add(RESPONSE.filename, what, "lower it", row=int(row), field="heating_base_c")
    activity = tables.get(ACTIVITY.name)
    if activity is not None:
        there = set(zip(activity["contract_class"], activity["month"], strict=True))
        for name, month in product(CONTRACT_CLASSES, np.arange(1, 13).tolist()):
            if (name, month) not in there:
                problems.add(ACTIVITY.filename, f"{name} has no factor for month {month}", "add its row")


CHECKS: tuple[Check, ...] = (_check_shapes, _check_classes)
