"""Profiles over a real websocket on loopback: stations of the `ocpp` package against our central system."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import websockets
from ocpp.exceptions import InternalError
from ocpp.routing import on
from ocpp.v16 import ChargePoint as ChargePoint16
from ocpp.v16 import call as call16
from ocpp.v16 import call_result as result16
from ocpp.v201 import ChargePoint as ChargePoint201
from ocpp.v201 import call as call201
from ocpp.v201 import call_result as result201
from websockets.asyncio.client import connect

from data.depot_folder import read_depot_folder
from optimizers.solver import SolveLimits
from tests.data.depot_folders import FILES, write_depot
from twin.depot_case import depot_case
from twin.depot_planning import PlannedDepot, plan_case
from twin.ocpp_delivery import SUBPROTOCOL, Delivered, Delivery, serve_profiles, serve_until_done, stations
from twin.ocpp_profiles import ProfileOptions, ProfileRequest, profile_requests
from twin.ocpp_rules import OcppVersion

VERSIONS = list(OcppVersion)
Answer = Callable[[int], str]
"""From the number of a profile a station got to its answer."""


class Station16(ChargePoint16):  # type: ignore[misc]
    """A station of OCPP 1.6 that answers as it is told."""

    def __init__(self, name: str, socket: Any, answer: Answer) -> None:
        super().__init__(name, socket)
        self.answer, self.got = answer, []

    @on("SetChargingProfile")  # type: ignore[untyped-decorator]
    async def on_profile(self, **payload: Any) -> Any:
        self.got.append(payload)
        return result16.SetChargingProfile(self.answer(len(self.got)))

    async def boot(self) -> Any:
        return await self.call(call16.BootNotification("model", "vendor"))


class Station201(ChargePoint201):  # type: ignore[misc]
    """A station of OCPP 2.0.1 that answers as it is told."""

    def __init__(self, name: str, socket: Any, answer: Answer) -> None:
        super().__init__(name, socket)
        self.answer, self.got = answer, []

    @on("SetChargingProfile")  # type: ignore[untyped-decorator]
    async def on_profile(self, **payload: Any) -> Any:
        self.got.append(payload)
        return result201.SetChargingProfile(self.answer(len(self.got)))

    async def boot(self) -> Any:
        return await self.call(call201.BootNotification({"model": "m", "vendorName": "v"}, "PowerUp"))


STATION = {OcppVersion.V16: Station16, OcppVersion.V201: Station201}


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> PlannedDepot:
    chargers = FILES["chargers.csv"].replace("dc,1,0,100,true", "dc,2,0,30,true")
    folder = read_depot_folder(write_depot(tmp_path_factory.mktemp("ocpp") / "depot", chargers=chargers))
    found = plan_case(depot_case(folder), SolveLimits(20.0, 1e-3))
    assert isinstance(found, PlannedDepot)
    return found


def requests_of(planned: PlannedDepot, version: OcppVersion, **options: int) -> tuple[ProfileRequest, ...]:
    return profile_requests(planned, ProfileOptions(version, **options))


def accept(_: int) -> str:
    return "Accepted"


async def visit(port: int, name: str, version: OcppVersion, answer: Answer, until: Callable[[], bool]) -> Any:
    """Connect a station, let it boot, and stay until a condition holds or the other side hangs up."""
    protocol = websockets.Subprotocol(SUBPROTOCOL[version])
    async with connect(f"ws://127.0.0.1:{port}/ocpp/{name}", subprotocols=[protocol]) as socket:
        station = STATION[version](name, socket, answer)
        listening = asyncio.create_task(station.start())
        booted = await station.boot()
        while not until() and not listening.done():
            await asyncio.sleep(0.01)
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
        return station, booted


def run(scenario: Any) -> Any:
    return asyncio.run(asyncio.wait_for(scenario, 60))


@pytest.mark.parametrize("version", VERSIONS)
def test_every_station_gets_its_profiles_and_only_those(planned: PlannedDepot, version: OcppVersion) -> None:
    delivery = Delivery(requests_of(planned, version))

    async def scenario() -> list[Any]:
        async with await serve_profiles(delivery, version, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            visits = [visit(port, name, version, accept, lambda: delivery.done) for name in stations(delivery.requests)]
            return await asyncio.gather(*visits)

    for station, booted in run(scenario()):
        assert booted.status == "Accepted"
        assert len(station.got) == 1
        sent = next(r for r in delivery.requests if r.station == station.id)
        key = "connector_id" if version is OcppVersion.V16 else "evse_id"
        assert station.got[0][key] == sent.connector
    assert delivery.done
    assert delivery.rejected() == ()
    assert all(delivery.state(place) is Delivered.ACCEPTED for place in range(2))


@pytest.mark.parametrize("version", VERSIONS)
def test_what_arrives_is_what_was_sent(planned: PlannedDepot, version: OcppVersion) -> None:
    delivery = Delivery(requests_of(planned, version)[:1])

    async def scenario() -> Any:
        async with await serve_profiles(delivery, version, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            return await visit(port, "dc-1", version, accept, lambda: delivery.done)

    station, _ = run(scenario())
    sent: dict[str, Any] = dict(delivery.requests[0].payload)
    if version is OcppVersion.V16:
        got = station.got[0]["cs_charging_profiles"]
        wanted = sent["csChargingProfiles"]["chargingSchedule"]
        schedule = got["charging_schedule"]
    else:
        wanted = sent["chargingProfile"]["chargingSchedule"][0]
        schedule = station.got[0]["charging_profile"]["charging_schedule"][0]
    pairs = [(p["start_period"], float(p["limit"])) for p in schedule["charging_schedule_period"]]
    assert pairs == [(p["startPeriod"], p["limit"]) for p in wanted["chargingSchedulePeriod"]]
    assert schedule["start_schedule"] == wanted["startSchedule"]
    assert schedule["charging_rate_unit"] == "W"


@pytest.mark.parametrize("version", VERSIONS)
def test_a_rejection_is_kept_with_its_reason_and_not_repeated(planned: PlannedDepot, version: OcppVersion) -> None:
    delivery = Delivery(requests_of(planned, version, max_periods=1))
    count = len(delivery.pending("dc-1"))
    assert count >= 2

    def reject_first(number: int) -> str:
        return "Rejected" if number == 1 else "Accepted"

    async def scenario() -> list[Any]:
        async with await serve_profiles(delivery, version, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            here: Callable[[], bool] = lambda: not delivery.pending("dc-1")  # noqa: E731
            first = await visit(port, "dc-1", version, reject_first, here)
            second = await visit(port, "dc-1", version, accept, lambda: True)
            return [first[0], second[0]]

    first, second = run(scenario())
    assert len(first.got) == count
    assert second.got == []
    ((request, reason),) = delivery.rejected()
    assert request.station == "dc-1"
    assert reason == "Rejected"


@pytest.mark.parametrize("version", VERSIONS)
def test_a_station_that_answers_with_an_error_is_a_rejection(planned: PlannedDepot, version: OcppVersion) -> None:
    delivery = Delivery(requests_of(planned, version)[:1])

    def fail(_: int) -> str:
        raise InternalError(description="memory is full")

    async def scenario() -> Any:
        async with await serve_profiles(delivery, version, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            return await visit(port, "dc-1", version, fail, lambda: delivery.done)

    run(scenario())
    assert delivery.done
    assert delivery.reasons[0].startswith("InternalError")


@pytest.mark.parametrize("version", VERSIONS)
def test_a_station_that_is_cut_off_gets_the_rest_when_it_comes_back(
    planned: PlannedDepot, version: OcppVersion
) -> None:
    """It answers the first profile, breaks off in the middle of the second, and comes back."""
    delivery = Delivery(requests_of(planned, version, max_periods=1))
    count = len(delivery.pending("dc-1"))
    assert count >= 2

    async def breaking(port: int) -> int:
        protocol = websockets.Subprotocol(SUBPROTOCOL[version])
        async with connect(f"ws://127.0.0.1:{port}/dc-1", subprotocols=[protocol]) as socket:
            station = STATION[version]("dc-1", socket, accept)
            answered = asyncio.Event()

            def drop_second(number: int) -> str:
                if number == 2:
                    socket.transport.abort()
                    answered.set()
                return "Accepted"

            station.answer = drop_second
            listening = asyncio.create_task(station.start())
            await asyncio.wait_for(answered.wait(), 30)
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
            return len(station.got)

    async def scenario() -> tuple[int, int, Any]:
        async with await serve_profiles(delivery, version, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            seen = await breaking(port)
            left = len(delivery.pending("dc-1"))
            again, _ = await visit(port, "dc-1", version, accept, lambda: not delivery.pending("dc-1"))
            return seen, left, again

    seen, left, again = run(scenario())
    assert seen == 2
    assert left == count - 1
    assert len(again.got) == count - 1
    assert delivery.pending("dc-1") == []
    assert delivery.rejected() == ()


def test_a_station_that_does_not_answer_stays_pending(planned: PlannedDepot) -> None:
    version = OcppVersion.V16
    delivery = Delivery(requests_of(planned, version)[:1])

    async def scenario() -> None:
        async with await serve_profiles(delivery, version, "127.0.0.1", 0, answer_within_s=0.1) as server:
            port = server.sockets[0].getsockname()[1]
            protocol = websockets.Subprotocol(SUBPROTOCOL[version])
            async with connect(f"ws://127.0.0.1:{port}/dc-1", subprotocols=[protocol]) as socket:
                await socket.recv()
                await asyncio.sleep(0.5)

    run(scenario())
    assert delivery.pending("dc-1") == [0]


def test_strangers_are_turned_away(planned: PlannedDepot) -> None:
    version = OcppVersion.V16
    delivery = Delivery(requests_of(planned, version))

    async def scenario() -> list[int]:
        codes = []
        async with await serve_profiles(delivery, version, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            for name, protocols in (("other", ["ocpp1.6"]), ("dc-1", None)):
                spoken = None if protocols is None else [websockets.Subprotocol(p) for p in protocols]
                try:
                    async with connect(f"ws://127.0.0.1:{port}/{name}", subprotocols=spoken) as socket:
                        await socket.wait_closed()
                        codes.append(socket.close_code or 0)
                except websockets.InvalidStatus as refused:
                    codes.append(refused.response.status_code)
        return codes

    assert run(scenario()) == [1008, 400]
    assert not delivery.done


def test_serving_ends_with_the_last_answer_or_with_the_time(planned: PlannedDepot, unused_tcp_port: int) -> None:
    version = OcppVersion.V201
    delivery = Delivery(requests_of(planned, version)[:1])

    async def late_visit() -> None:
        for _ in range(200):
            try:
                await visit(unused_tcp_port, "dc-1", version, accept, lambda: delivery.done)
            except OSError:
                await asyncio.sleep(0.02)
            else:
                return

    async def scenario() -> None:
        serving = serve_until_done(delivery, version, "127.0.0.1", unused_tcp_port, 30)
        await asyncio.gather(serving, late_visit())

    run(scenario())
    assert delivery.done
    again = Delivery(delivery.requests)
    run(serve_until_done(again, version, "127.0.0.1", 0, 0.1))
    assert not again.done


@pytest.fixture
def unused_tcp_port(tmp_path: Path) -> int:
    import socket  # noqa: PLC0415 — only to find a port

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
