"""Envelopes: what sessions allow together, and what the plan of an asset means for its sessions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from scipy.optimize import linprog

from data.errors import InvalidInput, ProblemList
from optimizers.envelopes import Envelopes
from tests.twin.ev_builders import STEP_H, STEPS, session_rows, sessions_from
from twin.ev_cohorts import Cohort
from twin.ev_dispatch import Promise, disaggregate
from twin.ev_envelopes import EnvelopeSet, envelopes, highest_kwh, lowest_kwh, session_envelopes, unmanaged_kw
from twin.ev_sessions import Sessions

MANY = st.lists(session_rows(), min_size=1, max_size=12)
MANY_V2G = st.lists(session_rows(v2g=True), min_size=1, max_size=12)
HOME = int(Cohort.HOME_SLOW)


def cumulative_kwh(power_kw: np.ndarray) -> np.ndarray:
    return np.concatenate([np.zeros((len(power_kw), 1)), np.cumsum(power_kw, axis=1) * STEP_H], axis=1)


@settings(max_examples=60, deadline=None)
@given(MANY)
def test_unmanaged_charging_conserves_energy_and_lies_inside(rows):
    sessions = sessions_from(rows)
    found = envelopes(sessions, STEPS, STEP_H)
    assert found.unmanaged_kw.sum() * STEP_H == pytest.approx(sessions.energy_kwh.sum())
    assert found.energy_kwh.sum() == pytest.approx(sessions.energy_kwh.sum())
    path = cumulative_kwh(found.unmanaged_kw)
    assert (path <= found.earliest_kwh + 1e-7).all()
    assert (path >= found.latest_kwh - 1e-7).all()
    assert (found.unmanaged_kw <= found.power_limit_kw + 1e-7).all()


@settings(max_examples=60, deadline=None)
@given(MANY)
def test_curves_are_ordered_rising_and_meet_at_the_end(rows):
    found = envelopes(sessions_from(rows), STEPS, STEP_H)
    assert (found.latest_kwh >= 0).all()
    assert (found.latest_kwh <= found.earliest_kwh).all()
    assert (found.latest_kwh[:, 0] == 0).all()
    assert np.array_equal(found.latest_kwh[:, -1], found.earliest_kwh[:, -1])
    for curve in (found.latest_kwh, found.earliest_kwh):
        assert (np.diff(curve, axis=1) >= -1e-9).all()
        assert (np.diff(curve, axis=1) <= found.power_limit_kw * STEP_H + 1e-7).all()
    problems = ProblemList()
    Envelopes(found.power_limit_kw, found.latest_kwh, found.earliest_kwh).check(STEP_H, problems)
    assert not list(problems)


@settings(max_examples=40, deadline=None)
@given(MANY_V2G)
def test_one_asset_is_one_bus_one_cohort_and_one_way_of_power(rows):
    sessions = sessions_from(rows)
    found = envelopes(sessions, STEPS, STEP_H)
    lends = found.discharge_limit_kw.sum(axis=1) > 0
    keys = list(zip(found.bus.tolist(), found.cohort.tolist(), lends.tolist(), strict=True))
    wanted = {(b, c, d > 0) for b, c, d in zip(sessions.bus, sessions.cohort, sessions.discharge_kw, strict=True)}
    assert len(keys) == len(set(keys))
    assert {(int(b), int(c), bool(v)) for b, c, v in keys} == {(int(b), int(c), bool(v)) for b, c, v in wanted}
    assert found.session_count.sum() == len(sessions)
    assert (found.latest_kwh[~lends] >= 0).all()


@settings(max_examples=60, deadline=None)
@given(session_rows(v2g=True), st.integers(0, 2**31))
def test_a_single_session_follows_any_plan_inside_its_envelope(row, seed):
    sessions = sessions_from([row])
    found = envelopes(sessions, STEPS, STEP_H)
    plan = random_plan(found, np.random.default_rng(seed))
    result = disaggregate(sessions, plan, STEP_H, Promise.PLAN)
    assert result.unused_kw == pytest.approx(0, abs=1e-6)
    assert result.shortfall_kwh == pytest.approx(0, abs=1e-6)


@settings(max_examples=40, deadline=None)
@given(MANY_V2G, st.integers(0, 2**31))
def test_what_vehicles_get_and_what_is_unused_make_up_the_plan(rows, seed):
    sessions = sessions_from(rows)
    found = envelopes(sessions, STEPS, STEP_H)
    plan = random_plan(found, np.random.default_rng(seed))
    result = disaggregate(sessions, plan, STEP_H, Promise.PLAN)
    assert result.served_kwh.sum() + result.unused_kw.sum() * STEP_H == pytest.approx(plan.sum() * STEP_H, abs=1e-6)
    assert (result.served_kwh <= sessions.energy_kwh + 1e-7).all()
    assert (result.served_kwh >= -sessions.spare_kwh - 1e-7).all()
    assert result.served_kwh + result.shortfall_kwh == pytest.approx(sessions.energy_kwh)


@settings(max_examples=40, deadline=None)
@given(MANY_V2G, st.integers(0, 2**31))
def test_drivers_can_always_be_served_within_the_power_of_the_envelope(rows, seed):
    sessions = sessions_from(rows)
    found = envelopes(sessions, STEPS, STEP_H)
    plan = random_plan(found, np.random.default_rng(seed))
    result = disaggregate(sessions, plan, STEP_H, Promise.DRIVERS)
    assert result.shortfall_kwh == pytest.approx(0, abs=1e-6)
    assert result.power_kw.sum() * STEP_H == pytest.approx(sessions.energy_kwh.sum())
    assert (result.power_kw <= found.power_limit_kw + 1e-6).all()
    assert inside(found, result.power_kw, 1e-6)
    assert result.unused_kw == pytest.approx(plan - result.power_kw)


@settings(max_examples=25, deadline=None)
@given(st.lists(session_rows(), min_size=2, max_size=5), st.integers(0, 2**31))
def test_no_dispatch_serves_more_than_the_best_possible_one(rows, seed):
    sessions = sessions_from([(0, HOME, *row[2:]) for row in rows])
    found = envelopes(sessions, STEPS, STEP_H)
    plan = random_plan(found, np.random.default_rng(seed))
    served = disaggregate(sessions, plan, STEP_H, Promise.PLAN).served_kwh.sum()
    best = most_servable_kwh(sessions, plan[0])
    assert served <= best + 1e-6
    assert served >= 0.75 * best  # plans at random inside the envelope are the worst there are


def test_the_unmanaged_plan_of_many_sessions_is_served_in_full():
    rng = np.random.default_rng(3)
    rows = [
        (0, HOME, float(a), 0.0, float(e), 7.0, 0.0, 0.0)
        for a, e in zip(rng.uniform(0, 12, 30), rng.uniform(2, 30, 30), strict=True)
    ]
    sessions = sessions_from(rows)
    plan = envelopes(sessions, STEPS, STEP_H).unmanaged_kw
    assert disaggregate(sessions, plan, STEP_H, Promise.PLAN).shortfall_share < 1e-9


def test_an_outer_envelope_can_promise_too_much_and_the_dispatch_says_so():
    # 7 kWh in the first hour and 7 kWh in the last: the sum may draw 14 kW in neither hour, but its curves allow
    # 7 kWh in between, when nobody is there
    sessions = sessions_from([(0, HOME, 0.0, 0.0, 3.5, 7.0, 0.5, 0.0), (0, HOME, 0.0, 0.0, 7.0, 7.0, 9.0, 0.0)])
    found = envelopes(sessions, STEPS, STEP_H)
    plan = np.zeros((1, STEPS))
    plan[0, :6] = 7.0
    assert inside(found, plan)
    late = np.zeros((1, STEPS))
    late[0, 4:10] = 7.0
    result = disaggregate(sessions, late, STEP_H, Promise.PLAN)
    assert result.shortfall_kwh.tolist() == pytest.approx([3.5, 0.0])
    assert result.unused_kw.sum() * STEP_H == pytest.approx(3.5)


def test_a_vehicle_that_lends_may_go_below_zero_and_returns_what_it_lent():
    sessions = sessions_from([(0, HOME, 2.0, 0.0, 10.0, 10.0, 6.0, 10.0)])
    found = envelopes(sessions, STEPS, STEP_H)
    assert found.latest_kwh.min() == pytest.approx(-4.0)
    plan = np.zeros((1, STEPS))
    plan[0, 12:14], plan[0, 20:26] = -8.0, 10.0
    plan[0, 20:26] = 14.0 / 6 / STEP_H
    result = disaggregate(sessions, plan, STEP_H, Promise.PLAN)
    assert result.served_kwh == pytest.approx([10.0])
    assert result.unused_kw == pytest.approx(0, abs=1e-9)


def test_fractions_of_steps_count():
    sessions = sessions_from([(0, HOME, 0.1, 0.0, 0.7, 7.0, 0.05, 0.0)])
    found = envelopes(sessions, STEPS, STEP_H)
    assert found.power_limit_kw[0, :3].tolist() == pytest.approx([7.0 * 0.6, 0.0, 0.0])
    assert found.unmanaged_kw[0, 0] == pytest.approx(0.7 / STEP_H)


def test_blocks_do_not_change_the_sum(monkeypatch):
    rng = np.random.default_rng(5)
    rows = [
        (int(b), HOME, float(a), 0.0, 9.0, 7.0, 2.0, 0.0)
        for b, a in zip(rng.integers(0, 4, 50), rng.uniform(0, 18, 50), strict=True)
    ]
    whole = envelopes(sessions_from(rows), STEPS, STEP_H)
    monkeypatch.setattr("twin.ev_envelopes.BLOCK_SESSIONS", 7)
    parts = envelopes(sessions_from(rows), STEPS, STEP_H)
    assert parts.earliest_kwh == pytest.approx(whole.earliest_kwh)
    assert parts.unmanaged_kw == pytest.approx(whole.unmanaged_kw)


def test_power_arrives_at_its_bus():
    found = envelopes(sessions_from([(2, HOME, 1.0, 0.0, 7.0, 7.0, 1.0, 0.0)]), STEPS, STEP_H)
    at_buses = found.unmanaged_at_buses_kw(4)
    assert at_buses[2].sum() * STEP_H == pytest.approx(7.0)
    assert not at_buses[[0, 1, 3]].any()


def test_bad_plans_and_sessions_are_refused():
    sessions = sessions_from([(0, HOME, 1.0, 0.0, 7.0, 7.0, 1.0, 0.0)])
    with pytest.raises(InvalidInput, match="1 assets"):
        disaggregate(sessions, np.zeros((2, STEPS)), STEP_H, Promise.PLAN)
    with pytest.raises(InvalidInput, match="not finite"):
        disaggregate(sessions, np.full((1, STEPS), np.nan), STEP_H, Promise.PLAN)
    with pytest.raises(InvalidInput, match="after the start of a day of 1 h"):
        envelopes(sessions, 4, STEP_H)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("arrive_h", -1.0, "before the day starts"),
        ("energy_kwh", 0.0, "no energy"),
        ("energy_kwh", 500.0, "more energy than fits"),
        ("discharge_kw", -1.0, "lend a negative"),
        ("max_kw", np.nan, "not finite"),
    ],
)
def test_every_rule_of_a_session_is_checked(field, value, message):
    columns = dict(vars(sessions_from([(0, HOME, 1.0, 0.0, 7.0, 7.0, 1.0, 0.0)])))
    with pytest.raises(InvalidInput, match=message):
        Sessions(**{**columns, field: np.array([value])})
    with pytest.raises(InvalidInput, match="different length"):
        Sessions(**{**columns, "bus": np.array([0, 1])})


def inside(found: EnvelopeSet, plan: np.ndarray, tolerance: float = 1e-9) -> bool:
    path = cumulative_kwh(plan)
    low = (path >= found.latest_kwh - tolerance).all()
    return bool(
        low and (path <= found.earliest_kwh + tolerance).all() and (plan <= found.power_limit_kw + tolerance).all()
    )


def random_plan(found: EnvelopeSet, rng: np.random.Generator) -> np.ndarray:
    """A random plan inside every envelope: forward steps within power and curves that can still be kept."""
    highest = found.earliest_kwh.copy()
    lowest = found.latest_kwh.copy()
    for step in range(STEPS - 1, -1, -1):
        lowest[:, step] = np.maximum(lowest[:, step], lowest[:, step + 1] - found.power_limit_kw[:, step] * STEP_H)
        back = highest[:, step + 1] + found.discharge_limit_kw[:, step] * STEP_H
        highest[:, step] = np.minimum(highest[:, step], back)
    now = np.zeros(len(found))
    plan = np.zeros(found.power_limit_kw.shape)
    for step in range(STEPS):
        low = np.maximum(lowest[:, step + 1], now - found.discharge_limit_kw[:, step] * STEP_H)
        high = np.minimum(highest[:, step + 1], now + found.power_limit_kw[:, step] * STEP_H)
        after = low + np.maximum(high - low, 0) * rng.random(len(found))
        plan[:, step] = (after - now) / STEP_H
        now = after
    return plan


def most_servable_kwh(sessions: Sessions, plan_kw: np.ndarray) -> float:
    """The most energy any dispatch can give when the asset draws no more than planned: a transport problem."""
    edges = np.arange(STEPS + 1) * STEP_H
    inside_h = np.clip(
        np.minimum(edges[None, 1:], sessions.depart_h[:, None])
        - np.maximum(edges[None, :-1], sessions.arrive_h[:, None]),
        0,
        None,
    )
    session, step = np.nonzero(inside_h)
    count = len(session)
    rows = np.concatenate([session, len(sessions) + step])
    limits = sparse.csr_array(
        (np.ones(2 * count), (rows, np.tile(np.arange(count), 2))), (len(sessions) + STEPS, count)
    )
    upper = sessions.max_kw[session] * inside_h[session, step]
    solved = linprog(
        -np.ones(count),
        A_ub=limits,
        b_ub=np.concatenate([sessions.energy_kwh, plan_kw * STEP_H]),
        bounds=np.column_stack([np.zeros(count), upper]),
    )
    return float(-solved.fun)


def test_curves_of_one_session_by_hand():
    sessions = sessions_from([(0, HOME, 1.0, 0.5, 6.0, 4.0, 2.0, 0.0)])  # 1:00 to 5:00, 6 kWh at 4 kW
    edges = np.array([0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
    assert highest_kwh(sessions, edges)[0].tolist() == [0, 0, 4, 6, 6, 6, 6]
    assert lowest_kwh(sessions, edges)[0].tolist() == [0, 0, 0, 0, 2, 6, 6]


@settings(max_examples=30, deadline=None)
@given(MANY)
def test_sessions_one_by_one_add_up_to_their_assets(rows):
    sessions = sessions_from(rows)
    assets, single = envelopes(sessions, STEPS, STEP_H), session_envelopes(sessions, STEPS, STEP_H)
    assert single.power_limit_kw.sum(axis=0) == pytest.approx(assets.power_limit_kw.sum(axis=0))
    assert single.latest_kwh.sum(axis=0) == pytest.approx(assets.latest_kwh.sum(axis=0))
    assert single.earliest_kwh.sum(axis=0) == pytest.approx(assets.earliest_kwh.sum(axis=0))
    alone = unmanaged_kw(sessions, STEPS, STEP_H)
    assert alone.sum(axis=1) * STEP_H == pytest.approx(sessions.energy_kwh)
    assert alone.sum(axis=0) == pytest.approx(assets.unmanaged_kw.sum(axis=0))
    problems = ProblemList()
    single.check(STEP_H, problems)
    assert not list(problems)


def test_who_can_wait_least_goes_first():
    # both need 7 kWh at 7 kW; the plan gives one of them power at a time, and the second-listed one leaves first
    sessions = sessions_from([(0, HOME, 0.0, 0.0, 7.0, 7.0, 3.0, 0.0), (0, HOME, 0.0, 0.0, 7.0, 7.0, 0.5, 0.0)])
    plan = np.zeros((1, STEPS))
    plan[0, :8] = 7.0
    assert disaggregate(sessions, plan, STEP_H, Promise.PLAN).shortfall_kwh == pytest.approx(0, abs=1e-9)
    # three that must not all wait: least laxity first, before anything is yet urgent
    three = sessions_from([(0, HOME, 0.0, 0.0, 3.5, 7.0, slack, 0.0) for slack in (1.5, 1.0, 0.5)])
    plan[:] = 0
    plan[0, :2], plan[0, 2:6] = 14.0, 5.25
    plan[0, 2:6] = (10.5 - 7.0) / 4 / STEP_H
    assert disaggregate(three, plan, STEP_H, Promise.PLAN).served_kwh[2] == pytest.approx(3.5)
    assert disaggregate(three, plan, STEP_H, Promise.PLAN).shortfall_kwh == pytest.approx(0, abs=1e-9)
