"""City folders: the shipped ones are right, and each way a folder can be wrong is one clear message."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from data.boundaries import area_km2
from data.calendar import DayType
from data.city_folder import check_city_folder, read_city_folder
from data.city_folder_template import write_template
from data.city_tables import ALL_PARAMETERS, ALL_TABLES
from data.errors import InvalidInput, Problem

SEOUL = Path(__file__).parents[2] / "data" / "seoul"


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A right folder, written once."""
    path = tmp_path_factory.mktemp("town") / "hanbit"
    write_template(path, "Hanbit")
    return path


@pytest.fixture
def folder(town: Path, tmp_path: Path) -> Path:
    """A copy of the right folder that a test may spoil."""
    return Path(shutil.copytree(town, tmp_path / "hanbit"))


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def problems_of(folder: Path) -> tuple[Problem, ...]:
    problems = check_city_folder(folder)
    assert all(problem.fix and problem.what and problem.file for problem in problems)
    return problems


def only(folder: Path) -> Problem:
    problems = problems_of(folder)
    assert len(problems) == 1, "\n".join(map(str, problems))
    return problems[0]


# -- the shipped folders -----------------------------------------------------------------------------------------------


def test_seoul_passes_the_check() -> None:
    assert check_city_folder(SEOUL) == ()


def test_seoul_is_the_city_it_says() -> None:
    seoul = read_city_folder(SEOUL)
    assert seoul.settings.name_local == "서울"
    assert len(seoul.district_codes) == len(seoul.boundaries) == 25
    assert tuple(seoul.boundaries) == seoul.district_codes
    assert sum(area_km2(outline) for outline in seoul.boundaries.values()) == pytest.approx(605.25, abs=0.05)
    assert seoul.tables["districts"]["population"].sum() == 9_391_116
    assert seoul.parameter("tariff_fund_share") == 0.027
    assert seoul.calendar.day_type(pd.Timestamp("2024-10-01").date()) is DayType.WORKDAY
    with pytest.raises(KeyError, match="no row named"):
        seoul.parameter("moon_distance_km")
    assert {parameter.name for parameter in ALL_PARAMETERS} == set(seoul.tables["parameters"]["name"])


def test_every_file_of_seoul_has_its_entry_among_the_sources() -> None:
    text = (SEOUL / "SOURCES.md").read_text(encoding="utf-8")
    files = [path.name for path in SEOUL.iterdir() if path.suffix in {".csv", ".geojson"}]
    assert [file for file in files if f"`{file}`" not in text] == []


def test_no_assumption_of_seoul_goes_as_a_fact() -> None:
    for name, rows in read_city_folder(SEOUL).tables.items():
        assumed = rows["source"].str.contains("assumption")
        assert rows.loc[assumed, "assumed"].all(), name


def test_template_passes_and_has_every_table(town: Path) -> None:
    city = read_city_folder(town)
    assert city.settings.name == "Hanbit"
    assert {schema.name for schema in ALL_TABLES if schema.required} <= set(city.tables)
    assert city.calendar.day_type(pd.Timestamp("2025-10-10").date()) is DayType.HOLIDAY
    for schema in ALL_TABLES:
        if schema.name in city.tables:
            head = (town / schema.filename).read_text(encoding="utf-8")
            assert head.startswith(f"# table {schema.name}, version {schema.version}\n")
            assert all(f"# {column.name}: {column.meaning}" in head for column in schema.all_columns)


def test_content_checksum_follows_content_not_place(town: Path, folder: Path) -> None:
    first, second = read_city_folder(town), read_city_folder(folder)
    assert first.content_sha256 == second.content_sha256
    edit(folder / "districts.csv", ",21000,", ",21001,")
    third = read_city_folder(folder)
    assert third.content_sha256 != first.content_sha256
    changed = {file for file in first.sha256 if first.sha256[file] != third.sha256[file]}
    assert changed == {"districts.csv"}


def test_weather_file_of_the_folder_is_part_of_its_content(folder: Path) -> None:
    without = read_city_folder(folder).content_sha256
    (folder / "weather").mkdir()
    (folder / "weather" / "mine.csv").write_text("a\n", encoding="utf-8")
    edit(folder / "city.toml", '"synthetic"', '"weather/mine.csv"')
    first = read_city_folder(folder)
    assert "weather/mine.csv" in first.sha256
    (folder / "weather" / "mine.csv").write_text("b\n", encoding="utf-8")
    assert len({without, first.content_sha256, read_city_folder(folder).content_sha256}) == 3


# -- folders that are wrong --------------------------------------------------------------------------------------------


def test_empty_and_absent_folder(tmp_path: Path) -> None:
    assert "the folder is empty" in only(tmp_path).what
    assert "twin city new" in only(tmp_path).fix
    assert "there is no such folder" in only(tmp_path / "none").what
    (tmp_path / "file").write_text("x", encoding="utf-8")
    assert "there is no such folder" in only(tmp_path / "file").what


@pytest.mark.parametrize("file", ["districts.csv", "tariffs.csv", "city.toml", "boundaries.geojson", "SOURCES.md"])
def test_missing_file_is_named(folder: Path, file: str) -> None:
    (folder / file).unlink()
    assert any(problem.file == file and "missing" in problem.what for problem in problems_of(folder))


@pytest.mark.parametrize("schema", ALL_TABLES, ids=lambda schema: schema.name)
def test_table_torn_in_its_last_row_is_refused(folder: Path, schema: object) -> None:
    path = folder / schema.filename  # type: ignore[attr-defined]
    if not path.exists():
        pytest.fail(f"the template has no rows for {path.name}")
    path.write_bytes(path.read_bytes()[:-4])
    assert any(problem.file == path.name and "cut off" in problem.what for problem in problems_of(folder))


def test_table_torn_between_rows_is_found_by_what_is_missing(folder: Path) -> None:
    path = folder / "district_energy.csv"
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(lines[:-3]), encoding="utf-8")
    problem = only(folder)
    assert (problem.file, problem.what) == (
        path.name,
        "district 90020, class agriculture lacks 2025-10, 2025-11, 2025-12",
    )


def test_energy_in_mwh_is_found(folder: Path) -> None:
    path = folder / "district_energy.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    for i, line in enumerate(lines):
        cells = line.split(",")
        if cells[0].isdecimal():
            lines[i] = ",".join([*cells[:3], str(float(cells[3]) / 1000), *cells[4:]])
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    problems = problems_of(folder)
    assert len(problems) == 24
    assert all("look like MWh" in problem.fix for problem in problems)


ENERGY_KEY = "district, contract_class, month"


@pytest.mark.parametrize(
    ("file", "old", "new", "field", "what"),
    [
        ("district_energy.csv", "01-01,3139500,", "01-01,-5,", "energy_kwh", "below 0"),
        ("district_energy.csv", "01-01,3139500,", "01-01,nan,", "energy_kwh", "finite"),
        ("district_energy.csv", "01-01,3139500,", "01-01,inf,", "energy_kwh", "finite"),
        ("district_energy.csv", "residential,2025-02", "residential,2025-01", ENERGY_KEY, "stands already"),
        ("districts.csv", "90020,강동동", "90010,강동동", "code", "90010 stands already in row"),
        ("districts.csv", ",5.81,", ",58.1,", "area_km2", "58.1 km² is stated, but the outline of 90010 has 5.81 km²"),
        ("districts.csv", "강서동", "강서동\ufffd,", "", "the row has 8 fields where the header has 7"),
        ("tariffs.csv", "three_seasons", "four_seasons", "seasons", "'four_seasons' is not in the column set"),
        ("tariff_rates.csv", "ev_self_hv,", "ev_self_hw,", "tariff", "'ev_self_hw' is not in the column tariff"),
        ("tariff_hours.csv", "summer,15,21,", "summer,15,20,", "from_h, to_h", "20:00–21:00 is in no period"),
        ("tariff_hours.csv", "summer,15,21,", "summer,15,22,", "from_h, to_h", "21:00–22:00 is in more than one"),
        ("tariff_discounts.csv", ",11,14,", ",14,11,", "from_h, to_h", "the discount from 14 to 11 h has no hours"),
        ("parameters.csv", "vat_share,0.1,1", "vat_share,10,1", "tariff_vat_share", "10 is above 1"),
        ("parameters.csv", "vat_share,0.1,1", "vat_share,-0.1,1", "tariff_vat_share", "-0.1 is below 0"),
        ("parameters.csv", "vat_share,0.1,1", "vat_share,0.1,%", "tariff_vat_share", "unit is % where 1 is meant"),
        ("parameters.csv", "tariff_vat_share", "tarif_vat_share", "tariff_vat_share", "the parameter is missing"),
        ("parameters.csv", "tariff_vat_share", "tarif_vat_share", "tarif_vat_share", "there is no such parameter"),
        ("class_tariffs.csv", ",example,", ",hearsay,", "source", "the source 'hearsay' is not explained"),
        ("class_tariffs.csv", ",example,", ",example+hearsay,", "source", "the source 'hearsay' is not explained"),
        ("holiday_exceptions.csv", "-10,added", "-10,removed", "effect", "'removed' is not one of the words"),
    ],
)
def test_wrong_row_is_found(folder: Path, file: str, old: str, new: str, field: str, what: str) -> None:
    edit(folder / file, old, new)
    found = [problem for problem in problems_of(folder) if what in problem.what]
    assert found
    assert {(problem.file, problem.field) for problem in found} == {(file, field)}
    if field != "tariff_vat_share" or "missing" not in what:
        assert all(problem.row > 0 for problem in found)


def garage_columns(folder: Path) -> tuple[list[str], int, list[str]]:
    """Lines of garages.csv, position of its first row, and the column names."""
    lines = (folder / "garages.csv").read_text(encoding="utf-8").splitlines()
    first = next(i for i, line in enumerate(lines) if not line.startswith("#")) + 1
    return lines, first, lines[first - 1].split(",")


def move_garage(folder: Path, place: Callable[[dict[str, str]], dict[str, str]]) -> int:
    """Change cells of the first garage; returns its row."""
    lines, first, columns = garage_columns(folder)
    cells = dict(zip(columns, lines[first].split(","), strict=True))
    lines[first] = ",".join((cells | place(cells)).values())
    (folder / "garages.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return first + 1


def test_garage_outside_the_city_is_found(folder: Path) -> None:
    row = move_garage(folder, lambda cells: {"latitude": "37.4"})
    found = [problem for problem in problems_of(folder) if problem.file == "garages.csv"]
    assert (found[0].row, found[0].field) == (row, "latitude, longitude")
    assert "lies outside the city" in found[0].what
    assert "swapped" in found[0].fix


def test_garage_in_another_district_is_found(folder: Path) -> None:
    other = {"90010": "90020", "90020": "90010"}
    row = move_garage(folder, lambda cells: {"district": other[cells["district"]]})
    found = [problem for problem in problems_of(folder) if problem.file == "garages.csv" and problem.row == row]
    assert "lies in district" in found[0].what


def test_misspelt_table_is_not_ignored(folder: Path) -> None:
    (folder / "holiday_exceptions.csv").rename(folder / "holiday_exception.csv")
    problem = only(folder)
    assert problem.file == "holiday_exception.csv"
    assert problem.fix == "rename it to holiday_exceptions.csv"


def test_optional_table_may_be_absent(folder: Path) -> None:
    (folder / "holiday_exceptions.csv").unlink()
    city = read_city_folder(folder)
    assert "holiday_exceptions" not in city.tables
    assert city.calendar.day_type(pd.Timestamp("2025-10-10").date()) is DayType.WORKDAY


def test_other_encoding_and_giant_file_are_found(folder: Path) -> None:
    path = folder / "districts.csv"
    path.write_bytes(path.read_text(encoding="utf-8").replace("²", "2").replace("…", "..").encode("cp949"))
    with (folder / "tariffs.csv").open("wb") as file:
        file.truncate(2 * 1024**3)
    found = {problem.file: problem for problem in problems_of(folder)}
    assert "CP949" in found["districts.csv"].what
    assert "2,147 MB" in found["tariffs.csv"].what


def test_problems_of_several_files_stand_together(folder: Path) -> None:
    edit(folder / "city.toml", "step_min = 15", "step_min = 7")
    edit(folder / "districts.csv", ",21000,", ",0,")
    (folder / "boundaries.geojson").write_text("{", encoding="utf-8")
    problems = problems_of(folder)
    assert {problem.file for problem in problems} >= {"city.toml", "districts.csv", "boundaries.geojson"}
    with pytest.raises(InvalidInput) as caught:
        read_city_folder(folder)
    assert caught.value.problems == problems


# -- city.toml ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "field", "what"),
    [
        ("schema_version = 1", "schema_version = 2", "schema_version", "2 is out of bounds"),
        ("schema_version = 1", "schema_version = true", "schema_version", "True is not a whole number"),
        ('"KR"', '"XK9"', "city.country", "has the wrong form"),
        ('"KR"', '"XX"', "city.country", "has no calendar"),
        ('"Asia/Seoul"', '"Asia/Soul"', "city.timezone", "is not a time zone"),
        ("37.313", "137.3", "city.latitude", "out of bounds"),
        ("37.313", "nan", "city.latitude", "out of bounds"),
        ("37.313", '"north"', "city.latitude", "is not a number"),
        ('"04:00"', '"25:00"', "planning.day_start", "is not a time of day"),
        ('"04:00"', '"04:07"', "planning.day_start", "is not at the start of a step"),
        ("37.313", "-37.313", "city.latitude, city.longitude", "lies outside the outlines"),
        ('source = "synthetic"', 'source = "none.epw"', "weather.source", "there is no weather file 'none.epw'"),
        ('"04:00"', "4", "planning.day_start", "is not a text"),
        ("step_min = 15", "step_min = 7", "planning.step_min", "does not divide an hour"),
        ("seed = 1", "seed = -1", "planning.seed", "out of bounds"),
        ("seed = 1", "seeds = 1", "planning.seed", "the setting is missing"),
        ("seed = 1", "seeds = 1", "planning.seeds", "there is no such setting"),
        ("[weather]", "[climate]", "climate", "there is no such setting"),
        ("schema_version = 1", "schema_version = ", "", "not valid TOML"),
        ("schema_version = 1", "schema_version = 1\nschema_version = 1", "", "not valid TOML"),
        ('name = "Hanbit"', 'name = " "', "city.name", "has the wrong form"),
    ],
)
def test_wrong_setting_is_found(folder: Path, old: str, new: str, field: str, what: str) -> None:
    edit(folder / "city.toml", old, new)
    found = [problem for problem in problems_of(folder) if what in problem.what]
    assert [(problem.file, problem.field) for problem in found] == [("city.toml", field)]


# -- boundaries --------------------------------------------------------------------------------------------------------


def outline(folder: Path, change: Callable[[list[dict[str, object]]], object]) -> None:
    path = folder / "boundaries.geojson"
    document = json.loads(path.read_text(encoding="utf-8"))
    change(document["features"])
    path.write_text(json.dumps(document), encoding="utf-8")


BOW = [[127.2, 37.3], [127.25, 37.33], [127.25, 37.3], [127.2, 37.33], [127.2, 37.3]]
PROJECTED = [[200_000, 500_000], [201_000, 500_000], [201_000, 501_000], [200_000, 500_000]]


@pytest.mark.parametrize(
    ("change", "field", "what"),
    [
        (lambda features: features.pop(), "code", "90020 has no outline"),
        (lambda features: features.clear(), "", "there are no features"),
        (lambda features: features[0].pop("properties"), "", "feature 1 has no property 'code'"),
        (lambda features: features[0]["properties"].update(code="90030"), "90030", "is not in districts.csv"),
        (lambda features: features[0].update(geometry=None), "90010", "the geometry is not a polygon"),
        (lambda features: features[0]["geometry"].update(type="LineString", coordinates=BOW), "90010", "not a polygon"),
        (lambda features: features[0]["geometry"].update(coordinates=[BOW]), "90010", "the outline is broken"),
        (lambda features: features[0]["geometry"].update(coordinates=[PROJECTED]), "90010", "are not degrees"),
        (lambda features: features[0]["geometry"].update(coordinates="?"), "90010", "not a polygon"),
        (lambda features: features.append(features[0]), "90010", "district 90010 stands twice"),
        (lambda features: features[0].update(geometry=features[1]["geometry"]), "90010", "overlaps 90020 by 100%"),
    ],
)
def test_wrong_outline_is_found(
    folder: Path, change: Callable[[list[dict[str, object]]], object], field: str, what: str
) -> None:
    outline(folder, change)
    found = [problem for problem in problems_of(folder) if what in problem.what]
    assert [problem.field for problem in found] == [field]


def test_outlines_that_are_no_json_are_found_with_their_line(folder: Path) -> None:
    edit(folder / "boundaries.geojson", '"features":[\n', '"features":[\n,')
    problem = only(folder)
    assert (problem.file, problem.row) == ("boundaries.geojson", 2)
    (folder / "boundaries.geojson").write_text("[" * 100_000 + "\n", encoding="utf-8")
    assert "not valid JSON" in only(folder).what
