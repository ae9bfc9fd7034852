"""Tables of the districts: who lives where, what was sold there, and the scalars of the whole city."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from data.city_tables.rules import Check
from data.contract_class import CONTRACT_CLASSES
from data.district_energy import check_district_energy
from data.errors import ProblemList
from data.schema import Column, Kind, Parameter, TableSchema

DISTRICTS = TableSchema(
    name="districts",
    columns=(
        Column("code", Kind.TEXT, "Official code of the district, the same as `code` in boundaries.geojson."),
        Column("name_ko", Kind.TEXT, "Name in the local language."),
        Column("name_en", Kind.TEXT, "Name in Latin letters."),
        Column("area_km2", Kind.NUMBER, "Land and water area.", unit="km²", lower=0.01, upper=100_000),
        Column("population", Kind.INTEGER, "Residents.", lower=1, upper=50_000_000),
    ),
    key=("code",),
    meaning="One district (in Seoul: gu).",
)

DISTRICT_ENERGY = TableSchema(
    name="district_energy",
    columns=(
        Column("district", Kind.TEXT, "Code of the district.", refers_to="districts.code"),
        Column("contract_class", Kind.CHOICE, "Contract class of the tariff.", choices=CONTRACT_CLASSES),
        Column("month", Kind.DATE, "First day of the month of sale."),
        Column("energy_kwh", Kind.NUMBER, "Energy sold in the month.", unit="kWh", lower=0, upper=1e10),
    ),
    key=("district", "contract_class", "month"),
    meaning="Electricity sold to a contract class in a district in a month. A class without customers has no row.",
)

PARAMETER_TABLE = TableSchema(
    name="parameters",
    columns=(
        Column("name", Kind.TEXT, "Name of the scalar."),
        Column("value", Kind.NUMBER, "Its value."),
        Column("unit", Kind.TEXT, "Its unit, 1 for a pure number.", required=True),
        Column("note", Kind.TEXT, "Remark for a person.", required=False),
    ),
    key=("name",),
    meaning="One scalar of the city.",
)

HOLIDAY_EXCEPTIONS = TableSchema(
    name="holiday_exceptions",
    columns=(
        Column("date", Kind.DATE, "The day."),
        Column("effect", Kind.CHOICE, "Whether the day stops or starts to count.", choices=("excluded", "added")),
        Column("note", Kind.TEXT, "What the day is.", required=False),
    ),
    key=("date",),
    meaning="A day on which the tariff's calendar differs from the public holidays of the country.",
    required=False,
)

TABLES: tuple[TableSchema, ...] = (DISTRICTS, DISTRICT_ENERGY, PARAMETER_TABLE, HOLIDAY_EXCEPTIONS)

PARAMETERS: tuple[Parameter, ...] = ()


def _check_energy(tables: Mapping[str, pd.DataFrame], problems: ProblemList) -> None:
    if "district_energy" in tables and "districts" in tables:
        check_district_energy(tables["district_energy"], tables["districts"], DISTRICT_ENERGY.filename, problems)


CHECKS: tuple[Check, ...] = (_check_energy,)
