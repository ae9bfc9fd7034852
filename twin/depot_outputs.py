"""Everything a planned depot hands out, as one folder that appears complete or not at all."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from data.durable import sync_tree
from data.errors import InvalidInput, Problem
from data.new_folder import new_folder
from optimizers.plan import DepotPlan
from twin.depot_planning import PlannedDepot
from twin.depot_tables import (
    clock,
    outlet_address,
    schedule_by_bus_csv,
    schedule_by_charger_csv,
    set_points_csv,
    site_power_csv,
)
from twin.depot_wishes import parts_in_words

FORMAT_VERSION = 1
"""Version of `plan.json`."""


def plan_files(planned: PlannedDepot) -> dict[str, str]:
    """Return the text of each table of a plan, and of `plan.json`, by file name."""
    return {
        "schedule_by_charger.csv": schedule_by_charger_csv(planned),
        "schedule_by_bus.csv": schedule_by_bus_csv(planned),
        "set_points.csv": set_points_csv(planned),
        "site_power.csv": site_power_csv(planned),
        "plan.json": json_text(plan_document(planned)),
    }


def plan_document(planned: PlannedDepot) -> dict[str, Any]:
    """Return the plan as plain data: certificate, cost by term, sessions."""
    plan, problem = planned.plan, planned.case.problem
    certificate = dataclasses.asdict(planned.certificate) | {"status": planned.certificate.status.value}
    return {
        "schema_version": FORMAT_VERSION,
        "depot": planned.case.folder.name,
        "from": clock(planned.case, 0),
        "to": clock(planned.case, problem.step_count),
        "certificate": certificate | {"bound_for": plan.bound_for, "method": plan.method},
        "violations": list(planned.violations),
        "relaxed": list(plan.relaxed),
        "cost_krw": dataclasses.asdict(plan.cost) | {"total_krw": plan.objective_krw},
        "baselines_krw": planned.baselines_krw,
        "protection": [
            {
                "name": part.name,
                "against": parts_in_words(part.protection, planned.case.folder.settings.step_min),
                "survived": isinstance(part.plan, DepotPlan),
                "extra_krw": part.extra_krw,
                "extra_at_least_krw": part.extra_at_least_krw,
                "extra_at_most_krw": part.extra_at_most_krw,
            }
            for part in planned.protections
        ],
        "goals": [
            dataclasses.asdict(goal) | {"goal": goal.goal.value, "status": goal.status.value} for goal in planned.goals
        ],
        "sessions": [
            {
                "bus": str(problem.buses.id[s.bus]),
                "charger": problem.chargers[s.charger_class].id,
                "outlet": s.outlet + 1,
                "station": outlet_address(planned.case, s.charger_class, s.outlet).station,
                "from": clock(planned.case, s.start),
                "to": clock(planned.case, s.stop),
                "under_way": s.start < 0,
            }
            for s in planned.sessions
        ],
    }


def json_text(document: object) -> str:
    """Return JSON in which what is not finite is null, so that every reader takes it."""
    return json.dumps(_finite(document), ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(entry) for entry in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def require_free(path: Path) -> None:
    """Raise `InvalidInput` when an output folder cannot be made: it exists, or its parent does not."""
    if path.exists() or path.is_symlink():
        fix = "choose another folder with --out, or move this one away"
        raise InvalidInput([Problem(str(path), 0, "", "this exists already; nothing is overwritten", fix)])
    if not path.parent.is_dir():
        what = "the folder it should lie in does not exist"
        raise InvalidInput([Problem(str(path), 0, "", what, f"make {path.parent} first")])


def write_folder(path: Path, files: Mapping[str, str]) -> None:
    """Write files as a new folder: beside its place, flushed to the disk, then renamed.

    Raises
    ------
    InvalidInput
        The folder exists, its parent does not, or it cannot be written.
    """
    require_free(path)
    with new_folder(path) as draft:
        for name, text in files.items():
            target = draft / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8", newline="\n")
        sync_tree(draft)
        require_free(path)
