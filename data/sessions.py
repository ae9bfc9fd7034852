"""Who is logged in: sessions by the hash of their random token, and log-in attempts for the brake on guessing."""

from __future__ import annotations

import hashlib
import secrets
import sqlite3
import time
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from data.sqlite_file import sqlite_connection

SESSIONS_FILE = "sessions.sqlite"
SCHEMA_VERSION = 1
TOUCH_S = 30.0
"""Seconds for which the last use of a session is not written again."""

WINDOW_S = 60.0
MOST_PER_NAME = 5
MOST_PER_ADDRESS = 20

_CREATE = """
CREATE TABLE IF NOT EXISTS sessions (
    token_sha256 TEXT PRIMARY KEY,
    user TEXT NOT NULL,
    begun_s REAL NOT NULL,
    used_s REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS attempts (
    at_s REAL NOT NULL,
    name TEXT NOT NULL,
    address TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS attempts_by_time ON attempts (at_s);
"""


@dataclass(frozen=True)
class SessionLimits:
    """When a session ends: seconds without use, and seconds after log-in."""

    idle_s: float = 30 * 60.0
    longest_s: float = 12 * 3600.0


class SessionStore:
    """All sessions of one folder of runs; only hashes of tokens are stored. Safe for many processes."""

    def __init__(self, folder: Path, limits: SessionLimits | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / SESSIONS_FILE
        self.limits = limits or SessionLimits()
        with self._connection() as connection:
            connection.executescript(_CREATE)
            connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        self.path.chmod(0o600)

    def _connection(self) -> AbstractContextManager[sqlite3.Connection]:
        return sqlite_connection(self.path, "NORMAL")

    def begin(self, user: str, now_s: float | None = None) -> str:
        """Begin a session and return its token, which is known to the browser alone."""
        token, now = secrets.token_urlsafe(32), _now(now_s)
        with self._connection() as connection:
            connection.execute("DELETE FROM sessions WHERE used_s < ?", (now - self.limits.longest_s,))
            connection.execute("INSERT INTO sessions VALUES (?, ?, ?, ?)", (_hash(token), user, now, now))
        return token

    def user_of(self, token: str, now_s: float | None = None) -> str | None:
        """Return the name of a session's user and note its use; None when there is no such session, or it has ended."""
        now, key = _now(now_s), _hash(token)
        with self._connection() as connection:
            row = connection.execute(
                "SELECT user, begun_s, used_s FROM sessions WHERE token_sha256 = ?", (key,)
            ).fetchone()
            if row is None:
                return None
            user, begun, used = row
            if now - used > self.limits.idle_s or now - begun > self.limits.longest_s:
                connection.execute("DELETE FROM sessions WHERE token_sha256 = ?", (key,))
                return None
            if now - used > TOUCH_S:
                connection.execute("UPDATE sessions SET used_s = ? WHERE token_sha256 = ?", (now, key))
        return str(user)

    def end(self, token: str) -> None:
        """End one session."""
        with self._connection() as connection:
            connection.execute("DELETE FROM sessions WHERE token_sha256 = ?", (_hash(token),))

    def end_all(self, user: str) -> None:
        """End every session of a user."""
        with self._connection() as connection:
            connection.execute("DELETE FROM sessions WHERE user = ?", (user,))

    def wait_s(self, name: str, address: str, now_s: float | None = None) -> float:
        """Note an attempt to log in and return 0, or return the seconds to wait when there were too many.

        An attempt that has to wait is not noted: who waits as told gets in.
        """
        now = _now(now_s)
        with self._connection() as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("DELETE FROM attempts WHERE at_s < ?", (now - WINDOW_S,))
            waits = [
                _wait_s(connection, "name", name, MOST_PER_NAME, now),
                _wait_s(connection, "address", address, MOST_PER_ADDRESS, now),
            ]
            if max(waits) <= 0:
                connection.execute("INSERT INTO attempts VALUES (?, ?, ?)", (now, name, address))
            connection.execute("COMMIT")
        return max(waits)

    def forgive(self, name: str) -> None:
        """Forget the attempts on a name after a right password."""
        with self._connection() as connection:
            connection.execute("DELETE FROM attempts WHERE name = ?", (name,))


def _wait_s(connection: sqlite3.Connection, column: str, value: str, most: int, now_s: float) -> float:
    rows = connection.execute(
        f"SELECT at_s FROM attempts WHERE {column} = ? ORDER BY at_s DESC LIMIT ?", (value, most)
    ).fetchall()
    return float(rows[-1][0]) + WINDOW_S - now_s if len(rows) >= most else 0.0


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()


def _now(now_s: float | None) -> float:
    return time.time() if now_s is None else now_s
