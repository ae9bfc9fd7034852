"""Stationary batteries at unity power factor, as `optimizers.batteries` states them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from data.errors import ProblemList
from optimizers.arrays import Floats, Ints
from optimizers.batteries import Batteries, BatteryPlan, battery_columns, battery_plan, cheapest_battery_plan
from optimizers.coordination_assets import AssetModel, AssetPlan, BestResponse, BusPrices

TIME_LIMIT_S = 60.0


@dataclass(frozen=True, eq=False)
class BatteryFleet:
    """K batteries: `bus` (K,) positions, `price_krw_per_kwh` (R, T) and the (K,) row each pays and earns by."""

    bus: Ints
    batteries: Batteries
    price_krw_per_kwh: Floats
    price_row: Ints
    step_h: float
    kind: str = "stationary batteries"

    def select(self, assets: Ints) -> BatteryFleet:
        """Return some of the batteries."""
        chosen = Batteries(**{name: values[assets] for name, values in vars(self.batteries).items()})
        return BatteryFleet(
            self.bus[assets], chosen, self.price_krw_per_kwh, self.price_row[assets], self.step_h, self.kind
        )

    def check(self, steps: int, step_h: float, problems: ProblemList) -> None:
        """Note windows and starts that contradict each other, and prices that do not fit."""
        self.batteries.check(problems, self.kind)
        prices, rows = self.price_krw_per_kwh, self.price_row
        if prices.shape[1] != steps or self.step_h != step_h:
            what = f"prices for {prices.shape[1]} of {steps} steps"
            problems.add(self.kind, what, "give one price a step", field="price_krw_per_kwh")
        elif not np.isfinite(prices).all():
            problems.add(self.kind, "NaN or infinite prices", "give finite numbers", field="price_krw_per_kwh")
        if rows.shape != self.bus.shape or (rows.size and (rows.min() < 0 or rows.max() >= len(prices))):
            problems.add(
                self.kind, "not one valid price row a battery", f"use 0 … {len(prices) - 1}", field="price_row"
            )

    def best_response(self, prices: BusPrices) -> BestResponse:
        """Return the cheapest plan of each battery, exactly; charging and discharging never happen at once."""
        own = self.price_krw_per_kwh[self.price_row]
        seen = own + prices.kw_krw_per_kwh[prices.row]
        plan = self._plan(cheapest_battery_plan(self.batteries, seen, self.step_h, TIME_LIMIT_S))
        zero = np.zeros_like(plan.kw)
        return BestResponse(plan, plan.cost_krw + prices.paid_krw(plan.kw, zero, self.step_h))

    def power_range_kw(self) -> tuple[Floats, Floats]:
        """Return the power rating both ways."""
        power = np.repeat(self.batteries.power_kw[:, np.newaxis], self.price_krw_per_kwh.shape[1], axis=1)
        return -power, power

    def model(self) -> AssetModel:
        """Return the compact model over columns (charge, discharge, energy after the step)."""
        own = self.price_krw_per_kwh[self.price_row]
        size = own.size
        at = np.arange(size)
        kw = sparse.csr_array(
            (np.concatenate([np.ones(size), -np.ones(size)]), (np.tile(at, 2), np.concatenate([at, size + at]))),
            shape=(size, 3 * size),
        )
        nothing = np.zeros(size)
        model = battery_columns(self.batteries, own, self.step_h)
        return AssetModel(model, kw, sparse.csr_array((size, 3 * size)), nothing, nothing)

    def plan_of(self, columns: Floats) -> AssetPlan:
        """Return the plan of the columns."""
        return self._plan(battery_plan(self.batteries, columns, self.price_krw_per_kwh.shape[1], self.step_h))

    def _plan(self, plan: BatteryPlan) -> AssetPlan:
        own = self.price_krw_per_kwh[self.price_row]
        wear = plan.discharge_kw.sum(axis=1) * self.batteries.wear_krw_per_kwh * self.step_h
        cost = np.einsum("kt,kt->k", plan.net_kw, own) * self.step_h + wear
        return AssetPlan(plan.net_kw, np.zeros_like(plan.net_kw), cost, plan)
