"""From the trips of each bus to absences from the garage that its battery can carry."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from data.errors import ProblemList
from twin.transit_links import Links
from twin.transit_trips import Trips


@dataclass(frozen=True)
class Duty:
    """One absence of a bus from the garage.

    Attributes
    ----------
    trips
        Indices of its trips, in their order.
    departure_h, return_h
        When it leaves the garage and is back.
    energy_kwh, distance_km
        From the cells, and driven, empty trips included.
    """

    trips: tuple[int, ...]
    departure_h: float
    return_h: float
    energy_kwh: float
    distance_km: float


def duties(trips: Trips, links: Links, buses: Iterable[tuple[int, ...]], carried_kwh: float) -> tuple[Duty, ...]:
    """Return the absences of all buses, by departure.

    The day of a bus is cut into absences of at most `carried_kwh` each: as few as possible of the cuts stand where
    there is no time for the garage (another bus must take over there), and then least energy, so that a bus goes to the
    garage where that takes less than waiting on the street.

    Raises
    ------
    InvalidInput
        With every trip that the battery cannot carry even alone.
    """
    problems = ProblemList()
    for trip in np.flatnonzero(links.alone_kwh > carried_kwh):
        what = (
            f"trip {trips.id[trip]} of route {trips.route[trip]} takes {links.alone_kwh[trip]:.0f} kWh with its ways"
            f" from and to the garage, the battery carries {carried_kwh:.0f}"
        )
        problems.add("trips", what, "choose a bus type with a larger battery, or a nearer garage", field="trip_id")
    problems.raise_if_any()
    found = [_duty(trips, links, part) for chain in buses for part in _carried(links, chain, carried_kwh)]
    return tuple(sorted(found, key=lambda duty: (duty.departure_h, duty.return_h, duty.trips)))


def _carried(links: Links, run: tuple[int, ...], carried_kwh: float) -> list[tuple[int, ...]]:
    """Split the trips of a bus into parts that the battery carries: fewest changes of bus, then least energy.

    Shortest path over the places between trips: `best[k]` is the least (changes, energy) of the first k trips.
    """
    best: list[tuple[int, float]] = [(0, 0.0)] + [(len(run) + 1, np.inf)] * len(run)
    begin = [0] * (len(run) + 1)
    for last in range(1, len(run) + 1):
        energy = links.in_kwh[run[last - 1]]
        for first in range(last - 1, -1, -1):
            energy += links.trip_kwh[run[first]]
            whole = energy + links.out_kwh[run[first]]
            if whole <= carried_kwh:
                changes = first > 0 and not links.by_garage[run[first - 1], run[first]]
                option = (best[first][0] + int(changes), best[first][1] + whole)
                if option < best[last]:
                    best[last], begin[last] = option, first
            if first > 0:
                energy += links.direct_kwh[run[first - 1], run[first]]
    parts = []
    last = len(run)
    while last > 0:
        parts.append(run[begin[last] : last])
        last = begin[last]
    return parts[::-1]


def _duty(trips: Trips, links: Links, run: tuple[int, ...]) -> Duty:
    own = list(run)
    first, last = own[0], own[-1]
    hops = (own[:-1], own[1:])
    return Duty(
        trips=run,
        departure_h=float(trips.start_h[first] - links.out_h[first]),
        return_h=float(trips.end_h[last] + links.in_h[last]),
        energy_kwh=float(
            links.out_kwh[first] + links.trip_kwh[own].sum() + links.direct_kwh[hops].sum() + links.in_kwh[last]
        ),
        distance_km=float(
            links.out_km[first] + trips.distance_km[own].sum() + links.direct_km[hops].sum() + links.in_km[last]
        ),
    )
