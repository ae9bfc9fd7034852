"""Small districts for the benchmarks and tests of the city schedule, with every kind of flexible asset, seeded."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import xarray as xr

from grid import Network
from grid.elements import Buses, Lines, Slacks
from grid.powerflow import power_flow
from optimizers.arrays import Floats, Ints
from optimizers.assets.battery import Batteries
from optimizers.assets.building import Buildings
from optimizers.assets.hot_water import HotWaterTanks
from optimizers.assets.power_circle import PowerCircle
from optimizers.assets.solar import SolarInverters
from optimizers.assets.vehicles import Vehicles
from optimizers.coordination_assets import AssetBlock, BusPrices
from optimizers.coordination_problem import CityProblem, SharedLimits, limits_of_network

CIRCLE = PowerCircle(edges=16, reactive_share=0.5)
TAN_PHI = 0.2


@dataclass(frozen=True)
class DistrictCase:
    """Size of a random district, and which limits bind: `export` lets solar power lift voltages at noon."""

    seed: int
    buses: int = 12
    steps: int = 12
    step_h: float = 1.0
    export: bool = False


def random_district(case: DistrictCase) -> CityProblem:
    """Return a district whose limits a plan made for other prices just keeps, so that they bind and can be kept."""
    rng = np.random.default_rng([case.seed, 77])
    network = _tree(case, rng)
    base_kw = rng.uniform(90.0, 180.0, (case.steps, case.buses)) * _day(case)[:, None]
    base_kw[:, 0] = 0.0
    price = rng.choice([84.3, 137.4, 190.4], case.steps) + rng.uniform(0.0, 5.0, case.steps)
    assets = random_assets(case, price, rng)
    problem = CityProblem(
        id=f"district {case.seed}",
        network=network,
        limits=limits_of_network(network, 20_000.0, 2e7),
        shared=SharedLimits.none(case.steps),
        step_h=case.step_h,
        base_kw=base_kw,
        base_kvar=0.3 * base_kw,
        assets=assets,
    )
    return _with_limits_that_bind(problem, rng)


def _tree(case: DistrictCase, rng: np.random.Generator) -> Network:
    n = case.buses
    parent = np.array([rng.integers(max(0, k - 3), k) for k in range(1, n)])
    ids = np.array([f"b{k}" for k in range(n)])
    short = (12.0 / n) ** 2
    unknown = np.full(n, np.nan)
    lines = n - 1
    return Network(
        buses=Buses(ids, np.full(n, 22.9), np.full(n, 0.8), np.full(n, 1.2), unknown, unknown),
        lines=Lines(
            np.array([f"l{k}" for k in range(lines)]),
            parent,
            np.arange(1, n),
            short * rng.uniform(1.5, 4.5, lines),
            short * rng.uniform(1.5, 4.5, lines),
            np.zeros(lines),
            np.zeros(lines),
            np.full(lines, np.inf),
            np.ones(lines, dtype=bool),
        ),
        slacks=Slacks(np.array(["s"]), np.array([0]), np.array([1.0]), np.zeros(1)),
    )


def _day(case: DistrictCase) -> Floats:
    hour = (np.arange(case.steps) + 0.5) / case.steps
    return np.asarray(1.0 + 0.4 * np.sin(2.0 * np.pi * (hour - 0.35)))


def random_assets(case: DistrictCase, price: Floats, rng: np.random.Generator) -> tuple[AssetBlock, ...]:
    """Return vehicles, lent vehicles, batteries, buildings, hot water and solar inverters, in this order."""

    def at(count: int) -> Ints:
        return rng.integers(1, case.buses, count)

    def own(count: int) -> Floats:
        return np.tile(price, (count, 1)) + rng.choice([0.0, 20.0], (count, 1))

    h = case.step_h
    return (
        charging(at(2 * case.buses), h, own(2 * case.buses), rng),
        charging(at(4), h, own(4), rng, lends=True),
        _batteries(at(2), h, own(2), rng),
        _buildings(at(4), h, own(4), rng),
        _tanks(at(3), h, own(3), rng),
        _solar(case, at(3), own(3), rng),
    )


def charging(bus: Ints, step_h: float, price: Floats, rng: np.random.Generator, *, lends: bool = False) -> Vehicles:
    """Return vehicles with one stay each; with `lends` they can feed back."""
    count, steps = price.shape
    first = rng.integers(0, max(steps // 2, 1), count)
    last = np.minimum(first + rng.integers(min(3, steps - 1), steps, count), steps)
    power = rng.uniform(20.0, 60.0, count)
    energy = power * step_h * (last - first) * rng.uniform(0.2, 0.6, count)
    here = (np.arange(steps) >= first[:, None]) & (np.arange(steps) < last[:, None])
    edge = np.arange(steps + 1)
    since = np.clip(edge - first[:, None], 0, None) * step_h
    left = np.clip(last[:, None] - edge, 0, None) * step_h
    lent = 0.2 * power[:, None] if lends else np.zeros((count, 1))
    spare = np.minimum(0.5 * energy[:, None], lent * since)
    latest = np.maximum(energy[:, None] - power[:, None] * left, -spare)
    earliest = np.minimum(energy[:, None], power[:, None] * since)
    return Vehicles(
        bus=bus,
        step_h=step_h,
        price_krw_per_kwh=price,
        name="vehicle-to-grid cars" if lends else "electric vehicles",
        power_limit_kw=power[:, None] * here,
        discharge_limit_kw=lent * here,
        latest_kwh=latest,
        earliest_kwh=earliest,
        return_efficiency=np.full(count, 0.9),
        wear_krw_per_kwh=np.full(count, 30.0),
        tan_phi=np.full(count, TAN_PHI),
    )


def _batteries(bus: Ints, h: float, price: Floats, rng: np.random.Generator) -> Batteries:
    count = len(bus)
    size = rng.uniform(60.0, 100.0, count)
    power = 0.2 * size / h
    return Batteries(
        bus=bus,
        step_h=h,
        price_krw_per_kwh=price,
        power_kw=power,
        rating_kva=1.1 * power,
        min_kwh=0.1 * size,
        max_kwh=0.9 * size,
        initial_kwh=0.5 * size,
        terminal_min_kwh=0.5 * size,
        charge_efficiency=np.full(count, 0.95),
        discharge_efficiency=np.full(count, 0.94),
        standing_loss_per_h=np.full(count, 0.002),
        wear_krw_per_kwh=np.full(count, 30.0),
        end_value_krw_per_kwh=np.zeros(count),
        circle=CIRCLE,
    )


def _buildings(bus: Ints, h: float, price: Floats, rng: np.random.Generator) -> Buildings:
    count, steps = price.shape
    base = rng.uniform(5.0, 25.0, (count, steps))
    return Buildings(
        bus=bus,
        step_h=h,
        price_krw_per_kwh=price,
        name="cooling of buildings",
        baseline_kw=base,
        most_kw=base + rng.uniform(5.0, 25.0, (count, 1)),
        kw_per_k=rng.uniform(3.0, 8.0, count),
        time_constant_h=rng.uniform(5.0, 20.0, count),
        less_k=np.full((count, steps + 1), 1.0),
        more_k=np.full((count, steps + 1), 1.5),
        tan_phi=np.full(count, TAN_PHI),
    )


def _tanks(bus: Ints, h: float, price: Floats, rng: np.random.Generator) -> HotWaterTanks:
    count, steps = price.shape
    draw = rng.uniform(2.0, 10.0, (count, steps)) * h
    size = draw.sum(axis=1) * 0.5
    return HotWaterTanks(
        bus=bus,
        step_h=h,
        price_krw_per_kwh=price,
        name="hot water",
        baseline_kw=draw / h,
        power_kw=3.0 * draw.mean(axis=1) / h + 5.0,
        draw_kwh=draw,
        capacity_kwh=size,
        initial_kwh=0.5 * size,
        terminal_min_kwh=0.5 * size,
        standing_loss_per_h=np.full(count, 0.01),
        tan_phi=np.zeros(count),
    )


def _solar(case: DistrictCase, bus: Ints, price: Floats, rng: np.random.Generator) -> SolarInverters:
    count = len(bus)
    hour = (np.arange(case.steps) + 0.5) / case.steps * 24.0
    sun = np.maximum(np.cos((hour - 12.5) / 12.0 * np.pi), 0.0)
    size = rng.uniform(15.0, 25.0, count) * (60.0 if case.export else 1.0)
    return SolarInverters(
        bus=bus,
        step_h=case.step_h,
        price_krw_per_kwh=price,
        available_kw=size[:, None] * sun,
        curtailment_krw_per_kwh=np.full(count, 20.0),
        rating_kva=size,
        circle=CIRCLE,
    )


def flat_response_loads(problem: CityProblem, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Return the loads of plans that favour hours of low load: limits can be drawn around them."""
    kw, kvar = problem.base_kw.copy(), problem.base_kvar.copy()
    for _ in range(2):
        total = kw.sum(axis=1)
        wish = 400.0 * (total - total.mean()) / max(float(np.ptp(total)), 1e-9) + rng.uniform(-20, 20, problem.steps)
        plans = [
            block.best_response(BusPrices(wish[None, :], np.zeros((1, problem.steps)), np.zeros(len(block.bus), int)))
            for block in problem.assets
        ]
        kw, kvar = problem.base_kw.copy(), problem.base_kvar.copy()
        for block, response in zip(problem.assets, plans, strict=True):
            np.add.at(kw.T, block.bus, response.plan.kw)
            np.add.at(kvar.T, block.bus, response.plan.kvar)
    return kw, kvar


def _with_limits_that_bind(problem: CityProblem, rng: np.random.Generator) -> CityProblem:
    kw, kvar = flat_response_loads(problem, rng)
    flow = power_flow(problem.network, *(labelled(problem.network, values) for values in (kw, kvar)))
    v, current = flow.v_pu.to_numpy(), flow.branch_a.to_numpy()
    buses, lines = problem.network.buses, problem.network.lines
    count = len(buses)
    low, high = np.full(count, v.min() - 1e-3), np.full(count, max(float(v.max()), 1.0) + 2e-3)
    network = replace(
        problem.network,
        buses=replace(buses, v_min_pu=low, v_max_pu=high),
        lines=replace(lines, rating_a=1.05 * current.max(axis=0) + 1.0),
    )
    return replace(problem, network=network)


def labelled(network: Network, values: Floats) -> xr.DataArray:
    """Return (T, N) loads with the labels of the network."""
    return xr.DataArray(values, dims=("time", "bus"), coords={"bus": network.buses.id})
