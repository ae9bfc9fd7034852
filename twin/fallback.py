"""Plans for garages whose optimizer gives none: the last good one if it still holds, else plugging in on arrival."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import xarray as xr

from data.store import RunStore
from optimizers.depot_cost import Schedule, plan_of
from optimizers.plan import DepotPlan, PlanStatus, Verdict
from optimizers.problem import DepotProblem
from optimizers.replay import replay
from twin.day import CityDay

LAST_GOOD = "last good plan"


def fallback_plans(
    day: CityDay, on_arrival: Mapping[str, DepotPlan], store: RunStore, kind: str
) -> dict[str, DepotPlan]:
    """Return a plan for every garage that needs no optimizer.

    Parameters
    ----------
    day
        What there is to plan.
    on_arrival
        What plugging in on arrival does.
    store, kind
        Where the last shown run of this kind and city is looked for. Its plan of a garage is used when it has the same
        buses, a replay finds that it keeps every rule of this day, and it is not dearer.
    """
    plans = dict(on_arrival)
    record = store.latest_shown(kind, day.city.folder.settings.name)
    if record is None:
        return plans
    with store.open_arrays(record.run_id, "schedule") as arrays:
        for name, garage in day.garages.items():
            kept = _kept_plan(garage.problem, name, arrays)
            if kept is not None and kept.objective_krw <= plans[name].objective_krw:
                plans[name] = kept
    return plans


def _kept_plan(problem: DepotProblem, name: str, arrays: xr.Dataset) -> DepotPlan | None:
    rows = np.flatnonzero(arrays["garage_of_vehicle"].to_numpy() == name)
    steps = problem.step_count
    same_buses = arrays["vehicle"].to_numpy()[rows].tolist() == problem.buses.id.tolist()
    if not len(rows) or arrays.sizes["time"] != steps or not same_buses:
        return None
    idle = np.zeros(steps)
    charge_kw = arrays["bus_charge_kw"].isel(vehicle=rows).to_numpy()
    schedule = Schedule(
        charge_kw=charge_kw,
        discharge_kw=np.zeros_like(charge_kw),
        plugged_class=arrays["bus_charger_class"].isel(vehicle=rows).to_numpy().astype(np.int64),
        pv_kw=idle,
        site_battery_kw=idle,
    )
    verdict = Verdict(PlanStatus.FALLBACK, -np.inf, "no bound: a plan of another day", LAST_GOOD, 0.0)
    plan = plan_of(problem, schedule, verdict)
    return plan if replay(problem, plan).ok else None
