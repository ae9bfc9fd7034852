"""Which bus drives which absence, so that few buses do and each has the energy when it leaves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from twin.transit_duties import Duty
from twin.transit_links import TINY_H

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Battery:
    """What the battery of every bus of the garage can do.

    Attributes
    ----------
    usable_kwh
        Between the lowest and the highest state of charge allowed.
    reserve_kwh
        What must be left above the lowest at every return.
    charge_kw
        Power into the cells that a bus can count on while it stands in the garage.
    """

    usable_kwh: float
    reserve_kwh: float
    charge_kw: float

    @property
    def carried_kwh(self) -> float:
        """Most that one absence may take."""
        return self.usable_kwh - self.reserve_kwh


class Choice(Enum):
    """Which of the buses that could drive an absence does."""

    EMPTIEST = "the emptiest that has enough"
    FULLEST = "the fullest"
    LONGEST_PARKED = "the one that has stood longest"


def assign_buses(duties: Sequence[Duty], battery: Battery, garage_layover_h: float) -> NDArray[np.int64]:
    """Return the (K,) bus of each absence; buses count from 0 and leave full the first time.

    Absences are dealt out in the order of their departures; the rule of choice that needs the fewest buses is taken.
    When energy does not bind, every rule needs as few as any plan can: the most absences at one time.

    Parameters
    ----------
    duties
        Absences by departure, none taking more than `Battery.carried_kwh`.
    battery
        Of every bus.
    garage_layover_h
        Least time in the garage between two absences of a bus.
    """
    plans = [_dealt(duties, battery, garage_layover_h, choice) for choice in Choice]
    return min(plans, key=lambda plan: int(plan.max(initial=-1)))


def _dealt(duties: Sequence[Duty], battery: Battery, layover_h: float, choice: Choice) -> NDArray[np.int64]:
    back_h, left_kwh = np.full(len(duties), -np.inf), np.full(len(duties), battery.usable_kwh)
    bus = np.zeros(len(duties), dtype=np.int64)
    count = 0
    for place, duty in enumerate(duties):
        free = np.flatnonzero(back_h[:count] + layover_h <= duty.departure_h + TINY_H)
        parked_h = duty.departure_h - back_h[free]
        stored = np.minimum(left_kwh[free] + battery.charge_kw * parked_h, battery.usable_kwh)
        enough = stored >= duty.energy_kwh + battery.reserve_kwh - 1e-9
        free, parked_h, stored = free[enough], parked_h[enough], stored[enough]
        if len(free):
            rank = {Choice.EMPTIEST: -stored, Choice.FULLEST: stored, Choice.LONGEST_PARKED: parked_h}[choice]
            best = int(np.argmax(rank))
            bus[place], before = free[best], stored[best]
        else:
            bus[place], before = count, battery.usable_kwh
            count += 1
        back_h[bus[place]], left_kwh[bus[place]] = duty.return_h, before - duty.energy_kwh
    return bus
