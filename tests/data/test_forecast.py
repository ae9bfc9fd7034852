"""The forecast client against a local server that answers as Open-Meteo does, errors included."""

from __future__ import annotations

import json
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest

from data.errors import InvalidInput
from data.forecast import ForecastService, fetch_forecast
from data.forecast_request import FailedRequest
from data.solar_position import Place
from data.weather import WeatherKind
from tests.data.weather_builders import SEOUL, hours_utc, seoul_year

NOW = datetime(2026, 6, 1, 9, 30, tzinfo=UTC)
FIRST = "2026-05-31T00:00"
Answer = dict[str, Any]


def answer(days: int = 5) -> Answer:
    """What the service sends: radiation is that of the preceding hour, the rest that of the instant."""
    hours = hours_utc(FIRST, 24 * days)
    truth = seoul_year().at(hours - np.timedelta64(1, "h"), 1.0)
    instants = seoul_year().at(hours, 1.0)
    return {
        "latitude": 37.55,
        "longitude": 127.0,
        "generationtime_ms": 0.212,
        "utc_offset_seconds": 0,
        "timezone": "GMT",
        "timezone_abbreviation": "GMT",
        "elevation": 38.0,
        "hourly_units": {
            "time": "iso8601",
            "shortwave_radiation": "W/m²",
            "direct_normal_irradiance": "W/m²",
            "diffuse_radiation": "W/m²",
            "temperature_2m": "°C",
            "wind_speed_10m": "m/s",
        },
        "hourly": {
            "time": [str(hour)[:16] for hour in hours],
            "shortwave_radiation": [round(float(value), 1) for value in truth.ghi_w_per_m2],
            "direct_normal_irradiance": [round(float(value), 1) for value in truth.dni_w_per_m2],
            "diffuse_radiation": [round(float(value), 1) for value in truth.dhi_w_per_m2],
            "temperature_2m": [round(float(value), 1) for value in instants.temp_c],
            "wind_speed_10m": [round(float(value), 2) for value in instants.wind_m_per_s],
        },
    }


@dataclass
class Server:
    """Answers from a list of (status, headers, body), the last one again and again; remembers what it was asked."""

    url: str
    replies: list[tuple[int, dict[str, str], bytes]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    trickle_s: float = 0.0

    def will_send(self, *documents: object, status: int = 200, headers: dict[str, str] | None = None) -> None:
        self.replies += [
            (status, headers or {}, item if isinstance(item, bytes) else json.dumps(item).encode())
            for item in documents
        ]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    state = Server("")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            state.asked.append(self.path)
            status, headers, body = state.replies[0] if len(state.replies) == 1 else state.replies.pop(0)
            self.send_response(status)
            for name, value in {"Content-Type": "application/json; charset=utf-8", **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            try:
                for start in range(0, len(body), 200 if state.trickle_s else len(body) or 1):
                    self.wfile.write(body[start : start + (200 if state.trickle_s else len(body))])
                    self.wfile.flush()
                    time.sleep(state.trickle_s)
            except OSError:  # the client went away, as it should when we trickle
                pass

        def log_message(self, *_: object) -> None:
            pass

    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=running.serve_forever, daemon=True)
    thread.start()
    state.url = f"http://127.0.0.1:{running.server_port}"
    yield state
    running.shutdown()
    running.server_close()
    thread.join()


def service(server: Server, folder: Path, **change: Any) -> ForecastService:
    plain = ForecastService(folder, server.url, timeout_s=5.0, attempts=3, first_wait_s=0.0)
    return replace(plain, **change)


def test_a_forecast_becomes_weather(server: Server, tmp_path: Path) -> None:
    server.will_send(answer())
    weather = fetch_forecast(SEOUL, service(server, tmp_path), now=NOW)
    assert weather.kind is WeatherKind.FORECAST
    assert "Open-Meteo.com (CC BY 4.0), fetched 2026-06-01 09:30 UTC [forecast]" in weather.description
    day = hours_utc("2026-05-31T19:00", 24)  # a service day in Seoul, from 04:00
    truth = seoul_year().at(day, 1.0)
    ours = weather.at(day, 1.0)
    assert np.allclose(ours.ghi_w_per_m2, truth.ghi_w_per_m2, atol=0.06)
    assert np.allclose(ours.dni_w_per_m2, truth.dni_w_per_m2, atol=0.06)
    assert np.abs(ours.temp_c - truth.temp_c).max() < 2.5
    query = parse_qs(urlsplit(server.asked[0]).query)
    assert urlsplit(server.asked[0]).path == "/v1/forecast"
    assert query["latitude"] == ["37.5665"]
    assert query["wind_speed_unit"] == ["ms"]
    assert query["timezone"] == ["UTC"]
    assert query["past_days"] == ["1"]
    assert query["forecast_days"] == ["4"]
    assert set(query["hourly"][0].split(",")) == set(answer()["hourly"]) - {"time"}


def test_nulls_beyond_the_horizon_are_cut_to_whole_days(server: Server, tmp_path: Path) -> None:
    document = answer()
    for name in ("shortwave_radiation", "direct_normal_irradiance", "diffuse_radiation"):
        document["hourly"][name][80:] = [None] * 40
    server.will_send(document)
    weather = fetch_forecast(SEOUL, service(server, tmp_path), now=NOW)
    assert np.datetime64("2026-06-02T22:00") <= weather.times_utc[-1] < np.datetime64("2026-06-03")


# --- the answers that are no forecast


def _change(path: str, value: object) -> Callable[[Answer], Answer]:
    def change(document: Answer) -> Answer:
        *parents, last = path.split("/")
        inner = document
        for parent in parents:
            inner = inner[parent]
        if value is None:
            del inner[last]
        else:
            inner[last] = value
        return document

    return change


def _null(document: Answer) -> Answer:
    document["hourly"]["temperature_2m"][30] = None
    return document


def _drop_hour(document: Answer) -> Answer:
    for column in document["hourly"].values():
        del column[40]
    return document


WRONG: dict[str, tuple[Callable[[Answer], Answer], str]] = {
    "unit of temperature": (_change("hourly_units/temperature_2m", "°F"), "temperature_2m: its unit is '°F', not °C"),
    "unit of wind": (_change("hourly_units/wind_speed_10m", "km/h"), "wind_speed_10m: its unit is 'km/h', not m/s"),
    "no units": (_change("hourly_units", None), "its unit is None"),
    "missing variable": (
        _change("hourly/diffuse_radiation", None),
        "diffuse_radiation: the answer lacks this variable",
    ),
    "text for numbers": (_change("hourly/temperature_2m", ["warm"] * 120), "something that is not a number"),
    "flags for numbers": (_change("hourly/temperature_2m", [True] * 120), "something that is not a number"),
    "no hourly block": (_change("hourly", None), "the answer has no times"),
    "no times": (_change("hourly/time", []), "the answer has no times"),
    "bad times": (_change("hourly/time", ["soon"] * 120), "'soon' is not a time"),
    "another length": (_change("hourly/temperature_2m", [1.0] * 90), "90 values for 120 times"),
    "local time": (_change("utc_offset_seconds", 32400), "32400 s off UTC"),
    "another place": (_change("latitude", -37.5), "latitude: the answer is for -37.5, asked for was 37.5665"),
    "a null inside": (_null, "1 hours lack a value, the first is hour 30"),
    "all null": (_change("hourly/temperature_2m", [None] * 120), "no whole day has all values"),
    "a gap": (_drop_hour, "comes after a gap of 2 h"),
    "kelvin": (_change("hourly/temperature_2m", [290.0] * 120), "kelvin"),
    "hours shifted": (
        lambda x: {**x, "hourly": {**x["hourly"], "time": [str(h)[:16] for h in hours_utc("2026-05-31T09:00", 120)]}},
        "below the horizon",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_an_answer_of_another_form_is_refused(server: Server, tmp_path: Path, name: str) -> None:
    change, words = WRONG[name]
    server.will_send(change(answer()))
    with pytest.raises(InvalidInput, match=re.escape(words)):
        fetch_forecast(SEOUL, service(server, tmp_path), now=NOW)
    assert not list(tmp_path.iterdir())  # nothing bad is kept


FAILING: dict[str, tuple[int, object, str, int]] = {
    "fault": (500, b"<html>oops</html>", "the service has a fault (HTTP 500) (3 attempts)", 3),
    "bad gateway": (502, b"", "HTTP 502", 3),
    "limit": (
        429,
        {"error": True, "reason": "Minutely API request limit exceeded. Please try again in one minute."},
        "too many requests (HTTP 429): Minutely API request limit exceeded",
        3,
    ),
    "refused": (
        400,
        {"error": True, "reason": "Data corrupted at path ''. Cannot initialize from invalid String value lksdfj."},
        "the service refused the request (HTTP 400): Data corrupted",
        1,
    ),
    "error under 200": (200, {"error": True, "reason": "No data is available for this location"}, "No data is", 1),
    "not found": (404, {"error": True, "reason": "Not Found"}, "HTTP 404): Not Found", 1),
    "truncated": (200, json.dumps({"hourly": {"time": ["2026"]}}).encode()[:-5], "cut off or no JSON (3 attempts)", 3),
    "a page": (200, b"<html>Sign in to this network</html>", "cut off or no JSON", 3),
    "binary": (200, bytes(range(256)), "cut off or no JSON", 3),
    "a list": (200, [1, 2, 3], "not a JSON object", 1),
}


@pytest.mark.parametrize("name", FAILING)
def test_a_failing_service_is_named_and_asked_again_only_when_that_may_help(
    server: Server, tmp_path: Path, name: str
) -> None:
    status, body, words, attempts = FAILING[name]
    server.will_send(body, status=status)
    with pytest.raises(FailedRequest) as caught:
        fetch_forecast(SEOUL, service(server, tmp_path), now=NOW)
    assert words in str(caught.value)
    assert "--weather" in str(caught.value)
    assert len(server.asked) == attempts


def test_a_passing_fault_is_survived(server: Server, tmp_path: Path) -> None:
    server.will_send(b"", status=503)
    server.will_send(b"slow down", status=429, headers={"Retry-After": "0"})
    server.will_send(answer())
    assert fetch_forecast(SEOUL, service(server, tmp_path), now=NOW).kind is WeatherKind.FORECAST
    assert len(server.asked) == 3


def test_the_server_may_ask_for_a_wait(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr("data.forecast_request.time.sleep", waits.append)
    server.will_send(b"", status=429, headers={"Retry-After": "7"})
    server.will_send(b"", status=429, headers={"Retry-After": "86400"})
    server.will_send(answer())
    fetch_forecast(SEOUL, service(server, tmp_path, first_wait_s=1.0), now=NOW)
    assert [wait for wait in waits if wait] == [7.0, 60.0]


def test_offline(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    nowhere = ForecastService(tmp_path, f"http://127.0.0.1:{port}", attempts=2, first_wait_s=0.0)
    with pytest.raises(FailedRequest, match=r"no connection \(is this machine online\?\).*--weather"):
        fetch_forecast(SEOUL, nowhere, now=NOW)
    with pytest.raises(FailedRequest, match="the request cannot be made"):
        fetch_forecast(SEOUL, replace(nowhere, base_url="open-meteo"), now=NOW)


def test_a_server_that_trickles_does_not_hold_us(server: Server, tmp_path: Path) -> None:
    server.trickle_s = 0.05
    server.will_send(answer())
    with pytest.raises(FailedRequest, match=r"no complete answer within 0\.3 s"):
        fetch_forecast(SEOUL, service(server, tmp_path, timeout_s=0.3, attempts=1), now=NOW)


def test_a_server_that_says_nothing_does_not_hold_us(tmp_path: Path) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        quiet = ForecastService(tmp_path, url, timeout_s=0.2, attempts=1)
        with pytest.raises(FailedRequest, match=r"no answer within 0\.2 s"):
            fetch_forecast(SEOUL, quiet, now=NOW)


def test_an_endless_answer_is_cut(server: Server, tmp_path: Path) -> None:
    server.will_send(b" " * (9 * 2**20))
    with pytest.raises(FailedRequest, match="larger than 8 MB"):
        fetch_forecast(SEOUL, service(server, tmp_path), now=NOW)


# --- kept answers


def test_a_fresh_answer_is_used_again_and_an_old_one_is_not(server: Server, tmp_path: Path) -> None:
    server.will_send(answer())
    ours = service(server, tmp_path, fresh_h=1.0)
    first = fetch_forecast(SEOUL, ours, now=NOW)
    again = fetch_forecast(SEOUL, ours, now=NOW + timedelta(minutes=59))
    assert len(server.asked) == 1
    assert first.sha256 == again.sha256
    assert first.source == again.source
    fetch_forecast(SEOUL, ours, now=NOW + timedelta(minutes=61))
    assert len(server.asked) == 2
    fetch_forecast(Place(37.6, 127.0, 38.0), ours, now=NOW)
    assert len(server.asked) == 3


def test_when_the_service_fails_an_older_answer_serves_with_a_note_but_not_too_old_a_one(
    server: Server, tmp_path: Path
) -> None:
    server.will_send(answer())
    ours = service(server, tmp_path, stale_h=12.0)
    fetch_forecast(SEOUL, ours, now=NOW)
    server.replies.clear()
    server.will_send(b"", status=500)
    old = fetch_forecast(SEOUL, ours, now=NOW + timedelta(hours=5))
    assert "5.0 h old, because a newer one could not be fetched: the service has a fault" in old.notes[0]
    with pytest.raises(FailedRequest):
        fetch_forecast(SEOUL, ours, now=NOW + timedelta(hours=13))
    with pytest.raises(FailedRequest):  # an answer from the future is a wrong clock, not a fresh forecast
        fetch_forecast(SEOUL, ours, now=NOW - timedelta(hours=5))


@pytest.mark.parametrize(
    "damage",
    [b"", b"{", b"[]", b'{"format": 1}', b"\xff\xfe", b'{"format": 99, "answer": {}}', b"{}" + b" " * (17 * 2**20)],
)
def test_a_damaged_file_is_as_if_never_fetched(server: Server, tmp_path: Path, damage: bytes) -> None:
    server.will_send(answer())
    ours = service(server, tmp_path)
    fetch_forecast(SEOUL, ours, now=NOW)
    (kept,) = tmp_path.iterdir()
    kept.write_bytes(damage)
    fetch_forecast(SEOUL, ours, now=NOW)
    assert len(server.asked) == 2
    fetch_forecast(SEOUL, ours, now=NOW)
    assert len(server.asked) == 2


def test_a_file_with_an_unreadable_date_is_as_if_never_fetched(server: Server, tmp_path: Path) -> None:
    server.will_send(answer())
    ours = service(server, tmp_path)
    fetch_forecast(SEOUL, ours, now=NOW)
    (kept,) = tmp_path.iterdir()
    document = json.loads(kept.read_text())
    kept.write_text(json.dumps({**document, "fetched_utc": "yesterday"}))
    fetch_forecast(SEOUL, ours, now=NOW)
    assert len(server.asked) == 2


@pytest.mark.parametrize(
    ("place", "days", "words"), [(SEOUL, 17, "17 days"), (Place(95.0, 0.0, 0.0), 3, "not on Earth")]
)
def test_a_senseless_request_is_not_sent(tmp_path: Path, place: Place, days: int, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        fetch_forecast(place, ForecastService(tmp_path), days=days, now=NOW)
