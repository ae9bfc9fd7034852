"""Jobs as pages look them up."""

from __future__ import annotations

from dash_app.services import Services
from data.jobs import Job


def job_of(services: Services, job_id: str) -> Job | None:
    """Return a job, or None when there is none of that id."""
    try:
        return services.jobs.get(job_id) if job_id else None
    except KeyError:
        return None
