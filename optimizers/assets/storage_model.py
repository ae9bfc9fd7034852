r"""The compact linear model of storages, as arrays, for the programmes of the coordinator.

Columns are charge, discharge, level after each step, and reactive power where it is free, each A × T asset-major:

.. math:: x_{t+1} - a x_t - g^+ c_t + g^- d_t = b_t, \qquad c_t / C_t + d_t / D_t \le 1, \qquad
          \alpha (c_t + d_t) \pm \beta q_t \le \gamma S

The second row is the convex hull of "never both at once"; the third stands for each edge of the power circle.
"""

from __future__ import annotations

import highspy
import numpy as np
from scipy import sparse

from optimizers.arrays import Floats
from optimizers.assets.power_circle import PowerCircle
from optimizers.assets.storage import Storage, StoragePlan, asset_plan, plan_of_changes
from optimizers.coordination_assets import AssetModel, AssetPlan
from optimizers.highs_arrays import ArrayModel


def storage_model(storage: Storage) -> AssetModel:
    """Return the compact model; its columns are those of the module's docstring."""
    size = storage.count * storage.steps
    free = storage.circle is not None
    columns = size * (4 if free else 3)
    parts = [_balance_rows(storage), _hull_rows(storage)]
    if storage.circle is not None:
        parts.append(_circle_rows(storage, storage.circle))
    rows = sparse.vstack([_padded(part, columns) for part, _, _ in parts]).tocsr()
    paid = storage.price_krw_per_kwh.ravel() * storage.step_h
    wear = np.repeat(storage.wear_krw_per_kwh, storage.steps) * storage.step_h
    worth = np.zeros((storage.count, storage.steps))
    worth[:, -1] = storage.stores.end_value_krw_per_kwh
    lower, upper = _bounds(storage)
    none = np.zeros(size if free else 0)
    model = ArrayModel(
        cost=np.concatenate([paid, wear - paid, -worth.ravel(), none]),
        lower=lower,
        upper=upper,
        rows=rows,
        row_lower=np.concatenate([low for _, low, _ in parts]),
        row_upper=np.concatenate([high for _, _, high in parts]),
    )
    return _with_maps(storage, model, columns)


def storage_plan_of(storage: Storage, columns: Floats) -> AssetPlan:
    """Return the plan that column values stand for; what a step charges and discharges at once is netted in level."""
    shape, size = (storage.count, storage.steps), storage.count * storage.steps
    charge, discharge = columns[:size].reshape(shape), columns[size : 2 * size].reshape(shape)
    change = storage.charge_gain_h[:, None] * charge - storage.discharge_gain_h[:, None] * discharge
    bare = plan_of_changes(storage, change, np.zeros(shape))
    if storage.circle is None:
        return asset_plan(storage, bare)
    rating = storage.rating_kva[:, None]
    share = np.minimum((bare.charge_kw + bare.discharge_kw) / np.maximum(rating, 1e-12), 1.0)
    most = rating * storage.circle.most_reactive(share)
    kvar = np.clip(columns[3 * size :].reshape(shape), -most, most)
    return asset_plan(storage, StoragePlan(bare.charge_kw, bare.discharge_kw, kvar, bare.level_kwh))


def _with_maps(storage: Storage, model: ArrayModel, columns: int) -> AssetModel:
    size = storage.count * storage.steps
    one, place = np.ones(size), np.arange(size)
    net = sparse.coo_array(
        (np.concatenate([one, -one]), (np.tile(place, 2), np.arange(2 * size))), shape=(size, columns)
    ).tocsr()
    tan_phi = np.repeat(storage.tan_phi, storage.steps)
    kvar = sparse.csr_array(sparse.diags_array(tan_phi) @ net)
    if storage.circle is not None:
        kvar = kvar + sparse.coo_array((one, (place, 3 * size + place)), shape=(size, columns)).tocsr()
    fixed = storage.fixed_kw.ravel()
    fixed_krw = float(storage.price_krw_per_kwh.ravel() @ fixed) * storage.step_h
    return AssetModel(model, net, sparse.csr_array(kvar), fixed, tan_phi * fixed, fixed_krw)


def _bounds(storage: Storage) -> tuple[Floats, Floats]:
    stores, size = storage.stores, storage.count * storage.steps
    lower = [np.zeros(2 * size), stores.lower_kwh[:, 1:].ravel()]
    upper = [storage.charge_limit_kw.ravel(), storage.discharge_limit_kw.ravel(), stores.upper_kwh[:, 1:].ravel()]
    if storage.circle is not None:
        most = np.repeat(storage.rating_kva * storage.circle.reactive_share, storage.steps)
        lower.append(-most)
        upper.append(most)
    return np.concatenate(lower), np.concatenate(upper)


Rows = tuple[sparse.coo_array, Floats, Floats]


def _balance_rows(storage: Storage) -> Rows:
    stores, steps = storage.stores, storage.steps
    size = storage.count * steps
    place = np.arange(size)
    later = place % steps > 0
    gain, loss = np.repeat(storage.charge_gain_h, steps), np.repeat(storage.discharge_gain_h, steps)
    keep = np.repeat(stores.keep, steps)
    value = np.concatenate([-gain, loss, np.ones(size), -keep[later]])
    row = np.concatenate([place, place, place, place[later]])
    column = np.concatenate([place, size + place, 2 * size + place, 2 * size + place[later] - 1])
    before = np.where(later, 0.0, keep * np.repeat(stores.initial_kwh, steps))
    right = stores.inflow_kwh.ravel() + before
    return sparse.coo_array((value, (row, column)), shape=(size, 3 * size)), right, right


def _hull_rows(storage: Storage) -> Rows:
    size = storage.count * storage.steps
    most, least = storage.charge_limit_kw.ravel(), storage.discharge_limit_kw.ravel()
    at = np.flatnonzero((most > 0) & (least > 0))
    row = np.arange(at.size)
    value = np.concatenate([1.0 / most[at], 1.0 / least[at]])
    matrix = sparse.coo_array((value, (np.tile(row, 2), np.concatenate([at, size + at]))), shape=(at.size, 3 * size))
    return matrix, np.full(at.size, -highspy.kHighsInf), np.ones(at.size)


def _circle_rows(storage: Storage, circle: PowerCircle) -> Rows:
    size = storage.count * storage.steps
    edges = [(a, sign * b, c) for a, b, c in circle.rows() if a > 0 for sign in (1.0, -1.0)]
    place = np.arange(size)
    rating = np.repeat(storage.rating_kva, storage.steps)
    value, row, column, most = [], [], [], []
    for number, (a, b, c) in enumerate(edges):
        value += [np.full(2 * size, a), np.full(size, b)]
        row += [np.tile(number * size + place, 3)]
        column += [place, size + place, 3 * size + place]
        most.append(c * rating)
    shape = (len(edges) * size, 4 * size)
    matrix = sparse.coo_array((np.concatenate(value), (np.concatenate(row), np.concatenate(column))), shape=shape)
    upper = np.concatenate(most)
    return matrix, np.full(upper.size, -highspy.kHighsInf), upper


def _padded(matrix: sparse.coo_array, columns: int) -> sparse.coo_array:
    return sparse.coo_array((matrix.data, (matrix.row, matrix.col)), shape=(matrix.shape[0], columns))
