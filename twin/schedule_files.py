"""The files of a planned scenario: plan, reasons, power by kind, report in two languages."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import numpy as np

from optimizers.frontier import Frontier
from optimizers.shared_limits_master import supplied_kw
from twin.schedule_page import schedule_page
from twin.schedule_scenario import PlannedScenario
from twin.schedule_why import WHY_FILE

PLAN_FILE, POWER_FILE = "plan.json", "power.csv"
PLAN_VERSION = 1
LANGUAGES = ("ko", "en")


def write_schedule(
    planned: PlannedScenario, folder: Path, frontier: Frontier | None = None, unit: str = ""
) -> tuple[Path, ...]:
    """Write everything about a planned scenario, and a frontier, into a folder and return the files' paths."""
    folder.mkdir(parents=True, exist_ok=True)
    why = planned.why.as_json()
    contents = {
        PLAN_FILE: json.dumps(plan_document(planned), ensure_ascii=False, indent=1),
        WHY_FILE: json.dumps(why, ensure_ascii=False, indent=1, allow_nan=False),
        POWER_FILE: power_table(planned),
    }
    contents |= {f"schedule.{lang}.html": schedule_page(planned, lang, frontier, unit) for lang in LANGUAGES}
    for name, text in contents.items():
        (folder / name).write_text(text, encoding="utf-8", newline="")
    return tuple(folder / name for name in contents)


def plan_document(planned: PlannedScenario) -> dict[str, Any]:
    """Return what is known about the plan as plain JSON; what is not known is null."""
    found = planned.found
    plan = found.plan
    return {
        "version": PLAN_VERSION,
        "problem": plan.problem_id,
        "aims": list(planned.aims.words()),
        "status": plan.status.value,
        "objective_krw": _known(plan.objective_krw + found.constant_krw),
        "lower_bound_krw": _known(plan.lower_bound_krw + found.constant_krw),
        "gap": _known(plan.gap),
        "bound_for": plan.bound_for,
        "violation_krw": _known(plan.violation_krw),
        "peak_kw": _known(found.peak_kw),
        "emitted_kg": _known(found.emitted_kg),
        "least": _known(found.least),
        "calls_krw": _known(found.calls_krw),
        "kinds": {
            block.kind: {
                "assets": len(block.bus),
                "cost_krw": _known(float(own.cost_krw.sum())),
                "energy_kwh": _known(float(own.kw.sum()) * found.problem.step_h),
            }
            for block, own in zip(found.problem.assets, plan.assets, strict=True)
        },
        "rounds": len(plan.rounds),
        "wall_s": round(plan.wall_s, 2),
    }


def power_table(planned: PlannedScenario) -> str:
    """Return the power of every kind by step as CSV, kW, consumption positive."""
    found, day = planned.found, planned.day
    columns = {
        block.kind: own.kw.sum(axis=0) for block, own in zip(found.problem.assets, found.plan.assets, strict=True)
    }
    columns = {"fixed load": found.problem.base_kw.sum(axis=1), **columns, "supplied": supplied_kw(found.plan.flow)}
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["clock", "time_utc", *(f"{name} kW" for name in columns)])
    for step, (label, when) in enumerate(zip(day.planning.labels, day.planning.times_utc, strict=True)):
        values = (f"{column[step]:.3f}" for column in columns.values())
        writer.writerow([label, np.datetime_as_string(when, unit="m"), *values])
    return text.getvalue()


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
