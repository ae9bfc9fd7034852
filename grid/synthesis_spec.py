"""What a synthetic distribution grid is made from: districts with their demand, equipment, planning rules.

Everything here is plain data handed in by the caller; nothing physical has a default.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from shapely.geometry.base import BaseGeometry


class Mounting(StrEnum):
    """Where an MV/LV transformer of a standard size stands."""

    POLE = "pole"
    PAD = "pad"
    CUSTOMER = "customer"


@dataclass(frozen=True)
class Conductor:
    """One overhead conductor or underground cable, positive sequence, per km of circuit."""

    name: str
    underground: bool
    r_ohm_per_km: float
    x_ohm_per_km: float
    b_us_per_km: float
    ampacity_a: float


@dataclass(frozen=True)
class BankType:
    """A high/medium-voltage bank.

    `rated_kva` is the largest continuous rating (forced cooling); the impedance in percent is on `base_kva` (natural
    cooling).
    """

    rated_kva: float
    base_kva: float
    r_percent: float
    x_percent: float


@dataclass(frozen=True)
class TransformerSize:
    """A standard MV/LV transformer (or bank of single-phase units) rating."""

    rating_kva: float
    mounting: Mounting


@dataclass(frozen=True)
class ClassRule:
    """How customers of one contract class are bundled into MV/LV transformers.

    Attributes
    ----------
    mean_kw, log_sigma, largest_kw
        Peak demand behind one transformer is log-normal with this mean and spread of its logarithm, cut at the largest.
    centrality
        How strongly the class seeks the centres of the district (1), ignores them (0) or avoids them (-1).
    clustering
        How strongly customers of the class stand together, 0 to 1.
    """

    mean_kw: float
    log_sigma: float
    largest_kw: float
    centrality: float
    clustering: float


@dataclass(frozen=True)
class PlanningRules:
    """The utility's planning rules and the shape of the streets.

    Attributes
    ----------
    nominal_kv, transmission_kv, v_min_kv, v_max_kv
        Nominal voltages, and the permitted band on the medium-voltage side.
    transmission_v_pu
        Voltage held at the high side of every substation.
    sending_kv, tap_step, tap_positions
        Busbar voltage wanted at the planning peak, and the tap changer that approaches it: ratio = 1 + k · step,
        |k| ≤ positions.
    light_load_share
        Lowest load of the year as a share of the peak: the tap must keep the busbar inside the band there too.
    power_factor
        Lagging power factor of demand at the planning peak.
    feeder_rating_kw, feeder_emergency_kw
        Normal and emergency rating of a feeder.
    feeder_target_kw, substation_target_kw
        Mean planning load of a feeder and of a substation; the first is used where a district's number of feeders is
        not given.
    feeder_spread
        Planning loads of feeders are spread uniformly by ± this share around their mean.
    bank_target_loading, banks_min, banks_max
        Banks are added to a substation until their loading at the planning peak is below the target.
    transformer_loading_low, transformer_loading_high
        Loading of an MV/LV transformer at its own peak is drawn from this range before rounding up to a size.
    lateral_target_loading
        Highest loading of a lateral's conductor at the planning peak.
    arterial_blocks
        Side streets from one arterial street to the next, on average.
    street_density
        Street crossings per MV/LV transformer; above 1 some crossings carry no transformer.
    route_factor
        Circuit length over the straight distance between neighbouring crossings.
    ties_per_feeder
        Normally-open tie switches per feeder, on average.
    customer_min_kw, customer_dedicated_kw, customer_max_kw
        A dedicated customer's demand is at least the first; above the second it gets its own feeder; above the third
        it does not belong on this voltage.
    customer_feeder_loading
        Loading up to which a feeder takes on a dedicated customer, both at their peaks.
    """

    nominal_kv: float
    transmission_kv: float
    v_min_kv: float
    v_max_kv: float
    transmission_v_pu: float
    sending_kv: float
    tap_step: float
    tap_positions: int
    light_load_share: float
    power_factor: float
    feeder_rating_kw: float
    feeder_emergency_kw: float
    feeder_target_kw: float
    feeder_spread: float
    substation_target_kw: float
    bank_target_loading: float
    banks_min: int
    banks_max: int
    transformer_loading_low: float
    transformer_loading_high: float
    lateral_target_loading: float
    arterial_blocks: float
    street_density: float
    route_factor: float
    ties_per_feeder: float
    customer_min_kw: float
    customer_dedicated_kw: float
    customer_max_kw: float
    customer_feeder_loading: float


@dataclass(frozen=True)
class DistrictSpec:
    """One district: where it is and what it draws.

    Attributes
    ----------
    id, name
        Code and name.
    polygon
        Its area, longitude and latitude in degrees.
    class_kw
        For each contract class the power in kW in each planning hour (the same hours, in the same order, for every
        class and district: e.g. a summer afternoon and a winter evening). Transformers are sized for the hour that is
        worst for them, feeders and banks for the hour that is worst for their sum.
    feeders
        Number of feeders, or None to take as many as `PlanningRules.feeder_target_kw` asks for.
    underground_share
        Share of circuit length that is underground cable, 0 to 1.
    """

    id: str
    name: str
    polygon: BaseGeometry
    class_kw: Mapping[str, tuple[float, ...]]
    feeders: int | None
    underground_share: float


@dataclass(frozen=True)
class DedicatedCustomer:
    """A customer with its own connection at medium voltage, for instance a bus garage.

    `x`, `y` are longitude and latitude in degrees; `demand_kw` is the largest power it may draw; `critical` marks
    hospitals and the like.
    """

    id: str
    x: float
    y: float
    demand_kw: float
    critical: bool = False


@dataclass(frozen=True)
class OpenLand:
    """Land without customers (river, mountain, park): a stroke with round ends, degrees longitude and latitude."""

    from_x: float
    from_y: float
    to_x: float
    to_y: float
    half_width_km: float


@dataclass(frozen=True)
class GridSpec:
    """Everything a synthetic grid is made from. The same spec always gives the same grid, bit for bit."""

    districts: tuple[DistrictSpec, ...]
    conductors: tuple[Conductor, ...]
    bank: BankType
    sizes: tuple[TransformerSize, ...]
    classes: Mapping[str, ClassRule]
    rules: PlanningRules
    customers: tuple[DedicatedCustomer, ...]
    frequency_hz: float
    seed: int
    open_land: tuple[OpenLand, ...] = ()
