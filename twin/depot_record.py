"""One garage of a run as a file of its own: what was asked, what was planned, and what its feeder carries.

A page reads this file and nothing else, and can price a change of the plan with it, because the whole problem is in it.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from enum import Enum
from typing import Any

import numpy as np

from data.errors import InvalidInput, Problem
from optimizers.arrays import Floats
from optimizers.depot_cost import Schedule, plan_of
from optimizers.explain import Binding, Limit, Wait, WaitsFor
from optimizers.plan import DepotCost, DepotPlan, PlanStatus, Verdict
from optimizers.problem import (
    Buses,
    Cabinet,
    ChargerClass,
    Degradation,
    DemandCharge,
    DepotProblem,
    EnergyPrices,
    LaneRule,
    SessionRules,
    SiteBattery,
    SitePower,
)

RECORD_VERSION = 1


@dataclass(frozen=True, eq=False)
class GridPlace:
    """A feeder or bank above a garage: its (T,) active power under the city's plan, and what it is rated for."""

    element: str
    kw: Floats
    rating_kw: float


@dataclass(frozen=True, eq=False)
class DepotRecord:
    """A garage with its problem and its plan.

    Attributes
    ----------
    garage, name_local, name_en, district
        Which garage.
    service_date, first_utc, timezone
        Local date of the day, first instant of its steps (ISO, UTC), and the zone of `DepotProblem.labels`.
    problem, plan
        What was asked, and what is planned.
    fallback
        Why the optimizer gave no plan; "" when it did.
    on_arrival_kw, on_arrival_krw
        (T,) power through the connection when every bus charges on arrival, and what that costs.
    replayed_krw, violations
        Bill of the plan and broken rules as the independent replay finds them.
    bindings, waits
        What limits the plan, and what its buses wait for.
    above
        Feeder and bank that carry the garage.
    """

    garage: str
    name_local: str
    name_en: str
    district: str
    service_date: str
    first_utc: str
    timezone: str
    problem: DepotProblem
    plan: DepotPlan
    fallback: str
    on_arrival_kw: Floats
    on_arrival_krw: float
    replayed_krw: DepotCost
    violations: tuple[str, ...]
    bindings: tuple[Binding, ...]
    waits: tuple[Wait, ...]
    above: tuple[GridPlace, ...]

    @property
    def schedule(self) -> Schedule:
        """The decisions of the plan."""
        plan = self.plan
        return Schedule(plan.charge_kw, plan.discharge_kw, plan.plugged_class, plan.pv_kw, plan.site_battery_kw)


def record_bytes(record: DepotRecord) -> bytes:
    """Return a record as compressed JSON; the same record gives the same bytes."""
    plan = record.plan
    document = {field.name: _plain(getattr(record, field.name)) for field in fields(record) if field.name != "plan"}
    document["schedule"] = _plain(record.schedule)
    document["verdict"] = {
        "status": plan.status.value,
        "lower_bound_krw": plan.lower_bound_krw,
        "bound_for": plan.bound_for,
        "method": plan.method,
        "wall_s": plan.wall_s,
        "relaxed": list(plan.relaxed),
    }
    text = json.dumps({"schema_version": RECORD_VERSION, **document}, ensure_ascii=False)
    return gzip.compress(text.encode(), compresslevel=6, mtime=0)


def record_from_bytes(content: bytes) -> DepotRecord:
    """Return the record that `record_bytes` wrote; the plan is completed from its decisions.

    Raises
    ------
    InvalidInput
        When another version of the schema wrote it.
    """
    document: dict[str, Any] = json.loads(gzip.decompress(content))
    version = document.pop("schema_version")
    if version != RECORD_VERSION:
        what = f"written with schema version {version}, this program reads {RECORD_VERSION}"
        raise InvalidInput([Problem("depots", 0, "schema_version", what, "make the run again")])
    problem = problem_from(document.pop("problem"))
    verdict = document.pop("verdict")
    schedule = _schedule_from(document.pop("schedule"))
    plan = plan_of(
        problem,
        schedule,
        Verdict(**verdict | {"status": PlanStatus(verdict["status"]), "relaxed": tuple(verdict["relaxed"])}),
    )
    return DepotRecord(
        **{name: document[name] for name in _TEXTS},
        problem=problem,
        plan=plan,
        on_arrival_kw=np.array(document["on_arrival_kw"]),
        on_arrival_krw=document["on_arrival_krw"],
        replayed_krw=DepotCost(**document["replayed_krw"]),
        violations=tuple(document["violations"]),
        bindings=tuple(Binding(**row | {"limit": Limit(row["limit"])}) for row in document["bindings"]),
        waits=tuple(Wait(**row | {"waits_for": WaitsFor(row["waits_for"])}) for row in document["waits"]),
        above=tuple(GridPlace(row["element"], np.array(row["kw"]), row["rating_kw"]) for row in document["above"]),
    )


_TEXTS = ("garage", "name_local", "name_en", "district", "service_date", "first_utc", "timezone", "fallback")


def problem_from(document: Mapping[str, Any]) -> DepotProblem:
    """Return the problem of a plain document, as `record_bytes` makes it."""
    site, demand, wear = document["site"], document["demand"], document["degradation"]
    if document["under_way"] is not None:
        raise ValueError("a day that is under way is not kept in a record")
    battery = None if site["battery"] is None else SiteBattery(**site["battery"])
    return DepotProblem(
        id=document["id"],
        step_h=np.array(document["step_h"], dtype=float),
        buses=Buses(**_arrays(document["buses"])),
        present=np.array(document["present"], dtype=bool),
        trip_kwh=np.array(document["trip_kwh"], dtype=float),
        need_kwh=np.array(document["need_kwh"], dtype=float),
        chargers=tuple(ChargerClass(**row | {"lane": LaneRule(row["lane"])}) for row in document["chargers"]),
        compatible=np.array(document["compatible"], dtype=bool),
        rules=SessionRules(**document["rules"] | {"plug_allowed": np.array(document["rules"]["plug_allowed"])}),
        prices=EnergyPrices(**_arrays(document["prices"])),
        site=SitePower(**_arrays({name: site[name] for name in site if name != "battery"}), battery=battery),
        demand=None if demand is None else DemandCharge(**demand | {"interval": np.array(demand["interval"])}),
        degradation=None if wear is None else Degradation(**_arrays(wear)),
        cabinets=tuple(
            Cabinet(row["id"], tuple(row["classes"]), row["max_kw"]) for row in document["cabinets"]
        ),
        labels=tuple(document["labels"]),
    )  # fmt: skip


def _schedule_from(document: Mapping[str, Any]) -> Schedule:
    columns = _arrays({name: values for name, values in document.items() if name != "plugged_class"})
    return Schedule(**columns, plugged_class=np.array(document["plugged_class"], dtype=np.int64))


def _arrays(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return columns as arrays: names stay text, everything else is a float."""
    return {
        name: np.array(values) if name == "id" else np.array(values, dtype=float) for name, values in document.items()
    }


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, tuple):
        return [_plain(entry) for entry in value]
    return value.value if isinstance(value, Enum) else value
