"""Tables of the distribution grid: equipment, planning rules, what is known of districts, land without customers."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from data.city_tables.rules import Check
from data.contract_class import CONTRACT_CLASSES
from data.errors import ProblemList
from data.schema import Column, Kind, Parameter, TableSchema

CONDUCTORS = TableSchema(
    name="conductors",
    columns=(
        Column("name", Kind.TEXT, "Trade name."),
        Column("kind", Kind.CHOICE, "Where it is laid.", choices=("overhead", "underground")),
        Column("r_ohm_per_km", Kind.NUMBER, "Series resistance.", unit="Ω/km", lower=1e-4, upper=10),
        Column("x_ohm_per_km", Kind.NUMBER, "Series reactance.", unit="Ω/km", lower=0.01, upper=2),
        Column("b_us_per_km", Kind.NUMBER, "Shunt susceptance.", unit="µS/km", lower=0, upper=1000),
        Column("ampacity_a", Kind.NUMBER, "Continuous current.", unit="A", lower=1, upper=5000),
    ),
    key=("name",),
    meaning="One conductor or cable of the medium-voltage grid, positive sequence.",
)

GRID_BANKS = TableSchema(
    name="grid_banks",
    columns=(
        Column("name", Kind.TEXT, "Name of the type."),
        Column("rated_kva", Kind.NUMBER, "Largest continuous rating.", unit="kVA", lower=100, upper=1e6),
        Column("base_kva", Kind.NUMBER, "Rating the percentages refer to.", unit="kVA", lower=100, upper=1e6),
        Column("r_percent", Kind.NUMBER, "Series resistance.", unit="%", lower=0, upper=20),
        Column("x_percent", Kind.NUMBER, "Series reactance.", unit="%", lower=0.1, upper=40),
    ),
    key=("name",),
    meaning="The type of transformer between transmission and medium voltage; the first row is used.",
)

GRID_SIZES = TableSchema(
    name="grid_transformer_sizes",
    columns=(
        Column("rating_kva", Kind.NUMBER, "Rating.", unit="kVA", lower=1, upper=1e5),
        Column("mounting", Kind.CHOICE, "Where it stands.", choices=("pole", "pad", "customer")),
    ),
    key=("rating_kva", "mounting"),
    meaning="One standard size of transformers between medium and low voltage.",
)

GRID_CLASSES = TableSchema(
    name="grid_classes",
    columns=(
        Column("contract_class", Kind.CHOICE, "Contract class.", choices=tuple(map(str, CONTRACT_CLASSES))),
        Column("mean_kw", Kind.NUMBER, "Mean peak behind one transformer.", unit="kW", lower=0.1, upper=1e5),
        Column("log_sigma", Kind.NUMBER, "Spread of the logarithm of that peak.", lower=0, upper=3),
        Column("largest_kw", Kind.NUMBER, "Largest peak behind one transformer.", unit="kW", lower=0.1, upper=1e5),
        Column("centrality", Kind.NUMBER, "1 seeks the centres of the district, -1 avoids them.", lower=-1, upper=1),
        Column("clustering", Kind.NUMBER, "How strongly customers stand together.", lower=0, upper=1),
    ),
    key=("contract_class",),
    meaning="How the customers of one contract class are bundled into transformers.",
)

GRID_DISTRICTS = TableSchema(
    name="grid_districts",
    columns=(
        Column("district", Kind.TEXT, "Code of the district.", refers_to="districts.code"),
        Column(
            "feeders",
            Kind.INTEGER,
            "Feeders, where known; empty: as many as needed.",
            required=False,
            lower=1,
            upper=10_000,
        ),
        Column("underground_share", Kind.NUMBER, "Share of circuit length underground.", lower=0, upper=1),
    ),
    key=("district",),
    meaning="What is known of the grid in one district.",
)

GRID_RULES = TableSchema(
    name="grid_rules",
    columns=(
        Column("name", Kind.TEXT, "Name of the rule."),
        Column("value", Kind.NUMBER, "Its value."),
        Column("unit", Kind.TEXT, "Its unit, 1 for a pure number."),
        Column("note", Kind.TEXT, "What it means.", required=False),
    ),
    key=("name",),
    meaning="One planning rule of the utility, or one figure of the streets; all names must be there.",
)

GRID_OPEN_LAND = TableSchema(
    name="grid_open_land",
    columns=(
        Column("name", Kind.TEXT, "What lies there."),
        Column("kind", Kind.CHOICE, "What it is.", choices=("river", "mountain", "park", "airfield")),
        Column("from_longitude", Kind.NUMBER, "One end of its middle line.", unit="°", lower=-180, upper=180),
        Column("from_latitude", Kind.NUMBER, "One end of its middle line.", unit="°", lower=-85, upper=85),
        Column("to_longitude", Kind.NUMBER, "The other end.", unit="°", lower=-180, upper=180),
        Column("to_latitude", Kind.NUMBER, "The other end.", unit="°", lower=-85, upper=85),
        Column("half_width_km", Kind.NUMBER, "Reach to either side.", unit="km", lower=0.01, upper=50),
    ),
    key=("name",),
    meaning="Land without customers, drawn as a stroke with round ends.",
    required=False,
)

RULE_NAMES: tuple[str, ...] = (
    "nominal_kv", "transmission_kv", "v_min_kv", "v_max_kv", "transmission_v_pu", "sending_kv", "tap_step",
    "tap_positions", "light_load_share", "power_factor", "feeder_rating_kw", "feeder_emergency_kw", "feeder_target_kw",
    "feeder_spread", "substation_target_kw", "bank_target_loading", "banks_min", "banks_max",
    "transformer_loading_low", "transformer_loading_high", "lateral_target_loading", "arterial_blocks",
    "street_density", "route_factor", "ties_per_feeder", "customer_min_kw", "customer_dedicated_kw",
    "customer_max_kw",
    "customer_feeder_loading",
)  # fmt: skip

TABLES: tuple[TableSchema, ...] = (
    CONDUCTORS,
    GRID_BANKS,
    GRID_SIZES,
    GRID_CLASSES,
    GRID_DISTRICTS,
    GRID_RULES,
    GRID_OPEN_LAND,
)

PARAMETERS: tuple[Parameter, ...] = ()


def _check_rules(tables: Mapping[str, pd.DataFrame], problems: ProblemList) -> None:
    if GRID_RULES.name not in tables:
        return
    there = tables[GRID_RULES.name]["name"]
    for name in RULE_NAMES:
        if name not in set(there):
            problems.add(GRID_RULES.filename, f"the rule {name} is missing", "add its row", field="name")
    for row, name in there.items():
        if name not in RULE_NAMES:
            problems.add(
                GRID_RULES.filename,
                f"no rule is called {name}",
                "correct or remove it",
                row=int(str(row)),
                field="name",
            )


def _check_every_district(tables: Mapping[str, pd.DataFrame], problems: ProblemList) -> None:
    if GRID_DISTRICTS.name in tables and "districts" in tables:
        for code in sorted(set(tables["districts"]["code"]) - set(tables[GRID_DISTRICTS.name]["district"])):
            problems.add(GRID_DISTRICTS.filename, f"district {code} is missing", "add its row", field="district")


CHECKS: tuple[Check, ...] = (_check_rules, _check_every_district)
