"""Kernels are compiled before the first test, so that no time limit of a test pays for it."""

from __future__ import annotations

import pytest

from benchmarks.depot_cases import DepotCase, make_depot
from optimizers.depot_warm_up import compile_kernels


@pytest.fixture(scope="session", autouse=True)
def compiled_kernels() -> None:
    """Compile the kernels of the depot solver, or load them when they are there."""
    compile_kernels([make_depot(DepotCase(buses=5, chargers=3, seed=5))])
