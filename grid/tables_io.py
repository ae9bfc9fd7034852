"""A network as a folder of plain CSV tables: read strictly, written exactly."""

from __future__ import annotations

import csv
import io
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np

from data.durable import write_atomically
from data.errors import ProblemList
from data.schema import Column, Kind, TableSchema, read_table
from grid.elements import Buses, Generators, Lines, Loads, Shunts, Slacks, Table, Transformers
from grid.network_checks import check_network
from grid.network_tables import NetworkTables
from grid.tables_schema import ELEMENT_TABLES, NETWORK

_KINDS: dict[str, type[Table]] = {
    "buses": Buses,
    "lines": Lines,
    "transformers": Transformers,
    "slacks": Slacks,
    "loads": Loads,
    "shunts": Shunts,
    "generators": Generators,
}
_WHEN_EMPTY = {"rating_a": np.inf, "rating_kva": np.inf, "q_min_kvar": -np.inf, "q_max_kvar": np.inf}
_BUS_COLUMNS = {"bus", "from_bus", "to_bus"}


def from_tables(folder: str | Path) -> NetworkTables:
    """Read a network from a folder of CSV tables.

    `network.csv`, `buses.csv` and `slacks.csv` must be there; `lines.csv`, `transformers.csv`, `loads.csv`,
    `shunts.csv` and `generators.csv` may be left out. Columns, units and bounds are those of `grid.tables_schema`.

    Raises
    ------
    InvalidInput
        With every problem of every file: missing and unknown columns, torn rows, other encodings, numbers that are none
        or out of bounds, names that do not exist, and what makes a network unusable.
    """
    folder, problems = Path(folder), ProblemList()
    if not folder.is_dir():
        problems.add(str(folder), "there is no such folder", "give the folder that holds buses.csv")
        problems.raise_if_any()
    _refuse_unknown_files(folder, problems)
    frames = {schema.name: _read(folder, schema, problems) for schema in (NETWORK, *ELEMENT_TABLES)}
    problems.raise_if_any()
    if len(frames["network"]) != 1:
        problems.add("network.csv", f"{len(frames['network'])} rows", "give exactly one row")
    position = {name: k for k, name in enumerate(frames["buses"]["id"])}
    tables: dict[str, Any] = {
        schema.name: _elements(schema, frames[schema.name], position, problems) for schema in ELEMENT_TABLES
    }
    problems.raise_if_any()
    network = NetworkTables(**tables, frequency_hz=float(frames["network"]["frequency_hz"].iloc[0]))
    check_network(network)
    return network


def _refuse_unknown_files(folder: Path, problems: ProblemList) -> None:
    known = {schema.filename for schema in (NETWORK, *ELEMENT_TABLES)}
    for path in sorted(folder.glob("*.csv")):
        if path.name not in known:
            problems.add(
                path.name, "no table of a network has this name", "rename or remove it: " + ", ".join(sorted(known))
            )


def _read(folder: Path, schema: TableSchema, problems: ProblemList) -> Any:
    """Return the table as a data frame, None when it is faulty or may be left out and is."""
    path = folder / schema.filename
    if not schema.required and not path.exists():
        return None
    return read_table(path, schema, problems, file=schema.filename)


def _elements(schema: TableSchema, frame: Any, position: dict[str, int], problems: ProblemList) -> Table:
    kind = _KINDS[schema.name]
    if frame is None:
        return kind()
    columns = {}
    for column in schema.columns:
        values = frame[column.name].to_numpy()
        if column.name in _BUS_COLUMNS:
            columns[column.name] = _positions(schema, column, frame, position, problems)
        elif column.kind is Kind.TEXT:
            columns[column.name] = values.astype(str)
        elif column.name in _WHEN_EMPTY:
            columns[column.name] = np.where(np.isnan(values), _WHEN_EMPTY[column.name], values)
        else:
            columns[column.name] = values
    return kind(**columns)


def _positions(
    schema: TableSchema, column: Column, frame: Any, position: dict[str, int], problems: ProblemList
) -> np.ndarray:
    found = np.zeros(len(frame), dtype=np.int64)
    for k, (row, name) in enumerate(zip(frame.index, frame[column.name], strict=True)):
        found[k] = position.get(name, -1)
        if found[k] < 0:
            problems.add(
                schema.filename, f"no bus '{name}'", "give an id of buses.csv", row=int(row), field=column.name
            )
    return np.maximum(found, 0)


def to_tables(network: NetworkTables, folder: str | Path) -> None:
    """Write the network to `folder`, which is made if need be; `from_tables` reads it back bit for bit.

    A table without rows is not written, and removed where one of an earlier network stands.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder, NETWORK, {"frequency_hz": np.array([network.frequency_hz])})
    for schema in ELEMENT_TABLES:
        table: Table = getattr(network, schema.name)
        columns = {column.name: getattr(table, column.name) for column in fields(table)}  # type: ignore[arg-type]
        for name in _BUS_COLUMNS & columns.keys():
            columns[name] = network.buses.id[columns[name]]
        if len(table):
            _write(folder, schema, columns)
        else:
            (folder / schema.filename).unlink(missing_ok=True)


def _write(folder: Path, schema: TableSchema, columns: dict[str, Any]) -> None:
    text = io.StringIO()
    text.write(f"# table {schema.name}, version {schema.version}\n# {schema.meaning}\n")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([column.name for column in schema.columns])
    cells = [[_cell(value) for value in columns[column.name].tolist()] for column in schema.columns]
    writer.writerows(zip(*cells, strict=True))
    write_atomically(folder / schema.filename, text.getvalue().encode())


def _cell(value: object) -> str:
    """Shortest text that reads back as the same value; empty for unknown and for no limit."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return repr(value) if np.isfinite(value) else ""
    return str(value)
