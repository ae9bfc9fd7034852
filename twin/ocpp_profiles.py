"""A depot's plan as OCPP `SetChargingProfile` requests, one timeline an outlet, for OCPP 1.6 and 2.0.1.

The purpose is `TxDefaultProfile` on the outlet's connector (1.6) or EVSE (2.0.1), of kind `Absolute`: it needs no
transaction id, holds for whatever bus is plugged in, survives a reconnect of the station, and is replaced when it is
sent again. Limits are those of the outlet's output. They are rounded down, so that together they never exceed the plan.

Neither version can ask a station to feed back (2.1 can): where the plan feeds back the limit is 0, and the request says
for how many kWh.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from ocpp.charge_point import remove_nones, serialize_as_dict, snake_to_camel_case
from ocpp.v16 import call as call16
from ocpp.v16 import datatypes as types16
from ocpp.v16 import enums as enums16
from ocpp.v201 import call as call201
from ocpp.v201 import datatypes as types201
from ocpp.v201 import enums as enums201

from data.depot_clock import local_time
from data.errors import ProblemList
from twin.depot_case import DepotCase
from twin.depot_planning import PlannedDepot
from twin.depot_tables import outlet_address
from twin.ocpp_rules import ACTION, OcppVersion, payload_faults

Floats = NDArray[np.float64]

MAX_PERIODS = 1024
"""Most periods of one schedule in OCPP 2.0.1; stations of either version may allow fewer."""


class RateUnit(Enum):
    """Unit of limits: watts, or amperes of each phase."""

    W = "W"
    A = "A"


@dataclass(frozen=True)
class ProfileOptions:
    """How to write profiles.

    Attributes
    ----------
    version
        Of OCPP.
    unit
        Of the limits. Amperes need `voltage_v` (phase to neutral) and `phases`.
    max_periods
        Most periods a station takes in one schedule (its `ChargingScheduleMaxPeriods`). A longer timeline becomes
        several profiles of ascending stack level, each valid in its own time.
    stack_level
        Of the first profile.
    """

    version: OcppVersion
    unit: RateUnit = RateUnit.W
    voltage_v: float = 230.0
    phases: int = 3
    max_periods: int = MAX_PERIODS
    stack_level: int = 0


@dataclass(frozen=True)
class Period:
    """Limit in the unit of the profile from `start_s` after the start of the schedule on."""

    start_s: int
    limit: float


@dataclass(frozen=True)
class ProfileRequest:
    """One request to one station.

    Attributes
    ----------
    station
        Identity of the station, the end of its websocket's address.
    connector
        Connector (1.6) or EVSE (2.0.1).
    payload
        What stands in the call, checked against the schema and the rules.
    left_out_kwh
        Energy the plan feeds back within the profile, which it cannot say.
    """

    station: str
    connector: int
    payload: Mapping[str, Any]
    left_out_kwh: float


def profile_requests(planned: PlannedDepot, options: ProfileOptions) -> tuple[ProfileRequest, ...]:
    """Return the requests of a plan: for every outlet, also those that stay empty, so that no old limit survives.

    Raises
    ------
    AssertionError
        When a payload breaks the schema or a rule: that would be a fault of this module.
    """
    case, requests, number = planned.case, [], 0
    for c, charger in enumerate(case.problem.chargers):
        for outlet in range(charger.count):
            net_kw = _net_kw(planned, c, outlet)
            address = outlet_address(case, c, outlet)
            for place, window in enumerate(_windows(net_kw, case, options)):
                number += 1
                payload = _payload(window, address.connector, number, place, options)
                faults = payload_faults(payload, options.version)
                if faults:
                    raise AssertionError(f"profile of {address.station} is wrong: {'; '.join(faults)}")
                requests.append(ProfileRequest(address.station, address.connector, payload, window.left_out_kwh))
    return tuple(requests)


def fed_back_lines(planned: PlannedDepot) -> list[str]:
    """Return one sentence for each outlet that feeds back in the plan, which no profile can ask for."""
    case, lines = planned.case, []
    for c, charger in enumerate(case.problem.chargers):
        for outlet in range(charger.count):
            fed_kwh = float(np.maximum(-_net_kw(planned, c, outlet), 0.0) @ case.problem.step_h)
            if fed_kwh > 0:
                address = outlet_address(case, c, outlet)
                lines.append(
                    f"{charger.id} outlet {outlet + 1} (station {address.station}, connector {address.connector}): "
                    f"{fed_kwh:.1f} kWh fed back cannot be asked for in OCPP 1.6 or 2.0.1; its limit is 0 then"
                )
    return lines


@dataclass(frozen=True)
class _Window:
    start: datetime
    duration_s: int
    periods: tuple[Period, ...]
    left_out_kwh: float


def _net_kw(planned: PlannedDepot, charger_class: int, outlet: int) -> Floats:
    """Return the (T,) power of the outlet, feeding back negative."""
    plan, net = planned.plan, np.zeros(planned.case.problem.step_count)
    for s in planned.sessions:
        if (s.charger_class, s.outlet) == (charger_class, outlet):
            inside = slice(max(s.start, 0), s.stop)
            net[inside] = plan.charge_kw[s.bus, inside] - plan.discharge_kw[s.bus, inside]
    return net


def _windows(net_kw: Floats, case: DepotCase, options: ProfileOptions) -> list[_Window]:
    """Return the timeline of one outlet in pieces of at most `max_periods` periods; equal limits are merged."""
    limits = [_limit(float(kw), options) for kw in net_kw]
    cuts = [0, *(t for t in range(1, len(limits)) if limits[t] != limits[t - 1])]
    edges = [local_time(edge, case.folder.settings.zone).astimezone(UTC) for edge in case.edges_utc]
    found = []
    for first in range(0, len(cuts), options.max_periods):
        piece = cuts[first : first + options.max_periods]
        rest = cuts[first + options.max_periods :]
        start, stop = piece[0], rest[0] if rest else len(limits)
        periods = tuple(Period(_seconds(edges[t] - edges[start]), limits[t]) for t in piece)
        fed_kwh = float(np.maximum(-net_kw[start:stop], 0.0) @ case.problem.step_h[start:stop])
        found.append(_Window(edges[start], _seconds(edges[stop] - edges[start]), periods, fed_kwh))
    return found


def _limit(kw: float, options: ProfileOptions) -> float:
    """Return the limit with one decimal, rounded down; the small number lets 41.999999999 kW of a solver be 42."""
    watts = max(kw, 0.0) * 1000
    value = watts if options.unit is RateUnit.W else watts / (options.voltage_v * options.phases)
    return math.floor(value * 10 + 1e-3) / 10


def _seconds(span: timedelta) -> int:
    return round(span.total_seconds())


def _stamp(time: datetime) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


def _payload(window: _Window, connector: int, number: int, place: int, options: ProfileOptions) -> dict[str, Any]:
    build = _request16 if options.version is OcppVersion.V16 else _request201
    request: Any = build(window, connector, number, options.stack_level + place, options)
    payload: dict[str, Any] = snake_to_camel_case(remove_nones(serialize_as_dict(request)))
    return payload


def _phases(options: ProfileOptions) -> int | None:
    return options.phases if options.unit is RateUnit.A else None


def _request16(window: _Window, connector: int, number: int, level: int, options: ProfileOptions) -> Any:
    schedule = types16.ChargingSchedule(
        charging_rate_unit=enums16.ChargingRateUnitType(options.unit.value),
        charging_schedule_period=[
            types16.ChargingSchedulePeriod(period.start_s, period.limit, _phases(options)) for period in window.periods
        ],
        duration=window.duration_s,
        start_schedule=_stamp(window.start),
    )
    profile = types16.ChargingProfile(
        charging_profile_id=number,
        stack_level=level,
        charging_profile_purpose=enums16.ChargingProfilePurposeType.tx_default_profile,
        charging_profile_kind=enums16.ChargingProfileKindType.absolute,
        charging_schedule=schedule,
        valid_from=_stamp(window.start),
        valid_to=_stamp(window.start + timedelta(seconds=window.duration_s)),
    )
    return call16.SetChargingProfile(connector_id=connector, cs_charging_profiles=profile)


def _request201(window: _Window, connector: int, number: int, level: int, options: ProfileOptions) -> Any:
    schedule = types201.ChargingScheduleType(
        id=number,
        charging_rate_unit=enums201.ChargingRateUnitEnumType(options.unit.value),
        charging_schedule_period=[
            types201.ChargingSchedulePeriodType(period.start_s, period.limit, _phases(options))
            for period in window.periods
        ],
        duration=window.duration_s,
        start_schedule=_stamp(window.start),
    )
    profile = types201.ChargingProfileType(
        id=number,
        stack_level=level,
        charging_profile_purpose=enums201.ChargingProfilePurposeEnumType.tx_default_profile,
        charging_profile_kind=enums201.ChargingProfileKindEnumType.absolute,
        charging_schedule=[schedule],
        valid_from=_stamp(window.start),
        valid_to=_stamp(window.start + timedelta(seconds=window.duration_s)),
    )
    return call201.SetChargingProfile(evse_id=connector, charging_profile=profile)


def requests_document(requests: Sequence[ProfileRequest], version: OcppVersion) -> dict[str, Any]:
    """Return requests as plain data, by station."""
    stations: dict[str, list[dict[str, Any]]] = {}
    for request in requests:
        entry = {"action": ACTION, "payload": request.payload, "left_out_kwh": round(request.left_out_kwh, 3)}
        stations.setdefault(request.station, []).append(entry)
    return {"schema_version": 1, "ocpp": version.value, "stations": stations}


def read_requests(path: Path, version: OcppVersion) -> tuple[ProfileRequest, ...]:
    """Read requests that `requests_document` wrote.

    Raises
    ------
    InvalidInput
        With every request that breaks the schema or a rule, or when the file is none of this version.
    """
    problems = ProblemList()
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        problems.add(str(path), f"the file cannot be read ({error})", "name a folder that `twin depot plan` wrote")
        document = {}
    if not isinstance(document, dict) or document.get("ocpp") != version.value:
        problems.add(str(path), f"the file holds no profiles of OCPP {version.value}", "plan the depot again")
    problems.raise_if_any()
    found: list[ProfileRequest] = []
    key = "connectorId" if version is OcppVersion.V16 else "evseId"
    for station, entries in document["stations"].items():
        for place, entry in enumerate(entries, start=1):
            for fault in payload_faults(entry["payload"], version):
                problems.add(str(path), f"profile {place}: {fault}", "plan the depot again", field=station)
            payload = entry["payload"]
            found.append(ProfileRequest(station, int(payload.get(key, 0)), payload, float(entry["left_out_kwh"])))
    problems.raise_if_any()
    return tuple(found)
