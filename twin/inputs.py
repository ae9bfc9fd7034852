"""What users brought: city and depot folders, networks, weather files; stored only when nothing is wrong with them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from data.durable import sha256_of_file, sync_file, sync_tree

CARD = "input.json"
INPUTS_FOLDER = "inputs"


class InputKind(StrEnum):
    """What a file can hold."""

    CITY = "city"
    DEPOT = "depot"
    NETWORK = "network"
    WEATHER = "weather"


@dataclass(frozen=True)
class StoredInput:
    """One stored input.

    Attributes
    ----------
    kind, name
        What it is, and what its user called the file.
    folder
        Where it rests; `CARD` and the content lie in it.
    sha256, bytes
        Of the file as it was sent.
    user, stored_utc
        Who sent it, and when it was stored (ISO).
    facts
        What was found in it: counts and names by key.
    """

    kind: InputKind
    name: str
    folder: Path
    sha256: str
    bytes: int
    user: str
    stored_utc: str
    facts: Mapping[str, str | float]


def store_input(
    state_folder: Path,
    kind: InputKind,
    sent: Path,
    content: Path,
    *,
    name: str,
    user: str,
    facts: Mapping[str, str | float],
) -> StoredInput:
    """Store what was checked, under the checksum of the file as it was sent; the same file again is the same input.

    Parameters
    ----------
    state_folder
        Folder of users, jobs and inputs.
    kind
        What it is.
    sent, content
        The file as it was sent; the folder or file to keep.
    name, user, facts
        See `StoredInput`.
    """
    digest = sha256_of_file(sent)
    target = state_folder / INPUTS_FOLDER / kind / digest[:16]
    stored = StoredInput(
        kind=kind,
        name=name,
        folder=target,
        sha256=digest,
        bytes=sent.stat().st_size,
        user=user,
        stored_utc=datetime.now(UTC).isoformat(timespec="seconds"),
        facts=dict(facts),
    )
    if (target / CARD).is_file():
        return _read(target)
    draft = target.with_name(f".{target.name}.draft")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    if content.is_dir():
        shutil.copytree(content, draft / "content")
    else:
        shutil.copyfile(content, draft / f"content{content.suffix.lower()}")
    card = {key: value for key, value in asdict(stored).items() if key != "folder"}
    (draft / CARD).write_text(json.dumps(card, ensure_ascii=False, indent=1), encoding="utf-8")
    sync_tree(draft)
    draft.rename(target)
    sync_file(target.parent)
    return stored


def stored_inputs(state_folder: Path) -> tuple[StoredInput, ...]:
    """Return everything stored, newest first."""
    found = [_read(card.parent) for card in (state_folder / INPUTS_FOLDER).glob(f"*/*/{CARD}")]
    return tuple(sorted(found, key=lambda entry: entry.stored_utc, reverse=True))


def _read(folder: Path) -> StoredInput:
    card = json.loads((folder / CARD).read_text(encoding="utf-8"))
    return StoredInput(**card | {"kind": InputKind(card["kind"])}, folder=folder)
