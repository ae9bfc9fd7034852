"""What must hold of a grid spec before anything is built from it."""

from __future__ import annotations

import math
from dataclasses import astuple, fields

import numpy as np
import shapely

from data.errors import ProblemList
from grid.synthesis_spec import (
    BankType,
    ClassRule,
    Conductor,
    DedicatedCustomer,
    DistrictSpec,
    GridSpec,
    Mounting,
    TransformerSize,
)

POSITIVE = "Give a finite number above 0"
BORDER_TOLERANCE_DEG = 5e-4
"""Customers may stand this far outside their district's (simplified) border, about 50 m."""
SHARES = (
    "light_load_share",
    "power_factor",
    "feeder_spread",
    "bank_target_loading",
    "transformer_loading_low",
    "transformer_loading_high",
    "lateral_target_loading",
    "customer_feeder_loading",
)
ORDERED = (
    ("v_min_kv", "nominal_kv"),
    ("nominal_kv", "v_max_kv"),
    ("nominal_kv", "transmission_kv"),
    ("v_min_kv", "sending_kv"),
    ("sending_kv", "v_max_kv"),
    ("feeder_target_kw", "feeder_rating_kw"),
    ("feeder_rating_kw", "feeder_emergency_kw"),
    ("feeder_target_kw", "substation_target_kw"),
    ("banks_min", "banks_max"),
    ("transformer_loading_low", "transformer_loading_high"),
    ("customer_min_kw", "customer_dedicated_kw"),
    ("customer_dedicated_kw", "customer_max_kw"),
)


def check_spec(spec: GridSpec, district: str | None = None) -> None:
    """Raise `InvalidInput` with every problem of a spec, and of the choice of one district."""
    problems = ProblemList()
    _check_rules(spec, problems)
    _check_equipment(spec, problems)
    _check_districts(spec, problems)
    _check_customers(spec, problems)
    known = [part.id for part in spec.districts]
    if district is not None and district not in known:
        problems.add("districts", f"there is no district '{district}'", f"Choose one of {', '.join(known)}", field="id")
    problems.raise_if_any()


def customers_by_district(spec: GridSpec) -> dict[str, list[DedicatedCustomer]]:
    """Dedicated customers of each district: the one they stand in, else the one nearest by."""
    found: dict[str, list[DedicatedCustomer]] = {district.id: [] for district in spec.districts}
    polygons = np.array([district.polygon for district in spec.districts])
    for customer in spec.customers:
        nearest = int(np.argmin(shapely.distance(polygons, shapely.points(customer.x, customer.y))))
        found[spec.districts[nearest].id].append(customer)
    return found


def _check_rules(spec: GridSpec, problems: ProblemList) -> None:
    rules = spec.rules
    for item in fields(rules):
        value = getattr(rules, item.name)
        low_ok = value >= 0 if item.name in {"feeder_spread", "ties_per_feeder", "tap_positions"} else value > 0
        if not (math.isfinite(value) and low_ok):
            problems.add("rules", f"is {value}", POSITIVE, field=item.name)
        elif item.name in SHARES and value > 1:
            problems.add("rules", f"is {value}", "Give a share between 0 and 1", field=item.name)
    for low, high in ORDERED:
        if getattr(rules, low) > getattr(rules, high):
            what = f"{low} = {getattr(rules, low)} is above {high} = {getattr(rules, high)}"
            problems.add("rules", what, "Put the two in order", field=low)
    for name, least in (("street_density", 1.0), ("route_factor", 1.0), ("arterial_blocks", 2.0)):
        if getattr(rules, name) < least:
            problems.add("rules", f"is {getattr(rules, name)}", f"Give at least {least}", field=name)
    if not (math.isfinite(spec.frequency_hz) and spec.frequency_hz > 0):
        problems.add("rules", f"is {spec.frequency_hz}", POSITIVE, field="frequency_hz")
    if spec.seed < 0:
        problems.add("rules", f"is {spec.seed}", "Give a whole number of at least 0", field="seed")


def _check_equipment(spec: GridSpec, problems: ProblemList) -> None:
    for row, conductor in enumerate(spec.conductors, start=1):
        _check_numbers("conductors", row, conductor, problems)
    for row, size in enumerate(spec.sizes, start=1):
        _check_numbers("sizes", row, size, problems)
    _check_numbers("bank", 1, spec.bank, problems)
    for row, stroke in enumerate(spec.open_land, start=1):
        if not all(math.isfinite(value) for value in astuple(stroke)) or stroke.half_width_km <= 0:
            problems.add("open_land", f"is {stroke}", "Give finite degrees and a width above 0", row=row)
    emergency_a = spec.rules.feeder_emergency_kw / (math.sqrt(3) * spec.rules.nominal_kv * spec.rules.power_factor)
    for cable, kind in ((False, "overhead conductor"), (True, "underground cable")):
        best = max((c.ampacity_a for c in spec.conductors if c.underground == cable), default=0.0)
        if best < emergency_a:
            what = f"no {kind} carries a feeder's emergency rating of {emergency_a:.0f} A (the best one {best:.0f} A)"
            problems.add("conductors", what, "Add a larger one or lower the rating", field="ampacity_a")
    for mounting in (Mounting.POLE, Mounting.PAD):
        if not any(size.mounting in {mounting, Mounting.CUSTOMER} for size in spec.sizes):
            problems.add("sizes", f"no transformer for mounting '{mounting}'", "Add one", field="mounting")
    for name, rule in spec.classes.items():
        _check_class(name, rule, spec, problems)


def _check_numbers(table: str, row: int, record: Conductor | BankType | TransformerSize, problems: ProblemList) -> None:
    for item in fields(record):
        value = getattr(record, item.name)
        if isinstance(value, str | bool):
            continue
        least_ok = value >= 0 if item.name in {"b_us_per_km", "r_percent"} else value > 0
        if not (math.isfinite(value) and least_ok):
            problems.add(table, f"is {value}", POSITIVE, row=row, field=item.name)


def _check_class(name: str, rule: ClassRule, spec: GridSpec, problems: ProblemList) -> None:
    for item in ("mean_kw", "log_sigma", "largest_kw"):
        value = getattr(rule, item)
        if not (math.isfinite(value) and value > 0):
            problems.add("classes", f"is {value} for {name}", POSITIVE, field=item)
    if abs(rule.centrality) > 1 or abs(2 * rule.clustering - 1) > 1:
        what, fix = f"centrality or clustering of {name} is out of range", "Give -1 to 1 and 0 to 1"
        problems.add("classes", what, fix, field="centrality")
    if not rule.mean_kw < rule.largest_kw < spec.rules.feeder_rating_kw:
        what = f"mean {rule.mean_kw} kW, largest {rule.largest_kw} kW of {name} do not fit a feeder"
        problems.add("classes", what, "Put mean < largest < feeder_rating_kw", field="largest_kw")


def _check_districts(spec: GridSpec, problems: ProblemList) -> None:
    ids = [district.id for district in spec.districts]
    if not ids:
        problems.add("districts", "there are none", "Give at least one")
    lengths = {len(hours) for district in spec.districts for hours in district.class_kw.values()}
    if len(lengths) > 1:
        what = f"classes have {sorted(lengths)} planning hours"
        problems.add("districts", what, "Give the same hours for every class and district", field="class_kw")
    for row, district in enumerate(spec.districts, start=1):
        if ids.count(district.id) > 1:
            problems.add("districts", f"id '{district.id}' is not unique", "Rename one", row=row, field="id")
        _check_shape(district, row, problems)
        _check_demand(district, row, spec, problems)
        if not 0 <= district.underground_share <= 1:
            what = f"is {district.underground_share} for {district.id}"
            problems.add("districts", what, "Give a share between 0 and 1", row=row, field="underground_share")


def _check_shape(district: DistrictSpec, row: int, problems: ProblemList) -> None:
    polygon = district.polygon
    good = polygon.geom_type in {"Polygon", "MultiPolygon"} and polygon.is_valid and polygon.area > 0
    if not good:
        what = f"{district.id}: {polygon.geom_type} is no valid area ({shapely.is_valid_reason(polygon)})"
        problems.add("districts", what, "Give a valid polygon with an area", row=row, field="polygon")
        return
    west, south, east, north = polygon.bounds
    if not (west >= -180 and east <= 180 and south >= -85 and north <= 85):
        what = f"{district.id}: bounds {polygon.bounds} are no longitudes and latitudes"
        problems.add("districts", what, "Give degrees, longitude first", row=row, field="polygon")


def _check_demand(district: DistrictSpec, row: int, spec: GridSpec, problems: ProblemList) -> None:
    total, transformers = 0.0, 0
    hours = np.zeros(max((len(kw) for kw in district.class_kw.values()), default=0))
    for name, kw in district.class_kw.items():
        if name not in spec.classes:
            problems.add(
                "districts",
                f"{district.id}: class '{name}' has no rule",
                "Add it to the classes",
                row=row,
                field="class_kw",
            )
        elif not kw or not all(math.isfinite(value) and value >= 0 for value in kw):
            what = f"{district.id}: power of {name} is {kw}"
            problems.add(
                "districts", what, "Give a finite number of at least 0 for each hour", row=row, field="class_kw"
            )
        elif len(kw) == len(hours):
            hours += kw
            total += max(kw)
            mean_kw = spec.classes[name].mean_kw
            transformers += max(1, round(max(kw) / mean_kw)) if max(kw) > 0 and mean_kw > 0 else 0
    if total <= 0:
        problems.add(
            "districts", f"{district.id}: no demand", "Give the power of at least one class", row=row, field="class_kw"
        )
        return
    count = district.feeders
    if count is not None and not 1 <= count <= transformers:
        what = f"{district.id}: {count} feeders for {transformers} transformers"
        problems.add("districts", what, "Give at least 1 and at most one a transformer", row=row, field="feeders")
    elif count is not None and hours.max() > count * spec.rules.feeder_rating_kw:
        what = f"{district.id}: {count} feeders cannot carry {hours.max():,.0f} kW"
        problems.add("districts", what, "Give more feeders", row=row, field="feeders")


def _check_customers(spec: GridSpec, problems: ProblemList) -> None:
    rules = spec.rules
    ids = [customer.id for customer in spec.customers]
    city = shapely.union_all([district.polygon for district in spec.districts if district.polygon.is_valid])
    for row, customer in enumerate(spec.customers, start=1):
        place = f"customer '{customer.id}'"
        if not customer.id or ids.count(customer.id) > 1:
            problems.add("customers", f"{place}: id is empty or not unique", "Give each its own", row=row, field="id")
        if not rules.customer_min_kw <= customer.demand_kw <= rules.customer_max_kw:
            what = f"{place} draws {customer.demand_kw} kW"
            fix = (
                f"At this voltage customers draw {rules.customer_min_kw:,.0f} to {rules.customer_max_kw:,.0f} kW: put "
                "a smaller one behind an MV/LV transformer, a larger one on the transmission grid"
            )
            problems.add("customers", what, fix, row=row, field="demand_kw")
        inside = math.isfinite(customer.x) and math.isfinite(customer.y)
        if not inside or shapely.distance(city, shapely.points(customer.x, customer.y)) > BORDER_TOLERANCE_DEG:
            what = f"{place} at longitude {customer.x}, latitude {customer.y} is in no district"
            problems.add("customers", what, "Correct its coordinates or leave it out", row=row, field="x")
