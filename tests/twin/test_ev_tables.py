"""Rules between the columns and tables of vehicles, buses and other assets: each one is triggered, and named well."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from data.city_folder import check_city_folder
from data.city_tables import buses, city_assets, ev
from data.errors import ProblemList
from tests.twin.ev_builders import DATA, seoul_tables

Change = Callable[[dict[str, pd.DataFrame]], None]
CHECKS = (*ev.CHECKS, *buses.CHECKS, *city_assets.CHECKS)


def problems_after(change: Change) -> list[str]:
    tables = seoul_tables()
    change(tables)
    problems = ProblemList()
    for check in CHECKS:
        check(tables, problems)
    return [str(problem) for problem in problems]


def put(table: str, column: str, value: object, row: int = 0) -> Change:
    def change(tables: dict[str, pd.DataFrame]) -> None:
        tables[table].iloc[row, tables[table].columns.get_loc(column)] = value

    return change


def drop(table: str, column: str, value: object) -> Change:
    def change(tables: dict[str, pd.DataFrame]) -> None:
        tables[table] = tables[table][tables[table][column] != value]

    return change


def zero(table: str, column: str) -> Change:
    def change(tables: dict[str, pd.DataFrame]) -> None:
        tables[table][column] = 0.0

    return change


def test_shipped_tables_break_no_rule():
    assert problems_after(lambda tables: None) == []


@pytest.mark.parametrize(
    ("change", "messages"),
    [
        (put("ev_uses", "home_slow_share", 0.9), ["ev_uses.csv, row 2", "make the six shares sum to 1"]),
        (put("ev_uses", "share", 0.4), ["the uses of private_car sum to 0.4"]),
        (drop("ev_uses", "vehicle", "van"), ["category van have no use"]),
        (drop("ev_cohorts", "cohort", "taxi"), ["cohort taxi is missing"]),
        (put("ev_cohorts", "depart_clock_sd_h", np.nan), ["only one of the two departure columns"]),
        (drop("ev_charger_sizes", "max_kw", 3.3), ["the sizes of home_slow sum to 0.7"]),
        (drop("ev_charging_shape", "hour", 5), ["hours 5 of workday are missing", "hours 5 of holiday are missing"]),
        (drop("ev_start_priors", "hour", 23), ["hours 23 of the day are missing"]),
        (zero("ev_start_priors", "truck"), ["truck: the column is 0 in every hour of the day"]),
        (drop("garage_sites", "garage", "nangok"), ["garage nangok has buses in scenario today", "add its row to"]),
        (put("garage_sites", "billed_peak_kw", 9e4), ["is above the contract of"]),
        (put("bus_types", "min_soc", 0.99), ["min_soc is not below max_soc"]),
        (put("bus_route_types", "last_return_h", 1.0), ["the last return is not after the first departure"]),
        (put("bus_route_types", "layover_max_h", 0.0), ["the longest layover is shorter"]),
        (drop("bus_speeds", "hour", 7), ["hours 7 are missing"]),
        (drop("bus_day_types", "day_type", "holiday"), ["holiday is missing"]),
        (drop("city_asset_profiles", "hour", 3), ["profile flat has 23 hours"]),
        (put("city_asset_profiles", "of_mean", 9.0), ["the mean of profile flat is"]),
        (put("batteries", "max_soc", 0.05), ["batteries.csv, row 2, min_soc"]),
        (put("fleets", "fleet", "zeppelins"), ["'zeppelins' is no fleet"]),
    ],
)
def test_each_rule_is_named_with_its_place(change, messages):
    found = "\n".join(problems_after(change))
    for message in messages:
        assert message in found


def test_a_missing_table_is_not_reported_by_the_rules_of_another():
    problems = ProblemList()
    for check in CHECKS:
        check({}, problems)
    assert not list(problems)


@pytest.mark.parametrize("name", ["seoul", "template_town"])
def test_tables_of_this_topic_pass_the_check_of_the_folder(name):
    mine = {table.filename for topic in (ev, buses, city_assets) for table in topic.TABLES}
    assert [str(problem) for problem in check_city_folder(DATA / name) if problem.file in mine] == []
