"""The one table of every array this project passes around or stores: name, dimensions, unit, sign, bounds, meaning.

Names end in their unit. Dimensions: T steps (labelled by their start, UTC), N network buses, B branches (lines and
transformers), D districts, K contract classes, V vehicles, C charger kinds, S scenarios.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Sign(StrEnum):
    """What the sign of a quantity means."""

    CONSUMPTION = "consumption +, export −"
    FORWARD = "from → to +"
    NOT_NEGATIVE = "≥ 0"
    SIGNED = "signed"


@dataclass(frozen=True)
class Quantity:
    """One array. Bounds are closed; None is unbounded."""

    name: str
    dims: tuple[str, ...]
    unit: str
    sign: Sign
    lower: float | None
    upper: float | None
    meaning: str


_C, _F, _P, _S = Sign.CONSUMPTION, Sign.FORWARD, Sign.NOT_NEGATIVE, Sign.SIGNED

QUANTITIES = (
    # time
    Quantity("times_utc", ("T",), "UTC", _S, None, None, "Start of each step, datetime64[ns], regular."),
    Quantity("step_h", (), "h", _P, 1 / 60, 24, "Length of a step."),
    # weather
    Quantity("ghi_w_per_m2", ("T",), "W/m²", _P, 0, 1500, "Global horizontal irradiance, mean of the step."),
    Quantity("dni_w_per_m2", ("T",), "W/m²", _P, 0, 1400, "Direct normal irradiance, mean of the step."),
    Quantity("dhi_w_per_m2", ("T",), "W/m²", _P, 0, 1000, "Diffuse horizontal irradiance, mean of the step."),
    Quantity("temperature_c", ("T",), "°C", _S, -60, 60, "Air temperature at 2 m."),
    Quantity("wind_m_per_s", ("T",), "m/s", _P, 0, 80, "Wind speed at 10 m."),
    # network
    Quantity("load_kw", ("N", "T"), "kW", _C, None, None, "Active power drawn at a bus."),
    Quantity("load_kvar", ("N", "T"), "kvar", _C, None, None, "Reactive power drawn at a bus, inductive +."),
    Quantity("v_pu", ("N", "T"), "1", _P, 0, 2, "Voltage magnitude over the base voltage of the bus."),
    Quantity("branch_kw", ("B", "T"), "kW", _F, None, None, "Active power entering a branch at its from-side."),
    Quantity("loading_pu", ("B", "T"), "1", _P, 0, None, "Current or apparent power over the rating of a branch."),
    Quantity("loss_kw", ("T",), "kW", _P, 0, None, "Losses of all branches."),
    # demand
    Quantity("demand_kw", ("D", "K", "T"), "kW", _P, 0, None, "Demand of a contract class in a district."),
    Quantity("solar_kw", ("D", "T"), "kW", _P, 0, None, "Alternating-current output of solar power in a district."),
    Quantity("energy_kwh", ("D", "K"), "kWh", _P, 0, None, "Energy of a contract class in a district over a month."),
    # vehicles
    Quantity("charge_kw", ("V", "T"), "kW", _P, 0, None, "Power a vehicle or battery takes at its terminals."),
    Quantity("discharge_kw", ("V", "T"), "kW", _P, 0, None, "Power a vehicle or battery gives at its terminals."),
    Quantity("stored_kwh", ("V", "T+1"), "kWh", _P, 0, None, "Energy in a battery at the edges of the steps."),
    Quantity("earliest_kwh", ("T",), "kWh", _P, 0, None, "Most energy a cohort can have drawn by the end of a step."),
    Quantity("latest_kwh", ("T",), "kWh", _P, 0, None, "Least energy a cohort must have drawn by the end of a step."),
    Quantity("plugged", ("V", "T"), "1", _P, 0, 1, "Whether a bus occupies a charger."),
    # money
    Quantity("energy_price_krw_per_kwh", ("T",), "KRW/kWh", _S, None, None, "Price of energy as paid, with taxes."),
    Quantity("energy_rate_krw_per_kwh", ("T",), "KRW/kWh", _P, 0, None, "Untaxed price of energy of a tariff table."),
    Quantity("period", ("T",), "1", _P, 0, 2, "Time-of-use period: 0 off-peak, 1 mid-peak, 2 peak."),
    Quantity("peaks_kw", ("months",), "kW", _P, 0, None, "Highest mean power of a step in a month, off-peak left out."),
)
"""Every quantity; a package that makes a new array adds a row."""
