"""The ledger of runs: one SQLite row per run, from the moment it starts to its verdict.

Completeness of a result is decided here and nowhere else: what has no ``published`` or ``degraded`` row is not shown.
"""

from __future__ import annotations

import sqlite3
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from pathlib import Path

from data.sqlite_file import sqlite_connection

SCHEMA_VERSION = 1

_CREATE = """
CREATE TABLE IF NOT EXISTS runs (
    run_id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    city TEXT NOT NULL,
    service_date TEXT NOT NULL,
    inputs_sha256 TEXT NOT NULL,
    state TEXT NOT NULL,
    started_utc TEXT NOT NULL,
    ended_utc TEXT,
    phase TEXT NOT NULL DEFAULT '',
    message TEXT NOT NULL DEFAULT '',
    manifest_sha256 TEXT
);
CREATE INDEX IF NOT EXISTS runs_by_key ON runs (kind, city, service_date, inputs_sha256);
"""


class RunState(StrEnum):
    """Where a run stands. Every run ends in exactly one of the last four."""

    RUNNING = "running"
    PUBLISHED = "published"
    DEGRADED = "degraded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def shown(self) -> bool:
        """Whether results of a run in this state may be shown."""
        return self in {RunState.PUBLISHED, RunState.DEGRADED}


@dataclass(frozen=True)
class RunKey:
    """What makes two runs the same: asking for the same key again returns the run that is there."""

    kind: str
    city: str
    service_date: date
    inputs_sha256: str


@dataclass(frozen=True)
class RunRecord:
    """One row of the ledger."""

    run_id: str
    key: RunKey
    state: RunState
    started_utc: datetime
    ended_utc: datetime | None
    phase: str
    message: str
    manifest_sha256: str | None


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _record(row: sqlite3.Row) -> RunRecord:
    return RunRecord(
        run_id=row["run_id"],
        key=RunKey(row["kind"], row["city"], date.fromisoformat(row["service_date"]), row["inputs_sha256"]),
        state=RunState(row["state"]),
        started_utc=datetime.fromisoformat(row["started_utc"]),
        ended_utc=datetime.fromisoformat(row["ended_utc"]) if row["ended_utc"] else None,
        phase=row["phase"],
        message=row["message"],
        manifest_sha256=row["manifest_sha256"],
    )


class Ledger:
    """All runs of one store. Safe for many processes: SQLite in WAL mode with full synchronisation."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with self._connection() as connection:
            connection.executescript(_CREATE)
            connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")

    def _connection(self) -> AbstractContextManager[sqlite3.Connection]:
        return sqlite_connection(self.path, "FULL")

    def start(self, key: RunKey, run_id_stem: str) -> str:
        """Open a new running row and return its id: the stem, numbered when earlier runs used it."""
        with self._connection() as connection:
            connection.execute("BEGIN IMMEDIATE")
            taken = connection.execute(
                "SELECT count(*) FROM runs WHERE run_id = ? OR run_id LIKE ? || '.%'", (run_id_stem, run_id_stem)
            ).fetchone()[0]
            run_id = f"{run_id_stem}.{taken + 1}" if taken else run_id_stem
            connection.execute(
                "INSERT INTO runs (run_id, kind, city, service_date, inputs_sha256, state, started_utc) "
                "VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    run_id,
                    key.kind,
                    key.city,
                    key.service_date.isoformat(),
                    key.inputs_sha256,
                    RunState.RUNNING,
                    _now(),
                ),
            )
            connection.execute("COMMIT")
        return run_id

    def note_phase(self, run_id: str, phase: str) -> None:
        """Say what a running run is doing now."""
        with self._connection() as connection:
            connection.execute(
                "UPDATE runs SET phase = ? WHERE run_id = ? AND state = ?", (phase, run_id, RunState.RUNNING)
            )

    def finish(self, run_id: str, state: RunState, message: str, manifest_sha256: str | None = None) -> bool:
        """Give a running run its verdict. Return False, and change nothing, when it already has one."""
        if state is RunState.RUNNING:
            raise ValueError("a run cannot end as running")
        if state.shown != (manifest_sha256 is not None):
            raise ValueError("a run is shown exactly when it has a manifest")
        with self._connection() as connection:
            changed = connection.execute(
                "UPDATE runs SET state = ?, message = ?, ended_utc = ?, manifest_sha256 = ? "
                "WHERE run_id = ? AND state = ?",
                (state, message, _now(), manifest_sha256, run_id, RunState.RUNNING),
            ).rowcount
        return changed == 1

    def get(self, run_id: str) -> RunRecord | None:
        """Return one run, or None when there is none of that name."""
        with self._connection() as connection:
            row = connection.execute("SELECT * FROM runs WHERE run_id = ?", (run_id,)).fetchone()
        return _record(row) if row else None

    def runs(self, *, key: RunKey | None = None, states: tuple[RunState, ...] = ()) -> tuple[RunRecord, ...]:
        """Return runs, newest first; those of one key, or in some states, when asked."""
        conditions, values = [], []
        if key is not None:
            conditions.append("kind = ? AND city = ? AND service_date = ? AND inputs_sha256 = ?")
            values += [key.kind, key.city, key.service_date.isoformat(), key.inputs_sha256]
        if states:
            conditions.append(f"state IN ({', '.join('?' * len(states))})")
            values += list(states)
        where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
        with self._connection() as connection:
            rows = connection.execute(
                f"SELECT * FROM runs {where} ORDER BY started_utc DESC, rowid DESC", values
            ).fetchall()
        return tuple(_record(row) for row in rows)
