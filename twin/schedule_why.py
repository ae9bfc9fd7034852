"""Why the plan of a city is as it is, as figures a page can turn into sentences: part `why` of a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

WHY_FILE = "why.json"
WHY_VERSION = 1


class LimitName(StrEnum):
    """What is limited; the unit of amounts beside it."""

    LOW_VOLTAGE = "low_voltage"
    """pu"""
    HIGH_VOLTAGE = "high_voltage"
    """pu"""
    CURRENT = "current"
    """kVA"""
    FLOW = "flow"
    """kW"""
    SUPPLY = "supply"
    """kW"""
    CARBON = "carbon"
    """kg"""


class Investment(StrEnum):
    """What could be built at a place."""

    BATTERY = "battery"
    CHARGER = "charger"
    CABLE = "cable"


@dataclass(frozen=True)
class Binding:
    """A limit that costs money without a break from `start` to `stop`, local clock times.

    Attributes
    ----------
    limit, element, group
        Which limit: id of the bus or branch ("" for the city), name of its feeder or bank ("" for none).
    head
        Whether the element is what its whole group is fed through.
    price_krw_per_unit_h
        What one more unit of the limit would save in an hour, mean of the time it binds; per unit for the day for
        emissions. Units are those of `LimitName`.
    relief, worth_krw
        A modest relief, and what the plan would cost less with it, at most: the saving of each further unit is no
        larger than that of the first.
    """

    limit: LimitName
    element: str
    group: str
    head: bool
    start: str
    stop: str
    price_krw_per_unit_h: float
    relief: float
    worth_krw: float


@dataclass(frozen=True)
class Place:
    """A place where something would be worth building, by the marginal prices of this day.

    Attributes
    ----------
    investment, element, group
        What, at which bus (for a cable: instead of which branch), on which feeder.
    size
        kW of the battery or charger, share of the cable's cross-section added.
    worth_krw
        Battery, cable: what it would save on the day at most. Charger: what the grid would lose by a day of its
        use, negative; 0 where there is room at no price.
    room_kw
        Charger: power the feeder has left in its worst step.
    """

    investment: Investment
    element: str
    group: str
    size: float
    worth_krw: float
    room_kw: float = 0.0


@dataclass(frozen=True)
class Shortfall:
    """A limit the plan does not keep: which part of the network, when, by how much, and the smallest way out.

    Attributes
    ----------
    limit, group, element
        Which limit of which feeder or bank, and its worst bus or branch.
    start, stop, minutes
        Local clock times of the first and last step, and minutes within.
    excess
        Worst excess in the unit of `LimitName`: the limit must be relaxed by this much for the plan to keep it.
    share
        The same as a share of the limit; for voltages in pu.
    relief_kw, relief_kvar
        Alternatives to the relaxed limit: load less, or reactive power produced, at the worst place in the worst
        step; infinite where it does not help.
    forced
        Whether loads that nobody plans break it by themselves, with every asset at its most relieving.
    """

    limit: LimitName
    group: str
    element: str
    start: str
    stop: str
    minutes: float
    excess: float
    share: float
    relief_kw: float
    relief_kvar: float
    forced: bool


@dataclass(frozen=True)
class Why:
    """Everything that explains a plan.

    Attributes
    ----------
    status
        State of the plan.
    cost_krw, violation_krw, limits_krw
        What the plan costs, the price of avoidable violations, and what the limits of grid and city add to the cost of
        a plan without them (at most).
    bindings
        Limits that cost money, dearest first.
    places
        Best places first within each kind of investment.
    shortfalls
        Limits that are not kept, worst first.
    aims
        The aims the plan was made under, in words.
    """

    status: str
    cost_krw: float
    violation_krw: float
    limits_krw: float
    bindings: tuple[Binding, ...]
    places: tuple[Place, ...]
    shortfalls: tuple[Shortfall, ...]
    aims: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return the part as plain JSON; infinite reliefs become null."""
        document = asdict(self)
        for row in document["shortfalls"]:
            for name in ("relief_kw", "relief_kvar"):
                row[name] = row[name] if row[name] < float("inf") else None
        return {"version": WHY_VERSION, **document}


def why_from_json(document: Mapping[str, Any]) -> Why:
    """Return the part read back from JSON.

    Raises
    ------
    ValueError
        When the document is of another version.
    """
    if document.get("version") != WHY_VERSION:
        raise ValueError(f"part 'why' of version {document.get('version')}, known is {WHY_VERSION}")
    return Why(
        status=document["status"],
        cost_krw=document["cost_krw"],
        violation_krw=document["violation_krw"],
        limits_krw=document["limits_krw"],
        bindings=tuple(Binding(**{**row, "limit": LimitName(row["limit"])}) for row in document["bindings"]),
        places=tuple(Place(**{**row, "investment": Investment(row["investment"])}) for row in document["places"]),
        shortfalls=tuple(_shortfall(row) for row in document["shortfalls"]),
        aims=tuple(document["aims"]),
    )


def _shortfall(row: Mapping[str, Any]) -> Shortfall:
    reliefs = {name: float("inf") if row[name] is None else row[name] for name in ("relief_kw", "relief_kvar")}
    return Shortfall(**{**row, **reliefs, "limit": LimitName(row["limit"])})
