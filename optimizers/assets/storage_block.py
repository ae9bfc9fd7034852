"""A block of assets of one kind that hold energy: everything but the translation of the kind into a `Storage`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Self

import numpy as np

from data.errors import ProblemList
from optimizers.arrays import Floats, Ints
from optimizers.assets.storage import Storage, check_storage
from optimizers.assets.storage_model import storage_model, storage_plan_of
from optimizers.assets.storage_response import respond
from optimizers.coordination_assets import AssetModel, AssetPlan, BestResponse, BusPrices

Faults = Mapping[tuple[str, str], Any]
"""What is wrong and in which field, to (A,) flags."""


@dataclass(frozen=True, eq=False)
class StorageBlock(ABC):
    """A assets of one kind over T steps; every array field of a kind has the assets first.

    Attributes
    ----------
    bus
        (A,) position in the network's buses.
    step_h
        Length of a step.
    price_krw_per_kwh
        (A, T) what an asset pays for net power, and earns for what it feeds back.
    """

    bus: Ints
    step_h: float
    price_krw_per_kwh: Floats

    @property
    @abstractmethod
    def kind(self) -> str:
        """Name of the kind in words."""

    @abstractmethod
    def storage(self) -> Storage:
        """Return the assets in the form all storages share."""

    @abstractmethod
    def faults(self) -> Faults:
        """Return what is wrong with the kind's own numbers, all of them finite."""

    def select(self, assets: Ints) -> Self:
        """Return a block of some of the assets."""
        return replace(self, **{name: values[assets] for name, values in self._arrays().items()})

    def check(self, steps: int, step_h: float, problems: ProblemList) -> None:
        """Note what makes an asset meaningless: shapes, NaN, the kind's own faults, a window without a way."""
        own = ProblemList()
        if self.step_h != step_h:
            own.add(self.kind, f"steps of {self.step_h:g} h", f"use {step_h:g} h", field="step_h")
        if self.price_krw_per_kwh.shape != (len(self.bus), steps):
            what = f"prices of shape {self.price_krw_per_kwh.shape} for {len(self.bus)} assets and {steps} steps"
            own.add(self.kind, what, "give one price for each asset and step", field="price_krw_per_kwh")
        lengths = {0: len(self.bus), 1: steps}
        for name, values in self._arrays().items():
            fits = values.shape[0] == lengths[0] and (values.ndim == 1 or values.shape[1] in (steps, steps + 1))
            if not fits and name != "price_krw_per_kwh":
                own.add(self.kind, f"has shape {values.shape}", "give one value an asset and step", field=name)
            if not np.isfinite(values).all():
                own.add(self.kind, "holds NaN or infinite values", "give finite numbers", field=name)
        if not len(own):
            for (what, name), bad in self.faults().items():
                if bad.any():
                    row = int(bad.argmax()) + 1
                    own.add(self.kind, f"{int(bad.sum())} assets have {what}", "correct it", row=row, field=name)
        if not len(own):
            check_storage(self.storage(), steps, own, self.kind)
        problems.extend(own)

    def best_response(self, prices: BusPrices) -> BestResponse:
        """Return the cheapest plan of every asset; see `respond`."""
        return respond(self.storage(), prices)

    def power_range_kw(self) -> tuple[Floats, Floats]:
        """Return (A, T) least and most power of a step by itself."""
        return self.storage().power_range_kw()

    def model(self) -> AssetModel:
        """Return the compact model; see `storage_model`."""
        return storage_model(self.storage())

    def plan_of(self, columns: Floats) -> AssetPlan:
        """Return the plan that columns of `model` stand for."""
        return storage_plan_of(self.storage(), columns)

    def _arrays(self) -> dict[str, Any]:
        own = {f.name: getattr(self, f.name) for f in fields(self)}
        return {name: values for name, values in own.items() if isinstance(values, np.ndarray)}
