"""Fail when the environment is not exactly what the lock files say, or when a lock names a package host."""

from __future__ import annotations

import re
import sys
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
OURS = {"seoul-energy-twin", "pip", "setuptools"}


def locked(path: Path) -> dict[str, str]:
    """Return name → version of every pin whose environment marker holds here."""
    pins: dict[str, str] = {}
    for line in path.read_text().splitlines():
        if not line or line.startswith((" ", "#")):
            continue
        requirement = Requirement(line.rstrip("\\").strip())
        if requirement.marker is None or requirement.marker.evaluate():
            pins[canonicalize_name(requirement.name)] = str(requirement.specifier).removeprefix("==")
    return pins


def main() -> int:
    """Compare both lock files with the installed distributions."""
    problems = [
        f"{name} names a package host"
        for name in ("requirements.lock", "requirements-dev.lock")
        if re.search(r"https?://|--(extra-)?index-url|--find-links", (ROOT / name).read_text())
    ]
    pins = locked(ROOT / "requirements-dev.lock")
    problems += [
        f"requirements.lock pins {name} {version}, requirements-dev.lock {pins.get(name, 'nothing')}"
        for name, version in locked(ROOT / "requirements.lock").items()
        if pins.get(name) != version
    ]
    installed = {canonicalize_name(d.metadata["Name"]): d.version for d in metadata.distributions()}
    problems += [
        f"{name}: locked {pins.get(name, 'no')}, installed {installed.get(name, 'no')}"
        for name in sorted((pins.keys() | installed.keys()) - OURS)
        if pins.get(name) != installed.get(name)
    ]
    for problem in problems:
        sys.stderr.write(problem + "\n")
    sys.stdout.write(f"{len(pins)} locked packages, {len(problems)} differences\n")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
