"""Why a depot's plan is as it is: what binds, what more of it would be worth, and what each bus waits for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from optimizers.depot import solve_within
from optimizers.explain import (
    Binding,
    Limit,
    Wait,
    WaitsFor,
    Worth,
    binding_limits,
    waits,
    with_larger_connection,
    with_more_outlets,
    worth_of,
)
from optimizers.plan import DepotPlan, NoPlan
from optimizers.problem import DepotProblem
from optimizers.solver import SolveLimits
from twin.depot_planning import PlannedDepot

MORE_KW = 100.0
"""By how much the connection is enlarged to see what that is worth."""


@dataclass(frozen=True)
class Extension:
    """One thing more, in words, and what it is worth on such a day; None when its plan was not found in time."""

    what: str
    worth: Worth | None


@dataclass(frozen=True)
class DepotReasons:
    """What binds, what each bus waits for, and what extensions are worth."""

    bindings: tuple[Binding, ...]
    waits: tuple[Wait, ...]
    extensions: tuple[Extension, ...]


def reasons_of(planned: PlannedDepot, limits: SolveLimits) -> DepotReasons:
    """Return the reasons of a plan.

    Each extension is planned anew within the limits, unless no limit it would widen binds: then more of it is worth
    nothing that a bound could tell from zero, and it is left out of the solves but not of the list. None is planned
    once the limits say that somebody asked for the end.
    """
    problem, plan = planned.case.problem, planned.plan
    bindings = binding_limits(problem, plan)
    if limits.cancel():
        return DepotReasons(bindings, waits(problem, plan), ())
    solve = _solver(limits)
    extensions = []
    for c, charger in enumerate(problem.chargers):
        larger = with_more_outlets(problem, c)
        extensions.append(Extension(f"one more outlet of {charger.id}", worth_of(problem, plan, larger, solve)))
    binds = any(binding.limit is Limit.CONNECTION for binding in bindings)
    wider = with_larger_connection(problem, MORE_KW)
    worth = worth_of(problem, plan, wider, solve) if binds else Worth(0.0, 0.0, _slack(plan))
    extensions.append(Extension(f"{MORE_KW:g} kW more of grid connection", worth))
    return DepotReasons(bindings, waits(problem, plan), tuple(extensions))


def _slack(plan: DepotPlan) -> float:
    """Return how far the plan may be above its own optimum, which is all that an extension without use could show."""
    return max(plan.objective_krw - plan.lower_bound_krw, 0.0)


def _solver(limits: SolveLimits) -> Callable[[DepotProblem], DepotPlan | NoPlan]:
    def solve(problem: DepotProblem) -> DepotPlan | NoPlan:
        return solve_within(problem, limits)

    return solve


def binding_sentences(problem: DepotProblem, bindings: tuple[Binding, ...]) -> list[str]:
    """Return one sentence for each thing that binds, its windows together."""
    windows: dict[tuple[Limit, str], list[str]] = {}
    for binding in bindings:
        if binding.limit is Limit.DEPARTURE:
            text = f"at {problem.step_name(binding.start)}"
        else:
            text = f"{problem.step_name(binding.start)}–{_end(problem, binding.stop)}"
        windows.setdefault((binding.limit, binding.what), []).append(text)
    lead = {
        Limit.OUTLETS: "every outlet of {} is taken",
        Limit.CONNECTION: "the connection of the {} is used up",
        Limit.BILLING_DEMAND: "more import of the {} would raise the billing demand",
        Limit.DEPARTURE: "bus {} leaves with no more than it needs",
    }
    return [f"{lead[limit].format(what)}: {', '.join(texts)}" for (limit, what), texts in windows.items()]


def wait_sentences(problem: DepotProblem, found: tuple[Wait, ...]) -> list[str]:
    """Return one sentence for each stay of a bus that does not charge from its arrival on."""
    return [
        f"bus {problem.buses.id[wait.bus]}, {problem.step_name(wait.start)}–{_end(problem, wait.stop)}: waits for "
        f"{wait.waits_for.value}"
        for wait in found
        if wait.waits_for is not WaitsFor.NEVER
    ]


def extension_sentence(extension: Extension) -> str:
    """Return what an extension is worth, as found and as proved."""
    worth = extension.worth
    if worth is None:
        return f"{extension.what}: not known, no plan of it was found in time"
    most = f" to {worth.at_most_krw:,.0f} KRW" if np.isfinite(worth.at_most_krw) else " KRW or more"
    proved = f"proved: {worth.at_least_krw:,.0f}{most}"
    return f"{extension.what}: saves {worth.saved_krw:,.0f} KRW on such a day ({proved})"


def waiting_h(problem: DepotProblem, found: tuple[Wait, ...]) -> dict[WaitsFor, float]:
    """Return the hours that all buses together wait for each thing."""
    hours = dict.fromkeys(WaitsFor, 0.0)
    for wait in found:
        hours[wait.waits_for] += float(np.sum(problem.step_h[wait.start : wait.stop]))
    return hours


def _end(problem: DepotProblem, stop: int) -> str:
    return problem.step_name(stop) if stop < problem.step_count else "the end"
