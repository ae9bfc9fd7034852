"""Tables of the tariffs: plans, time-of-use hours, energy rates, steps, discounts, and who pays which plan."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from data.city_tables.rules import Check
from data.contract_class import CONTRACT_CLASSES
from data.errors import ProblemList
from data.schema import Column, Kind, Parameter, TableSchema
from data.tariffs import BaseBasis, DayRule, Period, Season, Voltage
from data.tariffs_tables import read_tariffs

SEASONS = tuple(season.value for season in Season)
PERIODS = tuple(period.name.lower() for period in Period)
DAY_RULES = tuple(rule.value for rule in DayRule)

_PLAN = Column("tariff", Kind.TEXT, "Name of the plan.", refers_to="tariffs.tariff")
_HOUR = "hour of the local day"

PLANS = TableSchema(
    name="tariffs",
    columns=(
        Column("tariff", Kind.TEXT, "Short name of the plan, used by every other table."),
        Column("name_local", Kind.TEXT, "Official name in the local language."),
        Column("name_en", Kind.TEXT, "Name in English."),
        Column(
            "customer",
            Kind.CHOICE,
            "Who may have the plan.",
            choices=(*CONTRACT_CLASSES, "ev_self", "ev_service"),
        ),
        Column("voltage", Kind.CHOICE, "Supply voltage.", choices=tuple(voltage.value for voltage in Voltage)),
        Column("base_krw_per_kw_month", Kind.NUMBER, "Base charge.", unit="KRW/(kW·month)", lower=0, upper=1e6),
        Column(
            "base_basis",
            Kind.CHOICE,
            "Power the base charge is paid for.",
            choices=tuple(basis.value for basis in BaseBasis),
        ),
        Column("demand_months", Kind.TEXT, "Months whose peaks count for twelve months, as in 7 8 9.", required=False),
        Column("demand_floor_share", Kind.NUMBER, "Least billing demand, share of contract.", lower=0, upper=1),
        Column("seasons", Kind.TEXT, "Set of seasons of the table tariff_seasons.", refers_to="tariff_seasons.set"),
        Column("hours", Kind.TEXT, "Set of hours of the table tariff_hours.", refers_to="tariff_hours.set"),
        Column("saturday", Kind.CHOICE, "What Saturday makes of the hours of a working day.", choices=DAY_RULES),
        Column("holiday", Kind.CHOICE, "What Sundays and holidays make of them.", choices=DAY_RULES),
        Column("effective_from", Kind.DATE, "First day of these prices."),
        Column("note", Kind.TEXT, "Remark for a person.", required=False),
    ),
    key=("tariff",),
    meaning="One tariff plan.",
)

SEASON_MONTHS = TableSchema(
    name="tariff_seasons",
    columns=(
        Column("set", Kind.TEXT, "Name of the set of seasons."),
        Column("month", Kind.INTEGER, "Month of the year.", lower=1, upper=12),
        Column("season", Kind.CHOICE, "Season of the prices in that month.", choices=SEASONS),
    ),
    key=("set", "month"),
    meaning="The season one month belongs to.",
)

HOURS = TableSchema(
    name="tariff_hours",
    columns=(
        Column("set", Kind.TEXT, "Name of the set of hours."),
        Column("season", Kind.CHOICE, "Season.", choices=SEASONS),
        Column("from_h", Kind.NUMBER, "Beginning, in quarter hours.", unit=_HOUR, lower=0, upper=24),
        Column("to_h", Kind.NUMBER, "End; smaller than the beginning over midnight.", unit=_HOUR, lower=0, upper=24),
        Column("period", Kind.CHOICE, "Period on a working day.", choices=PERIODS),
    ),
    key=("set", "season", "from_h"),
    meaning="A stretch of hours of a working day with one price. Those of a set and season fill 24 hours exactly.",
)

RATES = TableSchema(
    name="tariff_rates",
    columns=(
        _PLAN,
        Column("season", Kind.CHOICE, "Season.", choices=SEASONS),
        Column("period", Kind.CHOICE, "Period, or all for a flat price.", choices=(*PERIODS, "all")),
        Column("energy_krw_per_kwh", Kind.NUMBER, "Price of energy, untaxed.", unit="KRW/kWh", lower=0, upper=1e5),
    ),
    key=("tariff", "season", "period"),
    meaning="Price of energy of one plan in one season and period.",
)

STEPS = TableSchema(
    name="tariff_steps",
    columns=(
        _PLAN,
        Column("season", Kind.CHOICE, "Season.", choices=SEASONS),
        Column("above_kwh", Kind.NUMBER, "Step begins above it.", unit="kWh/month", lower=0, upper=1e6),
        Column("energy_krw_per_kwh", Kind.NUMBER, "Price within the step.", unit="KRW/kWh", lower=0, upper=1e5),
        Column("base_krw_per_month", Kind.NUMBER, "Base charge by last step.", unit="KRW/month", lower=0, upper=1e7),
        Column("note", Kind.TEXT, "Remark for a person.", required=False),
    ),
    key=("tariff", "season", "above_kwh"),
    meaning="One step of a plan whose price rises with a household's energy of the month.",
    required=False,
)

DISCOUNTS = TableSchema(
    name="tariff_discounts",
    columns=(
        _PLAN,
        Column("season", Kind.CHOICE, "Season.", choices=SEASONS),
        Column("days", Kind.CHOICE, "Days it holds on.", choices=("saturday", "holiday")),
        Column("from_h", Kind.NUMBER, "Beginning.", unit=_HOUR, lower=0, upper=24),
        Column("to_h", Kind.NUMBER, "End.", unit=_HOUR, lower=0, upper=24),
        Column("discount_share", Kind.NUMBER, "Share of the price of energy that is not paid.", lower=0, upper=1),
        Column("until", Kind.DATE, "Last day of the discount.", required=False),
        Column("applies", Kind.FLAG, "false keeps the row for the record without using it."),
    ),
    key=("tariff", "season", "days", "from_h"),
    meaning="Hours of some days on which a part of the price of energy is not paid.",
    required=False,
)

CLASS_TARIFFS = TableSchema(
    name="class_tariffs",
    columns=(
        Column("contract_class", Kind.CHOICE, "Contract class.", choices=CONTRACT_CLASSES),
        _PLAN,
        Column("energy_share", Kind.NUMBER, "Share of the energy of the class under this plan.", lower=0, upper=1),
        Column("load_factor", Kind.NUMBER, "Mean power over the power that is billed.", lower=0.01, upper=1),
        Column("kwh_per_customer_month", Kind.NUMBER, "Typical use; needed for steps.", lower=0, required=False),
    ),
    key=("contract_class", "tariff"),
    meaning="What the customers of a class pay: the plan, its share of their energy, and how peaky they are.",
)

TABLES: tuple[TableSchema, ...] = (PLANS, SEASON_MONTHS, HOURS, RATES, STEPS, DISCOUNTS, CLASS_TARIFFS)

PARAMETERS: tuple[Parameter, ...] = (
    Parameter("tariff_climate_krw_per_kwh", "KRW/kWh", "Climate and environment charge.", lower=0, upper=1000),
    Parameter("tariff_fuel_krw_per_kwh", "KRW/kWh", "Fuel cost adjustment, may be negative.", lower=-1000, upper=1000),
    Parameter("tariff_vat_share", "1", "Value added tax on the bill.", lower=0, upper=1),
    Parameter("tariff_fund_share", "1", "Electricity industry fund on the bill.", lower=0, upper=1),
)


def _check_tariffs(tables: Mapping[str, pd.DataFrame], problems: ProblemList) -> None:
    if all(name in tables for name in ("tariffs", "tariff_seasons", "tariff_hours", "tariff_rates", "parameters")):
        read_tariffs(tables, problems)


def _check_discounts(tables: Mapping[str, pd.DataFrame], problems: ProblemList) -> None:
    if "tariff_discounts" not in tables:
        return
    table = tables["tariff_discounts"]
    for row, start, end in zip(table.index, table["from_h"], table["to_h"], strict=True):
        if not start < end:
            what = f"the discount from {start:g} to {end:g} h has no hours"
            problems.add(DISCOUNTS.filename, what, "let it end after it begins", row=row, field="from_h, to_h")


def _check_class_tariffs(tables: Mapping[str, pd.DataFrame], problems: ProblemList) -> None:
    if "class_tariffs" not in tables:
        return
    table = tables["class_tariffs"]
    file = CLASS_TARIFFS.filename
    for contract_class in CONTRACT_CLASSES:
        share = float(table.loc[table["contract_class"] == contract_class, "energy_share"].sum())
        if abs(share - 1) > 1e-6:
            what = f"the shares of {contract_class} add up to {share:g}"
            problems.add(file, what, "make the energy_share of every class add up to 1", field="energy_share")
    stepped = set(tables["tariff_steps"]["tariff"]) if "tariff_steps" in tables else set()
    for row, name, use in zip(table.index, table["tariff"], table["kwh_per_customer_month"], strict=True):
        if name in stepped and not use > 0:
            what = f"{name} has steps, so its price depends on what a customer uses"
            problems.add(file, what, "write the use of a typical month", row=row, field="kwh_per_customer_month")


CHECKS: tuple[Check, ...] = (_check_tariffs, _check_discounts, _check_class_tariffs)
