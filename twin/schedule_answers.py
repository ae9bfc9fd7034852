"""What the plan of a scenario answers, in three or four sentences, English and Korean."""

from __future__ import annotations

import numpy as np

from optimizers.plan import PlanStatus
from twin.aims import Objective
from twin.report_numbers import Lang, mass, money, percent, power
from twin.schedule_scenario import PlannedScenario
from twin.schedule_words import opening_sentence, say
from twin.uncertain_plan import UncertainPlan


def uncertain_sentences(found: UncertainPlan, lang: str) -> tuple[str, ...]:
    """Return what a plan for many ways the day may go costs, and how it did on fresh ones."""
    tongue = Lang(lang)
    return (
        say(
            tongue,
            "uncertain.plan",
            count=str(len(found.inside.kept)),
            krw=money(found.inside.mean_krw, tongue),
            robust=money(max(found.robustness_krw, 0.0), tongue),
        ),
        say(
            tongue,
            "uncertain.test",
            count=str(len(found.outside.kept)),
            krw=money(found.outside.mean_krw, tongue),
            kept=percent(found.kept_share, tongue, 0),
            served=percent(found.buses_served, tongue, 0),
        ),
        say(tongue, "uncertain.worth", krw=money(found.worth_of_scenarios_krw, tongue)),
    )


def schedule_sentences(planned: PlannedScenario, lang: str) -> tuple[str, ...]:
    """Return the answer: state and cost with its proof, what limits cost, peak and emissions, what the aims took."""
    tongue, found = Lang(lang), planned.found
    plan = found.plan
    status = say(tongue, f"status.{plan.status.value}")
    first = say(
        tongue,
        "answer.plan",
        status=status,
        cost=money(plan.objective_krw + found.constant_krw, tongue),
        gap=percent(max(plan.gap, 0.0), tongue, 2),
    )
    flow = plan.flow
    volts = flow.memory("v_pu")[flow.energised]
    grid = say(
        tongue,
        "answer.drawn",
        peak=power(found.peak_kw),
        carbon=mass(found.emitted_kg),
        low=f"{np.nanmin(volts):.3f}",
        high=f"{np.nanmax(volts):.3f}",
    )
    told = [first, opening_sentence(planned.why, lang), grid]
    if planned.aims.objective in {Objective.PEAK, Objective.CARBON}:
        amount = power(found.least) if planned.aims.objective is Objective.PEAK else mass(found.least)
        told.append(
            say(
                tongue,
                f"answer.least_{planned.aims.objective}",
                amount=amount,
                gap=percent(max(found.least_gap, 0.0), tongue, 2),
            )
        )
    if planned.aims.calls:
        told.append(say(tongue, "answer.calls", krw=money(max(found.calls_krw, 0.0), tongue)))
    if plan.status is PlanStatus.RELAXED:
        told.append(say(tongue, "answer.relaxed"))
    return tuple(told)
