"""Rivals of the city schedule: a conic bound, linear branch flow, pandapower's optimal power flow, prices alone."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from benchmarks.claims import Claim
from benchmarks.schedule_districts import DistrictCase, random_district
from benchmarks.schedule_feeder import FeederCase, feeder_33_bus
from grid.pandapower_export import to_pandapower
from grid.powerflow import PowerFlow
from optimizers.arrays import Floats
from optimizers.assets.vehicles import Vehicles
from optimizers.city_reference.network import branches_of
from optimizers.city_reference.solve import NetworkRows, flow_of, solve_city_reference
from optimizers.coordination import CoordinationSettings, coordinate
from optimizers.coordination_assets import BusPrices
from optimizers.coordination_problem import CityProblem
from optimizers.solver import SolveLimits

VOLTAGE_PU, LOADING = 1e-4, 1e-3
"""Excess from which a limit counts as violated."""

EXACT_PU = 5e-6
"""Excess within which a voltage counts as exactly kept, where a plan is held against the conic bound."""
KW_PER_PU = 1000.0
DISTRICTS = 20


@dataclass(frozen=True)
class Outcome:
    """A plan judged by the power flow: its cost, how many limits it breaks in how many steps, the worst, its time."""

    cost_krw: float
    violations: int
    worst_pu: float
    worst_loading: float
    wall_s: float

    def __str__(self) -> str:
        worst = f"worst {1e3 * self.worst_pu:.2f}e-3 pu, {100 * self.worst_loading:.1f} %"
        return f"{self.cost_krw:,.0f} KRW, {self.violations} violations ({worst}), {self.wall_s:.2f} s"


def judged(problem: CityProblem, cost_krw: float, flow: PowerFlow, wall_s: float) -> Outcome:
    """Count what the power flow of a plan finds outside the limits."""
    buses, v = problem.network.buses, flow.v_pu.to_numpy()
    beyond = np.maximum(buses.v_min_pu - v, v - buses.v_max_pu)
    over = flow.loading.to_numpy() - 1.0
    count = int((beyond > VOLTAGE_PU).sum() + (over > LOADING).sum())
    return Outcome(cost_krw, count, max(float(beyond.max()), 0.0), max(float(over.max()), 0.0), wall_s)


def coordinated(problem: CityProblem, gap: float = 1e-5, time_limit_s: float = 120.0) -> tuple[Outcome, float]:
    """Return our plan, and its proved bound."""
    begin = time.perf_counter()
    plan = coordinate(problem, CoordinationSettings(time_limit_s, gap=gap))
    wall_s = time.perf_counter() - begin
    return judged(problem, plan.cost_krw, plan.flow, wall_s), plan.lower_bound_krw


def price_only(problem: CityProblem) -> Outcome:
    """Return what happens when every asset answers its own tariff and nobody looks at the network."""
    begin = time.perf_counter()
    kw, kvar, cost = problem.base_kw.copy(), problem.base_kvar.copy(), 0.0
    for block in problem.assets:
        plan = block.best_response(BusPrices.zero(len(block.bus), problem.steps)).plan
        np.add.at(kw.T, block.bus, plan.kw)
        np.add.at(kvar.T, block.bus, plan.kvar)
        cost += float(plan.cost_krw.sum())
    wall_s = time.perf_counter() - begin
    return judged(problem, cost, flow_of(problem, kw, kvar), wall_s)


def linear_branch_flow(problem: CityProblem, gap: float = 1e-6) -> Outcome:
    """Return the plan of a linear branch flow model, which nobody checks against the full power flow but us."""
    begin = time.perf_counter()
    plan = solve_city_reference(problem, NetworkRows.LINEAR_BRANCH_FLOW, SolveLimits(300.0, gap))
    return judged(problem, plan.objective_krw - plan.violation_krw, plan.flow, time.perf_counter() - begin)


def conic_bound_krw(problem: CityProblem) -> float:
    r"""Return the value of the second-order cone relaxation of branch flow (Farivar and Low): a lower bound.

    .. math:: \ell_j \ge (P_j^2 + Q_j^2) / v_i

    For vehicles without feeding back on a radial network of lines without charging.
    """
    import cvxpy as cp  # noqa: PLC0415 — a test-only dependency

    (cars,) = problem.assets
    assert isinstance(cars, Vehicles)
    power = cp.Variable(cars.power_limit_kw.shape, nonneg=True)
    charged = cp.cumsum(power, axis=1) * cars.step_h
    rows = [power <= cars.power_limit_kw, charged <= cars.earliest_kwh[:, 1:], charged >= cars.latest_kwh[:, 1:]]
    at_bus = np.zeros((len(problem.network.buses), len(cars.bus)))
    at_bus[cars.bus, np.arange(len(cars.bus))] = 1.0
    load = (problem.base_kw.T + at_bus @ power) / KW_PER_PU
    cost = cp.sum(cp.multiply(cars.price_krw_per_kwh * cars.step_h, power))
    cp_problem = cp.Problem(cp.Minimize(cost), rows + _conic_rows(problem, load, problem.base_kvar.T / KW_PER_PU))
    cp_problem.solve(solver=cp.CLARABEL)
    if cp_problem.status != cp.OPTIMAL:
        raise RuntimeError(f"the conic solver ended as {cp_problem.status}")
    return float(cp_problem.value)


def _conic_rows(problem: CityProblem, load: Any, load_kvar: Floats) -> list[Any]:
    """Return the rows of branch flow over MW, in per unit of 1 MVA."""
    import cvxpy as cp  # noqa: PLC0415

    tree, steps, network = branches_of(problem.network), problem.steps, problem.network
    count = len(tree)
    row_of = {branch.child: k for k, branch in enumerate(tree)}
    ohm = np.array([branch.kv**2 for branch in tree])
    r, x = (np.array([getattr(b, name) for b in tree]) / ohm for name in ("r_ohm", "x_ohm"))
    child, parent = np.array([b.child for b in tree]), np.array([b.parent for b in tree])
    below = np.zeros((count, count))
    for k, branch in enumerate(tree):
        if branch.parent in row_of:
            below[row_of[branch.parent], k] = 1.0
    p, q, current = (cp.Variable((count, steps)) for _ in range(3))
    v = cp.Variable((len(network.buses), steps))
    impedance = (r**2 + x**2)[:, None]
    r, x = r[:, None], x[:, None]
    drop = v[child] == v[parent] - 2.0 * (cp.multiply(r, p) + cp.multiply(x, q)) + cp.multiply(impedance, current)
    rows = [
        p == load[child] + below @ p + cp.multiply(r, current),
        q == load_kvar[child] + below @ q + cp.multiply(x, current),
        drop,
        v[network.slacks.bus] == np.repeat(network.slacks.v_pu[:, None] ** 2, steps, axis=1),
        v >= np.repeat(network.buses.v_min_pu[:, None] ** 2, steps, axis=1),
        v <= np.repeat(network.buses.v_max_pu[:, None] ** 2, steps, axis=1),
    ]
    flat = [cp.vec(part, order="C") for part in (2.0 * p, 2.0 * q, current - v[parent], current + v[parent])]
    return [*rows, cp.SOC(flat[3], cp.vstack(flat[:3]), axis=0)]


def pandapower_optimum(problem: CityProblem, steps: int | None = None) -> tuple[Outcome, int]:
    """Return the plan of pandapower's optimal power flow, step after step, and the number of steps it failed in.

    It knows one step at a time, so each vehicle is offered at the price of now less that of its cheapest hour to come;
    what must be charged now to be ready in time is fixed. Where it does not converge all that may is left for later.
    """
    (cars,) = problem.assets
    assert isinstance(cars, Vehicles)
    begin = time.perf_counter()
    net, flexible = _opf_network(problem, cars)
    count, horizon = cars.power_limit_kw.shape
    charged, plan, failed = np.zeros(count), np.zeros((count, horizon)), 0
    low = _least_ahead_kwh(cars)
    for t in range(horizon if steps is None else steps):
        most = np.minimum(cars.power_limit_kw[:, t], (cars.earliest_kwh[:, t + 1] - charged) / cars.step_h)
        least = np.clip((low[:, t + 1] - charged) / cars.step_h, 0.0, most)
        worth = cars.price_krw_per_kwh[:, t] - _cheapest_later(cars, t)
        chosen = _opf_step(net, flexible, problem, t, (least, np.maximum(most, least), worth))
        failed += chosen is None
        plan[:, t] = least if chosen is None else np.clip(chosen, least, most)
        charged += plan[:, t] * cars.step_h
    wall_s = time.perf_counter() - begin
    kw = problem.base_kw.copy()
    np.add.at(kw.T, cars.bus, plan)
    cost = float((plan * cars.price_krw_per_kwh).sum() * cars.step_h)
    return judged(problem, cost, flow_of(problem, kw, problem.base_kvar), wall_s), failed


def _least_ahead_kwh(cars: Vehicles) -> Floats:
    """Return the least energy at each edge from which every later need can still be met."""
    low = cars.latest_kwh.copy()
    for t in range(low.shape[1] - 2, -1, -1):
        low[:, t] = np.maximum(low[:, t], low[:, t + 1] - cars.power_limit_kw[:, t] * cars.step_h)
    return low


def _cheapest_later(cars: Vehicles, t: int) -> Floats:
    later = np.where(cars.power_limit_kw[:, t + 1 :] > 0, cars.price_krw_per_kwh[:, t + 1 :], np.inf)
    cheapest = later.min(axis=1, initial=np.inf)
    return np.where(np.isfinite(cheapest), cheapest, cars.price_krw_per_kwh[:, t] + 1000.0)


def _opf_network(problem: CityProblem, cars: Vehicles) -> tuple[Any, Any]:
    import pandapower as pp  # noqa: PLC0415 — slow to import, and only wanted here

    net = to_pandapower(problem.network)
    net.bus["min_vm_pu"], net.bus["max_vm_pu"] = problem.network.buses.v_min_pu, problem.network.buses.v_max_pu
    net.ext_grid["controllable"] = False
    held = net.ext_grid.bus.to_numpy()
    net.bus.loc[held, ["min_vm_pu", "max_vm_pu"]] = 0.9, 1.1
    for n in range(len(problem.network.buses)):
        pp.create_load(net, n, p_mw=0.0, q_mvar=0.0, controllable=False)
    flexible = [
        pp.create_load(
            net, int(n), p_mw=0.0, q_mvar=0.0, controllable=True, min_p_mw=0.0, max_p_mw=1.0, min_q_mvar=0, max_q_mvar=0
        )
        for n in cars.bus
    ]
    for load in flexible:
        pp.create_poly_cost(net, load, "load", cp1_eur_per_mw=1.0)
    return net, np.array(flexible)


def _opf_step(net: Any, flexible: Any, problem: CityProblem, t: int, offer: tuple[Floats, ...]) -> Floats | None:
    """Run one step; None where it does not converge."""
    import pandapower as pp  # noqa: PLC0415

    least, most, worth = offer
    count = len(problem.network.buses)
    net.load.loc[net.load.index[:count], "p_mw"] = problem.base_kw[t] / KW_PER_PU
    net.load.loc[net.load.index[:count], "q_mvar"] = problem.base_kvar[t] / KW_PER_PU
    net.load.loc[flexible, "min_p_mw"], net.load.loc[flexible, "max_p_mw"] = least / KW_PER_PU, most / KW_PER_PU + 1e-9
    net.poly_cost["cp1_eur_per_mw"] = worth
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            pp.runopp(net, suppress_warnings=True)
    except pp.OPFNotConverged:
        return None
    return np.asarray(net.res_load.loc[flexible, "p_mw"].to_numpy() * KW_PER_PU)


def feeder_claims(*, quick: bool) -> Iterator[Claim]:
    """Measure the 33-bus feeder against the conic bound and every rival."""
    problem = feeder_33_bus(FeederCase(steps=24 if quick else 48))
    name = f"33 buses, vehicles at every bus, {problem.steps} steps"
    ours, bound = coordinated(problem)
    exact, _ = coordinated(raised(problem, ours.worst_pu))
    conic = conic_bound_krw(problem)
    above, with_tolerance = (exact.cost_krw - conic) / conic, (ours.cost_krw - conic) / conic
    within_pu = max(exact.worst_pu - ours.worst_pu, 0.0)
    yield Claim(
        f"{name}: cost above the conic bound ≤ 0.01 %, limits kept to 5e-6 pu",
        f"{100 * above:.5f} % ({100 * with_tolerance:.5f} % with the tolerance of 1e-4 pu used, {ours.wall_s:.2f} s)",
        f"{conic:,.0f} KRW",
        met=-1e-6 <= above <= 1e-4 and within_pu <= EXACT_PU and ours.violations == 0 and bound <= conic * (1 + 1e-6),
    )
    rivals: dict[str, Callable[[], Outcome]] = {
        "prices alone": lambda: price_only(problem),
        "linear branch flow": lambda: linear_branch_flow(problem),
    }
    for rival, plan in rivals.items():
        yield Claim(f"{name}: {rival}", str(ours), str(plan()))
    theirs, failed = pandapower_optimum(problem)
    yield Claim(f"{name}: pandapower's optimal power flow", str(ours), f"{theirs}, failed in {failed} steps")


def raised(problem: CityProblem, by_pu: float) -> CityProblem:
    """Return the problem with higher lower voltages, so that a plan that uses a tolerance of so much keeps the old."""
    buses = problem.network.buses
    return replace(problem, network=replace(problem.network, buses=replace(buses, v_min_pu=buses.v_min_pu + by_pu)))


def district_claims(*, quick: bool) -> Iterator[Claim]:
    """Measure random districts with every kind of asset against the reference model and linear branch flow."""
    count = 4 if quick else DISTRICTS
    brackets = [bracket(DistrictCase(seed)) for seed in range(count)]
    good = sum(one.holds for one in brackets)
    worst = max(max(one.gap, 0.0) for one in brackets)
    times = f"{sum(one.ours_s for one in brackets):.1f} s", f"{sum(one.reference_s for one in brackets):.1f} s"
    yield Claim(
        f"{count} random districts, all kinds of assets: plan and bound bracket the reference's optimum",
        f"{good} of {count}, largest gap {100 * worst:.4f} %, {times[0]}",
        times[1],
        met=good == count,
    )
    problem = random_district(DistrictCase(3, buses=30 if quick else 60, steps=24))
    ours, _ = coordinated(problem)
    yield Claim("60 buses, all kinds: linear branch flow", str(ours), str(linear_branch_flow(problem)))


@dataclass(frozen=True)
class Bracket:
    """Our plan and bound beside the optimum of the reference model, and that with the limits' tolerances added."""

    bound_krw: float
    optimum_krw: float
    plan_krw: float
    tolerant_krw: float
    violations: int
    ours_s: float
    reference_s: float

    @property
    def gap(self) -> float:
        """Relative distance of plan and bound."""
        return (self.plan_krw - self.bound_krw) / abs(self.optimum_krw)

    @property
    def holds(self) -> bool:
        """Whether bound ≤ optimum ≤ plan, the plan's use of the tolerances allowed for, to the solver's accuracy."""
        slack = 1e-5 * abs(self.optimum_krw)
        return (
            self.violations == 0
            and self.bound_krw <= self.optimum_krw + slack
            and self.plan_krw >= self.tolerant_krw - slack
        )


def bracket(case: DistrictCase) -> Bracket:
    """Plan a random district, and find its optimum by the reference model."""
    problem, limits = random_district(case), SolveLimits(120.0, 1e-6)
    ours, bound = coordinated(problem)
    begin = time.perf_counter()
    optimum = solve_city_reference(problem, NetworkRows.TANGENTS, limits)
    reference_s = time.perf_counter() - begin
    tolerant = solve_city_reference(with_tolerances(problem), NetworkRows.TANGENTS, limits)
    least = tolerant.lower_bound_krw if tolerant.bound_holds else -np.inf
    return Bracket(bound, optimum.objective_krw, ours.cost_krw, float(least), ours.violations, ours.wall_s, reference_s)


def with_tolerances(problem: CityProblem) -> CityProblem:
    """Return the problem with its limits wider by the tolerances within which a plan is accepted."""
    network = problem.network
    buses = replace(
        network.buses, v_min_pu=network.buses.v_min_pu - VOLTAGE_PU, v_max_pu=network.buses.v_max_pu + VOLTAGE_PU
    )
    lines = replace(network.lines, rating_a=network.lines.rating_a * (1.0 + LOADING))
    return replace(problem, network=replace(network, buses=buses, lines=lines))


def rival_claims(*, quick: bool) -> Iterator[Claim]:
    """Yield every claim about rivals."""
    yield from feeder_claims(quick=quick)
    yield from district_claims(quick=quick)
