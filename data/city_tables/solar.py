"""Tables of solar power: installed capacity by district and owner, roofs, modules and inverters."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from data.city_tables.rules import Check
from data.errors import ProblemList
from data.schema import Column, Kind, Parameter, TableSchema

SOLAR_OWNERS = ("private", "public")
"""Whose roofs: everybody's, or the city's programme on public buildings and sites."""

SHARE_TOLERANCE = 1e-3

SOLAR_CAPACITY = TableSchema(
    name="solar_capacity",
    columns=(
        Column("district", Kind.TEXT, "Code of the district.", refers_to="districts.code"),
        Column("owner", Kind.CHOICE, "Whose roofs.", choices=SOLAR_OWNERS),
        Column("dc_kw", Kind.NUMBER, "Installed rating of the modules.", unit="kW", lower=0, upper=5e6),
    ),
    key=("district", "owner"),
    meaning="Solar power installed in one district by one kind of owner. A district without any has no row.",
)

SOLAR_ROOFS = TableSchema(
    name="solar_roofs",
    columns=(
        Column("roof", Kind.TEXT, "Name of the class of roofs."),
        Column("tilt_deg", Kind.NUMBER, "Of the modules from the horizontal.", unit="°", lower=0, upper=90),
        Column("azimuth_deg", Kind.NUMBER, "Clockwise from north, 180 is south.", unit="°", lower=0, upper=360),
        Column(
            "heat_loss_w_per_m2_k",
            Kind.NUMBER,
            "Constant part of the cooling by air.",
            unit="W/m²/K",
            lower=5,
            upper=60,
        ),
        Column(
            "heat_loss_wind_w_per_m2_k_per_m_per_s",
            Kind.NUMBER,
            "Part of the cooling that grows with wind speed.",
            unit="W/m²/K per m/s",
            lower=0,
            upper=20,
        ),
        Column("private_share", Kind.NUMBER, "Share of private modules on such roofs.", lower=0, upper=1),
        Column("public_share", Kind.NUMBER, "Share of public modules on such roofs.", lower=0, upper=1),
    ),
    key=("roof",),
    meaning="One class of roofs and façades that carry modules.",
)

SOLAR_TECHNOLOGY = TableSchema(
    name="solar_technology",
    columns=(
        Column("technology", Kind.TEXT, "Name of the technology."),
        Column("dc_ac_ratio", Kind.NUMBER, "Rating of the modules over that of the inverter.", lower=0.5, upper=2),
        Column("power_per_k", Kind.NUMBER, "Change of power with cell temperature.", unit="1/K", lower=-0.01, upper=0),
        Column("module_efficiency", Kind.NUMBER, "At 1000 W/m² and 25 °C.", lower=0.05, upper=0.35),
        Column("inverter_efficiency", Kind.NUMBER, "At full load.", lower=0.8, upper=1),
        Column("loss_share", Kind.NUMBER, "Soiling, shade, mismatch, wiring, ageing, outages.", lower=0, upper=0.6),
        Column("albedo", Kind.NUMBER, "Of what lies around the modules.", lower=0, upper=0.9),
        Column("usable_roof_share", Kind.NUMBER, "Share of all roof area that modules can cover.", lower=0, upper=1),
    ),
    key=("technology",),
    meaning="Modules and inverters of the city; exactly one row.",
)

SOLAR_ROOF_AREA = TableSchema(
    name="solar_roof_area",
    columns=(
        Column("district", Kind.TEXT, "Code of the district.", refers_to="districts.code"),
        Column("roof_km2", Kind.NUMBER, "Area of all roofs.", unit="km²", lower=0, upper=1000),
    ),
    key=("district",),
    meaning="Roof area of one district, the base of the potential.",
)

TABLES: tuple[TableSchema, ...] = (SOLAR_CAPACITY, SOLAR_ROOFS, SOLAR_TECHNOLOGY, SOLAR_ROOF_AREA)

PARAMETERS: tuple[Parameter, ...] = ()


def check_roofs(tables: Mapping[str, pd.DataFrame], problems: ProblemList) -> None:
    """Shares of roofs sum to 1 for each owner, and there is one technology."""
    roofs = tables.get(SOLAR_ROOFS.name)
    if roofs is not None:
        for owner in SOLAR_OWNERS:
            total = float(roofs[f"{owner}_share"].sum())
            if abs(total - 1.0) > SHARE_TOLERANCE:
                what = f"the shares sum to {total:g}"
                problems.add(SOLAR_ROOFS.filename, what, "make them sum to 1", field=f"{owner}_share")
    technology = tables.get(SOLAR_TECHNOLOGY.name)
    if technology is not None and len(technology) != 1:
        what = f"it has {len(technology)} rows"
        problems.add(SOLAR_TECHNOLOGY.filename, what, "give exactly one technology", field="technology")


def check_room(tables: Mapping[str, pd.DataFrame], problems: ProblemList) -> None:
    """No district has more modules than its roofs can carry."""
    names = (SOLAR_CAPACITY.name, SOLAR_TECHNOLOGY.name, SOLAR_ROOF_AREA.name)
    if not all(name in tables and len(tables[name]) for name in names):
        return
    capacity, technology, area = (tables[name] for name in names)
    kw_per_km2 = 1e6 * float(technology["usable_roof_share"].iloc[0]) * float(technology["module_efficiency"].iloc[0])
    room_kw = area.set_index("district")["roof_km2"] * kw_per_km2
    for district, dc_kw in capacity.groupby("district")["dc_kw"].sum().items():
        room = float(room_kw.get(district, 0.0))
        if dc_kw > room:
            row = int(capacity.index[capacity["district"] == district][0])
            what = f"{dc_kw:,.0f} kW stand in district {district}, whose roofs have room for {room:,.0f} kW"
            fix = "check the unit (kW), or the area in solar_roof_area.csv"
            problems.add(SOLAR_CAPACITY.filename, what, fix, row=row, field="dc_kw")


CHECKS: tuple[Check, ...] = (check_roofs, check_room)
