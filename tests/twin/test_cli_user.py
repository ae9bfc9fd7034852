"""`twin user`: what it prints, what it notes, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from data.audit import AuditLog
from data.errors import InvalidInput
from data.users import Role, UserStore
from twin.cli.user import user


def call(runs: Path, *words: str) -> str:
    result = CliRunner().invoke(user, [*words, "--runs", str(runs)], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_a_user_is_added_listed_disabled_and_reset(tmp_path: Path) -> None:
    assert "no users yet" in call(tmp_path, "list")
    password = call(tmp_path, "add", "boss", "--role", "admin").split("password: ")[1].strip()
    users = UserStore(tmp_path / "web")
    found = users.verify("boss", password)
    assert found is not None
    assert found.role is Role.ADMIN
    call(tmp_path, "add", "kim", "--role", "scheduler")
    call(tmp_path, "disable", "kim")
    listed = call(tmp_path, "list")
    assert [line.split()[0] for line in listed.splitlines()] == ["boss", "kim"]
    assert "disabled" in listed
    again = call(tmp_path, "reset", "kim").split("password: ")[1].strip()
    assert users.verify("kim", again) is not None
    audit = AuditLog(tmp_path / "web")
    assert [entry.action for entry in audit.entries()] == ["user.reset", "user.disable", "user.add", "user.add"]
    assert password not in str(audit.entries())


@pytest.mark.parametrize("words", [("add", "Bad Name"), ("disable", "nobody"), ("reset", "nobody")])
def test_what_cannot_be_is_refused(tmp_path: Path, words: tuple[str, ...]) -> None:
    with pytest.raises(InvalidInput):
        CliRunner().invoke(user, [*words, "--runs", str(tmp_path)], catch_exceptions=False)
