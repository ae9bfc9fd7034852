"""Answers of the forecast service on disk: one JSON file a request, written whole or not at all."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from data.durable import write_atomically

FORMAT = 1
MAX_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True)
class KeptAnswer:
    """An answer with the time it was fetched at."""

    fetched: datetime
    answer: dict[str, Any]


def cached(folder: Path, base_url: str, query: dict[str, str]) -> KeptAnswer | None:
    """Return the kept answer to a request, or None when there is none that can be read."""
    path = _path(folder, base_url, query)
    try:
        if path.stat().st_size > MAX_BYTES:
            return None
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):  # absent, unreadable or damaged: the same as never fetched
        return None
    if not isinstance(document, dict) or document.get("format") != FORMAT or document.get("query") != query:
        return None
    try:
        fetched = datetime.fromisoformat(str(document.get("fetched_utc")))
    except ValueError:
        return None
    answer = document.get("answer")
    return KeptAnswer(fetched, answer) if isinstance(answer, dict) and fetched.tzinfo else None


def keep(folder: Path, base_url: str, query: dict[str, str], answer: dict[str, Any], fetched: datetime) -> None:
    """Write an answer to the folder, whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    document = {"format": FORMAT, "fetched_utc": fetched.isoformat(), "query": query, "answer": answer}
    write_atomically(_path(folder, base_url, query), json.dumps(document, ensure_ascii=False).encode())


def _path(folder: Path, base_url: str, query: dict[str, str]) -> Path:
    key = hashlib.sha256(json.dumps([base_url, query], sort_keys=True).encode()).hexdigest()[:20]
    return folder / f"forecast-{key}.json"
