"""What makes a network unusable for power flow: every problem by table, row and column, before anything is solved."""

from __future__ import annotations

from dataclasses import fields

import numpy as np

from data.errors import ProblemList
from grid.elements import Table
from grid.network_tables import NetworkTables

_TABLES = ("buses", "lines", "transformers", "slacks", "loads", "shunts", "generators")
_MAY_BE_INFINITE = {"rating_a", "rating_kva", "q_min_kvar", "q_max_kvar"}
_MAY_BE_UNKNOWN = {"x", "y"}
_SHOWN = 20
"""Rows told one by one; more of the same kind are told as a count."""


def check_network(network: NetworkTables) -> None:
    """Raise `InvalidInput` with everything that is wrong, rows counted as in a file with a header."""
    problems = ProblemList()
    _check_columns(network, problems)
    problems.raise_if_any()
    _check_elements(network, problems)
    problems.raise_if_any()


def _rows(problems: ProblemList, table: str, field: str, bad: np.ndarray, what: str, fix: str) -> None:
    found = np.flatnonzero(bad)
    for row in found[:_SHOWN]:
        problems.add(table, what, fix, row=int(row) + 2, field=field)
    if len(found) > _SHOWN:
        problems.add(table, f"{len(found) - _SHOWN} more rows: {what}", fix, field=field)


def _check_columns(network: NetworkTables, problems: ProblemList) -> None:
    n = len(network.buses)
    if n == 0:
        problems.add("buses", "the network has no buses", "give at least one bus and one slack")
    for name in _TABLES:
        table: Table = getattr(network, name)
        for column in fields(table):  # type: ignore[arg-type]
            values = getattr(table, column.name)
            if values.shape != (len(table),):
                what = f"{values.shape} values for {len(table)} rows"
                problems.add(name, what, "give one value a row", field=column.name)
            elif column.name in {"bus", "from_bus", "to_bus"}:
                _rows(
                    problems,
                    name,
                    column.name,
                    (values < 0) | (values >= n),
                    "no such bus",
                    "give a row of the bus table",
                )
            elif values.dtype.kind == "f" and column.name not in _MAY_BE_UNKNOWN:
                bad = np.isnan(values) if column.name in _MAY_BE_INFINITE else ~np.isfinite(values)
                _rows(problems, name, column.name, bad, "not a finite number", "give a number")
        _, first = np.unique(table.id, return_index=True)  # type: ignore[attr-defined,call-overload]
        again = np.ones(len(table), dtype=bool)
        again[first] = False
        _rows(problems, name, "id", again, "the id occurs before", "give every row an id of its own")


def _check_elements(network: NetworkTables, problems: ProblemList) -> None:
    buses, lines, transformers, slacks = network.buses, network.lines, network.transformers, network.slacks
    _rows(
        problems,
        "buses",
        "base_kv",
        buses.base_kv <= 0,
        "base voltage is not positive",
        "give the nominal voltage in kV",
    )
    if len(slacks) == 0:
        problems.add("slacks", "no slack: nothing supplies the network", "give one slack per island")
    _rows(problems, "slacks", "v_pu", slacks.v_pu <= 0, "voltage is not positive", "give it in per unit")
    for name, table in (("lines", lines), ("transformers", transformers)):
        _rows(problems, name, "r_ohm", table.r_ohm < 0, "resistance is negative", "check sign and unit")
        _rows(problems, name, "to_bus", table.from_bus == table.to_bus, "both ends at one bus", "remove the branch")
        rating = table.rating_a if name == "lines" else table.rating_kva  # type: ignore[union-attr]
        _rows(problems, name, "rating", rating <= 0, "rating is not positive", "give the rating, or inf for none")
    other_kv = buses.base_kv[lines.from_bus] != buses.base_kv[lines.to_bus]
    _rows(problems, "lines", "to_bus", other_kv, "joins buses of different base voltage", "make it a transformer")
    no_z = (transformers.r_ohm == 0) & (transformers.x_ohm == 0)
    _rows(problems, "transformers", "x_ohm", no_z, "impedance is zero", "give its short-circuit impedance")
    _rows(problems, "transformers", "ratio", transformers.ratio <= 0, "ratio is not positive", "1 is the nominal tap")
    _check_parallel(network, problems)
    shares = network.loads.z_share + network.loads.i_share
    bad = (network.loads.z_share < 0) | (network.loads.i_share < 0) | (shares > 1 + 1e-9)
    _rows(problems, "loads", "z_share", bad, "shares are not within 0 … 1 in sum", "give fractions of the load")


def _check_parallel(network: NetworkTables, problems: ProblemList) -> None:
    """Refuse a line without impedance beside another branch: how they share the current is not determined."""
    lines, transformers = network.lines, network.transformers
    ends = np.concatenate(
        [np.stack([lines.from_bus, lines.to_bus], 1), np.stack([transformers.from_bus, transformers.to_bus], 1)]
    )
    in_service = np.concatenate([lines.in_service, transformers.in_service]).astype(bool)
    no_z = np.zeros(len(ends), dtype=bool)
    no_z[: len(lines)] = (lines.r_ohm == 0) & (lines.x_ohm == 0) & lines.in_service
    if not no_z.any():
        return
    pair = np.sort(ends, axis=1) @ np.array([len(network.buses), 1])
    kinds, count = np.unique(pair[in_service], return_counts=True)
    bad = no_z[: len(lines)] & np.isin(pair[: len(lines)], kinds[count > 1])
    _rows(problems, "lines", "x_ohm", bad, "no impedance, in parallel to another branch", "merge them into one line")
