"""Tables of the city's other assets: public bikes, parking, sensors and cameras, hospitals, shuttles, batteries."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from data.city_tables.rules import Check
from data.contract_class import CONTRACT_CLASSES
from data.errors import ProblemList
from data.schema import Column, Kind, Parameter, TableSchema

MEAN_TOLERANCE = 5e-3

CLASSES = TableSchema(
    name="city_asset_classes",
    columns=(
        Column("class", Kind.TEXT, "Short name.", unique=True),
        Column("name_ko", Kind.TEXT, "Name in the local language."),
        Column("name_en", Kind.TEXT, "Name in Latin letters."),
        Column("host_class", Kind.CHOICE, "Contract class of the load points it hangs on.", choices=CONTRACT_CLASSES),
        Column("kw_per_unit", Kind.NUMBER, "Mean power of one unit.", unit="kW", lower=0, upper=100_000),
        Column("profile", Kind.TEXT, "Hourly profile.", refers_to="city_asset_profiles.profile"),
        Column("in_demand", Kind.FLAG, "Whether the sales statistics already hold its energy."),
        Column("critical", Kind.FLAG, "Whether it is to be supplied first after a fault."),
        Column(
            "spread",
            Kind.CHOICE,
            "How units find load points: by energy (many small ones) or by transformer rating (few large ones).",
            choices=("energy", "rating"),
        ),
    ),
    key=("class",),
    meaning="One class of assets.",
)

ASSETS = TableSchema(
    name="city_assets",
    columns=(
        Column("class", Kind.TEXT, "Class.", refers_to="city_asset_classes.class"),
        Column("district", Kind.TEXT, "Code of the district.", refers_to="districts.code"),
        Column("units", Kind.INTEGER, "Units in the district.", lower=1, upper=100_000_000),
    ),
    key=("class", "district"),
    meaning="Units of one class in one district. A class without units in a district has no row.",
)

PROFILES = TableSchema(
    name="city_asset_profiles",
    columns=(
        Column("profile", Kind.TEXT, "Name of the profile."),
        Column("hour", Kind.INTEGER, "Hour of the local day, 0 to 23.", lower=0, upper=23),
        Column("of_mean", Kind.NUMBER, "Power over the mean power.", lower=0, upper=24),
    ),
    key=("profile", "hour"),
    meaning="Power of one profile in one hour of the day.",
)

BATTERIES = TableSchema(
    name="batteries",
    columns=(
        Column("id", Kind.TEXT, "Short name.", unique=True),
        Column("district", Kind.TEXT, "Code of the district.", refers_to="districts.code"),
        Column("power_kw", Kind.NUMBER, "Charging and discharging power.", unit="kW", lower=1, upper=100_000),
        Column("energy_kwh", Kind.NUMBER, "Size.", unit="kWh", lower=1, upper=1e6),
        Column("min_soc", Kind.NUMBER, "Lowest state of charge, 0 to 1.", lower=0, upper=1),
        Column("max_soc", Kind.NUMBER, "Highest state of charge, 0 to 1.", lower=0, upper=1),
        Column("efficiency", Kind.NUMBER, "Of one direction, charging or discharging.", lower=0.5, upper=1),
        Column("wear_krw_per_kwh", Kind.NUMBER, "Wear per energy discharged.", unit="KRW/kWh", lower=0, upper=1e4),
    ),
    key=("id",),
    meaning="One stationary battery on the grid.",
    required=False,
)

FLEETS = TableSchema(
    name="fleets",
    columns=(
        Column("scenario", Kind.TEXT, "Scenario.", refers_to="scenarios.scenario"),
        Column("fleet", Kind.TEXT, "electric_taxis, or a class of city assets."),
        Column("vehicles", Kind.INTEGER, "Number of vehicles.", lower=0, upper=50_000_000),
    ),
    key=("scenario", "fleet"),
    meaning="Size of one fleet in one scenario. A fleet without a row keeps the size its own tables give.",
)

TABLES: tuple[TableSchema, ...] = (CLASSES, ASSETS, PROFILES, BATTERIES, FLEETS)

PARAMETERS: tuple[Parameter, ...] = ()


def check_profiles(tables: Mapping[str, pd.DataFrame], problems: ProblemList) -> None:
    """Require 24 hours with mean 1 of every profile."""
    table = tables.get("city_asset_profiles")
    if table is None:
        return
    for name, rows in table.groupby("profile"):
        if len(rows) != 24:
            what = f"profile {name} has {len(rows)} hours"
            problems.add(PROFILES.filename, what, "give one row for every hour 0 to 23", field="hour")
        elif abs(rows["of_mean"].mean() - 1) > MEAN_TOLERANCE:
            what = f"the mean of profile {name} is {rows['of_mean'].mean():g}"
            problems.add(PROFILES.filename, what, "divide its values by their mean", field="of_mean")


def check_batteries(tables: Mapping[str, pd.DataFrame], problems: ProblemList) -> None:
    """Require an open window of the state of charge."""
    table = tables.get("batteries")
    if table is None:
        return
    for row in table.index[table["min_soc"] >= table["max_soc"]]:
        what, fix = "min_soc is not below max_soc", "give the lower one first"
        problems.add(BATTERIES.filename, what, fix, row=int(row), field="min_soc")


def check_fleets(tables: Mapping[str, pd.DataFrame], problems: ProblemList) -> None:
    """Require fleets to be known."""
    fleets, classes = tables.get("fleets"), tables.get("city_asset_classes")
    if fleets is None or classes is None:
        return
    known = {"electric_taxis", *classes["class"]}
    for row, name in zip(fleets.index, fleets["fleet"], strict=True):
        if name not in known:
            what, fix = f"'{name}' is no fleet", f"use one of {', '.join(sorted(known))}"
            problems.add(FLEETS.filename, what, fix, row=int(row), field="fleet")


CHECKS: tuple[Check, ...] = (check_profiles, check_batteries, check_fleets)
