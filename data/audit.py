"""The audit log: who did what when. Rows are only ever added, and each carries the hash of the one before."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from data.durable import sha256_of_bytes
from data.sqlite_file import sqlite_connection

AUDIT_FILE = "audit.sqlite"
SCHEMA_VERSION = 1
FIRST_HASH = "0" * 64
LONGEST_DETAIL = 4000

_CREATE = """
CREATE TABLE IF NOT EXISTS entries (
    number INTEGER PRIMARY KEY,
    at_utc TEXT NOT NULL,
    user TEXT NOT NULL,
    action TEXT NOT NULL,
    object TEXT NOT NULL,
    detail TEXT NOT NULL,
    before_sha256 TEXT NOT NULL,
    sha256 TEXT NOT NULL
);
CREATE TRIGGER IF NOT EXISTS entries_stay BEFORE UPDATE ON entries BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER IF NOT EXISTS entries_remain BEFORE DELETE ON entries BEGIN SELECT RAISE(ABORT, 'append-only'); END;
"""


@dataclass(frozen=True)
class AuditEntry:
    """One thing that somebody did."""

    number: int
    at_utc: datetime
    user: str
    action: str
    object: str
    detail: Mapping[str, Any]
    sha256: str


class AuditLog:
    """The log of one folder of runs. Safe for many processes: SQLite in WAL mode with full synchronisation."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / AUDIT_FILE
        with self._connection() as connection:
            connection.executescript(_CREATE)
            connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")

    def _connection(self) -> AbstractContextManager[sqlite3.Connection]:
        return sqlite_connection(self.path, "FULL")

    def add(self, user: str, action: str, object_name: str = "", **detail: Any) -> AuditEntry:
        """Add an entry: `user` did `action` (a dotted verb: `job.start`) to `object_name`. No secrets in `detail`."""
        text = json.dumps(detail, ensure_ascii=False, sort_keys=True, default=str)[:LONGEST_DETAIL]
        with self._connection() as connection:
            connection.execute("BEGIN IMMEDIATE")
            last = connection.execute("SELECT number, sha256 FROM entries ORDER BY number DESC LIMIT 1").fetchone()
            number, before = (last["number"] + 1, last["sha256"]) if last else (1, FIRST_HASH)
            fields = (number, datetime.now(UTC).isoformat(timespec="milliseconds"), user, action, object_name, text)
            digest = _digest(before, fields)
            connection.execute("INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?, ?, ?)", (*fields, before, digest))
            connection.execute("COMMIT")
        return AuditEntry(number, datetime.fromisoformat(fields[1]), user, action, object_name, detail, digest)

    def entries(self, limit: int = 200, *, action: str = "", object_name: str = "") -> tuple[AuditEntry, ...]:
        """Return the newest entries first; of one action or one object when asked."""
        conditions = [(f"{name} = ?", value) for name, value in (("action", action), ("object", object_name)) if value]
        where = f"WHERE {' AND '.join(text for text, _ in conditions)}" if conditions else ""
        with self._connection() as connection:
            rows = connection.execute(
                f"SELECT * FROM entries {where} ORDER BY number DESC LIMIT ?",
                [*(value for _, value in conditions), limit],
            ).fetchall()
        return tuple(_entry(row) for row in rows)

    def verify(self) -> int | None:
        """Return the number of the first entry that is not what was written, or None when the chain holds."""
        before, expected = FIRST_HASH, 1
        with self._connection() as connection:
            for row in connection.execute("SELECT * FROM entries ORDER BY number"):
                fields = tuple(row)[:6]
                broken = row["before_sha256"] != before or row["sha256"] != _digest(before, fields)
                if broken or row["number"] != expected:
                    return expected
                before, expected = row["sha256"], expected + 1
        return None


def _digest(before: str, fields: tuple[Any, ...]) -> str:
    return sha256_of_bytes(json.dumps([before, *fields], ensure_ascii=False).encode())


def _entry(row: sqlite3.Row) -> AuditEntry:
    try:
        detail = json.loads(row["detail"])
    except ValueError:  # cut at the longest length
        detail = {"text": row["detail"]}
    return AuditEntry(
        number=row["number"],
        at_utc=datetime.fromisoformat(row["at_utc"]),
        user=row["user"],
        action=row["action"],
        object=row["object"],
        detail=detail,
        sha256=row["sha256"],
    )
