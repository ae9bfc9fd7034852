"""What a city wants of its plan besides the grid's limits, read from words and checked against each other."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from data.errors import ProblemList

FILE = "aims"
CALL = re.compile(r"(\d{1,2}):(\d{2})-(\d{1,2}):(\d{2})=([0-9.]+)")


class Objective(StrEnum):
    """What is least."""

    COST = "cost"
    """What the actors pay by their tariffs."""
    SYSTEM = "system"
    """Wholesale price of what is drawn, losses included, wear and comfort, and the network's peak."""
    PEAK = "peak"
    """The highest power the city draws; then the cost."""
    CARBON = "carbon"
    """Emissions; then the cost."""


@dataclass(frozen=True)
class DemandCall:
    """A call for demand response: draw so much less than without it, between two local clock times.

    Attributes
    ----------
    start, stop
        Minutes after midnight; a call whose stop is before its start runs past midnight.
    less_kw
        Power to be shed in every step.
    """

    start: int
    stop: int
    less_kw: float

    @property
    def words(self) -> str:
        """The call as it is written."""
        return f"{clock(self.start)}-{clock(self.stop)}={self.less_kw / 1e3:g}"

    def steps(self, labels: Sequence[str]) -> NDArray[np.bool_]:
        """Return (T,) steps whose start lies in the call, from local clock times "HH:MM"."""
        minute = np.array([int(label[-5:-3]) * 60 + int(label[-2:]) for label in labels])
        if self.start < self.stop:
            return np.asarray((minute >= self.start) & (minute < self.stop))
        return np.asarray((minute >= self.start) | (minute < self.stop))


@dataclass(frozen=True)
class Aims:
    """Everything a plan is asked for; infinite and None mean: not asked for.

    Attributes
    ----------
    objective
        What is least.
    peak_cap_kw
        Most power the city draws in any step.
    calls
        Calls for demand response.
    carbon_limit_kg, carbon_krw_per_kg
        Most emissions of the day, and a price of them.
    service_level
        Least share of its energy that every vehicle gets; 1 for all of it.
    fair_share
        Most that any district loses of its charging and of its solar power; kept asset by asset, so by every district.
    """

    objective: Objective = Objective.COST
    peak_cap_kw: float = float("inf")
    calls: tuple[DemandCall, ...] = ()
    carbon_limit_kg: float = float("inf")
    carbon_krw_per_kg: float = 0.0
    service_level: float = 1.0
    fair_share: float | None = None

    def note_problems(self, problems: ProblemList) -> None:
        """Note aims without meaning, and aims that contradict each other."""
        if not self.peak_cap_kw > 0:
            problems.add(FILE, f"a cap of {self.peak_cap_kw / 1e3:g} MW", "give a power above 0", field="peak-cap")
        if not self.carbon_limit_kg > 0:
            what = f"a budget of {self.carbon_limit_kg / 1e3:g} t"
            problems.add(FILE, what, "give an amount above 0", field="carbon-budget")
        if not (np.isfinite(self.carbon_krw_per_kg) and self.carbon_krw_per_kg >= 0):
            problems.add(FILE, f"{self.carbon_krw_per_kg:g} KRW/kg", "give 0 or more", field="carbon-price")
        if not 0 < self.service_level <= 1:
            what = f"a service level of {self.service_level:g}"
            problems.add(FILE, what, "give a share above 0 and at most 1", field="service-level")
        if self.fair_share is not None and not 0 <= self.fair_share <= 1:
            problems.add(FILE, f"a share of {self.fair_share:g}", "give a number from 0 to 1", field="fair")
        for row, call in enumerate(self.calls, start=1):
            if call.start == call.stop or not (np.isfinite(call.less_kw) and call.less_kw > 0):
                what = f"the call {call.words} asks for nothing"
                problems.add(FILE, what, "give two different times and a power above 0", row=row, field=DEMAND_RESPONSE)
        self._note_contradictions(problems)

    def _note_contradictions(self, problems: ProblemList) -> None:
        if self.objective is Objective.CARBON and self.carbon_krw_per_kg > 0:
            what = "emissions are to be least, so a price of emissions changes nothing"
            problems.add(FILE, what, "leave out the price, or ask for the least cost", field="carbon-price")
        if self.fair_share is not None and 0 < self.service_level < 1 - self.fair_share < 1:
            what = (
                f"a service level of {self.service_level:g} lets a district lose {1 - self.service_level:.0%}, "
                f"fairness allows {self.fair_share:.0%}"
            )
            fix = f"raise the service level to {1 - self.fair_share:g}, or the share to {1 - self.service_level:g}"
            problems.add(FILE, what, fix, field="fair")
        every_minute = [f"{clock(minute)}" for minute in range(24 * 60)]
        for row, call in enumerate(self.calls):
            for other in self.calls[:row]:
                both = call.steps(every_minute) & other.steps(every_minute)
                if both.any() and call.less_kw != other.less_kw:
                    what = f"the calls {other.words} and {call.words} ask for different powers at the same time"
                    problems.add(FILE, what, "give each hour one power", row=row + 1, field=DEMAND_RESPONSE)

    def words(self) -> tuple[str, ...]:
        """Return the aims in English, the objective first."""
        told = [OBJECTIVE_WORDS[self.objective]]
        if np.isfinite(self.peak_cap_kw):
            told.append(f"at most {self.peak_cap_kw / 1e3:g} MW drawn")
        told += [
            f"{call.less_kw / 1e3:g} MW less from {clock(call.start)} to {clock(call.stop)}" for call in self.calls
        ]
        if np.isfinite(self.carbon_limit_kg):
            told.append(f"at most {self.carbon_limit_kg / 1e3:g} t CO2")
        if self.carbon_krw_per_kg > 0:
            told.append(f"{self.carbon_krw_per_kg:g} KRW for each kg CO2")
        if self.service_level < 1:
            told.append(f"at least {self.service_level:.0%} of every vehicle's energy")
        if self.fair_share is not None:
            told.append(f"no district loses more than {self.fair_share:.0%}")
        return tuple(told)


DEMAND_RESPONSE = "demand-response"
OBJECTIVE_WORDS = {
    Objective.COST: "least cost by tariffs",
    Objective.SYSTEM: "least cost of the system",
    Objective.PEAK: "lowest peak",
    Objective.CARBON: "least emissions",
}


def clock(minute: int) -> str:
    """Return minutes after midnight as "HH:MM"."""
    return f"{minute // 60 % 24:02d}:{minute % 60:02d}"


def demand_call(text: str, row: int, problems: ProblemList) -> DemandCall | None:
    """Return the call that is written as "HH:MM-HH:MM=MW"; note what is wrong with it and return None."""
    found = CALL.fullmatch(text.strip())
    numbers = [int(part) for part in found.groups()[:4]] if found else []
    if not found or numbers[0] > 24 or numbers[2] > 24 or max(numbers[1], numbers[3]) > 59 or found[5].count(".") > 1:
        problems.add(FILE, f"'{text}' is no call", "write HH:MM-HH:MM=MW", row=row, field=DEMAND_RESPONSE)
        return None
    return DemandCall(numbers[0] * 60 + numbers[1], numbers[2] * 60 + numbers[3], float(found[5]) * 1e3)
