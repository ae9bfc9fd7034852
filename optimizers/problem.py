"""One electric-bus depot on one day, as arrays: what its buses need, what its chargers and its site can give.

Everything here is data. `optimizers.problem_checks` says what is wrong with it; `optimizers.depot` plans it.

Dimensions: B buses, T steps, C charger classes, K taper segments, J depth segments. Step t covers the time from
``start + sum(step_h[:t])``, labelled by its start. Energies e[b, t] stand at the START of step t, e[b, T] at the end.
Bus powers (`charge_kw`, `discharge_kw`) are measured at the vehicle inlet, which is the output of the charger; the site
sees ``charge_kw / efficiency`` and ``discharge_kw * efficiency`` of the charger class.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

import numpy as np

from optimizers.arrays import Flags, Floats, Ids, Ints
from optimizers.site import NOT_METERED, DemandCharge, EnergyPrices, SiteBattery, SitePower

__all__ = [
    "NOT_METERED",
    "NOT_PLUGGED",
    "Buses",
    "Cabinet",
    "ChargerClass",
    "Degradation",
    "DemandCharge",
    "DepotProblem",
    "EnergyPrices",
    "Flags",
    "Floats",
    "Ids",
    "Ints",
    "LaneRule",
    "SessionRules",
    "SiteBattery",
    "SitePower",
    "Stay",
    "UnderWay",
    "charge_limit_kw",
    "discharge_limit_kw",
    "stays",
]

NOT_PLUGGED = -1


class LaneRule(Enum):
    """How buses at the outlets of one charger class stand in each other's way."""

    FREE = "free"
    """Every outlet can be reached and left at any time."""
    FIRST_IN_FIRST_OUT = "first in, first out"
    """The class is one drive-through lane: who came first leaves first."""
    LAST_IN_FIRST_OUT = "last in, first out"
    """The class is one dead-end lane: who came last leaves first."""


@dataclass(frozen=True, eq=False)
class Buses:
    """The batteries of B buses, one entry per bus in every column.

    Attributes
    ----------
    id
        (B,) names, unique.
    battery_kwh, min_kwh, max_kwh
        (B,) size, and the window the stored energy must stay in at every step.
    initial_kwh, terminal_min_kwh
        (B,) energy at the start of the horizon and the least at its end.
    charge_efficiency, discharge_efficiency
        (B,) from inlet to cells and from cells to inlet, in (0, 1].
    standing_loss_kw
        (B,) drawn from the cells in every step in which the bus is present (heating, control units).
    max_charge_kw, max_discharge_kw
        (B,) of the vehicle at its inlet; `max_discharge_kw` is 0 for a bus that cannot feed back.
    discharge_limit_kwh
        (B,) warranty throughput: most energy fed back at the inlet over the horizon; inf when there is none.
    taper_kw, taper_kw_per_kwh
        (B, K) concave charge limit: ``charge_kw[b, t] <= taper_kw[b, k] + taper_kw_per_kwh[b, k] * e[b, t]`` for all k.
        K may be 0. A row that never binds (``inf``, 0) fills up a bus with fewer segments.
    """

    id: Ids
    battery_kwh: Floats
    min_kwh: Floats
    max_kwh: Floats
    initial_kwh: Floats
    terminal_min_kwh: Floats
    charge_efficiency: Floats
    discharge_efficiency: Floats
    standing_loss_kw: Floats
    max_charge_kw: Floats
    max_discharge_kw: Floats
    discharge_limit_kwh: Floats
    taper_kw: Floats
    taper_kw_per_kwh: Floats


@dataclass(frozen=True)
class ChargerClass:
    """`count` identical outlets, which carry no index in any model: their ids are given afterwards by colouring.

    Attributes
    ----------
    min_kw, max_kw
        Power range while charging, at the inlet of the bus.
    can_pause
        Whether a plugged bus may stand at 0 kW. If not, a plugged bus charges with at least `min_kw`. A class that
        feeds back can pause.
    max_discharge_kw
        Most power fed back through one outlet, at the inlet; 0 for a charger without V2G.
    efficiency
        From the site's bus bar to the inlet and back, in (0, 1].
    lane
        Whether the outlets form a lane in which buses block each other.
    """

    id: str
    count: int
    min_kw: float
    max_kw: float
    can_pause: bool
    max_discharge_kw: float
    efficiency: float
    lane: LaneRule = LaneRule.FREE


@dataclass(frozen=True)
class Cabinet:
    """Charger classes whose outlets share one power cabinet: their charging at the inlets sums to at most `max_kw`."""

    id: str
    classes: tuple[int, ...]
    max_kw: float


@dataclass(frozen=True, eq=False)
class SessionRules:
    """When and how often a bus may be plugged.

    Attributes
    ----------
    min_plug_steps
        Least length of a session in steps (1 = no rule). A session cut by the end of the horizon may be shorter.
    max_sessions_per_stay
        Most sessions in one stay; a stay is an unbroken run of steps in which the bus is present.
    handover_steps
        Steps for which an outlet stays empty after a bus was unplugged.
    plug_allowed
        (T,) whether a session may start in the step (staff on duty). Unplugging is always possible: drivers do it.
    start_krw
        Labour cost of one session.
    """

    min_plug_steps: int
    max_sessions_per_stay: int
    handover_steps: int
    plug_allowed: Flags
    start_krw: float = 0.0


@dataclass(frozen=True, eq=False)
class Degradation:
    """Battery wear: a price per kWh drawn from the cells that grows with the depth of the cycle, and a calendar term.

    Depth segments follow Xu, Zhao, Zheng, Litvinov, Kirschen (IEEE Trans. Power Systems 33(2), 2018): energy above
    `min_kwh` is split over J segments; every kWh drawn (trips, losses, feeding back) leaves a segment and costs that
    segment's price; charging fills any segment. With ascending prices the cheapest, shallow segments cycle first.

    Attributes
    ----------
    depth_kwh, krw_per_kwh
        (B, J) size of the segments, shallow first, together at least ``max_kwh - min_kwh``; prices ascend along J.
        At the start the shallow segments are the empty ones.
    calendar_krw_per_kwh_h, calendar_free_kwh
        (B,) cost of holding a kWh above `calendar_free_kwh` for an hour, counted at the end of each step.
    """

    depth_kwh: Floats
    krw_per_kwh: Floats
    calendar_krw_per_kwh_h: Floats
    calendar_free_kwh: Floats


@dataclass(frozen=True, eq=False)
class UnderWay:
    """What was already going on when the horizon starts, for re-planning during the day.

    Attributes
    ----------
    plugged_class
        (B,) charger class each bus is plugged to just before step 0, or `NOT_PLUGGED`.
    steps_plugged
        (B,) steps that session has lasted.
    sessions_used
        (B,) sessions of the present stay so far, the running one included.
    """

    plugged_class: Ints
    steps_plugged: Ints
    sessions_used: Ints


@dataclass(frozen=True, eq=False)
class DepotProblem:
    """One depot over one horizon.

    Stored energy follows, with h = `step_h`::

        e[b, t+1] = e[b, t] + h[t] (charge_eff[b] charge_kw[b, t] - discharge_kw[b, t] / discharge_eff[b])
                    - h[t] standing_loss_kw[b] present[b, t] - trip_kwh[b, t]

    Attributes
    ----------
    id
        Name of the depot.
    step_h
        (T,) length of each step.
    present
        (B, T) whether the bus stands in the depot for the whole step.
    trip_kwh
        (B, T) energy leaving the cells during the step for driving, all losses included; 0 where present.
    need_kwh
        (B, T) least energy at the START of step t (departure need, reserve); 0 where there is none.
    compatible
        (B, C) whether the bus can use the charger class.
    """

    id: str
    step_h: Floats
    buses: Buses
    present: Flags
    trip_kwh: Floats
    need_kwh: Floats
    chargers: tuple[ChargerClass, ...]
    compatible: Flags
    rules: SessionRules
    prices: EnergyPrices
    site: SitePower
    demand: DemandCharge | None = None
    degradation: Degradation | None = None
    cabinets: tuple[Cabinet, ...] = ()
    under_way: UnderWay | None = None
    labels: tuple[str, ...] = field(default=())
    """(T,) what a person calls each step, e.g. "04:15"; empty when steps have only numbers."""

    @property
    def bus_count(self) -> int:
        """Number of buses, B."""
        return len(self.buses.id)

    @property
    def step_count(self) -> int:
        """Number of steps, T."""
        return len(self.step_h)

    def step_name(self, step: int) -> str:
        """Return what a person calls the start of the step."""
        return self.labels[step] if step < len(self.labels) else f"step {step}"


def charge_limit_kw(problem: DepotProblem) -> Floats:
    """Return the (B, C) highest charging power of a bus at a class, 0 where they do not fit together."""
    of_class = np.array([charger.max_kw for charger in problem.chargers])
    return np.where(problem.compatible, np.minimum(problem.buses.max_charge_kw[:, None], of_class), 0.0)


def discharge_limit_kw(problem: DepotProblem) -> Floats:
    """Return the (B, C) highest feeding-back power of a bus at a class, 0 where they do not fit together."""
    of_class = np.array([charger.max_discharge_kw for charger in problem.chargers])
    return np.where(problem.compatible, np.minimum(problem.buses.max_discharge_kw[:, None], of_class), 0.0)


@dataclass(frozen=True)
class Stay:
    """Steps ``start <= t < stop`` in which bus number `bus` stands in the depot without a break."""

    bus: int
    start: int
    stop: int


def stays(present: Flags) -> tuple[Stay, ...]:
    """Return all stays of a (B, T) presence table, by bus, then by time."""
    found: list[Stay] = []
    for bus, row in enumerate(present):
        edges = np.flatnonzero(np.diff(np.concatenate(([0], row.astype(np.int8), [0]))))
        found += [Stay(bus, int(a), int(z)) for a, z in zip(edges[::2], edges[1::2], strict=True)]
    return tuple(found)
