"""Networks as folders of CSV tables: written and read bit for bit, and refused with place and fix."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data.errors import InvalidInput
from grid import Network, power_flow
from grid.network_facts import network_facts, require_radial
from grid.network_files import read_network
from grid.tables_schema import ELEMENT_TABLES
from tests.grid.network_cases import tree, with_lines

TABLES = [schema.name for schema in ELEMENT_TABLES]


def assert_same(one: Network, two: Network) -> None:
    for name in TABLES:
        for column in fields(getattr(one, name)):
            left, right = getattr(getattr(one, name), column.name), getattr(getattr(two, name), column.name)
            np.testing.assert_array_equal(left, right, err_msg=f"{name}.{column.name}")
    assert one.frequency_hz == two.frequency_hz


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(6, 30), st.integers(0, 1000))
def test_any_network_comes_back_bit_for_bit(tmp_path: Path, n: int, seed: int) -> None:
    network = tree(n, seed)
    network.to_tables(tmp_path / "net")
    assert_same(Network.from_tables(tmp_path / "net"), network)


def test_unlimited_ratings_places_and_generators_come_back(tmp_path: Path) -> None:
    network = Network.from_matpower(Path(__file__).parents[1] / "golden" / "network" / "case9" / "case.m")
    network.to_tables(tmp_path)
    read = Network.from_tables(tmp_path)
    assert_same(read, network)
    np.testing.assert_array_equal(power_flow(read).v_pu, power_flow(network).v_pu)


def test_a_table_that_became_empty_goes(tmp_path: Path) -> None:
    tree(10, 0).to_tables(tmp_path)
    assert (tmp_path / "shunts.csv").exists()
    Network.from_matpower(Path(__file__).parents[1] / "golden" / "network" / "case9" / "case.m").to_tables(tmp_path)
    assert not (tmp_path / "shunts.csv").exists()
    assert len(Network.from_tables(tmp_path).shunts) == 0


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    tree(10, 0).to_tables(tmp_path / "net")
    return tmp_path / "net"


def edit(file: str, row: int, cell: int, value: str) -> Callable[[Path], object]:
    def change(folder: Path) -> None:
        path = folder / file
        lines = path.read_text(encoding="utf-8").split("\n")
        cells = lines[row - 1].split(",")
        cells[cell] = value
        lines[row - 1] = ",".join(cells)
        path.write_text("\n".join(lines), encoding="utf-8")

    return change


def rewrite(file: str, change: Callable[[bytes], bytes]) -> Callable[[Path], object]:
    return lambda folder: (folder / file).write_bytes(change((folder / file).read_bytes()))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda folder: (folder / "buses.csv").unlink(), "buses.csv: the file is missing"),
        (lambda folder: (folder / "slacks.csv").unlink(), "slacks.csv: the file is missing"),
        (lambda folder: (folder / "network.csv").unlink(), "network.csv: the file is missing"),
        (shutil.rmtree, "there is no such folder"),
        (lambda folder: (folder / "line.csv").touch(), "line.csv: no table of a network has this name"),
        (edit("lines.csv", 5, 3, "-0.1"), "lines.csv, row 5, r_ohm: -0.1 Ω is below 0"),
        (edit("lines.csv", 5, 3, "nan"), "lines.csv, row 5, r_ohm: 'nan' is not a finite number"),
        (edit("lines.csv", 5, 3, ""), "lines.csv, row 5, r_ohm: the cell is empty"),
        (edit("lines.csv", 5, 1, "nowhere"), "lines.csv, row 5, from_bus: no bus 'nowhere'"),
        (edit("lines.csv", 5, 0, "l0"), "stands already in row 4"),
        (edit("lines.csv", 5, 8, "yes"), "'yes' is not one of the words allowed here"),
        (edit("lines.csv", 5, 7, "0"), "lines.csv, row 5, rating_a: 0 A is below"),
        (edit("lines.csv", 3, 4, "x_ohms"), "the table has no column 'x_ohms'"),
        (edit("lines.csv", 6, 4, "1,2"), "the row has 10 fields where the header has 9"),
        (edit("loads.csv", 4, 2, "1e12"), "loads.csv, row 4, p_kw: 1e12 kW is above 1e+08"),
        (edit("loads.csv", 4, 4, "0.9"), "shares are not within"),
        (edit("buses.csv", 4, 1, "0"), "buses.csv, row 4, base_kv: 0 kV is below"),
        (edit("network.csv", 4, 0, "0"), "frequency_hz: 0 Hz is below"),
        (rewrite("network.csv", lambda raw: raw + b"50\n"), "network.csv: 2 rows"),
        (rewrite("lines.csv", lambda raw: raw[: len(raw) // 2]), "cut off"),
        (rewrite("lines.csv", lambda raw: raw.decode().encode("utf-16")), "UTF-16"),
        (rewrite("buses.csv", lambda raw: raw.replace(b"b3,", "버스,".encode("cp949"))), "looks like CP949"),
        (rewrite("lines.csv", lambda raw: raw.replace(b",", b";")), "semicolons"),
        (rewrite("buses.csv", lambda raw: b"".join(raw.splitlines(keepends=True)[:3])), "a header but no rows"),
    ],
)
def test_bad_files_are_refused(folder: Path, change: Callable[[Path], object], said: str) -> None:
    change(folder)
    with pytest.raises(InvalidInput) as refused:
        Network.from_tables(folder)
    assert said in str(refused.value)
    assert all(problem.fix for problem in refused.value.problems)


def test_problems_of_all_files_come_at_once(folder: Path) -> None:
    edit("lines.csv", 5, 3, "-1")(folder)
    edit("loads.csv", 4, 2, "x")(folder)
    (folder / "slacks.csv").unlink()
    with pytest.raises(InvalidInput, match="3 problems"):
        Network.from_tables(folder)


def test_loops_where_radial_was_asked_are_named() -> None:
    require_radial(tree(20, 3))
    looped = with_lines(tree(20, 3), [(5, 19), (7, 18)])
    with pytest.raises(InvalidInput) as refused:
        require_radial(looped)
    assert len(refused.value.problems) == 2
    assert "closes a loop" in str(refused.value)


def test_facts_tell_loops_islands_and_joined_buses() -> None:
    network = tree(20, 3)
    assert list(network_facts(network).sentences())[2] == "radial"
    looped = network_facts(with_lines(network, [(5, 19)]))
    assert len(looped.loop_branches) == 1
    solid = network_facts(with_lines(network, [(5, 19)], size=0.0))
    assert solid.joined_buses == 1
    assert "merged into others" in " ".join(solid.sentences())
    lines = network.lines
    open_at = np.ones(len(lines), dtype=bool)
    open_at[-1] = False
    dark = network_facts(Network(**{**vars(network), "lines": type(lines)(**{**vars(lines), "in_service": open_at})}))
    assert dark.open_branches == 1
    assert len(dark.dark_buses) >= 1
    assert "no path to a slack" in " ".join(dark.sentences())


def test_the_format_is_told_by_the_name(folder: Path, tmp_path: Path) -> None:
    assert_same(read_network(str(folder)), Network.from_tables(folder))
    for name in ("none.m", "none", str(tmp_path / "no_folder")):
        with pytest.raises(InvalidInput, match="no such file or folder"):
            read_network(name)
    (tmp_path / "net.docx").touch()
    with pytest.raises(InvalidInput, match=r"'.docx' is no format of networks"):
        read_network(str(tmp_path / "net.docx"))
