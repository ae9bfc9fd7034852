r"""Buildings that cool or heat ahead of time: a first-order room inside a comfort band.

Beside the load that holds the room at its target, an extra power δ moves the room by y kelvin in the wanted direction:

.. math:: \tau \dot y = -y + \delta / G, \qquad -\underline Y_t \le y_t \le \overline Y_t

with the time constant τ and the power G that holds one kelvin more (heat transmission over the coefficient of
performance). With δ constant in a step, :math:`y_{t+1} = a y_t + (1 - a)\,\delta_t / G`, :math:`a = e^{-h / \tau}`; as
stored energy :math:`x = G \tau y`, what was put in leaks out with the time constant, which is the price of shifting.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optimizers.arrays import Floats
from optimizers.assets.storage import Storage
from optimizers.assets.storage_block import Faults, StorageBlock
from optimizers.assets.store_kernel import Stores
from optimizers.coordination_assets import AssetPlan


@dataclass(frozen=True, eq=False)
class Buildings(StorageBlock):
    """A groups of rooms whose cooling or heating is counted in the base load; plans are deviations from it.

    Attributes
    ----------
    name
        Name of the kind in words, e.g. "cooling of offices".
    baseline_kw, most_kw
        (A, T) power that holds the target, counted in the base load, and the most the equipment draws.
    kw_per_k
        (A,) power G that holds one kelvin more.
    time_constant_h
        (A,) τ.
    less_k, more_k
        (A, T + 1) how far the room may fall short of its target, and go beyond it, at each edge.
    tan_phi
        (A,) reactive over active power.
    """

    name: str
    baseline_kw: Floats
    most_kw: Floats
    kw_per_k: Floats
    time_constant_h: Floats
    less_k: Floats
    more_k: Floats
    tan_phi: Floats

    @property
    def kind(self) -> str:
        """Name of the kind."""
        return self.name

    @property
    def kwh_per_k(self) -> Floats:
        """(A,) energy G τ stored per kelvin."""
        return self.kw_per_k * self.time_constant_h

    def storage(self) -> Storage:
        """Return the rooms in the form all storages share; they start, and end at least, at their target."""
        count, steps = self.price_krw_per_kwh.shape
        keep = np.exp(-self.step_h / self.time_constant_h)
        gain_h = self.time_constant_h * (1.0 - keep)
        lower = -self.less_k * self.kwh_per_k[:, None]
        lower[:, -1] = 0.0
        return Storage(
            step_h=self.step_h,
            stores=Stores(
                keep=keep,
                inflow_kwh=np.zeros((count, steps)),
                lower_kwh=lower,
                upper_kwh=self.more_k * self.kwh_per_k[:, None],
                initial_kwh=np.zeros(count),
                end_value_krw_per_kwh=np.zeros(count),
            ),
            charge_limit_kw=self.most_kw - self.baseline_kw,
            discharge_limit_kw=self.baseline_kw,
            charge_gain_h=gain_h,
            discharge_gain_h=gain_h,
            price_krw_per_kwh=self.price_krw_per_kwh,
            wear_krw_per_kwh=np.zeros(count),
            fixed_kw=np.zeros((count, steps)),
            tan_phi=self.tan_phi,
            rating_kva=np.zeros(count),
        )

    def beyond_target_k(self, plan: AssetPlan) -> Floats:
        """Return the (A, T + 1) kelvins a plan leaves the rooms beyond (negative: short of) their target."""
        level = getattr(plan.detail, "level_kwh")  # noqa: B009 — `detail` is the kind's own
        return np.asarray(level / self.kwh_per_k[:, None])

    def faults(self) -> Faults:
        """Return what is wrong with a room."""
        return {
            ("a negative power", "baseline_kw"): (self.baseline_kw < 0).any(axis=1),
            ("equipment too small for its own baseline", "most_kw"): (self.most_kw < self.baseline_kw).any(axis=1),
            ("no power per kelvin", "kw_per_k"): self.kw_per_k <= 0,
            ("no time constant", "time_constant_h"): self.time_constant_h <= 0,
            ("a comfort band that leaves out its target", "less_k"): (self.less_k < 0).any(axis=1),
            ("a comfort band that leaves out its target", "more_k"): (self.more_k < 0).any(axis=1),
        }
