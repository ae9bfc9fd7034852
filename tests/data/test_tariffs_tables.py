"""Tables of tariffs that do not fit together: each fault is named with its hours, plan or month."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from data.city_tables import ALL_CHECKS, table
from data.city_tables.tariffs import CHECKS
from data.errors import InvalidInput, ProblemList
from data.schema import read_table
from data.tariffs import Period, Season, read_tariffs, tariffs_of

TOWN = Path(__file__).parents[2] / "data" / "template_town"
NAMES = (
    "tariffs",
    "tariff_seasons",
    "tariff_hours",
    "tariff_rates",
    "tariff_steps",
    "tariff_discounts",
    "class_tariffs",
    "parameters",
)
Tables = dict[str, pd.DataFrame]


@pytest.fixture
def tables() -> Tables:
    problems = ProblemList()
    read = {name: read_table(TOWN / f"{name}.csv", table(name), problems) for name in NAMES}
    assert not list(problems)
    return {name: frame for name, frame in read.items() if frame is not None}


def problems_of(tables: Tables) -> list[str]:
    problems = ProblemList()
    for check in CHECKS:
        check(tables, problems)
    assert all(problem.fix for problem in problems)
    return [f"{problem.file} | {problem.field} | {problem.what}" for problem in problems]


def test_good_tables_give_every_plan(tables: Tables) -> None:
    assert problems_of(tables) == []
    assert set(tariffs_of(tables)) == set(tables["tariffs"]["tariff"])
    assert set(CHECKS) <= set(ALL_CHECKS)


def hours(tables: Tables, season: str, from_h: float, column: str, value: float) -> None:
    rows = tables["tariff_hours"]
    at = (rows["season"] == season) & (rows["from_h"] == from_h)
    assert at.sum() == 1
    rows.loc[at, column] = value


def test_gap_is_named_with_its_hours(tables: Tables) -> None:
    hours(tables, "summer", 15, "to_h", 20.5)
    found = problems_of(tables)
    assert found[0] == "tariff_hours.csv | from_h, to_h | weekday_tou, summer: 20:30–21:00 is in no period"


def test_overlap_is_named_with_its_hours(tables: Tables) -> None:
    hours(tables, "winter", 22, "from_h", 21.75)
    found = problems_of(tables)
    assert found[0] == "tariff_hours.csv | from_h, to_h | weekday_tou, winter: 21:45–22:00 is in more than one period"


def test_several_gaps_and_overlaps_stand_together(tables: Tables) -> None:
    hours(tables, "winter", 9, "to_h", 11)
    hours(tables, "winter", 16, "from_h", 17)
    hours(tables, "winter", 8, "from_h", 7)
    found = problems_of(tables)
    assert "11:00–12:00 and 16:00–17:00 is in no period" in found[0]
    assert "07:00–08:00 is in more than one period" in found[1]


@pytest.mark.parametrize(("column", "value"), [("from_h", 8.1), ("to_h", 15.33), ("to_h", 8.0)])
def test_stretch_must_be_of_whole_quarters_and_not_empty(tables: Tables, column: str, value: float) -> None:
    hours(tables, "summer", 8, column, value)
    assert "not a stretch of whole quarter hours" in problems_of(tables)[0]


def test_missing_season_of_hours_is_named(tables: Tables) -> None:
    rows = tables["tariff_hours"]
    tables["tariff_hours"] = rows[rows["season"] != "winter"]
    assert any("hours weekday_tou say nothing of the season winter" in what for what in problems_of(tables))


def test_month_without_season_is_named(tables: Tables) -> None:
    rows = tables["tariff_seasons"]
    tables["tariff_seasons"] = rows[~((rows["set"] == "three_seasons") & rows["month"].isin([3, 4]))]
    assert problems_of(tables)[0] == "tariff_seasons.csv | month | the set three_seasons has no season for month 3, 4"


def test_missing_price_is_named(tables: Tables) -> None:
    rows = tables["tariff_rates"]
    gone = (rows["tariff"] == "ev_self_hv") & (rows["season"] == "summer") & (rows["period"] == "peak")
    tables["tariff_rates"] = rows[~gone]
    assert problems_of(tables) == [
        "tariff_rates.csv | period | ev_self_hv in summer has prices for off_peak, mid_peak",
    ]


def test_plan_without_any_price_is_named(tables: Tables) -> None:
    rows = tables["tariff_rates"]
    tables["tariff_rates"] = rows[rows["tariff"] != "night"]
    assert any("night in summer has prices for nothing" in what for what in problems_of(tables))


def test_plan_with_rates_and_steps_is_refused(tables: Tables) -> None:
    extra = tables["tariff_rates"].iloc[[0]].assign(tariff="residential_low")
    tables["tariff_rates"] = pd.concat([tables["tariff_rates"], extra])
    assert problems_of(tables) == ["tariff_rates.csv | tariff | residential_low has steps already"]


def test_steps_must_begin_at_nothing(tables: Tables) -> None:
    rows = tables["tariff_steps"]
    tables["tariff_steps"] = rows[(rows["above_kwh"] != 0) | (rows["season"] != "summer")]
    expected = "tariff_steps.csv | above_kwh | the steps of residential_low in summer do not begin at 0 kWh"
    assert problems_of(tables) == [expected]


@pytest.mark.parametrize("text", ["7 8 13", "July", "0", "7,8"])
def test_list_of_demand_months_must_be_months(tables: Tables, text: str) -> None:
    tables["tariffs"].loc[tables["tariffs"]["tariff"] == "ev_self_hv", "demand_months"] = text
    assert problems_of(tables) == [f"tariffs.csv | demand_months | '{text}' is not a list of months"]


def test_shares_of_a_class_must_add_up(tables: Tables) -> None:
    tables["class_tariffs"].loc[tables["class_tariffs"]["contract_class"] == "night", "energy_share"] = 0.9
    assert problems_of(tables) == ["class_tariffs.csv | energy_share | the shares of night add up to 0.9"]


def test_class_with_steps_needs_a_typical_use(tables: Tables) -> None:
    tables["class_tariffs"]["kwh_per_customer_month"] = np.nan
    expected = "residential_low has steps, so its price depends on what a customer uses"
    assert problems_of(tables) == [f"class_tariffs.csv | kwh_per_customer_month | {expected}"]


def test_faulty_plan_is_left_out_and_asking_for_all_raises(tables: Tables) -> None:
    rows = tables["tariff_rates"]
    tables["tariff_rates"] = rows[rows["tariff"] != "night"]
    assert "night" not in read_tariffs(tables, ProblemList())
    with pytest.raises(InvalidInput, match="night in summer"):
        tariffs_of(tables)


def test_hours_over_midnight_fill_both_ends_of_the_day(tables: Tables) -> None:
    periods = tariffs_of(tables)["ev_self_hv"].periods[Season.SUMMER]
    assert np.flatnonzero(periods == Period.OFF_PEAK).tolist() == [*range(32), *range(88, 96)]
    assert np.flatnonzero(periods == Period.PEAK).tolist() == [*range(60, 84)]


def test_discounts_and_steps_may_be_absent(tables: Tables) -> None:
    del tables["tariff_discounts"]
    plans = tariffs_of(tables)
    assert not any(plan.discounts for plan in plans.values())
    del tables["tariff_steps"]
    assert "residential_low" not in read_tariffs(tables, ProblemList())
