"""The state of a depot during the day: a CSV file with one row a bus, read against its folder."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.depot_clock import Floats, Times, read_times
from data.depot_folder import DepotFolder
from data.depot_tables import STATE
from data.errors import ProblemList
from data.schema import read_table

Ints = NDArray[np.int64]

NOT_PLUGGED = -1


@dataclass(frozen=True, eq=False)
class DepotState:
    """Where every bus of a depot stands at one moment; entries in the order of the folder's buses.

    Attributes
    ----------
    time_utc
        Now, inside the horizon of the folder.
    soc
        (B,) state of charge.
    charger, outlet
        (B,) class (row of `chargers`) and outlet (from 0) the bus is plugged to, `NOT_PLUGGED` for none.
    plugged_h
        (B,) hours since it was plugged, 0 when it is not.
    sessions_used
        (B,) sessions of the present stay, the one under way included.
    late_h
        (B,) hours by which the duty the bus is on, or else its next one, ends late.
    sha256
        Checksum of the file.
    """

    time_utc: np.datetime64
    soc: Floats
    charger: Ints
    outlet: Ints
    plugged_h: Floats
    sessions_used: Ints
    late_h: Floats
    sha256: str


def read_depot_state(path: Path, folder: DepotFolder) -> DepotState:
    """Read the state of a depot.

    Raises
    ------
    InvalidInput
        With every problem of the file, alone and against the folder.
    """
    problems = ProblemList()
    file = path.name
    table = read_table(path, STATE, problems, file=file)
    problems.raise_if_any()
    if table is None:
        raise AssertionError(f"{path} was refused without a problem")
    zone = folder.settings.zone
    times = read_times(table["time"], zone, file, problems)
    since = read_times(table["plugged_since"], zone, file, problems)
    problems.raise_if_any()
    _check_time(table, times, folder, file, problems)
    _check_buses(table, folder, file, problems)
    _check_plugs(table, times, since, folder, file, problems)
    problems.raise_if_any()
    order = [int(place) for place in pd.Index(table["bus"]).get_indexer(pd.Index(list(folder.bus_names)))]
    return _state(table.iloc[order], times[0], since[order], folder, hashlib.sha256(path.read_bytes()).hexdigest())


def _state(table: pd.DataFrame, now: np.datetime64, since: Times, folder: DepotFolder, sha256: str) -> DepotState:
    plugged = (table["charger"] != "").to_numpy()
    classes = {name: place for place, name in enumerate(folder.tables["chargers"]["charger"])}
    plugged_h = np.where(plugged, (now - since) / np.timedelta64(1, "h"), 0.0)
    used = table["sessions_used"].fillna(0).to_numpy(dtype=np.int64)
    return DepotState(
        time_utc=now,
        soc=table["soc"].to_numpy(dtype=float),
        charger=np.array([classes.get(name, NOT_PLUGGED) for name in table["charger"]], dtype=np.int64),
        outlet=np.where(plugged, table["outlet"].fillna(0).to_numpy(dtype=np.int64) - 1, NOT_PLUGGED),
        plugged_h=plugged_h,
        sessions_used=np.where(plugged, np.maximum(used, 1), used),
        late_h=table["late_min"].fillna(0.0).to_numpy(dtype=float) / 60,
        sha256=sha256,
    )


def _check_time(table: pd.DataFrame, times: Times, folder: DepotFolder, file: str, problems: ProblemList) -> None:
    for row, time in zip(table.index, times, strict=True):
        if time != times[0]:
            what = "the time differs from that of the first row"
            problems.add(file, what, "write the state of one moment", row=int(row), field="time")
    if not folder.edges_utc[0] <= times[0] < folder.edges_utc[-1]:
        start = folder.settings.text("planning.start")
        what = f"{table['time'].iloc[0]} is outside the horizon of the folder, which begins at {start}"
        problems.add(file, what, "correct the time, or the horizon in depot.toml", field="time")


def _check_buses(table: pd.DataFrame, folder: DepotFolder, file: str, problems: ProblemList) -> None:
    known = dict(zip(folder.bus_names, folder.column_of_buses("max_soc"), strict=True))
    for row, name, soc in zip(table.index, table["bus"], table["soc"], strict=True):
        if name not in known:
            what = f"there is no bus '{name}'"
            problems.add(file, what, "correct the name, or add it to buses.csv", row=int(row), field="bus")
        elif soc > known[name] + 1e-9:
            what = f"bus {name} stands at {soc:g}, its type goes up to {known[name]:g}"
            problems.add(file, what, "correct the state of charge or the window", row=int(row), field="soc")
    for name in sorted(known.keys() - set(table["bus"])):
        problems.add(file, f"bus {name} is missing", "add its row", field="bus")


def _check_plugs(
    table: pd.DataFrame, times: Times, since: Times, folder: DepotFolder, file: str, problems: ProblemList
) -> None:
    counts = dict(zip(folder.tables["chargers"]["charger"], folder.tables["chargers"]["outlets"], strict=True))
    taken: dict[tuple[str, int], str] = {}
    for place, (row, bus) in enumerate(table.iterrows()):

        def wrong(field: str, what: str, fix: str, row: int = int(str(row))) -> None:
            problems.add(file, what, fix, row=row, field=field)

        charger, number = bus["charger"], bus["outlet"]
        if not charger:
            if not pd.isna(number) or bus["plugged_since"]:
                wrong(
                    "charger", "an outlet or a time is given without its charger", "fill the cell, or empty all three"
                )
            continue
        if charger not in counts:
            wrong("charger", f"there is no charger '{charger}'", "correct the name, or add it to chargers.csv")
            continue
        if pd.isna(number) or number > counts[charger]:
            shown = "the outlet is missing" if pd.isna(number) else f"{charger} has no outlet {number}"
            wrong("outlet", shown, f"write the number, 1 to {counts[charger]}")
            continue
        other = taken.setdefault((charger, int(number)), bus["bus"])
        if other != bus["bus"]:
            wrong("outlet", f"bus {other} is plugged to outlet {number} of {charger}", "correct one of the two")
        if np.isnat(since[place]) or since[place] > times[place]:
            wrong("plugged_since", "it is empty or after now", "write when the bus was plugged in")
