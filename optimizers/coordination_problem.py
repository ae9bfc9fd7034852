"""What the coordinator of a city has to decide: assets behind a network, the limits they share, what energy costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from data.errors import ProblemList
from grid.network import Network
from optimizers.arrays import Floats, Ids, Ints
from optimizers.coordination_assets import AssetBlock


@dataclass(frozen=True, eq=False)
class NetworkLimits:
    """The limits of a network. Voltages are those of its bus table, currents those of its branch ratings.

    Attributes
    ----------
    group
        (G,) names of the parts of the network that violations are counted by (feeders, banks).
    bus_group, branch_group
        (N,) and (B,) the group of each bus and branch, -1 for none.
    flow_branch, flow_limit_kw
        (F,) branches whose active power at the `from` end is limited too (feeder heads), and by how much.
    overload_krw_per_kwh
        Price of each kVAh (kWh for `flow_limit_kw`) above a limit, by the worst branch of a group and step.
    voltage_krw_per_pu_h
        Price of each pu and hour outside the voltage band, by the worst bus of a group and step.
    group_feed
        (G,) branch each group is fed through, -1 for none: what a first plan keeps below its rating. Empty for none.
    group_parent
        (G,) group above each group (the bank of a feeder), -1 for none; parents come after their children.
    """

    group: Ids
    bus_group: Ints
    branch_group: Ints
    flow_branch: Ints
    flow_limit_kw: Floats
    overload_krw_per_kwh: float
    voltage_krw_per_pu_h: float
    group_feed: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    group_parent: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))


@dataclass(frozen=True, eq=False)
class SharedLimits:
    """Limits of the whole city, on what all slacks supply together, losses included.

    Attributes
    ----------
    supply_limit_kw
        (T,) most power taken from the slacks; inf where there is no cap. A demand-response call is a cap at some hours.
    carbon_kg_per_kwh
        (T,) emissions of each kWh supplied.
    carbon_limit_kg
        Most emissions of the day; inf for no budget.
    """

    supply_limit_kw: Floats
    carbon_kg_per_kwh: Floats
    carbon_limit_kg: float = float("inf")

    @staticmethod
    def none(steps: int) -> SharedLimits:
        """Return no limits."""
        return SharedLimits(np.full(steps, np.inf), np.zeros(steps))


@dataclass(frozen=True, eq=False)
class CityProblem:
    """A city (or a district, or a feeder) for a horizon of T steps of `step_h` hours; N buses.

    Attributes
    ----------
    id
        Name for messages.
    network, limits, shared
        The network and the limits.
    step_h
        Length of a step.
    base_kw, base_kvar
        (T, N) load that nobody plans, consumption positive.
    assets
        Blocks of flexible assets; each knows what it pays by itself (its tariff).
    supply_krw_per_kwh
        (T,) what each kWh taken from the slacks costs besides, losses included: 0 when the actors' tariffs are all
        that counts, wholesale and carbon prices when the system's cost is to be least.
    reference_krw_per_kwh
        (T,) what a kWh at the slacks is taken to be worth in marginal prices where `supply_krw_per_kwh` is 0; it is
        in no cost.
    """

    id: str
    network: Network
    limits: NetworkLimits
    shared: SharedLimits
    step_h: float
    base_kw: Floats
    base_kvar: Floats
    assets: tuple[AssetBlock, ...]
    supply_krw_per_kwh: Floats = field(default_factory=lambda: np.zeros(0))
    reference_krw_per_kwh: Floats = field(default_factory=lambda: np.zeros(0))

    @property
    def steps(self) -> int:
        """Number of steps."""
        return int(self.base_kw.shape[0])

    @property
    def supply_price(self) -> Floats:
        """(T,) price of supply, zeros where none is given."""
        return self.supply_krw_per_kwh if self.supply_krw_per_kwh.size else np.zeros(self.steps)

    @property
    def energy_price(self) -> Floats:
        """(T,) what a kWh at the slacks is worth: its price, or the reference where none is given."""
        if self.supply_krw_per_kwh.size or not self.reference_krw_per_kwh.size:
            return self.supply_price
        return self.reference_krw_per_kwh

    def check(self) -> None:
        """Raise `InvalidInput` with everything that makes the problem meaningless."""
        problems = ProblemList()
        shape = (self.steps, len(self.network.buses))
        for name in ("base_kw", "base_kvar"):
            self._check_array(name, getattr(self, name), shape, problems)
        self._check_array("supply_krw_per_kwh", self.supply_price, (self.steps,), problems)
        self._check_array("reference_krw_per_kwh", self.energy_price, (self.steps,), problems)
        self._check_shared(problems)
        self._check_limits(problems)
        for block in self.assets:
            before = len(problems)
            outside = (block.bus < 0) | (block.bus >= shape[1])
            if outside.any():
                what = f"{int(outside.sum())} assets stand at no bus of the network"
                problems.add(block.kind, what, "give positions in the bus table", row=int(outside.argmax()) + 1)
            if len(problems) == before:
                block.check(self.steps, self.step_h, problems)
        problems.raise_if_any()

    def _check_array(self, name: str, values: Floats, shape: tuple[int, ...], problems: ProblemList) -> None:
        if values.shape != shape:
            problems.add(self.id, f"has shape {values.shape}, not {shape}", "one value a step and bus", field=name)
        elif not np.isfinite(values).all():
            problems.add(self.id, "NaN or infinite values", "give finite numbers", field=name)

    def _check_shared(self, problems: ProblemList) -> None:
        shared = self.shared
        if shared.supply_limit_kw.shape != (self.steps,) or np.isnan(shared.supply_limit_kw).any():
            problems.add(self.id, "not one limit a step", "use inf for no limit", field="supply_limit_kw")
        self._check_array("carbon_kg_per_kwh", shared.carbon_kg_per_kwh, (self.steps,), problems)
        if np.isnan(shared.carbon_limit_kg) or (np.isfinite(shared.carbon_limit_kg) and shared.carbon_limit_kg < 0):
            problems.add(self.id, "no amount of emissions", "give kg, or inf for no budget", field="carbon_limit_kg")

    def _check_limits(self, problems: ProblemList) -> None:
        limits, groups = self.limits, len(self.limits.group)
        sizes = {"bus_group": len(self.network.buses), "branch_group": len(self.network.branch_ids)}
        for name, size in sizes.items():
            index = getattr(limits, name)
            if index.shape != (size,) or ((index < -1) | (index >= groups)).any():
                problems.add(self.id, "not one valid group an element", f"use -1 … {groups - 1}", field=name)
        heads = limits.flow_branch
        if heads.shape != limits.flow_limit_kw.shape or (heads < 0).any() or (heads >= sizes["branch_group"]).any():
            problems.add(self.id, "not one limit for each branch", "give branches of the network", field="flow_branch")
        for name, largest in (("group_feed", sizes["branch_group"]), ("group_parent", groups)):
            index = getattr(limits, name)
            if index.size and (index.shape != (groups,) or ((index < -1) | (index >= largest)).any()):
                problems.add(self.id, "not one valid position a group", f"use -1 … {largest - 1}", field=name)
        if np.isnan(limits.flow_limit_kw).any() or (limits.flow_limit_kw < 0).any():
            problems.add(self.id, "limits that are NaN or negative", "give kW, inf for none", field="flow_limit_kw")
        for name in ("overload_krw_per_kwh", "voltage_krw_per_pu_h"):
            price = getattr(limits, name)
            if not (np.isfinite(price) and price > 0):
                problems.add(self.id, "no positive price", "give a price above every tariff", field=name)


def limits_of_network(
    network: Network, overload_krw_per_kwh: float, voltage_krw_per_pu_h: float, groups: Sequence[str] = ("network",)
) -> NetworkLimits:
    """Return the limits of a network that counts violations as one group, without limits on active power."""
    return NetworkLimits(
        group=np.array(groups),
        bus_group=np.zeros(len(network.buses), dtype=np.int64),
        branch_group=np.zeros(len(network.branch_ids), dtype=np.int64),
        flow_branch=np.zeros(0, dtype=np.int64),
        flow_limit_kw=np.zeros(0),
        overload_krw_per_kwh=overload_krw_per_kwh,
        voltage_krw_per_pu_h=voltage_krw_per_pu_h,
    )
