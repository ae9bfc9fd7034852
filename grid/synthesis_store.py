"""A synthetic grid at rest: plain arrays in one npz file, and the fingerprint over them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, get_type_hints
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from data.errors import InvalidInput, Problem
from grid.synthesis_tables import GridTables

SCHEMA_VERSION = 1
_VERSION_KEY = "schema_version"


def named_arrays(value: Any, prefix: str = "") -> Iterator[tuple[str, NDArray[Any]]]:
    """Every array of a nested dataclass with its dotted name, in the order of the fields."""
    for item in fields(value):
        member = getattr(value, item.name)
        name = f"{prefix}{item.name}"
        if is_dataclass(member):
            yield from named_arrays(member, f"{name}.")
        else:
            yield name, np.asarray(member)


def hash_of_arrays(tables: GridTables) -> str:
    """SHA-256 over name, kind, shape and content of every array; text counts by its letters, not by its width."""
    digest = sha256(str(SCHEMA_VERSION).encode())
    for name, array in named_arrays(tables):
        digest.update(f"{name}|{array.dtype.kind}|{array.shape}|".encode())
        digest.update("\n".join(array.tolist()).encode() if array.dtype.kind == "U" else array.tobytes())
    return digest.hexdigest()


def versioned_arrays(tables: GridTables) -> dict[str, NDArray[Any]]:
    """Every array by its name, and the schema version: the content of a file that `read_tables` reads."""
    return {_VERSION_KEY: np.array(SCHEMA_VERSION), **dict(named_arrays(tables))}


def write_tables(tables: GridTables, path: Path) -> None:
    """Write every array to `path` beside a schema version; the file appears only when it is complete."""
    draft = path.with_name(path.name + ".part")
    with draft.open("wb") as file:
        np.savez(file, allow_pickle=False, **versioned_arrays(tables))
    draft.replace(path)


def read_tables(path: Path) -> GridTables:
    """Read what `write_tables` wrote; raises `InvalidInput` when the file is damaged or of another schema."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
    except (OSError, ValueError, EOFError, BadZipFile) as error:
        raise _refusal(path, "", f"cannot be read as a stored grid ({error})") from error
    version = arrays.pop(_VERSION_KEY, None)
    if version is None or int(version) != SCHEMA_VERSION:
        raise _refusal(path, _VERSION_KEY, f"schema version is {version}, this program reads {SCHEMA_VERSION}")
    try:
        tables: GridTables = rebuild(GridTables, arrays)
    except KeyError as error:
        raise _refusal(path, str(error.args[0]), "array is missing") from error
    return tables


def rebuild(kind: Any, arrays: Mapping[str, NDArray[Any]], prefix: str = "") -> Any:
    """Return the nested dataclass `kind` from its `named_arrays`; raises `KeyError` for the first that is missing."""
    hints = get_type_hints(kind)
    parts: dict[str, Any] = {}
    for item in fields(kind):
        name = f"{prefix}{item.name}"
        if is_dataclass(hints[item.name]):
            parts[item.name] = rebuild(hints[item.name], arrays, f"{name}.")
        else:
            parts[item.name] = arrays[name].item() if hints[item.name] is float else arrays[name]
    return kind(**parts)


def _refusal(path: Path, field: str, what: str) -> InvalidInput:
    return InvalidInput([Problem(str(path), 0, field, what, "Delete the file and build the grid again")])
