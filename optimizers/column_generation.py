"""Dantzig–Wolfe bound of a depot: prices for outlets and site power at which all buses' best plans just fit together.

Each round solves the restricted master, moves the best prices known some way towards the master's duals (smoothing by
Wentges: the duals of a young master jump about), asks every bus for its best plan there, and adds it as a column. What
the best responses and the site cost at any prices, less what the shared limits are worth at them, is a lower bound of
the depot's problem, in every round, whatever the prices.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from optimizers.column_start import pooled_depot
from optimizers.master import MasterSolution, RestrictedMaster, legal_duals, shared_prices, site_bound_krw
from optimizers.master_site import SiteModel, site_model
from optimizers.pricing import BusPlans, best_responses
from optimizers.pricing_lattice import Lattice
from optimizers.pricing_steps import workspace
from optimizers.problem import DepotProblem

Floats = NDArray[np.float64]

SMOOTHING = 0.8
"""Weight of the best prices known against the master's duals when a round begins."""


@dataclass(frozen=True)
class BoundSettings:
    """When to stop: distance of bound and master, rounds, and a test asked before each round."""

    gap: float = 2e-4
    rounds: int = 300
    stop: Callable[[], bool] = field(default=lambda: False)


@dataclass(frozen=True, eq=False)
class BoundResult:
    """What column generation found.

    Attributes
    ----------
    bound_krw
        Best proved lower bound, -inf when no round was finished.
    duals
        (R,) prices of the shared rows that prove it.
    master_krw
        Value of the last master: an upper bound of what this bound can still become.
    solution, plans
        The last master's weights, and the plans they belong to, batch by batch.
    impossible
        Buses that have no plan at all, whatever the others do.
    rounds, history
        How many rounds were run, and best bound and master after each.
    """

    bound_krw: float
    duals: Floats
    master_krw: float
    solution: MasterSolution
    plans: tuple[BusPlans, ...]
    impossible: NDArray[np.int64]
    rounds: int
    history: tuple[tuple[float, float], ...]


def unserved_krw(problem: DepotProblem) -> float:
    """Return a price for leaving a bus unserved that no plan can be worth: several days' energy at the dearest rate."""
    dearest = float(np.abs(problem.prices.buy_krw_per_kwh).max(initial=1.0))
    energy = float((problem.buses.battery_kwh + problem.trip_kwh.sum(axis=1)).max())
    demand = 0.0 if problem.demand is None else problem.demand.price_krw_per_kw * problem.demand.share * 1000.0
    return 20.0 * dearest * energy + 50.0 * problem.rules.start_krw + demand


def lagrangian_bound_krw(problem: DepotProblem, grid: Lattice, site: SiteModel, duals: Floats) -> float:
    """Return the lower bound that prices prove on a lattice: the depot's, if the lattice is rounded outward."""
    legal = legal_duals(site, duals)
    responses = best_responses(problem, grid, shared_prices(problem, site, legal))
    return site_bound_krw(site, legal) + float(responses.value_krw.sum())


def generate_columns(
    problem: DepotProblem, grid: Lattice, start: tuple[BusPlans, ...] = (), settings: BoundSettings | None = None,
    start_duals: Floats | None = None,
) -> BoundResult:  # fmt: skip
    """Run column generation on a lattice.

    Parameters
    ----------
    problem
        A depot without lanes.
    grid
        Its lattice; the bound is proved for the depot when the lattice is rounded outward.
    start
        Plans to begin with.
    settings
        When to stop.
    start_duals
        (R,) prices to begin with.
    """
    settings = settings or BoundSettings()
    site = site_model(problem)
    space = workspace(grid)
    master = RestrictedMaster(problem, grid, site, unserved_krw(problem))
    centre = pooled_depot(problem, grid, site).duals if start_duals is None else start_duals
    best, rounds, smoothing = -np.inf, 0, SMOOTHING
    history: list[tuple[float, float]] = []
    first = best_responses(problem, grid, shared_prices(problem, site, legal_duals(site, centre)), space)
    impossible = np.flatnonzero(np.isnan(first.value_krw))
    if len(impossible):
        return BoundResult(np.inf, centre, np.inf, _nothing(site), (), impossible, 0, ())
    best = site_bound_krw(site, legal_duals(site, centre)) + float(first.value_krw.sum())
    for plans in (*start, first.plans):
        master.add_plans(plans)
    solution = master.solve()
    while rounds < settings.rounds and not settings.stop():
        rounds += 1
        prices = legal_duals(site, smoothing * centre + (1 - smoothing) * solution.duals)
        found = best_responses(problem, grid, shared_prices(problem, site, prices), space)
        bound = site_bound_krw(site, prices) + float(found.value_krw.sum())
        if bound > best:
            best, centre = bound, prices
        master.add_plans(found.plans)
        before, solution = solution.objective_krw, master.solve()
        history.append((best, solution.objective_krw))
        if solution.objective_krw - best <= settings.gap * abs(solution.objective_krw):
            break
        # A round that moved neither bound nor master asked too near to prices already known.
        moved = bound >= best or solution.objective_krw < before - 1e-7 * abs(before)
        smoothing = SMOOTHING if moved else 0.5 * smoothing
    return BoundResult(
        best, centre, solution.objective_krw, solution, tuple(master.plans), impossible, rounds, tuple(history)
    )


def _nothing(site: SiteModel) -> MasterSolution:
    empty = np.zeros(0)
    return MasterSolution(np.inf, np.zeros(site.matrix.shape[0]), empty, empty, empty, empty)
