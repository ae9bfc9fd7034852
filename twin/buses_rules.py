"""What every garage's planning day shares: its steps, the rules of charging, the parts of the depot model in use."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from data.calendar import Calendar
from data.city_folder import CityFolder
from data.errors import ProblemList
from data.tariffs_time import local_times

Floats = NDArray[np.float64]
Times = NDArray[np.datetime64]

HORIZON_H = 24.0
"""Length of a planning day."""


@dataclass(frozen=True)
class DepotRules:
    """Rules all garages of a city share; the parameters `bus_…` of its folder."""

    plug_min_h: float
    sessions_per_stay: int
    handover_h: float
    session_krw: float
    reserve_soc: float
    start_soc: float
    cell_krw_per_kwh: float
    v2g_krw_per_kwh: float
    warranty_cycles_per_day: float


@dataclass(frozen=True)
class DepotFeatures:
    """Parts of the depot model that can be left out."""

    taper: bool = False
    v2g: bool = False
    degradation: bool = False


@dataclass(frozen=True)
class PlanningDay:
    """The steps of a planning day and what holds in them for every garage.

    Attributes
    ----------
    times_utc
        (T,) starts of the steps.
    step_h
        Length of a step.
    zone, calendar
        Clock and holidays of the city.
    service_date
        Local date of the first step.
    temp_c
        (T,) outdoor temperature.
    """

    times_utc: Times
    step_h: float
    zone: ZoneInfo
    calendar: Calendar
    service_date: date
    temp_c: Floats

    def __post_init__(self) -> None:
        problems = ProblemList()
        steps = len(self.times_utc)
        if not steps or abs(steps * self.step_h - HORIZON_H) > 1e-9:
            what = f"{steps} steps of {self.step_h:g} h do not make up a day"
            problems.add("planning day", what, "give steps that cover 24 hours", field="times_utc")
        if self.temp_c.shape != (steps,) or not np.isfinite(self.temp_c).all():
            what = f"temperatures of shape {self.temp_c.shape} for {steps} steps, or not all finite"
            problems.add("planning day", what, "give one finite temperature a step", field="temp_c")
        problems.raise_if_any()

    @property
    def start_h(self) -> float:
        """Local hour at which the day starts."""
        first = local_times(self.times_utc[:1], self.zone)[0]
        return float(first.hour + first.minute / 60)

    @property
    def labels(self) -> tuple[str, ...]:
        """(T,) local clock times, "04:15"."""
        return tuple(local_times(self.times_utc, self.zone).strftime("%H:%M"))


def depot_rules(folder: CityFolder) -> DepotRules:
    """Return the rules of the garages from the parameters of a city folder."""
    return DepotRules(
        plug_min_h=folder.parameter("bus_plug_min_h"),
        sessions_per_stay=round(folder.parameter("bus_sessions_per_stay")),
        handover_h=folder.parameter("bus_handover_h"),
        session_krw=folder.parameter("bus_session_krw"),
        reserve_soc=folder.parameter("bus_reserve_soc"),
        start_soc=folder.parameter("bus_start_soc"),
        cell_krw_per_kwh=folder.parameter("bus_cell_krw_per_kwh"),
        v2g_krw_per_kwh=folder.parameter("bus_v2g_krw_per_kwh"),
        warranty_cycles_per_day=folder.parameter("bus_warranty_cycles_per_day"),
    )
