"""A depot folder as the problem the optimizers plan: its whole horizon, or the rest of it from the state of the day."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from data.depot_clock import Times, inside_hours, local_labels, overlap_h, read_hours_of_day
from data.depot_folder import DepotFolder
from data.depot_state import DepotState
from data.errors import InvalidInput, Problem, ProblemList
from optimizers.problem import (
    NOT_PLUGGED,
    Buses,
    Cabinet,
    ChargerClass,
    Degradation,
    DepotProblem,
    LaneRule,
    SessionRules,
    UnderWay,
    stays,
)
from twin.buses_depot import CYCLE_EXPONENT, CYCLE_STRESS, DEPTH_SEGMENTS
from twin.depot_site import demand_charge, energy_prices, site_power

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Ints = NDArray[np.int64]

LANES = {
    "": LaneRule.FREE,
    "free": LaneRule.FREE,
    "first_in_first_out": LaneRule.FIRST_IN_FIRST_OUT,
    "last_in_first_out": LaneRule.LAST_IN_FIRST_OUT,
}

HOUR = np.timedelta64(1, "h")
NOON_H = 1e-9
"""A step a duty spends less time in than this is not touched by it."""


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


@dataclass(frozen=True, eq=False)
class _Duties:
    """When each duty (N,) leaves and is back, by which bus, with what energy; delays are in it."""

    bus: Ints
    leaves_utc: Times
    back_utc: Times
    energy_kwh: Floats
    departure_soc: Floats


def depot_case(folder: DepotFolder) -> DepotCase:
    """Return the case of a folder from the start of its horizon."""
    soc = folder.tables["buses"]["soc"].to_numpy(dtype=float)
    problem = _problem(folder, folder.edges_utc, soc, _duties(folder))
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
    duties = _late(_duties(folder), state)
    _check_state(folder, state, duties)
    ahead = duties.back_utc > state.time_utc
    rest = _Duties(
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


def _duties(folder: DepotFolder) -> _Duties:
    table = folder.tables["duties"]
    number = {name: place for place, name in enumerate(folder.bus_names)}
    return _Duties(
        bus=np.array([number[name] for name in table["bus"]], dtype=np.int64),
        leaves_utc=folder.times_utc["duties.departure"],
        back_utc=folder.times_utc["duties.return"],
        energy_kwh=table["energy_kwh"].to_numpy(dtype=float),
        departure_soc=np.nan_to_num(table["departure_soc"].to_numpy(dtype=float)),
    )


def _late(duties: _Duties, state: DepotState) -> _Duties:
    """Return the duties with the delays of the state, passed on to the next duty where a bus is not back in time."""
    leaves, back = duties.leaves_utc.copy(), duties.back_utc.copy()
    for bus in np.flatnonzero(state.late_h > 0):
        own = np.flatnonzero(duties.bus == bus)
        own = own[np.argsort(leaves[own], kind="stable")]
        ahead = [duty for duty in own if back[duty] + _span(state.late_h[bus]) > state.time_utc]
        for place, duty in enumerate(ahead):
            if place == 0:
                back[duty] += _span(state.late_h[bus])
            elif leaves[duty] < back[ahead[place - 1]]:
                shift = back[ahead[place - 1]] - leaves[duty]
                leaves[duty] += shift
                back[duty] += shift
    return replace(duties, leaves_utc=leaves, back_utc=back)


def _span(hours: float) -> np.timedelta64:
    return np.timedelta64(round(hours * 3600), "s")


def _check_state(folder: DepotFolder, state: DepotState, duties: _Duties) -> None:
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
    duties: _Duties,
    *,
    peak_kw: float | None = None,
    battery_kwh: float | None = None,
) -> DepotProblem:
    step_h = np.asarray(np.diff(edges_utc) / HOUR, dtype=float)
    buses = _buses(folder, soc)
    present, trip_kwh, need_kwh = _road(folder, edges_utc, duties, buses)
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
        chargers=_chargers(folder),
        compatible=_compatible(folder),
        rules=_rules(folder, edges_utc),
        prices=energy_prices(folder, edges_utc),
        site=site,
        demand=demand,
        degradation=_degradation(folder, buses),
        cabinets=_cabinets(folder),
        labels=local_labels(edges_utc[:-1], folder.settings.zone),
    )


def _buses(folder: DepotFolder, soc: Floats) -> Buses:
    battery = folder.column_of_buses("battery_kwh")
    low, high = battery * folder.column_of_buses("min_soc"), battery * folder.column_of_buses("max_soc")
    end_soc = folder.tables["buses"]["end_soc"].to_numpy(dtype=float)
    end_soc = np.where(np.isnan(end_soc), folder.settings.number("planning.end_soc"), end_soc)
    power, back = folder.column_of_buses("max_charge_kw"), folder.column_of_buses("warranty_discharge_kwh")
    taper_kw, slope = _taper(folder, battery, power)
    return Buses(
        id=np.array(folder.bus_names),
        battery_kwh=battery,
        min_kwh=np.minimum(low, soc * battery),
        max_kwh=high,
        initial_kwh=soc * battery,
        terminal_min_kwh=np.maximum(end_soc * battery, low),
        charge_efficiency=folder.column_of_buses("charge_efficiency"),
        discharge_efficiency=folder.column_of_buses("discharge_efficiency"),
        standing_loss_kw=folder.column_of_buses("standing_loss_kw"),
        max_charge_kw=power,
        max_discharge_kw=folder.column_of_buses("max_discharge_kw"),
        discharge_limit_kwh=np.where(np.isnan(back), np.inf, back),
        taper_kw=taper_kw,
        taper_kw_per_kwh=slope,
    )


def _taper(folder: DepotFolder, battery: Floats, power: Floats) -> tuple[Floats, Floats]:
    """Return (B, K) lines from full power at `taper_from_soc` to its end share at `max_soc`; K is 0 without any."""
    start, end = folder.column_of_buses("taper_from_soc"), folder.column_of_buses("taper_end_share")
    given = ~np.isnan(start)
    if not given.any():
        return np.zeros((len(battery), 0)), np.zeros((len(battery), 0))
    room = np.where(given, (folder.column_of_buses("max_soc") - start) * battery, 1.0)
    slope = np.where(given, -power * (1 - np.where(given, end, 1.0)) / room, 0.0)
    offset = np.where(given, power - slope * np.where(given, start, 0.0) * battery, np.inf)
    return offset[:, None], slope[:, None]


def _road(folder: DepotFolder, edges_utc: Times, duties: _Duties, buses: Buses) -> tuple[Flags, Floats, Floats]:
    """Return presence, energy of duties and least energies (B, T). A step touched by a duty is spent away."""
    shape = (len(buses.id), len(edges_utc) - 1)
    on_road_h = overlap_h(edges_utc, duties.leaves_utc, duties.back_utc)
    duration_h = (duties.back_utc - duties.leaves_utc) / HOUR
    rate_kw = duties.energy_kwh / duration_h
    trip_kwh, away_h, beyond_kwh = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    np.add.at(trip_kwh, duties.bus, on_road_h * rate_kw[:, None])
    np.add.at(away_h, duties.bus, on_road_h)
    after_h = np.maximum((duties.back_utc - edges_utc[-1]) / HOUR, 0.0)
    np.add.at(beyond_kwh, (duties.bus, shape[1] - 1), after_h * rate_kw)
    present = away_h <= NOON_H
    trip_kwh[present] = 0.0
    reserve_kwh = folder.settings.number("planning.reserve_soc") * buses.battery_kwh
    need_kwh = np.zeros(shape)
    for away in stays(~present):
        if away.start == 0:
            continue  # it is on the road already: nothing can be asked of it before it left
        b, steps = away.bus, slice(away.start, away.stop)
        needed = buses.min_kwh[b] + trip_kwh[b, steps].sum() + beyond_kwh[b, steps].sum() + reserve_kwh[b]
        need_kwh[b, away.start] = min(needed, buses.max_kwh[b])
    leaves = np.searchsorted(edges_utc, duties.leaves_utc, side="right") - 1
    for bus, step, soc in zip(duties.bus, leaves, duties.departure_soc, strict=True):
        if step > 0:
            need_kwh[bus, step] = max(need_kwh[bus, step], soc * buses.battery_kwh[bus])
    return present, trip_kwh, need_kwh


def _chargers(folder: DepotFolder) -> tuple[ChargerClass, ...]:
    return tuple(
        ChargerClass(
            id=row["charger"],
            count=int(row["outlets"]),
            min_kw=float(row["min_kw"]),
            max_kw=float(row["max_kw"]),
            can_pause=bool(row["can_pause"]),
            max_discharge_kw=float(row["max_discharge_kw"]),
            efficiency=float(row["efficiency"]),
            lane=LANES[row["lane"]],
        )
        for _, row in folder.tables["chargers"].iterrows()
    )


def _compatible(folder: DepotFolder) -> Flags:
    types, chargers = list(folder.tables["buses"]["type"]), list(folder.tables["chargers"]["charger"])
    if "compatibility" not in folder.tables:
        return np.ones((len(types), len(chargers)), dtype=bool)
    table = folder.tables["compatibility"]
    fits = set(zip(table["charger"], table["type"], strict=True))
    return np.array([[(charger, kind) in fits for charger in chargers] for kind in types])


def _cabinets(folder: DepotFolder) -> tuple[Cabinet, ...]:
    if "cabinets" not in folder.tables:
        return ()
    of_class = list(folder.tables["chargers"]["cabinet"])
    found = []
    for _, row in folder.tables["cabinets"].iterrows():
        classes = tuple(place for place, name in enumerate(of_class) if name == row["cabinet"])
        if classes:
            found.append(Cabinet(row["cabinet"], classes, float(row["max_kw"])))
    return tuple(found)


def _rules(folder: DepotFolder, edges_utc: Times) -> SessionRules:
    settings, starts = folder.settings, edges_utc[:-1]
    allowed = np.ones(len(starts), dtype=bool)
    if "staff" in folder.tables:
        spans = read_hours_of_day(folder.tables["staff"], "staff.csv", ProblemList())
        allowed = inside_hours(starts, spans, settings.zone)
    return SessionRules(
        min_plug_steps=max(1, int(np.ceil(settings.number("sessions.min_plug_min") / settings.step_min - 1e-9))),
        max_sessions_per_stay=int(settings.number("sessions.max_per_stay")),
        handover_steps=int(np.ceil(settings.number("sessions.handover_min") / settings.step_min - 1e-9)),
        plug_allowed=allowed,
        start_krw=settings.number("sessions.start_krw"),
    )


def _degradation(folder: DepotFolder, buses: Buses) -> Degradation | None:
    """Wear by depth of cycle in equal segments, with the marginal life lost in each, and a calendar term."""
    settings = folder.settings
    if not settings.has("wear"):
        return None
    edges = np.linspace(0, 1, DEPTH_SEGMENTS + 1)
    lost = CYCLE_STRESS * np.diff(edges**CYCLE_EXPONENT) * DEPTH_SEGMENTS
    count = len(buses.id)
    return Degradation(
        depth_kwh=np.repeat(buses.battery_kwh[:, None] / DEPTH_SEGMENTS, DEPTH_SEGMENTS, axis=1),
        krw_per_kwh=np.tile(settings.number("wear.cell_krw_per_kwh") * lost, (count, 1)),
        calendar_krw_per_kwh_h=np.full(count, settings.number("wear.calendar_krw_per_kwh_h")),
        calendar_free_kwh=settings.number("wear.calendar_free_soc") * buses.battery_kwh,
    )


def locate(problems: tuple[Problem, ...], depot: str) -> InvalidInput:
    """Return the problems the optimizers found in a case, as problems of its folder."""
    return InvalidInput([replace(problem, file=f"folder of {depot}") for problem in problems])
