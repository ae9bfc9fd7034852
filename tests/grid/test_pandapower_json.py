"""pandapower JSON as plain data: the tables come out as from memory, and nothing a document names is ever touched."""

from __future__ import annotations

import json
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from data.errors import InvalidInput
from grid import Network, pandapower_json
from tests.grid.pandapower_nets import pp, quiet, rich_net


def saved(tmp_path: Path) -> Path:
    path = tmp_path / "net.json"
    quiet(pp.to_json, rich_net(), str(path))
    return path


def words(path: Path, **options: Any) -> str:
    with pytest.raises(InvalidInput) as refused:
        Network.from_pandapower_json(path, **options)
    return str(refused.value)


def changed(tmp_path: Path, key: str, value: object) -> Path:
    path = saved(tmp_path)
    document = json.loads(path.read_text(encoding="utf-8"))
    document["_object"][key] = value
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def test_the_file_gives_the_network_in_memory(tmp_path: Path) -> None:
    """To the 15 digits that pandapower writes."""
    read, direct = Network.from_pandapower_json(saved(tmp_path)), Network.from_pandapower(rich_net())
    for name in ("buses", "lines", "transformers", "slacks", "loads", "shunts", "generators"):
        for column in fields(getattr(direct, name)):
            one, two = getattr(getattr(direct, name), column.name), getattr(getattr(read, name), column.name)
            if one.dtype.kind == "f":
                np.testing.assert_allclose(two, one, rtol=1e-12)
            else:
                np.testing.assert_array_equal(two, one)


HOSTILE = [
    {"_module": "os", "_class": "system", "_object": "touch {trap}"},
    {"_module": "builtins", "_class": "eval", "_object": "open('{trap}', 'w')"},
    {"_module": "bad_module_of_an_upload", "_class": "function", "_object": "run"},
    {"_module": "pandapower.control.basic_controller", "_class": "Controller", "_object": {"a": 1}},
    {"_module": "networkx", "_class": "networkx.Graph", "_object": "{trap}"},
    {"_module": "pandas.core.frame", "_class": "DataFrame", "_object": "{trap}", "orient": "split"},
    {"_module": "pandas.core.frame", "_class": "DataFrame", "_object": "http://127.0.0.1:9/x", "orient": "split"},
]


@pytest.mark.parametrize("payload", HOSTILE)
@pytest.mark.parametrize("key", ["controller", "bus", "user_pf_options"])
def test_nothing_in_a_document_is_imported_called_opened_or_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, payload: dict[str, object], key: str
) -> None:
    (tmp_path / "bad_module_of_an_upload.py").write_text("raise SystemExit('imported')\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    trap = tmp_path / "trap"
    armed = json.loads(json.dumps(payload).replace("{trap}", str(trap)))
    path = changed(tmp_path, key, armed)
    opened: list[str] = []
    loaded = set(sys.modules)

    def watch(event: str, details: tuple[object, ...]) -> None:
        if event in {"open", "socket.connect", "subprocess.Popen", "os.system", "exec", "import"}:
            opened.append(f"{event} {details[0]!r}")

    sys.addaudithook(lambda event, details: watch(event, details) if watching else None)
    watching = True
    try:
        Network.from_pandapower_json(path)
    except InvalidInput:
        pass
    finally:
        watching = False
    assert [event for event in opened if str(path) not in event] == []
    assert set(sys.modules) == loaded
    assert not trap.exists()


def test_controllers_of_an_upload_are_listed(tmp_path: Path) -> None:
    rows = {"columns": ["object", "in_service"], "index": [0], "data": [[{"_module": "os", "_class": "x"}, True]]}
    table = {"_module": "pandas.core.frame", "_class": "DataFrame", "_object": json.dumps(rows), "orient": "split"}
    path = changed(tmp_path, "controller", table)
    assert "1 element of the unsupported kind 'controller'" in words(path)
    Network.from_pandapower_json(path, ignore=("controller",))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "no JSON"),
        (b"{", "no JSON"),
        (b"[" * 100_000, "no JSON"),
        (b"[1, 2]", "no pandapower network"),
        (b'{"_class": "pandapowerNet", "_object": 3}', "no pandapower network"),
        (b'{"_class": "pandapowerNet", "_object": {"f_hz": 50, "sn_mva": 1}}', "the network has no buses"),
        (b'{"_class": "pandapowerNet", "_object": {"f_hz": NaN, "sn_mva": true}}', "f_hz is missing or not a positive"),
        ("서울".encode("cp949"), "is not UTF-8"),
    ],
)
def test_documents_that_are_none(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "net.json").write_bytes(content)
    assert said in words(tmp_path / "net.json")


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ({"columns": ["vn_kv"], "index": [0, 1], "data": [[20.0]]}, "1 rows for 2 labels"),
        ({"columns": ["vn_kv"], "index": [0, 1], "data": [[20.0], [20.0, 3]]}, "row 3: 1 rows without 1 cells"),
        ({"columns": ["vn_kv"], "index": [[0]], "data": [[20.0]]}, "neither text nor whole numbers"),
        ({"columns": ["vn_kv"], "index": [0]}, "not in pandapower's plain form"),
        ({"columns": ["vn_kv"], "index": [0, 1], "data": [[20.0], [{"a": 1}]]}, "index 1: not a number"),
        ({"columns": ["vn_kv"], "index": [0, 1], "data": [[20.0], [10**400]]}, "infinite"),
        ({"columns": ["vn_kv"], "index": [0, 0], "data": [[20.0], [20.0]]}, "the index occurs before"),
    ],
)
def test_torn_tables_are_told(tmp_path: Path, rows: dict[str, object], said: str) -> None:
    table = {"_class": "DataFrame", "_object": json.dumps(rows)}
    assert said in words(changed(tmp_path, "bus", table))


def test_missing_and_large_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "cannot be read" in words(tmp_path / "none.json")
    monkeypatch.setattr(pandapower_json, "LARGEST_BYTES", 100)
    assert "larger than" in words(saved(tmp_path))
