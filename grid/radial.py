"""A network compiled to rows of trees for the sweep.

Ideal transformers are scaled away: with :math:`U_b = a_b V_b`, `a` (`turn`) being the product of the complex ratios
along the path from the slack, each tree is a plain chain of series impedances :math:`|a|^2 z` and shunts
:math:`y / |a|^2`. Power is the same on both sides of an ideal transformer.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from grid.admittance import TwoPorts, two_ports
from grid.elements import Complexes, Floats, Ints
from grid.layout import Layout, lay_out
from grid.load_models import LoadModel, carried_loads
from grid.network import Network
from grid.parallel_branches import Edges, merge_parallel
from grid.sweep_tables import Members, Rows
from grid.topology import Forest, spanning_forest

_NONE = np.zeros(0, dtype=np.int64)


@dataclass(frozen=True)
class RadialModel:
    """A network compiled for the sweep.

    Attributes
    ----------
    rows, members
        What the kernel reads.
    forest, edges, ports
        The trees, the edges they are made of, the branches behind the edges.
    turn
        Complex scale `a` of each bus; 1 where the bus has no supply.
    layout
        Rows and jobs.
    chords
        Branches that close loops; no row of the trees holds them.
    """

    rows: Rows
    members: Members
    forest: Forest
    edges: Edges
    ports: TwoPorts
    turn: Complexes
    layout: Layout
    chords: Ints

    def base_angle(self, network: Network) -> Floats:
        """Angle of each bus in radian when no power flows: that of its slack, less the shifts on the way."""
        order, is_root = self.forest.order, self.forest.parent_bus[self.forest.order] < 0
        slack_angle = np.zeros(len(self.turn))
        slack_angle[network.slacks.bus] = np.deg2rad(network.slacks.angle_deg)
        angle = -np.angle(self.turn)
        starts = np.flatnonzero(is_root)
        angle[order] += np.repeat(slack_angle[order[starts]], np.diff(np.append(starts, len(order))))
        return angle


def compile_radial(network: Network, load_model: LoadModel | None = None) -> RadialModel:
    """Grow the trees, scale the transformers away and lay the rows out; chords of the forest are left out."""
    ports = two_ports(network)
    edges = merge_parallel(ports)
    roots = np.unique(network.slacks.bus).astype(np.int64)
    forest = spanning_forest(len(network.buses), edges.from_bus, edges.to_bus, np.abs(edges.z), roots)
    turn, to_turn = _turns(forest, edges)
    chords = np.sort(np.concatenate([edges.branches(e) for e in forest.chords])) if len(forest.chords) else _NONE
    layout = lay_out(forest, ports.from_bus[chords], ports.to_bus[chords])
    branch_draw = _branch_draws(forest, edges, to_turn) + _chord_draws(ports, turn, chords)
    rows, edge = _rows(network, forest, edges, turn, to_turn, branch_draw, layout, load_model)
    members = _members(forest, edges, ports, turn, layout.bus, edge)
    return RadialModel(rows, members, forest, edges, ports, turn, layout, chords)


def _turns(forest: Forest, edges: Edges) -> tuple[Complexes, Complexes]:
    """Scale of each bus and that of the `to` side of each edge of the trees (1 elsewhere)."""
    n = len(forest.parent_bus)
    turn, to_turn = np.ones(n, dtype=complex), np.ones(len(edges.from_bus), dtype=complex)
    if (edges.ratio != 1.0).any():
        _accumulate_turns(
            forest.order, forest.parent_bus, forest.parent_edge, edges.from_bus, edges.ratio, turn, to_turn
        )
    return turn, to_turn


@njit(cache=True)
def _accumulate_turns(order, parent_bus, parent_edge, from_bus, ratio, turn, to_turn):  # type: ignore[no-untyped-def]
    for bus in order:
        edge = parent_edge[bus]
        if edge < 0:
            continue
        if from_bus[edge] == parent_bus[bus]:
            turn[bus] = turn[parent_bus[bus]] * ratio[edge]
            to_turn[edge] = turn[bus]
        else:
            to_turn[edge] = turn[parent_bus[bus]]
            turn[bus] = to_turn[edge] / ratio[edge]


def _branch_draws(forest: Forest, edges: Edges, to_turn: Complexes) -> Complexes:
    """Scaled draw p + jq at 1 pu of the shunts of all tree edges, by bus."""
    draw = np.zeros(len(forest.parent_bus), dtype=complex)
    tree = forest.parent_edge[forest.parent_edge >= 0]
    square = np.abs(to_turn[tree]) ** 2
    np.add.at(draw, edges.from_bus[tree], edges.y_from[tree].conj() / square)
    np.add.at(draw, edges.to_bus[tree], edges.y_to[tree].conj() / square)
    return draw


def _chord_draws(ports: TwoPorts, turn: Complexes, chords: Ints) -> Complexes:
    """Scaled draw at 1 pu of the shunts of the branches that close loops, by bus."""
    draw = np.zeros(len(turn), dtype=complex)
    f, t, y = ports.from_bus[chords], ports.to_bus[chords], ports.y_half[chords].conj()
    np.add.at(draw, f, y / np.abs(turn[f] * ports.ratio[chords]) ** 2)
    np.add.at(draw, t, y / np.abs(turn[t]) ** 2)
    return draw


def _rows(
    network: Network,
    forest: Forest,
    edges: Edges,
    turn: Complexes,
    to_turn: Complexes,
    branch_draw: Complexes,
    layout: Layout,
    load_model: LoadModel | None,
) -> tuple[Rows, Ints]:
    bus, n = layout.bus, len(network.buses)
    edge = np.where(layout.is_root, -1, forest.parent_edge[bus])
    z = (
        np.where(edge >= 0, edges.z[edge] * np.abs(to_turn[edge]) ** 2, 0.0)
        if len(edges.z)
        else np.zeros(len(bus), complex)
    )
    size = np.abs(turn[bus])
    own = layout.is_first_copy
    carried = carried_loads(network)
    draw = np.where(own, branch_draw[bus] + carried.impedance[bus] / size**2, 0.0)
    current = np.where(own, carried.current[bus] / size, 0.0)
    power = np.where(own, carried.power[bus], 0.0)
    model = load_model or LoadModel(np.zeros(n), np.zeros(n))
    uneven = (current != 0) | (model.z_share[bus] != 0) | (model.i_share[bus] != 0)
    slack_v = np.zeros(n)
    slack_v[network.slacks.bus] = network.slacks.v_pu
    member_count = (
        np.where(edge >= 0, np.diff(edges.member_start)[edge], 0) if len(edges.z) else np.zeros(len(bus), int)
    )
    rows = Rows(
        job_start=layout.job_start,
        root_start=np.concatenate([[0], np.cumsum(layout.is_root)])[layout.job_start[:-1]],
        parent=layout.parent,
        bus=np.where(own, bus, -1),
        r=np.ascontiguousarray(z.real),
        x=np.ascontiguousarray(z.imag),
        z2=np.abs(z) ** 2,
        g=np.ascontiguousarray(draw.real),
        b=np.ascontiguousarray(draw.imag),
        i_p=np.ascontiguousarray(current.real),
        i_q=np.ascontiguousarray(current.imag),
        p=np.ascontiguousarray(power.real),
        q=np.ascontiguousarray(power.imag),
        root_v=slack_v[bus] ** 2,
        scale=1.0 / size,
        p_share=(1.0 - model.z_share - model.i_share)[bus],
        i_share=model.i_share[bus] / size,
        z_share=model.z_share[bus] / size**2,
        kind=np.where(uneven, 2, np.where(draw != 0, 1, 0)),
        g_loss=np.where(own, branch_draw[bus].real, 0.0),
        member_start=np.concatenate([[0], np.cumsum(member_count)]).astype(np.int64),
    )
    return rows, edge


def _members(forest: Forest, edges: Edges, ports: TwoPorts, turn: Complexes, row_bus: Ints, edge: Ints) -> Members:
    row = np.flatnonzero(edge >= 0)
    count = np.diff(edges.member_start)[edge[row]] if len(row) else np.zeros(0, dtype=np.int64)
    row = np.repeat(row, count)
    within = np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)
    branch = edges.members[edges.member_start[edge[row]] + within] if len(row) else np.zeros(0, dtype=np.int64)
    child = row_bus[row]
    parent = forest.parent_bus[child]
    from_is_parent = ports.from_bus[branch] == parent
    to_size = np.where(from_is_parent, np.abs(turn[parent] * ports.ratio[branch]), np.abs(turn[parent]))
    half = ports.y_half[branch].conj() / to_size**2
    y_ff, y_ft, y_tf, y_tt = (part[branch] for part in ports.admittances())
    blocks = [
        np.where(from_is_parent, y_ff, y_tt) / np.abs(turn[parent]) ** 2,
        np.where(from_is_parent, y_ft, y_tf) / (turn[parent].conj() * turn[child]),
        np.where(from_is_parent, y_tf, y_ft) / (turn[child].conj() * turn[parent]),
        np.where(from_is_parent, y_tt, y_ff) / np.abs(turn[child]) ** 2,
    ]
    return Members(
        branch=branch,
        from_is_parent=from_is_parent,
        g_half=np.ascontiguousarray(half.real),
        b_half=np.ascontiguousarray(half.imag),
        from_scale=np.abs(turn[ports.from_bus[branch]]) * ports.from_base_a[branch],
        to_scale=np.abs(turn[ports.to_bus[branch]]) * ports.to_base_a[branch],
        from_limit_a=ports.rating_pu[branch] * ports.from_base_a[branch],
        to_limit_a=ports.rating_pu[branch] * ports.to_base_a[branch],
        y=np.stack(blocks, axis=1),
    )
