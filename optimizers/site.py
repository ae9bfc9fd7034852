"""What stands behind a depot's meter, and the tariff it is billed by."""

from __future__ import annotations

from dataclasses import dataclass

from optimizers.arrays import Floats, Ints

NOT_METERED = -1
"""Metering interval of a step that the tariff does not count."""


@dataclass(frozen=True, eq=False)
class EnergyPrices:
    """Prices per step. `v2g_reward_krw_per_kwh` is paid on top for every kWh that buses feed back to the bus bar."""

    buy_krw_per_kwh: Floats
    sell_krw_per_kwh: Floats
    v2g_reward_krw_per_kwh: Floats


@dataclass(frozen=True, eq=False)
class DemandCharge:
    """Price of raising the billing demand, on averages of the site's import over metering intervals.

    cost = `price_krw_per_kw` · `share` · max(0, highest interval average − `sunk_kw`)

    Attributes
    ----------
    price_krw_per_kw
        Demand charge of the billing period per kW.
    share
        In (0, 1]: part of it that this horizon answers for, e.g. 1 / days left in the month, so that one night does
        not pay for a peak that the rest of the month will use as well.
    peak_so_far_kw, ratchet_kw, floor_kw
        The month's peak so far, the highest peak of earlier months that still counts, and the least billing demand
        (KEPCO: 30 % of the contract). Demand below the highest of them is already paid for.
    interval
        (T,) metering interval of each step: equal, ascending numbers for the steps of one interval; `NOT_METERED`
        where the tariff does not count the step.
    """

    price_krw_per_kw: float
    share: float
    peak_so_far_kw: float
    ratchet_kw: float
    floor_kw: float
    interval: Ints

    @property
    def sunk_kw(self) -> float:
        """Billing demand that is paid for whatever happens in this horizon."""
        return max(self.peak_so_far_kw, self.ratchet_kw, self.floor_kw)


@dataclass(frozen=True)
class SiteBattery:
    """A stationary battery behind the same meter. Powers at the bus bar; `wear_krw_per_kwh` per kWh fed back."""

    min_kwh: float
    max_kwh: float
    initial_kwh: float
    terminal_min_kwh: float
    max_charge_kw: float
    max_discharge_kw: float
    charge_efficiency: float
    discharge_efficiency: float
    wear_krw_per_kwh: float


@dataclass(frozen=True, eq=False)
class SitePower:
    """What else stands behind the meter: (T,) base load, PV that may be curtailed, and limits of the connection."""

    base_kw: Floats
    pv_kw: Floats
    import_limit_kw: Floats
    export_limit_kw: Floats
    battery: SiteBattery | None = None
