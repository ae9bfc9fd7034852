"""Users, sessions and the brake on guessing."""

from __future__ import annotations

from pathlib import Path

import pytest

from data.errors import InvalidInput
from data.sessions import MOST_PER_ADDRESS, MOST_PER_NAME, WINDOW_S, SessionLimits, SessionStore
from data.users import LONGEST_PASSWORD, Role, UserStore

GOOD = "correct horse battery"


def test_roles_are_ordered() -> None:
    assert [role for role in Role if Role.ENGINEER.covers(role)] == [Role.VIEWER, Role.SCHEDULER, Role.ENGINEER]
    assert not Role.VIEWER.covers(Role.SCHEDULER)


def test_a_user_enters_with_the_right_password_alone(tmp_path: Path) -> None:
    users = UserStore(tmp_path)
    users.add("kim", Role.SCHEDULER, GOOD)
    found = users.verify("kim", GOOD)
    assert found is not None
    assert (found.name, found.role, found.must_change) == ("kim", Role.SCHEDULER, False)
    assert users.verify("kim", GOOD + "x") is None
    assert users.verify("lee", GOOD) is None
    assert users.verify("kim", "") is None


def test_nothing_of_a_password_is_stored(tmp_path: Path) -> None:
    users = UserStore(tmp_path)
    users.add("kim", Role.VIEWER, GOOD)
    stored = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert GOOD.encode() not in stored
    assert b"$argon2id$" in stored
    assert users.path.stat().st_mode & 0o077 == 0


def test_the_first_start_makes_one_admin_whose_password_works_once(tmp_path: Path) -> None:
    users = UserStore(tmp_path)
    password = users.first_admin()
    assert password is not None
    assert users.first_admin() is None
    admin = users.verify("admin", password)
    assert admin is not None
    assert admin.must_change
    assert admin.role is Role.ADMIN
    users.change_password("admin", GOOD)
    assert users.verify("admin", password) is None
    changed = users.verify("admin", GOOD)
    assert changed is not None
    assert not changed.must_change


@pytest.mark.parametrize("name", ["", "a", "Kim", "1kim", "kim lee", "../etc", "kim\n", "김철수", "a" * 33, "<b>"])
def test_names_that_cannot_be_used(tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidInput, match="cannot be a user's name"):
        UserStore(tmp_path).add(name, Role.VIEWER, GOOD)


def test_passwords_that_cannot_be_used_and_names_that_are_taken(tmp_path: Path) -> None:
    users = UserStore(tmp_path)
    for password in ("short", "x" * (LONGEST_PASSWORD + 1)):
        with pytest.raises(InvalidInput, match=r"too short|too long"):
            users.add("kim", Role.VIEWER, password)
    users.add("kim", Role.VIEWER, GOOD)
    with pytest.raises(InvalidInput, match="already"):
        users.add("kim", Role.ADMIN, GOOD)
    with pytest.raises(InvalidInput, match="too short"):
        users.change_password("kim", "short")
    for change in (users.disable, users.reset):
        with pytest.raises(InvalidInput):
            change("nobody")


def test_a_disabled_user_stays_out_until_reset(tmp_path: Path) -> None:
    users = UserStore(tmp_path)
    users.add("boss", Role.ADMIN, GOOD)
    users.add("kim", Role.VIEWER, GOOD)
    users.disable("kim")
    assert users.verify("kim", GOOD) is None
    assert users.get("kim").disabled  # type: ignore[union-attr]
    password = users.reset("kim")
    assert users.verify("kim", password).must_change  # type: ignore[union-attr]
    with pytest.raises(InvalidInput, match="nobody could administer"):
        users.disable("boss")
    assert [user.name for user in users.users()] == ["boss", "kim"]
    assert users.get("lee") is None


def test_a_session_ends_unused_at_the_latest_and_when_told(tmp_path: Path) -> None:
    sessions = SessionStore(tmp_path, SessionLimits(idle_s=100, longest_s=1000))
    token = sessions.begin("kim", now_s=0)
    assert token.encode() not in sessions.path.read_bytes()
    assert sessions.user_of(token, now_s=90) == "kim"
    assert sessions.user_of(token, now_s=180) == "kim"
    assert sessions.user_of(token, now_s=290) is None
    assert sessions.user_of(token, now_s=180) is None
    used = sessions.begin("kim", now_s=0)
    for now in range(50, 1000, 50):
        assert sessions.user_of(used, now_s=now) == "kim"
    assert sessions.user_of(used, now_s=1001) is None
    told, other = sessions.begin("kim", now_s=0), sessions.begin("kim", now_s=0)
    sessions.end(told)
    assert sessions.user_of(told, now_s=1) is None
    assert sessions.user_of(other, now_s=1) == "kim"
    sessions.end_all("kim")
    assert sessions.user_of(other, now_s=1) is None
    assert sessions.user_of("guess", now_s=1) is None


def test_guesses_are_braked(tmp_path: Path) -> None:
    """One guess a second for five minutes: few reach the hash, whoever guesses from wherever."""
    sessions = SessionStore(tmp_path)
    tried = sum(sessions.wait_s("kim", f"10.0.0.{n % 250}", now_s=n) == 0 for n in range(300))
    assert tried <= MOST_PER_NAME * (300 / WINDOW_S + 1)
    sprayed = sum(sessions.wait_s(f"user{n}", "10.9.9.9", now_s=2000 + n) == 0 for n in range(300))
    assert sprayed <= MOST_PER_ADDRESS * (300 / WINDOW_S + 1)


def test_who_waits_as_told_gets_in(tmp_path: Path) -> None:
    sessions = SessionStore(tmp_path)
    for _ in range(MOST_PER_NAME):
        assert sessions.wait_s("kim", "a", now_s=0) == 0
    wait = sessions.wait_s("kim", "a", now_s=10)
    assert 0 < wait <= WINDOW_S
    assert sessions.wait_s("kim", "a", now_s=10 + wait + 0.001) == 0
    assert sessions.wait_s("lee", "a", now_s=11) == 0
    sessions.forgive("kim")
    assert sessions.wait_s("kim", "b", now_s=72) == 0
