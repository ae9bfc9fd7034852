"""What a network is like before anything is solved: its size, loops, islands, joined buses, and what will solve it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from data.errors import InvalidInput, Problem
from grid.admittance import fused_buses
from grid.elements import Ids
from grid.network import Network
from grid.solving import compiled
from grid.status import Method

_SHOWN = 20


@dataclass(frozen=True)
class NetworkFacts:
    """Facts of a network without faults.

    Attributes
    ----------
    counts
        Number of elements by table.
    voltage_levels_kv
        Base voltages, highest first.
    load_kw, load_kvar
        Carried by the network itself, generation of fixed power deducted.
    loop_branches
        Branches in service that close loops, or join two slacks.
    dark_buses
        Buses without a path to a slack.
    dark_load_kw
        Load the network carries at them, by amount.
    joined_buses
        Buses that lines without impedance merge into others.
    open_branches
        Branches out of service.
    method
        What solves it.
    """

    counts: dict[str, int]
    voltage_levels_kv: tuple[float, ...]
    load_kw: float
    load_kvar: float
    loop_branches: Ids
    dark_buses: Ids
    dark_load_kw: float
    joined_buses: int
    open_branches: int
    method: Method

    def sentences(self) -> Iterator[str]:
        """Tell the facts in words."""
        one = {name: "bus" if name == "buses" else name.removesuffix("s") for name in self.counts}
        parts = (f"{n:,} {one[name] if n == 1 else name}" for name, n in self.counts.items() if n)
        sizes = ", ".join(parts)
        yield f"{sizes}; {' / '.join(f'{kv:g}' for kv in self.voltage_levels_kv)} kV"
        yield f"own load {self.load_kw:,.1f} kW, {self.load_kvar:,.1f} kvar"
        if len(self.loop_branches):
            yield f"{len(self.loop_branches)} branches close loops: {_some(self.loop_branches)}"
        else:
            yield "radial"
        if self.open_branches:
            yield f"{self.open_branches} branches are out of service"
        if self.joined_buses:
            yield f"{self.joined_buses} buses are merged into others by lines without impedance"
        if len(self.dark_buses):
            load = f", with {self.dark_load_kw:,.1f} kW" if self.dark_load_kw else ", without load"
            yield f"{len(self.dark_buses)} buses have no path to a slack{load}: {_some(self.dark_buses)}"
        yield f"solved by: {self.method.value}"


def network_facts(network: Network) -> NetworkFacts:
    """Check the network and collect its facts; raises `InvalidInput` with every problem."""
    form = compiled(network)
    live = form.model.forest.live
    loads = network.loads
    on = loads.in_service
    tables = ("buses", "lines", "transformers", "slacks", "loads", "shunts", "generators")
    in_service = np.concatenate([network.lines.in_service, network.transformers.in_service])
    return NetworkFacts(
        counts={name: len(getattr(network, name)) for name in tables},
        voltage_levels_kv=tuple(np.unique(network.buses.base_kv)[::-1].tolist()),
        load_kw=float(loads.p_kw[on].sum()),
        load_kvar=float(loads.q_kvar[on].sum()),
        loop_branches=network.branch_ids[form.model.chords],
        dark_buses=network.buses.id[~live],
        dark_load_kw=float(np.abs(loads.p_kw[on & ~live[loads.bus]]).sum()),
        joined_buses=len(network.buses) - len(np.unique(fused_buses(network))),
        open_branches=int((~in_service).sum()),
        method=form.method,
    )


def require_radial(network: Network) -> None:
    """Raise `InvalidInput` naming every branch that closes a loop."""
    chords = compiled(network).model.chords
    fix = "Open it, or do not ask for a radial network"
    problems = []
    for branch in chords[:_SHOWN].tolist():
        is_line = branch < len(network.lines)
        row = branch if is_line else branch - len(network.lines)
        what = f"{network.branch_ids[branch]} closes a loop or joins two slacks"
        problems.append(Problem("lines" if is_line else "transformers", row + 2, "in_service", what, fix))
    if len(chords) > _SHOWN:
        problems.append(Problem("lines", 0, "in_service", f"{len(chords) - _SHOWN} more branches close loops", fix))
    if problems:
        raise InvalidInput(problems)


def _some(ids: Ids) -> str:
    return ", ".join(str(name) for name in ids[:5]) + (", …" if len(ids) > 5 else "")
