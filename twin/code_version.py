"""Which code made a result: the package's version and a digest of its sources."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.metadata import version
from pathlib import Path

PACKAGES = ("data", "grid", "optimizers", "twin")
"""Packages whose code can change a result; the pages that show it cannot."""


@cache
def code_version() -> str:
    """Return for instance "0.1.0+3f2a9c1d0b7e": equal when every source file is."""
    root = Path(__file__).resolve().parent.parent
    digest = hashlib.sha256()
    for package in PACKAGES:
        for path in sorted((root / package).rglob("*.py")):
            digest.update(path.relative_to(root).as_posix().encode())
            digest.update(path.read_bytes())
    return f"{version('seoul-energy-twin')}+{digest.hexdigest()[:12]}"


def solver_version() -> str:
    """Return the solver and its version."""
    return f"HiGHS {version('highspy')}"
