"""Tariff arithmetic of the replay: the bill of a plan, added up entry by entry. Used by `optimizers.replay` alone."""

from __future__ import annotations

from itertools import pairwise

from optimizers.plan import DepotCost, DepotPlan
from optimizers.problem import DepotProblem


def replayed_cost(problem: DepotProblem, plan: DepotPlan) -> DepotCost:
    """Return the bill of a plan by term, from its decisions alone."""
    bought = sold = rewarded = battery_wear = 0.0
    grid_kw = [_site_kw(problem, plan, t) for t in range(problem.step_count)]
    for t, power_kw in enumerate(grid_kw):
        hours = float(problem.step_h[t])
        if power_kw > 0:
            bought += power_kw * hours * problem.prices.buy_krw_per_kwh[t]
        else:
            sold += -power_kw * hours * problem.prices.sell_krw_per_kwh[t]
        rewarded += _fed_kw(problem, plan, t) * hours * problem.prices.v2g_reward_krw_per_kwh[t]
        if problem.site.battery is not None and plan.site_battery_kw[t] < 0:
            battery_wear += -plan.site_battery_kw[t] * hours * problem.site.battery.wear_krw_per_kwh
    cycling = calendar = 0.0
    for b in range(problem.bus_count):
        energy_kwh = _energy_kwh(problem, plan, b)
        cycling += _cycling_krw(problem, b, energy_kwh)
        calendar += _calendar_krw(problem, b, energy_kwh)
    return DepotCost(
        energy_krw=float(bought),
        export_krw=-float(sold),
        v2g_reward_krw=-float(rewarded),
        demand_krw=_demand_krw(problem, grid_kw),
        starts_krw=problem.rules.start_krw * _starts(problem, plan),
        cycling_krw=cycling,
        calendar_krw=calendar,
        site_battery_krw=float(battery_wear),
    )


def _fed_kw(problem: DepotProblem, plan: DepotPlan, t: int) -> float:
    total = 0.0
    for b in range(problem.bus_count):
        c = int(plan.plugged_class[b, t])
        if c >= 0:
            total += float(plan.discharge_kw[b, t]) * problem.chargers[c].efficiency
    return total


def _site_kw(problem: DepotProblem, plan: DepotPlan, t: int) -> float:
    total = float(problem.site.base_kw[t]) - float(plan.pv_kw[t]) + float(plan.site_battery_kw[t])
    for b in range(problem.bus_count):
        c = int(plan.plugged_class[b, t])
        if c >= 0:
            total += float(plan.charge_kw[b, t]) / problem.chargers[c].efficiency
    return total - _fed_kw(problem, plan, t)


def _demand_krw(problem: DepotProblem, grid_kw: list[float]) -> float:
    demand = problem.demand
    if demand is None:
        return 0.0
    energy_kwh: dict[int, float] = {}
    hours: dict[int, float] = {}
    for t, power_kw in enumerate(grid_kw):
        interval = int(demand.interval[t])
        if interval < 0:
            continue
        energy_kwh[interval] = energy_kwh.get(interval, 0.0) + max(power_kw, 0.0) * float(problem.step_h[t])
        hours[interval] = hours.get(interval, 0.0) + float(problem.step_h[t])
    paid_kw = max(demand.peak_so_far_kw, demand.ratchet_kw, demand.floor_kw)
    highest_kw = max((energy_kwh[i] / hours[i] for i in energy_kwh), default=0.0)
    return demand.price_krw_per_kw * demand.share * max(highest_kw - paid_kw, 0.0)


def _starts(problem: DepotProblem, plan: DepotPlan) -> int:
    count = 0
    for b in range(problem.bus_count):
        before = -1 if problem.under_way is None else int(problem.under_way.plugged_class[b])
        for c in plan.plugged_class[b]:
            count += int(c) >= 0 and int(c) != before
            before = int(c)
    return count


def _energy_kwh(problem: DepotProblem, plan: DepotPlan, b: int) -> list[float]:
    buses = problem.buses
    energy_kwh = [float(buses.initial_kwh[b])]
    for t in range(problem.step_count):
        hours = float(problem.step_h[t])
        inlet_kwh = hours * float(plan.charge_kw[b, t]) * float(buses.charge_efficiency[b])
        outlet_kwh = hours * float(plan.discharge_kw[b, t]) / float(buses.discharge_efficiency[b])
        standing_kwh = hours * float(buses.standing_loss_kw[b]) if problem.present[b, t] else 0.0
        energy_kwh.append(energy_kwh[-1] + inlet_kwh - outlet_kwh - standing_kwh - float(problem.trip_kwh[b, t]))
    return energy_kwh


def _cycling_krw(problem: DepotProblem, b: int, energy_kwh: list[float]) -> float:
    """Price every kWh drawn by its depth below the point from which it was last recharged.

    The pieces of the battery that are empty are kept as a stack of [depth segment, kWh]: charging refills the piece of
    the lowest depth, drawing empties the shallowest full one.
    """
    wear = problem.degradation
    if wear is None:
        return 0.0
    room = float(problem.buses.max_kwh[b] - problem.buses.min_kwh[b])
    sizes = []
    for size in wear.depth_kwh[b]:
        sizes.append(min(float(size), room))
        room -= sizes[-1]
    empty = [0.0] * len(sizes)
    change = [float(energy_kwh[0] - problem.buses.max_kwh[b])]
    change += [after - before for before, after in pairwise(energy_kwh)]
    cost = 0.0
    for number, amount in enumerate(change):
        left = abs(amount)
        for j, size in enumerate(sizes):
            moved = min(left, empty[j] if amount > 0 else size - empty[j])
            empty[j] += -moved if amount > 0 else moved
            left -= moved
            if amount < 0 and number > 0:
                cost += moved * float(wear.krw_per_kwh[b, j])
    return cost


def _calendar_krw(problem: DepotProblem, b: int, energy_kwh: list[float]) -> float:
    wear = problem.degradation
    if wear is None:
        return 0.0
    rate, free = float(wear.calendar_krw_per_kwh_h[b]), float(wear.calendar_free_kwh[b])
    hours = [float(h) for h in problem.step_h]
    return sum(rate * max(energy - free, 0.0) * h for energy, h in zip(energy_kwh[1:], hours, strict=True))
