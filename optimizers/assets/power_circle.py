r"""What an inverter can do at once: active and reactive power inside a circle, as a polygon of stated edges.

The polygon is inscribed, so every plan inside it keeps the true circle :math:`p^2 + q^2 \le S^2`; what it gives away is
at most :math:`1 - \cos(\pi / n)` of the rating (0.5 % with 32 edges). Its corners lie at the angles
:math:`2 \pi k / n`, so full active power at no reactive power, and the reverse, are corners.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data.errors import ProblemList
from optimizers.arrays import Floats


@dataclass(frozen=True)
class PowerCircle:
    """The shape of the set of active and reactive powers; the same for inverters of every size.

    Attributes
    ----------
    edges
        Edges of the inscribed polygon, a multiple of 4 and at least 8.
    reactive_share
        Most reactive power, as a share of the rating, 0 to 1; 0 for unity power factor.
    """

    edges: int
    reactive_share: float

    def check(self, problems: ProblemList, name: str) -> None:
        """Note a polygon that is none."""
        if self.edges < 8 or self.edges % 4:
            problems.add(name, f"a circle of {self.edges} edges", "use a multiple of 4, at least 8", field="edges")
        if not 0.0 <= self.reactive_share <= 1.0:
            what = f"a reactive share of {self.reactive_share:g}"
            problems.add(name, what, "give a number from 0 to 1", field="reactive_share")

    @property
    def loss_share(self) -> float:
        """What the polygon gives away of the rating at most."""
        return float(1.0 - np.cos(np.pi / self.edges))

    def corners(self) -> Floats:
        """Return (M, 2) corners (p, q) of the first quadrant per unit of rating, p rising from 0 to 1, q falling."""
        angle = np.linspace(np.pi / 2.0, 0.0, self.edges // 4 + 1)
        p, q = np.cos(angle), np.sin(angle)
        p[0], q[-1] = 0.0, 0.0
        if self.reactive_share >= 1.0:
            return np.stack([p, q], axis=1)
        p_at = np.interp(self.reactive_share, q[::-1], p[::-1])
        kept = q < self.reactive_share
        p = np.concatenate([[0.0, p_at], p[kept]])
        q = np.concatenate([[self.reactive_share] * 2, q[kept]])
        return np.stack([p, q], axis=1)

    def most_reactive(self, active: Floats) -> Floats:
        """Return the most reactive power, per unit of rating, beside an active power of either sign."""
        corners = self.corners()
        return np.asarray(np.interp(np.abs(active), corners[:, 0], corners[:, 1]))

    def rows(self) -> Floats:
        r"""Return (M - 1, 3) coefficients: :math:`a |p| + b |q| \le c`, in units of the rating.

        In the models, which hold both signs, each row stands for up to four.
        """
        corners = self.corners()
        (p0, q0), (p1, q1) = corners[:-1].T, corners[1:].T
        a, b = q0 - q1, p1 - p0
        return np.stack([a, b, a * p0 + b * q0], axis=1)
