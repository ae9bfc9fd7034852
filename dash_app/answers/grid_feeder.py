"""What the page of a feeder says: which element limits it, when, and how much more it could carry."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dash_app.answers.grid import amount
from dash_app.answers.grid_facts import GridFacts
from dash_app.widgets.tone import Tone
from dash_app.words import Words
from twin.grid_check import LOADING_TOLERANCE, VOLTAGE_TOLERANCE_PU
from twin.report_numbers import minutes, percent, plain, power
from twin.summary_feeder import FeederSlice
from twin.summary_grid_types import LimitKind, PlanIndex

Floats = NDArray[np.float64]

MOST_CAUSES = 4
"""Parts of a load that a sentence names."""

SQRT3 = float(np.sqrt(3.0))


@dataclass(frozen=True)
class FeederLimit:
    """One limit of a feeder at the step at which it is used most.

    Attributes
    ----------
    kind, element
        What limits.
    step
        When.
    use
        Share of the permitted; above 1 is outside.
    value, limit
        In the unit of the kind.
    margin_kva
        Apparent power that could still pass; negative when there is too much, NaN for a voltage.
    minutes
        How long it is outside.
    """

    kind: LimitKind
    element: str
    step: int
    use: float
    value: float
    limit: float
    margin_kva: float
    minutes: float

    @property
    def outside(self) -> bool:
        """Whether it is outside its limit at any time."""
        return self.minutes > 0


def head_kva(feeder: FeederSlice, facts: GridFacts, plan: PlanIndex) -> tuple[Floats, Floats]:
    """Return (T,) active power in kW and apparent power in kVA that enter at the head."""
    number = facts.feeder_number(feeder.id)
    active = np.asarray(facts.overview.series.feeder_kw[plan, :, number], dtype=np.float64)
    reactive = np.asarray(feeder.day.load_kvar[plan][:, 1:], dtype=np.float64).sum(axis=1)
    return active, np.hypot(active, reactive)


def limits_of(feeder: FeederSlice, facts: GridFacts, plan: PlanIndex) -> tuple[FeederLimit, ...]:
    """Return every kind of limit of a feeder, the one used most first; transformers, no limit of the plan, last."""
    step_h = facts.summary.run.step_h
    found = [_head(feeder, facts, plan, step_h), _section(feeder, plan, step_h), *_voltages(feeder, plan, step_h)]
    ordered = sorted(found, key=lambda limit: -limit.use)
    transformer = _transformer(feeder, plan, step_h)
    return (*ordered, *([transformer] if transformer else []))


def _minutes(use: Floats, tolerance: float, step_h: float) -> float:
    return float((use > 1.0 + tolerance).sum()) * step_h * 60.0


def _head(feeder: FeederSlice, facts: GridFacts, plan: PlanIndex, step_h: float) -> FeederLimit:
    active, apparent = head_kva(feeder, facts, plan)
    use = np.abs(active) / feeder.rating_kw
    step = int(np.nan_to_num(use).argmax())
    factor = float(apparent[step] / max(abs(active[step]), 1e-9))
    margin = (feeder.rating_kw - abs(float(active[step]))) * (factor if active[step] else 1.0)
    return FeederLimit(
        LimitKind.FEEDER, feeder.id, step, float(use[step]), abs(float(active[step])), feeder.rating_kw, margin,
        _minutes(use, LOADING_TOLERANCE, step_h),
    )  # fmt: skip


def _section(feeder: FeederSlice, plan: PlanIndex, step_h: float) -> FeederLimit:
    loading = np.nan_to_num(np.asarray(feeder.day.loading[plan], dtype=np.float64))
    step, line = np.unravel_index(int(loading.argmax()), loading.shape)
    use, rating = float(loading[step, line]), float(feeder.lines.rating_a[line])
    margin = (1.0 - use) * rating * SQRT3 * feeder.base_kv
    return FeederLimit(
        LimitKind.LINE, str(feeder.lines.id[line]), int(step), use, use * rating, rating, margin,
        _minutes(loading[:, line], LOADING_TOLERANCE, step_h),
    )  # fmt: skip


def _voltages(feeder: FeederSlice, plan: PlanIndex, step_h: float) -> list[FeederLimit]:
    volts = np.asarray(feeder.day.v_pu[plan][:, 1:], dtype=np.float64)
    found = []
    for kind, limit, at in (
        (LimitKind.UNDERVOLTAGE, feeder.v_min_pu, int(np.nanargmin(volts))),
        (LimitKind.OVERVOLTAGE, feeder.v_max_pu, int(np.nanargmax(volts))),
    ):
        step, bus = np.unravel_index(at, volts.shape)
        permitted = limit - 1.0
        use = (volts - 1.0) / permitted
        lasting = _minutes(use[:, bus], VOLTAGE_TOLERANCE_PU / abs(permitted), step_h)
        worst, name = float(max(use[step, bus], 0.0)), str(feeder.buses.id[int(bus) + 1])
        value = float(volts[step, bus])
        found.append(FeederLimit(kind, name, int(step), worst, value, limit, float("nan"), lasting))
    return found


def _transformer(feeder: FeederSlice, plan: PlanIndex, step_h: float) -> FeederLimit | None:
    use = feeder.transformer_use[plan]
    if not (feeder.buses.rating_kva > 0).any():
        return None
    step, bus = np.unravel_index(int(use.argmax()), use.shape)
    rating = float(feeder.buses.rating_kva[bus])
    return FeederLimit(
        LimitKind.TRANSFORMER, str(feeder.buses.id[bus]), int(step), float(use[step, bus]),
        float(use[step, bus]) * rating, rating, (1.0 - float(use[step, bus])) * rating,
        _minutes(use[:, bus], LOADING_TOLERANCE, step_h),
    )  # fmt: skip


def feeder_answer(feeder: FeederSlice, facts: GridFacts, words: Words, plan: PlanIndex = PlanIndex.PLAN) -> str:
    """Return the sentence that opens the page of a feeder."""
    limit, *others = limits_of(feeder, facts, plan)
    told = {
        "feeder": feeder.id,
        "district": facts.district_name(feeder.district, words.lang),
        "substation": feeder.substation,
        "element": limit.element,
        "kind": words(f"grid.kind_{limit.kind.name.lower()}"),
        "use": percent(limit.use, words.lang, 0),
        "clock": facts.at(limit.step),
        "ties": plain(len(feeder.ties)),
    }
    if not bool(facts.overview.series.converged[plan].all()):
        return words("feeder.answer_unsolved", **told)
    if limit.outside:
        sentence = words("feeder.answer_outside", lasting=minutes(limit.minutes, words.lang), **told, **_margin(limit))
    else:
        sentence = words("feeder.answer_within", **told, **_margin(limit))
    transformer = [other for other in others if other.kind is LimitKind.TRANSFORMER and other.outside]
    if transformer:
        use = percent(transformer[0].use, words.lang, 0)
        sentence += words("feeder.answer_transformer", element=transformer[0].element, use=use)
    return sentence + words("feeder.answer_ties", ties=plain(len(feeder.ties)))


def _margin(limit: FeederLimit) -> dict[str, str]:
    """Return the margin in kVA (for voltages in pu) and in percent of the limit, as a size."""
    if np.isnan(limit.margin_kva):
        return {"margin": amount(limit.kind, abs(limit.value - limit.limit)), "share": _share(1.0 - limit.use)}
    return {"margin": f"{plain(abs(limit.margin_kva))} kVA", "share": _share(1.0 - limit.use)}


def _share(value: float) -> str:
    return f"{plain(abs(value) * 100.0)} %"


def feeder_tone(feeder: FeederSlice, facts: GridFacts, plan: PlanIndex = PlanIndex.PLAN) -> Tone:
    """Return how unusual the feeder is."""
    if not bool(facts.overview.series.converged[plan].all()):
        return Tone.UNKNOWN
    limits = [limit for limit in limits_of(feeder, facts, plan) if limit.kind is not LimitKind.TRANSFORMER]
    return Tone.ALERT if any(limit.outside for limit in limits) else Tone.CALM


def causes_of(feeder: FeederSlice, facts: GridFacts, plan: PlanIndex, step: int) -> dict[str, float]:
    """Return what draws the load of a feeder at a step, kW by name, the largest first.

    For the feeders that the run's summary names, at their worst step, vehicles, buses and solar are told apart; else
    the load goes by the contract class of the transformer it is behind.
    """
    for known in facts.summary.feeders:
        if known.feeder == feeder.id and known.clock == facts.clock[step] and plan is PlanIndex.PLAN:
            return dict(sorted(known.cause_kw.items(), key=lambda item: -abs(item[1])))
    found: dict[str, float] = {}
    for bus in range(1, len(feeder.buses.id)):
        name = str(feeder.buses.contract_class[bus]) or "customer"
        found[name] = found.get(name, 0.0) + float(feeder.day.load_kw[plan][step, bus])
    return dict(sorted(found.items(), key=lambda item: -abs(item[1])))


def cause_sentence(feeder: FeederSlice, facts: GridFacts, plan: PlanIndex, step: int, words: Words) -> str:
    """Say what the load of a feeder at a step is made of: its largest parts."""
    parts = [
        words("feeder.cause_part", name=words.label("cause", name), power=power(kw))
        for name, kw in list(causes_of(feeder, facts, plan, step).items())[:MOST_CAUSES]
        if abs(kw) >= 1.0
    ]
    return words("feeder.cause", parts=", ".join(parts)) if parts else ""


def duration_curves(feeder: FeederSlice, facts: GridFacts, plan: PlanIndex, words: Words) -> dict[str, Floats]:
    """Return (T,) use of the feeder's rating, of its most used section and of its most used transformer."""
    number = facts.feeder_number(feeder.id)
    head = np.abs(np.asarray(facts.overview.series.feeder_kw[plan, :, number], dtype=np.float64)) / feeder.rating_kw
    sections = np.nan_to_num(np.asarray(feeder.day.loading[plan], dtype=np.float64))
    transformers = feeder.transformer_use[plan]
    return {
        words("feeder.curve_head"): head,
        words("feeder.curve_section"): sections[:, int(sections.max(axis=0).argmax())],
        words("feeder.curve_transformer"): transformers[:, int(transformers.max(axis=0).argmax())],
    }
