"""How far the solve of a depot has come: what is needed to go on with it later, in another process if need be."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optimizers.arrays import Floats
from optimizers.column_generation import BoundResult
from optimizers.depot_cost import Schedule
from optimizers.plan import relative_gap
from optimizers.pricing import BusPlans, joined
from optimizers.primal import SitePlan
from optimizers.primal_room import Fleet

LEAST_SHARE = 1e-9


@dataclass(eq=False)
class Progress:
    """The best schedule and bound so far, and where the search stands. Updated in place.

    Attributes
    ----------
    schedule, objective_krw, bound_krw
        Best so far; None, inf and -inf before anything is found.
    wall_s
        Time spent.
    site_plan, plans, shares
        The last master's prices, the plans in its solution, and their shares in it; None before there was a master.
    fleet
        The plans on the lattice from which the search goes on.
    rounds, idle
        Rounds of search so far, and how many of them in a row were without gain.
    """

    schedule: Schedule | None = None
    objective_krw: float = np.inf
    bound_krw: float = -np.inf
    wall_s: float = 0.0
    site_plan: SitePlan | None = None
    plans: BusPlans | None = None
    shares: Floats | None = None
    fleet: Fleet | None = None
    rounds: int = 0
    idle: int = 0

    @property
    def gap(self) -> float:
        """Relative distance of the best schedule and bound; inf before there is a schedule."""
        return relative_gap(self.objective_krw, self.bound_krw) if self.schedule is not None else np.inf

    def keep_master(self, columns: BoundResult, site_plan: SitePlan) -> None:
        """Take over what the search needs of the master."""
        every, weights = joined(columns.plans), columns.solution.weights
        used = np.flatnonzero(weights > LEAST_SHARE)
        self.plans, self.shares, self.site_plan = every.taken(used), weights[used], site_plan
