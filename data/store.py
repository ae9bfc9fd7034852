"""Where runs rest: written aside, checked, made durable, and only then shown under their name.

Publish protocol: write into ``staging/`` → reopen every array and compare its SHA-256 → manifest → fsync of files and
directories → rename into ``published/`` → fsync of the parent → ledger row. A reader therefore meets a whole result or
none. A direct write of a Zarr or NetCDF store, killed half-way, opens without complaint and holds NaN.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from data.durable import sha256_of_bytes, sha256_of_file, sync_file, sync_tree
from data.errors import TwinError
from data.ledger import Ledger, RunKey, RunRecord, RunState

MANIFEST_SCHEMA_VERSION = 1
MANIFEST = "manifest.json"


class AlreadyRunningError(TwinError):
    """Another live process is working on the same key."""


class TornResultError(TwinError):
    """A stored result is not what its manifest says."""


@dataclass(frozen=True)
class VariableDigest:
    """What one stored array is: enough to see a single flipped bit."""

    dims: tuple[str, ...]
    shape: tuple[int, ...]
    dtype: str
    finite: bool
    sha256: str


def digest_variable(variable: xr.DataArray) -> VariableDigest:
    """Describe an array by shape, type, finiteness and the SHA-256 of its values in C order."""
    values = np.ascontiguousarray(variable.values)
    text = values.dtype.kind in "OUT"
    content = json.dumps(values.astype(object).tolist()).encode() if text and values.size else values.tobytes()
    return VariableDigest(
        dims=tuple(str(dim) for dim in variable.dims),
        shape=tuple(values.shape),
        dtype=_kind(values, text=text),
        finite=bool(np.isfinite(values).all()) if values.dtype.kind in "fc" else True,
        sha256=hashlib.sha256(content).hexdigest(),
    )


def _kind(values: NDArray[Any], *, text: bool) -> str:
    """Name the type of an array; one without values has none, for text without values reads back as numbers."""
    if not values.size:
        return "empty"
    return "text" if text else str(values.dtype)


def _with_portable_text(dataset: xr.Dataset) -> xr.Dataset:
    """Give text variables the variable-length type, which, unlike fixed-length text, Zarr v3 specifies."""
    fixed = [name for name, variable in dataset.variables.items() if variable.dtype.kind == "U"]
    return dataset.assign(
        {name: dataset[name].astype(object) for name in fixed if name in dataset.data_vars}
    ).assign_coords({name: dataset[name].astype(object) for name in fixed if name in dataset.coords})


def _digests(dataset: xr.Dataset) -> dict[str, VariableDigest]:
    return {str(name): digest_variable(dataset[name]) for name in sorted(dataset.variables, key=str)}


def _as_json(digests: Mapping[str, VariableDigest]) -> dict[str, dict[str, Any]]:
    return {name: json.loads(json.dumps(vars(digest))) for name, digest in digests.items()}


class OpenRun:
    """A run being written. Nothing of it is visible until :meth:`publish`."""

    def __init__(self, store: RunStore, run_id: str, staging: Path) -> None:
        self.run_id = run_id
        self.staging = staging
        self._store = store
        self._digests: dict[str, dict[str, VariableDigest]] = {}

    def note_phase(self, phase: str) -> None:
        """Say in the ledger what is being done now."""
        self._store.ledger.note_phase(self.run_id, phase)

    def write_arrays(self, name: str, dataset: xr.Dataset) -> None:
        """Write a dataset as Zarr v3 and remember what its arrays must read back as."""
        self._digests[name] = _digests(dataset)
        _with_portable_text(dataset).to_zarr(
            self.staging / f"{name}.zarr", zarr_format=3, consolidated=False, mode="w-"
        )

    def write_file(self, name: str, content: bytes) -> None:
        """Write any other file of the result (a report, a table, a JSON document)."""
        path = self.staging / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    def publish(self, state: RunState, message: str, facts: Mapping[str, Any]) -> RunRecord:
        """Check, seal and show the run.

        Parameters
        ----------
        state
            `RunState.PUBLISHED`, or `RunState.DEGRADED` when part of it is a fallback.
        message
            One sentence for lists of runs.
        facts
            JSON values that belong into the manifest: inputs, versions, certificate.
        """
        for name, expected in self._digests.items():
            if _read_digests(self.staging / f"{name}.zarr") != expected:
                raise TornResultError(f"{name}.zarr does not read back as it was written")
        manifest = {
            "schema_version": MANIFEST_SCHEMA_VERSION,
            "run_id": self.run_id,
            "state": state,
            "message": message,
            "facts": dict(facts),
            "arrays": {name: _as_json(digests) for name, digests in self._digests.items()},
            "files": {
                str(path.relative_to(self.staging)): {"sha256": sha256_of_file(path), "bytes": path.stat().st_size}
                for path in sorted(self.staging.rglob("*"))
                if path.is_file()
            },
        }
        content = json.dumps(manifest, ensure_ascii=False, indent=1, sort_keys=True).encode()
        (self.staging / MANIFEST).write_bytes(content)
        sync_tree(self.staging)
        self.staging.rename(self._store.folder_of(self.run_id))
        sync_file(self._store.folder_of(self.run_id).parent)
        self._store.ledger.finish(self.run_id, state, message, sha256_of_bytes(content))
        return cast(RunRecord, self._store.ledger.get(self.run_id))


def _read_digests(path: Path) -> dict[str, VariableDigest]:
    with xr.open_zarr(path, consolidated=False, chunks=None) as dataset:
        return _digests(dataset)


class RunStore:
    """A folder of runs with its ledger."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for name in ("published", "staging", "locks"):
            (root / name).mkdir(parents=True, exist_ok=True)
        self.ledger = Ledger(root / "ledger.sqlite")

    def folder_of(self, run_id: str) -> Path:
        """Return where a published run rests; the name must be one that the ledger gave out."""
        if self.ledger.get(run_id) is None:
            raise KeyError(f"no run named {run_id!r} in {self.root}")
        return self.root / "published" / run_id

    def shown(self, key: RunKey) -> RunRecord | None:
        """Return the newest run of a key whose results may be shown, or None."""
        found = self.ledger.runs(key=key, states=(RunState.PUBLISHED, RunState.DEGRADED))
        return found[0] if found else None

    def latest_shown(self, kind: str, city: str) -> RunRecord | None:
        """Return the newest shown run of a city, whatever its date or inputs."""
        for record in self.ledger.runs(states=(RunState.PUBLISHED, RunState.DEGRADED)):
            if record.key.kind == kind and record.key.city == city:
                return record
        return None

    @contextmanager
    def lease(self, key: RunKey) -> Iterator[None]:
        """Hold the only right to work on a key; freed by the operating system however the process ends.

        Raises
        ------
        AlreadyRunningError
            When another process holds it.
        """
        name = sha256_of_bytes(f"{key.kind}/{key.city}/{key.service_date}/{key.inputs_sha256}".encode())[:32]
        with (self.root / "locks" / f"{name}.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise AlreadyRunningError(
                    f"{key.kind} of {key.city} for {key.service_date} is already running"
                ) from None
            yield

    @contextmanager
    def begin(self, key: RunKey, run_id_stem: str) -> Iterator[OpenRun]:
        """Open a run under a lease held by the caller; it always ends with a verdict.

        Leaving the block without :meth:`OpenRun.publish` marks the run failed, or cancelled on Ctrl-C, and removes
        what was staged. Runs of the same key that a killed process left open are closed first.
        """
        self._close_orphans(key)
        run_id = self.ledger.start(key, run_id_stem)
        staging = self.root / "staging" / run_id
        staging.mkdir()
        try:
            yield OpenRun(self, run_id, staging)
        except KeyboardInterrupt:
            self.ledger.finish(run_id, RunState.CANCELLED, "stopped by its user")
            raise
        except BaseException as error:
            self.ledger.finish(run_id, RunState.FAILED, f"{type(error).__name__}: {error}"[:2000])
            raise
        else:
            self.ledger.finish(run_id, RunState.FAILED, "ended without publishing")
        finally:
            shutil.rmtree(staging, ignore_errors=True)

    def _close_orphans(self, key: RunKey) -> None:
        """Close runs of `key` that are open although their process, which would hold the lease, is gone."""
        for record in self.ledger.runs(key=key, states=(RunState.RUNNING,)):
            sealed = self.root / "published" / record.run_id
            if (sealed / MANIFEST).is_file():
                # Killed between the rename and the ledger row: the result is whole, so its row is completed.
                content = (sealed / MANIFEST).read_bytes()
                manifest = json.loads(content)
                self.ledger.finish(
                    record.run_id, RunState(manifest["state"]), manifest["message"], sha256_of_bytes(content)
                )
            else:
                self.ledger.finish(record.run_id, RunState.FAILED, "its process ended without a verdict (killed)")
            shutil.rmtree(self.root / "staging" / record.run_id, ignore_errors=True)

    def manifest(self, run_id: str) -> dict[str, Any]:
        """Return the manifest of a shown run."""
        return cast(dict[str, Any], json.loads((self.folder_of(run_id) / MANIFEST).read_bytes()))

    def open_arrays(self, run_id: str, name: str) -> xr.Dataset:
        """Open one dataset of a shown run, lazily."""
        path = self.folder_of(run_id) / f"{name}.zarr"
        dataset: xr.Dataset = xr.open_zarr(path, consolidated=False, chunks=None)
        return dataset

    def verify(self, run_id: str) -> tuple[str, ...]:
        """Read a shown run whole and return what differs from its manifest and ledger row; empty when all is well."""
        record = self.ledger.get(run_id)
        if record is None:
            raise KeyError(f"no run named {run_id!r} in {self.root}")
        if not record.state.shown:
            return (f"{run_id} is {record.state}: there is no result to verify",)
        folder = self.folder_of(run_id)
        if not (folder / MANIFEST).is_file():
            return (f"{run_id} has no {MANIFEST}",)
        content = (folder / MANIFEST).read_bytes()
        if sha256_of_bytes(content) != record.manifest_sha256:
            return (f"{MANIFEST} is not the one the ledger knows",)
        manifest = json.loads(content)
        return _verify_files(folder, manifest["files"]) or _verify_arrays(folder, manifest["arrays"])


def _verify_files(folder: Path, files: Mapping[str, Mapping[str, Any]]) -> tuple[str, ...]:
    found = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()} - {MANIFEST}
    differences = [f"{name} is missing" for name in sorted(files.keys() - found)]
    differences += [f"{name} is not in the manifest" for name in sorted(found - files.keys())]
    differences += [
        f"{name} has changed"
        for name in sorted(found & files.keys())
        if sha256_of_file(folder / name) != files[name]["sha256"]
    ]
    return tuple(differences)


def _verify_arrays(folder: Path, arrays: Mapping[str, Mapping[str, Any]]) -> tuple[str, ...]:
    differences = []
    for name, expected in arrays.items():
        found = _as_json(_read_digests(folder / f"{name}.zarr"))
        differences += [
            f"{name}/{key} reads differently" for key in sorted(expected) if found.get(key) != expected[key]
        ]
    return tuple(differences)


def export_netcdf(dataset: xr.Dataset, path: Path) -> None:
    """Write a dataset as NetCDF-4, appearing under its name only when complete."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        dataset.to_netcdf(temporary, engine="h5netcdf")
        sync_file(temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
