"""The batteries of a depot's buses: windows, taper and wear."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from data.depot_folder import DepotFolder
from optimizers.problem import Buses, Degradation
from twin.buses_depot import CYCLE_EXPONENT, CYCLE_STRESS, DEPTH_SEGMENTS

Floats = NDArray[np.float64]


def fleet_of(folder: DepotFolder, soc: Floats) -> Buses:
    """Return the buses of a folder with (B,) states of charge.

    A bus that came back below its window is let be: the window then reaches down to where it stands.
    """
    battery = folder.column_of_buses("battery_kwh")
    low, high = battery * folder.column_of_buses("min_soc"), battery * folder.column_of_buses("max_soc")
    end_soc = folder.tables["buses"]["end_soc"].to_numpy(dtype=float)
    end_soc = np.where(np.isnan(end_soc), folder.settings.number("planning.end_soc"), end_soc)
    power, back = folder.column_of_buses("max_charge_kw"), folder.column_of_buses("warranty_discharge_kwh")
    taper_kw, slope = _taper(folder, battery, power)
    return Buses(
        id=np.array(folder.bus_names),
        battery_kwh=battery,
        min_kwh=np.minimum(low, soc * battery),
        max_kwh=high,
        initial_kwh=soc * battery,
        terminal_min_kwh=np.maximum(end_soc * battery, low),
        charge_efficiency=folder.column_of_buses("charge_efficiency"),
        discharge_efficiency=folder.column_of_buses("discharge_efficiency"),
        standing_loss_kw=folder.column_of_buses("standing_loss_kw"),
        max_charge_kw=power,
        max_discharge_kw=folder.column_of_buses("max_discharge_kw"),
        discharge_limit_kwh=np.where(np.isnan(back), np.inf, back),
        taper_kw=taper_kw,
        taper_kw_per_kwh=slope,
    )


def _taper(folder: DepotFolder, battery: Floats, power: Floats) -> tuple[Floats, Floats]:
    """Return (B, K) lines from full power at `taper_from_soc` to its end share at `max_soc`; K is 0 without any."""
    start, end = folder.column_of_buses("taper_from_soc"), folder.column_of_buses("taper_end_share")
    given = ~np.isnan(start)
    if not given.any():
        return np.zeros((len(battery), 0)), np.zeros((len(battery), 0))
    room = np.where(given, (folder.column_of_buses("max_soc") - start) * battery, 1.0)
    slope = np.where(given, -power * (1 - np.where(given, end, 1.0)) / room, 0.0)
    offset = np.where(given, power - slope * np.where(given, start, 0.0) * battery, np.inf)
    return offset[:, None], slope[:, None]


def degradation_of(folder: DepotFolder, buses: Buses) -> Degradation | None:
    """Wear by depth of cycle in equal segments, with the marginal life lost in each, and a calendar term."""
    settings = folder.settings
    if not settings.has("wear"):
        return None
    edges = np.linspace(0, 1, DEPTH_SEGMENTS + 1)
    lost = CYCLE_STRESS * np.diff(edges**CYCLE_EXPONENT) * DEPTH_SEGMENTS
    count = len(buses.id)
    return Degradation(
        depth_kwh=np.repeat(buses.battery_kwh[:, None] / DEPTH_SEGMENTS, DEPTH_SEGMENTS, axis=1),
        krw_per_kwh=np.tile(settings.number("wear.cell_krw_per_kwh") * lost, (count, 1)),
        calendar_krw_per_kwh_h=np.full(count, settings.number("wear.calendar_krw_per_kwh_h")),
        calendar_free_kwh=settings.number("wear.calendar_free_soc") * buses.battery_kwh,
    )
