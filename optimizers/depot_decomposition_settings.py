"""How one depot is solved by decomposition, and when the solve has to stop."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from optimizers.solver import SolveLimits

WIDEST_SPACING = 2.5


@dataclass(frozen=True)
class DecompositionSettings:
    """How to solve a depot.

    Attributes
    ----------
    limits
        Wall time, relative gap, memory.
    spacing_kwh
        Levels of the lattice on which plans are found.
    seed
        Of the search; the same seed gives the same plan.
    searches
        Most rounds of search once the prices stand.
    aim
        Gap at which the solve ends; that of the limits when None. A plan is called optimal by the gap of the limits.
    """

    limits: SolveLimits
    spacing_kwh: float = 0.5
    seed: int = 0
    searches: int = 150
    aim: float | None = None

    @property
    def enough(self) -> float:
        """Gap at which the solve ends."""
        return self.limits.gap if self.aim is None else self.aim

    @property
    def coarseness(self) -> float:
        """How much farther apart than for a gap of 0.1 % the levels may be on which prices and bounds are found."""
        return float(np.clip(self.limits.gap / 1e-3, 1.0, WIDEST_SPACING))


class Stop:
    """Says whether the solve has to end: out of time or memory, cancelled, or interrupted."""

    def __init__(self, limits: SolveLimits, cancel: Callable[[], bool]) -> None:
        self.begin = time.perf_counter()
        self._limits, self._cancel = limits, cancel
        self.interrupted = False

    @property
    def wall_s(self) -> float:
        """Wall time since the solve began."""
        return time.perf_counter() - self.begin

    def __call__(self) -> bool:
        """Return whether to stop now."""
        limits = self._limits
        self.interrupted = self.interrupted or self._cancel()
        return self.interrupted or self.wall_s >= limits.time_limit_s or _memory_gb() >= limits.memory_limit_gb


def _memory_gb() -> float:
    pages = Path("/proc/self/statm")
    return int(pages.read_text().split()[1]) * 4096 / 1e9 if pages.exists() else 0.0
