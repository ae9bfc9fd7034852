"""Stationary batteries: a window of the stored energy, losses both ways and while standing, wear, an inverter."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data.errors import ProblemList
from optimizers.arrays import Flags, Floats
from optimizers.assets.power_circle import PowerCircle
from optimizers.assets.storage import Storage
from optimizers.assets.storage_block import Faults, StorageBlock
from optimizers.assets.store_kernel import Stores


@dataclass(frozen=True, eq=False)
class Batteries(StorageBlock):
    """A batteries; arrays are (A,).

    Attributes
    ----------
    power_kw, rating_kva
        Most active power either way, at most the rating of the inverter.
    min_kwh, max_kwh, initial_kwh, terminal_min_kwh
        Window of the stored energy, its start, and the least at the end.
    charge_efficiency, discharge_efficiency
        From bus to store, and from store to bus, in (0, 1].
    standing_loss_per_h
        Share of the stored energy lost in an hour.
    wear_krw_per_kwh
        Wear of each kWh discharged at the bus.
    end_value_krw_per_kwh
        Worth of each kWh stored at the end.
    circle
        What the inverter can do at once; `reactive_share` 0 keeps it at unity power factor.
    """

    power_kw: Floats
    rating_kva: Floats
    min_kwh: Floats
    max_kwh: Floats
    initial_kwh: Floats
    terminal_min_kwh: Floats
    charge_efficiency: Floats
    discharge_efficiency: Floats
    standing_loss_per_h: Floats
    wear_krw_per_kwh: Floats
    end_value_krw_per_kwh: Floats
    circle: PowerCircle

    @property
    def kind(self) -> str:
        """Name of the kind."""
        return "stationary batteries"

    def storage(self) -> Storage:
        """Return the batteries in the form all storages share."""
        count, steps = self.price_krw_per_kwh.shape
        lower, upper = (np.repeat(edge[:, None], steps + 1, axis=1) for edge in (self.min_kwh, self.max_kwh))
        lower[:, -1] = np.maximum(self.min_kwh, self.terminal_min_kwh)
        power = np.repeat(self.power_kw[:, None], steps, axis=1)
        return Storage(
            step_h=self.step_h,
            stores=Stores(
                keep=(1.0 - self.standing_loss_per_h) ** self.step_h,
                inflow_kwh=np.zeros((count, steps)),
                lower_kwh=lower,
                upper_kwh=upper,
                initial_kwh=self.initial_kwh,
                end_value_krw_per_kwh=self.end_value_krw_per_kwh,
            ),
            charge_limit_kw=power,
            discharge_limit_kw=power,
            charge_gain_h=self.step_h * self.charge_efficiency,
            discharge_gain_h=self.step_h / self.discharge_efficiency,
            price_krw_per_kwh=self.price_krw_per_kwh,
            wear_krw_per_kwh=self.wear_krw_per_kwh,
            fixed_kw=np.zeros((count, steps)),
            tan_phi=np.zeros(count),
            rating_kva=self.rating_kva,
            circle=self.circle if self.circle.reactive_share > 0 else None,
        )

    def check(self, steps: int, step_h: float, problems: ProblemList) -> None:
        """Note every battery whose numbers contradict each other."""
        self.circle.check(problems, self.kind)
        super().check(steps, step_h, problems)

    def faults(self) -> Faults:
        """Return what is wrong with a battery."""
        loss = self.standing_loss_per_h
        return {
            ("a negative power", "power_kw"): self.power_kw < 0,
            ("more active power than the inverter's rating", "rating_kva"): self.power_kw > self.rating_kva,
            ("a window that is empty", "min_kwh"): (self.min_kwh < 0) | (self.min_kwh > self.max_kwh),
            ("a start outside the window", "initial_kwh"): (self.initial_kwh < self.min_kwh)
            | (self.initial_kwh > self.max_kwh),
            ("an end above the window", "terminal_min_kwh"): self.terminal_min_kwh > self.max_kwh,
            ("an efficiency outside (0, 1]", "charge_efficiency"): _no_efficiency(self.charge_efficiency),
            ("an efficiency outside (0, 1]", "discharge_efficiency"): _no_efficiency(self.discharge_efficiency),
            ("a standing loss outside [0, 1)", "standing_loss_per_h"): (loss < 0) | (loss >= 1),
            ("negative wear", "wear_krw_per_kwh"): self.wear_krw_per_kwh < 0,
        }


def _no_efficiency(share: Floats) -> Flags:
    return np.asarray((share <= 0) | (share > 1))
