"""Streaming gives the statistics of the whole, block by block."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

import grid.streaming
from data.errors import InvalidInput
from grid import EnergyLosses, Extremes, LoadBlocks, Network, Quantiles, Violations, power_flow, solve, stream
from tests.grid.network_cases import loads_of, tree

STEPS = 150


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grid.streaming, "_BLOCK_VALUES", 1)


@pytest.fixture
def network() -> Network:
    whole = tree(20, 3)
    return replace(whole, lines=replace(whole.lines, rating_a=np.full(len(whole.lines), 8.0)))


@pytest.mark.usefixtures("small_blocks")
def test_statistics_are_those_of_the_whole(network: Network) -> None:
    p_kw, q_kvar = loads_of(network, STEPS, mean_kw=100.0)
    whole = solve(network, p_kw, q_kvar)
    coords = {"time": np.arange(STEPS), "bus": network.buses.id}
    kw, kvar = (xr.DataArray(values, dims=("time", "bus"), coords=coords) for values in (p_kw, q_kvar))
    reducers = [
        Extremes("v_pu"),
        Extremes("loading"),
        Quantiles("v_pu", at=(0.1, 0.5), bins=4000),
        Violations(step_h=0.25),
        EnergyLosses(step_h=0.25),
    ]
    found = power_flow(network, kw, kvar, reduce=reducers, keep_buses=["b7", "b2"], keep_branches=["l3"])
    statistics = found.statistics
    np.testing.assert_array_equal(found.v_pu, whole.v_pu.sel(bus=["b7", "b2"]))
    np.testing.assert_array_equal(found.branch_a, whole.branch_a.sel(branch=["l3"]))
    np.testing.assert_allclose(found.loading, whole.loading.sel(branch=["l3"]), rtol=1e-12)
    np.testing.assert_array_equal(found.losses_kw, whole.losses_kw)
    np.testing.assert_array_equal(found.slack_kw, whole.slack_kw)
    for quantity in ("v_pu", "loading"):
        series = getattr(whole, quantity)
        np.testing.assert_allclose(statistics[f"{quantity}_min"], series.min("time"), rtol=1e-12)
        np.testing.assert_allclose(statistics[f"{quantity}_max"], series.max("time"), rtol=1e-12)
        np.testing.assert_allclose(statistics[f"{quantity}_mean"], series.mean("time"), rtol=1e-12)
    exact = np.quantile(whole.v_pu, [0.1, 0.5], axis=0, method="inverted_cdf")
    np.testing.assert_allclose(statistics["v_pu_quantile"], exact, atol=1e-4)
    over = (whole.loading > 1).to_numpy()
    assert over.any()
    np.testing.assert_allclose(statistics["overload_h"], over.sum(axis=0) * 0.25)
    np.testing.assert_allclose(statistics["overload_longest_h"], [longest(column) * 0.25 for column in over.T])
    assert float(statistics["losses_kwh"]) == pytest.approx(float(whole.losses_kw.sum()) * 0.25)
    np.testing.assert_allclose(statistics["slack_kwh"], whole.slack_kw.sum("time") * 0.25)


def longest(broken: np.ndarray) -> int:
    """Longest run of true."""
    runs = "".join("x" if each else " " for each in broken).split()
    return max((len(run) for run in runs), default=0)


@pytest.mark.usefixtures("small_blocks")
def test_a_failed_step_is_left_out_and_told(network: Network) -> None:
    p_kw, q_kvar = loads_of(network, 70)
    p_kw[50, 3] = np.nan
    blocks = LoadBlocks(np.arange(70), lambda part: (p_kw[part], q_kvar[part]))
    found = stream(network, blocks, reduce=[Extremes("v_pu"), EnergyLosses(1.0)])
    assert np.isfinite(found.statistics["v_pu_min"]).all()
    assert np.isfinite(found.statistics["losses_kwh"])
    assert np.flatnonzero(found.status).tolist() == [50]
    assert "b3" in str(found.reason.values[50])


def test_what_does_not_fit_is_refused(network: Network) -> None:
    blocks = LoadBlocks(np.arange(0), lambda part: (np.zeros((0, 20)), None))
    with pytest.raises(InvalidInput, match="no steps"):
        stream(network, blocks, reduce=[])
    with pytest.raises(InvalidInput, match="no such id: nobody"):
        stream(network, blocks, reduce=[], keep_buses=["nobody"])
    with pytest.raises(InvalidInput, match="without loads"):
        power_flow(network, reduce=[])  # type: ignore[call-overload]
    wrong = xr.DataArray(np.zeros((2, 3)), dims=("time", "bus"), coords={"bus": ["b0", "b1", "b2"]})
    with pytest.raises(InvalidInput, match="labels or dims differ"):
        power_flow(network, wrong, reduce=[])
