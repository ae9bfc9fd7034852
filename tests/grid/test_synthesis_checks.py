"""Every check of a grid spec is met by a spec that fails it, and says where and what to do."""

from __future__ import annotations

from dataclasses import replace

import pytest
from shapely.geometry import LineString, Polygon, box

from data.errors import InvalidInput
from grid.synthesis import synthesize
from grid.synthesis_spec import ClassRule, DedicatedCustomer, GridSpec, Mounting, OpenLand, TransformerSize
from tests.grid.small_town import CLASS_KW, WEST, district, town_spec

TOWN = town_spec()
NAN = float("nan")
BOW_TIE = Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])


def with_rules(**changes: float) -> GridSpec:
    return replace(TOWN, rules=replace(TOWN.rules, **changes))


def with_class(**changes: float) -> GridSpec:
    return replace(TOWN, classes={**TOWN.classes, "general": replace(TOWN.classes["general"], **changes)})


def with_customer(**changes: object) -> GridSpec:
    customer = DedicatedCustomer("garage", 127.212, 37.312, 3_000.0)
    return replace(TOWN, customers=(replace(customer, **changes),))  # type: ignore[arg-type]


CASES = {
    "rule NaN": (with_rules(power_factor=NAN), "rules, power_factor"),
    "rule negative": (with_rules(feeder_rating_kw=-1.0), "rules, feeder_rating_kw"),
    "rule zero": (with_rules(tap_step=0.0), "rules, tap_step"),
    "share above 1": (with_rules(power_factor=1.2), "share between 0 and 1"),
    "order": (with_rules(v_min_kv=25.0), "v_min_kv = 25.0 is above nominal_kv"),
    "banks out of order": (with_rules(banks_min=5), "banks_min = 5 is above"),
    "density": (with_rules(street_density=0.5), "at least 1.0"),
    "frequency": (replace(TOWN, frequency_hz=NAN), "frequency_hz"),
    "seed": (replace(TOWN, seed=-1), "seed"),
    "conductor": (
        replace(TOWN, conductors=(replace(TOWN.conductors[0], r_ohm_per_km=0.0), *TOWN.conductors[1:])),
        "row 1",
    ),
    "no cable": (
        replace(TOWN, conductors=tuple(c for c in TOWN.conductors if not c.underground)),
        "no underground cable",
    ),
    "thin lines": (
        replace(TOWN, conductors=tuple(c for c in TOWN.conductors if c.ampacity_a < 350)),
        "emergency rating",
    ),
    "bank": (replace(TOWN, bank=replace(TOWN.bank, x_percent=-1.0)), "bank, row 1, x_percent"),
    "size": (replace(TOWN, sizes=(TransformerSize(NAN, Mounting.POLE), *TOWN.sizes)), "sizes, row 1, rating_kva"),
    "no pads": (replace(TOWN, sizes=(TransformerSize(100.0, Mounting.POLE),)), "mounting 'pad'"),
    "class mean": (with_class(mean_kw=NAN), "classes, mean_kw"),
    "class centrality": (with_class(centrality=2.0), "classes, centrality"),
    "class clustering": (with_class(clustering=-0.5), "classes, centrality"),
    "class largest": (with_class(largest_kw=10.0), "do not fit a feeder"),
    "open land": (replace(TOWN, open_land=(OpenLand(127.0, 37.0, 127.0, 37.0, 0.0),)), "open_land, row 1"),
    "no district": (replace(TOWN, districts=()), "there are none"),
    "twice": (town_spec(district(), district()), "not unique"),
    "hours": (town_spec(district(class_kw={**CLASS_KW, "general": (1.0,)})), "planning hours"),
    "unknown class": (town_spec(district(class_kw={"ships": (1e4, 1e4)})), "class 'ships' has no rule"),
    "negative load": (town_spec(district(class_kw={"general": (1e4, -1.0)})), "power of general"),
    "NaN load": (town_spec(district(class_kw={"general": (1e4, NAN)})), "power of general"),
    "no load": (town_spec(district(class_kw={"general": (0.0, 0.0)})), "no demand"),
    "too few feeders": (town_spec(district(feeders=1)), "cannot carry"),
    "too many feeders": (town_spec(district(feeders=5000)), "5000 feeders for"),
    "underground": (town_spec(district(underground_share=1.2)), "underground_share"),
    "line as outline": (town_spec(district(polygon=LineString([(127, 37), (128, 38)]))), "no valid area"),
    "bow tie": (town_spec(district(polygon=BOW_TIE)), "Self-intersection"),
    "metres": (town_spec(district(polygon=box(2e5, 5e5, 2.1e5, 5.1e5))), "longitudes and latitudes"),
    "customer too small": (with_customer(demand_kw=500.0), "draws 500.0 kW"),
    "customer too large": (with_customer(demand_kw=50_000.0), "transmission grid"),
    "customer NaN": (with_customer(demand_kw=NAN), "draws nan kW"),
    "customer outside": (with_customer(x=126.0), "in no district"),
    "customer nowhere": (with_customer(x=NAN), "in no district"),
    "customer nameless": (with_customer(id=""), "id is empty"),
}


@pytest.mark.parametrize("case", CASES)
def test_bad_spec_is_refused_with_place_and_fix(case: str) -> None:
    spec, words = CASES[case]
    with pytest.raises(InvalidInput) as refusal:
        synthesize(spec)
    assert words in str(refusal.value)
    assert all(problem.fix for problem in refusal.value.problems)


def test_every_problem_is_listed_at_once() -> None:
    spec = replace(with_rules(power_factor=NAN), seed=-1, customers=with_customer(x=126.0).customers)
    with pytest.raises(InvalidInput) as refusal:
        synthesize(spec)
    assert len(refusal.value.problems) >= 3


def test_unknown_district_is_refused() -> None:
    with pytest.raises(InvalidInput, match="no district 'north'"):
        synthesize(TOWN, "north")


def test_district_without_land_is_refused() -> None:
    flood = OpenLand(127.19, 37.31, 127.26, 37.31, 10.0)
    with pytest.raises(InvalidInput, match="no land"):
        synthesize(replace(TOWN, open_land=(flood,)))


def test_the_town_itself_is_good() -> None:
    assert WEST.is_valid
    assert isinstance(TOWN.classes["general"], ClassRule)
    assert len(synthesize(TOWN, "west").feeders.id) == 6
