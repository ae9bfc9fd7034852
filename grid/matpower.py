"""From the matrices of a MATPOWER case to a network.

Formats and models as in R. D. Zimmerman et al., MATPOWER User's Manual, chapter 3 and appendix B.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from data.errors import ProblemList
from grid.elements import Buses, Flags, Floats, Generators, Ids, Ints, Lines, Loads, Shunts, Slacks, Transformers
from grid.matpower_constants import CONSTANTS, Matrix
from grid.matpower_file import read_case
from grid.network_tables import NetworkTables

WITHOUT_EFFECT = frozenset({"version", "baseMVA", "areas", "gencost", "dclinecost", "bus_name", "genfuel", "gentype"})
"""Fields that say nothing about the circuit, beside those that begin with gen, bus_ or user_."""

LARGEST_MW = 1e5
"""Power at one bus beyond which a unit was mistaken."""

_NEEDED = {"bus": 13, "gen": 10, "branch": 11}
_FAMILY = {"bus": "idx_bus", "gen": "idx_gen", "branch": "idx_brch", "dcline": "idx_dcline"}
_PV, _REF, _ISOLATED = 2, 3, 4
_SHOWN = 20


@dataclass(frozen=True)
class _Case:
    """The matrices by name, columns by MATPOWER's names, and the row of the bus matrix of each end."""

    matrices: dict[str, Matrix]
    base_mva: float
    problems: ProblemList
    name: str

    def column(self, matrix: str, column: str) -> Floats:
        values: Floats = self.matrices[matrix][:, CONSTANTS[_FAMILY[matrix]][column] - 1]
        return values

    def flags(self, matrix: str, column: str) -> Flags:
        return self.column(matrix, column) > 0

    def at(self, matrix: str, column: str) -> Ints:
        """Row of the bus matrix whose number stands in a column."""
        numbers = self.column("bus", "BUS_I")
        order = np.argsort(numbers, kind="stable")
        wanted = self.column(matrix, column)
        place = np.minimum(np.searchsorted(numbers[order], wanted), len(numbers) - 1)
        found: Ints = order[place]
        self.tell(matrix, column, numbers[found] != wanted, "no such bus", "give a number of the bus matrix")
        return found

    def tell(self, matrix: str, column: str, bad: Flags, what: str, fix: str) -> None:
        rows = np.flatnonzero(bad)
        where = f"{self.name}: mpc.{matrix}"
        for row in rows[:_SHOWN]:
            value = self.column(matrix, column)[row]
            self.problems.add(where, f"{what} ({value:g})", fix, row=int(row) + 1, field=column)
        if len(rows) > _SHOWN:
            self.problems.add(where, f"{len(rows) - _SHOWN} more rows: {what}", fix, field=column)


def from_matpower(path: str | Path, *, ignore: Collection[str] = ()) -> NetworkTables:
    """Read a MATPOWER case file (version 2), with the unit conversions that stand as code in it.

    Buses are named by their number, branches `branch 7` by their row; a branch with a tap, a phase shift or different
    base voltages is a transformer. DC lines become a pair of voltage-holding generators, as MATPOWER does when they are
    switched on (`toggle_dcline`). The bus matrix gives the angle of a slack, its last generator in service the voltage.

    Parameters
    ----------
    path
        The file.
    ignore
        Fields of the case (`dcline`, …) to leave out knowingly.

    Raises
    ------
    InvalidInput
        With every problem; `row` counts the rows of the named matrix, or the lines of the file where it cannot be read.
    """
    path = Path(path)
    case = _checked_case(path.name, read_case(path), ignore)
    from_bus, to_bus, gen_bus = case.at("branch", "F_BUS"), case.at("branch", "T_BUS"), case.at("gen", "GEN_BUS")
    live = case.column("bus", "BUS_TYPE") != _ISOLATED
    _check_values(case)
    case.problems.raise_if_any()
    buses = _buses(case)
    lines, transformers = _branches(case, buses.base_kv, from_bus, to_bus, live)
    machines = _machines(case, gen_bus, live)
    slacks, held = _slacks(case, machines)
    case.problems.raise_if_any()
    return NetworkTables(
        buses=buses,
        lines=lines,
        transformers=transformers,
        slacks=slacks,
        loads=_loads(case, live, machines, held),
        shunts=_shunts(case, live),
        generators=machines.rows(machines.holds & ~held[machines.bus]),
    )


def _checked_case(name: str, fields: dict[str, Matrix], ignore: Collection[str]) -> _Case:
    """Check shapes, numbers and that nothing unsupported is left out."""
    problems = ProblemList()
    base = fields.get("baseMVA", np.zeros((0, 0)))
    if base.size != 1 or not (np.isfinite(base).all() and base.item() > 0):
        problems.add(name, "baseMVA is missing or not a positive number", "give mpc.baseMVA", field="baseMVA")
    for matrix, width in _NEEDED.items():
        shape = fields[matrix].shape if matrix in fields else (0, 0)
        if shape[0] and shape[1] < width:
            what = f"the matrix has {shape[1]} columns where {width} are needed"
            problems.add(name, what, "complete it", field=f"mpc.{matrix}")
        elif not shape[0] and matrix != "branch":
            problems.add(name, "the matrix is missing or empty", "give it", field=f"mpc.{matrix}")
    known = {*_NEEDED, *WITHOUT_EFFECT, "dcline"}
    for field, value in fields.items():
        if field not in known and not field.startswith(("gen", "bus_", "user_")) and field not in ignore:
            what = f"{len(value)} rows of the unsupported kind '{field}'"
            problems.add(name, what, f"remove them, or ignore '{field}' knowingly", field=f"mpc.{field}")
    problems.raise_if_any()
    matrices = {matrix: fields.get(matrix, np.zeros((0, width))) for matrix, width in _NEEDED.items()}
    if not len(matrices["branch"]):
        matrices["branch"] = np.zeros((0, _NEEDED["branch"]))
    dcline = fields.get("dcline", np.zeros((0, 0)))
    matrices["dcline"] = dcline if dcline.size and "dcline" not in ignore else np.zeros((0, 17))
    return _Case(matrices, base.item(), problems, name)


def _check_values(case: _Case) -> None:
    used = {
        "bus": ("BUS_I", "BUS_TYPE", "PD", "QD", "GS", "BS", "VA", "BASE_KV", "VMAX", "VMIN"),
        "gen": ("GEN_BUS", "PG", "QG", "VG", "GEN_STATUS"),
        "branch": ("F_BUS", "T_BUS", "BR_R", "BR_X", "BR_B", "RATE_A", "TAP", "SHIFT", "BR_STATUS"),
    }
    for matrix, columns in used.items():
        for column in columns:
            bad = ~np.isfinite(case.column(matrix, column))
            case.tell(matrix, column, bad, "not a finite number", "give a number")
    for matrix, column in (("bus", "PD"), ("bus", "QD"), ("bus", "GS"), ("bus", "BS"), ("gen", "PG"), ("gen", "QG")):
        absurd = np.abs(case.column(matrix, column)) > LARGEST_MW
        case.tell(matrix, column, absurd, "absurdly large power in MW", "check units and their conversion")
    case.tell("bus", "BASE_KV", case.column("bus", "BASE_KV") <= 0, "base voltage is not positive", "give it in kV")
    case.tell("branch", "BR_R", case.column("branch", "BR_R") < 0, "resistance is negative", "check sign and unit")
    kinds = case.column("bus", "BUS_TYPE")
    case.tell("bus", "BUS_TYPE", ~np.isin(kinds, [1, 2, 3, 4]), "no type of bus", "give 1 (PQ), 2, 3 (reference) or 4")
    numbers = case.column("bus", "BUS_I")
    again = np.ones(len(numbers), dtype=bool)
    again[np.unique(numbers, return_index=True)[1]] = False
    case.tell("bus", "BUS_I", again, "the number occurs before", "give every bus a number of its own")


def _buses(case: _Case) -> Buses:
    unknown = np.full(len(case.matrices["bus"]), np.nan)
    ids: Ids = np.array([f"{number:g}" for number in case.column("bus", "BUS_I")], dtype=str)
    limits = case.column("bus", "VMIN"), case.column("bus", "VMAX")
    return Buses(ids, case.column("bus", "BASE_KV"), *limits, unknown, unknown)


def _branches(case: _Case, base_kv: Floats, from_bus: Ints, to_bus: Ints, live: Flags) -> tuple[Lines, Transformers]:
    tap, shift = case.column("branch", "TAP"), case.column("branch", "SHIFT")
    is_line = (np.isin(tap, [0.0, 1.0])) & (shift == 0) & (base_kv[from_bus] == base_kv[to_bus])
    base_ohm = base_kv[to_bus] ** 2 / case.base_mva
    rating = case.column("branch", "RATE_A")
    case.tell("branch", "RATE_A", rating < 0, "rating is negative", "give it in MVA, or 0 for none")
    rating_mva = np.where(rating > 0, rating, np.inf)
    columns = {
        "id": np.array([f"branch {row + 1}" for row in range(len(tap))], dtype=str),
        "from_bus": from_bus,
        "to_bus": to_bus,
        "r_ohm": case.column("branch", "BR_R") * base_ohm,
        "x_ohm": case.column("branch", "BR_X") * base_ohm,
        "b_us": 1e6 * case.column("branch", "BR_B") / base_ohm,
        "g_us": np.zeros(len(tap)),
        "in_service": case.flags("branch", "BR_STATUS") & live[from_bus] & live[to_bus],
    }
    rating_a = 1e3 * rating_mva / (np.sqrt(3.0) * base_kv[to_bus])
    lines = Lines(**{k: v[is_line] for k, v in columns.items()}, rating_a=rating_a[is_line])
    transformers = Transformers(
        **{k: v[~is_line] for k, v in columns.items()},
        ratio=np.where(tap > 0, tap, 1.0)[~is_line],
        shift_deg=shift[~is_line],
        rating_kva=1e3 * rating_mva[~is_line],
    )
    case.tell("branch", "TAP", tap < 0, "tap is negative", "give the ratio, or 0 for a line")
    return lines, transformers


@dataclass(frozen=True)
class _Machines:
    """Generators, then the ends of DC lines: fixed power, voltage, limits."""

    id: Ids
    bus: Ints
    p_kw: Floats
    q_kvar: Floats
    v_pu: Floats
    q_min_kvar: Floats
    q_max_kvar: Floats
    on: Flags
    holds: Flags

    def rows(self, keep: Flags) -> Generators:
        """Return some of them as voltage-holding generators, those of one bus at the voltage of the last of them."""
        last = np.full(self.bus.max(initial=-1) + 1, 1.0)
        last[self.bus[self.on]] = self.v_pu[self.on]
        v_pu = last[self.bus[keep]]
        low, high = self.q_min_kvar[keep], self.q_max_kvar[keep]
        return Generators(self.id[keep], self.bus[keep], self.p_kw[keep], v_pu, low, high, self.on[keep])


def _machines(case: _Case, gen_bus: Ints, live: Flags) -> _Machines:
    kind = case.column("bus", "BUS_TYPE")[gen_bus]
    parts = [
        (
            np.array([f"gen {row + 1}" for row in range(len(gen_bus))], dtype=str),
            gen_bus,
            *(1e3 * case.column("gen", name) for name in ("PG", "QG")),
            case.column("gen", "VG"),
            *(1e3 * case.column("gen", name) for name in ("QMIN", "QMAX")),
            case.flags("gen", "GEN_STATUS") & live[gen_bus],
            np.isin(kind, [_PV, _REF]),
        )
    ]
    flow = case.column("dcline", "PF")
    arrives = flow - case.column("dcline", "LOSS0") - case.column("dcline", "LOSS1") * flow
    for end, power, bus, v_pu, limits in (
        ("from", -flow, case.at("dcline", "F_BUS"), "VF", ("QMINF", "QMAXF")),
        ("to", arrives, case.at("dcline", "T_BUS"), "VT", ("QMINT", "QMAXT")),
    ):
        parts.append(
            (
                np.array([f"dcline {row + 1} {end}" for row in range(len(flow))], dtype=str),
                bus,
                1e3 * power,
                np.zeros(len(flow)),
                case.column("dcline", v_pu),
                *(1e3 * case.column("dcline", name) for name in limits),
                case.flags("dcline", "BR_STATUS") & live[bus],
                np.ones(len(flow), dtype=bool),
            )
        )
    case.tell("gen", "VG", (case.column("gen", "VG") <= 0) & parts[0][7], "voltage is not positive", "give it per unit")
    return _Machines(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _slacks(case: _Case, machines: _Machines) -> tuple[Slacks, Flags]:
    """Return the reference buses, and whether each bus is one."""
    held = case.column("bus", "BUS_TYPE") == _REF
    v_pu = np.full(len(held), np.nan)
    v_pu[machines.bus[machines.on]] = machines.v_pu[machines.on]
    bus = np.flatnonzero(held)
    if not len(bus):
        case.problems.add(case.name, "no reference bus: nothing supplies the network", "give one bus type 3")
    alone = held & np.isnan(v_pu)
    case.tell("bus", "BUS_TYPE", alone, "a reference bus without a generator in service", "give it a generator")
    ids: Ids = np.array([f"{number:g}" for number in case.column("bus", "BUS_I")[bus]], dtype=str)
    return Slacks(ids, bus, v_pu[bus], case.column("bus", "VA")[bus]), held


def _loads(case: _Case, live: Flags, machines: _Machines, held: Flags) -> Loads:
    """Return loads of buses, and as negative loads the generators that hold no voltage or stand at a slack."""
    p, q = 1e3 * case.column("bus", "PD"), 1e3 * case.column("bus", "QD")
    row = np.flatnonzero((p != 0) | (q != 0))
    fixed = np.flatnonzero(machines.on & (~machines.holds | held[machines.bus]))
    at_slack = held[machines.bus[fixed]]
    bus = np.concatenate([row, machines.bus[fixed]])
    none = np.zeros(len(bus))
    ids = np.concatenate([_buses(case).id[row], machines.id[fixed]])
    q_fixed = np.where(at_slack, 0.0, machines.q_kvar[fixed])
    p_fixed = np.where(at_slack, 0.0, machines.p_kw[fixed])
    return Loads(
        ids, bus, np.concatenate([p[row], -p_fixed]), np.concatenate([q[row], -q_fixed]), none, none, live[bus]
    )


def _shunts(case: _Case, live: Flags) -> Shunts:
    g, b = 1e3 * case.column("bus", "GS"), 1e3 * case.column("bus", "BS")
    row = np.flatnonzero((g != 0) | (b != 0))
    return Shunts(_buses(case).id[row], row, g[row], -b[row], live[row])
