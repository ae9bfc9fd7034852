"""Jobs as pages look them up."""

from __future__ import annotations

from dash_app.services import Services
from data.errors import InvalidInput
from data.jobs import Job
from twin.summary_types import Summary


def job_of(services: Services, job_id: str) -> Job | None:
    """Return a job, or None when there is none of that id."""
    try:
        return services.jobs.get(job_id) if job_id else None
    except KeyError:
        return None


def summary_of(services: Services, run_id: str) -> Summary | None:
    """Return the summary of a shown run, or None when there is none or another version wrote it."""
    try:
        return services.runs.summary(run_id)
    except (KeyError, InvalidInput):
        return None
