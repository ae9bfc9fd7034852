"""A depot folder as the problem the optimizers plan: its whole horizon, or the rest of it from the state of the day."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from data.depot_clock import Times, local_labels
from data.depot_folder import DepotFolder
from data.depot_state import DepotState
from data.errors import InvalidInput, Problem, ProblemList
from optimizers.problem import NOT_PLUGGED, DepotProblem, UnderWay
from twin.depot_chargers import cabinets, charger_classes, compatible, session_rules
from twin.depot_fleet import degradation_of, fleet_of
from twin.depot_road import Duties, late_duties, on_the_road, planned_duties
from twin.depot_site import demand_charge, energy_prices, site_power

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class DepotCase:
    """A depot ready to be planned.

    Attributes
    ----------
    folder
        Where it comes from.
    problem
        What the optimizers plan.
    edges_utc
        (T+1,) edges of the problem's steps.
    outlet_before
        (B,) outlet (from 0) of each session under way at the start, `NOT_PLUGGED` for none.
    input_sha256
        Checksum of everything that was read.
    """

    folder: DepotFolder
    problem: DepotProblem
    edges_utc: Times
    outlet_before: Ints
    input_sha256: str


def depot_case(folder: DepotFolder) -> DepotCase:
    """Return the case of a folder from the start of its horizon."""
    soc = folder.tables["buses"]["soc"].to_numpy(dtype=float)
    problem = _problem(folder, folder.edges_utc, soc, planned_duties(folder))
    free = np.full(problem.bus_count, NOT_PLUGGED)
    return DepotCase(folder, problem, folder.edges_utc, free, folder.content_sha256)


def replan_case(
    folder: DepotFolder, state: DepotState, *, peak_kw: float | None = None, battery_kwh: float | None = None
) -> DepotCase:
    """Return the case of the rest of a folder's horizon, from the state of its buses now.

    The first step lasts until the next edge of the folder's steps. A late bus begins its next duty when it is back, and
    that duty is then late as well. What is under way (sessions, their lengths and outlets) is kept.

    Parameters
    ----------
    folder, state
        The depot, and where its buses stand.
    peak_kw, battery_kwh
        Peak of the month so far, and energy in the stationary battery, where they are no longer those of the folder.

    Raises
    ------
    InvalidInput
        When the state contradicts the duties.
    """
    later = folder.edges_utc[folder.edges_utc > state.time_utc]
    edges = np.concatenate([[state.time_utc], later])
    duties = late_duties(planned_duties(folder), state)
    _check_state(folder, state, duties)
    ahead = duties.back_utc > state.time_utc
    rest = Duties(
        duties.bus[ahead],
        duties.leaves_utc[ahead],
        duties.back_utc[ahead],
        duties.energy_kwh[ahead],
        duties.departure_soc[ahead],
    )
    problem = _problem(folder, edges, state.soc, rest, peak_kw=peak_kw, battery_kwh=battery_kwh)
    steps = np.maximum(np.ceil(state.plugged_h * 60 / folder.settings.step_min - 1e-9), 1).astype(np.int64)
    plugged = state.charger != NOT_PLUGGED
    under_way = UnderWay(state.charger, np.where(plugged, steps, 0), state.sessions_used)
    problem = replace(problem, under_way=under_way)
    sha256 = f"{folder.content_sha256}+{state.sha256}"
    return DepotCase(folder, problem, edges, np.where(plugged, state.outlet, NOT_PLUGGED), sha256)


def _check_state(folder: DepotFolder, state: DepotState, duties: Duties) -> None:
    problems = ProblemList()
    out = (duties.leaves_utc <= state.time_utc) & (state.time_utc < duties.back_utc)
    for duty in np.flatnonzero(out & (state.charger[duties.bus] != NOT_PLUGGED)):
        what = (
            f"bus {folder.bus_names[duties.bus[duty]]} is plugged, but its duty "
            f"{folder.tables['duties']['duty'].iloc[duty]} has begun and is not over"
        )
        problems.add("state", what, "unplug it in the state, or correct the duty's times", field="charger")
    problems.raise_if_any()


def _problem(
    folder: DepotFolder,
    edges_utc: Times,
    soc: Floats,
    duties: Duties,
    *,
    peak_kw: float | None = None,
    battery_kwh: float | None = None,
) -> DepotProblem:
    step_h = np.asarray(np.diff(edges_utc) / np.timedelta64(1, "h"), dtype=float)
    buses = fleet_of(folder, soc)
    present, trip_kwh, need_kwh = on_the_road(folder, edges_utc, duties, buses)
    site = site_power(folder, edges_utc, battery_kwh)
    demand = demand_charge(folder, edges_utc, peak_kw)
    if demand is not None:  # no import can exceed the limit: a peak above it is as good as one at it
        limit_kw = float(site.import_limit_kw.max())
        demand = replace(demand, peak_so_far_kw=min(demand.peak_so_far_kw, limit_kw))
    return DepotProblem(
        id=folder.name,
        step_h=step_h,
        buses=buses,
        present=present,
        trip_kwh=trip_kwh,
        need_kwh=need_kwh,
        chargers=charger_classes(folder),
        compatible=compatible(folder),
        rules=session_rules(folder, edges_utc),
        prices=energy_prices(folder, edges_utc),
        site=site,
        demand=demand,
        degradation=degradation_of(folder, buses),
        cabinets=cabinets(folder),
        labels=local_labels(edges_utc[:-1], folder.settings.zone),
    )


def locate(problems: tuple[Problem, ...], depot: str) -> InvalidInput:
    """Return the problems the optimizers found in a case, as problems of its folder."""
    return InvalidInput([replace(problem, file=f"folder of {depot}") for problem in problems])
