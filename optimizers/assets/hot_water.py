"""Hot-water tanks with an electric heater: drawn from over the day, filled when it suits, losing heat while full."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optimizers.arrays import Floats
from optimizers.assets.storage import Storage
from optimizers.assets.storage_block import Faults, StorageBlock
from optimizers.assets.store_kernel import Stores


@dataclass(frozen=True, eq=False)
class HotWaterTanks(StorageBlock):
    """A groups of tanks whose unmanaged heating is counted in the base load; plans are deviations from it.

    Energies are electric: heat over the heater's coefficient of performance.

    Attributes
    ----------
    name
        Name of the kind in words, e.g. "hot water, homes".
    baseline_kw
        (A, T) power of the heaters when nobody plans, counted in the base load.
    power_kw
        (A,) power of the heaters.
    draw_kwh
        (A, T) energy drawn in each step.
    capacity_kwh, initial_kwh, terminal_min_kwh
        (A,) energy of full tanks above the lowest useful temperature, what they start with, and the least at the end.
    standing_loss_per_h
        (A,) share of the stored energy lost in an hour.
    tan_phi
        (A,) reactive over active power.
    """

    name: str
    baseline_kw: Floats
    power_kw: Floats
    draw_kwh: Floats
    capacity_kwh: Floats
    initial_kwh: Floats
    terminal_min_kwh: Floats
    standing_loss_per_h: Floats
    tan_phi: Floats

    @property
    def kind(self) -> str:
        """Name of the kind."""
        return self.name

    def storage(self) -> Storage:
        """Return the tanks in the form all storages share."""
        count, steps = self.price_krw_per_kwh.shape
        lower = np.zeros((count, steps + 1))
        lower[:, -1] = self.terminal_min_kwh
        nothing = np.zeros((count, steps))
        return Storage(
            step_h=self.step_h,
            stores=Stores(
                keep=(1.0 - self.standing_loss_per_h) ** self.step_h,
                inflow_kwh=-self.draw_kwh,
                lower_kwh=lower,
                upper_kwh=np.repeat(self.capacity_kwh[:, None], steps + 1, axis=1),
                initial_kwh=self.initial_kwh,
                end_value_krw_per_kwh=np.zeros(count),
            ),
            charge_limit_kw=np.repeat(self.power_kw[:, None], steps, axis=1),
            discharge_limit_kw=nothing,
            charge_gain_h=np.full(count, self.step_h),
            discharge_gain_h=np.full(count, self.step_h),
            price_krw_per_kwh=self.price_krw_per_kwh,
            wear_krw_per_kwh=np.zeros(count),
            fixed_kw=-self.baseline_kw,
            tan_phi=self.tan_phi,
            rating_kva=np.zeros(count),
        )

    def faults(self) -> Faults:
        """Return what is wrong with a tank."""
        loss = self.standing_loss_per_h
        return {
            ("a negative power", "baseline_kw"): (self.baseline_kw < 0).any(axis=1),
            ("a negative power", "power_kw"): self.power_kw < 0,
            ("a negative draw", "draw_kwh"): (self.draw_kwh < 0).any(axis=1),
            ("a start outside the tank", "initial_kwh"): (self.initial_kwh < 0)
            | (self.initial_kwh > self.capacity_kwh),
            ("an end above the tank", "terminal_min_kwh"): self.terminal_min_kwh > self.capacity_kwh,
            ("a standing loss outside [0, 1)", "standing_loss_per_h"): (loss < 0) | (loss >= 1),
        }
