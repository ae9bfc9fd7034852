"""A published run as pages about the grid read it: its files, one feeder alone, a what-if as the worker answers it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from data.errors import InvalidInput
from data.store import RunStore
from grid.synthesis_grid import SyntheticGrid
from tests.dash_app.served import Served, client_of
from twin.summary_feeder import read_feeder
from twin.summary_grid_file import NETWORK_FILE, OVERVIEW_FILE, read_overview
from twin.summary_grid_types import PlanIndex
from twin.whatif_change import Addition, Change, GarageMove, PlaceKind, Resource
from twin.whatif_result import result_from_json
from twin.whatif_run import run_job, what_if_of_run


class Published:
    """The newest run of the tests."""

    def __init__(self, runs: Path) -> None:
        self.store = RunStore(runs)
        records = [record for record in self.store.ledger.runs() if record.state.shown]
        self.run_id = records[0].run_id
        self.folder = self.store.folder_of(self.run_id)
        self.grid = SyntheticGrid.load(self.folder / NETWORK_FILE)
        self.overview = read_overview((self.folder / OVERVIEW_FILE).read_bytes())

    def note(self, share: float, phase: str) -> None:
        """Hear how far a job is."""


@pytest.fixture(scope="module")
def run(runs_folder: Path) -> Published:
    return Published(runs_folder)


def test_a_run_keeps_its_network_and_overview_under_its_digests(run: Published) -> None:
    assert run.store.verify(run.run_id) == ()
    assert run.overview.feeders.id.tolist() == run.grid.feeders.id.tolist()
    with run.store.open_arrays(run.run_id, "grid") as arrays:
        np.testing.assert_allclose(run.overview.series.feeder_kw, arrays["feeder_kw"], atol=0.1)
        np.testing.assert_allclose(run.overview.series.feeder_loading, arrays["feeder_loading"], atol=1e-4)
        assert arrays["v_pu"].encoding["chunks"][1] == arrays.sizes["time"], "a day of a bus lies in one chunk"


def test_one_feeder_read_alone_is_what_the_run_holds(run: Published) -> None:
    with run.store.open_arrays(run.run_id, "grid") as arrays:
        for name in run.grid.feeders.id.tolist():
            feeder = read_feeder(run.folder, run.grid, name)
            at = arrays.sel(bus=feeder.buses.id.tolist())
            np.testing.assert_array_equal(feeder.day.v_pu, at["v_pu"])
            np.testing.assert_array_equal(feeder.day.load_kvar, at["load_kvar"])
            lines = arrays.sel(branch=feeder.lines.id.tolist())
            np.testing.assert_array_equal(feeder.day.loading, lines["loading"])
            assert feeder.lines.to_bus.tolist() == list(range(1, len(feeder.buses.id)))
            assert (feeder.buses.parent[1:] == feeder.lines.from_bus).all()
    with pytest.raises(InvalidInput, match="no feeder"):
        read_feeder(run.folder, run.grid, "nowhere")


def test_before_a_change_is_what_was_published(run: Published) -> None:
    """Single precision at rest, double in the worker: the same loadings and voltages."""
    feeder = str(run.grid.feeders.id[0])
    change = Change(additions=(Addition(Resource.CHARGERS, PlaceKind.FEEDER, feeder, 500.0),))
    result = what_if_of_run(run.folder, change)
    plan = run.overview.series.feeder_loading[PlanIndex.PLAN]
    for changed in result.feeders:
        number = run.grid.feeders.id.tolist().index(changed.feeder)
        assert changed.before.loading == pytest.approx(float(plan[:, number].max()), abs=2e-4)
    assert result.run_id == run.run_id
    assert result.after.energy_mwh > result.before.energy_mwh


def test_a_garage_can_be_moved(run: Published) -> None:
    garage = str(run.overview.levers.garage[0])
    elsewhere = np.flatnonzero(
        run.grid.buses.feeder != run.grid.buses.feeder[run.grid.network.buses.id == run.overview.levers.bus[0]][0]
    )
    target = str(run.grid.network.buses.id[elsewhere[run.grid.buses.feeder[elsewhere] >= 0][-1]])
    result = what_if_of_run(run.folder, Change(garages=(GarageMove(garage, target),)))
    assert len(result.feeders) >= 2
    assert result.after.energy_mwh == pytest.approx(result.before.energy_mwh, rel=1e-2)


def test_the_worker_answers_a_job(run: Published) -> None:
    feeder = str(run.grid.feeders.id[0])
    change = Change(additions=(Addition(Resource.SOLAR, PlaceKind.FEEDER, feeder, 100.0),))
    answered = run_job({"run_id": run.run_id, "change": change.as_json()}, run)
    assert result_from_json(answered).change == change
    with pytest.raises(InvalidInput, match="no such run"):
        run_job({"run_id": "../../etc", "change": change.as_json()}, run)
    with pytest.raises(InvalidInput, match="no such part"):
        run_job({"run_id": run.run_id, "change": {"x": 1}}, run)


@pytest.mark.parametrize(
    ("path", "table"),
    [
        ("/grid", "feeders"),
        ("/grid", "limits"),
        ("/grid", "strip"),
        ("/grid/trust", "checks"),
        ("/grid/trust", "sources"),
        ("/grid/trust", "certificate"),
    ],
)
def test_tables_of_pages_are_exported_whole(demo: Served, run: Published, path: str, table: str) -> None:
    page = path.rsplit("/", 1)[-1]
    answer: Any = client_of(demo, None).get(f"/export/{page}/{table}.csv?at={path}")
    assert answer.status_code == 200
    text = answer.get_data(as_text=True)
    assert run.run_id in text
    if table == "feeders":
        assert all(name in text for name in run.grid.feeders.id.tolist())
