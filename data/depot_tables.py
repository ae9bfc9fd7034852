"""Tables of a depot folder: buses, their types and duties, chargers, site, prices, and the state during the day.

They are an operator's own tables, so they carry no columns of sources. Clock times are local times of the depot's time
zone, written ``2026-11-23T05:10``; where the clock is set back and an hour comes twice, with the offset:
``2026-10-25T02:30+02:00``.
"""

from __future__ import annotations

from data.schema import Column, Kind, TableSchema

LARGEST_KW = 5000
"""No charger or bus of today comes near it; what does was written in W."""
LARGEST_SITE_KW = 100_000
LARGEST_BATTERY_KWH = 5000

LANES = ("free", "first_in_first_out", "last_in_first_out")

SOC_UNIT = "(a share: 0.8 for 80 percent)"
_LOCAL = "local time, YYYY-MM-DDThh:mm"

BUSES = TableSchema(
    name="buses",
    columns=(
        Column("bus", Kind.TEXT, "Name of the bus."),
        Column("type", Kind.TEXT, "Type of the bus.", refers_to="bus_types.type"),
        Column("soc", Kind.NUMBER, "State of charge at the start of the horizon.", SOC_UNIT, lower=0, upper=1),
        Column("end_soc", Kind.NUMBER, "Least at the end; empty: planning.end_soc.", SOC_UNIT, 0, 1, required=False),
    ),
    key=("bus",),
    meaning="One bus.",
    provenance=False,
)

BUS_TYPES = TableSchema(
    name="bus_types",
    columns=(
        Column("type", Kind.TEXT, "Name of the type."),
        Column("battery_kwh", Kind.NUMBER, "Size of the battery.", "kWh", lower=1, upper=LARGEST_BATTERY_KWH),
        Column("min_soc", Kind.NUMBER, "Lowest state of charge allowed.", SOC_UNIT, lower=0, upper=1),
        Column("max_soc", Kind.NUMBER, "Highest state of charge allowed.", SOC_UNIT, lower=0, upper=1),
        Column("max_charge_kw", Kind.NUMBER, "Most the bus takes at its inlet.", "kW", lower=1, upper=LARGEST_KW),
        Column("charge_efficiency", Kind.NUMBER, "From inlet to cells.", lower=0.5, upper=1),
        Column("discharge_efficiency", Kind.NUMBER, "From cells to inlet.", lower=0.5, upper=1),
        Column("standing_loss_kw", Kind.NUMBER, "Drawn from the cells while parked.", "kW", lower=0, upper=100),
        Column("max_discharge_kw", Kind.NUMBER, "Most it feeds back; 0: no V2G.", "kW", lower=0, upper=LARGEST_KW),
        Column(
            "warranty_discharge_kwh",
            Kind.NUMBER,
            "Most energy fed back over the horizon; empty: no limit.",
            "kWh",
            lower=0,
            upper=10 * LARGEST_BATTERY_KWH,
            required=False,
        ),
        Column(
            "taper_from_soc",
            Kind.NUMBER,
            "State of charge from which it takes less power; empty: no taper.",
            SOC_UNIT,
            lower=0,
            upper=1,
            required=False,
        ),
        Column(
            "taper_end_share",
            Kind.NUMBER,
            "Share of the power it still takes at max_soc; needed with a taper.",
            lower=0,
            upper=1,
            required=False,
        ),
    ),
    key=("type",),
    meaning="One type of bus.",
    provenance=False,
)

DUTIES = TableSchema(
    name="duties",
    columns=(
        Column("duty", Kind.TEXT, "Name of the duty."),
        Column("bus", Kind.TEXT, "Bus that drives it.", refers_to="buses.bus"),
        Column("departure", Kind.TEXT, "When it leaves the depot.", _LOCAL),
        Column("return", Kind.TEXT, "When it is back.", _LOCAL),
        Column("energy_kwh", Kind.NUMBER, "Energy from the cells.", "kWh", lower=0, upper=LARGEST_BATTERY_KWH),
        Column("departure_soc", Kind.NUMBER, "Least at departure; empty: none.", SOC_UNIT, 0, 1, required=False),
        Column("distance_km", Kind.NUMBER, "For the reader.", "km", lower=0, upper=2000, required=False),
        Column("route", Kind.TEXT, "For the reader.", required=False),
    ),
    key=("duty",),
    meaning="One absence of one bus: it leaves the depot, drives, and comes back.",
    provenance=False,
)

CHARGERS = TableSchema(
    name="chargers",
    columns=(
        Column("charger", Kind.TEXT, "Name of the class of outlets."),
        Column("outlets", Kind.INTEGER, "Equal outlets of the class.", lower=0, upper=2000),
        Column("min_kw", Kind.NUMBER, "Least power while charging.", "kW", lower=0, upper=LARGEST_KW),
        Column("max_kw", Kind.NUMBER, "Most power at the inlet of a bus.", "kW", lower=1, upper=LARGEST_KW),
        Column("can_pause", Kind.FLAG, "Whether a plugged bus may stand at 0 kW."),
        Column("max_discharge_kw", Kind.NUMBER, "Most fed back; 0: no V2G.", "kW", lower=0, upper=LARGEST_KW),
        Column("efficiency", Kind.NUMBER, "From the site's bus bar to the inlet.", lower=0.5, upper=1),
        Column("cabinet", Kind.TEXT, "Cabinet it hangs on; empty: none.", refers_to="cabinets.cabinet", required=False),
        Column("lane", Kind.CHOICE, "Whether buses block each other; empty: free.", choices=LANES, required=False),
    ),
    key=("charger",),
    meaning="One class of equal charger outlets.",
    provenance=False,
)

CABINETS = TableSchema(
    name="cabinets",
    columns=(
        Column("cabinet", Kind.TEXT, "Name of the cabinet."),
        Column("max_kw", Kind.NUMBER, "Most its outlets charge together.", "kW", lower=1, upper=LARGEST_SITE_KW),
    ),
    key=("cabinet",),
    meaning="One power cabinet shared by the outlets of one or more classes.",
    required=False,
    provenance=False,
)

COMPATIBILITY = TableSchema(
    name="compatibility",
    columns=(
        Column("charger", Kind.TEXT, "Class of outlets.", refers_to="chargers.charger"),
        Column("type", Kind.TEXT, "Type of bus that can use it.", refers_to="bus_types.type"),
    ),
    key=("charger", "type"),
    meaning="One type of bus that fits one class of outlets. Without this table every bus fits every outlet.",
    required=False,
    provenance=False,
)

OUTLETS = TableSchema(
    name="outlets",
    columns=(
        Column("charger", Kind.TEXT, "Class of outlets.", refers_to="chargers.charger"),
        Column("outlet", Kind.INTEGER, "Number within the class, from 1.", lower=1, upper=2000),
        Column("station", Kind.TEXT, "Identity of the charging station in OCPP."),
        Column("connector", Kind.INTEGER, "Its connector (1.6) or EVSE (2.0.1), from 1.", lower=1, upper=1000),
    ),
    key=("charger", "outlet"),
    meaning="Where one outlet is found by OCPP. Without this table outlet 3 of class dc120 is station dc120-3.",
    required=False,
    provenance=False,
)

STAFF = TableSchema(
    name="staff",
    columns=(
        Column("from", Kind.TEXT, "Beginning.", "local time of day, hh:mm"),
        Column("to", Kind.TEXT, "End; before the beginning when it is past midnight.", "local time of day, hh:mm"),
    ),
    key=("from",),
    meaning="Hours of every day in which somebody can plug a bus in. Without this table: always.",
    required=False,
    provenance=False,
)

PRICES = TableSchema(
    name="prices",
    columns=(
        Column("from", Kind.TEXT, "Beginning.", _LOCAL),
        Column("to", Kind.TEXT, "End.", _LOCAL),
        Column("buy_krw_per_kwh", Kind.NUMBER, "Price of energy bought.", "KRW/kWh", lower=-10_000, upper=100_000),
        Column("sell_krw_per_kwh", Kind.NUMBER, "Price of energy sold.", "KRW/kWh", lower=-10_000, upper=100_000),
        Column("counts_for_demand", Kind.FLAG, "Whether the demand charge looks at these hours."),
    ),
    key=("from",),
    meaning="Prices over one stretch of time. Used instead of a tariff plan of a city; must cover the horizon.",
    required=False,
    provenance=False,
)

SITE = TableSchema(
    name="site",
    columns=(
        Column("from", Kind.TEXT, "Beginning.", _LOCAL),
        Column("to", Kind.TEXT, "End.", _LOCAL),
        Column("base_kw", Kind.NUMBER, "Workshop, washing, light.", "kW", 0, LARGEST_SITE_KW, required=False),
        Column("pv_kw", Kind.NUMBER, "Solar power that can be used.", "kW", 0, LARGEST_SITE_KW, required=False),
        Column("import_limit_kw", Kind.NUMBER, "Most from the grid.", "kW", 0, LARGEST_SITE_KW, required=False),
        Column("export_limit_kw", Kind.NUMBER, "Most to the grid.", "kW", 0, LARGEST_SITE_KW, required=False),
    ),
    key=("from",),
    meaning="The site over one stretch of time; an empty cell keeps the constant of depot.toml.",
    required=False,
    provenance=False,
)

MONTHLY_PEAKS = TableSchema(
    name="monthly_peaks",
    columns=(
        Column("month", Kind.DATE, "First day of the month."),
        Column("peak_kw", Kind.NUMBER, "Highest demand of that month.", "kW", lower=0, upper=LARGEST_SITE_KW),
    ),
    key=("month",),
    meaning="Highest demand of an earlier month; listed months of the last twelve set the billing demand (ratchet).",
    required=False,
    provenance=False,
)

DEPOT_TABLES: tuple[TableSchema, ...] = (
    BUSES,
    BUS_TYPES,
    DUTIES,
    CHARGERS,
    CABINETS,
    COMPATIBILITY,
    OUTLETS,
    STAFF,
    PRICES,
    SITE,
    MONTHLY_PEAKS,
)

STATE = TableSchema(
    name="state",
    columns=(
        Column("time", Kind.TEXT, "Now; the same in every row.", _LOCAL),
        Column("bus", Kind.TEXT, "Bus."),
        Column("soc", Kind.NUMBER, "State of charge now.", SOC_UNIT, lower=0, upper=1),
        Column("charger", Kind.TEXT, "Class of the outlet it is plugged to; empty: not plugged.", required=False),
        Column("outlet", Kind.INTEGER, "Number of that outlet within its class.", lower=1, upper=2000, required=False),
        Column("plugged_since", Kind.TEXT, "When it was plugged in.", _LOCAL, required=False),
        Column("sessions_used", Kind.INTEGER, "Sessions of this stay.", lower=0, upper=1000, required=False),
        Column("late_min", Kind.NUMBER, "Minutes its duty ends late.", "min", lower=0, upper=2880, required=False),
    ),
    key=("bus",),
    meaning="One bus now, during the day. `late_min` is of the duty the bus is on, or else of its next one.",
    provenance=False,
)
