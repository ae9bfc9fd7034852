"""CGMES models: the right circuit out of the profiles, and hostile archives and documents refused."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import numpy as np
import pytest

from data.errors import InvalidInput
from grid import Network, cgmes, power_flow
from tests.grid.cgmes_model import write_model


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    folder.mkdir()
    write_model(folder)
    return folder


def packed(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def words(path: Path) -> str:
    with pytest.raises(InvalidInput) as refused:
        Network.from_cgmes(path)
    return str(refused.value)


def test_the_circuit_is_that_of_the_profiles(model: Path) -> None:
    network = Network.from_cgmes(model)
    assert network.buses.id.tolist() == ["n1", "n2", "n3", "n4"]
    bank = network.transformers
    np.testing.assert_allclose(bank.ratio, 1.03, rtol=1e-12)  # two steps of 1.5 % at the high side
    np.testing.assert_allclose([bank.r_ohm.item(), bank.x_ohm.item()], np.array([1.2, 30.0]) * (20 / 110) ** 2)
    wire, switch = (network.lines.id == name for name in ("line 0", "switch 0"))
    np.testing.assert_allclose(network.lines.r_ohm[wire], 1.1)
    np.testing.assert_allclose(network.lines.b_us[wire], 300.0)
    assert network.lines.x_ohm[switch].item() == 0.0
    assert network.slacks.v_pu.item() == pytest.approx(1.02)
    assert network.loads.p_kw.tolist() == [4000.0, 6000.0]
    flow = power_flow(network)
    assert flow.residual_kva.item() < 1e-3
    assert flow.slack_kw.item() == pytest.approx(10_000.0 + flow.losses_kw.item(), rel=1e-9)


def test_an_archive_and_archives_in_it_give_the_same(model: Path, tmp_path: Path) -> None:
    direct = Network.from_cgmes(model)
    flat = packed(tmp_path / "flat.zip", {p.name: p.read_bytes() for p in model.iterdir()})
    inner = {
        f"{p.stem}.zip": packed(tmp_path / "i.zip", {p.name: p.read_bytes()}).read_bytes() for p in model.iterdir()
    }
    nested = packed(tmp_path / "nested.zip", inner)
    for archive in (flat, nested):
        np.testing.assert_array_equal(power_flow(Network.from_cgmes(archive)).v_pu, power_flow(direct).v_pu)


ENTITY = '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'
LAUGHS = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>'


@pytest.mark.parametrize("declared", [ENTITY, LAUGHS, '<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd">'])
def test_document_types_and_entities_are_refused(model: Path, declared: str) -> None:
    path = model / "model_EQ.xml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("<rdf:RDF", declared + "<rdf:RDF", 1), encoding="utf-8")
    assert "model_EQ.xml: the XML declares what could do harm" in words(model)


def test_faults_of_all_profiles_come_at_once(model: Path) -> None:
    (model / "model_EQ.xml").write_text("<rdf:RDF")
    (model / "model_TP.xml").write_text("<html/>")
    said = words(model)
    assert "model_EQ.xml, row 1: the file is no well-formed XML" in said
    assert "model_TP.xml: the root of the file is not rdf:RDF" in said
    assert "names no CIM version" in said


def test_versions_must_not_be_mixed(model: Path) -> None:
    path = model / "model_SV.xml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("http://iec.ch/TC57/2013/CIM-schema-cim16#", "http://iec.ch/TC57/CIM100#"))
    assert "profiles of several versions: 2.4.15, 3.0" in words(model)


@pytest.mark.parametrize(
    ("profile", "said"),
    [
        ("EQ", "the EquipmentCore profile is missing"),
        ("SSH", "the SteadyStateHypothesis profile is missing"),
        ("TP", "cannot be converted"),
    ],
)
def test_incomplete_models_are_refused(model: Path, profile: str, said: str) -> None:
    (model / f"model_{profile}.xml").unlink()
    assert said in words(model)


def test_archives_that_do_harm_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "leads out" in words(packed(tmp_path / "a.zip", {"../x.xml": b"<x/>"}))
    assert "100-fold" in words(packed(tmp_path / "b.zip", {"x.xml": bytes(30 << 20)}))
    bomb = packed(tmp_path / "i.zip", {"x.xml": bytes(30 << 20)}).read_bytes()
    assert "100-fold" in words(packed(tmp_path / "c.zip", {"x.zip": bomb}))
    assert "none of .xml, .zip" in words(packed(tmp_path / "d.zip", {"x.py": b"print()"}))
    deeper = packed(tmp_path / "j.zip", {"y.zip": b"PK"}).read_bytes()
    assert "none of .xml" in words(packed(tmp_path / "e.zip", {"x.zip": deeper}))
    monkeypatch.setattr(cgmes, "LIMITS", cgmes.UnzipLimits(total_bytes=5000, suffixes=(".xml", ".zip")))
    two = {f"{k}.zip": packed(tmp_path / "k.zip", {f"{k}.xml": os.urandom(2300)}).read_bytes() for k in range(2)}
    assert "are allowed" in words(packed(tmp_path / "f.zip", two))


def test_nothing_there(tmp_path: Path) -> None:
    assert "no XML profile" in words(tmp_path)
    assert "no XML profile" in words(tmp_path / "none.xml")
    assert "cannot be read" in words(tmp_path / "none.zip")
