"""One plan for a city inside the limits of its network, accepted by the AC power flow, with a proved bound."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from optimizers.coordination_plan import CoordinatedPlan
from optimizers.coordination_problem import CityProblem


@dataclass(frozen=True)
class CoordinationSettings:
    """How to coordinate.

    Attributes
    ----------
    time_limit_s
        Wall time; afterwards the best plan so far is returned.
    gap
        Relative gap at which the plan counts as optimal.
    threads
        Areas planned at once.
    """

    time_limit_s: float
    gap: float = 2e-3
    threads: int = 2


def never() -> bool:
    """Never stop early."""
    return False


def coordinate(
    problem: CityProblem,
    settings: CoordinationSettings,
    warm: object = None,
    cancel: Callable[[], bool] = never,
) -> CoordinatedPlan:
    """Plan all assets of a city.

    Parameters
    ----------
    problem
        What to plan.
    settings
        Limits of the search.
    warm
        `CoordinatedPlan.state` of an earlier plan of the same network: its cuts and columns are carried over.
    cancel
        Asked now and then; True ends the search with the best so far.

    Raises
    ------
    InvalidInput
        With everything that is wrong with the problem.
    """
    raise NotImplementedError
