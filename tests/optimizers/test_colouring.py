"""Outlet ids: never two buses at one outlet, never more outlets than needed."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimizers.colouring import outlet_sessions
from optimizers.depot_cost import Schedule, plan_of
from optimizers.plan import PlanStatus, Verdict
from optimizers.problem import UnderWay
from tests.optimizers.depot_builders import charger, depot

VERDICT = Verdict(PlanStatus.FEASIBLE, 0.0, "", "by hand", 0.0)


def plan(problem, plugged):
    zero = np.zeros(plugged.shape)
    return plan_of(problem, Schedule(zero, zero, plugged, zero[0], zero[0]), VERDICT)


@given(
    rows=st.lists(st.lists(st.sampled_from([-1, 0]), min_size=8, max_size=8), min_size=1, max_size=6),
    handover=st.integers(0, 2),
)
def test_as_many_outlets_as_overlap_are_enough(rows, handover):
    plugged = np.array(rows)
    free = depot(len(rows), 8, chargers=(charger(99),), rules={"handover_steps": handover})
    wide = outlet_sessions(free, plan(free, plugged))
    busy = [sum(s.start <= t < s.stop + handover for s in wide) for t in range(8)]
    tight = replace(free, chargers=(charger(max(busy)),))
    sessions = outlet_sessions(tight, plan(tight, plugged))
    assert len(sessions) == len(wide)
    for one, two in combinations(sessions, 2):
        if one.outlet == two.outlet:
            first, second = sorted((one, two), key=lambda s: s.start)
            assert first.stop + handover <= second.start
    if max(busy):
        few = replace(free, chargers=(charger(max(busy) - 1),))
        with pytest.raises(ValueError, match="too few"):
            outlet_sessions(few, plan(few, plugged))


def test_a_session_under_way_keeps_its_outlet():
    under_way = UnderWay(np.array([-1, 0]), np.array([0, 3]), np.array([0, 1]))
    problem = depot(2, 3, chargers=(charger(2),), under_way=under_way)
    sessions = outlet_sessions(problem, plan(problem, np.array([[0, 0, 0], [0, 0, -1]])), np.array([-1, 0]))
    assert [(s.bus, s.outlet, s.start) for s in sessions] == [(1, 0, -3), (0, 1, 0)]
