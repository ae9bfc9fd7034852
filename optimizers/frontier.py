r"""The trade-off between the cost of a plan and a quantity that is capped: the highest power drawn, or emissions.

The least cost C(x) under a cap x falls and is convex for linear assets. Each plan at a cap gives a point above it; its
proved bound and the price λ of the cap give a line below it,

.. math:: C(x) \ge \underline C_i - \lambda_i (x - x_i)

for λ that the bound was proved with. Where the chord of two points is farthest above the lines through them, the next
cap is tried (sandwich algorithm); each plan starts warm from its neighbour.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from data.errors import InvalidInput, Problem
from optimizers.coordination_plan import CoordinatedPlan

Solve = Callable[[float, object], tuple[CoordinatedPlan, float]]
"""Takes a cap (inf for none) and a warm start; returns the plan and the price of the cap its bound was proved with."""
Quantity = Callable[[CoordinatedPlan], float]


@dataclass(frozen=True)
class FrontierPoint:
    """One plan on the frontier.

    Attributes
    ----------
    cap, quantity
        What was allowed, and what the plan takes of it.
    cost_krw, lower_bound_krw
        Cost with the price of violations, and its proved bound at the cap.
    price_krw
        What one more unit of the cap would save.
    """

    cap: float
    quantity: float
    cost_krw: float
    lower_bound_krw: float
    price_krw: float


@dataclass(frozen=True)
class Frontier:
    """Plans from the least quantity to the least cost: quantities rise, costs fall.

    `points` hold no plan that another one beats in both.
    """

    points: tuple[FrontierPoint, ...]

    def cost_at_most_krw(self, quantity: float) -> float:
        """Return the cost of a mixture of the two plans beside a quantity: what continuous assets can reach."""
        x = [point.quantity for point in self.points]
        return float(np.interp(quantity, x, [point.cost_krw for point in self.points]))

    def cost_at_least_krw(self, quantity: float) -> float:
        """Return the proved bound of the cost under a cap."""
        return max(point.lower_bound_krw - point.price_krw * (quantity - point.cap) for point in self.points)


def trade_off(solve: Solve, quantity: Quantity, least: float, points: int, tolerance: float = 1e-3) -> Frontier:
    """Return the frontier between cost and a quantity.

    Parameters
    ----------
    solve
        Plans at the least cost under a cap.
    quantity
        What is capped, of a plan.
    least
        Lowest cap that can be kept.
    points
        Plans made at most, both ends included; at least 2.
    tolerance
        Relative height of chord over bound below which no further point is made.

    Raises
    ------
    InvalidInput
        When fewer than two points are asked for.
    """
    if points < 2:
        raise InvalidInput([Problem("frontier", 0, "points", f"{points} points", "ask for at least 2")])
    free, _ = solve(np.inf, None)
    widest = quantity(free)
    ends = [FrontierPoint(widest, widest, free.objective_krw, free.lower_bound_krw, 0.0)]
    found, warm = list(ends), free.state
    if least < widest * (1.0 - tolerance):
        tight, warm = _point(solve, quantity, least, warm)
        found.append(tight)
    while 1 < len(found) < points:
        found.sort(key=lambda point: point.cap)
        cap = _next_cap(found, tolerance)
        if cap is None:
            break
        point, warm = _point(solve, quantity, cap, warm)
        found.append(point)
    return Frontier(_undominated(found))


def _point(solve: Solve, quantity: Quantity, cap: float, warm: object) -> tuple[FrontierPoint, object]:
    plan, price = solve(cap, warm)
    return FrontierPoint(cap, quantity(plan), plan.objective_krw, plan.lower_bound_krw, price), plan.state


def _next_cap(points: list[FrontierPoint], tolerance: float) -> float | None:
    """Return where the chord between neighbours is farthest above the lines of both, None where it is near enough."""
    best, farthest = None, tolerance
    for left, right in pairwise(points):
        width = right.cap - left.cap
        if width <= 1e-9 * max(abs(right.cap), 1.0):
            continue
        cap = _crossing(left, right)
        share = (cap - left.cap) / width
        chord = (1.0 - share) * left.cost_krw + share * right.cost_krw
        line = max(p.lower_bound_krw - p.price_krw * (cap - p.cap) for p in (left, right))
        height = (chord - line) / max(abs(chord), 1.0)
        if height > farthest:
            best, farthest = cap, height
    return best


def _crossing(left: FrontierPoint, right: FrontierPoint) -> float:
    """Return the cap at which the lines of two points cross, the middle where they hardly do."""
    middle = 0.5 * (left.cap + right.cap)
    slope = left.price_krw - right.price_krw
    if slope <= 0:
        return middle
    at = left.cap + (left.lower_bound_krw - right.lower_bound_krw + right.price_krw * (left.cap - right.cap)) / slope
    width = right.cap - left.cap
    return float(np.clip(at, left.cap + 0.1 * width, right.cap - 0.1 * width))


def _undominated(points: list[FrontierPoint]) -> tuple[FrontierPoint, ...]:
    kept: list[FrontierPoint] = []
    for point in sorted(points, key=lambda one: (one.quantity, one.cost_krw)):
        if not kept or point.cost_krw < kept[-1].cost_krw:
            kept.append(point)
    return tuple(kept)
