"""The job that plans a day for the city or one district, asked for by a user."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any

from data.city_folder import CityFolder, read_city_folder
from data.errors import ProblemList
from data.weather import Weather
from data.weather_files import read_weather
from twin.city import district_code, embedded_weather, place_of
from twin.job_handlers import JobWork
from twin.nightly import NightlyJob, run_nightly
from twin.scenario import TODAY, scenario_of
from twin.schedule import ScheduleLimits

SHARES = {
    "city and grid": 0.10,
    "loads of the day": 0.10,
    "unmanaged day": 0.05,
    "plan": 0.60,
    "power flow of the plan": 0.05,
    "replay": 0.02,
    "store and report": 0.08,
}
"""Part of a night that each phase takes, roughly; they add up to one."""

SHORTEST_S, LONGEST_S = 1.0, 3600.0


def run_job(parameters: Mapping[str, Any], work: JobWork) -> dict[str, Any]:
    """Plan a day and publish it.

    Parameters
    ----------
    parameters
        `date` (ISO, default tomorrow), `district` (code or name, default the whole city), `scenario`, `time_limit_s`
        for all garages together.
    work
        The worker.

    Returns
    -------
    dict
        `run_id`, `state`, `message`, and whether the run was there already (`reused`).

    Raises
    ------
    InvalidInput
        With everything that is wrong with the parameters.
    """
    city = read_city_folder(work.city)
    result = run_nightly(nightly_job(parameters, city), work.store, LedgerReporter(work), work.stop)
    record = result.record
    return {"run_id": record.run_id, "state": record.state, "message": record.message, "reused": result.reused}


def nightly_job(parameters: Mapping[str, Any], city: CityFolder) -> NightlyJob:
    """Return the nightly job that parameters describe."""
    problems = ProblemList()
    day, limit_s = _date(parameters.get("date"), city, problems), _limit_s(parameters.get("time_limit_s"), problems)
    problems.raise_if_any()
    district = parameters.get("district")
    return NightlyJob(
        folder=city,
        scenario=scenario_of(city, str(parameters.get("scenario") or TODAY)),
        district=district_code(city, str(district)) if district else None,
        service_date=day,
        weather=_weather(city, day),
        limits=ScheduleLimits(depots_s=limit_s, dispatch_s=60.0, gap=1e-3, workers=os.cpu_count() or 1),
    )


def _date(text: Any, city: CityFolder, problems: ProblemList) -> date:
    tomorrow = datetime.now(UTC).astimezone(city.settings.zone).date() + timedelta(days=1)
    if not text:
        return tomorrow
    try:
        return date.fromisoformat(str(text))
    except ValueError:
        problems.add("job", f"{text!r} is no date", "give it as 2026-11-24", field="date")
        return tomorrow


def _limit_s(value: Any, problems: ProblemList) -> float:
    if value is None:
        return 120.0
    if not isinstance(value, int | float) or not SHORTEST_S <= value <= LONGEST_S:
        problems.add("job", f"{value!r} is no time limit", "give 1 to 3600 seconds", field="time_limit_s")
        return 120.0
    return float(value)


def _weather(city: CityFolder, day: date) -> Weather:
    if city.settings.weather_source == "synthetic":
        return embedded_weather(city, day.year)
    return read_weather(city.path / city.settings.weather_source, place_of(city), day.year)


class LedgerReporter:
    """Tells the ledger of jobs how far a night is."""

    def __init__(self, work: JobWork) -> None:
        self.phases_s: dict[str, float] = {}
        self._work = work
        self._before = 0.0
        self._phase = ""

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Note the phase at its beginning and its seconds at its end."""
        begin, self._phase = time.perf_counter(), name
        self._work.note(self._before, name)
        yield
        self.phases_s[name] = time.perf_counter() - begin
        self._before += SHARES.get(name, 0.0)
        self._work.log(f"{name}: {self.phases_s[name]:.1f} s")
        self._work.note(self._before, name)

    def done(self, part: str, number: int, total: int) -> None:
        """Note how many parts of the phase are done."""
        share = SHARES.get(self._phase, 0.0) * number / max(1, total)
        self._work.note(self._before + share, f"{self._phase} {number}/{total} {part}")
