r"""Assets that hold energy, whatever they are called: the one form that batteries, vehicles, tanks and rooms share.

.. math:: x_{t+1} = a x_t + b_t + g^+ c_t - g^- d_t, \qquad \underline x_t \le x_t \le \overline x_t

with charging c and discharging d at the bus, never both in one step. The asset pays its own price for the net power,
and wear for what it discharges.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from data.errors import ProblemList
from optimizers.arrays import Flags, Floats, Ints
from optimizers.assets.power_circle import PowerCircle
from optimizers.assets.store_kernel import Stores
from optimizers.coordination_assets import AssetPlan

TOLERANCE_KWH = 1e-6


@dataclass(frozen=True, eq=False)
class Storage:
    """A assets over T steps.

    Attributes
    ----------
    step_h
        Length of a step.
    stores
        Level of each asset (kWh, in whatever form it holds energy) and its window.
    charge_limit_kw, discharge_limit_kw
        (A, T) most power drawn and fed back.
    charge_gain_h, discharge_gain_h
        (A,) kWh of level gained per kW drawn, and lost per kW fed back, in one step.
    price_krw_per_kwh
        (A, T) own price of the power at the bus, the fixed part included.
    wear_krw_per_kwh
        (A,) wear of each kWh fed back.
    fixed_kw
        (A, T) drawn whatever is decided; negative where a decision replaces load that is counted elsewhere.
    tan_phi
        (A,) reactive over active power of an asset without free reactive power.
    rating_kva, circle
        (A,) rating of the inverters, and the shape of what they can do at once; None without free reactive power.
    """

    step_h: float
    stores: Stores
    charge_limit_kw: Floats
    discharge_limit_kw: Floats
    charge_gain_h: Floats
    discharge_gain_h: Floats
    price_krw_per_kwh: Floats
    wear_krw_per_kwh: Floats
    fixed_kw: Floats
    tan_phi: Floats
    rating_kva: Floats
    circle: PowerCircle | None = None

    @property
    def count(self) -> int:
        """Number of assets."""
        return int(self.charge_limit_kw.shape[0])

    @property
    def steps(self) -> int:
        """Number of steps."""
        return int(self.charge_limit_kw.shape[1])

    def select(self, assets: Ints) -> Storage:
        """Return some of the assets."""
        own = {f.name: getattr(self, f.name) for f in fields(self)}
        arrays: dict[str, Any] = {name: value[assets] for name, value in own.items() if isinstance(value, np.ndarray)}
        stores = Stores(**{name: value[assets] for name, value in vars(self.stores).items()})
        return replace(self, stores=stores, **arrays)

    def change_range_kwh(self) -> tuple[Floats, Floats]:
        """Return (A, T) least and most change of level in a step."""
        least = -self.discharge_gain_h[:, None] * self.discharge_limit_kw
        return least, self.charge_gain_h[:, None] * self.charge_limit_kw

    def power_range_kw(self) -> tuple[Floats, Floats]:
        """Return (A, T) least and most net power of a step by itself."""
        return self.fixed_kw - self.discharge_limit_kw, self.fixed_kw + self.charge_limit_kw


@dataclass(frozen=True, eq=False)
class StoragePlan:
    """What storages do: (A, T) charging, discharging and reactive power, (A, T + 1) level at the edges of the steps."""

    charge_kw: Floats
    discharge_kw: Floats
    kvar: Floats
    level_kwh: Floats


def completable_kwh(storage: Storage) -> tuple[Floats, Floats]:
    """Return (A, T + 1) the levels from which a way inside the window to the end exists; empty where lower > upper."""
    stores, (least, most) = storage.stores, storage.change_range_kwh()
    low, high = stores.lower_kwh.copy(), stores.upper_kwh.copy()
    for t in range(storage.steps - 1, -1, -1):
        inflow = stores.inflow_kwh[:, t]
        low[:, t] = np.maximum(low[:, t], (low[:, t + 1] - inflow - most[:, t]) / stores.keep)
        high[:, t] = np.minimum(high[:, t], (high[:, t + 1] - inflow - least[:, t]) / stores.keep)
    return low, high


def plan_of_changes(storage: Storage, change_kwh: Floats, kvar: Floats) -> StoragePlan:
    """Return the plan with given (A, T) changes of level, moved by rounding only so that it keeps every rule.

    A change is charged or discharged, never both, so a plan that did both at once keeps its levels and loses its waste.
    """
    stores, (least, most) = storage.stores, storage.change_range_kwh()
    low, high = completable_kwh(storage)
    level = np.empty_like(stores.lower_kwh)
    level[:, 0] = stores.initial_kwh
    kept = np.empty_like(change_kwh)
    for t in range(storage.steps):
        before = stores.keep * level[:, t] + stores.inflow_kwh[:, t]
        wanted = np.clip(before + change_kwh[:, t], low[:, t + 1], high[:, t + 1])
        kept[:, t] = np.clip(wanted - before, least[:, t], most[:, t])
        level[:, t + 1] = before + kept[:, t]
    charge = np.maximum(kept, 0.0) / storage.charge_gain_h[:, None]
    discharge = np.maximum(-kept, 0.0) / storage.discharge_gain_h[:, None]
    return StoragePlan(charge, discharge, kvar, level)


def asset_plan(storage: Storage, plan: StoragePlan) -> AssetPlan:
    """Return a plan as the coordinator sees it, with its own cost."""
    net = plan.charge_kw - plan.discharge_kw
    kw = net + storage.fixed_kw
    kvar = plan.kvar + storage.tan_phi[:, None] * kw
    paid = (storage.price_krw_per_kwh * kw).sum(axis=1) + storage.wear_krw_per_kwh * plan.discharge_kw.sum(axis=1)
    left = storage.stores.end_value_krw_per_kwh * plan.level_kwh[:, -1]
    return AssetPlan(kw, kvar, np.asarray(paid * storage.step_h - left), plan)


def check_storage(storage: Storage, steps: int, problems: ProblemList, name: str) -> None:
    """Note what makes any asset meaningless: shapes, NaN, signs, a start outside its window, a window without a way."""
    if not _shapes_fit(storage, steps, problems, name):
        return
    stores = storage.stores
    first = np.clip(stores.initial_kwh, stores.lower_kwh[:, 0], stores.upper_kwh[:, 0])
    findings: dict[tuple[str, str, str], Any] = {
        ("a negative power", "give magnitudes", "power_kw"): _any_below(storage.charge_limit_kw, 0.0)
        | _any_below(storage.discharge_limit_kw, 0.0),
        ("negative wear", "give what a kWh fed back costs", "wear_krw_per_kwh"): storage.wear_krw_per_kwh < 0,
        ("a gain that is not positive", "give efficiencies above 0", "efficiency"): (storage.charge_gain_h <= 0)
        | (storage.discharge_gain_h <= 0),
        ("a share kept outside (0, 1]", "give the loss of a step below 1", "keep"): (stores.keep <= 0)
        | (stores.keep > 1),
        ("a window whose lower edge is above its upper", "swap or correct them", "window"): _any_below(
            stores.upper_kwh - stores.lower_kwh, -TOLERANCE_KWH
        ),
        ("a start outside its window", "correct the start or the window", "initial"): (
            np.abs(first - stores.initial_kwh) > TOLERANCE_KWH
        ),
    }
    wrong = np.zeros(storage.count, dtype=bool)
    for (what, fix, column), bad in findings.items():
        wrong |= bad
        if bad.any():
            problems.add(name, f"{int(bad.sum())} assets have {what}", fix, row=int(bad.argmax()) + 1, field=column)
    if not wrong.any():
        _check_ways(storage, problems, name)


def _check_ways(storage: Storage, problems: ProblemList, name: str) -> None:
    low, high = completable_kwh(storage)
    empty = (low > high + TOLERANCE_KWH).any(axis=1)
    start = storage.stores.initial_kwh
    lost = empty | (start < low[:, 0] - TOLERANCE_KWH) | (start > high[:, 0] + TOLERANCE_KWH)
    if lost.any():
        what = f"{int(lost.sum())} assets cannot stay inside their window at any price"
        problems.add(name, what, "widen the window or raise the power", row=int(lost.argmax()) + 1, field="window")


def _any_below(values: Floats, bound: float) -> Flags:
    return np.asarray((values < bound).any(axis=1))


def _shapes_fit(storage: Storage, steps: int, problems: ProblemList, name: str) -> bool:
    count, stores, before = storage.count, storage.stores, len(problems)
    shapes = {
        "price_krw_per_kwh": (storage.price_krw_per_kwh, (count, steps)),
        "charge_limit_kw": (storage.charge_limit_kw, (count, steps)),
        "discharge_limit_kw": (storage.discharge_limit_kw, (count, steps)),
        "fixed_kw": (storage.fixed_kw, (count, steps)),
        "lower_kwh": (stores.lower_kwh, (count, steps + 1)),
        "upper_kwh": (stores.upper_kwh, (count, steps + 1)),
        "inflow_kwh": (stores.inflow_kwh, (count, steps)),
        "keep": (stores.keep, (count,)),
        "initial_kwh": (stores.initial_kwh, (count,)),
        "end_value_krw_per_kwh": (stores.end_value_krw_per_kwh, (count,)),
        "charge_gain_h": (storage.charge_gain_h, (count,)),
        "discharge_gain_h": (storage.discharge_gain_h, (count,)),
        "wear_krw_per_kwh": (storage.wear_krw_per_kwh, (count,)),
        "tan_phi": (storage.tan_phi, (count,)),
        "rating_kva": (storage.rating_kva, (count,)),
    }
    for column, (values, shape) in shapes.items():
        if values.shape != shape:
            what = f"has shape {values.shape}, the horizon and the assets ask for {shape}"
            problems.add(name, what, "give one value for each step", field=column)
        elif not np.isfinite(values).all():
            problems.add(name, "holds NaN or infinite values", "give finite numbers", field=column)
    return len(problems) == before
