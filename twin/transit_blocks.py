"""A day of one garage: from trips to buses, each with its absences from the garage."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.errors import ProblemList
from twin.transit_buses import Battery, assign_buses
from twin.transit_duties import Duty, duties
from twin.transit_fleet import chains, successors
from twin.transit_links import links
from twin.transit_trips import Driving, LinkRules, Places, Trips

LARGEST = 6000
"""Trips of one garage and day that are linked at once; the tables of all pairs take 1.5 GB there."""


@dataclass(frozen=True, eq=False)
class GarageDay:
    """What the buses of one garage do on one day.

    Attributes
    ----------
    garage
        Its name.
    trips
        Its trips.
    duties
        Absences from the garage, by departure.
    bus
        (K,) bus of each absence, from 0.
    fewest_buses
        Buses the timetable needs whatever the battery: no plan has fewer.
    """

    garage: str
    trips: Trips
    duties: tuple[Duty, ...]
    bus: NDArray[np.int64]
    fewest_buses: int

    @property
    def bus_count(self) -> int:
        """Buses in service."""
        return int(self.bus.max(initial=-1)) + 1

    @property
    def energy_kwh(self) -> float:
        """Energy of all absences."""
        return sum(duty.energy_kwh for duty in self.duties)

    @property
    def distance_km(self) -> float:
        """Distance of all absences, empty trips included."""
        return sum(duty.distance_km for duty in self.duties)


def garage_day(
    garage: str, trips: Trips, places: Places, driving: Driving, rules: LinkRules, battery: Battery
) -> GarageDay:
    """Link the trips of one garage to the fewest buses, cut their days into absences, and deal these out to buses.

    Raises
    ------
    InvalidInput
        More than `LARGEST` trips, or trips that the battery cannot carry even alone.
    """
    problems = ProblemList()
    if len(trips) > LARGEST:
        what = f"garage {garage} runs {len(trips):,} trips, more than {LARGEST:,} can be linked at once"
        problems.add("garages", what, "give more garages, or choose routes")
        problems.raise_if_any()
    ways = links(trips, places, driving, rules)
    buses = chains(successors(ways))
    absences = duties(trips, ways, buses, battery.carried_kwh)
    bus = assign_buses(absences, battery, rules.garage_layover_h)
    return GarageDay(garage, trips, absences, bus, len(buses))
