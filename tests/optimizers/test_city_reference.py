"""The reference model of the city: a golden LP file for every part, its laws, and the plans it is the truth for.

After a wanted change of the model write the files anew with ``GOLDEN_LP_WRITE=1`` in the environment, and read the
difference.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyomo.environ as pyo
import pytest

from benchmarks.schedule_districts import DistrictCase, random_district
from benchmarks.schedule_feeder import FeederCase, feeder_33_bus
from benchmarks.schedule_rivals import bracket, conic_bound_krw, coordinated, judged, linear_branch_flow, price_only
from data.errors import InvalidInput
from grid.elements import Generators, Lines, Transformers
from optimizers.assets.battery_fleet import BatteryFleet
from optimizers.assets.bus_depots import BusDepots
from optimizers.assets.charging import Charging
from optimizers.batteries import Batteries
from optimizers.city_reference.compose import KINDS, add_assets, build_city_model
from optimizers.city_reference.network import Cut, add_cuts, add_lindistflow, branches_of
from optimizers.city_reference.solve import NetworkRows, solve_city_reference
from optimizers.coordination_assets import BusPrices
from optimizers.coordination_plan import LimitKind
from optimizers.coordination_problem import CityProblem, SharedLimits
from optimizers.depot_compact import solve_compact
from optimizers.envelopes import Envelopes
from optimizers.solver import SolveLimits, SolveStatus, solve_model
from tests.optimizers.depot_builders import depot, duty

FOLDER = Path(__file__).resolve().parent.parent / "golden" / "lp_city"
TINY = DistrictCase(5, buses=3, steps=2)
LIMITS = SolveLimits(30.0, gap=1e-6)
TINY_BLOCKS = ("vehicles", "lent_vehicles", "batteries", "buildings", "hot_water", "solar")
PARTS = (*TINY_BLOCKS, "charging", "battery_fleet", "depots", "linear_branch_flow", "tangents")


def tiny_depots() -> BusDepots:
    problem = duty(depot(1, 4), 0, 3, 4, 150.0)
    return BusDepots(np.array([1]), [problem], [], 0.2, 1.0, None)


def tiny_charging() -> Charging:
    envelopes = Envelopes(np.array([[3.0, 4.0]]), np.array([[0.0, 0.0, 5.0]]), np.array([[0.0, 3.0, 5.0]]))
    return Charging(np.array([1]), envelopes, np.array([[90.0, 80.0]]), np.array([0]), 0.2, 1.0)


def tiny_battery_fleet() -> BatteryFleet:
    batteries = Batteries(*(np.array([v]) for v in (5.0, 1.0, 20.0, 8.0, 8.0, 0.95, 10.0)))
    return BatteryFleet(np.array([1]), batteries, np.array([[90.0, 80.0]]), np.array([0]), 1.0)


def one_block(block: object, steps: int) -> pyo.ConcreteModel:
    m = pyo.ConcreteModel()
    m.block = pyo.Block()
    add_assets(m.block, block, steps)
    first = sum(m.block.kw[a, t] + 0.1 * m.block.kvar[a, t] for a in m.block.A for t in m.block.T)
    m.cost = pyo.Objective(expr=m.block.cost_krw + first)
    return m


def tiny_model(*, network: bool) -> pyo.ConcreteModel:
    problem = random_district(TINY)
    problem = replace(problem, assets=(problem.assets[0].select(np.array([0, 1])),))
    m = build_city_model(problem)
    if network:
        add_lindistflow(m, problem)
    else:
        row = np.array([0.0, 1e-5, 2e-5])
        add_cuts(m, [Cut(LimitKind.LOW_VOLTAGE, 2, 0, 1, -0.01, row, 0.5 * row)])
    return m


def models() -> dict[str, pyo.ConcreteModel]:
    assets = random_district(TINY).assets
    found = {name: one_block(assets[k].select(np.array([0])), 2) for k, name in enumerate(TINY_BLOCKS)}
    found["charging"] = one_block(tiny_charging(), 2)
    found["battery_fleet"] = one_block(tiny_battery_fleet(), 2)
    found["depots"] = one_block(tiny_depots(), 4)
    found["linear_branch_flow"] = tiny_model(network=True)
    found["tangents"] = tiny_model(network=False)
    return found


@pytest.mark.parametrize(
    "name", [*TINY_BLOCKS, "charging", "battery_fleet", "depots", "linear_branch_flow", "tangents"]
)
def test_the_part_writes_its_golden_lp(name: str, tmp_path: Path) -> None:
    models()[name].write(str(tmp_path / "m.lp"), io_options={"symbolic_solver_labels": True})
    written, golden = (tmp_path / "m.lp").read_text(), FOLDER / f"{name}.lp"
    if os.environ.get("GOLDEN_LP_WRITE"):
        golden.write_text(written)
    assert written == golden.read_text()


def test_no_part_lacks_its_golden_file() -> None:
    assert {path.stem for path in FOLDER.glob("*.lp")} == set(models())
    shown = {type(block) for block in random_district(TINY).assets} | {Charging, BatteryFleet, BusDepots}
    assert shown == set(KINDS)


@pytest.mark.parametrize("seed", [0, 2])
def test_without_limits_it_costs_what_the_best_responses_cost(seed: int) -> None:
    problem = random_district(DistrictCase(seed, export=seed == 2))
    plan = solve_city_reference(problem, NetworkRows.NONE, LIMITS)
    zero = [BusPrices.zero(len(block.bus), problem.steps) for block in problem.assets]
    answers = [block.best_response(prices) for block, prices in zip(problem.assets, zero, strict=True)]
    least = sum(float(answer.plan.cost_krw.sum()) for answer in answers)
    assert plan.objective_krw == pytest.approx(least, rel=2e-6)


@pytest.mark.parametrize("kind", ["charging", "battery_fleet", "depots"])
def test_other_kinds_cost_what_their_own_solvers_say(kind: str) -> None:
    block = {"charging": tiny_charging, "battery_fleet": tiny_battery_fleet, "depots": tiny_depots}[kind]()
    steps = 4 if kind == "depots" else 2
    m = pyo.ConcreteModel()
    m.block = pyo.Block()
    add_assets(m.block, block, steps)
    m.cost = pyo.Objective(expr=m.block.cost_krw)
    solved = solve_model(m, LIMITS)
    assert solved.status is SolveStatus.OPTIMAL
    if isinstance(block, BusDepots):
        least = solve_compact(block.problems[0], LIMITS).objective_krw
    else:
        least = float(block.best_response(BusPrices.zero(1, steps)).plan.cost_krw.sum())
    assert solved.objective == pytest.approx(least, rel=1e-6)


@pytest.mark.parametrize(("seed", "export"), [(2, False), (5, False), (3, True)])
def test_tangents_end_inside_every_limit_of_the_power_flow(seed: int, export: bool) -> None:
    problem = random_district(DistrictCase(seed, export=export))
    free = solve_city_reference(problem, NetworkRows.NONE, LIMITS)
    plan = solve_city_reference(problem, NetworkRows.TANGENTS, LIMITS)
    outcome = judged(problem, plan.objective_krw, plan.flow, 0.0)
    assert judged(problem, free.objective_krw, free.flow, 0.0).violations > 0
    assert outcome.violations == 0
    assert outcome.worst_pu <= 2e-6
    assert outcome.worst_loading <= 2e-5
    assert plan.objective_krw >= free.objective_krw - 1.0
    assert plan.bound_holds is not export


@pytest.mark.parametrize("seed", [2, 3, 12])
def test_coordinated_plan_and_bound_bracket_the_optimum(seed: int) -> None:
    found = bracket(DistrictCase(seed))
    assert found.holds, found
    assert found.gap <= 1e-3


@pytest.mark.parametrize("seed", [7, 15])
def test_solar_power_that_lifts_voltages_is_planned_inside_the_limits(seed: int) -> None:
    """Tangents of upper voltages replaced round after round go in circles here."""
    problem = random_district(DistrictCase(seed, export=True))
    ours, bound = coordinated(problem)
    assert price_only(problem).violations > 0
    assert ours.violations == 0
    assert bound <= ours.cost_krw


def test_limits_that_cannot_be_kept_are_paid_for() -> None:
    problem = random_district(DistrictCase(1))
    buses = problem.network.buses
    network = replace(problem.network, buses=replace(buses, v_min_pu=np.full(len(buses), 1.0)))
    plan = solve_city_reference(replace(problem, network=network), NetworkRows.TANGENTS, LIMITS)
    excess = np.maximum(1.0 - plan.flow.v_pu.to_numpy(), 0.0).max(axis=1).sum()
    assert plan.violation_krw == pytest.approx(2e7 * problem.step_h * excess, rel=1e-2)


def test_linear_branch_flow_is_optimistic_and_prices_alone_more_so() -> None:
    problem = feeder_33_bus(FeederCase(steps=12))
    linear, alone = linear_branch_flow(problem), price_only(problem)
    assert linear.violations > 0
    assert alone.violations > linear.violations
    assert alone.cost_krw < linear.cost_krw


def test_coordinated_plan_of_the_33_bus_feeder_meets_the_conic_bound() -> None:
    problem = feeder_33_bus(FeederCase(steps=12))
    ours, bound = coordinated(problem)
    conic = conic_bound_krw(problem)
    assert ours.violations == 0
    assert ours.cost_krw == pytest.approx(conic, rel=1e-4)
    assert bound <= conic * (1 + 1e-6)


def test_linear_branch_flow_matches_the_power_flow_of_small_loads() -> None:
    """At a thousandth of the load the losses vanish, and both see the same voltages, transformers' ratios included."""
    problem = random_district(DistrictCase(4, buses=5, steps=2))
    small = replace(problem, assets=(), base_kw=problem.base_kw * 1e-3, base_kvar=problem.base_kvar * 1e-3)
    small = replace(small, network=with_transformer(small))
    model = build_city_model(small)
    add_lindistflow(model, small)
    assert solve_model(model, LIMITS).status is SolveStatus.OPTIMAL
    seen = [[np.sqrt(pyo.value(model.squared_pu[n, t])) for n in model.N] for t in model.T]
    flow = solve_city_reference(small, NetworkRows.NONE, LIMITS).flow
    assert np.array(seen) == pytest.approx(flow.v_pu.to_numpy(), abs=2e-6)


def with_transformer(problem: CityProblem):
    """The network with its first line a transformer of ratio 0.98, the wrong way round."""
    lines, network = problem.network.lines, problem.network
    rest: dict[str, np.ndarray] = {name: values[1:] for name, values in vars(lines).items()}
    one = Transformers(
        np.array(["t"]),
        lines.to_bus[:1],
        lines.from_bus[:1],
        lines.r_ohm[:1],
        lines.x_ohm[:1],
        np.zeros(1),
        np.zeros(1),
        np.array([0.98]),
        np.zeros(1),
        np.array([np.inf]),
        np.ones(1, dtype=bool),
    )
    return replace(network, lines=Lines(**rest), transformers=one)


def test_what_it_does_not_state_is_refused() -> None:
    problem = random_district(TINY)
    priced = replace(problem, supply_krw_per_kwh=np.full(problem.steps, 90.0))
    capped = replace(problem, shared=SharedLimits(np.full(problem.steps, 100.0), np.zeros(problem.steps)))
    for wrong in (priced, capped):
        with pytest.raises(InvalidInput, match="supply of the whole"):
            build_city_model(wrong)

    class Unknown(type(problem.assets[0])):  # type: ignore[misc]
        pass

    unknown = Unknown(**vars(problem.assets[0]))
    with pytest.raises(InvalidInput, match="states no electric vehicles"):
        build_city_model(replace(problem, assets=(unknown,)))


def test_a_network_that_is_no_tree_is_refused() -> None:
    network = random_district(TINY).network
    lines = network.lines
    doubled = {name: np.concatenate([values, values[-1:]]) for name, values in vars(lines).items()}
    with pytest.raises(InvalidInput, match="loops"):
        branches_of(replace(network, lines=Lines(**doubled)))
    one = np.ones(1)
    held = Generators(np.array(["g"]), np.array([1]), one, one, -one, one, one.astype(bool))
    open_end = replace(lines, in_service=np.arange(len(lines)) > 0)
    for wrong in (replace(network, generators=held), replace(network, lines=open_end)):
        with pytest.raises(InvalidInput, match="without supply"):
            branches_of(wrong)
