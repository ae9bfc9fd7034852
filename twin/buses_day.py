"""The planning day of every garage: service drawn, depot problem made, and made drivable by swapping buses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from data.tariffs import Tariff
from optimizers.problem import DepotProblem
from twin.buses_depot import depot_problem
from twin.buses_model import BusModel, Garage
from twin.buses_rules import DepotFeatures, DepotRules, PlanningDay
from twin.buses_service import DayClock, service_day
from twin.buses_swaps import with_swaps

ALL_SIMPLE = DepotFeatures()
"""The depot model without taper, vehicle-to-grid and wear."""


@dataclass(frozen=True)
class GarageDay:
    """One garage on one planning day.

    Attributes
    ----------
    garage
        Which garage.
    problem
        What its optimizer is asked to plan; plugging on arrival serves it.
    distance_km
        Distance its electric buses run.
    swapped, handed_on
        Absences taken over by another bus, and by none of the electric ones (see `twin.buses_swaps`).
    handed_on_kwh, short_kwh
        Energy of the latter, and what plugging on arrival still leaves missing.
    """

    garage: Garage
    problem: DepotProblem
    distance_km: float
    swapped: int
    handed_on: int
    handed_on_kwh: float
    short_kwh: float


def garage_days(
    model: BusModel,
    tariffs: Mapping[str, Tariff],
    day: PlanningDay,
    rules: DepotRules,
    seed: int,
    features: DepotFeatures = ALL_SIMPLE,
    districts: frozenset[str] | None = None,
) -> dict[str, GarageDay]:
    """Return the planning day of every garage (of some districts, if given), by garage id."""
    return {
        garage.id: garage_day(model, garage, tariffs, day, rules, seed, features)
        for garage in model.garages
        if districts is None or garage.district in districts
    }


def garage_day(
    model: BusModel,
    garage: Garage,
    tariffs: Mapping[str, Tariff],
    day: PlanningDay,
    rules: DepotRules,
    seed: int,
    features: DepotFeatures = ALL_SIMPLE,
) -> GarageDay:
    """Draw the service of one garage, make its depot problem, and swap buses until charging on arrival serves it.

    Raises
    ------
    InvalidInput
        As `depot_problem`.
    """
    day_type = day.calendar.day_type(day.service_date)
    service = service_day(model, garage, day_type, day.service_date, DayClock(day.start_h, day.step_h), seed)
    drawn = depot_problem(model, garage, service, tariffs, day, rules, seed, features)
    swaps = with_swaps(drawn)
    total_kwh = float(drawn.trip_kwh.sum())
    share = 1 - swaps.handed_on_kwh / total_kwh if total_kwh > 0 else 1.0
    return GarageDay(
        garage=garage,
        problem=swaps.problem,
        distance_km=float(service.distance_km.sum()) * share,
        swapped=swaps.swapped,
        handed_on=swaps.handed_on,
        handed_on_kwh=swaps.handed_on_kwh,
        short_kwh=swaps.short_kwh,
    )
