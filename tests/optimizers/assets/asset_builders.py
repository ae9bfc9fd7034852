"""Random blocks of every kind of flexible asset, and their cheapest plans by the reference model."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyomo.environ as pyo

from benchmarks.schedule_districts import DistrictCase, random_assets
from optimizers.assets.battery import Batteries
from optimizers.city_reference.compose import add_assets
from optimizers.coordination_assets import BusPrices
from optimizers.solver import SolveLimits, SolveStatus, solve_model

STEPS = 8
KINDS = ("vehicles", "lent vehicles", "batteries", "buildings", "hot water", "solar")


def block_of(kind: str, seed: int, steps: int = STEPS):
    rng = np.random.default_rng([seed, 5])
    price = rng.choice([-60.0, 84.3, 137.4, 190.4], steps)
    blocks = random_assets(DistrictCase(seed, buses=6, steps=steps), price, rng)
    block = blocks[KINDS.index(kind)].select(np.array([0, 1]))
    return replace(block, end_value_krw_per_kwh=rng.uniform(50.0, 150.0, 2)) if kind == "batteries" else block


def added_prices(seed: int, assets: int, steps: int = STEPS, *, reactive: bool = True) -> BusPrices:
    rng = np.random.default_rng([seed, 6])
    kvar = rng.normal(0.0, 40.0, (2, steps)) * (rng.random((2, steps)) < 0.7) * reactive
    return BusPrices(rng.normal(0.0, 60.0, (2, steps)), kvar, rng.integers(0, 2, assets))


def reference_cost_krw(block, prices: BusPrices) -> float:
    """The least cost of a block with added prices, by its mixed-integer model in Pyomo."""
    m = pyo.ConcreteModel()
    m.b = pyo.Block()
    steps = prices.kw_krw_per_kwh.shape[1]
    add_assets(m.b, block, steps)
    kw, kvar = (table[prices.row] * block.step_h for table in (prices.kw_krw_per_kwh, prices.kvar_krw_per_kvarh))
    paid = sum(kw[a, t] * m.b.kw[a, t] + kvar[a, t] * m.b.kvar[a, t] for a in m.b.A for t in m.b.T)
    m.cost = pyo.Objective(expr=m.b.cost_krw + paid)
    solved = solve_model(m, SolveLimits(30.0, gap=1e-9))
    assert solved.status is SolveStatus.OPTIMAL, solved
    return solved.objective


def with_negative_prices(block: Batteries, seed: int) -> Batteries:
    """Prices so far below zero that wasting energy would pay."""
    rng = np.random.default_rng([seed, 7])
    deep = np.where(rng.random(block.price_krw_per_kwh.shape) < 0.5, -900.0, block.price_krw_per_kwh)
    return replace(block, price_krw_per_kwh=deep)
