"""What if: the power flow of the part of a city that a change touches, before and after, over a whole day."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import cast

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from grid.synthesis_grid import SyntheticGrid
from grid.synthesis_selection import select_buses
from twin.grid_check import LOADING_TOLERANCE, GridState, check_grid
from twin.summary_grid import largest_by_group
from twin.summary_grid_types import Levers, LimitKind, LimitTable
from twin.summary_limits import limit_table, transformer_buses
from twin.whatif_change import Change
from twin.whatif_loads import DayClock, Loads, added_loads, shares_at
from twin.whatif_result import Curves, Extremes, FeederChange, LimitFinding, Totals, WhatIfResult

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

MOST_FINDINGS = 50
MOST_CURVES = 4
SAME_LOADING = 1e-6
"""Change of a loading, or of a voltage in pu, below which a feeder counts as untouched."""


@dataclass(frozen=True, eq=False)
class _Side:
    """One of before and after: loads, state without buses that have no supply (NaN there), and its limits."""

    loads: Loads
    state: GridState
    live: Flags
    limits: LimitTable
    transformer: Floats


def touched_buses(grid: SyntheticGrid, change: Change, levers: Levers) -> Flags:
    """Return (N,) the buses of every substation that a change touches: what happens elsewhere does not depend on it."""
    buses, lines = grid.network.buses.id, grid.network.lines
    at: list[Ints] = [shares_at(grid, addition)[0] for addition in change.additions]
    for switch in change.switches:
        line = np.flatnonzero(lines.id == switch.line)
        at += [lines.from_bus[line], lines.to_bus[line]]
    for move in change.garages:
        named = [move.bus, *levers.bus[levers.garage == move.garage].tolist()]
        at.append(np.flatnonzero(np.isin(buses, named)))
    substations = np.unique(grid.buses.substation[np.concatenate([*at, np.zeros(0, dtype=np.int64)])])
    return np.isin(grid.buses.substation, substations)


def what_if(
    run_id: str,
    grid: SyntheticGrid,
    base: Loads,
    change: Change,
    garage_kw: Mapping[str, Floats],
    levers: Levers,
    clock: DayClock,
) -> WhatIfResult:
    """Solve a grid with its loads before and after a change.

    Parameters
    ----------
    run_id
        Run that `base` comes from.
    grid
        Everything the change touches: whole substations (see `touched_buses`).
    base
        (T, N) loads before.
    change
        What is changed.
    garage_kw
        (T,) power of every garage that is moved.
    levers, clock
        What the run says about charging and sun, and the steps of the day.

    Raises
    ------
    InvalidInput
        With every id that the grid does not have.
    """
    begin = time.perf_counter()
    loads = added_loads(grid, base, change, garage_kw, levers, clock)
    before = _solve(grid, base, clock.step_h)
    after = _solve(_switched(grid, change), loads, clock.step_h)
    feeders = _feeder_changes(before, after, clock.step_h)
    appeared, disappeared, remaining = _compare_limits(before, after)
    return WhatIfResult(
        run_id=run_id,
        change=change,
        districts=tuple(map(str, np.unique(grid.buses.district))),
        substations=tuple(map(str, grid.substations.id)),
        buses=len(grid.network.buses.id),
        steps=len(base.kw),
        before=_totals(before, clock.step_h),
        after=_totals(after, clock.step_h),
        feeders=feeders,
        appeared=appeared,
        disappeared=disappeared,
        remaining=remaining,
        curves=_curves(before, after, _places(grid, change, feeders)),
        wall_s=round(time.perf_counter() - begin, 3),
    )


def _switched(grid: SyntheticGrid, change: Change) -> SyntheticGrid:
    """Return the grid with its switches operated."""
    if not change.switches:
        return grid
    in_service = grid.network.lines.in_service.copy()
    for switch in change.switches:
        in_service[grid.network.lines.id == switch.line] = switch.closed
    lines = replace(grid.network.lines, in_service=in_service)
    return replace(grid, network=replace(grid.network, lines=lines))


def part_of(grid: SyntheticGrid, keep: Flags) -> SyntheticGrid:
    """Return the part of a grid at some buses."""
    return SyntheticGrid(**vars(select_buses(grid, keep)))


def _solve(grid: SyntheticGrid, loads: Loads, step_h: float) -> _Side:
    live = _with_supply(grid)
    state = check_grid(grid, np.where(live, loads.kw, 0.0), np.where(live, loads.kvar, 0.0))
    state = replace(state, v_pu=np.where(live, state.v_pu, np.nan))
    load_kva = np.where(live, loads.transformer_kva, 0.0)
    rated = transformer_buses(grid)
    share = load_kva[:, rated] / grid.buses.rating_kva[rated]
    return _Side(
        loads=loads,
        state=state,
        live=live,
        limits=limit_table([state], [load_kva], step_h, closest=0),
        transformer=np.maximum(largest_by_group(grid.buses.feeder[rated], len(grid.feeders.id), share), 0.0),
    )


def _with_supply(grid: SyntheticGrid) -> Flags:
    """Return (N,) whether a bus has a path to a substation over what is switched on."""
    network, count = grid.network, len(grid.network.buses.id)
    lines, transformers = network.lines, network.transformers
    tail = np.r_[lines.from_bus[lines.in_service], transformers.from_bus[transformers.in_service]]
    head = np.r_[lines.to_bus[lines.in_service], transformers.to_bus[transformers.in_service]]
    _, part = connected_components(sparse.coo_array((np.ones(len(tail)), (tail, head)), shape=(count, count)))
    return np.isin(part, part[network.slacks.bus])


def _totals(side: _Side, step_h: float) -> Totals:
    state, dead = side.state, ~side.live
    lines, transformers = state.grid.network.lines, state.grid.network.transformers
    closed = (lines.in_service & side.live[lines.from_bus] & side.live[lines.to_bus]).sum() + (
        transformers.in_service & side.live[transformers.to_bus]
    ).sum()
    roots = len(state.grid.network.slacks.id)
    lost = side.loads.kw[:, dead].sum(axis=1)
    return Totals(
        outside={kind.name.lower(): int((side.limits.kind == kind).sum()) for kind in LimitKind},
        peak_kw=round(float(np.nanmax(state.supplied_kw)), 1),
        energy_mwh=round(float(np.nansum(state.supplied_kw)) * step_h / 1e3, 3),
        losses_mwh=round(float(np.nansum(state.losses_kw)) * step_h / 1e3, 4),
        unserved_buses=int(dead.sum()),
        unserved_kw=round(float(np.abs(lost).max(initial=0.0)), 1),
        rings=int(closed) - (int(side.live.sum()) - roots),
        converged_steps=int(state.converged.sum()),
        residual_kva=state.residual_kva,
    )


def _feeder_changes(before: _Side, after: _Side, step_h: float) -> tuple[FeederChange, ...]:
    grid = before.state.grid
    sides = [_extremes(side, step_h) for side in (before, after)]
    found = []
    for number, (old, new) in enumerate(zip(*sides, strict=True)):
        moved = max(
            abs(new.loading - old.loading),
            abs(new.lowest_v_pu - old.lowest_v_pu),
            abs(new.highest_v_pu - old.highest_v_pu),
            abs(new.transformer - old.transformer),
        )
        if moved > SAME_LOADING or not np.isfinite(moved):
            found.append(FeederChange(str(grid.feeders.id[number]), str(grid.feeders.district[number]), old, new))
    return tuple(sorted(found, key=lambda change: -abs(change.after.loading - change.before.loading)))


def _extremes(side: _Side, step_h: float) -> list[Extremes]:
    state = side.state
    loading = np.nan_to_num(state.feeder_loading)
    low, high = _voltages(side)
    over = (loading > 1.0 + LOADING_TOLERANCE).sum(axis=0) * step_h * 60.0
    return [
        Extremes(
            loading=round(float(loading[:, feeder].max()), 6),
            loading_step=int(loading[:, feeder].argmax()),
            lowest_v_pu=round(float(low[:, feeder].min()), 6),
            highest_v_pu=round(float(high[:, feeder].max()), 6),
            transformer=round(float(side.transformer[:, feeder].max()), 6),
            minutes_over=float(over[feeder]),
        )
        for feeder in range(loading.shape[1])
    ]


def _voltages(side: _Side) -> tuple[Floats, Floats]:
    """Return (T, F) lowest and highest voltage of each feeder; 0 where none of its buses has supply."""
    grid, volts = side.state.grid, side.state.v_pu
    at = np.flatnonzero(grid.buses.feeder >= 0)
    of, count = grid.buses.feeder[at], len(grid.feeders.id)
    low = -largest_by_group(of, count, np.where(np.isnan(volts[:, at]), -np.inf, -volts[:, at]))
    high = largest_by_group(of, count, np.where(np.isnan(volts[:, at]), -np.inf, volts[:, at]))
    return np.where(np.isfinite(low), low, 0.0), np.where(np.isfinite(high), high, 0.0)


def _compare_limits(before: _Side, after: _Side) -> tuple[tuple[LimitFinding, ...], ...]:
    old, new = _findings(before), _findings(after)
    parts = (
        [finding for key, finding in new.items() if key not in old],
        [finding for key, finding in old.items() if key not in new],
        [finding for key, finding in new.items() if key in old],
    )
    return tuple(tuple(sorted(part, key=lambda f: -f.severity_h)[:MOST_FINDINGS]) for part in parts)


def _findings(side: _Side) -> dict[tuple[int, str], LimitFinding]:
    table, grid = side.limits, side.state.grid
    found = {}
    for row in range(len(table)):
        feeder = int(table.feeder[row])
        found[int(table.kind[row]), str(table.element[row])] = LimitFinding(
            kind=int(table.kind[row]),
            element=str(table.element[row]),
            feeder=str(grid.feeders.id[feeder]) if feeder >= 0 else "",
            step=int(table.step[row]),
            value=round(float(table.value[row]), 5),
            limit=round(float(table.limit[row]), 5),
            use=round(float(table.use[row]), 5),
            minutes=float(table.minutes[row]),
            severity_h=round(float(table.severity_h[row]), 5),
        )
    return found


def _places(grid: SyntheticGrid, change: Change, feeders: tuple[FeederChange, ...]) -> list[int]:
    """Return the feeders whose curves are shown: where something is added or switched, else those that changed most."""
    wanted: list[int] = []
    for addition in change.additions:
        at, share = shares_at(grid, addition)
        wanted += grid.buses.feeder[at[np.argsort(-share, kind="stable")]].tolist()
    lines = grid.network.lines
    for switch in change.switches:
        line = lines.id == switch.line
        wanted += grid.buses.feeder[np.r_[lines.from_bus[line], lines.to_bus[line]]].tolist()
    number = {str(name): index for index, name in enumerate(grid.feeders.id)}
    wanted += [number[changed.feeder] for changed in feeders]
    return [feeder for feeder in dict.fromkeys(wanted) if feeder >= 0][:MOST_CURVES]


def _curves(before: _Side, after: _Side, feeders: list[int]) -> tuple[Curves, ...]:
    low = [_voltages(side)[0] for side in (before, after)]
    loading = [np.nan_to_num(side.state.feeder_loading) for side in (before, after)]
    power = [np.nan_to_num(side.state.feeder_kw) for side in (before, after)]

    def row(values: Floats, feeder: int, digits: int) -> tuple[float, ...]:
        return cast(tuple[float, ...], tuple(np.round(values[:, feeder], digits).tolist()))

    return tuple(
        Curves(
            feeder=str(before.state.grid.feeders.id[feeder]),
            before_kw=row(power[0], feeder, 1),
            after_kw=row(power[1], feeder, 1),
            before_loading=row(loading[0], feeder, 5),
            after_loading=row(loading[1], feeder, 5),
            before_v_pu=row(low[0], feeder, 5),
            after_v_pu=row(low[1], feeder, 5),
        )
        for feeder in feeders
    )
