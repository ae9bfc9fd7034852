"""Open ties, taps and capacitor steps for a day: against all configurations, and radial throughout."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from data.errors import InvalidInput
from grid.network import Buses, Lines, Network, Shunts, Slacks, Transformers
from optimizers import switching
from optimizers.switching import (
    Positions,
    SwitchingProblem,
    best_positions,
    day_cost,
    is_radial,
    network_at,
    radial_configurations,
    standing,
)

STEPS = 4


def ring(seed: int = 0) -> SwitchingProblem:
    """Two feeders of three buses behind a transformer, with ties at their ends and across; a capacitor at an end."""
    unknown = np.full(8, np.nan)
    ends = np.array([(1, 2), (2, 3), (3, 4), (1, 5), (5, 6), (6, 7), (4, 7), (3, 6)])
    closed = np.array([True] * 6 + [False] * 2)
    network = Network(
        buses=Buses(
            np.array([f"b{k}" for k in range(8)]),
            np.full(8, 22.9),
            np.full(8, 0.94),
            np.full(8, 1.06),
            unknown,
            unknown,
        ),
        lines=Lines(
            np.array([f"l{k}" for k in range(8)]),
            ends[:, 0],
            ends[:, 1],
            np.full(8, 2.0),
            np.full(8, 3.0),
            np.zeros(8),
            np.zeros(8),
            np.full(8, 150.0),
            closed,
        ),
        transformers=Transformers(
            np.array(["t"]),
            np.array([0]),
            np.array([1]),
            np.array([0.2]),
            np.array([3.0]),
            np.zeros(1),
            np.zeros(1),
            np.ones(1),
            np.zeros(1),
            np.array([20e3]),
            np.ones(1, dtype=bool),
        ),
        slacks=Slacks(np.array(["s"]), np.array([0]), np.array([1.0]), np.array([0.0])),
        shunts=Shunts(np.array(["c"]), np.array([4]), np.zeros(1), np.zeros(1), np.ones(1, dtype=bool)),
    )
    rng = np.random.default_rng(seed)
    load = rng.uniform(200.0, 1500.0, (1, 8)) * rng.uniform(0.6, 1.0, (STEPS, 1))
    load[:, :2] = 0.0
    return SwitchingProblem(
        network=network,
        load_kw=load,
        load_kvar=0.4 * load,
        step_h=6.0,
        switchable=np.arange(8),
        taps=np.array([0]),
        ratios=(np.array([0.975, 1.0, 1.025]),),
        capacitors=np.array([0]),
        steps_kvar=(np.array([0.0, -600.0, -1200.0]),),
        energy_krw_per_kwh=np.full(STEPS, 120.0),
        operation_krw=500.0,
        overload_krw_per_kwh=20000.0,
        voltage_krw_per_pu_h=1e8,
    )


def test_all_positions_are_tried_and_the_best_is_radial() -> None:
    problem = ring()
    plan = best_positions(problem)
    assert plan.proved
    assert plan.tried == 9 * len(list(radial_configurations(problem)))
    assert is_radial(problem.network, plan.positions.closed)
    assert plan.cost_krw <= plan.before_krw
    cost, losses = day_cost(problem, plan.positions)
    assert (cost, losses) == (plan.cost_krw, plan.losses_kwh)


@pytest.mark.parametrize("seed", range(4))
def test_search_comes_near_the_best_of_all(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    problem = ring(seed)
    best = best_positions(problem)
    monkeypatch.setattr(switching, "MOST_ENUMERATED", 0)
    found = best_positions(problem)
    assert not found.proved
    assert is_radial(problem.network, found.positions.closed)
    assert best.cost_krw - 1e-9 <= found.cost_krw <= best.cost_krw + 0.02 * (best.before_krw - best.cost_krw) + 1e-6
    assert found.tried < best.tried


def test_every_radial_configuration_is_a_spanning_tree_by_kirchhoff() -> None:
    problem = ring()
    lines = problem.network.lines
    laplacian = np.zeros((7, 7))  # the transformer joins bus 0 to bus 1: buses 1 to 7 remain
    for one, two in zip(lines.from_bus - 1, lines.to_bus - 1, strict=True):
        laplacian[[one, two], [one, two]] += 1
        laplacian[[one, two], [two, one]] -= 1
    trees = round(np.linalg.det(laplacian[1:, 1:]))
    assert len(list(radial_configurations(problem))) == trees


def test_dear_moves_leave_everything_in_place() -> None:
    plan = best_positions(replace(ring(), operation_krw=1e9))
    assert plan.cost_krw == plan.before_krw
    assert plan.positions.closed.tolist() == ring().network.lines.in_service.tolist()


def test_network_at_its_own_positions_is_the_network() -> None:
    problem = ring()
    same = network_at(problem, standing(problem))
    assert same.lines.in_service.tolist() == problem.network.lines.in_service.tolist()
    assert same.transformers.ratio.tolist() == problem.network.transformers.ratio.tolist()


def test_positions_without_a_solution_cost_infinitely_much() -> None:
    problem = replace(ring(), load_kw=ring().load_kw * 60)
    assert day_cost(problem, standing(problem))[0] == np.inf


def test_loops_and_islands_are_not_radial() -> None:
    network = ring().network
    assert is_radial(network, network.lines.in_service)
    assert not is_radial(network, np.ones(8, dtype=bool))
    island = network.lines.in_service.copy()
    island[[2, 7]] = False, True
    assert not is_radial(network, island)


def test_everything_wrong_is_listed() -> None:
    problem = ring()
    with pytest.raises(InvalidInput) as refused:
        replace(
            problem,
            switchable=np.array([0, 99]),
            ratios=(),
            load_kw=problem.load_kw * np.nan,
            capacitors=np.array([0, 0]),
        ).check()
    assert {one.field for one in refused.value.problems} == {
        "switchable",
        "capacitors",
        "ratios",
        "steps_kvar",
        "load_kw",
    }


def test_network_with_a_loop_is_refused() -> None:
    problem = ring()
    closed = replace(problem.network.lines, in_service=np.ones(8, dtype=bool))
    with pytest.raises(InvalidInput, match="not radial"):
        best_positions(replace(problem, network=replace(problem.network, lines=closed)))


def test_positions_hold_what_they_say() -> None:
    problem = ring()
    moved = Positions(problem.network.lines.in_service, np.array([0.975]), np.array([-600.0]))
    network = network_at(problem, moved)
    assert network.transformers.ratio.tolist() == [0.975]
    assert network.shunts.q_kvar.tolist() == [-600.0]
