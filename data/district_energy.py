"""Electricity sold by district and contract class: KEPCO's table of a year and the rules the figures must keep."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from data.contract_class import KOREAN_NAMES, ContractClass
from data.errors import ProblemList
from data.schema import Column, Kind, TableSchema, read_table
from data.schema_text import read_text

TOTAL = "합계"
"""Rows that add up the classes of a district."""

MONTHLY_KWH_PER_PERSON = (20.0, 20_000.0)
"""What a district sells in a month per resident, all classes: Seoul's districts had 200 to 1,900 kWh in 2023."""

JUMP = 50.0
"""A class's month this many times above or below the median of its months is a slip of the unit, not of the weather."""

STEADY_KWH = 100_000.0
"""Only classes whose median month is above this are held to `JUMP`: small ones do jump."""

_MONTH = re.compile(r"(1[0-2]|[1-9])월")


def read_kepco_sales(path: Path, code_by_name: Mapping[str, str], problems: ProblemList) -> pd.DataFrame | None:
    """Read KEPCO's sales of one or more years in its own form.

    Parameters
    ----------
    path
        CSV with the headings 연도, 시도, 시군구, 계약종별 and one column a month (1월 … 12월, or some of them), in kWh.
        Rows of totals (합계) are compared with the sum of the classes and left out.
    code_by_name
        District code by the local name in the column 시군구.
    problems
        Takes what is wrong, with row and column.

    Returns
    -------
    pandas.DataFrame or None
        The table `district_energy` without its marks: district, contract_class, month, energy_kwh, sorted.
        None when there were problems.
    """
    file = path.name
    before = len(problems)
    text = read_text(path, file, problems)
    if text is None:
        return None
    months = list(dict.fromkeys(_MONTH.findall(text.splitlines()[0])))
    if not months:
        problems.add(file, "no column of the header is a month", "head the columns 1월, 2월, …", row=1)
        return None
    wide = read_table(path, _kepco_schema(months), problems, file=file)
    if wide is None:
        return None
    for row, name in wide["시군구"].items():
        if name not in code_by_name:
            fix = "correct it; known are " + ", ".join(code_by_name)
            problems.add(file, f"'{name}' is not a district of the city", fix, row=int(str(row)), field="시군구")
    columns = [f"{month}월" for month in months]
    _check_totals(wide, columns, file, problems)
    if len(problems) > before:
        return None
    tidy = _tidy(wide[wide["계약종별"] != TOTAL], columns, code_by_name)
    return tidy if len(problems) == before else None


def _kepco_schema(months: list[str]) -> TableSchema:
    head = (
        Column("연도", Kind.INTEGER, "Year.", lower=1980, upper=2100),
        Column("시도", Kind.TEXT, "Province or metropolitan city."),
        Column("시군구", Kind.TEXT, "District."),
        Column("계약종별", Kind.CHOICE, "Contract class.", choices=(*KOREAN_NAMES, TOTAL)),
    )
    energy = tuple(Column(f"{m}월", Kind.NUMBER, f"Energy of month {m}.", unit="kWh", lower=0) for m in months)
    key = ("연도", "시도", "시군구", "계약종별")
    return TableSchema("kepco_sales", (*head, *energy), key, "Energy sold in a district and class.", provenance=False)


def _check_totals(wide: pd.DataFrame, columns: list[str], file: str, problems: ProblemList) -> None:
    for (year, name), part in wide.groupby(["연도", "시군구"], sort=False):
        stated, classes = part[part["계약종별"] == TOTAL], part[part["계약종별"] != TOTAL]
        for column in columns if len(stated) else []:
            total, added = float(stated[column].iloc[0]), float(classes[column].sum())
            if abs(total - added) > max(2.0, 1e-6 * total):
                what = f"the total of {name} {year} is {total:,.0f} kWh, its classes add up to {added:,.0f} kWh"
                fix = "complete the classes or correct the total"
                problems.add(file, what, fix, row=int(stated.index[0]), field=column)


def _tidy(wide: pd.DataFrame, columns: list[str], code_by_name: Mapping[str, str]) -> pd.DataFrame:
    long = wide.melt(["연도", "시군구", "계약종별"], columns, "month", "energy_kwh")
    month = long["month"].str.removesuffix("월").str.zfill(2)
    order = {str(name): number for number, name in enumerate(ContractClass)}
    tidy = pd.DataFrame(
        {
            "district": long["시군구"].map(dict(code_by_name)),
            "contract_class": long["계약종별"].map({name: str(value) for name, value in KOREAN_NAMES.items()}),
            "month": pd.to_datetime(long["연도"].astype(str) + "-" + month + "-01"),
            "energy_kwh": long["energy_kwh"].astype(np.float64),
        }
    )
    return tidy.sort_values(
        ["district", "contract_class", "month"],
        key=lambda column: column.map(order) if column.name == "contract_class" else column,
        ignore_index=True,
    )


def check_district_energy(energy: pd.DataFrame, districts: pd.DataFrame, file: str, problems: ProblemList) -> None:
    """Note districts, classes and months that are missing, and figures that cannot be kWh.

    Parameters
    ----------
    energy
        Columns district, contract_class, month, energy_kwh; the index is the row in the file.
    districts
        Columns code, population.
    file
        What the user calls the file.
    problems
        Takes what is wrong.
    """
    _check_complete(energy, districts, file, problems)
    _check_per_person(energy, districts, file, problems)
    _check_jumps(energy, file, problems)


def _check_complete(energy: pd.DataFrame, districts: pd.DataFrame, file: str, problems: ProblemList) -> None:
    months = pd.period_range(energy["month"].min(), energy["month"].max(), freq="M")
    days = energy["month"].dt.day
    for row, day in energy.loc[days != 1, "month"].items():
        what = f"{day.date()} is not the first day of a month"
        problems.add(file, what, "write the first day of the month", row=int(str(row)), field="month")
    present = {
        key: set(part["month"].dt.to_period("M")) for key, part in energy.groupby(["district", "contract_class"])
    }
    for code in districts["code"]:
        for needed in (ContractClass.RESIDENTIAL, ContractClass.GENERAL):
            if (code, needed) not in present:
                what = f"district {code} has no rows of the class {needed}"
                problems.add(file, what, "add its months", field="contract_class")
    for (code, name), found in present.items():
        missing = [str(month) for month in months if month not in found]
        if missing:
            what = f"district {code}, class {name} lacks {', '.join(missing)}"
            problems.add(file, what, "add the months (0 where nothing was sold)", field="month")


def _check_per_person(energy: pd.DataFrame, districts: pd.DataFrame, file: str, problems: ProblemList) -> None:
    low, high = MONTHLY_KWH_PER_PERSON
    residents = dict(zip(districts["code"], districts["population"], strict=True))
    sold: dict[tuple[str, pd.Timestamp], list[float]] = {}
    first_row: dict[tuple[str, pd.Timestamp], int] = {}
    for row, code, month, kwh in _entries(energy, "month"):
        if code in residents:  # a code that districts.csv lacks has been refused already
            sold.setdefault((code, month), []).append(kwh)
            first_row.setdefault((code, month), row)
    for (code, month), parts in sold.items():
        each = sum(parts) / residents[code]
        if low <= each <= high:
            continue
        scale, unit = (1000, "MWh: multiply them by 1000") if each < low else (1e-3, "Wh: divide them by 1000")
        guess = f"the figures look like {unit}" if low <= each * scale <= high else "check figures and population"
        what = f"{code} sold {each:,.3g} kWh per resident in {month:%Y-%m}, outside {low:g} to {high:,.0f}"
        problems.add(file, what, guess, row=first_row[code, month], field="energy_kwh")


def _check_jumps(energy: pd.DataFrame, file: str, problems: ProblemList) -> None:
    usual_kwh = energy.groupby(["district", "contract_class"])["energy_kwh"].transform("median")
    for (row, code, name, kwh), usual in zip(_entries(energy, "contract_class"), usual_kwh, strict=True):
        if usual >= STEADY_KWH and not usual / JUMP <= kwh <= usual * JUMP:
            what = f"{kwh:,.0f} kWh where a usual month of {code}, {name} has {usual:,.0f} kWh"
            problems.add(file, what, "give every row in kWh", row=row, field="energy_kwh")


def _entries(energy: pd.DataFrame, column: str) -> Iterator[tuple[int, str, Any, float]]:
    """Row in the file, district, the named column and energy of every entry."""
    return zip(energy.index, energy["district"], energy[column], energy["energy_kwh"], strict=True)
