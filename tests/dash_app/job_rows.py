"""Rows of the ledger of jobs and of runs, made by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from data.jobs import Job, JobKind, JobState
from data.ledger import RunKey, RunRecord, RunState

ASKED = datetime(2026, 11, 22, 19, 0, tzinfo=UTC)
ENDED = datetime(2026, 11, 22, 19, 1, tzinfo=UTC)
NOW = datetime(2026, 11, 22, 21, 0, tzinfo=UTC)


def job(state: str = "done", **changes: Any) -> Job:
    """Return a job of half a minute."""
    values: dict[str, Any] = {
        "job_id": "0123456789abcdef",
        "kind": JobKind.DISTRICT,
        "user": "kim",
        "title": "Gangnam-gu",
        "parameters": {},
        "state": JobState(state),
        "asked_utc": ASKED,
        "started_utc": None if state == "queued" else ASKED,
        "ended_utc": ENDED if JobState(state).over else None,
        "share": 1.0,
        "phase": "",
        "message": "",
        "result": None,
        "stop_asked": False,
        "worker_pid": None,
    }
    return Job(**values | changes)


def run(state: str = "published", **changes: Any) -> RunRecord:
    """Return a run of a night."""
    values: dict[str, Any] = {
        "run_id": "2026-11-24-seoul-today-1ef571b3",
        "key": RunKey("nightly", "Seoul", date(2026, 11, 24), "a" * 64),
        "state": RunState(state),
        "started_utc": ASKED,
        "ended_utc": None if state == "running" else ENDED,
        "phase": "store and report",
        "message": "optimal, gap 0.06%",
        "manifest_sha256": "b" * 64 if RunState(state).shown else None,
    }
    return RunRecord(**values | changes)
