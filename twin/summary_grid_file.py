"""The grid of a run at rest: its overview as plain arrays in one npz file without pickle, beside its network."""

from __future__ import annotations

import io
from zipfile import BadZipFile

import numpy as np

from data.errors import InvalidInput, Problem
from grid.synthesis_grid import SyntheticGrid
from grid.synthesis_store import named_arrays, rebuild, versioned_arrays
from twin.summary_grid_types import GridOverview

OVERVIEW_FILE = "grid_overview.npz"
NETWORK_FILE = "network.npz"
OVERVIEW_VERSION = 1
_VERSION_KEY = "schema_version"


def overview_bytes(overview: GridOverview) -> bytes:
    """Return an overview as the content of its file."""
    stream = io.BytesIO()
    arrays = dict(named_arrays(overview))
    np.savez_compressed(stream, allow_pickle=False, **{_VERSION_KEY: np.array(OVERVIEW_VERSION)}, **arrays)
    return stream.getvalue()


def network_bytes(grid: SyntheticGrid) -> bytes:
    """Return a network as the packed content of its file, which `SyntheticGrid.load` reads."""
    stream = io.BytesIO()
    np.savez_compressed(stream, allow_pickle=False, **versioned_arrays(grid))
    return stream.getvalue()


def read_overview(content: bytes) -> GridOverview:
    """Read what `overview_bytes` made.

    Raises
    ------
    InvalidInput
        When it is damaged or written with another version of the schema.
    """
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
    except (OSError, ValueError, EOFError, BadZipFile) as error:
        raise _refusal(f"cannot be read ({error})") from error
    version = arrays.pop(_VERSION_KEY, None)
    if version is None or int(version) != OVERVIEW_VERSION:
        raise _refusal(f"written with schema version {version}, this program reads {OVERVIEW_VERSION}")
    try:
        overview: GridOverview = rebuild(GridOverview, arrays)
    except KeyError as error:
        raise _refusal(f"the array {error.args[0]} is missing") from error
    return overview


def _refusal(what: str) -> InvalidInput:
    return InvalidInput([Problem(OVERVIEW_FILE, 0, "", what, "make the run again")])
