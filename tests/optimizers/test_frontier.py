"""The trade-off between two aims: monotone, convex, and its ends are the plans of each aim alone."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from data.errors import InvalidInput
from optimizers.coordination import CoordinationSettings
from optimizers.frontier import Frontier, trade_off
from tests.optimizers.small_city import small_city
from tests.twin.test_aims import SYSTEM
from twin.aims import Aims, Objective
from twin.aims_frontier import aims_frontier
from twin.aims_plan import plan_aims

SETTINGS = CoordinationSettings(time_limit_s=30.0, gap=5e-3)


def parabola(cap: float, warm: object) -> tuple[Any, float]:
    """Costs (x - 10)² + 5 under a cap, least at 10, found exactly."""
    assert warm is None or warm == "warm"
    at = min(cap, 10.0)
    cost = (at - 10.0) ** 2 + 5.0
    return SimpleNamespace(objective_krw=cost, lower_bound_krw=cost, quantity=at, state="warm"), 2.0 * (10.0 - at)


def of_parabola(points: int, tolerance: float = 1e-6) -> Frontier:
    return trade_off(parabola, lambda plan: plan.quantity, 2.0, points, tolerance)  # type: ignore[attr-defined]


def test_ends_are_the_least_of_each_and_lines_lie_below_chords() -> None:
    frontier = of_parabola(9)
    assert (frontier.points[0].quantity, frontier.points[-1].quantity) == (2.0, 10.0)
    for x in np.linspace(2.0, 10.0, 33):
        true = (x - 10.0) ** 2 + 5.0
        assert frontier.cost_at_least_krw(x) <= true + 1e-9
        assert frontier.cost_at_most_krw(x) >= true - 1e-9


def test_more_points_bring_chord_and_bound_together() -> None:
    def widest(points: int) -> float:
        frontier = of_parabola(points)
        x = np.linspace(2.0, 10.0, 65)
        return max(frontier.cost_at_most_krw(v) - frontier.cost_at_least_krw(v) for v in x)

    assert widest(17) < 0.1 * widest(5) < 0.1 * widest(2)


def test_no_point_is_made_where_all_is_known() -> None:
    assert len(of_parabola(50, tolerance=0.5).points) < 10


def test_one_point_is_refused() -> None:
    with pytest.raises(InvalidInput, match="at least 2"):
        of_parabola(1)


@pytest.mark.parametrize("against", [Objective.PEAK, Objective.CARBON])
def test_frontier_of_a_city_falls_and_is_convex(against: Objective) -> None:
    problem = small_city(rating_a=200.0, car_kw=300.0)
    frontier = aims_frontier(problem, against, SYSTEM, SETTINGS, 3)
    x = np.array([point.quantity for point in frontier.points])
    cost = np.array([point.cost_krw for point in frontier.points])
    assert (np.diff(x) > 0).all()
    assert (np.diff(cost) < 0).all()
    slack = SETTINGS.gap * cost.max()
    for middle in range(1, len(x) - 1):
        chord = np.interp(x[middle], x[[middle - 1, middle + 1]], cost[[middle - 1, middle + 1]])
        assert cost[middle] <= chord + slack
    labels = tuple("00:00" for _ in range(24))
    alone = [plan_aims(problem, Aims(objective=one), SYSTEM, labels, SETTINGS) for one in (Objective.COST, against)]
    ends = [found.peak_kw if against is Objective.PEAK else found.emitted_kg for found in alone]
    assert x[-1] == pytest.approx(ends[0], rel=5e-3)
    assert x[0] == pytest.approx(ends[1], rel=8e-3)
    assert cost[-1] == pytest.approx(alone[0].plan.objective_krw, rel=2 * SETTINGS.gap)
