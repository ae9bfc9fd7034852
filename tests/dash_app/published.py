"""Two published runs of a small town, made once."""

from __future__ import annotations

import fcntl
import os
import shutil
from pathlib import Path

from tests.twin.town import plan_town, write_town
from twin.schedule import ScheduleLimits

LIMITS = ScheduleLimits(depots_s=3.0, dispatch_s=10.0, gap=0.05, workers=1)
DONE = "done"
READY_MADE = "TWIN_TEST_RUNS"
"""Environment variable with a folder of runs to copy instead of planning a town: quicker while working on pages."""


def published_town(folder: Path) -> Path:
    """Return the folder of runs below `folder`; the first process to ask makes it, the others wait."""
    folder.mkdir(parents=True, exist_ok=True)
    runs = folder / "runs"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / DONE).exists() and READY_MADE in os.environ:
            shutil.copytree(os.environ[READY_MADE], runs)
            (folder / DONE).touch()
        if not (folder / DONE).exists():
            town = write_town(folder)
            plan_town(town, runs, limits=ScheduleLimits(depots_s=2.0, dispatch_s=10.0, gap=0.1, workers=1))
            plan_town(town, runs, limits=LIMITS)
            (folder / DONE).touch()
    return runs
