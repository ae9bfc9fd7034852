"""Tables of electric vehicles: registrations, chargers, cohorts and their sessions."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from data.city_tables.rules import Check
from data.contract_class import CONTRACT_CLASSES
from data.errors import ProblemList
from data.schema import Column, Kind, Parameter, TableSchema

EV_COHORTS = ("home_slow", "work", "public_slow", "public_fast", "taxi", "truck")
"""Groups of charging sessions that behave alike; each vehicle's energy is split over them."""

EV_VEHICLES = ("private_car", "government_car", "business_car", "truck", "van", "special", "business_bus")
"""Categories of the vehicle register. `business_bus` are electric buses, which the tables of buses describe."""

DAY_TYPES = ("workday", "saturday", "holiday")

SHARE_TOLERANCE = 1e-3

REGISTRATIONS = TableSchema(
    name="ev_registrations",
    columns=(
        Column("district", Kind.TEXT, "Code of the district of registration.", refers_to="districts.code"),
        Column("vehicle", Kind.CHOICE, "Category in the vehicle register.", choices=EV_VEHICLES),
        Column("count", Kind.INTEGER, "Electric vehicles registered.", lower=0, upper=20_000_000),
    ),
    key=("district", "vehicle"),
    meaning="Electric vehicles of one category registered in one district.",
)

CHARGERS = TableSchema(
    name="ev_chargers",
    columns=(
        Column("district", Kind.TEXT, "Code of the district.", refers_to="districts.code"),
        Column("fast", Kind.INTEGER, "Registered fast chargers.", lower=0, upper=1_000_000),
        Column("slow", Kind.INTEGER, "Registered slow chargers.", lower=0, upper=10_000_000),
    ),
    key=("district",),
    meaning="Registered chargers of one district.",
)

CHARGING_SHAPE = TableSchema(
    name="ev_charging_shape",
    columns=(
        Column("day_type", Kind.CHOICE, "Kind of day.", choices=DAY_TYPES),
        Column("hour", Kind.INTEGER, "Hour of the local day, 0 to 23.", lower=0, upper=23),
        Column("slow_of_mean_day", Kind.NUMBER, "Slow charging in the hour over the mean day's.", lower=0, upper=1),
        Column("fast_of_mean_day", Kind.NUMBER, "Fast charging in the hour over the mean day's.", lower=0, upper=1),
    ),
    key=("day_type", "hour"),
    meaning="Observed energy of unmanaged charging in one hour, as a share of the energy of the mean day of the year.",
)

USES = TableSchema(
    name="ev_uses",
    columns=(
        Column("vehicle", Kind.CHOICE, "Category in the vehicle register.", choices=EV_VEHICLES[:-1]),
        Column("use", Kind.TEXT, "Name of the use.", unique=True),
        Column("share", Kind.NUMBER, "Share of the category with this use.", lower=0, upper=1),
        Column("km_per_day", Kind.NUMBER, "Distance on the mean day of the year.", unit="km", lower=0, upper=1000),
        Column(
            "kwh_per_km",
            Kind.NUMBER,
            "Energy from the grid, losses included, at mild weather.",
            unit="kWh/km",
            lower=0.02,
            upper=5,
        ),
        *(
            Column(f"{cohort}_share", Kind.NUMBER, f"Share of the energy charged as {cohort}.", lower=0, upper=1)
            for cohort in EV_COHORTS
        ),
    ),
    key=("vehicle", "use"),
    meaning="One use that vehicles of a category are put to, and where they charge.",
)

COHORTS = TableSchema(
    name="ev_cohorts",
    columns=(
        Column("cohort", Kind.CHOICE, "Cohort.", choices=EV_COHORTS),
        Column("charger", Kind.CHOICE, "Kind of charger.", choices=("slow", "fast")),
        Column("host_class", Kind.CHOICE, "Contract class of the load points it charges at.", choices=CONTRACT_CLASSES),
        Column(
            "chargers_per_site",
            Kind.NUMBER,
            "Registered chargers at one site; 0: at every load point of the class.",
            lower=0,
            upper=1000,
        ),
        Column(
            "rating_share",
            Kind.NUMBER,
            "Most that the chargers of one site may add up to, of the rating of the transformer that carries them.",
            lower=0.01,
            upper=1,
        ),
        Column("own_district_share", Kind.NUMBER, "Sessions in the vehicle's own district.", lower=0, upper=1),
        Column("session_kwh_mean", Kind.NUMBER, "Mean energy of a session.", unit="kWh", lower=1, upper=500),
        Column("session_kwh_cv", Kind.NUMBER, "Coefficient of variation of it.", lower=0.05, upper=2),
        Column("depart_clock_mean_h", Kind.NUMBER, "Mean hour of departure; empty: none.", "h", 0, 24, required=False),
        Column("depart_clock_sd_h", Kind.NUMBER, "Its standard deviation.", "h", 0.01, 12, required=False),
        Column("stay_max_h", Kind.NUMBER, "Stays to that hour which would last longer end early.", "h", 0.1, 24),
        Column("overstay_mean_h", Kind.NUMBER, "Mean stay beyond the end of charging.", "h", 0.01, 24),
        Column("wait_share", Kind.NUMBER, "Sessions started by a timer in the hours below.", lower=0, upper=1),
        Column("wait_first_h", Kind.INTEGER, "First hour in which timers start sessions.", "h", 0, 23),
        Column("wait_last_h", Kind.INTEGER, "Hour before which the last timer starts a session.", "h", 0, 23),
        Column("wait_max_h", Kind.NUMBER, "Longest time between plugging in and the timer.", "h", 0, 12),
        Column("v2g_share", Kind.NUMBER, "Sessions that can feed back.", lower=0, upper=1),
        Column("v2g_spare_kwh", Kind.NUMBER, "Mean energy such a vehicle can lend.", "kWh", 0, 200),
    ),
    key=("cohort",),
    meaning="How the sessions of one cohort behave.",
)

CHARGER_SIZES = TableSchema(
    name="ev_charger_sizes",
    columns=(
        Column("cohort", Kind.CHOICE, "Cohort.", choices=EV_COHORTS),
        Column("max_kw", Kind.NUMBER, "Charging power held over the session.", unit="kW", lower=0.5, upper=1000),
        Column("share", Kind.NUMBER, "Share of the cohort's sessions.", lower=0, upper=1),
    ),
    key=("cohort", "max_kw"),
    meaning="One charging power of a cohort.",
)

START_PRIORS = TableSchema(
    name="ev_start_priors",
    columns=(
        Column("hour", Kind.INTEGER, "Hour of the local day, 0 to 23.", lower=0, upper=23),
        *(Column(c, Kind.NUMBER, f"Sessions of {c} that start in the hour.", lower=0, upper=1) for c in EV_COHORTS),
    ),
    key=("hour",),
    meaning="Where sessions of each cohort are expected to start, before the fit to the observed charging shape.",
)

TEMPERATURE = TableSchema(
    name="ev_temperature",
    columns=(
        Column("temp_c", Kind.NUMBER, "Mean temperature of the day.", unit="°C", lower=-60, upper=60),
        Column("consumption_factor", Kind.NUMBER, "Energy per km over that at mild weather.", lower=0.5, upper=5),
    ),
    key=("temp_c",),
    meaning="One point of the response of consumption to temperature; between points it is linear, outside constant.",
)

TABLES: tuple[TableSchema, ...] = (
    REGISTRATIONS,
    CHARGERS,
    CHARGING_SHAPE,
    USES,
    COHORTS,
    CHARGER_SIZES,
    START_PRIORS,
    TEMPERATURE,
)

PARAMETERS: tuple[Parameter, ...] = ()


def check_uses(tables: Mapping[str, pd.DataFrame], problems: ProblemList) -> None:
    """Shares of a category's uses and of a use's cohorts must sum to 1."""
    uses = tables.get("ev_uses")
    if uses is None:
        return
    columns = [f"{cohort}_share" for cohort in EV_COHORTS]
    for row, cohorts in zip(uses.index, uses[columns].sum(axis=1), strict=True):
        if abs(cohorts - 1) > SHARE_TOLERANCE:
            what, fix = f"the cohort shares sum to {cohorts:g}", "make the six shares sum to 1"
            problems.add(USES.filename, what, fix, row=int(row), field="home_slow_share … truck_share")
    for category, total in uses.groupby("vehicle")["share"].sum().items():
        if abs(total - 1) > SHARE_TOLERANCE:
            what, fix = f"the uses of {category} sum to {total:g}", "make the shares of its rows sum to 1"
            problems.add(USES.filename, what, fix, field="share")
    registrations = tables.get("ev_registrations")
    if registrations is None:
        return
    for vehicle in sorted(set(registrations["vehicle"]) - set(uses["vehicle"]) - {"business_bus"}):
        what, fix = f"registered vehicles of category {vehicle} have no use", f"add a row with vehicle {vehicle}"
        problems.add(USES.filename, what, fix, field="vehicle")


def check_cohorts(tables: Mapping[str, pd.DataFrame], problems: ProblemList) -> None:
    """Every cohort has a row, charging powers that sum to 1, and both or none of its departure columns."""
    cohorts = tables.get("ev_cohorts")
    if cohorts is not None:
        for cohort in sorted(set(EV_COHORTS) - set(cohorts["cohort"])):
            problems.add(COHORTS.filename, f"cohort {cohort} is missing", "add its row", field="cohort")
        half = cohorts["depart_clock_mean_h"].isna() != cohorts["depart_clock_sd_h"].isna()
        for row in cohorts.index[half]:
            what, fix = "only one of the two departure columns is filled", "fill both, or leave both empty"
            problems.add(COHORTS.filename, what, fix, row=int(row), field="depart_clock_mean_h")
    sizes = tables.get("ev_charger_sizes")
    if sizes is not None:
        totals = sizes.groupby("cohort")["share"].sum().reindex(list(EV_COHORTS), fill_value=0.0)
        for name, total in totals.items():
            if abs(total - 1) > SHARE_TOLERANCE:
                what, fix = f"the sizes of {name} sum to {total:g}", "make the shares of its rows sum to 1"
                problems.add(CHARGER_SIZES.filename, what, fix, field="share")


def check_hours(tables: Mapping[str, pd.DataFrame], problems: ProblemList) -> None:
    """Hourly tables are complete and hold energy in every column."""
    shape = tables.get("ev_charging_shape")
    if shape is not None:
        for day_type in DAY_TYPES:
            _check_day(shape[shape["day_type"] == day_type], CHARGING_SHAPE.filename, day_type, problems)
    priors = tables.get("ev_start_priors")
    if priors is not None:
        _check_day(priors, START_PRIORS.filename, "the day", problems)


def _check_day(rows: pd.DataFrame, file: str, name: str, problems: ProblemList) -> None:
    missing = sorted(set(range(24)) - set(rows["hour"]))
    if missing:
        what = f"hours {', '.join(str(hour) for hour in missing)} of {name} are missing"
        problems.add(file, what, "give one row for every hour 0 to 23", field="hour")
    values = rows.select_dtypes(np.floating).sum()
    for column in values.index[values <= 0]:
        problems.add(file, f"the column is 0 in every hour of {name}", "give it a positive value", field=str(column))


CHECKS: tuple[Check, ...] = (check_uses, check_cohorts, check_hours)
