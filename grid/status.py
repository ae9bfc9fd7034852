"""How a step of a power flow ends, and what solved it."""

from __future__ import annotations

from enum import Enum, IntEnum

ABSURD_LOADING = 1000.0
"""A branch loaded beyond this multiple of its rating is taken for an error of the data, not for a load."""


class Status(IntEnum):
    """How one step ended; of several causes the highest is told."""

    CONVERGED = 0
    DIVERGED = 1
    """No solution found; `PowerFlow.reason` gives ξ and the load factor that would be safe."""
    BAD_LOAD = 2
    """A load is NaN or infinite."""
    ISLANDED = 3
    """A bus without any path to a slack has load; all other buses are solved."""
    ABSURD = 4
    """Solved, but a branch carries more than `ABSURD_LOADING` times its rating."""


class Method(Enum):
    """What solved the steps; chosen from the topology."""

    SWEEP = "backward/forward sweep of a radial network"
    COMPENSATED_SWEEP = "sweep with loop-breakpoint compensation of a weakly meshed network"
    BATCH_NEWTON = "power-grid-model's Newton-Raphson batch of a meshed network"
    NEWTON = "sparse Newton-Raphson of a network with voltage-holding generators"
