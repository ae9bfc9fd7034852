"""What the sweeps' compiled kernels read and write: rows of trees, branches on them, given loads, results."""

from __future__ import annotations

from typing import NamedTuple

from grid.elements import Complexes, Floats, Ints

LANES = 32
"""Steps computed side by side. Lanes never mix, so it changes speed only, not one bit of a result."""

AT_P, AT_Q, AT_V, AT_DROP, AT_LOAD_P, AT_LOAD_Q = (part * LANES for part in range(6))
WIDTH = 6 * LANES

CONVERGED, DIVERGED, BAD_LOAD, ABSURD = 0, 1, 2, 4  # values of `status.Status`
CONSTANT_POWER, WITH_SHUNT, MIXED = 0, 1, 2

OPTIONS = {"cache": True, "nogil": True, "error_model": "numpy", "fastmath": {"contract"}}


class Rows(NamedTuple):
    """Trees as rows, jobs after one another; in a job parents precede children. Per unit, ratios scaled away."""

    job_start: Ints
    root_start: Ints  # first root of each job, roots being counted over all jobs
    parent: Ints  # row within the job, or −1
    bus: Ints  # row of the result, or −1 for a further copy of a root
    r: Floats
    x: Floats
    z2: Floats
    g: Floats  # draw proportional to v
    b: Floats
    i_p: Floats  # draw proportional to √v
    i_q: Floats
    p: Floats  # constant draw
    q: Floats
    root_v: Floats  # squared voltage at roots
    scale: Floats  # |V| / √v
    p_share: Floats  # of the given loads: constant power, and what goes with √v and v
    i_share: Floats
    z_share: Floats
    kind: Ints  # CONSTANT_POWER, WITH_SHUNT or MIXED
    g_loss: Floats  # what of g is loss of branches
    member_start: Ints


class Members(NamedTuple):
    """Branches of each row, parallel ones together; `p*`, `c*` are parent and child end."""

    branch: Ints
    from_is_parent: Ints
    g_half: Floats
    b_half: Floats
    from_scale: Floats  # A per scaled per unit
    to_scale: Floats
    from_limit_a: Floats  # rated current of each end
    to_limit_a: Floats
    y: Complexes  # two-port (members, 4): pp, pc, cp, cc; only read where a row has several members


class GivenLoads(NamedTuple):
    """Given loads as flat memory and strides in elements, so that either array order is read in place."""

    p: Floats
    p_step: int
    p_bus: int
    q: Floats
    q_step: int
    q_bus: int
    steps: int
    to_pu: float


class Results(NamedTuple):
    """What a sweep writes: voltages (buses, steps), currents (branches, steps), sums (jobs or roots, steps)."""

    v_pu: Floats
    current_a: Floats
    loading: Floats  # larger of both ends (branches, steps); of size 0 when not asked for
    root_p: Floats
    root_q: Floats
    loss: Floats
    status: Ints
    iterations: Ints
