"""The audit log: added to, never changed, and a change from outside is seen."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from data.audit import AuditLog


def tamper(log: AuditLog, statement: str) -> None:
    with closing(sqlite3.connect(log.path, isolation_level=None)) as connection:
        connection.execute("DROP TRIGGER IF EXISTS entries_stay")
        connection.execute("DROP TRIGGER IF EXISTS entries_remain")
        connection.execute(statement)


def filled(folder: Path, count: int = 5) -> AuditLog:
    log = AuditLog(folder)
    for number in range(count):
        log.add("kim", "job.start", f"job-{number}", kind="nightly", 제목="강남구")
    return log


def test_entries_are_found_again(tmp_path: Path) -> None:
    log = filled(tmp_path)
    log.add("lee", "session.move", "depot-1")
    assert log.verify() is None
    newest = log.entries()
    assert [entry.number for entry in newest] == [6, 5, 4, 3, 2, 1]
    assert (newest[0].user, newest[0].action, newest[0].object) == ("lee", "session.move", "depot-1")
    assert newest[1].detail == {"kind": "nightly", "제목": "강남구"}
    assert len(log.entries(action="job.start")) == 5
    assert len(log.entries(object_name="job-2")) == 1
    assert len(log.entries(limit=2)) == 2
    assert AuditLog(tmp_path).verify() is None


def test_long_details_are_cut_and_still_hold(tmp_path: Path) -> None:
    log = AuditLog(tmp_path)
    log.add("kim", "note", "", text="x" * 10_000)
    assert log.verify() is None
    assert "text" in log.entries()[0].detail


@pytest.mark.parametrize("statement", ["UPDATE entries SET user = 'x'", "DELETE FROM entries WHERE number = 2"])
def test_the_database_itself_refuses_changes(tmp_path: Path, statement: str) -> None:
    log = filled(tmp_path)
    with (
        closing(sqlite3.connect(log.path, isolation_level=None)) as connection,
        pytest.raises(sqlite3.IntegrityError, match="append-only"),
    ):
        connection.execute(statement)


@pytest.mark.parametrize(
    ("statement", "first"),
    [
        ("UPDATE entries SET user = 'lee' WHERE number = 3", 3),
        ("UPDATE entries SET detail = '{}' WHERE number = 1", 1),
        ("UPDATE entries SET at_utc = '2020-01-01T00:00:00+00:00' WHERE number = 5", 5),
        ("DELETE FROM entries WHERE number = 2", 2),
        ("UPDATE entries SET before_sha256 = sha256 WHERE number = 4", 4),
    ],
)
def test_a_change_past_the_triggers_is_seen(tmp_path: Path, statement: str, first: int) -> None:
    log = filled(tmp_path)
    tamper(log, statement)
    assert log.verify() == first


def test_many_writers_make_one_chain(tmp_path: Path) -> None:
    log = AuditLog(tmp_path)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: AuditLog(tmp_path).add(f"u{n}", "note"), range(40)))
    assert log.verify() is None
    assert len(log.entries()) == 40
