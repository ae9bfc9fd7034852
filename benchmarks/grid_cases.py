"""Networks of the power-flow benchmarks: feeders side by side, deep feeders, and a city of many banks."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np

from data.city_folder import read_city_folder
from grid import Network
from grid.elements import Buses, Ints, Lines, Slacks, Transformers
from twin.city import build_city
from twin.scenario import scenario_of

_KV = 22.9


def _ids(letter: str, count: int) -> np.ndarray:
    return np.array([f"{letter}{k}" for k in range(count)])


def feeders(count: int, depth: int, *, ties: int = 0, voltage_drop: float = 0.04) -> Network:
    """One slack with `count` chains of `depth` buses each; `ties` closed lines join the ends of neighbouring chains."""
    n = count * depth + 1
    to_bus = np.arange(1, n)
    from_bus = np.where((to_bus - 1) % depth == 0, 0, to_bus - 1)
    ends = np.arange(1, count + 1) * depth
    from_bus = np.concatenate([from_bus, ends[: 2 * ties : 2]])
    to_bus = np.concatenate([to_bus, ends[1 : 2 * ties : 2]])
    # 50 kW a bus at the end of the drop: r is chosen so that a loaded chain drops by about `voltage_drop`.
    r_ohm = voltage_drop * _KV**2 * 1000.0 / (50.0 * depth * (depth + 1) / 2) / 1.2
    return _network(n, _KV, from_bus, to_bus, np.full(len(from_bus), r_ohm), np.array([0]))


def _network(n: int, kv: float, from_bus: Ints, to_bus: Ints, r_ohm: np.ndarray, slack_bus: Ints) -> Network:
    lines, slacks = len(from_bus), len(slack_bus)
    return Network(
        buses=Buses(
            _ids("b", n), np.full(n, kv), np.full(n, 0.94), np.full(n, 1.06), np.full(n, np.nan), np.full(n, np.nan)
        ),
        lines=Lines(
            _ids("l", lines),
            from_bus,
            to_bus,
            r_ohm,
            0.5 * r_ohm,
            np.zeros(lines),
            np.zeros(lines),
            np.full(lines, 400.0),
            np.ones(lines, dtype=bool),
        ),
        slacks=Slacks(_ids("s", slacks), slack_bus, np.ones(slacks), np.zeros(slacks)),
    )


def city(banks: int = 100, feeders_a_bank: int = 10, feeder_buses: int = 50, seed: int = 1) -> Network:
    """Banks 154/22.9 kV with branched feeders of random shape and line charging; a city by default (50,101)."""
    rng = np.random.default_rng(seed)
    bank_buses = feeders_a_bank * feeder_buses
    n = 1 + banks * (1 + bank_buses)
    busbar = 1 + np.arange(banks) * (1 + bank_buses)
    within = np.arange(feeder_buses)
    reach = rng.integers(1, 6, size=(banks, feeders_a_bank, feeder_buses))
    first = busbar[:, None] + 1 + np.arange(feeders_a_bank) * feeder_buses
    to_bus = first[..., None] + within
    from_bus = np.where(within == 0, busbar[:, None, None], first[..., None] + np.maximum(within - reach, 0))
    from_bus, to_bus = from_bus.ravel(), to_bus.ravel()
    kv = np.full(n, _KV)
    kv[0] = 154.0
    count = len(to_bus)
    km = rng.uniform(0.05, 0.25, count)
    lines = Lines(
        _ids("l", count),
        from_bus,
        to_bus,
        0.12 * km,
        0.14 * km,
        90.0 * km,
        np.zeros(count),
        np.full(count, 400.0),
        np.ones(count, dtype=bool),
    )
    x_ohm = 0.145 * _KV**2 / 45.0
    transformers = Transformers(
        _ids("t", banks),
        np.zeros(banks, dtype=np.int64),
        busbar,
        np.full(banks, x_ohm / 40),
        np.full(banks, x_ohm),
        np.zeros(banks),
        np.zeros(banks),
        np.full(banks, 0.975),
        np.full(banks, 30.0),
        np.full(banks, 60e3),
        np.ones(banks, dtype=bool),
    )
    unknown = np.full(n, np.nan)
    return Network(
        buses=Buses(_ids("b", n), kv, np.full(n, 0.94), np.full(n, 1.06), unknown, unknown),
        lines=lines,
        transformers=transformers,
        slacks=Slacks(_ids("s", 1), np.array([0]), np.ones(1), np.zeros(1)),
    )


def seoul(district: str | None = None) -> Network:
    """Build the synthetic grid of Seoul (or of one district) from the city folder that comes with the product."""
    folder = read_city_folder(Path(__file__).parents[1] / "data" / "seoul")
    with tempfile.TemporaryDirectory() as cache:
        return build_city(folder, scenario_of(folder, "today"), Path(cache), district).grid.network


def simbench_urban() -> Network:
    """Load SimBench's 1-MV-urban; its bus couplers get 0.1 mΩ, as the rival takes no line without impedance."""
    network = Network.from_simbench("1-MV-urban--0-sw")
    lines = network.lines
    coupler = (lines.r_ohm == 0) & (lines.x_ohm == 0)
    return replace(network, lines=replace(lines, r_ohm=np.where(coupler, 1e-4, lines.r_ohm)))


def random_loads(network: Network, steps: int, mean_kw: float, seed: int = 7) -> tuple[np.ndarray, np.ndarray]:
    """Draw loads of all buses but slacks (steps, buses): lognormal over buses, power factor near 0.95."""
    rng = np.random.default_rng(seed)
    n = len(network.buses)
    size = mean_kw * rng.lognormal(-0.125, 0.5, n)
    size[network.slacks.bus] = 0.0
    p = size * rng.uniform(0.5, 1.5, (steps, n))
    return p, p * rng.uniform(0.2, 0.45, n)
