"""Electricity demand of a city by district and contract class: base load, heating and cooling.

Demand here is *metered* demand, what customers are billed for and what sales statistics count. What the 22.9 kV grid
has to deliver is more by the losses of the low-voltage side, which `at_medium_voltage_kw` adds. Losses of the
medium-voltage grid come from a power flow of it; losses of transmission are outside the model.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from data.contract_class import CONTRACT_CLASSES
from data.errors import ProblemList
from data.weather import Weather
from twin.demand_clock import LocalDays, LocalHours, local_hours
from twin.demand_temperature import air_temperature_c, felt_temperature_c

Floats = NDArray[np.float64]
Times = NDArray[np.datetime64]

CLASS_COUNT = len(CONTRACT_CLASSES)


@dataclass(frozen=True, eq=False)
class ClassResponse:
    """How each contract class behaves, wherever it is; arrays go by `CONTRACT_CLASSES` (C).

    Attributes
    ----------
    base_shape
        Base load relative to its mean of a working day, shape (C, season, day type, hour).
    heating_shape, cooling_shape
        Load per kelvin relative to its mean of a working day, shape (C, day type, hour).
    activity
        Factor on the base load in the middle of each month, shape (C, 12).
    heating_base_c, cooling_base_c
        Felt temperature below which heating and above which cooling begins, °C, shape (C,).
    heating_scale_k
        Cold at which heating has lost 63 % of its further rise, because appliances run at their limit, K, shape (C,).
    cooling_scale_k
        The same for warmth and cooling, K, shape (C,).
    cooling_per_k
        Cooling load per kelvin relative to the base load, before calibration to the city's peak, 1/K, shape (C,).
    inertia_h, inertia_share
        Time constant and weight of the slow part of the felt temperature, h and 1, shape (C,).
    lv_loss_share
        Losses between the 22.9 kV bus and the customers' meters, relative to metered demand, shape (C,).
    power_factor
        Lagging power factor at the 22.9 kV bus, shape (C,).
    diversity
        Spread of the logarithm of single buses' load around their group, shape (C,).
    """

    base_shape: Floats
    heating_shape: Floats
    cooling_shape: Floats
    activity: Floats
    heating_base_c: Floats
    cooling_base_c: Floats
    heating_scale_k: Floats
    cooling_scale_k: Floats
    cooling_per_k: Floats
    inertia_h: Floats
    inertia_share: Floats
    lv_loss_share: Floats
    power_factor: Floats
    diversity: Floats


@dataclass(frozen=True, eq=False)
class DemandModel:
    """A calibrated model of a city's demand; districts by name (D), classes in the order of `CONTRACT_CLASSES` (C).

    Attributes
    ----------
    districts
        Codes of the districts.
    base_kw
        Mean base load of a working day, kW, shape (D, C). 0 where a class has no customers.
    heating_kw_per_k
        Mean heating load of a working day per kelvin below the heating base, kW/K, shape (D, C).
    cooling_kw_per_k
        Mean cooling load of a working day per kelvin above the cooling base, kW/K, shape (D, C).
    response
        What is the same for a class in every district.

    Raises
    ------
    InvalidInput
        When a value is negative or not finite, or a shape does not fit.
    """

    districts: tuple[str, ...]
    base_kw: Floats
    heating_kw_per_k: Floats
    cooling_kw_per_k: Floats
    response: ClassResponse

    def __post_init__(self) -> None:
        problems = ProblemList()
        for name in ("base_kw", "heating_kw_per_k", "cooling_kw_per_k"):
            values = np.asarray(getattr(self, name), dtype=float)
            if values.shape != (len(self.districts), CLASS_COUNT):
                what = f"shape {values.shape} for {len(self.districts)} districts and {CLASS_COUNT} classes"
                problems.add("demand model", what, "Give one value for each district and class", field=name)
            elif not (np.isfinite(values).all() and (values >= 0).all()):
                problems.add("demand model", "a value is negative or not finite", "Calibrate it again", field=name)
        for field in fields(self.response):
            values = getattr(self.response, field.name)
            if len(values) != CLASS_COUNT or not np.isfinite(values).all():
                what = "a value is not finite, or a class is missing"
                problems.add("demand model", what, "Give every class its values", field=field.name)
        problems.raise_if_any()


@dataclass(frozen=True, eq=False)
class UnitDemand:
    """Demand of each class for one unit of each of its levels, shape (T, C).

    Attributes
    ----------
    base
        Per kW of base load.
    heating_k
        Per kW/K of heating load.
    cooling_k
        Per kW/K of cooling load.
    """

    base: Floats
    heating_k: Floats
    cooling_k: Floats


def unit_demand(
    response: ClassResponse, weather: Weather, times_utc: Times, step_h: float, days: LocalDays
) -> UnitDemand:
    """Evaluate shapes, seasons and temperature for the classes; see `district_demand_kw` for the arguments."""
    hours = local_hours(times_utc, step_h, days)
    temp_c, before = air_temperature_c(weather, times_utc, step_h)
    felt_c = np.empty((len(times_utc), CLASS_COUNT))
    for c in range(CLASS_COUNT):
        felt_c[:, c] = felt_temperature_c(temp_c, step_h, response.inertia_h[c], response.inertia_share[c])[before:]
    cold_k = saturating_k(response.heating_base_c - felt_c, response.heating_scale_k)
    warm_k = saturating_k(felt_c - response.cooling_base_c, response.cooling_scale_k)
    return UnitDemand(
        base=hours.at_times(_base_of_hours(response, hours)),
        heating_k=hours.at_times(response.heating_shape[:, hours.day_type, hours.hour].T) * cold_k,
        cooling_k=hours.at_times(response.cooling_shape[:, hours.day_type, hours.hour].T) * warm_k,
    )


def saturating_k(excess_k: Floats, scale_k: Floats) -> Floats:
    r"""Kelvins of heating or cooling that appliances of limited power still answer to.

    .. math:: D (1 - e^{-[x]^+ / D})

    About x for small x and never more than the scale D; it never falls when x rises.
    """
    return np.asarray(-scale_k * np.expm1(-np.maximum(excess_k, 0.0) / scale_k))


def _base_of_hours(response: ClassResponse, hours: LocalHours) -> Floats:
    by_season = response.base_shape[:, :, hours.day_type, hours.hour]
    shape = np.einsum("csh,hs->hc", by_season, hours.season_weight)
    return np.asarray(shape * (hours.month_weight @ response.activity.T))


def district_demand_kw(
    model: DemandModel, weather: Weather, times_utc: Times, step_h: float, days: LocalDays
) -> xr.DataArray:
    r"""Metered demand of every district and contract class.

    .. math:: P_{d,c,t} = B_{d,c}\, b_{c,t} + H_{d,c}\, s(\theta^h_c - f_{c,t})\, h_{c,t}
        + K_{d,c}\, s(f_{c,t} - \theta^k_c)\, k_{c,t}

    with base, heating and cooling levels B, H, K of the district, shapes b, h, k by hour, day type and season, the felt
    temperature f (`felt_temperature_c`) and the saturation s (`saturating_k`).

    Parameters
    ----------
    model
        The calibrated model.
    weather
        Covers the steps; the four days before them are used where it has them.
    times_utc
        Starts of the steps, datetime64 in UTC, regular, shape (T,).
    step_h
        Length of a step, h.
    days
        The city's holidays and time zone.

    Returns
    -------
    xarray.DataArray
        kW, dimensions (time, district, contract_class), never negative.

    Raises
    ------
    InvalidInput
        When the times are not regular or the weather does not cover them.
    """
    unit = unit_demand(model.response, weather, times_utc, step_h, days)
    demand_kw = (
        unit.base[:, None, :] * model.base_kw
        + unit.heating_k[:, None, :] * model.heating_kw_per_k
        + unit.cooling_k[:, None, :] * model.cooling_kw_per_k
    )
    return xr.DataArray(
        demand_kw,
        dims=("time", "district", "contract_class"),
        coords={
            "time": np.asarray(times_utc, dtype="datetime64[ns]"),
            "district": list(model.districts),
            "contract_class": [str(name) for name in CONTRACT_CLASSES],
        },
        name="demand_kw",
        attrs={"unit": "kW", "long_name": "metered demand", "step_h": step_h},
    )


def at_medium_voltage_kw(model: DemandModel, demand_kw: xr.DataArray) -> xr.DataArray:
    """Load at the 22.9 kV buses: metered demand and the losses of the low-voltage side, same dimensions."""
    names = [str(name) for name in CONTRACT_CLASSES]
    factor = xr.DataArray(1.0 + model.response.lv_loss_share, coords={"contract_class": names}, dims="contract_class")
    return (demand_kw * factor.sel(contract_class=demand_kw.contract_class)).rename("load_kw").assign_attrs(unit="kW")


def coincident_peak_kw(model: DemandModel, demand_kw: xr.DataArray) -> xr.DataArray:
    """Load of every district and class at the moment of the city's highest load, at the 22.9 kV buses.

    Parameters
    ----------
    model
        The model, for its low-voltage losses.
    demand_kw
        Metered demand of the period to search, from `district_demand_kw`.

    Returns
    -------
    xarray.DataArray
        kW, dimensions (district, contract_class); the coordinate `time` is the start of the peak's step.
    """
    load_kw = at_medium_voltage_kw(model, demand_kw)
    return load_kw.isel(time=int(np.argmax(load_kw.sum(("district", "contract_class")).values)))
