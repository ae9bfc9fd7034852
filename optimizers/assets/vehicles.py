r"""Vehicles behind energy envelopes: private cars, taxis, shuttles, shared bicycles, with or without feeding back.

The energy charged since the start of the day runs between two curves,
:math:`L_t \le h \sum_{s<t} (c_s - d_s / \rho) \le U_t`, with :math:`0 \le c_t \le P_t` and :math:`0 \le d_t \le D_t`; a
kWh fed back takes :math:`1 / \rho` out of the vehicle. Where cars lend energy, L may be negative and may fall.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optimizers.arrays import Floats
from optimizers.assets.storage import TOLERANCE_KWH, Storage
from optimizers.assets.storage_block import Faults, StorageBlock
from optimizers.assets.store_kernel import Stores


@dataclass(frozen=True, eq=False)
class Vehicles(StorageBlock):
    """A envelopes of one kind of vehicle, each a session or a cohort at a bus.

    Attributes
    ----------
    name
        Name of the kind in words, e.g. "vehicle-to-grid cars".
    power_limit_kw, discharge_limit_kw
        (A, T) most power drawn and fed back; the latter 0 without vehicle-to-grid.
    latest_kwh, earliest_kwh
        (A, T + 1) least and most energy charged at each edge of the steps.
    return_efficiency
        (A,) share of the energy taken out of the vehicle that reaches the bus, in (0, 1].
    wear_krw_per_kwh
        (A,) what a driver is paid, and the battery wears, per kWh fed back.
    tan_phi
        (A,) reactive over active power.
    """

    name: str
    power_limit_kw: Floats
    discharge_limit_kw: Floats
    latest_kwh: Floats
    earliest_kwh: Floats
    return_efficiency: Floats
    wear_krw_per_kwh: Floats
    tan_phi: Floats

    @property
    def kind(self) -> str:
        """Name of the kind."""
        return self.name

    def storage(self) -> Storage:
        """Return the vehicles in the form all storages share."""
        count, steps = self.price_krw_per_kwh.shape
        return Storage(
            step_h=self.step_h,
            stores=Stores(
                keep=np.ones(count),
                inflow_kwh=np.zeros((count, steps)),
                lower_kwh=self.latest_kwh,
                upper_kwh=self.earliest_kwh,
                initial_kwh=np.zeros(count),
                end_value_krw_per_kwh=np.zeros(count),
            ),
            charge_limit_kw=self.power_limit_kw,
            discharge_limit_kw=self.discharge_limit_kw,
            charge_gain_h=np.full(count, self.step_h),
            discharge_gain_h=self.step_h / self.return_efficiency,
            price_krw_per_kwh=self.price_krw_per_kwh,
            wear_krw_per_kwh=self.wear_krw_per_kwh,
            fixed_kw=np.zeros((count, steps)),
            tan_phi=self.tan_phi,
            rating_kva=np.zeros(count),
        )

    def faults(self) -> Faults:
        """Return what is wrong with an envelope."""
        crossed = self.latest_kwh > self.earliest_kwh + TOLERANCE_KWH
        share = self.return_efficiency
        return {
            ("a negative power", "power_limit_kw"): (self.power_limit_kw < 0).any(axis=1),
            ("a negative power", "discharge_limit_kw"): (self.discharge_limit_kw < 0).any(axis=1),
            ("a latest curve above its earliest", "latest_kwh"): crossed.any(axis=1),
            ("curves that do not start around 0", "latest_kwh"): (self.latest_kwh[:, 0] > TOLERANCE_KWH)
            | (self.earliest_kwh[:, 0] < -TOLERANCE_KWH),
            ("an efficiency outside (0, 1]", "return_efficiency"): (share <= 0) | (share > 1),
            ("negative wear", "wear_krw_per_kwh"): self.wear_krw_per_kwh < 0,
        }
