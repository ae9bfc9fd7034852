"""What a run says in brief: the figures that its report, its pages and its lists show, ready to be stored as JSON.

Everything here is small (districts, the worst feeders, garages), so that no page ever reads a whole run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from data.errors import InvalidInput, Problem
from twin.schedule_why import Why, why_from_json

SUMMARY_VERSION = 1


@dataclass(frozen=True)
class RunFacts:
    """Which run it is and what it was made from.

    `clock` holds the local start of every step ("04:15"), `assumed_rows` and `stated_rows` count the rows of every
    table that are assumptions and facts of their source, `credits` whom maps and figures must name.
    """

    run_id: str
    city: str
    city_local: str
    credits: str
    scenario: str
    scenario_meaning: str
    service_date: str
    timezone: str
    district: str | None
    weather: str
    weather_kind: str
    weather_notes: tuple[str, ...]
    temperature_c: tuple[float, float, float]
    clock: tuple[str, ...]
    step_h: float
    seed: int
    code_version: str
    solver_version: str
    made_utc: str
    inputs: Mapping[str, str]
    assumed_rows: Mapping[str, int]
    stated_rows: Mapping[str, int]


@dataclass(frozen=True)
class CityCurves:
    """Power of the whole city at each step, MW; `*_plan` and `*_unmanaged` differ, the rest is the same in both.

    `supplied_*` is what the transmission grid delivers (losses included); `capacity_mw` is the sum of all banks'
    ratings. `demand_mw` is by contract class.
    """

    supplied_unmanaged_mw: tuple[float, ...]
    supplied_plan_mw: tuple[float, ...]
    vehicles_unmanaged_mw: tuple[float, ...]
    vehicles_plan_mw: tuple[float, ...]
    buses_unmanaged_mw: tuple[float, ...]
    buses_plan_mw: tuple[float, ...]
    batteries_plan_mw: tuple[float, ...]
    demand_mw: Mapping[str, tuple[float, ...]]
    assets_mw: tuple[float, ...]
    solar_mw: tuple[float, ...]
    losses_plan_mw: tuple[float, ...]
    capacity_mw: float


@dataclass(frozen=True)
class DistrictFacts:
    """One district; energies in MWh and costs in million KRW over the day, violation minutes by kind."""

    code: str
    name_local: str
    name_en: str
    peak_unmanaged_mw: float
    peak_plan_mw: float
    demand_mwh: float
    vehicles_mwh: float
    buses_mwh: float
    solar_mwh: float
    charging_cost_unmanaged_mkrw: float
    charging_cost_plan_mkrw: float
    demand_cost_mkrw: float
    co2_t: float
    bus_km: float
    avoided_cng_co2_kg: float
    avoided_cng_nox_kg: float
    avoided_cng_pm_kg: float
    avoided_diesel_co2_kg: float
    avoided_diesel_nox_kg: float
    avoided_diesel_pm_kg: float
    unserved_kwh: float
    feeders: int
    worst_feeder: str
    worst_loading_unmanaged: float
    worst_loading_plan: float
    lowest_voltage_pu: float
    highest_voltage_pu: float
    violation_minutes_unmanaged: Mapping[str, float]
    violation_minutes_plan: Mapping[str, float]


@dataclass(frozen=True)
class FeederFacts:
    """A feeder among the worst: when and by what it is loaded.

    `cause_kw` splits its load at the worst step over contract classes, vehicles, buses, batteries and solar.
    """

    feeder: str
    district: str
    substation: str
    clock: str
    loading_plan: float
    loading_unmanaged: float
    head_kw: float
    rating_kw: float
    headroom_kw: float
    minutes_over: float
    lowest_voltage_pu: float
    cause_kw: Mapping[str, float]


@dataclass(frozen=True)
class DepotFacts:
    """A garage with its plan beside plugging in on arrival; costs in thousand KRW a day."""

    garage: str
    name_local: str
    name_en: str
    district: str
    buses: int
    chargers: int
    contract_kw: float
    energy_kwh: float
    peak_unmanaged_kw: float
    peak_plan_kw: float
    cost_unmanaged_kkrw: float
    cost_plan_kkrw: float
    bound_kkrw: float
    gap: float
    status: str
    method: str
    reason: str
    lowest_soc: float


@dataclass(frozen=True)
class CertificateFacts:
    """The certificate of the run (see `optimizers.plan.Certificate`), with what its parts are."""

    status: str
    objective_krw: float
    lower_bound_krw: float
    gap: float
    bound_for: str
    max_voltage_violation_pu: float
    max_loading_violation: float
    max_power_residual_kva: float
    converged_steps: int
    steps: int
    replay_ok: bool
    replay_violations: tuple[str, ...]
    shortfall_kwh: float
    input_sha256: str
    code_version: str
    solver_version: str
    seed: int
    wall_s: float


@dataclass(frozen=True)
class BindingLimit:
    """A limit that made the plan dearer: what one more kWh through it would have been worth."""

    element: str
    substation: str
    first_clock: str
    last_clock: str
    highest_krw_per_kwh: float
    value_krw: float


@dataclass(frozen=True)
class Summary:
    """Everything a run says in brief.

    `totals` holds single figures by name with their unit in the name (peak_plan_mw, losses_plan_mwh, …); `cost_mkrw`
    costs by tariff plan as (unmanaged, plan); `phases_s` seconds by phase; `why` the reasons of a coordinated plan.
    """

    run: RunFacts
    certificate: CertificateFacts
    totals: Mapping[str, float]
    curves: CityCurves
    districts: tuple[DistrictFacts, ...]
    feeders: tuple[FeederFacts, ...]
    depots: tuple[DepotFacts, ...]
    limits: tuple[BindingLimit, ...]
    cost_mkrw: Mapping[str, tuple[float, float]]
    phases_s: Mapping[str, float]
    why: Why | None = None

    def as_json(self) -> dict[str, Any]:
        """Return plain JSON values with the schema's version."""
        why = None if self.why is None else self.why.as_json()
        return {"schema_version": SUMMARY_VERSION, **asdict(replace(self, why=None)), "why": why}


def summary_from_json(document: Mapping[str, Any]) -> Summary:
    """Return a summary from what `Summary.as_json` wrote.

    Raises
    ------
    InvalidInput
        When it was written by another version of the schema.
    """
    version = document.get("schema_version")
    if version != SUMMARY_VERSION:
        what = f"written with schema version {version}, this program reads {SUMMARY_VERSION}"
        raise InvalidInput([Problem("summary.json", 0, "schema_version", what, "make the run again")])
    return Summary(
        run=RunFacts(**{"credits": ""} | _with_tuples(document["run"])),  # runs made before cities had credits
        certificate=CertificateFacts(**_with_tuples(document["certificate"])),
        totals=document["totals"],
        curves=CityCurves(**_with_tuples(document["curves"])),
        districts=tuple(DistrictFacts(**row) for row in document["districts"]),
        feeders=tuple(FeederFacts(**row) for row in document["feeders"]),
        depots=tuple(DepotFacts(**row) for row in document["depots"]),
        limits=tuple(BindingLimit(**row) for row in document["limits"]),
        cost_mkrw=_with_tuples(document["cost_mkrw"]),
        phases_s=document["phases_s"],
        why=why_from_json(document["why"]) if document.get("why") else None,
    )


def _with_tuples(document: Mapping[str, Any]) -> dict[str, Any]:
    """Turn lists, which JSON knows alone, back into tuples, in mappings too."""
    return {
        name: tuple(value) if isinstance(value, list) else _with_tuples(value) if isinstance(value, dict) else value
        for name, value in document.items()
    }
