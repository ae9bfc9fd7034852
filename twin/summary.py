"""The summary of a run, put together from the day, the plan and their checks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from optimizers.plan import Certificate
from twin.city import City
from twin.city_prices import battery_tariff, cohort_tariffs
from twin.day import CityDay
from twin.ev_cohorts import Cohort
from twin.plan_replay import CityReplay
from twin.proof import BOUND_FOR
from twin.schedule import CityPlan
from twin.schedule_builds import why_of_day
from twin.summary_districts import battery_costs_krw, district_facts, session_costs_krw
from twin.summary_parts import (
    KW_PER_MW,
    Outcome,
    as_row,
    binding_limits,
    city_curves,
    depot_facts,
    garage_kw,
    worst_feeders,
)
from twin.summary_types import CertificateFacts, DistrictFacts, RunFacts, Summary


@dataclass(frozen=True, eq=False)
class Findings:
    """Everything a run found out, before it is told in brief."""

    day: CityDay
    unmanaged: Outcome
    planned: Outcome
    replay: CityReplay
    certificate: Certificate
    inputs: Mapping[str, str]
    phases_s: Mapping[str, float]


def summarise(run_id: str, found: Findings) -> Summary:
    """Return the summary of a run."""
    day = found.day
    districts = district_facts(day, found.unmanaged, found.planned)
    return Summary(
        run=_run_facts(run_id, found),
        certificate=_certificate(found),
        totals=_totals(found, districts),
        curves=city_curves(day, found.unmanaged, found.planned),
        districts=districts,
        feeders=worst_feeders(day, found.unmanaged, found.planned),
        depots=depot_facts(day, found.unmanaged.plan, found.planned.plan),
        limits=binding_limits(day, found.planned.plan),
        cost_mkrw=_costs(found, districts),
        phases_s={name: round(seconds, 2) for name, seconds in found.phases_s.items()},
        why=why_of_day(day, found.planned.plan),
    )


def _run_facts(run_id: str, found: Findings) -> RunFacts:
    day, city = found.day, found.day.city
    settings, weather = city.folder.settings, day.weather
    stated, assumed = provenance(city)
    return RunFacts(
        run_id=run_id,
        city=settings.name,
        city_local=settings.name_local,
        credits=settings.credits,
        scenario=city.scenario.name,
        scenario_meaning=city.scenario.meaning,
        service_date=day.planning.service_date.isoformat(),
        timezone=settings.timezone,
        district=city.district,
        weather=weather.source,
        weather_kind=weather.kind.value,
        weather_notes=weather.notes,
        temperature_c=(
            round(float(weather.temp_c.min()), 1),
            round(float(weather.temp_c.mean()), 1),
            round(float(weather.temp_c.max()), 1),
        ),
        clock=day.planning.labels,
        step_h=day.step_h,
        seed=settings.seed,
        code_version=found.certificate.code_version,
        solver_version=found.certificate.solver_version,
        made_utc=datetime.now(UTC).isoformat(timespec="seconds"),
        inputs=dict(found.inputs),
        assumed_rows=assumed,
        stated_rows=stated,
    )


def provenance(city: City) -> tuple[dict[str, int], dict[str, int]]:
    """Return by table how many rows their source states as a fact, and how many are assumptions."""
    marks = {name: table["assumed"] for name, table in city.folder.tables.items() if "assumed" in table}
    assumed = {name: int(mark.sum()) for name, mark in marks.items()}
    return {name: len(mark) - assumed[name] for name, mark in marks.items()}, assumed


def _certificate(found: Findings) -> CertificateFacts:
    certificate, state = found.certificate, found.planned.state
    return CertificateFacts(
        status=certificate.status.value,
        objective_krw=round(certificate.objective_krw, 2),
        lower_bound_krw=round(certificate.lower_bound_krw, 2),
        gap=certificate.gap,
        bound_for=BOUND_FOR,
        max_voltage_violation_pu=state.max_voltage_violation_pu,
        max_loading_violation=state.max_loading_violation,
        max_power_residual_kva=state.residual_kva,
        converged_steps=int(state.converged.sum()),
        steps=found.day.steps,
        replay_ok=found.replay.ok,
        replay_violations=found.replay.violations,
        shortfall_kwh=round(found.replay.shortfall_kwh, 3),
        input_sha256=certificate.input_sha256,
        code_version=certificate.code_version,
        solver_version=certificate.solver_version,
        seed=certificate.seed,
        wall_s=round(certificate.wall_s, 2),
    )


def _totals(found: Findings, districts: tuple[DistrictFacts, ...]) -> dict[str, float]:
    day, unmanaged, planned = found.day, found.unmanaged, found.planned
    grid, hours = day.city.grid, day.step_h
    demand_kwh = float(day.demand_kw.sum()) * hours
    totals = {
        "buses": float(len(grid.network.buses.id)),
        "feeders": float(len(grid.feeders.id)),
        "substations": float(len(grid.substations.id)),
        "banks": float(len(grid.banks.id)),
        "line_km": float(grid.lines.length_km[grid.lines.feeder >= 0].sum()),
        "vehicles_charging": float(len(np.unique(day.sessions.vehicle))),
        "sessions": float(len(day.sessions)),
        "electric_buses": float(sum(garage.garage.bus_count for garage in day.garages.values())),
        "garages": float(len(day.garages)),
        "demand_mwh": demand_kwh / KW_PER_MW,
        "solar_mwh": float(day.solar_kw.sum()) * hours / KW_PER_MW,
        "vehicles_mwh": float(planned.plan.session_kw.sum()) * hours / KW_PER_MW,
        "buses_mwh": float(garage_kw(planned.plan).sum()) * hours / KW_PER_MW,
        "handed_on_kwh": sum(garage.handed_on_kwh for garage in day.garages.values()),
        "co2_t": sum(district.co2_t for district in districts),
        "bus_km": sum(district.bus_km for district in districts),
        "charging_cost_unmanaged_mkrw": sum(district.charging_cost_unmanaged_mkrw for district in districts),
        "charging_cost_plan_mkrw": sum(district.charging_cost_plan_mkrw for district in districts),
        "curtailed_mwh": 0.0,
        "unserved_kwh": found.replay.shortfall_kwh,
    }
    for name, outcome in (("unmanaged", unmanaged), ("plan", planned)):
        state = outcome.state
        totals |= {
            f"peak_{name}_mw": float(state.supplied_kw.max()) / KW_PER_MW,
            f"peak_{name}_step": float(state.supplied_kw.argmax()),
            f"losses_{name}_mwh": float(state.losses_kw.sum()) * hours / KW_PER_MW,
            f"highest_loading_{name}": float(state.feeder_loading.max()),
            f"lowest_voltage_{name}_pu": float(state.v_pu.min()),
            f"highest_voltage_{name}_pu": float(state.v_pu.max()),
            f"feeders_over_{name}": float((state.feeder_loading.max(axis=0) > 1.0).sum()),
            f"banks_over_{name}": float((state.bank_loading.max(axis=0) > 1.0).sum()),
        }
    return totals


def _costs(found: Findings, districts: tuple[DistrictFacts, ...]) -> dict[str, tuple[float, float]]:
    """Return (unmanaged, plan) by tariff plan, batteries included, and the same twice for the demand of all classes."""
    day, costs = found.day, dict[str, list[float]]()
    tariffs = cohort_tariffs(day)
    for index, plan in enumerate((found.unmanaged.plan, found.planned.plan)):
        by_session = session_costs_krw(day, plan.session_kw)
        for cohort in Cohort:
            amount = float(by_session[day.sessions.cohort == cohort].sum())
            costs.setdefault(tariffs[cohort], [0.0, 0.0])[index] += amount
        _add_garages(costs, day, plan, index)
        batteries_krw = float(battery_costs_krw(day, plan.battery_kw).sum())
        costs.setdefault(battery_tariff(day), [0.0, 0.0])[index] += batteries_krw
    total = sum(district.demand_cost_mkrw for district in districts)
    rows = {name: (amounts[0] / 1e6, amounts[1] / 1e6) for name, amounts in sorted(costs.items())}
    return {name: as_row(np.array(pair)) for name, pair in ({**rows, "demand": (total, total)}).items()}  # type: ignore[misc]


def _add_garages(costs: dict[str, list[float]], day: CityDay, plan: CityPlan, index: int) -> None:
    for name, depot in plan.depots.items():
        costs.setdefault(day.garages[name].garage.tariff, [0.0, 0.0])[index] += depot.objective_krw
