"""What pages are given: published runs, jobs, users, the audit log and the settings of the application."""

from __future__ import annotations

from dataclasses import dataclass

from dash_app.runs import Runs
from dash_app.settings import Settings
from data.audit import AuditLog
from data.jobs import JobLedger
from data.users import UserStore


@dataclass(frozen=True, eq=False)
class Services:
    """Everything a layout or callback may ask; nothing in it solves anything.

    Attributes
    ----------
    runs
        Published runs and their summaries.
    jobs
        Work asked of the worker process: ask, watch, cancel.
    users
        Users and their roles.
    audit
        Append-only record of every change.
    settings
        How the application was started.
    """

    runs: Runs
    jobs: JobLedger
    users: UserStore
    audit: AuditLog
    settings: Settings


def services_of(settings: Settings) -> Services:
    """Open the services of a folder of runs."""
    folder = settings.state_folder
    return Services(
        runs=Runs(settings.runs),
        jobs=JobLedger(folder),
        users=UserStore(folder),
        audit=AuditLog(folder),
        settings=settings,
    )
