"""Demand at single buses: conservation, diversity, coverage."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from data.errors import InvalidInput
from tests.twin.demand_builders import SEOUL_DAYS, seoul_model, steps, year_weather
from twin.demand import at_medium_voltage_kw, district_demand_kw
from twin.demand_buses import LoadPoints, bus_load, sum_at_buses

MODEL = seoul_model()
DEMAND = district_demand_kw(MODEL, year_weather(), steps("2023-08-07T19:00", 96), 0.25, SEOUL_DAYS)


def points_for(demand_kw: xr.DataArray, count: int, seed: int = 0) -> LoadPoints:
    """About `count` points over all groups with demand, at least one in each."""
    rng = np.random.default_rng(seed)
    total = demand_kw.sum("time")
    groups = [
        (str(d), str(c))
        for d in demand_kw.district.values
        for c in demand_kw.contract_class.values
        if float(total.sel(district=d, contract_class=c)) > 0
    ]
    group = np.concatenate([np.arange(len(groups)), rng.integers(len(groups), size=max(0, count - len(groups)))])
    rng.shuffle(group)
    share = rng.random(len(group)) ** 3 + 0.01
    share /= np.bincount(group, share)[group]
    return LoadPoints(
        bus=rng.integers(0, len(group), len(group)),
        district=np.array([groups[at][0] for at in group]),
        contract_class=np.array([groups[at][1] for at in group]),
        energy_share=share,
        power_factor=rng.uniform(0.85, 1.0, len(group)),
    )


POINTS = points_for(DEMAND, 2000)


def test_points_sum_to_every_district_and_class_at_every_step() -> None:
    load_kw, _ = bus_load(MODEL, DEMAND, POINTS, seed=5)
    expected = at_medium_voltage_kw(MODEL, DEMAND)
    for (district, name), at in POINTS.groups().items():
        ours = load_kw[:, at].sum(axis=1)
        assert ours == pytest.approx(expected.sel(district=district, contract_class=name).values, rel=1e-9)
    assert load_kw.sum() == pytest.approx(float(expected.sum()), rel=1e-12)


@settings(max_examples=15, deadline=None)
@given(diversity=st.floats(0, 1), seed=st.integers(0, 2**32 - 1), count=st.integers(173, 400))
def test_conservation_and_sign_hold_for_any_diversity(diversity: float, seed: int, count: int) -> None:
    model = replace(MODEL, response=replace(MODEL.response, diversity=np.full(7, diversity)))
    points = points_for(DEMAND, count, seed % 1000)
    load_kw, load_kvar = bus_load(model, DEMAND, points, seed=seed)
    assert (load_kw >= 0).all()
    assert (load_kvar >= 0).all()
    assert load_kw.sum(axis=1) == pytest.approx(
        at_medium_voltage_kw(model, DEMAND).sum(("district", "contract_class")).values, rel=1e-9
    )


def test_reactive_power_follows_the_power_factor() -> None:
    load_kw, load_kvar = bus_load(MODEL, DEMAND, POINTS, seed=5)
    apparent = np.hypot(load_kw, load_kvar)
    assert load_kw / apparent == pytest.approx(np.broadcast_to(POINTS.power_factor, load_kw.shape), rel=1e-9)


def test_same_seed_same_bits_and_another_seed_another_load() -> None:
    one, again, other = (bus_load(MODEL, DEMAND, POINTS, seed=seed)[0] for seed in (5, 5, 6))
    assert (one == again).all()
    assert np.abs(one - other).max() > 1.0


def test_a_window_of_the_day_has_the_loads_of_the_day() -> None:
    whole = bus_load(MODEL, DEMAND, POINTS, seed=5)[0]
    window = bus_load(MODEL, DEMAND.isel(time=slice(30, 50)), POINTS, seed=5)[0]
    assert window == pytest.approx(whole[30:50], rel=1e-12)


def test_a_district_alone_has_the_loads_it_has_in_the_city() -> None:
    own = POINTS.district == "11680"
    alone = LoadPoints(*(getattr(POINTS, name)[own] for name in POINTS.__dataclass_fields__))
    of_city = bus_load(MODEL, DEMAND, POINTS, seed=5)[0][:, own]
    assert bus_load(MODEL, DEMAND.sel(district=["11680"]), alone, seed=5)[0] == pytest.approx(of_city, rel=1e-12)


def test_buses_differ_and_peak_higher_than_their_group() -> None:
    load_kw, _ = bus_load(MODEL, DEMAND, POINTS, seed=5)
    at = POINTS.groups()["11680", "general"]
    own_peak = (load_kw[:, at].max(axis=0) / load_kw[:, at].mean(axis=0)).mean()
    group_kw = load_kw[:, at].sum(axis=1)
    assert own_peak > 1.05 * group_kw.max() / group_kw.mean()
    hours = load_kw[:, at].argmax(axis=0)
    assert len(np.unique(hours)) > 5


def test_without_diversity_every_bus_has_the_curve_of_its_group() -> None:
    flat = replace(MODEL, response=replace(MODEL.response, diversity=np.zeros(7)))
    load_kw, _ = bus_load(flat, DEMAND, POINTS, seed=5)
    at = POINTS.groups()["11680", "residential"]
    curves = load_kw[:, at] / load_kw[:, at].mean(axis=0)
    assert curves == pytest.approx(np.broadcast_to(curves[:, :1], curves.shape), rel=1e-9)


def test_energy_follows_the_shares() -> None:
    load_kw, _ = bus_load(MODEL, DEMAND, POINTS, seed=5)
    at = POINTS.groups()["11650", "residential"]
    energy = load_kw[:, at].sum(axis=0) / load_kw[:, at].sum()
    order = np.corrcoef(energy, POINTS.energy_share[at])[0, 1]
    assert order > 0.95


def test_points_of_one_bus_are_added() -> None:
    load_kw, _ = bus_load(MODEL, DEMAND, POINTS, seed=5)
    at_bus = sum_at_buses(load_kw, POINTS, 2500)
    assert at_bus.shape == (96, 2500)
    by_hand = np.zeros((96, 2500))
    for at, bus in enumerate(POINTS.bus):
        by_hand[:, bus] += load_kw[:, at]
    assert at_bus == pytest.approx(by_hand, rel=1e-12, abs=1e-9)


def test_a_bus_outside_the_network_is_refused() -> None:
    with pytest.raises(InvalidInput, match="network of 10 buses"):
        sum_at_buses(np.ones((1, len(POINTS.bus))), POINTS, 10)


def test_demand_without_a_point_is_refused_not_lost() -> None:
    keep = POINTS.contract_class != "night"
    fewer = LoadPoints(*(getattr(POINTS, name)[keep] for name in POINTS.__dataclass_fields__))
    with pytest.raises(InvalidInput, match="has demand but no point") as refused:
        bus_load(MODEL, DEMAND, fewer, seed=5)
    assert len(refused.value.problems) == 25


def test_points_without_a_district_are_refused() -> None:
    with pytest.raises(InvalidInput, match="the demand does not know it"):
        bus_load(MODEL, DEMAND.sel(district=["11680"]), POINTS, seed=5)


def points_with(**changes: object) -> None:
    columns: dict[str, object] = {
        "bus": np.array([0, 1]),
        "district": np.array(["11680", "11680"]),
        "contract_class": np.array(["general", "general"]),
        "energy_share": np.array([0.25, 0.75]),
        "power_factor": np.array([0.9, 0.95]),
    }
    LoadPoints(**(columns | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("energy_share", np.array([0.25, 0.70]), "sum to 0.950000"),
        ("energy_share", np.array([-0.25, 1.25]), "not positive"),
        ("energy_share", np.array([np.nan, 1.0]), "not positive"),
        ("power_factor", np.array([0.9, 1.01]), "outside"),
        ("power_factor", np.array([0.0, 1.0]), "outside"),
        ("power_factor", np.array([np.nan, 1.0]), "outside"),
        ("contract_class", np.array(["general", "palace"]), "unknown classes palace"),
        ("bus", np.array([0, 1, 2]), "different lengths"),
    ],
)
def test_wrong_points_are_refused(column: str, value: object, message: str) -> None:
    points_with()
    with pytest.raises(InvalidInput, match=message):
        points_with(**{column: value})
