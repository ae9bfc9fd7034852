"""Loads of a network over time from a file: one row a step and bus."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from data.errors import InvalidInput, Problem, ProblemList
from data.schema import Column, Kind, TableSchema, read_table
from grid import Network

LARGEST_KW = 1e8
"""Load of one bus beyond which a unit was mistaken (a power station has 1e7 kW)."""

_SHOWN = 20
_BOUND = {"lower": -LARGEST_KW, "upper": LARGEST_KW}

LOADS = TableSchema(
    name="step_loads",
    columns=(
        Column("time", Kind.TEXT, "Start of the step: ISO 8601 with its offset from UTC; UTC without one."),
        Column("bus", Kind.TEXT, "Id of a bus of the network."),
        Column("p_kw", Kind.NUMBER, "Active power, consumption positive.", unit="kW", **_BOUND),  # type: ignore[arg-type]
        Column("q_kvar", Kind.NUMBER, "Reactive power; 0 where empty.", unit="kvar", required=False, **_BOUND),  # type: ignore[arg-type]
    ),
    key=("time", "bus"),
    meaning="Load of one bus in one step, beside what the network carries by itself.",
    provenance=False,
)


def read_step_loads(path: Path, network: Network) -> tuple[xr.DataArray, xr.DataArray]:
    """Read loads in kW and kvar, dims (time, bus) over all buses of the network; buses the file does not name get none.

    The file is CSV with the columns of `LOADS`, or Parquet with the same columns. A bus that is named must have every
    time of the file.

    Raises
    ------
    InvalidInput
        With every bad cell, unknown bus, bad time, doubled and missing step.
    """
    problems = ProblemList()
    frame = _parquet(path, problems) if path.suffix.lower() == ".parquet" else read_table(path, LOADS, problems)
    if frame is None:
        raise InvalidInput(problems)
    times = _times(path, frame, problems)
    ids = pd.Index(network.buses.id.astype(object))
    bus = ids.get_indexer(pd.Index(frame["bus"]))
    for row in np.flatnonzero(bus < 0)[:_SHOWN]:
        what = f"the network has no bus '{frame['bus'].iloc[row]}'"
        problems.add(str(path), what, "give an id of its bus table", row=int(frame.index[row]), field="bus")
    problems.raise_if_any()
    steps, at = np.unique(times, return_inverse=True)
    _check_complete(path, network, steps, at, bus)
    arrays = []
    for column in ("p_kw", "q_kvar"):
        values = np.zeros((len(steps), len(ids)))
        values[at, bus] = np.nan_to_num(frame[column].to_numpy(dtype=np.float64))
        arrays.append(xr.DataArray(values, {"time": steps, "bus": network.buses.id}, ("time", "bus")))
    return arrays[0], arrays[1]


def _times(path: Path, frame: pd.DataFrame, problems: ProblemList) -> np.ndarray:
    """UTC times of all rows; each spelling is read once."""
    spelled, place = np.unique(frame["time"].to_numpy().astype(str), return_inverse=True)
    read = pd.to_datetime(pd.Series(spelled), format="ISO8601", utc=True, errors="coerce")
    for bad in np.flatnonzero(read.isna())[:_SHOWN]:
        row = int(frame.index[int(np.argmax(place == bad))])
        fix = "write it as 2026-07-01T04:00:00+09:00"
        problems.add(str(path), f"'{spelled[bad]}' is no time", fix, row=row, field="time")
    times: np.ndarray = read.dt.tz_localize(None).to_numpy("datetime64[ns]")[place]
    return times


def _check_complete(path: Path, network: Network, steps: np.ndarray, at: np.ndarray, bus: np.ndarray) -> None:
    count = np.zeros((len(steps), len(network.buses)), dtype=np.int32)
    np.add.at(count, (at, bus), 1)
    named = count.any(axis=0)
    problems = []
    for wrong, what, fix in (
        (count > 1, "stands more than once", "keep one row of each time and bus"),
        ((count == 0) & named, "is missing", "give every bus of the file at every time of the file"),
    ):
        found = np.argwhere(wrong)
        for step, place in found[:_SHOWN]:
            where = f"bus {network.buses.id[place]} at {np.datetime_as_string(steps[step], unit='s')}Z {what}"
            problems.append(Problem(str(path), 0, "time", where, fix[0].upper() + fix[1:]))
        if len(found) > _SHOWN:
            problems.append(Problem(str(path), 0, "time", f"{len(found) - _SHOWN:,} more rows: {what}", fix))
    if problems:
        raise InvalidInput(problems)


def _parquet(path: Path, problems: ProblemList) -> pd.DataFrame | None:
    """Read the same columns from Parquet, with the same bounds."""
    try:
        frame = pd.read_parquet(path)
    except (OSError, ValueError) as error:
        problems.add(str(path), f"the file cannot be read as Parquet ({str(error)[:100]})", "write it again")
        return None
    names = {column.name for column in LOADS.columns}
    for name in frame.columns.difference(list(names)):
        problems.add(str(path), "no such column", "remove it; the columns are " + ", ".join(sorted(names)), field=name)
    for name in {"time", "bus", "p_kw"} - set(frame.columns):
        problems.add(str(path), "the column is missing", "add it", field=name)
    if len(problems):
        return None
    frame = frame.reset_index(drop=True)
    frame.index += 2
    frame["q_kvar"] = frame.get("q_kvar", 0.0)
    for name in ("p_kw", "q_kvar"):
        values = pd.to_numeric(frame[name], errors="coerce").to_numpy(dtype=np.float64)
        for row in np.flatnonzero(~(np.abs(values) <= LARGEST_KW))[:_SHOWN]:
            problems.add(str(path), "not a number within ±1e8", "give kW", row=int(row) + 2, field=name)
        frame[name] = values
    times = frame["time"]
    if isinstance(times.dtype, pd.DatetimeTZDtype):
        times = times.dt.tz_convert("UTC").dt.tz_localize(None)
    frame["time"] = times.astype(str)
    frame["bus"] = frame["bus"].astype(str)
    if not len(frame):
        problems.add(str(path), "the table has no rows", "add at least one row")
    return None if len(problems) else frame
