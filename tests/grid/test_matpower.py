"""MATPOWER cases: golden results, unit conversions as code, and files that are not what they should be."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from data.errors import InvalidInput
from grid import Method, Network, power_flow
from grid.matpower_file import case_fields
from grid.matpower_tokens import UnreadableCase

GOLDEN = sorted((Path(__file__).parents[1] / "golden" / "network").iterdir())

SMALL = """function mpc = small
mpc.baseMVA = 10;
mpc.bus = [
  10 3 0   0   0 0 1 1 5 154  1 1.1 0.9
  20 1 2   1   0 3 1 1 0 22.9 1 1.1 0.9
  30 1 1.5 0.5 0 0 1 1 0 22.9 1 1.1 0.9
  40 4 9   9   0 0 1 1 0 22.9 1 1.1 0.9
];
mpc.gen = [10 0 0 9 -9 1.02 10 1 9 0; 30 0.4 0.1 9 -9 1 10 1 9 0];
mpc.branch = [
  10 20 0.01 0.1  0    45 0 0 0.98 30 1 -360 360
  20 30 0.02 0.03 0.01 0  0 0 0    0  1 -360 360
  30 40 0.02 0.03 0.01 0  0 0 0    0  1 -360 360
];
"""


def case(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "case.m"
    path.write_text(text, encoding="utf-8")
    return path


def words(tmp_path: Path, text: str) -> str:
    with pytest.raises(InvalidInput) as refused:
        Network.from_matpower(case(tmp_path, text))
    return str(refused.value)


@pytest.mark.parametrize("folder", GOLDEN, ids=lambda folder: folder.name)
def test_golden_case(folder: Path) -> None:
    wanted = json.loads((folder / "params.json").read_text(encoding="utf-8"))
    expected = np.loadtxt(folder / "expected.csv", delimiter=",", skiprows=1)
    network = Network.from_matpower(folder / "case.m")
    flow = power_flow(network, tolerance_pu=1e-12)
    assert flow.residual_kva.item() < 1e-5
    np.testing.assert_array_equal(network.buses.id, [f"{number:g}" for number in expected[:, 0]])
    np.testing.assert_allclose(flow.v_pu[0], expected[:, 1], rtol=0, atol=wanted["v_tolerance_pu"])
    np.testing.assert_allclose(flow.angle_deg[0], expected[:, 2], rtol=0, atol=60 * wanted["v_tolerance_pu"])
    assert flow.losses_kw.item() == pytest.approx(wanted["losses_kw"], abs=wanted["losses_tolerance_kw"])
    lowest = flow.v_pu[0].sel(bus=wanted["lowest_v_bus"]).item()
    assert lowest == flow.v_pu.min().item()
    assert lowest == pytest.approx(wanted["lowest_v_pu"], abs=wanted["lowest_v_tolerance_pu"])


def test_every_golden_case_says_where_it_is_from() -> None:
    assert len(GOLDEN) >= 3
    for folder in GOLDEN:
        assert len(json.loads((folder / "params.json").read_text(encoding="utf-8"))["provenance"]) > 80


def test_the_conversions_at_the_end_of_a_file_are_applied() -> None:
    """Without them the 33-bus feeder would have its ohms taken for per unit."""
    network = Network.from_matpower(GOLDEN[0].parent / "case33bw" / "case.m")
    np.testing.assert_allclose(network.lines.r_ohm[:2], [0.0922, 0.493], rtol=1e-12)
    assert network.loads.p_kw.sum() == pytest.approx(3715.0)
    assert network.loads.q_kvar.sum() == pytest.approx(2300.0)
    assert np.count_nonzero(~network.lines.in_service) == 5


def test_elements_become_what_the_manual_says(tmp_path: Path) -> None:
    network = Network.from_matpower(case(tmp_path, SMALL))
    bank, line = network.transformers, network.lines
    assert bank.id.tolist() == ["branch 1"]
    assert (bank.ratio.item(), bank.shift_deg.item(), bank.rating_kva.item()) == (0.98, 30.0, 45e3)
    base_ohm = 22.9**2 / 10
    np.testing.assert_allclose([bank.x_ohm.item(), line.r_ohm[0]], [0.1 * base_ohm, 0.02 * base_ohm])
    np.testing.assert_allclose(line.b_us[0], 1e6 * 0.01 / base_ohm)
    assert line.rating_a.tolist() == [np.inf, np.inf]
    assert line.in_service.tolist() == [True, False]  # bus 40 is isolated
    assert network.slacks.v_pu.item() == 1.02
    assert network.slacks.angle_deg.item() == 5.0
    assert network.shunts.q_kvar.tolist() == [-3000.0]
    rows = zip(network.loads.id, network.loads.p_kw, network.loads.in_service, strict=True)
    assert list(rows) == [
        ("20", 2000.0, True),
        ("30", 1500.0, True),
        ("40", 9000.0, False),
        ("gen 1", 0.0, True),
        ("gen 2", -400.0, True),
    ]
    assert power_flow(network).residual_kva.item() < 1e-3


def test_dc_lines_hold_voltage_at_both_ends(tmp_path: Path) -> None:
    dcline = "mpc.dcline = [20 30 1 0.6 0.6 0 0 1.0 1.01 0 1 -1 1 -1 1 0.02 0.1];\n"
    network = Network.from_matpower(case(tmp_path, SMALL + dcline))
    assert network.generators.id.tolist() == ["dcline 1 from", "dcline 1 to"]
    np.testing.assert_allclose(network.generators.p_kw, [-600.0, 520.0])
    flow = power_flow(network)
    assert flow.method is Method.NEWTON
    np.testing.assert_allclose(flow.v_pu[0, 1:3], [1.0, 1.01])
    without = Network.from_matpower(case(tmp_path, SMALL + dcline), ignore=("dcline",))
    assert len(without.generators) == 0


@pytest.mark.parametrize(
    ("code", "value"),
    [
        ("mpc.x = 2^-1 + 3*4/2 - -1;", [[7.5]]),
        ("mpc.x = [1 -2; 3 - 4, 5]';", [[1, -1], [-2, 5]]),
        ("a = [1 2 3]; mpc.x = a(end:-1:1) .* 2;", [[6, 4, 2]]),
        ("a = [1 2; 3 4]; a(:, 2) = a(:, 2) / 2; mpc.x = a(2, :);", [[3, 2]]),
        ("mpc.x = sqrt(16) * sin(pi/2) + sum([1 2 3]);", [[10]]),
        ("a = [5 0 7]; a(find(a == 0)) = 1; mpc.x = a;", [[5, 1, 7]]),
        ("mpc.x = [1, 2 ... and so on\n 3]; % note\n%{\nmpc.x = 9;\n%}\n", [[1, 2, 3]]),
        ("mpc.name = {'a;b' 'it''s'; 'c'}; mpc.x = [1e3 .5 2.e1 1d2];", [[1000, 0.5, 20, 100]]),
        ("if nargout == 0\n save(fullfile('x'), 'mpc'); if 1 x; end\nend\nmpc.x = 1;", [[1]]),
        ("pf = 0.85;\nmpc.x = 100 * sin(acos(pf));", [[100 * np.sqrt(1 - 0.85**2)]]),
        ("define_constants;\nmpc.x = [PD BASE_KV BR_X VG ANGMAX MU_PMAX RAMP_Q];", [[3, 10, 4, 6, 13, 22, 20]]),
        ("mpc.a.b = [1 2\n3 4]; mpc.x = ones(1, 2);", [[1, 1]]),
        ("mpc.x = ~(1 > 2) & (2 ~= 3);", [[1]]),
    ],
)
def test_arithmetic(code: str, value: list[list[float]]) -> None:
    np.testing.assert_allclose(case_fields("function mpc = c\n" + code)["x"], value)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("system('touch /tmp/x');", "'system' is called"),
        ("mpc = loadcase('other');", "no function known"),
        ("mpc.x = eval('1');", "no function known"),
        ("mpc.x = urlread('http://example.org');", "no function known"),
        ("for k = 1:3\nend", "'for' stands in the file"),
        ("mpc.x = [1 2; 3];", "row 2 of the matrix has 1 entries where the first has 2"),
        ("mpc.x = [1 2", "has no end"),
        ("mpc.x = 'abc", "no closing quotation mark"),
        ("mpc.x = 1:1e12;", "a range of 1e+12 numbers"),
        ("mpc.x = zeros(1e6, 1e6);", "too large"),
        ("mpc.x = " + "(" * 500 + "1" + ")" * 500 + ";", "nested more than 60 deep"),
        ("mpc.x = " + "-" * 5000 + "1;", "nested more than 60 deep"),
        ("a = [1 2]; mpc.x = a(3);", "not a whole number within 1 … 2"),
        ("a = [1 2]; a(0) = 1;", "not a whole number within 1 … 2"),
        ("mpc.x = [1 2] + [1 2 3];", "'+' of matrices"),
        ("mpc.x = [1 2] * [1 2];", "is not supported"),
        ("mpc.x = PD;", "used before it is defined"),
        ("mpc.x = mpc.nothing;", "no field 'nothing'"),
        ("mpc.x = 1 2;", "after the end of the statement"),
        ("mpc.x = \x01;", "has no meaning here"),
        ("mpc.x = 'a' + 1;", "a text or cell array stands where a number is needed"),
        ("[A, B] = other;", "no function known"),
        ("if 0\nmpc.x = 1;", "has no end"),
    ],
)
def test_code_beyond_arithmetic_is_refused(code: str, said: str) -> None:
    with pytest.raises(UnreadableCase) as refused:
        case_fields("function mpc = c\n" + code)
    assert said in refused.value.what
    assert refused.value.line >= 2
    assert refused.value.fix


def test_the_line_of_a_mistake_is_told(tmp_path: Path) -> None:
    assert "case.m, row 16: 'oops' is no variable" in words(tmp_path, SMALL + "\nmpc.bus(1, 3) = oops;\n")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("mpc.baseMVA = 10;", "", "baseMVA is missing"),
        ("20 1 2 ", "20 1 Inf ", "mpc.bus, row 2, PD: not a finite number (inf)"),
        ("20 1 2 ", "20 1 1e9 ", "mpc.bus, row 2, PD: absurdly large power in MW (1e+09)"),
        ("20 30 0.02 0.03", "20 30 -0.02 0.03", "mpc.branch, row 2, BR_R: resistance is negative"),
        ("20 30 0.02 0.03", "20 99 0.02 0.03", "mpc.branch, row 2, T_BUS: no such bus (99)"),
        ("10 3 0 ", "10 1 0 ", "no reference bus"),
        ("10 3 0 ", "10 7 0 ", "no type of bus (7)"),
        ("30 1 1.5", "20 1 1.5", "the number occurs before (20)"),
        ("154  1 1.1", "0  1 1.1", "base voltage is not positive"),
        ("10 0 0 9 -9 1.02 10 1", "10 0 0 9 -9 1.02 10 0", "a reference bus without a generator in service"),
        ("0.98 30", "-1 30", "tap is negative"),
        ("  30 40 0.02", "];\nmpc.hvdc = [1 2", "1 rows of the unsupported kind 'hvdc'"),
        ("function mpc = small", "function [b, g] = small", "version 1"),
        ("mpc.gen = ", "mpc.gens = ", "the matrix is missing or empty"),
    ],
)
def test_bad_cases_are_told(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in SMALL
    assert said in words(tmp_path, SMALL.replace(old, new, 1))


def test_all_mistakes_come_at_once(tmp_path: Path) -> None:
    text = SMALL.replace("20 30 0.02", "20 99 -0.02").replace("20 1 2 ", "20 1 NaN ")
    assert "3 problems" in words(tmp_path, text)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="cannot be read"):
        Network.from_matpower(tmp_path / "none.m")
    (tmp_path / "k.m").write_bytes("% 서울\n".encode("cp949"))
    with pytest.raises(InvalidInput, match=r"row 1: byte 0x.. is not UTF-8"):
        Network.from_matpower(tmp_path / "k.m")


@pytest.mark.real_data
def test_the_korean_test_system_solves_to_the_voltages_in_its_file(real_seoul: Path) -> None:
    """The file holds an optimal power flow's voltages to about 12 digits; its machines are given to fewer."""
    path = real_seoul / "grid" / "KPG193_ver2_0.m"
    bus = case_fields(path.read_text(encoding="utf-8"))["bus"]
    flow = power_flow(Network.from_matpower(path))
    assert flow.residual_kva.item() < 1e-4
    np.testing.assert_allclose(flow.v_pu[0], bus[:, 7], rtol=0, atol=1e-6)
    np.testing.assert_allclose(flow.angle_deg[0], bus[:, 8], rtol=0, atol=1e-4)
