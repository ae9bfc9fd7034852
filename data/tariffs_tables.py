"""From the tables of a city folder to tariffs; a plan whose hours have a gap or an overlap is refused by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.calendar import DayType
from data.errors import ProblemList
from data.tariffs_types import (
    QUARTERS,
    BaseBasis,
    BaseCharge,
    DayRule,
    Discount,
    Period,
    Season,
    Step,
    Surcharges,
    Tariff,
    Voltage,
)

Tables = Mapping[str, pd.DataFrame]
Row = Mapping[str, Any]


def tariffs_of(tables: Tables) -> dict[str, Tariff]:
    """All tariff plans of a city by name; raises `InvalidInput` with every problem."""
    problems = ProblemList()
    tariffs = read_tariffs(tables, problems)
    problems.raise_if_any()
    return tariffs


def read_tariffs(tables: Tables, problems: ProblemList) -> dict[str, Tariff]:
    """Build every plan of the tables `tariffs`, `tariff_seasons`, `tariff_hours`, `tariff_rates`, `parameters`.

    Plans with a problem are left out of the result; `tariff_steps` and `tariff_discounts` may be absent.
    """
    seasons = _read_seasons(tables["tariff_seasons"], problems)
    hours = _read_hours(tables["tariff_hours"], problems)
    surcharges = _read_surcharges(tables["parameters"])
    rates_of, steps_of, discounts_of = (
        _by_tariff(tables.get(name)) for name in ("tariff_rates", "tariff_steps", "tariff_discounts")
    )
    tariffs: dict[str, Tariff] = {}
    for row, plan in _rows(tables["tariffs"]):
        months, periods = seasons.get(plan["seasons"]), hours.get(plan["hours"])
        base = _read_base(plan, row, problems)
        if months is None or periods is None or base is None or surcharges is None:
            continue
        needed = set(months)
        for season in needed - periods.keys():
            what = f"the hours {plan['hours']} say nothing of the season {season}"
            problems.add("tariffs.csv", what, "add them to tariff_hours.csv", row=row, field="hours")
        name = plan["tariff"]
        steps = _read_steps(steps_of.get(name, []), name, needed, problems)
        rates = _read_rates(rates_of.get(name, []), name, needed, problems, has_steps=steps != {})
        if needed - periods.keys() or rates is None or steps is None:
            continue
        tariffs[name] = Tariff(
            id=name,
            name_local=plan["name_local"],
            name_en=plan["name_en"],
            customer=plan["customer"],
            voltage=Voltage(plan["voltage"]),
            season_of_month=months,
            periods=periods,
            rates_krw_per_kwh=rates,
            saturday=DayRule(plan["saturday"]),
            holiday=DayRule(plan["holiday"]),
            discounts=_read_discounts(discounts_of.get(name, [])),
            steps=steps,
            base=base,
            surcharges=surcharges,
            effective_from=plan["effective_from"].date(),
        )
    return tariffs


def _rows(table: pd.DataFrame) -> list[tuple[int, Row]]:
    records: list[Row] = [{str(key): value for key, value in row.items()} for row in table.to_dict("records")]
    return list(zip([int(line) for line in table.index], records, strict=True))


def _by_tariff(table: pd.DataFrame | None) -> dict[str, list[tuple[int, Row]]]:
    rows: dict[str, list[tuple[int, Row]]] = {}
    for line, row in [] if table is None else _rows(table):
        rows.setdefault(row["tariff"], []).append((line, row))
    return rows


def _read_seasons(table: pd.DataFrame, problems: ProblemList) -> dict[str, tuple[Season, ...]]:
    sets: dict[str, tuple[Season, ...]] = {}
    for name, part in table.groupby("set", sort=False):
        by_month = dict(zip(part["month"], part["season"], strict=True))
        missing = [str(month) for month in range(1, 13) if month not in by_month]
        if missing:
            what = f"the set {name} has no season for month {', '.join(missing)}"
            problems.add("tariff_seasons.csv", what, "give each of the twelve months a season", field="month")
        else:
            sets[str(name)] = tuple(Season(by_month[month]) for month in range(1, 13))
    return sets


def _read_hours(table: pd.DataFrame, problems: ProblemList) -> dict[str, dict[Season, NDArray[np.int8]]]:
    sets: dict[str, dict[Season, NDArray[np.int8]]] = {}
    for (name, season), part in table.groupby(["set", "season"], sort=False):
        filled = fill_day(part, f"{name}, {season}", problems)
        if filled is not None:
            sets.setdefault(str(name), {})[Season(str(season))] = filled
    return sets


def fill_day(part: pd.DataFrame, what_day: str, problems: ProblemList) -> NDArray[np.int8] | None:
    """Fill the 96 quarter hours of a day from stretches `from_h`, `to_h`, `period`; None when they do not fit.

    Notes each gap and each overlap with its hours.
    """
    before = len(problems)
    file = "tariff_hours.csv"
    covered = np.zeros(QUARTERS, dtype=np.int64)
    periods = np.zeros(QUARTERS, dtype=np.int8)
    for row, stretch in _rows(part):
        start, end = stretch["from_h"] * 4, stretch["to_h"] * 4
        if start != int(start) or end != int(end) or start == end:
            what = f"{stretch['from_h']:g} to {stretch['to_h']:g} is not a stretch of whole quarter hours"
            problems.add(
                file, what, "write hours as 8, 8.25, 8.5 …, beginning and end different", row=row, field="from_h"
            )
            continue
        quarters = np.arange(start, end if end > start else end + QUARTERS).astype(np.int64) % QUARTERS
        covered[quarters] += 1
        periods[quarters] = Period[stretch["period"].upper()]
    for wrong, what, fix in (
        (covered == 0, "in no period", "add the missing stretch"),
        (covered > 1, "in more than one period", "shorten one of the stretches"),
    ):
        if wrong.any():
            row = int(part.index[0])
            problems.add(file, f"{what_day}: {_stretches(wrong)} is {what}", fix, row=row, field="from_h, to_h")
    return periods if len(problems) == before else None


def _stretches(wrong: NDArray[np.bool_]) -> str:
    """Name the stretches of True as in '15:00–16:00 and 22:00–24:00'."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], wrong, [False])).astype(np.int8)))
    return " and ".join(f"{_clock(start)}–{_clock(end)}" for start, end in zip(edges[::2], edges[1::2], strict=True))


def _clock(quarter: int) -> str:
    return f"{quarter // 4:02d}:{quarter % 4 * 15:02d}"


def _read_base(plan: Row, row: int, problems: ProblemList) -> BaseCharge | None:
    words = str(plan["demand_months"]).split()
    if not all(word.isdecimal() and 1 <= int(word) <= 12 for word in words):
        what = f"'{plan['demand_months']}' is not a list of months"
        problems.add("tariffs.csv", what, "write numbers of months, as in 7 8 9 12 1 2", row=row, field="demand_months")
        return None
    return BaseCharge(
        krw_per_kw_month=float(plan["base_krw_per_kw_month"]),
        basis=BaseBasis(plan["base_basis"]),
        demand_months=frozenset(int(word) for word in words),
        floor_share=float(plan["demand_floor_share"]),
    )


def _read_rates(
    rows: list[tuple[int, Row]], name: str, seasons: set[Season], problems: ProblemList, *, has_steps: bool
) -> dict[Season, tuple[float, float, float]] | None:
    if has_steps:
        if rows:
            fix = "keep rates or steps"
            problems.add("tariff_rates.csv", f"{name} has steps already", fix, row=rows[0][0], field="tariff")
        return {}
    rates: dict[Season, tuple[float, float, float]] = {}
    names = [period.name.lower() for period in Period]
    for season in sorted(seasons):
        given = {row["period"]: float(row["energy_krw_per_kwh"]) for _, row in rows if row["season"] == season}
        if set(given) == {"all"}:
            given = dict.fromkeys(names, given["all"])
        if set(given) != set(names):
            what = f"{name} in {season} has prices for {', '.join(given) or 'nothing'}"
            fix = f"give it {', '.join(names)}, or only all"
            problems.add("tariff_rates.csv", what, fix, field="period")
            continue
        rates[season] = (given[names[0]], given[names[1]], given[names[2]])
    return rates if len(rates) == len(seasons) else None


def _read_steps(
    rows: list[tuple[int, Row]], name: str, seasons: set[Season], problems: ProblemList
) -> dict[Season, tuple[Step, ...]] | None:
    steps: dict[Season, tuple[Step, ...]] = {}
    for season in sorted(seasons) if rows else []:
        found = [
            Step(float(row["above_kwh"]), float(row["energy_krw_per_kwh"]), float(row["base_krw_per_month"]))
            for _, row in rows
            if row["season"] == season
        ]
        found.sort(key=lambda step: step.above_kwh)
        if not found or found[0].above_kwh != 0:
            what = f"the steps of {name} in {season} do not begin at 0 kWh"
            problems.add("tariff_steps.csv", what, "add the first step, above_kwh 0", field="above_kwh")
            continue
        steps[season] = tuple(found)
    return steps if not rows or len(steps) == len(seasons) else None


def _read_discounts(rows: list[tuple[int, Row]]) -> tuple[Discount, ...]:
    return tuple(
        Discount(
            season=Season(row["season"]),
            day_type=DayType[row["days"].upper()],
            from_h=float(row["from_h"]),
            to_h=float(row["to_h"]),
            share=float(row["discount_share"]),
            until=None if pd.isna(row["until"]) else row["until"].date(),
        )
        for _, row in rows
        if row["applies"]
    )


def _read_surcharges(parameters: pd.DataFrame) -> Surcharges | None:
    values = dict(zip(parameters["name"], parameters["value"], strict=True))
    names = ("tariff_climate_krw_per_kwh", "tariff_fuel_krw_per_kwh", "tariff_vat_share", "tariff_fund_share")
    if not all(name in values for name in names):
        return None  # the table of parameters has been refused for it
    return Surcharges(*(float(values[name]) for name in names))
