"""The route table of Korean cities: headings, hours, and what can be wrong with it."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from data.errors import Problem, ProblemList
from data.route_table import read_route_table

SEOUL_FORM = (
    "업체명,노선번호,유형,기점명,종점명,인가대수,배차간격,거리,운행시간,최대배차,최소배차,첫차시간,막차시간\n"
    "한성여객,100,간선,하계동,용산구청,29,10,45.5,190,12,8,04:00,22:30\n"
    "대진여객,N30,지선,강동차고지,서울역,8,,62,,,,23:30,0340\n"
)


def read(path: Path, text: str, encoding: str = "utf-8") -> tuple[pd.DataFrame | None, tuple[Problem, ...]]:
    path.write_bytes(text.encode(encoding))
    problems = ProblemList()
    return read_route_table(path, problems), tuple(problems)


def test_seouls_form(tmp_path: Path) -> None:
    table, problems = read(tmp_path / "routes.csv", SEOUL_FORM, "utf-8-sig")
    assert not problems
    assert table is not None
    day, night = (row._asdict() for row in table.itertuples())
    assert (day["Index"], day["route"], day["start"], day["end"]) == (2, "100", "하계동", "용산구청")
    assert (day["length_km"], day["run_min"], day["authorised_buses"]) == (45.5, 190, 29)
    assert (day["headway_shortest_min"], day["headway_longest_min"], day["first_h"], day["last_h"]) == (8, 12, 4, 22.5)
    assert (night["first_h"], night["last_h"]) == (23.5, pytest.approx(27 + 40 / 60))
    assert pd.isna(night["run_min"])


def test_english_headings(tmp_path: Path) -> None:
    text = "route,start,end,length_km,headway_min,first_h,last_h,colour\nA,x,y,10,15,5:00,23:00,red\n"
    table, problems = read(tmp_path / "routes.csv", text)
    assert not problems
    assert table is not None
    assert table["company"].iloc[0] == ""
    assert table["headway_min"].iloc[0] == 15


@pytest.mark.parametrize(
    ("old", "new", "row", "field", "words"),
    [
        ("04:00", "4시", 2, "첫차시간", "not a time of day"),
        ("04:00", "29:00", 2, "첫차시간", "not a time of day"),
        ("04:00,22:30", "04:00,", 2, "first_h", "one of first and last"),
        ("45.5", "0", 2, "거리", "below 0.5"),
        ("45.5", "nan", 2, "거리", "finite"),
        ("12,8,", "8,12,", 2, "headway_longest_min", "below the shortest"),
        ("N30", "", 3, "노선번호", "empty"),
        ("대진여객,N30", "한성여객,100", 3, "업체명", "earlier row"),
        ("기점명", "출발", 0, "start", "column is missing"),
        ("29,10", "29", 2, "", "12 fields"),
    ],
)
def test_faults_are_listed(tmp_path: Path, old: str, new: str, row: int, field: str, words: str) -> None:
    table, problems = read(tmp_path / "routes.csv", SEOUL_FORM.replace(old, new, 1))
    assert table is None
    assert any((bad.row, bad.field) == (row, field) and words in bad.what and bad.fix for bad in problems), problems


def test_files_of_other_kinds(tmp_path: Path) -> None:
    assert "not UTF-8" in read(tmp_path / "a.csv", SEOUL_FORM, "cp949")[1][0].what
    assert "spreadsheet" in read(tmp_path / "b.csv", "PK\x03\x04rest")[1][0].what
    assert "empty" in read(tmp_path / "c.csv", "")[1][0].what
    assert "no rows" in read(tmp_path / "d.csv", SEOUL_FORM.splitlines()[0] + "\n")[1][0].what
    problems = ProblemList()
    assert read_route_table(tmp_path / "absent.csv", problems) is None
    assert "no such file" in next(iter(problems)).what


@pytest.mark.real_data
def test_seouls_routes_of_2025(real_seoul: Path) -> None:
    problems = ProblemList()
    table = read_route_table(real_seoul / "bus" / "seoul_bus_routes_authorised_buses_2025.csv", problems)
    assert not list(problems)
    assert table is not None
    assert len(table) == 325
    assert table["route"].is_unique
    assert table["authorised_buses"].sum() == 6933
    assert set(table["type"]) == {"trunk", "branch", "circular", "night"}
    assert (table[["start", "end"]] != "").all(axis=None)
