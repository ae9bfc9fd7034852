r"""The programme of one area: assets that bear on a binding limit, planned together under the tangents of the limits.

Columns are those of the assets' compact models, one per known plan of a depot, and one slack for each kind of limit,
group and step. Rows hold the assets together, choose one plan of each depot, and keep the tangents:

.. math:: c_r + g_r \cdot (x_\text{fixed} + M z) - s \le \hat x_r

with the linear map M from columns to powers and the excess :math:`\hat x` that no plan avoids.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import highspy
import numpy as np
from scipy import sparse

from optimizers.ac_cuts import Tangents
from optimizers.arrays import Floats, Ints
from optimizers.coordination_assets import AssetBlock, AssetModel, AssetPlan, BusPrices
from optimizers.coordination_problem import CityProblem
from optimizers.highs_arrays import ArrayModel, SolverError


@dataclass(frozen=True, eq=False)
class Member:
    """Assets of one block that an area's programme plans.

    `block` is the block's number in the problem, `assets` (A,) the positions of `part` in it. A kind without a compact
    model has the plans known so far in `columns`, each for all assets of the part.
    """

    block: int
    assets: Ints
    part: AssetBlock
    columns: tuple[AssetPlan, ...] = ()


@dataclass(frozen=True, eq=False)
class AreaSolution:
    """(R,) prices of the tangents in KRW per unit of excess, and the plans of all members."""

    row_price: Floats
    plans: tuple[AssetPlan, ...]
    objective_krw: float
    weights: tuple[Floats, ...]
    """For members planned by columns: (columns, A) share of each plan; empty for others."""


@dataclass(frozen=True, eq=False)
class _Map:
    """How columns of one member turn into powers: (A × T, columns), and what is drawn whatever they are."""

    kw: sparse.csr_array
    kvar: sparse.csr_array
    fixed_kw: Floats
    fixed_kvar: Floats
    bus: Ints
    first: int


class AreaProgramme:
    """A linear programme that grows by tangents and plans and is solved again from where it stood.

    Parameters
    ----------
    members
        What is planned.
    prices
        Added prices that the assets of each member see (of supply); limits are priced by the programme itself.
    problem
        The problem they are part of.
    time_limit_s
        Of each solve.
    """

    def __init__(
        self, members: tuple[Member, ...], prices: tuple[BusPrices, ...], problem: CityProblem, time_limit_s: float
    ) -> None:
        self.members, self.steps, self.step_h = members, problem.steps, problem.step_h
        self._prices = prices
        self._highs: Any = highspy.Highs()
        self._highs.setOptionValue("output_flag", False)  # noqa: FBT003 — highspy takes it by position
        self._highs.setOptionValue("time_limit", float(time_limit_s))
        self._maps: list[_Map] = []
        self._slacks: dict[int, int] = {}
        self._columns = 0
        self._scale: Floats = np.zeros(0)
        self._first_cut = 0
        self._pass_members()

    def _pass_members(self) -> None:
        parts, costs = [], []
        for member, seen in zip(self.members, self._prices, strict=True):
            compact = member.part.model() if not member.columns else _choice(member, self.steps)
            if compact is None:
                raise TypeError(f"{member.part.kind} have neither a model nor plans to choose from")
            self._maps.append(
                _Map(compact.kw, compact.kvar, compact.fixed_kw, compact.fixed_kvar, member.part.bus, self._columns)
            )
            self._columns += compact.model.cost.size
            parts.append(compact.model)
            costs.append(compact.model.cost + self._added_krw(compact.kw, compact.kvar, seen))
        if not parts:  # nobody can help: the violations alone are left, and their price is what is asked for
            return
        rows = sparse.block_diag([part.rows for part in parts], format="csc")
        lp = highspy.HighsLp()
        lp.num_row_, lp.num_col_ = rows.shape
        lp.col_cost_ = np.concatenate(costs)
        lp.col_lower_, lp.col_upper_, lp.row_lower_, lp.row_upper_ = (
            np.concatenate([getattr(part, name) for part in parts])
            for name in ("lower", "upper", "row_lower", "row_upper")
        )
        lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
        lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_ = rows.indptr, rows.indices, rows.data
        self._highs.passModel(lp)
        self._first_cut = rows.shape[0]

    def _added_krw(self, kw: sparse.csr_array, kvar: sparse.csr_array, seen: BusPrices) -> Floats:
        """Return what added prices make each column cost."""
        active = seen.kw_krw_per_kwh[seen.row].ravel() * self.step_h
        reactive = seen.kvar_krw_per_kvarh[seen.row].ravel() * self.step_h
        return np.asarray(kw.T @ active + kvar.T @ reactive)

    def add(self, rows: Tangents, slack: Ints, slack_price_krw: Floats, room: Floats) -> None:
        """Add tangents.

        Parameters
        ----------
        rows
            The tangents; those that are not outer must not be solved beside older ones of the same limit.
        slack
            (R,) number of the violation each counts towards.
        slack_price_krw
            (R,) price of one unit of violation over one step.
        room
            (R,) excess allowed less the excess that the tangents see at the loads which this programme does not plan.
        """
        coefficients = []
        for mapping in self._maps:
            on_powers_kw = _spread(rows.by_kw, rows.step, mapping.bus, self.steps)
            on_powers_kvar = _spread(rows.by_kvar, rows.step, mapping.bus, self.steps)
            coefficients.append(on_powers_kw @ mapping.kw + on_powers_kvar @ mapping.kvar)
            room = room - on_powers_kw @ mapping.fixed_kw - on_powers_kvar @ mapping.fixed_kvar
        place = self._slack_columns(slack, rows.step, slack_price_krw)
        number = len(rows)
        planned = sparse.hstack([*coefficients, sparse.csr_array((number, 0))], format="csr")
        width = self._columns + len(self._slacks)
        planned.resize((number, width))
        # a row in units of its largest coefficient: pu per kW are tiny beside kVA per kW
        largest = np.abs(planned).max(axis=1).toarray().ravel()
        scale = np.where(largest > 0, 1.0 / np.maximum(largest, 1e-12), 1.0)
        slacks = sparse.csr_array((-np.ones(number), (np.arange(number), place)), shape=(number, width))
        matrix = (sparse.diags_array(scale) @ (planned + slacks)).tocsr()
        matrix.sort_indices()
        lower = np.full(number, -highspy.kHighsInf)
        starts, indices = matrix.indptr[:-1].astype(np.int32), matrix.indices.astype(np.int32)
        self._highs.addRows(number, lower, room * scale, matrix.nnz, starts, indices, matrix.data)
        self._scale = np.concatenate([self._scale, scale])

    def seen_by(self, rows: Tangents, kw: list[Floats], kvar: list[Floats]) -> Floats:
        """Return (R,) how much of the tangents' excess comes from given (A, T) powers of the members."""
        total = np.zeros(len(rows))
        for member, active, reactive in zip(self.members, kw, kvar, strict=True):
            bus = member.part.bus
            total += _spread(rows.by_kw, rows.step, bus, self.steps) @ active.ravel()
            total += _spread(rows.by_kvar, rows.step, bus, self.steps) @ reactive.ravel()
        return total

    def slack_values(self) -> dict[int, float]:
        """Return the violations that the last solution pays for, by number × steps + step."""
        values = np.array(self._highs.getSolution().col_value)
        return {key: float(values[column]) for key, column in self._slacks.items()}

    def _slack_columns(self, slack: Ints, step: Ints, price_krw: Floats) -> Ints:
        """Return the column of each row's slack, adding those that are new."""
        place = np.empty(len(slack), dtype=np.int64)
        for row, (number, at, price) in enumerate(zip(slack.tolist(), step.tolist(), price_krw.tolist(), strict=True)):
            key = number * self.steps + at
            if key not in self._slacks:
                self._slacks[key] = self._columns + len(self._slacks)
                self._highs.addCol(price, 0.0, highspy.kHighsInf, 0, np.zeros(0, np.int32), np.zeros(0))
            place[row] = self._slacks[key]
        return place

    def solve(self, *, interior_point: bool = False) -> AreaSolution:
        """Solve to optimality, from the last basis where there is one.

        Raises
        ------
        SolverError
            When HiGHS does not end as optimal.
        """
        highs = self._highs
        highs.setOptionValue("solver", "ipm" if interior_point else "simplex")
        highs.run()
        status = highs.getModelStatus()
        if status != highspy.HighsModelStatus.kOptimal:
            raise SolverError(f"HiGHS ended as {highs.modelStatusToString(status)}")
        solution = highs.getSolution()
        values = np.array(solution.col_value)
        price = np.maximum(-np.array(solution.row_dual)[self._first_cut :], 0.0) * self._scale
        plans, weights = [], []
        for member, mapping in zip(self.members, self._maps, strict=True):
            own = values[mapping.first : mapping.first + mapping.kw.shape[1]]
            if member.columns:
                share = np.clip(own.reshape(len(member.columns), -1), 0.0, 1.0)
                plans.append(_mixed(member.columns, share))
                weights.append(share)
            else:
                plans.append(member.part.plan_of(own))
                weights.append(np.zeros((0, 0)))
        return AreaSolution(price, tuple(plans), float(highs.getInfo().objective_function_value), tuple(weights))


def _choice(member: Member, steps: int) -> AssetModel:
    """Return the model that mixes known plans: a share of each plan and asset (plan-major), one row an asset."""
    plans, assets = member.columns, len(member.assets)
    count = len(plans) * assets
    asset = np.tile(np.arange(assets), len(plans))
    rows = (asset[:, np.newaxis] * steps + np.arange(steps)).ravel()
    columns = np.repeat(np.arange(count), steps)
    shape = (assets * steps, count)
    kw, kvar = (
        sparse.csr_array(
            (np.concatenate([getattr(plan, name).ravel() for plan in plans]), (rows, columns)), shape=shape
        )
        for name in ("kw", "kvar")
    )
    nothing = np.zeros(shape[0])
    model = ArrayModel(
        cost=np.concatenate([plan.cost_krw for plan in plans]),
        lower=np.zeros(count),
        upper=np.full(count, highspy.kHighsInf),
        rows=sparse.csr_array((np.ones(count), (asset, np.arange(count))), shape=(assets, count)),
        row_lower=np.ones(assets),
        row_upper=np.ones(assets),
    )
    return AssetModel(model, kw, kvar, nothing, nothing)


def _spread(by_bus: sparse.csr_array, step: Ints, bus: Ints, steps: int) -> sparse.csr_array:
    """Return rows over (asset, step) pairs from rows over buses, each at its step."""
    at_assets = by_bus[:, bus].tocoo()
    row, asset = at_assets.coords
    shape = (by_bus.shape[0], len(bus) * steps)
    return sparse.csr_array((at_assets.data, (row, asset * steps + step[row])), shape=shape)


def _mixed(columns: tuple[AssetPlan, ...], share: Floats) -> AssetPlan:
    """Return the mixture of plans by (columns, A) shares; the detail is that of the largest share of each asset."""
    kw = np.einsum("ca,cat->at", share, np.array([plan.kw for plan in columns]))
    kvar = np.einsum("ca,cat->at", share, np.array([plan.kvar for plan in columns]))
    cost = np.einsum("ca,ca->a", share, np.array([plan.cost_krw for plan in columns]))
    return AssetPlan(kw, kvar, cost)
