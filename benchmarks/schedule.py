"""The city schedule: districts, Seoul today and in 2035, one feeder against a conic bound, rivals, random districts."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.claims import Claim
from benchmarks.schedule_cities import city_claims
from benchmarks.schedule_rivals import rival_claims


def run(*, quick: bool) -> Iterator[Claim]:
    """Run all claims; with `quick` two districts, and small cases against rivals."""
    yield from city_claims(quick=quick)
    yield from rival_claims(quick=quick)
