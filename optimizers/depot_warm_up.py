"""Compiling the kernels of the depot solver before any clock runs: once a machine, later they are loaded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace

from optimizers.depot_decomposition import can_decompose, plan_depot
from optimizers.depot_decomposition_settings import DecompositionSettings
from optimizers.problem import Buses, DepotProblem
from optimizers.solver import SolveLimits

ENOUGH_S = 600.0
FEW_BUSES = 2
UNREACHED_GAP = 1e-9
"""So small that no step of the solve is left out."""


def compile_kernels(problems: Sequence[DepotProblem]) -> None:
    """Plan a few buses of the smallest depot, so that its kernels are compiled and kept on disk.

    Compiling takes longer than planning most depots; inside a time limit it would be taken for a hard depot.
    """
    small = [problem for problem in problems if can_decompose(problem) and problem.under_way is None]
    if small:
        problem = _with_few_buses(min(small, key=lambda problem: problem.bus_count))
        plan_depot(problem, DecompositionSettings(SolveLimits(ENOUGH_S, UNREACHED_GAP, 1), searches=1))


def _with_few_buses(problem: DepotProblem) -> DepotProblem:
    few = slice(0, FEW_BUSES)
    wear = problem.degradation
    return replace(
        problem,
        buses=Buses(**{field.name: getattr(problem.buses, field.name)[few] for field in fields(Buses)}),
        present=problem.present[few],
        trip_kwh=problem.trip_kwh[few],
        need_kwh=problem.need_kwh[few],
        compatible=problem.compatible[few],
        degradation=None
        if wear is None
        else replace(wear, **{field.name: getattr(wear, field.name)[few] for field in fields(wear)}),
    )
