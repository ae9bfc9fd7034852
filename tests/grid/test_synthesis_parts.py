"""Single steps of the synthesis against arithmetic done by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from grid.synthesis import synthesize
from grid.synthesis_areas import _cut
from grid.synthesis_banks import bank_impedance_ohm, busbar_kv, substation_count, tap_ratios
from grid.synthesis_customers import draw_demands
from grid.synthesis_plane import Plane
from grid.synthesis_spec import DedicatedCustomer
from tests.grid.small_town import district, town_spec

SPEC = town_spec()


def test_lines_have_the_impedance_of_their_conductor() -> None:
    grid = synthesize(SPEC)
    table = {conductor.name: conductor for conductor in SPEC.conductors}
    used = [table[name] for name in grid.lines.conductor.tolist()]
    lines, km = grid.network.lines, grid.lines.length_km
    assert np.allclose(lines.r_ohm, km * [c.r_ohm_per_km for c in used], rtol=1e-12)
    assert np.allclose(lines.x_ohm, km * [c.x_ohm_per_km for c in used], rtol=1e-12)
    assert np.allclose(lines.b_us, km * [c.b_us_per_km for c in used], rtol=1e-12)
    assert (lines.rating_a == [c.ampacity_a for c in used]).all()
    assert (grid.lines.underground == [c.underground for c in used]).all()
    emergency_a = 14_000 / (np.sqrt(3) * 22.9 * 0.95)
    assert (lines.rating_a[grid.lines.trunk] >= emergency_a).all()


def test_length_is_the_way_along_the_streets() -> None:
    grid = synthesize(SPEC)
    lines, buses = grid.network.lines, grid.network.buses
    xy = Plane(127.22, 37.31).to_km(np.column_stack([buses.x, buses.y]))
    straight_km = np.linalg.norm(xy[lines.from_bus] - xy[lines.to_bus], axis=1)
    assert (grid.lines.length_km >= 0.999 * straight_km * SPEC.rules.route_factor).all()
    assert grid.lines.length_km.sum() < 1.25 * straight_km.sum() * SPEC.rules.route_factor
    below = lines.to_bus[lines.in_service]
    step = grid.buses.distance_km[below] - grid.buses.distance_km[lines.from_bus[lines.in_service]]
    assert np.allclose(step, grid.lines.length_km[lines.in_service])


@pytest.mark.parametrize(("share", "cut"), [(0.5, 5), (0.44, 4), (0.46, 5), (0.0, 2), (1.0, 7)])
def test_cut_is_nearest_to_the_share_and_leaves_enough_on_both_sides(share: float, cut: int) -> None:
    assert _cut(np.ones(10), share, 2, 3) == cut


def test_neighbouring_garages_share_the_room_of_feeders() -> None:
    row = tuple(DedicatedCustomer(f"garage {n}", 127.212 + 1e-4 * n, 37.312, 1_500.0) for n in range(6))
    grid = synthesize(town_spec(customers=row))
    takers = np.unique(grid.buses.feeder[grid.buses.customer != ""])
    assert len(takers) > 1
    assert (grid.feeders.peak_kw[takers] <= 0.9 * grid.feeders.rating_kw[takers]).all()


def test_busbar_voltage_solves_the_two_bus_circuit() -> None:
    z = bank_impedance_ohm(SPEC.bank, 22.9)
    assert z.imag == pytest.approx(0.145 * 22.9**2 / 45)
    kv = float(busbar_kv(np.array([23.5]), np.array([40_000.0]), np.array([12_000.0]), SPEC.bank, 22.9)[0])
    current_ka = np.conj(complex(40.0, 12.0) / kv)  # √3 times the phase current, so that voltages are line to line
    assert abs(kv + current_ka * z) == pytest.approx(23.5, abs=1e-9)
    assert np.isnan(busbar_kv(np.array([23.5]), np.array([9e5]), np.array([0.0]), SPEC.bank, 22.9)[0])


def test_taps_stand_on_steps_and_follow_the_load() -> None:
    ratio = tap_ratios(np.array([10_000.0, 50_000.0]), np.zeros(2), SPEC.bank, SPEC.rules)
    steps = (ratio - 1) / SPEC.rules.tap_step
    assert np.allclose(steps, np.round(steps))
    assert ratio[1] < ratio[0]
    low = replace(SPEC.rules, tap_positions=1)
    assert (tap_ratios(np.array([50_000.0]), np.zeros(1), SPEC.bank, low) >= 1 - low.tap_step).all()


def test_substations_follow_load_and_room_for_banks() -> None:
    rules = SPEC.rules
    full_kw = rules.banks_max * SPEC.bank.rated_kva * rules.bank_target_loading * rules.power_factor
    assert substation_count(1_000.0, SPEC.bank, rules) == 1
    assert substation_count(1.01 * full_kw, SPEC.bank, rules) == 2
    assert substation_count(5 * rules.substation_target_kw, SPEC.bank, rules) == 5


def test_demands_sum_to_the_class_and_stay_below_the_largest() -> None:
    demands = draw_demands(district(), SPEC.classes, [1, 2])
    assert set(demands) == {"residential", "general", "street_lighting"}
    for name, kw in demands.items():
        assert kw.sum() == pytest.approx(max(district().class_kw[name]))
        assert kw.max() <= SPEC.classes[name].largest_kw * (1 + 1e-9)
        assert kw.min() > 0
    assert (
        demands["general"].std() / demands["general"].mean()
        > demands["residential"].std() / demands["residential"].mean()
    )
