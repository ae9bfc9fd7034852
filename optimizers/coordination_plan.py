"""What the coordinator hands back: plans of all assets, accepted by the power flow, their bound, prices, violations."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from grid.powerflow import PowerFlow
from optimizers.arrays import Floats
from optimizers.coordination_assets import AssetPlan
from optimizers.plan import PlanStatus, relative_gap

VOLTAGE_TOLERANCE_PU = 1e-4
LOADING_TOLERANCE = 1e-3
"""Violations of the power flow below these do not count: they are beyond the accuracy of a network's data."""


class LimitKind(Enum):
    """What is limited."""

    LOW_VOLTAGE = "lower voltage limit"
    HIGH_VOLTAGE = "upper voltage limit"
    CURRENT = "rating"
    FLOW = "active power"
    SUPPLY = "supply of the city"
    CARBON = "emissions of the city"


@dataclass(frozen=True)
class LimitPrice:
    """What one limit in one step costs.

    Attributes
    ----------
    kind, element, group, step
        Which limit: id of the bus or branch ("" for the city), name of its group, step (-1 for the whole day).
    price_krw
        What one more unit of the limit would save: KRW per pu for voltages, per kVA for ratings, per kW for active
        power and supply, each held for this step; per kg for emissions.
    """

    kind: LimitKind
    element: str
    group: str
    step: int
    price_krw: float


@dataclass(frozen=True)
class Violation:
    """A limit that the plan does not keep.

    `excess` is in pu for voltages, a fraction of the limit otherwise; `unavoidable` marks what the loads that nobody
    plans break by themselves, with every asset at its most relieving.
    """

    kind: LimitKind
    element: str
    group: str
    step: int
    excess: float
    unavoidable: bool


@dataclass(frozen=True, eq=False)
class MarginalPrices:
    """(T, N) what one more kWh drawn at a bus costs: `energy` (T,) at the slacks, and three parts that differ by place.

    `loss` is the energy price on the losses it causes, `congestion` the price of ratings and of flow and supply limits,
    `voltage` that of voltage limits.
    """

    energy_krw_per_kwh: Floats
    loss_krw_per_kwh: Floats
    congestion_krw_per_kwh: Floats
    voltage_krw_per_kwh: Floats

    @property
    def total_krw_per_kwh(self) -> Floats:
        """(T, N) sum of the parts."""
        parts = self.loss_krw_per_kwh + self.congestion_krw_per_kwh + self.voltage_krw_per_kwh
        return self.energy_krw_per_kwh[:, None] + parts


@dataclass(frozen=True)
class Round:
    """One turn of plan and power flow: limits violated, the worst, rows in the programmes, plan and bound so far."""

    violations: int
    worst_voltage_pu: float
    worst_loading: float
    rows: int
    objective_krw: float
    lower_bound_krw: float
    wall_s: float


@dataclass(frozen=True, eq=False)
class CoordinatedPlan:
    """The plan of a city.

    Attributes
    ----------
    problem_id
        `CityProblem.id`.
    assets
        Plan of each block, in the order of the problem.
    load_kw, load_kvar
        (T, N) load at every bus, all in.
    flow
        The power flow of these loads: the acceptance test.
    cost_krw
        What the assets pay, plus the price of supply where there is one.
    violation_krw
        Price of what is outside limits and could be avoided.
    lower_bound_krw, bound_for
        Proved lower bound of the sum of both, and in words of which problem.
    unlimited_bound_krw
        The bound without prices of limits.
    status
        `RELAXED` when a limit is violated by more than the tolerances, else by the gap asked for.
    prices, violations, rounds
        What binds and at what price, what is violated, how it went.
    """

    problem_id: str
    assets: tuple[AssetPlan, ...]
    load_kw: Floats
    load_kvar: Floats
    flow: PowerFlow
    cost_krw: float
    violation_krw: float
    lower_bound_krw: float
    unlimited_bound_krw: float
    bound_for: str
    status: PlanStatus
    prices: tuple[LimitPrice, ...]
    violations: tuple[Violation, ...]
    marginal: MarginalPrices
    rounds: tuple[Round, ...]
    state: object
    wall_s: float

    @property
    def objective_krw(self) -> float:
        """Cost and price of avoidable violations."""
        return self.cost_krw + self.violation_krw

    @property
    def gap(self) -> float:
        """Relative distance of objective and bound."""
        return relative_gap(self.objective_krw, self.lower_bound_krw)
