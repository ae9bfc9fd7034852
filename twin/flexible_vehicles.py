"""Vehicles that lend energy while they stand at smart-parking sockets."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from optimizers.assets.vehicles import Vehicles
from twin.city_prices import cohort_tariffs, tariff_price
from twin.day import CityDay
from twin.ev_cohorts import Cohort
from twin.ev_envelopes import highest_kwh, lowest_kwh
from twin.ev_sessions import Sessions

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def lent_sessions(day: CityDay) -> Ints:
    """Return the sessions at smart-parking sockets, as positions in `CityDay.sessions`.

    Sessions of the table's cohorts at the same bus take sockets in the order of arrival, as long as one is free.
    """
    table = day.city.folder.tables.get("vehicle_to_grid")
    if table is None:
        return np.zeros(0, dtype=np.int64)
    sockets = _sockets(day, table)
    cohorts = [int(Cohort[str(name).upper()]) for name in table["cohort"].unique()]
    sessions = day.sessions
    wanted = np.flatnonzero(np.isin(sessions.cohort, cohorts) & (sockets[sessions.bus] > 0))
    free_at = {int(bus): [0.0] * int(sockets[bus]) for bus in np.unique(sessions.bus[wanted])}
    taken = []
    for session in wanted[np.argsort(sessions.arrive_h[wanted], kind="stable")].tolist():
        free = free_at[int(sessions.bus[session])]
        first = int(np.argmin(free))
        if free[first] <= sessions.arrive_h[session] + 1e-9:
            free[first] = float(sessions.depart_h[session])
            taken.append(session)
    return np.array(sorted(taken), dtype=np.int64)


def _sockets(day: CityDay, table: pd.DataFrame) -> Ints:
    assets = day.assets
    kinds = np.flatnonzero(np.isin(assets.classes.id, table["class"].astype(str).unique()))
    mine = np.isin(assets.kind, kinds)
    buses = len(day.city.grid.network.buses)
    return np.bincount(assets.bus[mine], assets.units[mine], buses).astype(np.int64)


def lent_vehicles(day: CityDay, lent: Ints) -> Vehicles:
    """Return the vehicles of some sessions at sockets, one asset a session; see `lent_sessions`."""
    table = day.city.folder.tables["vehicle_to_grid"]
    row_of = {int(Cohort[str(name).upper()]): row for row, name in enumerate(table["cohort"])}
    row = np.array([row_of[int(cohort)] for cohort in day.sessions.cohort[lent]], dtype=np.int64)
    rules = {rule.cohort: rule for rule in day.city.ev.cohorts}
    spare = np.array([rules[Cohort(int(cohort))].v2g_spare_kwh for cohort in day.sessions.cohort[lent]])
    socket = table["socket_kw"].to_numpy(float)[row]
    sessions = day.sessions.take(lent)
    sessions = replace(sessions, max_kw=np.maximum(sessions.max_kw, socket), discharge_kw=socket, spare_kwh=spare)
    limit, curves = _limits(sessions, day.steps, day.step_h)
    plans = cohort_tariffs(day)
    prices = {cohort: tariff_price(day, plans[cohort]) for cohort in Cohort}
    factor = day.city.folder.parameter("charging_power_factor")
    back = limit * (sessions.discharge_kw / sessions.max_kw)[:, None]
    return Vehicles(
        bus=sessions.bus,
        step_h=day.step_h,
        price_krw_per_kwh=np.stack([prices[Cohort(int(cohort))] for cohort in sessions.cohort]),
        name="vehicles at smart parking",
        power_limit_kw=limit,
        discharge_limit_kw=back,
        latest_kwh=curves[0],
        earliest_kwh=curves[1],
        return_efficiency=table["return_efficiency"].to_numpy(float)[row],
        wear_krw_per_kwh=table["reward_krw_per_kwh"].to_numpy(float)[row],
        tan_phi=np.full(len(lent), np.sqrt(1.0 / factor**2 - 1.0)),
    )


def _limits(sessions: Sessions, steps: int, step_h: float) -> tuple[Floats, tuple[Floats, Floats]]:
    """Return (S, T) most power, and (S, T + 1) latest and earliest energy charged."""
    edges_h: Floats = np.arange(steps + 1, dtype=np.float64) * step_h
    inside_h = np.clip(edges_h[None, :], sessions.arrive_h[:, None], sessions.depart_h[:, None])
    limit = sessions.max_kw[:, None] * np.diff(inside_h, axis=1) / step_h
    earliest, latest = highest_kwh(sessions, edges_h), lowest_kwh(sessions, edges_h)
    latest[:, -1] = earliest[:, -1]
    gone = edges_h[None, :] >= sessions.depart_h[:, None]
    latest = np.where(gone, sessions.energy_kwh[:, None], latest)
    return limit, (np.minimum(latest, earliest), earliest)
