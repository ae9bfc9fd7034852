"""Convex mixtures of plans: the sets of what continuous assets can do are convex, so a mixture is a plan again."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from optimizers.arrays import Floats
from optimizers.assets.storage import StoragePlan
from optimizers.batteries import BatteryPlan
from optimizers.coordination_assets import AssetBlock, AssetPlan


def mixed_plan(block: AssetBlock, plans: Sequence[AssetPlan], weight: Floats) -> AssetPlan:
    """Return a mixture of plans of one block.

    Parameters
    ----------
    block
        The assets.
    plans
        K plans of them.
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
    details = [plan.detail for plan in plans]
    if isinstance(details[0], StoragePlan):
        columns = [_storage_columns(detail) for detail in details if isinstance(detail, StoragePlan)]
        return block.plan_of(_mixed(columns, weight))
    if isinstance(details[0], BatteryPlan):
        columns = [_battery_columns(detail) for detail in details if isinstance(detail, BatteryPlan)]
        return block.plan_of(_mixed(columns, weight))
    kw, kvar = (np.einsum("ka,kat->at", weight, np.stack([getattr(p, name) for p in plans])) for name in ("kw", "kvar"))
    cost = np.einsum("ka,ka->a", weight, np.stack([plan.cost_krw for plan in plans]))
    detail = None
    if isinstance(details[0], np.ndarray):
        detail = np.einsum("ka,kat->at", weight, np.stack([np.asarray(one) for one in details]))
    return AssetPlan(np.asarray(kw), np.asarray(kvar), np.asarray(cost), detail)


def _mixed(columns: Sequence[Sequence[Floats]], weight: Floats) -> Floats:
    """Mix groups of (A, T) columns, and lay them behind one another asset-major."""
    groups = range(len(columns[0]))
    mixed = [np.einsum("ka,kat->at", weight, np.stack([plan[group] for plan in columns])) for group in groups]
    return np.concatenate([part.ravel() for part in mixed])


def _storage_columns(plan: StoragePlan) -> Sequence[Floats]:
    return plan.charge_kw, plan.discharge_kw, plan.level_kwh[:, 1:], plan.kvar


def _battery_columns(plan: BatteryPlan) -> Sequence[Floats]:
    return plan.charge_kw, plan.discharge_kw, plan.energy_kwh[:, 1:]


def _chosen(plans: Sequence[AssetPlan], weight: Floats) -> AssetPlan:
    best, own = weight.argmax(axis=0), np.arange(weight.shape[1])
    kw, kvar, cost = (np.stack([getattr(p, name) for p in plans])[best, own] for name in ("kw", "kvar", "cost_krw"))
    details = [plan.detail for plan in plans]
    chosen = [details[k][a] for a, k in enumerate(best)] if all(isinstance(one, list) for one in details) else None  # type: ignore[index]
    return AssetPlan(kw, kvar, cost, chosen)
