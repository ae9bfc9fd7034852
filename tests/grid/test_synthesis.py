"""The grid of Seoul: its totals are the known ones, and AC power flow finds it sound."""

from __future__ import annotations

import numpy as np
import pytest

from grid.powerflow import solve
from grid.synthesis import synthesize
from grid.synthesis_grid import SyntheticGrid
from grid.synthesis_spec import GridSpec
from grid.synthesis_tables import BusKind
from tests.grid.grid_laws import (
    assert_inside,
    assert_ordered,
    assert_radial,
    assert_shares,
    assert_ties,
    hourly_load_kw,
)
from tests.grid.seoul_grid import seoul_spec

NORTH = "11440"
GANGNAM = "11680"


@pytest.fixture(scope="module")
def spec() -> GridSpec:
    return seoul_spec()


@pytest.fixture(scope="module")
def city(spec: GridSpec) -> SyntheticGrid:
    return synthesize(spec)


def test_totals_are_the_known_ones(city: SyntheticGrid) -> None:
    north = city.feeders.district <= NORTH
    assert np.count_nonzero(north) == 723
    assert len(city.feeders.id) == 1600
    assert city.feeders.length_km[north].sum() == pytest.approx(5035, rel=0.01)
    cable_km = city.feeders.length_km * city.feeders.underground_share
    assert cable_km[north].sum() / city.feeders.length_km[north].sum() == pytest.approx(0.55, abs=0.01)
    gangnam = city.feeders.district == GANGNAM
    assert cable_km[gangnam].sum() / city.feeders.length_km[gangnam].sum() == pytest.approx(0.76, abs=0.01)
    assert len(city.buses.kind) == pytest.approx(50_000, rel=0.03)
    assert 50 <= len(city.substations.id) <= 65
    banks = np.bincount(city.banks.substation)
    assert set(banks) == {3, 4}
    assert len(np.unique(city.buses.district)) == 25


def test_laws_hold(city: SyntheticGrid, spec: GridSpec) -> None:
    assert_radial(city)
    assert_ordered(city)
    assert_inside(city, spec)
    assert_shares(city, spec)
    assert_ties(city)


def test_transformers_have_standard_sizes(city: SyntheticGrid, spec: GridSpec) -> None:
    loads = city.buses.kind == BusKind.LOAD
    assert set(city.buses.rating_kva[loads]) <= {size.rating_kva for size in spec.sizes}
    assert (city.buses.rating_kva[~loads] == 0).all()


def test_feeders_are_within_rating_with_room_for_vehicles(city: SyntheticGrid, spec: GridSpec) -> None:
    load_kw = hourly_load_kw(city, spec)
    ordinary = city.buses.feeder >= 0
    per_feeder = np.stack([np.bincount(city.buses.feeder[ordinary], hour[ordinary]) for hour in load_kw])
    assert np.allclose(per_feeder.max(axis=0), city.feeders.peak_kw, rtol=1e-12)
    loading = city.feeders.peak_kw / city.feeders.rating_kw
    over = city.feeders.id[loading > 1]
    assert len(over) <= 0.01 * len(loading), list(over)
    typical = (loading > 0.4) & (loading < 0.75)
    assert typical.mean() > 0.9
    per_bank = np.stack([np.bincount(city.feeders.bank, hour) for hour in per_feeder]).max(axis=0)
    assert np.allclose(per_bank, city.banks.peak_kw, rtol=1e-12)
    assert (per_bank < city.banks.rating_kva * spec.rules.power_factor).all()


def test_power_flow_keeps_voltages_in_the_band_at_peak_and_at_light_load(city: SyntheticGrid, spec: GridSpec) -> None:
    peaks = hourly_load_kw(city, spec)
    load_kw = np.vstack([peaks, peaks[:1] * spec.rules.light_load_share])
    result = solve(city.network, load_kw, load_kw * np.tan(np.arccos(spec.rules.power_factor)))
    medium = city.buses.kind != BusKind.SUBSTATION
    kv = result.v_pu.to_numpy()[:, medium] * spec.rules.nominal_kv
    assert np.isfinite(kv).all()
    assert kv.min() >= spec.rules.v_min_kv
    assert kv.max() <= spec.rules.v_max_kv
    loading = result.loading.to_numpy()[:, : len(city.lines.feeder)].max(axis=0)
    heads = loading[city.feeders.head_line]
    assert (heads < 1).mean() >= 0.99
    assert (loading < 1).mean() >= 0.999
    losses = float(result.losses_kw[0]) / load_kw[0].sum()
    assert 0.003 < losses < 0.03
    assert float(result.residual_kva.max()) < 1.0


def test_same_seed_gives_the_same_grid_and_another_seed_another(city: SyntheticGrid, spec: GridSpec) -> None:
    one = synthesize(spec, GANGNAM)
    assert one.content_hash() == synthesize(spec, GANGNAM).content_hash()
    assert one.content_hash() != synthesize(seoul_spec(seed=1), GANGNAM).content_hash()
    assert one.content_hash() != city.content_hash()


def test_a_district_alone_is_the_district_of_the_city(city: SyntheticGrid, spec: GridSpec) -> None:
    for code in (GANGNAM, "11320"):
        assert synthesize(spec, code).content_hash() == city.for_district(code).content_hash()


def test_most_feeders_can_be_taken_over_by_a_neighbour_elsewhere(city: SyntheticGrid) -> None:
    a, b = city.ties.feeder_a, city.ties.feeder_b
    assert set(np.unique(np.concatenate([a, b]))) == set(range(len(city.feeders.id)))
    other_bank = city.feeders.bank[a] != city.feeders.bank[b]
    helped = np.unique(np.concatenate([a[other_bank], b[other_bank]]))
    assert len(helped) > 0.9 * len(city.feeders.id)
    across = city.feeders.district[a] != city.feeders.district[b]
    assert np.count_nonzero(across) > 50
    lengths = city.lines.length_km[city.ties.line]
    assert lengths.max() < 1.5
