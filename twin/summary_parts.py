"""The parts of a run summary: curves, worst feeders, garages, binding limits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.contract_class import CONTRACT_CLASSES
from optimizers.coordination_plan import LimitKind
from optimizers.plan import DepotPlan
from twin.day import CityDay
from twin.grid_check import LOADING_TOLERANCE, GridState
from twin.schedule import CityPlan
from twin.summary_types import BindingLimit, CityCurves, DepotFacts, FeederFacts

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

WORST_FEEDERS = 10
KW_PER_MW = 1000.0


@dataclass(frozen=True, eq=False)
class Outcome:
    """A plan with the state of the grid that follows from it."""

    plan: CityPlan
    state: GridState


def as_row(values: Floats, digits: int = 3) -> tuple[float, ...]:
    """Return values rounded for people and files."""
    return tuple(round(float(value), digits) for value in values)


def garage_kw(plan: CityPlan) -> Floats:
    """Return the (G, T) power of every garage, in the plan's order."""
    return np.array([depot.grid_kw for depot in plan.depots.values()])


def city_curves(day: CityDay, unmanaged: Outcome, planned: Outcome) -> CityCurves:
    """Return the city's curves in MW."""

    def mw(kw: Floats) -> tuple[float, ...]:
        return as_row(np.broadcast_to(kw, (day.steps,)) / KW_PER_MW)

    by_class = day.demand_kw.sum("district").to_numpy()
    return CityCurves(
        supplied_unmanaged_mw=mw(unmanaged.state.supplied_kw),
        supplied_plan_mw=mw(planned.state.supplied_kw),
        vehicles_unmanaged_mw=mw(unmanaged.plan.session_kw.sum(axis=0)),
        vehicles_plan_mw=mw(planned.plan.session_kw.sum(axis=0)),
        buses_unmanaged_mw=mw(garage_kw(unmanaged.plan).sum(axis=0)),
        buses_plan_mw=mw(garage_kw(planned.plan).sum(axis=0)),
        batteries_plan_mw=mw(planned.plan.battery_kw.sum(axis=0)),
        demand_mw={str(name): mw(by_class[:, index]) for index, name in enumerate(CONTRACT_CLASSES)},
        assets_mw=mw(day.assets_at_buses_kw.sum(axis=1)),
        solar_mw=mw(day.solar_kw.sum(axis=1)),
        losses_plan_mw=mw(planned.state.losses_kw),
        capacity_mw=float(day.city.grid.banks.rating_kva.sum()) / KW_PER_MW,
    )


def worst_feeders(day: CityDay, unmanaged: Outcome, planned: Outcome) -> tuple[FeederFacts, ...]:
    """Return the feeders with the highest loading under the plan, worst first."""
    loading = planned.state.feeder_loading
    worst = np.argsort(-loading.max(axis=0), kind="stable")[:WORST_FEEDERS]
    return tuple(_feeder(day, unmanaged, planned, int(feeder)) for feeder in worst)


def _feeder(day: CityDay, unmanaged: Outcome, planned: Outcome, feeder: int) -> FeederFacts:
    grid, state = day.city.grid, planned.state
    loading = state.feeder_loading[:, feeder]
    step = int(loading.argmax())
    buses = np.flatnonzero(grid.buses.feeder == feeder)
    head_kw = float(state.feeder_kw[step, feeder])
    return FeederFacts(
        feeder=str(grid.feeders.id[feeder]),
        district=str(grid.feeders.district[feeder]),
        substation=str(grid.substations.id[grid.feeders.substation[feeder]]),
        clock=day.planning.labels[step],
        loading_plan=float(loading[step]),
        loading_unmanaged=float(unmanaged.state.feeder_loading[:, feeder].max()),
        head_kw=head_kw,
        rating_kw=float(grid.feeders.rating_kw[feeder]),
        headroom_kw=float(grid.feeders.rating_kw[feeder]) - head_kw,
        minutes_over=float((loading > 1.0 + LOADING_TOLERANCE).sum()) * day.step_h * 60,
        lowest_voltage_pu=float(state.v_pu[:, buses].min()),
        cause_kw=_causes(day, planned.plan, buses, step),
    )


def _causes(day: CityDay, plan: CityPlan, buses: Ints, step: int) -> dict[str, float]:
    """Split the load of some buses at one step by what draws it."""
    facts, causes = day.city.grid.buses, {}
    solar, assets = day.solar_at_buses_kw[step, buses], day.assets_at_buses_kw[step, buses]
    demand = day.fixed_kw[step, buses] + solar - assets
    for name in CONTRACT_CLASSES:
        causes[str(name)] = float(demand[facts.contract_class[buses] == str(name)].sum())
    at = np.isin(day.sessions.bus, buses)
    causes["vehicles"] = float(plan.session_kw[at, step].sum())
    own = set(buses.tolist())
    causes["buses"] = float(
        sum(depot.grid_kw[step] for name, depot in plan.depots.items() if day.city.garage_bus[name] in own)
    )
    causes["batteries"] = float(plan.battery_kw[np.isin(day.batteries.bus, buses), step].sum())
    causes["assets"], causes["solar"] = float(assets.sum()), -float(solar.sum())
    return {name: round(kw, 1) for name, kw in causes.items() if abs(kw) >= 0.05}


def depot_facts(day: CityDay, unmanaged: CityPlan, planned: CityPlan) -> tuple[DepotFacts, ...]:
    """Return the facts of every garage, the largest fleets first."""
    found = [_depot(day, name, unmanaged.depots[name], depot, planned) for name, depot in planned.depots.items()]
    return tuple(sorted(found, key=lambda facts: (-facts.buses, facts.garage)))


def _depot(day: CityDay, name: str, before: DepotPlan, depot: DepotPlan, planned: CityPlan) -> DepotFacts:
    garage, problem = day.garages[name].garage, day.garages[name].problem
    fallback = name in planned.fallbacks
    bound = max(depot.lower_bound_krw, 0.0)
    return DepotFacts(
        garage=name,
        name_local=garage.name_ko,
        name_en=garage.name_en,
        district=garage.district,
        buses=garage.bus_count,
        chargers=garage.charger_count,
        contract_kw=garage.contract_kw,
        energy_kwh=float(depot.charge_kw.sum()) * day.step_h,
        peak_unmanaged_kw=float(before.grid_kw.max()),
        peak_plan_kw=float(depot.grid_kw.max()),
        cost_unmanaged_kkrw=before.objective_krw / 1e3,
        cost_plan_kkrw=depot.objective_krw / 1e3,
        bound_kkrw=bound / 1e3,
        gap=(depot.objective_krw - bound) / max(abs(depot.objective_krw), 1.0),
        status="fallback" if fallback else depot.status.value,
        method=depot.method,
        reason=planned.fallbacks.get(name, ""),
        lowest_soc=float((depot.energy_kwh / problem.buses.battery_kwh[:, np.newaxis]).min(initial=1.0)),
    )


def binding_limits(day: CityDay, plan: CityPlan) -> tuple[BindingLimit, ...]:
    """Return the feeders and banks whose limit made the plan dearer, the most expensive first."""
    grid, found = day.city.grid, []
    if plan.coordinated is None:
        return ()
    of_group = [*grid.feeders.substation.tolist(), *grid.banks.substation.tolist()]
    place = {str(name): number for number, name in enumerate([*grid.feeders.id, *grid.banks.id])}
    by_group: dict[str, NDArray[np.float64]] = {}
    for limit in plan.coordinated.prices:
        if limit.kind in {LimitKind.CURRENT, LimitKind.FLOW} and limit.group in place:
            by_group.setdefault(limit.group, np.zeros(day.steps))[limit.step] += limit.price_krw
    for group, price_krw in by_group.items():
        steps = np.flatnonzero(price_krw > 1e-3)
        if len(steps):
            found.append(
                BindingLimit(
                    element=group,
                    substation=str(grid.substations.id[of_group[place[group]]]),
                    first_clock=day.planning.labels[int(steps[0])],
                    last_clock=day.planning.labels[int(steps[-1])],
                    highest_krw_per_kwh=float(price_krw.max()) / day.step_h,
                    value_krw=float(price_krw.sum()),
                )
            )
    return tuple(sorted(found, key=lambda limit: -limit.value_krw))
