"""Charging profiles of OCPP 1.6 and 2.0.1: their schema, their rules, and that they say what the plan says."""

from __future__ import annotations

import copy
import json
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from data.depot_folder import read_depot_folder
from data.errors import InvalidInput
from optimizers.solver import SolveLimits
from tests.data.depot_folders import FILES, with_row, with_setting, write_depot
from twin.depot_case import depot_case
from twin.depot_outputs import json_text
from twin.depot_planning import PlannedDepot, plan_case
from twin.ocpp_profiles import ProfileOptions, RateUnit, profile_requests, read_requests, requests_document
from twin.ocpp_rules import OcppVersion, payload_faults

VERSIONS = list(OcppVersion)


def planned_depot(folder: Path) -> PlannedDepot:
    planned = plan_case(depot_case(read_depot_folder(folder)), SolveLimits(20.0, 1e-3))
    assert isinstance(planned, PlannedDepot)
    return planned


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> PlannedDepot:
    chargers = FILES["chargers.csv"].replace("dc,1,0,100,true", "dc,2,0,30,true")
    types = with_row("bus_types.csv", "0,0,,,\n", "0,30,,,\n")
    return planned_depot(write_depot(tmp_path_factory.mktemp("ocpp") / "depot", chargers=chargers, bus_types=types))


def profile_of(payload: dict[str, Any], version: OcppVersion) -> tuple[dict[str, Any], dict[str, Any]]:
    """The profile and its only schedule."""
    if version is OcppVersion.V16:
        return payload["csChargingProfiles"], payload["csChargingProfiles"]["chargingSchedule"]
    return payload["chargingProfile"], payload["chargingProfile"]["chargingSchedule"][0]


@pytest.mark.parametrize("version", VERSIONS)
def test_every_outlet_gets_a_valid_profile_even_an_idle_one(planned: PlannedDepot, version: OcppVersion) -> None:
    requests = profile_requests(planned, ProfileOptions(version))
    assert [request.station for request in requests] == ["dc-1", "dc-2"]
    for request in requests:
        assert payload_faults(request.payload, version) == ()
        profile, schedule = profile_of(dict(request.payload), version)
        assert profile["chargingProfilePurpose"] == "TxDefaultProfile"
        assert profile["chargingProfileKind"] == "Absolute"
        assert schedule["startSchedule"] == "2026-11-23T09:00:00Z"
        assert schedule["duration"] == 12 * 3600
        assert schedule["chargingRateUnit"] == "W"
        assert schedule["chargingSchedulePeriod"][0]["startPeriod"] == 0


@pytest.mark.parametrize("version", VERSIONS)
def test_limits_are_those_of_the_plan_and_never_more(planned: PlannedDepot, version: OcppVersion) -> None:
    energy_kwh = 0.0
    for request in profile_requests(planned, ProfileOptions(version)):
        _, schedule = profile_of(dict(request.payload), version)
        periods = schedule["chargingSchedulePeriod"]
        ends = [*(period["startPeriod"] for period in periods[1:]), schedule["duration"]]
        energy_kwh += sum(
            period["limit"] / 1000 * (end - period["startPeriod"]) / 3600
            for period, end in zip(periods, ends, strict=True)
        )
        limits = [period["limit"] for period in periods]
        assert all(early != late for early, late in pairwise(limits))  # equal ones are merged
    charged_kwh = float((planned.plan.charge_kw * planned.case.problem.step_h).sum())
    assert energy_kwh <= charged_kwh + 1e-9
    assert energy_kwh == pytest.approx(charged_kwh, abs=0.001)


@pytest.mark.parametrize("version", VERSIONS)
def test_amperes_of_each_phase(planned: PlannedDepot, version: OcppVersion) -> None:
    options = ProfileOptions(version, RateUnit.A, voltage_v=230, phases=3)
    watts = profile_requests(planned, ProfileOptions(version))
    for in_a, in_w in zip(profile_requests(planned, options), watts, strict=True):
        _, amperes = profile_of(dict(in_a.payload), version)
        _, plain = profile_of(dict(in_w.payload), version)
        assert amperes["chargingRateUnit"] == "A"
        for period, same in zip(amperes["chargingSchedulePeriod"], plain["chargingSchedulePeriod"], strict=True):
            assert period["numberPhases"] == 3
            assert 0 <= same["limit"] / 690 - period["limit"] <= 0.1


@pytest.mark.parametrize("version", VERSIONS)
def test_a_long_timeline_is_split_into_profiles_that_follow_each_other(
    planned: PlannedDepot, version: OcppVersion
) -> None:
    whole = profile_requests(planned, ProfileOptions(version))
    pieces = profile_requests(planned, ProfileOptions(version, max_periods=1, stack_level=3))
    assert len(pieces) > len(whole)
    assert len({profile_of(dict(r.payload), version)[0]["stackLevel"] for r in pieces if r.station == "dc-1"}) > 1
    ids = [
        profile_of(dict(r.payload), version)[0][("chargingProfileId", "id")[version is OcppVersion.V201]]
        for r in pieces
    ]
    assert len(set(ids)) == len(ids)
    for station in ("dc-1", "dc-2"):
        own = [profile_of(dict(r.payload), version)[0] for r in pieces if r.station == station]
        assert own[0]["stackLevel"] == 3
        assert [p["validFrom"] for p in own[1:]] == [p["validTo"] for p in own[:-1]]
    parsed = datetime.fromisoformat(own[-1]["validTo"])
    assert parsed == datetime.fromisoformat("2026-11-23T21:00:00Z")


def test_feeding_back_cannot_be_said_and_is_counted(tmp_path: Path) -> None:
    prices = FILES["prices.csv"].replace("200,0,true", "300,300,true")
    folder = write_depot(
        tmp_path / "d",
        bus_types=with_row("bus_types.csv", "0,0,,,\n", "0,100,,,\n"),
        chargers=with_row("chargers.csv", "true,0,", "true,100,"),
        prices=prices,
        toml=with_setting("export_limit_kw = 0", "export_limit_kw = 100"),
    )
    planned = planned_depot(folder)
    fed_kwh = float((planned.plan.discharge_kw * planned.case.problem.step_h).sum())
    assert fed_kwh > 0
    requests = profile_requests(planned, ProfileOptions(OcppVersion.V201))
    assert sum(request.left_out_kwh for request in requests) == pytest.approx(fed_kwh)
    for request in requests:
        _, schedule = profile_of(dict(request.payload), OcppVersion.V201)
        assert all(period["limit"] >= 0 for period in schedule["chargingSchedulePeriod"])


def test_requests_survive_a_file(planned: PlannedDepot, tmp_path: Path) -> None:
    for version in VERSIONS:
        requests = profile_requests(planned, ProfileOptions(version))
        path = tmp_path / f"{version.name}.json"
        path.write_text(json_text(requests_document(requests, version)))
        assert read_requests(path, version) == requests
    with pytest.raises(InvalidInput, match=r"no profiles of OCPP 1\.6"):
        read_requests(tmp_path / "V201.json", OcppVersion.V16)
    with pytest.raises(InvalidInput, match="cannot be read"):
        read_requests(tmp_path / "none.json", OcppVersion.V16)
    document = json.loads((tmp_path / "V16.json").read_text())
    document["stations"]["dc-1"][0]["payload"]["csChargingProfiles"]["stackLevel"] = -1
    path.write_text(json.dumps(document))
    with pytest.raises(InvalidInput, match="stackLevel is negative"):
        read_requests(path, OcppVersion.V16)


def test_limits_of_a_solver_just_below_a_tenth_are_not_cut(planned: PlannedDepot) -> None:
    plan = planned.plan
    nearly = np.where(plan.charge_kw > 0, plan.charge_kw - 1e-9, 0.0)
    object.__setattr__(planned.plan, "charge_kw", nearly)
    for request in profile_requests(planned, ProfileOptions(OcppVersion.V16)):
        _, schedule = profile_of(dict(request.payload), OcppVersion.V16)
        assert max(period["limit"] for period in schedule["chargingSchedulePeriod"]) in {30000.0, 20000.0, 10000.0, 0.0}
    object.__setattr__(planned.plan, "charge_kw", plan.charge_kw)


def _broken(version: OcppVersion) -> dict[str, tuple[Any, str]]:
    def schedule(change: Any) -> Any:
        return lambda payload: change(profile_of(payload, version)[1])

    def profile(change: Any) -> Any:
        return lambda payload: change(profile_of(payload, version)[0])

    periods = "chargingSchedulePeriod"
    return {
        "no start": (schedule(lambda s: s.pop("startSchedule")), "startSchedule is required for Absolute"),
        "late first period": (schedule(lambda s: s[periods][0].update(startPeriod=5)), "first startPeriod is not 0"),
        "periods back": (
            schedule(lambda s: s[periods].append({"startPeriod": 0, "limit": 0.0})),
            "periods do not ascend",
        ),
        "period after the end": (
            schedule(lambda s: s[periods].append({"startPeriod": 99_999_999, "limit": 0.0})),
            "begins after the end",
        ),
        "negative limit": (schedule(lambda s: s[periods][0].update(limit=-1.0)), "limit is negative"),
        "unit kW": (schedule(lambda s: s.update(chargingRateUnit="kW")), "schema: 'kW' is not one of"),
        "text for a number": (schedule(lambda s: s[periods][0].update(limit="7")), "schema: '7' is not of type"),
        "unknown field": (schedule(lambda s: s.update(colour="red")), "schema: Additional properties"),
        "missing level": (profile(lambda p: p.pop("stackLevel")), "schema: 'stackLevel' is a required"),
        "negative level": (profile(lambda p: p.update(stackLevel=-1)), "stackLevel is negative"),
        "recurring without a kind": (profile(lambda p: p.update(chargingProfileKind="Recurring")), "recurrencyKind"),
        "relative with a start": (profile(lambda p: p.update(chargingProfileKind="Relative")), "must not stand"),
        "no transaction": (profile(lambda p: p.update(chargingProfilePurpose="TxProfile")), "transactionId belongs"),
        "validity upside down": (
            profile(lambda p: p.update(validTo="2020-01-01T00:00:00Z")),
            "validFrom is not before",
        ),
    }


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", _broken(OcppVersion.V16))
def test_each_fault_of_a_profile_is_found(planned: PlannedDepot, version: OcppVersion, name: str) -> None:
    payload = copy.deepcopy(dict(profile_requests(planned, ProfileOptions(version))[0].payload))
    breaks, fault = _broken(version)[name]
    breaks(payload)
    assert any(fault in found for found in payload_faults(payload, version)), payload_faults(payload, version)


def test_more_than_one_decimal_is_a_fault_of_16(planned: PlannedDepot) -> None:
    payload = copy.deepcopy(dict(profile_requests(planned, ProfileOptions(OcppVersion.V16))[0].payload))
    profile_of(payload, OcppVersion.V16)[1]["chargingSchedulePeriod"][0]["limit"] = 1.23
    assert any("multiple of" in fault for fault in payload_faults(payload, OcppVersion.V16))


def test_a_maximum_of_the_station_is_for_connector_0(planned: PlannedDepot) -> None:
    payload = copy.deepcopy(dict(profile_requests(planned, ProfileOptions(OcppVersion.V16))[0].payload))
    payload["csChargingProfiles"]["chargingProfilePurpose"] = "ChargePointMaxProfile"
    assert "ChargePointMaxProfile is for connector 0" in payload_faults(payload, OcppVersion.V16)
    payload["connectorId"] = 0
    assert payload_faults(payload, OcppVersion.V16) == ()
    payload["csChargingProfiles"] |= {"chargingProfilePurpose": "TxProfile", "transactionId": 7}
    assert payload_faults(payload, OcppVersion.V16) == ("TxProfile needs a connector",)
