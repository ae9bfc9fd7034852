"""Assets planned by whole plans (bus depots) answer the prices of limits: new columns, then one plan chosen of each."""

from __future__ import annotations

import numpy as np

from optimizers.arrays import Ints
from optimizers.coordination_area import Member
from optimizers.coordination_assets import AssetPlan, BestResponse
from optimizers.coordination_loads import rows_of
from optimizers.coordination_search import Search

ITERATIONS = 3
WORTH_KRW = 1.0
"""A depot is asked again where the prices of limits make its plan dearer by this."""


def answer_prices(search: Search) -> bool:
    """Let depots that see prices of limits plan anew; return whether any plan changed."""
    areas = np.array(sorted(search.area_gain), dtype=np.int64)
    asked = _asked(search, areas)
    if not asked:
        return False
    touched = np.unique(np.concatenate([search.bus_area[search.problem.assets[n].bus[at]] for n, at in asked.items()]))
    known = {number: [_present(search, number, at)] for number, at in asked.items()}
    shares: dict[int, np.ndarray] = {}
    for _ in range(ITERATIONS):
        if search.stop():
            break
        prices = search.prices(areas)
        answers = _answers(search, asked, prices)
        search.prove(touched, {number: (asked[number], answer.lower_bound_krw) for number, answer in answers.items()})
        if not _grows(search, asked, known, answers, prices):
            break
        _mix(search, touched, asked, known, shares)
    return _choose(search, touched, asked, known, shares)


def _asked(search: Search, areas: Ints) -> dict[int, Ints]:
    """Return, for each block planned by columns, the assets whose plan the prices of limits make dearer."""
    prices, found = search.prices(areas), {}
    for number, block in enumerate(search.problem.assets):
        if getattr(block, "by_columns", False) and len(block.bus):
            plan, seen = search.planned.plans[number], prices.seen_by(block.bus)
            paid = np.abs(seen.kw_krw_per_kwh[seen.row] * plan.kw).sum(axis=1) * search.problem.step_h
            at = np.flatnonzero(paid > WORTH_KRW)
            if at.size:
                found[number] = at
    return found


def _present(search: Search, number: int, at: Ints) -> AssetPlan:
    plan = search.planned.plans[number]
    detail = [plan.detail[k] for k in at] if isinstance(plan.detail, list) else None
    return AssetPlan(plan.kw[at].copy(), plan.kvar[at].copy(), plan.cost_krw[at].copy(), detail)


def _answers(search: Search, asked: dict[int, Ints], prices) -> dict[int, BestResponse]:  # type: ignore[no-untyped-def]
    found = {}
    for number, at in asked.items():
        part = search.problem.assets[number].select(at)
        found[number] = part.best_response((prices + search.supply).seen_by(part.bus))
    return found


def _grows(search: Search, asked, known, answers, prices) -> bool:  # type: ignore[no-untyped-def]
    """Add answers to the known plans; return whether any is cheaper at the prices than all that were known."""
    grown = False
    for number, answer in answers.items():
        seen = (prices + search.supply).seen_by(search.problem.assets[number].bus[asked[number]])

        def priced(plan: AssetPlan, seen=seen) -> np.ndarray:  # type: ignore[no-untyped-def]
            return np.asarray(plan.cost_krw + seen.paid_krw(plan.kw, plan.kvar, search.problem.step_h))

        best = np.min([priced(plan) for plan in known[number]], axis=0)
        grown |= bool((priced(answer.plan) < best - WORTH_KRW).any())
        known[number].append(answer.plan)
    return grown


def _mix(search: Search, areas: Ints, asked, known, shares) -> None:  # type: ignore[no-untyped-def]
    """Solve the areas with all known plans to mix, which gives new prices and each plan's share."""
    choices, places = [], []
    for area in areas.tolist():
        extra = []
        for number, at in asked.items():
            here = np.flatnonzero(search.bus_area[search.problem.assets[number].bus[at]] == area)
            if here.size:
                columns = tuple(rows_of(plan, here) for plan in known[number])
                extra.append(Member(number, at[here], search.problem.assets[number].select(at[here]), columns))
                places.append((area, number, here))
        choices.append(tuple(extra))
    solutions = dict(zip(areas.tolist(), search.plan_with_columns(areas, choices), strict=True))
    of_area: dict[int, int] = {}
    for area, number, here in places:
        solution = solutions[area]
        if solution is None:
            continue
        given = [weight for weight in solution.weights if weight.size]
        share = shares.setdefault(number, np.zeros((0, len(asked[number]))))
        grown = np.zeros((len(known[number]), share.shape[1]))
        grown[: len(share)] = share
        grown[:, here] = given[of_area.get(area, 0)]
        of_area[area] = of_area.get(area, 0) + 1
        shares[number] = grown


def _choose(search: Search, areas: Ints, asked, known, shares) -> bool:  # type: ignore[no-untyped-def]
    """Take for each asset the plan with the largest share; return whether any changed."""
    changed = False
    for number, share in shares.items():
        best = share.argmax(axis=0)
        if not best.any():
            continue
        changed = True
        for column in np.unique(best[best > 0]).tolist():
            rows = np.flatnonzero(best == column)
            at = asked[number][rows]
            part = search.problem.assets[number].select(at)
            search.planned.take(Member(number, at, part), rows_of(known[number][column], rows))
    if changed:
        search.programmes.forget(areas)
        search.slack_seen.clear()
    return changed
