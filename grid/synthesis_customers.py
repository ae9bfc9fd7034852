"""MV/LV transformers: how many of each contract class, how large, and at which crossing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri
from scipy.stats import rankdata

from grid.elements import Flags, Floats, Ids, Ints
from grid.synthesis_spec import ClassRule, DedicatedCustomer, DistrictSpec, GridSpec, Mounting
from grid.synthesis_streets import Streets

CENTRES = (3, 7)
CENTRE_RADIUS_KM = (0.35, 0.9)
ARTERIAL_PULL = 0.25
FIELD_BUMPS, FIELD_RADIUS_KM = 10, 0.5
FIELD_WEIGHT, CENTRE_WEIGHT, SIZE_NOISE = 4.0, 4.0, 0.35


@dataclass(frozen=True)
class Customers:
    """Transformers of one district; shape (n,), but `load_kw` (n, planning hours). `node` indexes the streets."""

    contract_class: Ids
    peak_kw: Floats
    energy_share: Floats
    load_kw: Floats
    node: Ints


def draw_demands(district: DistrictSpec, classes: Mapping[str, ClassRule], seed: list[int]) -> dict[str, Floats]:
    """Peak demand in kW behind each transformer of each contract class; classes without demand are left out.

    The draws are stratified over the log-normal distribution, so that even a class of few transformers has its mean,
    and scaled to the class's highest planning hour.
    """
    demands: dict[str, Floats] = {}
    for place, (name, hours) in enumerate(sorted(district.class_kw.items())):
        peak_kw, rule = max(hours), classes[name]
        if peak_kw <= 0.0:
            continue
        count = max(round(peak_kw / rule.mean_kw), int(np.ceil(peak_kw / (0.8 * rule.largest_kw))))
        rng = np.random.default_rng([*seed, place])
        quantile = (np.arange(count) + rng.uniform(size=count)) / count
        spread = rule.log_sigma
        top = ndtr((np.log(rule.largest_kw / rule.mean_kw) + spread**2 / 2) / spread)
        size = np.exp(spread * ndtri(np.clip(quantile * top, 1e-9, 1 - 1e-9)))
        demands[name] = _scaled_to(size, peak_kw, rule.largest_kw)
    return demands


def place_customers(
    district: DistrictSpec,
    demands: Mapping[str, Floats],
    classes: Mapping[str, ClassRule],
    streets: Streets,
    seed: list[int],
) -> Customers:
    """Give every transformer its own crossing: classes seek or avoid centres and keep together as their rules say."""
    rng = np.random.default_rng(seed)
    built = np.flatnonzero(streets.built)
    xy = streets.xy_km[built]
    centre = _centrality(xy, streets.on_arterial[built], rng)
    free = np.ones(len(built), dtype=bool)
    parts: list[tuple[str, Floats, Ints]] = []
    for name in sorted(demands, key=lambda label: (len(demands[label]), label)):
        rule, size = classes[name], demands[name]
        wish = CENTRE_WEIGHT * rule.centrality * centre + FIELD_WEIGHT * rule.clustering * _smooth_field(xy, rng)
        wish += rng.gumbel(size=len(built))
        wish[~free] = -np.inf
        chosen = np.argpartition(-wish, len(size) - 1)[: len(size)]
        free[chosen] = False
        best_first = np.argsort(-(centre[chosen] + rng.normal(0.0, SIZE_NOISE, len(size))), kind="stable")
        parts.append((name, np.sort(size)[::-1], built[chosen[best_first]]))
    names = np.concatenate([np.full(len(size), name) for name, size, _ in parts])
    share = np.concatenate([size / size.sum() for _, size, _ in parts])
    hours = np.concatenate([np.tile(district.class_kw[name], (len(size), 1)) for name, size, _ in parts])
    return Customers(
        contract_class=names,
        peak_kw=np.concatenate([size for _, size, _ in parts]),
        energy_share=share,
        load_kw=share[:, None] * hours,
        node=np.concatenate([node for _, _, node in parts]),
    )


def transformer_ratings(peak_kw: Floats, underground: Flags, spec: GridSpec, seed: list[int]) -> Floats:
    """Smallest standard size in kVA that keeps each transformer below a loading drawn from the planners' range.

    Overhead sites take sizes for poles, underground sites sizes for pads; customers' own sizes may stand at both. A
    demand above the largest size takes the largest.
    """
    rules = spec.rules
    loading = np.random.default_rng(seed).uniform(
        rules.transformer_loading_low, rules.transformer_loading_high, len(peak_kw)
    )
    wanted = peak_kw / rules.power_factor / loading
    rating = np.zeros(len(peak_kw))
    for mounting, where in ((Mounting.POLE, ~underground), (Mounting.PAD, underground)):
        sizes = np.unique([size.rating_kva for size in spec.sizes if size.mounting in {mounting, Mounting.CUSTOMER}])
        rating[where] = sizes[np.minimum(np.searchsorted(sizes, wanted[where]), len(sizes) - 1)]
    return rating


def customer_ratings(customers: Sequence[DedicatedCustomer], spec: GridSpec) -> Floats:
    """Smallest standard size in kVA that carries each dedicated customer; its own demand beyond the largest."""
    sizes = np.unique([size.rating_kva for size in spec.sizes])
    need = np.array([customer.demand_kw for customer in customers]) / spec.rules.power_factor
    at = np.searchsorted(sizes, need)
    rating: Floats = np.where(at < len(sizes), sizes[np.minimum(at, len(sizes) - 1)], need)
    return rating


def _scaled_to(size: Floats, total: float, largest: float) -> Floats:
    """Scale so that the sum is `total` and no entry exceeds `largest`; what is cut off goes to the others."""
    for _ in range(20):
        free = size < largest
        fixed = float(size[~free].sum())
        size = np.where(free, size * ((total - fixed) / size[free].sum()), largest)
        if (size <= largest).all():
            break
        size = np.minimum(size, largest)
    scaled: Floats = size * (total / size.sum())
    return scaled


def _centrality(xy: Floats, on_arterial: Flags, rng: np.random.Generator) -> Floats:
    """How central each crossing is, as its rank from 0 to 1: near a few centres, and on arterials."""
    centres = xy[rng.choice(len(xy), size=min(int(rng.integers(*CENTRES)), len(xy)), replace=False)]
    radius = rng.uniform(*CENTRE_RADIUS_KM, len(centres))
    distance = np.linalg.norm(xy[:, None, :] - centres, axis=2)
    pull = np.exp(-distance / radius).max(axis=1) + ARTERIAL_PULL * on_arterial
    rank: Floats = rankdata(pull) / len(xy)
    return rank


def _smooth_field(xy: Floats, rng: np.random.Generator) -> Floats:
    """Smooth random field between 0 and 1, by rank."""
    bumps = xy[rng.choice(len(xy), size=min(FIELD_BUMPS, len(xy)), replace=False)]
    height = rng.normal(size=len(bumps))
    squared = ((xy[:, None, :] - bumps) ** 2).sum(axis=2)
    rank: Floats = rankdata((height * np.exp(-squared / (2 * FIELD_RADIUS_KM**2))).sum(axis=1)) / len(xy)
    return rank
