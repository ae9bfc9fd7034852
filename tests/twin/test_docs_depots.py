"""Every command on the page about depots runs as it stands there."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.data.depot_folders import FILES, write_depot
from twin.cli import twin

PAGE = Path(__file__).resolve().parents[2] / "docs" / "depots.md"
STATE = (
    "time,bus,soc,charger,outlet,plugged_since,sessions_used,late_min\n"
    "2026-11-23T22:40,1,0.5,,,,,\n2026-11-23T22:40,2,0.5,,,,,\n2026-11-23T22:40,3,0.8,,,,,\n"
)
QUICK = {"send": ["--time-limit", "0.2", "--port", "0"]}


def commands() -> list[list[str]]:
    blocks = re.findall(r"```sh\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S)
    return [shlex.split(line)[1:] for block in blocks for line in block.splitlines() if line.startswith("twin ")]


def test_every_command_of_the_page_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    seen = set()
    for words in commands():
        answer = CliRunner().invoke(twin, [*words, *QUICK.get(words[1], [])])
        nobody_connects = words[1] == "send"
        assert answer.exit_code == (1 if nobody_connects else 0), (words, answer.output, answer.exception)
        seen.add(words[1])
        if words[1] == "new":  # a smaller yard goes quicker through the rest of the page
            shutil.rmtree("yard")
            write_depot(tmp_path / "yard", chargers=FILES["chargers.csv"].replace("dc,1,", "dc,2,"))
            (tmp_path / "yard" / "state.csv").write_text(STATE)
    assert seen == {"new", "check", "plan", "size", "replan", "send"}


def test_the_page_names_every_wish_the_program_has() -> None:
    page = PAGE.read_text(encoding="utf-8")
    said = CliRunner().invoke(twin, ["depot", "plan", "--help"]).output
    ours = set(re.findall(r"--(?:late|makeup|cold|spare|goals|memory)[a-z-]*", said))
    assert ours
    assert {option for option in ours if f"`{option}" not in page and option not in page} == set()
