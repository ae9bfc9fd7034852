"""One service day of a garage's buses: blocks of round trips with layovers at the garage.

Every bus in service runs round trips of one route. The number of trips is drawn so that the mean distance per
registered bus is the one the tables state; first departures are staggered over the morning, and part of what is left of
the day goes into one long break. Hours count from the start of the planning day; all trips return before its end.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
from numpy.typing import NDArray

from data.calendar import DayType
from twin.buses_energy import travel_time_h
from twin.buses_model import BusModel, Garage, RouteType
from twin.buses_rules import HORIZON_H

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

ROUTE_STREAM, DAY_STREAM = 5, 6
DISTANCE_SPREAD = 0.08
"""Standard deviation of a bus's wanted distance around the mean, as a share; operators keep duties alike."""

BREAK_SHARE = (0.35, 0.85)
"""Range of the share of the day's slack that becomes one long break."""

LENGTH_LIMITS = (0.4, 1.6)
"""Round trips are cut to this range around the mean of their route type."""


@dataclass(frozen=True)
class ServiceDay:
    """Trips of one garage's buses on one day, one entry each, ordered by bus and departure.

    Attributes
    ----------
    bus
        (K,) index into `Garage.bus_types`.
    route_type
        (K,) index into `BusModel.routes`.
    depart_h, return_h
        (K,) hours from the start of the planning day.
    distance_km
        (K,) length of the round trip.
    """

    bus: Ints
    route_type: Ints
    depart_h: Floats
    return_h: Floats
    distance_km: Floats


@dataclass(frozen=True)
class DayClock:
    """Local hour at which the planning day starts, and the length of its steps.

    Every layover holds a whole step, or a bus could never be plugged between two trips.
    """

    start_h: float
    step_h: float


@dataclass(frozen=True)
class _Duties:
    """What each bus in service does: its route, its number of trips and its layovers, before times are set."""

    bus: Ints
    route_type: Ints
    length_km: Floats
    trips: Ints
    layover_h: Floats
    break_place: Floats
    opens_h: Floats
    closes_h: Floats


def service_day(
    model: BusModel, garage: Garage, day_type: DayType, service_date: date, clock: DayClock, seed: int
) -> ServiceDay:
    """Draw the service of one garage.

    Parameters
    ----------
    model, garage
        The city's buses and one of its garages.
    day_type, service_date
        Kind of the day, and its date, which only chooses the random numbers.
    clock
        The planning day's steps.
    seed
        Same seed, same date: the same service, bit for bit, whatever other garages do.
    """
    name = zlib.crc32(garage.id.encode())
    route_type, length_km = _routes(model, garage, np.random.default_rng([seed, ROUTE_STREAM, name]))
    rng = np.random.default_rng([seed, DAY_STREAM, name, service_date.toordinal()])
    duties = _duties(model, route_type, length_km, day_type, clock.start_h, rng)
    start_share, break_share = rng.random(len(duties.bus)), rng.uniform(*BREAK_SHARE, len(duties.bus))
    duties, depart, ret = _timetable(model, duties, clock, start_share, break_share)
    runs = np.arange(depart.shape[1])[None, :] < duties.trips[:, None]
    row, _ = np.nonzero(runs)
    return ServiceDay(
        bus=duties.bus[row],
        route_type=duties.route_type[row],
        depart_h=depart[runs],
        return_h=ret[runs],
        distance_km=duties.length_km[row],
    )


def _routes(model: BusModel, garage: Garage, rng: np.random.Generator) -> tuple[Ints, Floats]:
    """Route type and length of the round trip of each bus; buses of one route share both."""
    authorised = np.array([route.authorised_buses for route in model.routes], dtype=float)
    per_route = np.array([route.authorised_buses / route.routes for route in model.routes])
    chance = authorised / per_route / (authorised / per_route).sum()
    route_type = np.zeros(garage.bus_count, dtype=np.int64)
    length_km = np.zeros(garage.bus_count)
    filled = 0
    while filled < garage.bus_count:
        kind = int(rng.choice(len(model.routes), p=chance))
        route = model.routes[kind]
        drawn = rng.normal(route.round_trip_km_mean, route.round_trip_km_sd)
        low, high = (limit * route.round_trip_km_mean for limit in LENGTH_LIMITS)
        size = max(1, round(per_route[kind]))
        route_type[filled : filled + size] = kind
        length_km[filled : filled + size] = np.clip(drawn, low, high)
        filled += size
    return route_type, length_km


def _window(route: RouteType, day_start_h: float) -> tuple[float, float]:
    """Return opening and end of a route's service in hours of the planning day."""
    opens = (route.first_departure_h - day_start_h) % HORIZON_H
    return opens, min(opens + route.last_return_h - route.first_departure_h, HORIZON_H)


def _duties(
    model: BusModel,
    route_type: Ints,
    length_km: Floats,
    day_type: DayType,
    day_start_h: float,
    rng: np.random.Generator,
) -> _Duties:
    level = model.service[day_type]
    fleet = len(route_type)
    count = level.in_service_share * fleet
    count = int(np.floor(count + rng.random()))
    bus = np.sort(rng.permutation(fleet)[:count])
    kind, length = route_type[bus], length_km[bus]
    windows = np.array([_window(route, day_start_h) for route in model.routes])[kind].reshape(-1, 2)
    # per bus on duty the same as if the share were exact: small garages have no heavier days for rounding
    duty_km = level.fleet_km_per_bus / level.in_service_share * count
    wanted_km = _wanted_km(model, length, windows, duty_km, rng)
    trips = np.maximum(np.floor(wanted_km / length + rng.random(count)), 1).astype(np.int64)
    shortest = np.array([route.layover_min_h for route in model.routes])[kind]
    longest = np.array([route.layover_max_h for route in model.routes])[kind]
    layover = shortest[:, None] + (longest - shortest)[:, None] * rng.random((count, int(trips.max(initial=1)) + 1))
    return _Duties(bus, kind, length, trips, layover, rng.random(count), windows[:, 0], windows[:, 1])


def _wanted_km(
    model: BusModel, length_km: Floats, windows: Floats, fleet_km: float, rng: np.random.Generator
) -> Floats:
    """Distance each bus should run: as the fleet's total asks, but no more than its route's hours allow.

    What buses of short windows (night routes) cannot run is taken over by the others.
    """
    count = len(length_km)
    mean_speed = model.speed_km_per_h.mean()
    most_km = 0.8 * (windows[:, 1] - windows[:, 0]) * mean_speed
    spread = np.maximum(1 + DISTANCE_SPREAD * rng.standard_normal(count), 0.5)
    wanted = np.zeros(count)
    free = np.ones(count, dtype=bool)
    for _ in range(3):
        if not free.any():
            break
        level = (fleet_km - wanted[~free].sum()) / spread[free].sum()
        wanted[free] = level * spread[free]
        free &= wanted <= most_km
        wanted = np.minimum(wanted, most_km)
    return wanted


def _timetable(
    model: BusModel, duties: _Duties, clock: DayClock, start_share: Floats, break_share: Floats
) -> tuple[_Duties, Floats, Floats]:
    """Set departures and returns (bus, trip); duties too long for the day's hours lose trips until they fit."""
    while True:
        no_break = np.zeros(len(duties.bus))
        _, ret = _run(model, duties, clock, duties.opens_h, no_break)
        slack = duties.closes_h - _last(ret, duties.trips)
        too_long = (slack < 0) & (duties.trips > 1)
        if not too_long.any():
            break
        duties = _shorter(duties, too_long)
    slack = np.maximum(slack, 0)
    start = duties.opens_h + slack * start_share * (1 - break_share)
    pause = slack * break_share
    # rush hours met later in the day stretch a duty: what passes the end is taken from the break, then from the start
    for _ in range(4):
        depart, ret = _run(model, duties, clock, start, pause)
        over = np.maximum(_last(ret, duties.trips) - duties.closes_h, 0)
        from_pause = np.minimum(over, pause)
        pause = pause - from_pause
        start = np.maximum(start - (over - from_pause), duties.opens_h)
    depart, ret = _run(model, duties, clock, start, pause)
    late = (_last(ret, duties.trips) > np.minimum(duties.closes_h + 0.5, HORIZON_H)) & (duties.trips > 1)
    if late.any():
        return _timetable(model, _shorter(duties, late), clock, start_share, break_share)
    return duties, depart, ret


def _shorter(duties: _Duties, which: NDArray[np.bool_]) -> _Duties:
    return replace(duties, trips=np.where(which, duties.trips - 1, duties.trips))


def _run(model: BusModel, duties: _Duties, clock: DayClock, start_h: Floats, pause_h: Floats) -> tuple[Floats, Floats]:
    """Departures and returns of all trips, one after the other, with the long break after one of them."""
    longest = int(duties.trips.max(initial=1))
    depart = np.zeros((len(duties.bus), longest))
    ret = np.zeros((len(duties.bus), longest))
    now = start_h.copy()
    for trip in range(longest):
        depart[:, trip] = now
        ret[:, trip] = now + travel_time_h(now + clock.start_h, duties.length_km, model.speed_km_per_h)
        at_break = trip == np.floor(duties.break_place * (duties.trips - 1))
        leaves = ret[:, trip] + duties.layover_h[:, trip] + np.where(at_break, pause_h, 0)
        whole_step = (np.ceil(ret[:, trip] / clock.step_h - 1e-9) + 1) * clock.step_h
        now = np.maximum(leaves, whole_step)
    return depart, ret


def _last(ret: Floats, trips: Ints) -> Floats:
    return np.asarray(ret[np.arange(len(ret)), trips - 1])
