"""Why a step failed, in words an engineer can act on."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from grid.convergence import SUFFICIENT, xi
from grid.elements import Floats, Ids
from grid.load_input import StepLoads
from grid.network import Network
from grid.radial import RadialModel
from grid.status import ABSURD_LOADING, Status


def reasons(
    network: Network, model: RadialModel, loads: StepLoads, v_pu: Floats, status: NDArray[np.int8]
) -> NDArray[np.object_]:
    """One sentence a failed step (steps,), "" for the others."""
    words = np.full(len(status), "", dtype=object)
    failed = np.flatnonzero(status)
    if not len(failed):
        return words
    part = loads.pick(failed)
    numbers = xi(model, part)
    for k, step in enumerate(failed):
        given = part.bus_kva(k, len(network.buses))
        where = np.isnan(v_pu[:, step])
        words[step] = _sentence(network, model, Status(int(status[step])), given, where, float(numbers[k]))
    return words


def _sentence(
    network: Network,
    model: RadialModel,
    status: Status,
    given: NDArray[np.complex128],
    failed_at: NDArray[np.bool_],
    number: float,
) -> str:
    ids = network.buses.id
    if status is Status.BAD_LOAD:
        return f"load is not a finite number at {_some(ids[~np.isfinite(given)])}"
    if status is Status.ISLANDED:
        dark = ~model.forest.live & (given != 0)
        return f"no path to a slack from loaded {_some(ids[dark])}"
    if status is Status.ABSURD:
        bus = int(np.argmax(np.abs(given)))
        return (
            f"a branch would carry more than {ABSURD_LOADING:g} times its rating; largest load {_at(ids, given, bus)}"
        )
    bus = int(np.argmax(np.where(failed_at, np.abs(given), 0.0)))
    return (
        f"beyond the nose: no solution found at {_some(ids[failed_at])}; ξ = {number:.3g} where less than {SUFFICIENT} "
        f"suffices, which holds at {SUFFICIENT / number:.3g} times this load; largest load there {_at(ids, given, bus)}"
    )


def _at(ids: Ids, given: NDArray[np.complex128], bus: int) -> str:
    return f"{abs(given[bus]):.4g} kVA at bus {ids[bus]}"


def _some(ids: Ids) -> str:
    shown = ", ".join(str(name) for name in ids[:3])
    return f"bus {shown}" if len(ids) == 1 else f"{len(ids)} buses ({shown}{', …' if len(ids) > 3 else ''})"
