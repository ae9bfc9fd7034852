"""How long a night takes: every phase, its memory, and how both grow from one district to the whole of Seoul.

Each case runs in a process of its own from an empty folder of runs: nothing is found ready but compiled kernels.
There is no rival that does the same; the bars are times and memory.
"""

from __future__ import annotations

import json
import math
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.claims import Claim
from data.store import RunStore
from twin.nightly import KIND, SUMMARY_FILE

SERVICE_DATE = "2026-08-12"
WHOLE = "whole Seoul, 25 districts"
CASES = {"Dobong-gu": ["--district", "Dobong"], "Gangnam-gu": ["--district", "Gangnam"], WHOLE: []}
DISTRICT_BAR_S, CITY_BAR_S, CITY_BAR_GB = 30.0, 300.0, 6.0
BUILD_BAR_S, LOADS_BAR_S = 30.0, 10.0


@dataclass(frozen=True)
class Night:
    """One run: wall time of the command, highest memory of any of its processes, what it says of itself."""

    wall_s: float
    memory_gb: float
    buses: float
    phases_s: dict[str, float]
    gap: float
    status: str


def run(*, quick: bool) -> Iterator[Claim]:
    """Run the cases; with `quick` one district only."""
    _night(CASES["Dobong-gu"])  # compiles kernels, once per machine
    nights = {name: _night(options) for name, options in CASES.items() if not (quick and name == WHOLE)}
    for name, night in nights.items():
        yield from _claims(name, night)
    if WHOLE in nights:
        yield from _growth(nights["Dobong-gu"], nights[WHOLE])


def _night(options: list[str]) -> Night:
    with tempfile.TemporaryDirectory() as folder:
        begin = time.perf_counter()
        command = [sys.executable, "-m", "twin", "nightly", "--runs", folder, "--date", SERVICE_DATE, *options]
        subprocess.run(command, check=False, stdout=subprocess.DEVNULL)
        wall_s = time.perf_counter() - begin
        store = RunStore(Path(folder))
        record = store.latest_shown(KIND, "Seoul")
        if record is None:
            raise RuntimeError(f"the run ended without a result: {store.ledger.runs()[0].message}")
        summary = json.loads((store.folder_of(record.run_id) / SUMMARY_FILE).read_bytes())
    memory_gb = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e6
    certificate = summary["certificate"]
    return Night(
        wall_s, memory_gb, summary["totals"]["buses"], summary["phases_s"], certificate["gap"], certificate["status"]
    )


def _claims(name: str, night: Night) -> Iterator[Claim]:
    whole = name == WHOLE
    bar = CITY_BAR_S if whole else DISTRICT_BAR_S
    yield Claim(
        f"{name}: night, {night.buses:,.0f} buses, at most {bar:g} s", f"{night.wall_s:.1f} s", met=night.wall_s <= bar
    )
    for phase, seconds in night.phases_s.items():
        yield Claim(f"{name}: {phase}", f"{seconds:.1f} s")
    yield Claim(f"{name}: plan", f"{night.status}, gap {night.gap:.3%}")
    if whole:
        yield Claim(
            f"{name}: memory, at most {CITY_BAR_GB:g} GB",
            f"{night.memory_gb:.2f} GB",
            met=night.memory_gb <= CITY_BAR_GB,
        )
        build, loads = night.phases_s["city and grid"], night.phases_s["loads of the day"]
        yield Claim(f"{name}: city built in {BUILD_BAR_S:g} s", f"{build:.1f} s", met=build <= BUILD_BAR_S)
        yield Claim(f"{name}: loads of a day in {LOADS_BAR_S:g} s", f"{loads:.1f} s", met=loads <= LOADS_BAR_S)


def _growth(small: Night, large: Night) -> Iterator[Claim]:
    """Exponent of time against buses for every phase: 1 is linear."""
    for phase, seconds in large.phases_s.items():
        if min(seconds, small.phases_s[phase]) > 0.05:
            exponent = math.log(seconds / small.phases_s[phase]) / math.log(large.buses / small.buses)
            yield Claim(f"growth of {phase} with buses, exponent", f"{exponent:.2f}")
