"""From mixed answers to one plan: the mixture is solved by the power flow, what is left outside limits is listed."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from grid.powerflow import PowerFlow, solve
from optimizers.arrays import Floats
from optimizers.coordination_assets import AssetPlan
from optimizers.coordination_limits import LimitBook
from optimizers.coordination_loads import loads_of
from optimizers.coordination_plan import (
    LOADING_TOLERANCE,
    CoordinatedPlan,
    LimitKind,
    LimitPrice,
    MarginalPrices,
    Violation,
)
from optimizers.coordination_prices import violations_in_words
from optimizers.coordination_problem import CityProblem
from optimizers.coordination_settings import CoordinationSettings
from optimizers.mixed_plans import mixed_plan
from optimizers.plan import PlanStatus, relative_gap
from optimizers.shared_limits_master import Answer, Master, Parts, Prices, supplied_kw

LEAST_PRICE_KRW = 1e-3
MOST_CORRECTIONS = 6
FORESEEN = 1e-4
"""Share of the supply by which it may differ from what the programme foresaw."""


def finished_plan(
    problem: CityProblem,
    answers: Sequence[Answer],
    parts: Parts,
    master: Master,
    bound_krw: float,
    settings: CoordinationSettings,
    begin: float,
    state_of: Callable[[Any, Prices], object],
) -> CoordinatedPlan:
    """Return the mixture as a plan, judged by its own power flow."""
    last = answers[-1].plan
    plans, flow, (kw, kvar) = mixture(problem, answers, parts, master)
    supplied = supplied_kw(flow)
    own = float(sum(plan.cost_krw.sum() for plan in plans))
    cost = (
        own + float(supplied @ problem.supply_price) * problem.step_h + master.peak_krw_per_kw * float(supplied.max())
    )
    network, network_krw = network_violations(problem, flow, last)
    shared, shared_krw = _shared_violations(problem, supplied)
    violations = network + shared
    objective = cost + network_krw + shared_krw
    optimal = relative_gap(objective, bound_krw) <= settings.gap
    status = PlanStatus.RELAXED if violations else PlanStatus.OPTIMAL if optimal else PlanStatus.FEASIBLE
    prices = master.prices
    return replace(
        last,
        assets=plans,
        load_kw=kw,
        load_kvar=kvar,
        flow=flow,
        cost_krw=cost,
        violation_krw=objective - cost,
        lower_bound_krw=bound_krw,
        unlimited_bound_krw=min(answers[0].plan.unlimited_bound_krw, bound_krw),
        status=status,
        prices=tuple(sorted((*last.prices, *_limit_prices(prices)), key=lambda one: -one.price_krw)),
        violations=violations,
        marginal=_marginal(problem, last.marginal, prices),
        rounds=tuple(turn for answer in answers for turn in answer.plan.rounds),
        state=state_of(last.state, prices),
        wall_s=time.perf_counter() - begin,
    )


def mixture(
    problem: CityProblem, answers: Sequence[Answer], parts: Parts, master: Master
) -> tuple[tuple[AssetPlan, ...], PowerFlow, tuple[Floats, Floats]]:
    """Mix, look at what is really supplied, and mix again until the programme foresaw it."""
    for _ in range(MOST_CORRECTIONS):
        plans = tuple(
            mixed_plan(block, [one.plan.assets[k] for one in answers], master.weight[:, parts.of_block[k]])
            for k, block in enumerate(problem.assets)
        )
        kw, kvar = loads_of(problem, list(plans))
        flow = solve(problem.network, kw, kvar, with_loading=True)
        surprise = supplied_kw(flow) - master.predicted_kw
        if np.abs(surprise).max() <= FORESEEN * max(float(supplied_kw(flow).max()), 1.0):
            break
        master.correct(supplied_kw(flow))
        master.solve(answers)
    return plans, flow, (kw, kvar)


def network_violations(
    problem: CityProblem, flow: PowerFlow, last: CoordinatedPlan
) -> tuple[tuple[Violation, ...], float]:
    """Return the network's violations, and the price of those that the coordinator's own plan does not have."""
    book = LimitBook.of(problem)
    beyond = book.beyond(flow, np.zeros(len(book.kind)))
    forced = {(one.kind, one.element, one.step) for one in last.violations if one.unavoidable}
    words = violations_in_words(book, beyond, np.zeros(len(beyond)))
    told = tuple(replace(one, unavoidable=(one.kind, one.element, one.step) in forced) for one in words)
    known = {(one.kind, one.element, one.step) for one in last.violations}
    fresh = [one for one in told if (one.kind, one.element, one.step) not in known]
    price = {LimitKind.LOW_VOLTAGE: problem.limits.voltage_krw_per_pu_h}
    price[LimitKind.HIGH_VOLTAGE] = problem.limits.voltage_krw_per_pu_h
    worst: dict[tuple[LimitKind, str, int], float] = {}
    for one in fresh:
        krw = price.get(one.kind, problem.limits.overload_krw_per_kwh * 1e3) * one.excess * problem.step_h
        key = (one.kind, one.group, one.step)
        worst[key] = max(worst.get(key, 0.0), krw)
    return told, last.violation_krw + sum(worst.values())


def _shared_violations(problem: CityProblem, supplied_kw: Floats) -> tuple[tuple[Violation, ...], float]:
    shared, found, krw = problem.shared, list[Violation](), 0.0
    for step in np.flatnonzero(supplied_kw > shared.supply_limit_kw * (1.0 + LOADING_TOLERANCE)).tolist():
        limit = float(shared.supply_limit_kw[step])
        excess = float(supplied_kw[step]) - limit
        share = excess / limit if limit > 0 else float("inf")
        found.append(Violation(LimitKind.SUPPLY, "", "", step, share, unavoidable=False))
        krw += excess * problem.step_h * problem.limits.overload_krw_per_kwh
    emitted_kg = float(supplied_kw @ shared.carbon_kg_per_kwh) * problem.step_h
    if emitted_kg > shared.carbon_limit_kg * (1.0 + LOADING_TOLERANCE):
        share = emitted_kg / shared.carbon_limit_kg - 1.0
        found.append(Violation(LimitKind.CARBON, "", "", -1, share, unavoidable=False))
        per_kg = problem.limits.overload_krw_per_kwh / max(float(shared.carbon_kg_per_kwh.mean()), 1e-6)
        krw += (emitted_kg - shared.carbon_limit_kg) * per_kg
    return tuple(found), krw


def _limit_prices(prices: Prices) -> list[LimitPrice]:
    by_step = prices.cap + prices.peak
    found = [
        LimitPrice(LimitKind.SUPPLY, "", "", step, float(by_step[step]))
        for step in np.flatnonzero(by_step > LEAST_PRICE_KRW).tolist()
    ]
    if prices.carbon > LEAST_PRICE_KRW:
        found.append(LimitPrice(LimitKind.CARBON, "", "", -1, prices.carbon))
    return found


def _marginal(problem: CityProblem, asked: MarginalPrices, prices: Prices) -> MarginalPrices:
    """Return marginal prices with those of caps counted as congestion; the coordinator counted them as energy."""
    added = prices.supply_krw_per_kwh(problem)[:, np.newaxis]
    return replace(
        asked,
        energy_krw_per_kwh=problem.energy_price,
        congestion_krw_per_kwh=asked.congestion_krw_per_kwh + added,
    )
