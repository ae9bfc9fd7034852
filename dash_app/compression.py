"""Compression of answers; large files that never change are compressed once a process."""

from __future__ import annotations

from flask import Flask, Request, Response, request
from flask_compress import Compress

TYPES = ["text/html", "text/css", "text/javascript", "application/javascript", "application/json", "image/svg+xml",
         "text/csv", "application/geo+json"]  # fmt: skip
SMALLEST_BYTES = 600
ASSETS = "/assets/"
FIXED = ("/_dash-component-suites/", "/resource/", ASSETS)
MOST_KEPT = 200
NOT_KEPT = "not kept"


class _Kept:
    """Compressed files by algorithm and address, a bounded number; an answer without an address is never kept."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    def get(self, key: str) -> bytes | None:
        return self._kept.get(key)

    def set(self, key: str, value: bytes) -> None:
        if not key.endswith(NOT_KEPT) and len(self._kept) < MOST_KEPT:
            self._kept[key] = value


def use_compression(server: Flask) -> None:
    """Compress what a server answers."""
    server.config.update(
        COMPRESS_MIMETYPES=TYPES,
        COMPRESS_MIN_SIZE=SMALLEST_BYTES,
        COMPRESS_ALGORITHM=["br", "gzip"],
        COMPRESS_STREAMS=False,
        COMPRESS_BR_LEVEL=5,
        COMPRESS_LEVEL=6,
        COMPRESS_CACHE_KEY=_key,
        COMPRESS_CACHE_BACKEND=_Kept,
    )
    Compress(server)
    server.after_request(_read_whole)  # registered last, it runs first


def _key(asked: Request) -> str:
    return asked.path if asked.path.startswith(FIXED) else NOT_KEPT


def _read_whole(response: Response) -> Response:
    """Read the file of an asset and close it: the compression of streams leaves files open."""
    if request.path.startswith(ASSETS) and response.status_code == 200 and response.is_streamed:
        stream = response.response
        response.direct_passthrough = False
        response.set_data(response.get_data())
        if hasattr(stream, "close"):
            stream.close()
    return response
