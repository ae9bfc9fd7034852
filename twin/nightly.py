"""The nightly job: plan a city's next day, check it, prove it, publish it, or say why not."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from data.city_folder import CityFolder
from data.durable import sha256_of_bytes
from data.errors import TwinError
from data.ledger import RunKey, RunRecord, RunState
from data.store import OpenRun, RunStore
from data.weather import Weather
from twin.city import build_city
from twin.code_version import code_version, solver_version
from twin.day import CityDay, city_day
from twin.fallback import fallback_plans
from twin.grid_check import check_grid
from twin.plan_replay import replay_city
from twin.progress import Reporter
from twin.proof import certify
from twin.report import render_report
from twin.results import csv_of_curves, csv_of_rows, grid_arrays, schedule_arrays
from twin.scenario import Scenario
from twin.schedule import ScheduleLimits, plan_city, unmanaged_plan
from twin.schedule_pages import page_files
from twin.schedule_why import WHY_FILE
from twin.stopping import never
from twin.summary import Findings, summarise
from twin.summary_grid import grid_overview
from twin.summary_grid_file import NETWORK_FILE, OVERVIEW_FILE, network_bytes, overview_bytes
from twin.summary_outlines import OUTLINES_FILE, outlines_bytes
from twin.summary_parts import Outcome
from twin.summary_types import Summary

KIND = "nightly"
LANGUAGES = ("ko", "en")
SUMMARY_FILE = "summary.json"
BYTES_PER_VALUE = 4
SPACE_FACTOR = 4
"""Free space asked for, as a multiple of the arrays' size: staging, packing and the reports."""


class NotEnoughSpaceError(TwinError):
    """The disk has no room for the result."""


@dataclass(frozen=True, eq=False)
class NightlyJob:
    """What to plan: a city, a scenario, a district or all, a date, the weather, and how long it may take."""

    folder: CityFolder
    scenario: Scenario
    district: str | None
    service_date: date
    weather: Weather
    limits: ScheduleLimits

    def inputs(self) -> dict[str, str]:
        """Return everything the result depends on, by name."""
        limits = json.dumps(
            {name: value for name, value in vars(self.limits).items() if name != "workers"}, sort_keys=True
        )
        files = {f"{self.folder.path.name}/{name}": digest for name, digest in self.folder.sha256.items()}
        return {
            **files,
            "weather": self.weather.sha256,
            "scenario": self.scenario.name,
            "district": self.district or "all",
            "service_date": self.service_date.isoformat(),
            "limits": limits,
            "code": code_version(),
            "solver": solver_version(),
        }

    def key(self) -> RunKey:
        """Return the key under which the run is found again."""
        inputs = self.inputs()
        # by content alone: the same city in another folder is the same input
        inputs = {name.split("/", 1)[-1]: value for name, value in inputs.items()}
        digest = sha256_of_bytes(json.dumps(inputs, sort_keys=True).encode())
        return RunKey(KIND, self.folder.settings.name, self.service_date, digest)


@dataclass(frozen=True)
class NightlyResult:
    """The run that answers a job, and whether it was there already."""

    record: RunRecord
    reused: bool


def run_nightly(
    job: NightlyJob, store: RunStore, reporter: Reporter, stop: Callable[[], bool] = never
) -> NightlyResult:
    """Return the shown run of a job, making it when it is not there yet.

    Parameters
    ----------
    job
        What to plan.
    store
        Where it is looked for and published.
    reporter
        Told how far the job is.
    stop
        Asked at the end of every phase; True ends the run as cancelled.

    Raises
    ------
    KeyboardInterrupt
        When `stop` says so.
    AlreadyRunningError
        When another process is making it now.
    InvalidInput
        When the city's tables and the weather make no day.
    """
    key = job.key()
    with store.lease(key):
        found = store.shown(key)
        if found is not None:
            return NightlyResult(found, reused=True)
        stem = "-".join(
            [job.service_date.isoformat(), job.folder.settings.name.lower().replace(" ", "_"), job.scenario.name]
            + ([job.district] if job.district else [])
            + [key.inputs_sha256[:8]]
        )
        with store.begin(key, stem) as run:
            return NightlyResult(_make(job, store, _Making(run, reporter, stop)), reused=False)


@dataclass(frozen=True, eq=False)
class _Making:
    """A run being made: where it is written, who is told, who may stop it."""

    run: OpenRun
    reporter: Reporter
    stop: Callable[[], bool]

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Tell ledger and user what runs now; afterwards end the run when somebody asked for it."""
        self.run.note_phase(name)
        with self.reporter.phase(name):
            yield
        if self.stop():
            raise KeyboardInterrupt


def _make(job: NightlyJob, store: RunStore, making: _Making) -> RunRecord:
    begin, run = time.perf_counter(), making.run
    day = _build(job, store, making)
    _require_space(day, store.root)
    with making.phase("unmanaged day"):
        unmanaged = unmanaged_plan(day)
        unmanaged_state = check_grid(day.city.grid, unmanaged.load_kw, unmanaged.load_kvar)
    with making.phase("plan"):
        fallback = fallback_plans(day, unmanaged.depots, store, KIND)
        planned = plan_city(day, job.limits, making.reporter.done, fallback, making.stop)
    with making.phase("power flow of the plan"):
        state = check_grid(day.city.grid, planned.load_kw, planned.load_kvar)
    with making.phase("replay"):
        replay = replay_city(day, planned)
    certificate = certify(
        planned,
        state,
        replay,
        input_sha256=job.key().inputs_sha256,
        code_version=code_version(),
        solver_version=solver_version(),
        seed=job.folder.settings.seed,
        wall_s=time.perf_counter() - begin,
    )
    outcomes = (Outcome(unmanaged, unmanaged_state), Outcome(planned, state))
    found = Findings(day, *outcomes, replay, certificate, job.inputs(), making.reporter.phases_s)
    with making.phase("store and report"):
        run.write_arrays("grid", grid_arrays(day, *outcomes))
        run.write_arrays("schedule", schedule_arrays(day, *outcomes))
        run.write_file(OVERVIEW_FILE, overview_bytes(grid_overview(day, *outcomes)))
        run.write_file(NETWORK_FILE, network_bytes(day.city.grid))
        run.write_file(OUTLINES_FILE, outlines_bytes(job.folder))
        for name, content in page_files(day, *outcomes):
            run.write_file(name, content)
        summary = summarise(run.run_id, found)
        _write_files(run, summary, job.folder)
        run_state, message = verdict(summary)
        return run.publish(run_state, message, {"certificate": _plain(summary.as_json()["certificate"])})


def _build(job: NightlyJob, store: RunStore, making: _Making) -> CityDay:
    with making.phase("city and grid"):
        city = build_city(job.folder, job.scenario, store.root / "cache", job.district)
    with making.phase("loads of the day"):
        return city_day(city, job.service_date, job.weather)


def _require_space(day: CityDay, root: Path) -> None:
    network = day.city.grid.network
    values = 2 * day.steps * (3 * len(network.buses.id) + len(network.lines.id) + len(network.transformers.id))
    needed, free = SPACE_FACTOR * BYTES_PER_VALUE * values, shutil.disk_usage(root).free
    if free < needed:
        raise NotEnoughSpaceError(f"{root} has {free / 1e6:,.0f} MB free, the run may need {needed / 1e6:,.0f} MB")


def verdict(summary: Summary) -> tuple[RunState, str]:
    """Return how a run may be shown, and why in one sentence."""
    certificate = summary.certificate
    fallbacks = [depot.garage for depot in summary.depots if depot.reason]
    reasons = []
    if certificate.converged_steps < certificate.steps:
        reasons.append(f"{certificate.steps - certificate.converged_steps} steps of the power flow did not converge")
    if not certificate.replay_ok:
        reasons.append(f"the replay found {len(certificate.replay_violations)} broken rules")
    if fallbacks:
        reasons.append(f"{len(fallbacks)} garages fell back: {', '.join(fallbacks[:5])}")
    if reasons:
        return RunState.DEGRADED, "; ".join(reasons)
    return RunState.PUBLISHED, f"{certificate.status}, gap {certificate.gap:.2%}"


def _write_files(run: OpenRun, summary: Summary, folder: CityFolder) -> None:
    run.write_file(SUMMARY_FILE, json.dumps(summary.as_json(), ensure_ascii=False).encode())
    if summary.why is not None:
        run.write_file(WHY_FILE, json.dumps(summary.why.as_json(), ensure_ascii=False, allow_nan=False).encode())
    for language in LANGUAGES:
        page = render_report(summary, folder.boundaries, language)
        run.write_file(f"report.{language}.html", page.encode())
    for name, rows in (("districts", summary.districts), ("feeders", summary.feeders), ("depots", summary.depots)):
        run.write_file(f"{name}.csv", csv_of_rows(rows))
    run.write_file("curves.csv", csv_of_curves(summary))


def _plain(value: Mapping[str, object]) -> dict[str, object]:
    return {name: list(entry) if isinstance(entry, tuple) else entry for name, entry in value.items()}
