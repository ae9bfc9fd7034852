r"""Energy envelopes of charging sessions: how far a group of vehicles can be moved in time.

For one session with energy e, power p, stay [a, d], the energy charged by time t must lie between the curves

.. math:: \max(0, e - p\,(d - t)) \;\le\; E(t) \;\le\; \min(e, p\,(t - a)).

The envelope of an asset (all sessions of one cohort at one bus) adds up curves and power limits. Every set of session
plans adds up to a plan inside the envelope; the reverse holds for a single session, not for several, so the envelope of
an asset is an outer approximation. `twin.ev_dispatch` says what a plan is worth to the sessions behind it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.errors import ProblemList
from optimizers.envelopes import Envelopes
from twin.ev_sessions import Sessions

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Ids = NDArray[np.str_]

BLOCK_SESSIONS = 4096
"""Sessions evaluated at a time; bounds the memory of the step dimension."""


@dataclass(frozen=True)
class EnvelopeSet:
    """One row an asset: the sessions of one cohort at one bus; those that can feed back are an asset of their own.

    Attributes
    ----------
    bus, district, cohort
        (A,) position in the network's buses, district id, `Cohort` code.
    session_count
        (A,) sessions behind the asset.
    power_limit_kw
        (A, T) highest mean charging power in each step.
    discharge_limit_kw
        (A, T) highest mean power fed back in each step, 0 without vehicle-to-grid.
    latest_kwh, earliest_kwh
        (A, T + 1) lowest and highest energy charged from the start of the day to each step's edge.
    unmanaged_kw
        (A, T) charging power when nobody plans.
    step_h
        Length of a step.
    """

    bus: Ints
    district: Ids
    cohort: Ints
    session_count: Ints
    power_limit_kw: Floats
    discharge_limit_kw: Floats
    latest_kwh: Floats
    earliest_kwh: Floats
    unmanaged_kw: Floats
    step_h: float

    def __len__(self) -> int:
        return len(self.bus)

    @property
    def energy_kwh(self) -> Floats:
        """(A,) energy to be charged over the day."""
        return np.asarray(self.earliest_kwh[:, -1])

    def unmanaged_at_buses_kw(self, bus_count: int) -> Floats:
        """Return the (bus_count, T) unmanaged charging power at every bus of the network."""
        total = np.zeros((bus_count, self.unmanaged_kw.shape[1]))
        np.add.at(total, self.bus, self.unmanaged_kw)
        return total


@dataclass(frozen=True)
class AssetIndex:
    """Which asset each session belongs to: `asset` (S,), and for each asset its `first` session in asset order."""

    asset: Ints
    order: Ints
    first: Ints

    def __len__(self) -> int:
        return len(self.first)


def asset_index(sessions: Sessions) -> AssetIndex:
    """Return the assets of sessions, ordered by bus, cohort and whether they can feed back."""
    lends = sessions.discharge_kw > 0
    order = np.lexsort((lends, sessions.cohort, sessions.bus))
    keys = np.column_stack([sessions.bus, sessions.cohort, lends])[order]
    new = np.concatenate([[True], (np.diff(keys, axis=0) != 0).any(axis=1)]) if len(keys) else np.zeros(0, dtype=bool)
    asset = np.zeros(len(sessions), dtype=np.int64)
    asset[order] = np.cumsum(new) - 1
    return AssetIndex(asset, order, np.flatnonzero(new))


def envelopes(sessions: Sessions, n_steps: int, step_h: float) -> EnvelopeSet:
    """Add up the energy envelopes of sessions by bus and cohort.

    Parameters
    ----------
    sessions
        Sessions of one planning day.
    n_steps, step_h
        Number and length of the steps of the planning day.

    Raises
    ------
    InvalidInput
        When a session ends after the last step.
    """
    if len(sessions) and sessions.depart_h.max() > n_steps * step_h + 1e-9:
        problems = ProblemList()
        what = f"a session ends {sessions.depart_h.max():g} h after the start of a day of {n_steps * step_h:g} h"
        problems.add("sessions", what, "cut sessions at the end of the day", field="depart_h")
        problems.raise_if_any()
    index = asset_index(sessions)
    head = index.order[index.first]
    shape = (len(index), n_steps)
    limit, discharge, unmanaged = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    latest, earliest = np.zeros((len(index), n_steps + 1)), np.zeros((len(index), n_steps + 1))
    edges_h: Floats = np.arange(n_steps + 1, dtype=np.float64) * float(step_h)
    for begin in range(0, len(sessions), BLOCK_SESSIONS):
        block = index.order[begin : begin + BLOCK_SESSIONS]
        part = sessions.take(block)
        assets, starts = np.unique(index.asset[block], return_index=True)
        stay_share = np.diff(_inside_h(part, edges_h), axis=1) / step_h
        limit[assets] += np.add.reduceat(part.max_kw[:, None] * stay_share, starts, axis=0)
        if part.discharge_kw.any():
            discharge[assets] += np.add.reduceat(part.discharge_kw[:, None] * stay_share, starts, axis=0)
        latest[assets] += np.add.reduceat(lowest_kwh(part, edges_h), starts, axis=0)
        earliest[assets] += np.add.reduceat(highest_kwh(part, edges_h), starts, axis=0)
        unmanaged[assets] += np.add.reduceat(np.diff(_unmanaged_kwh(part, edges_h), axis=1) / step_h, starts, axis=0)
    # both curves end in the energy of the sessions, added up in the same order: set what rounding took apart
    latest[:, -1] = earliest[:, -1]
    return EnvelopeSet(
        bus=sessions.bus[head],
        district=sessions.district[head],
        cohort=sessions.cohort[head],
        session_count=np.bincount(index.asset, minlength=len(index)).astype(np.int64),
        power_limit_kw=limit,
        discharge_limit_kw=discharge,
        latest_kwh=np.minimum(latest, earliest),
        earliest_kwh=earliest,
        unmanaged_kw=unmanaged,
        step_h=step_h,
    )


def session_envelopes(sessions: Sessions, n_steps: int, step_h: float) -> Envelopes:
    """Return the envelope of every single session, charging only: exact, so a plan inside it can be carried out."""
    edges_h: Floats = np.arange(n_steps + 1, dtype=np.float64) * float(step_h)
    limit = np.empty((len(sessions), n_steps))
    latest, earliest = np.empty((len(sessions), n_steps + 1)), np.empty((len(sessions), n_steps + 1))
    for begin in range(0, len(sessions), BLOCK_SESSIONS):
        block = np.arange(begin, min(begin + BLOCK_SESSIONS, len(sessions)))
        part = sessions.take(block)
        earliest[block] = highest_kwh(part, edges_h)
        latest[block] = np.clip(lowest_kwh(part, edges_h), 0.0, earliest[block])
        limit[block] = part.max_kw[:, None] * np.diff(_inside_h(part, edges_h), axis=1) / step_h
    latest[:, -1] = earliest[:, -1]
    return Envelopes(limit, latest, earliest)


def highest_kwh(sessions: Sessions, edges_h: Floats) -> Floats:
    """Return the (S, T + 1) energy charged by each edge when charging at full power from arrival."""
    ramp = sessions.max_kw[:, None] * np.maximum(edges_h[None, :] - sessions.arrive_h[:, None], 0)
    return np.asarray(np.minimum(sessions.energy_kwh[:, None], ramp))


def lowest_kwh(sessions: Sessions, edges_h: Floats) -> Floats:
    """Return the (S, T + 1) least energy charged by each edge from which the need can still be met.

    A vehicle that can feed back may go below zero, by what it can spare and by what its power allows since arrival.
    """
    left_h = np.maximum(sessions.depart_h[:, None] - edges_h[None, :], 0)
    must = sessions.energy_kwh[:, None] - sessions.max_kw[:, None] * left_h
    since_h = np.maximum(edges_h[None, :] - sessions.arrive_h[:, None], 0)
    lent = np.minimum(sessions.spare_kwh[:, None], sessions.discharge_kw[:, None] * since_h)
    return np.asarray(np.maximum(must, -lent))


def unmanaged_kw(sessions: Sessions, n_steps: int, step_h: float) -> Floats:
    """Return the (S, T) charging power of every session when nobody plans."""
    edges_h: Floats = np.arange(n_steps + 1, dtype=np.float64) * float(step_h)
    return np.asarray(np.diff(_unmanaged_kwh(sessions, edges_h), axis=1) / step_h)


def _unmanaged_kwh(sessions: Sessions, edges_h: Floats) -> Floats:
    ramp = sessions.max_kw[:, None] * np.maximum(edges_h[None, :] - sessions.start_h[:, None], 0)
    return np.asarray(np.minimum(sessions.energy_kwh[:, None], ramp))


def _inside_h(sessions: Sessions, edges_h: Floats) -> Floats:
    """(S, T + 1) hours of the stay that have passed at each edge."""
    return np.clip(edges_h[None, :], sessions.arrive_h[:, None], sessions.depart_h[:, None])
