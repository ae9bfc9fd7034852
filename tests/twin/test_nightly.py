"""The nightly job end to end on a small town: what it publishes, proves, falls back to and survives."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
import pytest

from data.errors import InvalidInput
from data.ledger import RunState
from data.store import RunStore
from optimizers.fleet import FleetPlan
from optimizers.plan import NoPlan, PlanStatus
from tests.twin.town import SERVICE_DATE, copy_of, edit_table, plan_town, town_job, write_town
from twin import plan_replay, summary_districts
from twin.city import build_city
from twin.day import city_day
from twin.fallback import LAST_GOOD
from twin.nightly import SUMMARY_FILE
from twin.summary_types import Summary, summary_from_json

ROOT = Path(__file__).resolve().parents[2]


class Town(NamedTuple):
    folder: Path
    runs: Path
    store: RunStore
    run_id: str
    summary: Summary


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Town:
    parent = tmp_path_factory.mktemp("town")
    folder, runs = write_town(parent), parent / "runs"
    run_id = plan_town(folder, runs).record.run_id
    store = RunStore(runs)
    return Town(folder, runs, store, run_id, summary_of(store, run_id))


def summary_of(store: RunStore, run_id: str) -> Summary:
    return summary_from_json(json.loads((store.folder_of(run_id) / SUMMARY_FILE).read_bytes()))


def test_a_published_run_is_whole_and_has_its_certificate(town: Town) -> None:
    record = town.store.ledger.get(town.run_id)
    assert record is not None
    assert record.state is RunState.PUBLISHED
    assert town.store.verify(town.run_id) == ()
    files = {path.name for path in town.store.folder_of(town.run_id).iterdir()}
    assert {"report.ko.html", "report.en.html", "summary.json", "districts.csv", "depots.csv", "curves.csv"} <= files
    certificate = town.summary.certificate
    assert certificate.converged_steps == certificate.steps == 96
    assert certificate.replay_ok
    assert certificate.shortfall_kwh == pytest.approx(0, abs=1e-3)
    assert certificate.max_power_residual_kva < 0.1
    assert certificate.max_voltage_violation_pu <= 1e-4
    assert certificate.input_sha256 == record.key.inputs_sha256


def test_bound_plan_and_unmanaged_day_are_in_order(town: Town) -> None:
    certificate, totals = town.summary.certificate, town.summary.totals
    assert 0 < certificate.lower_bound_krw <= certificate.objective_krw
    assert certificate.objective_krw / 1e6 == pytest.approx(totals["charging_cost_plan_mkrw"])
    assert totals["charging_cost_plan_mkrw"] < totals["charging_cost_unmanaged_mkrw"]
    assert certificate.gap == pytest.approx(1 - certificate.lower_bound_krw / certificate.objective_krw, rel=1e-6)
    for depot in town.summary.depots:
        assert depot.bound_kkrw <= depot.cost_plan_kkrw + 1e-6
        assert depot.cost_plan_kkrw <= depot.cost_unmanaged_kkrw + 1e-6


def test_what_charging_costs_is_the_same_by_district_by_tariff_and_in_all(town: Town) -> None:
    summary = town.summary
    for index, name in enumerate(("charging_cost_unmanaged_mkrw", "charging_cost_plan_mkrw")):
        by_district = sum(getattr(district, name) for district in summary.districts)
        by_tariff = sum(pair[index] for tariff, pair in summary.cost_mkrw.items() if tariff != "demand")
        assert by_district == pytest.approx(summary.totals[name])
        assert by_tariff == pytest.approx(summary.totals[name], abs=1e-2)


def test_batteries_cost_what_the_replay_says_and_some_more_for_wear(monkeypatch: pytest.MonkeyPatch) -> None:
    price = np.array([100.0, 50.0, 200.0, 80.0])
    for module in (summary_districts, plan_replay):
        monkeypatch.setattr(module, "battery_tariff", lambda _: "plan")
        monkeypatch.setattr(module, "tariff_price", lambda _, __: price)
    facts = {
        "initial_kwh": np.full(2, 50.0),
        "efficiency": np.full(2, 0.9),
        "wear_krw_per_kwh": np.array([10.0, 0.0]),
        "power_kw": np.full(2, 40.0),
        "min_kwh": np.zeros(2),
        "max_kwh": np.full(2, 100.0),
        "terminal_min_kwh": np.zeros(2),
    }
    held = SimpleNamespace(batteries=SimpleNamespace(**facts), id=np.array(["a", "b"]))
    day: Any = SimpleNamespace(batteries=held, step_h=0.5)
    battery_kw = np.array([[0.0, 40.0, -30.0, 0.0], [-20.0, 0.0, 0.0, 10.0]])
    costs = summary_districts.battery_costs_krw(day, battery_kw)
    np.testing.assert_allclose(costs, [0.5 * (40 * 50 - 30 * 200 + 30 * 10), 0.5 * (-20 * 100 + 10 * 80)])
    replayed_krw, found = plan_replay._replay_batteries(day, battery_kw)
    assert found == []
    assert costs.sum() == pytest.approx(replayed_krw)


def test_power_is_conserved_at_every_step(town: Town) -> None:
    """What transmission supplies is what buses draw and branches lose, for the unmanaged day and for the plan."""
    with town.store.open_arrays(town.run_id, "grid") as arrays:
        drawn = arrays["load_kw"].sum("bus").to_numpy().astype(float) + arrays["losses_kw"].to_numpy()
        np.testing.assert_allclose(arrays["supplied_kw"].to_numpy(), drawn, rtol=1e-5)
        curves = town.summary.curves
        parts = np.sum([*curves.demand_mw.values(), curves.assets_mw, curves.vehicles_plan_mw], axis=0)
        parts += np.sum([curves.buses_plan_mw, curves.batteries_plan_mw, curves.losses_plan_mw], axis=0)
        np.testing.assert_allclose(curves.supplied_plan_mw, parts - np.array(curves.solar_mw), atol=0.02)


def test_stored_schedules_add_up_to_the_summary(town: Town) -> None:
    with town.store.open_arrays(town.run_id, "schedule") as arrays:
        vehicles_mwh = float(arrays["charging_kw"].sum()) * 0.25 / 1e3
        assert vehicles_mwh == pytest.approx(town.summary.totals["vehicles_mwh"])
        unmanaged_mwh = float(arrays["charging_unmanaged_kw"].sum()) * 0.25 / 1e3
        assert unmanaged_mwh == pytest.approx(vehicles_mwh), "planning moves energy, it neither makes nor loses any"
        assert set(arrays["garage_of_vehicle"].to_numpy()) == {depot.garage for depot in town.summary.depots}
    districts = town.summary.districts
    assert sum(d.vehicles_mwh for d in districts) == pytest.approx(vehicles_mwh)
    assert sum(d.demand_mwh for d in districts) <= town.summary.totals["demand_mwh"], "metered is less than delivered"


def test_asking_again_returns_the_run_that_is_there(town: Town) -> None:
    again = plan_town(town.folder, town.runs)
    assert again.reused
    assert again.record.run_id == town.run_id


def test_the_same_city_elsewhere_is_the_same_input_and_a_changed_row_is_not(town: Town, tmp_path: Path) -> None:
    moved = copy_of(town.folder, tmp_path / "elsewhere")
    key = town_job(town.folder).key()
    assert town_job(moved).key() == key
    edit_table(moved, "parameters", "dispatch_limit_margin,0.02", "dispatch_limit_margin,0.03")
    assert town_job(moved).key() != key


def test_the_same_inputs_give_the_same_plan(town: Town, tmp_path: Path) -> None:
    record = plan_town(town.folder, tmp_path / "runs").record
    digests = RunStore(tmp_path / "runs").manifest(record.run_id)["arrays"]
    assert digests == town.store.manifest(town.run_id)["arrays"]


def test_one_district_is_planned_alone(town: Town, tmp_path: Path) -> None:
    record = plan_town(town.folder, tmp_path / "runs", district="90010").record
    summary = summary_of(RunStore(tmp_path / "runs"), record.run_id)
    assert [district.code for district in summary.districts] == ["90010"]
    whole = {district.code: district for district in town.summary.districts}["90010"]
    assert summary.districts[0].demand_mwh == pytest.approx(whole.demand_mwh)
    assert summary.districts[0].feeders == whole.feeders


def no_plans(problems: list[object], *_: object) -> FleetPlan:
    refused = [NoPlan(p.id, PlanStatus.FAILED, ("the solver is gone",), "none", 0.0) for p in problems]  # type: ignore[attr-defined]
    return FleetPlan(tuple(refused), 0.0)


def test_without_optimizer_garages_plug_in_on_arrival_and_the_run_says_so(
    town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("twin.schedule.plan_fleet", no_plans)
    record = plan_town(town.folder, tmp_path / "runs").record
    assert record.state is RunState.DEGRADED
    assert "fell back" in record.message
    summary = summary_of(RunStore(tmp_path / "runs"), record.run_id)
    assert summary.certificate.status == "fallback"
    assert all(depot.reason == "the solver is gone" for depot in summary.depots)
    assert all(depot.method == "plug on arrival" for depot in summary.depots)
    assert "the solver is gone" in (RunStore(tmp_path / "runs").folder_of(record.run_id) / "report.en.html").read_text()


def test_without_optimizer_the_last_good_plan_is_used_when_it_still_holds(
    town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy_of(town.runs, tmp_path / "runs")
    monkeypatch.setattr("twin.schedule.plan_fleet", no_plans)
    limits = replace(town_job(town.folder).limits, gap=4e-3)  # another job for the same day
    record = plan_town(town.folder, tmp_path / "runs", limits=limits).record
    summary = summary_of(RunStore(tmp_path / "runs"), record.run_id)
    assert {depot.method for depot in summary.depots} == {LAST_GOOD}
    good = {depot.garage: depot.cost_plan_kkrw for depot in town.summary.depots}
    for depot in summary.depots:
        assert depot.cost_plan_kkrw == pytest.approx(good[depot.garage], rel=1e-9)


def test_garages_that_cannot_serve_their_buses_are_refused(town: Town, tmp_path: Path) -> None:
    folder = copy_of(town.folder, tmp_path / "town")
    edit_table(folder, "garage_sites", "today,west,4,200", "today,west,1,9")
    job = town_job(folder)
    city = build_city(job.folder, job.scenario, tmp_path / "cache")
    with pytest.raises(InvalidInput, match=r"garage_sites.csv, chargers: .* buses of garage west need .* add outlets"):
        city_day(city, SERVICE_DATE, job.weather)


STARTED = "loads of the day"


def start(folder: Path, runs: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "twin", "nightly", "--city", str(folder), "--runs", str(runs)]
    command += ["--date", SERVICE_DATE.isoformat(), "--workers", "1"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment)


def wait_for(process: subprocess.Popen[str], line: str) -> None:
    assert process.stdout is not None
    for text in process.stdout:
        if text.startswith(line):
            time.sleep(0.3)
            return
    raise AssertionError(f"the job ended without {line!r}")


@pytest.mark.parametrize(
    ("number", "code", "state"),
    [
        (signal.SIGKILL, -signal.SIGKILL, RunState.FAILED),
        (signal.SIGINT, 130, RunState.CANCELLED),
        (signal.SIGTERM, 130, RunState.CANCELLED),
    ],
)
def test_a_job_that_is_stopped_shows_nothing_and_the_next_one_starts_over(
    town: Town, tmp_path: Path, number: signal.Signals, code: int, state: RunState
) -> None:
    process = start(town.folder, tmp_path / "runs")
    wait_for(process, STARTED)
    process.send_signal(number)
    process.communicate(timeout=60)
    assert process.returncode == code
    store = RunStore(tmp_path / "runs")
    assert not list((tmp_path / "runs" / "published").iterdir())
    [record] = store.ledger.runs()
    assert store.shown(record.key) is None
    job = town_job(town.folder)
    with store.lease(job.key()), store.begin(record.key, "again"):
        pass  # whoever comes next closes what was left open
    assert {r.run_id: r.state for r in store.ledger.runs()}[record.run_id] is state
    assert not list((tmp_path / "runs" / "staging").iterdir())
