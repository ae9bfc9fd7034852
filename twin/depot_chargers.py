"""The chargers of a depot, which bus fits where, and the rules of plugging."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from data.depot_clock import Times, inside_hours, read_hours_of_day
from data.depot_folder import DepotFolder
from data.errors import ProblemList
from optimizers.problem import Cabinet, ChargerClass, LaneRule, SessionRules

Flags = NDArray[np.bool_]

LANES = {
    "": LaneRule.FREE,
    "free": LaneRule.FREE,
    "first_in_first_out": LaneRule.FIRST_IN_FIRST_OUT,
    "last_in_first_out": LaneRule.LAST_IN_FIRST_OUT,
}


def charger_classes(folder: DepotFolder) -> tuple[ChargerClass, ...]:
    """Return the classes of outlets, in the order of their table."""
    return tuple(
        ChargerClass(
            id=row["charger"],
            count=int(row["outlets"]),
            min_kw=float(row["min_kw"]),
            max_kw=float(row["max_kw"]),
            can_pause=bool(row["can_pause"]),
            max_discharge_kw=float(row["max_discharge_kw"]),
            efficiency=float(row["efficiency"]),
            lane=LANES[row["lane"]],
        )
        for _, row in folder.tables["chargers"].iterrows()
    )


def compatible(folder: DepotFolder) -> Flags:
    """Return (B, C) whether a bus fits a class; every bus fits every outlet without a table."""
    types, chargers = list(folder.tables["buses"]["type"]), list(folder.tables["chargers"]["charger"])
    if "compatibility" not in folder.tables:
        return np.ones((len(types), len(chargers)), dtype=bool)
    table = folder.tables["compatibility"]
    fits = set(zip(table["charger"], table["type"], strict=True))
    return np.array([[(charger, kind) in fits for charger in chargers] for kind in types])


def cabinets(folder: DepotFolder) -> tuple[Cabinet, ...]:
    """Return the cabinets that feed at least one class."""
    if "cabinets" not in folder.tables:
        return ()
    of_class = list(folder.tables["chargers"]["cabinet"])
    found = []
    for _, row in folder.tables["cabinets"].iterrows():
        classes = tuple(place for place, name in enumerate(of_class) if name == row["cabinet"])
        if classes:
            found.append(Cabinet(row["cabinet"], classes, float(row["max_kw"])))
    return tuple(found)


def session_rules(folder: DepotFolder, edges_utc: Times) -> SessionRules:
    """Return the rules of plugging in whole steps, rounded up."""
    settings, starts = folder.settings, edges_utc[:-1]
    allowed = np.ones(len(starts), dtype=bool)
    if "staff" in folder.tables:
        spans = read_hours_of_day(folder.tables["staff"], "staff.csv", ProblemList())
        allowed = inside_hours(starts, spans, settings.zone)
    return SessionRules(
        min_plug_steps=max(1, int(np.ceil(settings.number("sessions.min_plug_min") / settings.step_min - 1e-9))),
        max_sessions_per_stay=int(settings.number("sessions.max_per_stay")),
        handover_steps=int(np.ceil(settings.number("sessions.handover_min") / settings.step_min - 1e-9)),
        plug_allowed=allowed,
        start_krw=settings.number("sessions.start_krw"),
    )
