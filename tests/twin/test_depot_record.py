"""Records of garages, departures at risk, and changes by hand, on days small enough to see what is true."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace

import numpy as np
import pytest

from data.errors import InvalidInput
from optimizers.depot_cost import plan_of
from optimizers.plan import NoPlan, PlanStatus
from optimizers.problem import UnderWay
from optimizers.replay import replay
from optimizers.solver import SolveLimits
from tests.dash_app.depot_days import GOOD, STEPS, day, plan, record
from tests.optimizers.test_replay import VERDICT, base, schedule
from twin.depot_departures import DepartureState, count_of, departures
from twin.depot_locks import Lock, locked, planned_around
from twin.depot_moves import Move, late_list, moved
from twin.depot_record import problem_from, record_bytes, record_from_bytes


def test_a_record_reads_back_as_it_was_written() -> None:
    written = record()
    content = record_bytes(written)
    read = record_from_bytes(content)
    assert record_bytes(read) == content
    assert read.plan.objective_krw == written.plan.objective_krw
    assert replay(read.problem, read.plan) == replay(written.problem, written.plan)
    assert (read.bindings, read.waits, read.violations) == (written.bindings, written.waits, written.violations)


def test_every_part_of_a_problem_is_kept() -> None:
    """Battery, wear, cabinets, demand charge, rules of staff: the bill and every broken rule stay the same."""
    problem = replace(base(), under_way=None)
    document = json.loads(gzip.decompress(record_bytes(replace(record(), problem=problem))))
    read = problem_from(document["problem"])
    chosen = schedule()
    assert replay(read, plan_of(read, chosen, VERDICT)) == replay(problem, plan_of(problem, chosen, VERDICT))


def test_a_record_of_another_version_is_refused() -> None:
    document = json.loads(gzip.decompress(record_bytes(record()))) | {"schema_version": 99}
    with pytest.raises(InvalidInput, match="schema version 99"):
        record_from_bytes(gzip.compress(json.dumps(document).encode()))


def test_a_day_under_way_is_no_record() -> None:
    none = np.zeros(2, dtype=np.int64)
    problem = replace(day(), under_way=UnderWay(none - 1, none, none))
    content = record_bytes(replace(record(), problem=problem))
    with pytest.raises(ValueError, match="under way"):
        record_from_bytes(content)


def test_a_departure_says_when_charging_must_begin() -> None:
    """100 kWh are there, 150 are needed at 12:00, an outlet gives 100 kW: one hour is enough, so 11:00 is the last."""
    problem = day(2)
    found = [d for d in departures(problem, plan(problem, GOOD, status=PlanStatus.OPTIMAL)) if d.leave == 8]
    first = next(d for d in found if d.bus == str(problem.buses.id[0]))
    assert (first.begin, first.act_by, first.slack_h) == (4, 7, 3.0)
    assert (first.energy_kwh, first.need_kwh, first.state) == (200.0, 150.0, DepartureState.SAFE)


def test_a_late_start_is_tight_and_none_at_all_is_short() -> None:
    problem = day(2)
    found = departures(problem, plan(problem, {0: {6: 100.0}}, status=PlanStatus.OPTIMAL))
    assert [d.state for d in found if d.leave == 8] == [DepartureState.SHORT, DepartureState.TIGHT]
    assert found[0].state is DepartureState.SHORT
    assert found[0].short_kwh == pytest.approx(50.0)
    assert count_of(found, DepartureState.SHORT) == 1
    assert len(late_list(found)) == 2


def test_a_bus_that_cannot_make_it_has_no_last_moment() -> None:
    problem = replace(day(2), need_kwh=np.where(day().need_kwh > 0, 199.0, 0.0))
    slow = replace(problem, buses=replace(problem.buses, max_charge_kw=np.full(2, 10.0)))
    found = [d for d in departures(slow, plan(slow, {}, status=PlanStatus.RELAXED)) if d.leave == 8]
    assert [(d.act_by, d.slack_h) for d in found] == [(None, 0.0), (None, 0.0)]


def test_a_bus_with_enough_needs_no_charging() -> None:
    problem = day(2, need_kwh=90.0)
    found = departures(problem, plan(problem, {}, status=PlanStatus.OPTIMAL))
    assert all(d.slack_h is None and d.act_by is None and d.state is DepartureState.SAFE for d in found)


def test_a_taper_brings_the_last_moment_forward() -> None:
    problem = day(2)
    tapered = replace(
        problem,
        buses=replace(problem.buses, taper_kw=np.full((2, 1), 100.0), taper_kw_per_kwh=np.full((2, 1), -0.6)),
    )
    plans = [plan(p, {0: {0: 10.0}}, status=PlanStatus.OPTIMAL) for p in (problem, tapered)]
    last = [
        next(d.act_by for d in departures(p, made) if d.leave == 8 and d.bus == str(p.buses.id[0]))
        for p, made in zip((problem, tapered), plans, strict=True)
    ]
    assert last[0] == 7
    assert last[1] is not None
    assert last[1] < 7


def test_a_move_is_priced_and_keeps_the_rules() -> None:
    """Bus 0 charges 100 kWh an hour before dawn's price falls: 100 KRW/kWh more."""
    kept = record()
    name = str(kept.problem.buses.id[0])
    outcome = moved(kept, [Move(name, 4, shift=-2)])
    assert outcome.extra_krw == pytest.approx(100.0 * 100.0)
    assert outcome.keeps_rules
    assert outcome.plan.charge_kw[0, 2] == 100.0
    assert outcome.plan.charge_kw[0, 4] == 0.0


def test_a_move_onto_a_taken_outlet_breaks_a_rule() -> None:
    kept = record()
    outcome = moved(kept, [Move(str(kept.problem.buses.id[0]), 4, shift=1)])
    assert not outcome.keeps_rules
    assert any("there are 1" in sentence for sentence in outcome.broken)
    assert outcome.plan.status is PlanStatus.RELAXED


def test_a_session_taken_out_leaves_the_bus_short() -> None:
    kept = record()
    name = str(kept.problem.buses.id[1])
    outcome = moved(kept, [Move(name, 5, drop=True)])
    assert outcome.extra_krw == pytest.approx(-100.0 * 100.0)
    assert any("50.000 short of 150.000" in sentence for sentence in outcome.broken)
    assert [d.state for d in outcome.departures if d.leave == 8] == [DepartureState.SHORT]


def test_a_move_that_mends_says_so() -> None:
    crowded = record(powers_kw={0: {4: 100.0}, 1: {4: 100.0}})
    assert crowded.violations
    outcome = moved(crowded, [Move(str(crowded.problem.buses.id[1]), 4, shift=1)])
    assert outcome.mended == crowded.violations
    assert outcome.keeps_rules


def test_a_move_can_overload_the_feeder_above() -> None:
    kept = record(day(2), feeder_kw=550.0)
    name = str(kept.problem.buses.id[0])
    outcome = moved(kept, [Move(name, 4, shift=1)])
    assert [(o.element, o.step, o.kw) for o in outcome.overloads] == [("F-1", 5, 650.0)]
    assert not outcome.keeps_rules


@pytest.mark.parametrize(
    ("move", "said"),
    [
        (Move("nobody", 4), "there is no bus nobody"),
        (Move("0", 4, charger="none"), "there is no charger class none"),
        (Move("0", 3), "has no session that begins in step 3"),
        (Move("0", 4, shift=STEPS), "outside the day"),
        (Move("0", 4, shift=-5), "outside the day"),
    ],
)
def test_a_move_that_makes_no_sense_is_refused(move: Move, said: str) -> None:
    kept = record()
    names = kept.problem.buses.id.tolist()
    move = replace(move, bus=names[int(move.bus)] if move.bus.isdigit() else move.bus)
    with pytest.raises(InvalidInput, match=said):
        moved(kept, [move])


def test_a_move_onto_another_session_of_the_bus_is_refused() -> None:
    kept = record(powers_kw={0: {1: 50.0, 4: 50.0}, 1: {5: 100.0}})
    with pytest.raises(InvalidInput, match="would meet"):
        moved(kept, [Move(str(kept.problem.buses.id[0]), 4, shift=-3)])


def test_a_lock_closes_the_rest_of_the_stay() -> None:
    problem = day(2)
    name = str(problem.buses.id[0])
    closed = locked(problem, [Lock(name, 2, 4)])
    assert closed.present[0].tolist() == [False, False, True, True] + [False] * 6 + [True, True]
    assert (closed.present[1] == problem.present[1]).all()


@pytest.mark.parametrize(
    ("lock", "said"),
    [
        (Lock("nobody", 2, 4), "no bus nobody"),
        (Lock("0", 2, 4, "none"), "no charger class none"),
        (Lock("0", 7, 9), "does not stand in the garage"),
        (Lock("0", 4, 4), "does not stand in the garage"),
    ],
)
def test_a_lock_that_makes_no_sense_is_refused(lock: Lock, said: str) -> None:
    problem = day(2)
    lock = replace(lock, bus=str(problem.buses.id[0])) if lock.bus == "0" else lock
    with pytest.raises(InvalidInput, match=said):
        locked(problem, [lock])


def test_planning_around_a_lock_keeps_it_and_cannot_be_cheaper_than_its_bound() -> None:
    kept = record(day(2))
    name = str(kept.problem.buses.id[0])
    planned = planned_around(kept, [Lock(name, 2, 3)], SolveLimits(20.0, 1e-4))
    assert not isinstance(planned, NoPlan)
    assert planned.violations == ()
    assert not (planned.plan.charge_kw[0, :8] * (np.arange(8) != 2)).any()
    assert planned.plan.charge_kw[0, 2] >= 50.0 - 1e-3
    assert planned.plan.lower_bound_krw <= planned.replayed_krw.total_krw + 1.0
    assert "1 sessions fixed by hand" in planned.plan.bound_for
