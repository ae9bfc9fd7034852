"""The shape of the house: whose packages these are, what they may import, what may not stand in the repository."""

from __future__ import annotations

import ast
import importlib
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("data", "grid", "optimizers", "twin", "dash_app")


def tracked(pattern: str) -> list[Path]:
    listed = subprocess.run(["git", "ls-files", pattern], cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / name for name in listed.stdout.split("\n") if name and (ROOT / name).is_file()]


@pytest.mark.parametrize("name", PACKAGES)
def test_packages_are_ours(name: str) -> None:
    """`data`, `grid` and `twin` are common names: nothing installed may take their place."""
    module = importlib.import_module(name)
    assert module.__file__ is not None
    assert Path(module.__file__).parent == ROOT / name


def test_every_command_of_the_command_line_exists() -> None:
    from twin.cli import COMMANDS  # noqa: PLC0415 — the command line is not imported by other tests' collection

    for module, name in COMMANDS.values():
        assert callable(getattr(importlib.import_module(module), name))


def test_no_loader_of_foreign_objects_is_used() -> None:
    """Pickle, eval and pandapower's own file readers turn a file into code."""
    forbidden = re.compile(r"\b(pickle\.load|from_pickle|from_json\(|allow_pickle=True|yaml\.load\(|\beval\(|\bexec\()")
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            found = forbidden.search(path.read_text(encoding="utf-8"))
            assert found is None or found[0] == "from_json(", f"{path.relative_to(ROOT)}: {found}"


def test_the_repository_names_no_package_host_and_no_machine() -> None:
    suspicious = re.compile(r"--(?:extra-)?index-url|--find-links|files\.pythonhosted|/home/\w|/root/|/opt/")
    for path in tracked("*"):
        if path.suffix in {".png", ".zip", ".geojson"} or path == Path(__file__):
            continue
        text = path.read_text(encoding="utf-8", errors="ignore")
        if path.name in {"check_lock.py", "SECURITY.md"}:
            continue
        assert suspicious.search(text) is None, f"{path.relative_to(ROOT)}: {suspicious.search(text)}"


def test_files_and_functions_stay_small() -> None:
    """A reader holds a file of 500 lines and a function of 70 in mind; more is split by noun."""
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            text = path.read_text(encoding="utf-8")
            assert text.count("\n") <= 500, f"{path.relative_to(ROOT)} has {text.count(chr(10))} lines"
            for node in ast.walk(ast.parse(text)):
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                    size = (node.end_lineno or node.lineno) - node.lineno
                    assert size <= 70, f"{path.relative_to(ROOT)}: {node.name} has {size} lines"


def test_every_relative_link_of_the_documentation_leads_somewhere() -> None:
    link = re.compile(r"\]\((?!https?:|#|mailto:)([^)#]+)")
    for path in tracked("*.md"):
        for target in link.findall(path.read_text(encoding="utf-8")):
            assert (path.parent / target).exists(), f"{path.relative_to(ROOT)} links to {target}"
