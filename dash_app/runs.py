"""Published runs as pages see them: lists, summaries and small files, never a whole run."""

from __future__ import annotations

import json
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, cast

import xarray as xr

from data.errors import InvalidInput, Problem, TwinError
from data.ledger import RunRecord, RunState
from data.store import RunStore
from twin.nightly import SUMMARY_FILE
from twin.summary_types import Summary, summary_from_json

Made = TypeVar("Made")

KEPT_PARTS = 64
FRESH_S = 1.0
"""Seconds for which the list of runs is believed."""

MAX_VALUES = 2_000_000
"""Values that one look into a run's arrays may load."""

MAX_FILE_BYTES = 20 * 1024 * 1024


class TooMuchError(TwinError):
    """A page asked for more of a run than a page may load."""


@dataclass(frozen=True)
class _Listing:
    at_s: float
    records: tuple[RunRecord, ...]


def _read_summary(content: bytes) -> Summary:
    try:
        return summary_from_json(json.loads(content))
    except (KeyError, TypeError) as error:
        what = f"written by another version of the program ({error})"
        raise InvalidInput([Problem(SUMMARY_FILE, 0, "", what, "make the run again")]) from error


class Runs:
    """The runs of one folder. What is read is kept, a bounded number of pieces, for all threads of a process."""

    def __init__(self, root: Path) -> None:
        self.store = RunStore(root)
        self._lock = threading.Lock()
        self._listing = _Listing(float("-inf"), ())
        self._parts: OrderedDict[tuple[str, ...], Any] = OrderedDict()

    def all(self) -> tuple[RunRecord, ...]:
        """Return all runs, newest first, whatever became of them."""
        now = time.monotonic()
        with self._lock:
            if now - self._listing.at_s < FRESH_S:
                return self._listing.records
        records = self.store.ledger.runs()
        with self._lock:
            self._listing = _Listing(now, records)
        return records

    def shown(self) -> tuple[RunRecord, ...]:
        """Return the runs whose results may be shown, newest first."""
        return tuple(record for record in self.all() if record.state.shown)

    def get(self, run_id: str) -> RunRecord | None:
        """Return a run whose results may be shown, or None."""
        return next((record for record in self.shown() if record.run_id == run_id), None)

    def latest(self) -> RunRecord | None:
        """Return the newest run whose results may be shown: of the whole city when there is one."""
        shown = self.shown()
        return shown[0] if shown else None

    def newer_failure(self, record: RunRecord) -> RunRecord | None:
        """Return the newest run that was started after `record` and failed, or None when nothing newer failed."""
        newer = [run for run in self.all() if run.started_utc > record.started_utc and run.state is RunState.FAILED]
        return newer[0] if newer else None

    def summary(self, run_id: str) -> Summary:
        """Return the summary of a shown run.

        Raises
        ------
        InvalidInput
            When it was written by another version of the program.
        """
        return self.part(run_id, SUMMARY_FILE, _read_summary)

    def part(self, run_id: str, name: str, read: Callable[[bytes], Made]) -> Made:
        """Return what `read` makes of a small file of a shown run; what was made is kept and must not be changed.

        Raises
        ------
        KeyError
            When there is no such shown run, or it has no such file.
        """
        key = (run_id, name, f"{read.__module__}.{read.__qualname__}")
        return self.made(key, lambda: read(self.file(run_id, name)))

    def made(self, key: tuple[str, ...], make: Callable[[], Made]) -> Made:
        """Return something made from runs, kept under its key (begin it with the run's id); bounded in number."""
        with self._lock:
            if key in self._parts:
                self._parts.move_to_end(key)
                return cast(Made, self._parts[key])
        value = make()
        with self._lock:
            self._parts[key] = value
            self._parts.move_to_end(key)
            while len(self._parts) > KEPT_PARTS:
                self._parts.popitem(last=False)
        return value

    def file(self, run_id: str, name: str) -> bytes:
        """Return a small file of a shown run; only files that the run's manifest lists can be read.

        Raises
        ------
        KeyError
            When there is no such shown run, or it has no such file.
        TooMuchError
            When the file is larger than a page may load.
        """
        if self.get(run_id) is None:
            raise KeyError(f"no published run {run_id!r}")
        listed = self.made((run_id, "files"), lambda: frozenset(self.store.manifest(run_id)["files"]))
        if name not in listed or ".zarr/" in name:
            raise KeyError(f"{run_id} has no file {name!r}")
        path = self.store.folder_of(run_id) / name
        if path.stat().st_size > MAX_FILE_BYTES:
            raise TooMuchError(f"{name} of {run_id} is larger than {MAX_FILE_BYTES / 1e6:.0f} MB")
        return path.read_bytes()

    def select(
        self, run_id: str, arrays: str, names: Sequence[str], labels: Mapping[str, object] | None = None
    ) -> xr.Dataset:
        """Load a small part of a run's arrays: some variables at some labels (one feeder, one garage).

        Raises
        ------
        KeyError
            When run, variable or label are not there.
        TooMuchError
            When more than `MAX_VALUES` values would be loaded.
        """
        if self.get(run_id) is None:
            raise KeyError(f"no published run {run_id!r}")
        with self.store.open_arrays(run_id, arrays) as dataset:
            part = dataset[list(names)].sel(dict(labels or {}))
            size = sum(int(variable.size) for variable in part.data_vars.values())
            if size > MAX_VALUES:
                raise TooMuchError(f"{size:,} values of {arrays} are more than a page may load")
            return part.load()
