"""Cohorts of electric vehicles: what the city's tables say about who charges where, how much and for how long."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import IntEnum

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.calendar import DayType
from data.errors import ProblemList

Floats = NDArray[np.float64]

HOURS = 24


class Cohort(IntEnum):
    """Groups of charging sessions that behave alike."""

    HOME_SLOW = 0
    WORK = 1
    PUBLIC_SLOW = 2
    PUBLIC_FAST = 3
    TAXI = 4
    TRUCK = 5

    @property
    def label(self) -> str:
        """Name of the cohort in the city's tables."""
        return self.name.lower()


class Charger(IntEnum):
    """Kinds of charger the observed charging shapes tell apart."""

    SLOW = 0
    FAST = 1


@dataclass(frozen=True)
class CohortRules:
    """How the sessions of one cohort behave; the columns of the table `ev_cohorts`, and the sizes of its chargers.

    `depart_clock_mean_h` is NaN where vehicles leave some time after they are full instead of at an hour of the day.
    `size_kw`, `size_share` are the (K,) charging powers and the shares of sessions with them.
    """

    cohort: Cohort
    charger: Charger
    host_class: str
    chargers_per_site: float
    rating_share: float
    own_district_share: float
    session_kwh_mean: float
    session_kwh_cv: float
    depart_clock_mean_h: float
    depart_clock_sd_h: float
    stay_max_h: float
    overstay_mean_h: float
    wait_share: float
    wait_first_h: int
    wait_last_h: int
    wait_max_h: float
    v2g_share: float
    v2g_spare_kwh: float
    size_kw: Floats
    size_share: Floats

    @property
    def site_kw(self) -> float:
        """Power of the chargers of one site; of one charger where the cohort has no sites."""
        return max(self.chargers_per_site, 1.0) * float(self.size_kw @ self.size_share)


@dataclass(frozen=True)
class Use:
    """One use of vehicles of a register category; `cohort_share` (6,) splits its energy over the cohorts."""

    vehicle: str
    name: str
    share: float
    km_per_day: float
    kwh_per_km: float
    cohort_share: Floats


@dataclass(frozen=True)
class EvModel:
    """Everything the city's tables say about electric vehicles.

    Attributes
    ----------
    districts
        District ids, in the order of every district dimension here.
    registered
        (district, category) vehicles by register category, columns named by `categories`.
    fast_chargers, slow_chargers
        (D,) registered chargers.
    uses, cohorts
        What vehicles do; one `CohortRules` per `Cohort`, in its order.
    shape
        Observed hourly energy of unmanaged charging as share of the mean day, by day type: (2, 24) slow and fast.
    start_priors
        (6, 24) expected share of sessions that start in each hour, before the fit.
    temperature_c, temperature_factor
        Points of the response of energy per km to the day's mean temperature.
    """

    districts: tuple[str, ...]
    categories: tuple[str, ...]
    registered: NDArray[np.int64]
    fast_chargers: Floats
    slow_chargers: Floats
    uses: tuple[Use, ...]
    cohorts: tuple[CohortRules, ...]
    shape: Mapping[DayType, Floats]
    start_priors: Floats
    temperature_c: Floats
    temperature_factor: Floats

    def consumption_factor(self, temp_c: float) -> float:
        """Energy per km at a day's mean temperature over that at mild weather."""
        return float(np.interp(temp_c, self.temperature_c, self.temperature_factor))


def ev_model(tables: Mapping[str, pd.DataFrame]) -> EvModel:
    """Return the model of electric vehicles from the tables of a checked city folder."""
    registrations = tables["ev_registrations"].pivot_table(
        index="district", columns="vehicle", values="count", aggfunc="sum", fill_value=0
    )
    districts = tuple(sorted(tables["districts"]["code"]))
    registrations = registrations.reindex(list(districts), fill_value=0)
    chargers = tables["ev_chargers"].set_index("district").reindex(list(districts)).fillna({"fast": 0, "slow": 0})
    temperature = tables["ev_temperature"].sort_values("temp_c")
    priors = tables["ev_start_priors"].sort_values("hour")[[cohort.label for cohort in Cohort]].to_numpy(float).T
    return EvModel(
        districts=districts,
        categories=tuple(str(name) for name in registrations.columns),
        registered=registrations.to_numpy(np.int64),
        fast_chargers=chargers["fast"].to_numpy(float),
        slow_chargers=chargers["slow"].to_numpy(float),
        uses=_uses(tables["ev_uses"]),
        cohorts=tuple(_rules(cohort, tables) for cohort in Cohort),
        shape=_shapes(tables["ev_charging_shape"]),
        start_priors=priors / priors.sum(axis=1, keepdims=True),
        temperature_c=temperature["temp_c"].to_numpy(float),
        temperature_factor=temperature["consumption_factor"].to_numpy(float),
    )


def _uses(table: pd.DataFrame) -> tuple[Use, ...]:
    shares = table[[f"{cohort.label}_share" for cohort in Cohort]].to_numpy(float)
    columns = table[["vehicle", "use", "share", "km_per_day", "kwh_per_km"]].itertuples(index=False)
    return tuple(
        Use(str(vehicle), str(use), float(share), float(km), float(kwh), of_cohort / of_cohort.sum())
        for (vehicle, use, share, km, kwh), of_cohort in zip(columns, shares, strict=True)
    )


def _rules(cohort: Cohort, tables: Mapping[str, pd.DataFrame]) -> CohortRules:
    row = tables["ev_cohorts"].set_index("cohort").loc[cohort.label]
    sizes = tables["ev_charger_sizes"]
    sizes = sizes[sizes["cohort"] == cohort.label].sort_values("max_kw")
    share = sizes["share"].to_numpy(float)
    return CohortRules(
        cohort=cohort,
        charger=Charger[str(row["charger"]).upper()],
        host_class=str(row["host_class"]),
        wait_first_h=int(row["wait_first_h"]),
        wait_last_h=int(row["wait_last_h"]),
        size_kw=sizes["max_kw"].to_numpy(float),
        size_share=share / share.sum(),
        **{name: float(row[name]) for name in _REAL_COLUMNS},
    )


_REAL_COLUMNS = (
    "chargers_per_site",
    "rating_share",
    "own_district_share",
    "session_kwh_mean",
    "session_kwh_cv",
    "depart_clock_mean_h",
    "depart_clock_sd_h",
    "stay_max_h",
    "overstay_mean_h",
    "wait_share",
    "wait_max_h",
    "v2g_share",
    "v2g_spare_kwh",
)


def _shapes(table: pd.DataFrame) -> dict[DayType, Floats]:
    return {
        DayType[str(day_type).upper()]: rows.sort_values("hour")[["slow_of_mean_day", "fast_of_mean_day"]]
        .to_numpy(float)
        .T
        for day_type, rows in table.groupby("day_type")
    }


def with_total(model: EvModel, total: int) -> EvModel:
    """Return the model with `total` registered vehicles, electric buses not counted, in the present proportions.

    Counts are rounded by the largest remainder, so that they sum to `total` exactly.
    """
    cars = np.array([category != "business_bus" for category in model.categories])
    wanted = model.registered * cars * (total / model.registered[:, cars].sum())
    counts = np.floor(wanted).astype(np.int64)
    short = total - int(counts.sum())
    first = np.argsort(-(wanted - counts), axis=None, kind="stable")[:short]
    counts.flat[first] += 1
    counts[:, ~cars] = model.registered[:, ~cars]
    return replace(model, registered=counts)


def ev_model_in(tables: Mapping[str, pd.DataFrame], scenario: str, vehicles: int | None) -> EvModel:
    """Return the model with the vehicles of a scenario.

    Parameters
    ----------
    tables
        Tables of a checked city folder.
    scenario
        Its fleet `electric_taxis` of the table `fleets`, if there is one, sets the number of taxis.
    vehicles
        Electric vehicles without buses; None keeps those of the register.

    Raises
    ------
    InvalidInput
        When the scenario has more taxis than commercial cars.
    """
    model = ev_model(tables)
    if vehicles is not None:
        model = with_total(model, vehicles)
    fleets = tables["fleets"]
    taxis = fleets.loc[(fleets["scenario"] == scenario) & (fleets["fleet"] == "electric_taxis"), "vehicles"]
    return model if taxis.empty else with_taxis(model, int(taxis.iloc[0]))


def with_taxis(model: EvModel, taxis: int) -> EvModel:
    """Return the model in which so many of the vehicles that are used as taxis or could be are taxis.

    The use named "taxi" gets that share of its category, the category's other uses keep their proportions.
    """
    use = next(use for use in model.uses if use.name == "taxi")
    cars = int(model.registered[:, model.categories.index(use.vehicle)].sum())
    if taxis > cars:
        problems = ProblemList()
        what = f"{taxis:,} electric taxis among {cars:,} electric vehicles of category {use.vehicle}"
        problems.add("fleets.csv", what, "lower their number, or raise electric_vehicles", field="vehicles")
        problems.raise_if_any()
    share = taxis / max(cars, 1)
    scale = (1 - share) / max(1 - use.share, 1e-12)
    uses = (
        replace(u, share=share if u is use else u.share * scale) if u.vehicle == use.vehicle else u for u in model.uses
    )
    return replace(model, uses=tuple(uses))


def with_v2g(model: EvModel, cohort: Cohort, share: float) -> EvModel:
    """Return the model in which a share of a cohort's sessions can feed back."""
    rules = (replace(r, v2g_share=share) if r.cohort is cohort else r for r in model.cohorts)
    return replace(model, cohorts=tuple(rules))
