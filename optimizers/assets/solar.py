r"""Solar inverters: generation that can be curtailed, and reactive power beside it inside the inverter's circle.

.. math:: 0 \le g_t \le \bar g_t, \qquad |q_t| \le S\,\bar q(g_t / S)

A step is a problem of its own: at prices λ of active and μ of reactive power the best reactive power beside g is
:math:`-\mathrm{sign}(\mu)\,S \bar q(g / S)`, and what remains is concave and piecewise linear in g, so its best value
lies at a corner of the circle's polygon, at full generation or at none.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

import highspy
import numpy as np
from scipy import sparse

from data.errors import ProblemList
from optimizers.arrays import Floats, Ints
from optimizers.assets.power_circle import PowerCircle
from optimizers.coordination_assets import AssetModel, AssetPlan, BestResponse, BusPrices
from optimizers.highs_arrays import ArrayModel


@dataclass(frozen=True, eq=False)
class SolarInverters:
    """A inverters over T steps; what they generate is not in the base load.

    Attributes
    ----------
    bus
        (A,) position in the network's buses.
    step_h
        Length of a step.
    price_krw_per_kwh
        (A, T) what a generated kWh earns.
    available_kw
        (A, T) generation without curtailment.
    curtailment_krw_per_kwh
        (A,) paid for each kWh curtailed, besides what it would have earned.
    rating_kva
        (A,) rating of the inverters; an inverter without sun stands still.
    circle
        What an inverter can do at once.
    """

    bus: Ints
    step_h: float
    price_krw_per_kwh: Floats
    available_kw: Floats
    curtailment_krw_per_kwh: Floats
    rating_kva: Floats
    circle: PowerCircle

    @property
    def kind(self) -> str:
        """Name of the kind."""
        return "solar inverters"

    @property
    def most_kw(self) -> Floats:
        """(A, T) most generation that the inverters pass on."""
        return np.minimum(self.available_kw, self.rating_kva[:, None])

    def select(self, assets: Ints) -> SolarInverters:
        """Return a block of some of the assets."""
        own = {f.name: getattr(self, f.name) for f in fields(self)}
        arrays: dict[str, Any] = {name: value[assets] for name, value in own.items() if isinstance(value, np.ndarray)}
        return replace(self, **arrays)

    def check(self, steps: int, step_h: float, problems: ProblemList) -> None:
        """Note everything that makes an inverter meaningless."""
        self.circle.check(problems, self.kind)
        if self.step_h != step_h:
            problems.add(self.kind, f"steps of {self.step_h:g} h", f"use {step_h:g} h", field="step_h")
        count = len(self.bus)
        shapes = {"price_krw_per_kwh": (count, steps), "available_kw": (count, steps)}
        for name in ("price_krw_per_kwh", "available_kw", "curtailment_krw_per_kwh", "rating_kva"):
            values, shape = getattr(self, name), shapes.get(name, (count,))
            if values.shape != shape:
                what = f"has shape {values.shape} for {count} inverters and {steps} steps"
                problems.add(self.kind, what, "give one value for each of them", field=name)
            elif not np.isfinite(values).all():
                problems.add(self.kind, "holds NaN or infinite values", "give finite numbers", field=name)
            elif name != "price_krw_per_kwh" and (values < 0).any():
                problems.add(self.kind, "holds negative values", "give magnitudes", field=name)

    def best_response(self, prices: BusPrices) -> BestResponse:
        """Return the cheapest plan of every inverter, exactly; of equal plans the one that generates more."""
        active = self.price_krw_per_kwh + prices.kw_krw_per_kwh[prices.row] + self.curtailment_krw_per_kwh[:, None]
        reactive = prices.kvar_krw_per_kvarh[prices.row]
        most, rating = self.most_kw, self.rating_kva[:, None]
        best, best_worth = most, active * most + np.abs(reactive) * self._most_kvar(most)
        for corner in np.unique(np.concatenate([[0.0], self.circle.corners()[:, 0]])):
            power = np.minimum(corner * rating, most)
            worth = active * power + np.abs(reactive) * self._most_kvar(power)
            better = worth > best_worth
            best, best_worth = np.where(better, power, best), np.where(better, worth, best_worth)
        plan = self._plan(best, -np.sign(reactive) * self._most_kvar(best))
        return BestResponse(plan, plan.cost_krw + prices.paid_krw(plan.kw, plan.kvar, self.step_h))

    def power_range_kw(self) -> tuple[Floats, Floats]:
        """Return (A, T) least and most power of a step by itself."""
        return -self.most_kw, np.zeros_like(self.available_kw)

    def model(self) -> AssetModel:
        """Return the compact model: columns are generation and reactive power, each A × T asset-major."""
        size, hour = self.available_kw.size, self.step_h
        most = self.most_kw.ravel()
        rating = np.where(most > 0, np.repeat(self.rating_kva, self.available_kw.shape[1]), 0.0)
        worth = (self.price_krw_per_kwh + self.curtailment_krw_per_kwh[:, None]).ravel() * hour
        free = rating * self.circle.reactive_share
        edges = [(a, sign * b, c) for a, b, c in self.circle.rows() if a > 0 for sign in (1.0, -1.0)]
        lit = np.flatnonzero(free > 0)
        row = np.arange(lit.size)
        shape = (lit.size, 2 * size)
        parts = [
            sparse.coo_array(
                (
                    np.concatenate([np.full(lit.size, a), np.full(lit.size, b)]),
                    (np.tile(row, 2), np.r_[lit, size + lit]),
                ),
                shape=shape,
            )
            for a, b, _ in edges
        ]
        upper = np.concatenate([np.zeros(0), *(c * rating[lit] for _, _, c in edges)])
        model = ArrayModel(
            cost=np.concatenate([-worth, np.zeros(size)]),
            lower=np.concatenate([np.zeros(size), -free]),
            upper=np.concatenate([most, free]),
            rows=sparse.vstack(parts).tocsr(),
            row_lower=np.full(upper.size, -highspy.kHighsInf),
            row_upper=upper,
        )
        one, place = np.ones(size), np.arange(size)
        kw = sparse.coo_array((-one, (place, place)), shape=(size, 2 * size)).tocsr()
        kvar = sparse.coo_array((one, (place, size + place)), shape=(size, 2 * size)).tocsr()
        nothing = np.zeros(size)
        return AssetModel(model, kw, kvar, nothing, nothing, self._compensation_krw())

    def plan_of(self, columns: Floats) -> AssetPlan:
        """Return the plan that columns of `model` stand for."""
        shape, size = self.available_kw.shape, self.available_kw.size
        power = np.clip(columns[:size].reshape(shape), 0.0, self.most_kw)
        most = self._most_kvar(power)
        return self._plan(power, np.clip(columns[size:].reshape(shape), -most, most))

    def _plan(self, power_kw: Floats, kvar: Floats) -> AssetPlan:
        curtailed = self.available_kw - power_kw
        lost = self.curtailment_krw_per_kwh * curtailed.sum(axis=1)
        earned = (self.price_krw_per_kwh * power_kw).sum(axis=1)
        return AssetPlan(-power_kw, kvar, np.asarray((lost - earned) * self.step_h), curtailed)

    def _most_kvar(self, power_kw: Floats) -> Floats:
        rating = np.where(self.most_kw > 0, self.rating_kva[:, None], 0.0)
        return rating * self.circle.most_reactive(np.minimum(power_kw / np.maximum(rating, 1e-12), 1.0))

    def _compensation_krw(self) -> float:
        """Return the price of curtailing everything."""
        return float(self.curtailment_krw_per_kwh @ self.available_kw.sum(axis=1)) * self.step_h
