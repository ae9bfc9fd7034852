"""One city, or a district of it, planned under aims: from its folder to a plan and its reasons."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from data.errors import InvalidInput, Problem
from optimizers.baselines import plug_on_arrival
from optimizers.coordination import CoordinationSettings
from optimizers.coordination_assets import AssetBlock
from optimizers.coordination_problem import CityProblem
from optimizers.fleet import FleetSettings, plan_fleet
from optimizers.plan import DepotPlan, NoPlan
from twin.aims import Aims, Objective
from twin.aims_plan import AimedPlan, plan_aims
from twin.aims_problem import SystemPrices
from twin.city_problem import VEHICLES, city_problem
from twin.day import CityDay
from twin.flexible_assets import flexible_assets
from twin.kpi_emissions import G_PER_KG, emission_factors
from twin.schedule_builds import builds
from twin.schedule_reasons import why_of
from twin.schedule_why import Why


@dataclass(frozen=True, eq=False)
class PlannedScenario:
    """A planned day.

    Attributes
    ----------
    day, tariffs
        The day, and its problem at the tariffs of the actors.
    found
        The plan under its aims.
    why
        Its reasons.
    settings
        How it was planned, for further plans of the same day.
    """

    day: CityDay
    tariffs: CityProblem
    system: SystemPrices
    aims: Aims
    found: AimedPlan
    why: Why
    settings: CoordinationSettings


def plan_scenario(
    day: CityDay, aims: Aims, time_limit_s: float, gap: float, workers: int, tell: Callable[[str], None]
) -> PlannedScenario:
    """Plan a day under aims.

    Parameters
    ----------
    day, aims
        What to plan, and what for.
    time_limit_s, gap, workers
        Of each stage.
    tell
        Told what runs now.

    Raises
    ------
    InvalidInput
        When aims are refused, or the city has no table that they need.
    """
    system = system_prices(day, aims)
    tell("garages")
    fleet = FleetSettings(time_limit_s / 4, gap, workers, day.city.folder.settings.seed)
    problem = flexible_problem(day, depot_plans(day, fleet), fleet)
    share = 1.0 - day.city.folder.parameter("dispatch_limit_margin")
    settings = CoordinationSettings(time_limit_s, gap, workers, share)
    tell("everything together")
    labels = tuple(label[-5:] for label in day.planning.labels)
    found = plan_aims(problem, aims, system, labels, settings)
    tell("reasons")
    why = why_of(found.problem, found.plan, labels, builds(day), aims.words())
    return PlannedScenario(day, problem, system, aims, found, why, settings)


def depot_plans(day: CityDay, settings: FleetSettings) -> Mapping[str, DepotPlan]:
    """Return a plan of every garage at its own tariff; one without a plan in time plugs in on arrival."""
    problems = [garage.problem for garage in day.garages.values()]
    plans = plan_fleet(problems, settings).plans
    return {
        problem.id: plug_on_arrival(problem) if isinstance(plan, NoPlan) else plan
        for problem, plan in zip(problems, plans, strict=True)
    }


def flexible_problem(day: CityDay, depots: Mapping[str, DepotPlan], settings: FleetSettings) -> CityProblem:
    """Return the problem of a day with every kind of asset the city has."""
    problem, flexible = city_problem(day, depots, settings), flexible_assets(day)
    have = {block.kind for block in problem.assets}
    lent = flexible.lent_sessions
    blocks: list[AssetBlock] = []
    for block in problem.assets:
        stay = np.ones(len(block.bus), dtype=bool)
        if block.kind == VEHICLES and len(block.bus) == len(day.sessions):
            stay[lent] = False
        blocks.append(block if stay.all() else block.select(np.flatnonzero(stay)))
    fresh = tuple(block for block in flexible.blocks if block.kind not in have)
    if len(fresh) < len(flexible.blocks):  # they are part of the problem already
        return problem
    return replace(
        problem,
        assets=(*blocks, *fresh),
        base_kw=problem.base_kw + flexible.base_kw,
        base_kvar=problem.base_kvar + flexible.base_kvar,
    )


def system_prices(day: CityDay, aims: Aims) -> SystemPrices:
    """Return what energy costs and emits in each step.

    Raises
    ------
    InvalidInput
        When the least cost of the system or the least emissions are asked for, and the city has no hours for them.
    """
    folder, steps = day.city.folder, day.steps
    parameter = folder.parameter
    table = folder.tables.get("system_hours")
    if table is None:
        if aims.objective in {Objective.SYSTEM, Objective.CARBON}:
            what = f"the objective '{aims.objective}' needs prices and emissions by the hour, the city has none"
            raise InvalidInput([Problem("system_hours.csv", 0, "", what, "add the table, or ask for the least cost")])
        factor = emission_factors(folder.tables).electricity_co2_g_per_kwh / G_PER_KG
        wholesale, carbon = np.zeros(steps), np.full(steps, factor)
    else:
        hour = np.array([int(label[-5:-3]) for label in day.planning.labels])
        ordered = table.set_index(table["hour"].astype(int))
        wholesale = np.asarray(ordered["wholesale_krw_per_kwh"].loc[hour], dtype=np.float64)
        carbon = np.asarray(ordered["carbon_kg_per_kwh"].loc[hour], dtype=np.float64)
    return SystemPrices(wholesale, carbon, parameter("unserved_krw_per_kwh"), parameter("network_peak_krw_per_kw"))
