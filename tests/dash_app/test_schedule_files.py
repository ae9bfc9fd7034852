"""What a published run keeps for the pages on charging agrees with its summary and with itself."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dash_app.runs import Runs
from optimizers.replay import replay
from twin.depot_departures import DepartureState, count_of, departures
from twin.depot_moves import moved
from twin.depot_record import record_from_bytes
from twin.schedule_pages import CHARGING_FILE, charging_from_json, record_file


def test_records_and_overview_agree_with_the_summary(runs_folder: Path) -> None:
    runs = Runs(runs_folder)
    latest = runs.latest()
    assert latest is not None
    summary = runs.summary(latest.run_id)
    overview = charging_from_json(json.loads(runs.file(latest.run_id, CHARGING_FILE)))
    told = {garage.garage: garage for garage in overview.garages}
    assert set(told) == {facts.garage for facts in summary.depots}
    for facts in summary.depots:
        record = record_from_bytes(runs.file(latest.run_id, record_file(facts.garage)))
        report = replay(record.problem, record.plan)
        found = departures(record.problem, record.plan)
        assert report.violations == record.violations
        assert record.replayed_krw.total_krw == pytest.approx(facts.cost_plan_kkrw * 1e3, rel=1e-6)
        assert record.on_arrival_krw == pytest.approx(facts.cost_unmanaged_kkrw * 1e3, rel=1e-6)
        assert float(record.plan.grid_kw.max()) == pytest.approx(facts.peak_plan_kw, abs=1e-6)
        assert told[facts.garage].departures == len(found)
        assert told[facts.garage].tight == count_of(found, DepartureState.TIGHT)
        assert told[facts.garage].short == count_of(found, DepartureState.SHORT)
        assert (record.above[0].kw >= record.plan.grid_kw - 1e-6).all()
        assert moved(record, []).extra_krw == pytest.approx(0.0, abs=1e-6)
    sessions = sum(cohort.sessions for cohort in overview.cohorts)
    assert sessions == summary.totals["sessions"]
    assert len(overview.at_risk) <= sum(garage.short + garage.tight for garage in overview.garages)
