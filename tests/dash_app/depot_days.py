"""Days of a garage that are small enough to see what is true of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from optimizers.baselines import plug_on_arrival
from optimizers.depot_cost import Schedule, plan_of
from optimizers.explain import binding_limits, waits
from optimizers.plan import DepotPlan, PlanStatus, Verdict
from optimizers.problem import DepotProblem
from optimizers.replay import replay
from tests.optimizers.depot_builders import charger, depot, duty
from twin.depot_record import DepotRecord, GridPlace

STEPS = 12
LABELS = tuple(f"{(4 + hour) % 24:02d}:00" for hour in range(STEPS))
VERDICT = Verdict(PlanStatus.OPTIMAL, 1000.0, "the day as stated", "by hand", 0.1)


def day(outlets: int = 1, *, need_kwh: float = 150.0, limit_kw: float = 400.0) -> DepotProblem:
    """Two buses of 200 kWh with 100 kWh in them; both leave at 12:00, are back at 14:00, and take 40 kWh on the way."""
    problem = depot(2, STEPS, chargers=(charger(outlets, 100.0, id="100 kW"),))
    for bus in (0, 1):
        problem = duty(problem, bus, 8, 10, 40.0)
    need = problem.need_kwh.copy()
    need[:, 8] = need_kwh
    price = np.where(np.arange(STEPS) < 4, 200.0, 100.0)
    site = replace(problem.site, import_limit_kw=np.full(STEPS, limit_kw))
    prices = replace(problem.prices, buy_krw_per_kwh=price)
    return replace(problem, need_kwh=need, labels=LABELS, site=site, prices=prices)


def plan(problem: DepotProblem, powers_kw: Mapping[int, Mapping[int, float]], *, status: PlanStatus) -> DepotPlan:
    """Return the plan in which bus b charges with `powers_kw[b][t]` in step t, plugged in just then."""
    charge, plugged = np.zeros((2, STEPS)), np.full((2, STEPS), -1)
    for bus, steps in powers_kw.items():
        for step, kw in steps.items():
            charge[bus, step], plugged[bus, step] = kw, 0
    idle = np.zeros(STEPS)
    made = plan_of(problem, Schedule(charge, np.zeros_like(charge), plugged, idle, idle), VERDICT)
    return replace(made, status=status)


GOOD = {0: {4: 100.0}, 1: {5: 100.0}}
"""Bus 0 charges at 08:00, bus 1 at 09:00: both leave with 200 kWh at 12:00."""


def record(
    problem: DepotProblem | None = None,
    powers_kw: Mapping[int, Mapping[int, float]] | None = None,
    *,
    status: PlanStatus = PlanStatus.OPTIMAL,
    fallback: str = "",
    feeder_kw: float = 500.0,
) -> DepotRecord:
    """Return the record of a day whose buses charge as told (`GOOD` without)."""
    problem = problem or day()
    made = plan(problem, GOOD if powers_kw is None else powers_kw, status=status)
    report, before = replay(problem, made), plug_on_arrival(problem)
    return DepotRecord(
        garage="gangnam_1",
        name_local="강남 차고지",
        name_en="Gangnam garage",
        district="11680",
        service_date="2026-11-24",
        first_utc="2026-11-23T19:00:00",
        timezone="Asia/Seoul",
        problem=problem,
        plan=made,
        fallback=fallback,
        on_arrival_kw=before.grid_kw,
        on_arrival_krw=before.objective_krw,
        replayed_krw=report.cost,
        violations=report.violations,
        bindings=binding_limits(problem, made),
        waits=waits(problem, made),
        above=(GridPlace("F-1", np.full(STEPS, feeder_kw), 600.0), GridPlace("B-1", np.full(STEPS, 1000.0), 5000.0)),
    )
