"""Charging sessions of one planning day, drawn from a city's electric vehicles.

The day is cyclic: a stay that reaches beyond the end of the planning day appears with its rest at the start of the same
day, as yesterday's like stays do. Such a stay becomes two sessions, cut at the edge; each gets the energy that
unmanaged charging delivers on its side. So no energy is lost, every day stands alone, and the unmanaged load of the day
has exactly the shape the start times were fitted to. The price is that a plan moves no energy across the edge.
"""

from __future__ import annotations

from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.calendar import DayType
from data.errors import ProblemList
from twin.ev_cohorts import HOURS, Cohort, CohortRules, EvModel
from twin.ev_fleet import Fleet, HostSites, district_chances, host_sites, vehicles
from twin.ev_hosts import Transformers
from twin.ev_starts import session_energies_kwh, start_distributions

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Ids = NDArray[np.str_]

TAIL = 5e-4
"""Share of session energies cut off at each end of their distribution."""

SLACK_KWH = 1e-9
SESSION_STREAM, PLACE_STREAM = 3, 4


@dataclass(frozen=True)
class Sessions:
    """Stays of vehicles at chargers, one entry each. Hours count from the start of the planning day.

    Invariants: 0 ≤ arrive ≤ start ≤ start + energy / power ≤ depart ≤ length of the day; a discharging power comes
    with energy to spare.

    Attributes
    ----------
    vehicle
        (S,) position in the `Fleet`; the two halves of a stay cut at the edge of the day share it.
    bus
        (S,) position in the network's buses.
    district
        (S,) district id of the bus.
    cohort
        (S,) `Cohort` codes.
    arrive_h, depart_h
        (S,) when the vehicle is plugged in and leaves.
    start_h
        (S,) when unmanaged charging starts: at arrival, or when a timer says so.
    energy_kwh
        (S,) energy from the grid to be charged by departure.
    max_kw
        (S,) charging power.
    discharge_kw, spare_kwh
        (S,) power and energy the vehicle can lend; 0 for vehicles that cannot feed back.
    """

    vehicle: Ints
    bus: Ints
    district: Ids
    cohort: Ints
    arrive_h: Floats
    start_h: Floats
    depart_h: Floats
    energy_kwh: Floats
    max_kw: Floats
    discharge_kw: Floats
    spare_kwh: Floats

    def __post_init__(self) -> None:
        check_sessions(self)

    def __len__(self) -> int:
        return len(self.bus)

    def take(self, at: NDArray[np.int64] | NDArray[np.bool_]) -> Sessions:
        """Return the sessions at some positions, or those a mask names."""
        return Sessions(**{name: values[at] for name, values in vars(self).items()})


def check_sessions(sessions: Sessions) -> None:
    """Raise `InvalidInput` with every session that breaks the invariants, counted by kind."""
    problems = ProblemList()
    s = sessions
    if len({len(values) for values in vars(s).values()}) != 1:
        problems.add("sessions", "columns of different length", "give one entry a session")
        problems.raise_if_any()
    real = (s.arrive_h, s.start_h, s.depart_h, s.energy_kwh, s.max_kw, s.discharge_kw, s.spare_kwh)
    if not all(np.isfinite(values).all() for values in real):
        problems.add("sessions", "values that are not finite", "give finite numbers")
        problems.raise_if_any()
    room_kwh = s.max_kw * (s.depart_h - s.start_h)
    wrong = {
        "arrive before the day starts or after charging starts": (s.arrive_h < 0) | (s.arrive_h > s.start_h),
        "have no energy or no power": (s.energy_kwh <= 0) | (s.max_kw <= 0),
        "need more energy than fits before departure": s.energy_kwh > room_kwh + SLACK_KWH,
        "lend a negative power or energy": (s.discharge_kw < 0) | (s.spare_kwh < 0),
    }
    for what, mask in wrong.items():
        if mask.any():
            example = int(np.flatnonzero(mask)[0])
            problems.add("sessions", f"{int(mask.sum())} sessions {what}", "correct them", row=example + 1)
    problems.raise_if_any()


def draw_sessions(
    model: EvModel,
    points: Transformers,
    times_utc: NDArray[np.datetime64],
    step_h: float,
    day_type: DayType,
    temp_c: float,
    seed: int,
    zone: str,
) -> Sessions:
    """Draw the charging sessions of one planning day.

    Parameters
    ----------
    model
        The city's vehicles and cohorts.
    points
        Load points of the grid; vehicles charge there. Sessions in districts without load points are left out.
    times_utc
        (T,) starts of the steps, which must cover 24 hours.
    step_h
        Length of a step.
    day_type
        Kind of the service date.
    temp_c
        Mean temperature of the day.
    seed
        Same seed, same city, same date: the same sessions, bit for bit.
    zone
        Time zone of the city, for instance "Asia/Seoul".

    Raises
    ------
    InvalidInput
        When the steps do not make up a day, or no charging shape is known for the kind of day.
    """
    _check_day(model, times_utc, step_h, day_type, temp_c)
    fleet = vehicles(model, seed)
    sites = host_sites(model, points, seed)
    starts = start_distributions(model, day_type)
    first = pd.Timestamp(times_utc[0]).tz_localize("UTC").astimezone(ZoneInfo(zone))
    first_h = first.hour + first.minute / 60
    day = int(times_utc[0].astype("datetime64[D]").astype(np.int64))
    parts = []
    for rules in model.cohorts:
        rng = np.random.default_rng([seed, SESSION_STREAM, rules.cohort, day % 2**32])
        factor = model.consumption_factor(temp_c) * float(model.shape[day_type][rules.charger].sum())
        vehicle = _charging_vehicles(model, fleet, rules, factor, rng)
        where = _host_districts(model, fleet, rules, vehicle, rng)
        stays = _stays(rules, len(vehicle), starts[rules.cohort], first_h, rng)
        on_grid = np.isin(where, [index for cohort, index in sites if cohort is rules.cohort])
        place = _places(rules, where[on_grid], sites, seed, day)
        drawn = {name: values[on_grid] for name, values in stays.items()}
        parts.append(
            {
                "vehicle": vehicle[on_grid],
                "bus": points.bus[place],
                "district": points.district[place],
                "cohort": np.full(len(place), int(rules.cohort)),
                **drawn,
            }
        )
    whole = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    return _cut_at_the_edge(whole)


def _check_day(
    model: EvModel, times_utc: NDArray[np.datetime64], step_h: float, day_type: DayType, temp_c: float
) -> None:
    problems = ProblemList()
    if not len(times_utc) or not abs(len(times_utc) * step_h - HOURS) <= 1e-9:
        what = f"{len(times_utc)} steps of {step_h:g} h do not make up a day"
        problems.add("planning day", what, "give steps that cover 24 hours", field="times_utc")
    else:
        width = np.diff(times_utc).astype("timedelta64[s]").astype(float) / 3600
        if len(width) and np.abs(width - step_h).max() > 1e-9:
            problems.add(
                "planning day", "the steps are not regular", "give regular, ascending times", field="times_utc"
            )
    if day_type not in model.shape:
        what = f"no charging shape is known for the kind of day {day_type!r}"
        problems.add("planning day", what, "add it to the table ev_charging_shape", field="day_type")
    if not np.isfinite(temp_c):
        problems.add("planning day", f"temperature {temp_c}", "give a finite temperature", field="temp_c")
    problems.raise_if_any()


def _charging_vehicles(
    model: EvModel, fleet: Fleet, rules: CohortRules, factor: float, rng: np.random.Generator
) -> Ints:
    """Vehicles that charge in this cohort today, once per session; the mean energy is that of their use."""
    per_day = np.array([use.km_per_day * use.kwh_per_km * use.cohort_share[rules.cohort] for use in model.uses])
    expected = per_day * factor / rules.session_kwh_mean
    of_vehicle = expected[fleet.use]
    sure = np.floor(of_vehicle)
    times = sure + (rng.random(len(of_vehicle)) < of_vehicle - sure)
    return np.repeat(np.arange(len(fleet.use)), times.astype(np.int64))


def _host_districts(model: EvModel, fleet: Fleet, rules: CohortRules, vehicle: Ints, rng: np.random.Generator) -> Ints:
    away = rng.random(len(vehicle)) >= rules.own_district_share
    elsewhere = rng.choice(len(model.districts), size=len(vehicle), p=district_chances(model, rules))
    return np.where(away, elsewhere, fleet.district[vehicle])


def _places(rules: CohortRules, where: Ints, sites: dict[tuple[Cohort, int], HostSites], seed: int, day: int) -> Ints:
    """Load point of each session, drawn district by district so that no district depends on the others."""
    place = np.zeros(len(where), dtype=np.int64)
    for index in np.unique(where):
        here = np.flatnonzero(where == index)
        rng = np.random.default_rng([seed, PLACE_STREAM, rules.cohort, int(index), day % 2**32])
        found = sites[rules.cohort, int(index)]
        place[here] = rng.choice(found.point, size=len(here), p=found.chance)
    return place


def _stays(
    rules: CohortRules, count: int, starts: Floats, first_h: float, rng: np.random.Generator
) -> dict[str, Floats]:
    """When stays begin, charge and end, in hours from the start of the planning day; ends may lie beyond it."""
    energy = session_energies_kwh(rules, TAIL + (1 - 2 * TAIL) * rng.random(count))
    power = rng.choice(rules.size_kw, size=count, p=rules.size_share)
    hour = rng.choice(HOURS, size=count, p=starts)
    clock_h = hour + rng.random(count)
    start = (clock_h - first_h) % HOURS
    timer = (hour - rules.wait_first_h) % HOURS < (rules.wait_last_h - rules.wait_first_h) % HOURS
    timer &= rng.random(count) < rules.wait_share
    arrive = np.maximum(start - np.where(timer, rules.wait_max_h * rng.random(count), 0), 0)
    full = start + energy / power
    depart = full + rng.exponential(rules.overstay_mean_h, count)
    if np.isfinite(rules.depart_clock_mean_h):
        leave_clock = rng.normal(rules.depart_clock_mean_h, rules.depart_clock_sd_h, count)
        leave = start + (leave_clock - clock_h) % HOURS
        depart = np.where((leave >= full) & (leave - start <= rules.stay_max_h), leave, depart)
    depart = np.maximum(np.minimum(depart, arrive + max(rules.stay_max_h, 0)), full)
    lends = rng.random(count) < rules.v2g_share
    spare = np.where(lends, rules.v2g_spare_kwh * (0.5 + rng.random(count)), 0.0)
    return {
        "arrive_h": arrive,
        "start_h": start,
        "depart_h": np.minimum(depart, start + HOURS),
        "energy_kwh": np.minimum(energy, power * HOURS),
        "max_kw": power,
        "discharge_kw": np.where(lends, power, 0.0),
        "spare_kwh": spare,
    }


def _cut_at_the_edge(whole: dict[str, NDArray[np.generic]]) -> Sessions:
    """Cut stays that reach beyond the planning day in two; the second half returns at its start.

    Energy is split as unmanaged charging would. A half with nothing to charge has no flexibility left and is dropped;
    a stay is left whole when it is full before the edge, and then ends there.
    """
    start, depart = np.asarray(whole["start_h"], float), np.asarray(whole["depart_h"], float)
    energy, power = np.asarray(whole["energy_kwh"], float), np.asarray(whole["max_kw"], float)
    before = np.minimum(energy, power * np.maximum(HOURS - start, 0))
    after = energy - before
    # a rest too small to matter stays where it began, or a session of no length would be made
    crumb = after < 1e-6
    before, after = np.where(crumb, energy, before), np.where(crumb, 0.0, after)
    first = {**whole, "energy_kwh": before, "depart_h": np.minimum(depart, HOURS)}
    short = crumb & (start + before / power > HOURS)
    first["start_h"] = np.where(short, HOURS - before / power, start)
    first["arrive_h"] = np.minimum(np.asarray(whole["arrive_h"], float), first["start_h"])
    late = np.flatnonzero(after > 0)
    second = {name: values[late] for name, values in whole.items()}
    second["energy_kwh"] = after[late]
    second["arrive_h"] = second["start_h"] = np.zeros(len(late))
    second["depart_h"] = np.maximum(depart[late] - HOURS, after[late] / power[late])
    kept = before > 0
    return Sessions(**{name: np.concatenate([first[name][kept], second[name]]) for name in whole})
