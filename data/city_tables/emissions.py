"""Tables of emissions: factors of electricity and of the vehicles that electric ones replace."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product

import pandas as pd

from data.city_tables.rules import Check
from data.errors import ProblemList
from data.schema import Column, Kind, Parameter, TableSchema

EMITTERS: Mapping[str, str] = {"electricity": "g/kWh", "cng_bus": "g/km", "diesel_bus": "g/km"}
"""What emits, and the unit of its factors."""

POLLUTANTS = ("co2", "nox", "pm")

EMISSION_FACTORS = TableSchema(
    name="emission_factors",
    columns=(
        Column("emitter", Kind.CHOICE, "Electricity as consumed, or a city bus.", choices=tuple(EMITTERS)),
        Column("pollutant", Kind.CHOICE, "CO₂, nitrogen oxides or particles.", choices=POLLUTANTS),
        Column("factor", Kind.NUMBER, "Grams for each unit of activity.", lower=0, upper=1e5),
        Column("unit", Kind.CHOICE, "g/kWh of electricity, g/km of a bus.", choices=("g/kWh", "g/km")),
        Column("year", Kind.INTEGER, "Year the factor is for.", lower=1990, upper=2100),
        Column("note", Kind.TEXT, "Remark for a person.", required=False),
    ),
    key=("emitter", "pollutant"),
    meaning="Emission of one pollutant by a kilowatt-hour of electricity or a kilometre of a bus.",
)

TABLES: tuple[TableSchema, ...] = (EMISSION_FACTORS,)

PARAMETERS: tuple[Parameter, ...] = ()


def _check_factors(tables: Mapping[str, pd.DataFrame], problems: ProblemList) -> None:
    """CO₂ of electricity and all pollutants of both buses are there, each in the unit of its emitter."""
    table = tables.get(EMISSION_FACTORS.name)
    if table is None:
        return
    there = set(zip(table["emitter"], table["pollutant"], strict=True))
    wanted = {("electricity", "co2"), *product(("cng_bus", "diesel_bus"), POLLUTANTS)}
    for emitter, pollutant in sorted(wanted - there):
        problems.add(EMISSION_FACTORS.filename, f"the factor of {pollutant} of {emitter} is missing", "add its row")
    for row, emitter, unit in zip(table.index, table["emitter"], table["unit"], strict=True):
        if unit != EMITTERS[emitter]:
            what = f"{emitter} stands in {unit}"
            problems.add(
                EMISSION_FACTORS.filename, what, f"convert it to {EMITTERS[emitter]}", row=int(row), field="unit"
            )


CHECKS: tuple[Check, ...] = (_check_factors,)
