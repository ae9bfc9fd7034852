"""What the coordinator of a city asks of its flexible assets, whatever their kind.

Assets of one kind stand together in one block of arrays. A block answers "what is your best plan at these prices?",
and, where it can, hands out the compact model of itself, so that a linear programme can plan it beside others. A new
kind of asset is a new block; the coordinator knows none by name.

Dimensions: A assets, T steps, R rows of prices. Powers are (A, T), at the bus of the asset, consumption positive.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy import sparse

from data.errors import ProblemList
from optimizers.arrays import Floats, Ints
from optimizers.highs_arrays import ArrayModel


@dataclass(frozen=True, eq=False)
class BusPrices:
    """What shared limits add to the price of power, on top of what an asset pays by itself.

    Attributes
    ----------
    kw_krw_per_kwh
        (R, T) price of active energy drawn.
    kvar_krw_per_kvarh
        (R, T) price of reactive energy drawn.
    row
        (A,) the row each asset sees.
    """

    kw_krw_per_kwh: Floats
    kvar_krw_per_kvarh: Floats
    row: Ints

    @staticmethod
    def zero(assets: int, steps: int) -> BusPrices:
        """Return no added price for any asset."""
        return BusPrices(np.zeros((1, steps)), np.zeros((1, steps)), np.zeros(assets, dtype=np.int64))

    def select(self, assets: Ints) -> BusPrices:
        """Return the prices seen by some of the assets."""
        return BusPrices(self.kw_krw_per_kwh, self.kvar_krw_per_kvarh, self.row[assets])

    def paid_krw(self, kw: Floats, kvar: Floats, step_h: float) -> Floats:
        """Return (A,) what each asset pays for (A, T) powers."""
        active = np.einsum("at,at->a", kw, self.kw_krw_per_kwh[self.row])
        reactive = np.einsum("at,at->a", kvar, self.kvar_krw_per_kvarh[self.row])
        return np.asarray((active + reactive) * step_h)


@dataclass(frozen=True, eq=False)
class AssetPlan:
    """What the assets of one block do.

    Attributes
    ----------
    kw, kvar
        (A, T) power at the bus of each asset, consumption positive.
    cost_krw
        (A,) what each asset pays by itself: energy, wear, comfort, …, added prices left out.
    detail
        Whatever else the kind wants to remember of its plan (stored energy, temperatures, a depot's plan).
    """

    kw: Floats
    kvar: Floats
    cost_krw: Floats
    detail: object = None


@dataclass(frozen=True, eq=False)
class BestResponse:
    """The best plan of every asset at given prices, and what is proved about it.

    `lower_bound_krw` is (A,) a lower bound of the least cost *with* the added prices over all plans the asset may
    choose. For kinds solved exactly it is the cost of `plan` with the prices.
    """

    plan: AssetPlan
    lower_bound_krw: Floats


@dataclass(frozen=True, eq=False)
class AssetModel:
    """The compact model of the assets of one block.

    Attributes
    ----------
    model
        Columns with bounds and cost, and the rows that hold them together. Integer columns are relaxed where the
        coordinator solves a linear programme.
    kw, kvar
        (A × T, columns) power of each asset and step (asset-major) as a linear map of the columns.
    fixed_kw, fixed_kvar
        (A × T,) what is drawn whatever the columns are.
    fixed_krw
        Cost that no column changes.
    """

    model: ArrayModel
    kw: sparse.csr_array
    kvar: sparse.csr_array
    fixed_kw: Floats
    fixed_kvar: Floats
    fixed_krw: float = 0.0


class AssetBlock(Protocol):
    """A block of A assets of one kind over T steps."""

    @property
    def kind(self) -> str:
        """Name of the kind in words, e.g. "electric vehicles"."""
        ...

    @property
    def bus(self) -> Ints:
        """(A,) position of each asset in the network's buses."""
        ...

    def select(self, assets: Ints) -> AssetBlock:
        """Return a block of some of the assets."""
        ...

    def check(self, steps: int, step_h: float, problems: ProblemList) -> None:
        """Note everything that makes an asset meaningless."""
        ...

    def best_response(self, prices: BusPrices) -> BestResponse:
        """Return the cheapest plan of every asset at its own costs plus the added prices."""
        ...

    def power_range_kw(self) -> tuple[Floats, Floats]:
        """Return (A, T) least and most power any plan of an asset can draw in a step, each step by itself."""
        ...

    def model(self) -> AssetModel | None:
        """Return the compact model; None for a kind planned by columns of best responses, with `by_columns` True."""
        ...

    def plan_of(self, columns: Floats) -> AssetPlan:
        """Return the plan that values of the columns of `model` stand for, made to keep every rule exactly."""
        ...


def is_compact(block: AssetBlock) -> bool:
    """Return whether a block has a compact model: all but those that call themselves planned by columns."""
    return not getattr(block, "by_columns", False)


class SpreadsOut(Protocol):
    """A block whose best response is rarely unique and that can choose, among equals, what loads the grid least."""

    def spread_response(self, prices: BusPrices, group: Ints, load_kw: Floats, cap_kw: Floats) -> AssetPlan:
        """Return a cheapest plan that keeps its groups' loads low.

        Parameters
        ----------
        prices
            As in `best_response`.
        group
            (A,) the group (feeder) of each asset.
        load_kw, cap_kw
            (G, T) what else each group carries and the most it may carry.
        """
        ...
