"""Run summaries that look like those of real runs, drawn from a seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from shapely.geometry import Polygon, box

from twin.summary_types import (
    BindingLimit,
    CertificateFacts,
    CityCurves,
    DepotFacts,
    DistrictFacts,
    FeederFacts,
    RunFacts,
    Summary,
)

DISTRICTS = {
    "11110": ("종로구", "Jongno-gu"),
    "11140": ("중구", "Jung-gu"),
    "11170": ("용산구", "Yongsan-gu"),
    "11200": ("성동구", "Seongdong-gu"),
    "11215": ("광진구", "Gwangjin-gu"),
    "11680": ("강남구", "Gangnam-gu"),
}
STEPS = 96
NO_VIOLATION = {"undervoltage": 0.0, "overvoltage": 0.0, "line_overload": 0.0, "transformer_overload": 0.0}


def clock() -> tuple[str, ...]:
    return tuple(f"{(240 + 15 * step) // 60 % 24:02d}:{15 * step % 60:02d}" for step in range(STEPS))


def row(values: object) -> tuple[float, ...]:
    return tuple(round(float(value), 3) for value in np.broadcast_to(np.asarray(values, dtype=float), (STEPS,)))


def run_facts() -> RunFacts:
    return RunFacts(
        run_id="seoul-2026-08-12-today-1f3a",
        city="Seoul",
        city_local="서울",
        scenario="today",
        scenario_meaning="Vehicles registered in 2026-04 and today's electric buses and solar power",
        service_date="2026-08-12",
        timezone="Asia/Seoul",
        district=None,
        weather="Synthetic year of Seoul",
        weather_kind="synthetic",
        weather_notes=("Made from monthly statistics, not measured.",),
        temperature_c=(24.1, 28.3, 33.0),
        clock=clock(),
        step_h=0.25,
        seed=7,
        code_version="0.1.0+abc",
        solver_version="HiGHS 1.15.1",
        credits="Outlines: a survey, 2023.",
        made_utc="2026-08-11T12:00:00+00:00",
        inputs={"city folder": "a" * 64, "weather": "b" * 64},
        assumed_rows={"garages": 70, "tariffs": 3},
        stated_rows={"garages": 15, "tariffs": 12, "districts": 25},
    )


def curves() -> CityCurves:
    hour = (4 + np.arange(STEPS) * 0.25) % 24

    def near(middle: float, width: float) -> np.ndarray:
        away = np.abs(hour - middle)
        return np.exp(-((np.minimum(away, 24 - away) / width) ** 2))

    shape = 0.62 + 0.38 * near(15, 5.5) + 0.1 * near(20, 2)
    demand = {
        "residential": row(2300 * (0.7 + 0.3 * near(21, 4))),
        "general": row(5200 * shape),
        "industrial": row(400 * shape),
        "education": row(330 * shape),
        "street_lighting": row(np.where((hour > 19) | (hour < 6), 60, 0)),
        "night": row(np.where(hour < 8, 90, 0)),
        "agriculture": row(1),
    }
    arrival = 260 * near(19.5, 2.2) + 50
    moved = 190 * near(2, 3) + 42
    buses, planned = 90 * near(22, 3), 70 * near(2, 3)
    solar = 210 * np.maximum(np.sin((hour - 6) / 13 * np.pi), 0) * (hour > 6) * (hour < 19)
    battery = np.where(hour < 6, 12.0, np.where((hour > 13) & (hour < 18), -16.0, 0.0))
    fixed = np.sum([np.array(part) for part in demand.values()], axis=0) - solar + 40
    return CityCurves(
        supplied_unmanaged_mw=row((fixed + arrival + buses) * 1.013),
        supplied_plan_mw=row((fixed + moved + planned + battery) * 1.013),
        vehicles_unmanaged_mw=row(arrival),
        vehicles_plan_mw=row(moved),
        buses_unmanaged_mw=row(buses),
        buses_plan_mw=row(planned),
        batteries_plan_mw=row(battery),
        demand_mw=demand,
        assets_mw=row(40),
        solar_mw=row(solar),
        losses_plan_mw=row(0.013 * fixed),
        capacity_mw=13_500.0,
    )


def district(code: str = "11680", **changes: object) -> DistrictFacts:
    local, english = DISTRICTS.get(code, (code, code))
    rng = np.random.default_rng(int(code))
    loading = round(float(rng.uniform(0.45, 0.98)), 3)
    facts = DistrictFacts(
        code=code,
        name_local=local,
        name_en=english,
        peak_unmanaged_mw=float(rng.uniform(200, 900)),
        peak_plan_mw=float(rng.uniform(150, 190)),
        demand_mwh=8000.0,
        vehicles_mwh=300.0,
        buses_mwh=100.0,
        solar_mwh=50.0,
        charging_cost_unmanaged_mkrw=60.0,
        charging_cost_plan_mkrw=45.0,
        demand_cost_mkrw=1200.0,
        co2_t=3500.0,
        bus_km=20_000.0,
        avoided_cng_co2_kg=11_000.0,
        avoided_cng_nox_kg=12.0,
        avoided_cng_pm_kg=0.4,
        avoided_diesel_co2_kg=9_000.0,
        avoided_diesel_nox_kg=30.0,
        avoided_diesel_pm_kg=1.5,
        unserved_kwh=0.0,
        feeders=64,
        worst_feeder=f"F-{code}-07",
        worst_loading_unmanaged=loading + 0.06,
        worst_loading_plan=loading,
        lowest_voltage_pu=0.962,
        highest_voltage_pu=1.018,
        violation_minutes_unmanaged=dict(NO_VIOLATION),
        violation_minutes_plan=dict(NO_VIOLATION),
    )
    return replace(facts, **changes)  # type: ignore[arg-type]


def feeder(name: str = "F-11680-07", loading: float = 0.93, **changes: object) -> FeederFacts:
    facts = FeederFacts(
        feeder=name,
        district="11680",
        substation="S-11680-02",
        clock="19:15",
        loading_plan=loading,
        loading_unmanaged=loading + 0.08,
        head_kw=round(10_000.0 * loading, 1),
        rating_kw=10_000.0,
        headroom_kw=round(10_000.0 * (1 - loading), 1),
        minutes_over=45.0 if loading > 1 else 0.0,
        lowest_voltage_pu=0.966,
        cause_kw={"general": 5600.0, "residential": 2100.0, "vehicles": 900.0, "buses": 400.0, "solar": -130.0},
    )
    return replace(facts, **changes)  # type: ignore[arg-type]


def depot(number: int = 1, **changes: object) -> DepotFacts:
    facts = DepotFacts(
        garage=f"G{number:03d}",
        name_local=f"차고지 {number}",
        name_en=f"Garage {number}",
        district="11680",
        buses=40 + number,
        chargers=14,
        contract_kw=3000.0,
        energy_kwh=9000.0 + 10 * number,
        peak_unmanaged_kw=2900.0,
        peak_plan_kw=1850.0,
        cost_unmanaged_kkrw=2400.0,
        cost_plan_kkrw=1700.0,
        bound_kkrw=1695.0,
        gap=5.0 / 1700.0,
        status="optimal",
        method="column generation",
        reason="",
        lowest_soc=0.21,
    )
    return replace(facts, **changes)  # type: ignore[arg-type]


def certificate(**changes: object) -> CertificateFacts:
    facts = CertificateFacts(
        status="optimal",
        objective_krw=270e6,
        lower_bound_krw=269e6,
        gap=1.0 / 270.0,
        bound_for="garages and vehicles as stated, without voltage limits",
        max_voltage_violation_pu=0.0,
        max_loading_violation=0.0,
        max_power_residual_kva=3.2e-6,
        converged_steps=STEPS,
        steps=STEPS,
        replay_ok=True,
        replay_violations=(),
        shortfall_kwh=0.0,
        input_sha256="c" * 64,
        code_version="0.1.0+abc",
        solver_version="HiGHS 1.15.1",
        seed=7,
        wall_s=141.3,
    )
    return replace(facts, **changes)  # type: ignore[arg-type]


def summary(**changes: object) -> Summary:
    """Return a summary of a good run of a whole city, with the given parts in place of its own."""
    limit = BindingLimit("F-11680-07", "S-11680-02", "18:30", "21:45", 42.5, 31_000.0)
    whole = Summary(
        run=run_facts(),
        certificate=certificate(),
        totals={"peak_plan_mw": 8123.4, "sessions": 81234.0},
        curves=curves(),
        districts=tuple(district(code) for code in DISTRICTS),
        feeders=tuple(feeder(f"F-11680-{number:02d}", 0.93 - 0.02 * number) for number in range(10)),
        depots=tuple(depot(number) for number in range(1, 31)),
        limits=(limit,),
        cost_mkrw={"ev_service_hv_2": (210.0, 160.0), "ev_own_lv_1": (150.0, 110.0), "demand": (7200.0, 7200.0)},
        phases_s={"city and grid": 12.3, "plan": 88.1},
    )
    return replace(whole, **changes)  # type: ignore[arg-type]


def in_run(**changes: object) -> RunFacts:
    return replace(run_facts(), **changes)  # type: ignore[arg-type]


def squares(codes: Sequence[str] = tuple(DISTRICTS)) -> Mapping[str, Polygon]:
    """Return outlines: squares in rows of three."""
    return {
        code: box(127 + 0.05 * (at % 3), 37.5 + 0.05 * (at // 3), 127.05 + 0.05 * (at % 3), 37.55 + 0.05 * (at // 3))
        for at, code in enumerate(codes)
    }
