"""Hand a plan's charging profiles to the stations: a small central system that sends until each one has answered.

A station that is cut off gets what it has not answered when it comes back. Sending twice does no harm: a profile of the
same id replaces the first.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import websockets
from ocpp.exceptions import OCPPError
from ocpp.routing import on
from ocpp.v16 import ChargePoint as ChargePoint16
from ocpp.v16 import call as call16
from ocpp.v16 import call_result as result16
from ocpp.v201 import ChargePoint as ChargePoint201
from ocpp.v201 import call as call201
from ocpp.v201 import call_result as result201
from websockets.asyncio.server import Server, ServerConnection, serve

from data.depot_clock import now_utc_text
from twin.ocpp_profiles import ProfileRequest
from twin.ocpp_rules import OcppVersion

SUBPROTOCOL = {OcppVersion.V16: "ocpp1.6", OcppVersion.V201: "ocpp2.0.1"}
ANSWER_WITHIN_S = 30.0
HEARTBEAT_S = 300
LOOK_EVERY_S = 0.05


class Delivered(Enum):
    """What became of a request."""

    PENDING = "pending"
    """Not yet sent, or sent and not answered: sent again when the station comes back."""
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    """The station said no (`Rejected`, `NotSupported`) or could not read it; it is not sent again."""


@dataclass
class Delivery:
    """What became of every request of a plan; `reasons` says why one was rejected.

    Attributes
    ----------
    requests
        In the order in which a station gets them.
    """

    requests: tuple[ProfileRequest, ...]
    states: dict[int, Delivered] = field(default_factory=dict)
    reasons: dict[int, str] = field(default_factory=dict)

    def pending(self, station: str) -> list[int]:
        """Return the positions of what a station has not answered."""
        return [
            place
            for place, request in enumerate(self.requests)
            if request.station == station and self.state(place) is Delivered.PENDING
        ]

    def state(self, place: int) -> Delivered:
        """Return what became of one request."""
        return self.states.get(place, Delivered.PENDING)

    @property
    def done(self) -> bool:
        """Whether every request was answered."""
        return all(self.state(place) is not Delivered.PENDING for place in range(len(self.requests)))

    def rejected(self) -> tuple[tuple[ProfileRequest, str], ...]:
        """Return every request that was rejected, with the reason."""
        return tuple((self.requests[place], reason) for place, reason in sorted(self.reasons.items()))


class _Station16(ChargePoint16):  # type: ignore[misc]  # the package carries no types
    @on("BootNotification")  # type: ignore[untyped-decorator]
    def on_boot(self, **_: Any) -> Any:
        return result16.BootNotification(now_utc_text(), HEARTBEAT_S, "Accepted")

    @on("Heartbeat")  # type: ignore[untyped-decorator]
    def on_heartbeat(self, **_: Any) -> Any:
        return result16.Heartbeat(now_utc_text())

    @on("StatusNotification")  # type: ignore[untyped-decorator]
    def on_status(self, **_: Any) -> Any:
        return result16.StatusNotification()


class _Station201(ChargePoint201):  # type: ignore[misc]
    @on("BootNotification")  # type: ignore[untyped-decorator]
    def on_boot(self, **_: Any) -> Any:
        return result201.BootNotification(now_utc_text(), HEARTBEAT_S, "Accepted")

    @on("Heartbeat")  # type: ignore[untyped-decorator]
    def on_heartbeat(self, **_: Any) -> Any:
        return result201.Heartbeat(now_utc_text())

    @on("StatusNotification")  # type: ignore[untyped-decorator]
    def on_status(self, **_: Any) -> Any:
        return result201.StatusNotification()


def _call(request: ProfileRequest, version: OcppVersion) -> Any:
    payload = request.payload
    if version is OcppVersion.V16:
        return call16.SetChargingProfile(payload["connectorId"], dict(payload["csChargingProfiles"]))
    return call201.SetChargingProfile(payload["evseId"], dict(payload["chargingProfile"]))


async def deliver(delivery: Delivery, station: str, charge_point: Any, version: OcppVersion) -> None:
    """Send a connected station, one by one, what it has not answered.

    Parameters
    ----------
    delivery
        Takes the answers.
    station
        Identity of the station.
    charge_point
        The `ChargePoint` of the `ocpp` package that speaks to it; its message loop must be running.
    version
        Of OCPP.

    Raises
    ------
    websockets.ConnectionClosed
        The station went away; what it has not answered stays pending.
    """
    for place in delivery.pending(station):
        try:
            answer = await charge_point.call(_call(delivery.requests[place], version), suppress=False)
        except TimeoutError:
            continue  # no answer: it stays pending
        except OCPPError as error:
            delivery.states[place] = Delivered.REJECTED
            delivery.reasons[place] = f"{error.code}: {error.description}"
            continue
        if answer.status == "Accepted":
            delivery.states[place] = Delivered.ACCEPTED
        else:
            delivery.states[place] = Delivered.REJECTED
            delivery.reasons[place] = str(answer.status)


async def serve_profiles(
    delivery: Delivery, version: OcppVersion, host: str, port: int, *, answer_within_s: float = ANSWER_WITHIN_S
) -> Server:
    """Start a central system that gives every station that connects its profiles.

    Parameters
    ----------
    delivery
        What to send; takes the answers.
    version
        Of OCPP; stations that do not speak it are turned away.
    host, port
        Where to listen; port 0 takes a free one.
    answer_within_s
        How long a station may take to answer.

    Returns
    -------
    websockets.asyncio.server.Server
        Running; close it when `delivery.done`.
    """
    known = {request.station for request in delivery.requests}
    station_type = _Station16 if version is OcppVersion.V16 else _Station201

    async def on_connect(connection: ServerConnection) -> None:
        path = connection.request.path if connection.request is not None else ""
        station = path.rstrip("/").rpartition("/")[2]
        if station not in known or connection.subprotocol is None:
            await connection.close(1008, "unknown station or version of OCPP")
            return
        charge_point = station_type(station, connection, response_timeout=answer_within_s)
        listening = asyncio.create_task(charge_point.start())
        sending = asyncio.create_task(deliver(delivery, station, charge_point, version))
        # The package waits for an answer until its time is up, even when the station is gone: listening ends first.
        await asyncio.wait({listening, sending}, return_when=asyncio.FIRST_COMPLETED)
        if not listening.done() and not sending.exception():
            await asyncio.wait({listening})
        for task in (sending, listening):
            task.cancel()
        for ended in await asyncio.gather(sending, listening, return_exceptions=True):
            if ended is not None and not isinstance(ended, asyncio.CancelledError | websockets.ConnectionClosed):
                raise ended  # what was not answered stays pending for the station's next visit

    return await serve(on_connect, host, port, subprotocols=[websockets.Subprotocol(SUBPROTOCOL[version])])


async def serve_until_done(delivery: Delivery, version: OcppVersion, host: str, port: int, time_limit_s: float) -> None:
    """Serve until every request was answered or the time is up; see `serve_profiles`."""
    server = await serve_profiles(delivery, version, host, port, answer_within_s=min(ANSWER_WITHIN_S, time_limit_s))
    end = asyncio.get_running_loop().time() + time_limit_s
    try:
        while not delivery.done and asyncio.get_running_loop().time() < end:
            await asyncio.sleep(LOOK_EVERY_S)
    finally:
        server.close()
        await server.wait_closed()


def stations(requests: Iterable[ProfileRequest]) -> tuple[str, ...]:
    """Return the stations of requests, each once, in order."""
    return tuple(dict.fromkeys(request.station for request in requests))
