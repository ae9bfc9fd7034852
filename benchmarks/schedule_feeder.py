"""The 33-bus feeder of Baran and Wu with electric vehicles at every bus."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from grid import Network
from grid.elements import Loads
from optimizers.arrays import Floats
from optimizers.assets.vehicles import Vehicles
from optimizers.coordination_problem import CityProblem, SharedLimits, limits_of_network

V_MIN_PU = 0.935
ENERGY_KWH = 360.0
POWER_KW = 150.0


@dataclass(frozen=True)
class FeederCase:
    """Steps of the day, which begins at noon, and the seed of arrivals."""

    steps: int = 48
    seed: int = 1


def feeder_33_bus(case: FeederCase) -> CityProblem:
    """Return the feeder: its loads follow a day, prices fall towards three at night, lower voltages bind then."""
    import pandapower.networks as cases  # noqa: PLC0415 — slow to import, and only wanted here

    network = _one_voltage(Network.from_pandapower(cases.case33bw()))
    rng = np.random.default_rng(case.seed)
    hour = (12.0 + np.arange(case.steps) * 24.0 / case.steps) % 24.0
    shape = 0.35 + 0.15 * np.exp(-(((hour - 10.0) / 3.0) ** 2)) + 0.3 * np.exp(-(((hour - 19.5) / 2.5) ** 2))
    loads, count = network.loads, len(network.buses)
    own_kw, own_kvar = np.zeros(count), np.zeros(count)
    np.add.at(own_kw, loads.bus, loads.p_kw)
    np.add.at(own_kvar, loads.bus, loads.q_kvar)
    network = replace(network, loads=Loads())
    return CityProblem(
        id="33 buses",
        network=network,
        limits=limits_of_network(network, 20_000.0, 2e7),
        shared=SharedLimits.none(case.steps),
        step_h=24.0 / case.steps,
        base_kw=shape[:, None] * own_kw,
        base_kvar=shape[:, None] * own_kvar,
        assets=(_vehicles(np.arange(1, count), case, hour, rng),),
    )


def _one_voltage(network: Network) -> Network:
    """Hold every bus at or above the lower limit, and leave ratings out: the case has none."""
    count, lines = len(network.buses), network.lines
    buses = replace(network.buses, v_min_pu=np.full(count, V_MIN_PU), v_max_pu=np.full(count, 1.1))
    kept = np.flatnonzero(lines.in_service)
    columns: dict[str, Any] = {name: values[kept] for name, values in vars(lines).items()}
    columns["rating_a"] = np.full(kept.size, np.inf)
    return replace(network, buses=buses, lines=replace(lines, **columns))


def _vehicles(bus: np.ndarray, case: FeederCase, hour: Floats, rng: np.random.Generator) -> Vehicles:
    """Return a cohort at every bus that comes between 16 and 19 h and leaves between half past 6 and 8 h."""
    count, steps = len(bus), case.steps
    step_h = 24.0 / steps
    edge_h = np.arange(steps + 1) * step_h
    arrive, leave = rng.uniform(4.0, 7.0, count), rng.uniform(18.5, 20.0, count)
    inside_h = np.clip(edge_h, arrive[:, None], leave[:, None])
    since, left = inside_h - arrive[:, None], leave[:, None] - inside_h
    energy = ENERGY_KWH * rng.uniform(0.8, 1.2, (count, 1))
    from_three_h = np.abs((hour - 3.0 + 12.0) % 24.0 - 12.0)
    price = np.where(
        (hour >= 22.0) | (hour < 8.0), 70.0 + 2.0 * from_three_h, np.where((hour >= 16.0) & (hour < 19.0), 259.2, 172.0)
    )
    return Vehicles(
        bus=bus,
        step_h=24.0 / case.steps,
        price_krw_per_kwh=np.tile(price, (count, 1)),
        name="electric vehicles",
        power_limit_kw=POWER_KW * np.diff(inside_h, axis=1) / step_h,
        discharge_limit_kw=np.zeros((count, steps)),
        latest_kwh=np.maximum(energy - POWER_KW * left, 0.0),
        earliest_kwh=np.minimum(energy, POWER_KW * since),
        return_efficiency=np.ones(count),
        wear_krw_per_kwh=np.zeros(count),
        tan_phi=np.zeros(count),
    )
