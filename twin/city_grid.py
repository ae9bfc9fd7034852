"""From a city folder to its grid: the tables become a `GridSpec`, the synthesis is done once and kept."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from data.city_folder import CityFolder
from data.contract_class import CONTRACT_CLASSES
from data.durable import sha256_of_bytes
from grid.synthesis import synthesize
from grid.synthesis_grid import SyntheticGrid
from grid.synthesis_spec import (
    BankType,
    ClassRule,
    Conductor,
    DedicatedCustomer,
    DistrictSpec,
    GridSpec,
    Mounting,
    OpenLand,
    PlanningRules,
    TransformerSize,
)

GRID_VERSION = 1
"""Raised whenever the synthesis would give another grid for the same tables; part of the cache's key."""


def planning_hours_kw(load_kw: xr.DataArray) -> xr.DataArray:
    """Pick the hours a grid is planned for out of a year of load.

    They are the hour of the city's highest load, the highest hour of every class, and the highest hour of each third of
    the day in every quarter of the year: a feeder of homes and one of offices have their worst hours apart.

    Parameters
    ----------
    load_kw
        Hourly load with dimensions (time, district, contract_class).

    Returns
    -------
    xarray.DataArray
        The chosen hours, distinct and in order, same dimensions.
    """
    total = load_kw.sum(("district", "contract_class")).to_numpy()
    by_class = load_kw.sum("district").to_numpy()
    stamps = pd.DatetimeIndex(load_kw["time"].to_numpy())
    part = stamps.quarter.to_numpy() * 3 + stamps.hour.to_numpy() // 8
    worst = [int(np.flatnonzero(part == key)[total[part == key].argmax()]) for key in np.unique(part)]
    chosen = sorted({int(total.argmax()), *map(int, by_class.argmax(axis=0)), *worst})
    return load_kw.isel(time=chosen)


def grid_spec(folder: CityFolder, planning_kw: xr.DataArray, customers: Sequence[DedicatedCustomer]) -> GridSpec:
    """Return what the grid is made from.

    Parameters
    ----------
    folder
        The city.
    planning_kw
        (time, district, contract_class) load at medium voltage in the planning hours.
    customers
        Garages and others with a connection of their own.
    """
    tables = folder.tables
    rules = {str(row["name"]): float(row["value"]) for row in _rows(tables["grid_rules"])}
    known = {str(row["district"]): row for row in _rows(tables["grid_districts"])}
    return GridSpec(
        districts=tuple(
            DistrictSpec(
                id=code,
                name=str(name),
                polygon=folder.boundaries[code],
                class_kw=_class_kw(planning_kw.sel(district=code)),
                feeders=_known_feeders(known[code]),
                underground_share=float(known[code]["underground_share"]),
            )
            for code, name in zip(folder.district_codes, tables["districts"]["name_en"], strict=True)
        ),
        conductors=tuple(_conductor(row) for row in _rows(tables["conductors"])),
        bank=_bank(_rows(tables["grid_banks"])[0]),
        sizes=tuple(
            TransformerSize(float(row["rating_kva"]), Mounting(row["mounting"]))
            for row in _rows(tables["grid_transformer_sizes"])
        ),
        classes=_class_rules(tables["grid_classes"]),
        rules=PlanningRules(**{f.name: _as_number(rules[f.name], f.type) for f in fields(PlanningRules)}),
        customers=tuple(customers),
        frequency_hz=folder.parameter("grid_frequency_hz"),
        seed=folder.settings.seed,
        open_land=tuple(_open_land(row) for row in _rows(tables["grid_open_land"]))
        if "grid_open_land" in tables
        else (),
    )


def _rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(key): value for key, value in row.items()} for row in table.to_dict("records")]


def _as_number(value: float, kind: object) -> Any:
    return int(value) if kind == "int" else float(value)


def _class_kw(planning_kw: xr.DataArray) -> Mapping[str, tuple[float, ...]]:
    """Take the classes that draw anything in this district."""
    values = {name: planning_kw.sel(contract_class=str(name)).to_numpy() for name in CONTRACT_CLASSES}
    return {str(name): tuple(map(float, kw)) for name, kw in values.items() if kw.max() > 0}


def _known_feeders(row: Mapping[str, Any]) -> int | None:
    return None if pd.isna(row["feeders"]) else int(row["feeders"])


def _conductor(row: Mapping[str, Any]) -> Conductor:
    numbers = {name: float(row[name]) for name in ("r_ohm_per_km", "x_ohm_per_km", "b_us_per_km", "ampacity_a")}
    return Conductor(name=str(row["name"]), underground=row["kind"] == "underground", **numbers)


def _open_land(row: Mapping[str, Any]) -> OpenLand:
    names = ("from_longitude", "from_latitude", "to_longitude", "to_latitude", "half_width_km")
    return OpenLand(*(float(row[name]) for name in names))


def _bank(row: Mapping[str, Any]) -> BankType:
    return BankType(**{f.name: float(row[f.name]) for f in fields(BankType)})


def _class_rules(table: pd.DataFrame) -> dict[str, ClassRule]:
    return {
        str(row["contract_class"]): ClassRule(**{f.name: float(row[f.name]) for f in fields(ClassRule)})
        for row in _rows(table)
    }


def build_grid(spec: GridSpec, cache: Path, district: str | None) -> SyntheticGrid:
    """Return the grid of a spec, or of one district of it, from the cache when it has been built before.

    The key is the content of the spec, so a changed table is never answered with an old grid.
    """
    name = f"grid-{_spec_sha256(spec)[:24]}{'-' + district if district else ''}.npz"
    kept = cache / name
    if kept.is_file():
        return SyntheticGrid.load(kept)
    grid = synthesize(spec, district)
    cache.mkdir(parents=True, exist_ok=True)
    temporary = cache / f".{os.getpid()}.{name}"
    grid.save(temporary)
    temporary.replace(kept)
    return grid


def _spec_sha256(spec: GridSpec) -> str:
    """Digest of everything in a spec; polygons by their coordinates."""

    def plain(value: Any) -> Any:
        if hasattr(value, "wkb_hex"):
            return value.wkb_hex
        if hasattr(value, "__dataclass_fields__"):
            return {name: plain(getattr(value, name)) for name in value.__dataclass_fields__}
        if isinstance(value, Mapping):
            return {str(key): plain(entry) for key, entry in sorted(value.items())}
        if isinstance(value, tuple | list):
            return [plain(entry) for entry in value]
        return value.item() if isinstance(value, np.generic) else value

    document = json.dumps([GRID_VERSION, plain(spec)], sort_keys=True)
    return sha256_of_bytes(document.encode())
