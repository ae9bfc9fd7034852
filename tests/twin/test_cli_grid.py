"""`twin grid`: checking a network, solving it, and what the shell gets to know."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from click.testing import CliRunner, Result

from data.errors import InvalidInput
from grid import Network, power_flow
from twin.cli import twin
from twin.grid_loads import read_step_loads

ROOT = Path(__file__).parents[2]
CASE = ROOT / "tests" / "golden" / "network" / "case33bw" / "case.m"


def run(*arguments: object) -> Result:
    return CliRunner().invoke(twin, ["grid", *map(str, arguments)])


@pytest.fixture
def loads(tmp_path: Path) -> Path:
    """Two buses in three steps; the last is beyond the nose."""
    rows = [
        f"2026-07-01T{4 + k:02d}:00:00+09:00,{bus},{p},{0.2 * p}"
        for k, factor in enumerate((0.1, 1.0, 300.0))
        for bus, p in (("18", 100.0 * factor), ("33", 50.0 * factor))
    ]
    path = tmp_path / "loads.csv"
    path.write_text("time,bus,p_kw,q_kvar\n" + "\n".join(rows) + "\n", encoding="utf-8")
    return path


def test_check_tells_the_facts_of_a_sound_network() -> None:
    result = run("check", CASE, "--radial")
    assert result.exit_code == 0
    assert "33 buses, 37 lines, 1 slack, 33 loads; 12.66 kV" in result.output
    assert "own load 3,715.0 kW, 2,300.0 kvar" in result.output
    assert "radial" in result.output
    assert "5 branches are out of service" in result.output
    assert "no problems in" in result.output


def test_check_lists_every_problem(tmp_path: Path) -> None:
    bad = tmp_path / "bad.m"
    bad.write_text(CASE.read_text().replace("  2 1 100 60", "  2 1 NaN 60").replace("  1 2 0.0922", "  1 99 -1"))
    result = run("check", bad)
    assert result.exit_code == 2
    assert "3 problems in" in result.output
    told = json.loads(run("check", bad, "--json").output)
    assert {problem["field"] for problem in told["problems"]} == {"PD", "T_BUS", "BR_R"}
    assert all(problem["row"] and problem["fix"] for problem in told["problems"])


def test_check_names_loops_where_radial_is_asked(tmp_path: Path) -> None:
    looped = tmp_path / "looped.m"
    looped.write_text(CASE.read_text().replace("25 29 0.5 0.5 0 0 0 0 0 0 0", "25 29 0.5 0.5 0 0 0 0 0 0 1"))
    assert run("check", looped).exit_code == 0
    result = run("check", looped, "--radial")
    assert result.exit_code == 2
    assert "closes a loop" in result.output


def test_solve_sums_up_and_writes_its_tables(loads: Path, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    result = run("solve", CASE, "--loads", loads, "--out", folder, "--full")
    assert result.exit_code == 1
    assert "2 of 3 steps solved" in result.output
    assert "FAILED 2026-06-30T21:00:00Z: diverged: beyond the nose" in result.output
    network = Network.from_matpower(CASE)
    flow = power_flow(network, *read_step_loads(loads, network))
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    lowest = flow.v_pu[:2].min().item()
    assert summary["lowest_voltages"][0] == {"bus": "18", "v_pu": lowest, "time": "2026-06-30T20:00:00Z"}
    assert summary["largest_losses_kw"] == flow.losses_kw[:2].max().item()
    assert summary["worst_residual_kva"] == flow.residual_kva[:2].max().item() < 1e-2
    assert summary["failures"][0]["status"] == "diverged"
    steps = pd.read_csv(folder / "steps.csv")
    assert steps["status"].tolist() == ["converged", "converged", "diverged"]
    buses = pd.read_csv(folder / "buses.csv", dtype={"bus": str})
    np.testing.assert_allclose(buses["v_min_pu"], flow.v_pu[:2].min("time"), rtol=1e-12)
    branches = pd.read_csv(folder / "branches.csv")
    np.testing.assert_allclose(branches["max_current_a"], flow.branch_a[:2].max("time"), rtol=1e-12)
    with xr.open_dataset(folder / "flow.nc", engine="h5netcdf") as stored:
        np.testing.assert_array_equal(stored["v_pu"].to_numpy(), flow.v_pu.to_numpy())
        assert stored["bus"].to_numpy().astype(str).tolist() == network.buses.id.tolist()


def test_solve_without_loads_solves_the_case_as_its_file_says() -> None:
    result = run("solve", CASE)
    assert result.exit_code == 0
    assert "1 of 1 steps solved" in result.output
    assert "lowest voltage 0.91309 pu at bus 18" in result.output
    assert "losses 202.68 kW" in result.output


def test_parquet_gives_the_same(loads: Path, tmp_path: Path) -> None:
    network = Network.from_matpower(CASE)
    frame = pd.read_csv(loads, dtype={"bus": str})
    frame.to_parquet(tmp_path / "text.parquet")
    frame.assign(time=pd.to_datetime(frame["time"])).to_parquet(tmp_path / "times.parquet")
    for name in ("text.parquet", "times.parquet"):
        for one, two in zip(read_step_loads(tmp_path / name, network), read_step_loads(loads, network), strict=True):
            xr.testing.assert_identical(one, two)
    assert one.sizes == {"time": 3, "bus": 33}
    assert one["time"].to_numpy()[0] == np.datetime64("2026-06-30T19:00")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (",18,", ",nowhere,", "row 2, bus: the network has no bus 'nowhere'"),
        ("2026-07-01T04", "yesterday", "row 2, time: 'yesterday:00:00+09:00' is no time"),
        ("T05:00:00+09:00,18", "T04:00:00+09:00,18", "stands already in row 2"),
        ("T06:00:00+09:00,18", "T06:00:00.5+09:00,18", "is missing"),
        ("100.0,", "1e12,", "p_kw: 1e12 kW is above 1e+08"),
        ("100.0,", "NaN,", "p_kw: 'NaN' is not a finite number"),
        ("p_kw", "p_mw", "the table has no column 'p_mw'"),
        ("q_kvar\n", "q_kvar,extra\n", "the row has 4 fields where the header has 5"),
    ],
)
def test_bad_loads_are_refused(loads: Path, old: str, new: str, said: str) -> None:
    text = loads.read_text(encoding="utf-8")
    assert old in text
    loads.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(InvalidInput) as refused:
        read_step_loads(loads, Network.from_matpower(CASE))
    assert said in str(refused.value)


def test_two_spellings_of_one_time_are_noticed(loads: Path) -> None:
    with loads.open("a", encoding="utf-8") as file:
        file.write("2026-06-30T19:00:00Z,18,1,1\n")
    with pytest.raises(InvalidInput, match="bus 18 at 2026-06-30T19:00:00Z stands more than once"):
        read_step_loads(loads, Network.from_matpower(CASE))


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        ({"time": ["2026-01-01"], "bus": ["18"]}, "p_kw: the column is missing"),
        ({"time": ["2026-01-01"], "bus": ["18"], "p_kw": [1.0], "x": [1]}, "x: no such column"),
        ({"time": ["2026-01-01"], "bus": ["18"], "p_kw": [np.nan]}, "not a number within"),
        ({"time": ["2026-01-01"], "bus": ["18"], "p_kw": [1e12]}, "not a number within"),
        ({"time": [], "bus": [], "p_kw": []}, "no rows"),
    ],
)
def test_bad_parquet_is_refused(tmp_path: Path, frame: dict[str, list[object]], said: str) -> None:
    path = tmp_path / "loads.parquet"
    pd.DataFrame(frame).to_parquet(path)
    with pytest.raises(InvalidInput) as refused:
        read_step_loads(path, Network.from_matpower(CASE))
    assert said in str(refused.value)
    path.write_bytes(b"no parquet")
    with pytest.raises(InvalidInput, match="cannot be read as Parquet"):
        read_step_loads(path, Network.from_matpower(CASE))


def test_closed_switches_beside_generators_are_merged_on_request(tmp_path: Path) -> None:
    text = (ROOT / "tests" / "golden" / "network" / "case9" / "case.m").read_text(encoding="utf-8")
    joined = tmp_path / "joined.m"
    joined.write_text(text.replace("8 9 0.032 0.161 0.306", "8 9 0 0 0"), encoding="utf-8")
    refused = run("solve", joined)
    assert isinstance(refused.exception, InvalidInput)
    solved = run("solve", joined, "--merge")
    assert solved.exit_code == 0
    assert "1 of 1 steps solved (newton)" in solved.output


def test_full_needs_a_folder() -> None:
    assert run("solve", CASE, "--full").exit_code == 2


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(["check", str(CASE)], 0), (["check", "nothing.m"], 2), (["solve", "nothing.m"], 2), (["solve"], 2)],
)
def test_the_shell_gets_the_exit_code(arguments: list[str], code: int) -> None:
    command = [sys.executable, "-c", "from twin.cli import main; main()", "grid", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == code
    assert "Traceback" not in done.stderr
