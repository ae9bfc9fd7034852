"""A small feeder with vehicles and a battery whose lower voltages and head bind in the evening."""

from __future__ import annotations

import numpy as np

from grid.network import Buses, Lines, Network, Slacks, Transformers
from optimizers.assets.battery import Batteries
from optimizers.assets.power_circle import PowerCircle
from optimizers.assets.vehicles import Vehicles
from optimizers.coordination_problem import CityProblem, NetworkLimits, SharedLimits

UNITY = PowerCircle(edges=8, reactive_share=0.0)


def feeder(buses: int = 6, rating_a: float = 60.0, v_min_pu: float = 0.95) -> Network:
    """A chain of buses of 22.9 kV behind one slack, 2 km a section."""
    count = buses - 1
    unknown = np.full(buses, np.nan)
    return Network(
        buses=Buses(
            np.array([f"b{k}" for k in range(buses)]),
            np.full(buses, 22.9),
            np.full(buses, v_min_pu),
            np.full(buses, 1.05),
            unknown,
            unknown,
        ),
        lines=Lines(
            np.array([f"l{k}" for k in range(1, buses)]),
            np.arange(count),
            np.arange(1, buses),
            np.full(count, 2.0),
            np.full(count, 3.0),
            np.zeros(count),
            np.zeros(count),
            np.full(count, rating_a),
            np.ones(count, dtype=bool),
        ),
        transformers=Transformers(),
        slacks=Slacks(np.array(["grid"]), np.array([0]), np.array([1.0]), np.array([0.0])),
    )


def prices(steps: int) -> np.ndarray:
    """Cheap at both ends of the horizon, dear in the middle."""
    hour = np.arange(steps) * 24.0 / steps
    return 120.0 + 60.0 * np.exp(-(((hour - 14.0) / 4.0) ** 2)) + 0.01 * np.arange(steps)


def cars(bus: np.ndarray, steps: int, step_h: float, seed: int = 0, size_kw: float = 200.0) -> Vehicles:
    """Groups of vehicles, each in place over a few hours, that need half of what they could draw."""
    rng = np.random.default_rng(seed)
    count = len(bus)
    arrive = rng.integers(0, steps // 2, count)
    depart = arrive + rng.integers(steps // 4, steps // 2, count)
    step = np.arange(steps)
    here = (step >= arrive[:, None]) & (step < depart[:, None])
    limit = np.where(here, size_kw, 0.0)
    most = np.concatenate([np.zeros((count, 1)), np.cumsum(limit, axis=1)], axis=1) * step_h
    need = 0.5 * most[:, -1:]
    earliest = np.minimum(most, need)
    latest = np.maximum(need - (most[:, -1:] - most), 0.0)
    return Vehicles(
        bus=bus,
        step_h=step_h,
        price_krw_per_kwh=np.tile(prices(steps), (count, 1)),
        name="cars",
        power_limit_kw=limit,
        discharge_limit_kw=np.zeros_like(limit),
        latest_kwh=latest,
        earliest_kwh=earliest,
        return_efficiency=np.ones(count),
        wear_krw_per_kwh=np.zeros(count),
        tan_phi=np.full(count, 0.2),
    )


def batteries(bus: np.ndarray, steps: int, step_h: float) -> Batteries:
    """Batteries of 200 kW and 400 kWh, half full at both ends."""
    full = {
        "power_kw": 200.0,
        "rating_kva": 200.0,
        "min_kwh": 0.0,
        "max_kwh": 400.0,
        "initial_kwh": 200.0,
        "terminal_min_kwh": 200.0,
        "charge_efficiency": 0.95,
        "discharge_efficiency": 0.95,
        "standing_loss_per_h": 0.0,
        "wear_krw_per_kwh": 5.0,
        "end_value_krw_per_kwh": 0.0,
    }
    columns = {name: np.full(len(bus), value) for name, value in full.items()}
    return Batteries(bus, step_h, np.tile(prices(steps), (len(bus), 1)), **columns, circle=UNITY)


def small_city(
    steps: int = 24, seed: int = 0, base_kw: float = 300.0, car_kw: float = 200.0, rating_a: float = 60.0
) -> CityProblem:
    """Return a city of one feeder: base load at every bus, six groups of cars, one battery."""
    network, step_h = feeder(rating_a=rating_a), 24.0 / steps
    size = len(network.buses)
    hour = np.arange(steps) * step_h
    shape = 0.6 + 0.4 * np.cos((hour - 19.0) / 12.0 * np.pi)
    base = np.outer(shape, np.r_[0.0, np.full(size - 1, base_kw)])
    bus = np.array([1, 2, 3, 4, 5, 5])
    blocks = (cars(bus, steps, step_h, seed, car_kw), batteries(np.array([3]), steps, step_h))
    return CityProblem(
        id=f"small city {seed}",
        network=network,
        limits=NetworkLimits(
            group=np.array(["F1"]),
            bus_group=np.zeros(size, dtype=np.int64),
            branch_group=np.zeros(size - 1, dtype=np.int64),
            flow_branch=np.zeros(1, dtype=np.int64),
            flow_limit_kw=np.array([1e6]),
            overload_krw_per_kwh=20000.0,
            voltage_krw_per_pu_h=1e8,
            group_feed=np.zeros(1, dtype=np.int64),
            group_parent=np.full(1, -1, dtype=np.int64),
        ),
        shared=SharedLimits.none(steps),
        step_h=step_h,
        base_kw=base,
        base_kvar=0.3 * base,
        assets=blocks,
    )
