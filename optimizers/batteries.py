"""Stationary batteries: their window, their wear, and the cheapest plan of each at given prices."""

from __future__ import annotations

from dataclasses import dataclass

import highspy
import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from data.errors import ProblemList
from optimizers.highs_arrays import ArrayModel, solve_arrays

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Batteries:
    """K batteries; every field is (K,).

    `efficiency` is that of one direction (charging or discharging); `wear_krw_per_kwh` is paid per kWh discharged at
    the terminals; the energy at the end must reach `terminal_min_kwh`, so that no horizon ends with empty stores.
    """

    power_kw: Floats
    min_kwh: Floats
    max_kwh: Floats
    initial_kwh: Floats
    terminal_min_kwh: Floats
    efficiency: Floats
    wear_krw_per_kwh: Floats

    @staticmethod
    def none() -> Batteries:
        """Return a set of no batteries."""
        return Batteries(*(np.zeros(0) for _ in range(7)))

    @property
    def count(self) -> int:
        """Return the number of batteries."""
        return int(self.power_kw.size)

    def check(self, problems: ProblemList, name: str = "batteries") -> None:
        """Note every battery whose numbers contradict each other."""
        values = np.stack([getattr(self, key) for key in self.__dataclass_fields__])
        findings = {
            ("a value that is NaN or infinite", "give finite numbers"): ~np.isfinite(values).all(axis=0),
            ("a negative power or wear", "give magnitudes"): (self.power_kw < 0) | (self.wear_krw_per_kwh < 0),
            ("a window that is empty", "set min_kwh below max_kwh"): (self.min_kwh < 0) | (self.min_kwh > self.max_kwh),
            ("a start outside its window", "set initial_kwh between min_kwh and max_kwh"): (
                (self.initial_kwh < self.min_kwh) | (self.initial_kwh > self.max_kwh)
            ),
            ("an end above its window", "lower terminal_min_kwh"): self.terminal_min_kwh > self.max_kwh,
            ("an efficiency outside (0, 1]", "give a fraction"): (self.efficiency <= 0) | (self.efficiency > 1),
        }
        for (what, fix), bad in findings.items():
            if bad.any():
                problems.add(name, f"{int(bad.sum())} batteries have {what}", fix, row=int(bad.argmax()) + 1)


@dataclass(frozen=True, eq=False)
class BatteryPlan:
    """(K, T) charging and discharging power at the terminals, (K, T + 1) stored energy, and the total wear."""

    charge_kw: Floats
    discharge_kw: Floats
    energy_kwh: Floats
    wear_krw: float

    @property
    def net_kw(self) -> Floats:
        """Return consumption, negative while discharging."""
        return self.charge_kw - self.discharge_kw


def battery_columns(batteries: Batteries, price_krw_per_kwh: Floats, step_h: float) -> ArrayModel:
    r"""Return the rows of all batteries over columns (charge, discharge, energy after the step), each K × T.

    .. math:: e_t = e_{t-1} + h (\eta c_t - d_t / \eta), \qquad c_t + d_t \le P

    The second row is the convex hull of "never both at once".
    """
    count, steps = price_krw_per_kwh.shape
    size = count * steps
    column = np.arange(size)
    first = column % steps == 0
    eta = np.repeat(batteries.efficiency, steps)
    row = np.arange(size)
    balance = sparse.coo_matrix((np.ones(size), (row, 2 * size + column)), shape=(2 * size, 3 * size))
    balance += sparse.coo_matrix((-np.ones(size)[~first], (row[~first], 2 * size + column[~first] - 1)), balance.shape)
    balance += sparse.coo_matrix((-step_h * eta, (row, column)), balance.shape)
    balance += sparse.coo_matrix((step_h / eta, (row, size + column)), balance.shape)
    both = sparse.coo_matrix((np.ones(2 * size), (np.tile(size + row, 2), np.arange(2 * size))), balance.shape)
    start = np.where(first, np.repeat(batteries.initial_kwh, steps), 0.0)
    power = np.repeat(batteries.power_kw, steps)
    price = price_krw_per_kwh.reshape(-1) * step_h
    wear = np.repeat(batteries.wear_krw_per_kwh, steps) * step_h
    floor = np.repeat(batteries.min_kwh, steps).reshape(count, steps)
    floor[:, -1:] = np.maximum(floor[:, -1:], batteries.terminal_min_kwh[:, np.newaxis])
    return ArrayModel(
        cost=np.concatenate([price, wear - price, np.zeros(size)]),
        lower=np.concatenate([np.zeros(2 * size), floor.reshape(-1)]),
        upper=np.concatenate([power, power, np.repeat(batteries.max_kwh, steps)]),
        rows=(balance + both).tocsr(),
        row_lower=np.concatenate([start, np.full(size, -highspy.kHighsInf)]),
        row_upper=np.concatenate([start, power]),
    )


def battery_plan(batteries: Batteries, columns: Floats, steps: int, step_h: float) -> BatteryPlan:
    """Return the plan that the columns of `battery_columns` stand for, its energies recomputed from its powers."""
    charge, discharge, _ = np.maximum(columns, 0.0).reshape(3, batteries.count, steps)
    eta = batteries.efficiency[:, np.newaxis]
    change = step_h * (eta * charge - discharge / eta)
    energy = batteries.initial_kwh[:, np.newaxis] + np.cumsum(change, axis=1)
    wear = float((discharge * batteries.wear_krw_per_kwh[:, np.newaxis]).sum() * step_h)
    return BatteryPlan(charge, discharge, np.concatenate([batteries.initial_kwh[:, np.newaxis], energy], axis=1), wear)


def cheapest_battery_plan(
    batteries: Batteries, price_krw_per_kwh: Floats, step_h: float, time_limit_s: float
) -> BatteryPlan:
    """Return the cheapest plan of every battery at the (K, T) prices it pays and earns.

    Where a price is negative, charging and discharging at once would pay in the linear programme; there, and only
    there, the direction is a binary.
    """
    count, steps = price_krw_per_kwh.shape
    if not count:
        return BatteryPlan(np.zeros((0, steps)), np.zeros((0, steps)), np.zeros((0, steps + 1)), 0.0)
    model = battery_columns(batteries, price_krw_per_kwh, step_h)
    paid_to_waste = np.flatnonzero(price_krw_per_kwh.reshape(-1) < 0)
    if paid_to_waste.size:
        model = _with_directions(model, paid_to_waste, np.repeat(batteries.power_kw, steps), count * steps)
    solution = solve_arrays(model, time_limit_s)
    return battery_plan(batteries, solution.columns[: 3 * count * steps], steps, step_h)


def _with_directions(model: ArrayModel, at: NDArray[np.int64], power: Floats, size: int) -> ArrayModel:
    """Add a binary per position of `at`: c ≤ P y and d ≤ P (1 − y)."""
    number = at.size
    row = np.arange(number)
    old = model.rows.shape[1]
    charge = sparse.coo_matrix((np.ones(number), (row, at)), (number, old + number))
    charge += sparse.coo_matrix((-power[at], (row, old + row)), charge.shape)
    discharge = sparse.coo_matrix((np.ones(number), (row, size + at)), charge.shape)
    discharge += sparse.coo_matrix((power[at], (row, old + row)), charge.shape)
    wide = sparse.hstack([model.rows, sparse.csr_matrix((model.rows.shape[0], number))])
    none = np.full(number, -highspy.kHighsInf)
    return ArrayModel(
        cost=np.concatenate([model.cost, np.zeros(number)]),
        lower=np.concatenate([model.lower, np.zeros(number)]),
        upper=np.concatenate([model.upper, np.ones(number)]),
        rows=sparse.vstack([wide, charge, discharge]).tocsr(),
        row_lower=np.concatenate([model.row_lower, none, none]),
        row_upper=np.concatenate([model.row_upper, np.zeros(number), power[at]]),
        integer=np.concatenate([np.zeros(model.cost.size, dtype=bool), np.ones(number, dtype=bool)]),
    )
