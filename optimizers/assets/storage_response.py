"""The cheapest plan of every storage at given prices: exact, and where that needs a search, with a proved bound."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optimizers.arrays import Floats
from optimizers.assets.storage import Storage, StoragePlan, asset_plan, plan_of_changes
from optimizers.assets.storage_search import order_empty_pieces, search_directions
from optimizers.assets.store_kernel import Pieces, cheapest_pieces_kwh
from optimizers.coordination_assets import AssetPlan, BestResponse, BusPrices


@dataclass(frozen=True, eq=False)
class StepPrices:
    """(A, T) price of net active power, its own included, and of free reactive power, KRW per kWh and kvarh."""

    active: Floats
    reactive: Floats


def respond(storage: Storage, prices: BusPrices) -> BestResponse:
    """Return the cheapest plan of every asset at its own and the added prices.

    Where a price is so negative that wasting energy would pay, the direction of each step is searched by branch and
    bound; `lower_bound_krw` is then what the search proved.
    """
    total = step_prices(storage, prices)
    pieces = pieces_of(storage, total)
    convex = pieces.convex()
    changes = pieces.least_kwh.copy()
    easy = np.flatnonzero(convex)
    if easy.size:
        chosen = Pieces(*(values[easy] for values in vars(pieces).values()))
        changes[easy] += cheapest_pieces_kwh(storage.select(easy).stores, chosen).sum(axis=2)
    slack = np.zeros(storage.count)
    for k in np.flatnonzero(~convex):
        one = np.array([k])
        own = Pieces(*(values[one] for values in vars(pieces).values()))
        changes[k], slack[k] = search_directions(storage.select(one).stores, own)
    plan = priced_plan(storage, changes, total.reactive)
    cost = plan.cost_krw + prices.paid_krw(plan.kw, plan.kvar, storage.step_h)
    return BestResponse(plan, cost - slack)


def step_prices(storage: Storage, prices: BusPrices) -> StepPrices:
    """Return what net power costs each asset in all, and its free reactive power."""
    kvar = prices.kvar_krw_per_kvarh[prices.row]
    own = storage.price_krw_per_kwh + prices.kw_krw_per_kwh[prices.row] + storage.tan_phi[:, None] * kvar
    return StepPrices(own, kvar if storage.circle else np.zeros_like(kvar))


def priced_plan(storage: Storage, change_kwh: Floats, kvar_price: Floats) -> AssetPlan:
    """Return the plan with given changes of level, and all the reactive power that pays beside it."""
    bare = plan_of_changes(storage, change_kwh, np.zeros_like(change_kwh))
    if storage.circle is None or not kvar_price.any():
        return asset_plan(storage, bare)
    rating = storage.rating_kva[:, None]
    share = (bare.charge_kw + bare.discharge_kw) / np.maximum(rating, 1e-12)
    kvar = -np.sign(kvar_price) * rating * storage.circle.most_reactive(np.minimum(share, 1.0))
    return asset_plan(storage, StoragePlan(bare.charge_kw, bare.discharge_kw, kvar, bare.level_kwh))


def pieces_of(storage: Storage, prices: StepPrices) -> Pieces:
    r"""Return the choices of each step, from full discharge to full charge, priced per kWh of level.

    Beside active power p the reactive power worth |μ| each is the circle's most, :math:`\bar q(|p|)`, which falls with
    |p| piece by piece: a step's cost :math:`\lambda p + w d - |\mu| \bar q(|p|)` gets one piece for each.
    """
    bound, slope = _reactive_slopes(storage)
    sizes = np.diff(bound, axis=1)[:, None, :]
    charge_kw = np.clip(storage.charge_limit_kw[:, :, None] - bound[:, None, :-1], 0.0, sizes)
    discharge_kw = np.clip(storage.discharge_limit_kw[:, :, None] - bound[:, None, :-1], 0.0, sizes)
    gain, loss = storage.charge_gain_h[:, None, None], storage.discharge_gain_h[:, None, None]
    given_up = np.abs(prices.reactive)[:, :, None] * -slope[:, None, :]
    active, wear = prices.active[:, :, None], storage.wear_krw_per_kwh[:, None, None]
    charge_price = (active + given_up) * storage.step_h / gain
    discharge_price = (active - wear - given_up) * storage.step_h / loss
    width = np.concatenate([loss * discharge_kw[:, :, ::-1], gain * charge_kw], axis=2)
    price = np.concatenate([discharge_price[:, :, ::-1], charge_price], axis=2)
    order_empty_pieces(width, price)
    return Pieces(-(loss * discharge_kw).sum(axis=2), width, price)


def _reactive_slopes(storage: Storage) -> tuple[Floats, Floats]:
    """Return (A, M + 1) active powers at which the slope of the most reactive power changes, and its (A, M) slopes."""
    if storage.circle is None:
        most = np.maximum(storage.charge_limit_kw.max(axis=1), storage.discharge_limit_kw.max(axis=1))
        return np.stack([np.zeros_like(most), most], axis=1), np.zeros((storage.count, 1))
    corners = storage.circle.corners()
    step = np.diff(corners, axis=0)
    kept = step[:, 0] > 0
    bound = np.concatenate([[0.0], corners[1:, 0][kept]])
    slope = step[kept, 1] / step[kept, 0]
    return storage.rating_kva[:, None] * bound, np.broadcast_to(slope, (storage.count, slope.size))
