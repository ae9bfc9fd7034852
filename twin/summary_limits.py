"""Which elements of the grid are outside their limits, by how much and how long; and which come closest to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grid.synthesis_grid import SyntheticGrid
from grid.synthesis_tables import BusKind
from twin.grid_check import LOADING_TOLERANCE, VOLTAGE_TOLERANCE_PU, GridState
from twin.summary_grid_types import LimitKind, LimitTable

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

CLOSEST = 8
"""Elements of each kind and district that are listed although they keep their limit."""


@dataclass(frozen=True, eq=False)
class _Measured:
    """Elements of one kind: `use` (T, E) of the permitted, and the permitted and found value in their own unit."""

    kind: LimitKind
    element: NDArray[np.str_]
    feeder: Ints
    bank: Ints
    use: Floats
    value: Floats
    limit: Floats
    tolerance: float


def limit_table(
    states: Sequence[GridState], loads_kva: Sequence[Floats], step_h: float, closest: int = CLOSEST
) -> LimitTable:
    """List the elements outside their limits, and those nearest to them.

    Parameters
    ----------
    states
        State of the grid under each plan, in the order of `PlanIndex`.
    loads_kva
        (T, N) apparent power drawn at each bus, one array a plan.
    step_h
        Length of a step.
    closest
        How many elements of each kind and district are listed although they keep their limit.
    """
    tables = [
        _rows(plan, measured, _district_of(state.grid, measured), step_h, closest)
        for plan, (state, load_kva) in enumerate(zip(states, loads_kva, strict=True))
        for measured in _measured(state, load_kva)
    ]
    return LimitTable(**{f.name: np.concatenate([table[f.name] for table in tables]) for f in fields(LimitTable)})


def transformer_buses(grid: SyntheticGrid) -> Ints:
    """Return the buses that are MV/LV transformers with a rating."""
    return np.flatnonzero((grid.buses.kind == BusKind.LOAD) & (grid.buses.rating_kva > 0))


def _measured(state: GridState, load_kva: Floats) -> list[_Measured]:
    grid = state.grid
    return [_feeders(state), _banks(state), _lines(state), _transformers(grid, load_kva), *_voltages(state)]


def _feeders(state: GridState) -> _Measured:
    feeders = state.grid.feeders
    own = np.arange(len(feeders.id))
    use = np.abs(state.feeder_kw) / feeders.rating_kw
    value = np.abs(state.feeder_kw)
    return _Measured(LimitKind.FEEDER, feeders.id, own, feeders.bank, use, value, feeders.rating_kw, LOADING_TOLERANCE)


def _banks(state: GridState) -> _Measured:
    banks = state.grid.banks
    own, none = np.arange(len(banks.id)), np.full(len(banks.id), -1)
    use = state.bank_loading
    return _Measured(
        LimitKind.BANK, banks.id, none, own, use, use * banks.rating_kva, banks.rating_kva, LOADING_TOLERANCE
    )


def _lines(state: GridState) -> _Measured:
    grid = state.grid
    lines, facts = grid.network.lines, grid.lines
    at = np.flatnonzero(lines.in_service & np.isfinite(lines.rating_a))
    use, rating = state.loading[:, at], lines.rating_a[at]
    feeder = facts.feeder[at]  # -1 at a tie, which is looked at when somebody closed it
    bank = np.where(feeder >= 0, grid.feeders.bank[feeder], -1)
    return _Measured(LimitKind.LINE, lines.id[at], feeder, bank, use, use * rating, rating, LOADING_TOLERANCE)


def _transformers(grid: SyntheticGrid, load_kva: Floats) -> _Measured:
    at = transformer_buses(grid)
    value, rating = load_kva[:, at], grid.buses.rating_kva[at]
    facts, ids = grid.buses, grid.network.buses.id[at]
    return _Measured(
        LimitKind.TRANSFORMER, ids, facts.feeder[at], facts.bank[at], value / rating, value, rating, LOADING_TOLERANCE
    )


def _voltages(state: GridState) -> list[_Measured]:
    grid = state.grid
    buses, facts = grid.network.buses, grid.buses
    at = np.flatnonzero(facts.feeder >= 0)
    value = state.v_pu[:, at]
    ends = ((LimitKind.UNDERVOLTAGE, buses.v_min_pu[at]), (LimitKind.OVERVOLTAGE, buses.v_max_pu[at]))
    found = []
    for kind, limit in ends:
        permitted = np.where(limit == 1.0, np.nan, limit - 1.0)
        use = np.nan_to_num((value - 1.0) / permitted)
        tolerance = float(VOLTAGE_TOLERANCE_PU / np.nanmax(np.abs(permitted), initial=VOLTAGE_TOLERANCE_PU))
        found.append(_Measured(kind, buses.id[at], facts.feeder[at], facts.bank[at], use, value, limit, tolerance))
    return found


def _district_of(grid: SyntheticGrid, measured: _Measured) -> NDArray[np.str_]:
    """Return the district of each element: of its feeder, else of its bank's substation."""
    of_bank = grid.substations.district[grid.banks.substation[measured.bank]] if len(grid.banks.id) else ""
    of_feeder = grid.feeders.district[measured.feeder] if len(grid.feeders.id) else ""
    return np.asarray(np.where(measured.feeder >= 0, of_feeder, np.where(measured.bank >= 0, of_bank, "")))


def _nearest(peak: Floats, district: NDArray[np.str_], closest: int) -> Ints:
    """Return the elements of each district that come closest to their limit."""
    order = np.lexsort((-peak, district))
    first = np.flatnonzero(np.r_[True, district[order][1:] != district[order][:-1]]) if len(order) else order
    rank = np.arange(len(order)) - np.repeat(first, np.diff(np.r_[first, len(order)]))
    return np.asarray(order[rank < closest], dtype=np.int64)


def _rows(
    plan: int, measured: _Measured, district: NDArray[np.str_], step_h: float, closest: int
) -> dict[str, NDArray[Any]]:
    use = np.nan_to_num(measured.use)
    peak = use.max(axis=0, initial=0.0)
    # Only elements that are listed are looked at more closely: there are half a million values of each.
    listed = np.flatnonzero(peak > 1.0 + measured.tolerance)
    listed = np.union1d(listed, _nearest(peak, district, closest))
    use = use[:, listed]
    outside = use > 1.0 + measured.tolerance
    steps = np.arange(len(use))[:, np.newaxis]
    step = use.argmax(axis=0) if len(listed) else np.zeros(0, dtype=np.int64)
    return {
        "plan": np.full(len(listed), plan),
        "kind": np.full(len(listed), int(measured.kind)),
        "element": measured.element[listed],
        "feeder": measured.feeder[listed],
        "bank": measured.bank[listed],
        "step": step,
        "value": measured.value[step, listed],
        "limit": measured.limit[listed],
        "use": peak[listed],
        "severity_h": np.where(outside, use - 1.0, 0.0).sum(axis=0) * step_h,
        "minutes": outside.sum(axis=0) * step_h * 60.0,
        "first_step": np.where(outside.any(axis=0), np.where(outside, steps, len(use)).min(axis=0), -1),
        "last_step": np.where(outside, steps, -1).max(axis=0),
    }
