"""Files that users send: stored under our own names, refused when they are not what they should be."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from dash_app import uploads
from dash_app.security.gate import CSRF_HEADER
from data.audit import AuditLog
from data.users import Role
from tests.dash_app.hostile import PATHS, SCRIPTS
from tests.dash_app.served import Served, client_of, csrf_headers

ZIP = b"PK\x03\x04rest"


@pytest.fixture(scope="module")
def engineer(guarded: Served) -> tuple[FlaskClient, dict[str, str]]:
    client = client_of(guarded, Role.ENGINEER)
    return client, csrf_headers(client)


def send(
    engineer: tuple[FlaskClient, dict[str, str]], kind: str, name: str, content: bytes
) -> tuple[int, dict[str, object]]:
    client, headers = engineer
    answer = client.post(f"/upload/{kind}", data={"file": (io.BytesIO(content), name)}, headers=headers)
    return answer.status_code, answer.get_json(silent=True) or {}


def test_a_file_is_found_again_by_its_user_alone(guarded: Served, engineer: tuple[FlaskClient, dict[str, str]]) -> None:
    status, told = send(engineer, "depot", "my depot.zip", ZIP)
    assert status == 200
    found = uploads.path_of(guarded.settings, "the-engineer", str(told["upload"]))
    assert found.read_bytes() == ZIP
    assert told["bytes"] == len(ZIP)
    with pytest.raises(KeyError):
        uploads.path_of(guarded.settings, "the-admin", str(told["upload"]))
    entry = AuditLog(guarded.settings.state_folder).entries(action="upload")[0]
    assert (entry.user, entry.object, entry.detail["kind"]) == ("the-engineer", told["upload"], "depot")


@pytest.mark.parametrize(
    ("kind", "name", "content", "status"),
    [
        ("depot", "x.exe", ZIP, 415),
        ("depot", "x.zip", b"MZ not an archive", 415),
        ("city", "x", ZIP, 415),
        ("weather", "x.csv.html", b"<html>", 415),
        ("weather", "x.CSV", b"a,b\n", 200),
        ("nosuch", "x.zip", ZIP, 404),
    ],
)
def test_only_files_of_the_kind_are_taken(
    engineer: tuple[FlaskClient, dict[str, str]], kind: str, name: str, content: bytes, status: int
) -> None:
    assert send(engineer, kind, name, content)[0] == status


def test_names_never_become_paths(guarded: Served, engineer: tuple[FlaskClient, dict[str, str]]) -> None:
    folder = uploads.folder_of(guarded.settings, "the-engineer")
    outside = {path for path in folder.parent.rglob("*") if path.parent != folder}
    for name in [*PATHS[:60], *SCRIPTS[:20]]:
        status, told = send(engineer, "weather", f"{name}.csv", b"x")
        assert status in {200, 415}
        if status == 200:
            assert not set("<>/\\\"'&") & set(str(told["name"]))
    assert {path for path in folder.parent.rglob("*") if path.parent != folder} == outside
    assert all(len(path.stem) == 16 for path in folder.iterdir())


@pytest.mark.parametrize("upload_id", ["", "../x", "*", "0" * 16, "ABCDEF0123456789", "0" * 15 + "?"])
def test_ids_that_are_none_find_nothing(guarded: Served, upload_id: str) -> None:
    with pytest.raises(KeyError):
        uploads.path_of(guarded.settings, "the-engineer", upload_id)


def test_a_user_cannot_fill_the_disk(
    monkeypatch: pytest.MonkeyPatch, engineer: tuple[FlaskClient, dict[str, str]]
) -> None:
    monkeypatch.setattr(uploads, "QUOTA_BYTES", 100)
    status, told = send(engineer, "depot", "big.zip", ZIP + b"0" * 200)
    assert status == 413
    assert "MB" in str(told["error"])


def test_viewers_and_strangers_send_nothing(guarded: Served) -> None:
    viewer = client_of(guarded, Role.VIEWER)
    assert send((viewer, csrf_headers(viewer)), "depot", "x.zip", ZIP)[0] == 403
    stranger = guarded.app.server.test_client()
    assert send((stranger, {CSRF_HEADER: "x"}), "depot", "x.zip", ZIP)[0] == 401


def test_old_files_are_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.zip").write_bytes(ZIP)
    monkeypatch.setattr(uploads, "KEPT_S", -1.0)
    uploads._forget_old(tmp_path)
    assert list(tmp_path.iterdir()) == []
