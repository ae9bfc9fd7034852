"""A pandapower JSON file read as plain tables.

pandapower's own loader imports modules and reads files that the document names, so a file from outside must never reach
it. Here the document is data: tables are taken, every other object in it is left unread.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from pathlib import Path

import numpy as np

from data.errors import InvalidInput, Problem, ProblemList
from grid.network_tables import NetworkTables
from grid.pandapower_import import network_of
from grid.pandapower_tables import Columns, PandapowerTables
from grid.pandapower_transformers import UntypedTaps

LARGEST_BYTES = 256 * 1024 * 1024

_SAVE = "save the network again with pandapower.to_json, without encryption"


def from_pandapower_json(
    path: str | Path, *, ignore: Collection[str] = (), untyped_taps: UntypedTaps = UntypedTaps.REFUSE
) -> NetworkTables:
    """Read a network saved by `pandapower.to_json`; see `from_pandapower` for the rest.

    Raises
    ------
    InvalidInput
        When the file is no such document, and for all that `from_pandapower` refuses. Nothing the document names is
        imported, called, opened or fetched.
    """
    path = Path(path)
    return network_of(_read_tables(path, path.name), ignore=ignore, untyped_taps=untyped_taps)


def _read_tables(path: Path, name: str) -> PandapowerTables:
    document = _parse(_text_of(path, name), name)
    is_network = isinstance(document, dict) and document.get("_class") == "pandapowerNet"
    body = document.get("_object") if is_network and isinstance(document, dict) else None
    if not isinstance(body, dict):
        raise _refusal(name, "", "the document is no pandapower network", _SAVE)
    problems = ProblemList()
    tables = {}
    for key, value in body.items():
        if key.startswith(("res_", "_")) or not isinstance(value, dict) or value.get("_class") != "DataFrame":
            continue
        columns = _table(key, value, name, problems)
        if columns is not None and len(columns["index"]):
            tables[key] = columns
    frequency_hz, base_mva = (_positive(body, key, name, problems) for key in ("f_hz", "sn_mva"))
    problems.raise_if_any()
    return PandapowerTables(name, frequency_hz, base_mva, tables)


def _text_of(path: Path, name: str) -> str:
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise _refusal(name, "", f"the file is larger than {LARGEST_BYTES >> 20} MiB", "check that it is a network")
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        fix = "check the path and your rights"
        raise _refusal(name, "", f"the file cannot be read ({error.strerror})", fix) from error
    except UnicodeDecodeError as error:
        raise _refusal(name, "", f"byte {error.start} is not UTF-8", "save the file as UTF-8") from error


def _parse(text: str, name: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _refusal(name, "", f"the document is no JSON ({str(error)[:100]})", _SAVE) from error


def _table(key: str, value: Mapping[str, object], name: str, problems: ProblemList) -> Columns | None:
    """Columns of one table, which stands as text in the document (pandas' orient 'split')."""
    content = value.get("_object")
    if isinstance(content, str):
        content = _parse(content, f"{name}: {key}")
    parts = [content.get(part) for part in ("columns", "index", "data")] if isinstance(content, dict) else []
    lists: list[list[object]] = [part for part in parts if isinstance(part, list)]
    if value.get("is_multicolumn") or value.get("is_multiindex") or len(lists) != 3:
        problems.add(name, "the table is not in pandapower's plain form", _SAVE, field=key)
        return None
    columns, index, rows = lists
    where = f"{name}: {key}"
    if any(not isinstance(c, str | int) for c in columns) or any(not isinstance(i, str | int) for i in index):
        problems.add(where, "column names or row labels are neither text nor whole numbers", _SAVE)
    elif len(rows) != len(index):
        problems.add(where, f"{len(rows)} rows for {len(index)} labels", "complete the table")
    elif torn := [k for k, row in enumerate(rows) if not isinstance(row, list) or len(row) != len(columns)]:
        problems.add(where, f"{len(torn)} rows without {len(columns)} cells", "complete the row", row=torn[0] + 2)
    else:
        full = [row for row in rows if isinstance(row, list)]
        cells = {str(column): _objects([row[k] for row in full]) for k, column in enumerate(columns)}
        return {"index": _objects(index), **cells}
    return None


def _objects(values: list[object]) -> np.ndarray:
    """Keep cells as they are, whatever they hold, NaN as a gap."""
    array = np.empty(len(values), dtype=object)
    array[:] = [None if isinstance(v, float) and np.isnan(v) else v for v in values]
    return array


def _positive(body: Mapping[str, object], key: str, name: str, problems: ProblemList) -> float:
    value = body.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1e9:
        problems.add(name, f"{key} is missing or not a positive number", "give it", field=key)
        return 1.0
    return float(value)


def _refusal(file: str, field: str, what: str, fix: str) -> InvalidInput:
    return InvalidInput([Problem(file, 0, field, what, fix[0].upper() + fix[1:])])
