"""Readers of weather files: labels, units and places believed only when the sun agrees; bad files refused in words."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from data.errors import InvalidInput
from data.solar_position import Place
from data.weather import BOUNDS, WeatherKind
from data.weather_files import read_epw, read_hourly_csv, read_weather
from tests.data.weather_builders import CSV_HEADER, SEOUL, csv_lines, epw_lines, seoul_year, write_csv

YEAR = seoul_year()
CSV = csv_lines(YEAR)
EPW = epw_lines(YEAR)
Lines = list[str]


def refusal(call: Callable[[], object]) -> InvalidInput:
    with pytest.raises(InvalidInput) as caught:
        call()
    for problem in caught.value.problems:
        assert problem.file
        assert problem.what
        assert problem.fix
    return caught.value


def column(lines: Lines, index: int, change: Callable[[float], object], first: int = 1) -> Lines:
    rows = [line.split(",") for line in lines[first:]]
    for row in rows:
        row[index] = str(change(float(row[index])))
    return [*lines[:first], *(",".join(row) for row in rows)]


# --- what is read is what was written


def test_csv_becomes_start_labelled_utc_means(tmp_path: Path) -> None:
    weather = read_hourly_csv(write_csv(tmp_path / "era5.csv", CSV), SEOUL)
    assert len(weather.times_utc) == 8760
    assert weather.times_utc[0] == np.datetime64("2022-12-31T15:00")  # midnight in Seoul
    assert np.allclose(weather.ghi_w_per_m2, YEAR.ghi_w_per_m2, atol=1e-3)
    assert np.allclose(weather.dni_w_per_m2, YEAR.dni_w_per_m2, atol=1e-3)
    means = (YEAR.temp_c[:-1] + YEAR.temp_c[1:]) / 2
    assert np.allclose(weather.temp_c[:-1], means, atol=1e-2)
    assert weather.kind is WeatherKind.MEASURED_OR_REANALYSIS
    assert not weather.repeats_yearly
    assert weather.notes == ()


def test_epw_becomes_a_typical_year(tmp_path: Path) -> None:
    weather = read_epw(write_csv(tmp_path / "seoul.epw", EPW))
    assert np.allclose(weather.ghi_w_per_m2, YEAR.ghi_w_per_m2, atol=1e-3)
    assert weather.kind is WeatherKind.TYPICAL_YEAR
    assert weather.repeats_yearly
    assert weather.place == SEOUL
    assert weather.times_utc[0] == np.datetime64("2022-12-31T15:00")
    assert np.allclose(weather.temp_c[1:], (YEAR.temp_c[1:] + YEAR.temp_c[:-1]) / 2, atol=1e-2)
    assert read_epw(tmp_path / "seoul.epw", 2026).times_utc[0] == np.datetime64("2025-12-31T15:00")


def test_epw_readings_in_the_middle_of_the_hour_are_its_means(tmp_path: Path) -> None:
    weather = read_epw(write_csv(tmp_path / "seoul.epw", epw_lines(YEAR, minute=30)))
    assert np.allclose(weather.temp_c, YEAR.temp_c, atol=1e-2)


def test_epw_of_a_leap_year(tmp_path: Path) -> None:
    weather = read_epw(write_csv(tmp_path / "leap.epw", epw_lines(seoul_year(2024))))
    assert len(weather.times_utc) == 8784


def test_files_are_told_apart_by_content(tmp_path: Path) -> None:
    as_txt = write_csv(tmp_path / "unnamed.txt", EPW)
    assert read_weather(as_txt).kind is WeatherKind.TYPICAL_YEAR
    assert read_weather(write_csv(tmp_path / "x_37.57N_126.98E.csv", CSV)).latitude == pytest.approx(37.57)


def test_the_download_of_open_meteo_with_its_block_of_metadata(tmp_path: Path) -> None:
    head = ["latitude,longitude,elevation,utc_offset_seconds,timezone,timezone_abbreviation"]
    head += ["37.5665,126.978,38.0,32400,Asia/Seoul,GMT+9", ""]
    names = "time,temperature_2m (°C),shortwave_radiation (W/m²),direct_normal_irradiance (W/m²)"
    names += ",diffuse_radiation (W/m²),wind_speed_10m (km/h)"
    rows = []
    for line in CSV[1:]:
        stamp, ghi, dni, dhi, temp, wind = line.split(",")
        rows.append(f"{stamp[:10]}T{stamp[11:16]},{temp},{ghi},{dni},{dhi},{float(wind) * 3.6:.4f}")
    weather = read_weather(write_csv(tmp_path / "open-meteo.csv", [*head, names, *rows]))
    plain = read_weather(write_csv(tmp_path / "plain.csv", CSV), SEOUL)
    for name in BOUNDS:
        assert np.allclose(getattr(weather, name), getattr(plain, name), atol=1e-3)
    assert weather.place == SEOUL


def test_a_byte_order_mark_and_windows_line_ends_are_harmless(tmp_path: Path) -> None:
    path = tmp_path / "bom.csv"
    path.write_bytes(b"\xef\xbb\xbf" + "\r\n".join(CSV).encode() + b"\r\n")
    assert len(read_weather(path, SEOUL).times_utc) == 8760
    epw = tmp_path / "bom.txt"
    epw.write_bytes(b"\xef\xbb\xbf" + "\r\n".join(EPW).encode() + b"\r\n")
    assert len(read_weather(epw).times_utc) == 8760


# --- labels against the sun


@pytest.mark.parametrize("roll", [-1, 1])
def test_radiation_an_hour_off_is_moved_with_a_note(tmp_path: Path, roll: int) -> None:
    """Files that label the start of the hour, or its second end, give the same light as honest ones."""
    weather = read_epw(write_csv(tmp_path / "off.epw", epw_lines(YEAR, roll=roll)))
    assert np.allclose(weather.ghi_w_per_m2, YEAR.ghi_w_per_m2, atol=1e-3)
    assert "moved 1 h " + ("earlier" if roll > 0 else "later") in weather.notes[0]


def test_radiation_half_an_hour_off_is_moved_and_keeps_its_sum(tmp_path: Path) -> None:
    """Means around the full hour under labels of the hour's end, as in TMYx files."""
    centred = YEAR.at(YEAR.times_utc + np.timedelta64(30, "m"), 1.0)
    lines = epw_lines(YEAR)
    for index, (ghi, dni, dhi) in enumerate(
        zip(centred.ghi_w_per_m2, centred.dni_w_per_m2, centred.dhi_w_per_m2, strict=True)
    ):
        row = lines[8 + index].split(",")
        row[13:16] = [f"{ghi:.4f}", f"{dni:.4f}", f"{dhi:.4f}"]
        lines[8 + index] = ",".join(row)
    weather = read_epw(write_csv(tmp_path / "half.epw", lines))
    assert "moved 0.5 h later" in weather.notes[0]
    assert weather.ghi_w_per_m2.sum() == pytest.approx(centred.ghi_w_per_m2.sum(), rel=1e-6)
    honest = np.corrcoef(weather.ghi_w_per_m2, YEAR.ghi_w_per_m2)[0, 1]
    believed = np.corrcoef(centred.ghi_w_per_m2, YEAR.ghi_w_per_m2)[0, 1]
    assert honest > 0.99 > believed


@pytest.mark.parametrize(
    ("place", "words"),
    [
        (
            {"longitude": -126.978},
            "its labels are .* h (ahead of|behind) the sun at latitude 37.5665, longitude -126.978",
        ),
        ({"longitude": 82.0}, "3 h ahead of the sun|3 h behind the sun"),
        ({"latitude": -37.5665}, "seasons are those of the other hemisphere"),
        ({"latitude": 137.0}, "out of range"),
    ],
)
def test_epw_whose_header_contradicts_the_sun(tmp_path: Path, place: dict[str, float], words: str) -> None:
    error = refusal(lambda: read_epw(write_csv(tmp_path / "bad.epw", epw_lines(YEAR, **place))))
    assert len(error.problems) == 1
    assert re.search(words, str(error))


@pytest.mark.parametrize("label_shift_h", [-9, -4, 3, 9])
def test_csv_labelled_in_another_zone(tmp_path: Path, label_shift_h: int) -> None:
    """UTC written as if it were local time, for one, in a whole year and in three days."""
    lines = csv_lines(YEAR, label_shift_h=label_shift_h)
    error = refusal(lambda: read_hourly_csv(write_csv(tmp_path / "year.csv", lines), SEOUL))
    assert "the sun at" in str(error)
    some_days = [CSV_HEADER, *lines[1 + 24 * 150 : 1 + 24 * 153]]
    error = refusal(lambda: read_hourly_csv(write_csv(tmp_path / "days.csv", some_days), SEOUL))
    assert "below the horizon" in str(error)


def test_three_cloudy_days_are_not_shifted(tmp_path: Path) -> None:
    some_days = [CSV_HEADER, *CSV[1 + 24 * 190 : 1 + 24 * 193]]
    weather = read_hourly_csv(write_csv(tmp_path / "days.csv", some_days), SEOUL)
    assert weather.notes == ()
    rows = slice(24 * 190, 24 * 193)
    # the day's last hour is night, so three days stay three days
    assert np.allclose(weather.ghi_w_per_m2, YEAR.ghi_w_per_m2[rows], atol=1e-3)


def test_the_southern_hemisphere_is_read_where_it_is(tmp_path: Path) -> None:
    sydney = seoul_year(place=Place(-33.87, 126.978, 30.0))
    weather = read_epw(write_csv(tmp_path / "south.epw", epw_lines(sydney, latitude=-33.87)))
    assert weather.notes == ()
    error = refusal(lambda: read_epw(write_csv(tmp_path / "north.epw", epw_lines(sydney, latitude=33.87))))
    assert "other hemisphere" in str(error)
    lines = csv_lines(sydney)
    error = refusal(lambda: read_hourly_csv(write_csv(tmp_path / "south.csv", lines), SEOUL))
    assert "other hemisphere" in str(error)


# --- bad CSV files: (change of the lines, words, number of problems)


def _swap(lines: Lines, left: int, right: int) -> Lines:
    return [*lines[:left], lines[right], *lines[left + 1 : right], lines[left], *lines[right + 1 :]]


def _cell(lines: Lines, row: int, index: int, text: str) -> Lines:
    cells = lines[row].split(",")
    cells[index] = text
    return [*lines[:row], ",".join(cells), *lines[row + 1 :]]


def _without_column(lines: Lines, index: int) -> Lines:
    return [",".join(cell for place, cell in enumerate(line.split(",")) if place != index) for line in lines]


BAD_CSV: dict[str, tuple[Callable[[Lines], Lines], str, int]] = {
    "8,759 hours, the last is missing": (lambda x: x[:-1], "8,759 steps, which is not a whole number of days", 1),
    "8,759 hours, one is missing inside": (lambda x: x[:5000] + x[5001:], "comes after a gap of 2 h", 1),
    "a cell that is text": (lambda x: _cell(x, 100, 1, "n/a"), "row 101, ghi_wm2: 'n/a' is not a finite number", 1),
    "an empty cell": (lambda x: _cell(x, 100, 4, ""), "row 101, temp_c: '' is not a finite number", 1),
    "NaN": (lambda x: _cell(x, 100, 1, "NaN"), "'NaN' is not a finite number", 1),
    "inf": (lambda x: _cell(x, 100, 2, "inf"), "'inf' is not a finite number", 1),
    "minus inf": (lambda x: _cell(x, 100, 3, "-inf"), "'-inf' is not a finite number", 1),
    "a missing column": (lambda x: _without_column(x, 3), "dhi_w_per_m2: the column is missing", 1),
    "a doubled row": (lambda x: [*x[:100], x[99], *x[100:]], "row 101, time: .* stands twice", 1),
    "unsorted rows": (lambda x: _swap(x, 100, 101), "goes back in time", 3),
    "mixed offsets": (
        lambda x: [*x[:4000], *(line.replace("+09:00", "+00:00") for line in x[4000:])],
        "2 different zones",
        1,
    ),
    "offset on some rows": (lambda x: _cell(x, 9, 0, "2023-01-01 08:00:00"), "row 10, time: .* different zones", 1),
    "no offsets": (lambda x: [line.replace("+09:00", "") for line in x], "the times have no zone", 1),
    "a stamp that is none": (lambda x: _cell(x, 7, 0, "yesterday"), "row 8, time: 'yesterday' is not a time", 1),
    "negative irradiance": (lambda x: _cell(x, 13, 1, "-3.0"), "row 14, ghi_w_per_m2: -3 is not between 0 and 1400", 1),
    "GHI in kWh/m²": (lambda x: column(x, 1, lambda v: v / 1000), r"looks like kWh/m²", 1),
    "GHI in MJ/m²": (lambda x: column(x, 1, lambda v: v * 3.6e-3), r"looks like MJ/m²", 1),
    "radiation in kJ/m²": (lambda x: column(x, 1, lambda v: v * 3.6), "looks like kJ/m²", 1),
    "radiation in J/m²": (lambda x: column(x, 1, lambda v: v * 3600), "looks like J/m²", 1),
    "no radiation at all": (lambda x: column(x, 1, lambda _: 0.0), "no irradiation at all", 1),
    "temperature in kelvin": (lambda x: column(x, 4, lambda v: v + 273.15), "it is in kelvin", 1),
    "temperature in Fahrenheit": (lambda x: column(x, 4, lambda v: v * 1.8 + 32), "°F", 6),
    "DNI and DHI swapped": (
        lambda x: [x[0].replace("dni", "tmp").replace("dhi", "dni").replace("tmp", "dhi"), *x[1:]],
        "DHI is above GHI",
        1,
    ),
    "DNI of the horizontal plane": (lambda x: column(x, 2, lambda v: v / 2), "misses GHI by", 1),
    "wind in another unit": (lambda x: [x[0].replace("wind_ms", "wind_speed_10m (mp/h)"), *x[1:]], "'mp/h' is not", 1),
    "wind without a unit": (lambda x: [x[0].replace("wind_ms", "wind_speed_10m"), *x[1:]], "states no unit", 1),
    "two columns of one quantity": (lambda x: [x[0].replace("dhi_wm2", "ghi"), *x[1:]], "two columns", 2),
    "two time columns": (lambda x: [x[0].replace("wind_ms", "time_utc"), *x[1:]], "2 time columns", 2),
    "another table": (lambda x: ["a,b,c", *x[1:]], "no header with a time column", 9),
    "a header alone": (lambda x: x[:1], "it has 0 rows", 1),
    "a torn row": (lambda x: [*x[:-1], x[-1][:-8]], "row 8761: the row has 5 fields", 1),
    "half-hourly gaps of a new step": (lambda x: [x[0], *x[1::7]], "usual step is 420 minutes", 1),
}


@pytest.mark.parametrize("name", BAD_CSV)
def test_bad_csv_is_one_clear_message(tmp_path: Path, name: str) -> None:
    change, words, count = BAD_CSV[name]
    error = refusal(lambda: read_weather(write_csv(tmp_path / "bad.csv", change(CSV)), SEOUL))
    assert re.search(words, str(error)), str(error)
    assert len(error.problems) <= count, str(error)


def test_every_problem_is_listed_at_once(tmp_path: Path) -> None:
    lines = _cell(_cell(_cell(CSV, 50, 1, "x"), 60, 4, "inf"), 70, 0, "never")
    error = refusal(lambda: read_weather(write_csv(tmp_path / "bad.csv", lines), SEOUL))
    assert {(problem.row, problem.field) for problem in error.problems} == {
        (51, "ghi_wm2"),
        (61, "temp_c"),
        (71, "time"),
    }


def test_a_csv_without_a_place_and_one_of_another_place(tmp_path: Path) -> None:
    error = refusal(lambda: read_weather(write_csv(tmp_path / "somewhere.csv", CSV)))
    assert "nothing says where" in str(error)
    error = refusal(lambda: read_weather(write_csv(tmp_path / "era5_35.18N_129.08E.csv", CSV), SEOUL))
    assert "far from 37.5665, 126.978" in str(error)
    block = ["latitude,longitude", "37.5,127.0", ""]
    error = refusal(lambda: read_weather(write_csv(tmp_path / "block.csv", [*block, *CSV])))
    assert "lacks elevation, utc_offset_seconds" in str(error)
    names = "latitude,longitude,elevation,utc_offset_seconds"
    error = refusal(lambda: read_weather(write_csv(tmp_path / "block.csv", [names, "37.5,127.0,high,32400", *CSV])))
    assert "'high' is not a finite number" in str(error)


# --- bad EPW files

BAD_EPW: dict[str, tuple[Callable[[Lines], Lines], str]] = {
    "8,759 hours": (lambda x: x[:-1], "it has 8,759 hours"),
    "a missing hour, one doubled": (
        lambda x: [*x[:4000], *x[4001:], x[-1]],
        "row 4001, month, day, hour: .* must follow",
    ),
    "unsorted": (lambda x: _swap(x, 200, 201), "row 201, month, day, hour"),
    "text": (lambda x: _cell(x, 300, 13, "bright"), "row 301, ghi_w_per_m2: 'bright' is not a finite number"),
    "NaN": (lambda x: _cell(x, 300, 6, "nan"), "row 301, temp_c: 'nan' is not a finite number"),
    "missing mark of EPW": (lambda x: _cell(x, 300, 6, "99.9"), "99.9 means missing"),
    "missing radiation": (lambda x: _cell(x, 300, 13, "9999"), "9999 means missing"),
    "negative irradiance": (lambda x: _cell(x, 300, 15, "-1"), "row 301, dhi_w_per_m2: -1 is not between"),
    "no location": (lambda x: ["DESIGN CONDITIONS", *x[1:]], "row 1: the first line is not a LOCATION line"),
    "place as text": (lambda x: [x[0].replace("37.5665", "north"), *x[1:]], "row 1, latitude: 'north'"),
    "short rows": (lambda x: [*x[:50], x[50][:40], *x[51:]], "row 51: 1 rows have fewer"),
    "kJ": (lambda x: column(x, 13, lambda v: v * 3.6, 8), "looks like kJ/m²"),
    "kelvin": (lambda x: column(x, 6, lambda v: v + 273.15, 8), "kelvin"),
    "headers only": (lambda x: x[:8], "it has 0 hours"),
}


@pytest.mark.parametrize("name", BAD_EPW)
def test_bad_epw_is_one_clear_message(tmp_path: Path, name: str) -> None:
    change, words = BAD_EPW[name]
    error = refusal(lambda: read_weather(write_csv(tmp_path / "bad.epw", change(EPW))))
    assert re.search(words, str(error)), str(error)


# --- files that are no text of ours


@pytest.mark.parametrize("suffix", [".csv", ".epw"])
@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("\n".join(CSV).encode("utf-16"), "UTF-16"),
        ("\n".join([CSV_HEADER, "서울"]).encode("cp949") * 2, "CP949"),
        (b"", "empty"),
        (b"   \n\n", "empty"),
        (bytes(range(256)) * 40, "not a text file"),
    ],
)
def test_other_content(tmp_path: Path, suffix: str, content: bytes, words: str) -> None:
    path = tmp_path / f"file{suffix}"
    path.write_bytes(content)
    error = refusal(lambda: read_weather(path, SEOUL))
    assert words in str(error)
    assert len(error.problems) == 1


@pytest.mark.parametrize("suffix", [".csv", ".epw"])
def test_two_gigabytes_are_refused_unread(tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / f"huge{suffix}"
    with path.open("wb") as stream:
        stream.truncate(2 * 1024**3)
    monkeypatch.setattr(Path, "read_bytes", lambda _self: pytest.fail("the file was read"))
    error = refusal(lambda: read_weather(path, SEOUL))
    assert "2,147 MB" in str(error)


@pytest.mark.parametrize("name", ["absent.csv", "absent.epw", "folder.csv"])
def test_absent_files_and_folders(tmp_path: Path, name: str) -> None:
    if name.startswith("folder"):
        (tmp_path / name).mkdir()
    error = refusal(lambda: read_weather(tmp_path / name, SEOUL))
    assert "missing" in str(error) or "folder" in str(error)
