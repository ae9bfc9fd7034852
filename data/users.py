"""Who may enter: users with their role and the hash of their password, in SQLite beside the runs."""

from __future__ import annotations

import re
import secrets
import sqlite3
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from data.errors import InvalidInput, ProblemList
from data.sqlite_file import sqlite_connection

USERS_FILE = "users.sqlite"
SCHEMA_VERSION = 1
SHORTEST_PASSWORD = 10
LONGEST_PASSWORD = 200
_NAME = re.compile(r"[a-z][a-z0-9._-]{1,31}")

_CREATE = """
CREATE TABLE IF NOT EXISTS users (
    name TEXT PRIMARY KEY,
    role TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    must_change INTEGER NOT NULL,
    disabled INTEGER NOT NULL DEFAULT 0,
    created_utc TEXT NOT NULL,
    changed_utc TEXT NOT NULL
);
"""


class Role(StrEnum):
    """What a user may do; every role may do what the ones before it may."""

    VIEWER = "viewer"
    SCHEDULER = "scheduler"
    ENGINEER = "engineer"
    ADMIN = "admin"

    def covers(self, needed: Role) -> bool:
        """Whether this role may do what `needed` may."""
        order = list(Role)
        return order.index(self) >= order.index(needed)


@dataclass(frozen=True)
class User:
    """One user, without anything secret."""

    name: str
    role: Role
    must_change: bool
    disabled: bool
    created_utc: datetime


class UserStore:
    """All users of one folder of runs. Safe for many processes: SQLite in WAL mode."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / USERS_FILE
        self._hasher = PasswordHasher()
        self._nobody = self._hasher.hash(secrets.token_urlsafe(16))
        with self._connection() as connection:
            connection.executescript(_CREATE)
            connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        self.path.chmod(0o600)

    def _connection(self) -> AbstractContextManager[sqlite3.Connection]:
        return sqlite_connection(self.path, "FULL")

    def add(self, name: str, role: Role, password: str | None = None) -> str:
        """Add a user and return the password.

        Parameters
        ----------
        name
            Lower-case letters, digits, dots, hyphens and underscores; 2 to 32 of them, a letter first.
        role
            What the user may do.
        password
            The user's own; without one, a one-time password is made, which must be changed at the first log-in.

        Raises
        ------
        InvalidInput
            When the name cannot be used or is taken, or the password is too short or too long.
        """
        problems = ProblemList()
        if not _NAME.fullmatch(name):
            problems.add("users", f"{name!r} cannot be a user's name", "use 2-32 of a-z 0-9 . _ -, a letter first")
        _check_password(password, problems)
        problems.raise_if_any()
        chosen = password or one_time_password()
        now = datetime.now(UTC).isoformat(timespec="seconds")
        row = (name, role, self._hasher.hash(chosen), int(password is None), now, now)
        try:
            with self._connection() as connection:
                connection.execute(
                    "INSERT INTO users (name, role, password_hash, must_change, created_utc, changed_utc) "
                    "VALUES (?, ?, ?, ?, ?, ?)",
                    row,
                )
        except sqlite3.IntegrityError:
            problems.add("users", f"there is a user {name} already", "choose another name, or `twin user reset`")
            raise InvalidInput(problems) from None
        return chosen

    def first_admin(self) -> str | None:
        """Add the user `admin` when there is nobody yet and return the one-time password, else None."""
        if self.users():
            return None
        try:
            return self.add("admin", Role.ADMIN)
        except InvalidInput:  # another process was quicker
            return None

    def reset(self, name: str) -> str:
        """Give a user a new one-time password, enable the user again, and return the password."""
        chosen = one_time_password()
        self._change(name, "password_hash = ?, must_change = 1, disabled = 0", self._hasher.hash(chosen))
        return chosen

    def change_password(self, name: str, password: str) -> None:
        """Set the password a user chose."""
        problems = ProblemList()
        _check_password(password, problems)
        problems.raise_if_any()
        self._change(name, "password_hash = ?, must_change = 0", self._hasher.hash(password))

    def disable(self, name: str) -> None:
        """Let a user enter no more; what the user did stays in the audit log.

        Raises
        ------
        InvalidInput
            When there is no such user, or nobody else could administer.
        """
        others = [user for user in self.users() if user.role is Role.ADMIN and not user.disabled and user.name != name]
        if not others:
            problems = ProblemList()
            problems.add("users", f"without {name} nobody could administer", "add another admin first")
            raise InvalidInput(problems)
        self._change(name, "disabled = ?", 1)

    def _change(self, name: str, assignment: str, value: object) -> None:
        now = datetime.now(UTC).isoformat(timespec="seconds")
        with self._connection() as connection:
            changed = connection.execute(
                f"UPDATE users SET {assignment}, changed_utc = ? WHERE name = ?", (value, now, name)
            ).rowcount
        if not changed:
            problems = ProblemList()
            problems.add("users", f"there is no user {name}", "see `twin user list`")
            raise InvalidInput(problems)

    def users(self) -> tuple[User, ...]:
        """Return everybody, by name."""
        with self._connection() as connection:
            rows = connection.execute("SELECT * FROM users ORDER BY name").fetchall()
        return tuple(_user(row) for row in rows)

    def get(self, name: str) -> User | None:
        """Return one user, or None."""
        with self._connection() as connection:
            row = connection.execute("SELECT * FROM users WHERE name = ?", (name,)).fetchone()
        return _user(row) if row else None

    def verify(self, name: str, password: str) -> User | None:
        """Return the user when name and password are right and the user is not disabled, else None.

        Unknown names cost as much time as known ones, so that names cannot be found out.
        """
        with self._connection() as connection:
            row = connection.execute("SELECT * FROM users WHERE name = ?", (name,)).fetchone()
        try:
            self._hasher.verify(row["password_hash"] if row else self._nobody, password[:LONGEST_PASSWORD])
        except (VerificationError, InvalidHashError):
            return None
        return _user(row) if row and not row["disabled"] else None


def one_time_password() -> str:
    """Return a random password of four groups that can be read aloud."""
    letters = "abcdefghjkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(letters) for _ in range(4)) for _ in range(4))


def _check_password(password: str | None, problems: ProblemList) -> None:
    if password is None:
        return
    if len(password) < SHORTEST_PASSWORD:
        problems.add("password", "the password is too short", f"use at least {SHORTEST_PASSWORD} characters")
    if len(password) > LONGEST_PASSWORD:
        problems.add("password", "the password is too long", f"use at most {LONGEST_PASSWORD} characters")


def _user(row: sqlite3.Row) -> User:
    return User(
        name=row["name"],
        role=Role(row["role"]),
        must_change=bool(row["must_change"]),
        disabled=bool(row["disabled"]),
        created_utc=datetime.fromisoformat(row["created_utc"]),
    )
