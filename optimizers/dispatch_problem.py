"""What a substation area has to decide: envelopes and batteries below feeders below banks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.errors import ProblemList
from optimizers.batteries import Batteries
from optimizers.envelopes import Envelopes

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class DispatchProblem:
    """What one substation area has to decide for a horizon of T steps.

    Attributes
    ----------
    id
        Name for messages.
    step_h
        Length of a step.
    price_krw_per_kwh
        (R, T) energy prices; every asset points to its row.
    envelopes, envelope_price, envelope_group
        A assets, the (A,) price row each pays, the (A,) lowest group each stands in.
    batteries, battery_price, battery_group
        K batteries likewise.
    group_parent
        (G,) the group above (a bank above its feeders), or -1; parents come after their children.
    group_base_kw
        (G, T) what else flows through the group, everything below it included.
    group_limit_kw
        (G, T) the most active power the group may carry; inf for none.
    overload_krw_per_kwh
        Price of every kWh above a limit, so that an overloaded group is reported and not merely infeasible.
    """

    id: str
    step_h: float
    price_krw_per_kwh: Floats
    envelopes: Envelopes
    envelope_price: Ints
    envelope_group: Ints
    batteries: Batteries
    battery_price: Ints
    battery_group: Ints
    group_parent: Ints
    group_base_kw: Floats
    group_limit_kw: Floats
    overload_krw_per_kwh: float

    def check(self) -> None:
        """Raise `InvalidInput` with everything that makes the problem meaningless."""
        problems = ProblemList()
        steps, groups = self.group_base_kw.shape[1], self.group_parent.size
        self.envelopes.check(self.step_h, problems, f"{self.id} envelopes")
        self.batteries.check(problems, f"{self.id} batteries")
        if self.price_krw_per_kwh.shape[1] != steps:
            what = f"prices for {self.price_krw_per_kwh.shape[1]} of {steps} steps"
            problems.add(self.id, what, "give one price a step", field="price_krw_per_kwh")
        for name in ("price_krw_per_kwh", "group_base_kw"):
            if not np.isfinite(getattr(self, name)).all():
                problems.add(self.id, "NaN or infinite values", "give finite numbers", field=name)
        if np.isnan(self.group_limit_kw).any():
            problems.add(self.id, "NaN limits", "use inf for no limit", field="group_limit_kw")
        if not ((self.group_parent == -1) | (self.group_parent > np.arange(groups))).all():
            problems.add(
                self.id, "a group stands above its parent", "list parents after children", field="group_parent"
            )
        for name, length in (("envelope", self.envelopes.count), ("battery", self.batteries.count)):
            for what, bound in (("price", self.price_krw_per_kwh.shape[0]), ("group", groups)):
                index = getattr(self, f"{name}_{what}")
                if index.shape != (length,) or (length and (index.min() < 0 or index.max() >= bound)):
                    problems.add(
                        self.id, "not one valid index an asset", f"use 0 … {bound - 1}", field=f"{name}_{what}"
                    )
        problems.raise_if_any()
