"""The power circle of an inverter, edge by edge."""

# mypy: allow-untyped-defs, allow-untyped-calls
# (Pyomo's rules take the model and the index; neither carries a type.)

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pyomo.environ as pyo

from optimizers.arrays import Floats
from optimizers.assets.power_circle import PowerCircle


def add_power_circle(
    b: pyo.Block, circle: PowerCircle, rating_kva: Floats, active_kw: Callable[[int, int], Any]
) -> None:
    r"""Add free reactive power within the inscribed polygon of the circle.

    Edge k of n has the normal direction :math:`\phi_k = (2k + 1) \pi / n` and the distance :math:`S \cos(\pi / n)`:

    .. math:: p \cos \phi_k + q \sin \phi_k \le S \cos(\pi / n), \qquad |q| \le \kappa S
    """
    n = circle.edges
    b.free_kvar = pyo.Var(b.A, b.T, bounds=lambda b, a, t: _band(circle.reactive_share * float(rating_kva[a])))

    @b.Constraint(b.A, b.T, range(n))
    def power_circle(b, a, t, k):
        phi = (2 * k + 1) * math.pi / n
        along = math.cos(phi) * active_kw(a, t) + math.sin(phi) * b.free_kvar[a, t]
        return along <= float(rating_kva[a]) * math.cos(math.pi / n)


def _band(most: float) -> tuple[float, float]:
    return -most, most
