"""Batch power flow against power-grid-model: same networks, same loads, same outputs (|V| and |I|), tolerance 1e-8."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandapower
import simbench
from power_grid_model import CalculationMethod, ComponentType

from benchmarks.claims import Claim, median_s, side_by_side_s
from benchmarks.grid_cases import city, feeders, random_loads, seoul, simbench_urban
from grid import EnergyLosses, Extremes, LoadBlocks, Network, Violations, sensitivity, solve, stream
from grid.batch_newton import load_network
from grid.solving import compiled

_METHODS = (CalculationMethod.iterative_current, CalculationMethod.newton_raphson)
_THREADS = (-1, 0)
"""power-grid-model's own codes: in the calling thread, all hardware threads."""


def run(*, quick: bool) -> Iterator[Claim]:
    """Measure every claim; `quick` takes a tenth of the steps and a smaller city, and judges no ratio."""
    for claim in _claims(quick=quick):
        # Small cases measure overheads, not the claims.
        yield replace(claim, bar=None) if quick else claim


def _claims(*, quick: bool) -> Iterator[Claim]:
    part = 10 if quick else 1
    town = city(banks=10) if quick else city()
    yield from _against_rival("100 feeders × 10 buses", feeders(100, 10), 1000 // part, 50.0, 10.0)
    yield from _against_rival("10 feeders × 100 deep", feeders(10, 100), 1000 // part, 50.0, 8.0)
    yield from _against_rival("3 feeders × 10 buses", feeders(3, 10), 35040 // part, 50.0, 5.0)
    yield from _against_rival("city", town, 96 // part, 60.0, 15.0, runs=1)
    yield from _against_rival(
        "synthetic Seoul", seoul(district="11110" if quick else None), 96 // part, 60.0, 15.0, runs=1
    )
    urban = simbench_urban()
    yield from _against_rival("SimBench 1-MV-urban", urban, 35136 // part, 30.0, 8.0)
    yield _against_pandapower(35136 // part, 3 if quick else 20)
    yield from _against_rival("100 × 10, 20 ties closed", feeders(100, 10, ties=20), 1000 // part, 50.0, 3.0)
    yield from _against_rival("10 × 100 deep, 3 ties closed", feeders(10, 100, ties=3), 1000 // part, 50.0, 3.0)
    yield _checks(town, 96 // part)
    yield from _sensitivities(town, 100 if quick else 1000)
    yield from _year(town, 24 if quick else 8760)
    yield _growth(quick=quick)
    yield from _compile_time()


def _rival(
    network: Network, p_kw: np.ndarray, q_kvar: np.ndarray, method: CalculationMethod, threads: int
) -> Callable[[], dict]:
    """One call of power-grid-model from the same arrays: update data in columns, only |V| and |I| out."""
    live = np.flatnonzero(compiled(network).model.forest.live)
    engine = load_network(network, live)
    p_w, q_var = np.ascontiguousarray(p_kw[:, live]) * 1e3, np.ascontiguousarray(q_kvar[:, live]) * 1e3
    ids = np.ascontiguousarray(np.broadcast_to(engine.load_ids[0, live].astype(np.int32), p_w.shape))

    def work() -> dict:
        update = {"id": ids, "p_specified": p_w, "q_specified": q_var}
        return engine.model.calculate_power_flow(  # type: ignore[no-any-return]
            error_tolerance=1e-8,
            calculation_method=method,
            update_data={ComponentType.sym_load: update},
            threading=threads,
            output_component_types={ComponentType.node: ["u_pu"], ComponentType.generic_branch: ["i_from"]},
        )

    return work


def _against_rival(name: str, network: Network, steps: int, mean_kw: float, bar: float, runs: int = 5) -> list[Claim]:
    p_kw, q_kvar = random_loads(network, steps, mean_kw)
    rivals = {
        f"{method.name} {'1 thread' if threads < 0 else 'all threads'}": _rival(network, p_kw, q_kvar, method, threads)
        for method in _METHODS
        for threads in _THREADS
    }
    times = side_by_side_s(lambda: solve(network, p_kw, q_kvar), rivals, runs)
    best = min(rivals, key=lambda rival: times[rival])
    flow, theirs = solve(network, p_kw, q_kvar), rivals["newton_raphson all threads"]()
    apart = float(np.abs(theirs[ComponentType.node]["u_pu"] - flow.v_pu.to_numpy()[:, flow.energised]).max())
    label = f"{name}, {len(network.buses):,} buses × {steps:,} steps"
    per_step = times["ours"] / steps * 1e3
    return [
        Claim(
            label,
            f"{times['ours'] * 1e3:.1f} ms ({per_step:.4f} ms a step)",
            f"{times[best] * 1e3:.0f} ms (power-grid-model {best})",
            times[best] / times["ours"],
            bar,
        ),
        Claim(f"{name}: largest difference of |V| to its Newton-Raphson", f"{apart:.1e} pu", met=apart < 5e-8),
    ]


def _against_pandapower(steps: int, sample: int) -> Claim:
    """Time a step of pandapower's own loop, on a sample of steps with its quickest settings, against ours on all."""
    network = simbench_urban()
    p_kw, q_kvar = random_loads(network, steps, 30.0)
    ours = median_s(lambda: solve(network, p_kw, q_kvar), 3) / steps
    net = simbench.get_simbench_net("1-MV-urban--0-sw")
    loads = np.random.default_rng(5).uniform(0.5, 1.5, (sample, len(net.load))) * net.load.p_mw.to_numpy()

    def work() -> None:
        for row in loads:
            net.load["p_mw"] = row
            pandapower.runpp(net, numba=True, recycle=None, init="results" if net.converged else "auto")

    pandapower.runpp(net)
    theirs = median_s(work, 1) / sample
    label = f"SimBench 1-MV-urban, a step of {steps:,} (pandapower: of {sample})"
    return Claim(label, f"{ours * 1e6:.1f} µs", f"{theirs * 1e3:.1f} ms (pandapower)", theirs / ours, 1000.0)


def _checks(network: Network, steps: int) -> Claim:
    """Share of the input checks in a first solve: what a compiled network costs once against one batch."""
    from grid.network_checks import check_network  # noqa: PLC0415 - measured by itself

    p_kw, q_kvar = random_loads(network, steps, 60.0)
    share = median_s(lambda: check_network(network)) / median_s(lambda: solve(network, p_kw, q_kvar))
    return Claim("input checks of the city, share of one solve", f"{share:.1%}")


def _sensitivities(network: Network, count: int) -> list[Claim]:
    p_kw, q_kvar = random_loads(network, 8, 60.0)
    flow = solve(network, p_kw, q_kvar)
    buses = np.random.default_rng(3).integers(1, len(network.buses), count)
    of = [(str(network.buses.id[bus]), k % 8) for k, bus in enumerate(buses)]
    ours = median_s(lambda: sensitivity(network, flow, of), 3)
    one = median_s(lambda: solve(network, p_kw[:1], q_kvar[:1]), 3)
    # A row by finite differences takes one power flow for P and one for Q of every bus of the bank that answers.
    answering = sensitivity(network, flow, of[:1]).by_kw.nnz
    rival = one * 2 * answering * 8
    name = f"{count:,} adjoint rows at {len(network.buses):,} buses"
    difference = f"{rival:.0f} s (finite differences, {answering} loads × 2 × 8 steps, not run)"
    return [Claim(name, f"{ours * 1e3:.0f} ms", difference, rival / ours)]


def _year(network: Network, hours: int) -> list[Claim]:
    """Run a year in its own process, so that the peak of memory is its own."""
    script = f"from benchmarks.power_flow import year_report; year_report({len(network.buses) > 20_000}, {hours})"
    # Threads of BLAS that made the loads would spin on the core that solves.
    one_maker = os.environ | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, env=one_maker)
    wall, loads, peak_mb, bound = (float(word) for word in done.stdout.split())
    whole = hours == 8760
    name = f"city year, {hours:,} hours × {len(network.buses):,} buses with statistics"
    return [
        Claim(
            f"{name}: wall time without making the loads",
            f"{wall - loads:.1f} s",
            "aim 15 s",
            met=wall - loads <= 15 if whole else None,
        ),
        Claim(f"{name}: peak memory", f"{peak_mb:.0f} MB", "aim 2,000 MB", met=peak_mb <= 2000),
        Claim(
            f"{name}: time to read loads and write |V| and |I| once at this machine's bandwidth",
            f"{wall - loads:.1f} s",
            f"{bound:.1f} s",
            bound / (wall - loads),
        ),
    ]


def year_report(full: bool, hours: int) -> None:  # noqa: FBT001
    """Print wall time, time spent making loads, peak memory in MB, and the bandwidth bound in seconds."""
    network = city() if full else city(banks=10)
    rng = np.random.default_rng(0)
    n = len(network.buses)
    share = rng.lognormal(0.0, 0.5, (5, n)) * 10.0
    share[:, network.slacks.bus] = 0.0
    profile, tangent = rng.uniform(0.5, 1.5, (hours, 5)), rng.uniform(0.2, 0.4, n)
    made = [0.0]

    def read(part: slice) -> tuple[np.ndarray, np.ndarray]:
        start = time.perf_counter()
        p_kw = profile[part] @ share
        q_kvar = p_kw * tangent
        made[0] += time.perf_counter() - start
        return p_kw, q_kvar

    solve(network, *read(slice(0, 1)))
    made[0] = 0.0
    start = time.perf_counter()
    gather = [Extremes("v_pu"), Extremes("loading"), Violations(1.0), EnergyLosses(1.0)]
    stream(network, LoadBlocks(np.arange(hours), read), reduce=gather)
    wall = time.perf_counter() - start
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    bound = 4 * 8 * n * hours / _bandwidth_bytes_per_s()
    sys.stdout.write(f"{wall} {made[0]} {peak_mb} {bound}\n")


def _bandwidth_bytes_per_s() -> float:
    source = np.ones(1 << 24)
    target = np.empty_like(source)
    return 2 * source.nbytes / median_s(lambda: np.copyto(target, source))


def _growth(*, quick: bool) -> Claim:
    """Time a bus and step at growing sizes: flat is linear growth."""
    sizes = ((5, 48), (20, 48)) if quick else ((10, 96), (30, 96), (100, 96), (100, 288))
    words = []
    for banks, steps in sizes:
        network = city(banks=banks)
        p_kw, q_kvar = random_loads(network, steps, 60.0)
        each = median_s(lambda n=network, p=p_kw, q=q_kvar: solve(n, p, q), 3) / p_kw.size * 1e9  # type: ignore[misc]
        words.append(f"{len(network.buses):,} × {steps}: {each:.1f}")
    return Claim("growth, ns a bus and step", "; ".join(words))


def _compile_time() -> list[Claim]:
    """First call with an empty and with a filled compilation cache, each in a new process."""
    script = (
        "import time; from benchmarks.grid_cases import feeders, random_loads; from grid import solve; "
        "n = feeders(3, 10); p, q = random_loads(n, 96, 50.0); t = time.perf_counter(); solve(n, p, q); "
        "print(time.perf_counter() - t)"
    )
    with tempfile.TemporaryDirectory() as cache:
        environment = {**os.environ, "NUMBA_CACHE_DIR": cache}
        times = [
            float(
                subprocess.run(
                    [sys.executable, "-c", script],
                    env=environment,
                    cwd=Path(__file__).parents[1],
                    capture_output=True,
                    text=True,
                    check=True,
                ).stdout
            )
            for _ in range(2)
        ]
    return [
        Claim("first call, nothing compiled before", f"{times[0]:.1f} s", "20 s", met=times[0] <= 20),
        Claim("first call of a later process", f"{times[1]:.2f} s", "1 s", met=times[1] <= 1),
    ]
