"""What OCPP asks of a `SetChargingProfile` request: its JSON schema, and the rules a schema cannot say."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from enum import Enum
from itertools import pairwise
from typing import Any

import jsonschema
from ocpp.messages import MessageType, get_validator

ACTION = "SetChargingProfile"


class OcppVersion(Enum):
    """Versions a plan can be written for; the value is also the schema set of the `ocpp` package."""

    V16 = "1.6"
    V201 = "2.0.1"


def payload_faults(payload: Mapping[str, Any], version: OcppVersion) -> tuple[str, ...]:
    """Return everything wrong with a payload: against the schema of the `ocpp` package, then against OCPP's rules.

    The rules are those the schema cannot say (OCPP 1.6 edition 2, chapter 3.13 and 7; 2.0.1, use case K01).
    """
    parse = Decimal if version is OcppVersion.V16 else float
    validator: Any = get_validator(MessageType.Call, ACTION, version.value, parse_float=parse)
    plain = json.loads(json.dumps(payload), parse_float=parse)
    errors: list[jsonschema.ValidationError] = sorted(validator.iter_errors(plain), key=lambda error: error.message)
    if errors:
        return tuple(f"schema: {error.message}" for error in errors)
    if version is OcppVersion.V16:
        profile = payload["csChargingProfiles"]
        return _rule_faults(profile, [profile["chargingSchedule"]], payload["connectorId"])
    profile = payload["chargingProfile"]
    return _rule_faults(profile, profile["chargingSchedule"], payload["evseId"])


def _rule_faults(profile: Mapping[str, Any], schedules: Sequence[Mapping[str, Any]], connector: int) -> tuple[str, ...]:
    faults: list[str] = []

    def require(*, kept: bool, rule: str) -> None:
        if not kept:
            faults.append(rule)

    purpose, kind = profile["chargingProfilePurpose"], profile["chargingProfileKind"]
    transaction = "transactionId" in profile
    require(kept=transaction == (purpose == "TxProfile"), rule="transactionId belongs to TxProfile, and it needs one")
    require(kept=purpose != "TxProfile" or connector > 0, rule="TxProfile needs a connector")
    require(kept=not purpose.endswith("MaxProfile") or connector == 0, rule=f"{purpose} is for connector 0")
    require(kept=(kind == "Recurring") == ("recurrencyKind" in profile), rule="recurrencyKind belongs to Recurring")
    require(kept=profile["stackLevel"] >= 0, rule="stackLevel is negative")
    if "validFrom" in profile and "validTo" in profile:
        order = datetime.fromisoformat(profile["validFrom"]) < datetime.fromisoformat(profile["validTo"])
        require(kept=order, rule="validFrom is not before validTo")
    for schedule in schedules:
        faults += _schedule_faults(schedule, kind)
    return tuple(faults)


def _schedule_faults(schedule: Mapping[str, Any], kind: str) -> list[str]:
    faults = []
    starts = [period["startPeriod"] for period in schedule["chargingSchedulePeriod"]]
    if kind != "Relative" and "startSchedule" not in schedule:
        faults.append(f"startSchedule is required for {kind}")
    if kind == "Relative" and "startSchedule" in schedule:
        faults.append("startSchedule must not stand in a Relative schedule")
    if not starts or starts[0] != 0:
        faults.append("the first startPeriod is not 0")
    if any(late <= early for early, late in pairwise(starts)):
        faults.append("the periods do not ascend")
    if starts and "duration" in schedule and starts[-1] >= schedule["duration"]:
        faults.append("a period begins after the end of the schedule")
    if any(period["limit"] < 0 for period in schedule["chargingSchedulePeriod"]):
        faults.append("a limit is negative")
    return faults
