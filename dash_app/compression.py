"""Compression of answers; large files that never change are compressed once a process."""

from __future__ import annotations

from flask import Flask, Request
from flask_compress import Compress

TYPES = ["text/html", "text/css", "text/javascript", "application/javascript", "application/json", "image/svg+xml",
         "text/csv", "application/geo+json"]  # fmt: skip
SMALLEST_BYTES = 600
FIXED = ("/_dash-component-suites/", "/resource/")
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
        COMPRESS_ALGORITHM_STREAMING=["gzip"],
        COMPRESS_BR_LEVEL=5,
        COMPRESS_LEVEL=6,
        COMPRESS_CACHE_KEY=_key,
        COMPRESS_CACHE_BACKEND=_Kept,
    )
    Compress(server)


def _key(asked: Request) -> str:
    return asked.path if asked.path.startswith(FIXED) else NOT_KEPT
