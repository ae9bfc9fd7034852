"""From the plan of an asset back to its vehicles: who charges when, and what the plan leaves unserved.

An envelope is an outer approximation, so a plan inside it may ask for what its vehicles cannot do together. Step by
step, power is given first to what must be charged now to be ready by departure, then in the order of least laxity (time
to departure less time still needed at full power). For a single session the result is the plan, exactly. Where plan and
vehicles disagree, either the plan is kept and drivers go short, or drivers are served and the power leaves the plan.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from data.errors import ProblemList
from twin.ev_envelopes import asset_index, highest_kwh, lowest_kwh
from twin.ev_sessions import Sessions

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Disaggregation:
    """What the plan of all assets means for each session.

    Attributes
    ----------
    served_kwh
        (S,) energy charged by departure, net of what was fed back.
    shortfall_kwh
        (S,) energy missing at departure, at least 0.
    power_kw
        (A, T) mean power of the vehicles.
    unused_kw
        (A, T) plan less power: what no vehicle could take (positive), what drivers needed beside the plan or could not
        lend (negative).
    """

    served_kwh: Floats
    shortfall_kwh: Floats
    power_kw: Floats
    unused_kw: Floats

    @property
    def shortfall_share(self) -> float:
        """Missing energy as a share of what was served and what is missing."""
        wanted = float(self.served_kwh.sum() + self.shortfall_kwh.sum())
        return float(self.shortfall_kwh.sum()) / wanted if wanted > 0 else 0.0


class Promise(Enum):
    """What holds where an asset's plan and its vehicles disagree."""

    PLAN = "the plan is kept, drivers may go short"
    DRIVERS = "drivers are served, the power may leave the plan"


def disaggregate(sessions: Sessions, plan_kw: Floats, step_h: float, promise: Promise = Promise.PLAN) -> Disaggregation:
    """Give the planned power of each asset to the sessions behind it.

    Parameters
    ----------
    sessions
        The sessions the envelopes were made from.
    plan_kw
        (A, T) planned mean power of each asset, rows as in `EnvelopeSet`; negative is fed back.
    step_h
        Length of a step.
    promise
        What to keep. With `Promise.DRIVERS` the shortfall is 0.

    Raises
    ------
    InvalidInput
        When the plan has another number of assets, or values that are not finite.
    """
    index = asset_index(sessions)
    _check_plan(plan_kw, len(index))
    served = np.zeros(len(sessions))
    power_kw = np.zeros(plan_kw.shape)
    for step in range(plan_kw.shape[1]):
        edges_h = np.array([step, step + 1]) * step_h
        part = np.flatnonzero((sessions.arrive_h < edges_h[1]) & (sessions.depart_h > edges_h[0]))
        given = np.zeros(len(index))
        if len(part):
            wanted_kwh = plan_kw[:, step] * step_h
            delta = _one_step(sessions.take(part), index.asset[part], served[part], wanted_kwh, edges_h, promise)
            served[part] += delta
            np.add.at(given, index.asset[part], delta)
        power_kw[:, step] = given / step_h
    return Disaggregation(served, np.maximum(sessions.energy_kwh - served, 0), power_kw, plan_kw - power_kw)


def _check_plan(plan_kw: Floats, assets: int) -> None:
    problems = ProblemList()
    if plan_kw.ndim != 2 or plan_kw.shape[0] != assets:
        what = f"the plan has shape {plan_kw.shape}, the sessions have {assets} assets"
        problems.add("plan", what, "give one row an asset, in the order of the envelopes", field="plan_kw")
    elif not np.isfinite(plan_kw).all():
        problems.add("plan", "values that are not finite", "give finite powers", field="plan_kw")
    problems.raise_if_any()


def _one_step(
    present: Sessions, asset: Ints, served: Floats, plan_kwh: Floats, edges_h: Floats, promise: Promise
) -> Floats:
    """Energy each present session gets in one step, from the (A,) energy planned for its asset."""
    inside_h = np.minimum(present.depart_h, edges_h[1]) - np.maximum(present.arrive_h, edges_h[0])
    room = np.minimum(present.max_kw * inside_h, present.energy_kwh - served)
    lendable = np.minimum(present.discharge_kw * inside_h, np.maximum(present.spare_kwh + served, 0))
    must = np.clip(lowest_kwh(present, edges_h)[:, 1] - served, -lendable, np.maximum(room, 0))
    room = np.maximum(np.minimum(room, highest_kwh(present, edges_h)[:, 1] - served), np.maximum(must, 0))
    laxity_h = present.depart_h - edges_h[0] - (present.energy_kwh - served) / present.max_kw
    order = np.lexsort((laxity_h, asset))
    charging = plan_kwh[asset] >= 0
    floor = np.where(charging, 0.0, -lendable)
    level = np.maximum(must, floor) if promise is Promise.DRIVERS else floor
    to_give = plan_kwh - np.bincount(asset, level, len(plan_kwh))
    for ceiling in (np.maximum(must, floor), np.where(charging, room, np.maximum(must, 0))):
        extra = _in_order(np.maximum(ceiling - level, 0), asset, order, to_give)
        level = level + extra
        to_give = to_give - np.bincount(asset, extra, len(plan_kwh))
    return level


def _in_order(wanted: Floats, asset: Ints, order: Ints, to_give: Floats) -> Floats:
    """Fill `wanted` one after the other within each asset until what there is to give has gone."""
    sorted_wanted, sorted_asset = wanted[order], asset[order]
    total = np.cumsum(sorted_wanted)
    head = np.flatnonzero(np.concatenate([[True], np.diff(sorted_asset) != 0]))
    group = np.repeat(np.arange(len(head)), np.diff(np.concatenate([head, [len(sorted_asset)]])))
    before = total - sorted_wanted - (total[head] - sorted_wanted[head])[group]
    got = np.clip(np.maximum(to_give, 0)[sorted_asset] - before, 0, sorted_wanted)
    result = np.zeros(len(wanted))
    result[order] = got
    return result
