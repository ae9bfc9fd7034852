"""Files of users: clean ones are stored once, others are refused with every problem at its place."""

from __future__ import annotations

import shutil
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from data.city_folder_template import write_template
from data.depot_folder_template import write_depot_template
from twin.input_check import run_job
from twin.inputs import InputKind, stored_inputs


@dataclass(eq=False)
class Work:
    """What the worker gives the check."""

    folder: Path
    city: Path
    told: list[str] = field(default_factory=list)

    def note(self, share: float, phase: str) -> None:
        self.told.append(f"{share:g} {phase}")


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("inputs") / "town"
    write_template(folder, "town")
    return folder


def check(tmp_path: Path, town: Path, kind: InputKind, sent: Path, name: str = "sent.zip") -> dict[str, Any]:
    own = tmp_path / f"job{len(list(tmp_path.glob('job*')))}"
    own.mkdir()
    parameters = {
        "kind": kind.value,
        "path": str(sent),
        "name": name,
        "user": "kim",
        "state_folder": str(tmp_path / "web"),
    }
    return run_job(parameters, Work(own, town))


def zipped(folder: Path, target: Path) -> Path:
    return Path(shutil.make_archive(str(target), "zip", folder))


def test_a_clean_depot_is_stored_once(tmp_path: Path, town: Path) -> None:
    write_depot_template(tmp_path / "depot", "garage")
    sent = zipped(tmp_path / "depot", tmp_path / "sent")
    first, again = (check(tmp_path, town, InputKind.DEPOT, sent) for _ in range(2))
    assert first["problems"] == []
    assert first["stored"] == again["stored"] != ""
    (stored,) = stored_inputs(tmp_path / "web")
    assert (stored.kind, stored.user, stored.facts["buses"]) == (InputKind.DEPOT, "kim", 12.0)
    assert (stored.folder / "content" / "depot.toml").is_file()


def test_a_depot_in_a_folder_of_the_archive_is_found(tmp_path: Path, town: Path) -> None:
    (tmp_path / "inside").mkdir()
    write_depot_template(tmp_path / "inside" / "depot", "x")
    sent = zipped(tmp_path / "inside", tmp_path / "sent")
    assert check(tmp_path, town, InputKind.DEPOT, sent)["problems"] == []


def test_every_problem_of_a_depot_has_its_row_and_fix(tmp_path: Path, town: Path) -> None:
    write_depot_template(tmp_path / "depot", "garage")
    table = tmp_path / "depot" / "duties.csv"
    lines = table.read_text().splitlines()
    head = next(n for n, line in enumerate(lines) if not line.startswith("#"))
    cells = lines[head + 1].split(",")
    at = lines[head].split(",").index("energy_kwh")
    cells[at] = "many"
    lines[head + 1] = ",".join(cells)
    lines[head + 2] = ",".join([*lines[head + 2].split(",")[:at], "-3", *lines[head + 2].split(",")[at + 1 :]])
    table.write_text("\n".join(lines) + "\n")
    answer = check(tmp_path, town, InputKind.DEPOT, zipped(tmp_path / "depot", tmp_path / "sent"))
    places = {(p["file"], p["row"], p["field"]) for p in answer["problems"]}
    assert ("duties.csv", head + 2, "energy_kwh") in places
    assert ("duties.csv", head + 3, "energy_kwh") in places
    assert all(p["what"] and p["fix"] for p in answer["problems"])
    assert (answer["stored"], stored_inputs(tmp_path / "web")) == ("", ())


def test_a_clean_city_is_stored(tmp_path: Path, town: Path) -> None:
    answer = check(tmp_path, town, InputKind.CITY, zipped(town, tmp_path / "sent"))
    assert answer["problems"] == []
    assert answer["facts"]["districts"] == 2.0


def test_a_network_lacking_tables_is_refused(tmp_path: Path, town: Path) -> None:
    folder = tmp_path / "net"
    folder.mkdir()
    (folder / "network.csv").write_text("frequency_hz\n50\n")
    answer = check(tmp_path, town, InputKind.NETWORK, zipped(folder, tmp_path / "sent"))
    assert {p["file"] for p in answer["problems"]} >= {"buses.csv", "slacks.csv"}


@pytest.mark.parametrize(
    ("kind", "name", "content", "said"),
    [
        (InputKind.WEATHER, "w.csv", b"nonsense\n", "no header"),
        (InputKind.NETWORK, "c.m", b"function mpc = c\nmpc.bus = [1 2", "no end"),
        (InputKind.NETWORK, "c.json", b"{}", "is no ending of a network file"),
        (InputKind.CITY, "c.zip", b"PK\x03\x04 nothing", "damaged"),
        (InputKind.DEPOT, "c.zip", b"", "damaged"),
    ],
)
def test_what_is_no_such_file_is_refused_in_words(
    tmp_path: Path, town: Path, kind: InputKind, name: str, content: bytes, said: str
) -> None:
    sent = tmp_path / f"0123456789abcdef{Path(name).suffix}"
    sent.write_bytes(content)
    answer = check(tmp_path, town, kind, sent, name)
    assert any(said in p["what"] for p in answer["problems"])
    assert all(str(tmp_path) not in f"{p['file']}{p['what']}{p['fix']}" for p in answer["problems"])
    assert answer["problems"][0]["file"] == name


def test_an_archive_that_leads_out_or_bursts_writes_nothing(tmp_path: Path, town: Path) -> None:
    sent = tmp_path / "bad.zip"
    with zipfile.ZipFile(sent, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("../outside.csv", "a\n")
        archive.writestr("bomb.csv", b"0" * 50_000_000)
    answer = check(tmp_path, town, InputKind.DEPOT, sent)
    said = " ".join(p["what"] for p in answer["problems"])
    assert "leads out of the folder" in said
    assert "grows more than 100-fold" in said
    assert not list(tmp_path.rglob("outside.csv"))
