"""From plans of assets to loads at the buses of a network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, is_dataclass, replace

import numpy as np
from scipy import sparse

from optimizers.arrays import Floats, Ints
from optimizers.coordination_assets import AssetPlan
from optimizers.coordination_problem import CityProblem


def at_buses(power: Floats, bus: Ints, buses: int) -> Floats:
    """Return (T, N) sums of (A, T) powers at the (A,) buses they stand at."""
    place = sparse.csr_array((np.ones(len(bus)), (bus, np.arange(len(bus)))), shape=(buses, len(bus)))
    return np.asarray((place @ power).T)


def loads_of(problem: CityProblem, plans: Sequence[AssetPlan | None]) -> tuple[Floats, Floats]:
    """Return (T, N) active and reactive loads with the plans of all blocks; None stands for a block that rests."""
    kw, kvar, buses = problem.base_kw.copy(), problem.base_kvar.copy(), len(problem.network.buses)
    for block, plan in zip(problem.assets, plans, strict=True):
        if plan is not None and len(block.bus):
            kw += at_buses(plan.kw, block.bus, buses)
            kvar += at_buses(plan.kvar, block.bus, buses)
    return kw, kvar


def range_at_buses(problem: CityProblem) -> tuple[Floats, Floats]:
    """Return (T, N) least and most active load that assets can add at each bus, each step by itself."""
    low, high = np.zeros_like(problem.base_kw), np.zeros_like(problem.base_kw)
    for block in problem.assets:
        if len(block.bus):
            least, most = block.power_range_kw()
            low += at_buses(least, block.bus, low.shape[1])
            high += at_buses(most, block.bus, low.shape[1])
    return low, high


def put_rows(plan: AssetPlan, rows: Ints, part: AssetPlan) -> AssetPlan:
    """Put the plan of some assets in place, in the arrays of `plan` itself; so is a detail of one entry an asset."""
    plan.kw[rows], plan.kvar[rows], plan.cost_krw[rows] = part.kw, part.kvar, part.cost_krw
    return AssetPlan(plan.kw, plan.kvar, plan.cost_krw, _merged(plan.detail, rows, part.detail))


def rows_of(plan: AssetPlan, rows: Ints) -> AssetPlan:
    """Return the plan of some assets; the detail where it has one entry an asset."""
    detail = [plan.detail[k] for k in rows] if isinstance(plan.detail, list) else None
    return AssetPlan(plan.kw[rows], plan.kvar[rows], plan.cost_krw[rows], detail)


def _merged(detail: object, rows: Ints, part: object) -> object:
    if isinstance(detail, list) and isinstance(part, list):
        merged = list(detail)
        for row, value in zip(rows.tolist(), part, strict=True):
            merged[row] = value
        return merged
    if is_dataclass(detail) and not isinstance(detail, type) and type(detail) is type(part):
        values = {}
        for field in fields(detail):
            whole, new = getattr(detail, field.name), getattr(part, field.name)
            if not isinstance(whole, np.ndarray):
                return None
            values[field.name] = whole.copy()
            values[field.name][rows] = new
        return replace(detail, **values)
    return None
