"""Seoul's grid spec from the tables of the shipped city, with demand by rough shares (the twin brings its own)."""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from dataclasses import fields
from pathlib import Path

from shapely.geometry import shape

from grid.synthesis_spec import (
    BankType,
    ClassRule,
    Conductor,
    DedicatedCustomer,
    DistrictSpec,
    GridSpec,
    Mounting,
    OpenLand,
    PlanningRules,
    TransformerSize,
)

SEOUL = Path(__file__).resolve().parents[2] / "data" / "seoul"
OPEN_LAND_COLUMNS = ("from_longitude", "from_latitude", "to_longitude", "to_latitude", "half_width_km")
PLANNING_GW = {
    "general": (5.46, 4.55, 3.90),
    "residential": (2.18, 2.90, 2.80),
    "industrial": (1.00, 0.80, 0.80),
    "education": (0.43, 0.22, 0.25),
    "street_lighting": (0.01, 0.09, 0.10),
    "night": (0.01, 0.02, 0.15),
    "agriculture": (0.01, 0.01, 0.01),
}
"""City demand on a summer afternoon (9.1 GW), a summer evening and a winter evening by class: rough, for tests."""


def rows(name: str) -> list[dict[str, str]]:
    with (SEOUL / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(line for line in file if not line.startswith("#")))


def seoul_spec(customers: tuple[DedicatedCustomer, ...] = (), seed: int = 2026) -> GridSpec:
    integers = {"tap_positions", "banks_min", "banks_max"}
    values = {row["name"]: float(row["value"]) for row in rows("grid_rules.csv")}
    rules = PlanningRules(
        **{n: int(values[n]) if n in integers else values[n] for n in (f.name for f in fields(PlanningRules))}
    )
    bank = rows("grid_banks.csv")[0]
    return GridSpec(
        districts=_districts(),
        conductors=tuple(
            Conductor(
                row["name"],
                row["kind"] == "underground",
                *(float(row[name]) for name in ("r_ohm_per_km", "x_ohm_per_km", "b_us_per_km", "ampacity_a")),
            )
            for row in rows("conductors.csv")
        ),
        bank=BankType(*(float(bank[name]) for name in ("rated_kva", "base_kva", "r_percent", "x_percent"))),
        sizes=tuple(
            TransformerSize(float(row["rating_kva"]), Mounting(row["mounting"]))
            for row in rows("grid_transformer_sizes.csv")
        ),
        classes={
            row["contract_class"]: ClassRule(
                *(float(row[n]) for n in ("mean_kw", "log_sigma", "largest_kw", "centrality", "clustering"))
            )
            for row in rows("grid_classes.csv")
        },
        rules=rules,
        customers=customers,
        frequency_hz=60.0,
        seed=seed,
        open_land=tuple(OpenLand(*(float(row[n]) for n in OPEN_LAND_COLUMNS)) for row in rows("grid_open_land.csv")),
    )


def _districts() -> tuple[DistrictSpec, ...]:
    sold: dict[tuple[str, str], float] = defaultdict(float)
    city: dict[str, float] = defaultdict(float)
    for row in rows("district_energy.csv"):
        sold[row["district"], row["contract_class"]] += float(row["energy_kwh"])
        city[row["contract_class"]] += float(row["energy_kwh"])
    known = {row["district"]: row for row in rows("grid_districts.csv")}
    boundaries = json.loads((SEOUL / "boundaries.geojson").read_text(encoding="utf-8"))
    districts = []
    for feature in boundaries["features"]:
        code, polygon = feature["properties"]["code"], shape(feature["geometry"])
        class_kw = {
            name: tuple(1e6 * gw * sold[code, name] / city[name] for gw in hours)
            for name, hours in PLANNING_GW.items()
            if sold[code, name] > 0
        }
        districts.append(
            DistrictSpec(
                id=code,
                name=feature["properties"]["name_en"],
                polygon=polygon,
                class_kw=class_kw,
                feeders=int(known[code]["feeders"]),
                underground_share=float(known[code]["underground_share"]),
            )
        )
    return tuple(districts)
