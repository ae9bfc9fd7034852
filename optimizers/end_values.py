"""What a kWh left in store at the end of a horizon is worth, so that stores are not emptied."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from optimizers.arrays import Floats
from optimizers.assets.storage_block import StorageBlock
from optimizers.coordination_assets import BusPrices
from optimizers.rolling_city import StoragesUnderWay


def end_values_krw_per_kwh(block: StorageBlock, next_price_krw_per_kwh: Floats) -> Floats:
    """Return (A,) what a kWh more in store is worth at the start of a following horizon of the same shape.

    Parameters
    ----------
    block
        Storages as they would stand at the start of that horizon.
    next_price_krw_per_kwh
        (A, T) prices of that horizon.

    Returns
    -------
    numpy.ndarray
        The fall of each storage's least cost for one more kWh at the start, 0 where the store is full or nothing is
        saved: the value to put on what is left at the end of the horizon before, so that stores are not emptied.
    """
    storage = replace(block.storage(), price_krw_per_kwh=next_price_krw_per_kwh)
    stores = storage.stores
    more = np.minimum(stores.initial_kwh + 1.0, stores.upper_kwh[:, 0])
    start = StoragesUnderWay(block.bus, block.step_h, next_price_krw_per_kwh, block.kind, storage)
    richer = replace(start, under_way=replace(storage, stores=replace(stores, initial_kwh=more)))
    none = BusPrices.zero(storage.count, storage.steps)
    saved = start.best_response(none).plan.cost_krw - richer.best_response(none).plan.cost_krw
    added = more - stores.initial_kwh
    return np.asarray(np.where(added > 1e-9, np.maximum(saved, 0.0) / np.maximum(added, 1e-9), 0.0))
