r"""Charging sessions of electric vehicles: each must have its energy by departure, and may be moved in time.

The compact model has the energies after each step in which the session may draw as its columns (elsewhere nothing can
change), so the whole envelope is bounds of columns and one row of two entries a step:

.. math:: 0 \le e_{a,k} - e_{a,k-1} \le h P_{a,k}
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from data.errors import ProblemList
from optimizers.arrays import Flags, Floats, Ints
from optimizers.coordination_assets import AssetModel, AssetPlan, BestResponse, BusPrices
from optimizers.envelopes import Envelopes, best_response_kw, fill_valleys_kw
from optimizers.highs_arrays import ArrayModel


@dataclass(frozen=True, eq=False)
class Charging:
    """A sessions (or cohorts of them), charging only, at a fixed power factor.

    Attributes
    ----------
    bus
        (A,) position in the network's buses.
    envelopes
        What each may draw and when.
    price_krw_per_kwh, price_row
        (R, T) prices, and the (A,) row each asset pays.
    kvar_per_kw
        Reactive power drawn with each kW.
    step_h
        Length of a step.
    """

    bus: Ints
    envelopes: Envelopes
    price_krw_per_kwh: Floats
    price_row: Ints
    kvar_per_kw: float
    step_h: float
    kind: str = "electric vehicles"

    def select(self, assets: Ints) -> Charging:
        """Return some of the assets."""
        return Charging(
            self.bus[assets],
            self.envelopes.select(assets),
            self.price_krw_per_kwh,
            self.price_row[assets],
            self.kvar_per_kw,
            self.step_h,
            self.kind,
        )

    def check(self, steps: int, step_h: float, problems: ProblemList) -> None:
        """Note crossed or falling curves, needs above the power limit, prices that do not fit."""
        if self.envelopes.power_limit_kw.shape[1] != steps or self.step_h != step_h:
            problems.add(self.kind, "envelopes of another horizon", f"give {steps} steps of {step_h:g} h")
            return
        self.envelopes.check(step_h, problems, self.kind)
        prices, rows = self.price_krw_per_kwh, self.price_row
        if prices.shape[1] != steps:
            what = f"prices for {prices.shape[1]} of {steps} steps"
            problems.add(self.kind, what, "give one price a step", field="price_krw_per_kwh")
        elif not np.isfinite(prices).all():
            problems.add(self.kind, "NaN or infinite prices", "give finite numbers", field="price_krw_per_kwh")
        if rows.shape != self.bus.shape or (rows.size and (rows.min() < 0 or rows.max() >= len(prices))):
            problems.add(self.kind, "not one valid price row an asset", f"use 0 … {len(prices) - 1}", field="price_row")

    def best_response(self, prices: BusPrices) -> BestResponse:
        """Return the cheapest plan of each asset, exactly; of equal steps the earlier is filled first."""
        table, row = self._seen(prices)
        kw = best_response_kw(self.envelopes, table, row, self.step_h)
        plan = self._plan(kw)
        paid = np.einsum("at,at->a", kw, table[row]) * self.step_h
        return BestResponse(plan, paid)

    def spread_response(self, prices: BusPrices, group: Ints, load_kw: Floats, cap_kw: Floats) -> AssetPlan:
        """Return a plan that takes cheap steps first and, of equally cheap ones, the least loaded of its group."""
        table, row = self._seen(prices)
        return self._plan(fill_valleys_kw(self.envelopes, table, row, group, load_kw, cap_kw, self.step_h))

    def _seen(self, prices: BusPrices) -> tuple[Floats, Ints]:
        """Return the distinct rows of own and added prices, and the row of each asset."""
        pair = self.price_row * len(prices.kw_krw_per_kwh) + prices.row
        kinds, row = np.unique(pair, return_inverse=True)
        own, added = np.divmod(kinds, len(prices.kw_krw_per_kwh))
        table = self.price_krw_per_kwh[own] + prices.kw_krw_per_kwh[added]
        return table + self.kvar_per_kw * prices.kvar_krw_per_kvarh[added], row

    def power_range_kw(self) -> tuple[Floats, Floats]:
        """Return 0 and the power limit."""
        return np.zeros_like(self.envelopes.power_limit_kw), self.envelopes.power_limit_kw

    def model(self) -> AssetModel:
        """Return the compact model over energies after the steps in which something can be drawn."""
        active = _Active.of(self.envelopes.power_limit_kw)
        size, steps = active.asset.size, self.envelopes.power_limit_kw.shape[1]
        position = np.arange(size)
        later = ~active.first
        rows = sparse.csr_array(
            (
                np.concatenate([np.ones(size), -np.ones(int(later.sum()))]),
                (np.concatenate([position, position[later]]), np.concatenate([position, position[later] - 1])),
            ),
            shape=(size, size),
        )
        price = self.price_krw_per_kwh[self.price_row[active.asset], active.step]
        following = np.r_[price[1:], 0.0] if size else price
        spread = sparse.csr_array(
            (np.full(size, 1 / self.step_h), (active.asset * steps + active.step, position)),
            shape=(len(self.bus) * steps, size),
        )
        kw = (spread @ rows).tocsr()
        nothing = np.zeros(len(self.bus) * steps)
        model = ArrayModel(
            cost=price - np.where(active.last, 0.0, following),
            lower=self.envelopes.latest_kwh[active.asset, active.next_step],
            upper=self.envelopes.earliest_kwh[active.asset, active.step + 1],
            rows=rows,
            row_lower=np.zeros(size),
            row_upper=self.step_h * self.envelopes.power_limit_kw[active.asset, active.step],
        )
        return AssetModel(model, kw, (kw * self.kvar_per_kw).tocsr(), nothing, nothing)

    def plan_of(self, columns: Floats) -> AssetPlan:
        """Return the plan of energies, moved within rounding so that every envelope is kept."""
        envelopes, active = self.envelopes, _Active.of(self.envelopes.power_limit_kw)
        wanted = np.zeros_like(envelopes.earliest_kwh)
        wanted[active.asset, active.step + 1] = columns
        drawn = np.zeros_like(envelopes.power_limit_kw)
        energy = np.zeros(len(self.bus))
        moves = np.zeros(drawn.shape, dtype=bool)
        moves[active.asset, active.step] = True
        for step in range(drawn.shape[1]):
            most = np.minimum(
                envelopes.earliest_kwh[:, step + 1], energy + self.step_h * envelopes.power_limit_kw[:, step]
            )
            least = np.maximum(envelopes.latest_kwh[:, step + 1], energy)
            reached = np.clip(np.where(moves[:, step], wanted[:, step + 1], energy), np.minimum(least, most), most)
            drawn[:, step] = np.maximum(reached - energy, 0.0)
            energy += drawn[:, step]
        return self._plan(drawn / self.step_h)

    def _plan(self, kw: Floats) -> AssetPlan:
        cost = np.einsum("at,at->a", kw, self.price_krw_per_kwh[self.price_row]) * self.step_h
        return AssetPlan(kw, kw * self.kvar_per_kw, cost)


@dataclass(frozen=True, eq=False)
class _Active:
    """The (asset, step) pairs in which something can be drawn, in asset-major order."""

    asset: Ints
    step: Ints
    first: Flags
    last: Flags
    next_step: Ints
    """Boundary up to which the energy after the step stays."""

    @staticmethod
    def of(power_limit_kw: Floats) -> _Active:
        asset, step = np.nonzero(power_limit_kw > 0)
        first = np.r_[True, asset[1:] != asset[:-1]] if asset.size else np.zeros(0, dtype=bool)
        last = np.r_[first[1:], True] if asset.size else first
        following = np.r_[step[1:], 0] if asset.size else step
        return _Active(asset, step, first, last, np.where(last, power_limit_kw.shape[1], following))
