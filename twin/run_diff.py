"""What differs between two runs: inputs by name, figures by how much."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

RELATIVE_TOLERANCE = 1e-9
IGNORED = ("phases_s", "run.run_id", "run.made_utc", "certificate.wall_s", "depots[", "curves.", "feeders[")
"""Paths that differ between any two runs, or are too many to read; districts and totals tell the same."""


def differences(first: Mapping[str, Any], second: Mapping[str, Any]) -> tuple[str, ...]:
    """Return one line for every figure or input in which two summaries differ.

    Parameters
    ----------
    first, second
        Summaries as `Summary.as_json` gives them.
    """
    one, other = dict(_leaves("", first)), dict(_leaves("", second))
    lines = []
    for name in [*one, *(name for name in other if name not in one)]:
        if name.startswith(IGNORED) or _equal(one.get(name), other.get(name)):
            continue
        lines.append(
            f"{name}: {_text(one.get(name))} → {_text(other.get(name))}{_change(one.get(name), other.get(name))}"
        )
    return tuple(lines)


def _leaves(path: str, value: Any) -> list[tuple[str, Any]]:
    if isinstance(value, Mapping):
        return [leaf for key, entry in value.items() for leaf in _leaves(f"{path}.{key}" if path else str(key), entry)]
    if isinstance(value, list | tuple):
        names = [
            str(entry.get("code", index)) if isinstance(entry, Mapping) else str(index)
            for index, entry in enumerate(value)
        ]
        return [leaf for name, entry in zip(names, value, strict=True) for leaf in _leaves(f"{path}[{name}]", entry)]
    return [(path, value)]


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, int | float) and isinstance(other, int | float):
        return math.isclose(one, other, rel_tol=RELATIVE_TOLERANCE, abs_tol=1e-12)
    return bool(one == other)


def _text(value: Any) -> str:
    if value is None:
        return "nothing"
    return f"{value:,.6g}" if isinstance(value, float) else str(value)


def _change(one: Any, other: Any) -> str:
    if isinstance(one, int | float) and isinstance(other, int | float) and one:
        return f" ({(other - one) / abs(one):+.2%})"
    return ""
