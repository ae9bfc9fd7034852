"""The city's other assets: bikes, parking, cameras, networks, hospitals, fire stations, shuttles.

One structure for all: a class says what a unit draws and when, an asset is a number of units of a class at one load
point. A new class is a row of a table. Classes whose energy the sales statistics already hold are shown, not
added again.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.tariffs_time import local_times
from twin.ev_hosts import Transformers

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Ids = NDArray[np.str_]
Flags = NDArray[np.bool_]

HOURS = 24
ASSET_STREAM = 8


@dataclass(frozen=True)
class AssetClasses:
    """Classes of assets, one entry each in every column.

    Attributes
    ----------
    id, name_ko, name_en, host_class
        (C,) labels; the host class is a contract class.
    kw_per_unit
        (C,) mean power of one unit.
    of_mean
        (C, 24) power in each local hour over the mean.
    in_demand
        (C,) whether the sales statistics already hold the energy.
    critical
        (C,) whether units are to be supplied first after a fault.
    by_rating
        (C,) whether units seek large transformers instead of energy.
    """

    id: Ids
    name_ko: Ids
    name_en: Ids
    host_class: Ids
    kw_per_unit: Floats
    of_mean: Floats
    in_demand: Flags
    critical: Flags
    by_rating: Flags


@dataclass(frozen=True)
class CityAssets:
    """Assets at load points, one entry each.

    `kind` (N,) indexes `classes`; `bus` (N,) is a position in the network's buses; `units` (N,) is their
    number.
    """

    classes: AssetClasses
    kind: Ints
    bus: Ints
    district: Ids
    units: Ints

    def units_by_class(self) -> dict[str, int]:
        """Return the number of units of each class."""
        totals = np.bincount(self.kind, self.units, len(self.classes.id))
        return {str(name): round(total) for name, total in zip(self.classes.id, totals, strict=True)}

    def critical_buses(self) -> Ints:
        """Buses with a critical asset, ascending."""
        return np.unique(self.bus[self.classes.critical[self.kind]])


def asset_classes(tables: Mapping[str, pd.DataFrame]) -> AssetClasses:
    """Return the classes of assets from the tables of a checked city folder."""
    rows = tables["city_asset_classes"]
    profiles = tables["city_asset_profiles"].sort_values("hour")
    of_mean = {str(name): part["of_mean"].to_numpy(float) for name, part in profiles.groupby("profile")}
    return AssetClasses(
        id=rows["class"].to_numpy(str),
        name_ko=rows["name_ko"].to_numpy(str),
        name_en=rows["name_en"].to_numpy(str),
        host_class=rows["host_class"].to_numpy(str),
        kw_per_unit=rows["kw_per_unit"].to_numpy(float),
        of_mean=np.array([of_mean[str(name)] for name in rows["profile"]]).reshape(-1, HOURS),
        in_demand=rows["in_demand"].to_numpy(bool),
        critical=rows["critical"].to_numpy(bool),
        by_rating=(rows["spread"] == "rating").to_numpy(bool),
    )


def city_assets(tables: Mapping[str, pd.DataFrame], points: Transformers, scenario: str, seed: int) -> CityAssets:
    """Return the assets of a city at its load points.

    Parameters
    ----------
    tables
        Tables of a checked city folder.
    points
        Load points of the grid. Districts without any are left out.
    scenario
        Fleets of the table `fleets` with this scenario set the number of units of the class of their name.
    seed
        Same seed: the same places, district by district.
    """
    classes = asset_classes(tables)
    counts = _units(tables, scenario)
    found: list[tuple[int, Ints, Ints]] = []
    for (name, district), units in counts.items():
        kind = int(np.flatnonzero(classes.id == name)[0])
        here = np.flatnonzero(points.district == district)
        if not len(here) or units == 0:
            continue
        of_class = here[points.contract_class[here] == classes.host_class[kind]]
        candidates = of_class if len(of_class) else here
        weight = points.rating_kva[candidates] if classes.by_rating[kind] else points.energy_share[candidates]
        chance = weight / weight.sum() if weight.sum() > 0 else np.full(len(candidates), 1 / len(candidates))
        rng = np.random.default_rng([seed, ASSET_STREAM, zlib.crc32(f"{name} {district}".encode())])
        drawn = _spread(units, chance, rng)
        found.append((kind, candidates[drawn > 0], drawn[drawn > 0]))
    empty = np.zeros(0, dtype=np.int64)
    place = np.concatenate([empty, *(at for _, at, _ in found)])
    return CityAssets(
        classes=classes,
        kind=np.concatenate([empty, *(np.full(len(at), kind) for kind, at, _ in found)]),
        bus=points.bus[place],
        district=points.district[place],
        units=np.concatenate([empty, *(units for _, _, units in found)]),
    )


def _units(tables: Mapping[str, pd.DataFrame], scenario: str) -> dict[tuple[str, str], int]:
    rows = tables["city_assets"]
    counts = {
        (str(name), str(district)): int(units)
        for name, district, units in zip(rows["class"], rows["district"], rows["units"], strict=True)
    }
    known = set(tables["city_asset_classes"]["class"])
    fleets = tables["fleets"]
    fleets = fleets[(fleets["scenario"] == scenario) & fleets["fleet"].isin(known)]
    people = tables["districts"].set_index("code")["population"].astype(float)
    for name, total in zip(fleets["fleet"], fleets["vehicles"], strict=True):
        present = {key: units for key, units in counts.items() if key[0] == name}
        if sum(present.values()) == total:
            continue
        # a fleet that grows or shrinks is spread anew, by population and the largest remainder
        wanted = total * people / people.sum()
        units = np.floor(wanted).astype(int)
        first = (wanted - units).sort_values(ascending=False, kind="stable").index[: int(total) - int(units.sum())]
        units.loc[first] += 1
        counts = {key: number for key, number in counts.items() if key[0] != name}
        counts |= {(str(name), str(district)): int(number) for district, number in units.items()}
    return counts


def _spread(units: int, chance: Floats, rng: np.random.Generator) -> Ints:
    """How many units each place gets: a few large ones at different places as long as there are any."""
    if units <= int((chance > 0).sum()) // 2:
        drawn = np.zeros(len(chance), dtype=np.int64)
        drawn[rng.choice(len(chance), size=units, replace=False, p=chance)] = 1
        return drawn
    return rng.multinomial(units, chance).astype(np.int64)


def power_by_class_kw(
    assets: CityAssets, times_utc: NDArray[np.datetime64], zone: ZoneInfo, *, only_added: bool
) -> Floats:
    """Return the (C, T) power of all units of each class; with `only_added`, 0 for classes the demand already holds."""
    classes = assets.classes
    hour = local_times(times_utc, zone).hour.to_numpy()
    units = np.bincount(assets.kind, assets.units, len(classes.id))
    counted = ~classes.in_demand if only_added else np.ones(len(classes.id), dtype=bool)
    return np.asarray((units * classes.kw_per_unit * counted)[:, None] * classes.of_mean[:, hour])


def power_at_buses_kw(
    assets: CityAssets, times_utc: NDArray[np.datetime64], zone: ZoneInfo, bus_count: int, *, only_added: bool
) -> Floats:
    """Return the (bus_count, T) power of assets at every bus of the network.

    With `only_added`, classes whose energy the demand of the buses already holds count 0: that is what to add to it.
    """
    classes = assets.classes
    hour = local_times(times_utc, zone).hour.to_numpy()
    total = np.zeros((bus_count, len(times_utc)))
    for kind in range(len(classes.id)):
        if only_added and classes.in_demand[kind]:
            continue
        mine = assets.kind == kind
        mean_kw = np.bincount(assets.bus[mine], assets.units[mine], bus_count) * classes.kw_per_unit[kind]
        at = np.flatnonzero(mean_kw)
        total[at] += mean_kw[at, None] * classes.of_mean[kind, hour][None, :]
    return total
