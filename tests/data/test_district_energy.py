"""Sales by district and class: KEPCO's form, totals, missing rows, figures that are not kWh."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from data.city_tables import table
from data.district_energy import check_district_energy, read_kepco_sales
from data.errors import Problem, ProblemList
from data.schema import read_table

SEOUL = Path(__file__).parents[2] / "data" / "seoul"
CODES = {"가구": "1", "나구": "2"}
FORM = """연도,시도,시군구,계약종별,1월,2월,12월
2024,서울특별시,가구,주택용,1000000,900000,950000
2024,서울특별시,가구,일반용,3000000,2900000,2800000
2024,서울특별시,가구,농사용,600,900,100
2024,서울특별시,가구,합계,4000600,3800900,3750100
2024,서울특별시,나구,주택용,2000000,1900000,1950000
2024,서울특별시,나구,일반용,1000000,2900000,2800000
"""


def sales(path: Path, text: str) -> tuple[pd.DataFrame | None, list[Problem]]:
    file = path / "sales.csv"
    file.write_text(text, encoding="utf-8")
    problems = ProblemList()
    return read_kepco_sales(file, CODES, problems), list(problems)


def test_form_becomes_a_tidy_table_without_totals(tmp_path: Path) -> None:
    tidy, problems = sales(tmp_path, FORM)
    assert problems == []
    assert tidy is not None
    assert len(tidy) == 5 * 3
    assert tidy.iloc[2].tolist() == ["1", "residential", pd.Timestamp("2024-12-01"), 950000.0]
    assert tidy["energy_kwh"].sum() == 4000600 + 3800900 + 3750100 + 5850000 + 6700000


@pytest.mark.parametrize(
    ("old", "new", "row", "field", "what"),
    [
        ("가구,농사용,600", "가구,농사용,-600", 4, "1월", "-600 kWh is below 0"),
        ("가구,농사용,600", "가구,농사용,nan", 4, "1월", "'nan' is not a finite number"),
        ("가구,농사용,600", "가구,농사용,700", 5, "1월", "4,000,600 kWh, its classes add up to 4,000,700 kWh"),
        ("나구,일반용", "다구,일반용", 7, "시군구", "'다구' is not a district"),
        ("나구,일반용", "나구,수소용", 7, "계약종별", "'수소용' is not one of the words"),
        ("나구,일반용", "나구,주택용", 7, "연도, 시도, 시군구, 계약종별", "stands already in row 6"),
        (",1월,2월,12월", ",일월,이월,십이월", 1, "", "no column of the header is a month"),
        ("시군구,", "구군,", 0, "시군구", "the column is missing"),
    ],
)
def test_fault_in_the_form_is_named(tmp_path: Path, old: str, new: str, row: int, field: str, what: str) -> None:
    tidy, problems = sales(tmp_path, FORM.replace(old, new, 1))
    assert tidy is None
    places = {(problem.row, problem.field): problem for problem in problems}
    assert what in places[row, field].what
    assert places[row, field].fix


def test_absent_form_is_one_problem(tmp_path: Path) -> None:
    problems = ProblemList()
    assert read_kepco_sales(tmp_path / "none.csv", CODES, problems) is None
    assert len(problems) == 1


def check(energy: pd.DataFrame, districts: pd.DataFrame) -> list[Problem]:
    problems = ProblemList()
    check_district_energy(energy, districts, "district_energy.csv", problems)
    assert all(problem.fix for problem in problems)
    return list(problems)


@pytest.fixture(scope="module")
def seoul() -> tuple[pd.DataFrame, pd.DataFrame]:
    problems = ProblemList()
    energy = read_table(SEOUL / "district_energy.csv", table("district_energy"), problems)
    districts = read_table(SEOUL / "districts.csv", table("districts"), problems)
    assert energy is not None
    assert districts is not None
    return energy, districts


Seoul = tuple[pd.DataFrame, pd.DataFrame]


def test_seoul_is_right_and_sums_to_what_was_published(seoul: Seoul) -> None:
    energy, districts = seoul
    assert check(energy, districts) == []
    by_class = energy.groupby("contract_class")["energy_kwh"].sum() / 1e6
    assert by_class.sum() == pytest.approx(16_116.6, abs=0.05)
    assert by_class["general"] == pytest.approx(8_889.6, abs=0.05)
    assert by_class["residential"] == pytest.approx(4_735.3, abs=0.05)
    assert by_class["industrial"] == pytest.approx(1_619.5, abs=0.05)
    by_month = energy.groupby("month")["energy_kwh"].sum() / 1e6
    assert by_month.tolist() == pytest.approx([4_654.9, 4_312.9, 3_646.3, 3_502.5], abs=0.05)


@pytest.mark.parametrize(("factor", "guess"), [(1e-3, "look like MWh"), (1e3, "look like Wh"), (1e-7, "population")])
def test_wrong_unit_of_the_whole_table_is_guessed(seoul: Seoul, factor: float, guess: str) -> None:
    energy, districts = seoul
    found = check(energy.assign(energy_kwh=energy["energy_kwh"] * factor), districts)
    assert len(found) == 25 * 4
    assert all(guess in problem.fix and problem.field == "energy_kwh" for problem in found)


def test_one_row_in_mwh_is_found(seoul: Seoul) -> None:
    energy, districts = seoul
    for row in energy.index[energy["energy_kwh"] > 1e6][[0, 50, 200]]:
        wrong = energy.copy()
        wrong.loc[row, "energy_kwh"] /= 1000
        found = check(wrong, districts)
        assert [problem.row for problem in found] == [row]
        assert "give every row in kWh" in found[0].fix


def test_missing_month_class_and_district_are_found(seoul: Seoul) -> None:
    energy, districts = seoul
    gone = (energy["district"] == "11110") & (energy["contract_class"] == "night")
    march = energy["month"] == "2023-03-01"
    found = check(energy[~(gone & march)], districts)
    assert [problem.what for problem in found] == ["district 11110, class night lacks 2023-03"]
    found = check(energy[energy["district"] != "11110"], districts)
    assert [problem.what for problem in found] == [
        "district 11110 has no rows of the class residential",
        "district 11110 has no rows of the class general",
    ]


def test_day_must_be_the_first(seoul: Seoul) -> None:
    energy, districts = seoul
    row = energy.index[7]
    wrong = energy.copy()
    wrong.loc[row, "month"] += pd.Timedelta(days=4)
    assert [(problem.row, problem.field) for problem in check(wrong, districts)] == [(row, "month")]


@pytest.mark.real_data
def test_typed_figures_are_those_of_the_form(seoul: Seoul, real_seoul: Path) -> None:
    energy, districts = seoul
    codes = dict(zip(districts["name_ko"], districts["code"], strict=True))
    problems = ProblemList()
    form = read_kepco_sales(real_seoul / "load" / "kepco_seoul_gu_contract_kwh_2023_01-04.csv", codes, problems)
    assert list(problems) == []
    assert form is not None
    mine = energy[["district", "contract_class", "month", "energy_kwh"]].reset_index(drop=True)
    pd.testing.assert_frame_equal(mine, form, check_dtype=False)
