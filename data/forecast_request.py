"""One JSON document over HTTP: bounded in time and size, asked for again when that may help."""

from __future__ import annotations

import json
import time
from typing import Any, Protocol

import requests

from data.errors import TwinError

MAX_BYTES = 8 * 1024 * 1024
CHUNK_BYTES = 64 * 1024
MAX_RETRY_AFTER_S = 60.0
INSTEAD = "Give a weather file with --weather, or use the synthetic year"


class FailedRequest(TwinError):
    """The service gave no usable answer. `reason` says why; the message adds what to do instead."""

    def __init__(self, url: str, reason: str) -> None:
        self.url = url
        self.reason = reason
        super().__init__(f"No forecast from {url}: {reason}. {INSTEAD}.")


class Patience(Protocol):
    """How patiently a service is asked; see `data.forecast.ForecastService`."""

    @property
    def timeout_s(self) -> float: ...  # noqa: D102
    @property
    def attempts(self) -> int: ...  # noqa: D102
    @property
    def first_wait_s(self) -> float: ...  # noqa: D102
    @property
    def headers(self) -> dict[str, str]: ...  # noqa: D102


class _MayPassError(Exception):
    """A failure that another attempt may not meet, with the wait the server asked for."""

    def __init__(self, reason: str, wait_s: float = 0.0) -> None:
        self.reason = reason
        self.wait_s = wait_s
        super().__init__(reason)


def get_json(url: str, query: dict[str, str], patience: Patience) -> dict[str, Any]:
    """Return the JSON object at an address.

    Raises
    ------
    FailedRequest
        When the server cannot be reached, does not answer in time, fails, refuses, or sends no JSON object. A failure
        that may pass (no connection, time-out, HTTP 429 and 5xx, an answer cut off) is met by `attempts` attempts.
    """
    reason = ""
    for attempt in range(patience.attempts):
        try:
            return _attempt(url, query, patience)
        except _MayPassError as failure:
            reason = failure.reason
            if attempt + 1 < patience.attempts:
                time.sleep(max(patience.first_wait_s * 2**attempt, failure.wait_s))
    tries = f" ({patience.attempts} attempts)" if patience.attempts > 1 else ""
    raise FailedRequest(url, f"{reason}{tries}")


def _attempt(url: str, query: dict[str, str], patience: Patience) -> dict[str, Any]:
    deadline = time.monotonic() + patience.timeout_s
    try:
        with requests.get(
            url, params=query, headers=patience.headers, timeout=patience.timeout_s, stream=True
        ) as response:
            body = _body(response, deadline, patience.timeout_s)
            status, retry_after = response.status_code, response.headers.get("Retry-After", "")
    except requests.Timeout:
        raise _MayPassError(f"no answer within {patience.timeout_s:g} s") from None
    except (requests.ConnectionError, requests.exceptions.ChunkedEncodingError) as error:
        raise _MayPassError(f"no connection (is this machine online?): {_short(error)}") from None
    except requests.RequestException as error:
        raise FailedRequest(url, f"the request cannot be made: {_short(error)}") from None
    return _json_of(url, status, retry_after, body)


def _body(response: requests.Response, deadline: float, timeout_s: float) -> bytes:
    """Read the body; a server that trickles bytes cannot outlast the deadline."""
    parts: list[bytes] = []
    size = 0
    for part in response.iter_content(CHUNK_BYTES):
        parts.append(part)
        size += len(part)
        if time.monotonic() > deadline:
            raise _MayPassError(f"no complete answer within {timeout_s:g} s")
        if size > MAX_BYTES:
            raise FailedRequest(response.url.split("?")[0], f"the answer is larger than {MAX_BYTES // 2**20} MB")
    return b"".join(parts)


def _json_of(url: str, status: int, retry_after: str, body: bytes) -> dict[str, Any]:
    try:
        document = json.loads(body)
    except (UnicodeDecodeError, ValueError):
        document = None
    said = f": {str(document['reason'])[:200]}" if isinstance(document, dict) and "reason" in document else ""
    if status == requests.codes.too_many_requests:
        wait_s = min(float(retry_after), MAX_RETRY_AFTER_S) if retry_after.isdigit() else 0.0
        raise _MayPassError(f"too many requests (HTTP 429){said}", wait_s)
    if status >= requests.codes.server_error:
        raise _MayPassError(f"the service has a fault (HTTP {status}){said}")
    if status != requests.codes.ok or (isinstance(document, dict) and document.get("error")):
        raise FailedRequest(url, f"the service refused the request (HTTP {status}){said}")
    if document is None:
        raise _MayPassError("the answer is cut off or no JSON")
    if not isinstance(document, dict):
        raise FailedRequest(url, "the answer is not a JSON object")
    return document


def _short(error: Exception) -> str:
    return str(error).split("(Caused by")[0].strip()[:160] or type(error).__name__
