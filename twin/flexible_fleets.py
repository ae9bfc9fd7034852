"""Fleets that charge together in a part of the day: autonomous shuttles, shared bicycles."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.tariffs_time import local_times
from optimizers.assets.vehicles import Vehicles
from twin.city_prices import BATTERY_HOST_CLASS
from twin.day import CityDay
from twin.flexible_prices import class_price_krw_per_kwh

Floats = NDArray[np.float64]


def flexible_fleets(day: CityDay) -> tuple[tuple[Vehicles, ...], Floats]:
    """Return the fleets of the table `fleet_charging`, and the (T, N) load they have in the fixed load until planned.

    A fleet's energy of the day is that of its class; each stretch of hours at the chargers has its part of it.
    """
    planned = np.zeros_like(day.fixed_kw)
    table = day.city.folder.tables.get("fleet_charging")
    found: list[Vehicles] = []
    for _, row in () if table is None else table.iterrows():
        fleet = _fleet(day, row, planned)
        if fleet is not None:
            found.append(fleet)
    return tuple(found), planned


def _fleet(day: CityDay, row: pd.Series, planned_kw: Floats) -> Vehicles | None:
    assets, classes = day.assets, day.assets.classes
    kind = int(np.flatnonzero(classes.id == str(row["class"]))[0])
    mine = np.flatnonzero(assets.kind == kind)
    if not mine.size or classes.in_demand[kind]:
        return None
    bus, first = np.unique(assets.bus[mine], return_inverse=True)
    units = np.bincount(first, assets.units[mine])
    hour = local_times(day.planning.times_utc, day.planning.zone).hour.to_numpy()
    usual = units[:, None] * classes.kw_per_unit[kind] * classes.of_mean[kind, hour]
    planned_kw[:, bus] += usual.T
    here = at_chargers(_clock_h(day), float(row["plug_in_clock_h"]), float(row["leave_clock_h"]))
    energy = usual.sum(axis=1) * day.step_h
    power = np.maximum(units * float(row["charger_kw"]), energy / (here.sum() * day.step_h))
    latest, earliest = stretch_curves_kwh(here, energy, power, day.step_h)
    count = len(bus)
    factor = day.city.folder.parameter("charging_power_factor")
    return Vehicles(
        bus=bus,
        step_h=day.step_h,
        price_krw_per_kwh=np.tile(class_price_krw_per_kwh(day, BATTERY_HOST_CLASS), (count, 1)),
        name=str(classes.name_en[kind]).lower(),
        power_limit_kw=power[:, None] * here,
        discharge_limit_kw=np.zeros((count, day.steps)),
        latest_kwh=latest,
        earliest_kwh=earliest,
        return_efficiency=np.ones(count),
        wear_krw_per_kwh=np.zeros(count),
        tan_phi=np.full(count, np.sqrt(1.0 / factor**2 - 1.0)),
    )


def _clock_h(day: CityDay) -> Floats:
    """Return the (T,) local hour of the middle of each step."""
    local = local_times(day.planning.times_utc, day.planning.zone)
    return np.asarray((local.hour + local.minute / 60.0).to_numpy(float) + day.step_h / 2.0)


def at_chargers(clock_h: Floats, plug_in_h: float, leave_h: float) -> NDArray[np.bool_]:
    """Return whether a fleet is at its chargers, through midnight when it leaves earlier than it comes."""
    after, before = clock_h % 24.0 >= plug_in_h, clock_h % 24.0 < leave_h
    return np.asarray(after & before if plug_in_h < leave_h else after | before)


def stretch_curves_kwh(
    here: NDArray[np.bool_], energy_kwh: Floats, power_kw: Floats, step_h: float
) -> tuple[Floats, Floats]:
    """Return the (A, T + 1) latest and earliest curves of fleets at their chargers in stretches of steps.

    Each stretch charges its part of the day's energy by its own end: what belongs to a night cut by the edge of the
    day stays on its side.
    """
    steps, share = len(here), 1.0 / max(int(here.sum()), 1)
    due, done = np.zeros(steps + 1), np.zeros(steps + 1)
    for t in range(steps):
        done[t + 1] = done[t] + share * here[t]
    for t in range(steps + 1):
        inside = 0 < t < steps and here[t - 1] and here[t]
        due[t] = due[t - 1] if inside else done[t]
    allowed = np.empty(steps + 1)
    allowed[steps] = done[steps]
    for t in range(steps - 1, -1, -1):
        allowed[t] = allowed[t + 1] if (here[t] and t > 0 and here[t - 1]) else done[t]
    ramp_kwh = np.zeros((len(power_kw), steps + 1))
    need_kwh = energy_kwh[:, None] * due
    earliest = energy_kwh[:, None] * allowed
    for t in range(steps):
        grown = ramp_kwh[:, t] + power_kw * step_h * here[t]
        ramp_kwh[:, t + 1] = np.minimum(grown, earliest[:, t + 1])
    latest = need_kwh.copy()
    for t in range(steps - 1, -1, -1):
        latest[:, t] = np.maximum(latest[:, t], latest[:, t + 1] - power_kw * step_h * here[t])
    return np.minimum(latest, ramp_kwh), ramp_kwh
