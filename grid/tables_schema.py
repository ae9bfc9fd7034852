"""The plain-table form of a network: one CSV file a kind of element, every column with its unit and meaning."""

from __future__ import annotations

from data.schema import Column, Kind, TableSchema

LARGEST_KW = 1e8
"""Power of one row beyond which a unit was mistaken (a power station has 1e7 kW)."""

_LARGEST = 1e12


def _id() -> Column:
    return Column("id", Kind.TEXT, "Name of the element, once in its table.", unique=True)


def _bus(name: str, meaning: str) -> Column:
    return Column(name, Kind.TEXT, meaning, refers_to="buses.id")


def _number(name: str, unit: str, meaning: str, lower: float | None = None, upper: float | None = None) -> Column:
    low, high = (-_LARGEST if lower is None else lower), (_LARGEST if upper is None else upper)
    return Column(name, Kind.NUMBER, meaning, unit=unit, lower=low, upper=high)


def _optional(name: str, unit: str, meaning: str, lower: float | None = None) -> Column:
    return Column(name, Kind.NUMBER, meaning, unit=unit, lower=lower, required=False)


def _power(name: str, unit: str, meaning: str) -> Column:
    return _number(name, unit, meaning, -LARGEST_KW, LARGEST_KW)


_IN_SERVICE = Column("in_service", Kind.FLAG, "false: present, but switched off (an open tie).")

NETWORK = TableSchema(
    name="network",
    columns=(_number("frequency_hz", "Hz", "Frequency that susceptances are given at.", 10, 100),),
    key=(),
    meaning="One row: what holds for the whole network.",
    provenance=False,
)

BUSES = TableSchema(
    name="buses",
    columns=(
        _id(),
        _number("base_kv", "kV", "Nominal line-to-line voltage.", 1e-3, 2000),
        _number("v_min_pu", "pu", "Lowest permitted voltage.", 0, 2),
        _number("v_max_pu", "pu", "Highest permitted voltage.", 0, 2),
        _optional("x", "°", "Longitude; empty where unknown."),
        _optional("y", "°", "Latitude; empty where unknown."),
    ),
    key=("id",),
    meaning="One node.",
    provenance=False,
)

_IMPEDANCE = (
    _id(),
    _bus("from_bus", "Bus at one end; of a transformer the high side."),
    _bus("to_bus", "Bus at the other end; of a transformer the low side."),
    _number("r_ohm", "Ω", "Series resistance; of a transformer referred to the low side.", 0),
    _number("x_ohm", "Ω", "Series reactance; r and x both 0 joins the buses of a line."),
    _number("b_us", "µS", "Total shunt susceptance, half at each end."),
    _number("g_us", "µS", "Total shunt conductance, half at each end."),
)

LINES = TableSchema(
    name="lines",
    columns=(
        *_IMPEDANCE,
        _optional("rating_a", "A", "Permitted current; empty for none.", lower=1e-6),
        _IN_SERVICE,
    ),
    key=("id",),
    meaning="One line, as a π.",
    required=False,
    provenance=False,
)

TRANSFORMERS = TableSchema(
    name="transformers",
    columns=(
        *_IMPEDANCE,
        _number("ratio", "", "Turns ratio over that of the base voltages, at the high side; 1 at nominal.", 0.1, 10),
        _number("shift_deg", "°", "Angle by which the low side lags.", -360, 360),
        _optional("rating_kva", "kVA", "Rated power; empty for none.", lower=1e-6),
        _IN_SERVICE,
    ),
    key=("id",),
    meaning="One two-winding transformer.",
    required=False,
    provenance=False,
)

SLACKS = TableSchema(
    name="slacks",
    columns=(
        _id(),
        _bus("bus", "Bus whose voltage is held."),
        _number("v_pu", "pu", "Voltage held.", 0.1, 2),
        _number("angle_deg", "°", "Angle held.", -360, 360),
    ),
    key=("id",),
    meaning="One stiff source.",
    provenance=False,
)

LOADS = TableSchema(
    name="loads",
    columns=(
        _id(),
        _bus("bus", "Bus it stands at."),
        _power("p_kw", "kW", "Active power at 1 pu, consumption positive, generation negative."),
        _power("q_kvar", "kvar", "Reactive power at 1 pu."),
        _number("z_share", "", "Share of constant impedance.", 0, 1),
        _number("i_share", "", "Share of constant current; the rest is constant power.", 0, 1),
        _IN_SERVICE,
    ),
    key=("id",),
    meaning="One load, or a generator of fixed power.",
    required=False,
    provenance=False,
)

SHUNTS = TableSchema(
    name="shunts",
    columns=(
        _id(),
        _bus("bus", "Bus it stands at."),
        _power("p_kw", "kW", "Active power drawn at 1 pu."),
        _power("q_kvar", "kvar", "Reactive power drawn at 1 pu; negative for a capacitor."),
        _IN_SERVICE,
    ),
    key=("id",),
    meaning="One fixed shunt.",
    required=False,
    provenance=False,
)

GENERATORS = TableSchema(
    name="generators",
    columns=(
        _id(),
        _bus("bus", "Bus whose voltage it holds."),
        _power("p_kw", "kW", "Active power generated."),
        _number("v_pu", "pu", "Voltage held.", 0.1, 2),
        _optional("q_min_kvar", "kvar", "Least reactive power; empty for none."),
        _optional("q_max_kvar", "kvar", "Largest reactive power; empty for none."),
        _IN_SERVICE,
    ),
    key=("id",),
    meaning="One voltage-holding generator.",
    required=False,
    provenance=False,
)

ELEMENT_TABLES = (BUSES, LINES, TRANSFORMERS, SLACKS, LOADS, SHUNTS, GENERATORS)
"""The tables of elements; the file of each is its name with `.csv`, its columns are those of `grid.elements`."""
