"""Which garage runs which route, and how far its places are by road."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.gtfs import GtfsFeed
from data.gtfs_distance import great_circle_km
from data.gtfs_trips import GtfsTrips
from twin.transit_trips import Places, Trips

Floats = NDArray[np.float64]


def by_garage(
    feed: GtfsFeed, trips: GtfsTrips, garages: pd.DataFrame, circuity: float
) -> Mapping[str, tuple[Trips, Places]]:
    """Give every route to the garage nearest to the ends of its trips, and return trips and places by garage.

    Parameters
    ----------
    feed, trips
        The feed and its trips of one day.
    garages
        Columns id, longitude, latitude.
    circuity
        Road distance over great-circle distance, for empty trips.
    """
    stops = feed.tables["stops"]
    lon, lat = stops["stop_lon"].to_numpy(float), stops["stop_lat"].to_numpy(float)
    ends = np.concatenate((trips.first_stop, trips.last_stop))
    used, place = np.unique(ends, return_inverse=True)
    start_place, end_place = np.split(place.ravel().astype(np.int64), 2)
    lon, lat = lon[used], lat[used]
    to_garage = circuity * great_circle_km(
        lon[:, None], lat[:, None], garages["longitude"].to_numpy(float), garages["latitude"].to_numpy(float)
    )
    every = Trips(trips.id, trips.route, trips.start_h, trips.end_h, start_place, end_place, trips.distance_km)
    home = _home(every, to_garage)
    found = {}
    for number, name in enumerate(garages["id"]):
        own = every.chosen(home == number)
        if len(own):
            own, kept = _renumbered(own)
            between = circuity * great_circle_km(lon[kept][:, None], lat[kept][:, None], lon[kept], lat[kept])
            names = stops["stop_id"].to_numpy(dtype=object)[used[kept]]
            found[str(name)] = own, Places(names, to_garage[kept, number], between)
    return MappingProxyType(found)


def _home(trips: Trips, to_garage: Floats) -> NDArray[np.int64]:
    """(N,) garage of each trip: that with the least distance to the ends of all trips of its route."""
    home = np.zeros(len(trips), dtype=np.int64)
    ways = to_garage[trips.start_place] + to_garage[trips.end_place]
    for route in dict.fromkeys(trips.route):
        own = trips.route == route
        home[own] = int(np.argmin(ways[own].sum(axis=0)))
    return home


def _renumbered(trips: Trips) -> tuple[Trips, NDArray[np.int64]]:
    """Return trips whose places count only those they use, and which ones these are."""
    kept, place = np.unique(np.concatenate((trips.start_place, trips.end_place)), return_inverse=True)
    start_place, end_place = np.split(place.ravel().astype(np.int64), 2)
    renumbered = Trips(trips.id, trips.route, trips.start_h, trips.end_h, start_place, end_place, trips.distance_km)
    return renumbered, kept
