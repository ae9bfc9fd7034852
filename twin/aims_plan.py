"""The plan of a city under its aims: stage by stage, each warm from the one before."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from data.errors import ProblemList
from optimizers.coordination import CoordinationSettings
from optimizers.coordination_plan import CoordinatedPlan
from optimizers.coordination_problem import CityProblem
from optimizers.shared_limits import coordinate_shared
from optimizers.shared_limits_master import supplied_kw
from twin.aims import Aims, Objective
from twin.aims_problem import AimedProblem, SystemPrices, aimed, note_impossible, with_calls

STAGE_SLACK = 1e-3
"""Share by which the first aim may be worse in the second stage: what one cannot tell from the first stage's gap."""


@dataclass(frozen=True, eq=False)
class AimedPlan:
    """A plan under aims.

    Attributes
    ----------
    problem, plan
        The last stage: what was solved, and its plan.
    constant_krw
        Cost that no decision changes, not in the plan's.
    peak_kw, emitted_kg
        Highest power drawn, and emissions of the day.
    least, least_gap
        For the lowest peak (kW) and the least emissions (kg): what the first stage reached, and its proved gap, wear
        counted along; NaN for other objectives.
    calls_krw
        What calls for demand response add to the cost; 0 without any.
    """

    problem: CityProblem
    plan: CoordinatedPlan
    constant_krw: float
    peak_kw: float
    emitted_kg: float
    least: float
    least_gap: float
    calls_krw: float


def plan_aims(
    problem: CityProblem,
    aims: Aims,
    system: SystemPrices,
    labels: tuple[str, ...],
    settings: CoordinationSettings,
    warm: object = None,
) -> AimedPlan:
    """Plan a city under aims.

    Parameters
    ----------
    problem
        The city, at the tariffs of its actors.
    aims, system
        What is wanted, and the power system it is measured by.
    labels
        (T,) local clock times of the steps, for calls.
    settings, warm
        As for `coordinate_shared`.

    Raises
    ------
    InvalidInput
        With every aim that has no meaning, contradicts another, or can be kept by no plan.
    """
    _require_possible(problem, aims, system)
    first = aimed(problem, aims, system)
    least, least_gap = float("nan"), float("nan")
    if aims.objective in {Objective.PEAK, Objective.CARBON}:
        first, least, least_gap, warm = _second_stage(problem, aims, system, first, settings, warm)
    plan = coordinate_shared(first.problem, settings, warm, first.peak_krw_per_kw)
    last, calls_krw = first.problem, 0.0
    if aims.calls:
        last = with_calls(first.problem, aims, labels, supplied_kw(plan.flow))
        called = coordinate_shared(last, settings, plan.state, first.peak_krw_per_kw)
        calls_krw, plan = called.cost_krw - plan.cost_krw, called
    supplied = supplied_kw(plan.flow)
    return AimedPlan(
        problem=last,
        plan=plan,
        constant_krw=first.constant_krw,
        peak_kw=float(supplied.max()),
        emitted_kg=float(supplied @ system.carbon_kg_per_kwh) * problem.step_h,
        least=least,
        least_gap=least_gap,
        calls_krw=calls_krw,
    )


def _require_possible(problem: CityProblem, aims: Aims, system: SystemPrices) -> None:
    problems = ProblemList()
    aims.note_problems(problems)
    if not len(problems):
        shared = replace(problem.shared, carbon_kg_per_kwh=system.carbon_kg_per_kwh)
        note_impossible(replace(problem, shared=shared), problems, aims)
    problems.raise_if_any()


def _second_stage(
    problem: CityProblem,
    aims: Aims,
    system: SystemPrices,
    first: AimedProblem,
    settings: CoordinationSettings,
    warm: object,
) -> tuple[AimedProblem, float, float, object]:
    """Return the problem of least cost at the best value of the first aim, that value, its gap, and a warm start."""
    found = coordinate_shared(first.problem, settings, warm, first.peak_krw_per_kw)
    supplied = supplied_kw(found.flow)
    cost = aimed(problem, replace(aims, objective=Objective.COST), system)
    shared = cost.problem.shared
    if aims.objective is Objective.PEAK:
        value = float(supplied.max())
        limit = np.minimum(shared.supply_limit_kw, value * (1.0 + STAGE_SLACK))
        shared = replace(shared, supply_limit_kw=limit)
    else:
        value = float(supplied @ system.carbon_kg_per_kwh) * problem.step_h
        shared = replace(shared, carbon_limit_kg=min(shared.carbon_limit_kg, value * (1.0 + STAGE_SLACK)))
    staged = replace(cost, problem=replace(cost.problem, shared=shared))
    return staged, value, found.gap, found.state
