"""The command line as its users meet it: what it refuses, how, and what it leaves behind."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from data.store import RunStore
from tests.twin.town import SERVICE_DATE, copy_of, edit_table, plan_town, write_town
from twin import cli
from twin.cli.nightly import nightly
from twin.run_diff import differences


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_town(tmp_path_factory.mktemp("city"))


@pytest.fixture(scope="module")
def runs(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("runs")
    plan_town(folder, path)
    return path


def twin(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    """Run the command as the shell would; return its exit code and all it said."""
    monkeypatch.setattr(sys, "argv", ["twin", *arguments])
    code = 0
    try:
        cli.main()
    except SystemExit as end:
        code = int(end.code or 0)
    said = capsys.readouterr()
    return code, said.out + said.err


def torn(folder: Path) -> None:
    path = folder / "districts.csv"
    path.write_text(path.read_text(encoding="utf-8")[:-25], encoding="utf-8")


def in_another_encoding(folder: Path) -> None:
    path = folder / "districts.csv"
    path.write_bytes(path.read_text(encoding="utf-8").encode("cp949", errors="replace"))


def of_two_gigabytes(folder: Path) -> None:
    with (folder / "ev_registrations.csv").open("r+b") as stream:
        stream.truncate(2 * 1024**3)  # sparse: costs no disk


def with_overlapping_hours(folder: Path) -> None:
    path = folder / "tariff_hours.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join([*lines, lines[-1]]) + "\n", encoding="utf-8")


BAD_FOLDERS = {
    "missing table": (lambda folder: (folder / "tariffs.csv").unlink(), "tariffs.csv: the file is missing"),
    "torn table": (torn, "districts.csv"),
    "negative number": (
        lambda folder: edit_table(folder, "garage_sites", "today,west,4,200", "today,west,-4,200"),
        "garage_sites.csv, row 14, chargers",
    ),
    "NaN": (
        lambda folder: edit_table(folder, "garage_sites", "today,west,4,200", "today,west,nan,200"),
        "garage_sites.csv, row 14, chargers",
    ),
    "infinite": (
        lambda folder: edit_table(folder, "garage_sites", "today,west,4,200", "today,west,4,inf"),
        "garage_sites.csv, row 14, charger_kw",
    ),
    "other encoding": (in_another_encoding, "districts.csv"),
    "2 GB table": (of_two_gigabytes, "ev_registrations.csv"),
    "hours that overlap": (with_overlapping_hours, "tariff_hours.csv"),
    "too few outlets": (
        lambda folder: edit_table(folder, "garage_sites", "today,west,4,200", "today,west,1,9"),
        "garage_sites.csv, chargers",
    ),
}


@pytest.mark.parametrize("case", BAD_FOLDERS)
def test_bad_cities_are_refused_in_words_with_nothing_written(
    case: str, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    spoil, expected = BAD_FOLDERS[case]
    bad, target = copy_of(folder, tmp_path / "town"), tmp_path / "runs"
    spoil(bad)
    code, said = twin(
        monkeypatch, capsys, "nightly", "--city", str(bad), "--runs", str(target), "--date", SERVICE_DATE.isoformat()
    )
    assert code == 2, said
    assert expected in said
    assert "Traceback" not in said
    assert not list(target.glob("published/*"))
    assert not list(target.glob("staging/*"))


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--district", "Atlantis"], "no district is called 'Atlantis'"),
        (["--scenario", "2099"], "no scenario is called '2099'"),
        (["--date", "tomorrow"], "does not match the format"),
        (["--weather", "no_such_file.csv"], "no_such_file.csv"),
        (["--weather", "x.csv", "--forecast"], "not both"),
        (["--unknown"], "No such option"),
    ],
)
def test_wrong_options_are_refused_in_words(
    arguments: list[str],
    expected: str,
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    common = ["nightly", "--city", str(folder), "--runs", str(tmp_path / "runs")]
    code, said = twin(monkeypatch, capsys, *common, *arguments)
    assert code == 2, said
    assert expected in said
    assert "Traceback" not in said


def test_weather_of_another_day_is_refused_with_the_way_out(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], real_seoul: Path
) -> None:
    weather = real_seoul / "weather" / "openmeteo_era5_seoul_37.50N_127.00E_2024.csv"
    code, said = twin(
        monkeypatch, capsys, "nightly", "--city", str(folder), "--runs", str(tmp_path / "runs"),
        "--date", "2026-11-24", "--weather", str(weather),
    )  # fmt: skip
    assert code == 2, said
    assert "no weather for 2026-11-23" in said
    assert [record.state for record in RunStore(tmp_path / "runs").ledger.runs()] == ["failed"]


def test_runs_can_be_listed_shown_verified_and_exported(
    runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, said = twin(monkeypatch, capsys, "runs", "list", "--runs", str(runs), "--json")
    [row] = json.loads(said)
    assert (code, row["state"]) == (0, "published")
    code, said = twin(monkeypatch, capsys, "runs", "show", row["run_id"], "--runs", str(runs))
    assert json.loads(said)["certificate"]["replay_ok"] is True
    code, said = twin(monkeypatch, capsys, "runs", "verify", row["run_id"], "--runs", str(runs))
    assert (code, "is what it was" in said) == (0, True)
    code, said = twin(monkeypatch, capsys, "runs", "export", row["run_id"], str(tmp_path / "out"), "--runs", str(runs))
    assert code == 0
    assert {path.name for path in (tmp_path / "out").iterdir()} >= {"grid.nc", "schedule.nc", "depots.csv"}


def test_a_changed_byte_is_found_by_verify(
    runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    spoilt = copy_of(runs, tmp_path / "runs")
    run_id = RunStore(spoilt).ledger.runs()[0].run_id
    with (spoilt / "published" / run_id / "depots.csv").open("a") as stream:
        stream.write(" ")
    code, said = twin(monkeypatch, capsys, "runs", "verify", run_id, "--runs", str(spoilt))
    assert (code, said.strip()) == (1, "depots.csv has changed")


@pytest.mark.parametrize("action", ["show", "verify", "export"])
def test_a_run_that_is_not_there_is_said_to_be_missing(
    action: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    more = [str(tmp_path / "out")] if action == "export" else []
    code, said = twin(monkeypatch, capsys, "runs", action, "../../etc", *more, "--runs", str(tmp_path / "runs"))
    assert code == 2
    assert "there is no run ../../etc" in said


def test_two_runs_differ_in_what_was_changed_and_in_what_follows(runs: Path) -> None:
    store = RunStore(runs)
    record = store.ledger.runs()[0]
    summary = json.loads((store.folder_of(record.run_id) / "summary.json").read_bytes())
    assert differences(summary, summary) == ()
    other = json.loads(json.dumps(summary))
    other["totals"]["peak_plan_mw"] *= 1.1
    other["run"]["inputs"]["weather"] = "another"
    lines = differences(summary, other)
    assert any(line.startswith("totals.peak_plan_mw") and line.endswith("(+10.00%)") for line in lines)
    assert any(line.startswith("run.inputs.weather") and line.endswith("→ another") for line in lines)
    assert len(lines) == 2


def test_help_names_every_option() -> None:
    said = CliRunner().invoke(nightly, ["--help"]).output
    for option in ("--city", "--date", "--district", "--scenario", "--weather", "--forecast", "--runs", "--lang"):
        assert option in said
