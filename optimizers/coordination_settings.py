"""How a city is coordinated, and what a later plan may start from."""

from __future__ import annotations

from dataclasses import dataclass

from optimizers.ac_cuts import Tangents


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
    cap_share
        Share of its feed's limit up to which the first plan fills a group: room for losses and for what is not known.
    """

    time_limit_s: float
    gap: float = 2e-3
    threads: int = 2
    cap_share: float = 0.98


@dataclass(frozen=True, eq=False)
class CoordinationState:
    """What a later plan of the same network and horizon may start from: the tangents that were found."""

    rows: Tangents
