"""`twin depot` as its user meets it: files, words, exit codes; nothing half-written, no traceback."""

from __future__ import annotations

import asyncio
import json
import threading
from pathlib import Path

import pytest
import websockets
from click.testing import CliRunner, Result
from ocpp.routing import on
from ocpp.v16 import ChargePoint, call_result
from websockets.asyncio.client import connect

from data.errors import InvalidInput
from tests.data.depot_folders import FILES, with_row, with_setting, write_depot
from twin.cli.depot import depot

PLAN_FILES = {
    "ocpp16.json",
    "ocpp201.json",
    "plan.html",
    "plan.json",
    "schedule_by_bus.csv",
    "schedule_by_charger.csv",
    "set_points.csv",
    "site_power.csv",
    "why.html",
}
IMPOSSIBLE = {"chargers": FILES["chargers.csv"].replace("0,100,true", "0,2,true")}


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(depot, [str(word) for word in words])


def test_new_writes_a_folder_that_passes_the_check(tmp_path: Path) -> None:
    made = run("new", "Gangdong depot", "--folder", tmp_path / "yard")
    assert made.exit_code == 0
    assert "twin depot check" in made.output
    checked = run("check", tmp_path / "yard")
    assert checked.exit_code == 0, checked.output
    assert "Gangdong depot: no problems. 12 buses" in checked.output
    assert "The day works" in checked.output
    again = run("new", "Gangdong depot", "--folder", tmp_path / "yard")
    assert isinstance(again.exception, InvalidInput)


def test_check_lists_every_problem_and_ends_with_2(tmp_path: Path) -> None:
    folder = write_depot(
        tmp_path / "d",
        buses=with_row("buses.csv", "1,city,0.5", "1,city,50"),
        duties=with_row("duties.csv", "120", "-120"),
    )
    found = run("check", folder)
    assert found.exit_code == 2
    assert "buses.csv, row 2, soc: 50" in found.output
    assert "duties.csv, row 2, energy_kwh: -120" in found.output
    assert "2 problems" in found.output
    as_json = run("check", folder, "--json")
    assert as_json.exit_code == 2
    assert {problem["file"] for problem in json.loads(as_json.output)} == {"buses.csv", "duties.csv"}


def test_check_as_json_of_a_good_folder_is_an_empty_list(tmp_path: Path) -> None:
    found = run("check", write_depot(tmp_path / "d"), "--json")
    assert found.exit_code == 0
    assert json.loads(found.output) == []


def test_check_explains_a_day_that_cannot_work_and_ends_with_1(tmp_path: Path) -> None:
    found = run("check", write_depot(tmp_path / "d", **IMPOSSIBLE))
    assert found.exit_code == 1
    assert "The day cannot work" in found.output
    assert "20.0 kWh short" in found.output
    assert "cheapest way out" in found.output


def test_plan_writes_everything_and_never_over_anything(tmp_path: Path) -> None:
    folder = write_depot(tmp_path / "d")
    made = run("plan", folder)
    assert made.exit_code == 0, made.output
    assert {path.name for path in (folder / "plan").iterdir()} == PLAN_FILES
    for words in ("status        optimal", "cost          4,000 KRW", "lower bound", "gap", "every rule kept"):
        assert words in made.output
    assert json.loads((folder / "plan" / "plan.json").read_text())["certificate"]["replay_ok"] is True
    before = (folder / "plan" / "plan.json").read_bytes()
    again = run("plan", folder)
    assert isinstance(again.exception, InvalidInput)
    assert "nothing is overwritten" in str(again.exception)
    assert (folder / "plan" / "plan.json").read_bytes() == before


def test_the_same_folder_gives_the_same_tables(tmp_path: Path) -> None:
    folder = write_depot(tmp_path / "d")
    for name in ("one", "two"):
        assert run("plan", folder, "--out", tmp_path / name).exit_code == 0
    for name in PLAN_FILES - {"plan.html", "why.html", "plan.json"}:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_plan_of_a_day_that_cannot_work_writes_nothing_and_says_why(tmp_path: Path) -> None:
    folder = write_depot(tmp_path / "d", **IMPOSSIBLE)
    answer = run("plan", folder)
    assert answer.exit_code == 1
    assert "status        infeasible" in answer.stderr
    assert "cheapest way out" in answer.stderr
    assert not (folder / "plan").exists()


def test_plan_refuses_bad_input_before_it_writes(tmp_path: Path) -> None:
    folder = write_depot(tmp_path / "d", duties=with_row("duties.csv", "120", "-120"))
    answer = run("plan", folder)
    assert isinstance(answer.exception, InvalidInput)
    assert not (folder / "plan").exists()


def test_plan_writes_amperes_on_request(tmp_path: Path) -> None:
    words = ("--ocpp-unit", "A", "--ocpp-voltage", "220", "--ocpp-max-periods", "2")
    made = run("plan", write_depot(tmp_path / "d"), "--out", tmp_path / "out", *words)
    assert made.exit_code == 0
    entry = json.loads((tmp_path / "out" / "ocpp16.json").read_text())["stations"]["dc-1"][0]
    assert entry["payload"]["csChargingProfiles"]["chargingSchedule"]["chargingRateUnit"] == "A"


def test_replan_plans_the_rest_of_the_day(tmp_path: Path) -> None:
    folder = write_depot(tmp_path / "d")
    now = "2026-11-23T22:40"
    state = tmp_path / "state.csv"
    state.write_text(
        "time,bus,soc,charger,outlet,plugged_since,sessions_used,late_min\n"
        f"{now},1,0.5,,,,,\n{now},2,0.5,dc,1,2026-11-23T22:10,1,\n{now},3,0.8,,,,,\n"
    )
    made = run("replan", folder, "--state", state, "--peak-kw", 20)
    assert made.exit_code == 0, made.output
    out = folder / "plan-2026-11-23T2240"
    assert {path.name for path in out.iterdir()} == PLAN_FILES - {"why.html"}
    assert json.loads((out / "plan.json").read_text())["from"] == "2026-11-23T22:40+09:00"
    state.write_text(state.read_text().replace("1,0.5", "1,50"))
    refused = run("replan", folder, "--state", state, "--out", tmp_path / "other")
    assert isinstance(refused.exception, InvalidInput)
    assert not (tmp_path / "other").exists()


def test_size_says_the_smallest_and_why_less_fails(tmp_path: Path) -> None:
    folder = write_depot(tmp_path / "d")
    found = run("size", folder, "--out", tmp_path / "size.json")
    assert found.exit_code == 0, found.output
    assert "outlets of dc: 1 (now 1); 0 fails" in found.output
    assert "grid connection: 5 kW (now 150 kW); 0 fails" in found.output
    assert "battery of city: 135 kWh (now 200 kWh); 130 fails" in found.output
    assert json.loads((tmp_path / "size.json").read_text())["connection"][1]["size"] == 5
    assert isinstance(run("size", folder, "--out", tmp_path / "size.json").exception, InvalidInput)
    assert run("size", write_depot(tmp_path / "e", **IMPOSSIBLE)).exit_code == 1


class _Station(ChargePoint):  # type: ignore[misc]
    @on("SetChargingProfile")  # type: ignore[untyped-decorator]
    async def on_profile(self, **_: object) -> object:
        return call_result.SetChargingProfile("Accepted")


async def _station(port: int) -> None:
    for _ in range(1000):
        try:
            protocols = [websockets.Subprotocol("ocpp1.6")]
            async with connect(f"ws://127.0.0.1:{port}/dc-1", subprotocols=protocols) as socket:
                await _Station("dc-1", socket).start()
        except websockets.ConnectionClosed:
            return
        except OSError:
            await asyncio.sleep(0.02)


def test_send_hands_the_profiles_to_the_stations(tmp_path: Path, free_port: int) -> None:
    assert run("plan", write_depot(tmp_path / "d"), "--out", tmp_path / "out").exit_code == 0
    station = threading.Thread(target=lambda: asyncio.run(_station(free_port)), daemon=True)
    station.start()
    sent = run("send", tmp_path / "out", "--port", free_port, "--time-limit", 30)
    station.join(30)
    assert sent.exit_code == 0, sent.output
    assert "dc-1, 1: accepted" in sent.output
    alone = run("send", tmp_path / "out", "--port", free_port, "--time-limit", 0.2)
    assert alone.exit_code == 1
    assert "dc-1, 1: pending" in alone.output
    assert isinstance(run("send", tmp_path, "--port", 0).exception, InvalidInput)


@pytest.fixture
def free_port() -> int:
    import socket  # noqa: PLC0415 — only to find a port

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def test_a_plan_stopped_early_says_so_with_its_true_gap(tmp_path: Path) -> None:
    """The shipped example has a gap after two seconds: its status is never optimal then, and the gap is positive."""
    assert run("new", "Yard", "--folder", tmp_path / "d").exit_code == 0
    made = run("plan", tmp_path / "d", "--time-limit", "2", "--gap", "0")
    assert made.exit_code == 0, made.output
    certificate = json.loads((tmp_path / "d" / "plan" / "plan.json").read_text())["certificate"]
    assert certificate["status"] == "feasible"
    assert certificate["gap"] > 0
    assert certificate["lower_bound_krw"] < certificate["objective_krw"]
    assert certificate["replay_ok"] is True


def test_every_setting_of_the_toml_is_read(tmp_path: Path) -> None:
    folder = write_depot(tmp_path / "d", toml=with_setting("start_krw = 0", "start_krw = 500"))
    assert run("plan", folder).exit_code == 0
    assert json.loads((folder / "plan" / "plan.json").read_text())["cost_krw"]["starts_krw"] == 500
