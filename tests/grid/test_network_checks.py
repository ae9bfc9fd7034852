"""Every check of a network is triggered, and all problems are told at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from data.errors import InvalidInput
from grid import Network, solve
from grid.network import Buses, Loads, Slacks
from grid.network_checks import check_network
from tests.grid.network_cases import ids, tree


def changed(table: str, column: str, value: object, row: int = 0) -> Callable[[Network], Network]:
    """A change of one value of one table."""

    def change(network: Network) -> Network:
        old = getattr(network, table)
        values = getattr(old, column).copy()
        values[row] = value
        return replace(network, **{table: replace(old, **{column: values})})

    return change


def shorter(network: Network) -> Network:
    return replace(network, lines=replace(network.lines, r_ohm=network.lines.r_ohm[:-1]))


def no_slack(network: Network) -> Network:
    return replace(network, slacks=Slacks())


def many_loads(network: Network) -> Network:
    n = 30
    return replace(
        network, loads=Loads(ids("d", n), np.zeros(n, int), np.full(n, np.nan), *(np.zeros((3, n))), np.ones(n, bool))
    )


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (shorter, "lines, r_ohm"),
        (no_slack, "no slack"),
        (many_loads, "10 more rows"),
        (changed("lines", "to_bus", 99), "lines, row 2, to_bus: no such bus"),
        (changed("lines", "x_ohm", np.nan, 3), "lines, row 5, x_ohm: not a finite number"),
        (changed("lines", "rating_a", np.nan), "not a finite number"),
        (changed("lines", "id", "l1"), "lines, row 3, id: the id occurs before"),
        (changed("lines", "r_ohm", -1.0), "resistance is negative"),
        (changed("transformers", "r_ohm", -1.0), "resistance is negative"),
        (changed("lines", "rating_a", 0.0), "rating is not positive"),
        (changed("transformers", "ratio", 0.0), "ratio is not positive"),
        (changed("buses", "base_kv", 0.0), "base voltage is not positive"),
        (changed("buses", "base_kv", 10.0), "joins buses of different base voltage"),
        (changed("slacks", "v_pu", 0.0), "voltage is not positive"),
        (changed("loads", "z_share", 0.9), "shares are not within"),
        (changed("shunts", "q_kvar", np.inf), "not a finite number"),
    ],
)
def test_each_problem_is_told(change: Callable[[Network], Network], words: str) -> None:
    network = tree(25, 3)
    check_network(network)
    with pytest.raises(InvalidInput, match=words):
        solve(change(network), np.zeros((1, 25)))


def test_both_ends_at_one_bus_and_a_transformer_without_impedance() -> None:
    network = tree(25, 3)
    lines, transformers = network.lines, network.transformers
    bad = replace(
        network,
        lines=replace(lines, to_bus=np.concatenate([lines.from_bus[:1], lines.to_bus[1:]])),
        transformers=replace(transformers, r_ohm=transformers.r_ohm * 0, x_ohm=transformers.x_ohm * 0),
    )
    with pytest.raises(InvalidInput) as caught:
        check_network(bad)
    assert "both ends at one bus" in str(caught.value)
    assert len(caught.value.problems) == 1 + len(transformers)


def test_an_empty_network() -> None:
    nothing = np.zeros(0)
    empty = Network(Buses(ids("b", 0), nothing, nothing, nothing, nothing, nothing))
    with pytest.raises(InvalidInput, match="no buses"):
        solve(empty, np.zeros((1, 0)))


def test_tables_are_read_only() -> None:
    network = tree(10)
    with pytest.raises(ValueError, match="read-only"):
        network.lines.r_ohm[0] = 1.0
