"""Why a depot has no plan, in words."""

from __future__ import annotations

import numpy as np

from optimizers.pricing_lattice import Lattice
from optimizers.problem import DepotProblem

UNSERVED_TOLERANCE = 1e-4


def why_none(short: float, stopped: bool) -> str:  # noqa: FBT001
    """Say why there is no plan; `short` buses were left over with outlets and power shared in fractions."""
    text = "no plan was found that serves every bus" + (" before the solve was stopped" if stopped else "")
    if short > UNSERVED_TOLERANCE:
        text += f"; even with outlets and power shared in fractions, {short:.2f} buses' duties were left over so far"
    return text


def hopeless(problem: DepotProblem, grid: Lattice) -> tuple[str, ...]:
    """Name the buses that could not do their duties even with every outlet and all power to themselves."""
    reasons = []
    for bus in range(problem.bus_count):
        short = np.flatnonzero(grid.low[bus] > grid.high[bus])
        if len(short):
            step = min(int(short[-1]), problem.step_count - 1)
            kwh = float(grid.low[bus, short[-1]] - grid.high[bus, short[-1]]) * grid.spacing_kwh[bus]
            reasons.append(
                f"bus {problem.buses.id[bus]} cannot do its duties even alone in the depot: "
                f"about {kwh:.1f} kWh short by {problem.step_name(step)}"
            )
    return tuple(reasons)
