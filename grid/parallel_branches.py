"""Parallel branches merged exactly: the edges of the graph that trees and loops are made of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from grid.admittance import TwoPorts
from grid.elements import Complexes, Ints

_ANGLE_DIGITS = 9


@dataclass(frozen=True)
class Edges:
    """In-service branches, parallel ones as one π behind the ratio of the first of them.

    `y_from` and `y_to` are the shunts at both sides of the series impedance `z`, per unit on the `to` side.
    `members[member_start[e] : member_start[e + 1]]` are the branches of edge `e`.
    """

    from_bus: Ints
    to_bus: Ints
    z: Complexes
    y_from: Complexes
    y_to: Complexes
    ratio: Complexes
    member_start: Ints
    members: Ints

    def branches(self, edge: int) -> Ints:
        """Return the branches of one edge."""
        return self.members[self.member_start[edge] : self.member_start[edge + 1]]


def merge_parallel(ports: TwoPorts) -> Edges:
    """Merge in-service branches between the same buses with the same phase shift.

    The sum of π two-ports of one shift is again a π with that shift, whatever the ratios. Branches of another shift
    stay apart and close a loop. A branch without impedance is expected to be alone between its buses.
    """
    live = np.flatnonzero(ports.in_service)
    upward = ports.from_bus[live] < ports.to_bus[live]
    low, high = (
        np.minimum(ports.from_bus[live], ports.to_bus[live]),
        np.maximum(ports.from_bus[live], ports.to_bus[live]),
    )
    shift = np.round(np.angle(ports.ratio[live]) * np.where(upward, 1.0, -1.0), _ANGLE_DIGITS) + 0.0
    by_pair = np.lexsort((live, shift, high, low))
    same = (np.diff(low[by_pair]) == 0) & (np.diff(high[by_pair]) == 0) & (np.diff(shift[by_pair]) == 0)
    starts = np.flatnonzero(np.concatenate([[True], ~same])) if len(live) else np.zeros(0, dtype=np.int64)
    members, leader = live[by_pair], live[by_pair][starts]
    edges = Edges(
        from_bus=ports.from_bus[leader],
        to_bus=ports.to_bus[leader],
        z=ports.z[leader].copy(),
        y_from=ports.y_half[leader].copy(),
        y_to=ports.y_half[leader].copy(),
        ratio=ports.ratio[leader],
        member_start=np.append(starts, len(live)).astype(np.int64),
        members=members,
    )
    for group in np.flatnonzero(np.diff(edges.member_start) > 1):
        _merge_group(edges, int(group), ports)
    return edges


def _merge_group(edges: Edges, group: int, ports: TwoPorts) -> None:
    """Overwrite the π of one edge by that of all its members."""
    members = edges.branches(group)
    y_ff, y_ft, y_tf, y_tt = (part[members] for part in ports.admittances())
    turned = ports.from_bus[members] != edges.from_bus[group]
    total_ff, total_tf = np.where(turned, y_tt, y_ff).sum(), np.where(turned, y_ft, y_tf).sum()
    total_tt = np.where(turned, y_ff, y_tt).sum()
    ratio = edges.ratio[group]
    series = -total_tf * ratio
    edges.z[group] = 1.0 / series
    edges.y_from[group] = total_ff * abs(ratio) ** 2 - series
    edges.y_to[group] = total_tt - series
