"""From the plan of a city to why it is so: limits that cost money, places worth building at, limits not kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from optimizers.arrays import Floats, Ints
from optimizers.coordination_plan import CoordinatedPlan, LimitKind, LimitPrice, Violation
from optimizers.coordination_problem import CityProblem
from twin.schedule_places import Builds, places
from twin.schedule_relief import relief_powers
from twin.schedule_why import Binding, LimitName, Shortfall, Why

LIMIT_NAMES = {kind: LimitName[kind.name] for kind in LimitKind}
WHOLE_DAY = -1

MODEST_RELIEF: dict[LimitName, float] = {
    LimitName.LOW_VOLTAGE: 0.005,
    LimitName.HIGH_VOLTAGE: 0.005,
    LimitName.CURRENT: 500.0,
    LimitName.FLOW: 500.0,
    LimitName.SUPPLY: 500.0,
    LimitName.CARBON: 1000.0,
}
"""Relief whose worth is told: half a percent of voltage, half a megawatt, a ton."""

MOST_BINDINGS = 50
MOST_SHORTFALLS = 50
NO_WORTH_KRW = 1.0
"""Bindings worth less than this are rounding."""


@dataclass(frozen=True)
class Span:
    """Steps from `first` to `last`, both inside, in which something holds without a break."""

    first: int
    last: int


def why_of(
    problem: CityProblem,
    plan: CoordinatedPlan,
    labels: Sequence[str],
    builds: Builds,
    aims: tuple[str, ...] = (),
) -> Why:
    """Explain a plan.

    Parameters
    ----------
    problem, plan
        What was planned, and how.
    labels
        (T,) local clock time of the start of every step.
    builds
        What could be built, for the places worth building at.
    aims
        The aims the plan was made under, in words.
    """
    clock = Clock(tuple(labels), problem.step_h)
    limits_krw = max(plan.objective_krw - plan.unlimited_bound_krw, 0.0)
    return Why(
        status=plan.status.value,
        cost_krw=plan.cost_krw,
        violation_krw=plan.violation_krw,
        limits_krw=limits_krw,
        bindings=_bindings(problem, plan.prices, clock, limits_krw),
        places=places(problem, plan, builds, limits_krw),
        shortfalls=_shortfalls(problem, plan, clock),
        aims=aims,
    )


@dataclass(frozen=True)
class Clock:
    """Local times of the edges of steps."""

    labels: tuple[str, ...]
    step_h: float

    def start(self, span: Span) -> str:
        """Return when the span begins; the first step of the day where it is the whole day."""
        return self.labels[max(span.first, 0)]

    def stop(self, span: Span) -> str:
        """Return when the span ends: the start of the step after it."""
        last = len(self.labels) - 1 if span.last == WHOLE_DAY else span.last
        if last + 1 < len(self.labels):
            return self.labels[last + 1]
        hour, minute = self.labels[-1][-5:].split(":")
        minutes = (int(hour) * 60 + int(minute) + round(self.step_h * 60)) % (24 * 60)
        return f"{minutes // 60:02d}:{minutes % 60:02d}"

    def minutes(self, span: Span) -> float:
        """Return the length of the span."""
        steps = len(self.labels) if span.last == WHOLE_DAY else span.last - span.first + 1
        return steps * self.step_h * 60


def spans(steps: Ints) -> list[Span]:
    """Return the unbroken spans of a set of steps."""
    ordered = np.unique(steps)
    cuts = np.flatnonzero(np.diff(ordered) > 1)
    first = np.concatenate([ordered[:1], ordered[cuts + 1]])
    last = np.concatenate([ordered[cuts], ordered[-1:]])
    return [Span(int(a), int(b)) for a, b in zip(first, last, strict=True)]


def _bindings(
    problem: CityProblem, prices: Sequence[LimitPrice], clock: Clock, limits_krw: float
) -> tuple[Binding, ...]:
    by_limit: dict[tuple[LimitKind, str, str], dict[int, float]] = {}
    for price in prices:
        seen = by_limit.setdefault((price.kind, price.element, price.group), {})
        seen[price.step] = seen.get(price.step, 0.0) + price.price_krw
    found = [
        _binding(problem, limit, span, by_step, clock, limits_krw)
        for limit, by_step in by_limit.items()
        for span in spans(np.fromiter(by_step, dtype=np.int64))
    ]
    told = [binding for binding in found if binding.worth_krw >= NO_WORTH_KRW]
    told.sort(key=lambda binding: (-binding.worth_krw, binding.element, binding.start))
    return tuple(told[:MOST_BINDINGS])


def _binding(
    problem: CityProblem,
    limit: tuple[LimitKind, str, str],
    span: Span,
    by_step: dict[int, float],
    clock: Clock,
    limits_krw: float,
) -> Binding:
    kind, element, group = limit
    name = LIMIT_NAMES[kind]
    total = sum(by_step[step] for step in range(span.first, span.last + 1))
    hours = 1.0 if span.first == WHOLE_DAY else (span.last - span.first + 1) * problem.step_h
    return Binding(
        limit=name,
        element=element,
        group=group,
        head=_is_head(problem, element, group),
        start=clock.start(span),
        stop=clock.stop(span),
        price_krw_per_unit_h=total / hours,
        relief=MODEST_RELIEF[name],
        # no relief saves more than all limits cost together
        worth_krw=min(total * MODEST_RELIEF[name], limits_krw),
    )


def _is_head(problem: CityProblem, element: str, group: str) -> bool:
    """Whether a branch is what a group is fed through."""
    limits = problem.limits
    number = np.flatnonzero(limits.group == group)
    if not number.size or not limits.group_feed.size or limits.group_feed[number[0]] < 0:
        return False
    return bool(problem.network.branch_ids[limits.group_feed[number[0]]] == element)


def _shortfalls(problem: CityProblem, plan: CoordinatedPlan, clock: Clock) -> tuple[Shortfall, ...]:
    by_group: dict[tuple[LimitKind, str], list[Violation]] = {}
    for violation in plan.violations:
        by_group.setdefault((violation.kind, violation.group), []).append(violation)
    parts = [
        (span, [one for one in group if span.first <= one.step <= span.last])
        for group in by_group.values()
        for span in spans(np.array([one.step for one in group]))
    ]
    worst = [max(part, key=lambda one: one.excess) for _, part in parts]
    order = sorted(range(len(parts)), key=lambda k: (-_severity(worst[k]), worst[k].element))[:MOST_SHORTFALLS]
    reliefs = relief_powers(problem, plan, [worst[k] for k in order])
    return tuple(
        _shortfall(problem, worst[k], parts[k], relief, clock) for k, relief in zip(order, reliefs, strict=True)
    )


def _severity(violation: Violation) -> float:
    """Return how bad a violation is, a tenth of a pu of voltage as bad as a limit exceeded by half."""
    voltage = violation.kind in {LimitKind.LOW_VOLTAGE, LimitKind.HIGH_VOLTAGE}
    return violation.excess * (5.0 if voltage else 1.0)


def _shortfall(
    problem: CityProblem, worst: Violation, part: tuple[Span, list[Violation]], relief: Floats, clock: Clock
) -> Shortfall:
    span, violations = part
    return Shortfall(
        limit=LIMIT_NAMES[worst.kind],
        group=worst.group,
        element=worst.element,
        start=clock.start(span),
        stop=clock.stop(span),
        minutes=clock.minutes(span),
        excess=worst.excess * limit_size(problem, worst),
        share=worst.excess,
        relief_kw=float(relief[0]),
        relief_kvar=float(relief[1]),
        forced=all(one.unavoidable for one in violations),
    )


def limit_size(problem: CityProblem, violation: Violation) -> float:
    """Return the limit that an excess is a fraction of, in kVA, kW or kg; 1 for voltages."""
    network = problem.network
    if violation.kind in {LimitKind.LOW_VOLTAGE, LimitKind.HIGH_VOLTAGE}:
        return 1.0
    if violation.kind is LimitKind.SUPPLY:
        return float(problem.shared.supply_limit_kw[violation.step])
    if violation.kind is LimitKind.CARBON:
        return float(problem.shared.carbon_limit_kg)
    branch = int(np.flatnonzero(network.branch_ids == violation.element)[0])
    if violation.kind is LimitKind.FLOW:
        return float(problem.limits.flow_limit_kw[problem.limits.flow_branch == branch][0])
    lines = len(network.lines)
    if branch >= lines:
        return float(network.transformers.rating_kva[branch - lines])
    kv = network.buses.base_kv[network.lines.from_bus[branch]]
    return float(np.sqrt(3) * kv * network.lines.rating_a[branch])
