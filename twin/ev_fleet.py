"""The electric vehicles of a city: what each is used for, and at which load points it can charge.

Vehicles are drawn for the whole city from the tables alone; only the choice of load points needs the grid, and it is
drawn district by district. So a model of one district holds exactly what the model of the city holds there.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.errors import ProblemList
from twin.ev_cohorts import Charger, Cohort, CohortRules, EvModel
from twin.ev_hosts import Transformers

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

FLEET_STREAM, HOST_STREAM = 1, 2
"""Numbers that keep the random streams of vehicles and of load points apart."""


@dataclass(frozen=True)
class Fleet:
    """Electric vehicles, one entry each; electric buses are not among them.

    Attributes
    ----------
    use
        (V,) index into `EvModel.uses`.
    district
        (V,) index into `EvModel.districts`: where the vehicle is registered.
    """

    use: Ints
    district: Ints


@dataclass(frozen=True)
class HostSites:
    """Load points at which one cohort charges in one district, and the chance of each; empty off the grid's area."""

    point: Ints
    chance: Floats


def vehicles(model: EvModel, seed: int) -> Fleet:
    """Return every registered vehicle with its use: each district has exactly as many as the register says."""
    rng = np.random.default_rng([seed, FLEET_STREAM])
    use: list[Ints] = []
    district: list[Ints] = []
    for column, category in enumerate(model.categories):
        options = [(i, u.share) for i, u in enumerate(model.uses) if u.vehicle == category]
        if not options:
            continue
        of_district = np.repeat(np.arange(len(model.districts)), model.registered[:, column])
        chance = np.array([share for _, share in options])
        drawn = rng.choice([i for i, _ in options], size=len(of_district), p=chance / chance.sum())
        use.append(drawn.astype(np.int64))
        district.append(of_district.astype(np.int64))
    empty = np.zeros(0, dtype=np.int64)
    return Fleet(np.concatenate([empty, *use]), np.concatenate([empty, *district]))


def district_chances(model: EvModel, rules: CohortRules) -> Floats:
    """Return the (D,) chance that a session away from the own district is in each district: as chargers are spread."""
    weight = model.fast_chargers if rules.charger is Charger.FAST else model.slow_chargers
    if weight.sum() <= 0:
        weight = model.registered.sum(axis=1).astype(float)
    return np.asarray(weight / weight.sum())


def host_sites(model: EvModel, points: Transformers, seed: int) -> dict[tuple[Cohort, int], HostSites]:
    """Return where each cohort charges in each district of the grid.

    A cohort without `chargers_per_site` charges at every load point of its class, by energy; the others at sites drawn
    among those, as many as the district has chargers. Only transformers that can carry a site are taken, or the largest
    where none can. A district without load points of the class offers all it has.

    Raises
    ------
    InvalidInput
        When a load point lies in a district the tables do not know.
    """
    problems = ProblemList()
    for name in sorted(set(points.district.tolist()) - set(model.districts)):
        problems.add("load points", f"district {name} is not in the table districts", "add it", field="district")
    problems.raise_if_any()
    found: dict[tuple[Cohort, int], HostSites] = {}
    for rules in model.cohorts:
        chargers = model.fast_chargers if rules.charger is Charger.FAST else model.slow_chargers
        of_class = points.contract_class == rules.host_class
        for index, district in enumerate(model.districts):
            here = points.district == district
            candidates = np.flatnonzero(here & of_class & (points.energy_share > 0))
            if not len(candidates):
                candidates = np.flatnonzero(here)
            if not len(candidates):
                continue
            rng = np.random.default_rng([seed, HOST_STREAM, rules.cohort, index])
            fit = _carrying(rules, candidates, points)
            found[rules.cohort, index] = _sites(rules, fit, points, chargers[index], rng)
    return found


def _carrying(rules: CohortRules, candidates: Ints, points: Transformers) -> Ints:
    """Load points whose transformer can carry a site, so that chargers come where they would be connected."""
    rating = points.rating_kva[candidates]
    return np.compress(rating >= min(rules.site_kw / rules.rating_share, rating.max()), candidates)


def _sites(
    rules: CohortRules, candidates: Ints, points: Transformers, chargers: float, rng: np.random.Generator
) -> HostSites:
    weight = points.energy_share[candidates]
    chance = weight / weight.sum() if weight.sum() > 0 else np.full(len(candidates), 1 / len(candidates))
    if rules.chargers_per_site <= 0:
        return HostSites(candidates, chance)
    count = max(1, int(np.ceil(chargers / rules.chargers_per_site)))
    rounds, rest = divmod(count, len(candidates))
    times = np.full(len(candidates), float(rounds))
    times[_draw_once(chance, rest, rng)] += 1
    return HostSites(candidates[times > 0], times[times > 0] / times.sum())


def _draw_once(chance: Floats, count: int, rng: np.random.Generator) -> Ints:
    """Positions drawn without replacement by chance; those without a chance come last."""
    race = rng.exponential(size=len(chance)) / np.maximum(chance, np.finfo(float).tiny)
    return np.argsort(race, kind="stable")[:count]
