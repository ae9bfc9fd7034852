"""The command `twin schedule` in a small town: answers, files, and every aim that is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from data.errors import InvalidInput
from tests.twin.town import write_town
from twin.cli.schedule import schedule
from twin.schedule_why import why_from_json


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_town(tmp_path_factory.mktemp("schedule"))


def run(town: Path, *options: str) -> Result:
    common = ["--date", "2026-11-24", "--runs", str(town.parent / "runs"), "--gap", "0.01", "--workers", "1"]
    return CliRunner().invoke(schedule, [str(town), *common, *options])


def test_plan_answers_and_writes_its_files(town: Path) -> None:
    out = town.parent / "out"
    found = run(town, "--out", str(out), "--carbon-price", "40")
    assert found.exit_code == 0, found.output
    assert "least cost by tariffs, 40 KRW for each kg CO2" in found.output
    document = json.loads((out / "plan.json").read_text(encoding="utf-8"))
    assert document["status"] in {"optimal", "feasible"}
    assert document["lower_bound_krw"] <= document["objective_krw"] * (1 + 1e-9)
    why = why_from_json(json.loads((out / "why.json").read_text(encoding="utf-8")))
    assert why.aims == ("least cost by tariffs", "40 KRW for each kg CO2")
    rows = (out / "power.csv").read_text(encoding="utf-8").splitlines()
    assert len(rows) == 1 + 96
    assert rows[0].startswith("clock,time_utc,fixed load kW")
    for lang in ("ko", "en"):
        assert "<svg" in (out / f"schedule.{lang}.html").read_text(encoding="utf-8")


def test_every_bad_aim_is_told_at_once(town: Path) -> None:
    found = run(
        town,
        "--peak-cap", "-1",
        "--service-level", "2",
        "--fair", "3",
        "--demand-response", "18-19",
        "--carbon-budget", "0",
    )  # fmt: skip
    assert isinstance(found.exception, InvalidInput)
    fields = [problem.field for problem in found.exception.problems]
    assert fields == ["demand-response", "peak-cap", "carbon-budget", "service-level", "fair"]


def test_cap_below_what_cannot_move_is_told_with_the_least(town: Path) -> None:
    found = run(town, "--peak-cap", "0.1")
    assert isinstance(found.exception, InvalidInput)
    assert "that nobody can move" in str(found.exception)


def test_system_cost_without_hours_of_the_system_is_refused(town: Path, tmp_path: Path) -> None:
    bare = write_town(tmp_path)
    (bare / "system_hours.csv").unlink()
    found = run(bare, "--objective", "system")
    assert isinstance(found.exception, InvalidInput)
    assert "system_hours.csv" in str(found.exception)


def test_missing_hours_are_told(tmp_path: Path) -> None:
    folder = write_town(tmp_path)
    path = folder / "system_hours.csv"
    path.write_text("\n".join(path.read_text(encoding="utf-8").splitlines()[:-1]) + "\n", encoding="utf-8")
    found = run(folder)
    assert isinstance(found.exception, InvalidInput)
    assert "hours [23] are missing" in str(found.exception)


@pytest.mark.parametrize("option", [("--objective", "beauty"), ("--scenarios", "0"), ("--points", "1")])
def test_options_without_meaning_are_refused(town: Path, option: tuple[str, str]) -> None:
    assert run(town, *option).exit_code == 2
