"""SQLite files that many processes write: opened one way."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Literal

PATIENCE_S = 30.0
"""How long a process waits for another one that is writing."""


@contextmanager
def sqlite_connection(path: Path, synchronous: Literal["FULL", "NORMAL"]) -> Iterator[sqlite3.Connection]:
    """Open a file in WAL mode, rows by name, transactions begun by hand; `FULL` outlives a loss of power."""
    with closing(sqlite3.connect(path, timeout=PATIENCE_S, isolation_level=None)) as connection:
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"PRAGMA synchronous = {synchronous}")
        yield connection
