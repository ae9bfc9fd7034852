"""Convex mixtures of plans: the sets of what continuous assets can do are convex, so a mixture is a plan again."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from optimizers.arrays import Floats
from optimizers.assets.battery_fleet import BatteryFleet
from optimizers.assets.storage_block import StorageBlock
from optimizers.coordination_assets import AssetBlock, AssetPlan


def mixed_plan(block: AssetBlock, plans: Sequence[AssetPlan], weight: Floats) -> AssetPlan:
    """Return a mixture of plans of one block.

    Parameters
    ----------
    block
        The assets.
    plans
        K plans of them, in none of which anything is charged and discharged at once.
    weight
        (K, A) share of each plan in each asset's mixture, columns summing to 1.

    Returns
    -------
    AssetPlan
        Storages keep the mixed levels and lose what would be charged and discharged at once. Assets without a compact
        model (depots) choose one plan, the one with the largest share.
    """
    if len(plans) == 1:
        return plans[0]
    if block.model() is None:
        return _chosen(plans, weight)
    kw = np.stack([plan.kw for plan in plans])
    kvar = np.stack([plan.kvar for plan in plans])
    if isinstance(block, StorageBlock):
        storage = block.storage()
        net, free_kvar = kw - storage.fixed_kw, kvar - storage.tan_phi[:, np.newaxis] * kw
        charge, discharge = _mixed(np.maximum(net, 0.0), weight), _mixed(np.maximum(-net, 0.0), weight)
        columns = (charge, discharge, np.zeros_like(charge), _mixed(free_kvar, weight))
        return block.plan_of(np.concatenate([column.ravel() for column in columns]))
    if isinstance(block, BatteryFleet):
        charge, discharge = _mixed(np.maximum(kw, 0.0), weight), _mixed(np.maximum(-kw, 0.0), weight)
        return block.plan_of(np.concatenate([charge.ravel(), discharge.ravel(), np.zeros(charge.size)]))
    cost = np.einsum("ka,ka->a", weight, np.stack([plan.cost_krw for plan in plans]))
    return AssetPlan(_mixed(kw, weight), _mixed(kvar, weight), np.asarray(cost))


def _mixed(powers: Floats, weight: Floats) -> Floats:
    """Mix (K, A, T) by (K, A)."""
    return np.asarray(np.einsum("ka,kat->at", weight, powers))


def _chosen(plans: Sequence[AssetPlan], weight: Floats) -> AssetPlan:
    best, own = weight.argmax(axis=0), np.arange(weight.shape[1])
    kw, kvar, cost = (np.stack([getattr(p, name) for p in plans])[best, own] for name in ("kw", "kvar", "cost_krw"))
    details = [plan.detail for plan in plans]
    chosen = [details[k][a] for a, k in enumerate(best)] if all(isinstance(one, list) for one in details) else None
    return AssetPlan(kw, kvar, cost, chosen)
