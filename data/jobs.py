"""The ledger of jobs: what users asked the worker to do, how far it is, and how it ended. One SQLite row a job.

A job outlives the page, the web process and the worker: its row is written before anybody works on it, and it always
ends with a verdict. The web process writes rows and reads them; only the worker works.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from data.errors import TwinError
from data.sqlite_file import sqlite_connection

JOBS_FILE = "jobs.sqlite"
SCHEMA_VERSION = 1
MOST_QUEUED = 10
MOST_RUNNING = 2
LONGEST_JSON = 1_000_000

_CREATE = """
CREATE TABLE IF NOT EXISTS jobs (
    job_id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    lane TEXT NOT NULL,
    user TEXT NOT NULL,
    title TEXT NOT NULL,
    parameters TEXT NOT NULL,
    state TEXT NOT NULL,
    asked_utc TEXT NOT NULL,
    started_utc TEXT,
    ended_utc TEXT,
    share REAL NOT NULL DEFAULT 0,
    phase TEXT NOT NULL DEFAULT '',
    message TEXT NOT NULL DEFAULT '',
    result TEXT,
    stop_asked INTEGER NOT NULL DEFAULT 0,
    worker_pid INTEGER
);
CREATE INDEX IF NOT EXISTS jobs_by_state ON jobs (state, lane, asked_utc);
CREATE TABLE IF NOT EXISTS job_log (
    job_id TEXT NOT NULL,
    at_utc TEXT NOT NULL,
    line TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS job_log_by_job ON job_log (job_id);
"""


class JobKind(StrEnum):
    """What the worker can do."""

    NIGHTLY = "nightly"
    DISTRICT = "district"
    WHAT_IF = "what_if"
    DEPOT_REPLAN = "depot_replan"
    DEPOT_EXPLAIN = "depot_explain"
    INPUT_CHECK = "input_check"

    @property
    def lane(self) -> Lane:
        """Where it waits: short work never stands behind a city's night."""
        return Lane.LONG if self in {JobKind.NIGHTLY, JobKind.DISTRICT} else Lane.QUICK


class Lane(StrEnum):
    """A queue with a worker process of its own."""

    QUICK = "quick"
    LONG = "long"


class JobState(StrEnum):
    """Where a job stands. Every job ends in exactly one of the last three."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def over(self) -> bool:
        """Whether nothing more will happen."""
        return self in {JobState.DONE, JobState.FAILED, JobState.CANCELLED}


class TooManyJobsError(TwinError):
    """A user has as many jobs waiting as one user may."""


@dataclass(frozen=True)
class Job:
    """One row of the ledger; `share` is what is done of it (0 to 1), `result` what it handed back."""

    job_id: str
    kind: JobKind
    user: str
    title: str
    parameters: Mapping[str, Any]
    state: JobState
    asked_utc: datetime
    started_utc: datetime | None
    ended_utc: datetime | None
    share: float
    phase: str
    message: str
    result: Mapping[str, Any] | None
    stop_asked: bool
    worker_pid: int | None


class JobLedger:
    """All jobs of one folder of runs. Safe for many processes: SQLite in WAL mode."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.path = folder / JOBS_FILE
        with self._connection() as connection:
            connection.executescript(_CREATE)
            connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")

    def _connection(self) -> AbstractContextManager[sqlite3.Connection]:
        return sqlite_connection(self.path, "NORMAL")

    def ask(self, kind: JobKind, user: str, title: str, parameters: Mapping[str, Any]) -> Job:
        """Queue a job.

        Parameters
        ----------
        kind
            What to do.
        user
            Who asks.
        title
            One line for lists, in plain words.
        parameters
            JSON values that the kind's handler understands.

        Raises
        ------
        TooManyJobsError
            When the user has `MOST_QUEUED` jobs waiting.
        """
        job_id, text = secrets.token_hex(8), json.dumps(dict(parameters), ensure_ascii=False)
        if len(text) > LONGEST_JSON:
            raise TooManyJobsError(f"the parameters of a job are limited to {LONGEST_JSON:,} characters")
        with self._connection() as connection:
            connection.execute("BEGIN IMMEDIATE")
            waiting = connection.execute(
                "SELECT count(*) FROM jobs WHERE user = ? AND state = ?", (user, JobState.QUEUED)
            ).fetchone()[0]
            if waiting >= MOST_QUEUED:
                connection.execute("ROLLBACK")
                raise TooManyJobsError(f"{waiting} jobs of {user} are waiting already; wait for one, or cancel one")
            connection.execute(
                "INSERT INTO jobs (job_id, kind, lane, user, title, parameters, state, asked_utc) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (job_id, kind, kind.lane, user, title, text, JobState.QUEUED, _now()),
            )
            connection.execute("COMMIT")
        return self.get(job_id)

    def get(self, job_id: str) -> Job:
        """Return one job; `KeyError` when there is none of that id."""
        with self._connection() as connection:
            row = connection.execute("SELECT * FROM jobs WHERE job_id = ?", (job_id,)).fetchone()
        if row is None:
            raise KeyError(f"no job {job_id!r}")
        return _job(row)

    def jobs(self, limit: int = 100, *, user: str = "", states: tuple[JobState, ...] = ()) -> tuple[Job, ...]:
        """Return the newest jobs first; of one user or in some states when asked."""
        conditions, values = [], list[Any]()
        if user:
            conditions.append("user = ?")
            values.append(user)
        if states:
            conditions.append(f"state IN ({', '.join('?' * len(states))})")
            values += list(states)
        where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
        with self._connection() as connection:
            rows = connection.execute(
                f"SELECT * FROM jobs {where} ORDER BY asked_utc DESC, rowid DESC LIMIT ?", [*values, limit]
            ).fetchall()
        return tuple(_job(row) for row in rows)

    def log_lines(self, job_id: str, limit: int = 200) -> tuple[tuple[datetime, str], ...]:
        """Return the last lines of a job's log, oldest first."""
        with self._connection() as connection:
            rows = connection.execute(
                "SELECT at_utc, line FROM job_log WHERE job_id = ? ORDER BY rowid DESC LIMIT ?", (job_id, limit)
            ).fetchall()
        return tuple((datetime.fromisoformat(row["at_utc"]), row["line"]) for row in reversed(rows))

    def cancel(self, job_id: str) -> Job:
        """Ask for a job's end: at once when it waits, as soon as the worker can when it runs."""
        with self._connection() as connection:
            connection.execute(
                "UPDATE jobs SET state = ?, ended_utc = ?, message = ? WHERE job_id = ? AND state = ?",
                (JobState.CANCELLED, _now(), "cancelled before it began", job_id, JobState.QUEUED),
            )
            connection.execute(
                "UPDATE jobs SET stop_asked = 1 WHERE job_id = ? AND state = ?", (job_id, JobState.RUNNING)
            )
        return self.get(job_id)

    # What follows is for the worker.

    def claim(self, lane: Lane, worker_pid: int) -> Job | None:
        """Take the next job of a lane, or None: users with fewer running jobs first, then who waits longest."""
        waiting = "SELECT 1 FROM jobs WHERE state = ? AND lane = ? LIMIT 1"
        with self._connection() as connection:
            if connection.execute(waiting, (JobState.QUEUED, lane)).fetchone() is None:
                return None  # looking costs no lock
            connection.execute("BEGIN IMMEDIATE")
            row = connection.execute(
                "SELECT job_id, (SELECT count(*) FROM jobs r WHERE r.user = jobs.user AND r.state = :running) AS busy, "
                "(SELECT max(started_utc) FROM jobs r WHERE r.user = jobs.user) AS served "
                "FROM jobs WHERE state = :queued AND lane = :lane AND busy < :most "
                "ORDER BY busy, served IS NOT NULL, served, asked_utc, rowid LIMIT 1",
                {"running": JobState.RUNNING, "queued": JobState.QUEUED, "lane": lane, "most": MOST_RUNNING},
            ).fetchone()
            if row is not None:
                connection.execute(
                    "UPDATE jobs SET state = ?, started_utc = ?, worker_pid = ? WHERE job_id = ?",
                    (JobState.RUNNING, _now(), worker_pid, row["job_id"]),
                )
            connection.execute("COMMIT")
        return None if row is None else self.get(row["job_id"])

    def note(self, job_id: str, *, share: float | None = None, phase: str | None = None, line: str = "") -> None:
        """Say how far a running job is, and add a line to its log."""
        with self._connection() as connection:
            connection.execute(
                "UPDATE jobs SET share = coalesce(?, share), phase = coalesce(?, phase) WHERE job_id = ? AND state = ?",
                (share, phase, job_id, JobState.RUNNING),
            )
            if line:
                connection.execute("INSERT INTO job_log VALUES (?, ?, ?)", (job_id, _now(), line[:2000]))

    def stop_asked(self, job_id: str) -> bool:
        """Whether somebody asked for the end of a job."""
        return self.get(job_id).stop_asked

    def finish(self, job_id: str, state: JobState, message: str = "", result: Mapping[str, Any] | None = None) -> bool:
        """Give a running job its verdict. Return False, and change nothing, when it already has one."""
        if not state.over:
            raise ValueError(f"a job cannot end as {state}")
        text = None if result is None else json.dumps(dict(result), ensure_ascii=False)
        if text is not None and len(text) > LONGEST_JSON:
            raise ValueError("a job's result is too large: write a file and hand back its name")
        with self._connection() as connection:
            changed = connection.execute(
                "UPDATE jobs SET state = ?, message = ?, result = ?, ended_utc = ?, "
                "share = CASE ? WHEN 'done' THEN 1 ELSE share END WHERE job_id = ? AND state = ?",
                (state, message[:2000], text, _now(), state.value, job_id, JobState.RUNNING),
            ).rowcount
        return changed == 1

    def in_hand(self, worker_pid: int) -> Job | None:
        """Return the job that a worker process has in hand, or None."""
        with self._connection() as connection:
            row = connection.execute(
                "SELECT * FROM jobs WHERE state = ? AND worker_pid = ?", (JobState.RUNNING, worker_pid)
            ).fetchone()
        return _job(row) if row else None

    def fail_running(self, reason: str, *, worker_pid: int | None = None) -> tuple[str, ...]:
        """End as failed what a worker that is gone had in hand (or, without a process id, all that runs)."""
        with self._connection() as connection:
            rows = connection.execute(
                "SELECT job_id, stop_asked FROM jobs WHERE state = ? AND (? IS NULL OR worker_pid = ?)",
                (JobState.RUNNING, worker_pid, worker_pid),
            ).fetchall()
        for row in rows:
            state = JobState.CANCELLED if row["stop_asked"] else JobState.FAILED
            self.finish(row["job_id"], state, "stopped by its user" if row["stop_asked"] else reason)
        return tuple(row["job_id"] for row in rows)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _job(row: sqlite3.Row) -> Job:
    def time(name: str) -> datetime | None:
        return datetime.fromisoformat(row[name]) if row[name] else None

    return Job(
        job_id=row["job_id"],
        kind=JobKind(row["kind"]),
        user=row["user"],
        title=row["title"],
        parameters=json.loads(row["parameters"]),
        state=JobState(row["state"]),
        asked_utc=datetime.fromisoformat(row["asked_utc"]),
        started_utc=time("started_utc"),
        ended_utc=time("ended_utc"),
        share=row["share"],
        phase=row["phase"],
        message=row["message"],
        result=json.loads(row["result"]) if row["result"] else None,
        stop_asked=bool(row["stop_asked"]),
        worker_pid=row["worker_pid"],
    )
