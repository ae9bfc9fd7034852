"""What a benchmark reports: one line a claim, our figure, the rival's, their ratio and the bar it must reach."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

HEADING = "claim | ours | rival | ratio | bar | ok"


@dataclass(frozen=True)
class Claim:
    """One measured claim.

    Attributes
    ----------
    name
        What is claimed, with the size of the case.
    ours, rival
        Both figures in words with unit; "" where there is no rival.
    ratio
        How many times better ours is, or None where nothing is compared.
    bar
        What the ratio must reach, or None where the line is for information.
    met
        Whether the bar is reached; set where the bar is no ratio (an error, a time limit).
    """

    name: str
    ours: str
    rival: str = ""
    ratio: float | None = None
    bar: float | None = None
    met: bool | None = None

    @property
    def ok(self) -> bool:
        """Whether nothing is missed."""
        if self.met is not None:
            return self.met
        return self.bar is None or (self.ratio is not None and self.ratio >= self.bar)

    def __str__(self) -> str:
        ratio = "–" if self.ratio is None else f"{self.ratio:.3g} ×"
        judged = self.bar is not None or self.met is not None
        bar = "–" if self.bar is None else f"≥ {self.bar:g} ×"
        verdict = ("yes" if self.ok else "NO") if judged else "–"
        return f"{self.name} | {self.ours} | {self.rival or '–'} | {ratio} | {bar} | {verdict}"


def median_s(work: Callable[[], object], runs: int = 5) -> float:
    """Median wall time of `runs` calls after one that warms up."""
    work()
    return statistics.median(_timed(work) for _ in range(runs))


def side_by_side_s(
    ours: Callable[[], object], rivals: dict[str, Callable[[], object]], runs: int = 5
) -> dict[str, float]:
    """Median wall times of ours (key "ours") and every rival, run in turns so that a noisy machine hits all alike."""
    works = {"ours": ours, **rivals}
    for work in works.values():
        work()
    times: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(runs):
        for name, work in works.items():
            times[name].append(_timed(work))
    return {name: statistics.median(values) for name, values in times.items()}


def _timed(work: Callable[[], object]) -> float:
    gc.collect()
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
