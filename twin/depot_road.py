"""When the buses of a depot are away and what their duties take, step by step, delays included."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from data.depot_clock import Times, overlap_h
from data.depot_folder import DepotFolder
from data.depot_state import DepotState
from optimizers.problem import Buses, stays

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Ints = NDArray[np.int64]

HOUR = np.timedelta64(1, "h")
UNTOUCHED_H = 1e-9
"""A step a duty spends less time in than this is not touched by it."""


@dataclass(frozen=True, eq=False)
class Duties:
    """When each duty (N,) leaves and is back, by which bus, with what energy; delays are in it."""

    bus: Ints
    leaves_utc: Times
    back_utc: Times
    energy_kwh: Floats
    departure_soc: Floats


def planned_duties(folder: DepotFolder) -> Duties:
    """Return the duties of a folder as they were planned, in the order of their table."""
    table = folder.tables["duties"]
    number = {name: place for place, name in enumerate(folder.bus_names)}
    return Duties(
        bus=np.array([number[name] for name in table["bus"]], dtype=np.int64),
        leaves_utc=folder.times_utc["duties.departure"],
        back_utc=folder.times_utc["duties.return"],
        energy_kwh=table["energy_kwh"].to_numpy(dtype=float),
        departure_soc=np.nan_to_num(table["departure_soc"].to_numpy(dtype=float)),
    )


def late_duties(duties: Duties, state: DepotState) -> Duties:
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


def on_the_road(folder: DepotFolder, edges_utc: Times, duties: Duties, buses: Buses) -> tuple[Flags, Floats, Floats]:
    """Return presence, energy of duties and least energies (B, T). A step touched by a duty is spent away."""
    shape = (len(buses.id), len(edges_utc) - 1)
    on_road_h = overlap_h(edges_utc, duties.leaves_utc, duties.back_utc)
    duration_h = (duties.back_utc - duties.leaves_utc) / HOUR
    rate_kw = duties.energy_kwh / duration_h
    trip_kwh, away_h, beyond_kwh = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    np.add.at(trip_kwh, duties.bus, on_road_h * rate_kw[:, None])
    np.add.at(away_h, duties.bus, on_road_h)
    after_h = np.maximum((duties.back_utc - edges_utc[-1]) / HOUR, 0.0)
    np.add.at(beyond_kwh[:, -1], duties.bus, after_h * rate_kw)
    present = away_h <= UNTOUCHED_H
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
