"""Adjoint sensitivities against finite differences."""

from __future__ import annotations

import numpy as np
import pytest

from data.errors import InvalidInput
from grid import (
    LoadModel,
    Network,
    current_sensitivity,
    power_sensitivity,
    sensitivity,
    solve,
    supply_sensitivity,
)
from tests.grid.network_cases import loads_of, mixed_model, tree, with_generator, with_lines


def differences(
    network: Network, model: LoadModel | None, quantity: str, position: int, step: int
) -> tuple[np.ndarray, np.ndarray]:
    """Central differences by 20 W and 20 var at every bus, all in one batch."""
    p_kw, q_kvar = loads_of(network, 3)
    n = len(network.buses)
    shift = 0.02 * np.concatenate([np.eye(n), -np.eye(n)])
    still = np.repeat(p_kw[step : step + 1], 2 * n, axis=0), np.repeat(q_kvar[step : step + 1], 2 * n, axis=0)
    found = []
    for p, q in ((still[0] + shift, still[1]), (still[0], still[1] + shift)):
        values = getattr(solve(network, p, q, load_model=model, tolerance_pu=1e-13), quantity).to_numpy()[:, position]
        found.append((values[:n] - values[n:]) / 0.04)
    return found[0], found[1]


CASES = [tree(40), tree(40, 8, shifts=False), with_lines(tree(40, transformers=False), [(10, 30), (3, 20)])]


@pytest.mark.parametrize("network", CASES)
@pytest.mark.parametrize("mixed", [False, True])
def test_voltages(network: Network, mixed: bool) -> None:
    model = mixed_model(network) if mixed else None
    p_kw, q_kvar = loads_of(network, 3)
    flow = solve(network, p_kw, q_kvar, load_model=model, tolerance_pu=1e-13)
    of = [("b39", 0), ("b0", 1), ("b17", 2), ("b5", 0)]
    found = sensitivity(network, flow, of)
    for k, (bus, step) in enumerate(of):
        by_kw, by_kvar = differences(network, model, "v_pu", int(bus[1:]), step)
        np.testing.assert_allclose(found.by_kw[[k]].toarray()[0], by_kw, atol=1e-10)
        np.testing.assert_allclose(found.row(k).by_kvar, by_kvar, atol=1e-10)


@pytest.mark.parametrize("network", CASES)
def test_currents(network: Network) -> None:
    model = mixed_model(network)
    p_kw, q_kvar = loads_of(network, 3)
    flow = solve(network, p_kw, q_kvar, load_model=model, tolerance_pu=1e-13)
    ids = network.branch_ids
    of = [(str(ids[0]), 0), (str(ids[20]), 1), (str(ids[-1]), 2), (str(ids[-2]), 2)]
    found = current_sensitivity(network, flow, of)
    for k, (branch, step) in enumerate(of):
        by_kw, by_kvar = differences(network, model, "branch_a", list(ids).index(branch), step)
        np.testing.assert_allclose(found.by_kw[[k]].toarray()[0], by_kw, atol=1e-7)
        np.testing.assert_allclose(found.by_kvar[[k]].toarray()[0], by_kvar, atol=1e-7)


@pytest.mark.parametrize("network", CASES)
def test_powers(network: Network) -> None:
    model = mixed_model(network)
    p_kw, q_kvar = loads_of(network, 3)
    flow = solve(network, p_kw, q_kvar, load_model=model, tolerance_pu=1e-13)
    ids = network.branch_ids
    of = [(str(ids[0]), 0), (str(ids[20]), 1), (str(ids[-1]), 2), (str(ids[-2]), 2)]
    found = power_sensitivity(network, flow, of)
    for k, (branch, step) in enumerate(of):
        by_kw, by_kvar = differences(network, model, "branch_kw", list(ids).index(branch), step)
        np.testing.assert_allclose(found.by_kw[[k]].toarray()[0], by_kw, atol=2e-6)
        np.testing.assert_allclose(found.by_kvar[[k]].toarray()[0], by_kvar, atol=2e-6)


@pytest.mark.parametrize("network", [*CASES, with_generator(tree(30, transformers=False), 20, 100.0, 1.01)])
@pytest.mark.parametrize("mixed", [False, True])
def test_supply(network: Network, mixed: bool) -> None:
    model = mixed_model(network) if mixed and not len(network.generators) else None
    p_kw, q_kvar = loads_of(network, 3)
    flow = solve(network, p_kw, q_kvar, load_model=model, tolerance_pu=1e-11)
    found_kw, found_kvar = supply_sensitivity(network, flow)
    for step in range(3):
        by_kw = np.zeros(len(network.buses))
        by_kvar = np.zeros(len(network.buses))
        for slack in range(len(network.slacks)):
            kw, kvar = differences(network, model, "slack_kw", slack, step)
            by_kw, by_kvar = by_kw + kw, by_kvar + kvar
        np.testing.assert_allclose(found_kw[step], by_kw, atol=3e-6)
        np.testing.assert_allclose(found_kvar[step], by_kvar, atol=3e-6)


def test_with_a_generator() -> None:
    network = with_generator(tree(30, transformers=False), 20, 100.0, 1.01)
    p_kw, q_kvar = loads_of(network, 3)
    flow = solve(network, p_kw, q_kvar, tolerance_pu=1e-11)
    found = sensitivity(network, flow, [("b29", 1)])
    by_kw, by_kvar = differences(network, None, "v_pu", 29, 1)
    np.testing.assert_allclose(found.by_kw.toarray()[0], by_kw, atol=1e-8)
    np.testing.assert_allclose(found.by_kvar.toarray()[0], by_kvar, atol=1e-8)


def test_what_cannot_be_asked_is_all_told() -> None:
    network = tree(10)
    p_kw, q_kvar = loads_of(network, 3)
    p_kw[1, 3] = np.nan
    flow = solve(network, p_kw, q_kvar)
    with pytest.raises(InvalidInput) as caught:
        sensitivity(network, flow, [("nobody", 0), ("b1", 3), ("b1", 1), ("b2", 0)])
    assert len(caught.value.problems) == 3
