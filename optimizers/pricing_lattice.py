"""The battery of every bus on a lattice of charge levels, as the dynamic programme of `optimizers.pricing` walks it.

Levels count the energy *charged so far*, not the energy stored: with ``E[t] = e[t] + (trips and losses before t)`` a
trip changes nothing but the window in which E may lie, so that trip energies need not be multiples of the level
spacing. Level j at step t stands for ``e = initial + j · spacing − drawn[t]``.

Two roundings of the same problem are of use, and `Rounding` says which one is meant:

- OUTWARD: every window and power range is widened to the next level. The lattice problem is then a relaxation of the
  continuous one. Proof: take any continuous trajectory E and draw θ uniformly from [0, 1). The path
  ``floor(E / spacing + θ)`` lies on the lattice, keeps all widened windows, and its expected value, increments
  included, is E / spacing. All costs are linear between neighbouring levels, so its expected cost is that of E, and
  some θ does no worse.
- INWARD: everything is narrowed. Every lattice path is then a plan of the continuous problem, to be driven as it is.
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from optimizers.problem import NOT_PLUGGED, DepotProblem, charge_limit_kw, discharge_limit_kw

Floats = NDArray[np.float64]
Levels = NDArray[np.int32]
Flags = NDArray[np.bool_]

ROUNDING_SLACK_LEVELS = 1e-7
"""Numbers this close to a level are that level: far below any tolerance of a replay, far above rounding errors."""


SPACING_TRIALS = 40
SPACING_TRIALS_RATIO = 1.4
"""How many spacings are tried, from the one asked for down to 1 / 1.4 of it."""


class Rounding(Enum):
    """Which side of the continuous problem the lattice lies on."""

    OUTWARD = "outward"
    """A relaxation: for bounds."""
    INWARD = "inward"
    """A restriction: for plans."""


class Lattice(NamedTuple):
    """All buses of a depot on their levels. B buses, C charger classes, T steps, K taper segments.

    Attributes
    ----------
    spacing_kwh
        (B,) energy in the cells from one level to the next.
    drawn_kwh
        (B, T+1) energy that left the cells before step t for trips and standing losses.
    low, high
        (B, T+1) first and last level allowed at the start of step t; ``low > high`` means the bus cannot do its duties.
    available
        (B, C, T) whether the bus may be plugged to the class during the step.
    up_min, up_max, down_max
        (B, C, T) levels gained by charging (when it charges at all) and lost by feeding back in one step.
    taper, taper_per_level
        (B, K, T) levels gained are at most ``taper + taper_per_level · j``, rounded.
    hold_krw, hold_free
        (B, T+1) calendar wear at the start of step t: ``hold_krw · max(0, j − hold_free)``.
    inlet_up_kwh, inlet_down_kwh
        (B,) energy at the inlet for one level up, and from one level down.
    can_pause
        (C,) whether a plugged bus may stand at zero power.
    may_start
        (T,) whether a session may start in the step.
    session_length, session_count
        Least steps of a session; most sessions in a stay, 0 where the rule can never bind.
    stay_begins
        (B, T) whether a stay begins at the step.
    handover_steps
        Steps that an outlet stays empty after a session.
    start_krw
        Labour cost of a session.
    plugged_class, plugged_steps, sessions_used
        (B,) what is under way before step 0.
    taper_up
        1 where tapered limits are rounded up (outward), 0 where down.
    """

    spacing_kwh: Floats
    drawn_kwh: Floats
    low: Levels
    high: Levels
    available: Flags
    up_min: Levels
    up_max: Levels
    down_max: Levels
    taper: Floats
    taper_per_level: Floats
    hold_krw: Floats
    hold_free: Floats
    inlet_up_kwh: Floats
    inlet_down_kwh: Floats
    can_pause: Flags
    may_start: Flags
    session_length: int
    session_count: int
    stay_begins: Flags
    handover_steps: int
    start_krw: float
    plugged_class: Levels
    plugged_steps: Levels
    sessions_used: Levels
    taper_up: int


def lattice(problem: DepotProblem, spacing_kwh: float | Floats, rounding: Rounding) -> Lattice:
    """Lay the problem's buses on levels about `spacing_kwh` apart, one spacing for all or one a bus.

    The spacing of each bus is tuned so that its full power over one step is a whole number of levels.
    """
    outward = rounding is Rounding.OUTWARD
    drawn = _drawn_kwh(problem)
    spacing = _spacing_kwh(problem, np.broadcast_to(spacing_kwh, problem.bus_count), drawn, outward)
    up_min, up_max, down_max = _power_levels(problem, spacing, outward)
    low, high = _windows(problem, spacing, drawn, outward)
    available = problem.compatible[:, :, None] & problem.present[:, None, :]
    low, high = _reachable(low, high, np.where(available, up_max, 0), np.where(available, down_max, 0))
    taper, per_level = _taper(problem, spacing, drawn, outward)
    hold, free = _calendar(problem, spacing, drawn, outward)
    going = problem.under_way
    nothing = np.zeros(problem.bus_count, dtype=np.int32)
    return Lattice(
        spacing_kwh=spacing,
        drawn_kwh=drawn,
        low=low,
        high=high,
        available=available,
        up_min=up_min,
        up_max=up_max,
        down_max=down_max,
        taper=taper,
        taper_per_level=per_level,
        hold_krw=hold,
        hold_free=free,
        inlet_up_kwh=spacing / problem.buses.charge_efficiency,
        inlet_down_kwh=spacing * problem.buses.discharge_efficiency,
        can_pause=np.array([charger.can_pause for charger in problem.chargers]),
        may_start=problem.rules.plug_allowed.copy(),
        session_length=max(1, problem.rules.min_plug_steps),
        session_count=_binding_session_count(problem),
        stay_begins=_stay_begins(problem),
        handover_steps=problem.rules.handover_steps,
        start_krw=problem.rules.start_krw,
        plugged_class=nothing + NOT_PLUGGED if going is None else going.plugged_class.astype(np.int32),
        plugged_steps=nothing if going is None else going.steps_plugged.astype(np.int32),
        sessions_used=nothing if going is None else going.sessions_used.astype(np.int32),
        taper_up=int(outward),
    )


def stored_kwh(problem: DepotProblem, grid: Lattice, bus: int, levels: NDArray[np.int64]) -> Floats:
    """Return the (T+1,) energy in the cells along a path of levels of one bus."""
    charged: Floats = levels * grid.spacing_kwh[bus]
    stored: Floats = problem.buses.initial_kwh[bus] + charged - grid.drawn_kwh[bus]
    return stored


def _down(values: Floats) -> Levels:
    return np.asarray(np.clip(np.floor(values + ROUNDING_SLACK_LEVELS), -(2**30), 2**30), dtype=np.int32)


def _up(values: Floats) -> Levels:
    return np.asarray(np.clip(np.ceil(values - ROUNDING_SLACK_LEVELS), -(2**30), 2**30), dtype=np.int32)


def _spacing_kwh(problem: DepotProblem, about_kwh: Floats, drawn: Floats, outward: bool) -> Floats:  # noqa: FBT001
    """Return (B,) spacings near `about_kwh` that divide full power and nearly divide what a bus must charge.

    Of all spacings that divide full power, the one is taken whose levels lie closest to the energy that has to be
    charged by the end and for each duty: rounding these is what moves a lattice away from the continuous problem.
    """
    buses = problem.buses
    step_h = float(np.median(problem.step_h))
    full_kwh = charge_limit_kw(problem).max(axis=1) * buses.charge_efficiency * step_h
    parts = np.maximum(np.round(full_kwh / about_kwh), 1.0)
    tries = np.round(np.linspace(1.0, SPACING_TRIALS_RATIO, SPACING_TRIALS)[None, :] * parts[:, None])
    spacing = np.where(full_kwh[:, None] > 0, full_kwh[:, None] / tries, about_kwh[:, None])
    floor_kwh = _floor_kwh(problem) + drawn - buses.initial_kwh[:, None]
    returns = np.ones((problem.bus_count, problem.step_count + 1), dtype=bool)
    returns[:, :-1] = _stay_begins(problem)
    musts = np.maximum.accumulate(np.maximum(floor_kwh, 0.0), axis=1)
    levels = musts[:, None, :] / spacing[:, :, None]
    off_by = (
        np.ceil(levels - ROUNDING_SLACK_LEVELS) - levels
        if not outward
        else levels - np.floor(levels + ROUNDING_SLACK_LEVELS)
    )
    loss = (np.abs(off_by) * returns[:, None, :]).sum(axis=2) * spacing
    best: Floats = spacing[np.arange(problem.bus_count), loss.argmin(axis=1)]
    return best


def _stay_begins(problem: DepotProblem) -> Flags:
    before = np.concatenate((np.zeros((problem.bus_count, 1), dtype=bool), problem.present[:, :-1]), axis=1)
    begins: Flags = problem.present & ~before
    return begins


def _floor_kwh(problem: DepotProblem) -> Floats:
    """Return (B, T+1) least energy in the cells at the start of each step."""
    buses = problem.buses
    last = np.maximum(buses.terminal_min_kwh, buses.min_kwh)[:, None]
    return np.concatenate((np.maximum(problem.need_kwh, buses.min_kwh[:, None]), last), axis=1)


def _drawn_kwh(problem: DepotProblem) -> Floats:
    per_step = problem.trip_kwh + problem.buses.standing_loss_kw[:, None] * problem.step_h * problem.present
    start = np.zeros((problem.bus_count, 1))
    return np.concatenate((start, np.cumsum(per_step, axis=1)), axis=1)


def _power_levels(problem: DepotProblem, spacing: Floats, outward: bool) -> tuple[Levels, Levels, Levels]:  # noqa: FBT001
    """Return (B, C, T) least and most levels gained, and most levels lost, in a step."""
    buses = problem.buses
    least_kw = np.array([charger.min_kw for charger in problem.chargers])
    up = (buses.charge_efficiency / spacing)[:, None, None] * problem.step_h
    down = (1 / (buses.discharge_efficiency * spacing))[:, None, None] * problem.step_h
    most_up = charge_limit_kw(problem)[:, :, None] * up
    most_down = discharge_limit_kw(problem)[:, :, None] * down
    least_up = least_kw[None, :, None] * up
    if outward:
        return _down(least_up), _up(most_up), _up(most_down)
    return _up(least_up), _down(most_up), _down(most_down)


def _windows(problem: DepotProblem, spacing: Floats, drawn: Floats, outward: bool) -> tuple[Levels, Levels]:  # noqa: FBT001
    buses = problem.buses
    offset = drawn - buses.initial_kwh[:, None]
    least = (_floor_kwh(problem) + offset) / spacing[:, None]
    most = (buses.max_kwh[:, None] + offset) / spacing[:, None]
    low, high = (_down(least), _up(most)) if outward else (_up(least), _down(most))
    starts_inside = (low[:, 0] <= 0) & (high[:, 0] >= 0)
    low[:, 0] = np.where(starts_inside, 0, 1)
    high[:, 0] = 0
    return low, high


def _reachable(low: Levels, high: Levels, up: Levels, down: Levels) -> tuple[Levels, Levels]:
    """Cut the windows to what can be reached from the start and still lead to the end."""
    low, high = low.copy(), high.copy()
    up, down = up.max(axis=1), down.max(axis=1)
    steps = up.shape[1]
    for t in range(steps):
        low[:, t + 1] = np.maximum(low[:, t + 1], low[:, t] - down[:, t])
        high[:, t + 1] = np.minimum(high[:, t + 1], high[:, t] + up[:, t])
    for t in reversed(range(steps)):
        low[:, t] = np.maximum(low[:, t], low[:, t + 1] - up[:, t])
        high[:, t] = np.minimum(high[:, t], high[:, t + 1] + down[:, t])
    return low, high


def _taper(problem: DepotProblem, spacing: Floats, drawn: Floats, outward: bool) -> tuple[Floats, Floats]:  # noqa: FBT001
    """Return the limits in levels; outward, where one rises with the level, it is taken at the next level up."""
    buses = problem.buses
    levels_per_kw = (buses.charge_efficiency / spacing)[:, None, None] * problem.step_h
    before = buses.initial_kwh[:, None] - drawn[:, :-1]
    limit_kw = buses.taper_kw[:, :, None] + buses.taper_kw_per_kwh[:, :, None] * before[:, None, :]
    per_level_kw = buses.taper_kw_per_kwh[:, :, None] * spacing[:, None, None]
    limit, per_level = np.minimum(limit_kw, 1e9) * levels_per_kw, per_level_kw * levels_per_kw
    return (limit + np.maximum(per_level, 0.0) if outward else limit), per_level


def _calendar(problem: DepotProblem, spacing: Floats, drawn: Floats, outward: bool) -> tuple[Floats, Floats]:  # noqa: FBT001
    """Return calendar wear per level and the level it starts at; outward, its kink is moved up to the next level."""
    count, steps = problem.bus_count, problem.step_count
    hold, free = np.zeros((count, steps + 1)), np.zeros((count, steps + 1))
    if problem.degradation is None:
        return hold, free
    hold[:, 1:] = problem.degradation.calendar_krw_per_kwh_h[:, None] * spacing[:, None] * problem.step_h
    free = (problem.degradation.calendar_free_kwh[:, None] - problem.buses.initial_kwh[:, None] + drawn) / spacing[
        :, None
    ]
    return hold, np.ceil(free - ROUNDING_SLACK_LEVELS) if outward else free


def _binding_session_count(problem: DepotProblem) -> int:
    """Return the session limit, or 0 if the longest stay is too short for it ever to bind."""
    present = problem.present
    longest = run = 0
    for t in range(problem.step_count):
        run = run + 1 if present[:, t].any() else 0
        longest = max(longest, run)
    used = 0 if problem.under_way is None else int(problem.under_way.sessions_used.max())
    most = used + (longest + 1) // (max(1, problem.rules.min_plug_steps) + 1) + 1
    return 0 if problem.rules.max_sessions_per_stay >= most else problem.rules.max_sessions_per_stay
