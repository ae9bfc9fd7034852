"""Files that users send: stored under a name of our own in a folder of the user's, found again by it alone."""

from __future__ import annotations

import re
import secrets
import shutil
import time
from collections.abc import Mapping
from pathlib import Path

from flask import Flask, Response, jsonify, request
from werkzeug.exceptions import NotFound

from dash_app.requests import language_of_request, viewer_of_request
from dash_app.security.guard import Guard
from dash_app.services import Services
from dash_app.settings import Settings
from dash_app.words import words_of
from data.users import Role

RULE = "/upload/<kind>"
KINDS: Mapping[str, tuple[str, ...]] = {
    "city": (".zip",),
    "depot": (".zip",),
    "network": (".zip", ".m"),
    "weather": (".epw", ".csv"),
}
"""Endings a file of each kind may have."""

QUOTA_BYTES = 1_000_000_000
KEPT_S = 7 * 86400.0
MAGIC = {".zip": (b"PK\x03\x04", b"PK\x05\x06")}
_ID = re.compile(r"[0-9a-f]{16}")


def folder_of(settings: Settings, user: str) -> Path:
    """Return the folder of a user's files."""
    return settings.state_folder / "uploads" / user


def path_of(settings: Settings, user: str, upload_id: str) -> Path:
    """Return where a user's file is; `KeyError` when the id is none of this user's."""
    folder = folder_of(settings, user)
    if not _ID.fullmatch(upload_id):
        raise KeyError(f"no upload {upload_id!r}")
    found = [path for path in folder.glob(f"{upload_id}.*") if path.is_file()]
    if len(found) != 1:
        raise KeyError(f"no upload {upload_id!r}")
    return found[0]


def add_uploads(server: Flask, guard: Guard, services: Services) -> None:
    """Add the route that takes one file."""

    def upload(kind: str) -> Response:
        viewer, words = viewer_of_request(), words_of(language_of_request())
        sent = request.files.get("file")
        if kind not in KINDS or sent is None:
            raise NotFound
        suffix = Path(sent.filename or "").suffix.lower()
        folder = folder_of(services.settings, viewer.name)
        folder.mkdir(parents=True, exist_ok=True)
        _forget_old(folder)
        start = sent.stream.read(4)
        sent.stream.seek(0)
        if suffix not in KINDS[kind] or (suffix in MAGIC and start not in MAGIC[suffix]):
            return _refused(words("upload.wrong_kind", kinds=", ".join(KINDS[kind])), 415)
        used = sum(path.stat().st_size for path in folder.iterdir())
        if used + (request.content_length or 0) > QUOTA_BYTES:
            return _refused(words("upload.quota", limit=round(QUOTA_BYTES / 1e6)), 413)
        upload_id = secrets.token_hex(8)
        target = folder / f"{upload_id}{suffix}"
        with target.open("xb") as stream:
            shutil.copyfileobj(sent.stream, stream)
        size = target.stat().st_size
        name = re.sub(r"[\x00-\x1f\x7f<>\"'&\\/]", "_", Path(sent.filename or "").name)[:100]
        services.audit.add(viewer.name, "upload", upload_id, kind=kind, name=name, bytes=size)
        return jsonify({"upload": upload_id, "name": name, "bytes": size, "kind": kind})

    server.add_url_rule(RULE, RULE, upload, methods=["POST"])
    guard.allow_route(RULE, Role.ENGINEER)


def _refused(why: str, status: int) -> Response:
    answer = jsonify({"error": why})
    answer.status_code = status
    return answer


def _forget_old(folder: Path) -> None:
    for path in folder.iterdir():
        if time.time() - path.stat().st_mtime > KEPT_S:
            path.unlink(missing_ok=True)
