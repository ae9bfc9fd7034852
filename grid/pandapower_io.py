"""The one file that touches pandapower: its networks to plain columns and back, and its CGMES converter."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.errors import InvalidInput, Problem
from grid.pandapower_tables import Columns, PandapowerTables


def columns_of(net: Any, source: str = "net") -> PandapowerTables:
    """Take every table of a pandapower network that has rows, results excepted, as plain columns.

    Raises
    ------
    InvalidInput
        When `net` has no bus table, or its frequency or base power is no number.
    """
    import pandas as pd  # noqa: PLC0415 - seconds to load, and needed only here

    if not hasattr(net, "items") or not isinstance(net.get("bus"), pd.DataFrame):
        what = f"a {type(net).__name__} is no pandapower network"
        raise InvalidInput([Problem(source, 0, "", what, "Give a network of pandapower")])
    tables = {
        str(name): _plain(table)
        for name, table in net.items()
        if isinstance(table, pd.DataFrame) and len(table) and not str(name).startswith(("res_", "_"))
    }
    return PandapowerTables(source, float(net["f_hz"]), float(net["sn_mva"]), tables)


def _plain(table: Any) -> Columns:
    columns = {"index": np.array([_scalar(label) for label in table.index], dtype=object)}
    for name in table.columns:
        values = np.array(table[name].astype(object), dtype=object, copy=True)
        values[np.asarray(table[name].isna())] = None
        columns[str(name)] = values
    return columns


def _scalar(value: object) -> object:
    return value.item() if isinstance(value, np.generic) else value


def net_of(
    tables: Mapping[str, Mapping[str, NDArray[Any]]],
    results: Mapping[str, Mapping[str, NDArray[Any]]],
    frequency_hz: float,
) -> Any:
    """Build a pandapower network from columns by table; `results` goes into its `res_*` tables.

    Columns that pandapower has and the tables do not are filled with pandapower's missing value of the type.
    """
    import pandas as pd  # noqa: PLC0415 - seconds to load, and needed only here

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pandapower and pandas warn of their own future
        import pandapower as pp  # noqa: PLC0415 - seconds to load, and needed only here

        net = pp.create_empty_network(f_hz=frequency_hz, sn_mva=1.0)
        for name, columns in tables.items():
            given = pd.DataFrame(dict(columns))
            wanted = net[name].dtypes
            frame = given.reindex(columns=[*wanted.index, *(c for c in given.columns if c not in wanted.index)])
            for column in given.columns.intersection(wanted.index):
                frame[column] = given[column].astype(wanted[column])
            for column, value in (("tap_dependency_table", False), ("step_dependency_table", False)):
                if column in wanted.index:
                    frame[column] = value
            net[name] = frame
        for name, columns in results.items():
            net[f"res_{name}"] = pd.DataFrame(dict(columns), index=net[name].index)
        net.converged = bool(results)
    return net


def read_cim(files: Sequence[Path], version: str) -> PandapowerTables:
    """Convert CGMES profiles by pandapower's converter; the files must have been checked before.

    Raises
    ------
    InvalidInput
        When the converter fails, with what it said.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pandapower.converter.cim.cim2pp.from_cim import from_cim  # noqa: PLC0415 - as above

        try:
            net = from_cim(
                [str(file) for file in files],
                cgmes_version=version,
                create_tap_controller=False,
                ignore_errors=False,
                create_measurements=None,
            )
        except (KeyError, ValueError, TypeError, AttributeError, IndexError, NotImplementedError, OSError) as error:
            said = f"{type(error).__name__}: {str(error)[:300]}"
            fix = "Check that the EQ, SSH and TP profiles of one model are complete, of version " + version
            raise InvalidInput([Problem("CGMES", 0, "", f"cannot be converted ({said})", fix)]) from error
    return columns_of(net, "CGMES")
